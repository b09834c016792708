/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/fdt.h"
#include "vmm/guestdt.h"

#define TREE_BYTES KIB(16)
#define NODES      128

static uint8_t tree[TREE_BYTES] __attribute__((aligned(8)));
static struct fdt_node nodes[NODES];
static struct fdt fdt;

static struct guestdt_config board(void)
{
	return (struct guestdt_config){
		.ram_bytes = MIB(512), .cpus = 18, .gic_version = 3, .virtio_slots = 3};
}

static void make(const struct guestdt_config *config)
{
	memset(tree, 0xa5, sizeof(tree));
	assert_int_equal(guestdt_write(config, tree, sizeof(tree)), ERR_OK);
	assert_int_equal(fdt_init(&fdt, tree, sizeof(tree), nodes, NODES), ERR_OK);
}

static uint32_t at(const char *path)
{
	return fdt_path(&fdt, path, strlen(path));
}

static uint64_t number(const char *path, const char *name)
{
	uint64_t value = 0;

	assert_int_not_equal(at(path), FDT_NONE);
	assert_true(fdt_prop_number(&fdt, at(path), name, &value));
	return value;
}

static struct fdt_region region(const char *path, uint32_t index)
{
	struct fdt_region r;

	assert_int_equal(fdt_reg(&fdt, at(path), index, &r), ERR_OK);
	return r;
}

/* Where QEMU's board "virt" has them. */
static void test_devices(void **unused)
{
	struct guestdt_config config = board();
	struct fdt_prop prop;

	make(&config);
	assert_int_equal(region("/memory@40000000", 0).base, 0x40000000);
	assert_int_equal(region("/memory@40000000", 0).bytes, MIB(512));
	assert_int_equal(region("/intc@8000000", 1).bytes, 18 * 0x20000);
	assert_int_equal(region("/pl011@9000000", 0).base, 0x09000000);
	assert_true(fdt_is_compatible(&fdt, at("/pl031@9010000"), "arm,pl031"));
	assert_int_equal(region("/pl031@9010000", 0).base, 0x09010000);
	assert_true(fdt_is_compatible(&fdt, at("/pl061@9030000"), "arm,pl061"));
	assert_true(fdt_prop(&fdt, at("/pl061@9030000"), "interrupts", &prop));
	assert_int_equal(fdt_prop_cell(&prop, 1), 7);
	assert_int_equal(number("/gpio-keys/poweroff", "linux,code"), 116);
	assert_true(fdt_prop(&fdt, at("/gpio-keys/poweroff"), "gpios", &prop));
	assert_int_equal(fdt_prop_cell(&prop, 0), number("/pl061@9030000", "phandle"));
	assert_int_equal(fdt_prop_cell(&prop, 1), 3);
	assert_int_equal(number("/cpus/cpu@101", "reg"), 0x101);
	assert_int_equal(region("/virtio_mmio@a000400", 0).base, 0x0a000400);
	assert_int_equal(at("/virtio_mmio@a000600"), FDT_NONE);
	assert_int_equal(at("/hypervisor"), FDT_NONE);
	assert_int_equal(at("/flash@0"), FDT_NONE);
	assert_int_equal(at("/fw-cfg@9020000"), FDT_NONE);
}

static void test_gicv2(void **unused)
{
	struct guestdt_config config = board();
	struct fdt_prop prop;

	config.cpus = 3;
	config.gic_version = 2;
	make(&config);
	assert_true(fdt_is_compatible(&fdt, at("/intc@8000000"), "arm,cortex-a15-gic"));
	assert_int_equal(region("/intc@8000000", 0).base, 0x08000000);
	assert_int_equal(region("/intc@8000000", 1).base, 0x08010000);
	assert_int_equal(region("/intc@8000000", 1).bytes, 0x10000);
	assert_true(fdt_prop(&fdt, at("/timer"), "interrupts", &prop));
	assert_int_equal(fdt_prop_cell(&prop, 8), 0x704); /* for CPUs 0 to 2, level */
}

static void test_firmware(void **unused)
{
	struct guestdt_config config = board();

	config.firmware = true;
	config.vmware = true;
	make(&config);
	assert_true(fdt_is_compatible(&fdt, at("/hypervisor"), "caisson,vmware-backdoor"));
	assert_true(fdt_is_compatible(&fdt, at("/flash@0"), "cfi-flash"));
	assert_int_equal(region("/flash@0", 0).base, 0);
	assert_int_equal(region("/flash@0", 1).base, MIB(64));
	assert_int_equal(region("/flash@0", 1).bytes, MIB(64));
	assert_int_equal(number("/flash@0", "bank-width"), 4);
	assert_true(fdt_is_compatible(&fdt, at("/fw-cfg@9020000"), "qemu,fw-cfg-mmio"));
}

/* What the guest is told of to keep time with. */
static void test_timer(void **unused)
{
	struct guestdt_config config = board();
	struct fdt_prop prop;
	uint64_t hz;

	make(&config);
	assert_true(fdt_prop(&fdt, at("/timer"), "interrupts", &prop));
	assert_int_equal(prop.bytes, 4 * 3 * 4);
	assert_false(fdt_prop_number(&fdt, at("/timer"), "clock-frequency", &hz));
	assert_int_equal(at("/timer@90c0000"), FDT_NONE);

	config.timer = GUESTDT_TIMER_MASKED;
	config.counter_hz = 62500000;
	make(&config);
	assert_int_equal(number("/timer", "clock-frequency"), 62500000);
	assert_true(fdt_prop(&fdt, at("/timer"), "interrupts", &prop));
	assert_int_equal(prop.bytes, 3 * 4);
	assert_int_equal(fdt_prop_cell(&prop, 1), 14);
	assert_true(fdt_prop(&fdt, at("/timer"), "interrupt-names", &prop));
	assert_int_equal(prop.bytes, sizeof("phys"));
	assert_memory_equal(prop.data, "phys", sizeof("phys"));

	config.timer = GUESTDT_TIMER_FRAME;
	make(&config);
	/* A path without an address names any, so there is no other. */
	assert_int_equal(at("/timer"), at("/timer@90c0000"));
	assert_true(fdt_is_compatible(&fdt, at("/timer"), "arm,armv7-timer-mem"));
	assert_int_equal(region("/timer@90c0000", 0).base, 0x090c0000);
	assert_int_equal(region("/timer@90c0000", 0).bytes, 0x1000);
	assert_int_equal(number("/timer@90c0000/frame@90d0000", "frame-number"), 0);
	assert_int_equal(region("/timer@90c0000/frame@90d0000", 0).base, 0x090d0000);
	assert_true(fdt_prop(&fdt, at("/timer@90c0000/frame@90d0000"), "interrupts", &prop));
	assert_int_equal(prop.bytes, 6 * 4);
	assert_int_equal(fdt_prop_cell(&prop, 0), 0);
	assert_int_equal(fdt_prop_cell(&prop, 1), 10);
	assert_int_equal(fdt_prop_cell(&prop, 2), 4);
	assert_int_equal(fdt_prop_cell(&prop, 4), 11);
}

/* All the room is the tree's, for who adds to it; the header's second word says so. */
static void test_room(void **unused)
{
	struct guestdt_config config = board();
	static const uint8_t total[] = {0, 0, TREE_BYTES >> 8, 0};
	uint8_t small[256] __attribute__((aligned(8)));

	make(&config);
	assert_memory_equal(tree + 4, total, sizeof(total));
	assert_int_equal(guestdt_write(&config, small, sizeof(small)), ERR_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),  cmocka_unit_test(test_gicv2),
		cmocka_unit_test(test_firmware), cmocka_unit_test(test_timer),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
