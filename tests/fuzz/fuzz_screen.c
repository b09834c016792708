/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/screen.h"
#include "tests/unit/screen_check.h"

/*
 * Bytes of a client in pieces, with new sizes, overlays and looks at the history in between. What
 * the screen promises holds all the time, and who follows its damage has what it shows.
 */
#define HISTORY_BYTES 2048
#define PIECE_MAX     64

static struct screen_cell cells[SCREEN_COLUMNS_MAX];

static void look_back(struct screen *s, unsigned int back)
{
	unsigned int n = screen_history_row(s, back, cells, ARRAY_SIZE(cells));

	FUZZ_CHECK(n == 0 || back <= screen_history_lines(s));
	FUZZ_CHECK(screen_check_cells(cells, n, n) == NULL);
}

static void operate(struct screen *s, struct fuzz_input *in)
{
	uint64_t op = fuzz_take(in, 1), lines = screen_history_pushed(s);
	size_t count = op % PIECE_MAX < in->bytes ? op % PIECE_MAX : in->bytes;
	uint8_t reply[SCREEN_REPLY_BYTES];
	unsigned int y;

	switch (op / PIECE_MAX) {
	case 0:
		if (op == 0)
			screen_resize(s, fuzz_take(in, 1) * 2, fuzz_take(in, 1));
		else if (op == 1)
			look_back(s, fuzz_take(in, 1));
		else if (op == 2)
			(void)screen_take_reply(s, reply, fuzz_take(in, 1));
		else if (op < 8)
			screen_resize(s, op + fuzz_take(in, 1) % 16, fuzz_take(in, 1) % 12);
		break;
	case 1:
		y = fuzz_take(in, 1) % s->rows;
		memcpy(cells, screen_row(s, y), s->columns * sizeof(*cells));
		screen_put_row(s, y, cells + op % 4, count < s->columns ? count : s->columns - 4);
		break;
	default:
		screen_write(s, in->data, count);
		in->data += count;
		in->bytes -= count;
		break;
	}
	FUZZ_CHECK(screen_history_pushed(s) >= lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct screen s;
	static struct screen_watcher watcher;
	struct fuzz_input in = {data, bytes};
	unsigned int flags = fuzz_take(&in, 1) & (SCREEN_NO_ALTERNATE | SCREEN_NO_HISTORY);
	size_t size = screen_grid_bytes(flags) + HISTORY_BYTES;
	static void *memory;

	if (memory == NULL)
		memory = malloc(screen_grid_bytes(0) + HISTORY_BYTES);
	/* Old contents must not matter; what is behind the part in use is ASan's. */
	screen_init(&s, (uint8_t *)memory + (screen_grid_bytes(0) - screen_grid_bytes(flags)), size,
		    flags);
	screen_resize(&s, 2 + fuzz_take(&in, 1) % 30, 1 + fuzz_take(&in, 1) % 10);
	screen_watch(&watcher, &s);
	while (in.bytes != 0) {
		operate(&s, &in);
		FUZZ_CHECK(screen_check(&s) == NULL);
		FUZZ_CHECK(screen_follow(&watcher, &s) == NULL);
	}
	FUZZ_CHECK(screen_check_history(&s.history) == NULL);
	return 0;
}
