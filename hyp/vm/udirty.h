/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UDIRTY_H
#define HYP_VM_UDIRTY_H

#include "hyp/vm/slot.h"
#include "lib/upages.h"

/* Which pages of a user VM's memory are written: DIRTY_START, _READ, _STOP; see udirty.c. */

/* A block of a VM's memory. Good for as long as the VM's mem_lock is held. */
struct udirty_block {
	uint64_t *entry; /* its descriptor, as lib/ublock.h has it */
	uint64_t *pages; /* tracked: the table of its pages, lib/upages.h; else NULL */
};

/* Boot CPU, once; and then every other CPU, before there are VMs. */
void udirty_init(void);
void udirty_init_cpu(void);

/* Of VTCR_EL2, for VMs that may be tracked. */
uint64_t udirty_vtcr(void);

/*
 * The block at ipa (below CAISSON_VM_IPA_BYTES), or where one could be. False: no memory was ever
 * put there. Under the VM's mem_lock.
 */
bool udirty_find(const struct uvm *uvm, uint64_t ipa, struct udirty_block *b);

/* Its new descriptor. The caller makes it seen, and flushes. */
void udirty_set(const struct udirty_block *b, uint64_t desc);

/*
 * What changed from one descriptor to the other for a block that is taken from the VM, which is not
 * tracked any more. Returns the page of its table, for udirty_dropped() when the TLBs of the VM are
 * flushed; 0: it was not tracked.
 */
uint64_t udirty_drop(struct uvm *uvm, uint64_t ipa, uint64_t desc) REQUIRES(uvm->mem_lock);
void udirty_dropped(struct uvm *uvm, uint64_t page);

/* The bytes were, or are about to be, written by EL2 or the guest, within a page. */
static inline void udirty_mark(const struct udirty_block *b, uint64_t ipa)
{
	if (b->pages)
		upages_mark(b->pages, pgtable_entry_read(b->entry),
			    (ipa & (UBLOCK_BYTES - 1)) / 4096);
}

/* A block's descriptor without a lock, as it was at some time not long ago; 0: no memory. */
uint64_t udirty_peek(const struct uvm *uvm, uint64_t ipa);

enum caisson_status udirty_start(struct vcpu *caller);
enum caisson_status udirty_read(struct vcpu *caller);
enum caisson_status udirty_stop(struct vcpu *caller);

#endif
