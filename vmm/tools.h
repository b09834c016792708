/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_TOOLS_H
#define VMM_TOOLS_H

#include <pthread.h>

#include "abi/runpage.h"
#include "lib/gtchannel.h"
#include "vmm/config.h"
#include "vmm/guestinfo.h"

/*
 * What VMware's guest tools find at the other end of their hypercalls (docs/guest-tools.md). The
 * guest's calls come by its vCPUs' threads and are served there: none waits for anybody but for
 * the lock, which nobody holds for long, and, when the guest calls too often, for a while of its
 * own. Any process in the guest can make them, so nothing that comes is believed.
 */

#define TOOLS_LINE_BYTES 512

/* A bucket of tokens: `burst` at most, and so many anew each second. */
struct tools_rate {
	uint64_t tokens_milli; /* thousandths */
	uint64_t at_ns;        /* when it was looked at */
};

struct tools {
	enum tools_policy policy;
	uint32_t mhz;         /* what the guest is told its CPUs' speed is */
	pthread_mutex_t lock; /* all that follows */
	struct gtchannels channels;
	struct guestinfo info;
	size_t message_bytes; /* in messages that are on their way */
	struct tools_rate calls;
	struct tools_rate writes;
	struct tools_rate lines;
	uint64_t lines_lost;         /* of the guest's log, since the last one that was shown */
	char line[TOOLS_LINE_BYTES]; /* to be said when the lock is free again; empty: nothing */
};

void tools_init(struct tools *t, enum tools_policy policy, uint32_t mhz);
void tools_free(struct tools *t);
/* The guest has ended: what it had open is closed. Values stay. No vCPU runs. */
void tools_reset(struct tools *t);

/* RUN_EXIT_TOOLS, by the vCPU's thread: fills in the results. */
void tools_exit(struct tools *t, struct run_page *page);

/* ---- values; any thread ------------------------------------------------------------------ */

/* As the owner, like guestinfo_set(). */
enum err tools_info_set(struct tools *t, const char *key, const uint8_t *value, size_t bytes,
			uint32_t reads) MUST_CHECK;
/* A copy for the caller to free. ERR_NOT_FOUND; ERR_DENIED: it is redacted. */
enum err tools_info_get(struct tools *t, const char *key, uint8_t **value,
			size_t *bytes) MUST_CHECK;
/* Each of them, under the lock: be short, and call nothing of this here. */
void tools_info_list(struct tools *t, void (*each)(void *arg, const struct guestinfo_entry *entry),
		     void *arg);

#endif
