/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_HOSTUI_H
#define LIB_HOSTUI_H

#include "lib/bits.h"
#include "lib/termkey.h"

/*
 * The host UI: what is known of the machine and its VMs as a full screen of terminal text, and
 * keys. Pure. Uses bold, underlined and inverse text and no colour; lays itself out for 40 columns
 * and 10 rows or more (a smaller screen gets the parts that fit, from the top).
 */

#define HOSTUI_CPUS_MAX    32
#define HOSTUI_ROWS_MAX    80
#define HOSTUI_COLUMNS_MAX 512
#define HOSTUI_NAME_BYTES  32

/* In percent of the time since the snapshot before; together about 100. */
struct hostui_cpu {
	uint8_t user;    /* user VMs' vCPUs had it */
	uint8_t service; /* the service VM, idle or not */
	uint8_t asleep;  /* it slept in EL2 */
};

/* A VM, with its console; or a console of Caisson's. */
struct hostui_row {
	/* The choice stays with a VM's name, or else the id, when rows come and go. */
	uint32_t id;
	bool is_vm; /* from `state` on: of VMs alone */
	bool is_user;
	bool is_off; /* a user VM that is defined and does not run: nothing behind `state` */
	char key;    /* the console's, 0: none */
	char port;   /* '1', '2': shows the console; 0: none */
	char name[HOSTUI_NAME_BYTES];
	const char *state;
	uint32_t vcpus;
	uint64_t memory_bytes;
	uint64_t cpu_ms; /* of user VMs */
	bool has_load;
	uint32_t load_percent; /* of one CPU, since the snapshot before */
	/* As the guest's own tools tell: NULL or empty where they do not. */
	const char *os;
	const char *address;
};

struct hostui_snapshot {
	const char *version;
	/* As the service VM tells: empty, or nothing of it is known. */
	const char *host_name;
	const char *host_address;
	const char *machine;
	/* There is somebody who starts and stops VMs; there was, and is not heard of any more. */
	bool has_manager;
	bool is_manager_lost;
	uint32_t off_left_out; /* defined VMs that have no row */
	uint64_t uptime_s;
	uint64_t memory_bytes, own_bytes, user_bytes, store_bytes;
	uint64_t errors, warnings; /* lines in the log */
	uint32_t cpus_left_out;
	uint32_t cpu_count;
	struct hostui_cpu cpu[HOSTUI_CPUS_MAX];
	uint32_t row_count;
	struct hostui_row row[HOSTUI_ROWS_MAX];
};

enum hostui_mode {
	HOSTUI_TABLE,
	HOSTUI_HELP,
	HOSTUI_ASK_RESTART,
	HOSTUI_ASK_POWER_OFF,
	HOSTUI_ASK_VM_STOP, /* of the row that is chosen; these end when that is gone */
	HOSTUI_ASK_VM_RESTART,
};

struct hostui {
	struct hostui_snapshot now; /* the caller's to fill in; hostui_update() then */
	const char *message;        /* the caller's; shown until the next key. NULL: none */
	enum hostui_mode mode;
	unsigned int columns;
	unsigned int rows;
	uint32_t chosen;    /* index of a row */
	uint32_t chosen_id; /* and what it is known by */
	bool chosen_is_vm;
	char chosen_name[HOSTUI_NAME_BYTES];
	uint32_t first; /* the first row that is shown */
	/* The line that is being made. */
	size_t used;
	char line[HOSTUI_COLUMNS_MAX + 1];
};

/* What a key asks for. */
enum hostui_request {
	HOSTUI_NOTHING,
	HOSTUI_SHOW, /* the console with hostui_key()'s *console */
	HOSTUI_RESTART,
	HOSTUI_POWER_OFF,
	/* Of the row that is chosen: a VM that is off; a user VM that runs. */
	HOSTUI_VM_START,
	HOSTUI_VM_STOP,
	HOSTUI_VM_RESTART,
};

/* 80 columns, 24 rows, nothing known. */
void hostui_init(struct hostui *h);
void hostui_resize(struct hostui *h, unsigned int columns, unsigned int rows);
/* h->now has changed. */
void hostui_update(struct hostui *h);

/* A key. What ends something has been confirmed. */
enum hostui_request hostui_key(struct hostui *h, const struct termkey_token *key, char *console);

/* The whole screen as it is now: calls put() for each piece of a row, of HOSTUI_COLUMNS_MAX bytes
 * at most. */
typedef void hostui_put_fn(void *ctx, const char *text, size_t bytes);
void hostui_show(struct hostui *h, hostui_put_fn *put, void *ctx);

#endif
