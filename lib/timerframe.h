/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_TIMERFRAME_H
#define LIB_TIMERFRAME_H

#include "lib/bits.h"

/*
 * The memory-mapped generic timer (Arm DDI 0487, chapter I3 and I5.7: "System level implementation
 * of the Generic Timer"), as a machine with one Security state has it: the control frame
 * CNTCTLBase and one timer frame CNTBase0, with a physical and a virtual timer and no EL0 view.
 * Pure: every call is told the count, that of CNTPCT. The caller serialises all but
 * timerframe_read_count().
 */

#define TIMERFRAME_BYTES 0x1000 /* of each of the two */

/* CNTBase0 */
#define TIMERFRAME_CNTPCT      0x000
#define TIMERFRAME_CNTVCT      0x008
#define TIMERFRAME_CNTFRQ      0x010
#define TIMERFRAME_CNTEL0ACR   0x014
#define TIMERFRAME_CNTVOFF     0x018
#define TIMERFRAME_CNTP_CVAL   0x020
#define TIMERFRAME_CNTP_TVAL   0x028
#define TIMERFRAME_CNTP_CTL    0x02c
#define TIMERFRAME_CNTV_CVAL   0x030
#define TIMERFRAME_CNTV_TVAL   0x038
#define TIMERFRAME_CNTV_CTL    0x03c
#define TIMERFRAME_CNTBASE_END 0x040 /* the rest is RES0, but for: */
#define TIMERFRAME_COUNTERID   0xfd0 /* of both: twelve words of identification */
/* CNTCTLBase; with one Security state CNTNSAR is RES0. */
#define TIMERFRAME_CTL_CNTFRQ  0x000
#define TIMERFRAME_CTL_CNTNSAR 0x004
#define TIMERFRAME_CTL_CNTTIDR 0x008
#define TIMERFRAME_CTL_CNTACR0 0x040
#define TIMERFRAME_CTL_CNTVOFF 0x080

/* CNTACR<n>: what frame n may be used for. Without it a register there is RES0. */
#define TIMERFRAME_RPCT  BIT(0)
#define TIMERFRAME_RVCT  BIT(1)
#define TIMERFRAME_RFRQ  BIT(2)
#define TIMERFRAME_RVOFF BIT(3)
#define TIMERFRAME_RWVT  BIT(4)
#define TIMERFRAME_RWPT  BIT(5)
#define TIMERFRAME_ALL   MASK(5, 0)

/* CNTP_CTL, CNTV_CTL */
#define TIMERFRAME_ENABLE  BIT(0)
#define TIMERFRAME_IMASK   BIT(1)
#define TIMERFRAME_ISTATUS BIT(2)

enum timerframe_page { TIMERFRAME_CTL, TIMERFRAME_BASE };
enum timerframe_which { TIMERFRAME_PHYS, TIMERFRAME_VIRT, TIMERFRAME_TIMERS };

struct timerframe_timer {
	uint64_t cval;
	uint32_t ctl; /* ENABLE, IMASK */
};

struct timerframe {
	uint64_t cntvoff; /* CNTVCT is CNTPCT less this */
	uint32_t cntacr;
	uint32_t cntfrq;
	struct timerframe_timer timer[TIMERFRAME_TIMERS];
};

/* Timers off, everything allowed, no offset. */
void timerframe_reset(struct timerframe *f, uint32_t cntfrq);

/*
 * One access; offset: below TIMERFRAME_BYTES, a multiple of bytes. False: of this size the register
 * cannot be accessed: 32 bits, or 64 of those that have them; nothing happened then. *value: bytes
 * wide, zero-extended.
 */
bool timerframe_read(const struct timerframe *f, enum timerframe_page page, uint64_t count,
		     uint64_t offset, unsigned int bytes, uint64_t *value);
bool timerframe_write(struct timerframe *f, enum timerframe_page page, uint64_t count,
		      uint64_t offset, unsigned int bytes, uint64_t value);

/* Is it a read of CNTPCT or CNTVCT, in CNTBase0? */
static inline bool timerframe_is_count(uint64_t offset)
{
	return offset < TIMERFRAME_CNTFRQ;
}

/* What timerframe_read() does for those; while another CPU changes the frame, too. */
static inline bool timerframe_read_count(const struct timerframe *f, uint64_t count,
					 uint64_t offset, unsigned int bytes, uint64_t *value)
{
	uint32_t allowed = __atomic_load_n(&f->cntacr, __ATOMIC_RELAXED);

	if (bytes < 4)
		return false;
	if (offset < TIMERFRAME_CNTVCT) {
		count = allowed & TIMERFRAME_RPCT ? count : 0;
	} else {
		count -= __atomic_load_n(&f->cntvoff, __ATOMIC_RELAXED);
		count = allowed & TIMERFRAME_RVCT ? count : 0;
	}
	if (bytes == 4)
		count = offset & 4 ? count >> 32 : (uint32_t)count;
	*value = count;
	return true;
}

/* The level of a timer's interrupt. */
bool timerframe_line(const struct timerframe *f, enum timerframe_which which, uint64_t count);

/*
 * The count at which that rises by itself; false: it does not, being up now, off or masked, or at a
 * count beyond the wrap-around.
 */
bool timerframe_rises(const struct timerframe *f, enum timerframe_which which, uint64_t count,
		      uint64_t *at);

#endif
