/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/timerframe.h"

/* In a timer's sixteen bytes of registers; CVAL is the rest. */
#define TVAL 0x8
#define CTL  0xc

#define CNTTIDR_FI  BIT(0) /* of frame 0: it is there, */
#define CNTTIDR_FVI BIT(1) /* with a virtual timer */

void timerframe_reset(struct timerframe *f, uint32_t cntfrq)
{
	*f = (struct timerframe){.cntacr = TIMERFRAME_ALL, .cntfrq = cntfrq};
}

/* --- the timers --- */

/* The count that a timer compares with. */
static uint64_t count_of(const struct timerframe *f, enum timerframe_which which, uint64_t count)
{
	return which == TIMERFRAME_VIRT ? count - f->cntvoff : count;
}

/* Is the timer's condition met (D11.2.4, "Operation of the CompareValue views")? */
static bool is_due(const struct timerframe *f, enum timerframe_which which, uint64_t count)
{
	return count_of(f, which, count) >= f->timer[which].cval;
}

bool timerframe_line(const struct timerframe *f, enum timerframe_which which, uint64_t count)
{
	return (f->timer[which].ctl & (TIMERFRAME_ENABLE | TIMERFRAME_IMASK)) ==
		       TIMERFRAME_ENABLE &&
	       is_due(f, which, count);
}

bool timerframe_rises(const struct timerframe *f, enum timerframe_which which, uint64_t count,
		      uint64_t *at)
{
	const struct timerframe_timer *t = &f->timer[which];

	if ((t->ctl & (TIMERFRAME_ENABLE | TIMERFRAME_IMASK)) != TIMERFRAME_ENABLE ||
	    is_due(f, which, count))
		return false;
	return !__builtin_add_overflow(count, t->cval - count_of(f, which, count), at);
}

static uint32_t ctl_read(const struct timerframe *f, enum timerframe_which which, uint64_t count)
{
	uint32_t ctl = f->timer[which].ctl;

	/* Of one that is off ISTATUS is UNKNOWN. */
	if ((ctl & TIMERFRAME_ENABLE) && is_due(f, which, count))
		ctl |= TIMERFRAME_ISTATUS;
	return ctl;
}

static uint32_t tval_read(const struct timerframe *f, enum timerframe_which which, uint64_t count)
{
	return (uint32_t)(f->timer[which].cval - count_of(f, which, count));
}

static void tval_write(struct timerframe *f, enum timerframe_which which, uint64_t count,
		       uint32_t value)
{
	f->timer[which].cval = count_of(f, which, count) + (uint64_t)(int32_t)value;
}

/* --- registers --- */

static bool is_allowed(const struct timerframe *f, uint32_t right)
{
	return f->cntacr & right;
}

/* The part of a 64-bit register that an access is for. */
static uint64_t part_get(uint64_t value, uint64_t offset, unsigned int bytes)
{
	if (bytes == 8)
		return value;
	return offset & 4 ? value >> 32 : (uint32_t)value;
}

static uint64_t part_set(uint64_t old, uint64_t offset, unsigned int bytes, uint64_t value)
{
	if (bytes == 8)
		return value;
	return offset & 4 ? bits_set(old, 63, 32, value) : bits_set(old, 31, 0, value);
}

/*
 * CounterID<n>: IMPLEMENTATION DEFINED. Component identification of class 0xF; nobody's
 * peripheral.
 */
static uint32_t id_read(uint64_t offset)
{
	static const uint8_t component[] = {0x0d, 0xf0, 0x05, 0xb1};

	return offset >= 0xff0 ? component[(offset & 0xc) / 4] : 0;
}

/* Is a 64-bit register there? */
static bool is_wide(enum timerframe_page page, uint64_t offset)
{
	offset &= ~UINT64_C(7);
	if (page == TIMERFRAME_CTL)
		return offset == TIMERFRAME_CTL_CNTVOFF;
	return offset == TIMERFRAME_CNTPCT || offset == TIMERFRAME_CNTVCT ||
	       offset == TIMERFRAME_CNTVOFF || offset == TIMERFRAME_CNTP_CVAL ||
	       offset == TIMERFRAME_CNTV_CVAL;
}

/* Is there a register of 32 bits in the eight bytes there, that an access of 64 would reach? */
static bool is_narrow(enum timerframe_page page, uint64_t offset)
{
	if (page == TIMERFRAME_CTL)
		return offset < TIMERFRAME_CTL_CNTVOFF || offset >= TIMERFRAME_COUNTERID;
	return offset < TIMERFRAME_CNTBASE_END || offset >= TIMERFRAME_COUNTERID;
}

static bool is_size_right(enum timerframe_page page, uint64_t offset, unsigned int bytes)
{
	return bytes == 4 || (bytes == 8 && (is_wide(page, offset) || !is_narrow(page, offset)));
}

static bool is_timer_allowed(const struct timerframe *f, enum timerframe_which which)
{
	return is_allowed(f, which == TIMERFRAME_VIRT ? TIMERFRAME_RWVT : TIMERFRAME_RWPT);
}

/* Which timer has the registers at offset; both are laid out alike. */
static enum timerframe_which timer_at(uint64_t offset)
{
	return offset >= TIMERFRAME_CNTV_CVAL ? TIMERFRAME_VIRT : TIMERFRAME_PHYS;
}

static uint64_t timer_read(const struct timerframe *f, uint64_t count, uint64_t offset,
			   unsigned int bytes)
{
	enum timerframe_which which = timer_at(offset);

	if (!is_timer_allowed(f, which))
		return 0;
	switch (offset & 0xf) {
	case TVAL:
		return tval_read(f, which, count);
	case CTL:
		return ctl_read(f, which, count);
	default:
		return part_get(f->timer[which].cval, offset, bytes);
	}
}

static void timer_write(struct timerframe *f, uint64_t count, uint64_t offset, unsigned int bytes,
			uint64_t value)
{
	enum timerframe_which which = timer_at(offset);
	struct timerframe_timer *t = &f->timer[which];

	if (!is_timer_allowed(f, which))
		return;
	switch (offset & 0xf) {
	case TVAL:
		tval_write(f, which, count, (uint32_t)value);
		break;
	case CTL:
		t->ctl = (uint32_t)value & (TIMERFRAME_ENABLE | TIMERFRAME_IMASK);
		break;
	default:
		t->cval = part_set(t->cval, offset, bytes, value);
		break;
	}
}

static uint64_t base_read(const struct timerframe *f, uint64_t count, uint64_t offset,
			  unsigned int bytes)
{
	uint64_t value = 0;

	if (timerframe_is_count(offset))
		return timerframe_read_count(f, count, offset, bytes, &value) ? value : 0;
	if (offset == TIMERFRAME_CNTFRQ)
		return is_allowed(f, TIMERFRAME_RFRQ) ? f->cntfrq : 0;
	if (offset >= TIMERFRAME_CNTVOFF && offset < TIMERFRAME_CNTP_CVAL)
		return is_allowed(f, TIMERFRAME_RVOFF) ? part_get(f->cntvoff, offset, bytes) : 0;
	if (offset >= TIMERFRAME_CNTP_CVAL && offset < TIMERFRAME_CNTBASE_END)
		return timer_read(f, count, offset, bytes);
	return offset >= TIMERFRAME_COUNTERID ? id_read(offset) : 0;
}

static uint64_t ctl_page_read(const struct timerframe *f, uint64_t offset, unsigned int bytes)
{
	switch (offset & ~UINT64_C(4)) {
	case TIMERFRAME_CTL_CNTFRQ:
		return offset & 4 ? 0 : f->cntfrq;
	case TIMERFRAME_CTL_CNTTIDR:
		return offset & 4 ? 0 : CNTTIDR_FI | CNTTIDR_FVI;
	case TIMERFRAME_CTL_CNTACR0:
		return offset & 4 ? 0 : f->cntacr;
	case TIMERFRAME_CTL_CNTVOFF:
		return part_get(f->cntvoff, offset, bytes);
	default:
		return offset >= TIMERFRAME_COUNTERID ? id_read(offset) : 0;
	}
}

static void ctl_page_write(struct timerframe *f, uint64_t offset, unsigned int bytes,
			   uint64_t value)
{
	switch (offset & ~UINT64_C(4)) {
	case TIMERFRAME_CTL_CNTFRQ:
		if (!(offset & 4))
			f->cntfrq = (uint32_t)value;
		break;
	case TIMERFRAME_CTL_CNTACR0:
		if (!(offset & 4))
			__atomic_store_n(&f->cntacr, (uint32_t)value & TIMERFRAME_ALL,
					 __ATOMIC_RELAXED);
		break;
	case TIMERFRAME_CTL_CNTVOFF:
		__atomic_store_n(&f->cntvoff, part_set(f->cntvoff, offset, bytes, value),
				 __ATOMIC_RELAXED);
		break;
	default: /* read-only, or nothing */
		break;
	}
}

bool timerframe_read(const struct timerframe *f, enum timerframe_page page, uint64_t count,
		     uint64_t offset, unsigned int bytes, uint64_t *value)
{
	if (!is_size_right(page, offset, bytes))
		return false;
	*value = page == TIMERFRAME_CTL ? ctl_page_read(f, offset, bytes)
					: base_read(f, count, offset, bytes);
	return true;
}

bool timerframe_write(struct timerframe *f, enum timerframe_page page, uint64_t count,
		      uint64_t offset, unsigned int bytes, uint64_t value)
{
	if (!is_size_right(page, offset, bytes))
		return false;
	if (page == TIMERFRAME_CTL)
		ctl_page_write(f, offset, bytes, value);
	else if (offset >= TIMERFRAME_CNTP_CVAL && offset < TIMERFRAME_CNTBASE_END)
		timer_write(f, count, offset, bytes, value);
	return true;
}
