// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that makes hypercalls as caisson does not: with wrong tokens, with values in all
 * FP registers, and the trapped instruction without meaning a hypercall. One line: ok, or what is
 * wrong.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "abi/runpage.h"
#include "tests/uservm/direct.h"
#include "vmm/hyp.h"
#include "vmm/load.h"
#include "vmm/machine.h"

#define RAM_BYTES MIB(16)
#define RUNS_MAX  100000

struct fp_run {
	uint64_t status;
	uint64_t differ;
};

struct fp_run fp_run(uint64_t call, uint64_t token0, uint64_t token1, uint64_t vcpu, uint64_t seed);

static int fail(const char *what, uint64_t number)
{
	printf("probe: %s: %llx\n", what, (unsigned long long)number);
	return 1;
}

/* ---- calls: every call that needs a token, with tokens that are wrong ---------------------- */

static int try_token(const struct hyp_token *token, void *block)
{
	struct hyp_token vm_token;
	uint32_t number;
	uint64_t value = 0;
	size_t bytes;
	enum caisson_status status =
		hyp_vm_create(token, block, block, 1, 0, 0, &number, &vm_token);

	if (status != CAISSON_DENIED)
		return fail("VM_CREATE", status);
	status = hyp_vm_destroy(token, 0);
	if (status != CAISSON_DENIED)
		return fail("VM_DESTROY", status);
	status = hyp_mem_share(token, 0, block, MACHINE_RAM, 1, 0);
	if (status != CAISSON_DENIED)
		return fail("MEM_SHARE", status);
	status = hyp_mem_lend(token, 0, block, MACHINE_RAM, 1, 0);
	if (status != CAISSON_DENIED)
		return fail("MEM_LEND", status);
	status = hyp_mem_donate(token, 0, block);
	if (status != CAISSON_DENIED)
		return fail("MEM_DONATE", status);
	status = hyp_mem_reclaim(token, 0, MACHINE_RAM, 1);
	if (status != CAISSON_DENIED)
		return fail("MEM_RECLAIM", status);
	status = hyp_mem_map(token, MACHINE_RAM, 1, 0);
	if (status != CAISSON_DENIED)
		return fail("MEM_MAP", status);
	status = hyp_mem_unmap(token, MACHINE_RAM, 1);
	if (status != CAISSON_DENIED)
		return fail("MEM_UNMAP", status);
	status = hyp_mem_unexec(token, MACHINE_RAM, 1);
	if (status != CAISSON_DENIED)
		return fail("MEM_UNEXEC", status);
	status = hyp_vcpu_init(token, 0, block, MACHINE_RAM, 0);
	if (status != CAISSON_DENIED)
		return fail("VCPU_INIT", status);
	status = hyp_vcpu_run(token, 0);
	if (status != CAISSON_DENIED)
		return fail("VCPU_RUN", status);
	status = hyp_irq_set(token, 33, true, &number);
	if (status != CAISSON_DENIED)
		return fail("IRQ_SET", status);
	status = hyp_vm_stat(token, CAISSON_STAT_RUNS, &value);
	if (status != CAISSON_DENIED)
		return fail("VM_STAT", status);
	status = hyp_log_read(token, &value, block, 1, &bytes, &value);
	if (status != CAISSON_DENIED)
		return fail("LOG_READ", status);
	return 0;
}

static int try_calls(void)
{
	static uint8_t block[CAISSON_BLOCK_BYTES] __attribute__((aligned(4096)));
	struct hyp_token token = {0};

	memset(block, 0, sizeof(block)); /* there, so that addresses are no reason to refuse */
	for (uint32_t bit = 0; bit <= 128; bit++) {
		if (try_token(&token, block) != 0)
			return 1;
		token = (struct hyp_token){0};
		if (bit < 128)
			token.half[bit / 64] = BIT(bit % 64);
	}
	return 0;
}

/* ---- log: the whole of it, and what LOG_READ refuses ---------------------------------------- */

static int try_log(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct hyp_token management;
	uint64_t position = 0, lost, far = UINT64_MAX;
	size_t bytes;
	enum caisson_status status;

	if (hyp_open(&management) != ERR_OK)
		return 1;
	do {
		memset(page, 0, sizeof(page));
		status = hyp_log_read(&management, &position, page + 96, 4000, &bytes, &lost);
		if (status != CAISSON_OK || bytes > 4000 || page[95] != 0)
			return fail("LOG_READ", status);
		(void)fwrite(page + 96, 1, bytes, stdout);
	} while (bytes > 0);
	status = hyp_log_read(&management, &far, page, 16, &bytes, &lost);
	if (status != CAISSON_OK || bytes != 0 || far != UINT64_MAX)
		return fail("LOG_READ behind the end", status);
	status = hyp_log_read(&management, &position, page + 1, 4096, &bytes, &lost);
	if (status != CAISSON_INVALID)
		return fail("LOG_READ over a page's end", status);
	status = hyp_log_read(&management, &position, (void *)try_log, 16, &bytes, &lost);
	return status == CAISSON_FAULT ? 0 : fail("LOG_READ into read-only memory", status);
}

/* ---- undefined: the instruction alone is what it was without Caisson ----------------------- */

static volatile sig_atomic_t illegal;

static void count_illegal(int number, siginfo_t *info, void *context)
{
	illegal++;
	((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static int try_undefined(void)
{
	struct sigaction action = {.sa_sigaction = count_illegal, .sa_flags = SA_SIGINFO};
	register uint64_t x0 __asm__("x0") = 0;
	uint64_t value;

	(void)sigaction(SIGILL, &action, NULL);
	__asm__ volatile("mrs xzr, mdccsr_el0\n\tmrs %1, mdccsr_el0"
			 : "+r"(x0), "=r"(value)::"memory");
	return illegal == 2 ? 0 : fail("SIGILL", (uint64_t)illegal);
}

/* ---- fp: the caller's FP registers over VCPU_RUN -------------------------------------------- */

/* Runs the vCPU until it powers off. Nobody listens to its console. */
static int run_guest(const struct hyp_token *token, struct run_page *page, unsigned int *runs)
{
	uint64_t seed = 0xca155000;

	for (*runs = 0; *runs < RUNS_MAX; ++*runs) {
		struct fp_run ran = fp_run(CAISSON_CALL(CAISSON_CALL_VCPU_RUN), token->half[0],
					   token->half[1], 0, seed);

		if (ran.status != CAISSON_OK)
			return fail("VCPU_RUN", ran.status);
		if (ran.differ != 0)
			return fail("FP registers", ran.differ);
		if (page->reason == RUN_EXIT_SMCCC)
			return 0;
		if (page->reason == RUN_EXIT_FAULT)
			return fail("FAULT", page->esr);
		page->value = 0;
		seed += 0x0123456789abcdef;
	}
	return fail("runs", *runs);
}

static int run_vm(const struct hyp_token *management, struct direct *memory,
		  const struct load_result *guest)
{
	struct hyp_token token;
	struct run_page *page = (void *)memory->run_pages;
	unsigned int runs = 0;
	uint32_t vm;
	enum caisson_status status;
	int failed;

	status = hyp_vm_create(management, memory->store, memory->run_pages, 1, 0, 0, &vm, &token);
	if (status != CAISSON_OK)
		return fail("VM_CREATE", status);
	status = hyp_mem_share(management, vm, memory->ram, MACHINE_RAM,
			       RAM_BYTES / CAISSON_BLOCK_BYTES, 0);
	if (status == CAISSON_OK)
		status = hyp_vcpu_init(&token, 0, page, guest->entry, guest->dtb);
	failed = status == CAISSON_OK ? run_guest(&token, page, &runs) : fail("start", status);
	status = hyp_vm_destroy(management, vm);
	if (status != CAISSON_OK)
		return fail("VM_DESTROY", status);
	printf("probe: %u runs\n", runs);
	return failed;
}

static int try_fp(const char *kernel, const char *bootargs)
{
	struct load_config config = {.kernel = kernel, .bootargs = bootargs, .cpus = 1};
	struct hyp_token management;
	struct load_result guest;
	struct direct memory;
	int failed = 1;

	if (hyp_open(&management) != ERR_OK)
		return 1;
	if (direct_open(&memory, RAM_BYTES) == ERR_OK &&
	    load_guest(&config, memory.ram, RAM_BYTES, &guest) == ERR_OK)
		failed = run_vm(&management, &memory, &guest);
	direct_close(&memory);
	return failed;
}

int main(int argc, char **argv)
{
	int failed;

	if (argc == 2 && strcmp(argv[1], "calls") == 0)
		failed = try_calls();
	else if (argc == 2 && strcmp(argv[1], "log") == 0)
		failed = try_log();
	else if (argc == 2 && strcmp(argv[1], "undefined") == 0)
		failed = try_undefined();
	else if (argc == 4 && strcmp(argv[1], "fp") == 0)
		failed = try_fp(argv[2], argv[3]);
	else
		failed = fail("arguments", (uint64_t)argc);
	if (!failed)
		puts("probe: ok");
	return failed;
}
