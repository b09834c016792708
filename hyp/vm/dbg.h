/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_DBG_H
#define HYP_VM_DBG_H

#include "hyp/vm/dbgaccess.h"
#include "hyp/vm/exit.h"

/* hyp/vm/dbgaccess.h, as seen from within hyp/vm. */

/* Is a vCPU of any VM held? A CPU that may be the one that runs it looks closer then. */
extern uint32_t dbg_is_active;

static inline bool dbg_active(void)
{
	return __builtin_expect(__atomic_load_n(&dbg_is_active, __ATOMIC_RELAXED) != 0, 0);
}

/* --- while dbg_active() --- */

/*
 * The service VM's vCPU, loaded on this CPU and on, is about to be entered: waits here as long as
 * it is held. No lock is held.
 */
void dbg_hold(struct vcpu *vcpu);

/* A vCPU of the service VM went off, or one of a user VM left its CPU. No lock is held. */
void dbg_left(void);

/* Is the user VM's vCPU, or the service VM's that it has the CPU of, held? */
bool dbg_must_leave(const struct vcpu *vcpu);

/* A user VM's, by anyone. */
static inline bool dbg_is_held(const struct vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->is_held, __ATOMIC_ACQUIRE);
}

/* --- always --- */

/* Debug exceptions and BRK, which come here while a VM is debugged. */
exit_handler_fn dbg_exit;

/* The user VM will not run any more. LOCK_MANAGE may be held. */
void dbg_vm_ends(const struct vm *vm);

/* --- between dbgaccess.c and dbgstate.c; under dbg_lock --- */

#define DBG_SOFTWARE_POINTS 64

struct dbg_breakpoint {
	bool is_set;
	uint64_t va;
	uint64_t ipa;
	uint8_t was[4]; /* the instruction that is there */
};

struct dbg_watch {
	uint64_t address;
	uint64_t bytes;
	enum gdbserver_point point;
};

struct dbg {
	struct vm *vm; /* NULL: none is attached */
	uint32_t number;
	bool is_stopped;
	struct debug_outside outside;
	struct dbg_watch watch[DEBUG_MAX_POINTS]; /* what DBGWVR<n> and DBGWCR<n> are set for */
	struct dbg_breakpoint breakpoint[DBG_SOFTWARE_POINTS];
};

extern struct spinlock dbg_lock;
extern struct dbg dbg GUARDED_BY(dbg_lock);

/* Is there RAM, for EL2 too? */
void dbgstate_init(const struct bootinfo *bi);
/* Memory as the guest had it; no breakpoints and watchpoints. */
void dbgstate_clear(void) REQUIRES(dbg_lock);
/* Is one of dbg's BRKs at this address of the vCPU, which is loaded? */
bool dbgstate_has_breakpoint(struct vcpu *vcpu, uint64_t va) REQUIRES(dbg_lock);
/* Which watchpoint is meant by this address? */
void dbgstate_find_watched(uint64_t address, struct gdbserver_stop *stop) REQUIRES(dbg_lock);
/* The instruction at the vCPU's PC; 0: none can be read. */
uint32_t dbgstate_instruction(struct vcpu *vcpu) REQUIRES(dbg_lock);

#endif
