/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FIRMWARE_H
#define TESTS_FIRMWARE_H

/*
 * Firmware of EL3 for QEMU's `virt,secure=on,virtualization=on`, as good or bad as a test wants it:
 * what it does with each CPU stands in struct fw_config, which the test puts at FW_CONFIG. It sets
 * a CPU up as EL3 must (DEN 0022 6.4; booting.rst of Linux' arm64 port), makes the GIC's interrupts
 * the non-secure world's, enters the image on CPU 0 at EL2, and answers PSCI calls.
 *
 * QEMU's emulation has no caches: firmware that leaves stale lines cannot be played here.
 */

/* Addresses of the virt board; flash and this memory are the secure world's alone. */
#define FW_SECURE_RAM 0x0e000000
#define FW_RAM        0x40000000
/* The test's to fill, by QEMU's loader. */
#define FW_CONFIG 0x43e00000
/* Where CPUs wait on their release words: ordinary memory, which the tree must reserve. */
#define FW_SPIN_CODE 0x40100000

#define FW_MAX_CPUS    8
#define FW_STACK_SHIFT 12

/* Offsets into struct fw_context, for start.S. */
#define FW_CONTEXT_PC   0
#define FW_CONTEXT_X0   8
#define FW_CONTEXT_SPSR 16

#ifndef __ASSEMBLER__

#include <stdint.h>

#define FW_MAGIC 0x6572617764616221 /* "!badware" */

enum fw_way {
	FW_PSCI = 0, /* waits at EL3 for CPU_ON */
	FW_SPIN = 1, /* waits on its release word */
	FW_GONE = 2, /* sleeps at EL3 for ever; CPU_ON says yes all the same, if `answer` does */
};

struct fw_cpu {
	uint32_t way;      /* enum fw_way */
	int32_t answer;    /* of CPU_ON; not 0: the CPU does not start */
	uint64_t release;  /* FW_SPIN: address of the word */
	uint32_t el;       /* where it comes out: 2, or 1 */
	uint32_t delay_ms; /* that it takes from CPU_ON to there */
	uint32_t starts;   /* the CPU that CPU_ON of this one starts: itself, if all is well */
	uint32_t reserved;
};

struct fw_config {
	uint64_t magic;
	uint64_t image;        /* entered at EL2 ... */
	uint64_t x0;           /* ... with this: the device tree */
	uint64_t cntfrq;       /* every CPU's CNTFRQ_EL0 */
	uint32_t psci_version; /* PSCI_VERSION's answer; 0: no function of 0.2 and later is known */
	uint32_t cpu_on;       /* number of CPU_ON of PSCI 0.1; 0: there is none */
	uint32_t cpus;
	uint32_t reserved;
	struct fw_cpu cpu[FW_MAX_CPUS];
};

/* How a CPU leaves EL3. */
struct fw_context {
	uint64_t pc;
	uint64_t x0;
	uint64_t spsr;
};

/* start.S: leaves EL3; all other registers hold something of no meaning. */
void fw_leave(const struct fw_context *context) __attribute__((noreturn));
/* Waits at EL2 or EL1 on the word whose address is in x0; copied to FW_SPIN_CODE. */
extern const uint32_t fw_spin[], fw_spin_end[];

/* firmware.c, called by start.S: a CPU after its reset, a call, and anything else. */
void fw_cpu_main(uint64_t cpu) __attribute__((noreturn));
int64_t fw_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
void fw_exception(uint64_t esr, uint64_t elr, uint64_t far) __attribute__((noreturn));

#endif
#endif
