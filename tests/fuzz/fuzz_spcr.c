/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/fadt.h"
#include "lib/gtdt.h"
#include "lib/spcr.h"

/* The input is a table; its checksum is put right, so that more than that is looked at. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *table = malloc(bytes ? bytes : 1);
	struct uart_desc uart;
	uint8_t sum = 0;
	struct fadt fadt;
	struct gtdt gtdt;

	if (bytes != 0)
		memcpy(table, data, bytes);
	for (size_t i = 0; bytes > 9 && i < bytes && i < (size_t)(table[4] | table[5] << 8); i++)
		sum += table[i];
	if (bytes > 9)
		table[9] -= sum;
	if (spcr_parse(table, bytes, &uart) == ERR_OK && uart.kind != BOOT_UART_NONE) {
		FUZZ_CHECK(uart.base != 0 && uart.base % uart.width == 0);
		FUZZ_CHECK(uart.width <= 1 << uart.shift && uart.shift <= 2);
		FUZZ_CHECK(uart.intid == 0 || (uart.intid >= 32 && uart.intid < 1020));
	}
	if (fadt_read(table, bytes, &fadt) != ERR_OK)
		FUZZ_CHECK(!fadt.headless && !fadt.psci);
	if (gtdt_read(table, bytes, &gtdt) != ERR_OK)
		FUZZ_CHECK(gtdt.phys_intid == 0 && gtdt.virt_intid == 0);
	FUZZ_CHECK(gtdt.hyp_intid < 32);
	free(table);
	return 0;
}
