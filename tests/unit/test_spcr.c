/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/spcr.h"

#define LENGTH   4
#define REVISION 8
#define CHECKSUM 9

/* QEMU 10.0's machine virt with UEFI (edk2 2022.11), as Linux shows it. */
static const uint8_t virt_spcr[] = {
	0x53, 0x50, 0x43, 0x52, 0x50, 0x00, 0x00, 0x00, 0x02, 0xb1, 0x42, 0x4f, 0x43, 0x48,
	0x53, 0x20, 0x42, 0x58, 0x50, 0x43, 0x20, 0x20, 0x20, 0x20, 0x01, 0x00, 0x00, 0x00,
	0x42, 0x58, 0x50, 0x43, 0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x20,
	0x00, 0x03, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x21, 0x00,
	0x00, 0x00, 0x03, 0x00, 0x01, 0x02, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* A Raspberry Pi 3's: the mini UART, without an interrupt. */
static const uint8_t rpi3_spcr[] = {
	0x53, 0x50, 0x43, 0x52, 0x50, 0x00, 0x00, 0x00, 0x01, 0x1d, 0x52, 0x50, 0x69, 0x45,
	0x46, 0x49, 0x52, 0x50, 0x69, 0x33, 0x55, 0x45, 0x46, 0x49, 0x00, 0x00, 0x00, 0x00,
	0x2d, 0x2d, 0x2d, 0x2d, 0x12, 0x02, 0x16, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20,
	0x00, 0x02, 0x40, 0x50, 0x21, 0x3f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x07, 0x00, 0x01, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* A copy in memory of its own size. */
static uint8_t *copy(const uint8_t *table, size_t bytes)
{
	uint8_t *p = malloc(bytes);

	memcpy(p, table, bytes);
	return p;
}

static void put(uint8_t *table, size_t offset, uint64_t value, unsigned int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		table[offset++] = (uint8_t)value;
}

static void seal(uint8_t *table, size_t bytes)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += table[i];
	table[CHECKSUM] -= sum;
}

static void test_real(void **state)
{
	struct uart_desc uart;

	assert_int_equal(spcr_parse(virt_spcr, sizeof(virt_spcr), &uart), ERR_OK);
	assert_int_equal(uart.kind, BOOT_UART_PL011);
	assert_int_equal(uart.base, 0x9000000);
	assert_int_equal(uart.intid, 33);
	assert_int_equal(uart.baud, 9600);
	assert_int_equal(uart.clock_hz, 0);
	assert_int_equal(spcr_parse(rpi3_spcr, sizeof(rpi3_spcr), &uart), ERR_OK);
	assert_int_equal(uart.kind, BOOT_UART_16550);
	assert_int_equal(uart.base, 0x3f215040);
	assert_int_equal(uart.width, 2);
	assert_int_equal(uart.shift, 2);
	assert_int_equal(uart.intid, 0);
	assert_int_equal(uart.baud, 115200);
}

/* Revision 4 of the table: clock, a speed of its own, an interface with its own spacing. */
static void test_revision_4(void **state)
{
	uint8_t *t = calloc(1, 90);
	struct uart_desc uart;

	memcpy(t, virt_spcr, sizeof(virt_spcr));
	put(t, LENGTH, 90, 4);
	t[REVISION] = 4;
	t[36] = 0x12;
	t[41] = 32;
	t[43] = 3;
	put(t, 76, 48000000, 4);
	put(t, 80, 1500000, 4);
	seal(t, 90);
	assert_int_equal(spcr_parse(t, 90, &uart), ERR_OK);
	assert_int_equal(uart.kind, BOOT_UART_16550);
	assert_int_equal(uart.shift, 2);
	assert_int_equal(uart.width, 4);
	assert_int_equal(uart.clock_hz, 48000000);
	assert_int_equal(uart.baud, 1500000);
	put(t, 80, 0, 4);
	seal(t, 90);
	assert_int_equal(spcr_parse(t, 90, &uart), ERR_OK);
	assert_int_equal(uart.baud, 9600);
	free(t);
}

/* virt's with one field changed. */
static enum err changed(size_t offset, uint64_t value, unsigned int bytes, struct uart_desc *uart)
{
	uint8_t *t = copy(virt_spcr, sizeof(virt_spcr));
	enum err err;

	put(t, offset, value, bytes);
	seal(t, sizeof(virt_spcr));
	err = spcr_parse(t, sizeof(virt_spcr), uart);
	free(t);
	return err;
}

static void test_fields(void **state)
{
	struct uart_desc uart;

	assert_int_equal(changed(44, 0, 8, &uart), ERR_OK); /* redirection is off */
	assert_int_equal(uart.kind, BOOT_UART_NONE);
	assert_int_equal(changed(36, 0x0e, 1, &uart), ERR_OK);
	assert_int_equal(uart.kind, BOOT_UART_SBSA);
	assert_int_equal(changed(36, 0x0d, 1, &uart), ERR_OK);
	assert_int_equal(uart.kind, BOOT_UART_SBSA);
	assert_int_equal(changed(36, 0x0f, 1, &uart), ERR_UNSUPPORTED); /* Arm's DCC */
	assert_int_equal(changed(40, 1, 1, &uart), ERR_UNSUPPORTED);    /* an I/O port */
	assert_int_equal(changed(44, 0x9000002, 8, &uart), ERR_INVALID);
	assert_int_equal(changed(52, 1, 1, &uart), ERR_OK); /* an interrupt of PCs */
	assert_int_equal(uart.intid, 0);
	assert_int_equal(changed(54, 31, 4, &uart), ERR_OK); /* no SPI */
	assert_int_equal(uart.intid, 0);
	assert_int_equal(changed(58, 6, 1, &uart), ERR_OK);
	assert_int_equal(uart.baud, 57600);
	assert_int_equal(changed(58, 0, 1, &uart), ERR_OK);
	assert_int_equal(uart.baud, 0);
	assert_int_equal(changed(58, 8, 1, &uart), ERR_OK);
	assert_int_equal(uart.baud, 0);
	assert_int_equal(changed(76, 24000000, 4, &uart), ERR_OK); /* reserved in revision 2 */
	assert_int_equal(uart.clock_hz, 0);
}

static void test_spacing(void **state)
{
	static const struct {
		uint8_t bits, access, shift, width;
		enum err err;
	} cases[] = {
		{8, 0, 0, 1, ERR_OK},
		{8, 1, 0, 1, ERR_OK},
		{32, 0, 2, 4, ERR_OK},
		{32, 1, 2, 1, ERR_OK},
		{32, 3, 2, 4, ERR_OK},
		{16, 2, 1, 2, ERR_OK},
		{8, 3, 2, 4, ERR_OK},
		{32, 4, 0, 0, ERR_UNSUPPORTED},
		{32, 255, 0, 0, ERR_UNSUPPORTED},
		{0, 1, 0, 0, ERR_INVALID},
		{64, 1, 0, 0, ERR_INVALID},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct uart_desc uart;
		uint8_t *t = copy(virt_spcr, sizeof(virt_spcr));

		t[36] = 0;
		t[41] = cases[i].bits;
		t[43] = cases[i].access;
		seal(t, sizeof(virt_spcr));
		assert_int_equal(spcr_parse(t, sizeof(virt_spcr), &uart), cases[i].err);
		if (cases[i].err == ERR_OK) {
			assert_int_equal(uart.shift, cases[i].shift);
			assert_int_equal(uart.width, cases[i].width);
		}
		free(t);
	}
}

/* Cut off anywhere, or with any length of its own. */
static void test_broken(void **state)
{
	struct uart_desc uart;

	for (size_t bytes = 0; bytes < sizeof(virt_spcr); bytes++) {
		uint8_t *t = copy(virt_spcr, bytes ? bytes : 1);

		assert_int_not_equal(spcr_parse(t, bytes, &uart), ERR_OK);
		assert_int_equal(uart.kind, BOOT_UART_NONE);
		free(t);
	}
	assert_int_equal(changed(LENGTH, 79, 4, &uart), ERR_TRUNCATED);
	assert_int_equal(changed(LENGTH, 0xffffffff, 4, &uart), ERR_TRUNCATED);
	assert_int_equal(changed(0, 'X', 1, &uart), ERR_INVALID);
}

/* What is written reads as what was asked for; of the port that virt has, it is what virt says. */
static void test_write(void **state)
{
	static const struct uart_desc ports[] = {
		{.base = 0x9000000, .intid = 33, .baud = 9600, .kind = BOOT_UART_PL011},
		{.base = 0x123456789000, .kind = BOOT_UART_SBSA, .intid = 1019},
		{.base = 0x3f215040,
		 .baud = 115200,
		 .kind = BOOT_UART_16550,
		 .width = 1,
		 .shift = 2},
		{.base = 0xfe201000,
		 .baud = 57600,
		 .kind = BOOT_UART_16550,
		 .width = 4,
		 .shift = 2},
		{.base = 0x1001, .baud = 19200, .kind = BOOT_UART_16550, .width = 1},
		{.base = 0x2000, .baud = 1500000, .kind = BOOT_UART_DW, .width = 2, .shift = 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		uint8_t out[sizeof(virt_spcr)];
		struct uart_desc uart;
		struct acpiw w;
		size_t bytes;
		bool is_16550 = ports[i].width != 0;

		acpiw_init(&w, out, 0x1000, sizeof(out));
		assert_int_equal(spcr_write(&w, &ports[i]), 0x1000);
		assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
		assert_int_equal(bytes, sizeof(virt_spcr));
		assert_int_equal(spcr_parse(out, bytes, &uart), ERR_OK);
		assert_int_equal(uart.base, ports[i].base);
		assert_int_equal(uart.intid, ports[i].intid);
		assert_int_equal(uart.kind, is_16550 ? BOOT_UART_16550 : ports[i].kind);
		assert_int_equal(uart.baud, ports[i].baud == 1500000 ? 0 : ports[i].baud);
		assert_int_equal(uart.width, is_16550 ? ports[i].width : 4);
		assert_int_equal(uart.shift, is_16550 ? ports[i].shift : 2);
		/* Flow control and the kind of terminal (61, 62) are not virt's. */
		if (i == 0) {
			assert_memory_equal(out + 36, virt_spcr + 36, 61 - 36);
			assert_memory_equal(out + 63, virt_spcr + 63, sizeof(out) - 63);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real),   cmocka_unit_test(test_revision_4),
		cmocka_unit_test(test_fields), cmocka_unit_test(test_spacing),
		cmocka_unit_test(test_broken), cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
