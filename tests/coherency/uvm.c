// SPDX-License-Identifier: BSD-2-Clause
/*
 * A VMM as small as can be, at EL1 in the service VM's place: one user VM, whose memory is written
 * before the VM gets it, after that, and while the VM lives. What EL2 has to do for caches is all
 * in there, within a second, for the incoherence checker to watch.
 */
#include "abi/hypercall.h"
#include "abi/runpage.h"
#include "tests/coherency/uvm.h"
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"

#define LINE_BYTES 64
#define WORD       UINT64_C(0x5ca1ab1e0ddba11)
#define BLOCKS     4
#define AFTER      0x200

struct call {
	uint64_t x[8];
};

extern uint8_t guest_first[], guest_first_end[], guest_second[], guest_second_end[];
extern void *memcpy(void *to, const void *from, size_t bytes);
extern void *memset(void *to, int value, size_t bytes);

static uint64_t management[2], token[2];
static uint64_t vm;
static uint8_t *store, *first, *second; /* a block each */
static struct run_page *run_page;       /* has one, too */

static uint64_t call(struct call *c, uint32_t number, const uint64_t t[2])
{
	register uint64_t x0 __asm__("x0") = CAISSON_CALL(number);
	register uint64_t x1 __asm__("x1");
	register uint64_t x2 __asm__("x2");
	register uint64_t x3 __asm__("x3");
	register uint64_t x4 __asm__("x4");
	register uint64_t x5 __asm__("x5");
	register uint64_t x6 __asm__("x6");
	register uint64_t x7 __asm__("x7");

	x1 = t[0];
	x2 = t[1];
	x3 = c->x[3];
	x4 = c->x[4];
	x5 = c->x[5];
	x6 = c->x[6];
	x7 = c->x[7];

	__asm__ volatile("mrs xzr, mdccsr_el0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 : "r"(x4), "r"(x5), "r"(x6), "r"(x7)
			 : "memory");
	c->x[1] = x1;
	c->x[2] = x2;
	c->x[3] = x3;
	return x0;
}

static void clean_poc(const void *at, uint64_t bytes)
{
	uint64_t p = (uint64_t)at & ~(uint64_t)(LINE_BYTES - 1);

	for (; p < (uint64_t)at + bytes; p += LINE_BYTES)
		__asm__ volatile("dc cvac, %0" ::"r"(p) : "memory");
	dsb();
}

/* Four blocks of memory that nothing else is in: the last of the largest piece. */
static bool blocks_find(void)
{
	struct dt_range ram[DT_MAX_RAM];
	unsigned int count = dt_ram(ram, DT_MAX_RAM), i, largest = 0;
	uint64_t at;

	for (i = 1; i < count; i++)
		if (ram[i].bytes > ram[largest].bytes)
			largest = i;
	if (!count || ram[largest].bytes < (BLOCKS + 1) * CAISSON_BLOCK_BYTES)
		return false;
	at = (ram[largest].base + ram[largest].bytes) & ~(uint64_t)(CAISSON_BLOCK_BYTES - 1);
	store = (uint8_t *)(at - CAISSON_BLOCK_BYTES);
	first = store - CAISSON_BLOCK_BYTES;
	second = first - CAISSON_BLOCK_BYTES;
	run_page = (struct run_page *)(second - CAISSON_BLOCK_BYTES);
	memset(run_page, 0, sizeof(*run_page));
	return true;
}

static bool token_find(void)
{
	struct dt_node node;
	const void *bytes;
	uint32_t length;

	if (!dt_find_path("/caisson", &node))
		return false;
	bytes = dt_prop(&node, CAISSON_TOKEN_PROPERTY, &length);
	if (!bytes || length != sizeof(management))
		return false;
	memcpy(management, bytes, sizeof(management));
	return true;
}

static uint64_t share(const uint8_t *block, uint64_t ipa)
{
	struct call c;
	uint64_t status;

	do {
		c = (struct call){.x = {[3] = vm, [4] = (uint64_t)block, [5] = ipa, [6] = 1}};
		status = call(&c, CAISSON_CALL_MEM_SHARE, management);
	} while (status == CAISSON_CONTINUE && c.x[1] == 0);
	return status;
}

static void make(void)
{
	struct call c = {.x = {[4] = 1}};
	uint64_t i;

	CHECK(token_find());
	if (!CHECK(blocks_find()))
		return;
	/* As after long use: every line of the blocks is in a data cache, and not in memory. */
	for (i = 0; i < CAISSON_BLOCK_BYTES; i += LINE_BYTES) {
		*(volatile uint64_t *)(first + i) = 0;
		*(volatile uint64_t *)(second + i) = 0;
	}
	memcpy(first, guest_first, (size_t)(guest_first_end - guest_first));
	*(volatile uint64_t *)(first + CAISSON_BLOCK_BYTES - 8) = WORD;
	c.x[3] = (uint64_t)store;
	c.x[7] = (uint64_t)run_page;
	CHECK_EQ(call(&c, CAISSON_CALL_VM_CREATE, management), CAISSON_OK);
	vm = c.x[1];
	token[0] = c.x[2];
	token[1] = c.x[3];
	CHECK_EQ(share(first, GUEST_FIRST_IPA), CAISSON_OK);
	CHECK_EQ(share(second, GUEST_SECOND_IPA & ~(uint64_t)(CAISSON_BLOCK_BYTES - 1)),
		 CAISSON_OK);
	c = (struct call){.x = {[4] = (uint64_t)run_page,
				[5] = GUEST_FIRST_IPA,
				[6] = GUEST_FIRST_IPA + CAISSON_BLOCK_BYTES - 8}};
	CHECK_EQ(call(&c, CAISSON_CALL_VCPU_INIT, token), CAISSON_OK);
}

static uint8_t *second_code(void)
{
	return second + (GUEST_SECOND_IPA & (CAISSON_BLOCK_BYTES - 1));
}

/* Runs it to its next call, which has two results. */
static void run(uint64_t result)
{
	unsigned int tries = 1000;
	struct call c;

	do {
		c = (struct call){0};
		if (!CHECK_EQ(call(&c, CAISSON_CALL_VCPU_RUN, token), CAISSON_OK))
			return;
	} while (run_page->reason == RUN_EXIT_INTERRUPTED && --tries);
	if (!CHECK_EQ(run_page->reason, RUN_EXIT_SMCCC)) {
		CHECK_SHOW(false, run_page->pc, run_page->esr);
		return;
	}
	CHECK_EQ(run_page->args[0], GUEST_CALL);
	CHECK_EQ(run_page->args[1], result);
	CHECK_EQ(run_page->args[2], WORD);
}

/* What was in the memory when the VM got it, seen past the caches; then what came later. */
static void test_first_fetch(void)
{
	make();
	memcpy(second_code(), guest_second, (size_t)(guest_second_end - guest_second));
	run(GUEST_BEFORE + GUEST_ADDS);
}

static uint64_t unexec(void)
{
	struct call c = {.x = {[3] = GUEST_SECOND_IPA, [4] = LINE_BYTES}};

	return call(&c, CAISSON_CALL_MEM_UNEXEC, token);
}

/* The VMM changes code that the guest has run. */
static void test_changed_behind_its_back(void)
{
	volatile uint32_t *code = (volatile uint32_t *)second_code();

	CHECK_EQ(unexec(), CAISSON_OK);
	*code = (*code & ~0x1fffe0u) | AFTER << 5;
	clean_poc(second_code(), sizeof(*code));
	CHECK_EQ(unexec(), CAISSON_OK);
	run(AFTER + GUEST_ADDS);
}

static void test_end(void)
{
	struct call c;
	uint64_t status;

	do {
		c = (struct call){.x = {[3] = vm}};
		status = call(&c, CAISSON_CALL_VM_DESTROY, management);
	} while (status == CAISSON_CONTINUE);
	CHECK_EQ(status, CAISSON_OK);
}

void payload_main(void)
{
	static const struct test tests[] = {
		{"uvm-first-fetch", test_first_fetch},
		{"uvm-changed-behind-its-back", test_changed_behind_its_back},
		{"uvm-end", test_end},
	};

	check_run(tests, ARRAY_SIZE(tests));
}
