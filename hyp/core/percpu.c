/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/percpu.h"

#include "arch/aarch64/asm_offsets.h"

_Static_assert(sizeof(struct percpu) == PERCPU_BYTES, "vectors.S and entry.S");
_Static_assert(offsetof(struct percpu, panic_stack) + PERCPU_PANIC_STACK_BYTES == PERCPU_BYTES,
	       "vectors.S");
_Static_assert(offsetof(struct bootinfo, cpu_count) == BOOTINFO_CPU_COUNT, "entry.S");
_Static_assert(offsetof(struct bootinfo, cpu) == BOOTINFO_CPU, "entry.S");
_Static_assert(sizeof(struct boot_cpu) == BOOTINFO_CPU_BYTES, "entry.S");
_Static_assert(offsetof(struct hyp_header, ttbr0_el2) == HYP_HEADER_TTBR0, "entry.S");
_Static_assert(offsetof(struct hyp_header, tcr_el2) == HYP_HEADER_TCR, "entry.S");
_Static_assert(offsetof(struct hyp_header, mair_el2) == HYP_HEADER_MAIR, "entry.S");
_Static_assert(offsetof(struct hyp_header, sctlr_el2) == HYP_HEADER_SCTLR, "entry.S");
_Static_assert(offsetof(struct hyp_header, bootinfo) == HYP_HEADER_BOOTINFO, "entry.S");

extern struct percpu percpu[BOOT_MAX_CPUS]; /* named by arch/aarch64/entry.S */
struct percpu percpu[BOOT_MAX_CPUS];
static uint32_t count;

void percpu_init(const struct bootinfo *bi)
{
	uint32_t i;

	count = bi->cpu_count;
	for (i = 0; i < count; i++) {
		struct percpu *p = &percpu[i];

		p->index = i;
		p->mpidr = bi->cpu[i].mpidr;
		p->stack_top =
			HYP_STACK_VA + i * HYP_STACK_STRIDE + HYP_STACK_GUARD + HYP_STACK_BYTES;
	}
}

struct percpu *percpu_get(uint32_t index)
{
	return &percpu[index];
}

uint32_t percpu_count(void)
{
	return count;
}
