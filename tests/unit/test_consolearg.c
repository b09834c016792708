/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/consolearg.h"

static struct consolearg parse(const char *text)
{
	struct consolearg arg;
	const char *why = "";

	if (consolearg_parse(text, strlen(text), &arg, &why) != ERR_OK)
		fail_msg("%s: %s", text, why);
	assert_null(why);
	return arg;
}

/* The complaint has the word in it. */
static void refuse(const char *text, const char *word)
{
	struct consolearg arg;
	const char *why = NULL;

	assert_int_equal(consolearg_parse(text, strlen(text), &arg, &why), ERR_INVALID);
	assert_non_null(why);
	if (strstr(why, word) == NULL)
		fail_msg("%s: %s", text, why);
}

static void test_nodes(void **state)
{
	static const char long_path[] =
		"/soc/a-bus-with-a-long-name@1234567890/another-one@12345678/serial@0,115200n8";
	struct consolearg arg = parse("serial1");

	assert_int_equal(arg.what, CONSOLEARG_NODE);
	assert_int_equal(arg.node_bytes, 7);
	assert_memory_equal(arg.node, "serial1", 7);
	assert_int_equal(arg.uart.baud, 0);
	arg = parse(long_path);
	assert_int_equal(arg.what, CONSOLEARG_NODE);
	assert_ptr_equal(arg.node, long_path);
	assert_int_equal(arg.node_bytes, strlen(long_path) - 9);
	assert_int_equal(arg.uart.baud, 115200);
	arg = parse("/a,irq=0x21,clock=24000000,9600");
	assert_int_equal(arg.uart.intid, 33);
	assert_int_equal(arg.uart.clock_hz, 24000000);
	assert_int_equal(arg.uart.baud, 9600);
	assert_int_equal(parse("none").what, CONSOLEARG_NONE);
	assert_int_equal(parse("nonex").what, CONSOLEARG_NODE);
}

static void check_port(const char *text, struct uart_desc want)
{
	struct consolearg arg = parse(text);

	assert_int_equal(arg.what, CONSOLEARG_ADDRESS);
	assert_int_equal(arg.uart.kind, want.kind);
	assert_true(arg.uart.base == want.base);
	assert_int_equal(arg.uart.shift, want.shift);
	assert_int_equal(arg.uart.width, want.width);
	assert_int_equal(arg.uart.fifo_bytes, want.fifo_bytes);
	assert_int_equal(arg.uart.intid, want.intid);
	assert_int_equal(arg.uart.clock_hz, want.clock_hz);
	assert_int_equal(arg.uart.baud, want.baud);
}

static void test_addresses(void **state)
{
	check_port("pl011,0x9000000", (struct uart_desc){.kind = BOOT_UART_PL011,
							 .base = 0x9000000,
							 .shift = 2,
							 .width = 4,
							 .fifo_bytes = 16});
	check_port("sbsa,0xfffffffff000,irq=1019", (struct uart_desc){.kind = BOOT_UART_SBSA,
								      .base = 0xfffffffff000,
								      .shift = 2,
								      .width = 4,
								      .fifo_bytes = 16,
								      .intid = 1019});
	check_port("16550,0x3f8",
		   (struct uart_desc){
			   .kind = BOOT_UART_16550, .base = 0x3f8, .width = 1, .fifo_bytes = 16});
	check_port("16550,0xfe215040,width=4,shift=2,fifo=8,irq=125,clock=500000000,115200n8",
		   (struct uart_desc){.kind = BOOT_UART_16550,
				      .base = 0xfe215040,
				      .shift = 2,
				      .width = 4,
				      .fifo_bytes = 8,
				      .intid = 125,
				      .clock_hz = 500000000,
				      .baud = 115200});
	check_port("dw,0x1c020000", (struct uart_desc){.kind = BOOT_UART_DW,
						       .base = 0x1c020000,
						       .shift = 2,
						       .width = 4,
						       .fifo_bytes = 16});
	check_port("dw,0x1c020001,shift=0,width=1",
		   (struct uart_desc){
			   .kind = BOOT_UART_DW, .base = 0x1c020001, .width = 1, .fifo_bytes = 16});
}

static void test_refused(void **state)
{
	refuse("", "begins with");
	refuse(",115200", "begins with");
	refuse("pl011", "address");
	refuse("pl011,", "address");
	refuse("pl011,9000000", "address");
	refuse("pl011,0x", "address");
	refuse("pl011,0x1K", "address");
	refuse("pl011,0x11112222333344445", "address");
	refuse("pl011,0x9000002", "multiple");
	refuse("dw,0x9000002", "multiple");
	refuse("pl011,0x9000000,shift=2", "none of irq=, clock=");
	refuse("serial0,width=1", "none of irq=, clock=");
	refuse("16550,0x0,foo=1", "none of shift=");
	refuse("16550,0x0,", "none of shift=");
	refuse("16550,0x0,shift=5", "shift=");
	refuse("16550,0x0,shift=", "shift=");
	refuse("16550,0x0,width=3", "width=");
	refuse("16550,0x0,width=8", "width=");
	refuse("16550,0x0,shift=1,width=4", "distance");
	refuse("16550,0x0,fifo=0", "fifo=");
	refuse("16550,0x0,irq=31", "irq=");
	refuse("16550,0x0,irq=1020", "irq=");
	refuse("serial0,irq=x", "irq=");
	refuse("serial0,clock=24M", "clock=");
	refuse("serial0,clock=100", "clock=");
	refuse("uart,0x9000000", "pl011, sbsa");
	refuse("serial0,115200e7", "n8");
	refuse("serial0,115200n81", "n8");
	refuse("serial0,12", "300");
	refuse("serial0,99999999999999999999", "300");
	refuse("serial0,4000001", "300");
	refuse("16550,0x0,shift=00000000000000000000000000000000", "too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
