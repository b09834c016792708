// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/gen.h"

#define MRS_X0   0xd5200000
#define MSR_X0   0xd5000000
#define INSN_RET 0xd65f03c0

/* One line per CPU, so that CPUs do not disturb each other. */
static uint32_t code[MAX_CPUS][16] __attribute__((aligned(64)));

typedef uint64_t gen_fn(uint64_t a, uint64_t b, uint64_t c);

struct fault gen_run(uint32_t word, uint64_t a, uint64_t b, uint64_t c, uint64_t *result)
{
	uint32_t *slot = code[cpu_this()->index];
	uint64_t value;
	struct fault fault;

	__atomic_store_n(&slot[0], word, __ATOMIC_RELAXED);
	__atomic_store_n(&slot[1], INSN_RET, __ATOMIC_RELAXED);
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(slot)
			 : "memory");
	fault_begin();
	value = ((gen_fn *)(uint64_t)slot)(a, b, c);
	fault = fault_end();
	if (result)
		*result = value;
	return fault;
}

struct fault gen_mrs(uint32_t sysreg, uint64_t *value)
{
	return gen_run(MRS_X0 | sysreg, 0, 0, 0, value);
}

struct fault gen_msr(uint32_t sysreg, uint64_t value)
{
	return gen_run(MSR_X0 | sysreg, value, 0, 0, NULL);
}
