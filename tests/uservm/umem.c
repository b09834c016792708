// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that gives memory to a user VM in all ways there are and looks at what the guest
 * and itself find there, and at the VM's counters: that what this machine's caches need was done,
 * and no more. Then four vCPUs use a block while it is changed all the time. One line: what the
 * caches need, then ok, or what is wrong.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/runpage.h"
#include "tests/uservm/trial.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define BLOCK    ((uint64_t)CAISSON_BLOCK_BYTES)
#define RUNS_MAX 10000
#define DONATED  8
#define VCPUS    4
#define ROUNDS   64    /* of changes under running vCPUs */
#define LOOPS    30000 /* of such a vCPU, in one go */

/* Huge pages of this process, and what they are for. */
enum use { STORE, PAGES, CODE, DATA, LENT, FLASH, SECOND_STORE, GIVEN, USES = GIVEN + DONATED + 1 };

#define CODE_IPA  MACHINE_RAM
#define DATA_IPA  (MACHINE_RAM + BLOCK)
#define LENT_IPA  (MACHINE_RAM + 2 * BLOCK)
#define HOLE_IPA  (MACHINE_RAM + 3 * BLOCK)
#define FLASH_IPA UINT64_C(0)

#define SCTLR_OFF UINT64_C(0x30d00800)
#define SCTLR_M   UINT64_C(1)
#define SCTLR_C   UINT64_C(4)

/* One table of 39 bits: 1 GiB blocks of Normal write-back memory, for the guest's RAM. */
#define TABLE_OFFSET 0x10000
#define TABLE_ENTRY  (MACHINE_RAM | 0x701)
#define TCR_39_BITS  UINT64_C(0x803519)

#define CTR_IDC BIT(28)
#define CTR_DIC BIT(29)

extern const uint8_t guest_start[], guest_end[], guest_load[], guest_load_pair[], guest_store[],
	guest_call[], guest_clean[], guest_set_way[], guest_sctlr[], guest_vm_registers[],
	guest_cache_ids[], guest_stress[], guest_answer[];

static struct hyp_token management, token;
static uint32_t vm;
static uint8_t *memory;
static struct run_page *page;
/* What the machine needs: clean to PoC, to PoU (Linux shows IDC where CLIDR_EL1 means it), IC. */
static bool poc, pou, ic;

static uint8_t *block(enum use use)
{
	return memory + (size_t)use * BLOCK;
}

static uint64_t ctr_el0(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return ctr;
}

static uint64_t lines(uint64_t bytes)
{
	return bytes / (UINT64_C(4) << bits_get(ctr_el0(), 19, 16));
}

static void clean(const void *address, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 16)
		__asm__ volatile("dc cvac, %0" : : "r"((const uint8_t *)address + i) : "memory");
	__asm__ volatile("dsb ish" : : : "memory");
}

/* How much a counter has grown since the last time it was looked at. */
static uint64_t grown(enum caisson_stat what)
{
	static uint64_t before[CAISSON_STAT_COUNT];
	uint64_t now = 0, growth;

	check_status(hyp_vm_stat(&token, what, &now), CAISSON_OK, "VM_STAT");
	growth = now - before[what];
	before[what] = now;
	return growth;
}

static void check_grown(uint64_t data, uint64_t fetch, uint64_t cleaned, const char *what)
{
	uint64_t is;

	is = grown(CAISSON_STAT_FAULT_DATA);
	check(is == data, what, 0xd00000 + is);
	is = grown(CAISSON_STAT_FAULT_FETCH);
	check(is == fetch, what, 0xf00000 + is);
	is = grown(CAISSON_STAT_INVALIDATIONS);
	check(is == (ic ? fetch : 0), what, 0x100000 + is);
	is = grown(CAISSON_STAT_LINES_CLEANED);
	check(is == lines(cleaned), what, 0xc0000000 + is);
}

/* Where no fault ever comes, memory having been mapped for good. */
static bool is_eager(void)
{
	return !poc && !pou && !ic;
}

/* What a first fetch has cleaned. */
static uint64_t fetch_bytes(void)
{
	return pou ? BLOCK : 0;
}

/* ---- running ------------------------------------------------------------------------------- */

static enum run_exit go_on(void)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		check_status(hyp_vcpu_run(&token, 0), CAISSON_OK, "VCPU_RUN");
		if (page->reason != RUN_EXIT_INTERRUPTED)
			return (enum run_exit)page->reason;
	}
	check_status(hyp_vcpu_get(&token, 0), CAISSON_OK, "VCPU_GET");
	fail("runs on for ever, at", page->state.pc);
	return RUN_EXIT_ENDED;
}

static struct vcpu_state *prepare(const uint8_t *piece, uint64_t x0, uint64_t x1)
{
	check_status(hyp_vcpu_init(&token, 0, page, CODE_IPA + (uint64_t)(piece - guest_start), x0),
		     CAISSON_OK, "VCPU_INIT");
	check_status(hyp_vcpu_get(&token, 0), CAISSON_OK, "VCPU_GET");
	page->state.x[1] = x1;
	check_status(hyp_vcpu_set(&token, 0), CAISSON_OK, "VCPU_SET");
	return &page->state;
}

static enum run_exit run(const uint8_t *piece, uint64_t x0, uint64_t x1)
{
	prepare(piece, x0, x1);
	return go_on();
}

/* To the end of the piece. */
static uint64_t result(const uint8_t *piece, uint64_t x0, uint64_t x1, const char *what)
{
	enum run_exit reason = run(piece, x0, x1);

	check(reason == RUN_EXIT_SMCCC, what, reason << 28 | (page->ipa & 0xfffffff));
	return page->args[0];
}

static void check_mmio(const uint8_t *piece, uint64_t x0, uint64_t ipa, bool write,
		       const char *what)
{
	enum run_exit reason = run(piece, x0, ipa);

	check(reason == RUN_EXIT_MMIO && page->mmio_write == write, what, reason);
	check(page->ipa == ipa, what, page->ipa);
	if (write) {
		check(page->value == x0, what, page->value);
	} else {
		page->value = 0x77;
	}
	check(go_on() == RUN_EXIT_SMCCC, what, page->reason);
	check(write || page->args[0] == 0x77, what, page->args[0]);
}

/* Code that answers `number`, written there by this process. */
static void put_code(uint8_t *where, uint32_t number)
{
	uint32_t code[2];

	memcpy(code, guest_answer, sizeof(code));
	code[0] |= number << 5;
	memcpy(where, code, sizeof(code));
	clean(where, sizeof(code));
}

/* ---- the service VM's side ------------------------------------------------------------------ */

static sigjmp_buf no_access;

static void bus_error(int number)
{
	siglongjmp(no_access, 1);
}

/* Can this process read there? */
static bool can_read(const uint8_t *address)
{
	struct sigaction action = {.sa_handler = bus_error}, before;
	volatile bool can = false;

	(void)sigaction(SIGBUS, &action, &before);
	if (sigsetjmp(no_access, 1) == 0) {
		(void)*(const volatile uint8_t *)address;
		can = true;
	}
	(void)sigaction(SIGBUS, &before, NULL);
	return can;
}

static void check_zero(const uint8_t *where, const char *what)
{
	for (size_t i = 0; i < BLOCK; i += 8) {
		uint64_t word;

		memcpy(&word, where + i, 8);
		check(word == 0, what, i);
	}
}

/* ---- what there is to try ------------------------------------------------------------------- */

static void get_memory(void)
{
	memory = mmap(NULL, USES * BLOCK, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		fail("no huge pages", USES);
	memset(memory, 0x5a, USES * BLOCK);
	page = (void *)block(PAGES);
	memset(page, 0, sizeof(*page));
	memcpy(block(CODE), guest_start, (size_t)(guest_end - guest_start));
	memset(block(CODE) + TABLE_OFFSET, 0, 4096);
	*(uint64_t *)(block(CODE) + TABLE_OFFSET + 8) = TABLE_ENTRY;
	put_code(block(DATA), 1);
	put_code(block(LENT), 2);
	put_code(block(FLASH), 3);
}

static void try_create(void)
{
	struct hyp_token other;
	uint32_t number;

	check_status(hyp_vm_create(&management, block(STORE), block(PAGES), 1, 0, ctr_el0() ^ 1,
				   &number, &other),
		     (ctr_el0() & 1) ? CAISSON_OK : CAISSON_INVALID, "VM_CREATE, other lines");
	if (ctr_el0() & 1)
		check_status(hyp_vm_destroy(&management, number), CAISSON_OK, "VM_DESTROY");
	check_status(hyp_vm_create(&management, block(STORE), block(PAGES), 1, 0,
				   UINT64_C(0x80000000), &number, &other),
		     CAISSON_INVALID, "VM_CREATE, no such CTR_EL0");
	check_status(
		hyp_vm_create(&management, block(STORE), block(PAGES), 1, 0xca155, 0, &vm, &token),
		CAISSON_OK, "VM_CREATE");
	check(!can_read(block(STORE)), "the store can be read", 0);
	check(grown(CAISSON_STAT_BLOCKS_SPLIT) <= 1, "blocks split", 0);
}

static enum caisson_status share(enum use use, uint64_t ipa, uint64_t blocks, uint64_t rights)
{
	return hyp_mem_share(&management, vm, block(use), ipa, blocks, rights);
}

static void try_bad_arguments(void)
{
	static uint8_t plain[4096] __attribute__((aligned(4096)));

	check_status(share(CODE, CODE_IPA + 4096, 1, 0), CAISSON_INVALID, "IPA");
	check_status(share(CODE, CODE_IPA, 0, 0), CAISSON_INVALID, "no blocks");
	check_status(share(CODE, CAISSON_VM_IPA_BYTES, 1, 0), CAISSON_INVALID, "large IPA");
	check_status(share(CODE, CODE_IPA, UINT64_MAX / BLOCK + 2, 0), CAISSON_INVALID, "blocks");
	check_status(share(CODE, CODE_IPA, 1, 2), CAISSON_INVALID, "rights");
	check_status(share(CODE, CAISSON_VM_GICD, 1, 0), CAISSON_INVALID, "over the GIC");
	check_status(hyp_mem_share(&management, vm, block(CODE) + 4096, CODE_IPA, 1, 0),
		     CAISSON_INVALID, "address");
	check_status(hyp_mem_share(&management, vm, NULL, CODE_IPA, 1, 0), CAISSON_FAULT,
		     "no address");
	check_status(hyp_mem_share(&management, vm,
				   (void *)bits_align_down((uintptr_t)plain, BLOCK), CODE_IPA, 1,
				   0) == CAISSON_OK,
		     false, "small pages");
	check_status(hyp_mem_share(&management, CAISSON_MAX_VMS, block(CODE), CODE_IPA, 1, 0),
		     CAISSON_STATE, "no VM");
	check_status(share(STORE, CODE_IPA, 1, 0), CAISSON_STATE, "its own store");
	check_status(hyp_mem_reclaim(&management, vm, CODE_IPA, 1), CAISSON_STATE, "nothing");
	check_status(hyp_mem_map(&token, CODE_IPA, 1, 0), CAISSON_STATE, "nothing to map");
	check_status(hyp_mem_unmap(&token, CODE_IPA, 0), CAISSON_INVALID, "nothing to unmap");
	check_status(hyp_mem_unexec(&token, CODE_IPA, 0), CAISSON_INVALID, "no bytes");
	check_status(hyp_mem_unexec(&token, UINT64_MAX, 8), CAISSON_INVALID, "wraps around");
}

static void try_share(void)
{
	uint64_t cleaned;

	check_status(share(CODE, CODE_IPA, 2, 0), CAISSON_OK, "MEM_SHARE");
	check_status(share(CODE, HOLE_IPA, 1, 0), CAISSON_STATE, "the same block again");
	check_status(share(CODE, CODE_IPA, 1, 0), CAISSON_STATE, "the same once more");
	check_status(share(LENT, CODE_IPA, 1, 0), CAISSON_STATE, "at the same IPA");
	cleaned = grown(CAISSON_STAT_LINES_CLEANED);
	poc = cleaned != 0;
	check(cleaned == lines(poc ? 2 * BLOCK : 0), "lines cleaned to share", cleaned);

	check(result(guest_load, 0, CODE_IPA + TABLE_OFFSET + 8, "first fetch") == TABLE_ENTRY,
	      "loaded", page->args[0]);
	check_grown(0, !is_eager(), fetch_bytes(), "first fetch");
	check(can_read(block(CODE)), "shared memory cannot be read", 0);
}

/* A block by data first, then by a fetch; then changed behind the guest's back. */
static void try_exec(void)
{
	result(guest_store, 0x1234, DATA_IPA + 4096, "store");
	check(*(uint64_t *)(block(DATA) + 4096) == 0x1234, "stored", 0);
	check_grown(!is_eager(), 0, 0, "first store");
	result(guest_store, 0x1235, DATA_IPA + 8192, "store");
	check_grown(0, 0, 0, "second store");
	check(result(guest_call, 0, DATA_IPA, "call") == 1, "called", page->args[0]);
	check_grown(0, (pou || ic) && !is_eager(), fetch_bytes(), "fetch after a store");
	result(guest_store, 0x1236, DATA_IPA + 8192, "store to what is executable");
	check(result(guest_call, 0, DATA_IPA, "call") == 1, "called", page->args[0]);
	check_grown(0, 0, 0, "executable");

	check_status(hyp_mem_unexec(&token, DATA_IPA + 4, 4), CAISSON_OK, "MEM_UNEXEC");
	put_code(block(DATA), 4);
	result(guest_load, 0, DATA_IPA, "load");
	check_grown(0, 0, 0, "load after MEM_UNEXEC");
	check(result(guest_call, 0, DATA_IPA, "call") == 4, "called", page->args[0]);
	check_grown(0, pou || ic, fetch_bytes(), "fetch after MEM_UNEXEC");
	check_status(hyp_mem_unexec(&token, CODE_IPA, 2 * BLOCK), CAISSON_OK, "MEM_UNEXEC of all");
	check(result(guest_call, 0, DATA_IPA, "call") == 4, "called", page->args[0]);
	check_grown(0, pou || ic ? 2 : 0, 2 * fetch_bytes(), "fetches after MEM_UNEXEC");
	check_status(hyp_mem_unexec(&token, DATA_IPA, BLOCK + 1), CAISSON_STATE,
		     "MEM_UNEXEC beyond memory");
}

static void try_unmap(void)
{
	enum run_exit reason;

	check_status(hyp_mem_unmap(&token, DATA_IPA, 1), CAISSON_OK, "MEM_UNMAP");
	check_mmio(guest_load, 0, DATA_IPA + 0x128, false, "load from what is taken out");
	check_mmio(guest_store, 0xabc, DATA_IPA + 0x1008, true, "store to what is taken out");
	reason = run(guest_load_pair, 0, DATA_IPA);
	check(reason == RUN_EXIT_FAULT && page->ipa == DATA_IPA, "load of a pair", reason);
	reason = run(guest_call, 0, DATA_IPA);
	check(reason == RUN_EXIT_FAULT && page->ipa == DATA_IPA, "fetch", reason);
	result(guest_clean, 0, DATA_IPA, "cleaning of what is taken out");
	result(guest_clean, 0, HOLE_IPA, "cleaning of nothing");
	check_status(hyp_mem_unmap(&token, DATA_IPA, 2), CAISSON_STATE, "MEM_UNMAP beyond memory");

	check_status(hyp_mem_map(&token, DATA_IPA, 1, 2), CAISSON_STATE, "no such right");
	check_status(hyp_mem_map(&token, DATA_IPA, 1, CAISSON_MEM_READ_ONLY), CAISSON_OK,
		     "MEM_MAP read only");
	check_mmio(guest_store, 0xabd, DATA_IPA + 0x1010, true, "store to read only, not mapped");
	check(result(guest_load, 0, DATA_IPA + 4096, "load from read only") == 0x1234, "loaded",
	      page->args[0]);
	check_mmio(guest_store, 0xabe, DATA_IPA + 0x1018, true, "store to read only");
	result(guest_clean, 0, DATA_IPA + 64, "cleaning of read only");
	check(result(guest_call, 0, DATA_IPA, "fetch from read only") == 4, "called",
	      page->args[0]);
	check_mmio(guest_store, 0xabf, DATA_IPA + 0x1020, true, "store to read only code");
	check_status(hyp_mem_map(&token, DATA_IPA, 1, 0), CAISSON_OK, "MEM_MAP");
	result(guest_store, 0xac0, DATA_IPA + 0x1020, "store");
	check(*(uint64_t *)(block(DATA) + 0x1020) == 0xac0, "stored", 0);
}

static void try_read_only(void)
{
	check_status(share(FLASH, FLASH_IPA, 1, CAISSON_MEM_READ_ONLY), CAISSON_OK, "MEM_SHARE");
	check(result(guest_call, 0, FLASH_IPA, "fetch from flash") == 3, "called", page->args[0]);
	check_mmio(guest_store, 0x10, FLASH_IPA + 8, true, "store to flash");
	check_status(hyp_mem_map(&token, FLASH_IPA, 1, 0), CAISSON_STATE, "flash for writing");
	check_status(hyp_mem_unmap(&token, FLASH_IPA, 1), CAISSON_OK, "MEM_UNMAP");
	check_mmio(guest_load, 0, FLASH_IPA + 8, false, "load from flash");
	check_status(hyp_mem_map(&token, FLASH_IPA, 1, CAISSON_MEM_READ_ONLY), CAISSON_OK,
		     "MEM_MAP");
	check(result(guest_call, 0, FLASH_IPA, "fetch from flash") == 3, "called", page->args[0]);
	check_status(hyp_mem_reclaim(&management, vm, FLASH_IPA, 1), CAISSON_OK, "MEM_RECLAIM");
	check_mmio(guest_load, 0, FLASH_IPA + 8, false, "load from what was flash");
	check(memcmp(block(FLASH) + 8, "ZZZZ", 4) == 0, "flash was changed", 0);
}

static void try_lend(void)
{
	for (int round = 0; round < 2; round++) {
		put_code(block(LENT), 2);
		check_status(hyp_mem_lend(&management, vm, block(LENT), LENT_IPA, 1, 0), CAISSON_OK,
			     "MEM_LEND");
		check(!can_read(block(LENT)), "lent memory can be read", 0);
		check_status(share(LENT, HOLE_IPA, 1, 0), CAISSON_STATE, "lent memory shared");
		check(result(guest_call, 0, LENT_IPA, "call") == 2, "called", page->args[0]);
		result(guest_store, 0x5ec3e7, LENT_IPA + BLOCK - 8, "store");
		check_status(hyp_mem_reclaim(&management, vm, LENT_IPA, 1), CAISSON_OK,
			     "MEM_RECLAIM");
		check_zero(block(LENT), "lent memory comes back");
		check_mmio(guest_load, 0, LENT_IPA, false, "load from what was lent");
		check_status(hyp_mem_reclaim(&management, vm, LENT_IPA, 1), CAISSON_STATE,
			     "MEM_RECLAIM again");
	}
	check_status(hyp_mem_lend(&management, vm, block(PAGES), LENT_IPA, 1, 0), CAISSON_STATE,
		     "MEM_LEND of a run page");
	memset(block(LENT), 0x5a, BLOCK);
	check_status(hyp_mem_lend(&management, vm, block(LENT), LENT_IPA, 1, 0), CAISSON_OK,
		     "MEM_LEND");
}

static void try_donate(void)
{
	for (int i = 0; i < DONATED; i++)
		check_status(hyp_mem_donate(&management, vm, block(GIVEN) + (size_t)i * BLOCK),
			     CAISSON_OK, "MEM_DONATE");
	check(!can_read(block(GIVEN)), "donated memory can be read", 0);
	check_status(hyp_mem_donate(&management, vm, block(GIVEN) + DONATED * BLOCK),
		     CAISSON_NO_MEMORY, "MEM_DONATE of too much");
}

/* Another VM gets nothing of this one's, and no more than it is given. */
static void try_second(void)
{
	struct hyp_token second;
	uint32_t number;

	check_status(hyp_vm_create(&management, block(SECOND_STORE), block(PAGES), 1, 0, 0, &number,
				   &second),
		     CAISSON_OK, "VM_CREATE");
	for (int i = STORE; i < GIVEN + DONATED; i++) {
		enum caisson_status wanted = i == PAGES || i == FLASH ? CAISSON_OK : CAISSON_STATE;

		check_status(hyp_mem_share(&management, number, block(i), GIB(4) + i * BLOCK, 1, 0),
			     wanted, "shared with two");
		if (wanted == CAISSON_OK)
			check_status(hyp_mem_reclaim(&management, vm, GIB(4) + i * BLOCK, 1),
				     CAISSON_STATE, "reclaimed of another");
	}
	check_status(hyp_vm_destroy(&management, number), CAISSON_OK, "VM_DESTROY");
	check_zero(block(SECOND_STORE), "a store comes back");
}

static void try_set_way(void)
{
	struct vcpu_state *state;

	(void)grown(CAISSON_STAT_FAULT_DATA);
	(void)grown(CAISSON_STAT_FAULT_FETCH);
	(void)grown(CAISSON_STAT_INVALIDATIONS);
	(void)grown(CAISSON_STAT_LINES_CLEANED);
	result(guest_set_way, 0, 0, "set and way");
	/* Two blocks of the guest have been mapped; the lent one never was this time. */
	check_grown(0, 0, poc ? 2 * BLOCK : 0, "set and way");

	/* The same vCPU goes on: nothing more until caches go on, then once. */
	state = prepare(guest_set_way, 0, 0);
	check(go_on() == RUN_EXIT_SMCCC, "set and way", page->reason);
	(void)grown(CAISSON_STAT_LINES_CLEANED);
	check_status(hyp_vcpu_get(&token, 0), CAISSON_OK, "VCPU_GET");
	state->pc = CODE_IPA + (uint64_t)(guest_set_way - guest_start);
	check_status(hyp_vcpu_set(&token, 0), CAISSON_OK, "VCPU_SET");
	check(go_on() == RUN_EXIT_SMCCC, "set and way", page->reason);
	check_grown(0, 0, 0, "set and way again");
	check_status(hyp_vcpu_get(&token, 0), CAISSON_OK, "VCPU_GET");
	state->pc = CODE_IPA + (uint64_t)(guest_vm_registers - guest_start);
	check_status(hyp_vcpu_set(&token, 0), CAISSON_OK, "VCPU_SET");
	check(go_on() == RUN_EXIT_SMCCC, "registers", page->reason);
	for (int i = 1; i <= 4; i++)
		check(page->args[i] == 0x1230, "register", page->args[i]);
	check_status(hyp_vcpu_get(&token, 0), CAISSON_OK, "VCPU_GET");
	state->pc = CODE_IPA + (uint64_t)(guest_sctlr - guest_start);
	state->x[0] = SCTLR_OFF | SCTLR_M | SCTLR_C;
	state->ttbr0_el1 = CODE_IPA + TABLE_OFFSET;
	state->tcr_el1 = TCR_39_BITS;
	state->mair_el1 = 0xff;
	check_status(hyp_vcpu_set(&token, 0), CAISSON_OK, "VCPU_SET");
	check(go_on() == RUN_EXIT_SMCCC, "caches on", page->reason);
	check(page->args[0] == (SCTLR_OFF | SCTLR_M | SCTLR_C), "SCTLR_EL1", page->args[0]);
	check_grown(0, 0, poc ? 2 * BLOCK : 0, "caches on");
	check_status(hyp_vcpu_get(&token, 0), CAISSON_OK, "VCPU_GET");
	state->pc = CODE_IPA + (uint64_t)(guest_sctlr - guest_start);
	state->x[0] = SCTLR_OFF;
	check_status(hyp_vcpu_set(&token, 0), CAISSON_OK, "VCPU_SET");
	check(go_on() == RUN_EXIT_SMCCC, "caches off", page->reason);
	check_grown(0, 0, 0, "caches off, nothing having said that it would");
}

/* The guest sees the CTR_EL0 that its creator chose. */
static void try_ctr(void)
{
	uint64_t shown = (ctr_el0() & ~(CTR_IDC | CTR_DIC | MASK(19, 16) | 15)) | 2 << 16 | 2;

	result(guest_cache_ids, 0, 0, "cache registers");
	/* Linux may have put IDC into what this program sees. */
	check(((page->args[0] ^ ctr_el0()) & ~CTR_IDC) == 0 && page->args[3] == 1, "CTR_EL0",
	      page->args[0]);
	uint64_t ccsidr = page->args[2];

	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
	check_zero(block(STORE), "the store comes back");
	check_zero(block(LENT), "lent memory comes back from a VM that ends");
	for (int i = 0; i < DONATED; i++)
		check_zero(block(GIVEN) + (size_t)i * BLOCK, "donated memory comes back");
	check(*(uint64_t *)(block(DATA) + 4096) == 0x1234, "shared memory was changed", 0);

	check_status(
		hyp_vm_create(&management, block(STORE), block(PAGES), 1, 0, shown, &vm, &token),
		CAISSON_OK, "VM_CREATE");
	check_status(share(CODE, CODE_IPA, 1, 0), CAISSON_OK, "MEM_SHARE");
	result(guest_cache_ids, 0, 0, "cache registers");
	check(page->args[0] == shown, "CTR_EL0", page->args[0]);
	check(bits_get(page->args[1], 29, 27) != 0, "CLIDR_EL1", page->args[1]);
	check(page->args[2] == ccsidr && page->args[3] == 1, "CCSIDR_EL1", page->args[2]);
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
}

/* ---- changes under running vCPUs ------------------------------------------------------------- */

/* What a vCPU's accesses are answered under, while the block is not in the VM. */
static pthread_mutex_t answering = PTHREAD_MUTEX_INITIALIZER;
static volatile bool stressed;

/* The access is made on the guest's behalf. */
static void answer(struct run_page *exit_page)
{
	uint64_t *where = (uint64_t *)(block(DATA) + (exit_page->ipa - DATA_IPA));

	check(exit_page->ipa - DATA_IPA < BLOCK, "stress: accessed", exit_page->ipa);
	(void)pthread_mutex_lock(&answering);
	if (exit_page->mmio_write)
		*where = exit_page->value;
	else
		exit_page->value = *where;
	(void)pthread_mutex_unlock(&answering);
}

static void *stress_vcpu(void *arg)
{
	uint32_t vcpu = (uint32_t)(uintptr_t)arg;
	struct run_page *own = (void *)(block(PAGES) + (size_t)vcpu * 4096);
	uint64_t loops = 0;

	while (stressed) {
		check_status(hyp_vcpu_init(&token, vcpu, own,
					   CODE_IPA + (guest_stress - guest_start), LOOPS),
			     CAISSON_OK, "VCPU_INIT");
		check_status(hyp_vcpu_get(&token, vcpu), CAISSON_OK, "VCPU_GET");
		own->state.x[1] = DATA_IPA;
		own->state.x[2] = DATA_IPA + 0x2000 + vcpu * 64;
		check_status(hyp_vcpu_set(&token, vcpu), CAISSON_OK, "VCPU_SET");
		do {
			check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
			if (own->reason == RUN_EXIT_MMIO)
				answer(own);
			else if (own->reason == RUN_EXIT_FAULT)
				check(own->ipa - DATA_IPA < BLOCK, "stress: fault", own->ipa);
		} while (own->reason != RUN_EXIT_SMCCC);
		check(own->args[0] == 0, "stress: stale code or lost stores", own->args[0]);
		loops++;
	}
	check(loops != 0, "stress: a vCPU never came to its end", vcpu);
	return NULL;
}

/* While the block is out, nothing but answer() writes there. */
static void check_still(void)
{
	uint64_t before[VCPUS], *word = (uint64_t *)(block(DATA) + 0x2000);

	(void)pthread_mutex_lock(&answering);
	for (int i = 0; i < VCPUS; i++)
		before[i] = *(volatile uint64_t *)&word[i * 8];
	for (int n = 0; n < 20; n++) {
		(void)usleep(200);
		for (int i = 0; i < VCPUS; i++)
			check(*(volatile uint64_t *)&word[i * 8] == before[i],
			      "stress: written to while it is out", i);
	}
	(void)pthread_mutex_unlock(&answering);
}

static void change(uint32_t round)
{
	uint64_t rights = round % 4 == 1 ? CAISSON_MEM_READ_ONLY : 0;

	(void)usleep(5000); /* the vCPUs get out of answer() and run */
	check_status(hyp_mem_unexec(&token, DATA_IPA, 8), CAISSON_OK, "MEM_UNEXEC");
	put_code(block(DATA), 1 + round);
	check_status(hyp_mem_unexec(&token, DATA_IPA, 8), CAISSON_OK, "MEM_UNEXEC");
	if (round % 2 == 0)
		return;
	if (round % 8 < 4) {
		check_status(hyp_mem_unmap(&token, DATA_IPA, 1), CAISSON_OK, "MEM_UNMAP");
	} else {
		check_status(hyp_mem_reclaim(&management, vm, DATA_IPA, 1), CAISSON_OK,
			     "MEM_RECLAIM");
		check_still();
		check_status(share(DATA, DATA_IPA, 1, 0), CAISSON_OK, "MEM_SHARE");
		return;
	}
	check_still();
	check_status(hyp_mem_map(&token, DATA_IPA, 1, rights), CAISSON_OK, "MEM_MAP");
	if (rights)
		check_still();
	check_status(hyp_mem_map(&token, DATA_IPA, 1, 0), CAISSON_OK, "MEM_MAP");
}

static void try_stress(void)
{
	pthread_t thread[VCPUS];

	put_code(block(DATA), 0);
	check_status(
		hyp_vm_create(&management, block(STORE), block(PAGES), VCPUS, 0, 0, &vm, &token),
		CAISSON_OK, "VM_CREATE");
	check_status(share(CODE, CODE_IPA, 2, 0), CAISSON_OK, "MEM_SHARE");
	memset(block(PAGES), 0, VCPUS * 4096);
	stressed = true;
	for (uintptr_t i = 0; i < VCPUS; i++)
		check(pthread_create(&thread[i], NULL, stress_vcpu, (void *)i) == 0, "thread", i);
	for (uint32_t round = 0; round < ROUNDS; round++)
		change(round);
	stressed = false;
	for (uint32_t i = 0; i < VCPUS; i++)
		(void)pthread_join(thread[i], NULL);
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
}

int main(void)
{
	if (hyp_open(&management) != ERR_OK)
		return 1;
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	pou = !(ctr_el0() & CTR_IDC);
	ic = !(ctr_el0() & CTR_DIC);
	get_memory();
	try_create();
	try_bad_arguments();
	try_share();
	try_exec();
	try_unmap();
	try_read_only();
	try_lend();
	try_donate();
	try_second();
	try_set_way();
	try_ctr();
	try_stress();
	printf("umem: poc %d pou %d ic %d ok\n", poc, pou, ic);
	return 0;
}
