/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen, from the top: title; host; CPUs; memory; what is wrong, if anything is; the table;
 * the keys. Every row is written to its last column, and nothing is ever erased, so a screen that
 * is looked at in the middle has only rows that are whole, old or new.
 */
#include "lib/hostui.h"

#include "lib/fmt.h"
#include "lib/text.h"

#include <string.h>

#define WIDE_COLUMNS 60 /* from here on there is room for words */
#define KEYS_COLUMNS 78 /* for all words of the last line */
#define TALL_ROWS    16 /* from here on there is room for more than the table */
#define CPU_COLUMNS  16
#define CELL_BYTES   24

#define PLAIN     ""
#define BOLD      "\x1b[1m"
#define UNDERLINE "\x1b[4m"
#define INVERSE   "\x1b[7m"
#define END       "\x1b[m"

/* Who gets the text. */
struct sink {
	hostui_put_fn *put;
	void *ctx;
};

void hostui_init(struct hostui *h)
{
	memset(h, 0, sizeof(*h));
	h->columns = 80;
	h->rows = 24;
	h->chosen_id = UINT32_MAX;
}

void hostui_resize(struct hostui *h, unsigned int columns, unsigned int rows)
{
	h->columns = columns < HOSTUI_COLUMNS_MAX ? columns : HOSTUI_COLUMNS_MAX;
	h->rows = rows;
}

static void choose(struct hostui *h, uint32_t index)
{
	h->chosen = index;
	h->chosen_id = UINT32_MAX;
	h->chosen_is_vm = false;
	h->chosen_name[0] = '\0';
	if (index >= h->now.row_count)
		return;
	h->chosen_id = h->now.row[index].id;
	h->chosen_is_vm = h->now.row[index].is_vm;
	memcpy(h->chosen_name, h->now.row[index].name, sizeof(h->chosen_name));
	h->chosen_name[sizeof(h->chosen_name) - 1] = '\0';
}

/* Is this the row that was chosen? VMs get another number with each start, and a name late. */
static bool is_chosen(const struct hostui *h, const struct hostui_row *r)
{
	if (r->is_vm != h->chosen_is_vm)
		return false;
	if (r->is_vm && r->name[0] != '\0' && h->chosen_name[0] != '\0')
		return text_is(r->name, h->chosen_name);
	return r->id == h->chosen_id;
}

static bool is_about_vm(enum hostui_mode mode)
{
	return mode == HOSTUI_ASK_VM_STOP || mode == HOSTUI_ASK_VM_RESTART;
}

void hostui_update(struct hostui *h)
{
	uint32_t i, count;

	if (h->now.row_count > HOSTUI_ROWS_MAX)
		h->now.row_count = HOSTUI_ROWS_MAX;
	if (h->now.cpu_count > HOSTUI_CPUS_MAX)
		h->now.cpu_count = HOSTUI_CPUS_MAX;
	count = h->now.row_count;
	for (i = 0; i < count; i++)
		h->now.row[i].name[HOSTUI_NAME_BYTES - 1] = '\0';
	for (i = 0; i < count; i++) {
		if (is_chosen(h, &h->now.row[i])) {
			choose(h, i);
			return;
		}
	}
	if (is_about_vm(h->mode))
		h->mode = HOSTUI_TABLE;
	choose(h, h->chosen < count ? h->chosen : count - (count > 0));
}

/* --- a row of the screen --- */

static bool is_wide(const struct hostui *h)
{
	return h->columns >= WIDE_COLUMNS;
}

static void say(struct hostui *h, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* More of the line, as far as there is room. */
static void say(struct hostui *h, const char *fmt, ...)
{
	size_t room = h->columns - h->used, length;
	va_list args;

	va_start(args, fmt);
	length = fmt_vsnprintf(h->line + h->used, room + 1, fmt, args);
	va_end(args);
	h->used += length < room ? length : room;
}

/* The same, so that it ends with the last column, if it fits there. */
static void say_right(struct hostui *h, const char *text)
{
	size_t length = text_length(text);

	if (h->used + 1 + length <= h->columns)
		say(h, "%*s%s", (int)(h->columns - h->used - length), "", text);
}

/* The line is row y of the screen, from 0, if there is one. Names may hold anything. */
static void end_line(struct hostui *h, const struct sink *to, unsigned int y, const char *style)
{
	char start[16];
	size_t i, length;

	if (y < h->rows && h->columns > 0) {
		say(h, "%*s", (int)(h->columns - h->used), "");
		for (i = 0; i < h->columns; i++) {
			if (h->line[i] < ' ' || h->line[i] > '~')
				h->line[i] = '?';
		}
		length = fmt_snprintf(start, sizeof(start), "\x1b[%u;1H", y + 1);
		to->put(to->ctx, start, length);
		to->put(to->ctx, style, text_length(style));
		to->put(to->ctx, h->line, h->columns);
		to->put(to->ctx, END, sizeof(END) - 1);
	}
	h->used = 0;
}

/* --- what is above the table --- */

static void show_title(struct hostui *h, const struct sink *to)
{
	uint64_t s = h->now.uptime_s;

	say(h, " Caisson %s  up ", h->now.version ? h->now.version : "");
	if (s >= 86400)
		say(h, "%lu d ", s / 86400);
	say(h, "%02lu:%02lu:%02lu", s / 3600 % 24, s / 60 % 60, s % 60);
	say_right(h, "F1 Help ");
	end_line(h, to, 0, INVERSE);
}

/* Whose machine it is. Gives the next row. */
static unsigned int show_host(struct hostui *h, const struct sink *to, unsigned int y)
{
	if (!h->now.host_name || h->now.host_name[0] == '\0')
		return y;
	say(h, "Host %s", h->now.host_name);
	if (h->now.host_address && h->now.host_address[0] != '\0')
		say(h, ", %s", h->now.host_address);
	if (h->now.machine && h->now.machine[0] != '\0')
		say(h, " on %s", h->now.machine);
	end_line(h, to, y, PLAIN);
	return y + 1;
}

static void show_cpu_sum(struct hostui *h, const struct sink *to, unsigned int y)
{
	unsigned int user = 0, service = 0, asleep = 0, count = h->now.cpu_count, i;

	for (i = 0; i < count; i++) {
		user += h->now.cpu[i].user;
		service += h->now.cpu[i].service;
		asleep += h->now.cpu[i].asleep;
	}
	i = count > 0 ? count : 1;
	say(h,
	    is_wide(h) ? "CPUs %u: user VMs %u%%, service VM %u%%, asleep %u%%"
		       : "CPUs %u: VMs %u%% svm %u%% asleep %u%%",
	    count, user / i, service / i, asleep / i);
	end_line(h, to, y, PLAIN);
}

/* Each CPU by itself, in so many rows at most. Gives the next row. */
static unsigned int show_cpus(struct hostui *h, const struct sink *to, unsigned int y,
			      unsigned int most)
{
	unsigned int in_row = h->columns / CPU_COLUMNS, end = y + most, i = 0, n;

	while (in_row > 0 && i < h->now.cpu_count && y < end) {
		for (n = 0; n < in_row && i < h->now.cpu_count; n++, i++) {
			const struct hostui_cpu *c = &h->now.cpu[i];

			if (y + 1 == end && n + 1 == in_row && i + 1 < h->now.cpu_count) {
				say(h, " and %u more", h->now.cpu_count - i);
				break;
			}
			say(h, "%3u:%3u/%3u/%3u ", i, c->user, c->service, c->asleep);
		}
		end_line(h, to, y++, PLAIN);
	}
	return y;
}

static void show_memory(struct hostui *h, const struct sink *to, unsigned int y)
{
	const struct hostui_snapshot *now = &h->now;

	say(h,
	    is_wide(h) ? "Memory %lu M: Caisson %lu M, user VMs %lu M"
		       : "Memory %luM: own %luM VMs %luM",
	    now->memory_bytes >> 20, now->own_bytes >> 20, now->user_bytes >> 20);
	if (is_wide(h))
		say(h, ", their stores %lu M", now->store_bytes >> 20);
	end_line(h, to, y, PLAIN);
}

/* Gives the next row. */
static unsigned int show_warnings(struct hostui *h, const struct sink *to, unsigned int y)
{
	const struct hostui_snapshot *now = &h->now;
	if (now->errors > 0 || now->warnings > 0)
		say(h, "! log: %lu errors, %lu warnings", now->errors, now->warnings);
	if (now->is_manager_lost)
		say(h, "%scaissond is silent", h->used > 0 ? "; " : "! ");
	if (now->off_left_out > 0)
		say(h, "%s%u VMs more", h->used > 0 ? "; " : "! ", now->off_left_out);
	if (now->cpus_left_out > 0)
		say(h, "%s%u CPUs unused", h->used > 0 ? "; " : "! ", now->cpus_left_out);
	if (h->used == 0)
		return y;
	end_line(h, to, y, BOLD);
	return y + 1;
}

/* What the chosen VM's own tools say of it; an empty row where they say nothing. */
static void show_guest(struct hostui *h, const struct sink *to, unsigned int y)
{
	const struct hostui_row *r = h->chosen < h->now.row_count ? &h->now.row[h->chosen] : NULL;
	bool has_os = r && r->os && r->os[0] != '\0';
	bool has_address = r && r->address && r->address[0] != '\0';

	if (has_os || has_address)
		say(h, "%.*s: %s%s%s", HOSTUI_NAME_BYTES - 1, r->name, has_os ? r->os : "",
		    has_os && has_address ? ", " : "", has_address ? r->address : "");
	end_line(h, to, y, PLAIN);
}

/* --- the table --- */

struct column {
	const char *title;
	uint8_t width;
	bool to_right;
	/* Leaves text, which is empty, as it is where the row has nothing to say. */
	void (*cell)(const struct hostui_row *r, char text[CELL_BYTES]);
};

static void key_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	(void)fmt_snprintf(text, CELL_BYTES, " %c", r->key ? r->key : '-');
}

static void name_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	(void)fmt_snprintf(text, CELL_BYTES, "%.*s", HOSTUI_NAME_BYTES - 1, r->name);
}

static void state_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	(void)fmt_snprintf(text, CELL_BYTES, "%s", r->is_vm && r->state ? r->state : "");
}

static void vcpu_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	if (r->is_vm && !r->is_off)
		(void)fmt_snprintf(text, CELL_BYTES, "%u", r->vcpus);
}

static void memory_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	if (r->is_vm && !r->is_off)
		(void)fmt_snprintf(text, CELL_BYTES, "%lu M", r->memory_bytes >> 20);
}

static void time_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	if (r->is_vm && r->is_user && !r->is_off)
		(void)fmt_snprintf(text, CELL_BYTES, "%lu.%lu s", r->cpu_ms / 1000,
				   r->cpu_ms % 1000 / 100);
}

static void load_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	if (r->is_vm && r->has_load)
		(void)fmt_snprintf(text, CELL_BYTES, "%u%%", r->load_percent);
}

static void port_cell(const struct hostui_row *r, char text[CELL_BYTES])
{
	if (r->port)
		(void)fmt_snprintf(text, CELL_BYTES, "%c", r->port);
}

static const struct column columns[] = {
	{"KEY", 3, false, key_cell},       {"NAME", 16, false, name_cell},
	{"STATE", 8, false, state_cell},   {"VCPUS", 5, true, vcpu_cell},
	{"MEMORY", 10, true, memory_cell}, {"CPU TIME", 12, true, time_cell},
	{"LOAD", 6, true, load_cell},      {"PORT", 4, true, port_cell},
};

/* One line of the table: the columns that fit whole. r NULL: their titles. */
static void say_row(struct hostui *h, const struct hostui_row *r)
{
	char text[CELL_BYTES];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct column *c = &columns[i];
		int width = c->width;

		if (h->used + c->width + 1u > h->columns)
			return;
		text[0] = 0;
		if (r)
			c->cell(r, text);
		else
			(void)fmt_snprintf(text, sizeof(text), "%s", c->title);
		if (c->to_right)
			say(h, "%*.*s ", width, width, text);
		else
			say(h, "%-*.*s ", width, width, text);
	}
}

/* The titles; behind NAME which rows are shown, if it is not all. */
static void say_titles(struct hostui *h, uint32_t fit)
{
	size_t at = columns[0].width + 1u + sizeof("NAME"), end;
	uint32_t count = h->now.row_count;
	char where[24];

	say_row(h, NULL);
	end = h->used;
	if (fit == 0 || count <= fit || end <= at)
		return;
	(void)fmt_snprintf(where, sizeof(where), "%u-%u/%u", h->first + 1, h->first + fit, count);
	h->used = at;
	say(h, "%-*s", (int)(columns[0].width + 1u + columns[1].width - at), where);
	h->line[h->used] = ' ';
	h->used = end;
}

/* In screen rows y to end - 1. */
static void show_table(struct hostui *h, const struct sink *to, unsigned int y, unsigned int end)
{
	uint32_t count = h->now.row_count, fit = end > y + 1 ? end - y - 1 : 0, i;

	if (h->first + fit > count)
		h->first = count > fit ? count - fit : 0;
	if (fit > 0 && h->chosen >= h->first + fit)
		h->first = h->chosen - fit + 1;
	if (h->chosen < h->first)
		h->first = h->chosen;
	say_titles(h, fit);
	if (y < end)
		end_line(h, to, y, UNDERLINE);
	h->used = 0;
	for (i = 0; i < fit; i++) {
		uint32_t at = h->first + i;

		if (at < count)
			say_row(h, &h->now.row[at]);
		end_line(h, to, y + 1 + i, at < count && at == h->chosen ? INVERSE : PLAIN);
	}
}

/* --- help, keys --- */

static const char *const help[] = {
	"F2, Enter console; F3 log; F4 shell",
	"F5, F6, F7 start, stop, restart the VM",
	"F8, F9     host: reset, off (asks)",
	"ESC 1 to ESC 9 are F1 to F9.",
	"Arrows, Home, End, PgUp, PgDn choose.",
	"KEY: the console's, behind the escape",
	"key (Ctrl-G if not set otherwise).",
	"Any key goes back.",
	"",
	"F6 presses the VM's power button, F7 too,",
	"and starts it again when it is off.",
	"CPUs: user VMs, service VM (its idle",
	"time too), asleep; of each in percent.",
	"LOAD: in percent of one CPU, as these",
	"since the screen was made before; the",
	"service VM's as it reports, not idle.",
};

static void show_help(struct hostui *h, const struct sink *to, unsigned int end)
{
	unsigned int y;

	for (y = 1; y < end; y++) {
		if (y - 1 < ARRAY_SIZE(help))
			say(h, " %s", help[y - 1]);
		end_line(h, to, y, PLAIN);
	}
}

static void show_keys(struct hostui *h, const struct sink *to)
{
	const char *text = "1? 2Con 3Log 4Sh 5Run 6End 7Re 8Rst 9Off";

	if (h->columns >= KEYS_COLUMNS)
		text = "F1 Help F2 Console F3 Log F4 Shell F5 Start F6 Stop F7 Restart F8 Reset "
		       "F9 Off";
	else if (is_wide(h))
		text = "1Help 2Console 3Log 4Shell 5Start 6Stop 7Restart 8Reset 9Off";
	if (h->mode == HOSTUI_ASK_RESTART)
		text = "Reset? All VMs are cut off. y: yes";
	else if (h->mode == HOSTUI_ASK_POWER_OFF)
		text = "Switch off? All VMs are cut off. y: yes";
	else if (h->message)
		text = h->message;
	if (is_about_vm(h->mode))
		say(h, "%s %.*s? y: yes", h->mode == HOSTUI_ASK_VM_STOP ? "Stop" : "Restart",
		    (int)(h->columns < 40 ? 8 : h->columns - 16), h->chosen_name);
	else
		say(h, "%s", text);
	end_line(h, to, h->rows - 1, INVERSE);
}

void hostui_show(struct hostui *h, hostui_put_fn *put, void *ctx)
{
	static const char no_cursor[] = "\x1b[?25l";
	const struct sink to = {put, ctx};
	unsigned int end, y = 1;

	if (h->rows == 0 || h->columns == 0)
		return;
	end = h->rows - 1;
	put(ctx, no_cursor, sizeof(no_cursor) - 1);
	h->used = 0;
	show_title(h, &to);
	if (h->mode == HOSTUI_HELP) {
		show_help(h, &to, end);
	} else {
		y = show_host(h, &to, y);
		show_cpu_sum(h, &to, y++);
		if (h->rows >= TALL_ROWS)
			y = show_cpus(h, &to, y, h->rows / 8);
		show_memory(h, &to, y++);
		y = show_warnings(h, &to, y);
		if (h->rows >= TALL_ROWS)
			show_guest(h, &to, y++);
		show_table(h, &to, y, end);
	}
	show_keys(h, &to);
}

/* --- keys --- */

static enum hostui_request show(char key, char *console)
{
	*console = key;
	return key ? HOSTUI_SHOW : HOSTUI_NOTHING;
}

static enum hostui_request show_chosen(struct hostui *h, char *console)
{
	char key = h->chosen < h->now.row_count ? h->now.row[h->chosen].key : 0;

	if (!key)
		h->message = "This row has no console.";
	return show(key, console);
}

/* What is to be done with the VM of the chosen row; a message says what cannot be. */
static enum hostui_request for_vm(struct hostui *h, enum hostui_request request)
{
	const struct hostui_row *r = h->chosen < h->now.row_count ? &h->now.row[h->chosen] : NULL;
	bool is_start = request == HOSTUI_VM_START;

	if (!r || !r->is_vm)
		h->message = "Choose a virtual machine.";
	else if (!r->is_user)
		h->message = "This one starts and ends with the host.";
	else if (!h->now.has_manager)
		h->message = "caissond, who does it, is not there.";
	else if (is_start && !r->is_off)
		h->message = "It runs already.";
	else if (!is_start && r->is_off)
		h->message = "It does not run.";
	else
		return request;
	return HOSTUI_NOTHING;
}

static enum hostui_request ask_about_vm(struct hostui *h, enum hostui_request request)
{
	if (for_vm(h, request) != HOSTUI_NOTHING)
		h->mode = request == HOSTUI_VM_STOP ? HOSTUI_ASK_VM_STOP : HOSTUI_ASK_VM_RESTART;
	return HOSTUI_NOTHING;
}

static void move(struct hostui *h, bool is_down, uint32_t by)
{
	uint32_t last = h->now.row_count - (h->now.row_count > 0);

	if (is_down)
		choose(h, by < last - h->chosen ? h->chosen + by : last);
	else
		choose(h, by < h->chosen ? h->chosen - by : 0);
}

static enum hostui_request table_key(struct hostui *h, uint32_t code, char *console)
{
	uint32_t page = h->rows > 10 ? h->rows / 2 : 5;

	switch (code) {
	case TERMKEY_UP:
	case TERMKEY_PAGE_UP:
	case TERMKEY_HOME:
		move(h, false, code == TERMKEY_UP ? 1 : code == TERMKEY_HOME ? UINT32_MAX : page);
		return HOSTUI_NOTHING;
	case TERMKEY_DOWN:
	case TERMKEY_PAGE_DOWN:
	case TERMKEY_END:
		move(h, true, code == TERMKEY_DOWN ? 1 : code == TERMKEY_END ? UINT32_MAX : page);
		return HOSTUI_NOTHING;
	case TERMKEY_F1:
		h->mode = HOSTUI_HELP;
		return HOSTUI_NOTHING;
	case TERMKEY_F1 + 1:
		return show_chosen(h, console);
	case TERMKEY_F1 + 2:
		return show('l', console);
	case TERMKEY_F1 + 3:
		return show('s', console);
	case TERMKEY_F1 + 4:
		return for_vm(h, HOSTUI_VM_START);
	case TERMKEY_F1 + 5:
		return ask_about_vm(h, HOSTUI_VM_STOP);
	case TERMKEY_F1 + 6:
		return ask_about_vm(h, HOSTUI_VM_RESTART);
	case TERMKEY_F1 + 7:
		h->mode = HOSTUI_ASK_RESTART;
		return HOSTUI_NOTHING;
	case TERMKEY_F1 + 8:
		h->mode = HOSTUI_ASK_POWER_OFF;
		return HOSTUI_NOTHING;
	default:
		return HOSTUI_NOTHING;
	}
}

static enum hostui_request confirmed(struct hostui *h, enum hostui_mode mode)
{
	switch (mode) {
	case HOSTUI_ASK_RESTART:
		return HOSTUI_RESTART;
	case HOSTUI_ASK_POWER_OFF:
		return HOSTUI_POWER_OFF;
	case HOSTUI_ASK_VM_STOP:
		return for_vm(h, HOSTUI_VM_STOP);
	case HOSTUI_ASK_VM_RESTART:
		return for_vm(h, HOSTUI_VM_RESTART);
	default:
		return HOSTUI_NOTHING;
	}
}

enum hostui_request hostui_key(struct hostui *h, const struct termkey_token *key, char *console)
{
	enum hostui_mode mode = h->mode;
	bool is_yes = key->kind == TERMKEY_TEXT && (key->code == 'y' || key->code == 'Y');

	*console = 0;
	/* Nobody typed these. */
	if (key->kind == TERMKEY_SIZE || key->kind == TERMKEY_CURSOR || key->kind == TERMKEY_OTHER)
		return HOSTUI_NOTHING;
	h->message = NULL;
	if (mode != HOSTUI_TABLE) {
		h->mode = HOSTUI_TABLE;
		return is_yes ? confirmed(h, mode) : HOSTUI_NOTHING;
	}
	if (key->kind == TERMKEY_CONTROL && (key->code == '\r' || key->code == '\n'))
		return show_chosen(h, console);
	return key->kind == TERMKEY_KEY ? table_key(h, key->code, console) : HOSTUI_NOTHING;
}
