/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_PAINTER_SIM_H
#define TESTS_UNIT_PAINTER_SIM_H

#include "lib/painter.h"

/*
 * Screens, a painter, and the terminal at the far end of its line, which is one more screen: what
 * the painter sends must make that show what the watched screen shows. There is one of these.
 */

#define SIM_SCREENS 3

struct sim {
	struct screen screen[SIM_SCREENS]; /* the last one has no alternate grid */
	struct painter painter;
	struct screen far;
	unsigned int watched;
	bool larger; /* the far terminal has more rows and columns than anybody knows of */
	size_t sent; /* bytes, in all */
};

/* All start as 80x24; aborts (assert) on any mistake that a call finds. */
struct sim *sim_start(bool larger);
void sim_write(struct sim *sim, unsigned int screen, const void *bytes, size_t count);
void sim_watch(struct sim *sim, unsigned int screen);
/* The terminal, and what is known of it; the screens only if `laid_out`. */
void sim_resize(struct sim *sim, unsigned int columns, unsigned int rows, bool laid_out);
void sim_resize_screen(struct sim *sim, unsigned int screen, unsigned int columns,
		       unsigned int rows);
/* Somebody else's bytes reach the terminal, then it is painted anew. */
void sim_disturb(struct sim *sim, const void *bytes, size_t count);
/* One call of the painter; gives what it gave. */
size_t sim_paint(struct sim *sim, size_t room);
/* Calls it until it has nothing to send, and compares everything. */
void sim_settle(struct sim *sim, size_t room);
/* Would somebody who looks at two cells see the same? */
bool sim_looks_same(const struct screen_cell *a, const struct screen_cell *b);
/* Bytes of the screen's text: UTF-8, lines without their blank ends, CR and LF between them. */
size_t sim_text_bytes(const struct screen *s);

#endif
