/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/guestexc.h"
#include "tests/unit/prop.h"

#define VBAR 0xffff800010080000

/* SPSR values: flags, masks and features as a guest may have them. */
#define EL0_64 0x60001000
#define EL0_32 0x60000010
#define EL1T   0x800003c4
#define EL1H   0x20400005

static struct guestexc_state state(uint64_t spsr, uint64_t sctlr)
{
	return (struct guestexc_state){
		.pc = 0x40081234, .spsr = spsr, .sctlr = sctlr, .vbar = VBAR};
}

static void test_vector_by_source(void **unused)
{
	static const struct {
		uint64_t spsr;
		uint64_t offset;
	} cases[] = {{EL1T, 0x000}, {EL1H, 0x200}, {EL0_64, 0x400}, {EL0_32, 0x600}};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guestexc_state s = state(cases[i].spsr, 0);
		struct guestexc_entry e = guestexc_undef(&s, true);

		assert_int_equal(e.pc, VBAR + cases[i].offset);
		assert_int_equal(e.elr, 0x40081234);
		assert_int_equal(e.spsr_el1, cases[i].spsr);
		assert_int_equal(e.spsr & 0x3df, 0x3c5); /* EL1h, DAIF masked, AArch64 */
		assert_int_equal(e.spsr & MASK(31, 28), cases[i].spsr & MASK(31, 28));
	}
}

static void test_pstate_bits(void **unused)
{
	struct guestexc_state s = state(EL1H & ~BIT(22), 0);

	assert_true(guestexc_undef(&s, true).spsr & BIT(22)); /* PAN set: SPAN is 0 */
	s.sctlr = BIT(23);
	assert_false(guestexc_undef(&s, true).spsr & BIT(22)); /* SPAN: unchanged */
	s.spsr |= BIT(22);
	assert_true(guestexc_undef(&s, true).spsr & BIT(22));
	assert_false(guestexc_undef(&s, true).spsr & BIT(12)); /* SSBS from DSSBS */
	s.sctlr |= BIT(44);
	assert_true(guestexc_undef(&s, true).spsr & BIT(12));
	s.spsr |= BIT(10) | BIT(11) | BIT(20) | BIT(21) | BIT(23); /* BTYPE, IL, SS, UAO */
	assert_int_equal(guestexc_undef(&s, true).spsr & (MASK(11, 10) | MASK(21, 20) | BIT(23)),
			 0);
	s.spsr |= BIT(24); /* DIT stays */
	assert_true(guestexc_undef(&s, true).spsr & BIT(24));
}

static void test_undef_syndrome(void **unused)
{
	struct guestexc_state s = state(EL1H, 0);

	assert_int_equal(guestexc_undef(&s, true).esr, BIT(25));
	assert_int_equal(guestexc_undef(&s, false).esr, 0);
}

/* A trapped MRS of MDCCSR_EL0 at EL0: EL1 sees what EL2 saw. */
static void test_trap_syndrome(void **unused)
{
	struct guestexc_state s = state(EL0_64, 0);

	assert_int_equal(guestexc_trap(&s, 0x6220c3e3).esr, 0x6220c3e3);
	assert_int_equal(guestexc_trap(&s, 0x6220c3e3).pc, guestexc_undef(&s, true).pc);
	assert_int_equal(guestexc_trap(&s, 0x6220c3e3).spsr, guestexc_undef(&s, true).spsr);
}

static void test_abort_syndrome(void **unused)
{
	struct guestexc_state el1 = state(EL1H, 0);
	struct guestexc_state el0 = state(EL0_64, 0);
	/* Data abort, ISV, 4 bytes, x3, WnR, translation fault level 2. */
	uint64_t data =
		UINT64_C(0x24) << 26 | BIT(25) | BIT(24) | 2 << 22 | 3 << 16 | BIT(6) | 0x06;
	uint64_t fetch = UINT64_C(0x20) << 26 | BIT(25) | 0x06;

	assert_int_equal(guestexc_external_abort(&el1, data).esr,
			 UINT64_C(0x25) << 26 | BIT(25) | BIT(6) | 0x10);
	assert_int_equal(guestexc_external_abort(&el0, data & ~BIT(6)).esr,
			 UINT64_C(0x24) << 26 | BIT(25) | 0x10);
	assert_int_equal(guestexc_external_abort(&el1, fetch).esr,
			 UINT64_C(0x21) << 26 | BIT(25) | 0x10);
	assert_int_equal(guestexc_external_abort(&el0, fetch).esr,
			 UINT64_C(0x20) << 26 | BIT(25) | 0x10);
}

static void test_advance(void **unused)
{
	uint64_t pc = 0x40081234, spsr = EL1H | BIT(21) | BIT(10) | BIT(11);

	guestexc_advance(&pc, &spsr, true);
	assert_int_equal(pc, 0x40081238);
	assert_int_equal(spsr, EL1H); /* SS and BTYPE cleared, nothing else */
	/* Thumb, 16 bits, in the middle of ITTE (IT 0b0000_0110 -> 0b0000_1100): bits 26:25, 15:10.
	 */
	spsr = EL0_32 | BIT(5) | UINT64_C(2) << 25 | UINT64_C(1) << 10;
	guestexc_advance(&pc, &spsr, false);
	assert_int_equal(pc, 0x4008123a);
	assert_int_equal(spsr, EL0_32 | BIT(5) | UINT64_C(0) << 25 | UINT64_C(3) << 10);
	/* The last of a block ends it; the condition bits 7:5 go too. */
	spsr = EL0_32 | BIT(5) | UINT64_C(0x32) << 10; /* IT 0b1100_1000 */
	guestexc_advance(&pc, &spsr, true);
	assert_int_equal(spsr, EL0_32 | BIT(5));
	assert_int_equal(pc, 0x4008123e);
}

/* Whatever the guest's state, it lands at one of the four vectors, at EL1h with DAIF masked. */
/* Of stage 1: EC by the level it came from, WnR, the status; at the instruction itself. */
static void test_data_abort(void **unused)
{
	struct guestexc_state s = {.pc = 0x1000, .vbar = 0x8000};
	struct guestexc_entry e = guestexc_data_abort(&s, true, 0x0f);

	assert_int_equal(e.esr, UINT64_C(0x24) << 26 | BIT(25) | BIT(6) | 0x0f);
	assert_int_equal(e.pc, 0x8400);
	assert_int_equal(e.elr, 0x1000);
	s.spsr = 5;
	e = guestexc_data_abort(&s, false, 0x07);
	assert_int_equal(e.esr, UINT64_C(0x25) << 26 | BIT(25) | 0x07);
	assert_int_equal(e.pc, 0x8200);
}

static void test_any_state(void **unused)
{
	struct prop p = prop_start(__func__);
	int i;

	for (i = 0; i < 100000; i++) {
		struct guestexc_state s = {.pc = prop_value(&p),
					   .spsr = prop_u64(&p) & UINT32_MAX,
					   .sctlr = prop_value(&p),
					   .vbar = prop_value(&p) & ~UINT64_C(0x7ff)};
		struct guestexc_entry e = guestexc_external_abort(&s, prop_u64(&p));

		assert_int_equal((e.pc - s.vbar) & ~UINT64_C(0x600), 0);
		assert_int_equal(e.spsr & MASK(9, 0), 0x3c5);
		assert_int_equal(e.spsr & (MASK(11, 10) | MASK(21, 20) | BIT(23)), 0);
		assert_int_equal(e.elr, s.pc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_by_source), cmocka_unit_test(test_pstate_bits),
		cmocka_unit_test(test_undef_syndrome),   cmocka_unit_test(test_trap_syndrome),
		cmocka_unit_test(test_abort_syndrome),   cmocka_unit_test(test_advance),
		cmocka_unit_test(test_any_state),        cmocka_unit_test(test_data_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
