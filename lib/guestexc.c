/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/guestexc.h"

/* SPSR_ELx bits for AArch64 state (C5.2.20). */
#define M_EL1H    0x5
#define M_EL_MASK MASK(3, 2)
#define DAIF      MASK(9, 6)
#define SSBS      BIT(12)
#define PAN       BIT(22)
#define DIT       BIT(24)
#define TCO       BIT(25)
#define NZCV      MASK(31, 28)

#define SCTLR_SPAN  BIT(23)
#define SCTLR_DSSBS BIT(44)

#define ESR_EC(ec)    ((uint64_t)(ec) << 26)
#define ESR_IL        BIT(25)
#define EC_UNKNOWN    0x00
#define EC_IABT_LOWER 0x20
#define EC_IABT_SAME  0x21
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME  0x25
#define FSC_EXTERNAL  0x10
#define ISS_WNR       BIT(6)
#define ISS_CM        BIT(8)

static bool from_el0(const struct guestexc_state *s)
{
	return (s->spsr & GUESTEXC_AARCH32) || (s->spsr & M_EL_MASK) == 0;
}

/* The vector's offset from VBAR_EL1 (D1.3.1). */
static uint64_t vector_offset(const struct guestexc_state *s)
{
	if (s->spsr & GUESTEXC_AARCH32)
		return 0x600;
	if (from_el0(s))
		return 0x400;
	return s->spsr & 1 ? 0x200 : 0x000;
}

/*
 * PSTATE at the vector: flags, DIT and PAN stay, PAN is also set unless SCTLR_EL1.SPAN, SSBS
 * comes from SCTLR_EL1.DSSBS, DAIF are masked, UAO, SS, IL and BTYPE are cleared. TCO stays:
 * memory tagging is hidden from guests and off. Where the CPU lacks a feature its bits are RES0
 * here and RES1 (SPAN) or RES0 (DSSBS) in SCTLR_EL1.
 */
static uint64_t vector_pstate(const struct guestexc_state *s)
{
	uint64_t pstate = M_EL1H | DAIF | (s->spsr & (NZCV | PAN | DIT));

	if (!(s->spsr & GUESTEXC_AARCH32))
		pstate |= s->spsr & TCO;
	if (!(s->sctlr & SCTLR_SPAN))
		pstate |= PAN;
	if (s->sctlr & SCTLR_DSSBS)
		pstate |= SSBS;
	return pstate;
}

static struct guestexc_entry take(const struct guestexc_state *s, uint64_t esr)
{
	return (struct guestexc_entry){
		.pc = s->vbar + vector_offset(s),
		.spsr = vector_pstate(s),
		.elr = s->pc,
		.spsr_el1 = s->spsr,
		.esr = esr,
	};
}

/* IT[7:2] are SPSR bits 15:10, IT[1:0] bits 26:25. */
static uint64_t it_advance(uint64_t spsr)
{
	unsigned int it = (unsigned int)(bits_get(spsr, 15, 10) << 2 | bits_get(spsr, 26, 25));

	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	return bits_set(bits_set(spsr, 15, 10, it >> 2), 26, 25, it & 3);
}

void guestexc_advance_aarch32(uint64_t *pc, uint64_t *spsr, bool il)
{
	*pc += il ? 4 : 2;
	*spsr = it_advance(*spsr) & ~GUESTEXC_SS;
}

struct guestexc_entry guestexc_undef(const struct guestexc_state *s, bool il)
{
	return take(s, ESR_EC(EC_UNKNOWN) | (il ? ESR_IL : 0));
}

struct guestexc_entry guestexc_trap(const struct guestexc_state *s, uint64_t esr_el2)
{
	return take(s, esr_el2);
}

struct guestexc_entry guestexc_external_abort(const struct guestexc_state *s, uint64_t esr_el2)
{
	bool fetch = bits_get(esr_el2, 31, 26) == EC_IABT_LOWER;
	unsigned int ec;

	if (fetch)
		ec = from_el0(s) ? EC_IABT_LOWER : EC_IABT_SAME;
	else
		ec = from_el0(s) ? EC_DABT_LOWER : EC_DABT_SAME;
	return take(s, ESR_EC(ec) | (esr_el2 & ESR_IL) |
			       (fetch ? 0 : esr_el2 & (ISS_WNR | ISS_CM)) | FSC_EXTERNAL);
}

struct guestexc_entry guestexc_data_abort(const struct guestexc_state *s, bool write,
					  unsigned int status)
{
	return take(s, ESR_EC(from_el0(s) ? EC_DABT_LOWER : EC_DABT_SAME) | ESR_IL |
			       (write ? ISS_WNR : 0) | (status & MASK(5, 0)));
}
