/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_DAEMON_H
#define VMM_DAEMON_H

#include <sys/types.h>

#include "vmm/config.h"
#include "vmm/daemon_pages.h"
#include "vmm/eventline.h"
#include "vmm/guestreport.h"
#include "vmm/hyp.h"
#include "vmm/rpc.h"

/*
 * caissond: the one holder of the management token. It owns the memory of user VMs and decides
 * about their life; each VM's VMM is a process that asks it over a socket. One thread, one loop.
 */

struct daemon_client;

/* What somebody at the host UI wants of a VM that runs. */
enum daemon_wish { DAEMON_WISH_NONE, DAEMON_WISH_STOP, DAEMON_WISH_RESTART };

#define DAEMON_NOTE_BYTES 16

/* A user VM, from its VMM's first word until its pages are Linux's again. */
struct daemon_vm {
	struct daemon *daemon;
	char name[CONFIG_NAME_BYTES];
	uint64_t tag; /* how EL2 knows it: random */
	uint32_t cpus;
	uint64_t ram_bytes;
	struct pages pages;
	/* Its memory is being made; the VMM waits for the answer to create, which has this id. */
	bool making;
	uint64_t filled; /* bytes */
	json_t *create_id;
	bool made; /* EL2 has it, as this number */
	uint32_t number;
	bool paused;                  /* as its VMM says */
	char note[DAEMON_NOTE_BYTES]; /* what it says besides, of a move; empty: nothing */
	struct guestreport guest;

	/* CPUs that its first vCPUs have for themselves; offline from create to the burial. */
	uint32_t dedicate[CAISSON_MAX_VCPUS];
	uint32_t dedicated;
	/* What came by the event line and its VMM was not told yet: a bit for each vCPU. */
	uint32_t exits, wakes;
	/* Its console on Caisson's serial line: to be made; there is something for its VMM. */
	bool console_wanted;
	bool console_news;
	/* It is to end, or to start again, before this timer. */
	enum daemon_wish wish;
	struct loop_event patience;

	/* The VMM. */
	pid_t pid;
	uint64_t pid_start; /* when it started, as /proc has it: a PID alone may be another's */
	uid_t uid;
	int pidfd;
	struct loop_event died;       /* pidfd; while there is no connection */
	struct daemon_client *client; /* NULL: none yet after caissond's start, or no more */

	/* The end. */
	bool ending;
	struct loop_event timer;
	uint64_t scrubbed; /* bytes */
	bool trouble_told;
};

/* A process that starts a VM for somebody at the host UI. */
struct daemon_starter {
	char name[CONFIG_NAME_BYTES];
	pid_t pid; /* 0: there is none */
	int pidfd;
	int errors;               /* a pipe: what it says */
	bool awaited;             /* the VM has not started yet */
	struct loop_event exited; /* pidfd */
	struct loop_event timer;  /* patience, after its end */
};

struct daemon {
	struct loop loop;
	struct hyp_token management;
	gid_t group; /* PATHS_GROUP, or root's: there is none */
	int listener;
	struct loop_event accept;
	uint32_t clients;
	struct daemon_vm *vm[CAISSON_MAX_VMS];
	struct loop_event terminate; /* SIGTERM */
	struct loop_event interrupt; /* SIGINT */
	struct loop_event pool;      /* a timer: pages that come back late */
	int line; /* the event line; -1: not open, since nobody has used it yet */
	struct eventline reader;
	struct loop_event readable;
	struct loop_event untold;   /* a timer: events that did not go at once */
	struct loop_event consoles; /* a timer: VMs that want one */
	bool stopping;
	uint32_t stop_step;
	bool reports;             /* the host UI takes reports */
	struct loop_event report; /* a timer */
	struct daemon_starter starter;
	struct loop_event stop; /* a timer: patience with VMs that are to end */
};

struct daemon_client {
	struct daemon *daemon;
	struct wire wire;
	pid_t pid;
	uid_t uid;
	struct daemon_vm *vm; /* NULL: not a VMM, or not yet */
};

/* ---- daemon_vm.c: the life of VMs -------------------------------------------------------- */

struct daemon_vm *daemon_find_vm(struct daemon *d, const char *name);
bool daemon_has_vms(const struct daemon *d);

/* Requests of VMMs and of others; see docs/man/caissond.8. */
rpc_fn daemon_create, daemon_start, daemon_donate, daemon_end, daemon_remove, daemon_attach,
	daemon_set_state;

/* The VMM is gone, or shall be: its VM ends, step by step, and its memory goes back. */
void daemon_bury(struct daemon_vm *vm);
/* SIGKILL for the VMM, which then is buried. */
void daemon_kill(struct daemon_vm *vm);

/* Takes over what another caissond has left: VMs of living VMMs go on, the others end. */
void daemon_adopt_all(struct daemon *d);

/* ---- daemon_dedicate.c: CPUs for vCPUs alone --------------------------------------------- */

/* Takes the CPUs of a create's argument "dedicate" down as the VM's, if they may be. */
enum err daemon_choose_cpus(struct rpc_call *call, struct daemon_vm *vm) MUST_CHECK;
/* Out of Linux's hands. After an error daemon_return_cpus() is due, too. */
enum err daemon_take_cpus(struct rpc_call *call, struct daemon_vm *vm) MUST_CHECK;
/* EL2 gives them to the VM's vCPUs; it takes them back when it ends the VM. */
enum err daemon_dedicate_cpus(struct rpc_call *call, struct daemon_vm *vm) MUST_CHECK;
/* Linux has them again. EL2 has the VM no more. */
void daemon_return_cpus(struct daemon_vm *vm);

/* ---- daemon_events.c: the event line, and consoles on the serial line -------------------- */

enum err daemon_init_events(struct daemon *d) MUST_CHECK;
/* Opens the event line if it is not open. Tells what is wrong. */
enum err daemon_open_events(struct daemon *d) MUST_CHECK;
/* Tells VMMs what they were not told yet, soon. */
void daemon_tell_events(struct daemon *d);

/*
 * A VM that was started gets its console on Caisson's serial line, if there are any, soon: the
 * start does not wait for it. Its VMM hears of it as of input.
 */
void daemon_want_console(struct daemon_vm *vm);

/* ---- daemon_report.c: what the host UI shows of the service VM ---------------------------- */

/* The first report is sent when the loop runs. */
enum err daemon_init_report(struct daemon *d) MUST_CHECK;
/* Something has changed. */
void daemon_report_soon(struct daemon *d);
/* A line for who sits there, and for the log. */
void daemon_tell_host(struct daemon *d, const char *format, ...) PRINTF_LIKE(2, 3);
/* A defined VM, as the report of this serial number (modulo CAISSON_MAX_VMS) lists it; NULL. */
const char *daemon_off_name(uint32_t serial, uint32_t place);

/* ---- daemon_guest.c: what guests tell of themselves -------------------------------------- */

rpc_fn daemon_set_guest;
struct host_report_guest;
/* For the host UI's report, by the VMs' numbers; CAISSON_MAX_VMS of them. */
void daemon_report_guests(const struct daemon *d, struct host_report_guest guest[]);

/* ---- daemon_request.c: requests of the host UI -------------------------------------------- */

enum err daemon_init_requests(struct daemon *d) MUST_CHECK;
/* EVENT_FIRST_REQUEST or later. What becomes of it is told by daemon_tell_host(). */
void daemon_request(struct daemon *d, const struct event *event);
/* EL2 has the VM, from the first time on or again; it is gone, and about to be forgotten. */
void daemon_has_started(struct daemon_vm *vm);
void daemon_has_ended(struct daemon_vm *vm);

/* ---- daemon_state.c: what a next caissond has to know ------------------------------------ */

/* Writes a VM's state, in one step, as PATHS_STATE/NAME.json. Tells what is wrong. */
enum err daemon_save(const struct daemon_vm *vm) MUST_CHECK;
void daemon_forget(const struct daemon_vm *vm);
/* ERR_NOT_FOUND: no such file, or not of ours. */
enum err daemon_load(struct daemon_vm *vm, const char *name) MUST_CHECK;

/* The VM's own folder for its VMM's sockets, empty. Tells what is wrong. */
enum err daemon_make_folder(const struct daemon_vm *vm) MUST_CHECK;
void daemon_remove_folder(const struct daemon_vm *vm);

/* The file for a detached VMM's messages, to be closed by the caller; -1 and errno. */
int daemon_open_log(const struct daemon_vm *vm);

/* ---- daemon_log.c ------------------------------------------------------------------------ */

/* The log of the hypervisor, or of a detached VMM, from a position on. */
rpc_fn daemon_log;

/* ------------------------------------------------------------------------------------------ */

/* When the process started, in clock ticks since boot; 0: there is none. */
uint64_t daemon_start_time(pid_t pid);
/* Is there such a process, and was it started by this user? */
bool daemon_is_user_of(pid_t pid, uid_t uid);
/* The group's number; 0 when there is none. */
gid_t daemon_find_group(const char *name);

#endif
