/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/consolearg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes ? bytes : 1); /* without a NUL */
	struct consolearg arg;
	const char *why;

	if (bytes != 0)
		memcpy(text, data, bytes);
	if (consolearg_parse(text, bytes, &arg, &why) != ERR_OK) {
		FUZZ_CHECK(why != NULL && strlen(why) > 0);
		free(text);
		return 0;
	}
	FUZZ_CHECK(why == NULL);
	if (arg.what == CONSOLEARG_ADDRESS) {
		FUZZ_CHECK(arg.uart.kind >= BOOT_UART_PL011 && arg.uart.kind <= BOOT_UART_DW);
		FUZZ_CHECK(arg.uart.width <= 1 << arg.uart.shift && arg.uart.shift <= 4);
		FUZZ_CHECK(arg.uart.base % arg.uart.width == 0 && arg.uart.fifo_bytes != 0);
	}
	if (arg.what == CONSOLEARG_NODE)
		FUZZ_CHECK(arg.node == text && arg.node_bytes >= 1 && arg.node_bytes <= bytes);
	FUZZ_CHECK(arg.uart.intid == 0 || (arg.uart.intid >= 32 && arg.uart.intid < 1020));
	free(text);
	return 0;
}
