/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's time against exact arithmetic: integers of 256 bits, here, digit by digit, and rational
 * numbers as pairs of integers.
 */
#include "tests/unit/prop.h"
#include "tests/unit/unit.h"

#include "lib/timescale.h"

typedef unsigned __int128 u128;

#define MHZ    UINT64_C(1000000)
#define RANDOM 200000

static const uint64_t known_hz[] = {
	1000000,   1843200,   2000000,   3686400,   6000000,   6144000,   8000000,   10000000,
	12000000,  13000000,  19200000,  24000000,  24576000,  25000000,  26000000,  31250000,
	33333333,  38400000,  48000000,  49152000,  50000000,  54000000,  62500000,  65000000,
	66666667,  83333333,  99999999,  100000000, 100000001, 121875000, 125000000, 200000000,
	250000000, 333333333, 400000000, 500000000, 999999937, 999999999, 1000000000};

/* --- numbers of eight digits of 32 bits, the lowest first --- */

struct wide {
	uint32_t digit[8];
};

static struct wide wide_from(u128 low, u128 high)
{
	struct wide w;
	size_t i;

	for (i = 0; i < 4; i++) {
		w.digit[i] = (uint32_t)(low >> 32 * i);
		w.digit[4 + i] = (uint32_t)(high >> 32 * i);
	}
	return w;
}

static struct wide wide_product(u128 a, u128 b)
{
	struct wide x = wide_from(a, 0), y = wide_from(b, 0), w = {{0}};
	size_t i, k;

	for (i = 0; i < 4; i++) {
		uint64_t carry = 0;

		for (k = 0; k < 4; k++) {
			carry += (uint64_t)x.digit[i] * y.digit[k] + w.digit[i + k];
			w.digit[i + k] = (uint32_t)carry;
			carry >>= 32;
		}
		w.digit[i + 4] = (uint32_t)carry;
	}
	return w;
}

static int wide_compare(const struct wide *a, const struct wide *b)
{
	size_t i;

	for (i = 8; i-- > 0;) {
		if (a->digit[i] != b->digit[i])
			return a->digit[i] < b->digit[i] ? -1 : 1;
	}
	return 0;
}

/* Bits 191 to 64. */
static u128 wide_whole(const struct wide *w)
{
	return (u128)w->digit[5] << 96 | (u128)w->digit[4] << 64 | (u128)w->digit[3] << 32 |
	       w->digit[2];
}

/* --- what is to come out --- */

static u128 factor(const struct timescale *t)
{
	return (u128)t->whole << 64 | t->part;
}

/* Ticks of the guest since g0, not wrapped, by F as it is rounded. */
static u128 ticks_since(const struct timescale *t, uint64_t host)
{
	struct wide w = wide_product(host - t->h0, factor(t));

	return wide_whole(&w);
}

static void set(struct timescale *t, uint64_t guest_hz, uint64_t host_hz, uint64_t g0, uint64_t h0)
{
	assert_int_equal(timescale_set(t, guest_hz, host_hz, g0, h0), ERR_OK);
	assert_int_equal(t->guest_hz, guest_hz);
	assert_int_equal(t->host_hz, host_hz);
}

/* F is guest_hz / host_hz, rounded up; 1 / F is 1 / F, rounded down. */
static void check_factor(const struct timescale *t)
{
	u128 f = factor(t), back = (u128)t->back_whole << 64 | t->back_part;
	struct wide one = wide_from(0, 1), product = wide_product(back, f);

	assert_true(f * t->host_hz >= (u128)t->guest_hz << 64);
	assert_true((f - 1) * t->host_hz < (u128)t->guest_hz << 64);
	assert_true(wide_compare(&product, &one) <= 0);
	product = wide_product(back + 1, f);
	assert_true(wide_compare(&product, &one) > 0);
}

/* The guest's count, and the rational number beside it. */
static void check_guest(const struct timescale *t, uint64_t host)
{
	uint64_t ticks = host - t->h0;
	u128 exact = (u128)ticks * t->guest_hz / t->host_hz, counted = ticks_since(t, host);

	assert_int_equal(timescale_guest(t, host), (uint64_t)(t->g0 + (uint64_t)counted));
	assert_true(counted >= exact && counted - exact <= 1);
	if ((u128)ticks * t->host_hz < (u128)1 << 64)
		assert_true(counted == exact);
}

/* After so many host ticks, and not before, the guest has had `wanted`. */
static void check_reached(const struct timescale *t, u128 ticks, u128 wanted)
{
	struct wide at = wide_product(ticks, factor(t));
	struct wide early = wide_product(ticks - 1, factor(t));

	assert_true(wide_whole(&at) >= wanted);
	assert_true(wide_whole(&early) < wanted);
}

static void check_deadline(const struct timescale *t, uint64_t now, uint64_t cval)
{
	uint64_t deadline = timescale_deadline(t, now, cval), guest = timescale_guest(t, now);
	u128 before = ticks_since(t, now);

	if (guest >= cval) {
		assert_int_equal(deadline, now);
		return;
	}
	if (deadline == TIMESCALE_NEVER) {
		/* What is left of the host's count, less its last, is not enough. */
		u128 since = (u128)(now - t->h0) + (UINT64_MAX - 1 - now);
		struct wide w = wide_product(since, factor(t));

		assert_true(now >= UINT64_MAX - 1 || wide_whole(&w) - before < cval - guest);
		return;
	}
	assert_true(deadline > now);
	check_reached(t, (u128)(now - t->h0) + (deadline - now), before + (cval - guest));
}

/* --- values that are likely to be wrong --- */

static uint64_t corner(struct prop *p)
{
	uint64_t value = prop_one_in(p, 2) ? UINT64_C(1) << prop_below(p, 64) : prop_u64(p);

	switch (prop_below(p, 6)) {
	case 0:
		return prop_below(p, 16);
	case 1:
		return 0 - prop_below(p, 16);
	case 2:
		return value - prop_below(p, 4);
	case 3:
		return value >> prop_below(p, 64);
	case 4:
		return prop_below(p, 1000) * TIMESCALE_MAX_HZ;
	default:
		return prop_u64(p);
	}
}

static uint64_t frequency(struct prop *p)
{
	if (prop_one_in(p, 2))
		return known_hz[prop_below(p, ARRAY_SIZE(known_hz))];
	return prop_between(p, TIMESCALE_MIN_HZ, TIMESCALE_MAX_HZ);
}

/* --- tests --- */

static void test_every_pair(void **unused)
{
	struct prop p = prop_start("every pair of whole MHz");
	struct timescale t;
	uint64_t g, h;

	for (g = 1; g <= 1000; g++) {
		for (h = 1; h <= 1000; h++) {
			uint64_t now = prop_u64(&p), h0 = now - (prop_u64(&p) >> 8);

			set(&t, g * MHZ, h * MHZ, prop_u64(&p), h0);
			if ((g + h) % 16 == 0)
				check_factor(&t);
			check_guest(&t, now);
			check_deadline(&t, now, timescale_guest(&t, now) + (prop_u64(&p) >> 20));
		}
	}
}

static void test_known_pairs(void **unused)
{
	static const uint64_t seconds[] = {1, 60, 86400, 31557600};
	struct timescale t;
	size_t g, h, i;

	for (g = 0; g < ARRAY_SIZE(known_hz); g++) {
		for (h = 0; h < ARRAY_SIZE(known_hz); h++) {
			set(&t, known_hz[g], known_hz[h], 0, 0);
			check_factor(&t);
			/* A year of the host's is one of the guest's, to the tick. */
			for (i = 0; i < ARRAY_SIZE(seconds); i++) {
				uint64_t off = timescale_guest(&t, seconds[i] * known_hz[h]) -
					       seconds[i] * known_hz[g];

				assert_true(off <= 1);
				check_deadline(&t, seconds[i], seconds[i] * known_hz[g]);
			}
		}
	}
}

static void test_random(void **unused)
{
	struct prop p = prop_start("random");
	struct timescale t;
	unsigned int i;

	for (i = 0; i < RANDOM; i++) {
		uint64_t now = corner(&p);

		set(&t, frequency(&p), frequency(&p), corner(&p), corner(&p));
		check_factor(&t);
		check_guest(&t, now);
		check_deadline(&t, now, corner(&p));
		check_deadline(&t, now, timescale_guest(&t, now) + corner(&p));
		check_deadline(&t, now, timescale_guest(&t, now) + prop_below(&p, 4));
	}
}

/* Later is never earlier, and a VM that goes on elsewhere goes on from where it was. */
static void test_never_backwards(void **unused)
{
	struct prop p = prop_start("never backwards");
	unsigned int i, hop;

	for (i = 0; i < RANDOM / 20; i++) {
		uint64_t guest_hz = frequency(&p), g0 = corner(&p), guest = g0, total = 0;

		for (hop = 0; hop < 8; hop++) {
			uint64_t h0 = corner(&p) >> 1, step = prop_u64(&p) >> 24, now, next;
			struct timescale t;

			set(&t, guest_hz, frequency(&p), guest, h0);
			assert_int_equal(timescale_guest(&t, h0), guest);
			now = h0 + prop_below(&p, step + 1);
			next = now + prop_below(&p, 3);
			assert_true(timescale_guest(&t, next) - timescale_guest(&t, now) < 3002);
			assert_true(timescale_guest(&t, now) - g0 >= total);
			guest = timescale_guest(&t, next);
			assert_true(guest - g0 >= total);
			total = guest - g0;
		}
	}
}

static void test_same_frequency(void **unused)
{
	struct prop p = prop_start("same frequency");
	unsigned int i;

	for (i = 0; i < RANDOM / 10; i++) {
		uint64_t hz = corner(&p), g0 = corner(&p), h0 = corner(&p), now = corner(&p);
		uint64_t cval = corner(&p), guest = now - h0 + g0, deadline;
		struct timescale t;

		set(&t, hz, hz, g0, h0); /* any, 0 included */
		assert_int_equal(timescale_guest(&t, now), guest);
		deadline = now + (cval - guest);
		if (cval <= guest)
			deadline = now;
		else if (deadline < now)
			deadline = TIMESCALE_NEVER;
		assert_int_equal(timescale_deadline(&t, now, cval), deadline);
	}
}

static void test_range(void **unused)
{
	static const uint64_t bad[] = {0, 1, 999999, 1000000001, UINT64_C(1) << 32, UINT64_MAX};
	struct timescale t = {.guest_hz = 7};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(timescale_set(&t, bad[i], 25 * MHZ, 0, 0), ERR_RANGE);
		assert_int_equal(timescale_set(&t, 25 * MHZ, bad[i], 0, 0), ERR_RANGE);
	}
	assert_int_equal(t.guest_hz, 7);
}

/* By hand. */
static void test_examples(void **unused)
{
	struct timescale t;

	set(&t, 62500000, 25000000, 1000, 100);
	assert_int_equal(timescale_guest(&t, 100), 1000);
	assert_int_equal(timescale_guest(&t, 101), 1002);
	assert_int_equal(timescale_guest(&t, 102), 1005);
	assert_int_equal(timescale_deadline(&t, 100, 1000), 100);
	assert_int_equal(timescale_deadline(&t, 100, 1001), 101);
	assert_int_equal(timescale_deadline(&t, 100, 1003), 102);
	assert_int_equal(timescale_deadline(&t, 101, 1005), 102);
	assert_int_equal(timescale_deadline(&t, 101, 1006), 103);
	assert_int_equal(timescale_deadline(&t, 5000, 0), 5000);
	/* Its count wraps: what lies behind that is in the past, by the architecture's rule. */
	set(&t, 62500000, 25000000, UINT64_MAX - 4, 0);
	assert_int_equal(timescale_guest(&t, 2), 0);
	assert_int_equal(timescale_deadline(&t, 0, 7), 0);
	assert_int_equal(timescale_deadline(&t, 0, UINT64_MAX), 2);
	assert_int_equal(timescale_deadline(&t, 2, 7), 5);
	/* Beyond the host's count. */
	set(&t, 1000000, 1000000000, 0, 0);
	assert_int_equal(timescale_deadline(&t, 0, UINT64_MAX / 1000 + 2), TIMESCALE_NEVER);
	assert_int_equal(timescale_deadline(&t, 0, 1000000007), UINT64_C(1000000007000));
	assert_int_equal(timescale_deadline(&t, 0, UINT64_MAX), TIMESCALE_NEVER);
}

static void test_tval(void **unused)
{
	assert_int_equal(timescale_tval_write(100, 5), 105);
	assert_int_equal(timescale_tval_write(100, 0xffffffff), 99);
	assert_int_equal(timescale_tval_write(100, UINT64_C(0xabcdef0180000000)),
			 100 - UINT64_C(0x80000000));
	assert_int_equal(timescale_tval_write(UINT64_MAX, 1), 0);
	assert_int_equal(timescale_tval_write(0, 0x7fffffff), 0x7fffffff);
	assert_int_equal(timescale_tval_read(100, 105), 5);
	assert_int_equal(timescale_tval_read(105, 100), 0xfffffffb);
	assert_int_equal(timescale_tval_read(UINT64_MAX, 1), 2);
	assert_int_equal(timescale_tval_read(0, UINT64_C(1) << 32 | 9), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair),     cmocka_unit_test(test_known_pairs),
		cmocka_unit_test(test_random),         cmocka_unit_test(test_never_backwards),
		cmocka_unit_test(test_same_frequency), cmocka_unit_test(test_range),
		cmocka_unit_test(test_examples),       cmocka_unit_test(test_tval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
