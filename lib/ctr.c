/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ctr.h"

#define L1IP_VIPT 2
#define L1IP_PIPT 3

#define TMINLINE MASK(37, 32) /* of allocation tags; 0 for guests that have none */

/* A granule of 0 is as large as it can be. */
static bool is_larger(uint64_t shown, uint64_t host)
{
	return shown == 0 || (host != 0 && shown >= host);
}

bool ctr_is_safe(uint64_t host, uint64_t shown)
{
	uint64_t policy = bits_get(shown, 15, 14);
	/* RES0, RES1 and what is not known here: as the host has it. */
	uint64_t known = MASK(3, 0) | MASK(29, 14) | TMINLINE;

	if (((host ^ shown) & ~known) ||
	    ((shown & TMINLINE) != 0 && ((host ^ shown) & TMINLINE) != 0))
		return false;
	if (policy != bits_get(host, 15, 14) &&
	    !(policy == L1IP_VIPT && bits_get(host, 15, 14) == L1IP_PIPT))
		return false;
	return bits_get(shown, 3, 0) <= bits_get(host, 3, 0) &&              /* IminLine */
	       bits_get(shown, 19, 16) <= bits_get(host, 19, 16) &&          /* DminLine */
	       is_larger(bits_get(shown, 23, 20), bits_get(host, 23, 20)) && /* ERG */
	       is_larger(bits_get(shown, 27, 24), bits_get(host, 27, 24)) && /* CWG */
	       !(shown & ~host & MASK(29, 28));                              /* DIC, IDC */
}

static uint64_t smaller(uint64_t a, uint64_t b, unsigned int lo)
{
	uint64_t of_a = bits_get(a, lo + 3, lo), of_b = bits_get(b, lo + 3, lo);

	return (of_a < of_b ? of_a : of_b) << lo;
}

static uint64_t larger(uint64_t a, uint64_t b, unsigned int lo)
{
	uint64_t of_a = bits_get(a, lo + 3, lo), of_b = bits_get(b, lo + 3, lo);

	return (is_larger(of_a, of_b) ? of_a : of_b) << lo;
}

bool ctr_meet(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t policy = bits_get(a, 15, 14);
	uint64_t meet;

	if (bits_get(a ^ b, 15, 14) != 0)
		policy = L1IP_VIPT;
	meet = (a & ~(MASK(3, 0) | MASK(29, 14) | TMINLINE)) | policy << 14 | smaller(a, b, 0) |
	       smaller(a, b, 16) | larger(a, b, 20) | larger(a, b, 24) | (a & b & MASK(29, 28));
	if (((a ^ b) & TMINLINE) == 0)
		meet |= a & TMINLINE;
	if (!ctr_is_safe(a, meet) || !ctr_is_safe(b, meet))
		return false;
	*out = meet;
	return true;
}

uint64_t ctr_ccsidr(uint64_t host_ccsidr, bool host_is_wide, bool shown_is_wide)
{
	uint64_t ways = bits_get(host_ccsidr, 23, 3), sets = bits_get(host_ccsidr, 55, 32);

	if (!host_is_wide || shown_is_wide)
		return host_ccsidr;
	ways = ways < 0x3ff ? ways : 0x3ff;
	sets = sets < 0x7fff ? sets : 0x7fff;
	return bits_get(host_ccsidr, 2, 0) | ways << 3 | sets << 13;
}

uint64_t ctr_clidr(uint64_t host_clidr, uint64_t shown_ctr)
{
	if (shown_ctr & BIT(28))
		return host_clidr;
	if (bits_get(host_clidr, 23, 21) == 0) /* LoUIS */
		host_clidr = bits_set(host_clidr, 23, 21, 1);
	if (bits_get(host_clidr, 29, 27) == 0) /* LoUU */
		host_clidr = bits_set(host_clidr, 29, 27, 1);
	return host_clidr;
}
