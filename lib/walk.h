/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_WALK_H
#define LIB_WALK_H

#include "lib/bits.h"

/*
 * What the translation tables of a guest say of an address (Arm ARM DDI 0487 D8): VMSAv8-64, stage
 * 1 of EL1 and EL0, and stage 2, with granules of 4, 16 and 64 KiB. Pure: descriptors are read by a
 * callback, and may be anything. For showing and for debuggers: output addresses have 48 bits
 * (FEAT_LPA and FEAT_LPA2 are hidden from guests), nothing is cached, no access flag is set.
 */

#define WALK_STEPS 4 /* levels 0 to 3 */

enum walk_end {
	WALK_DONE,       /* a page or block maps it */
	WALK_UNMAPPED,   /* the last descriptor is invalid */
	WALK_RESERVED,   /* the last descriptor is none that its level can have */
	WALK_NO_RANGE,   /* neither TTBR covers the address; stage 2: it is too high */
	WALK_DISABLED,   /* walks by this TTBR are off (EPD0, EPD1) */
	WALK_UNREADABLE, /* the next table is not in memory that can be read */
	WALK_TOO_HIGH,   /* the output is larger than IPS or PS allows */
	WALK_SETTINGS,   /* the control register has values that mean nothing */
};

enum walk_rights {
	WALK_READ = 1,
	WALK_WRITE = 2,
	WALK_EXEC = 4,
	/* The same of EL0. */
	WALK_EL0_READ = 8,
	WALK_EL0_WRITE = 16,
	WALK_EL0_EXEC = 32,
};

struct walk_step {
	uint8_t level;
	uint64_t at; /* address of the descriptor, in the space that the tables are in */
	uint64_t desc;
};

struct walk {
	enum walk_end end;
	bool upper; /* stage 1: TTBR1_EL1 */
	unsigned int granule_bytes;
	unsigned int input_bits;
	unsigned int steps;
	struct walk_step step[WALK_STEPS];
	/* WALK_DONE. */
	uint64_t output;
	uint64_t bytes;      /* of the page or block */
	unsigned int rights; /* enum walk_rights; PAN, WXN and permission overlays not reckoned */
	unsigned int memory; /* stage 1: AttrIndx; stage 2: MemAttr */
	unsigned int shareability; /* SH: 0 non, 2 outer, 3 inner */
	bool accessed;             /* AF */
	bool contiguous;
};

struct walk_memory {
	/* Eight bytes at an address that is a multiple of 8. False: there is no memory. */
	bool (*read)(void *ctx, uint64_t address, uint64_t *value);
	void *ctx;
};

/* By TTBR0_EL1, TTBR1_EL1 and TCR_EL1. The MMU (SCTLR_EL1.M) is taken to be on. */
void walk_stage1(struct walk *w, const uint64_t ttbr[2], uint64_t tcr, uint64_t va,
		 const struct walk_memory *memory);

/* By VTTBR_EL2 and VTCR_EL2. */
void walk_stage2(struct walk *w, uint64_t vttbr, uint64_t vtcr, uint64_t ipa,
		 const struct walk_memory *memory);

#endif
