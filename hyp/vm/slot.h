/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_SLOT_H
#define HYP_VM_SLOT_H

#include "abi/hypercall.h"
#include "abi/vgicstate.h"
#include "arch/aarch64/speculation.h"
#include "hyp/core/lock.h"
#include "hyp/vm/uframe.h"
#include "hyp/vm/umem.h"
#include "hyp/vm/ustat.h"
#include "hyp/vm/uvm.h"
#include "lib/owner.h"

/*
 * Which user VMs there are: for the files that make, change, run and end them.
 *
 * slot_manage_lock guards the table of owners and whatever makes, changes or ends a VM: one such
 * call at a time. A slot's lock guards its state and which vCPUs run; running takes only that. A
 * VM in state ENDING is not entered any more, and its store goes when no vCPU of it runs.
 */

enum slot_state { SLOT_FREE, SLOT_LIVE, SLOT_ENDING };

/* Under the slot's lock: a copy of what VGIC_SET is given. */
union uvm_vgic_state {
	struct vgic_state_dist dist;
	struct vgic_state_cpu cpu;
};

/* At the start of the store, the block of memory that the VM's creator donated. */
struct uvm {
	struct vm vm;
	uint32_t slot;
	/*
	 * Free pages of the store, for stage 2: a list of those that came back, each with the next
	 * one's address, what is left of a block, and blocks that were donated. hyp/vm/ustore.c,
	 * under mem_lock.
	 */
	uint64_t free_page;
	uint64_t next_page;
	uint64_t end;
	uint64_t donated[8];
	uint32_t donated_count;
	struct spinlock mem_lock; /* hyp/vm/umem.c says what it guards */
	uint64_t blocks;          /* of memory that it has */
	/* hyp/vm/udirty.c: descriptors of the blocks that are tracked, a page for each GiB. */
	uint64_t *tracked[CAISSON_VM_IPA_BYTES / GIB(1)];
	uint64_t run_block; /* of the service VM's memory, pinned: where run pages are */
	uint64_t ctr;       /* CTR_EL0 as it sees it */
	/* hyp/vm/idreg.c: DCZID_EL0, REVIDR_EL1; and was it shown less than this host has? */
	uint64_t dczid;
	uint64_t revidr;
	bool has_baseline;
	struct uframe frame; /* hyp/vm/uframe.c: only with CAISSON_TIME_MODE_FRAME */
	char name[CAISSON_CONSOLE_NAME_BYTES]; /* its console's; empty before it has one */
	struct ustat stat;
	union uvm_vgic_state vgic_state;
	struct uvcpu vcpu[];
};

struct slot {
	struct spinlock lock;
	enum slot_state state;
	uint32_t running; /* vCPUs, and calls that need the VM without its lock */
	uint64_t token[2];
	struct uvm *uvm; /* ENDING: NULL when only its store is left */
	uint64_t store;  /* the block that *uvm is in */
	uint64_t tag;    /* the creator's */
	bool has_console;
	struct umem_end end; /* how far VM_DESTROY has come */
	/* 1 + the vCPU that ran last on each CPU; 0: none. That CPU's. */
	uint8_t last_on[BOOT_MAX_CPUS];
} __attribute__((aligned(64)));

extern struct spinlock slot_manage_lock;
extern struct owner slot_owner GUARDED_BY(slot_manage_lock);
extern struct slot slots[CAISSON_MAX_VMS];

/* Boot CPU, once. */
void slot_init(void);

static inline uint32_t slot_number(const struct slot *slot)
{
	return (uint32_t)(slot - slots);
}

/* The VM that a user VM's vCPU is of. */
static inline struct uvm *uvm_of(const struct vcpu *vcpu)
{
	return (struct uvm *)vcpu->vm; /* its first member */
}

/* The VM whose token is in x1 and x2: the slot's number is in the token's low bits. */
static inline struct slot *slot_by_token(const struct vcpu *caller)
{
	struct slot *slot = &slots[caller->x[1] % CAISSON_MAX_VMS];

	/* Hidden from the compiler, which else works out each member's address from the table's. */
	__asm__("" : "+r"(slot));
	return slot;
}

/* A user VM's vCPU: its slot. */
static inline struct slot *slot_of(const struct vcpu *vcpu)
{
	return &slots[uvm_of(vcpu)->slot];
}

/* The VM of this number, which is below CAISSON_MAX_VMS; under speculation too. */
static inline struct slot *slot_get(uint64_t number)
{
	return &slots[bounded_index(number, CAISSON_MAX_VMS)];
}

/* The VM of this number, if it lives; NULL. Under slot_manage_lock. */
struct uvm *slot_living(uint64_t number) REQUIRES(slot_manage_lock);

/* After slot_check_vcpu(), under the same lock: the vCPU x3, under speculation too. */
static inline struct uvcpu *slot_vcpu(const struct slot *slot, const struct vcpu *caller)
{
	return &slot->uvm->vcpu[bounded_index(caller->x[3], slot->uvm->vm.vcpu_count)];
}

/* Without a lock: has the caller the token of a VM? It may end before it is looked at again. */
static inline bool slot_has_token(const struct vcpu *caller)
{
	const struct slot *slot = slot_by_token(caller);

	uint64_t differs = (slot->token[0] ^ caller->x[1]) | (slot->token[1] ^ caller->x[2]);

	/* In the same time, whatever the token: tests/guest/denied.c. */
	return (differs | (__atomic_load_n(&slot->state, __ATOMIC_RELAXED) == SLOT_FREE)) == 0;
}

/*
 * Under the slot's lock, before anything else: is the caller's token right (DENIED otherwise)
 * and the VM not to end (STATE)?
 */
static inline enum caisson_status slot_check(const struct slot *slot, const struct vcpu *caller)
{
	if (((slot->token[0] ^ caller->x[1]) | (slot->token[1] ^ caller->x[2])) != 0 ||
	    slot->state == SLOT_FREE)
		return CAISSON_DENIED;
	return slot->state == SLOT_LIVE ? CAISSON_OK : CAISSON_STATE;
}

/* And is there a vCPU x3 (INVALID)? */
enum caisson_status slot_check_vcpu(const struct slot *slot, const struct vcpu *caller);

/*
 * Under its lock: the vCPU runs on CPU `cpu`, this one, from now on. True: what the CPU has cached
 * may be another vCPU's of the same VM.
 */
static inline bool slot_take(struct slot *slot, struct uvcpu *u, uint32_t cpu)
{
	uint8_t last = slot->last_on[cpu], this = (uint8_t)(u->vcpu.index + 1);

	u->runs_on = cpu;
	slot->running++;
	slot->last_on[cpu] = this;
	return last != 0 && last != this;
}

/* hyp/vm/uconsole.c: the VM has no console any more. Under slot_manage_lock. */
void uconsole_end(struct slot *slot);

/* Under its lock, of a VM that lives: does a vCPU run, or is one about to on a CPU of its own? */
bool slot_is_running(const struct slot *slot);

/* What an error of the models in lib means to a caller. */
enum caisson_status slot_status(enum err err);

/* The physical address of the caller's virtual one; false: it may not write there. */
bool slot_resolve(uint64_t va, uint64_t *pa);

/*
 * The same in the block that VM_CREATE named for run pages, where alone EL2 writes for who has the
 * VM's token. False: also when it is elsewhere. Under the slot's lock.
 */
bool slot_resolve_run(const struct slot *slot, uint64_t va, uint64_t *pa);

#endif
