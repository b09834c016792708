/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/pl011.h"
#include "tests/unit/prop.h"

static struct pl011 fresh(void)
{
	struct pl011 u;

	pl011_reset(&u);
	return u;
}

static bool write(struct pl011 *u, uint32_t offset, uint32_t value)
{
	uint8_t sent;

	return pl011_write(u, offset, value, &sent);
}

static void test_reset_values(void **unused)
{
	struct pl011 u = fresh();

	assert_int_equal(pl011_read(&u, PL011_FR) & (PL011_FR_TXFE | PL011_FR_RXFE),
			 PL011_FR_TXFE | PL011_FR_RXFE);
	assert_int_equal(pl011_read(&u, PL011_FR) & (PL011_FR_TXFF | PL011_FR_RXFF), 0);
	assert_int_equal(pl011_read(&u, PL011_CR), 0x300);
	assert_int_equal(pl011_read(&u, PL011_IFLS), 0x12);
	assert_int_equal(pl011_read(&u, PL011_IMSC), 0);
	assert_int_equal(pl011_read(&u, PL011_RIS), 0);
	assert_false(pl011_interrupt(&u));
}

/* What an AMBA bus driver matches: part 0x011, designer 0x41, component 0xb105f00d. */
static void test_identification(void **unused)
{
	struct pl011 u = fresh();
	uint32_t periph = 0, cell = 0;
	uint32_t i;

	for (i = 0; i < 4; i++) {
		periph |= pl011_read(&u, PL011_PERIPH_ID0 + 4 * i) << 8 * i;
		cell |= pl011_read(&u, PL011_PERIPH_ID0 + 16 + 4 * i) << 8 * i;
	}
	assert_int_equal(periph & 0xfffff, 0x41011);
	assert_int_equal(cell, 0xb105f00d);
	assert_int_equal(pl011_read(&u, 0xfe1), 0);
	assert_int_equal(pl011_read(&u, 0x1000), 0);
}

static void test_transmit(void **unused)
{
	struct pl011 u = fresh();
	uint8_t sent = 0;

	assert_true(pl011_write(&u, PL011_DR, 0x141, &sent));
	assert_int_equal(sent, 0x41);
	assert_false(pl011_interrupt(&u)); /* masked */
	write(&u, PL011_IMSC, PL011_INT_TX);
	assert_true(pl011_interrupt(&u));
	assert_int_equal(pl011_read(&u, PL011_MIS), PL011_INT_TX);
	write(&u, PL011_ICR, PL011_INT_TX);
	assert_false(pl011_interrupt(&u));
}

static void test_transmit_blocked(void **unused)
{
	struct pl011 u = fresh();

	write(&u, PL011_IMSC, PL011_INT_TX);
	pl011_set_tx_blocked(&u, true);
	assert_int_equal(pl011_read(&u, PL011_FR) & (PL011_FR_TXFF | PL011_FR_TXFE | PL011_FR_BUSY),
			 PL011_FR_TXFF | PL011_FR_BUSY);
	assert_false(pl011_interrupt(&u));
	pl011_set_tx_blocked(&u, false);
	assert_true(pl011_interrupt(&u)); /* room again */
	assert_int_equal(pl011_read(&u, PL011_FR) & PL011_FR_TXFF, 0);
}

static void test_receive(void **unused)
{
	struct pl011 u = fresh();

	write(&u, PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
	assert_int_equal(pl011_receive(&u, (const uint8_t *)"ab", 2), 2);
	assert_true(pl011_interrupt(&u));
	write(&u, PL011_ICR, PL011_INT_ALL);
	assert_true(pl011_interrupt(&u)); /* there is still something to read */
	assert_int_equal(pl011_read(&u, PL011_DR), 'a');
	assert_true(pl011_interrupt(&u));
	assert_int_equal(pl011_read(&u, PL011_DR), 'b');
	assert_false(pl011_interrupt(&u));
	assert_int_equal(pl011_read(&u, PL011_DR), 0);
	assert_true(pl011_read(&u, PL011_FR) & PL011_FR_RXFE);
}

static void test_overrun(void **unused)
{
	struct pl011 u = fresh();
	uint8_t bytes[PL011_RX_BYTES + 1];
	size_t i;

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(pl011_receive(&u, bytes, sizeof(bytes)), PL011_RX_BYTES);
	assert_int_equal(pl011_receive_room(&u), 0);
	assert_true(pl011_read(&u, PL011_FR) & PL011_FR_RXFF);
	assert_true(pl011_read(&u, PL011_RIS) & PL011_INT_OE);
	for (i = 0; i < PL011_RX_BYTES - 1; i++)
		assert_int_equal(pl011_read(&u, PL011_DR), 'x');
	assert_int_equal(pl011_read(&u, PL011_DR), 'x' | PL011_DR_OE);
	assert_int_equal(pl011_read(&u, PL011_RSR), 8);
	write(&u, PL011_RSR, 0);
	assert_int_equal(pl011_read(&u, PL011_RSR), 0);
}

static void test_loopback(void **unused)
{
	struct pl011 u = fresh();

	write(&u, PL011_CR, 0x381);
	assert_false(write(&u, PL011_DR, 'q'));
	assert_int_equal(pl011_read(&u, PL011_DR), 'q');
}

/* Any accesses at all: bytes come out in the order they went in, and nothing goes astray. */
static void test_any_access(void **unused)
{
	struct prop p = prop_start(__func__);
	struct pl011 u = fresh();
	uint8_t next_in = 0, next_out = 0;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		uint32_t offset = (uint32_t)prop_below(&p, 0x1000);
		uint32_t value = (uint32_t)prop_u64(&p);

		if (prop_one_in(&p, 4) && pl011_receive_room(&u) > 0) {
			assert_int_equal(pl011_receive(&u, &next_in, 1), 1);
			next_in++;
		} else if (prop_one_in(&p, 3)) {
			bool there = !(pl011_read(&u, PL011_FR) & PL011_FR_RXFE);
			uint32_t got = pl011_read(&u, PL011_DR);

			assert_int_equal(got & 0xff, there ? next_out : 0);
			next_out = (uint8_t)(next_out + there);
		} else if (prop_one_in(&p, 2)) {
			write(&u, offset, offset == PL011_CR ? value & ~PL011_CR_LBE : value);
		} else if (offset != PL011_DR) {
			(void)pl011_read(&u, offset);
		}
		assert_int_equal(pl011_interrupt(&u), pl011_read(&u, PL011_MIS) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_values), cmocka_unit_test(test_identification),
		cmocka_unit_test(test_transmit),     cmocka_unit_test(test_transmit_blocked),
		cmocka_unit_test(test_receive),      cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_loopback),     cmocka_unit_test(test_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
