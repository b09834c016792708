/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_VCPU_H
#define HYP_VM_VCPU_H

#include "abi/hypercall.h"
#include "hyp/core/lock.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/debug.h"
#include "hyp/vm/vdev.h"
#include "hyp/vm/world.h"
#include "lib/pgtable.h"
#include "lib/timescale.h"
#include "lib/vgic.h"

#define VM_MAX_VDEVS 8
#define VCPU_NOWHERE 0xffffffff

/* Of the service VM's. DEDICATED: off, and its CPU is a user VM's (hyp/vm/dedicate.c). */
enum vcpu_power { VCPU_OFF, VCPU_ON_PENDING, VCPU_ON, VCPU_DEDICATED };

struct vcpu;
/* Serves one kind of exit (hyp/vm/exit.h). */
typedef enum exit_action exit_handler_fn(struct vcpu *vcpu, uint64_t esr);

/*
 * A vCPU. While it runs, SP_EL2 points at this structure; the vectors store x0..x30 there and
 * then load the stack pointer for C from `stack` (arch/aarch64/vectors.S). ELR_EL2 and SPSR_EL2
 * stay in the registers across an exit. What has no lock named is touched only by the physical
 * CPU the vCPU is loaded on.
 */
struct vcpu {
	uint64_t x[31];
	uint64_t stack; /* top of the stack of the CPU it runs on */
	struct vm *vm;
	exit_handler_fn *const *exits; /* by exception class */
	uint32_t index; /* in vm->vcpu[]; of the service VM: also the physical CPU's index */
	uint64_t mpidr; /* affinity fields, as the guest sees them */

	struct debug debug;
	/* hyp/vm/dbgaccess.c; under its lock: is it not to run; the service VM's: does it wait? */
	bool is_held;
	bool waits_held;
	bool bypasses_stores; /* it has switched ARCH_WORKAROUND_2 off: hyp/vm/smccc.c */

	struct vgic_cpu vgic; /* lib/vgic.h; hyp/vm/vgic_sync.c: what its lock guards */
	struct spinlock vgic_lock;
	/*
	 * The physical CPU it is loaded on, or VCPU_NOWHERE; and is its caller told that it has
	 * nothing to do, so that someone must be told when it has? Both are written under
	 * vgic_lock.
	 */
	uint32_t cpu;
	bool blocked;

	/* PSCI; under vm->power_lock. */
	enum vcpu_power power;
	uint64_t entry_pc;
	uint64_t entry_x0;

	struct world world;
};

struct vm {
	const char *name;
	bool is_user;   /* not the service VM: its vCPUs are loaded by VCPU_RUN (hyp/vm/uvm.c) */
	bool has_tools; /* CAISSON_VM_TOOLS */
	bool has_plain_irqs; /* the service VM's on a GICv3: the shortest way in exit_irq() */
	uint32_t vcpu_count;
	struct vcpu *vcpu[BOOT_MAX_CPUS];
	struct vgic_dist vgic; /* lib/vgic.h */
	struct spinlock vgic_lock;
	struct spinlock power_lock;
	struct pgtable stage2;
	uint64_t vttbr;
	uint64_t vtcr;
	uint64_t cntvoff;
	uint64_t cnthctl; /* CNTHCTL_EL2 */
	/* Of a user VM: hyp/vm/utimer.c; changes while none of its vCPUs runs. */
	struct timescale time;
	enum caisson_time_mode time_mode;
	bool has_scaled_vtimer; /* the virtual counter and timer trap, the hardware's is EL2's */
	uint64_t mdcr;          /* of MDCR_EL2, beyond what each CPU has for the service VM */
	/* NULL: not debugged from outside. Changes while none of its vCPUs runs. */
	const struct debug_outside *debugger;
	uint64_t id_reg[64]; /* what the guest reads: hyp/vm/idreg.c; constant once it runs */
	uint64_t midr;       /* MIDR_EL1 as it reads it; 0: as each CPU has it. The same. */
	uint32_t vdev_count;
	struct vdev vdev[VM_MAX_VDEVS + 1]; /* the last in use is followed by one of no size */
};

#endif
