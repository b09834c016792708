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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_registers_without_rows_read_zero),
		cmocka_unit_test(test_shown_as_they_are),
		cmocka_unit_test(test_capped),
		cmocka_unit_test(test_aarch32),
		cmocka_unit_test(test_never_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
