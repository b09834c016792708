/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_UVM_H
#define HYP_VM_UVM_H

#include "abi/bootinfo.h"
#include "abi/hypercall.h"
#include "abi/runpage.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/ustat.h"

/* User VMs: their life, and the calls of abi/hypercall.h, with arguments in the caller's x3.. */

/* What the next VCPU_RUN has to do for the guest before it goes on. */
enum uvcpu_pending { UVCPU_NOTHING, UVCPU_MMIO, UVCPU_SMCCC, UVCPU_WFI, UVCPU_TOOLS };

#define UVCPU_WAITS 0 /* in loaded_at */

/* What the guest has set a timer to, in its own time. */
struct utimer {
	uint64_t ctl; /* ENABLE, IMASK */
	uint64_t cval;
};

struct uvcpu {
	struct vcpu vcpu;
	struct run_page *page; /* NULL: never initialised */
	enum uvcpu_pending pending;
	uint64_t pending_esr; /* UVCPU_MMIO, _TOOLS: ESR_EL2 and FAR_EL2 of the access */
	uint64_t pending_far;
	/* hyp/vm/uexit.c, wait(): how long, in ticks, and when it was given up. */
	uint64_t patience;
	/* hyp/vm/utimer.c; vtimer: only with vm->has_scaled_vtimer; ptimer_due: CNTPCT_EL0's. */
	uint64_t ptimer_due;
	struct utimer ptimer;
	struct utimer vtimer;
	uint64_t gave_up_at;
	uint64_t sleeps_until; /* hyp/vm/uframe.c; under the frame's lock */
	/* Under the slot's lock. */
	uint32_t runs_on;  /* the CPU that runs it, or VCPU_NOWHERE */
	uint32_t own_cpu;  /* hyp/vm/dedicate.c: the CPU dedicated to it, or VCPU_NOWHERE */
	bool may_run;      /* that CPU is to run it */
	bool must_leave;   /* and to leave it again */
	uint32_t wake_set; /* vCPUs to be woken, of which its next run tells */
	/* A flush of the VM's memory that an interrupt broke off: hyp/vm/ucache.c. */
	uint64_t flush_pc;
	uint64_t flush_ipa;
	struct ustat stat;
	/*
	 * In ticks of CNTPCT_EL0: how long it was loaded and did not wait, up to loaded_at; since
	 * then it has the CPU again, unless it WAITS. Its CPU's; others read them without a lock.
	 */
	uint64_t cpu_ticks;
	uint64_t loaded_at;
} __attribute__((aligned(64))); /* neighbours run on other CPUs */

/* Boot CPU, once, while memory can be allocated; the service VM is complete. */
void uvm_init(const struct bootinfo *bi, struct vm *service);

enum caisson_status uvm_create(struct vcpu *caller);
enum caisson_status uvm_destroy(struct vcpu *caller);
enum caisson_status uvm_info(struct vcpu *caller);
enum caisson_status uvm_vcpu_init(struct vcpu *caller);
enum caisson_status uvm_vcpu_get(struct vcpu *caller);
enum caisson_status uvm_vcpu_set(struct vcpu *caller);
enum caisson_status uvm_irq_set(struct vcpu *caller);
enum caisson_status uvm_stat(struct vcpu *caller);
/* hyp/vm/idreg.c */
enum caisson_status uvm_idreg_set(struct vcpu *caller);
enum caisson_status uvm_host_reg(struct vcpu *caller);
/* hyp/vm/uvgicstate.c */
enum caisson_status uvm_vgic_get(struct vcpu *caller);
enum caisson_status uvm_vgic_set(struct vcpu *caller);
/* hyp/vm/uconsole.c */
enum caisson_status uvm_console_attach(struct vcpu *caller);
enum caisson_status uvm_console_write(struct vcpu *caller);
enum caisson_status uvm_console_read(struct vcpu *caller);
/* hyp/vm/hostreport.c */
enum caisson_status uvm_host_report(struct vcpu *caller);
/* hyp/vm/uexit.c. EXIT_SWITCHED, or EXIT_ADVANCE with a status in the caller's x0. */
enum exit_action uvm_vcpu_run(struct vcpu *caller);

/*
 * hyp/vm/uexit.c: loads a vCPU that is this CPU's now (slot_take()), until it leaves. False: it
 * left at once, and the service VM's vCPU is still loaded.
 */
bool uexit_enter(struct vcpu *service, struct uvcpu *u, bool flush);

/* How long a vCPU waits for interrupts in EL2 at first, in ticks of the counter. */
uint64_t uexit_patience(void);

/* The service VM, and its vCPU of CPU `cpu`. */
extern struct vm *uvm_service;

static inline struct vcpu *uvm_service_vcpu(uint32_t cpu)
{
	return uvm_service->vcpu[cpu];
}

/* Is its VM to end? Any CPU, no lock. */
bool uvm_is_ending(const struct vcpu *vcpu);

/* Or is about to, on a CPU of its own. Under the slot's lock. */
static inline bool uvcpu_is_running(const struct uvcpu *u)
{
	return u->runs_on != VCPU_NOWHERE || u->may_run;
}

/* vcpu->vm->is_user */
static inline struct uvcpu *uvcpu_of(struct vcpu *vcpu)
{
	return (struct uvcpu *)vcpu; /* its first member */
}

#endif
