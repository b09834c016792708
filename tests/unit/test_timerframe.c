/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/timerframe.h"
#include "tests/unit/prop.h"

#define HZ      62500000
#define COUNT   UINT64_C(0x123456789a)
#define ENABLED TIMERFRAME_ENABLE
#define MASKED  (TIMERFRAME_ENABLE | TIMERFRAME_IMASK)
#define DUE     (TIMERFRAME_ENABLE | TIMERFRAME_ISTATUS)
#define CASES   200000

static struct timerframe f;

static uint64_t read_at(enum timerframe_page page, uint64_t count, uint64_t offset,
			unsigned int bytes)
{
	uint64_t value = 0x5a5a5a5a5a5a5a5a;

	assert_true(timerframe_read(&f, page, count, offset, bytes, &value));
	return value;
}

static uint64_t base32(uint64_t offset)
{
	return read_at(TIMERFRAME_BASE, COUNT, offset, 4);
}

static uint64_t base64(uint64_t offset)
{
	return read_at(TIMERFRAME_BASE, COUNT, offset, 8);
}

static uint64_t ctl32(uint64_t offset)
{
	return read_at(TIMERFRAME_CTL, COUNT, offset, 4);
}

static void base_write(uint64_t offset, unsigned int bytes, uint64_t value)
{
	assert_true(timerframe_write(&f, TIMERFRAME_BASE, COUNT, offset, bytes, value));
}

static void ctl_write(uint64_t offset, unsigned int bytes, uint64_t value)
{
	assert_true(timerframe_write(&f, TIMERFRAME_CTL, COUNT, offset, bytes, value));
}

/* What Linux and firmware look at first. */
static void test_identity(void **unused)
{
	timerframe_reset(&f, HZ);
	assert_int_equal(ctl32(TIMERFRAME_CTL_CNTFRQ), HZ);
	assert_int_equal(ctl32(TIMERFRAME_CTL_CNTNSAR), 0);
	assert_int_equal(ctl32(TIMERFRAME_CTL_CNTTIDR), 3); /* frame 0, with a virtual timer */
	assert_int_equal(base32(TIMERFRAME_CNTFRQ), HZ);
	assert_int_equal(base32(TIMERFRAME_CNTEL0ACR), 0);
	for (uint64_t page = TIMERFRAME_CTL; page <= TIMERFRAME_BASE; page++) {
		assert_int_equal(read_at(page, COUNT, 0xff0, 4), 0x0d);
		assert_int_equal(read_at(page, COUNT, 0xff4, 4), 0xf0);
		assert_int_equal(read_at(page, COUNT, 0xff8, 4), 0x05);
		assert_int_equal(read_at(page, COUNT, 0xffc, 4), 0xb1);
		assert_int_equal(read_at(page, COUNT, 0xfd0, 4), 0);
		assert_int_equal(read_at(page, COUNT, 0x100, 4), 0);
		assert_int_equal(read_at(page, COUNT, 0x100, 8), 0);
	}
	/* Read-only ones, and what is not there. */
	base_write(TIMERFRAME_CNTFRQ, 4, 1);
	base_write(TIMERFRAME_CNTPCT, 8, 1);
	base_write(TIMERFRAME_CNTVOFF, 8, 1);
	base_write(TIMERFRAME_CNTEL0ACR, 4, 1);
	ctl_write(TIMERFRAME_CTL_CNTTIDR, 4, 0);
	ctl_write(TIMERFRAME_CTL_CNTACR0 + 4, 4, 0xffffffff);
	ctl_write(TIMERFRAME_CTL_CNTVOFF + 8, 4, 0xffffffff);
	ctl_write(TIMERFRAME_CTL_CNTFRQ + 4, 4, 5);
	assert_int_equal(base32(TIMERFRAME_CNTFRQ), HZ);
	assert_int_equal(base64(TIMERFRAME_CNTPCT), COUNT);
	assert_int_equal(base64(TIMERFRAME_CNTVCT), COUNT);
	assert_int_equal(base32(TIMERFRAME_CNTEL0ACR), 0);
	assert_int_equal(ctl32(TIMERFRAME_CTL_CNTTIDR), 3);
	assert_int_equal(ctl32(TIMERFRAME_CTL_CNTACR0 + 4), 0);
	ctl_write(TIMERFRAME_CTL_CNTFRQ, 4, 1000);
	assert_int_equal(base32(TIMERFRAME_CNTFRQ), 1000);
}

static void test_counts(void **unused)
{
	timerframe_reset(&f, HZ);
	assert_int_equal(base32(TIMERFRAME_CNTPCT), (uint32_t)COUNT);
	assert_int_equal(base32(TIMERFRAME_CNTPCT + 4), COUNT >> 32);
	ctl_write(TIMERFRAME_CTL_CNTVOFF, 8, COUNT + 1);
	assert_int_equal(base64(TIMERFRAME_CNTPCT), COUNT);
	assert_int_equal(base64(TIMERFRAME_CNTVCT), UINT64_MAX);
	assert_int_equal(base32(TIMERFRAME_CNTVCT + 4), UINT32_MAX);
	assert_int_equal(base64(TIMERFRAME_CNTVOFF), COUNT + 1);
	ctl_write(TIMERFRAME_CTL_CNTVOFF + 4, 4, 0);
	assert_int_equal(base64(TIMERFRAME_CNTVOFF), (uint32_t)(COUNT + 1));
	assert_int_equal(base32(TIMERFRAME_CNTVOFF + 4), 0);
	ctl_write(TIMERFRAME_CTL_CNTVOFF, 4, 0);
	assert_int_equal(base64(TIMERFRAME_CNTVCT), COUNT);
}

/* Linux takes away all rights and looks which of those it asks for stick. */
static void test_rights(void **unused)
{
	static const struct {
		uint32_t right;
		uint64_t offset;
		uint64_t value;
	} of[] = {{TIMERFRAME_RPCT, TIMERFRAME_CNTPCT, (uint32_t)COUNT},
		  {TIMERFRAME_RVCT, TIMERFRAME_CNTVCT, (uint32_t)(COUNT - 7)},
		  {TIMERFRAME_RFRQ, TIMERFRAME_CNTFRQ, HZ},
		  {TIMERFRAME_RVOFF, TIMERFRAME_CNTVOFF, 7},
		  {TIMERFRAME_RWVT, TIMERFRAME_CNTV_CVAL, 9},
		  {TIMERFRAME_RWVT, TIMERFRAME_CNTV_CTL, MASKED | TIMERFRAME_ISTATUS},
		  {TIMERFRAME_RWPT, TIMERFRAME_CNTP_CVAL, 8},
		  {TIMERFRAME_RWPT, TIMERFRAME_CNTP_TVAL, (uint32_t)(8 - COUNT)}};

	timerframe_reset(&f, HZ);
	assert_int_equal(ctl32(TIMERFRAME_CTL_CNTACR0), 0x3f);
	ctl_write(TIMERFRAME_CTL_CNTVOFF, 8, 7);
	base_write(TIMERFRAME_CNTP_CVAL, 8, 8);
	base_write(TIMERFRAME_CNTV_CVAL, 8, 9);
	base_write(TIMERFRAME_CNTV_CTL, 4, 0xffffffff);
	for (uint32_t right = 1; right < 0x40; right <<= 1) {
		ctl_write(TIMERFRAME_CTL_CNTACR0, 4, right | 0xffffffc0);
		assert_int_equal(ctl32(TIMERFRAME_CTL_CNTACR0), right);
		for (size_t i = 0; i < ARRAY_SIZE(of); i++)
			assert_int_equal(base32(of[i].offset),
					 of[i].right == right ? of[i].value : 0);
	}
	ctl_write(TIMERFRAME_CTL_CNTACR0, 4, 0);
	base_write(TIMERFRAME_CNTV_CTL, 4, 0);
	ctl_write(TIMERFRAME_CTL_CNTACR0, 4, TIMERFRAME_ALL);
	assert_int_equal(base32(TIMERFRAME_CNTV_CTL), MASKED | TIMERFRAME_ISTATUS);
}

/* Of each timer: CVAL by halves and whole, TVAL's sign, CTL, the line. */
static void try_timer(enum timerframe_which which, uint64_t cval, uint64_t now)
{
	uint64_t tval = cval + 8, ctl = cval + 12, at;

	base_write(cval, 8, 0x1122334455667788);
	assert_int_equal(base32(cval), 0x55667788);
	assert_int_equal(base32(cval + 4), 0x11223344);
	base_write(cval, 4, 0xffffffff);
	base_write(cval + 4, 4, 0x11);
	assert_int_equal(base64(cval), 0x11ffffffff);
	assert_int_equal(base32(ctl), 0); /* ISTATUS: off */
	assert_false(timerframe_rises(&f, which, COUNT, &at));

	base_write(tval, 4, 1000);
	assert_int_equal(base64(cval), now + 1000);
	assert_int_equal(base32(tval), 1000);
	base_write(ctl, 4, 0xfffffff9);
	assert_int_equal(base32(ctl), ENABLED);
	assert_true(timerframe_rises(&f, which, COUNT, &at));
	assert_int_equal(at, COUNT + 1000);
	assert_false(timerframe_line(&f, which, COUNT + 999));
	assert_true(timerframe_line(&f, which, COUNT + 1000));
	assert_int_equal(read_at(TIMERFRAME_BASE, COUNT + 1000, ctl, 4), DUE);
	assert_int_equal(read_at(TIMERFRAME_BASE, COUNT + 1001, tval, 4), UINT32_MAX);
	assert_false(timerframe_rises(&f, which, COUNT + 1000, &at));

	base_write(ctl, 4, MASKED);
	assert_int_equal(read_at(TIMERFRAME_BASE, COUNT + 1000, ctl, 4), DUE | TIMERFRAME_IMASK);
	assert_false(timerframe_line(&f, which, COUNT + 1000));
	assert_false(timerframe_rises(&f, which, COUNT, &at));

	base_write(ctl, 4, ENABLED);
	base_write(tval, 4, (uint32_t)-5);
	assert_int_equal(base64(cval), now - 5);
	assert_true(timerframe_line(&f, which, COUNT));
	base_write(cval, 8, UINT64_MAX);
	assert_false(timerframe_line(&f, which, COUNT));
	base_write(ctl, 4, 0);
}

static void test_timers(void **unused)
{
	uint64_t at;

	timerframe_reset(&f, HZ);
	try_timer(TIMERFRAME_PHYS, TIMERFRAME_CNTP_CVAL, COUNT);
	ctl_write(TIMERFRAME_CTL_CNTVOFF, 8, 0x1000000);
	try_timer(TIMERFRAME_VIRT, TIMERFRAME_CNTV_CVAL, COUNT - 0x1000000);
	/* The count will not come there before it wraps. */
	base_write(TIMERFRAME_CNTV_CVAL, 8, UINT64_MAX);
	base_write(TIMERFRAME_CNTV_CTL, 4, ENABLED);
	assert_false(timerframe_rises(&f, TIMERFRAME_VIRT, COUNT, &at));
	ctl_write(TIMERFRAME_CTL_CNTVOFF, 8, 0);
	assert_true(timerframe_rises(&f, TIMERFRAME_VIRT, COUNT, &at));
	assert_int_equal(at, UINT64_MAX);
	/* The physical timer has nothing of all that. */
	assert_int_equal(base32(TIMERFRAME_CNTP_CTL), 0);
}

/* Other sizes are refused and change nothing. */
static void test_sizes(void **unused)
{
	static const uint16_t narrow[] = {TIMERFRAME_CNTFRQ, TIMERFRAME_CNTP_TVAL,
					  TIMERFRAME_CNTV_TVAL, 0xff0};
	static const uint16_t narrow_ctl[] = {TIMERFRAME_CTL_CNTFRQ, TIMERFRAME_CTL_CNTTIDR,
					      TIMERFRAME_CTL_CNTACR0, 0xff0};
	uint64_t value = 0;

	timerframe_reset(&f, HZ);
	for (uint64_t offset = 0; offset < TIMERFRAME_BYTES; offset++) {
		for (uint64_t page = TIMERFRAME_CTL; page <= TIMERFRAME_BASE; page++) {
			assert_false(timerframe_read(&f, page, COUNT, offset, 1, &value));
			assert_false(timerframe_write(&f, page, COUNT, offset, 1, 0xff));
			assert_false(timerframe_read(&f, page, COUNT, offset & ~1ull, 2, &value));
			assert_false(timerframe_write(&f, page, COUNT, offset & ~1ull, 2, 0xff));
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(narrow); i++) {
		assert_false(timerframe_read(&f, TIMERFRAME_BASE, COUNT, narrow[i], 8, &value));
		assert_false(timerframe_write(&f, TIMERFRAME_BASE, COUNT, narrow[i], 8, 1));
		assert_false(timerframe_read(&f, TIMERFRAME_CTL, COUNT, narrow_ctl[i], 8, &value));
		assert_false(timerframe_write(&f, TIMERFRAME_CTL, COUNT, narrow_ctl[i], 8, 1));
	}
	assert_int_equal(ctl32(TIMERFRAME_CTL_CNTACR0), 0x3f);
	assert_int_equal(base64(TIMERFRAME_CNTV_CVAL), 0);
}

/* ---- properties ---------------------------------------------------------------------------- */

/* After any accesses: the line rises just where it was foretold, and stays. */
static void test_foretold(void **unused)
{
	struct prop p = prop_start("timerframe");
	uint64_t at, value;

	timerframe_reset(&f, HZ);
	for (int i = 0; i < CASES; i++) {
		enum timerframe_page page = prop_one_in(&p, 4) ? TIMERFRAME_CTL : TIMERFRAME_BASE;
		uint64_t count = prop_value(&p);
		unsigned int bytes = prop_one_in(&p, 2) ? 4 : 8;
		uint64_t offset = prop_below(&p, prop_one_in(&p, 8) ? TIMERFRAME_BYTES : 0x90) &
				  -(uint64_t)bytes;

		(void)timerframe_write(&f, page, count, offset, bytes, prop_value(&p));
		if (timerframe_read(&f, page, count, offset, bytes, &value) && bytes == 4)
			assert_true(value <= UINT32_MAX);
		for (int which = TIMERFRAME_PHYS; which < TIMERFRAME_TIMERS; which++) {
			if (!timerframe_rises(&f, which, count, &at))
				continue;
			assert_true(at > count);
			assert_false(timerframe_line(&f, which, count));
			assert_false(timerframe_line(&f, which, at - 1));
			assert_true(timerframe_line(&f, which, at));
		}
		if (prop_one_in(&p, 16))
			f.cntacr = TIMERFRAME_ALL;
	}
}

/* Without a lock, the two counts read as with one. */
static void test_read_count(void **unused)
{
	struct prop p = prop_start("timerframe counts");
	uint64_t locked, alone;

	for (int i = 0; i < CASES; i++) {
		uint64_t count = prop_value(&p);
		unsigned int bytes = 1u << prop_below(&p, 4);
		uint64_t offset = prop_below(&p, TIMERFRAME_CNTFRQ) & -(uint64_t)bytes;
		bool is_read;

		timerframe_reset(&f, HZ);
		f.cntvoff = prop_value(&p);
		f.cntacr = prop_u64(&p) & TIMERFRAME_ALL;
		locked = alone = 0;
		is_read = timerframe_read(&f, TIMERFRAME_BASE, count, offset, bytes, &locked);
		assert_int_equal(is_read, timerframe_read_count(&f, count, offset, bytes, &alone));
		assert_int_equal(locked, alone);
		assert_int_equal(is_read, bytes >= 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),   cmocka_unit_test(test_counts),
		cmocka_unit_test(test_rights),     cmocka_unit_test(test_timers),
		cmocka_unit_test(test_sizes),      cmocka_unit_test(test_foretold),
		cmocka_unit_test(test_read_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
