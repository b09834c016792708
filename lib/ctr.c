/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ctr.h"

#define L1IP_VIPT 2
#define L1IP_PIPT 3

/* A granule of 0 is as large as it can be. */
static bool is_larger(uint64_t shown, uint64_t host)
{
	return shown == 0 || (host != 0 && shown >= host);
}

bool ctr_is_safe(uint64_t host, uint64_t shown)
{
	uint64_t policy = bits_get(shown, 15, 14);
	/* RES0, RES1 and what is not known here: as the host has it. */
	uint64_t known = MASK(3, 0) | MASK(29, 14);

	if ((host ^ shown) & ~known)
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
