/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <pthread.h>
#include <stdatomic.h>

#include "abi/runpage.h"
#include "lib/err.h"
#include "vmm/board.h"
#include "vmm/bus.h"
#include "vmm/console.h"
#include "vmm/dirty.h"
#include "vmm/guestmem.h"
#include "vmm/hyp.h"
#include "vmm/load.h"
#include "vmm/memory.h"
#include "vmm/tools.h"

struct client;
struct hub;

/* How a VM came to its end. */
enum vm_end {
	VM_RUNS = 0,
	VM_OFF,     /* it powered itself off */
	VM_RESET,   /* it asked to be started again */
	VM_STOPPED, /* from outside */
	VM_MOVED,   /* it runs on another host */
	VM_FAILED,  /* it, or this program, did what cannot go on; that has been told */
};

/* A vCPU and the thread that runs it. */
struct vcpu {
	struct vm *vm;
	uint32_t index;
	struct run_page *page;
	pthread_t thread;
	struct device *device; /* of the last access that it served, or NULL */
	/* A futex: 1 when EL2 may have announced an exit of a dedicated vCPU; see await_exit(). */
	uint32_t announced;
	atomic_bool on; /* changed under vm->power_lock */
	bool parked;    /* under vm->power_lock: the VM is paused, and the thread has seen it */
	bool unserved;  /* the same: it has an exit that is still to be answered */
};

struct vm {
	struct client *client; /* to caissond */
	struct hyp_token token;
	uint32_t number;
	struct memory *memory;
	uint32_t cpus;
	int event; /* an eventfd: the VM has ended, or the console has room again */
	bool ptp;  /* vmm/kvmptp.h; as vm_create() has left it until the VM starts */
	struct guestmem guestmem;
	struct dirty dirty;
	struct bus bus;
	struct tools *tools; /* NULL: the guest is not offered any */
	struct console console;

	atomic_int end;           /* enum vm_end; once it is not VM_RUNS it stays */
	atomic_flag strange_told; /* the guest accessed what is not there: told once */

	atomic_bool held; /* paused, or it has ended: vCPUs are not to run */
	pthread_mutex_t power_lock;
	pthread_cond_t
		power_changed; /* a vCPU is on or off or parked, the VM runs on or has ended */
	bool paused;           /* under the lock */
	/* NULL; or the one that runs while the others are held. Changed under the lock. */
	_Atomic(struct vcpu *) alone;
	struct vcpu vcpu[CAISSON_MAX_VCPUS];
};

/*
 * Makes the VM in EL2, by caissond, with the memory as it is loaded, all vCPUs off. hub: for the
 * console. tools: NULL, or what serves the guest's. ctr: x6 of VM_CREATE. Tells what is wrong. The
 * VM is there until vm_destroy().
 */
enum err vm_create(struct vm *vm, struct client *client, struct memory *memory,
		   const struct board *board, uint32_t cpus, struct tools *tools, uint64_t ctr,
		   struct hub *hub, int event) MUST_CHECK;
/* Starts a thread for each vCPU, and the first vCPU. After an error vm_join() is due, too. */
enum err vm_start(struct vm *vm, const struct load_result *guest) MUST_CHECK;
/* The same of a VM whose vCPUs are loaded. */
enum err vm_go_on(struct vm *vm) MUST_CHECK;
/* After vm_end(): waits for the threads. */
void vm_join(struct vm *vm);
/* Nothing of the VM runs any more. An error, which was told: EL2 keeps the memory. */
enum err vm_destroy(struct vm *vm) MUST_CHECK;

/* Any thread, any time; the first one's reason holds. */
void vm_end(struct vm *vm, enum vm_end how);
bool vm_has_ended(struct vm *vm);

/*
 * Pauses the VM: when it returns no vCPU runs, and none will until vm_resume(). Time goes on for
 * the guest. Not by a vCPU's thread.
 */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);
bool vm_is_paused(struct vm *vm);

/*
 * By the thread of a vCPU: no other runs when it returns, and none will until vm_let_others(); but
 * a pause or the end of the VM goes on as ever.
 */
void vm_stop_others(struct vcpu *v);
void vm_let_others(struct vcpu *v);
/* Is this vCPU not to run? */
bool vm_holds(const struct vcpu *v);

/* Wakes vCPUs that wait for interrupts, a bit each. */
void vm_wake(struct vm *vm, uint32_t set);
/* Sets an interrupt line of the VM. */
void vm_set_irq(struct vm *vm, uint32_t intid, bool level);
/* Takes memory that the guest may only read out of its reach, or puts it back. Whole blocks. */
void vm_show_memory(struct vm *vm, uint64_t ipa, uint64_t bytes, bool show);

#endif
