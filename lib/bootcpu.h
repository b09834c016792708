/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_BOOTCPU_H
#define LIB_BOOTCPU_H

#include "lib/bits.h"

/*
 * The CPUs that firmware's table lists, and how firmware starts each: the same for ACPI
 * (lib/madt.h) and device trees (lib/dtcpus.h). A CPU that contradicts the rest stays in the list
 * with what is wrong with it, so that it can be told of and left out; the others are not harmed.
 */

enum bootcpu_protocol {
	BOOTCPU_NONE = 0,   /* the table names none: right for the CPU that runs already */
	BOOTCPU_PSCI,       /* DEN 0022 */
	BOOTCPU_SPIN_TABLE, /* Linux's Documentation/arm64/booting.rst: write, SEV */
	BOOTCPU_PARKING,    /* Multi-processor Startup for ARM Platforms */
	BOOTCPU_BOARD,      /* one of a board's own; `method` is its name */
};

enum bootcpu_conduit { BOOTCPU_CONDUIT_NONE = 0, BOOTCPU_CONDUIT_SMC, BOOTCPU_CONDUIT_HVC };

/* PSCI as the table describes it. */
struct bootcpu_psci {
	bool present;
	uint8_t conduit; /* enum bootcpu_conduit */
	/* 0x01: 0.1, whose CPU_ON has the number cpu_on; 0x02: 0.2 or later, ask PSCI_VERSION. */
	uint8_t version;
	uint32_t cpu_on;
	uint32_t node;       /* of the device tree */
	const char *problem; /* why it cannot be called; NULL */
};

struct bootcpu {
	uint64_t mpidr; /* affinity fields, other bits 0; BOOTCPU_NO_MPIDR: not known */
	/*
	 * Spin table: of the release word; parking protocol: of the mailbox page; a board's own: of
	 * the register that takes the entry, 0 if the method is not known.
	 */
	uint64_t address;
	uint32_t uid;       /* ACPI: the processor's UID */
	uint32_t interface; /* ACPI: the GIC's CPU interface number, which a mailbox wants as id */
	uint64_t gicr;      /* ACPI: its redistributor; 0: not told here */
	uint32_t parking_version;
	uint32_t where;      /* ACPI: offset of the entry in the MADT; device tree: the node */
	uint8_t protocol;    /* enum bootcpu_protocol */
	bool shares;         /* an earlier CPU has the same release word: one write frees both */
	const char *method;  /* device tree: enable-method as it stands; "": none */
	const char *problem; /* why it cannot be started; NULL */
};

#define BOOTCPU_AFFINITY UINT64_C(0xff00ffffff) /* MPIDR_EL1.Aff3 to Aff0 */
#define BOOTCPU_NO_MPIDR UINT64_MAX
#define BOOTCPU_NOWHERE  0xffffffff

struct bootcpu_list {
	struct bootcpu *cpu; /* the caller's, with room for max */
	uint32_t max;
	uint32_t count;
	uint32_t beyond;   /* CPUs that there was no room for */
	uint32_t disabled; /* CPUs that the table itself declares unusable; they are not listed */
	/*
	 * Index of the CPU that runs, whatever its `problem` is; BOOTCPU_NOWHERE: it is not listed.
	 */
	uint32_t boot;
	struct bootcpu_psci psci;
};

void bootcpu_init(struct bootcpu_list *list, struct bootcpu *cpu, uint32_t max);

/*
 * Adds a CPU and notes where it contradicts an earlier one: the same MPIDR, or the same mailbox, is
 * a problem of the later one; the same release word sets its `shares`. There is always room for the
 * CPU that runs, which is the first with own_mpidr.
 */
void bootcpu_add(struct bootcpu_list *list, const struct bootcpu *cpu, uint64_t own_mpidr);

#endif
