// SPDX-License-Identifier: BSD-2-Clause
/* All memory that the device tree offers is there, writable, and only once. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/exc.h"

#define STEP       UINT64_C(0x200000)
#define PAGE_BYTES UINT64_C(4096)
#define PATTERN    UINT64_C(0x5ca1ab1e00000000)

static struct dt_range ram[DT_MAX_RAM];
static unsigned int ram_count;

extern char image_head[];

/* Is [addr, addr + 8) free to overwrite: not this program, not the device tree? */
static bool writable(uint64_t addr)
{
	uint64_t from = (uint64_t)image_head, to = (uint64_t)image_end;

	if (addr + 8 > from && addr < to)
		return false;
	return addr + 8 <= guest_dtb || addr >= guest_dtb + STEP;
}

static void test_present(void)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < ram_count; i++) {
		total += ram[i].bytes;
		CHECK_SHOW(ram[i].base % PAGE_BYTES == 0 && ram[i].bytes % PAGE_BYTES == 0,
			   ram[i].base, ram[i].bytes);
		if (i)
			CHECK(ram[i - 1].base + ram[i - 1].bytes <= ram[i].base);
	}
	CHECK_SHOW(total >= 64 << 20, 64 << 20, total);
	print("INFO memory %lu MiB in %u ranges\n", total >> 20, ram_count);
}

/* Calls fn for one word of each 2 MiB block, and for the first and last word of each range. */
static void each_block(void (*fn)(uint64_t addr))
{
	uint64_t addr, end;
	unsigned int i;

	for (i = 0; i < ram_count; i++) {
		end = ram[i].base + ram[i].bytes;
		for (addr = ram[i].base; addr < end; addr = (addr & ~(STEP - 1)) + STEP) {
			uint64_t at = addr + (addr >> 21) % 500 * 8;

			if (at + 8 <= end && writable(at))
				fn(at);
		}
		if (writable(end - 8))
			fn(end - 8);
	}
}

static void block_write(uint64_t addr)
{
	struct fault fault = fault_of(*(volatile uint64_t *)addr = PATTERN ^ addr);

	CHECK_SHOW(fault.count == 0, addr, fault.esr);
}

static void block_read(uint64_t addr)
{
	CHECK_SHOW(*(volatile uint64_t *)addr == (PATTERN ^ addr), addr,
		   *(volatile uint64_t *)addr);
}

static void test_distinct(void)
{
	each_block(block_write);
	each_block(block_read);
}

/* The same with the MMU off: what the guest writes past its caches is the same memory. */
static void test_mmu_off(void)
{
	uint64_t at = (uint64_t)image_end;

	*(volatile uint64_t *)at = PATTERN;
	cache_flush((void *)at, 8);
	mmu_disable();
	CHECK_EQ(*(volatile uint64_t *)at, PATTERN);
	*(volatile uint64_t *)at = ~PATTERN;
	mmu_enable();
	CHECK_EQ(*(volatile uint64_t *)at, ~PATTERN);
}

/* Code written to memory runs after the maintenance that the architecture asks for. */
static void test_execute(void)
{
	static const uint32_t code[] = {0xd2800540, 0xd65f03c0}; /* mov x0, #42; ret */
	uint64_t at = ((uint64_t)image_end + STEP) & ~(STEP - 1), (*fn)(void);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		*(volatile uint32_t *)at = code[0] + (i << 5);
		*(volatile uint32_t *)(at + 4) = code[1];
		cache_flush((void *)at, 8);
		__asm__ volatile("ic iallu\n\tdsb sy\n\tisb" ::: "memory");
		fn = (uint64_t(*)(void))at;
		CHECK_EQ(fn(), 42 + i);
	}
}

static const struct test tests[] = {
	{"memory-present", test_present},
	{"memory-distinct", test_distinct},
	{"memory-mmu-off", test_mmu_off},
	{"memory-execute", test_execute},
};

void payload_main(void)
{
	ram_count = dt_ram(ram, DT_MAX_RAM);
	check_run(tests, ARRAY_SIZE(tests));
}
