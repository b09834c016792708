/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/pl011.h"

/* A guest and the other side of the line at work on one UART. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	static struct pl011 uart;

	pl011_reset(&uart);
	while (in.bytes != 0) {
		uint8_t block[32], sent;
		uint64_t op = fuzz_take(&in, 1);
		uint32_t offset = fuzz_take(&in, 2) & 0xfff;
		size_t room = pl011_receive_room(&uart), count;

		FUZZ_CHECK(room <= PL011_RX_BYTES);
		switch (op % 4) {
		case 0:
			(void)pl011_read(&uart, offset);
			break;
		case 1:
			(void)pl011_write(&uart, offset, fuzz_take(&in, 4), &sent);
			break;
		case 2:
			memset(block, (int)op, sizeof(block));
			count = pl011_receive(&uart, block, offset % (sizeof(block) + 1));
			FUZZ_CHECK(count <= room && pl011_receive_room(&uart) <= room);
			break;
		default:
			pl011_set_tx_blocked(&uart, op & 4);
			break;
		}
		FUZZ_CHECK(pl011_interrupt(&uart) == (pl011_read(&uart, PL011_MIS) != 0));
	}
	return 0;
}
