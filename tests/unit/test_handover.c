/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/handover.h"

/*
 * Every way that a migration can go: both sides by their tables, two queues of messages between
 * them, a connection that breaks at any moment and loses any tail of what is under way, sides that
 * give up waiting, that fail, that die; questions and their answers, which can be lost, too. Each
 * state of this world is visited once.
 */

enum message { NONE, OFFER, END, COMMIT, ACCEPT, READY, RUNNING, FAILED };

#define QUEUE 3

struct world {
	uint8_t source, target; /* enum handover_source, handover_target */
	bool source_dead, target_dead;
	bool source_paused, target_started; /* as the effects left it */
	bool source_ended;                  /* by an order of the table */
	bool ran_there;                     /* ever */
	bool resumed_late; /* after it ran there: what is on the disks is not what it knows */
	bool cut;
	bool tried;    /* one migration each */
	uint8_t asked; /* the answer under way: enum handover_decision */
	uint8_t record;
	uint8_t to_target[QUEUE], to_source[QUEUE];
};

/* ---- the visited ones -------------------------------------------------------------------- */

#define TABLE (1u << 16)

static struct world *known;
static uint32_t known_count, *slot;

static uint32_t hash(const struct world *w)
{
	const uint8_t *byte = (const uint8_t *)w;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(*w); i++)
		h = (h ^ byte[i]) * 16777619u;
	return h;
}

static void visit(const struct world *w)
{
	uint32_t at = hash(w) % TABLE;

	while (slot[at] != 0) {
		if (memcmp(&known[slot[at] - 1], w, sizeof(*w)) == 0)
			return;
		at = (at + 1) % TABLE;
	}
	assert_true(known_count < TABLE / 2);
	known[known_count++] = *w;
	slot[at] = known_count;
}

/* ---- its steps --------------------------------------------------------------------------- */

static void send(const struct world *w, uint8_t queue[QUEUE], enum message message)
{
	uint32_t i = 0;

	if (w->cut)
		return;
	while (queue[i] != NONE)
		assert_true(++i < QUEUE);
	queue[i] = message;
}

static enum message take(uint8_t queue[QUEUE])
{
	enum message first = queue[0];

	for (uint32_t i = 0; i + 1 < QUEUE; i++)
		queue[i] = queue[i + 1];
	queue[QUEUE - 1] = NONE;
	return first;
}

static void source_does(struct world *w, enum handover_source_event event)
{
	uint32_t todo;

	w->source = (uint8_t)handover_source_step(w->source, event, &todo);
	if (todo & SOURCE_DO_OFFER)
		send(w, w->to_target, OFFER);
	if (todo & SOURCE_DO_PAUSE)
		w->source_paused = true;
	if (todo & SOURCE_DO_FINISH)
		send(w, w->to_target, END);
	if (todo & SOURCE_DO_COMMIT)
		send(w, w->to_target, COMMIT);
	if (todo & SOURCE_DO_HANG)
		w->cut = true;
	if (todo & SOURCE_DO_RESUME) {
		w->source_paused = false;
		w->resumed_late |= w->ran_there && event != SOURCE_EV_FORCE;
	}
	if (todo & SOURCE_DO_END)
		w->source_ended = true;
}

static void target_does(struct world *w, enum handover_target_event event)
{
	uint32_t todo;

	w->target = (uint8_t)handover_target_step(w->target, event, &todo);
	if (todo & TARGET_DO_ACCEPT)
		send(w, w->to_source, ACCEPT);
	if (todo & TARGET_DO_READY)
		send(w, w->to_source, READY);
	if (todo & TARGET_DO_FAILED)
		send(w, w->to_source, FAILED);
	if (todo & TARGET_DO_RUN) {
		w->target_started = true;
		w->ran_there = true;
	}
	if (todo & TARGET_DO_RUNNING)
		send(w, w->to_source, RUNNING);
	if (todo & TARGET_DO_DROP)
		w->target_started = false;
}

static void source_hears(struct world *w, enum message message)
{
	static const enum handover_source_event event[] = {[ACCEPT] = SOURCE_EV_ACCEPT,
							   [READY] = SOURCE_EV_READY,
							   [RUNNING] = SOURCE_EV_RUNNING,
							   [FAILED] = SOURCE_EV_FAILED};

	source_does(w, event[message]);
}

static void target_hears(struct world *w, enum message message)
{
	static const enum handover_target_event event[] = {
		[OFFER] = TARGET_EV_OFFER, [END] = TARGET_EV_LOADED, [COMMIT] = TARGET_EV_COMMIT};

	target_does(w, event[message]);
}

/* The step with this number, if it is possible in this world. */
static bool step(struct world *w, uint32_t number)
{
	enum handover_decision record = w->record;

	switch (number) {
	case 0:
		if (w->source_dead || w->to_source[0] == NONE)
			return false;
		source_hears(w, take(w->to_source));
		return true;
	case 1:
		if (w->target_dead || w->to_target[0] == NONE)
			return false;
		target_hears(w, take(w->to_target));
		return true;
	case 2: /* the record is written, whatever has become of the connection meanwhile */
		if (w->target_dead || w->target != TARGET_CLAIMS)
			return false;
		(void)handover_decide(&record, HANDOVER_HERE);
		w->record = record;
		target_does(w, record == HANDOVER_HERE ? TARGET_EV_CLAIMED : TARGET_EV_LOST);
		return true;
	case 3:
		if (w->source_dead || w->tried)
			return false;
		w->tried = true;
		source_does(w, SOURCE_EV_BEGIN);
		return true;
	case 4:
		if (w->source_dead || w->source != SOURCE_COPIES)
			return false;
		source_does(w, SOURCE_EV_STOP);
		return true;
	case 5: /* asks; the question arrives, or is as good as never asked */
		if (w->source_dead || w->source != SOURCE_DOUBT || w->asked != HANDOVER_OPEN)
			return false;
		w->asked = (uint8_t)handover_decide(&record, HANDOVER_NOT);
		w->record = record;
		return true;
	case 6:
		if (w->source_dead || w->asked == HANDOVER_OPEN)
			return false;
		source_does(w, w->asked == HANDOVER_HERE ? SOURCE_EV_HERE : SOURCE_EV_NOT);
		w->asked = HANDOVER_OPEN;
		return true;
	default:
		return false;
	}
}

#define GOOD_STEPS 7

/* What goes wrong. A side that hears of the end of a connection hears nothing more from it. */
static bool mishap(struct world *w, uint32_t number)
{
	switch (number) {
	case 0:
		w->cut = true;
		return true;
	case 1: /* the last message on its way is lost with the connection */
	case 2: {
		uint8_t *queue = number == 1 ? w->to_source : w->to_target;
		uint32_t i = 0;

		if (!w->cut || queue[0] == NONE)
			return false;
		while (i + 1 < QUEUE && queue[i + 1] != NONE)
			i++;
		queue[i] = NONE;
		return true;
	}
	case 3: /* hears of the end, or has waited too long */
		if (w->source_dead)
			return false;
		w->cut = true;
		memset(w->to_source, NONE, sizeof(w->to_source));
		source_does(w, SOURCE_EV_CUT);
		return true;
	case 4:
		if (w->target_dead)
			return false;
		w->cut = true;
		memset(w->to_target, NONE, sizeof(w->to_target));
		target_does(w, TARGET_EV_CUT);
		return true;
	case 5:
		if (w->source_dead)
			return false;
		source_does(w, SOURCE_EV_CANCEL);
		return true;
	case 6: /* not while the record is written, whose failure is TARGET_EV_LOST */
		if (w->target_dead || w->target == TARGET_CLAIMS)
			return false;
		target_does(w, TARGET_EV_FAILED);
		return true;
	case 7: /* the record cannot be written */
		if (w->target_dead || w->target != TARGET_CLAIMS)
			return false;
		target_does(w, TARGET_EV_LOST);
		return true;
	case 8:
		w->asked = HANDOVER_OPEN;
		return true;
	default:
		return false;
	}
}

#define MISHAPS 9

static bool death(struct world *w, uint32_t number)
{
	w->cut = true;
	if (number == 0)
		w->source_dead = true;
	else
		w->target_dead = true;
	return true;
}

#define DEATHS 2

/* ---- what must hold ---------------------------------------------------------------------- */

static bool runs_here(const struct world *w)
{
	return !w->source_dead && !w->source_paused && !w->source_ended;
}

static bool runs_there(const struct world *w)
{
	return !w->target_dead && w->target_started;
}

static void check(const struct world *w)
{
	assert_false(runs_here(w) && runs_there(w));
	assert_false(w->resumed_late);
	/* What the tables say and what was done are the same. */
	if (!w->source_dead)
		assert_true(handover_source_runs(w->source) == runs_here(w));
	if (w->record == HANDOVER_NOT)
		assert_false(w->ran_there);
	/* The VM is given up here only when it was handed over. */
	if (w->source_ended)
		assert_true(w->ran_there);
	/* A target that has not claimed it has not started it. */
	if (runs_there(w))
		assert_int_equal(w->record, HANDOVER_HERE);
}

/* Whatever happened: once nothing more goes wrong, exactly one runs in the end. */
static void check_end(struct world w)
{
	uint32_t i = 0;

	/* A side that waits hears of a connection that is gone. */
	for (uint32_t round = 0; round < 100; round++) {
		for (i = 0; i < GOOD_STEPS && !step(&w, i); i++)
			;
		if (i == GOOD_STEPS && w.cut) {
			source_does(&w, SOURCE_EV_CUT);
			target_does(&w, TARGET_EV_CUT);
		}
	}
	check(&w);
	assert_int_equal(i, GOOD_STEPS);
	assert_true(runs_here(&w) != runs_there(&w));
	/* and nobody keeps memory for one that will not come. */
	assert_true(w.target == TARGET_RUNS || w.target == TARGET_DROPPED);
}

static void explore(bool with_deaths)
{
	struct world first, next;

	known = calloc(TABLE, sizeof(*known));
	slot = calloc(TABLE, sizeof(*slot));
	known_count = 0;
	memset(&first, 0, sizeof(first));
	visit(&first);
	for (uint32_t i = 0; i < known_count; i++) {
		check(&known[i]);
		if (!known[i].source_dead && !known[i].target_dead)
			check_end(known[i]);
		for (uint32_t n = 0; n < GOOD_STEPS + MISHAPS + (with_deaths ? DEATHS : 0); n++) {
			next = known[i];
			if (n < GOOD_STEPS             ? step(&next, n)
			    : n < GOOD_STEPS + MISHAPS ? mishap(&next, n - GOOD_STEPS)
						       : death(&next, n - GOOD_STEPS - MISHAPS))
				visit(&next);
		}
	}
	printf("# %u states\n", known_count);
	free(known);
	free(slot);
}

static void test_losses(void **unused)
{
	explore(false);
}

static void test_deaths(void **unused)
{
	explore(true);
}

/* Without mishaps it moves; the target that dies after that is not brought back to life here. */
static void test_way(void **unused)
{
	struct world w;

	memset(&w, 0, sizeof(w));
	for (uint32_t i = 0; i < GOOD_STEPS;)
		i = step(&w, i) ? 0 : i + 1;
	assert_int_equal(w.source, SOURCE_GONE);
	assert_int_equal(w.target, TARGET_RUNS);
	assert_true(runs_there(&w) && !runs_here(&w));
}

/* The operator's word is for a VM in doubt alone. */
static void test_force(void **unused)
{
	uint32_t todo;

	for (uint32_t state = 0; state < SOURCE_STATES; state++) {
		enum handover_source next =
			handover_source_step((enum handover_source)state, SOURCE_EV_FORCE, &todo);

		assert_int_equal(next, state == SOURCE_DOUBT ? SOURCE_RUNS : state);
		assert_int_equal(todo, state == SOURCE_DOUBT ? SOURCE_DO_RESUME : 0);
	}
}

static void test_record(void **unused)
{
	enum handover_decision record = HANDOVER_OPEN;

	assert_int_equal(handover_decide(&record, HANDOVER_NOT), HANDOVER_NOT);
	assert_int_equal(handover_decide(&record, HANDOVER_HERE), HANDOVER_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_losses), cmocka_unit_test(test_deaths),
		cmocka_unit_test(test_way),    cmocka_unit_test(test_force),
		cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
