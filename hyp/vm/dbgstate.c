/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debugger sees of a VM that has stopped, and changes: registers, memory, breakpoints. All
 * under dbg_lock, so that the VM is neither destroyed nor runs meanwhile.
 *
 * Memory is looked up by the vCPU's own tables, read here (lib/walk.h), and reached at its physical
 * address. What a VM has no right to is refused: what is not in its stage 2, and of the service VM
 * what is not RAM, since EL2 maps nothing else.
 *
 * Breakpoints are BRK instructions; whoever reads memory gets what they replace. They belong to
 * memory, not to an address space: a page that several processes have breaks in all of them.
 */
#include "hyp/vm/dbg.h"

#include "arch/aarch64/at.h"
#include "arch/aarch64/cache.h"
#include "hyp/vm/idreg.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/umem.h"
#include "hyp/vm/uvm.h"
#include "lib/walk.h"

#include <string.h>

#define PAGE_BYTES        4096
#define INSTRUCTION_BYTES 4

static const uint8_t brk_instruction[INSTRUCTION_BYTES] = {0x00, 0x00, 0x20, 0xd4}; /* BRK #0 */

/* DBGBCR<n>_EL1 (D24.3.2): EL1 and EL0, any security state's that is ours, all four bytes. */
#define BCR_ENABLED (BIT(0) | 3 << 1 | 0xf << 5)
/* DBGWCR<n>_EL1 (D24.3.12) */
#define WCR_ENABLED (BIT(0) | 3 << 1)
#define WCR_LSC     3
#define WCR_BAS     5
#define WCR_MASK    24

static const struct boot_region *ram;
static uint32_t ram_count;

void dbgstate_init(const struct bootinfo *bi)
{
	ram = bi->ram;
	ram_count = bi->ram_count;
}

/* The vCPU of a packet; NULL: nothing of it can be looked at now. */
static struct vcpu *find_vcpu(uint32_t index) REQUIRES(dbg_lock)
{
	struct gdbserver_vm vm;

	if (!dbg.vm || !dbg.is_stopped || index >= dbg.vm->vcpu_count ||
	    !dbgaccess_vm(dbg.number, &vm) || !(vm.vcpus >> index & 1))
		return NULL;
	return dbg.vm->vcpu[index];
}

/* --- registers --- */

/* The stack pointer that SP names: SP_EL0 or SP_EL1, by the exception level and SPSel. */
static uint64_t *stack_pointer(struct world *w)
{
	bool is_el1h = (w->spsr_el2 & (SPSR_M32 | 0xf)) == SPSR_M_EL1H;

	return is_el1h ? &w->sp_el1 : &w->sp_el0;
}

static uint64_t *find_system(struct world *w, unsigned int number)
{
#define CASE(name)                                                                                 \
	case GDBREGS_##name:                                                                       \
		return &w->name;
	switch (number) {
		GDBREGS_EACH_SYSTEM(CASE)
	default:
		return NULL;
	}
}

/* Those of 64 bits that are just kept. */
static uint64_t *find_register(struct vcpu *vcpu, unsigned int number)
{
	if (number < GDBREGS_SP)
		return &vcpu->x[number];
	if (number == GDBREGS_SP)
		return stack_pointer(&vcpu->world);
	if (number == GDBREGS_PC)
		return &vcpu->world.elr_el2;
	return find_system(&vcpu->world, number);
}

static enum err read_register(struct vcpu *vcpu, unsigned int number, uint8_t *value)
{
	struct vcpustate_features features = idreg_features(vcpu->vm);
	const uint64_t *where = find_register(vcpu, number);
	uint64_t small;

	if (number >= GDBREGS_V0 && number < GDBREGS_FPSR) {
		memcpy(value, vcpu->world.fp.v[number - GDBREGS_V0], 16);
		return ERR_OK;
	}
	if (where) {
		memcpy(value, where, sizeof(*where));
		return ERR_OK;
	}
	if (number == GDBREGS_CPSR)
		small = vcpustate_pstate_known(vcpu->world.spsr_el2, &features);
	else if (number == GDBREGS_FPSR || number == GDBREGS_FPCR)
		small = number == GDBREGS_FPSR ? vcpu->world.fp.fpsr : vcpu->world.fp.fpcr;
	else
		return ERR_INVALID;
	memcpy(value, &small, 4);
	return ERR_OK;
}

/* What would take the guest out of EL1 and EL0 is refused. */
static enum err write_pstate(struct vcpu *vcpu, uint64_t pstate)
{
	struct vcpustate_features features = idreg_features(vcpu->vm);
	uint64_t *spsr = &vcpu->world.spsr_el2;

	if (!vcpustate_is_pstate(pstate, &features))
		return ERR_INVALID;
	*spsr = (*spsr & ~vcpustate_pstate_known(*spsr, &features)) | pstate;
	if (pstate & SPSR_M32)
		*spsr = pstate;
	return ERR_OK;
}

static enum err write_register(struct vcpu *vcpu, unsigned int number, const uint8_t *value)
{
	uint64_t *where = find_register(vcpu, number);
	uint64_t small = 0;

	if (number >= GDBREGS_V0 && number < GDBREGS_FPSR) {
		memcpy(vcpu->world.fp.v[number - GDBREGS_V0], value, 16);
		return ERR_OK;
	}
	if (where) {
		memcpy(where, value, sizeof(*where));
		if (number == GDBREGS_PC && vcpu->vm->is_user)
			uvcpu_of(vcpu)->pending = UVCPU_NOTHING; /* it is elsewhere now */
		return ERR_OK;
	}
	memcpy(&small, value, 4);
	if (number == GDBREGS_CPSR)
		return write_pstate(vcpu, small);
	if (number == GDBREGS_FPSR)
		vcpu->world.fp.fpsr = small;
	else if (number == GDBREGS_FPCR)
		vcpu->world.fp.fpcr = small;
	else
		return ERR_INVALID;
	return ERR_OK;
}

enum err dbgaccess_read(uint32_t index, unsigned int number, uint8_t *value)
{
	struct vcpu *vcpu;
	enum err err;

	lock_acquire(&dbg_lock);
	vcpu = find_vcpu(index);
	err = vcpu ? read_register(vcpu, number, value) : ERR_NOT_FOUND;
	lock_release(&dbg_lock);
	return err;
}

enum err dbgaccess_write(uint32_t index, unsigned int number, const uint8_t *value)
{
	struct vcpu *vcpu;
	enum err err;

	lock_acquire(&dbg_lock);
	vcpu = find_vcpu(index);
	err = vcpu ? write_register(vcpu, number, value) : ERR_NOT_FOUND;
	lock_release(&dbg_lock);
	return err;
}

/* --- memory --- */

/* The service VM's, which has stopped: it cannot give memory away meanwhile. */
static bool is_service_ram(struct vm *vm, uint64_t pa, size_t count)
{
	uint32_t i;

	for (i = 0; i < ram_count; i++) {
		if (bits_contains(ram[i].base, ram[i].bytes, pa, count))
			return stage2_has(vm, pa);
	}
	return false;
}

/*
 * What a guest wrote with its MMU off is in memory and not in caches, and its instruction caches
 * see neither: maintained both ways.
 */
static bool access_service(struct vm *vm, uint64_t pa, uint8_t *to, const uint8_t *from,
			   size_t count)
{
	if (!is_service_ram(vm, pa, count))
		return false;
	if (to) {
		cache_clean_invalidate_poc(pa, count);
		memcpy(to, (const void *)pa, count);
	}
	if (from) {
		memcpy((void *)pa, from, count);
		cache_clean_invalidate_poc(pa, count);
		cache_clean_pou(pa, count);
		cache_invalidate_instructions();
	}
	return true;
}

/* Reads (to), writes (from) or just looks whether it could be written (neither), in one page. */
static bool access_ipa(struct vm *vm, uint64_t ipa, uint8_t *to, const uint8_t *from, size_t count)
{
	if (vm->is_user)
		return umem_access(vm, ipa, to, from, count);
	return access_service(vm, ipa, to, from, count);
}

static bool read_descriptor(void *ctx, uint64_t address, uint64_t *value)
{
	return access_ipa(ctx, address, (uint8_t *)value, NULL, sizeof(*value));
}

static __attribute__((noinline)) bool walk(struct vcpu *vcpu, uint64_t va, uint64_t *ipa)
{
	const uint64_t ttbr[2] = {vcpu->world.ttbr0_el1, vcpu->world.ttbr1_el1};
	const struct walk_memory memory = {.read = read_descriptor, .ctx = vcpu->vm};
	struct walk w;

	walk_stage1(&w, ttbr, vcpu->world.tcr_el1, va, &memory);
	*ipa = w.output;
	return w.end == WALK_DONE;
}

static bool translate(struct vcpu *vcpu, uint64_t va, uint64_t *ipa)
{
	*ipa = va;
	return !(vcpu->world.sctlr_el1 & SCTLR_EL1_M) || walk(vcpu, va, ipa);
}

/* How much of `count` bytes from va on is in va's page. */
static size_t in_page(uint64_t va, size_t count)
{
	size_t left = PAGE_BYTES - va % PAGE_BYTES;

	return count < left ? count : left;
}

/* Has the breakpoint bytes of the page's [ipa, ipa + count)? */
static bool is_within(const struct dbg_breakpoint *b, uint64_t ipa, size_t count)
{
	return b->is_set && bits_overlap(b->ipa, INSTRUCTION_BYTES, ipa, count);
}

/* Puts what was there in place of the BRKs in what was read. */
static void hide_breakpoints(uint64_t ipa, uint8_t *bytes, size_t count) REQUIRES(dbg_lock)
{
	size_t i, n;

	for (n = 0; n < DBG_SOFTWARE_POINTS; n++) {
		const struct dbg_breakpoint *b = &dbg.breakpoint[n];

		for (i = 0; is_within(b, ipa, count) && i < INSTRUCTION_BYTES; i++) {
			if (b->ipa + i >= ipa && b->ipa + i < ipa + count)
				bytes[b->ipa + i - ipa] = b->was[i];
		}
	}
}

/* Memory was written: what is there now is what they replace. */
static void renew_breakpoints(uint64_t ipa, size_t count) REQUIRES(dbg_lock)
{
	size_t n;

	for (n = 0; n < DBG_SOFTWARE_POINTS; n++) {
		struct dbg_breakpoint *b = &dbg.breakpoint[n];
		uint8_t now[INSTRUCTION_BYTES];
		size_t i;

		if (!is_within(b, ipa, count) ||
		    !access_ipa(dbg.vm, b->ipa, now, NULL, sizeof(now)))
			continue;
		for (i = 0; i < INSTRUCTION_BYTES; i++) {
			if (b->ipa + i >= ipa && b->ipa + i < ipa + count)
				b->was[i] = now[i];
		}
		(void)access_ipa(dbg.vm, b->ipa, NULL, brk_instruction, INSTRUCTION_BYTES);
	}
}

static size_t load(struct vcpu *vcpu, uint64_t va, uint8_t *to, size_t count) REQUIRES(dbg_lock)
{
	size_t done = 0;
	uint64_t ipa;

	while (done < count) {
		size_t part = in_page(va + done, count - done);

		if (!translate(vcpu, va + done, &ipa) ||
		    !access_ipa(vcpu->vm, ipa, to + done, NULL, part))
			break;
		hide_breakpoints(ipa, to + done, part);
		done += part;
	}
	return done;
}

size_t dbgaccess_load(uint32_t index, uint64_t va, uint8_t *to, size_t count)
{
	struct vcpu *vcpu;
	size_t done;

	lock_acquire(&dbg_lock);
	vcpu = find_vcpu(index);
	done = vcpu ? load(vcpu, va, to, count) : 0;
	lock_release(&dbg_lock);
	return done;
}

/* count is at most a page, so that two pages hold it. */
static bool store(struct vcpu *vcpu, uint64_t va, const uint8_t *from, size_t count)
	REQUIRES(dbg_lock)
{
	size_t first = in_page(va, count);
	uint64_t ipa[2];

	if (count > PAGE_BYTES || !translate(vcpu, va, &ipa[0]) ||
	    !access_ipa(vcpu->vm, ipa[0], NULL, NULL, first))
		return false;
	if (first < count && (!translate(vcpu, va + first, &ipa[1]) ||
			      !access_ipa(vcpu->vm, ipa[1], NULL, NULL, count - first)))
		return false;
	if (!access_ipa(vcpu->vm, ipa[0], NULL, from, first))
		return false;
	renew_breakpoints(ipa[0], first);
	if (first == count)
		return true;
	if (!access_ipa(vcpu->vm, ipa[1], NULL, from + first, count - first))
		return false;
	renew_breakpoints(ipa[1], count - first);
	return true;
}

bool dbgaccess_store(uint32_t index, uint64_t va, const uint8_t *from, size_t count)
{
	struct vcpu *vcpu;
	bool done;

	lock_acquire(&dbg_lock);
	vcpu = find_vcpu(index);
	done = vcpu && store(vcpu, va, from, count);
	lock_release(&dbg_lock);
	return done;
}

uint32_t dbgstate_instruction(struct vcpu *vcpu) REQUIRES(dbg_lock)
{
	uint8_t bytes[INSTRUCTION_BYTES];
	uint32_t instruction;

	if ((vcpu->world.spsr_el2 & SPSR_M32) ||
	    load(vcpu, vcpu->world.elr_el2, bytes, sizeof(bytes)) != sizeof(bytes))
		return 0;
	memcpy(&instruction, bytes, sizeof(instruction));
	return instruction;
}

/* --- breakpoints in memory --- */

static bool remove_breakpoint(struct dbg_breakpoint *b) REQUIRES(dbg_lock)
{
	b->is_set = false;
	return access_ipa(dbg.vm, b->ipa, NULL, b->was, INSTRUCTION_BYTES);
}

static enum err set_breakpoint(struct vcpu *vcpu, uint64_t va) REQUIRES(dbg_lock)
{
	struct dbg_breakpoint *free = NULL;
	uint64_t ipa;
	size_t n;

	if (!translate(vcpu, va, &ipa))
		return ERR_RANGE;
	for (n = 0; n < DBG_SOFTWARE_POINTS; n++) {
		if (!dbg.breakpoint[n].is_set)
			free = &dbg.breakpoint[n];
		else if (dbg.breakpoint[n].ipa == ipa)
			return ERR_OK;
	}
	if (!free)
		return ERR_NO_MEMORY;
	*free = (struct dbg_breakpoint){.va = va, .ipa = ipa};
	if (!access_ipa(dbg.vm, ipa, free->was, NULL, INSTRUCTION_BYTES) ||
	    !access_ipa(dbg.vm, ipa, NULL, brk_instruction, INSTRUCTION_BYTES))
		return ERR_RANGE;
	free->is_set = true;
	return ERR_OK;
}

/* By its address as it was set: by now another process may be there. */
static enum err clear_breakpoint(uint64_t va) REQUIRES(dbg_lock)
{
	size_t n;

	for (n = 0; n < DBG_SOFTWARE_POINTS; n++) {
		if (dbg.breakpoint[n].is_set && dbg.breakpoint[n].va == va)
			return remove_breakpoint(&dbg.breakpoint[n]) ? ERR_OK : ERR_RANGE;
	}
	return ERR_NOT_FOUND;
}

bool dbgstate_has_breakpoint(struct vcpu *vcpu, uint64_t va) REQUIRES(dbg_lock)
{
	uint64_t ipa = 0;
	bool is_known = at_stage1_read(va, &ipa);
	size_t n;

	for (n = 0; n < DBG_SOFTWARE_POINTS; n++) {
		const struct dbg_breakpoint *b = &dbg.breakpoint[n];

		if (b->is_set && (is_known ? b->ipa == ipa : b->va == va))
			return true;
	}
	return false;
}

/* --- breakpoints and watchpoints of the hardware --- */

/* What a watchpoint's registers hold; false: the hardware cannot watch that. */
static bool watch_registers(enum gdbserver_point point, uint64_t va, uint64_t bytes,
			    uint64_t *value, uint64_t *control)
{
	uint64_t lsc = point == GDBSERVER_READ ? 1 : point == GDBSERVER_WRITE ? 2 : 3;

	*control = WCR_ENABLED | lsc << WCR_LSC;
	if (bytes == 0 || bytes > GIB(2))
		return false;
	if (va % 8 + bytes <= 8) {
		*value = bits_align_down(va, 8);
		*control |= (BIT(bytes) - 1) << (va % 8) << WCR_BAS;
		return true;
	}
	*value = va;
	*control |= 0xff << WCR_BAS | (uint64_t)__builtin_ctzll(bytes) << WCR_MASK;
	return (bytes & (bytes - 1)) == 0 && bits_is_aligned(va, bytes);
}

static enum err change_hardware(enum debug_point values, enum debug_point controls, uint64_t value,
				uint64_t control, bool set, unsigned int *number) REQUIRES(dbg_lock)
{
	unsigned int count = debug_point_count(dbg.vm, values), free = count, n;

	for (n = 0; n < count; n++) {
		if (dbg.outside.point[controls][n] == 0) {
			free = n;
		} else if (dbg.outside.point[values][n] == value &&
			   dbg.outside.point[controls][n] == control) {
			*number = n;
			if (!set)
				dbg.outside.point[controls][n] = 0;
			return ERR_OK;
		}
	}
	if (!set)
		return ERR_NOT_FOUND;
	if (free == count)
		return ERR_NO_MEMORY;
	*number = free;
	dbg.outside.point[values][free] = value;
	dbg.outside.point[controls][free] = control;
	return ERR_OK;
}

static enum err change_watch(enum gdbserver_point point, uint64_t va, uint64_t bytes, bool set)
	REQUIRES(dbg_lock)
{
	uint64_t value, control;
	unsigned int number;
	enum err err;

	if (!watch_registers(point, va, bytes, &value, &control))
		return ERR_INVALID;
	err = change_hardware(DEBUG_WVR, DEBUG_WCR, value, control, set, &number);
	if (err == ERR_OK && set) {
		dbg.watch[number].address = va;
		dbg.watch[number].bytes = bytes;
		dbg.watch[number].point = point;
	}
	return err;
}

static enum err change_point(struct vcpu *vcpu, enum gdbserver_point point, uint64_t va,
			     uint64_t kind, bool set) REQUIRES(dbg_lock)
{
	unsigned int number;

	if (point >= GDBSERVER_WRITE)
		return change_watch(point, va, kind, set);
	if (kind != INSTRUCTION_BYTES || !bits_is_aligned(va, INSTRUCTION_BYTES))
		return ERR_INVALID; /* AArch32's programs have no breakpoints */
	if (point == GDBSERVER_HARDWARE)
		return change_hardware(DEBUG_BVR, DEBUG_BCR, va, BCR_ENABLED, set, &number);
	return set ? set_breakpoint(vcpu, va) : clear_breakpoint(va);
}

enum err dbgaccess_point(uint32_t index, enum gdbserver_point point, uint64_t va, uint64_t kind,
			 bool set)
{
	struct vcpu *vcpu;
	enum err err;

	lock_acquire(&dbg_lock);
	vcpu = find_vcpu(index);
	err = vcpu ? change_point(vcpu, point, va, kind, set) : ERR_NOT_FOUND;
	lock_release(&dbg_lock);
	return err;
}

/*
 * The address of an access need not lie in what is watched: it may begin before it, or be rounded
 * (D2.10.5). Then it is the nearest that is meant.
 */
void dbgstate_find_watched(uint64_t address, struct gdbserver_stop *stop) REQUIRES(dbg_lock)
{
	uint64_t nearest = UINT64_MAX;
	unsigned int n;

	for (n = 0; n < debug_point_count(dbg.vm, DEBUG_WVR); n++) {
		const struct dbg_watch *w = &dbg.watch[n];
		bool is_inside = bits_contains(w->address, w->bytes, address, 1);
		uint64_t distance = is_inside              ? 0
				    : address < w->address ? w->address - address
							   : address - (w->address + w->bytes) + 1;

		if (dbg.outside.point[DEBUG_WCR][n] == 0 || distance >= nearest)
			continue;
		nearest = distance;
		stop->point = w->point;
		stop->address = is_inside ? address : w->address;
	}
}

void dbgstate_clear(void) REQUIRES(dbg_lock)
{
	size_t n;

	for (n = 0; n < DBG_SOFTWARE_POINTS; n++) {
		if (dbg.breakpoint[n].is_set)
			(void)remove_breakpoint(&dbg.breakpoint[n]);
	}
	memset(&dbg.outside, 0, sizeof(dbg.outside));
}
