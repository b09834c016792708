// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that makes VMs with and without a baseline and looks at what their guests read of
 * their CPU: HOST_REG, VM_IDREG_SET with right and wrong values, CTR_EL0 and what goes with it, DC
 * ZVA where it is not to be used, MIDR_EL1 of VMs that take turns on a CPU. One line: ok, or what
 * is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/runpage.h"
#include "lib/ctr.h"
#include "lib/idreg.h"
#include "tests/uservm/trial.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define BLOCK    ((size_t)CAISSON_BLOCK_BYTES)
#define DEVICE   UINT64_C(0x0a000000) /* nobody's */
#define RUNS_MAX 1000
#define ROUNDS   20000
#define IDC_DIC  (UINT64_C(3) << 28)

#define ISAR0 IDREG(6, 0)
#define MMFR0 IDREG(7, 0)
#define MMFR2 IDREG(7, 2)
#define PFR0  IDREG(4, 0)

extern const uint8_t guest_start[], guest_end[], guest_read[], guest_zva[];

static struct hyp_token management;

struct guest {
	struct hyp_token token;
	uint32_t vm;
	struct run_page *page;
};

static uint64_t host(uint32_t reg)
{
	uint64_t value = 0;

	check_status(hyp_host_reg(reg, &value), CAISSON_OK, "HOST_REG");
	return value;
}

/* ---- VMs ----------------------------------------------------------------------------------- */

static void make(struct guest *g, uint64_t ctr)
{
	uint8_t *memory = mmap(NULL, 3 * BLOCK, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		fail("no huge pages", 0);
	memset(memory, 0, 3 * BLOCK);
	memcpy(memory + BLOCK, guest_start, (size_t)(guest_end - guest_start));
	g->page = (void *)(memory + 2 * BLOCK);
	check_status(hyp_vm_create(&management, memory, g->page, 1, 0, ctr, &g->vm, &g->token),
		     CAISSON_OK, "VM_CREATE");
	check_status(hyp_mem_share(&management, g->vm, memory + BLOCK, MACHINE_RAM, 1, 0),
		     CAISSON_OK, "MEM_SHARE");
}

/* Until the load that ends each piece. */
static const struct vcpu_state *run(struct guest *g, const uint8_t *code)
{
	struct vcpu_state *state = &g->page->state;

	check_status(hyp_vcpu_init(&g->token, 0, g->page,
				   MACHINE_RAM + (uint64_t)(code - guest_start), 0),
		     CAISSON_OK, "VCPU_INIT");
	check_status(hyp_vcpu_get(&g->token, 0), CAISSON_OK, "VCPU_GET");
	state->vbar_el1 = MACHINE_RAM;
	state->x[28] = DEVICE;
	check_status(hyp_vcpu_set(&g->token, 0), CAISSON_OK, "VCPU_SET");
	for (int i = 0; i < RUNS_MAX; i++) {
		check_status(hyp_vcpu_run(&g->token, 0), CAISSON_OK, "VCPU_RUN");
		if (g->page->reason == RUN_EXIT_MMIO) {
			check_status(hyp_vcpu_get(&g->token, 0), CAISSON_OK, "VCPU_GET");
			return state;
		}
		check(g->page->reason == RUN_EXIT_INTERRUPTED, "exit", g->page->reason);
	}
	fail("runs on for ever", 0);
	return NULL;
}

static void end(struct guest *g)
{
	check_status(hyp_vm_destroy(&management, g->vm), CAISSON_OK, "VM_DESTROY");
}

/* ---- what each of them shows --------------------------------------------------------------- */

static void try_host(void)
{
	static const uint32_t none[] = {CAISSON_HOST_REGS, 255, 0x7fffffff, 0xffffffff};
	uint64_t value, hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	check(host(CAISSON_HOST_CNTFRQ) == hz, "CNTFRQ_EL0", hz);
	check(host(CAISSON_HOST_IPA_BITS) >= 36, "IPA bits", host(CAISSON_HOST_IPA_BITS));
	check(bits_get(host(CAISSON_HOST_FEATURES), 15, 8) == hyp_gic_version(), "GIC", 0);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		check_status(hyp_host_reg(none[i], &value), CAISSON_INVALID, "no such register");
	check(bits_get(host(IDREG(5, 0)), 11, 8) == 0, "a PMU for VMs", host(IDREG(5, 0)));
}

/* What a guest reads that is shown all this host has. */
static void check_plain(struct guest *g)
{
	const struct vcpu_state *state = run(g, guest_read);

	check(state->x[0] == host(CAISSON_HOST_MIDR), "MIDR_EL1", state->x[0]);
	check(state->x[1] == host(CAISSON_HOST_REVIDR), "REVIDR_EL1", state->x[1]);
	check(state->x[3] == host(CAISSON_HOST_DCZID), "DCZID_EL0", state->x[3]);
	check(state->x[4] == host(CAISSON_HOST_CTR), "CTR_EL0", state->x[4]);
	check(state->x[5] == host(CAISSON_HOST_CLIDR), "CLIDR_EL1", state->x[5]);
	check(state->x[7] == host(ISAR0), "ID_AA64ISAR0_EL1", state->x[7]);
	check(state->x[8] == host(MMFR0), "ID_AA64MMFR0_EL1", state->x[8]);
	check(state->x[9] == host(MMFR2), "ID_AA64MMFR2_EL1", state->x[9]);
	check(state->x[10] == host(PFR0), "ID_AA64PFR0_EL1", state->x[10]);
}

static uint64_t random_u64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
}

/* Whatever is asked for, nothing is shown that this host cannot keep for the guest. */
static void try_hostile(struct guest *g)
{
	struct hyp_token wrong = g->token;

	wrong.half[1] ^= 1;
	check_status(hyp_vm_idreg_set(&wrong, ISAR0, 0), CAISSON_DENIED, "wrong token");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_CTR, host(CAISSON_HOST_CTR)),
		     CAISSON_INVALID, "CTR_EL0");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_REGS, 0), CAISSON_INVALID, "none");
	check_status(hyp_vm_idreg_set(&g->token, ~UINT32_C(0), 0), CAISSON_INVALID, "none");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_DCZID, 0x1f), CAISSON_INVALID,
		     "DCZID_EL0");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_MIDR, 0x410fd0c2), CAISSON_INVALID,
		     "MIDR_EL1");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_REVIDR, 0x80), CAISSON_INVALID,
		     "REVIDR_EL1");
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t reg = (uint32_t)random() % IDREG_COUNT;
		uint64_t has = host(reg), value = random_u64();

		if (i % 4 != 0) { /* a few bits are others */
			for (int n = 0; n < 3; n++)
				value &= random_u64();
			value ^= has;
		}
		check_status(hyp_vm_idreg_set(&g->token, reg, value),
			     idreg_may_show(reg, value, has) ? CAISSON_OK : CAISSON_INVALID,
			     "VM_IDREG_SET");
	}
	for (uint32_t reg = 0; reg < IDREG_COUNT; reg++)
		check_status(hyp_vm_idreg_set(&g->token, reg, host(reg)), CAISSON_OK, "as it is");
}

static void lower(struct guest *g)
{
	check_status(hyp_vm_idreg_set(&g->token, ISAR0, 0x10000), CAISSON_OK, "CRC32 alone");
	check_status(hyp_vm_idreg_set(&g->token, MMFR2, 0), CAISSON_OK, "ID_AA64MMFR2_EL1");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_DCZID, CAISSON_DCZID_NONE),
		     CAISSON_OK, "no DC ZVA");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_MIDR, CAISSON_MIDR_ANY), CAISSON_OK,
		     "any MIDR_EL1");
	check_status(hyp_vm_idreg_set(&g->token, CAISSON_HOST_REVIDR, 0), CAISSON_OK,
		     "no REVIDR_EL1");
}

static void check_lowered(struct guest *g, uint64_t ctr)
{
	const struct vcpu_state *state = run(g, guest_read);

	check(state->x[0] == CAISSON_MIDR_ANY, "MIDR_EL1, any", state->x[0]);
	check(state->x[1] == 0, "REVIDR_EL1, none", state->x[1]);
	check((state->x[3] & CAISSON_DCZID_NONE) != 0, "DCZID_EL0, none", state->x[3]);
	check(state->x[4] == ctr, "CTR_EL0, less", state->x[4]);
	check(bits_get(state->x[5], 29, 27) != 0 && bits_get(state->x[5], 23, 21) != 0,
	      "CLIDR_EL1, less", state->x[5]);
	check(state->x[6] >> 32 == 0, "CCSIDR_EL1, 32 bits", state->x[6]);
	check(state->x[7] == 0x10000, "ID_AA64ISAR0_EL1, less", state->x[7]);
	check(state->x[9] == 0, "ID_AA64MMFR2_EL1, less", state->x[9]);
	state = run(g, guest_zva);
	check(state->pc != MACHINE_RAM + (uint64_t)(guest_zva - guest_start) + 8,
	      "DC ZVA was carried out", state->pc);
	check(state->x[20] >> 26 == 0, "DC ZVA is not UNDEFINED", state->x[20]);
}

int main(void)
{
	struct guest plain, less;
	uint64_t ctr;

	srandom(7);
	if (hyp_open(&management) != ERR_OK)
		return 1;
	try_host();
	ctr = host(CAISSON_HOST_CTR) & ~IDC_DIC;
	make(&plain, 0);
	make(&less, ctr);
	try_hostile(&less);
	lower(&less);
	check_plain(&plain);
	check_lowered(&less, ctr);
	check_plain(&plain);
	check_lowered(&less, ctr);
	check_status(hyp_vm_idreg_set(&less.token, ISAR0, 0), CAISSON_STATE, "after VCPU_INIT");
	end(&less);
	end(&plain);
	puts("idreg: ok");
	return 0;
}
