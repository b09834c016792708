/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual CPU interface when a CPU changes between the service VM and a user VM. What
 * hyp/vm/vgic_sync.c says of list registers holds on.
 *
 * vcpu->cpu, written under the vCPU's vgic_lock, says where a vCPU is loaded. Who leaves something
 * for one does it under that lock and looks at cpu afterwards. Either the lock came before load()
 * had it: then world_switch() sees the note (vgic_has_work(), on the CPU that had the lock last)
 * and takes it in. Or after: then cpu is set and the kick goes there. A kick that arrives when the
 * vCPU has left again is taken for whoever is loaded by then, who finds nothing; the note is still
 * there for the next load, wherever that is. So a vCPU may move to any CPU with any load, there may
 * be more of them than CPUs, and of several VMs on one: nothing of a vCPU stays in a CPU but what
 * save() takes, and the kick names a CPU, not a vCPU. Two loads of one vCPU cannot overlap: the
 * slot's lock gives it to one CPU at a time, and is what orders the one CPU's save() before the
 * other's load().
 *
 * blocked is set by vgic_block() under the same lock, with nothing pending, and taken back by the
 * first who leaves something (an exchange, so there is one waker) or by load(). The run page's wake
 * word was set to 0 before, so the waker's 1 cannot be overwritten: no wake-up is lost between the
 * decision and the sleep, however long Linux takes.
 *
 * The timer's PPI is one physical interrupt for all: active and enabled as the loaded vCPU has it.
 */
#include "abi/hypercall.h"
#include "hyp/vm/vgic.h"
#include "hyp/vm/vgic_hw.h"

/* Of ICH_AP0R<n>_EL2, and of ICH_AP1R<n>_EL2: by the number of preemption bits. */
static uint32_t apr_count(void)
{
	uint64_t prebits = bits_get(sysreg_read(ICH_VTR_EL2), 28, 26); /* their number - 1 */

	return __builtin_expect(prebits < 5, 1) ? 1 : prebits == 5 ? 2 : 4;
}

VGIC_HW_INLINE void active_priorities_write(bool v2, const uint64_t apr[8])
{
	uint32_t count;

	if (v2) {
		mmio_write32(gicv2.gich + GICH_APR, (uint32_t)apr[0]);
		return;
	}
	count = apr_count();
	sysreg_write(ICH_AP0R0_EL2, apr[0]);
	sysreg_write(ICH_AP1R0_EL2, apr[4]);
	if (__builtin_expect(count == 1, 1))
		return;
	sysreg_write(ICH_AP0R1_EL2, apr[1]);
	sysreg_write(ICH_AP1R1_EL2, apr[5]);
	if (count == 2)
		return;
	sysreg_write(ICH_AP0R2_EL2, apr[2]);
	sysreg_write(ICH_AP0R3_EL2, apr[3]);
	sysreg_write(ICH_AP1R2_EL2, apr[6]);
	sysreg_write(ICH_AP1R3_EL2, apr[7]);
}

void vgic_active_priorities_write(const uint64_t apr[8])
{
	active_priorities_write(gic_is_v2(), apr);
}

VGIC_HW_INLINE void active_priorities_read(bool v2, uint64_t apr[8])
{
	uint32_t count;

	if (v2) {
		apr[0] = mmio_read32(gicv2.gich + GICH_APR);
		return;
	}
	count = apr_count();
	apr[0] = sysreg_read(ICH_AP0R0_EL2);
	apr[4] = sysreg_read(ICH_AP1R0_EL2);
	if (__builtin_expect(count == 1, 1))
		return;
	apr[1] = sysreg_read(ICH_AP0R1_EL2);
	apr[5] = sysreg_read(ICH_AP1R1_EL2);
	if (count == 2)
		return;
	apr[2] = sysreg_read(ICH_AP0R2_EL2);
	apr[3] = sysreg_read(ICH_AP0R3_EL2);
	apr[6] = sysreg_read(ICH_AP1R2_EL2);
	apr[7] = sysreg_read(ICH_AP1R3_EL2);
}

/* Is the physical timer interrupt active on behalf of this vCPU, whose list registers are saved? */
VGIC_HW_INLINE bool timer_is_held(const struct vcpu *vcpu)
{
	const struct vgic_cpu *c = &vcpu->vgic;
	const struct world *w = &vcpu->world;
	uint32_t bit = 1u << CAISSON_VM_TIMER_INTID;
	uint32_t n;

	if ((c->word0.latch | c->word0.active) & bit)
		return true;
	if (!w->lr_live || !(c->in_lr[0] & bit))
		return false;
	n = c->lr_of[CAISSON_VM_TIMER_INTID];
	return (w->lr_live >> n & 1) && (w->lr[n] & (VGIC_LR_PENDING | VGIC_LR_ACTIVE));
}

VGIC_HW_INLINE bool timer_is_enabled(const struct vcpu *vcpu)
{
	return vcpu->vgic.word0.enabled >> CAISSON_VM_TIMER_INTID & 1;
}

/*
 * A list register that holds nothing is left as it is: its state is all that anyone looks at.
 * Returns whether the physical timer interrupt is enabled, which stays as it is while the vCPU is
 * loaded nowhere.
 */
VGIC_HW_INLINE bool save(bool v2, struct vcpu *vcpu, uint32_t cpu) NO_THREAD_CHECK
{
	struct world *w = &vcpu->world;
	uint32_t live;
	bool timer;

	lock_acquire(&vcpu->vgic_lock);
	w->ich_hcr = vgic_hw_hcr_read(v2);
	vgic_hw_hcr_write(v2, 0);
	w->ich_vmcr = vgic_hw_vmcr_read(v2);
	active_priorities_read(v2, w->ich_apr);
	live = vcpu->vgic.used & ~vgic_hw_empty(v2);
	w->lr_live = live;
	for (; live; live &= live - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(live);

		w->lr[n] = vgic_hw_lr_read(v2, n);
		vgic_hw_lr_write(v2, n, 0);
	}
	vcpu->cpu = VCPU_NOWHERE;
	if (timer_is_held(vcpu))
		gic_active_set_on(cpu, CAISSON_VM_TIMER_INTID, false);
	timer = timer_is_enabled(vcpu);
	lock_release(&vcpu->vgic_lock);
	return timer;
}

/* timer: what save() of the one before returned. */
VGIC_HW_INLINE void load(bool v2, struct vcpu *vcpu, uint32_t cpu, bool timer) NO_THREAD_CHECK
{
	const struct world *w = &vcpu->world;
	uint32_t live;

	lock_acquire(&vcpu->vgic_lock);
	if (timer && !timer_is_enabled(vcpu))
		gic_disable_on(cpu, CAISSON_VM_TIMER_INTID);
	else if (!timer && timer_is_enabled(vcpu))
		gic_enable_on(cpu, CAISSON_VM_TIMER_INTID);
	if (timer_is_held(vcpu))
		gic_active_set_on(cpu, CAISSON_VM_TIMER_INTID, true);
	for (live = w->lr_live; live; live &= live - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(live);

		vgic_hw_lr_write(v2, n, w->lr[n]);
	}
	active_priorities_write(v2, w->ich_apr);
	vgic_hw_vmcr_write(v2, w->ich_vmcr);
	vgic_hw_hcr_write(v2, w->ich_hcr);
	vcpu->cpu = cpu;
	vcpu->blocked = false;
	lock_release(&vcpu->vgic_lock);
}

static __attribute__((noinline)) void switch2(struct vcpu *from, struct vcpu *to, uint32_t cpu)
{
	load(true, to, cpu, save(true, from, cpu));
}

void vgic_switch(struct vcpu *from, struct vcpu *to)
{
	uint32_t cpu = percpu_this()->index;

	if (gic_is_v2())
		switch2(from, to, cpu);
	else
		load(false, to, cpu, save(false, from, cpu));
}

bool vgic_block(struct vcpu *vcpu) NO_THREAD_CHECK
{
	bool block;

	lock_acquire(&vcpu->vgic_lock);
	block = !vgic_is_pending(vcpu);
	vcpu->blocked = block;
	lock_release(&vcpu->vgic_lock);
	return block;
}
