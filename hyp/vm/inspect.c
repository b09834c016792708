/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at VMs from outside. A user VM's structures are there as long as its slot's lock is held
 * and slot->uvm is not NULL; nothing of them is touched outside. What is in a CPU's registers is
 * fetched by that CPU itself (crosscall()), with no lock held on either side.
 */
#include "hyp/vm/inspect.h"

#include "abi/psci.h"
#include "hyp/core/crosscall.h"
#include "hyp/vm/psci.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/udirty.h"
#include "lib/ublock.h"

#include <string.h>

#define MEET_TRIES   4   /* to find a vCPU on a CPU that it has not left again */
#define OWNERS_LOOKS 512 /* blocks that inspect_owners() looks at */

static const struct bootinfo *boot;
static struct vm *svm;

void inspect_init(const struct bootinfo *bi, struct vm *service)
{
	boot = bi;
	svm = service;
}

const struct bootinfo *inspect_boot(void)
{
	return boot;
}

uint64_t inspect_now(void)
{
	return sysreg_read(cntpct_el0);
}

uint64_t inspect_hz(void)
{
	return sysreg_read(cntfrq_el0);
}

uint64_t inspect_uptime_ticks(void)
{
	return inspect_now() - boot->entry_cntpct;
}

/*
 * The VM of this number stays until put_vm(), if it is a user VM under its slot's lock. NULL: there
 * is none, or of a user VM just its store is left.
 */
static struct vm *get_vm(uint32_t number) NO_THREAD_CHECK
{
	struct slot *slot;

	if (number >= CAISSON_MAX_VMS)
		return number == INSPECT_SERVICE_VM ? svm : NULL;
	slot = &slots[number];
	lock_acquire(&slot->lock);
	if (slot->state != SLOT_FREE && slot->uvm)
		return &slot->uvm->vm;
	lock_release(&slot->lock);
	return NULL;
}

static void put_vm(const struct vm *vm, uint32_t number) NO_THREAD_CHECK
{
	if (vm->is_user)
		lock_release(&slots[number].lock);
}

/* --- VMs, vCPUs, CPUs --- */

/* Until now, if it is loaded. */
static uint64_t cpu_ticks(const struct uvcpu *u)
{
	uint64_t ticks = __atomic_load_n(&u->cpu_ticks, __ATOMIC_RELAXED);
	uint64_t since = __atomic_load_n(&u->loaded_at, __ATOMIC_RELAXED);
	uint64_t now = inspect_now();

	return u->runs_on == VCPU_NOWHERE || since == UVCPU_WAITS || since > now
		       ? ticks
		       : ticks + (now - since);
}

static void stats_add(uint64_t sum[CAISSON_STAT_COUNT], const struct ustat *stat)
{
	uint32_t i;

	for (i = 0; i < CAISSON_STAT_COUNT; i++)
		sum[i] += ustat_read(stat, (enum caisson_stat)i);
}

static void user_vcpu_stats(const struct uvcpu *u, uint64_t sum[CAISSON_STAT_COUNT])
{
	stats_add(sum, &u->stat);
	sum[CAISSON_STAT_IRQS_INJECTED] +=
		__atomic_load_n(&u->vcpu.vgic.injected, __ATOMIC_RELAXED);
}

static void name_copy(char to[INSPECT_NAME_BYTES], const char *name)
{
	size_t i;

	for (i = 0; i < INSPECT_NAME_BYTES - 1 && name[i] != 0; i++)
		to[i] = name[i];
	to[i] = 0;
}

static void user_vm(const struct slot *slot, struct inspect_vm *to)
{
	const struct uvm *uvm = slot->uvm;
	uint32_t i;

	to->is_user = true;
	to->is_ending = slot->state == SLOT_ENDING;
	to->tag = slot->tag;
	to->store_bytes = CAISSON_BLOCK_BYTES * (1 + slot->has_console);
	if (!uvm)
		return;
	name_copy(to->name, uvm->vm.name);
	to->vcpu_count = uvm->vm.vcpu_count;
	to->memory_bytes = __atomic_load_n(&uvm->blocks, __ATOMIC_RELAXED) * CAISSON_BLOCK_BYTES;
	stats_add(to->stat, &uvm->stat);
	for (i = 0; i < to->vcpu_count; i++) {
		user_vcpu_stats(&uvm->vcpu[i], to->stat);
		to->cpu_ticks += cpu_ticks(&uvm->vcpu[i]);
		to->running += uvm->vcpu[i].runs_on != VCPU_NOWHERE;
	}
}

static void service_vm(struct inspect_vm *to)
{
	uint32_t i;

	name_copy(to->name, svm->name);
	to->vcpu_count = svm->vcpu_count;
	for (i = 0; i < boot->ram_count; i++)
		to->memory_bytes += boot->ram[i].bytes;
	to->memory_bytes -= boot->kept.bytes;
	for (i = 0; i < svm->vcpu_count; i++)
		to->running += __atomic_load_n(&percpu_get(i)->current, __ATOMIC_RELAXED) ==
				       svm->vcpu[i] &&
			       svm->vcpu[i]->power == VCPU_ON;
}

enum err inspect_vm(uint32_t number, struct inspect_vm *vm)
{
	enum err err = ERR_NOT_FOUND;
	struct slot *slot;

	*vm = (struct inspect_vm){.number = number};
	if (number == INSPECT_SERVICE_VM) {
		service_vm(vm);
		return ERR_OK;
	}
	if (number >= CAISSON_MAX_VMS)
		return ERR_NOT_FOUND;
	slot = &slots[number];
	lock_acquire(&slot->lock);
	if (slot->state != SLOT_FREE) {
		user_vm(slot, vm);
		err = ERR_OK;
	}
	lock_release(&slot->lock);
	return err;
}

static enum inspect_vcpu_state user_state(const struct uvcpu *u)
{
	if (!u->page)
		return INSPECT_OFF;
	if (u->runs_on != VCPU_NOWHERE)
		return INSPECT_LOADED;
	return __atomic_load_n(&u->vcpu.blocked, __ATOMIC_RELAXED) ? INSPECT_WAITING
								   : INSPECT_READY;
}

static enum inspect_vcpu_state service_state(const struct vcpu *vcpu)
{
	static const enum inspect_vcpu_state states[] = {
		[VCPU_OFF] = INSPECT_OFF,
		[VCPU_ON_PENDING] = INSPECT_STARTING,
		[VCPU_ON] = INSPECT_LOADED,
		[VCPU_DEDICATED] = INSPECT_GIVEN,
	};
	enum vcpu_power power;

	lock_acquire(&svm->power_lock);
	power = vcpu->power;
	lock_release(&svm->power_lock);
	if (power == VCPU_ON &&
	    __atomic_load_n(&percpu_get(vcpu->index)->current, __ATOMIC_RELAXED) != vcpu)
		return INSPECT_AWAY;
	return states[power];
}

enum err inspect_vcpu(uint32_t number, uint32_t index, struct inspect_vcpu *to)
{
	struct vm *vm = get_vm(number);
	enum err err = ERR_RANGE;

	*to = (struct inspect_vcpu){
		.index = index, .cpu = INSPECT_NOWHERE, .own_cpu = INSPECT_NOWHERE};
	if (!vm)
		return ERR_NOT_FOUND;
	if (index < vm->vcpu_count) {
		struct vcpu *vcpu = vm->vcpu[index];

		err = ERR_OK;
		to->mpidr = vcpu->mpidr;
		if (vm->is_user) {
			const struct uvcpu *u = uvcpu_of(vcpu);

			to->state = user_state(u);
			to->cpu = u->runs_on;
			to->own_cpu = u->own_cpu;
			to->cpu_ticks = cpu_ticks(u);
			user_vcpu_stats(u, to->stat);
		} else {
			to->state = service_state(vcpu);
			to->cpu = to->state == INSPECT_LOADED ? index : INSPECT_NOWHERE;
			to->own_cpu = index;
		}
	}
	put_vm(vm, number);
	return err;
}

/* The user VM's vCPU that runs on this CPU: false: none. */
static bool find_loaded(uint32_t cpu, struct inspect_cpu *to)
{
	bool found = false;
	uint32_t number, i;

	for (number = 0; number < CAISSON_MAX_VMS && !found; number++) {
		struct vm *vm = get_vm(number);

		for (i = 0; vm && i < vm->vcpu_count && !found; i++) {
			found = uvcpu_of(vm->vcpu[i])->runs_on == cpu;
			to->vm = number;
			to->vcpu = i;
		}
		if (vm)
			put_vm(vm, number);
	}
	return found;
}

enum err inspect_cpu(uint32_t cpu, struct inspect_cpu *to)
{
	struct percpu *p;

	if (cpu >= percpu_count())
		return ERR_RANGE;
	p = percpu_get(cpu);
	*to = (struct inspect_cpu){.mpidr = p->mpidr};
	to->is_on = svm->vcpu[cpu]->power == VCPU_ON;
	to->user_ticks = __atomic_load_n(&p->user_ticks, __ATOMIC_RELAXED);
	to->slept_ticks = __atomic_load_n(&p->slept_ticks, __ATOMIC_RELAXED);
	if (!find_loaded(cpu, to)) {
		to->vm = INSPECT_SERVICE_VM;
		to->vcpu = cpu;
	}
	return ERR_OK;
}

/* --- registers --- */

/* What struct world and struct inspect_registers both have, by the same name. */
#define EACH_OF_WORLD(DO)                                                                          \
	DO(sp_el0)                                                                                 \
	DO(sp_el1)                                                                                 \
	DO(elr_el1)                                                                                \
	DO(spsr_el1)                                                                               \
	DO(ttbr0_el1)                                                                              \
	DO(ttbr1_el1)                                                                              \
	DO(mair_el1)                                                                               \
	DO(vbar_el1)                                                                               \
	DO(contextidr_el1)                                                                         \
	DO(esr_el1)                                                                                \
	DO(far_el1)                                                                                \
	DO(par_el1)                                                                                \
	DO(cpacr_el1)                                                                              \
	DO(cntkctl_el1)                                                                            \
	DO(tpidr_el0)                                                                              \
	DO(tpidrro_el0)                                                                            \
	DO(tpidr_el1)                                                                              \
	DO(hcr_el2)                                                                                \
	DO(sctlr_el1)                                                                              \
	DO(tcr_el1)

#define FROM_WORLD(name) to->name = vcpu->world.name;
#define FROM_CPU(name)   to->name = sysreg_read(name);

static void read_common(struct vcpu *vcpu, struct inspect_registers *to)
{
	memcpy(to->x, vcpu->x, sizeof(to->x));
	to->vttbr_el2 = vcpu->vm->vttbr;
	to->vtcr_el2 = vcpu->vm->vtcr;
	to->cntvoff = vcpu->vm->cntvoff;
	to->count = inspect_now();
	to->counter_hz = inspect_hz();
	if (vcpu->vm->is_user) {
		to->count = timescale_guest(&vcpu->vm->time, to->count);
		to->counter_hz = vcpu->vm->time.guest_hz;
		to->cntp_ctl = uvcpu_of(vcpu)->ptimer.ctl;
		to->cntp_cval = uvcpu_of(vcpu)->ptimer.cval;
	} else {
		to->cntp_ctl = sysreg_read(cntp_ctl_el0);
		to->cntp_cval = sysreg_read(cntp_cval_el0);
	}
}

/* Where the hardware's virtual timer is EL2's. */
static void read_scaled(struct vcpu *vcpu, struct inspect_registers *to)
{
	if (vcpu->vm->has_scaled_vtimer) {
		to->cntv_ctl = uvcpu_of(vcpu)->vtimer.ctl;
		to->cntv_cval = uvcpu_of(vcpu)->vtimer.cval;
	}
}

/* The vCPU is not loaded, and stays so. The service VM's: on its own CPU. */
static void read_world(struct vcpu *vcpu, struct inspect_registers *to)
{
	read_common(vcpu, to);
	to->pc = vcpu->world.elr_el2;
	to->pstate = vcpu->world.spsr_el2;
	EACH_OF_WORLD(FROM_WORLD)
	to->cntv_ctl = vcpu->world.cntv_ctl;
	to->cntv_cval = vcpu->world.cntv_cval;
	read_scaled(vcpu, to);
}

/* The vCPU is loaded on this CPU. */
static void read_loaded(struct vcpu *vcpu, struct inspect_registers *to)
{
	read_common(vcpu, to);
	to->pc = sysreg_read(elr_el2);
	to->pstate = sysreg_read(spsr_el2);
	EACH_OF_WORLD(FROM_CPU)
	to->cntv_ctl = sysreg_read(cntv_ctl_el0);
	to->cntv_cval = sysreg_read(cntv_cval_el0);
	read_scaled(vcpu, to);
}

struct question {
	uint32_t vm;
	uint32_t vcpu;
	struct inspect_registers *to;
	bool is_met; /* the vCPU was there */
};

/* On the CPU where the vCPU was seen. */
static void answer(void *arg)
{
	const struct percpu *p = percpu_this();
	struct question *q = arg;
	struct vcpu *vcpu = p->current;

	if (!vcpu)
		return;
	if (q->vm == INSPECT_SERVICE_VM) {
		q->is_met = true;
		if (vcpu == svm->vcpu[q->vcpu])
			read_loaded(vcpu, q->to);
		else
			read_world(svm->vcpu[q->vcpu], q->to);
	} else {
		q->is_met =
			vcpu->vm->is_user && uvm_of(vcpu)->slot == q->vm && vcpu->index == q->vcpu;
		if (q->is_met)
			read_loaded(vcpu, q->to);
	}
}

/* A user VM's: reads it if it is at rest; else *cpu is where it runs. */
static enum err read_at_rest(struct question *q, uint32_t *cpu)
{
	struct vm *vm = get_vm(q->vm);
	enum err err = ERR_OK;

	if (!vm)
		return ERR_NOT_FOUND;
	if (q->vcpu >= vm->vcpu_count) {
		err = ERR_RANGE;
	} else {
		*cpu = uvcpu_of(vm->vcpu[q->vcpu])->runs_on;
		q->is_met = *cpu == VCPU_NOWHERE;
		if (q->is_met)
			read_world(vm->vcpu[q->vcpu], q->to);
	}
	put_vm(vm, q->vm);
	return err;
}

enum err inspect_registers(uint32_t vm, uint32_t vcpu, struct inspect_registers *to)
{
	struct question q = {.vm = vm, .vcpu = vcpu, .to = to};
	enum err err = ERR_OK;
	uint32_t cpu = vcpu;
	unsigned int i;

	if (vm == INSPECT_SERVICE_VM) {
		if (vcpu >= svm->vcpu_count)
			return ERR_RANGE;
		err = crosscall(cpu, answer, &q);
		return err == ERR_OK && !q.is_met ? ERR_BUSY : err;
	}
	for (i = 0; i < MEET_TRIES && err == ERR_OK && !q.is_met; i++) {
		err = read_at_rest(&q, &cpu);
		if (err == ERR_OK && !q.is_met)
			err = crosscall(cpu, answer, &q);
	}
	return err == ERR_OK && !q.is_met ? ERR_BUSY : err;
}

/* --- addresses --- */

/* Is it RAM that EL2 sees, and not of its own image? */
static bool is_ram(uint64_t pa, uint64_t bytes)
{
	uint32_t i;

	if (bits_overlap(boot->image.base, boot->image.bytes, pa, bytes))
		return false;
	for (i = 0; i < boot->ram_count; i++) {
		if (bits_contains(boot->ram[i].base, boot->ram[i].bytes, pa, bytes))
			return true;
	}
	return false;
}

static bool read_physical(void *ctx, uint64_t pa, uint64_t *value)
{
	if (!bits_is_aligned(pa, 8) || !is_ram(pa, 8))
		return false;
	*value = __atomic_load_n((const uint64_t *)pa, __ATOMIC_RELAXED);
	return true;
}

static const struct walk_memory physical = {.read = read_physical};

/* A user VM's word of lib/ublock.h that stands for the address; UBLOCK_NONE's where there is none.
 */
static uint64_t block_desc(struct vm *vm, uint64_t ipa)
{
	return ipa < CAISSON_VM_IPA_BYTES ? udirty_peek((struct uvm *)vm, ipa) : 0;
}

/* Memory that the VM has, also where it is not mapped just now. */
static bool ipa_to_pa(struct vm *vm, uint64_t ipa, uint64_t *pa)
{
	uint64_t desc;

	if (!vm->is_user) {
		*pa = ipa;
		return stage2_has(vm, ipa);
	}
	desc = block_desc(vm, ipa);
	switch (ublock_state(desc)) {
	case UBLOCK_NONE:
	case UBLOCK_COMING:
	case UBLOCK_GOING:
		return false;
	default:
		*pa = ublock_pa(desc) | (ipa & (UBLOCK_BYTES - 1));
		return true;
	}
}

static bool read_of_vm(void *ctx, uint64_t ipa, uint64_t *value)
{
	uint64_t pa;

	return ipa_to_pa(ctx, ipa, &pa) && read_physical(NULL, pa, value);
}

static void map_second(struct vm *vm, struct inspect_map *to)
{
	to->walked_second = true;
	if (!vm->is_user)
		stage2_settle();
	walk_stage2(&to->second, vm->vttbr, vm->vtcr, to->ipa, &physical);
	to->pa = to->second.output;
}

enum err inspect_map(uint32_t number, uint32_t vcpu, uint64_t va, struct inspect_map *to)
{
	struct inspect_registers r;
	enum err err = inspect_registers(number, vcpu, &r);
	struct vm *vm;

	memset(to, 0, sizeof(*to));
	if (err != ERR_OK)
		return err;
	vm = get_vm(number);
	if (!vm)
		return ERR_NOT_FOUND;
	to->ipa = va;
	if (r.sctlr_el1 & SCTLR_EL1_M) {
		struct walk_memory memory = {.read = read_of_vm, .ctx = vm};
		uint64_t ttbr[2] = {r.ttbr0_el1, r.ttbr1_el1};

		to->walked_first = true;
		walk_stage1(&to->first, ttbr, r.tcr_el1, va, &memory);
		to->ipa = to->first.output;
	}
	if (!to->walked_first || to->first.end == WALK_DONE)
		map_second(vm, to);
	put_vm(vm, number);
	return ERR_OK;
}

enum err inspect_map_ipa(uint32_t number, uint64_t ipa, struct inspect_map *to)
{
	struct vm *vm = get_vm(number);

	memset(to, 0, sizeof(*to));
	if (!vm)
		return ERR_NOT_FOUND;
	to->ipa = ipa;
	map_second(vm, to);
	put_vm(vm, number);
	return ERR_OK;
}

const char *inspect_block_state(uint32_t number, uint64_t ipa)
{
	static const char *const names[] = {
		[UBLOCK_LAZY] = "not touched yet",
		[UBLOCK_OFF] = "taken out for a while",
		[UBLOCK_COMING] = "on its way to the VM",
		[UBLOCK_FLIPPING] = "being made executable",
		[UBLOCK_GOING] = "on its way from the VM",
		[UBLOCK_DATA] = "data",
		[UBLOCK_EXEC] = "executable",
		[UBLOCK_NONE] = "no memory",
	};
	struct vm *vm = number < CAISSON_MAX_VMS ? get_vm(number) : NULL;
	const char *name;

	if (!vm)
		return NULL;
	name = names[ublock_state(block_desc(vm, ipa))];
	put_vm(vm, number);
	return name;
}

const char *inspect_owner(uint64_t pa)
{
	static const char *const names[] = {
		[OWNER_HYP] = "the hypervisor's, or a device's",
		[OWNER_SERVICE] = "the service VM's",
		[OWNER_SHARED] = "shared with a user VM",
		[OWNER_LENT] = "lent to a user VM",
		[OWNER_STORE] = "store of a user VM",
	};
	const struct owner_block *block;
	const char *name = NULL;

	lock_acquire(&slot_manage_lock);
	block = owner_find(&slot_owner, pa);
	if (block)
		name = names[block->state];
	lock_release(&slot_manage_lock);
	return name;
}

bool inspect_owners(struct inspect_owners *o)
{
	uint64_t *const counters[] = {
		[OWNER_HYP] = &o->other, [OWNER_SERVICE] = &o->own, [OWNER_SHARED] = &o->shared,
		[OWNER_LENT] = &o->lent, [OWNER_STORE] = &o->store,
	};
	uint64_t end;

	lock_acquire(&slot_manage_lock);
	end = slot_owner.block_count - o->cursor > OWNERS_LOOKS ? o->cursor + OWNERS_LOOKS
								: slot_owner.block_count;
	for (; o->cursor < end; o->cursor++)
		++*counters[slot_owner.block[o->cursor].state];
	end = slot_owner.block_count;
	lock_release(&slot_manage_lock);
	return o->cursor >= end;
}

/* --- interrupts --- */

enum err inspect_irq_count(uint32_t number, uint32_t *count)
{
	struct vm *vm = get_vm(number);

	if (!vm)
		return ERR_NOT_FOUND;
	*count = vm->vgic.words * 32 < VGIC_INTIDS ? vm->vgic.words * 32 : VGIC_INTIDS;
	put_vm(vm, number);
	return ERR_OK;
}

/* The model's words, as they stand: each of their bits is true for itself. */
static void irq_from_word(struct inspect_irq *to, const struct vgic_word *w, uint32_t bit,
			  bool in_lr)
{
	to->enabled = w->enabled & bit;
	to->group1 = w->group & bit;
	to->edge = w->edge & bit;
	to->line = w->line & bit;
	to->physical = w->hw & bit;
	to->loaded = in_lr;
	to->pending =
		((w->latch | (w->line & ~w->edge)) & bit) || (in_lr && (w->seen_pending & bit));
	to->active = (w->active & bit) || (in_lr && (w->seen_active & bit));
}

static void shared_irq(const struct vm *vm, uint32_t intid, struct inspect_irq *to)
{
	const struct vgic_dist *d = &vm->vgic;
	uint32_t bit = 1u << intid % 32, owner = d->owner[intid], target = d->target[intid];
	bool in_lr = owner < vm->vcpu_count && (d->word[intid / 32].loaded & bit) &&
		     (vm->vcpu[owner]->vgic.in_lr[intid / 32] & bit);

	irq_from_word(to, &d->word[intid / 32], bit, in_lr);
	to->priority = d->priority[intid];
	to->target = target < vm->vcpu_count ? target : INSPECT_NOWHERE;
}

enum err inspect_irq(uint32_t number, uint32_t vcpu, uint32_t intid, struct inspect_irq *to)
{
	struct vm *vm = get_vm(number);
	enum err err = ERR_OK;

	memset(to, 0, sizeof(*to));
	if (!vm)
		return ERR_NOT_FOUND;
	if (intid >= VGIC_PRIVATE && intid < vm->vgic.words * 32 && intid < VGIC_INTIDS) {
		shared_irq(vm, intid, to);
	} else if (intid < VGIC_PRIVATE && vcpu < vm->vcpu_count) {
		const struct vgic_cpu *c = &vm->vcpu[vcpu]->vgic;

		irq_from_word(to, &c->word0, 1u << intid, c->in_lr[0] >> intid & 1);
		to->priority = c->priority[intid];
		to->target = vcpu;
	} else {
		err = ERR_RANGE;
	}
	put_vm(vm, number);
	return err;
}

void inspect_power_off(bool reset)
{
	psci_system_end("the console", reset ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF);
}
