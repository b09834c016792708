// SPDX-License-Identifier: BSD-2-Clause
/*
 * Code that is changed and run again, with and without mistakes in between, each in a page of its
 * own. "CASE name kind address" tells the checker's test what must be found there (kind "fine":
 * nothing). Bare, at EL1, on a CPU whose caches need all of it.
 */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/cpu.h"

#define PAGE_BYTES 4096
#define LINE_BYTES 64
#define SECOND     LINE_BYTES /* the function's last part, in the next line */
#define BEFORE     1
#define AFTER      2

#define INSN_MOV(n)      (0xd2800000u | (n) << 5)  /* mov x0, #n */
#define INSN_ADD(n)      (0x91000000u | (n) << 10) /* add x0, x0, #n */
#define INSN_BRANCH(off) (0x14000000u | (off) >> 2)
#define INSN_RET         0xd65f03c0u

uint64_t past_caches_read(const void *at);
void past_caches_write(void *at, uint64_t value);
uint64_t past_caches_call(const void *code);

static void dc_cvau(const void *at)
{
	__asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
}

static void dc_cvac(const void *at)
{
	__asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
}

static void dc_ivac(const void *at)
{
	__asm__ volatile("dc ivac, %0" ::"r"(at) : "memory");
}

static void ic_ivau(const void *at)
{
	__asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
}

static void ic_ialluis(void)
{
	__asm__ volatile("ic ialluis" ::: "memory");
}

static void dsb_ish(void)
{
	__asm__ volatile("dsb ish" ::: "memory");
}

static void dsb_ishst(void)
{
	__asm__ volatile("dsb ishst" ::: "memory");
}

/* A function in two lines that returns n + n. */
static void write_code(uint8_t *page, unsigned int n)
{
	volatile uint32_t *first = (volatile uint32_t *)page;
	volatile uint32_t *second = (volatile uint32_t *)(page + SECOND);

	first[0] = INSN_MOV(n);
	first[1] = INSN_BRANCH(SECOND - 4);
	second[0] = INSN_ADD(n);
	second[1] = INSN_RET;
}

static uint64_t call(const uint8_t *page)
{
	return ((uint64_t(*)(void))page)();
}

static void clean(const uint8_t *page)
{
	dc_cvau(page);
	dc_cvau(page + SECOND);
}

static void invalidate(const uint8_t *page)
{
	ic_ivau(page);
	ic_ivau(page + SECOND);
}

static void all_of_it(uint8_t *page)
{
	clean(page);
	dsb_ish();
	invalidate(page);
	dsb_ish();
	isb();
}

static void all_lines_at_once(uint8_t *page)
{
	clean(page);
	dsb_ish();
	ic_ialluis();
	dsb_ish();
	isb();
}

static void no_clean(uint8_t *page)
{
	invalidate(page);
	dsb_ish();
	isb();
}

static void no_invalidate(uint8_t *page)
{
	clean(page);
	dsb_ish();
	isb();
}

static void wrong_order(uint8_t *page)
{
	invalidate(page);
	dsb_ish();
	clean(page);
	dsb_ish();
	isb();
}

static void no_dsb_between(uint8_t *page)
{
	clean(page);
	invalidate(page);
	dsb_ish();
	isb();
}

static void weak_dsb_between(uint8_t *page)
{
	clean(page);
	dsb_ishst();
	invalidate(page);
	dsb_ish();
	isb();
}

static void no_dsb_after(uint8_t *page)
{
	clean(page);
	dsb_ish();
	invalidate(page);
	isb();
}

static void no_dsb_after_clean(uint8_t *page)
{
	clean(page);
	isb();
}

static void no_isb(uint8_t *page)
{
	clean(page);
	dsb_ish();
	invalidate(page);
	dsb_ish();
}

static void short_clean(uint8_t *page)
{
	dc_cvau(page);
	dsb_ish();
	invalidate(page);
	dsb_ish();
	isb();
}

static void short_invalidate(uint8_t *page)
{
	clean(page);
	dsb_ish();
	ic_ivau(page);
	dsb_ish();
	isb();
}

static const struct {
	const char *name, *kind;
	void (*maintain)(uint8_t *page);
} cases[] = {
	{"all-of-it", "fine", all_of_it},
	{"all-lines-at-once", "fine", all_lines_at_once},
	{"no-clean", "not-cleaned", no_clean},
	{"no-invalidate", "not-invalidated", no_invalidate},
	{"wrong-order", "invalidated-early", wrong_order},
	{"no-dsb-between", "invalidated-early", no_dsb_between},
	{"weak-dsb-between", "invalidated-early", weak_dsb_between},
	{"no-dsb-after", "invalidation-incomplete", no_dsb_after},
	{"no-dsb-after-clean", "clean-incomplete", no_dsb_after_clean},
	{"no-isb", "not-synchronised", no_isb},
	{"short-clean", "not-cleaned", short_clean},
	{"short-invalidate", "not-invalidated", short_invalidate},
};

static uint8_t code_pages[ARRAY_SIZE(cases)][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static uint8_t data_pages[8][PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

static void announce(const char *name, const char *kind, const void *page)
{
	print("CASE %s %s 0x%lx\n", name, kind, (uint64_t)page);
}

/* What runs is right in any case: QEMU has no caches. */
static void test_code(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		announce(cases[i].name, cases[i].kind, code_pages[i]);
		write_code(code_pages[i], BEFORE);
		all_of_it(code_pages[i]);
		CHECK_EQ(call(code_pages[i]), 2 * BEFORE);
		write_code(code_pages[i], AFTER);
		cases[i].maintain(code_pages[i]);
		CHECK_EQ(call(code_pages[i]), 2 * AFTER);
	}
}

static void test_past_caches(void)
{
	uint64_t *data;

	announce("read-poc", "fine", data_pages[0]);
	data = (uint64_t *)data_pages[0];
	*data = 5;
	dc_cvac(data);
	dsb_ish();
	CHECK_EQ(past_caches_read(data), 5);

	announce("read-pou", "read-past-caches", data_pages[1]);
	data = (uint64_t *)data_pages[1];
	*data = 6;
	dc_cvau(data);
	dsb_ish();
	CHECK_EQ(past_caches_read(data), 6);

	announce("call-poc", "fine", data_pages[2]);
	write_code(data_pages[2], AFTER);
	dc_cvac(data_pages[2]);
	dc_cvac(data_pages[2] + SECOND);
	all_of_it(data_pages[2]);
	CHECK_EQ(past_caches_call(data_pages[2]), 2 * AFTER);

	announce("call-pou", "fetch-past-caches", data_pages[3]);
	write_code(data_pages[3], AFTER);
	all_of_it(data_pages[3]);
	CHECK_EQ(past_caches_call(data_pages[3]), 2 * AFTER);

	announce("read-no-dsb", "read-past-caches", data_pages[4]);
	data = (uint64_t *)data_pages[4];
	*data = 7;
	dc_cvac(data);
	CHECK_EQ(past_caches_read(data), 7);

	announce("write-clean", "fine", data_pages[5]);
	past_caches_write(data_pages[5], 8);

	announce("write-dirty", "write-past-caches", data_pages[6]);
	data = (uint64_t *)data_pages[6];
	data[1] = 9;
	past_caches_write(data, 8);

	announce("discard", "discarded", data_pages[7]);
	data = (uint64_t *)data_pages[7];
	*data = 10;
	dc_ivac(data);
	dsb_ish();
}

void payload_main(void)
{
	static const struct test tests[] = {
		{"faults-code", test_code},
		{"faults-past-caches", test_past_caches},
	};

	cache_flush(data_pages, sizeof(data_pages)); /* zeroed with the MMU off, or loaded */
	check_run(tests, ARRAY_SIZE(tests));
}
