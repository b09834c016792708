/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "tests/unit/gtchannel_sim.h"
#include "tests/unit/prop.h"

/* The guest's end of one channel. */
struct end {
	struct sim *sim;
	uint16_t id;
	uint32_t cookie[2];
};

static uint64_t now_ms = 1;

static struct gtchannel_answer call(struct end *end, uint16_t type, uint32_t value)
{
	const struct gtchannel_call c = {.type = type,
					 .id = end->id,
					 .value = value,
					 .cookie = {end->cookie[0], end->cookie[1]}};

	return gtchannel_call(&end->sim->channels, &c, now_ms);
}

static bool open_end(struct end *end, struct sim *sim, uint32_t protocol)
{
	struct gtchannel_answer a;

	*end = (struct end){.sim = sim};
	a = call(end, GTCHANNEL_OPEN, protocol | GTCHANNEL_WITH_COOKIE);
	if (!(a.status & GTCHANNEL_SUCCESS))
		return false;
	end->id = a.tag;
	memcpy(end->cookie, a.cookie, sizeof(end->cookie));
	return true;
}

static bool send_text(struct end *end, const char *text)
{
	size_t bytes = strlen(text);

	if (!(call(end, GTCHANNEL_SENDSIZE, (uint32_t)bytes).status & GTCHANNEL_SUCCESS))
		return false;
	for (size_t i = 0; i < bytes; i += 4) {
		uint32_t word = 0;

		memcpy(&word, text + i, bytes - i < 4 ? bytes - i : 4);
		if (!(call(end, GTCHANNEL_SENDPAYLOAD, word).status & GTCHANNEL_SUCCESS))
			return false;
	}
	return true;
}

/* The length; -1: there is nothing, or it failed. */
static int receive_text(struct end *end, char *text)
{
	struct gtchannel_answer a = call(end, GTCHANNEL_RECVSIZE, 0);
	uint32_t bytes = a.value;

	if (!(a.status & GTCHANNEL_DORECV))
		return -1;
	assert_int_equal(a.tag, GTCHANNEL_SENDSIZE);
	for (uint32_t i = 0; i < bytes; i += 4) {
		a = call(end, GTCHANNEL_RECVPAYLOAD, GTCHANNEL_SUCCESS);
		if (!(a.status & GTCHANNEL_SUCCESS))
			return -1;
		assert_int_equal(a.tag, GTCHANNEL_SENDPAYLOAD);
		memcpy(text + i, &a.value, bytes - i < 4 ? bytes - i : 4);
	}
	text[bytes] = '\0';
	a = call(end, GTCHANNEL_RECVSTATUS, GTCHANNEL_SUCCESS);
	return a.status & GTCHANNEL_SUCCESS ? (int)bytes : -1;
}

static void finish(struct sim *sim)
{
	gtchannel_reset(&sim->channels);
	assert_int_equal(sim->allocated, 0);
	assert_int_equal(sim->open, 0);
}

static void test_conversation(void **unused)
{
	static const char *const texts[] = {"", "a", "ab", "abc", "abcd", "abcde", "hello, world"};
	struct sim sim;
	struct end end;
	char text[64];

	sim_init(&sim, 1);
	assert_true(open_end(&end, &sim, GTCHANNEL_RPCI));
	assert_int_equal(receive_text(&end, text), -1);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_true(send_text(&end, texts[i]));
		assert_int_equal(sim.last_bytes, strlen(texts[i]));
		assert_int_equal(receive_text(&end, text), strlen(texts[i]) + 2);
		assert_string_equal(text + 2, texts[i]);
		assert_int_equal(receive_text(&end, text), -1);
	}
	assert_int_equal(call(&end, GTCHANNEL_CLOSE, 0).status, GTCHANNEL_SUCCESS);
	assert_int_equal(sim.allocated, 0);
	assert_int_equal(call(&end, GTCHANNEL_CLOSE, 0).status, GTCHANNEL_CLOSED);
	finish(&sim);
}

static void test_open(void **unused)
{
	struct sim sim;
	struct end end = {.sim = &sim};

	sim_init(&sim, 1);
	/* Without a cookie, of another protocol. */
	assert_int_equal(call(&end, GTCHANNEL_OPEN, GTCHANNEL_RPCI).status, 0);
	assert_int_equal(call(&end, GTCHANNEL_OPEN, 1 | GTCHANNEL_WITH_COOKIE).status, 0);
	assert_int_equal(call(&end, GTCHANNEL_OPEN, GTCHANNEL_WITH_COOKIE).status, 0);
	assert_int_equal(sim.open, 0);
	for (unsigned int i = 0; i < GTCHANNEL_COUNT; i++) {
		assert_true(open_end(&end, &sim, GTCHANNEL_TCLO));
		assert_int_equal(end.id, i);
	}
	assert_false(open_end(&end, &sim, GTCHANNEL_RPCI));
	finish(&sim);
	assert_true(open_end(&end, &sim, GTCHANNEL_RPCI));
	finish(&sim);
}

/* When all are taken, the one that is long unused goes, and who had it is told. */
static void test_stale(void **unused)
{
	struct end end[GTCHANNEL_COUNT], more;
	struct sim sim;

	sim_init(&sim, 1);
	for (unsigned int i = 0; i < GTCHANNEL_COUNT; i++)
		assert_true(open_end(&end[i], &sim, GTCHANNEL_RPCI));
	now_ms += GTCHANNEL_STALE_MS - 1;
	for (unsigned int i = 0; i < GTCHANNEL_COUNT; i++) {
		if (i != 5)
			(void)call(&end[i], GTCHANNEL_RECVSIZE, 0);
	}
	assert_false(open_end(&more, &sim, GTCHANNEL_RPCI));
	now_ms++;
	assert_true(open_end(&more, &sim, GTCHANNEL_RPCI));
	assert_int_equal(more.id, 5);
	assert_int_equal(call(&end[5], GTCHANNEL_RECVSIZE, 0).status, GTCHANNEL_CLOSED);
	assert_false(open_end(&more, &sim, GTCHANNEL_RPCI));
	finish(&sim);
}

static void test_cookie(void **unused)
{
	struct sim sim;
	struct end end, other;

	sim_init(&sim, 1);
	assert_true(open_end(&end, &sim, GTCHANNEL_RPCI));
	for (unsigned int bit = 0; bit < 64; bit++) {
		other = end;
		other.cookie[bit / 32] ^= UINT32_C(1) << bit % 32;
		for (uint32_t type = GTCHANNEL_SENDSIZE; type <= GTCHANNEL_CLOSE; type++)
			assert_int_equal(call(&other, (uint16_t)type, 1).status, GTCHANNEL_CLOSED);
	}
	other = end;
	for (uint32_t id = 0; id < 0x10000; id++) {
		other.id = (uint16_t)id;
		if (id != end.id)
			assert_int_equal(call(&other, GTCHANNEL_SENDSIZE, 1).status,
					 GTCHANNEL_CLOSED);
	}
	for (uint32_t type = GTCHANNEL_CLOSE + 1; type < 0x10000; type++)
		assert_int_equal(call(&end, (uint16_t)type, 1).status, 0);
	assert_int_equal(sim.allocated, 0);
	assert_true(send_text(&end, "still there"));
	finish(&sim);
}

static void test_out_of_turn(void **unused)
{
	struct sim sim;
	struct end end;
	char text[32];

	sim_init(&sim, 1);
	assert_true(open_end(&end, &sim, GTCHANNEL_RPCI));
	assert_int_equal(call(&end, GTCHANNEL_SENDPAYLOAD, 1).status, GTCHANNEL_UNSENT);
	assert_int_equal(call(&end, GTCHANNEL_RECVPAYLOAD, 1).status, GTCHANNEL_UNSENT);
	assert_int_equal(call(&end, GTCHANNEL_RECVSTATUS, 1).status, GTCHANNEL_UNSENT);
	/* More than was announced. */
	assert_true(send_text(&end, "12345678"));
	assert_int_equal(call(&end, GTCHANNEL_SENDPAYLOAD, 1).status, GTCHANNEL_UNSENT);
	/* The guest says that it failed: the message goes. */
	assert_int_equal(call(&end, GTCHANNEL_RECVSIZE, 0).status & GTCHANNEL_DORECV,
			 GTCHANNEL_DORECV);
	assert_int_equal(call(&end, GTCHANNEL_RECVPAYLOAD, 0).status, GTCHANNEL_UNSENT);
	assert_int_equal(receive_text(&end, text), -1);
	assert_int_equal(sim.allocated, 0);
	/* Acknowledged before it was fetched. */
	assert_true(send_text(&end, "12345678"));
	(void)call(&end, GTCHANNEL_RECVSIZE, 0);
	(void)call(&end, GTCHANNEL_RECVPAYLOAD, 1);
	assert_int_equal(call(&end, GTCHANNEL_RECVSTATUS, 1).status, GTCHANNEL_UNSENT);
	assert_int_equal(receive_text(&end, text), -1);
	/* Half fetched, and from the start again. */
	assert_true(send_text(&end, "12345678"));
	(void)call(&end, GTCHANNEL_RECVSIZE, 0);
	(void)call(&end, GTCHANNEL_RECVPAYLOAD, 1);
	assert_int_equal(receive_text(&end, text), 10);
	assert_string_equal(text, "1 12345678");
	finish(&sim);
}

static void test_sizes(void **unused)
{
	struct sim sim;
	struct end end;

	sim_init(&sim, 1);
	assert_true(open_end(&end, &sim, GTCHANNEL_RPCI));
	assert_int_equal(call(&end, GTCHANNEL_SENDSIZE, GTCHANNEL_IN_BYTES + 1).status,
			 GTCHANNEL_UNSENT);
	assert_int_equal(call(&end, GTCHANNEL_SENDSIZE, UINT32_MAX).status, GTCHANNEL_UNSENT);
	assert_int_equal(call(&end, GTCHANNEL_SENDSIZE, GTCHANNEL_IN_BYTES).status,
			 GTCHANNEL_SUCCESS | GTCHANNEL_HIGH_BAND);
	sim.no_memory = true;
	assert_int_equal(call(&end, GTCHANNEL_SENDSIZE, 4).status, GTCHANNEL_UNSENT);
	assert_int_equal(call(&end, GTCHANNEL_SENDPAYLOAD, 4).status, GTCHANNEL_UNSENT);
	finish(&sim);
}

static void test_high_band(void **unused)
{
	struct sim sim;
	struct end end;
	struct gtchannel_call named;
	struct gtchannel_answer a;
	uint8_t *in;

	sim_init(&sim, 1);
	assert_true(open_end(&end, &sim, GTCHANNEL_RPCI));
	named = (struct gtchannel_call){.id = end.id, .cookie = {end.cookie[0], end.cookie[1]}};
	assert_null(gtchannel_send(&sim.channels, &named, 4));
	assert_null(gtchannel_receive(&sim.channels, &named, 4));
	/* Another size than was announced drops the message. */
	(void)call(&end, GTCHANNEL_SENDSIZE, 100);
	assert_null(gtchannel_send(&sim.channels, &named, (UINT64_C(1) << 32) + 100));
	assert_null(gtchannel_send(&sim.channels, &named, 100));
	assert_int_equal(sim.allocated, 0);
	/* And so does a part that came another way. */
	(void)call(&end, GTCHANNEL_SENDSIZE, 100);
	(void)call(&end, GTCHANNEL_SENDPAYLOAD, 1);
	assert_null(gtchannel_send(&sim.channels, &named, 96));
	(void)call(&end, GTCHANNEL_SENDSIZE, 100);
	in = gtchannel_send(&sim.channels, &named, 100);
	assert_non_null(in);
	memset(in, 'x', 100);
	gtchannel_sent(&sim.channels, end.id, now_ms);
	assert_int_equal(sim.messages, 1);
	a = call(&end, GTCHANNEL_RECVSIZE, 0);
	assert_int_equal(a.status, GTCHANNEL_SUCCESS | GTCHANNEL_DORECV | GTCHANNEL_HIGH_BAND);
	assert_int_equal(a.value, 102);
	assert_memory_equal(gtchannel_receive(&sim.channels, &named, 102), "1 xxxx", 6);
	gtchannel_received(&sim.channels, end.id, now_ms);
	assert_null(gtchannel_receive(&sim.channels, &named, 102));
	/* What is longer than a call can move goes word by word alone. */
	gtchannel_post(&sim.channels, end.id, sim_allocate(&sim, GTCHANNEL_IN_BYTES + 1),
		       GTCHANNEL_IN_BYTES + 1);
	a = call(&end, GTCHANNEL_RECVSIZE, 0);
	assert_int_equal(a.status, GTCHANNEL_SUCCESS | GTCHANNEL_DORECV);
	finish(&sim);
}

/* Any calls on few channels: honest ends find their messages whole, memory never leaks. */
static void test_random(void **unused)
{
	struct prop p = prop_start(__func__);
	struct end end[4], stranger;
	char text[64], reply[80];
	struct sim sim;

	sim_init(&sim, prop_u64(&p));
	for (unsigned int i = 0; i < ARRAY_SIZE(end); i++)
		assert_true(open_end(&end[i], &sim, GTCHANNEL_RPCI));
	for (unsigned int round = 0; round < 100000; round++) {
		struct end *e = &end[prop_below(&p, ARRAY_SIZE(end))];
		size_t bytes = prop_below(&p, sizeof(text) - 1);

		if (prop_one_in(&p, 4)) { /* an honest one, on a channel in whatever state */
			for (size_t i = 0; i < bytes; i++)
				text[i] = (char)prop_between(&p, 1, 255);
			text[bytes] = '\0';
			assert_true(send_text(e, text));
			assert_int_equal(receive_text(e, reply), bytes + 2);
			assert_string_equal(reply + 2, text);
		} else if (prop_one_in(&p, 3)) { /* another's cookie */
			stranger = *e;
			stranger.cookie[0] ^= (uint32_t)prop_between(&p, 1, UINT32_MAX);
			assert_int_equal(
				call(&stranger, (uint16_t)prop_between(&p, 1, 6), 1).status,
				GTCHANNEL_CLOSED);
		} else {
			(void)call(e, (uint16_t)prop_between(&p, 1, 5),
				   (uint32_t)prop_below(&p, 70000));
		}
		assert_true(sim.allocated <= 2 * ARRAY_SIZE(end));
	}
	finish(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversation), cmocka_unit_test(test_open),
		cmocka_unit_test(test_stale),        cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_out_of_turn),  cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_high_band),    cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
