/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_RUNPAGE_H
#define ABI_RUNPAGE_H

#include <stddef.h>

#include "abi/vcpustate.h"

/*
 * The run page of a user VM's vCPU: 4 KiB that EL2 and the VMM thread share. EL2 writes it between
 * the beginning and the end of CAISSON_CALL_VCPU_RUN (of a dedicated vCPU: EVENT_EXIT) and in
 * CAISSON_CALL_VCPU_GET, at no other time. What the VMM writes is hostile to
 * EL2: it is read once, and only what the exit asked for is used.
 */

enum run_exit {
	RUN_EXIT_INTERRUPTED = 0, /* an interrupt of the service VM, or immediate_exit */
	RUN_EXIT_MMIO = 1,        /* access to `ipa`, which the next run completes */
	RUN_EXIT_SMCCC = 2, /* HVC or SMC, args[]; result[0..3] go to x0..x3 at the next run */
	RUN_EXIT_WFI = 3,   /* nothing to do until `wake` is not 0 or `deadline` has come */
	RUN_EXIT_FAULT = 4, /* the guest did what cannot be served: pc, esr, ipa say what */
	RUN_EXIT_WAKE = 5,  /* the vCPUs in `wake_set` are to be woken; then run again */
	RUN_EXIT_ENDED = 6, /* the VM is being destroyed */
	/*
	 * A VM with CAISSON_VM_TOOLS read MDCCSR_EL0 with VMware's hypercall in its registers:
	 * args[], tools_*; result[] goes to x0..x6 at the next run.
	 */
	RUN_EXIT_TOOLS = 7,
};

#define RUN_SMCCC_RESULTS 4

/* In tools_flags. */
#define RUN_TOOLS_EL0 0x1 /* it was read at EL0 */
#define RUN_TOOLS_ABORTED                                                                          \
	0x2 /* after tools_again: the guest got a data abort, it is not answered */

/* High bandwidth, x3[15:0] being the port and x7[31:0] IN or OUT: at most so many bytes a call. */
#define RUN_TOOLS_PORT  0x5659
#define RUN_TOOLS_OUT   0x18 /* x2 bytes at x4, from the guest */
#define RUN_TOOLS_IN    0x1c /* x2 bytes at x5, to it */
#define RUN_TOOLS_BYTES 0x10000
#define RUN_TOOLS_PAGES (RUN_TOOLS_BYTES / 4096 + 1)

struct run_page {
	/* From the VMM. */
	uint32_t immediate_exit; /* not 0: VCPU_RUN returns at once with INTERRUPTED */
	/*
	 * The futex of a vCPU that waits. EL2 sets it to 0 before it reports WFI; whoever makes
	 * something pending for the vCPU is told (wake_set, IRQ_SET's x1) to set it to 1 and to
	 * wake the sleeper, who waits for it to be no longer 0.
	 */
	uint32_t wake;

	/* From EL2. */
	uint32_t reason;   /* enum run_exit */
	uint32_t wake_set; /* with every reason: vCPUs to be woken, a bit each */
	uint64_t pc;       /* FAULT: of the instruction */
	uint64_t esr;      /* FAULT: ESR_EL2 */
	uint64_t ipa;      /* MMIO, FAULT by an access */
	uint64_t deadline; /* WFI: CNTVCT_EL0 of the service VM when its timer is due; UINT64_MAX */

	/*
	 * MMIO; value: written by the guest, in the low bytes; or to be given to it. The next
	 * VCPU_RUN moves the guest's PC on, or takes it to a synchronous external abort when the
	 * VMM has set mmio_abort, which EL2 sets to 0 before the exit.
	 */
	uint8_t mmio_bytes; /* 1, 2, 4, 8 */
	uint8_t mmio_write;
	uint8_t mmio_abort;
	uint8_t reserved[5];
	uint64_t value;

	/* SMCCC, TOOLS */
	uint64_t args[8];   /* x0..x7 */
	uint64_t result[7]; /* SMCCC: the first RUN_SMCCC_RESULTS */

	/*
	 * TOOLS; high bandwidth: where the guest may at this moment read (OUT) or write (IN) its
	 * bytes, as IPAs in order: of the first byte, and of each 4 KiB page that follows. None
	 * when there are no bytes or more than RUN_TOOLS_BYTES. What would fault in the guest's own
	 * tables does so, and ends no run. Other vCPUs may change those tables at any time; a VMM
	 * that needs them to stay makes all others leave, and then has this vCPU look again.
	 */
	uint32_t tools_flags;
	uint32_t tools_pages;
	uint64_t tools_page[RUN_TOOLS_PAGES];
	uint32_t tools_again; /* from the VMM: the next run exits with the same call at once */
	uint32_t reserved2;

	/* SMCCC, while the guest's frequency is the host's: its CNTVCT_EL0 is the caller's less
	 * this. */
	uint64_t cntvoff;

	uint64_t reserved3[21];

	/* VCPU_GET writes it, VCPU_SET reads it. At a multiple of 512 bytes. */
	struct vcpu_state state;
};

_Static_assert(offsetof(struct run_page, state) == 512, "the ABI");

#endif
