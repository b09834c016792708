/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/debug.h"

#include "hyp/core/percpu.h"
#include "hyp/vm/uvm.h"

/* MDSCR_EL1 (D24.3.20): what of it a guest may have. The rest is an external debugger's. */
#define MDSCR_SS  BIT(0)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

/* DBGBCR<n>_EL1, DBGWCR<n>_EL1; the hardware's are not to have more. */
#define CONTROL_E    BIT(0)
#define CONTROL_BITS MASK(31, 0)

#define DFR0 (5 << 3) /* ID_AA64DFR0_EL1 in vm->id_reg[] */

void debug_init_cpu(void)
{
	sysreg_write(oslar_el1, 0);
	sysreg_write(osdlr_el1, 0);
}

#define ACCESS(reg)                                                                                \
	do {                                                                                       \
		if (read)                                                                          \
			*value = sysreg_read(reg);                                                 \
		else                                                                               \
			sysreg_write(reg, *value);                                                 \
		return;                                                                            \
	} while (0)

#define POINT_CASES(n)                                                                             \
	case (n) << 2 | DEBUG_BVR:                                                                 \
		ACCESS(dbgbvr##n##_el1);                                                           \
	case (n) << 2 | DEBUG_BCR:                                                                 \
		ACCESS(dbgbcr##n##_el1);                                                           \
	case (n) << 2 | DEBUG_WVR:                                                                 \
		ACCESS(dbgwvr##n##_el1);                                                           \
	case (n) << 2 | DEBUG_WCR:                                                                 \
		ACCESS(dbgwcr##n##_el1)

/* The CPU's own register, which it has. */
static void access_hardware(enum debug_point kind, unsigned int n, bool read, uint64_t *value)
{
	switch (n << 2 | kind) {
		POINT_CASES(0);
		POINT_CASES(1);
		POINT_CASES(2);
		POINT_CASES(3);
		POINT_CASES(4);
		POINT_CASES(5);
		POINT_CASES(6);
		POINT_CASES(7);
		POINT_CASES(8);
		POINT_CASES(9);
		POINT_CASES(10);
		POINT_CASES(11);
		POINT_CASES(12);
		POINT_CASES(13);
		POINT_CASES(14);
		POINT_CASES(15);
	default:
		return;
	}
}

/* The shown ID register has the hardware's numbers. */
unsigned int debug_point_count(const struct vm *vm, enum debug_point kind)
{
	uint64_t dfr0 = vm->id_reg[DFR0];
	bool is_breakpoint = kind == DEBUG_BVR || kind == DEBUG_BCR;

	return 1 + (unsigned int)(is_breakpoint ? bits_get(dfr0, 15, 12) : bits_get(dfr0, 23, 20));
}

/* What is in the CPU goes to point[]. */
static void save_all(struct vcpu *vcpu)
{
	unsigned int kind, n;

	for (kind = 0; kind < DEBUG_POINT_KINDS; kind++) {
		for (n = 0; n < debug_point_count(vcpu->vm, kind); n++)
			access_hardware(kind, n, true, &vcpu->debug.point[kind][n]);
	}
}

/* The vCPU's own, or its VM's debugger's. */
static uint64_t point_of(const struct vcpu *vcpu, enum debug_point kind, unsigned int n)
{
	const struct debug_outside *outside = vcpu->vm->debugger;

	return outside ? outside->point[kind][n] : vcpu->debug.point[kind][n];
}

static void load_all(struct vcpu *vcpu)
{
	unsigned int kind, n;

	for (kind = 0; kind < DEBUG_POINT_KINDS; kind++) {
		for (n = 0; n < debug_point_count(vcpu->vm, kind); n++) {
			uint64_t value = point_of(vcpu, kind, n);

			access_hardware(kind, n, false, &value);
		}
	}
}

void debug_load(struct vcpu *vcpu)
{
	struct vcpu *service = uvm_service_vcpu(percpu_this()->index);

	if (!service->debug.is_kept)
		save_all(service);
	load_all(vcpu);
	vcpu->debug.is_loaded = true;
}

void debug_unload(struct vcpu *vcpu)
{
	load_all(uvm_service_vcpu(percpu_this()->index));
	vcpu->debug.is_loaded = false;
}

static bool is_any_enabled(const struct vcpu *vcpu)
{
	unsigned int n;

	for (n = 0; n < DEBUG_MAX_POINTS; n++) {
		if ((point_of(vcpu, DEBUG_BCR, n) | point_of(vcpu, DEBUG_WCR, n)) & CONTROL_E)
			return true;
	}
	return false;
}

/*
 * What follows from mdscr, is_locked and point[]. Without a breakpoint or watchpoint of its own a
 * user VM runs with MDE 0, since the service VM's are in the CPU.
 */
static void update(struct vcpu *vcpu)
{
	struct debug *d = &vcpu->debug;
	uint64_t hardware = d->is_locked ? 0 : d->mdscr & (MDSCR_SS | MDSCR_KDE | MDSCR_MDE);

	if (vcpu->vm->debugger)
		hardware = (is_any_enabled(vcpu) ? MDSCR_MDE : 0) | (d->is_stepped ? MDSCR_SS : 0);
	d->is_used = vcpu->vm->is_user && (hardware & MDSCR_MDE) && is_any_enabled(vcpu);
	if (vcpu->vm->is_user && !d->is_used)
		hardware &= ~MDSCR_MDE;
	d->hardware = hardware;
}

static void update_loaded(struct vcpu *vcpu)
{
	update(vcpu);
	if (vcpu->debug.is_used && !vcpu->debug.is_loaded)
		debug_load(vcpu);
	sysreg_write(mdscr_el1, vcpu->debug.hardware);
}

void debug_reset(struct vcpu *vcpu)
{
	unsigned int n;

	vcpu->debug.mdscr = 0;
	vcpu->debug.is_locked = false;
	/* Of the service VM these are a copy, of registers that a reset leaves alone. */
	for (n = 0; vcpu->vm->is_user && n < DEBUG_MAX_POINTS; n++) {
		vcpu->debug.point[DEBUG_BCR][n] = 0;
		vcpu->debug.point[DEBUG_WCR][n] = 0;
	}
	update(vcpu);
}

void debug_changed(struct vcpu *vcpu)
{
	unsigned int n;

	for (n = 0; n < DEBUG_MAX_POINTS; n++) {
		vcpu->debug.point[DEBUG_BCR][n] &= CONTROL_BITS;
		vcpu->debug.point[DEBUG_WCR][n] &= CONTROL_BITS;
	}
	update(vcpu);
}

void debug_changed_loaded(struct vcpu *vcpu)
{
	struct debug *d = &vcpu->debug;
	bool is_outside = vcpu->vm->debugger != NULL;

	if (is_outside && !d->is_kept)
		save_all(vcpu);
	if (is_outside || d->is_kept)
		load_all(vcpu);
	d->is_kept = is_outside;
	update(vcpu);
}

void debug_set_mdscr(struct vcpu *vcpu, uint64_t mdscr)
{
	vcpu->debug.mdscr = mdscr;
	update_loaded(vcpu);
}

void debug_set_locked(struct vcpu *vcpu, bool is_locked)
{
	vcpu->debug.is_locked = is_locked;
	update_loaded(vcpu);
}

bool debug_access(struct vcpu *vcpu, enum debug_point kind, unsigned int n, bool read,
		  uint64_t *value)
{
	uint64_t *mine;

	if (n >= debug_point_count(vcpu->vm, kind))
		return false;
	if (!vcpu->vm->is_user && !vcpu->debug.is_kept) {
		access_hardware(kind, n, read, value);
		return true;
	}
	mine = &vcpu->debug.point[kind][n];
	if (read) {
		*value = *mine;
		return true;
	}
	*mine = kind == DEBUG_BCR || kind == DEBUG_WCR ? *value & CONTROL_BITS : *value;
	update_loaded(vcpu);
	if (vcpu->debug.is_loaded && !vcpu->vm->debugger)
		access_hardware(kind, n, false, mine);
	return true;
}
