// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that has EL2 track which memory a user VM writes, and holds that against the
 * memory itself: with one vCPU that does one thing at a time, then with several that write, fetch
 * and maintain caches all over it while bitmaps are read, blocks lose execute permission, and
 * tracking begins and ends. A write that is lost shows as a page that differs from its copy,
 * which was made when it was reported last. One line: who noted the writes, then ok, or what is
 * wrong. Argument: how many vCPUs.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/runpage.h"
#include "tests/uservm/trial.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define BLOCK     ((uint64_t)CAISSON_BLOCK_BYTES)
#define PAGE      UINT64_C(4096)
#define RUNS_MAX  10000
#define VCPUS_MAX 8
#define BLOCKS    4 /* of data */
#define PAGES     (BLOCKS * BLOCK / PAGE)
#define WORDS     (PAGES / 64)
#define PHASES    3  /* each begins and ends tracking */
#define STOPS     3  /* of the vCPUs in a phase */
#define READS     12 /* until the next stop */
#define LEAK      600
#define PATIENCE  20000 /* times of a millisecond and more, for a vCPU to write something */

/* Huge pages of this process, and what they are for. */
enum use { STORE, RUN_PAGES, CODE, FLASH, DATA, SPARE = DATA + BLOCKS, USES };

#define CODE_IPA  MACHINE_RAM
#define DATA_IPA  (MACHINE_RAM + BLOCK)
#define HOLE_IPA  (MACHINE_RAM + 16 * BLOCK)
#define FLASH_IPA UINT64_C(0)

/* One table of 39 bits: 1 GiB blocks of Normal write-back memory, for the guest's RAM and flash. */
#define TABLE_OFFSET 0x10000
#define TABLE_ENTRY  UINT64_C(0x701)
#define TCR_39_BITS  UINT64_C(0x803519)
#define SCTLR_ON     (UINT64_C(0x30d00800) | 5)

#define RET        UINT32_C(0xd65f03c0)
#define RET_OFFSET 0xff0

extern const uint8_t guest_start[], guest_end[], guest_load[], guest_store[], guest_store_pages[],
	guest_call[], guest_maintain[], guest_busy[];

static struct hyp_token management, token;
static uint32_t vm;
static uint8_t *memory;
static uint32_t vcpus;
static uint64_t copy[BLOCKS * BLOCK / 8];

static uint8_t *block(uint32_t use)
{
	return memory + (size_t)use * BLOCK;
}

static struct run_page *run_page(uint32_t vcpu)
{
	return (void *)(block(RUN_PAGES) + vcpu * PAGE);
}

static void *bitmap(void)
{
	return block(RUN_PAGES) + BLOCK - PAGE;
}

static uint64_t counter(enum caisson_stat what)
{
	uint64_t value = 0;

	check_status(hyp_vm_stat(&token, what, &value), CAISSON_OK, "VM_STAT");
	return value;
}

/* ---- running ------------------------------------------------------------------------------- */

static void prepare(uint32_t vcpu, const uint8_t *piece, uint64_t x0, uint64_t x1, uint64_t x2)
{
	struct vcpu_state *state = &run_page(vcpu)->state;

	check_status(hyp_vcpu_init(&token, vcpu, run_page(vcpu),
				   CODE_IPA + (uint64_t)(piece - guest_start), x0),
		     CAISSON_OK, "VCPU_INIT");
	check_status(hyp_vcpu_get(&token, vcpu), CAISSON_OK, "VCPU_GET");
	state->x[1] = x1;
	state->x[2] = x2;
	state->x[3] = vcpu * 384 + 64;
	state->x[9] = (uint64_t)vcpu << 56 | counter(CAISSON_STAT_RUNS) << 28;
	state->ttbr0_el1 = CODE_IPA + TABLE_OFFSET;
	state->tcr_el1 = TCR_39_BITS;
	state->mair_el1 = 0xff;
	state->sctlr_el1 = SCTLR_ON;
	check_status(hyp_vcpu_set(&token, vcpu), CAISSON_OK, "VCPU_SET");
}

/* The first vCPU, through the piece. */
static enum run_exit run(const uint8_t *piece, uint64_t x0, uint64_t x1, uint64_t x2)
{
	prepare(0, piece, x0, x1, x2);
	for (int i = 0; i < RUNS_MAX; i++) {
		check_status(hyp_vcpu_run(&token, 0), CAISSON_OK, "VCPU_RUN");
		if (run_page(0)->reason != RUN_EXIT_INTERRUPTED)
			return (enum run_exit)run_page(0)->reason;
	}
	fail("runs on for ever", (uint64_t)(piece - guest_start));
	return RUN_EXIT_ENDED;
}

static void done(const uint8_t *piece, uint64_t x0, uint64_t x1, uint64_t x2)
{
	enum run_exit reason = run(piece, x0, x1, x2);

	check(reason == RUN_EXIT_SMCCC, "ends with", (uint64_t)reason << 48 | run_page(0)->ipa);
}

static void store(uint64_t page, uint64_t value)
{
	done(guest_store, value, DATA_IPA + page * PAGE + 8, 0);
}

/* ---- one at a time --------------------------------------------------------------------------- */

static void start(void)
{
	uint64_t blocks;

	check_status(hyp_dirty_start(&token, DATA_IPA, BLOCKS, &blocks), CAISSON_OK, "DIRTY_START");
	check(blocks == BLOCKS, "blocks", blocks);
}

static void stop(void)
{
	check_status(hyp_dirty_stop(&token, DATA_IPA, BLOCKS), CAISSON_OK, "DIRTY_STOP");
}

static void read_bits(uint64_t *bits)
{
	check_status(hyp_dirty_read(&token, DATA_IPA, BLOCKS, bitmap()), CAISSON_OK, "DIRTY_READ");
	memcpy(bits, bitmap(), WORDS * 8);
}

/* Written were `count` pages from `first` on, and no other. */
static void check_written(uint64_t first, uint64_t count, const char *what)
{
	uint64_t bits[WORDS];

	read_bits(bits);
	for (uint64_t i = 0; i < PAGES; i++)
		check((bits[i / 64] >> (i % 64) & 1) == (i >= first && i - first < count), what, i);
}

static void get_memory(void)
{
	uint64_t entry = TABLE_ENTRY;

	memory = mmap(NULL, USES * BLOCK, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		fail("no huge pages", USES);
	memset(memory, 0, USES * BLOCK);
	memcpy(block(CODE), guest_start, (size_t)(guest_end - guest_start));
	memcpy(block(CODE) + TABLE_OFFSET, &entry, 8);
	entry |= MACHINE_RAM;
	memcpy(block(CODE) + TABLE_OFFSET + 8, &entry, 8);
	for (uint64_t i = 0; i < PAGES; i++) {
		uint32_t ret = RET;

		memcpy(block(DATA) + i * PAGE + RET_OFFSET, &ret, 4);
	}
}

static enum caisson_status share(uint32_t use, uint64_t ipa, uint64_t blocks, uint64_t rights)
{
	return hyp_mem_share(&management, vm, block(use), ipa, blocks, rights);
}

static void try_bad_arguments(void)
{
	uint64_t blocks;

	check_status(hyp_dirty_start(&token, DATA_IPA + PAGE, 1, &blocks), CAISSON_INVALID, "IPA");
	check_status(hyp_dirty_start(&token, DATA_IPA, 0, &blocks), CAISSON_INVALID, "no blocks");
	check_status(hyp_dirty_start(&token, HOLE_IPA, 1, &blocks), CAISSON_STATE, "no memory");
	check_status(hyp_dirty_start(&token, DATA_IPA, BLOCKS + 2, &blocks), CAISSON_STATE,
		     "beyond memory");
	check_status(hyp_dirty_start(&token, CAISSON_VM_IPA_BYTES, 1, &blocks), CAISSON_INVALID,
		     "large IPA");
	check_status(hyp_dirty_stop(&token, 0, UINT64_MAX / BLOCK + 2), CAISSON_INVALID, "stop");
	check_status(hyp_dirty_stop(&token, 0, CAISSON_VM_IPA_BYTES / BLOCK), CAISSON_OK,
		     "stop everything");
	check_status(hyp_dirty_read(&token, DATA_IPA, 1, bitmap()), CAISSON_STATE, "not tracked");
	check_status(hyp_dirty_read(&token, DATA_IPA, 65, bitmap()), CAISSON_INVALID, "too many");
	check_status(hyp_dirty_read(&token, DATA_IPA, 1, (uint8_t *)bitmap() + 4), CAISSON_INVALID,
		     "not aligned");
	check_status(hyp_dirty_read(&token, DATA_IPA, 2, (uint8_t *)bitmap() + PAGE - 64),
		     CAISSON_INVALID, "beyond the page");
	check_status(hyp_dirty_read(&token, DATA_IPA, 1, block(DATA)), CAISSON_FAULT,
		     "into other memory");
	check_status(hyp_dirty_read(&token, DATA_IPA, 1, NULL), CAISSON_FAULT, "nowhere");
}

static void try_pages(void)
{
	start();
	check_written(0, 0, "nothing was written");
	store(5, 1);
	check_written(5, 1, "the first write");
	check_written(0, 0, "read twice");
	store(5, 2);
	store(5, 3);
	check_written(5, 1, "written again");
	done(guest_load, 0, DATA_IPA + 6 * PAGE, 0);
	done(guest_call, 0, DATA_IPA + 6 * PAGE + RET_OFFSET, 0);
	done(guest_maintain, 0, DATA_IPA + 6 * PAGE, 0);
	check_written(0, 0, "loaded, fetched, maintained");
	store(6, 4);
	done(guest_call, 0, DATA_IPA + 7 * PAGE + RET_OFFSET, 0);
	check_status(hyp_mem_unexec(&token, DATA_IPA, 8), CAISSON_OK, "MEM_UNEXEC");
	done(guest_call, 0, DATA_IPA + 7 * PAGE + RET_OFFSET, 0);
	start();
	check_written(6, 1, "written, then made executable, and again");
	done(guest_store_pages, 5, DATA_IPA + 500 * PAGE + 8, 100);
	check_written(500, 100, "two blocks");
	store(700, 6);
	stop();
	store(701, 7);
	start();
	check_written(0, 0, "written before");
	store(701, 8);
	check_written(701, 1, "tracked again");
}

/* The block's rights, and whether it is there, change. */
static void try_rights(void)
{
	enum run_exit reason;

	store(9, 9);
	check_status(hyp_mem_map(&token, DATA_IPA, 1, CAISSON_MEM_READ_ONLY), CAISSON_OK,
		     "MEM_MAP read only");
	done(guest_load, 0, DATA_IPA, 0);
	reason = run(guest_store, 10, DATA_IPA + 9 * PAGE, 0);
	check(reason == RUN_EXIT_MMIO, "store to read only", reason);
	reason = run(guest_store, 10, DATA_IPA + 10 * PAGE, 0);
	check(reason == RUN_EXIT_MMIO, "store to read only", reason);
	check_written(9, 1, "read only");
	check_status(hyp_mem_unmap(&token, DATA_IPA, 1), CAISSON_OK, "MEM_UNMAP");
	reason = run(guest_store, 10, DATA_IPA + 11 * PAGE, 0);
	check(reason == RUN_EXIT_MMIO, "store to nothing", reason);
	check_status(hyp_mem_map(&token, DATA_IPA, 1, 0), CAISSON_OK, "MEM_MAP");
	check_written(0, 0, "not in the VM");
	store(12, 12);
	check_status(hyp_mem_unmap(&token, DATA_IPA, 1), CAISSON_OK, "MEM_UNMAP");
	check_written(12, 1, "not in the VM any more");
	check_status(hyp_mem_map(&token, DATA_IPA, 1, 0), CAISSON_OK, "MEM_MAP");
	store(13, 13);
	check_written(13, 1, "in the VM again");
}

static void try_taken(void)
{
	uint64_t blocks;

	store(512, 1);
	check_status(hyp_mem_reclaim(&management, vm, DATA_IPA + BLOCK, 1), CAISSON_OK,
		     "MEM_RECLAIM");
	check_status(hyp_dirty_read(&token, DATA_IPA + BLOCK, 1, bitmap()), CAISSON_STATE,
		     "taken back");
	check_status(share(DATA + 1, DATA_IPA + BLOCK, 1, 0), CAISSON_OK, "MEM_SHARE");
	check_status(hyp_dirty_read(&token, DATA_IPA + BLOCK, 1, bitmap()), CAISSON_STATE, "new");
	start();
	check_written(0, 0, "given again");
	store(512, 2);
	check_written(512, 1, "given again and written");

	check_status(share(FLASH, FLASH_IPA, 1, CAISSON_MEM_READ_ONLY), CAISSON_OK, "MEM_SHARE");
	check_status(hyp_dirty_start(&token, FLASH_IPA, 1, &blocks), CAISSON_OK, "flash");
	check_status(hyp_dirty_read(&token, FLASH_IPA, 1, bitmap()), CAISSON_OK, "flash");
	check(*(uint64_t *)bitmap() == 0, "flash was written", 0);
	check_status(hyp_dirty_stop(&token, FLASH_IPA, 1), CAISSON_OK, "flash");
	check_status(hyp_mem_lend(&management, vm, block(SPARE), HOLE_IPA, 1, 0), CAISSON_OK,
		     "MEM_LEND");
	check_status(hyp_dirty_start(&token, HOLE_IPA, 1, &blocks), CAISSON_OK, "lent memory");
	done(guest_store, 1, HOLE_IPA + 8, 0);
	check_status(hyp_dirty_read(&token, HOLE_IPA, 1, bitmap()), CAISSON_OK, "lent memory");
	check(*(uint64_t *)bitmap() == 1, "lent memory", *(uint64_t *)bitmap());
	check_status(hyp_mem_reclaim(&management, vm, HOLE_IPA, 1), CAISSON_OK, "MEM_RECLAIM");
	check(*(uint64_t *)(block(SPARE) + 8) == 0, "not zeroed", 0);
}

/* Tables come back to the VM's store, which has 512 pages. */
static void try_leak(void)
{
	for (int i = 0; i < LEAK; i++) {
		stop();
		start();
	}
	check_written(0, 0, "nothing was written");
	stop();
}

/* ---- all at once ----------------------------------------------------------------------------- */

static atomic_bool running;
static pthread_t thread[VCPUS_MAX + 1];

static void *run_vcpu(void *arg)
{
	uint32_t vcpu = (uint32_t)(uintptr_t)arg;

	while (atomic_load(&running)) {
		check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
		check(run_page(vcpu)->reason == RUN_EXIT_INTERRUPTED, "busy: exit",
		      (uint64_t)run_page(vcpu)->reason << 48 | run_page(vcpu)->ipa);
	}
	return NULL;
}

static void *take_exec(void *arg)
{
	/* Seldom: to make a block executable again may take 32,768 cache lines. */
	for (uint64_t i = 0; atomic_load(&running); i++) {
		check_status(hyp_mem_unexec(&token, DATA_IPA + i % BLOCKS * BLOCK, BLOCK),
			     CAISSON_OK, "MEM_UNEXEC");
		(void)usleep(10000);
	}
	return NULL;
}

static void go(void)
{
	atomic_store(&running, true);
	for (uintptr_t i = 0; i < vcpus; i++)
		check(pthread_create(&thread[i], NULL, run_vcpu, (void *)i) == 0, "thread", i);
	check(pthread_create(&thread[vcpus], NULL, take_exec, NULL) == 0, "thread", vcpus);
}

static void stand(void)
{
	atomic_store(&running, false);
	for (uint32_t i = 0; i <= vcpus; i++)
		(void)pthread_join(thread[i], NULL);
}

static const uint64_t *data_page(uint64_t i)
{
	return (const uint64_t *)(block(DATA) + i * PAGE);
}

/* Copies what was written. Returns how many pages. */
static uint64_t follow(void)
{
	uint64_t bits[WORDS], pages = 0;

	read_bits(bits);
	for (uint64_t i = 0; i < PAGES; i++) {
		if (bits[i / 64] >> (i % 64) & 1) {
			memcpy(&copy[i * PAGE / 8], data_page(i), PAGE);
			pages++;
		}
	}
	return pages;
}

/* Nothing runs, and follow() has. */
static void compare(void)
{
	for (uint64_t i = 0; i < PAGES; i++)
		check(memcmp(&copy[i * PAGE / 8], data_page(i), PAGE) == 0,
		      "a write was lost, page", i);
	check_written(0, 0, "written while nothing runs");
}

/*
 * From one stop to the next: exactly the pages that differ. But a vCPU that faulted may have been
 * stopped before it made the store.
 */
static void check_exact(void)
{
	uint64_t bits[WORDS], pages = 0, more = 0;

	go();
	for (int i = 0; i < PATIENCE && memcmp(copy, data_page(0), sizeof(copy)) == 0; i++)
		(void)usleep(1000);
	(void)usleep(20000);
	stand();
	read_bits(bits);
	for (uint64_t i = 0; i < PAGES; i++) {
		bool differs = memcmp(&copy[i * PAGE / 8], data_page(i), PAGE) != 0;
		bool told = bits[i / 64] >> (i % 64) & 1;

		check(told || !differs, "a write was not told of, page", i);
		more += told && !differs;
		pages += differs;
	}
	check(more <= vcpus, "pages that were not written", more);
	check(pages != 0, "nothing was written", 0);
	memcpy(copy, data_page(0), sizeof(copy));
}

/* Returns how many pages were told of. */
static uint64_t run_phase(uint64_t phase)
{
	uint64_t pages = 0;

	/* Fewer pages: each is written, told of and protected more often. */
	for (uint32_t i = 0; i < vcpus; i++)
		prepare(i, guest_busy, 88172645463325252 + i * 7919 + phase, DATA_IPA,
			phase % 3 == 0   ? PAGES - 1
			: phase % 3 == 1 ? 15
					 : 0x60f);
	go();
	start();
	memcpy(copy, data_page(0), sizeof(copy));
	for (int i = 0; i < STOPS; i++) {
		for (int n = 0; n < READS || (pages == 0 && n < PATIENCE); n++) {
			pages += follow();
			(void)usleep(1000);
		}
		stand();
		pages += follow();
		compare();
		check_exact();
		go();
	}
	check(pages != 0, "nothing was written", phase);
	stop();
	stand();
	return pages;
}

int main(int argc, char **argv)
{
	uint64_t faults, pages = 0;

	vcpus = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;
	if (vcpus < 1 || vcpus > VCPUS_MAX || hyp_open(&management) != ERR_OK)
		return 1;
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	get_memory();
	check_status(hyp_vm_create(&management, block(STORE), block(RUN_PAGES), vcpus, 0, 0, &vm,
				   &token),
		     CAISSON_OK, "VM_CREATE");
	check_status(share(CODE, CODE_IPA, 1, 0), CAISSON_OK, "MEM_SHARE");
	check_status(share(DATA, DATA_IPA, BLOCKS, 0), CAISSON_OK, "MEM_SHARE");
	try_bad_arguments();
	try_pages();
	try_rights();
	try_taken();
	try_leak();
	faults = counter(CAISSON_STAT_FAULT_DIRTY);
	for (uint64_t phase = 0; phase < PHASES; phase++)
		pages += run_phase(phase);
	faults = counter(CAISSON_STAT_FAULT_DIRTY) - faults;
	start(); /* and it ends so */
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
	for (uint64_t i = 0; i < BLOCK; i += 8)
		check(*(uint64_t *)(block(STORE) + i) == 0, "the store comes back", i);
	/* With the hardware's help: the first writes to a block that is not mapped. */
	printf("dirty: %llu pages noted by %s, ok\n", (unsigned long long)pages,
	       faults < pages / 8 ? "hardware" : "faults");
	return 0;
}
