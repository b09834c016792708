/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_VCPU_H
#define HYP_VM_VCPU_H

/* Offsets into struct vcpu, for arch/aarch64/vectors.S; checked in hyp/vm/run.c. */
#define VCPU_STACK 0xf8

#ifndef __ASSEMBLER__

#include "hyp/core/lock.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/vdev.h"
#include "lib/vgic.h"

#define VM_MAX_VDEVS 8

enum vcpu_power { VCPU_OFF, VCPU_ON_PENDING, VCPU_ON };

/*
 * While a guest runs, SP_EL2 points at its struct vcpu; the vectors store x0..x30 there and
 * then load the stack pointer for C from stack. ELR_EL2 and SPSR_EL2 stay in the registers
 * across a light exit.
 */
struct vcpu {
	uint64_t x[31];
	uint64_t stack; /* top of the stack of the CPU it runs on */
	struct vm *vm;
	uint32_t index; /* in vm->vcpu[]; of the service VM: also the physical CPU's index */
	uint64_t mpidr; /* affinity fields, as the guest sees them (VMPIDR_EL2 without bit 31) */

	struct vgic_cpu vgic; /* lib/vgic.h; hyp/vm/vgic.c says what its lock guards */
	struct spinlock vgic_lock;

	/* PSCI; guarded by vm->power_lock. */
	enum vcpu_power power;
	uint64_t entry_pc;
	uint64_t entry_x0;
};

struct vm {
	const char *name;
	uint32_t vcpu_count;
	struct vcpu *vcpu[BOOT_MAX_CPUS];
	struct vgic_dist vgic; /* lib/vgic.h */
	struct spinlock vgic_lock;
	struct spinlock power_lock;
	uint64_t vttbr;
	uint64_t vtcr;
	uint32_t vdev_count;
	struct vdev vdev[VM_MAX_VDEVS];
};

#endif
#endif
