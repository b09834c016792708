/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/hostui.h"

/*
 * Bytes of a terminal as keys, with new sizes and snapshots in between. What is written is rows of
 * the screen, whole, printable and inside it; the machine ends only by a `y` to a question.
 */
static struct hostui ui;
static size_t cells;

static void look(void *ctx, const char *text, size_t bytes)
{
	FUZZ_CHECK(bytes <= HOSTUI_COLUMNS_MAX);
	if (bytes > 0 && text[0] != 0x1b) {
		FUZZ_CHECK(bytes == ui.columns);
		cells += bytes;
	}
	for (size_t i = 0; i < bytes; i++)
		FUZZ_CHECK((text[i] >= ' ' && text[i] <= '~') || (i == 0 && text[i] == 0x1b));
}

static void change(struct fuzz_input *in)
{
	struct hostui_snapshot *now = &ui.now;
	uint64_t what = fuzz_take(in, 1);

	if (what & 1)
		hostui_resize(&ui, (unsigned int)fuzz_take(in, 1), (unsigned int)fuzz_take(in, 1));
	if (what & 2)
		now->cpu_count = (uint32_t)fuzz_take(in, 1);
	if (what & 4)
		now->warnings = now->uptime_s = now->memory_bytes = fuzz_take(in, 8);
	if (what & 8)
		now->row_count = (uint32_t)fuzz_take(in, 1);
	if (what & 16) {
		struct hostui_row *r = &now->row[fuzz_take(in, 1) % HOSTUI_ROWS_MAX];

		r->id = (uint32_t)fuzz_take(in, 1);
		r->is_vm = r->is_user = what & 32;
		r->key = r->name[0] = (char)fuzz_take(in, 1);
		r->cpu_ms = r->memory_bytes = fuzz_take(in, 8);
	}
	hostui_update(&ui);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct termkey_token token;
	struct termkey keys;
	char console;

	hostui_init(&ui);
	termkey_init(&keys);
	while (in.bytes > 0) {
		enum hostui_mode mode = ui.mode;
		const uint8_t *at = in.data;
		size_t count = 1;

		if (*at == 0xff) {
			fuzz_take(&in, 1);
			change(&in);
		} else if (fuzz_take(&in, 1), termkey_next(&keys, &at, &count, &token)) {
			enum hostui_request request = hostui_key(&ui, &token, &console);

			FUZZ_CHECK((request == HOSTUI_SHOW) == (console != 0));
			if (request == HOSTUI_RESTART || request == HOSTUI_POWER_OFF)
				FUZZ_CHECK(mode >= HOSTUI_ASK_RESTART && (token.code | 32) == 'y');
		}
		cells = 0;
		hostui_show(&ui, look, NULL);
		FUZZ_CHECK(cells >= (size_t)ui.rows * ui.columns);
		FUZZ_CHECK(ui.now.row_count == 0 || ui.chosen < ui.now.row_count);
	}
	return 0;
}
