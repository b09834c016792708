// SPDX-License-Identifier: BSD-2-Clause
/* GICv3 (IHI 0069): just enough for SGIs and the virtual timer's interrupt. */
#include "payload.h"

enum {
	GICD_CTLR = 0x0,
	GICR_TYPER = 0x8,
	GICR_WAKER = 0x14,
	GICR_FRAME_BYTES = 0x20000,
	GICR_SGI_FRAME = 0x10000,
	GIC_IGROUPR0 = 0x80,
	GIC_ISENABLER0 = 0x100,
	GIC_IPRIORITYR = 0x400,
	MAX_FRAMES = 64,
};

static uint32_t read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static void write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static uint64_t read64(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static uint64_t find_frame(uint64_t gicr, uint64_t mpidr)
{
	uint64_t affinity = (mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000);

	for (int i = 0; i < MAX_FRAMES; i++, gicr += GICR_FRAME_BYTES) {
		uint64_t typer = read64(gicr + GICR_TYPER);

		if (typer >> 32 == affinity)
			return gicr;
		if (typer & 1UL << 4) /* Last */
			break;
	}
	return 0;
}

bool gic_init_cpu(const struct board *board, uint64_t *gicr_frame)
{
	uint64_t mpidr, frame;

	__asm__ volatile("mrs %0, mpidr_el1" : "=r"(mpidr));
	frame = find_frame(board->gicr, mpidr & 0xff00ffffff);
	if (!frame)
		return false;
	*gicr_frame = frame;
	/* ARE, then both groups: right for a GIC with one security state and for a virtual one. */
	write32(board->gicd + GICD_CTLR, 1U << 4);
	write32(board->gicd + GICD_CTLR, 1U << 4 | 1U << 1 | 1U << 0);
	write32(frame + GICR_WAKER, 0);
	while (read32(frame + GICR_WAKER) & 1U << 2) /* ChildrenAsleep */
		;
	frame += GICR_SGI_FRAME;
	write32(frame + GIC_IGROUPR0, 0xffffffff);
	for (int i = 0; i < 32; i += 4)
		write32(frame + GIC_IPRIORITYR + i, 0xa0a0a0a0);
	write32(frame + GIC_ISENABLER0, 1U << 27 | 0xffff);
	__asm__ volatile("mrs x9, icc_sre_el1\n"
			 "orr x9, x9, #1\n"
			 "msr icc_sre_el1, x9\n"
			 "isb\n"
			 "mov x9, #0xf0\n"
			 "msr icc_pmr_el1, x9\n"
			 "mov x9, #1\n"
			 "msr icc_igrpen1_el1, x9\n"
			 "isb\n" ::
				 : "x9", "memory");
	return true;
}

/* ICC_SGI1R_EL1 for SGI 1 to one CPU; affinity 0 is below 16 on every machine of the bench. */
uint64_t gic_sgi_target(uint64_t mpidr)
{
	return (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | 1UL << 24 |
	       (mpidr >> 8 & 0xff) << 16 | 1UL << (mpidr & 0xf);
}
