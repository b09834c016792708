/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which pages of a user VM's memory are written.
 *
 * A block that is tracked is mapped by a table of level 3, in which pages that were not written
 * since the last DIRTY_READ are not writable. A write to such a page faults, and is let through
 * when its bit is set; or the hardware does just that (FEAT_HAFDBS, VTCR_EL2.HD), where it can.
 * Both are in use at once: a CPU without it takes the fault. VMs are given VTCR_EL2 for all CPUs,
 * so one CPU with an erratum keeps it from all.
 *
 * The block's own descriptor, by which lib/ublock.h and hyp/vm/umem.c know the state of its caches,
 * moves to a place beside the tables (uvm->tracked), one for each entry of a table of level 2; the
 * pages follow it when it changes (lib/upages.h). So nothing of the lazy maps of umem.c is another:
 * a block flips as a whole, its pages become invalid and valid again, and what was written stays
 * known meanwhile.
 *
 * The entry of level 2 changes twice only, from block to table (START) and back (STOP, or when the
 * memory is taken back), each time by way of an invalid one and a TLB invalidation, as D8.14.1 asks
 * for. Whoever faults meanwhile waits for mem_lock, and finds what is there then. An invalid entry
 * is not 0: to calls of the manager, who do not take mem_lock for that, a 0 means that the place is
 * free. START and STOP do many blocks with one invalidation, under one hold of the lock.
 *
 * No write is lost. READ takes the bit away and the right to write with it, in one atomic access,
 * and flushes the TLBs of the VM on all CPUs at its end, before its caller can look at the page.
 * A CPU that has not seen that yet may write until its entry is gone; DSB ISH after the TLBI waits
 * for such writes (D8.14.3), so the caller sees them. Every later write faults, or sets the bit:
 * it is told of by the next READ, whether or not the caller has copied it already.
 * A fault sets the bit and the right under mem_lock, before the write is made. Bits in memory
 * (in the caller's page) count when the call has returned.
 * To give the right to write takes no break-before-make, but other CPUs may still have the page
 * as not writable: they fault, find it set and drop the entry from their own TLB, which is what
 * each fault does at its end.
 *
 * Pages of tables go back to the store after a TLB invalidation, behind which no CPU walks them.
 *
 * Locks: the calls hold the slot's lock, so one of them runs at a time and none beside MEM_MAP,
 * MEM_UNMAP and MEM_UNEXEC, which the same lock keeps apart; MEM_RECLAIM and faults run beside
 * them. mem_lock guards uvm->tracked, the tables of level 3, and the entries of level 2 that lead
 * to them.
 */
#include "hyp/vm/udirty.h"

#include "arch/aarch64/barrier.h"
#include "arch/aarch64/speculation.h"
#include "arch/aarch64/sysreg.h"
#include "arch/aarch64/tlb.h"
#include "hyp/vm/ustore.h"

#include <string.h>

/* What one call does at most, if no interrupt ends it sooner. */
#define START_BLOCKS 16
#define STOP_BLOCKS  64

#define AREA_BYTES GIB(1) /* that a table of level 2 covers */

#define VTCR_HA BIT(21)
#define VTCR_HD BIT(22)

_Static_assert(CAISSON_DIRTY_BYTES * 8 == UPAGES_COUNT, "the ABI");
_Static_assert(CAISSON_DIRTY_BYTES *CAISSON_DIRTY_BLOCKS == 4096, "a page");

static bool hardware_notes;

/* --- the hardware's help --- */

/* MIDR_EL1 without variant and revision. */
#define MIDR_MODEL (MASK(31, 24) | MASK(15, 4))

/*
 * Arm's errata 1024718 (Cortex-A55, and Kryo 4xx Silver, which is one) and 2051678 (Cortex-A510):
 * updates of descriptors that break them, or get lost.
 */
static const uint32_t unreliable[] = {0x4100d050, 0x51008050, 0x4100d460};

void udirty_init(void)
{
	hardware_notes = bits_get(sysreg_read(id_aa64mmfr1_el1), 3, 0) >= 2; /* HAFDBS */
	udirty_init_cpu();
}

void udirty_init_cpu(void)
{
	uint32_t model = (uint32_t)(sysreg_read(midr_el1) & MIDR_MODEL);

	for (unsigned int i = 0; i < ARRAY_SIZE(unreliable); i++) {
		if (unreliable[i] == model)
			__atomic_store_n(&hardware_notes, false, __ATOMIC_RELAXED);
	}
}

uint64_t udirty_vtcr(void)
{
	return hardware_notes ? VTCR_HA | VTCR_HD : 0;
}

/* --- blocks --- */

static bool is_table(uint64_t desc)
{
	return (desc & PGTABLE_DESC_TABLE) == PGTABLE_DESC_TABLE;
}

/* Not beyond uvm->tracked under speculation either: what is there is followed. */
static uint64_t area_of(uint64_t ipa)
{
	return bounded_index(ipa / AREA_BYTES, CAISSON_VM_IPA_BYTES / AREA_BYTES);
}

/* Where the descriptor of a tracked block would be; NULL: none is tracked near it. */
static uint64_t *tracked_entry(const struct uvm *uvm, uint64_t ipa)
{
	uint64_t *area = uvm->tracked[area_of(ipa)];

	return area ? &area[ipa % AREA_BYTES / UBLOCK_BYTES] : NULL;
}

bool udirty_find(const struct uvm *uvm, uint64_t ipa, struct udirty_block *b)
{
	uint64_t desc;

	b->entry = pgtable_entry(&uvm->vm.stage2, ipa, UBLOCK_LEVEL);
	b->pages = NULL;
	if (!b->entry)
		return false;
	desc = pgtable_entry_read(b->entry);
	if (!is_table(desc))
		return true;
	/* In the one block that has emulated devices a GICv2's CPU interface is mapped so. */
	b->entry = tracked_entry(uvm, ipa);
	b->pages = (uint64_t *)(desc & PGTABLE_DESC_PA);
	return b->entry && pgtable_entry_read(b->entry) != 0;
}

uint64_t udirty_peek(const struct uvm *uvm, uint64_t ipa)
{
	const uint64_t *entry = pgtable_entry(&uvm->vm.stage2, ipa, UBLOCK_LEVEL);
	uint64_t desc = entry ? pgtable_entry_read(entry) : 0;

	if (!is_table(desc))
		return desc;
	entry = tracked_entry(uvm, ipa);
	return entry ? pgtable_entry_read(entry) : 0;
}

void udirty_set(const struct udirty_block *b, uint64_t desc)
{
	uint64_t changed = pgtable_entry_read(b->entry) ^ desc;

	pgtable_entry_write(b->entry, desc);
	if (b->pages && (changed & (PGTABLE_DESC_VALID | PGTABLE_DESC_XN | PGTABLE_DESC_WRITE)))
		upages_follow(b->pages, desc);
}

uint64_t udirty_drop(struct uvm *uvm, uint64_t ipa, uint64_t desc)
{
	uint64_t *entry = pgtable_entry(&uvm->vm.stage2, ipa, UBLOCK_LEVEL);
	uint64_t old = pgtable_entry_read(entry);

	pgtable_entry_write(entry, desc & ~UPAGES_DBM);
	if (!is_table(old))
		return 0;
	pgtable_entry_write(tracked_entry(uvm, ipa), 0);
	return old & PGTABLE_DESC_PA;
}

void udirty_dropped(struct uvm *uvm, uint64_t page)
{
	lock_acquire(&uvm->mem_lock);
	ustore_page_back(uvm, page);
	lock_release(&uvm->mem_lock);
}

/* --- the calls --- */

/* A range of blocks that a call works on. */
struct work {
	struct uvm *uvm;
	uint64_t ipa;
	uint64_t blocks;
	uint64_t done;
	uint8_t *to; /* DIRTY_READ */
};

typedef enum caisson_status work_fn(struct work *w);

static bool is_interrupted(void)
{
	return (sysreg_read(isr_el1) & (ISR_A | ISR_I | ISR_F)) != 0;
}

static uint64_t next_ipa(const struct work *w)
{
	return w->ipa + w->done * UBLOCK_BYTES;
}

/* Is there something left, and may this call do it? */
static bool goes_on(const struct work *w, uint64_t limit)
{
	return w->done < w->blocks && w->done < limit && (w->done == 0 || !is_interrupted());
}

static enum caisson_status end_status(const struct work *w)
{
	return w->done < w->blocks ? CAISSON_CONTINUE : CAISSON_OK;
}

/* --- start --- */

/* The table for a block's pages, and a place for its descriptor. */
static enum caisson_status make_room(struct uvm *uvm, uint64_t ipa, uint64_t *page)
{
	uint64_t **area = &uvm->tracked[area_of(ipa)];

	if (!*area)
		*area = (uint64_t *)ustore_page(uvm);
	*page = *area ? ustore_page(uvm) : 0;
	return *page ? CAISSON_OK : CAISSON_NO_MEMORY;
}

/* *page: the table, which is not in its place yet; 0: there is to be none. */
static enum caisson_status start_block(struct uvm *uvm, uint64_t ipa, uint64_t *page, bool *flush)
	REQUIRES(uvm->mem_lock)
{
	enum caisson_status status;
	enum ublock_state state;
	struct udirty_block b;
	uint64_t desc;

	*page = 0;
	if (!udirty_find(uvm, ipa, &b))
		return CAISSON_STATE;
	desc = pgtable_entry_read(b.entry);
	state = ublock_state(desc);
	if (state == UBLOCK_NONE || state == UBLOCK_COMING || state == UBLOCK_GOING)
		return CAISSON_STATE;
	if (b.pages || !ublock_may_write(desc))
		return CAISSON_OK;
	status = make_room(uvm, ipa, page);
	if (status != CAISSON_OK)
		return status;
	if (desc & PGTABLE_DESC_VALID) {
		pgtable_entry_write(b.entry, desc & ~(uint64_t)PGTABLE_DESC_VALID);
		*flush = true;
	}
	desc |= hardware_notes ? UPAGES_DBM : 0;
	upages_fill((uint64_t *)*page, desc);
	pgtable_entry_write(tracked_entry(uvm, ipa), desc);
	return CAISSON_OK;
}

static enum caisson_status start_some(struct work *w) REQUIRES(w->uvm->mem_lock)
{
	enum caisson_status status = CAISSON_OK;
	uint64_t page[START_BLOCKS];
	bool flush = false;

	while (status == CAISSON_OK && goes_on(w, START_BLOCKS)) {
		status = start_block(w->uvm, next_ipa(w), &page[w->done], &flush);
		w->done += status == CAISSON_OK;
	}
	if (flush)
		tlb_flush_other_vm(w->uvm->vm.vttbr);
	else
		dsb(ishst);
	for (uint64_t i = 0; i < w->done; i++) {
		uint64_t ipa = w->ipa + i * UBLOCK_BYTES;

		if (page[i])
			pgtable_entry_write(pgtable_entry(&w->uvm->vm.stage2, ipa, UBLOCK_LEVEL),
					    page[i] | PGTABLE_DESC_TABLE);
	}
	dsb(ishst);
	return status == CAISSON_OK ? end_status(w) : status;
}

static enum caisson_status start(struct work *w)
{
	enum caisson_status status;

	lock_acquire(&w->uvm->mem_lock);
	status = start_some(w);
	lock_release(&w->uvm->mem_lock);
	return status;
}

/* --- read --- */

/* *flush: something was written. */
static enum caisson_status read_block(struct uvm *uvm, uint64_t ipa, uint64_t *to, bool *flush)
	REQUIRES(uvm->mem_lock)
{
	struct udirty_block b;
	uint64_t desc;

	if (!udirty_find(uvm, ipa, &b))
		return CAISSON_STATE;
	if (b.pages) {
		*flush |= upages_read(b.pages, to);
		return CAISSON_OK;
	}
	desc = pgtable_entry_read(b.entry);
	memset(to, 0, CAISSON_DIRTY_BYTES);
	return desc == 0 || ublock_may_write(desc) ? CAISSON_STATE : CAISSON_OK;
}

static enum caisson_status read(struct work *w)
{
	enum caisson_status status = CAISSON_OK;
	bool flush = false;

	while (status == CAISSON_OK && goes_on(w, CAISSON_DIRTY_BLOCKS)) {
		uint64_t *to = (uint64_t *)(w->to + w->done * CAISSON_DIRTY_BYTES);

		lock_acquire(&w->uvm->mem_lock);
		status = read_block(w->uvm, next_ipa(w), to, &flush);
		lock_release(&w->uvm->mem_lock);
		w->done += status == CAISSON_OK;
	}
	if (flush)
		tlb_flush_other_vm(w->uvm->vm.vttbr);
	return status == CAISSON_OK ? end_status(w) : status;
}

/* --- stop --- */

/* Returns the table's page, which is in use until the TLBs are flushed; 0: it is not tracked. */
static uint64_t stop_block(struct uvm *uvm, uint64_t ipa) REQUIRES(uvm->mem_lock)
{
	uint64_t *entry = pgtable_entry(&uvm->vm.stage2, ipa, UBLOCK_LEVEL);
	uint64_t old = entry ? pgtable_entry_read(entry) : 0;
	uint64_t *tracked = tracked_entry(uvm, ipa);

	if (!is_table(old) || !tracked || *tracked == 0)
		return 0;
	pgtable_entry_write(entry, *tracked & ~(uint64_t)PGTABLE_DESC_VALID);
	return old & PGTABLE_DESC_PA;
}

static enum caisson_status stop_some(struct work *w) REQUIRES(w->uvm->mem_lock)
{
	uint64_t page[STOP_BLOCKS];
	bool flush = false;

	while (goes_on(w, STOP_BLOCKS)) {
		page[w->done] = stop_block(w->uvm, next_ipa(w));
		flush |= page[w->done] != 0;
		w->done++;
	}
	if (!flush)
		return end_status(w);
	tlb_flush_other_vm(w->uvm->vm.vttbr);
	for (uint64_t i = 0; i < w->done; i++) {
		uint64_t ipa = w->ipa + i * UBLOCK_BYTES;

		if (page[i] == 0)
			continue;
		(void)udirty_drop(w->uvm, ipa, *tracked_entry(w->uvm, ipa));
		*tracked_entry(w->uvm, ipa) = 0;
		ustore_page_back(w->uvm, page[i]);
	}
	dsb(ishst);
	return end_status(w);
}

static enum caisson_status stop(struct work *w)
{
	enum caisson_status status;

	lock_acquire(&w->uvm->mem_lock);
	status = stop_some(w);
	lock_release(&w->uvm->mem_lock);
	return status;
}

/* --- calls --- */

/* Where the bitmap goes, in the block that stays where it is. */
static enum caisson_status find_buffer(const struct slot *slot, const struct vcpu *caller,
				       uint8_t **buffer)
{
	uint64_t va = caller->x[5], blocks = caller->x[4], pa;

	if (blocks > CAISSON_DIRTY_BLOCKS || !bits_is_aligned(va, 8) ||
	    (va & 4095) + blocks * CAISSON_DIRTY_BYTES > 4096)
		return CAISSON_INVALID;
	if (!slot_resolve_run(slot, va, &pa))
		return CAISSON_FAULT;
	*buffer = (uint8_t *)pa;
	return CAISSON_OK;
}

static enum caisson_status call(struct vcpu *caller, work_fn *how, bool has_buffer)
{
	struct slot *slot = slot_by_token(caller);
	struct work w = {.ipa = caller->x[3], .blocks = caller->x[4]};
	enum caisson_status status;

	/* The slot's lock keeps the VM from ending. */
	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK && !umem_is_range(w.ipa, w.blocks))
		status = CAISSON_INVALID;
	if (status == CAISSON_OK && has_buffer)
		status = find_buffer(slot, caller, &w.to);
	if (status == CAISSON_OK) {
		w.uvm = slot->uvm;
		status = how(&w);
		caller->x[1] = w.done;
	}
	lock_release(&slot->lock);
	return status;
}

enum caisson_status udirty_start(struct vcpu *caller)
{
	return call(caller, start, false);
}

enum caisson_status udirty_read(struct vcpu *caller)
{
	return call(caller, read, true);
}

enum caisson_status udirty_stop(struct vcpu *caller)
{
	return call(caller, stop, false);
}
