/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controllers of VMs from their making on, and their vCPUs going on and off. */
#include "abi/hypercall.h"
#include "hyp/core/log.h"
#include "hyp/vm/vgic_sync.h"

#define CNTHV_INTID 28 /* EL2's virtual timer, by convention (Arm BSA 4.1.6) */

static uint32_t maintenance_intid;
static uint32_t timer_intid; /* of the virtual timer */
static uint64_t gicv;        /* a GICv2's; 0 */

/* The maintenance interrupt: list registers ran out, or an EOI is to be looked at. */
static void maintenance(void *ctx)
{
	if (percpu_this()->current)
		vgic_sync(percpu_this()->current);
}

/* What vCPU `gone` has of SPIs that others may have, too, goes to another one, if one is on. */
static void choose_again(struct vcpu *vcpu, uint32_t gone) REQUIRES(vcpu->vm->vgic_lock)
{
	uint32_t w;

	for (w = 1; w < vcpu->vm->vgic.words; w++) {
		struct vgic_effects fx;

		vgic_effects_init(&fx);
		vgic_choose_again(&vcpu->vm->vgic, w, gone, &fx);
		(void)vgic_sync_settle(vcpu->vm, vcpu, &fx);
	}
}

/* The vCPU is on: a GICv2's SPIs for it and others of which none was on are its own now. */
static void take_over(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock)
{
	const struct vgic_dist *d = &vcpu->vm->vgic;
	uint32_t i;

	for (i = 0; d->v2 && i < d->cpu_count; i++) {
		if (__atomic_load_n(&d->cpu[i]->slow, __ATOMIC_RELAXED) & VGIC_SLOW_OFFLINE)
			choose_again(vcpu, i);
	}
}

void vgic_vcpu_reset(struct vcpu *vcpu) NO_THREAD_CHECK
{
	static const uint64_t none[8];
	bool v2 = gic_is_v2();
	uint32_t n;

	vgic_hw_hcr_write(v2, 0);
	for (n = 0; n < vcpu->vgic.lr_count; n++)
		vgic_hw_lr_write(v2, n, 0);
	vgic_active_priorities_write(none);
	vgic_hw_vmcr_write(v2, 0);
	if (!v2)
		sysreg_write(ICC_SRE_EL1, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	gic_enable(maintenance_intid);
	lock_acquire(&vcpu->vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	vgic_cpu_online(&vcpu->vm->vgic, &vcpu->vgic, true);
	lock_release(&vcpu->vgic_lock);
	take_over(vcpu);
	vgic_sync_fill(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}

/* Loaded here: its list registers go back to the model, SPIs that others may have to those. */
static void go_off(struct vcpu *vcpu) REQUIRES(vcpu->vm->vgic_lock) NO_THREAD_CHECK
{
	bool v2 = gic_is_v2();
	uint32_t n;

	vgic_sync_fold(vcpu);
	lock_acquire(&vcpu->vgic_lock);
	vgic_cpu_online(&vcpu->vm->vgic, &vcpu->vgic, false);
	if (!vcpu->vm->is_user)
		vgic_cpu_forget(&vcpu->vm->vgic, &vcpu->vgic);
	lock_release(&vcpu->vgic_lock);
	for (n = 0; n < vcpu->vgic.lr_count; n++)
		vgic_hw_lr_write(v2, n, 0);
	vgic_hw_hcr_write(v2, 0);
	choose_again(vcpu, vcpu->index);
}

void vgic_vcpu_off(struct vcpu *vcpu) NO_THREAD_CHECK
{
	lock_acquire(&vcpu->vm->vgic_lock);
	go_off(vcpu);
	lock_release(&vcpu->vm->vgic_lock);
}

/*
 * Everything belongs to the guest but what EL2 serves itself and the lines of emulated devices.
 * An emulated device may have the INTID of the physical one that EL2 took away.
 */
static void link_hardware(struct vm *vm, const struct bootinfo *bi)
{
	const uint32_t not_linked[] = {
		bi->svm_console_intid,
		bi->svm_event_line_intid,
		bi->gic_maintenance_intid,
		bi->timer_hyp_intid,
		CNTHV_INTID,
		bi->uart[0].intid,
		bi->uart[1].intid,
	};
	uint64_t skipped[(VGIC_INTIDS + 63) / 64] = {0};
	uint32_t intid, i;

	for (i = 0; i < ARRAY_SIZE(not_linked); i++) {
		if (not_linked[i] < VGIC_INTIDS)
			skipped[not_linked[i] / 64] |= BIT(not_linked[i] % 64);
	}
	for (intid = VGIC_SGIS; intid < gic_intid_count(); intid++) {
		if (!(skipped[intid / 64] & BIT(intid % 64)))
			vgic_hw_set(&vm->vgic, intid);
	}
}

/*
 * The frames of the vCPUs in the order of the physical redistributors, region by region, at
 * the stride that the device tree names, or without gaps.
 */
static enum err add_region(struct vm *vm, const struct bootinfo *bi, uint32_t r)
{
	struct vdev vdev = {.name = "GICR", .access = vgic_mmio_redist, .dev = &vm->vgic.region[r]};
	const struct boot_region *region = &bi->gicr[r];
	uint64_t stride = bi->gicr_stride ? bi->gicr_stride : VGIC_GICR_BYTES;
	uint8_t cpu[BOOT_MAX_CPUS];
	uint32_t count = 0;
	uint32_t i, k;
	enum err err;

	if (stride & (stride - 1))
		return ERR_UNSUPPORTED;
	for (i = 0; i < bi->cpu_count; i++) {
		if (!bits_contains(region->base, region->bytes, gic_redistributor(i), 1))
			continue;
		for (k = count++; k > 0 && gic_redistributor(cpu[k - 1]) > gic_redistributor(i);
		     k--)
			cpu[k] = cpu[k - 1];
		cpu[k] = (uint8_t)i;
	}
	if (count * stride > region->bytes)
		return ERR_INVALID;
	err = vgic_region_set(&vm->vgic, r, (uint32_t)__builtin_ctzll(stride), cpu, count);
	if (err != ERR_OK)
		return err;
	vdev.base = region->base;
	vdev.bytes = region->bytes;
	return vdev_register(vm, &vdev);
}

/* The model, with this CPU's list registers and priority bits. */
static enum err model_init(struct vm *vm, uint32_t intid_count)
{
	bool v2 = gic_is_v2();
	uint64_t vtr = v2 ? mmio_read32(gicv2.gich + GICH_VTR) : sysreg_read(ICH_VTR_EL2);
	uint32_t lr_count = (uint32_t)bits_get(vtr, v2 ? 5 : 4, 0) + 1;
	struct vgic_cpu *cpu[BOOT_MAX_CPUS];
	uint64_t mpidr[BOOT_MAX_CPUS];
	enum err err;
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++) {
		cpu[i] = &vm->vcpu[i]->vgic;
		mpidr[i] = vm->vcpu[i]->mpidr;
	}
	err = vgic_init(&vm->vgic, cpu, mpidr, vm->vcpu_count, intid_count,
			lr_count < VGIC_MAX_LRS ? lr_count : VGIC_MAX_LRS,
			(uint32_t)bits_get(vtr, 31, 29) + 1);
	return err == ERR_OK && v2 ? vgic2_set(&vm->vgic) : err;
}

/*
 * The frames of a GICv2 with its CPU interface at gicc. Stage 2 has the interface's first page, so
 * the guest works on the hardware's (GICV); what is emulated begins with the second, for DIR.
 */
static enum err add_frames2(struct vm *vm, const struct boot_region *gicd,
			    const struct boot_region *gicc, uint64_t second)
{
	const struct vdev dist = {"GICD", gicd->base, gicd->bytes, vgic_mmio_dist2, NULL};
	const struct vdev dir = {"GICC", gicc->base + second, gicc->bytes - second, vgic_mmio_dir2,
				 NULL};
	enum err err = vdev_register(vm, &dist);

	return err == ERR_OK ? vdev_register(vm, &dir) : err;
}

static enum err add_frames3(struct vm *vm, const struct bootinfo *bi)
{
	const struct vdev gicd = {"GICD", bi->gicd.base, VGIC_GICD_BYTES, vgic_mmio_dist, NULL};
	enum err err = vdev_register(vm, &gicd);
	uint32_t i;

	for (i = 0; i < bi->gicr_count && err == ERR_OK; i++)
		err = add_region(vm, bi, i);
	return err;
}

enum err vgic_vm_init(struct vm *vm, const struct bootinfo *bi)
{
	bool v2 = gic_is_v2();
	enum err err;
	uint32_t i;

	err = model_init(vm, gic_intid_count());
	if (err != ERR_OK)
		return err;
	for (i = 0; i < vm->vcpu_count; i++)
		vm->vcpu[i]->cpu = i;
	vm->has_plain_irqs = !v2;
	if (!v2 && !(sysreg_read(ICH_VTR_EL2) & ICH_VTR_TDS))
		log_printf(LOG_WARN, "this GIC cannot trap ICC_DIR_EL1: a guest with EOImode 1 may "
				     "lose deactivations");
	link_hardware(vm, bi);
	timer_intid = bi->timer_virt_intid;
	maintenance_intid = bi->gic_maintenance_intid;
	gicv = bi->gicv.base;
	if (maintenance_intid < VGIC_SGIS || maintenance_intid >= VGIC_PRIVATE)
		return ERR_INVALID;
	err = gic_handler_set(maintenance_intid, maintenance, NULL);
	if (err != ERR_OK)
		return err;
	return v2 ? add_frames2(vm, &bi->gicd, &bi->gicc, bi->gicc_second) : add_frames3(vm, bi);
}

static enum err add_user_frames2(struct vm *vm)
{
	const struct boot_region gicd = {CAISSON_VM_GICD, VGIC_GICD_BYTES};
	const struct boot_region gicc = {CAISSON_VM_GICC, CAISSON_VM_GICC_BYTES};
	enum err err = pgtable_map(&vm->stage2, CAISSON_VM_GICC, gicv, KIB(4),
				   PGTABLE_R | PGTABLE_W | PGTABLE_DEVICE);

	return err == ERR_OK ? add_frames2(vm, &gicd, &gicc, KIB(4)) : err;
}

static enum err add_user_frames3(struct vm *vm)
{
	const struct vdev gicd = {"GICD", CAISSON_VM_GICD, VGIC_GICD_BYTES, vgic_mmio_dist, NULL};
	const struct vdev gicr = {"GICR", CAISSON_VM_GICR, vm->vcpu_count * VGIC_GICR_BYTES,
				  vgic_mmio_redist, &vm->vgic.region[0]};
	uint8_t cpu[BOOT_MAX_CPUS];
	enum err err;
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++)
		cpu[i] = (uint8_t)i;
	err = vgic_region_set(&vm->vgic, 0, __builtin_ctzll(VGIC_GICR_BYTES), cpu, vm->vcpu_count);
	if (err == ERR_OK)
		err = vdev_register(vm, &gicd);
	return err == ERR_OK ? vdev_register(vm, &gicr) : err;
}

enum err vgic_user_init(struct vm *vm)
{
	enum err err = model_init(vm, CAISSON_VM_INTIDS);

	if (timer_intid != CAISSON_VM_TIMER_INTID)
		return ERR_UNSUPPORTED;
	if (err == ERR_OK)
		err = gic_is_v2() ? add_user_frames2(vm) : add_user_frames3(vm);
	vgic_hw_set(&vm->vgic, timer_intid);
	return err;
}

void vgic_user_reset(struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;
	struct world *w = &vcpu->world;
	struct vgic_effects fx;
	struct vgic_lrs lrs;
	uint32_t n;

	for (n = 0; n < VGIC_MAX_LRS; n++)
		lrs.lr[n] = w->lr_live >> n & 1 ? w->lr[n] : 0;
	w->lr_live = 0;
	lrs.eoi_count = 0;
	lrs.eoi_mode = false;
	vgic_effects_init(&fx);
	lock_acquire(&vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	vgic_fold(&vm->vgic, &vcpu->vgic, &lrs, &fx);
	vgic_cpu_forget(&vm->vgic, &vcpu->vgic);
	vgic_cpu_online(&vm->vgic, &vcpu->vgic, true);
	vcpu->cpu = VCPU_NOWHERE;
	vcpu->blocked = false;
	lock_release(&vcpu->vgic_lock);
	vgic_sync_settle_moves(vm, &fx, &fx.kick);
	vgic_sync_kick_others(vm, vcpu, fx.kick);
	take_over(vcpu);
	lock_release(&vm->vgic_lock);
	w->ich_hcr = VGIC_HCR_EN;
}

void vgic_user_on(struct vcpu *vcpu) NO_THREAD_CHECK
{
	struct vm *vm = vcpu->vm;

	lock_acquire(&vm->vgic_lock);
	lock_acquire(&vcpu->vgic_lock);
	vgic_cpu_online(&vm->vgic, &vcpu->vgic, true);
	vcpu->vgic.slow |= VGIC_SLOW_SYNC; /* they are filled when it is loaded */
	lock_release(&vcpu->vgic_lock);
	take_over(vcpu);
	lock_release(&vm->vgic_lock);
	vcpu->world.ich_hcr = VGIC_HCR_EN;
}
