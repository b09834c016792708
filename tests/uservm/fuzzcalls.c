// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random hypercalls from EL0, on several threads:
 *
 *	fuzzcalls manager SEED SECONDS THREADS
 *	fuzzcalls vm SEED SECONDS THREADS
 *
 * A manager makes all calls with the management token, tokens of VMs and wrong ones, on memory of
 *its own. With `vm` it has the token of one VM only, and then what is not that VM's must be as
 *before. Guests run whatever is in their memory, and run pages are written to while they run.
 *Afterwards every VM is ended and all memory is there. Who looks whether the hypervisor kept its
 *promises is its debug build. One line: ok, or what is wrong.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi/runpage.h"
#include "tests/guest/lib/rand.h"
#include "vmm/hyp.h"

#define BLOCKS      24
#define MAX_THREADS 8
#define MAX_TOKENS  CAISSON_MAX_VMS
#define MAX_LIVING  4
#define LAST_CALL   24
#define RAM         0x40000000
#define STATUSES    (CAISSON_UNKNOWN + 1)
/* With `vm`: blocks of the VM that attacks and of the one that is attacked, and nobody's. */
#define OWN_BLOCKS   8
#define OTHER_BLOCKS 8
#define PATTERN      0x5a17c0de5a17c0de

struct thread {
	pthread_t id;
	uint64_t seed;
	uint64_t calls;
	uint64_t count[LAST_CALL + 1][STATUSES];
	sigjmp_buf unreachable; /* memory that is not there any more was touched */
	volatile sig_atomic_t touching;
};

static uint8_t *arena; /* BLOCKS huge pages */
static struct hyp_token management;
static struct hyp_token tokens[MAX_TOKENS]; /* by VM number; racy on purpose */
static bool is_manager;
static uint32_t own_vm;
static int living; /* VMs; more than MAX_LIVING at a time would take all blocks as stores */
static double end_time;
static struct thread threads[MAX_THREADS];
static __thread struct thread *self;

static uint64_t below(uint64_t n)
{
	return rand_below(&self->seed, n);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* x0 to x7 in and out. */
static void call(uint64_t x[8])
{
	__asm__ volatile("mov	x8, %0\n\t"
			 "ldp	x0, x1, [x8]\n\t"
			 "ldp	x2, x3, [x8, #16]\n\t"
			 "ldp	x4, x5, [x8, #32]\n\t"
			 "ldp	x6, x7, [x8, #48]\n\t"
			 "mrs	xzr, mdccsr_el0\n\t"
			 "stp	x0, x1, [x8]\n\t"
			 "stp	x2, x3, [x8, #16]"
			 :
			 : "r"(x)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "memory", "cc");
}

/* ---- memory that may be gone ----------------------------------------------------------------- */

static void gone(int number)
{
	if (!self || !self->touching)
		_exit(99);
	siglongjmp(self->unreachable, 1);
}

/* False: it is not ours any more. */
static bool touch(uint8_t *at, uint64_t value)
{
	bool done = false;

	if (sigsetjmp(self->unreachable, 1) == 0) {
		self->touching = 1;
		*(volatile uint64_t *)at = value;
		done = true;
	}
	self->touching = 0;
	return done;
}

static uint8_t *block_at(uint64_t n)
{
	return arena + n * CAISSON_BLOCK_BYTES;
}

/* Random instructions and data for guests, and run pages as nobody should write them. */
static void scribble(void)
{
	uint64_t blocks = is_manager ? BLOCKS : OWN_BLOCKS;
	uint8_t *at =
		block_at(below(blocks)) + (below(CAISSON_BLOCK_BYTES / 8) & ~UINT64_C(511)) * 8;
	unsigned int n;

	if (below(2)) /* pages that VCPU_INIT likes */
		at = block_at(below(blocks)) + below(8) * 4096;
	for (n = 0; n < 64; n++) {
		if (!touch(at + 8 * below(512), below(3) ? rand_next(&self->seed) : below(4)))
			return;
	}
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static uint64_t any_number(void)
{
	return rand_odd(&self->seed, 40);
}

static uint64_t any_block(void)
{
	uint64_t blocks = is_manager ? BLOCKS : OWN_BLOCKS;

	return below(20) ? (uintptr_t)block_at(below(blocks)) : any_number();
}

static uint64_t any_page(void)
{
	return below(20) ? any_block() + below(8) * 4096 : any_block() + below(4096);
}

static uint64_t any_ipa(void)
{
	static const uint64_t bases[] = {RAM, RAM, RAM, RAM, 0, 0x8000000, 0xfffe00000};

	return below(20) ? bases[below(7)] + below(4) * CAISSON_BLOCK_BYTES : any_number();
}

static uint64_t any_count(void)
{
	return below(10) ? 1 + below(4) * below(2) : any_number();
}

static uint64_t any_vm(void)
{
	return below(10) ? below(3) : any_number();
}

static uint64_t any_vcpu(void)
{
	return below(10) ? below(3) : any_number();
}

/* A report that may be taken, wherever `at` is. Blocks that are scribbled on hold random ones. */
static void scribble_report(uint8_t *at)
{
	uint64_t offset = (uint64_t)(at - arena);

	if (offset % 8 == 0 && offset < (is_manager ? BLOCKS : OWN_BLOCKS) * CAISSON_BLOCK_BYTES &&
	    touch(at, sizeof(struct host_report) | below(2) * below(40) << 32))
		(void)touch(at + offsetof(struct host_report, message_serial), below(3));
}

/* Arguments x3 to x7 that the call may well like. */
static void arguments(uint64_t number, uint64_t x[8])
{
	unsigned int i;

	for (i = 3; i < 8; i++)
		x[i] = any_number();
	switch (number) {
	case CAISSON_CALL_VM_CREATE:
		x[3] = any_block();
		x[4] = 1 + below(3);
		x[6] = below(4) ? 0 : any_number();
		x[7] = below(8) ? (uintptr_t)block_at(3) : any_block();
		break;
	case CAISSON_CALL_VM_DESTROY:
		x[3] = any_vm();
		break;
	case CAISSON_CALL_MEM_SHARE:
	case CAISSON_CALL_MEM_LEND:
		x[3] = any_vm();
		x[4] = any_block();
		x[5] = any_ipa();
		x[6] = any_count();
		x[7] = below(10) ? below(2) : any_number();
		break;
	case CAISSON_CALL_MEM_DONATE:
		x[3] = any_vm();
		x[4] = any_block();
		break;
	case CAISSON_CALL_MEM_RECLAIM:
		x[3] = any_vm();
		x[4] = any_ipa();
		x[5] = any_count();
		break;
	case CAISSON_CALL_MEM_MAP:
	case CAISSON_CALL_MEM_UNMAP:
	case CAISSON_CALL_MEM_UNEXEC:
		x[3] = any_ipa();
		x[4] = below(2) ? any_count() : below(4 * CAISSON_BLOCK_BYTES);
		x[5] = below(10) ? below(2) : any_number();
		break;
	case CAISSON_CALL_VCPU_INIT:
		x[3] = any_vcpu();
		x[4] = below(4) ? (uintptr_t)block_at(3) + below(8) * 4096 : any_page();
		x[5] = (any_ipa() + below(4096)) & ~UINT64_C(3);
		break;
	case CAISSON_CALL_IRQ_SET:
		x[3] = 32 + below(230);
		x[4] = below(3);
		break;
	case CAISSON_CALL_LOG_READ:
		x[3] = below(2) ? below(10000) : any_number();
		x[4] = any_page();
		x[5] = below(4200);
		break;
	case CAISSON_CALL_VM_STAT:
		x[3] = below(CAISSON_STAT_COUNT + 2);
		break;
	case CAISSON_CALL_CONSOLE_ATTACH:
		x[3] = any_vm();
		x[4] = any_block();
		x[5] = below(4) ? 'a' + below(26) : rand_next(&self->seed);
		x[6] = below(4) ? 0 : rand_next(&self->seed);
		break;
	case CAISSON_CALL_CONSOLE_WRITE:
	case CAISSON_CALL_CONSOLE_READ:
		x[3] = below(8) ? (uintptr_t)block_at(3) + below(UINT64_C(8) * 4096) : any_page();
		x[4] = below(10) ? below(CAISSON_CONSOLE_BYTES + 2) : any_number();
		break;
	case CAISSON_CALL_HOST_REPORT:
		x[3] = any_page() & (below(10) ? ~UINT64_C(7) : ~UINT64_C(0));
		if (below(2))
			scribble_report((uint8_t *)x[3]);
		break;
	default:
		x[3] = any_vcpu();
	}
}

static struct hyp_token any_token(bool of_vm)
{
	struct hyp_token token = tokens[is_manager ? below(3) : own_vm];

	if (!of_vm)
		token = management;
	if (below(16) == 0)
		token = below(2) ? management : tokens[below(MAX_TOKENS)];
	if (below(32) == 0)
		token.half[below(2)] ^= UINT64_C(1) << below(64);
	return token;
}

static bool wants_vm_token(uint64_t number)
{
	switch (number) {
	case CAISSON_CALL_VCPU_INIT:
	case CAISSON_CALL_VCPU_RUN:
	case CAISSON_CALL_IRQ_SET:
	case CAISSON_CALL_MEM_MAP:
	case CAISSON_CALL_MEM_UNMAP:
	case CAISSON_CALL_MEM_UNEXEC:
	case CAISSON_CALL_VM_STAT:
	case CAISSON_CALL_VCPU_GET:
	case CAISSON_CALL_VCPU_SET:
	case CAISSON_CALL_CONSOLE_WRITE:
	case CAISSON_CALL_CONSOLE_READ:
		return true;
	default:
		return false;
	}
}

/* Makes the call, mostly to its end: after CONTINUE behind what is done. */
static void repeat(uint64_t number, uint64_t x[8])
{
	/* Where arguments are that move on with each block done: address, IPA; blocks left. */
	static const struct {
		uint8_t va, ipa, left;
	} moves[LAST_CALL + 1] = {
		[CAISSON_CALL_MEM_SHARE] = {4, 5, 6},   [CAISSON_CALL_MEM_LEND] = {4, 5, 6},
		[CAISSON_CALL_MEM_RECLAIM] = {0, 4, 5}, [CAISSON_CALL_MEM_MAP] = {0, 3, 4},
		[CAISSON_CALL_MEM_UNMAP] = {0, 3, 4},
	};
	uint64_t in[8], done;

	for (;;) {
		memcpy(in, x, sizeof(in));
		call(x);
		self->calls++;
		if (x[0] < STATUSES)
			self->count[number][x[0]]++;
		if (x[0] != CAISSON_CONTINUE || below(60) == 0)
			return;
		done = moves[number].ipa ? x[1] : 0;
		memcpy(x, in, sizeof(in));
		if (moves[number].va)
			x[moves[number].va] += done * CAISSON_BLOCK_BYTES;
		x[moves[number].ipa] += done * CAISSON_BLOCK_BYTES;
		x[moves[number].left] -= done;
	}
}

static void one_call(void)
{
	/* VMs live long enough to be worth it. */
	uint64_t number = below(8) ? below(LAST_CALL + 1) : CAISSON_CALL_VCPU_RUN;
	struct hyp_token token;
	uint64_t x[8];

	if (number == CAISSON_CALL_VM_CREATE ? living >= MAX_LIVING
					     : number == CAISSON_CALL_VM_DESTROY && below(6))
		return;
	token = any_token(wants_vm_token(number));
	arguments(number, x);
	x[0] = below(200) ? CAISSON_CALL(number)
			  : CAISSON_CALL(rand_next(&self->seed) & 0xffffffff);
	x[1] = token.half[0];
	x[2] = token.half[1];
	repeat(number, x);
	if (number == CAISSON_CALL_VM_CREATE && x[0] == CAISSON_OK && x[1] < MAX_TOKENS) {
		tokens[x[1]] = (struct hyp_token){{x[2], x[3]}};
		(void)__atomic_fetch_add(&living, 1, __ATOMIC_RELAXED);
	}
	if (number == CAISSON_CALL_VM_DESTROY && x[0] == CAISSON_OK)
		(void)__atomic_fetch_sub(&living, 1, __ATOMIC_RELAXED);
}

static void *run_thread(void *arg)
{
	self = arg;
	while (now() < end_time) {
		for (unsigned int i = 0; i < 50; i++)
			one_call();
		scribble();
	}
	return NULL;
}

/* ---- before and after -------------------------------------------------------------------------
 */

static int fail(const char *what, uint64_t number)
{
	printf("fuzzcalls: %s: %llx\n", what, (unsigned long long)number);
	return 1;
}

/* Gives n blocks from first to a new VM, whose store is the block before them. */
static enum caisson_status vm_make(uint64_t store, uint64_t first, uint64_t n, uint32_t *vm)
{
	struct hyp_token token;
	enum caisson_status status = hyp_vm_create(&management, block_at(store),
						   block_at(first + 3), 2, 0, 0, vm, &token);

	if (status != CAISSON_OK)
		return status;
	tokens[*vm] = token;
	return hyp_mem_share(&management, *vm, block_at(first), RAM, n, 0);
}

/* The last blocks have a pattern: half of those are another VM's. The last two are stores. */
static int set_up_vms(void)
{
	uint32_t other;
	enum caisson_status status;

	for (uint64_t i = OWN_BLOCKS; i < BLOCKS - 2; i++)
		for (uint64_t at = 0; at < CAISSON_BLOCK_BYTES; at += 8)
			*(uint64_t *)(block_at(i) + at) = PATTERN ^ at ^ i;
	status = vm_make(BLOCKS - 2, 0, 4, &own_vm);
	if (status == CAISSON_OK)
		status = hyp_console_attach(&management, own_vm, block_at(OWN_BLOCKS - 1), "fuzz");
	if (status == CAISSON_OK || status == CAISSON_BUSY) /* BUSY: the host shows no consoles */
		status = vm_make(BLOCKS - 1, OWN_BLOCKS, OTHER_BLOCKS, &other);
	if (status != CAISSON_OK)
		return fail("VM_CREATE, MEM_SHARE or CONSOLE_ATTACH", status);
	tokens[other] = (struct hyp_token){0}; /* not known to the one who attacks */
	management.half[0] ^= 1;
	return 0;
}

static int check_pattern(void)
{
	for (uint64_t i = OWN_BLOCKS; i < BLOCKS - 2; i++)
		for (uint64_t at = 0; at < CAISSON_BLOCK_BYTES; at += 8)
			if (*(uint64_t *)(block_at(i) + at) != (PATTERN ^ at ^ i))
				return fail("memory that is not the VM's has changed", i);
	return 0;
}

static int end_all(void)
{
	unsigned int ended = 0;

	for (uint32_t vm = 0; vm < CAISSON_MAX_VMS; vm++) {
		enum caisson_status status = hyp_vm_destroy(&management, vm);

		if (status == CAISSON_OK)
			ended++;
		else if (status != CAISSON_STATE)
			return fail("VM_DESTROY", status);
	}
	for (uint64_t i = 0; i < BLOCKS; i++)
		memset(block_at(i), 0xa5, CAISSON_BLOCK_BYTES);
	printf("fuzzcalls: %u VMs ended\n", ended);
	return 0;
}

static void report(unsigned int count)
{
	uint64_t calls = 0, sum;

	for (unsigned int i = 0; i < count; i++)
		calls += threads[i].calls;
	printf("fuzzcalls: %llu calls;", (unsigned long long)calls);
	for (unsigned int number = 0; number <= LAST_CALL; number++) {
		printf(" %u:", number);
		for (unsigned int status = 0; status < STATUSES; status++) {
			sum = 0;
			for (unsigned int i = 0; i < count; i++)
				sum += threads[i].count[number][status];
			printf("%s%llu", status ? "/" : "", (unsigned long long)sum);
		}
	}
	printf("\n");
}

static int run(uint64_t seed, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		threads[i].seed = seed + i * 0x1234567;
		if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) != 0)
			return fail("threads", i);
	}
	for (unsigned int i = 0; i < count; i++)
		(void)pthread_join(threads[i].id, NULL);
	report(count);
	if (!is_manager)
		management.half[0] ^= 1;
	return (is_manager ? 0 : check_pattern()) | end_all();
}

int main(int argc, char **argv)
{
	unsigned int count = argc == 5 ? (unsigned int)strtoul(argv[4], NULL, 0) : 0;
	struct sigaction action = {.sa_handler = gone, .sa_flags = SA_NODEFER};

	if (count < 1 || count > MAX_THREADS)
		return fail("arguments", (uint64_t)argc);
	is_manager = strcmp(argv[1], "manager") == 0;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	printf("fuzzcalls: seed %s\n", argv[2]);
	(void)sigaction(SIGBUS, &action, NULL);
	(void)sigaction(SIGSEGV, &action, NULL);
	arena = mmap(NULL, BLOCKS * CAISSON_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (arena == MAP_FAILED)
		return fail("no huge pages", BLOCKS);
	if (hyp_open(&management) != ERR_OK)
		return 1;
	memset(arena, 0, BLOCKS * CAISSON_BLOCK_BYTES);
	if (!is_manager && set_up_vms() != 0)
		return 1;
	end_time = now() + strtod(argv[3], NULL);
	if (run(strtoull(argv[2], NULL, 0), count) != 0)
		return 1;
	puts("fuzzcalls: ok");
	return 0;
}
