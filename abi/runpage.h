/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_RUNPAGE_H
#define ABI_RUNPAGE_H

#include <stdint.h>

/*
 * The run page of a user VM's vCPU: 4 KiB that EL2 and the VMM thread share. EL2 writes it only
 * at the end of CAISSON_CALL_VCPU_RUN, on the CPU of the caller, but for `wake`. What the VMM
 * writes is hostile to EL2: it is read once, and only what the exit asked for is used.
 */

enum run_exit {
	RUN_EXIT_INTERRUPTED = 0, /* an interrupt of the service VM, or immediate_exit */
	RUN_EXIT_MMIO = 1,	  /* access to `ipa`; a read is completed from `value` by the next run */
	RUN_EXIT_SMCCC = 2,	  /* HVC or SMC: args[]; result[0..3] go to x0..x3 at the next run */
	RUN_EXIT_WFI = 3,	  /* nothing to do until `wake` is not 0 or `deadline` has come */
	RUN_EXIT_FAULT = 4,	  /* the guest did what ends its VM: ipa, esr, pc say what */
	RUN_EXIT_OFF = 5,	  /* the vCPU is off (not initialised) */
	RUN_EXIT_WAKE = 6,	  /* the vCPUs in `wake_set` are to be woken; then run again */
	RUN_EXIT_ENDED = 7,	  /* the VM is being destroyed */
};

struct run_page {
	/* From the VMM. */
	uint32_t immediate_exit; /* not 0: return at once with INTERRUPTED */
	/*
	 * The futex of a vCPU that waits: 0 when EL2 reports WFI; whoever makes something pending
	 * for it is told to set it to 1 and wake the sleeper.
	 */
	uint32_t wake;

	/* From EL2. */
	uint32_t reason; /* enum run_exit */
	uint32_t wake_set; /* vCPUs, a bit each */
	uint64_t pc;
	uint64_t esr;
	uint64_t ipa;	   /* MMIO, FAULT */
	uint64_t deadline; /* WFI: CNTPCT_EL0 at which its timer is due, or UINT64_MAX */

	/* MMIO */
	uint8_t mmio_bytes; /* 1, 2, 4, 8 */
	uint8_t mmio_write;
	uint8_t pad[6];
	uint64_t value; /* written by the guest; or to be given to it */

	/* SMCCC */
	uint64_t args[8]; /* x0..x7 */
	uint64_t result[4];
};

#endif
