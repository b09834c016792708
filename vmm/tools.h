/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_TOOLS_H
#define VMM_TOOLS_H

#include <pthread.h>

#include "abi/runpage.h"
#include "lib/gtchannel.h"
#include "lib/gtnic.h"
#include "vmm/config.h"
#include "vmm/guestinfo.h"
#include "vmm/guestmem.h"
#include "vmm/loop.h"

/*
 * What VMware's guest tools find at the other end of their hypercalls (docs/guest-tools.md). The
 * guest's calls come by its vCPUs' threads and are served there: none waits for anybody but for
 * the lock, which nobody holds for long, and, when the guest calls too often, for a while of its
 * own. What the owner wants of the guest waits until the guest asks for it; the loop looks at
 * time-outs and calls back. Any process in the guest can make calls, so nothing that comes is
 * believed.
 */

#define TOOLS_LINE_BYTES 512
#define TOOLS_WHY_BYTES  128
#define TOOLS_ORDERS_MAX 16

/* What the guest's tools can be asked for. */
enum tools_action {
	TOOLS_HALT, /* done: the guest begins to shut down, or to */
	TOOLS_REBOOT,
	TOOLS_SYNC_TIME,
	TOOLS_FREEZE, /* done: its file systems are frozen; by themselves they thaw after minutes */
	TOOLS_THAW,
	TOOLS_BROADCAST_IP, /* done: it has been told to set guestinfo.ip */
	TOOLS_PING,
	TOOLS_ABORT_FREEZE, /* of a freeze that took too long; not for others */
	TOOLS_SET_SYNC,     /* its own time synchronisation, on or off; not for others */
};

enum tools_result {
	TOOLS_DONE,
	TOOLS_REFUSED, /* the guest says why */
	TOOLS_TIMEOUT,
	TOOLS_ABSENT, /* no tools run there, or they ended meanwhile */
};

/* why: printable text, perhaps empty. */
typedef void tools_done_fn(void *arg, enum tools_result result, const char *why);

enum tools_event {
	TOOLS_EVENT_STARTED, /* the guest's tools take orders */
	TOOLS_EVENT_GONE,
	TOOLS_EVENT_REPORT, /* what they report has changed; once a second at most */
};

typedef void tools_event_fn(void *arg, enum tools_event event);

/* What the guest's tools say of it. Text is printable ASCII, empty where nothing was said. */
struct tools_report {
	bool running;
	char version[16]; /* of the tools, such as 12.2.0 */
	char host_name[256];
	char os_name[64];       /* VMware's short name */
	char os_full[256];      /* a sentence */
	char os_detailed[1024]; /* key='value' ... */
	uint64_t uptime_s;
	struct gtnic_list nics;
};

/* So many a second, and some at once after a while of fewer. */
struct tools_rate {
	uint64_t next_ns; /* when the next is due, if all went at this rate */
};

enum tools_order_state {
	TOOLS_ORDER_FREE,
	TOOLS_ORDER_WAITS, /* for the guest to ask */
	TOOLS_ORDER_SENT,  /* it may fetch it, or has */
	TOOLS_ORDER_BEGUN, /* it has said yes; what it does is not over */
	TOOLS_ORDER_OVER,  /* the loop is to call back */
};

struct tools_order {
	enum tools_order_state state;
	enum tools_action action;
	uint64_t serial;
	uint64_t until_ns;
	enum tools_result result;
	char why[TOOLS_WHY_BYTES];
	tools_done_fn *done; /* NULL: nobody waits for it */
	void *arg;
};

/* How far the conversation on a channel by which the guest polls has come. */
enum tools_talk {
	TOOLS_TALK_NONE,
	TOOLS_TALK_RESET,    /* asked who is there */
	TOOLS_TALK_OTHER,    /* not who takes orders */
	TOOLS_TALK_REGISTER, /* asked for what it can do */
	TOOLS_TALK_SETTLE,   /* told the options */
	TOOLS_TALK_READY,
};

#define TOOLS_NO_CHANNEL GTCHANNEL_COUNT

struct tools {
	enum tools_policy policy;
	uint32_t mhz; /* what the guest is told its CPUs' speed is */

	pthread_mutex_t lock; /* all that follows, up to the loop's */
	struct gtchannels channels;
	struct guestinfo info;
	size_t message_bytes; /* in messages that are on their way */
	struct tools_rate calls;
	struct tools_rate writes;
	struct tools_rate lines;
	uint64_t wait_ns;            /* of the call that is served */
	uint64_t lines_lost;         /* of the guest's log, since the last one that was shown */
	char line[TOOLS_LINE_BYTES]; /* to be said when the lock is free again; empty: nothing */

	uint8_t talk[GTCHANNEL_COUNT]; /* enum tools_talk */
	uint32_t main;                 /* the channel that orders go by, or TOOLS_NO_CHANNEL */
	uint32_t option;               /* TOOLS_TALK_SETTLE: the next one */
	uint64_t polled_ns;            /* when the guest last called there */
	bool is_asked;                 /* an order was posted and is not answered */
	bool sync;                     /* the guest's own time synchronisation is wanted */
	uint64_t serial;
	struct tools_order order[TOOLS_ORDERS_MAX];
	struct tools_report report;

	int event;         /* an eventfd: the loop is to look; -1: there is no loop */
	bool woken;        /* it was written to */
	bool report_waits; /* TOOLS_EVENT_REPORT is due */
	bool was_running;  /* as was told last */

	/* The loop's alone. */
	struct loop *loop;
	struct loop_event on_event;
	struct loop_event on_tick;
	struct loop_event on_clock;
	int clock; /* a timerfd that ends when somebody sets Linux's clock */
	uint64_t report_ns;
	bool is_paused;
	tools_event_fn *listener;
	void *listener_arg;
};

void tools_init(struct tools *t, enum tools_policy policy, uint32_t mhz);
void tools_free(struct tools *t);
/* The guest has ended: what it had open is closed. Values stay. No vCPU runs. */
void tools_reset(struct tools *t);

/*
 * RUN_EXIT_TOOLS, by the vCPU's thread: fills in the results. memory: the guest's, for what comes
 * with high bandwidth. Returns how long the guest is to wait before it goes on, in nanoseconds: it
 * calls too often.
 */
uint64_t tools_exit(struct tools *t, struct run_page *page, const struct guestmem *memory);

/*
 * Is it a call that moves bytes from or to where the guest's tables say? Then no other vCPU may run
 * from before EL2 looks at them until the bytes are moved: it could give the pages to somebody
 * else, and a process would read or write what is its kernel's by then.
 */
static inline bool tools_moves_memory(const struct run_page *page)
{
	return page->tools_pages != 0;
}

/* ---- the owner's side: in the loop ------------------------------------------------------- */

/* After tools_init(), and before what follows. Tells what is wrong; tools_close() is due. */
enum err tools_open(struct tools *t, struct loop *loop) MUST_CHECK;
void tools_close(struct tools *t);

/* Who hears of events; one. */
void tools_listen(struct tools *t, tools_event_fn *listener, void *arg);

/*
 * Asks the guest's tools for it. done is called from the loop, not from here, after timeout_ms at
 * the latest; NULL: nobody cares. ERR_BUSY: too much was asked already.
 */
enum err tools_do(struct tools *t, enum tools_action action, uint64_t timeout_ms,
		  tools_done_fn *done, void *arg) MUST_CHECK;

void tools_get_report(struct tools *t, struct tools_report *report);

/* The VM is paused, or runs on: then the guest's clock is to be set, as far as its tools do. */
void tools_set_paused(struct tools *t, bool paused);

/* ---- tools_state.c; no vCPU runs --------------------------------------------------------- */

struct stream;
struct stream_section;

/* Channels, values, and what the tools have reported. Orders are their givers' business. */
enum err tools_save(struct tools *t, struct stream *s) MUST_CHECK;
/* Sections of which tools_owns() is true, of tools that were just reset. */
bool tools_owns(uint32_t section_id);
enum err tools_load(struct tools *t, struct stream *s,
		    const struct stream_section *section) MUST_CHECK;
/* All of it was loaded. */
void tools_begin(struct tools *t);

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
