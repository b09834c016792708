/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PL061_H
#define LIB_PL061_H

#include "lib/bits.h"

/*
 * PrimeCell GPIO PL061: registers (Arm DDI 0190, chapter 3) and a model of one whose eight lines
 * are inputs from outside, 0 when nothing drives them. Pure.
 */

#define PL061_DATA       0x000 /* up to 0x3fc: address bits 9 to 2 choose the lines */
#define PL061_DIR        0x400
#define PL061_IS         0x404
#define PL061_IBE        0x408
#define PL061_IEV        0x40c
#define PL061_IE         0x410
#define PL061_RIS        0x414
#define PL061_MIS        0x418
#define PL061_IC         0x41c
#define PL061_AFSEL      0x420
#define PL061_PERIPH_ID0 0xfe0 /* eight ID registers up to 0xffc */

#define PL061_LINES 8

struct pl061 {
	uint8_t input, output;
	uint8_t dir, is, ibe, iev, ie, afsel;
	uint8_t edges; /* seen and not cleared */
};

void pl061_reset(struct pl061 *g);

/* Registers, at any offset below 0x1000. */
uint32_t pl061_read(const struct pl061 *g, uint32_t offset);
void pl061_write(struct pl061 *g, uint32_t offset, uint32_t value);

/* Drives a line from outside; line: below PL061_LINES. */
void pl061_set_input(struct pl061 *g, uint32_t line, bool level);

/* The level of the combined interrupt. */
bool pl061_interrupt(const struct pl061 *g);

#endif
