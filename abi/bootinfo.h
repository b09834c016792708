/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_BOOTINFO_H
#define ABI_BOOTINFO_H

/*
 * What the loader hands to the hypervisor: the hypervisor's image header, which the loader
 * reads and completes, and struct bootinfo. Both programs are built together into one image,
 * so the layout carries a magic number but no versions. All addresses are physical, all sizes
 * in bytes, unless a name says otherwise. The hypervisor never sees a firmware table.
 *
 * Included by assembly for the constants above the types.
 */

#define BOOT_MAX_CPUS      32
#define BOOT_MAX_REGIONS   32
#define BOOT_CMDLINE_BYTES 512
#define BOOT_MAX_UARTS     2
#define BOOT_MAX_STARTS    64
#define BOOT_NAME_BYTES    24
#define BOOT_WHY_BYTES     80

/*
 * The EL2 virtual address space (one range, TTBR0_EL2, 48 bits, 4 KiB granule), built by the
 * loader and not changed afterwards:
 *   RAM and the few devices EL2 drives at VA = PA, never executable (RAM: Normal write-back,
 *   devices: Device-nGnRE), without the hypervisor's own image and without what a
 *   reserved-memory node of firmware's marks no-map;
 *   the image at HYP_IMAGE_VA: text R-X, rodata R--, data and bss RW-;
 *   its first page (header and entry code) also at VA = PA, R-X, for the step of turning the
 *   MMU on;
 *   CPU i's stack at HYP_STACK_VA + i * HYP_STACK_STRIDE + HYP_STACK_GUARD, HYP_STACK_BYTES
 *   long; the rest of each stride is never mapped and so guards both ends.
 * The loader refuses RAM at or above HYP_IMAGE_VA.
 */
#define HYP_IMAGE_VA     0xff8000000000
#define HYP_STACK_VA     0xffc000000000
#define HYP_STACK_STRIDE 0x10000
#define HYP_STACK_GUARD  0x8000
#define HYP_STACK_BYTES  0x4000

#define HYP_HEADER_MAGIC 0x70796e6f73736961 /* "aissonyp" */
#define BOOTINFO_MAGIC   0x6f666e69746f6f62 /* "bootinfo" */

/* Offsets into struct hyp_header for the entry code. */
#define HYP_HEADER_TTBR0    0x40
#define HYP_HEADER_TCR      0x48
#define HYP_HEADER_MAIR     0x50
#define HYP_HEADER_SCTLR    0x58
#define HYP_HEADER_BOOTINFO 0x60

/* MAIR_EL2 indexes used by every EL2 mapping. */
#define HYP_MAIR_DEVICE 0 /* Device-nGnRE */
#define HYP_MAIR_NORMAL 1 /* Normal, inner and outer write-back, read and write allocate */

/* Offsets into struct boot_mailbox for the code that waits there. */
#define BOOT_MAILBOX_ID      0x000
#define BOOT_MAILBOX_ENTRY   0x008
#define BOOT_MAILBOX_OWN_ID  0x800
#define BOOT_MAILBOX_RELEASE 0x808
#define BOOT_MAILBOX_TIME    0x810
#define BOOT_MAILBOX_ARRIVED 0x818

#define BOOT_MAILBOX_NO_ID 0xffffffff

#ifndef __ASSEMBLER__

#include <stdint.h>

/*
 * At offset 0 of the hypervisor's flat image. Offsets are from the image's first byte;
 * text, rodata, data and bss are contiguous in this order and 4 KiB aligned; the file ends
 * with data, and bss is zeroed by the boot CPU's entry code.
 */
struct hyp_header {
	uint64_t magic;            /* HYP_HEADER_MAGIC */
	uint64_t entry_offset;     /* boot CPU, MMU off, enters here */
	uint64_t secondary_offset; /* every other CPU, MMU off, enters here, through its mailbox */
	uint64_t text_bytes;       /* from offset 0: this header, entry code, text */
	uint64_t rodata_bytes;
	uint64_t data_bytes;
	uint64_t bss_bytes;
	uint64_t reserved;
	/* Filled in by the loader; read by the entry code before the MMU is on. */
	uint64_t ttbr0_el2;
	uint64_t tcr_el2;
	uint64_t mair_el2;
	uint64_t sctlr_el2; /* to turn MMU and caches on */
	uint64_t bootinfo;  /* physical address of struct bootinfo, in the kept region */
};

/*
 * One per secondary CPU, in its own 4 KiB page, laid out as the ACPI parking protocol says
 * (Multi-processor Startup for ARM Platforms, version 1). The CPU waits with the MMU off, clears
 * entry and jumps there, in one of two ways:
 * - entry is written, then cpu_id with the low 8 bits of own_id (all that Linux writes of it);
 * - release is written, as with Linux's "spin-table".
 * A writer with caches on cleans the line to the point of coherency; SEV makes it quicker.
 */
struct boot_mailbox {
	uint32_t cpu_id; /* BOOT_MAILBOX_NO_ID until the waker names the CPU */
	uint32_t reserved;
	uint64_t entry;
	uint8_t os[0x7f0]; /* for whoever wakes the CPU */
	/* Firmware's half, here the loader's. */
	uint64_t own_id;
	uint64_t release;
	uint64_t time;    /* CNTPCT_EL0 when it came here */
	uint64_t arrived; /* its CurrentEL; 0: it is not here */
};

struct boot_region {
	uint64_t base;
	uint64_t bytes;
};

struct boot_cpu {
	uint64_t mpidr;   /* affinity fields of MPIDR_EL1 only, other bits 0 */
	uint64_t mailbox; /* 0 for the boot CPU */
};

enum boot_start_state { BOOT_START_LEFT_OUT = 0, BOOT_START_RAN, BOOT_START_ARRIVED };

/* For people: how a CPU that firmware lists was started. Texts are NUL-terminated. */
struct boot_start {
	uint64_t mpidr;                 /* UINT64_MAX: not known */
	uint64_t address;               /* of firmware's release word or mailbox; 0: none */
	uint64_t mailbox;               /* Caisson's; 0: none */
	uint64_t ticks;                 /* until it arrived, from when CPUs were started */
	char protocol[BOOT_NAME_BYTES]; /* the one it was started with; "": none */
	char why[BOOT_WHY_BYTES];       /* it is left out */
	int32_t answer;                 /* PSCI's, if it was asked */
	uint8_t was_asked;
	uint8_t state; /* enum boot_start_state */
};

enum boot_uart_kind {
	BOOT_UART_NONE = 0,
	BOOT_UART_PL011, /* Arm DDI 0183 */
	BOOT_UART_SBSA,  /* the Generic UART of Arm's BSA, DEN 0094, appendix: part of a PL011 */
	BOOT_UART_16550, /* with or without FIFOs */
	BOOT_UART_DW,    /* Synopsys' DesignWare APB UART: a 16550 with a busy state */
	BOOT_UART_CDNS,  /* Cadence's UART, of the Zynq UltraScale+ */
};

struct boot_uart {
	struct boot_region region; /* whole pages, the registers lie in them */
	uint64_t base;             /* of the first register */
	uint32_t intid;            /* an SPI, level-sensitive; 0: there is none */
	uint8_t kind;              /* enum boot_uart_kind */
	/* Of the 16550 family only: register n is at base + (n << shift), `width` bytes wide. */
	uint8_t shift;
	uint8_t width; /* 1, 2 or 4 */
	uint8_t fifo_bytes;
};

/* What resets a board and switches it off. */
enum boot_power {
	BOOT_POWER_NONE = 0,
	BOOT_POWER_BCM2835, /* the Raspberry Pis' power manager */
};

enum boot_conduit { BOOT_CONDUIT_NONE = 0, BOOT_CONDUIT_SMC = 1 };

struct bootinfo {
	uint64_t magic;        /* BOOTINFO_MAGIC */
	uint64_t entry_cntpct; /* CNTPCT_EL0 read at the image's first instructions */

	/* The kept region: never the service VM's; 2 MiB aligned base and size. */
	struct boot_region kept;
	struct boot_region image; /* inside kept: hypervisor image with its bss */
	struct boot_region log;   /* inside kept: the log ring; contents survive a warm reset */
	struct boot_region pool;  /* inside kept: free pages, 4 KiB aligned, contents undefined */

	uint32_t cpu_count;     /* 1..BOOT_MAX_CPUS; cpu[0] is the boot CPU */
	uint32_t cpus_left_out; /* described by firmware but not used */
	struct boot_cpu cpu[BOOT_MAX_CPUS];
	/* All that firmware lists, those left out too; more than BOOT_MAX_STARTS are not told. */
	uint32_t start_count;
	struct boot_start start[BOOT_MAX_STARTS];

	/* RAM as firmware describes it, sorted: with the kept region, without no-map regions. */
	uint32_t ram_count;
	uint32_t hidden_count;
	struct boot_region ram[BOOT_MAX_REGIONS];
	/*
	 * What the service VM's identity map must leave out besides the kept region: GIC frames,
	 * ITS, v2m, the UARTs, pages of the console and the event line. 4 KiB aligned, sorted, not
	 * overlapping.
	 */
	struct boot_region hidden[BOOT_MAX_REGIONS];

	/* The GIC: distributor, maintenance interrupt (a PPI's INTID). */
	uint32_t gic_version; /* 2: gicc, gich and gicv; 3: gicr */
	uint32_t gic_maintenance_intid;
	struct boot_region gicd;
	struct boot_region gicr[4]; /* redistributor regions */
	uint32_t gicr_count;
	uint32_t gicr_stride; /* bytes between two CPUs' frames; 0: as GICR_TYPER.VLPIS says */
	struct boot_region gicc;
	struct boot_region gich;
	struct boot_region gicv;
	/*
	 * Where in gicc and gicv the second page of registers is, that of GICC_DIR: 4 KiB, or 64
	 * KiB where every page is repeated 16 times.
	 */
	uint64_t gicc_second;

	/* INTIDs of the generic timer's PPIs. */
	uint32_t timer_phys_intid; /* CNTP, non-secure EL1 */
	uint32_t timer_virt_intid; /* CNTV */
	uint32_t timer_hyp_intid;  /* CNTHP */

	/*
	 * The serial ports that Caisson owns; kind BOOT_UART_NONE: there is none. Ready to send, at
	 * the speed they are to have.
	 */
	struct boot_uart uart[BOOT_MAX_UARTS];
	uint32_t headless; /* no display was described: 1, else 0 */

	/* Where firmware has no PSCI; the service VM has the page, too. */
	struct boot_region power;
	uint32_t power_kind; /* enum boot_power */

	uint32_t psci_conduit; /* enum boot_conduit: of PSCI 0.2 or later */
	uint32_t psci_version; /* its answer to PSCI_VERSION; 0: there is none */

	/* The service VM. */
	uint64_t svm_entry;      /* first instruction of its kernel */
	uint64_t svm_dtb;        /* its device tree: x0 */
	uint64_t svm_ipa_limit;  /* its identity map covers [0, svm_ipa_limit) */
	uint64_t svm_console;    /* IPA of the emulated PL011 (one 4 KiB page) */
	uint64_t svm_event_line; /* IPA of the event line's PL011 (one 4 KiB page) */
	uint32_t svm_console_intid;
	uint32_t svm_event_line_intid;

	/* Random for each boot. */
	uint64_t secret[2];           /* key to make tokens of user VMs with */
	uint64_t management_token[2]; /* abi/hypercall.h; not 0 */

	char cmdline[BOOT_CMDLINE_BYTES]; /* Caisson's own, NUL-terminated */
};

#endif
#endif
