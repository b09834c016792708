/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of distributor and redistributors: what lib/vgic_mmio.c needs to know of list
 * registers and of the physical GIC. See hyp/vm/vgic_sync.c for locks.
 */
#include "abi/hypercall.h"
#include "hyp/vm/vgic_sync.h"

/*
 * Adds what is pending physically, at CPU `cpu`, of the hardware-linked interrupts hw, where the
 * register shows it.
 */
static void add_physical(uint32_t hw, uint32_t cpu, uint64_t offset, struct vdev_access *access)
{
	if (vgic_is_pending_register(offset) && hw)
		access->value |= gic_pending_word(cpu, vgic_register_word(offset)) & hw;
}

/*
 * The same for a vCPU's private interrupts. While it is loaded nowhere, its virtual timer counts
 * for nothing, being another's; a vCPU of the service VM still has the rest of its CPU's.
 */
static void add_private(const struct vcpu *target, uint64_t offset, struct vdev_access *access)
{
	uint32_t cpu = __atomic_load_n(&target->cpu, __ATOMIC_RELAXED);
	uint32_t hw = target->vgic.word0.hw;

	if (cpu == VCPU_NOWHERE) {
		if (target->vm->is_user)
			return;
		cpu = target->index;
		hw &= ~(1u << CAISSON_VM_TIMER_INTID);
	}
	add_physical(hw, cpu, offset - VGIC_SGI_BASE, access);
}

/*
 * Other CPUs have to fold before a read of theirs can be answered. They are asked once; the
 * guest reads again until they have, and takes its interrupts in between. True: not yet.
 */
static bool must_wait(struct vcpu *vcpu, uint64_t offset)
{
	struct vgic_cpu *c = &vcpu->vgic;

	if (!c->asked || c->asked_offset != offset)
		return false;
	return !vgic_is_synced(&vcpu->vm->vgic, c->asked);
}

/*
 * Reads of pending and active bits: under the lock, since what moves between model and list
 * registers is in neither for a moment.
 */
static bool __attribute__((noinline))
dist_read_state(struct vcpu *vcpu, struct vdev_access *access) NO_THREAD_CHECK
{
	struct vgic_dist *d = &vcpu->vm->vgic;
	struct vgic_cpu *c = &vcpu->vgic;
	uint64_t offset = access->offset;
	struct vgic_effects fx;
	bool result = true;
	uint32_t bits;

	access->retry = must_wait(vcpu, offset);
	if (access->retry)
		return true;
	vgic_effects_init(&fx);
	fx.word = vgic_register_word(offset);
	lock_acquire(&vcpu->vm->vgic_lock);
	if (vgic_dist_is_exact(d, offset)) {
		vgic_sync_fold(vcpu);
		vgic_sync_fill(vcpu);
		fx.changed = vgic_loaded_elsewhere(d, c, fx.word);
	}
	if (fx.changed && (!c->asked || c->asked_offset != offset)) {
		c->asked = 0;
		c->asked_offset = offset;
		for (bits = fx.changed; bits; bits &= bits - 1)
			c->asked |= 1u << d->owner[fx.word * 32 + (uint32_t)__builtin_ctz(bits)];
		(void)vgic_sync_settle(vcpu->vm, vcpu, &fx);
		access->retry = true;
	} else {
		c->asked = 0;
		result = vgic_dist_read(d, offset, access->bytes, &access->value);
		add_physical(d->word[fx.word].hw, 0, offset, access);
	}
	lock_release(&vcpu->vm->vgic_lock);
	return result;
}

static inline bool dist_read(struct vcpu *vcpu, struct vdev_access *access)
{
	if (vgic_is_state_register(access->offset))
		return dist_read_state(vcpu, access);
	return vgic_dist_read(&vcpu->vm->vgic, access->offset, access->bytes, &access->value);
}

static bool __attribute__((noinline))
dist_write(struct vcpu *vcpu, struct vdev_access *access) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct vgic_effects fx;
	bool exact, ok, must_sync;

	vgic_effects_init(&fx);
	lock_acquire(&vm->vgic_lock);
	exact = vgic_dist_is_exact(&vm->vgic, access->offset);
	if (exact)
		vgic_sync_fold(vcpu);
	ok = vgic_dist_write(&vm->vgic, access->offset, access->bytes, access->value, &fx);
	must_sync = vgic_sync_settle(vm, vcpu, &fx);
	if (must_sync && !exact)
		vgic_sync_fold(vcpu);
	if (must_sync || exact)
		vgic_sync_fill(vcpu);
	lock_release(&vm->vgic_lock);
	return ok;
}

bool vgic_mmio_dist(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	return access->write ? dist_write(vcpu, access) : dist_read(vcpu, access);
}

/* Reads and writes that need what is in this CPU's list registers. */
static bool __attribute__((noinline))
redist_exact(struct vcpu *vcpu, uint64_t offset, struct vdev_access *access) NO_THREAD_CHECK
{
	struct vgic_dist *d = &vcpu->vm->vgic;
	struct vgic_effects fx;
	bool result;

	vgic_effects_init(&fx);
	lock_acquire(&vcpu->vm->vgic_lock);
	vgic_sync_fold(vcpu);
	lock_acquire(&vcpu->vgic_lock);
	if (access->write)
		result = vgic_cpu_write(d, &vcpu->vgic, offset, access->bytes, access->value, &fx);
	else
		result = vgic_cpu_read(d, &vcpu->vgic, offset, access->bytes, &access->value);
	vgic_sync_apply(vcpu->vm, vcpu->index, &fx);
	lock_release(&vcpu->vgic_lock);
	vgic_sync_fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
	if (!access->write)
		add_private(vcpu, offset, access);
	return result;
}

static bool __attribute__((noinline))
redist_write(struct vcpu *vcpu, struct vcpu *target, uint64_t offset,
	     const struct vdev_access *access) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct vgic_effects fx;
	bool ok;

	vgic_effects_init(&fx);
	lock_acquire(&target->vgic_lock);
	ok = vgic_cpu_write(&vm->vgic, &target->vgic, offset, access->bytes, access->value, &fx);
	if (fx.count)
		vgic_sync_apply(vm, target->index, &fx);
	lock_release(&target->vgic_lock);
	if (!fx.kick)
		return ok;
	if (target == vcpu)
		vgic_sync(vcpu);
	else
		vgic_sync_kick(gic_is_v2(), target);
	return ok;
}

/* A read of another vCPU's pending or active bits: see dist_read_state(). */
static bool __attribute__((noinline))
redist_read_remote(struct vcpu *vcpu, struct vcpu *target, uint64_t offset,
		   struct vdev_access *access) NO_THREAD_CHECK
{
	struct vgic_cpu *c = &vcpu->vgic;
	struct vgic_effects fx;
	bool result = true;

	access->retry = must_wait(vcpu, access->offset);
	if (access->retry)
		return true;
	vgic_effects_init(&fx);
	lock_acquire(&target->vgic_lock);
	if (vgic_cpu_is_exact(&target->vgic, offset) &&
	    (!c->asked || c->asked_offset != access->offset)) {
		c->asked = 1u << target->index;
		c->asked_offset = access->offset;
		vgic_want_sync(&target->vgic, &fx);
		access->retry = true;
	} else {
		c->asked = 0;
		result = vgic_cpu_read(&vcpu->vm->vgic, &target->vgic, offset, access->bytes,
				       &access->value);
	}
	lock_release(&target->vgic_lock);
	vgic_sync_kick_others(vcpu->vm, vcpu, fx.kick);
	return result;
}

static bool __attribute__((noinline))
redist_read(struct vcpu *vcpu, struct vcpu *target, uint64_t offset, struct vdev_access *access)
{
	bool result;

	if (target != vcpu)
		result = redist_read_remote(vcpu, target, offset, access);
	else
		result = vgic_cpu_read(&vcpu->vm->vgic, &target->vgic, offset, access->bytes,
				       &access->value);
	add_private(target, offset, access);
	return result;
}

bool vgic_mmio_redist(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	uint64_t offset = access->offset;
	uint32_t cpu = vgic_region_cpu(dev, &offset);
	struct vcpu *target;

	if (cpu == VGIC_NO_CPU) { /* no frame: RAZ/WI, as the rest of the region */
		access->value = 0;
		return true;
	}
	target = vcpu->vm->vcpu[cpu];
	if (target == vcpu && vgic_cpu_is_exact(&vcpu->vgic, offset))
		return redist_exact(vcpu, offset, access);
	return access->write ? redist_write(vcpu, target, offset, access)
			     : redist_read(vcpu, target, offset, access);
}

/* --- GICv2 --- */

/* The vCPU's own part of the distributor. */
static bool private2(struct vcpu *vcpu, struct vdev_access *access)
{
	uint64_t offset = VGIC_SGI_BASE + access->offset;

	if (vgic2_cpu_is_exact(&vcpu->vgic, offset))
		return redist_exact(vcpu, offset, access);
	return access->write ? redist_write(vcpu, vcpu, offset, access)
			     : redist_read(vcpu, vcpu, offset, access);
}

/* The model takes one target at a time. */
static bool write_targets(struct vcpu *vcpu, const struct vdev_access *access)
{
	struct vdev_access one = {.write = true, .bytes = 1};
	uint32_t i;

	for (i = 0; i < access->bytes; i++) {
		one.offset = access->offset + i;
		one.value = access->value >> (8 * i) & 0xff;
		if (!dist_write(vcpu, &one))
			return false;
	}
	return true;
}

bool vgic_mmio_dist2(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	if (access->bytes != 4 && access->bytes != 1)
		return false;
	if (access->offset >= VGIC2_GICD_BYTES) {
		access->value = 0;
		return true;
	}
	if (access->write && access->offset == VGIC2_SGIR && access->bytes == 4) {
		vgic_sgir_write(vcpu, (uint32_t)access->value);
		return true;
	}
	if (vgic2_is_private(access->offset))
		return private2(vcpu, access);
	if (access->write && vgic2_is_targets(access->offset))
		return write_targets(vcpu, access);
	return access->write ? dist_write(vcpu, access) : dist_read(vcpu, access);
}

/*
 * GICC_DIR (IHI 0048 4.4.15), write-only, with what the guest's IAR showed; the rest of the page,
 * and what repeats it, is reserved.
 */
bool vgic_mmio_dir2(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	access->value = access->write ? access->value : 0;
	if (access->bytes != 4)
		return false;
	if (access->write && access->offset % KIB(4) == 0)
		vgic_dir_write(vcpu, access->value & GICC_IAR_INTID_MASK);
	return true;
}
