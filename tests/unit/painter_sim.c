/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/painter_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_BYTES 4096
#define LARGER_BY     7

static struct sim only;
static struct screen_cell grid[SIM_SCREENS + 1][2 * SCREEN_CELLS_MAX + HISTORY_BYTES / 16];
static struct screen_cell painter_grid[SCREEN_CELLS_MAX];

/* abort(), not exit(): libFuzzer keeps the input then. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct sim *sim_start(bool larger)
{
	struct sim *sim = &only;

	*sim = (struct sim){.larger = larger};
	CHECK(painter_bytes() <= sizeof(painter_grid));
	for (unsigned int i = 0; i < SIM_SCREENS; i++)
		screen_init(&sim->screen[i], grid[i], sizeof(grid[i]),
			    i == SIM_SCREENS - 1 ? SCREEN_NO_ALTERNATE : 0);
	screen_init(&sim->far, grid[SIM_SCREENS], sizeof(grid[SIM_SCREENS]), SCREEN_NO_HISTORY);
	painter_init(&sim->painter, painter_grid);
	sim_resize(sim, 80, 24, false);
	return sim;
}

void sim_write(struct sim *sim, unsigned int screen, const void *bytes, size_t count)
{
	uint8_t reply[SCREEN_REPLY_BYTES];

	screen_write(&sim->screen[screen], bytes, count);
	(void)screen_take_reply(&sim->screen[screen], reply, sizeof(reply));
}

void sim_watch(struct sim *sim, unsigned int screen)
{
	sim->watched = screen;
	painter_switch(&sim->painter);
}

void sim_resize(struct sim *sim, unsigned int columns, unsigned int rows, bool laid_out)
{
	unsigned int more = sim->larger ? LARGER_BY : 0;

	if (sim->larger) { /* so that there is a larger one */
		columns %= 101;
		rows %= 101;
	}
	painter_resize(&sim->painter, columns, rows);
	screen_resize(&sim->far, sim->painter.columns + more, sim->painter.rows + more);
	for (unsigned int i = 0; i < SIM_SCREENS && laid_out; i++)
		screen_resize(&sim->screen[i], columns, rows);
}

void sim_resize_screen(struct sim *sim, unsigned int screen, unsigned int columns,
		       unsigned int rows)
{
	screen_resize(&sim->screen[screen], columns, rows);
}

void sim_disturb(struct sim *sim, const void *bytes, size_t count)
{
	screen_write(&sim->far, bytes, count);
	painter_forget(&sim->painter);
}

/* What is seen of a cell. */
static struct screen_cell look(struct screen_cell cell)
{
	uint32_t shown = SCREEN_UNDERLINE | SCREEN_INVERSE | SCREEN_STRIKE;

	if ((cell.text & SCREEN_CODE_POINT) == ' ' && (cell.text & shown) == 0 &&
	    cell.mark[0] == 0) {
		cell.text = ' ';
		cell.fg = 0;
	}
	return cell;
}

bool sim_looks_same(const struct screen_cell *a, const struct screen_cell *b)
{
	struct screen_cell x = look(*a), y = look(*b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

static void check_belief(const struct sim *sim, unsigned int y)
{
	const struct painter *p = &sim->painter;
	const struct screen_cell *cell = &p->cells[(size_t)p->line[y] * p->columns];
	const struct screen_cell *far = screen_row(&sim->far, y);

	for (unsigned int x = 0; x < p->columns; x++) {
		uint32_t code = cell[x].text & SCREEN_CODE_POINT;
		bool wide = (cell[x].text & SCREEN_WIDE) != 0;

		CHECK(x < p->used[p->line[y]] || cell[x].text == ' ');
		/* Cells that it knows to be wrong: no screen has them so. */
		if (code == SCREEN_CODE_POINT ||
		    (wide &&
		     (x == p->columns - 1u || (cell[x + 1].text & SCREEN_CODE_POINT) != 0)) ||
		    (code == 0 && (cell[x - 1].text & SCREEN_WIDE) == 0))
			continue;
		CHECK(sim_looks_same(&cell[x], &far[x]));
	}
}

/* What the painter believes of the terminal. */
static void check_beliefs(const struct sim *sim)
{
	const struct painter *p = &sim->painter;
	const struct screen *far = &sim->far;

	CHECK(far->parser.state == 0); /* whole sequences */
	if (p->another)
		return; /* it has none */
	for (unsigned int y = 0; y < p->rows; y++)
		check_belief(sim, y);
	if (p->known && p->x < p->columns)
		CHECK(p->x == far->x && p->y == far->y && !far->wrap);
	CHECK(p->pen.fg == far->pen.fg && p->pen.bg == far->pen.bg);
	CHECK(p->pen.text == (far->pen.text & SCREEN_ATTRIBUTES));
}

size_t sim_paint(struct sim *sim, size_t room)
{
	uint8_t *bytes = malloc(room); /* of its own size, for the sanitizer */
	size_t count = painter_paint(&sim->painter, &sim->screen[sim->watched], bytes, room);

	CHECK(count <= room);
	sim->far.bells = 0;
	screen_write(&sim->far, bytes, count);
	free(bytes);
	CHECK(sim->far.bells == 0);
	CHECK(count != 0 || !painter_is_behind(&sim->painter));
	sim->sent += count;
	check_beliefs(sim);
	return count;
}

static void check_row(const struct sim *sim, unsigned int y)
{
	static const struct screen_cell blank = {.text = ' '};
	const struct screen *s = &sim->screen[sim->watched];
	const struct screen_cell *far = screen_row(&sim->far, y);

	for (unsigned int x = 0; x < sim->painter.columns; x++) {
		const struct screen_cell *want = &blank;

		if (y < s->rows && x < s->columns)
			want = &screen_row(s, y)[x];
		if (x == sim->painter.columns - 1u && (want->text & SCREEN_WIDE) != 0)
			continue; /* cut */
		CHECK(sim_looks_same(&far[x], want));
	}
}

void sim_settle(struct sim *sim, size_t room)
{
	const struct screen *s = &sim->screen[sim->watched];
	const struct painter *p = &sim->painter;
	/* Each call sends something, and no cell needs more than moving, pen and text. */
	size_t left = 100 + (size_t)p->rows * p->columns * 4;

	while (sim_paint(sim, room) != 0)
		CHECK(left-- != 0);
	for (unsigned int y = 0; y < p->rows; y++)
		check_row(sim, y);
	CHECK(((sim->far.modes ^ s->modes) & PAINTER_MODES) == 0);
	if ((s->modes & SCREEN_CURSOR_VISIBLE) == 0)
		return;
	unsigned int x = s->x < p->columns ? s->x : p->columns - 1u;
	unsigned int y = s->y < p->rows ? s->y : p->rows - 1u;

	CHECK(sim->far.y == y);
	CHECK(sim->far.x == x || (sim->larger && sim->far.x == p->columns && x == p->columns - 1u));
}

static size_t utf8_bytes(uint32_t code)
{
	return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

size_t sim_text_bytes(const struct screen *s)
{
	size_t bytes = 0, lines = 0;

	for (unsigned int y = 0; y < s->rows; y++) {
		const struct screen_cell *cell = screen_row(s, y);

		for (unsigned int x = 0; x < s->row[y].used; x++) {
			uint32_t code = cell[x].text & SCREEN_CODE_POINT;

			bytes += code != 0 ? utf8_bytes(code) : 0;
			bytes += cell[x].mark[0] != 0 ? utf8_bytes(cell[x].mark[0]) : 0;
			bytes += cell[x].mark[1] != 0 ? utf8_bytes(cell[x].mark[1]) : 0;
			lines = y;
		}
	}
	return bytes + 2 * lines;
}
