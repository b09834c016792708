/* SPDX-License-Identifier: BSD-2-Clause */
/* loader/uart.c with simulated ports (uart_sim.h). */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/uartdesc.h"
#include "loader/uart.h"
#include "tests/unit/uart_sim.h"

#define BASE 0x9000000

static const struct boot_uart ports[] = {
	{.kind = BOOT_UART_PL011, .base = BASE},
	{.kind = BOOT_UART_SBSA, .base = BASE},
	{.kind = BOOT_UART_16550, .base = BASE, .width = 1},
	{.kind = BOOT_UART_DW, .base = BASE, .shift = 2, .width = 4},
	{.kind = BOOT_UART_CDNS, .base = BASE},
};

void uart_sim_failed(const char *what)
{
	fail_msg("%s", what);
	abort();
}

static void check_sent(const char *text)
{
	uart_sim_send(UART_SIM_FIFO);
	assert_int_equal(uart_sim.sent_count, strlen(text));
	assert_memory_equal(uart_sim.sent, text, strlen(text));
}

/* Line ends get a carriage return; what would steer a terminal does not pass. */
static void test_print(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		uart_sim_reset(&ports[i]);
		uart_init(&ports[i], 0);
		uart_print("a %d %s\n", 7, "\033[2J");
		check_sent("a 7 ?[2J\r\n");
		assert_int_equal(uart_sim.lcr_h, 0x60); /* as firmware left it */
		assert_int_equal(uart_sim.lcr, 3);
		assert_int_equal(uart_sim.dll, 0);
	}
}

/* A PL011 that firmware left off is switched on. */
static void test_off(void **state)
{
	uart_sim_reset(&ports[0]);
	uart_sim.cr = 0;
	uart_init(&ports[0], 0);
	uart_print("x");
	check_sent("x");
	assert_int_equal(uart_sim.lcr_h, 0x70);
	assert_int_equal(uart_sim.cr & 0x301, 0x301);
	uart_sim_reset(&ports[4]);
	uart_sim.cr = 0x128;
	uart_sim.mr = 0;
	uart_init(&ports[4], 0);
	uart_print("x");
	check_sent("x");
	assert_int_equal(uart_sim.mr, 0x20);
	assert_int_equal(uart_sim.cr, 0x114);
}

/* The speed changes when firmware's last words are out. */
static void test_speed(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		uart_sim_reset(&ports[i]);
		uart_sim.fcr = 1;
		uart_sim.lcr_h = 0x70;
		memcpy(uart_sim.tx, "firm", 4);
		uart_sim.tx_count = 4;
		uart_init(&ports[i], ports[i].kind == BOOT_UART_PL011
					     ? uart_divisor_pl011(24000000, 115200)
					     : uart_divisor_16550(1843200, 9600));
		uart_print("ware");
		check_sent("firmware");
		if (ports[i].kind == BOOT_UART_PL011) {
			assert_int_equal(uart_sim.ibrd, 13);
			assert_int_equal(uart_sim.fbrd, 1);
			assert_int_equal(uart_sim.lcr_h, 0x70);
		} else if (ports[i].kind == BOOT_UART_16550 || ports[i].kind == BOOT_UART_DW) {
			assert_int_equal(uart_sim.dll | uart_sim.dlm << 8, 12);
			assert_int_equal(uart_sim.lcr, 3);
		}
	}
}

/* A port that takes nothing is given up after a second, not waited for again and again. */
static void test_stuck(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		uart_sim_reset(&ports[i]);
		uart_sim.stuck = true;
		uart_init(&ports[i], 0);
		for (unsigned int n = 0; n < 3; n++)
			uart_print("0123456789012345678901234567890123456789\n");
		assert_in_range(uart_sim.now, UART_SIM_HZ, UART_SIM_HZ * 11 / 10);
	}
}

static void test_none(void **state)
{
	uart_sim_reset(&ports[0]);
	uart_init(&(struct boot_uart){.kind = BOOT_UART_NONE}, 0);
	uart_print("nobody\n");
	assert_int_equal(uart_sim.now, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print), cmocka_unit_test(test_off),
		cmocka_unit_test(test_speed), cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
