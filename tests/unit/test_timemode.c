/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/prop.h"
#include "vmm/baseline.h"
#include "vmm/say.h"

/* Which way a VM keeps its time, and what it is shown: the hosts are made up, EL2's calls caught.
 */

#define HZ_25M  UINT64_C(25000000)
#define HZ_62M5 UINT64_C(62500000)
#define HZ_1G   UINT64_C(1000000000)

static char said[1024];
static char why[HOSTINFO_WHY_BYTES];

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

/* ---- EL2 ----------------------------------------------------------------------------------- */

static struct {
	uint64_t value[CAISSON_HOST_REGS];
	bool set[CAISSON_HOST_REGS];
	uint32_t refused; /* this one is */
	uint64_t hz, guest, host, flags;
} el2;

const char *hyp_status_text(enum caisson_status status)
{
	return status == CAISSON_OK ? "done" : "refused";
}

enum caisson_status hyp_vm_idreg_set(const struct hyp_token *token, uint32_t reg, uint64_t value)
{
	assert_true(reg < CAISSON_HOST_REGS);
	el2.value[reg] = value;
	el2.set[reg] = true;
	return reg == el2.refused ? CAISSON_INVALID : CAISSON_OK;
}

enum caisson_status hyp_vm_time_set(const struct hyp_token *token, uint64_t hz, uint64_t guest,
				    uint64_t host, uint64_t flags, enum caisson_time_mode *mode)
{
	el2.hz = hz;
	el2.guest = guest;
	el2.host = host;
	el2.flags = flags;
	*mode = CAISSON_TIME_MODE_FRAME;
	return hz == 1 ? CAISSON_UNSUPPORTED : CAISSON_OK;
}

enum caisson_status hyp_vm_time_get(const struct hyp_token *token, struct hyp_vm_time *vm_time)
{
	*vm_time = (struct hyp_vm_time){.host = 4711};
	return CAISSON_OK;
}

/* ---- hosts --------------------------------------------------------------------------------- */

static struct hostinfo make(const char *name, uint64_t hz, bool ecv)
{
	struct hostinfo host = {.version = "1",
				.machine = 1,
				.gic_version = 3,
				.ipa_bits = 48,
				.ecv = ecv,
				.counter_hz = hz,
				.ctr = 0x8444c004,
				.dczid = 4,
				.midr = 0x414fd0c1,
				.clidr = 0x82000023};

	(void)snprintf(host.name, sizeof(host.name), "%s", name);
	host.id_reg[IDREG(7, 1)] = 0x12;
	return host;
}

static struct hostset set;
static struct timemode now;

static enum err choose(struct hostinfo here, uint64_t hz, bool ecv, bool firmware, bool masked)
{
	set.count = 2;
	set.host[0] = make("like", here.counter_hz, here.ecv);
	set.host[1] = make("other", hz, ecv);
	why[0] = '\0';
	return timemode_choose(&here, &set, firmware, masked, &now, why);
}

static void test_choice(void **state)
{
	struct hostinfo n1 = make("n1", HZ_25M, false), max = make("max", HZ_1G, true);

	/* One frequency: whatever the CPUs. */
	assert_int_equal(choose(n1, HZ_25M, true, true, false), ERR_OK);
	assert_int_equal(now.flags, 0);
	assert_int_equal(now.guest_hz, HZ_25M);
	/* All can scale. */
	assert_int_equal(choose(max, HZ_62M5, true, true, false), ERR_OK);
	assert_int_equal(now.flags, 0);
	assert_int_equal(now.guest_hz, HZ_1G);
	/* One cannot: there, or here. */
	assert_int_equal(choose(max, HZ_25M, false, false, false), ERR_OK);
	assert_int_equal(now.flags, CAISSON_TIME_FRAME);
	assert_int_equal(choose(n1, HZ_1G, true, false, false), ERR_OK);
	assert_int_equal(now.flags, CAISSON_TIME_FRAME);
	assert_string_equal(timemode_name(CAISSON_TIME_MODE_FRAME), "frame");
	/* Which firmware cannot be told. */
	assert_int_equal(choose(n1, HZ_1G, true, true, false), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "hosts n1 and other run at 25000000 and 1000000000 Hz"));
	assert_non_null(strstr(why, "without FEAT_ECV on host like"));
	/* A kernel of which that is known. */
	assert_int_equal(choose(max, HZ_25M, false, false, true), ERR_OK);
	assert_int_equal(now.flags, CAISSON_TIME_MASKED);
	assert_int_equal(choose(n1, HZ_25M, false, false, true), ERR_OK);
	assert_int_equal(now.flags, CAISSON_TIME_MASKED);
	assert_int_equal(choose(max, HZ_62M5, true, true, true), ERR_UNSUPPORTED);
	/* This host counts, too, if it is not in the set. */
	set.count = 1;
	set.host[0] = max;
	assert_int_equal(timemode_choose(&n1, &set, false, false, &now, why), ERR_OK);
	assert_int_equal(now.flags, CAISSON_TIME_FRAME);
	/* What cannot be scaled. */
	n1.counter_hz = 999999;
	assert_int_equal(choose(n1, 999999, false, false, false), ERR_OK);
	assert_int_equal(choose(n1, HZ_1G, true, false, false), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "1 MHz to 1 GHz"));
	/* Nor on a host whose own frequency that is, wherever it stands in the set. */
	assert_int_equal(choose(max, HZ_1G + 1, true, false, false), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "max and other run at 1000000000 and 1000000001 Hz, and"));
	set.count = 3;
	set.host[1] = make("scalable", HZ_25M, true);
	set.host[2] = make("fast", HZ_1G + 1, true);
	assert_int_equal(timemode_choose(&max, &set, false, true, &now, why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "hosts max and fast"));
}

static enum err arrive(uint64_t hz, uint64_t flags, uint64_t host_hz, bool ecv,
		       enum caisson_time_mode *mode)
{
	struct timemode time = {.guest_hz = hz, .flags = flags};
	struct hostinfo host = make("b", host_hz, ecv);

	return timemode_arrive(&time, &host, mode, why);
}

static void test_arrival(void **state)
{
	enum caisson_time_mode mode;

	assert_int_equal(arrive(HZ_1G, 0, HZ_1G, false, &mode), ERR_OK);
	assert_int_equal(mode, CAISSON_TIME_MODE_NATIVE);
	assert_int_equal(arrive(HZ_1G, 0, HZ_25M, true, &mode), ERR_OK);
	assert_int_equal(mode, CAISSON_TIME_MODE_ECV);
	assert_int_equal(arrive(HZ_1G, CAISSON_TIME_FRAME, HZ_25M, true, &mode), ERR_OK);
	assert_int_equal(mode, CAISSON_TIME_MODE_FRAME);
	assert_int_equal(arrive(HZ_1G, CAISSON_TIME_MASKED, HZ_1G, false, &mode), ERR_OK);
	assert_int_equal(mode, CAISSON_TIME_MODE_MASKED);
	assert_int_equal(arrive(HZ_1G, 0, HZ_25M, false, &mode), ERR_UNSUPPORTED);
	assert_string_equal(why, "host b has no FEAT_ECV and its counter runs at 25000000 Hz, the "
				 "virtual machine's at 1000000000 Hz; start it with --migratable "
				 "FILE, for a set that has both hosts");
	assert_int_equal(arrive(HZ_1G * 2, CAISSON_TIME_FRAME, HZ_25M, true, &mode),
			 ERR_UNSUPPORTED);
	assert_int_equal(arrive(HZ_1G, CAISSON_TIME_FRAME, HZ_1G * 2, true, &mode),
			 ERR_UNSUPPORTED);
	assert_int_equal(arrive(HZ_1G, 0, 999999, true, &mode), ERR_UNSUPPORTED);
	assert_int_equal(arrive(HZ_1G * 2, 0, HZ_1G * 2, true, &mode), ERR_OK);
}

/* Where a guest may start it may also arrive, from each host of the set. */
static void test_sets(void **state)
{
	static const uint64_t hz[] = {1000000, 19200000, HZ_25M, HZ_62M5, HZ_1G};
	struct prop p = prop_start(__func__);
	unsigned int chosen = 0;

	for (int round = 0; round < 20000; round++) {
		bool firmware = prop_one_in(&p, 3), masked = prop_one_in(&p, 4);
		enum caisson_time_mode mode;

		set.count = (uint32_t)prop_between(&p, 1, 4);
		for (uint32_t i = 0; i < set.count; i++)
			set.host[i] =
				make("x", hz[prop_below(&p, ARRAY_SIZE(hz))], prop_one_in(&p, 2));
		if (timemode_choose(&set.host[0], &set, firmware, masked, &now, why) != ERR_OK) {
			assert_true(firmware);
			continue;
		}
		chosen++;
		for (uint32_t i = 0; i < set.count; i++)
			assert_int_equal(timemode_arrive(&now, &set.host[i], &mode, why), ERR_OK);
	}
	assert_true(chosen > 1000);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void write_set(char *path, const struct hostinfo *a, const struct hostinfo *b)
{
	FILE *file = fdopen(mkstemp(path), "w");
	json_t *json[] = {hostinfo_to_json(a), hostinfo_to_json(b)};

	for (size_t i = 0; i < ARRAY_SIZE(json); i++) {
		assert_int_equal(json_dumpf(json[i], file, JSON_INDENT(2)), 0);
		(void)fputc('\n', file);
		json_decref(json[i]);
	}
	(void)fclose(file);
}

static void test_baseline(void **state)
{
	char path[] = "/tmp/caisson-hosts-XXXXXX";
	struct hostinfo here = make("here", HZ_25M, false), other = make("other", HZ_1G, true);
	struct hostinfo alien = make("alien", HZ_25M, false);
	struct baseline_wish wish = {.hosts_path = path};
	const struct hyp_token token = {0};
	struct baseline b, back;
	enum caisson_time_mode mode;
	json_t *json;

	other.dczid = 7;
	other.midr = 0x000f0510;
	other.ctr |= 0x30000000;
	other.id_reg[IDREG(6, 0)] = 0x10000;
	write_set(path, &here, &other);
	assert_int_equal(baseline_make(&b, &here, &wish), ERR_OK);
	assert_true(b.migratable);
	assert_int_equal(b.hosts, 2);
	assert_string_equal(b.host[1], "other");
	assert_int_equal(b.time.flags, CAISSON_TIME_FRAME);
	assert_int_equal(baseline_ctr(&b, &here), 0);
	assert_int_equal(baseline_ctr(&b, &other), here.ctr);
	assert_int_equal(baseline_may_move(&b, &other, &mode, why), ERR_OK);
	assert_int_equal(mode, CAISSON_TIME_MODE_FRAME);

	memset(&el2, 0, sizeof(el2));
	assert_int_equal(baseline_start(&b, &b.shown, &token), ERR_OK);
	assert_true(el2.set[CAISSON_HOST_DCZID]);
	memset(&el2, 0, sizeof(el2));
	assert_int_equal(baseline_start(&b, &other, &token), ERR_OK);
	assert_true(el2.set[IDREG(6, 0)] && el2.value[IDREG(6, 0)] == 0);
	assert_false(el2.set[IDREG(7, 1)]);
	assert_int_equal(el2.value[CAISSON_HOST_DCZID], CAISSON_DCZID_NONE);
	assert_int_equal(el2.value[CAISSON_HOST_MIDR], CAISSON_MIDR_ANY);
	assert_int_equal(el2.hz, HZ_25M);
	assert_int_equal(el2.host, 4711);
	assert_int_equal(el2.flags, CAISSON_TIME_FRAME);
	el2.refused = CAISSON_HOST_MIDR;
	assert_int_equal(baseline_start(&b, &other, &token), ERR_UNSUPPORTED);
	assert_non_null(strstr(said, "MIDR_EL1"));

	json = baseline_to_json(&b);
	assert_int_equal(baseline_from_json(json, &back, why), ERR_OK);
	assert_memory_equal(&b, &back, sizeof(b));
	(void)json_object_set_new(json, "time-flags", json_integer(3));
	assert_int_equal(baseline_from_json(json, &back, why), ERR_INVALID);
	json_decref(json);
	assert_int_equal(baseline_from_json(NULL, &back, why), ERR_INVALID);

	/* Not a host of the set, and firmware; the one line names the file. */
	alien.id_reg[IDREG(5, 0)] = 0x5000;
	assert_int_equal(baseline_may_move(&b, &alien, &mode, why), ERR_UNSUPPORTED);
	assert_null(strstr(why, "--migratable"));
	wish.firmware = true;
	assert_int_equal(baseline_make(&b, &here, &wish), ERR_UNSUPPORTED);
	assert_int_equal(strncmp(said, path, strlen(path)), 0);
	(void)unlink(path);
	assert_int_equal(baseline_make(&b, &here, &wish), ERR_NOT_FOUND);
}

/* Without a set: what this host has. */
static void test_plain(void **state)
{
	struct hostinfo here = make("here", HZ_1G, true), less = here, slow = here;
	struct baseline_wish wish = {.firmware = true, .tools = true};
	const struct hyp_token token = {0};
	enum caisson_time_mode mode;
	struct baseline b;

	assert_int_equal(baseline_make(&b, &here, &wish), ERR_OK);
	assert_false(b.migratable);
	/* EL2 hides that by itself. */
	assert_int_equal(b.shown.id_reg[IDREG(7, 1)], 0x11);
	memset(&el2, 0, sizeof(el2));
	assert_int_equal(baseline_start(&b, &here, &token), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(el2.set); i++)
		assert_false(el2.set[i]);
	assert_int_equal(el2.hz, 0);
	assert_int_equal(baseline_may_move(&b, &here, &mode, why), ERR_OK);
	assert_int_equal(mode, CAISSON_TIME_MODE_NATIVE);
	/* More there than here: set as it was. */
	less.id_reg[IDREG(6, 0)] = 0x20000;
	assert_int_equal(baseline_start(&b, &less, &token), ERR_OK);
	assert_true(el2.set[IDREG(6, 0)]);
	less.dczid = 7;
	assert_int_equal(baseline_may_move(&b, &less, &mode, why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "; start it with --migratable FILE"));
	/* A reset finds the time of its host. */
	slow.counter_hz = HZ_62M5;
	assert_int_equal(baseline_may_move(&b, &slow, &mode, why), ERR_OK);
	assert_int_equal(mode, CAISSON_TIME_MODE_ECV);
	baseline_restart(&b, &slow);
	assert_int_equal(b.time.guest_hz, HZ_62M5);
	b.time.flags = CAISSON_TIME_FRAME;
	baseline_restart(&b, &here);
	assert_int_equal(b.time.guest_hz, HZ_62M5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice), cmocka_unit_test(test_arrival),
		cmocka_unit_test(test_sets),   cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
