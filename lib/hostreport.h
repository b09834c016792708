/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_HOSTREPORT_H
#define LIB_HOSTREPORT_H

#include "abi/hostreport.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * A report as it came, in a copy that nobody else can change, made fit to be shown: every text has
 * an end, and zeros behind it; what is not printable ASCII is '?'. ERR_INVALID: another version's,
 * too many VMs, or one without a name; what the report holds then is undefined.
 */
enum err hostreport_clean(struct host_report *report) MUST_CHECK;

/* Sums of time between two reports, in one unit. */
struct hostreport_span {
	uint64_t all;  /* that passed */
	uint64_t busy; /* of all the service VM's CPUs, as the service VM reckons */
	uint64_t away; /* of these, user VMs had them, as EL2 reckons */
};

/* How busy the service VM was by itself, in percent of one CPU. */
uint32_t hostreport_load(const struct hostreport_span *span);

#endif
