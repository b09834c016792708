/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of user VMs, and the coherency of its caches.
 *
 * Instruction caches do not see what is written to data caches, and a guest with its MMU off sees
 * neither. A guest maintains its caches for what it writes itself and for what it asked a device
 * to write, as on any machine. It cannot know what was put into its memory behind its back: what
 * another program left there before, the images that it boots from, a snapshot. So
 *
 *  - a block that comes to a VM is cleaned and invalidated to the point of coherency before the VM
 *    gets it (COMING), and is not mapped then (LAZY);
 *  - a data access maps it without execute permission (DATA);
 *  - a fetch has it cleaned to the point of unification, the instruction caches invalidated, and
 *    only then mapped executable (EXEC);
 *  - before the VMM writes there for itself, it makes the block lose execute permission
 *    (MEM_UNEXEC), and cleans what it wrote to the point of coherency; the next fetch does the
 * rest.
 *
 * lib/ublock.h has this as a pure model, which knows from CTR_EL0 and FEAT_S2FWB what of it can be
 * left out; where nothing is needed at all, memory is mapped at once and never faults.
 *
 * A block is 32,768 lines, too much for one go: it is maintained in chunks of 64 KiB with a look at
 * ISR_EL1 after each. How far that came is in the block's own descriptor, so whoever comes next
 * goes on there: the same vCPU after the interrupt, another that faults meanwhile, or the caller
 * who was told CONTINUE. While a block FLIPs to executable it is not mapped. So no vCPU writes to
 * it, fetches from it or has it in a TLB between the first line's cleaning and the invalidation of
 * the instruction caches, and nothing that was written before is missed: DC CVAU acts on the data
 * caches of all CPUs (DDI 0487 D7.5.9). Order: TLB invalidation complete (DSB); DC CVAU; DSB, so
 * that all of it is done before IC IALLUIS; DSB, so that no instruction cache has an old line
 * before the descriptor is valid; DSB ISHST, so that table walks see it before the guest is
 * entered, which is a context synchronisation. Each chunk ends with its DSB on the CPU that made
 * it, under the lock that the next takes. Instruction caches are always invalidated as a whole: by
 * address it would take one instruction for each line of the block, and be right with PIPT caches
 * alone.
 *
 * Rights are only ever taken away by way of an invalid descriptor or with one TLB invalidation
 * after; they are never added to a valid descriptor but by way of an invalid one. Output addresses
 * and memory types of a valid descriptor do not change. So break-before-make (D8.14.1) is kept. But
 * the right to write to a page that is tracked is given at once: that needs none.
 *
 * Locks. The manage lock guards the table of owners, COMING and GOING: those states are entered and
 * left by calls of the manager only, and nobody else writes such a descriptor. All other states,
 * and the way into GOING, are under the VM's mem_lock, also for faults, and so is where a block's
 * descriptor is: while its writes are tracked, not in the table (hyp/vm/udirty.c). Tables of level
 * 2 are added to under both locks and never taken away.
 */
#include "hyp/vm/umem.h"

#include "arch/aarch64/at.h"
#include "arch/aarch64/barrier.h"
#include "arch/aarch64/cache.h"
#include "arch/aarch64/speculation.h"
#include "arch/aarch64/tlb.h"
#include "hyp/core/mem.h"
#include "hyp/core/panic.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/udirty.h"
#include "hyp/vm/ustore.h"
#include "lib/owner.h"
#include "lib/ublock.h"

#include <string.h>

/* What one call does at most, if no interrupt ends it sooner. */
#define CALL_CHUNKS 16
#define CALL_BLOCKS 64
#define CALL_SCAN   512 /* of the owners' table, when a VM ends */

#define TABLE_BYTES GIB(1) /* what a table of blocks covers */

_Static_assert(UBLOCK_BYTES == CAISSON_BLOCK_BYTES && OWNER_BLOCK_BYTES == CAISSON_BLOCK_BYTES,
	       "one kind of block");

static struct ublock_needs needs;
static struct vm *svm;

static bool has_fwb(void)
{
	return bits_get(sysreg_read(id_aa64mmfr2_el1), 43, 40) != 0;
}

void umem_init(const struct bootinfo *bi, struct vm *service) NO_THREAD_CHECK
{
	uint64_t blocks = owner_block_count(bi->ram, bi->ram_count);
	uint32_t i;

	svm = service;
	needs = ublock_needs(has_fwb(), sysreg_read(ctr_el0), sysreg_read(clidr_el1));
	owner_init(&slot_owner, bi->ram, bi->ram_count,
		   mem_pages((blocks * sizeof(struct owner_block) + 4095) / 4096));
	owner_exclude(&slot_owner, bi->kept.base, bi->kept.bytes);
	for (i = 0; i < bi->hidden_count; i++)
		owner_exclude(&slot_owner, bi->hidden[i].base, bi->hidden[i].bytes);
}

uint64_t umem_hcr(void)
{
	return needs.poc_clean ? 0 : HCR_FWB;
}

static bool is_interrupted(void)
{
	return (sysreg_read(isr_el1) & (ISR_A | ISR_I | ISR_F)) != 0;
}

static uint64_t lines(uint64_t bytes)
{
	return bytes / cache_line_bytes();
}

enum err umem_make(struct uvm *uvm)
{
	unsigned int pa_range = (unsigned int)bits_get(sysreg_read(id_aa64mmfr0_el1), 3, 0);
	struct vm *vm = &uvm->vm;
	enum err err;

	lock_init(&uvm->mem_lock, LOCK_VM_MEMORY);
	err = pgtable_init(&vm->stage2, PGTABLE_STAGE2, __builtin_ctzll(CAISSON_VM_IPA_BYTES),
			   &ustore_tables, uvm, ustore_page(uvm));
	if (err != ERR_OK)
		return err;
	vm->vtcr = pgtable_tcr(&vm->stage2, pa_range) | udirty_vtcr();
	vm->vttbr = vm->stage2.root | (uint64_t)(STAGE2_VMID_USER + uvm->slot) << 48;
	return ERR_OK;
}

/* --- owners --- */

/*
 * Stage 1 alone: stage 2 of the service VM maps what it has to the same address, and the table of
 * owners knows better what that is.
 */
enum caisson_status umem_resolve_block(uint64_t va, uint64_t *pa)
{
	bool el0 = exit_is_from_el0();
	uint64_t last;

	if (!bits_is_aligned(va, CAISSON_BLOCK_BYTES))
		return CAISSON_INVALID;
	if (!at_stage1_write(va, el0, pa) ||
	    !at_stage1_write(va + CAISSON_BLOCK_BYTES - 4096, el0, &last))
		return CAISSON_FAULT;
	if (!bits_is_aligned(*pa, CAISSON_BLOCK_BYTES) || last != *pa + CAISSON_BLOCK_BYTES - 4096)
		return CAISSON_INVALID;
	return CAISSON_OK;
}

/* What took a block from the service VM succeeded, and cannot be refused now. */
static void must(enum err err, uint64_t pa)
{
	if (err != ERR_OK)
		panic("block 0x%lx is nobody's", pa);
}

/* The block, which is already another's, out of the service VM's reach. */
static enum err take(uint64_t pa, uint32_t number, uint64_t *splits,
		     enum err (*undo)(struct owner *, uint64_t, uint32_t))
	REQUIRES(slot_manage_lock)
{
	enum err err = stage2_take(svm, pa, splits);

	if (err != ERR_OK)
		must(undo(&slot_owner, pa, number), pa);
	return err;
}

enum caisson_status umem_store_take(uint64_t pa, uint32_t number, uint64_t *splits)
	REQUIRES(slot_manage_lock)
{
	enum err err = owner_donate(&slot_owner, pa, number);

	if (err == ERR_OK)
		err = take(pa, number, splits, owner_reclaim);
	return slot_status(err);
}

/*
 * Zeroes memory that goes back to the service VM, to the point of coherency: it could read past
 * the caches what was there before.
 */
static void scrub(uint64_t pa, uint64_t bytes)
{
	cache_zero(pa, bytes);
	cache_clean_invalidate_poc(pa, bytes);
}

/* --- memory comes --- */

/* What a call has left to do, in chunks. False: it is enough. */
static bool go_on(unsigned int *left)
{
	return --*left != 0 && !is_interrupted();
}

/* A block that is COMING or GOING, to its end. False: the call is to end first. */
static bool work(struct uvm *uvm, uint64_t *entry, enum ublock_state state, unsigned int *left)
{
	uint64_t desc = pgtable_entry_read(entry);

	while (ublock_state(desc) == state) {
		if (state == UBLOCK_COMING)
			cache_clean_invalidate_poc(ublock_chunk(desc), UBLOCK_CHUNK_BYTES);
		else
			scrub(ublock_chunk(desc), UBLOCK_CHUNK_BYTES);
		ustat_add(&uvm->stat, CAISSON_STAT_LINES_CLEANED, lines(UBLOCK_CHUNK_BYTES));
		desc = ublock_chunk_done(desc);
		pgtable_entry_write(entry, desc);
		if (!go_on(left) && ublock_state(desc) == state)
			return false;
	}
	return true;
}

static bool is_device(const struct vm *vm, uint64_t ipa, uint64_t bytes)
{
	uint32_t i;

	for (i = 0; i < vm->vdev_count; i++) {
		if (bits_overlap(vm->vdev[i].base, vm->vdev[i].bytes, ipa, bytes))
			return true;
	}
	return false;
}

bool umem_is_range(uint64_t ipa, uint64_t blocks)
{
	return bits_is_aligned(ipa, CAISSON_BLOCK_BYTES) && blocks != 0 &&
	       blocks <= CAISSON_VM_IPA_BYTES / CAISSON_BLOCK_BYTES &&
	       bits_contains(0, CAISSON_VM_IPA_BYTES, ipa, blocks * CAISSON_BLOCK_BYTES);
}

struct gift {
	struct uvm *uvm;
	enum owner_state as; /* OWNER_SHARED, OWNER_LENT */
	bool may_write;
	uint64_t desc;       /* of a block that comes, wherever it is */
	unsigned int chunks; /* that may still be cleaned */
	uint64_t *entry;     /* of the block before, NULL: there was none */
};

/* The block becomes the VM's. */
static enum caisson_status begin(struct gift *g, uint64_t pa) REQUIRES(slot_manage_lock)
{
	uint32_t number = g->uvm->slot;
	uint64_t splits = 0;
	enum err err;

	if (g->as == OWNER_SHARED) {
		err = owner_share(&slot_owner, pa, number);
	} else {
		err = owner_lend(&slot_owner, pa, number);
		if (err == ERR_OK)
			err = take(pa, number, &splits, owner_unlend);
		ustat_add(&g->uvm->stat, CAISSON_STAT_BLOCKS_SPLIT, splits);
	}
	if (err != ERR_OK)
		return slot_status(err);
	pgtable_entry_write(g->entry, ublock_at(g->desc, pa));
	dsb(ishst);
	g->uvm->blocks++;
	return CAISSON_OK;
}

/* Is this what an earlier call began with the block? */
static bool is_same(const struct gift *g, uint64_t desc, uint64_t pa) REQUIRES(slot_manage_lock)
{
	return ublock_state(desc) == UBLOCK_COMING && ublock_pa(desc) == pa &&
	       owner_find(&slot_owner, pa)->state == g->as &&
	       ublock_may_write(desc) == g->may_write;
}

/* The next block's, without a walk where it is in the same table. */
static enum caisson_status next_entry(struct gift *g, uint64_t ipa) REQUIRES(slot_manage_lock)
{
	enum err err;

	if (g->entry && !bits_is_aligned(ipa, TABLE_BYTES)) {
		g->entry++;
		return CAISSON_OK;
	}
	lock_acquire(&g->uvm->mem_lock);
	err = pgtable_entry_make(&g->uvm->vm.stage2, ipa, UBLOCK_LEVEL, &g->entry);
	lock_release(&g->uvm->mem_lock);
	dsb(ishst);
	return slot_status(err);
}

static enum caisson_status give(struct gift *g, uint64_t va, uint64_t ipa)
	REQUIRES(slot_manage_lock)
{
	enum caisson_status status;
	uint64_t pa;

	status = umem_resolve_block(va, &pa);
	if (status == CAISSON_OK)
		status = next_entry(g, ipa);
	if (status != CAISSON_OK)
		return status;
	if (pgtable_entry_read(g->entry) == 0)
		status = begin(g, pa);
	else if (!is_same(g, pgtable_entry_read(g->entry), pa))
		status = CAISSON_STATE;
	if (status == CAISSON_OK && needs.poc_clean &&
	    !work(g->uvm, g->entry, UBLOCK_COMING, &g->chunks))
		status = CAISSON_CONTINUE;
	return status;
}

/* MEM_SHARE, MEM_LEND. */
static enum caisson_status give_all(struct vcpu *caller, enum owner_state as)
{
	uint64_t va = caller->x[4], ipa = caller->x[5], blocks = caller->x[6];
	struct gift g = {.as = as, .may_write = !(caller->x[7] & CAISSON_MEM_READ_ONLY)};
	enum caisson_status status = CAISSON_OK;
	unsigned int left = CALL_BLOCKS;
	uint64_t done = 0;

	if (!umem_is_range(ipa, blocks) || (caller->x[7] & ~(uint64_t)CAISSON_MEM_READ_ONLY))
		return CAISSON_INVALID;
	lock_acquire(&slot_manage_lock);
	g.uvm = slot_living(caller->x[3]);
	g.chunks = CALL_CHUNKS;
	g.desc = ublock_new(0, g.may_write, &needs);
	if (!g.uvm)
		status = CAISSON_STATE;
	else if (is_device(&g.uvm->vm, ipa, blocks * CAISSON_BLOCK_BYTES))
		status = CAISSON_INVALID;
	while (status == CAISSON_OK && done < blocks) {
		status =
			give(&g, va + done * CAISSON_BLOCK_BYTES, ipa + done * CAISSON_BLOCK_BYTES);
		if (status != CAISSON_OK)
			break;
		done++;
		if (done < blocks && (!go_on(&left) || g.chunks == 0))
			status = CAISSON_CONTINUE;
	}
	lock_release(&slot_manage_lock);
	caller->x[1] = done;
	return status;
}

enum caisson_status umem_share(struct vcpu *caller)
{
	return give_all(caller, OWNER_SHARED);
}

enum caisson_status umem_lend(struct vcpu *caller)
{
	return give_all(caller, OWNER_LENT);
}

/* --- memory goes --- */

/* The block has left the VM's stage 2, and is zeroed if it has to be. */
static void give_back(struct uvm *uvm, uint64_t pa, bool lent) REQUIRES(slot_manage_lock)
{
	if (lent) {
		must(owner_unlend(&slot_owner, pa, uvm->slot), pa);
		must(stage2_give(svm, pa), pa);
	} else {
		must(owner_unshare(&slot_owner, pa, uvm->slot), pa);
	}
	uvm->blocks--;
}

/* *old: the descriptor of what is GOING now, or is gone. *page: of its table, see udirty_drop(). */
static bool depart(struct uvm *uvm, uint64_t ipa, uint64_t *old, bool *lent, uint64_t *page)
	REQUIRES(slot_manage_lock)
{
	struct udirty_block b;
	bool is_there;

	lock_acquire(&uvm->mem_lock);
	is_there = udirty_find(uvm, ipa, &b) && pgtable_entry_read(b.entry) != 0;
	if (is_there) {
		*old = pgtable_entry_read(b.entry);
		*lent = owner_find(&slot_owner, ublock_pa(*old))->state == OWNER_LENT;
		*page = udirty_drop(uvm, ipa, ublock_leave(*old, *lent).desc);
	}
	lock_release(&uvm->mem_lock);
	return is_there;
}

static enum caisson_status reclaim(struct uvm *uvm, uint64_t ipa, unsigned int *chunks)
	REQUIRES(slot_manage_lock)
{
	uint64_t desc, page;
	bool lent;

	if (!depart(uvm, ipa, &desc, &lent, &page))
		return CAISSON_STATE;
	/*
	 * Not only what is mapped: a MEM_UNMAP or MEM_MAP on another CPU changes descriptors first
	 * and flushes for all of them at its end, without the manage lock.
	 */
	if (page || (ublock_was_mapped(desc) && ublock_state(desc) != UBLOCK_GOING))
		tlb_flush_other_vm(uvm->vm.vttbr);
	if (page)
		udirty_dropped(uvm, page);
	if (!work(uvm, pgtable_entry(&uvm->vm.stage2, ipa, UBLOCK_LEVEL), UBLOCK_GOING, chunks))
		return CAISSON_CONTINUE;
	give_back(uvm, ublock_pa(desc), lent);
	return CAISSON_OK;
}

enum caisson_status umem_reclaim(struct vcpu *caller)
{
	uint64_t ipa = caller->x[4], blocks = caller->x[5];
	enum caisson_status status = CAISSON_OK;
	unsigned int left = CALL_BLOCKS, chunks = CALL_CHUNKS;
	uint64_t done = 0;
	struct uvm *uvm;

	if (!umem_is_range(ipa, blocks))
		return CAISSON_INVALID;
	lock_acquire(&slot_manage_lock);
	uvm = slot_living(caller->x[3]);
	if (!uvm)
		status = CAISSON_STATE;
	while (status == CAISSON_OK && done < blocks) {
		status = reclaim(uvm, ipa + done * CAISSON_BLOCK_BYTES, &chunks);
		if (status != CAISSON_OK)
			break;
		done++;
		if (done < blocks && (!go_on(&left) || chunks == 0))
			status = CAISSON_CONTINUE;
	}
	lock_release(&slot_manage_lock);
	caller->x[1] = done;
	return status;
}

/* A part of zeroing end->pa. True: it is done. */
static bool zero(struct umem_end *end, unsigned int *chunks)
{
	while (end->zeroed < CAISSON_BLOCK_BYTES) {
		scrub(end->pa + end->zeroed, UBLOCK_CHUNK_BYTES);
		end->zeroed += UBLOCK_CHUNK_BYTES;
		if (!go_on(chunks))
			break;
	}
	return end->zeroed == CAISSON_BLOCK_BYTES;
}

/* Begins with a block; what is shared is done with that. */
static void end_block(struct umem_end *end, uint32_t number, uint64_t pa) REQUIRES(slot_manage_lock)
{
	if (owner_find(&slot_owner, pa)->state == OWNER_SHARED) {
		must(owner_unshare(&slot_owner, pa, number), pa);
	} else {
		end->pa = pa;
		end->zeroed = 0;
	}
}

static void end_zeroed(struct umem_end *end, uint32_t number) REQUIRES(slot_manage_lock)
{
	if (owner_find(&slot_owner, end->pa)->state == OWNER_LENT)
		must(owner_unlend(&slot_owner, end->pa, number), end->pa);
	else
		must(owner_reclaim(&slot_owner, end->pa, number), end->pa);
	must(stage2_give(svm, end->pa), end->pa);
	end->pa = 0;
}

bool umem_end_memory(struct umem_end *end, uint32_t number, uint64_t store)
	REQUIRES(slot_manage_lock)
{
	uint64_t until = end->cursor + CALL_SCAN;
	unsigned int chunks = CALL_CHUNKS;
	uint64_t pa;

	if (end->cursor == 0)
		tlb_flush_all_vms(); /* its memory is reached through its VMID no more */
	for (;;) {
		if (end->pa != 0) {
			if (!zero(end, &chunks))
				return false;
			end_zeroed(end, number);
			if (chunks == 0)
				return false;
		}
		if (!owner_next(&slot_owner, number, &end->cursor, until - end->cursor, &pa))
			return end->cursor >= slot_owner.block_count;
		if (pa != store)
			end_block(end, number, pa);
	}
}

bool umem_end_store(struct umem_end *end, uint32_t number, uint64_t store)
	REQUIRES(slot_manage_lock)
{
	unsigned int chunks = CALL_CHUNKS;

	if (end->pa == 0)
		end_block(end, number, store);
	if (!zero(end, &chunks))
		return false;
	end_zeroed(end, number);
	return true;
}

/* --- the VM's own calls --- */

/* What one of them does to a block. */
typedef struct ublock_step change_fn(uint64_t desc, uint64_t arg);

/* True: TLBs are to be flushed. */
static bool change_block(struct uvm *uvm, uint64_t ipa, change_fn *how, uint64_t arg,
			 enum caisson_status *status)
{
	struct ublock_step step = {.todo = UBLOCK_VMM};
	struct udirty_block b;
	uint64_t desc;

	lock_acquire(&uvm->mem_lock);
	if (udirty_find(uvm, ipa, &b)) {
		desc = pgtable_entry_read(b.entry);
		step = how(desc, arg);
		/* Not the same again: COMING and GOING change without this lock. */
		if (step.desc != desc)
			udirty_set(&b, step.desc);
	}
	lock_release(&uvm->mem_lock);
	if (step.todo == UBLOCK_VMM)
		*status = CAISSON_STATE;
	return step.flush;
}

/* Blocks from ipa on, of a VM whose slot is held. *done: how many. */
static enum caisson_status change_all(struct uvm *uvm, uint64_t ipa, uint64_t blocks,
				      change_fn *how, uint64_t arg, uint64_t *done)
{
	enum caisson_status status = CAISSON_OK;
	unsigned int left = CALL_BLOCKS;
	bool flush = false;

	for (*done = 0; *done < blocks; ++*done) {
		flush |= change_block(uvm, ipa, how, arg, &status);
		if (status != CAISSON_OK)
			break;
		ipa += CAISSON_BLOCK_BYTES;
		if (!go_on(&left) && *done + 1 < blocks) {
			++*done;
			status = CAISSON_CONTINUE;
			break;
		}
	}
	if (flush)
		tlb_flush_other_vm(uvm->vm.vttbr);
	return status;
}

static enum caisson_status change(struct vcpu *caller, uint64_t ipa, uint64_t blocks,
				  change_fn *how, uint64_t arg)
{
	struct slot *slot = slot_by_token(caller);
	enum caisson_status status;

	/* The slot's lock keeps the VM from ending. */
	lock_acquire(&slot->lock);
	status = slot_check(slot, caller);
	if (status == CAISSON_OK && !umem_is_range(ipa, blocks))
		status = CAISSON_INVALID;
	if (status == CAISSON_OK)
		status = change_all(slot->uvm, ipa, blocks, how, arg, &caller->x[1]);
	lock_release(&slot->lock);
	return status;
}

static struct ublock_step map_one(uint64_t desc, uint64_t rights)
{
	/* A right that does not exist is refused as one that the VM may not have. */
	if (rights & ~(uint64_t)CAISSON_MEM_READ_ONLY)
		return (struct ublock_step){.desc = desc, .todo = UBLOCK_VMM};
	return ublock_map(desc, !(rights & CAISSON_MEM_READ_ONLY));
}

static struct ublock_step unmap_one(uint64_t desc, uint64_t arg)
{
	return ublock_unmap(desc);
}

static struct ublock_step unexec_one(uint64_t desc, uint64_t arg)
{
	return ublock_unexec(desc, &needs);
}

enum caisson_status umem_map(struct vcpu *caller)
{
	return change(caller, caller->x[3], caller->x[4], map_one, caller->x[5]);
}

enum caisson_status umem_unmap(struct vcpu *caller)
{
	return change(caller, caller->x[3], caller->x[4], unmap_one, 0);
}

enum caisson_status umem_unexec(struct vcpu *caller)
{
	uint64_t first = bits_align_down(caller->x[3], CAISSON_BLOCK_BYTES);
	uint64_t bytes = caller->x[4];
	uint64_t blocks = 0;

	/* Else 0 blocks: no range. */
	if (bytes != 0 && bytes <= CAISSON_VM_IPA_BYTES && caller->x[3] < CAISSON_VM_IPA_BYTES)
		blocks = (caller->x[3] + bytes - 1 - first) / CAISSON_BLOCK_BYTES + 1;
	return change(caller, first, blocks, unexec_one, 0);
}

/* --- faults --- */

/* One chunk of a block that is on its way to executable; false: it is not, or not any more. */
static bool flip_chunk(struct uvm *uvm, struct uvcpu *u, uint64_t ipa) REQUIRES(uvm->mem_lock)
{
	struct udirty_block b;
	uint64_t desc, next;

	if (!udirty_find(uvm, ipa, &b))
		return false;
	desc = pgtable_entry_read(b.entry);
	if (ublock_state(desc) != UBLOCK_FLIPPING)
		return false;
	if (needs.pou_clean) {
		cache_clean_pou(ublock_chunk(desc), UBLOCK_CHUNK_BYTES);
		ustat_add(&u->stat, CAISSON_STAT_LINES_CLEANED, lines(UBLOCK_CHUNK_BYTES));
	}
	next = ublock_chunk_done(desc);
	if (ublock_state(next) == UBLOCK_EXEC) {
		if (needs.invalidate) {
			cache_invalidate_instructions();
			ustat_add(&u->stat, CAISSON_STAT_INVALIDATIONS, 1);
		}
		ustat_add(&u->stat, CAISSON_STAT_FAULT_FETCH, 1);
	}
	udirty_set(&b, next);
	dsb(ishst);
	return ublock_state(next) == UBLOCK_FLIPPING;
}

/* Until the block is executable, an interrupt comes, or another state is asked for meanwhile. */
static __attribute__((noinline)) void flip(struct uvcpu *u, uint64_t ipa)
{
	struct uvm *uvm = uvm_of(&u->vcpu);
	bool more;

	do {
		lock_acquire(&uvm->mem_lock);
		more = flip_chunk(uvm, u, ipa);
		lock_release(&uvm->mem_lock);
	} while (more && !is_interrupted());
}

/* A write to a tracked block that is mapped. */
static __attribute__((noinline)) void note_write(struct uvcpu *u, const struct udirty_block *b,
						 uint64_t esr, uint64_t ipa)
{
	udirty_mark(b, ipa);
	/* The CPU may have the page as it was; so may others, who fault and come here then. */
	if (esr & ESR_ABORT_S1PTW)
		tlb_flush_ipa(ipa);
	else
		tlb_flush_local_page(ipa, sysreg_read(far_el2));
	ustat_add(&u->stat, CAISSON_STAT_FAULT_DIRTY, 1);
}

/* The step is another state of the block. */
static void take_step(struct uvcpu *u, const struct udirty_block *b, const struct ublock_step *step,
		      enum ublock_access access, uint64_t ipa)
{
	udirty_set(b, step->desc);
	if (!step->flush)
		dsb(ishst);
	else if (b->pages)
		tlb_flush_vm(); /* all of its pages */
	else
		tlb_flush_ipa(ipa);
	if (step->todo == UBLOCK_RETRY)
		ustat_add(&u->stat,
			  access == UBLOCK_FETCH ? CAISSON_STAT_FAULT_FETCH
						 : CAISSON_STAT_FAULT_DATA,
			  1);
}

static enum ublock_todo serve_block(struct uvm *uvm, struct vcpu *vcpu, uint64_t esr, uint64_t ipa,
				    enum ublock_access access) REQUIRES(uvm->mem_lock)
{
	struct ublock_step step;
	struct udirty_block b;
	uint64_t desc;

	if (!udirty_find(uvm, ipa, &b))
		return UBLOCK_VMM;
	desc = pgtable_entry_read(b.entry);
	step = ublock_access(desc, access, &needs);
	if (step.desc != desc)
		take_step(uvcpu_of(vcpu), &b, &step, access, ipa);
	if (b.pages && access == UBLOCK_WRITE && step.todo == UBLOCK_RETRY)
		note_write(uvcpu_of(vcpu), &b, esr, ipa);
	return step.todo;
}

/* Takes the step that an access asks for. */
static enum ublock_todo serve(struct vcpu *vcpu, uint64_t esr, uint64_t ipa,
			      enum ublock_access access)
{
	struct uvm *uvm = uvm_of(vcpu);
	enum ublock_todo todo;

	lock_acquire(&uvm->mem_lock);
	todo = serve_block(uvm, vcpu, esr, ipa, access);
	lock_release(&uvm->mem_lock);
	if (todo == UBLOCK_WORK)
		flip(uvcpu_of(vcpu), ipa);
	return todo;
}

static enum ublock_access access_of(uint64_t esr)
{
	bool lacks_permission = esr_fault(esr) == ESR_FAULT_PERMISSION;

	/*
	 * A walk of stage 1, whatever WnR says of the access that it is for. It lacks a permission
	 * only when it has to write (the hardware's Access flag and dirty state).
	 */
	if (esr & ESR_ABORT_S1PTW)
		return lacks_permission ? UBLOCK_WRITE : UBLOCK_READ;
	if (esr_class(esr) == ESR_EC_INSN_ABORT_LOWER)
		return UBLOCK_FETCH;
	/* Cache maintenance says that it writes. What of it has to (DC IVAC) lacks a permission. */
	if ((esr & ESR_ABORT_CM) && !lacks_permission)
		return UBLOCK_READ;
	return esr & ESR_ABORT_WNR ? UBLOCK_WRITE : UBLOCK_READ;
}

/* An access to what is no memory, or not for it. */
static enum umem_fault refuse(uint64_t esr)
{
	if (esr_class(esr) == ESR_EC_INSN_ABORT_LOWER || (esr & ESR_ABORT_S1PTW))
		return UMEM_FAULT;
	if (esr & ESR_ABORT_CM)
		return UMEM_SKIP;
	return esr & ESR_ABORT_ISV ? UMEM_MMIO : UMEM_FAULT;
}

/*
 * HPFAR_EL2 does not hold the address of a permission fault on the access itself (DDI 0487
 * D24.2.58). False: the guest's tables have changed meanwhile, or are where a fault is due first,
 * which comes when this CPU's TLB has them no more: AT may have to write to a table (FEAT_HAFDBS)
 * that is tracked, where the access itself is made with an entry from before.
 */
static __attribute__((noinline)) bool find_ipa(uint64_t *ipa)
{
	if (at_stage1_read(sysreg_read(far_el2), ipa))
		return true;
	tlb_flush_local_page(0, sysreg_read(far_el2));
	return false;
}

enum umem_fault umem_fault(struct vcpu *vcpu, uint64_t esr, uint64_t *ipa)
{
	enum esr_fault fault = esr_fault(esr);

	if (fault != ESR_FAULT_TRANSLATION && fault != ESR_FAULT_PERMISSION)
		return UMEM_FAULT;
	if (fault == ESR_FAULT_PERMISSION && !(esr & ESR_ABORT_S1PTW) && !find_ipa(ipa))
		return UMEM_RETRY;
	if (*ipa < CAISSON_VM_IPA_BYTES && serve(vcpu, esr, *ipa, access_of(esr)) != UBLOCK_VMM)
		return UMEM_RETRY;
	return refuse(esr);
}

/* --- debuggers --- */

/*
 * As MEM_UNEXEC and a write by the VMM would do it. Nothing fetches meanwhile, so once is enough.
 */
static bool access_block(struct uvm *uvm, uint64_t ipa, uint8_t *to, const uint8_t *from,
			 size_t count) REQUIRES(uvm->mem_lock)
{
	struct ublock_step step;
	struct udirty_block b;
	uint64_t desc, pa;

	if (!udirty_find(uvm, ipa, &b))
		return false;
	desc = pgtable_entry_read(b.entry);
	step = ublock_unexec(desc, &needs);
	if (step.todo == UBLOCK_VMM || (!to && !ublock_writes(desc)))
		return false;
	pa = ublock_pa(desc) + (ipa & (UBLOCK_BYTES - 1));
	if (to) {
		cache_clean_invalidate_poc(pa, count);
		memcpy(to, (const void *)pa, count);
	}
	if (!from)
		return true;
	if (step.desc != desc)
		udirty_set(&b, step.desc);
	if (step.flush)
		tlb_flush_other_vm(uvm->vm.vttbr);
	memcpy((void *)pa, from, count);
	udirty_mark(&b, ipa);
	cache_clean_invalidate_poc(pa, count);
	return true;
}

bool umem_access(struct vm *vm, uint64_t ipa, uint8_t *to, const uint8_t *from, size_t count)
{
	struct uvm *uvm = CONTAINER_OF(vm, struct uvm, vm);
	bool done;

	if (ipa >= CAISSON_VM_IPA_BYTES)
		return false;
	lock_acquire(&uvm->mem_lock);
	done = access_block(uvm, ipa, to, from, count);
	lock_release(&uvm->mem_lock);
	return done;
}

/* --- flushing --- */

/* The next address to look at. */
static uint64_t flush_some(struct vcpu *vcpu, uint64_t ipa)
{
	struct uvm *uvm = uvm_of(vcpu);
	uint64_t desc = 0;
	struct udirty_block b;

	if (!pgtable_entry(&uvm->vm.stage2, ipa, UBLOCK_LEVEL))
		return bits_align_down(ipa, GIB(1)) + GIB(1);
	lock_acquire(&uvm->mem_lock);
	if (udirty_find(uvm, ipa, &b))
		desc = pgtable_entry_read(b.entry);
	lock_release(&uvm->mem_lock);
	if (!ublock_was_mapped(desc))
		return bits_align_down(ipa, UBLOCK_BYTES) + UBLOCK_BYTES;
	/* Whoever has it by now: cleaning changes nothing of what anyone reads. */
	cache_clean_invalidate_poc(ublock_pa(desc) + (ipa & (UBLOCK_BYTES - 1)),
				   UBLOCK_CHUNK_BYTES);
	ustat_add(&uvcpu_of(vcpu)->stat, CAISSON_STAT_LINES_CLEANED, lines(UBLOCK_CHUNK_BYTES));
	return ipa + UBLOCK_CHUNK_BYTES;
}

bool umem_flush(struct vcpu *vcpu, uint64_t *ipa)
{
	do {
		*ipa = flush_some(vcpu, *ipa);
		if (*ipa >= CAISSON_VM_IPA_BYTES) {
			*ipa = 0;
			return true;
		}
	} while (!is_interrupted());
	return false;
}
