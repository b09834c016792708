/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/esr.h"
#include "tests/unit/prop.h"

/* Syndromes as real CPUs and QEMU report them. */
static void test_known_syndromes(void **state)
{
	struct esr_access access;

	/* ldr w1, [x0] in a guest, at an address stage 2 does not map: level 2 translation. */
	assert_int_equal(esr_class(0x93810006), ESR_EC_DATA_ABORT_LOWER);
	access = esr_access(0x93810006);
	assert_true(access.valid && !access.write && !access.sign_extend && !access.wide);
	assert_int_equal(access.reg, 1);
	assert_int_equal(access.bytes, 4);
	assert_int_equal(esr_fault(0x93810006), ESR_FAULT_TRANSLATION);
	assert_int_equal(esr_fault_level(0x93810006), 2);

	/* strb wzr, [x0]; level 3 permission. */
	access = esr_access(0x931f004f);
	assert_true(access.valid && access.write);
	assert_int_equal(access.reg, 31);
	assert_int_equal(access.bytes, 1);
	assert_int_equal(esr_fault(0x931f004f), ESR_FAULT_PERMISSION);
	assert_int_equal(esr_fault_level(0x931f004f), 3);

	/* ldrsh x30, [x0] and str x7, [x0] */
	access = esr_access(0x937e8007);
	assert_true(access.valid && access.sign_extend && access.wide && !access.write);
	assert_int_equal(access.reg, 30);
	assert_int_equal(access.bytes, 2);
	access = esr_access(0x93c78047);
	assert_true(access.wide && access.write);
	assert_int_equal(access.bytes, 8);

	/* A pair: no ISV. A walk of stage 1 that stage 2 does not let through. */
	assert_false(esr_access(0x92000047).valid);
	assert_true(0x92000087 & ESR_ABORT_S1PTW);

	/* mrs x3, mdccsr_el0 (op0 2, op1 3, c0, c1, op2 0); msr s3_0_c12_c11_5 (ICC_SGI1R_EL1), x2
	 */
	assert_int_equal(esr_class(0x6220c063), ESR_EC_SYSREG);
	assert_int_equal(esr_sysreg(0x6220c063), ESR_SYSREG(2, 3, 0, 1, 0));
	assert_int_equal(esr_sysreg_rt(0x6220c063), 3);
	assert_true(esr_sysreg_is_read(0x6220c063));
	assert_int_equal(esr_sysreg(0x623a3056), ESR_SYSREG(3, 0, 12, 11, 5));
	assert_int_equal(esr_sysreg_rt(0x623a3056), 2);
	assert_false(esr_sysreg_is_read(0x623a3056));

	/* hvc #0x1234; wfi; wfe */
	assert_int_equal(esr_class(0x5a001234), ESR_EC_HVC64);
	assert_int_equal(esr_imm16(0x5a001234), 0x1234);
	assert_int_equal(esr_class(0x07e00000), ESR_EC_WFX);
	assert_int_equal(esr_wfx(0x07e00000), ESR_WFX_WFI);
	assert_int_equal(esr_wfx(0x07e00001), ESR_WFX_WFE);
	assert_int_equal(esr_wfx(0x07e00002), ESR_WFX_WFIT);
	assert_int_equal(esr_wfx(0x07e00007), ESR_WFX_WFET); /* RV: the register is valid */
}

/* Fields put together with a multiplication each, and taken apart again; all else is noise. */
static void test_fields(void **state)
{
	struct prop p = prop_start(__func__);

	for (int i = 0; i < 20000; i++) {
		uint64_t op0 = prop_below(&p, 4), op1 = prop_below(&p, 8), crn = prop_below(&p, 16);
		uint64_t crm = prop_below(&p, 16), op2 = prop_below(&p, 8);
		uint64_t rt = prop_below(&p, 32), read = prop_below(&p, 2);
		uint64_t high = prop_u64(&p) << 22; /* class, IL, RES0 and ISS2 */
		uint64_t esr = high + op0 * 0x100000 + op2 * 0x20000 + op1 * 0x4000 + crn * 0x400 +
			       rt * 0x20 + crm * 2 + read;

		assert_int_equal(esr_sysreg(esr),
				 op0 * 0x4000 + op1 * 0x800 + crn * 0x80 + crm * 8 + op2);
		assert_int_equal(esr_sysreg_rt(esr), rt);
		assert_int_equal(esr_sysreg_is_read(esr), read);
		assert_int_equal(esr_class(esr), esr / 0x4000000 % 64);
	}
}

/* What the CPU would have put into the register. */
static void test_extend(void **state)
{
	struct prop p = prop_start(__func__);

	for (int i = 0; i < 20000; i++) {
		uint64_t v = prop_value(&p);
		struct esr_access a = {.valid = true};

		for (a.bytes = 1; a.bytes <= 8; a.bytes *= 2) {
			uint64_t zero[] = {
				[1] = (uint8_t)v, [2] = (uint16_t)v, [4] = (uint32_t)v, [8] = v};
			int64_t sign[] = {[1] = (int8_t)v,
					  [2] = (int16_t)v,
					  [4] = (int32_t)v,
					  [8] = (int64_t)v};

			a.sign_extend = false;
			a.wide = a.bytes == 8;
			assert_int_equal(esr_access_extend(&a, v), zero[a.bytes]);
			a.sign_extend = true;
			a.wide = true;
			assert_int_equal(esr_access_extend(&a, v), (uint64_t)sign[a.bytes]);
			a.wide = false;
			if (a.bytes < 8)
				assert_int_equal(esr_access_extend(&a, v), (uint32_t)sign[a.bytes]);
		}
	}
}

/* The table of fault status codes as DDI 0487 lists it: kind, first code, level of that code. */
static const struct {
	enum esr_fault fault;
	unsigned int first;
	unsigned int count;
	int level; /* of the first code, one more with each; -2: none for all */
} codes[] = {
	{ESR_FAULT_ADDRESS_SIZE, 0x00, 4, 0},   {ESR_FAULT_TRANSLATION, 0x04, 4, 0},
	{ESR_FAULT_ACCESS_FLAG, 0x08, 4, 0},    {ESR_FAULT_PERMISSION, 0x0c, 4, 0},
	{ESR_FAULT_EXTERNAL, 0x10, 1, -2},      {ESR_FAULT_TAG_CHECK, 0x11, 1, -2},
	{ESR_FAULT_EXTERNAL_WALK, 0x13, 5, -1}, {ESR_FAULT_PARITY, 0x18, 1, -2},
	{ESR_FAULT_PARITY_WALK, 0x1b, 5, -1},   {ESR_FAULT_ALIGNMENT, 0x21, 1, -2},
	{ESR_FAULT_GRANULE, 0x23, 5, -1},       {ESR_FAULT_GRANULE, 0x28, 1, -2},
	{ESR_FAULT_ADDRESS_SIZE, 0x29, 1, -1},  {ESR_FAULT_TRANSLATION, 0x2b, 1, -1},
	{ESR_FAULT_TLB_CONFLICT, 0x30, 1, -2},  {ESR_FAULT_ATOMIC_UPDATE, 0x31, 1, -2},
	{ESR_FAULT_LOCKDOWN, 0x34, 1, -2},      {ESR_FAULT_EXCLUSIVE, 0x35, 1, -2},
};

static void test_fault_codes(void **state)
{
	for (unsigned int code = 0; code < 64; code++) {
		enum esr_fault fault = ESR_FAULT_UNKNOWN;
		int level = -2;

		for (unsigned int i = 0; i < ARRAY_SIZE(codes); i++) {
			if (code < codes[i].first || code >= codes[i].first + codes[i].count)
				continue;
			fault = codes[i].fault;
			if (codes[i].level != -2)
				level = codes[i].level + (int)(code - codes[i].first);
		}
		assert_int_equal(esr_fault(0x92000000 | code), fault);
		assert_int_equal(esr_fault_decode(code), fault);
		assert_int_equal(esr_fault_level(0x92000040 | code), level);
	}
	assert_int_equal(esr_fault_decode(64), ESR_FAULT_UNKNOWN);
}

static void test_names(void **state)
{
	for (unsigned int ec = 0; ec < ESR_EC_COUNT + 4; ec++) {
		assert_non_null(esr_class_name((enum esr_ec)ec));
		for (unsigned int other = 0; other < ec; other++) {
			const char *name = esr_class_name((enum esr_ec)ec);

			if (strcmp(name, "reserved exception class") != 0)
				assert_string_not_equal(name, esr_class_name((enum esr_ec)other));
		}
	}
	assert_string_equal(esr_class_name(ESR_EC_HVC64), "HVC");
	for (unsigned int fault = 0; fault < ESR_FAULT_COUNT; fault++)
		assert_true(strlen(esr_fault_name((enum esr_fault)fault)) > 0);
	assert_string_equal(esr_fault_name((enum esr_fault)ESR_FAULT_COUNT), "unknown fault");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_syndromes), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_extend),          cmocka_unit_test(test_fault_codes),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
