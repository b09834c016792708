/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/painter_sim.h"

/*
 * show_screen COLUMNS ROWS CHUNK ROOM OFFSET... <STREAM
 *
 * Feeds a stream of terminal output to a screen, CHUNK bytes at a time, with a call of the painter
 * after each that has ROOM for its output. At each offset the painting is finished, and a line of
 * JSON says: the cells [text, fg, bg, attributes] with the numbers of lib/screen.h, the cursor, the
 * modes, what was sent since the offset before (hexadecimal), how many bytes a switch to the screen
 * sends to a terminal that is full of other text, and how many bytes of text the screen has.
 */
#define OTHER 1 /* the screen full of other text */

static struct sim *sim;
static uint8_t sent[1 << 20];
static size_t sent_bytes;

static size_t paint(size_t room)
{
	size_t count;

	if (sent_bytes + room > sizeof(sent))
		abort();
	count = painter_paint(&sim->painter, &sim->screen[0], sent + sent_bytes, room);
	sent_bytes += count;
	return count;
}

static void feed(FILE *stream, size_t count, size_t chunk, size_t room)
{
	uint8_t bytes[4096];

	while (count > 0) {
		size_t part = count < chunk ? count : chunk;

		if (fread(bytes, 1, part, stream) != part)
			exit(1);
		sim_write(sim, 0, bytes, part);
		paint(room);
		count -= part;
	}
	while (paint(room) != 0)
		;
}

static size_t utf8(uint32_t code, char *to)
{
	if (code < 0x80)
		return sprintf(to, code == '"' || code == '\\' ? "\\%c" : "%c", (int)code);
	if (code >= 0x10000) {
		code -= 0x10000;
		return sprintf(to, "\\u%04x\\u%04x", 0xd800 | code >> 10, 0xdc00 | (code & 0x3ff));
	}
	return sprintf(to, "\\u%04x", code);
}

static void show_cell(const struct screen_cell *cell, bool last)
{
	uint32_t code = cell->text & SCREEN_CODE_POINT;
	char text[64] = "";
	size_t used = code == 0 ? 0 : utf8(code, text);

	for (unsigned int i = 0; i < ARRAY_SIZE(cell->mark) && cell->mark[i] != 0; i++)
		used += utf8(cell->mark[i], text + used);
	printf("[\"%s\",%u,%u,%u]%s", text, cell->fg, cell->bg, cell->text & SCREEN_ATTRIBUTES,
	       last ? "" : ",");
}

/* Bytes of a switch from the other screen to this one. */
static size_t measure_switch(void)
{
	static struct screen_cell cells[SCREEN_CELLS_MAX];
	struct painter p;
	uint8_t bytes[4096];
	size_t total = 0, count;

	painter_init(&p, cells);
	painter_resize(&p, sim->screen[0].columns, sim->screen[0].rows);
	screen_resize(&sim->screen[OTHER], p.columns, p.rows);
	sim_write(sim, OTHER, "\r\n", 2);
	for (unsigned int i = 0; i < p.rows * p.columns; i++)
		sim_write(sim, OTHER, i % 7 == 6 ? " " : i % 3 == 0 ? "o" : "x", 1);
	while (painter_paint(&p, &sim->screen[OTHER], bytes, sizeof(bytes)) != 0)
		;
	painter_switch(&p);
	while ((count = painter_paint(&p, &sim->screen[0], bytes, sizeof(bytes))) != 0)
		total += count;
	return total;
}

static void show(void)
{
	const struct screen *s = &sim->screen[0];

	printf("{\"cells\":[");
	for (unsigned int y = 0; y < s->rows; y++) {
		printf("%s[", y == 0 ? "" : ",\n");
		for (unsigned int x = 0; x < s->columns; x++)
			show_cell(&screen_row(s, y)[x], x == s->columns - 1);
		printf("]");
	}
	printf("],\"cursor\":[%u,%u],\"modes\":%u,\"sent\":\"", s->x, s->y, s->modes);
	for (size_t i = 0; i < sent_bytes; i++)
		printf("%02x", sent[i]);
	sent_bytes = 0;
	printf("\",\"switch_bytes\":%zu,\"text_bytes\":%zu}\n\n", measure_switch(),
	       sim_text_bytes(s));
}

int main(int argc, char **argv)
{
	size_t at = 0;

	if (argc < 6)
		return 2;
	sim = sim_start(false);
	sim_resize(sim, atoi(argv[1]), atoi(argv[2]), true);
	for (int i = 5; i < argc; i++) {
		size_t offset = strtoul(argv[i], NULL, 10);

		feed(stdin, offset - at, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
		at = offset;
		show();
	}
	return 0;
}
