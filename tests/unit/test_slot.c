/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which run of a vCPU has to flush what its CPU has cached. That the flush is then done no emulated
 * machine shows: QEMU flushes all of a guest's translations at each change of VTTBR_EL2.VMID, and
 * between two vCPUs of a VM the service VM's is loaded.
 */
#include "tests/unit/unit.h"

#include "hyp/vm/slot.h"

#define VCPUS 3

static struct slot slot;
static struct uvcpu vcpus[VCPUS];

static int start(void **state)
{
	uint32_t i;

	slot = (struct slot){0};
	for (i = 0; i < VCPUS; i++)
		vcpus[i] = (struct uvcpu){.vcpu.index = i, .runs_on = VCPU_NOWHERE};
	return 0;
}

static bool run(uint32_t vcpu, uint32_t cpu)
{
	bool flush = slot_take(&slot, &vcpus[vcpu], cpu);

	assert_int_equal(vcpus[vcpu].runs_on, cpu);
	assert_int_equal(slot.running, 1);
	vcpus[vcpu].runs_on = VCPU_NOWHERE;
	slot.running--;
	return flush;
}

static void test_flush(void **state)
{
	assert_false(run(0, 0)); /* nothing of this VM is there */
	assert_false(run(0, 0)); /* only what is its own */
	assert_true(run(2, 0));
	assert_false(run(2, 0));
	assert_false(run(2, 1)); /* it moved to where none was */
	assert_true(run(0, 0));  /* another was here since */
	assert_true(run(1, 1));
	assert_false(run(0, 0)); /* what goes on elsewhere does not matter */
	assert_true(run(2, 1));  /* it was here before, but not last */
	assert_false(run(1, BOOT_MAX_CPUS - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_flush, start)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
