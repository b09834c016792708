// SPDX-License-Identifier: BSD-2-Clause
/*
 * The smallest VMM there can be, for the row world_switch: its VM stores to a device, it does
 * nothing and runs the VM again. On Caisson by hypercalls, elsewhere with KVM. Prints a line
 * "ROW world_switch minimum median", half of the way there and back.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/runpage.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define DEVICE     UINT64_C(0x0a000000)
#define SAMPLES    201
#define WARM_UP    16
#define READING    2 /* the guest's reading of the counter, of what it stores */
#define VCPU_RUNS  100000
#define PC_OF_CORE (offsetof(struct kvm_regs, regs.pc) / sizeof(uint32_t))
#define X0_OF_CORE (offsetof(struct kvm_regs, regs.regs[0]) / sizeof(uint32_t))

extern const uint8_t switch_guest[], switch_guest_end[];

/* One run of the vCPU: true when the guest has stored to the device. */
typedef bool run_fn(uint64_t *value);

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint8_t *allocate(size_t bytes, int flags)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_SHARED | MAP_POPULATE | flags, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	memset(memory, 0, bytes);
	return memory;
}

/* ---- Caisson ------------------------------------------------------------------------------ */

static struct hyp_token token;
static struct run_page *page;

static bool run_caisson(uint64_t *value)
{
	if (hyp_vcpu_run(&token, 0) != CAISSON_OK || page->reason == RUN_EXIT_FAULT)
		die("VCPU_RUN");
	*value = page->value;
	return page->reason == RUN_EXIT_MMIO;
}

static uint32_t start_caisson(const struct hyp_token *management)
{
	uint8_t *blocks = allocate(3UL * CAISSON_BLOCK_BYTES, MAP_HUGETLB);
	uint8_t *ram = blocks + 2UL * CAISSON_BLOCK_BYTES;
	uint32_t number;

	page = (void *)(blocks + CAISSON_BLOCK_BYTES);
	memcpy(ram, switch_guest, (size_t)(switch_guest_end - switch_guest));
	if (hyp_vm_create(management, blocks, page, 1, 0, 0, &number, &token) != CAISSON_OK ||
	    hyp_mem_share(management, number, ram, MACHINE_RAM, 1, 0) != CAISSON_OK ||
	    hyp_vcpu_init(&token, 0, page, MACHINE_RAM, DEVICE) != CAISSON_OK)
		die("VM_CREATE");
	return number;
}

/* ---- KVM ---------------------------------------------------------------------------------- */

static struct kvm_run *kvm_page;
static int kvm_vcpu;

static bool run_kvm(uint64_t *value)
{
	if (ioctl(kvm_vcpu, KVM_RUN, 0) != 0)
		die("KVM_RUN");
	memcpy(value, kvm_page->mmio.data, sizeof(*value));
	return kvm_page->exit_reason == KVM_EXIT_MMIO;
}

static void set_register(uint64_t core, uint64_t value)
{
	struct kvm_one_reg reg = {.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | core,
				  .addr = (uintptr_t)&value};

	if (ioctl(kvm_vcpu, KVM_SET_ONE_REG, &reg) != 0)
		die("KVM_SET_ONE_REG");
}

static void start_kvm(void)
{
	uint8_t *ram = allocate(CAISSON_BLOCK_BYTES, 0);
	struct kvm_userspace_memory_region region = {.guest_phys_addr = MACHINE_RAM,
						     .memory_size = CAISSON_BLOCK_BYTES,
						     .userspace_addr = (uintptr_t)ram};
	struct kvm_vcpu_init init;
	int kvm = open("/dev/kvm", O_RDWR);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	memcpy(ram, switch_guest, (size_t)(switch_guest_end - switch_guest));
	if (vm < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) != 0)
		die("KVM_CREATE_VM");
	kvm_vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (kvm_vcpu < 0 || ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init) != 0 ||
	    ioctl(kvm_vcpu, KVM_ARM_VCPU_INIT, &init) != 0)
		die("KVM_CREATE_VCPU");
	kvm_page = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
			MAP_SHARED, kvm_vcpu, 0);
	if (kvm_page == MAP_FAILED)
		die("mmap");
	set_register(PC_OF_CORE, MACHINE_RAM);
	set_register(X0_OF_CORE, DEVICE);
}

/* ------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(run_fn *run)
{
	uint64_t samples[SAMPLES], value;
	int stores = -WARM_UP;

	for (int runs = 0; stores < SAMPLES; runs++) {
		if (runs == VCPU_RUNS)
			die("the VM does not store");
		if (!run(&value))
			continue;
		if (stores >= 0)
			samples[stores] = (value - READING) / 2;
		stores++;
	}
	qsort(samples, SAMPLES, sizeof(samples[0]), compare);
	printf("ROW world_switch %llu %llu\n", (unsigned long long)samples[0],
	       (unsigned long long)samples[SAMPLES / 2]);
}

int main(void)
{
	struct hyp_token management;

	if (access("/dev/kvm", R_OK) == 0) {
		start_kvm();
		measure(run_kvm);
	} else if (hyp_open(&management) == ERR_OK) {
		uint32_t number = start_caisson(&management);

		measure(run_caisson);
		if (hyp_vm_destroy(&management, number) != CAISSON_OK)
			die("VM_DESTROY");
	}
	return 0;
}
