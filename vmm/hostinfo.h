/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_HOSTINFO_H
#define VMM_HOSTINFO_H

#include <jansson.h>

#include "lib/bits.h"
#include "lib/err.h"
#include "lib/idreg.h"

/*
 * What of a host a guest can notice, as `caisson host-info` tells it; and what several hosts have
 * in common, which is what a VM is shown that may move between them. Pure, but for
 * hostinfo_read().
 *
 * Descriptions come from other hosts and from files: hostinfo_from_json() takes nothing on trust.
 */

#define HOSTINFO_FORMAT     1
#define HOSTINFO_NAME_BYTES 64 /* with the NUL */
#define HOSTINFO_WHY_BYTES  512

struct hostinfo {
	/* For messages: letters, digits, '.', '_', '-'. */
	char name[HOSTINFO_NAME_BYTES];
	char version[32];     /* of Caisson */
	uint32_t machine;     /* SNAPSHOT_MACHINE */
	uint32_t gic_version; /* 2 or 3, of its VMs, too */
	uint32_t ipa_bits;    /* that its CPUs translate to */
	bool ecv;             /* the virtual counter can be scaled */
	uint64_t counter_hz;
	uint64_t ctr, dczid, midr, revidr, clidr; /* CTR_EL0, DCZID_EL0, MIDR_EL1 and so on */
	uint64_t id_reg[IDREG_COUNT];             /* as a VM is shown them: lib/idreg.h */
};

/* This host's own. The name is the service VM's. Tells what is wrong. */
enum err hostinfo_read(struct hostinfo *host) MUST_CHECK;

/* May it be in a host's name? */
bool hostinfo_is_plain(char c);
/* A host's name; false: it is none. name: HOSTINFO_NAME_BYTES. */
bool hostinfo_take_name(const json_t *json, char *name);

/* The caller's. */
json_t *hostinfo_to_json(const struct hostinfo *host);
/* why: of HOSTINFO_WHY_BYTES, what is wrong; *host is set with ERR_OK alone. */
enum err hostinfo_from_json(const json_t *json, struct hostinfo *host, char *why) MUST_CHECK;

/*
 * *set: what the hosts so far have in common, begins as the first of them; then the same with
 * another one. counter_hz and ecv stay the first one's: see vmm/timemode.h. ERR_UNSUPPORTED: they
 * have no machine in common, why tells it in one line; *set is as it was.
 */
enum err hostinfo_meet(struct hostinfo *set, const struct hostinfo *host, char *why) MUST_CHECK;

/*
 * Can a VM that was shown `shown` (a host's description, or what several had in common) go on on
 * this host? Time aside: vmm/timemode.h. ERR_UNSUPPORTED: no, and why tells it in one line.
 */
enum err hostinfo_may_serve(const struct hostinfo *host, const struct hostinfo *shown,
			    char *why) MUST_CHECK;

/* ---- sets of hosts ----------------------------------------------------------------------- */

#define HOSTSET_MAX        64
#define HOSTSET_FILE_BYTES KIB(512)

struct hostset {
	struct hostinfo host[HOSTSET_MAX];
	uint32_t count;
};

/*
 * Descriptions one after the other, as `caisson host-info --json` prints them. name: for messages,
 * which tell what is wrong, where, and what to do.
 */
enum err hostset_parse(struct hostset *set, const char *name, const char *text,
		       size_t bytes) MUST_CHECK;
enum err hostset_read(struct hostset *set, const char *path) MUST_CHECK;

#endif
