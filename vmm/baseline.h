/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_BASELINE_H
#define VMM_BASELINE_H

#include "vmm/hostinfo.h"
#include "vmm/hyp.h"
#include "vmm/timemode.h"

/*
 * What a VM keeps of its hosts while it lives: what it was shown of their CPUs, and how it keeps
 * time. Decided when it starts, by the hosts it may move to, and carried along when it moves.
 */
struct baseline {
	bool migratable;       /* made for a set of hosts */
	bool tools;            /* CAISSON_VM_TOOLS */
	struct hostinfo shown; /* of this host's name and frequency when it was made */
	struct timemode time;
	char host[HOSTSET_MAX][HOSTINFO_NAME_BYTES]; /* of the set */
	uint32_t hosts;
};

/* What the operator wants of it. */
struct baseline_wish {
	const char *hosts_path; /* of a file that describes the hosts it may move to; NULL: none */
	bool firmware;          /* as timemode_choose() has it */
	bool masked;            /* the same */
	bool tools;             /* CAISSON_VM_TOOLS */
};

/* For a VM that starts on `here`. Tells what is wrong. */
enum err baseline_make(struct baseline *b, const struct hostinfo *here,
		       const struct baseline_wish *wish) MUST_CHECK;

/*
 * Can it go on on this host, and in which mode? ERR_UNSUPPORTED: no, and why (HOSTINFO_WHY_BYTES)
 * tells it in one line, with what to do.
 */
enum err baseline_may_move(const struct baseline *b, const struct hostinfo *host,
			   enum caisson_time_mode *mode, char *why) MUST_CHECK;

/* A guest that is reset finds its time anew, if it may read the counter's frequency itself. */
void baseline_restart(struct baseline *b, const struct hostinfo *here);

/* x6 of VM_CREATE. */
uint64_t baseline_ctr(const struct baseline *b, const struct hostinfo *here);
/*
 * After VM_CREATE, before the first VCPU_INIT: has EL2 show the CPUs so. Tells what is wrong, as
 * the next one does.
 */
enum err baseline_show(const struct baseline *b, const struct hostinfo *here,
		       const struct hyp_token *token) MUST_CHECK;
/*
 * Sets the VM's time: its count was guest_count when this host's (CNTVCT_EL0) was host_count.
 */
enum err baseline_set_time(const struct baseline *b, const struct hyp_token *token,
			   uint64_t guest_count, uint64_t host_count,
			   enum caisson_time_mode *mode) MUST_CHECK;

/* Both, for a guest that starts. */
enum err baseline_start(const struct baseline *b, const struct hostinfo *here,
			const struct hyp_token *token) MUST_CHECK;

/* All of it, for a stream; the caller's. */
json_t *baseline_to_json(const struct baseline *b);
/* Of a stream from elsewhere. why: HOSTINFO_WHY_BYTES. *b is set with ERR_OK alone. */
enum err baseline_from_json(const json_t *json, struct baseline *b, char *why) MUST_CHECK;

#endif
