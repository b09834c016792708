/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/pl031.h"

#define CR_START BIT(0) /* always on: a write does not stop the clock */

/* What is further ahead than half of all values is behind. */
#define AHEAD_MAX 0x80000000

void pl031_reset(struct pl031 *r)
{
	*r = (struct pl031){0};
}

static uint32_t clock_at(const struct pl031 *r, uint64_t now)
{
	return (uint32_t)now + r->offset;
}

uint32_t pl031_read(const struct pl031 *r, uint32_t offset, uint64_t now)
{
	/* Part 0x031, designer 0x41, revision 0; a PrimeCell. */
	static const uint8_t id[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	switch (offset) {
	case PL031_DR:
		return clock_at(r, now);
	case PL031_MR:
		return r->match;
	case PL031_LR:
		return r->load;
	case PL031_CR:
		return CR_START;
	case PL031_IMSC:
		return r->mask;
	case PL031_RIS:
		return r->raw;
	case PL031_MIS:
		return r->raw && r->mask;
	default:
		if (offset < PL031_PERIPH_ID0 || offset > 0xffc || offset % 4 != 0)
			return 0;
		return id[(offset - PL031_PERIPH_ID0) / 4];
	}
}

/* The match comes when the clock becomes equal to it, at once if it is. */
static void arm(struct pl031 *r, uint64_t now)
{
	r->armed = r->match - clock_at(r, now) < AHEAD_MAX;
	pl031_tick(r, now);
}

void pl031_write(struct pl031 *r, uint32_t offset, uint32_t value, uint64_t now)
{
	switch (offset) {
	case PL031_MR:
		r->match = value;
		arm(r, now);
		break;
	case PL031_LR:
		r->load = value;
		r->offset = value - (uint32_t)now;
		arm(r, now);
		break;
	case PL031_IMSC:
		r->mask = value & 1;
		break;
	case PL031_ICR:
		if (value & 1)
			r->raw = false;
		break;
	default:
		break;
	}
}

void pl031_tick(struct pl031 *r, uint64_t now)
{
	/* The clock may have gone past it between two calls. */
	if (r->armed && clock_at(r, now) - r->match < AHEAD_MAX) {
		r->armed = false;
		r->raw = true;
	}
}

bool pl031_wait(const struct pl031 *r, uint64_t now, uint32_t *seconds)
{
	*seconds = r->match - clock_at(r, now);
	return r->armed;
}

bool pl031_interrupt(const struct pl031 *r)
{
	return r->raw && r->mask;
}
