// SPDX-License-Identifier: BSD-2-Clause
/*
 * What it costs to know which memory a VM writes: a VM writes to pages, this program asks which.
 * Prints lines "ROW name minimum median", all for 1000 pages: dirty_read, none having been written,
 * dirty_read_all, and dirty_write, the guest's stores themselves. On Caisson only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/runpage.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define DEVICE  UINT64_C(0x0a000000)
#define BLOCKS  4 /* of data */
#define PAGES   (BLOCKS * CAISSON_BLOCK_BYTES / 4096)
#define SAMPLES 41
#define RUNS    100000
#define DATA    (MACHINE_RAM + CAISSON_BLOCK_BYTES)

extern const uint8_t dirty_guest[], dirty_guest_end[];

static struct hyp_token token;
static struct run_page *page;
static uint8_t *blocks; /* the store, run pages, code, data */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void must(enum caisson_status status, const char *what)
{
	if (status != CAISSON_OK)
		die(what);
}

static uint64_t now(void)
{
	uint64_t ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}

/* Instructions, where the counter counts them at 1 GHz; 1 ns each. */
static uint64_t scaled(uint64_t ticks)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return ticks * (UINT64_C(1000000000) / hz) * 1000 / PAGES;
}

static uint32_t start(const struct hyp_token *management)
{
	uint32_t number;
	uint64_t done;

	blocks = mmap(NULL, (3UL + BLOCKS) * CAISSON_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		      MAP_ANONYMOUS | MAP_SHARED | MAP_POPULATE | MAP_HUGETLB, -1, 0);
	if (blocks == MAP_FAILED)
		die("mmap");
	memset(blocks, 0, (3UL + BLOCKS) * CAISSON_BLOCK_BYTES);
	page = (void *)(blocks + CAISSON_BLOCK_BYTES);
	memcpy(blocks + 2UL * CAISSON_BLOCK_BYTES, dirty_guest,
	       (size_t)(dirty_guest_end - dirty_guest));
	must(hyp_vm_create(management, blocks, page, 1, 0, 0, &number, &token), "VM_CREATE");
	must(hyp_mem_share(management, number, blocks + 2UL * CAISSON_BLOCK_BYTES, MACHINE_RAM,
			   1 + BLOCKS, 0),
	     "MEM_SHARE");
	must(hyp_vcpu_init(&token, 0, page, MACHINE_RAM, DATA), "VCPU_INIT");
	must(hyp_vcpu_get(&token, 0), "VCPU_GET");
	page->state.x[1] = PAGES;
	page->state.x[2] = DEVICE;
	must(hyp_vcpu_set(&token, 0), "VCPU_SET");
	must(hyp_dirty_start(&token, DATA, BLOCKS, &done), "DIRTY_START");
	return number;
}

/* Until all pages have been written: what the guest says that took. */
static uint64_t write_all(void)
{
	for (int i = 0; i < RUNS; i++) {
		must(hyp_vcpu_run(&token, 0), "VCPU_RUN");
		if (page->reason == RUN_EXIT_MMIO)
			return page->value;
	}
	die("the VM does not store");
	return 0;
}

static uint64_t read_all(void)
{
	uint64_t begin = now();

	must(hyp_dirty_read(&token, DATA, BLOCKS, blocks + 2UL * CAISSON_BLOCK_BYTES - 4096),
	     "DIRTY_READ");
	return now() - begin;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void print(const char *name, uint64_t samples[SAMPLES])
{
	qsort(samples, SAMPLES, sizeof(samples[0]), compare);
	printf("ROW %s %llu %llu\n", name, (unsigned long long)scaled(samples[0]),
	       (unsigned long long)scaled(samples[SAMPLES / 2]));
}

int main(void)
{
	uint64_t none[SAMPLES], all[SAMPLES], writes[SAMPLES];
	struct hyp_token management;
	uint32_t number;

	if (access("/dev/kvm", R_OK) == 0 || hyp_open(&management) != ERR_OK)
		return 0;
	number = start(&management);
	(void)write_all();
	for (int i = 0; i < SAMPLES; i++) {
		(void)read_all();
		none[i] = read_all();
		writes[i] = write_all();
		all[i] = read_all();
	}
	print("dirty_read", none);
	print("dirty_read_all", all);
	print("dirty_write", writes);
	must(hyp_vm_destroy(&management, number), "VM_DESTROY");
	return 0;
}
