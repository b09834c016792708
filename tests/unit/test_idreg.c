/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/idreg.h"
#include "tests/unit/prop.h"

/* Fields that must never be shown, whatever the CPU has: index, lowest bit. */
static const struct {
	uint8_t index, lo;
} hidden[] = {
	{IDREG(4, 0), 8},  /* EL2 */
	{IDREG(4, 0), 12}, /* EL3 */
	{IDREG(4, 0), 28}, /* RAS */
	{IDREG(4, 0), 32}, /* SVE */
	{IDREG(4, 0), 36}, /* SEL2 */
	{IDREG(4, 0), 40}, /* MPAM */
	{IDREG(4, 0), 44}, /* AMU */
	{IDREG(4, 0), 52}, /* RME */
	{IDREG(4, 1), 8},  /* MTE */
	{IDREG(4, 1), 24}, /* SME */
	{IDREG(4, 1), 36}, /* NMI */
	{IDREG(4, 1), 44}, /* GCS */
	{IDREG(5, 0), 4},  /* TraceVer */
	{IDREG(5, 0), 32}, /* PMSVer: SPE */
	{IDREG(5, 0), 40}, /* TraceFilt */
	{IDREG(5, 0), 44}, /* TraceBuffer */
	{IDREG(5, 0), 52}, /* BRBE */
	{IDREG(6, 0), 24}, /* TME */
	{IDREG(6, 1), 60}, /* LS64 */
	{IDREG(6, 2), 16}, /* MOPS */
	{IDREG(7, 0), 56}, /* FGT */
	{IDREG(7, 1), 8},  /* VH */
	{IDREG(7, 1), 40}, /* HCX */
	{IDREG(7, 2), 24}, /* NV */
	{IDREG(7, 2), 40}, /* FWB */
};

static void test_hidden(void **unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hidden); i++) {
		uint64_t hardware = UINT64_C(1) << hidden[i].lo;

		assert_int_equal(bits_get(idreg_filter(hidden[i].index, ~UINT64_C(0)),
					  hidden[i].lo + 3, hidden[i].lo),
				 0);
		assert_int_equal(idreg_filter(hidden[i].index, hardware), 0);
	}
}

static void test_registers_without_rows_read_zero(void **unused)
{
	static const uint8_t empty[] = {
		IDREG(4, 2), IDREG(4, 3), IDREG(4, 4), IDREG(4, 5), IDREG(4, 6), IDREG(4, 7),
		IDREG(5, 1), IDREG(5, 2), IDREG(5, 3), IDREG(5, 4), IDREG(5, 5), IDREG(5, 6),
		IDREG(6, 3), IDREG(6, 4), IDREG(6, 7), IDREG(7, 3), IDREG(7, 4), IDREG(7, 7),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(empty); i++)
		assert_int_equal(idreg_filter(empty[i], ~UINT64_C(0)), 0);
}

static void test_shown_as_they_are(void **unused)
{
	/* FP and AdvSIMD absent is 0xf and must stay so; 16-bit FP is 1. */
	assert_int_equal(idreg_filter(IDREG(4, 0), 0xff0011), 0xff0011);
	assert_int_equal(idreg_filter(IDREG(4, 0), 0x110011), 0x110011);
	/* CRC32, Atomic, AES with PMULL. */
	assert_int_equal(idreg_filter(IDREG(6, 0), 0x210020), 0x210020);
	/* Six breakpoints, four watchpoints, PMUv3p1, Debug v8.2. */
	assert_int_equal(idreg_filter(IDREG(5, 0), 0x10305408), 0x10305408);
}

static void test_capped(void **unused)
{
	assert_int_equal(idreg_filter(IDREG(4, 0), 2 << 4) >> 4, 1);   /* EL1: AArch64 only */
	assert_int_equal(idreg_filter(IDREG(4, 0), 3 << 24) >> 24, 1); /* GIC */
	assert_int_equal(idreg_filter(IDREG(7, 0), 6), 5);             /* PARange: 48 bits */
	assert_int_equal(idreg_filter(IDREG(7, 0), UINT64_C(2) << 60) >> 60, 1); /* ECV */
	assert_int_equal(idreg_filter(IDREG(5, 0), 0xf << 8), 0);                /* no PMUv3 */
}

static void test_aarch32(void **unused)
{
	assert_int_equal(idreg_filter(IDREG(1, 1), 0xffffffff), 0xf0ff0f0f);
	assert_int_equal(idreg_filter(IDREG(2, 0), 0x02101110), 0x02101110);
	assert_int_equal(idreg_filter(IDREG(2, 0), UINT64_C(0xffffffff12345678)), 0x12345678);
}

/* A field is never shown with more than the hardware has, the signed "absent" aside. */
static void test_never_more(void **unused)
{
	struct prop p = prop_start(__func__);
	unsigned int round, lo;

	for (round = 0; round < 20000; round++) {
		unsigned int index = (unsigned int)prop_between(&p, 0, IDREG_COUNT - 1);
		uint64_t hardware = prop_u64(&p);
		uint64_t shown = idreg_filter(index, hardware);

		for (lo = 0; lo < 64; lo += 4)
			assert_true(bits_get(shown, lo + 3, lo) <= bits_get(hardware, lo + 3, lo));
	}
}

/* ---- unlike hosts -------------------------------------------------------------------------- */

/* What some CPU may show: often near another one's. */
static uint64_t some_value(struct prop *p, unsigned int index, uint64_t near)
{
	uint64_t hardware = prop_one_in(p, 3) ? prop_u64(p) : near;

	if (!prop_one_in(p, 3))
		hardware ^= (uint64_t)prop_below(p, 16) << 4 * prop_below(p, 16);
	return idreg_filter(index, hardware);
}

/* What two hosts have in common is the same either way, of one host what it has, and each can show
 * it; so can who can show what either has. A third host changes nothing by its place. */
static void test_meet(void **unused)
{
	struct prop p = prop_start(__func__);
	unsigned int met = 0;

	for (unsigned int round = 0; round < 300000; round++) {
		unsigned int index = (unsigned int)prop_between(&p, 8, IDREG_COUNT - 1);
		uint64_t near = prop_u64(&p), a = some_value(&p, index, near);
		uint64_t b = some_value(&p, index, near), c = some_value(&p, index, near);
		uint64_t ab, ba, aa, left, right;
		bool has = idreg_meet(index, a, b, &ab);

		assert_true(idreg_meet(index, a, a, &aa) && aa == a);
		assert_true(idreg_may_show(index, a, a));
		assert_int_equal(idreg_meet(index, b, a, &ba), has);
		assert_int_equal(idreg_clash(index, a, b) == IDREG_NO_FIELD, has);
		if (!has)
			continue;
		met++;
		assert_int_equal(ab, ba);
		assert_true(idreg_may_show(index, ab, a) && idreg_may_show(index, ab, b));
		if (idreg_may_show(index, a, b))
			assert_int_equal(ab, a);
		if (idreg_may_show(index, c, a) && idreg_may_show(index, c, b))
			assert_true(idreg_may_show(index, c, ab));
		if (idreg_meet(index, ab, c, &left) && idreg_meet(index, b, c, &right) &&
		    idreg_meet(index, a, right, &right))
			assert_true(left == right);
	}
	assert_true(met > 100000);
}

static uint64_t meet(unsigned int index, uint64_t a, uint64_t b)
{
	uint64_t out = ~UINT64_C(0);

	assert_true(idreg_meet(index, a, b, &out));
	return out;
}

static void test_rules(void **unused)
{
	uint64_t none;

	/* FP: 16-bit floats, floats, none. */
	assert_int_equal(meet(IDREG(4, 0), 0x110000, 0x000000), 0);
	assert_int_equal(meet(IDREG(4, 0), 0x110000, 0xff0000), 0xff0000);
	assert_false(idreg_may_show(IDREG(4, 0), 0x000000, 0xff0000));
	assert_true(idreg_may_show(IDREG(4, 0), 0xff0000, 0x000000));
	assert_int_equal(idreg_lacks(IDREG(4, 0), 0x100000, 0xf00000), 20);
	/* Atomics. */
	assert_int_equal(meet(IDREG(6, 0), 0x210020, 0x010010), 0x010010);
	assert_false(idreg_may_show(IDREG(6, 0), 0x200000, 0x000000));
	/* SpecSEI: who may be hit says so. */
	assert_int_equal(meet(IDREG(7, 1), 1 << 24, 0), 1 << 24);
	assert_true(idreg_may_show(IDREG(7, 1), 1 << 24, 0));
	assert_false(idreg_may_show(IDREG(7, 1), 0, 1 << 24));
	/* Pages: 4 KiB there or not; 16 KiB there or not. */
	assert_int_equal(meet(IDREG(7, 0), UINT64_C(0xf0000000), 0), UINT64_C(0xf0000000));
	assert_int_equal(meet(IDREG(7, 0), UINT64_C(0x100000), 0), 0);
	/* Breakpoints: no two numbers. */
	assert_false(idreg_meet(IDREG(5, 0), 0x5000, 0x3000, &none));
	assert_int_equal(idreg_clash(IDREG(5, 0), 0x5000, 0x3000), 12);
	assert_false(idreg_may_show(IDREG(5, 0), 0x3000, 0x5000));
	/* Signed pointers: of one kind only. */
	assert_int_equal(meet(IDREG(6, 1), 0x50, 0x30), 0);
	assert_false(idreg_may_show(IDREG(6, 1), 0x30, 0x50));
	assert_true(idreg_may_show(IDREG(6, 1), 0, 0x50));
	assert_int_equal(meet(IDREG(6, 2), 0x5000, 0x3000), 0);
	assert_false(idreg_may_show(IDREG(6, 2), 0x3000, 0x5000));
	/* What nobody is shown nobody can be given. */
	assert_false(idreg_may_show(IDREG(4, 2), 1, 0));
	assert_int_equal(idreg_scalable(IDREG(7, 0), UINT64_C(1) << 60 | 5), 5);
	assert_int_equal(idreg_scalable(IDREG(6, 2), 0x12), 0x10);
	assert_int_equal(idreg_scalable(IDREG(6, 0), 0x12), 0x12);
	assert_int_equal(idreg_with_tools(IDREG(7, 1), 0x1012), 0x1011);
	assert_int_equal(idreg_with_tools(IDREG(7, 1), 0x1000), 0x1000);
	assert_int_equal(idreg_with_tools(IDREG(7, 2), 0x1012), 0x1012);
	assert_int_equal(idreg_pa_bits(4), 44);
	assert_int_equal(idreg_pa_bits(6), 48);
	assert_string_equal(idreg_name(IDREG(7, 1)), "ID_AA64MMFR1_EL1");
	assert_null(idreg_name(IDREG(4, 2)));
}

#define N1_R3P1 UINT64_C(0x413fd0c1)
#define N1_R4P0 UINT64_C(0x414fd0c0)

static void test_dczid_midr(void **unused)
{
	assert_int_equal(dczid_meet(4, 4), 4);
	assert_int_equal(dczid_meet(4, 7), CAISSON_DCZID_NONE);
	assert_true(dczid_may_show(4, 4) && dczid_may_show(CAISSON_DCZID_NONE, 7));
	assert_false(dczid_may_show(4, 7) || dczid_may_show(4, CAISSON_DCZID_NONE));
	assert_int_equal(midr_meet(N1_R3P1, N1_R4P0), N1_R3P1);
	assert_int_equal(midr_meet(N1_R3P1, UINT64_C(0x410fd083)), CAISSON_MIDR_ANY);
	assert_true(midr_may_show(N1_R3P1, N1_R4P0));
	assert_false(midr_may_show(N1_R4P0, N1_R3P1));
	assert_false(midr_may_show(UINT64_C(0x410fd083), N1_R3P1));
	assert_true(midr_may_show(CAISSON_MIDR_ANY, N1_R3P1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_registers_without_rows_read_zero),
		cmocka_unit_test(test_shown_as_they_are),
		cmocka_unit_test(test_capped),
		cmocka_unit_test(test_aarch32),
		cmocka_unit_test(test_never_more),
		cmocka_unit_test(test_meet),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_dczid_midr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
