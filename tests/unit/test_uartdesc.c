/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include "lib/uartdesc.h"

static void test_divisors(void **state)
{
	/* The crystal of the PC. */
	assert_int_equal(uart_divisor_16550(1843200, 115200), 1);
	assert_int_equal(uart_divisor_16550(1843200, 9600), 12);
	assert_int_equal(uart_divisor_16550(1843200, 300), 384);
	assert_int_equal(uart_divisor_16550(500000000, 300), 0);    /* more than 16 bits */
	assert_int_equal(uart_divisor_16550(24000000, 115200), 13); /* 0.2 % */
	assert_int_equal(uart_divisor_16550(24000000, 1000000), 0); /* 1.5 */
	assert_int_equal(uart_divisor_16550(1843200, 230400), 0);
	/* DDI 0183 3.3.6: 4 MHz and 230,400 give 1 and 5; table 3-11 with 7.3728 MHz. */
	assert_int_equal(uart_divisor_pl011(4000000, 230400), 1 << 6 | 5);
	assert_int_equal(uart_divisor_pl011(7372800, 460800), 1 << 6);
	assert_int_equal(uart_divisor_pl011(7372800, 2400), 192 << 6);
	assert_int_equal(uart_divisor_pl011(24000000, 115200), 13 << 6 | 1);
	assert_int_equal(uart_divisor_pl011(24000000, 4000000), 0);
	assert_int_equal(uart_divisor_pl011(1000000000, 300), 0);
	assert_int_equal(uart_divisor_pl011(0, 115200), 0);
	assert_int_equal(uart_divisor_16550(0, 115200), 0);
	assert_int_equal(uart_divisor_16550(1843200, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_divisors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
