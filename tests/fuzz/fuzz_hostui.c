/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/hostreport.h"
#include "lib/hostui.h"

/*
 * Bytes of a terminal as keys, with new sizes, snapshots and reports in between. What is written is
 * rows of the screen, whole, printable and inside it; the machine ends only by a `y` to a question,
 * and so does a VM, which is then the one that was asked about.
 */
static struct hostui ui;
static struct host_report report;
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

/* As the hypervisor takes one, and shows it. */
static void take_report(struct fuzz_input *in)
{
	uint8_t *bytes = (uint8_t *)&report;
	size_t at = fuzz_take(in, 2) % sizeof(report), n;
	struct hostui_snapshot *now = &ui.now;

	for (n = fuzz_take(in, 1); n > 0 && at < sizeof(report); n--)
		bytes[at++] = (uint8_t)fuzz_take(in, 1);
	report.bytes = sizeof(report);
	report.reserved = 0;
	now->has_manager = hostreport_clean(&report) == ERR_OK;
	if (!now->has_manager)
		return;
	now->host_name = report.name;
	now->host_address = report.address;
	now->machine = report.machine;
	now->off_left_out = report.off_left_out;
	ui.message = report.message;
	now->row_count = 0;
	for (n = 0; n < report.off_count; n++) {
		struct hostui_row *r = &now->row[now->row_count++];

		*r = (struct hostui_row){.is_vm = true, .is_user = true, .is_off = true};
		memcpy(r->name, report.off[n], HOST_REPORT_VM_BYTES);
	}
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
		r->is_off = what & 128;
		r->key = r->name[0] = (char)fuzz_take(in, 1);
		r->cpu_ms = r->memory_bytes = fuzz_take(in, 8);
	}
	if (what & 64)
		take_report(in);
	hostui_update(&ui);
}

static void check_request(enum hostui_request request, enum hostui_mode mode,
			  const struct termkey_token *token)
{
	const struct hostui_row *r = &ui.now.row[ui.chosen];
	bool is_yes = token->kind == TERMKEY_TEXT && (token->code | 32) == 'y';

	if (request == HOSTUI_RESTART || request == HOSTUI_POWER_OFF)
		FUZZ_CHECK((mode == HOSTUI_ASK_RESTART || mode == HOSTUI_ASK_POWER_OFF) && is_yes);
	if (request == HOSTUI_VM_STOP || request == HOSTUI_VM_RESTART)
		FUZZ_CHECK((mode == HOSTUI_ASK_VM_STOP || mode == HOSTUI_ASK_VM_RESTART) &&
			   is_yes && !r->is_off);
	if (request == HOSTUI_VM_START)
		FUZZ_CHECK(r->is_off);
	if (request >= HOSTUI_VM_START)
		FUZZ_CHECK(ui.chosen < ui.now.row_count && r->is_vm && r->is_user &&
			   ui.now.has_manager);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct termkey_token token;
	struct termkey keys;
	char console;

	hostui_init(&ui);
	memset(&report, 0, sizeof(report));
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
			check_request(request, mode, &token);
		}
		cells = 0;
		hostui_show(&ui, look, NULL);
		FUZZ_CHECK(cells >= (size_t)ui.rows * ui.columns);
		FUZZ_CHECK(ui.now.row_count == 0 || ui.chosen < ui.now.row_count);
	}
	return 0;
}
