/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/pl061.h"

#define DATA_END 0x400

void pl061_reset(struct pl061 *g)
{
	*g = (struct pl061){0};
}

/* What the lines carry. */
static uint8_t lines(const struct pl061 *g)
{
	return (g->input & ~g->dir) | (g->output & g->dir);
}

static uint8_t raw_interrupts(const struct pl061 *g)
{
	uint8_t level = g->is & ~(lines(g) ^ g->iev);

	return level | (g->edges & ~g->is);
}

/* Edges that a change of the lines makes; none where levels count. */
static void note_edges(struct pl061 *g, uint8_t before)
{
	uint8_t now = lines(g);
	uint8_t changed = (before ^ now) & ~g->is;

	g->edges |= changed & (g->ibe | ~(now ^ g->iev));
}

uint32_t pl061_read(const struct pl061 *g, uint32_t offset)
{
	/* Part 0x061, designer 0x41, revision 0; a PrimeCell. */
	static const uint8_t id[] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	if (offset < DATA_END)
		return lines(g) & (offset >> 2);
	switch (offset) {
	case PL061_DIR:
		return g->dir;
	case PL061_IS:
		return g->is;
	case PL061_IBE:
		return g->ibe;
	case PL061_IEV:
		return g->iev;
	case PL061_IE:
		return g->ie;
	case PL061_RIS:
		return raw_interrupts(g);
	case PL061_MIS:
		return raw_interrupts(g) & g->ie;
	case PL061_AFSEL:
		return g->afsel;
	default:
		if (offset < PL061_PERIPH_ID0 || offset > 0xffc || offset % 4 != 0)
			return 0;
		return id[(offset - PL061_PERIPH_ID0) / 4];
	}
}

void pl061_write(struct pl061 *g, uint32_t offset, uint32_t value)
{
	uint8_t before = lines(g);
	uint8_t mask = (uint8_t)(offset >> 2);

	if (offset < DATA_END) {
		mask &= g->dir;
		g->output = (g->output & ~mask) | (value & mask);
		note_edges(g, before);
		return;
	}
	switch (offset) {
	case PL061_DIR:
		g->dir = value;
		note_edges(g, before);
		break;
	case PL061_IS:
		g->is = value;
		break;
	case PL061_IBE:
		g->ibe = value;
		break;
	case PL061_IEV:
		g->iev = value;
		break;
	case PL061_IE:
		g->ie = value;
		break;
	case PL061_IC:
		g->edges &= ~value;
		break;
	case PL061_AFSEL:
		g->afsel = value;
		break;
	default:
		break;
	}
}

void pl061_set_input(struct pl061 *g, uint32_t line, bool level)
{
	uint8_t before = lines(g);

	g->input = (g->input & ~BIT(line)) | (level ? BIT(line) : 0);
	note_edges(g, before);
}

bool pl061_interrupt(const struct pl061 *g)
{
	return (raw_interrupts(g) & g->ie) != 0;
}
