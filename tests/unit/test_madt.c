/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/madt.h"
#include "tests/unit/acpi_build.h"
#include "tests/unit/prop.h"

#define ENTRIES   44
#define BYTES_MAX 4096
#define CPUS_MAX  8
#define GICC      0x0b
#define BYTES_6_2 80

/* A MADT that grows entry by entry, and what reading it gives. */
struct test {
	uint8_t table[BYTES_MAX];
	uint32_t bytes;
	struct madt madt;
	struct bootcpu cpu[CPUS_MAX];
	struct bootcpu_list list;
	struct acpi_table view;
	const char *why;
};

static uint8_t *add(struct test *t, uint8_t type, uint8_t bytes)
{
	uint8_t *p = t->table + t->bytes;

	p[0] = type;
	p[1] = bytes;
	t->bytes += bytes;
	return p;
}

static uint8_t *add_cpu(struct test *t, uint64_t mpidr, uint32_t version, uint64_t mailbox)
{
	uint8_t *p = add(t, GICC, BYTES_6_2);

	acpi_put(p + 4, mpidr & 0xff, 4);
	acpi_put(p + 8, 100 + mpidr, 4);
	acpi_put(p + 12, 1, 4);
	acpi_put(p + 16, version, 4);
	acpi_put(p + 20, 23, 4);
	acpi_put(p + 24, mailbox, 8);
	acpi_put(p + 32, 0x8010000, 8);
	acpi_put(p + 40, 0x8040000, 8);
	acpi_put(p + 48, 0x8030000, 8);
	acpi_put(p + 56, 25, 4);
	acpi_put(p + 60, 0x80a0000 + 0x20000 * mpidr, 8);
	acpi_put(p + 68, mpidr, 8);
	return p;
}

static void add_gicd(struct test *t, uint64_t base, uint8_t version)
{
	uint8_t *p = add(t, 0x0c, 24);

	acpi_put(p + 8, base, 8);
	p[20] = version;
}

static void start(struct test *t)
{
	memset(t, 0, sizeof(*t));
	memcpy(t->table, "APIC", 4);
	t->table[8] = 4;
	t->bytes = ENTRIES;
	bootcpu_init(&t->list, t->cpu, CPUS_MAX);
}

static enum err read_madt(struct test *t, uint64_t own_mpidr)
{
	acpi_put(t->table + 4, t->bytes, 4);
	build_seal(t->table);
	t->view = (struct acpi_table){.data = t->table, .bytes = t->bytes};
	return madt_read(&t->madt, &t->view, own_mpidr, &t->list, &t->why);
}

static void test_parking(void **state)
{
	struct test t;

	start(&t);
	add_gicd(&t, 0x8000000, 2);
	add_cpu(&t, 0, 0, 0);
	add_cpu(&t, 1, 1, 0x40001000);
	add_cpu(&t, 0x100000102, 1, 0x40002000);
	assert_int_equal(read_madt(&t, 0), ERR_OK);
	assert_int_equal(t.madt.gicd, 0x8000000);
	assert_int_equal(t.madt.gic_version, 2);
	assert_int_equal(t.madt.gicc, 0x8010000);
	assert_int_equal(t.madt.gicv, 0x8040000);
	assert_int_equal(t.madt.gich, 0x8030000);
	assert_int_equal(t.madt.maintenance_intid, 25);
	assert_int_equal(t.list.count, 3);
	assert_int_equal(t.list.boot, 0);
	assert_int_equal(t.cpu[0].protocol, BOOTCPU_NONE);
	assert_non_null(t.cpu[0].problem); /* nobody needs to start it */
	assert_int_equal(t.cpu[1].protocol, BOOTCPU_PARKING);
	assert_int_equal(t.cpu[1].address, 0x40001000);
	assert_int_equal(t.cpu[1].parking_version, 1);
	assert_int_equal(t.cpu[1].uid, 101);
	assert_int_equal(t.cpu[1].gicr, 0x80c0000);
	assert_null(t.cpu[1].problem);
	assert_int_equal(t.cpu[2].mpidr, 0x100000102);
	assert_int_equal(t.cpu[2].interface, 2);
	assert_null(t.cpu[2].problem);
}

static void test_psci(void **state)
{
	struct test t;

	start(&t);
	t.list.psci = (struct bootcpu_psci){.present = true};
	add_cpu(&t, 0, 0, 0);
	add_cpu(&t, 1, 1, 0x40001000); /* PSCI goes first, as with Linux */
	assert_int_equal(read_madt(&t, 1), ERR_OK);
	assert_int_equal(t.cpu[0].protocol, BOOTCPU_PSCI);
	assert_int_equal(t.cpu[1].protocol, BOOTCPU_PSCI);
	assert_int_equal(t.cpu[1].address, 0);
	assert_null(t.cpu[0].problem);
	assert_int_equal(t.list.boot, 1);
	assert_int_equal(t.madt.gicd, 0);
}

static void test_problems(void **state)
{
	struct test t;
	uint8_t *p;

	start(&t);
	add_cpu(&t, 0, 0, 0);
	add_cpu(&t, 1, 1, 0x40001000);
	add_cpu(&t, 1, 1, 0x40002000);
	add_cpu(&t, 2, 1, 0x40001000);
	add_cpu(&t, 3, 1, 0x40003008);
	p = add_cpu(&t, 4, 1, 0x40004000);
	acpi_put(p + 68, 0x80000004, 8); /* as MPIDR_EL1 reads, with its bit 31 */
	p = add_cpu(&t, 5, 1, 0x40005000);
	p[12] = 8; /* online capable */
	p = add_cpu(&t, 6, 1, 0x40006000);
	p[1] = 40; /* an entry of ACPI 5.0 */
	t.bytes -= 40;
	add_cpu(&t, 7, 0, 0x40007000);
	assert_int_equal(read_madt(&t, 0x77), ERR_OK);
	assert_int_equal(t.list.boot, BOOTCPU_NOWHERE);
	assert_int_equal(t.list.count, 8);
	assert_int_equal(t.list.disabled, 1);
	assert_null(t.cpu[1].problem);
	assert_string_equal(t.cpu[2].problem, "an earlier CPU has the same MPIDR");
	assert_string_equal(t.cpu[3].problem, "an earlier CPU has the same mailbox");
	assert_string_equal(t.cpu[4].problem, "its mailbox is not at the start of a page");
	assert_string_equal(t.cpu[5].problem, "its MPIDR has bits that are no affinity");
	assert_int_equal(t.cpu[6].mpidr, BOOTCPU_NO_MPIDR);
	assert_string_equal(t.cpu[6].problem, "its entry is from before ACPI 5.1 and has no MPIDR");
	assert_string_equal(t.cpu[7].problem,
			    "neither PSCI nor a parking protocol is described for it");
}

/* Nobody can tell what a mailbox of another version looks like. */
static void test_version(void **state)
{
	struct test t;

	start(&t);
	add_cpu(&t, 0, 0, 0);
	add_cpu(&t, 1, 2, 0x40001000);
	add_cpu(&t, 2, 1, 0x40002000);
	assert_int_equal(read_madt(&t, 0), ERR_OK);
	assert_int_equal(t.cpu[1].protocol, BOOTCPU_PARKING);
	assert_string_equal(t.cpu[1].problem, "its mailbox is of a version that is not known");
	assert_null(t.cpu[2].problem);
}

static void test_gic(void **state)
{
	struct test t;
	uint8_t *p;

	start(&t);
	for (unsigned int i = 0; i < MADT_MAX_GICR; i++) {
		p = add(&t, 0x0e, 16);
		acpi_put(p + 4, 0x80a0000 + i * 0x1000000, 8);
		acpi_put(p + 12, 0xf60000, 4);
	}
	for (unsigned int i = 0; i < MADT_MAX_ITS; i++) {
		p = add(&t, 0x0f, 20);
		acpi_put(p + 8, 0x8080000 + i * 0x20000, 8);
	}
	add(&t, 0x0d, 24);
	add(&t, 0x7f, 2); /* of a type to come */
	add_gicd(&t, 0x8000000, 3);
	assert_int_equal(read_madt(&t, 0), ERR_OK);
	assert_int_equal(t.madt.gicr_count, MADT_MAX_GICR);
	assert_int_equal(t.madt.gicr[1].base, 0x90a0000);
	assert_int_equal(t.madt.gicr[1].bytes, 0xf60000);
	assert_int_equal(t.madt.its_count, MADT_MAX_ITS);
	assert_int_equal(t.madt.its[2], 0x80c0000);
	assert_int_equal(t.madt.msi_frame_count, 1);
	assert_int_equal(t.madt.gic_version, 3);
	add_gicd(&t, 0x8010000, 3);
	assert_int_equal(read_madt(&t, 0), ERR_INVALID);
	assert_string_equal(t.why, "the MADT has two GIC distributors");
	t.bytes -= 24;
	add(&t, 0x0f, 20);
	assert_int_equal(read_madt(&t, 0), ERR_NO_MEMORY);
	t.bytes -= 20;
	add(&t, 0x0e, 16);
	assert_int_equal(read_madt(&t, 0), ERR_NO_MEMORY);
	start(&t);
	p = add(&t, 0x0e, 16);
	acpi_put(p + 4, UINT64_MAX - 3, 8);
	p[12] = 4;
	assert_int_equal(read_madt(&t, 0), ERR_INVALID);
}

static void test_lengths(void **state)
{
	static const uint8_t types[] = {0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x7f};
	static const uint8_t least[] = {40, 24, 24, 16, 20, 2};
	struct test t;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		for (unsigned int bytes = 0; bytes < 90; bytes++) {
			start(&t);
			add(&t, types[i], (uint8_t)bytes);
			/* One byte alone is no entry either. */
			t.bytes += bytes == 0 ? 2 : bytes == 1 ? 1 : 0;
			assert_int_equal(read_madt(&t, 0),
					 bytes < least[i] ? ERR_TRUNCATED : ERR_OK);
			t.bytes--;
			assert_int_not_equal(read_madt(&t, 0), ERR_OK);
		}
	}
	start(&t);
	t.bytes = ENTRIES - 1;
	assert_int_equal(read_madt(&t, 0), ERR_TRUNCATED);
}

/* A million CPUs: as many as there is room for, and the one that runs, come what may. */
static void test_million(void **state)
{
	enum { CPUS = 1000000, BYTES = ENTRIES + 76 * CPUS };
	uint8_t *table = calloc(1, BYTES);
	struct acpi_table view = {.data = table, .bytes = BYTES};
	struct madt_use use[CPUS_MAX] = {{0}};
	struct test t;
	struct acpiw w;
	size_t bytes;
	uint8_t *out = malloc(BYTES);

	start(&t);
	memcpy(table, t.table, ENTRIES);
	acpi_put(table + 4, BYTES, 4);
	for (uint32_t i = 0; i < CPUS; i++) {
		uint8_t *p = table + ENTRIES + 76 * (size_t)i;

		p[0] = GICC;
		p[1] = 76;
		p[12] = 1;
		acpi_put(p + 68, i & 0xffffff, 8);
	}
	build_seal(table);
	t.list.psci.present = true;
	assert_int_equal(madt_read(&t.madt, &view, 999998, &t.list, &t.why), ERR_OK);
	assert_int_equal(t.list.count, CPUS_MAX);
	assert_int_equal(t.list.beyond, CPUS - CPUS_MAX);
	assert_int_equal(t.list.boot, CPUS_MAX - 1);
	assert_int_equal(t.cpu[CPUS_MAX - 1].mpidr, 999998);
	use[CPUS_MAX - 1].used = true;
	acpiw_init(&w, out, 0, BYTES);
	(void)madt_write(&w, &t.madt, &t.list, use, MADT_FOR_KERNEL);
	assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
	assert_int_equal(bytes, BYTES);
	bootcpu_init(&t.list, t.cpu, CPUS_MAX);
	view.data = out;
	assert_int_equal(madt_read(&t.madt, &view, 999998, &t.list, &t.why), ERR_OK);
	assert_int_equal(t.list.count, 1);
	assert_int_equal(t.list.boot, 0);
	assert_int_equal(t.list.disabled, CPUS - 1);
	free(out);
	free(table);
}

/* Which bytes of an entry may differ: flags, parking version, parked address. */
static bool may_differ(uint32_t at)
{
	return at == 12 || (at >= 16 && at < 20) || (at >= 24 && at < 32);
}

static void test_write_parking(void **state)
{
	static const struct madt_use use[] = {{true, 0}, {true, 0x5000}, {false, 0x6000}};
	uint8_t out[BYTES_MAX];
	struct test t;
	struct acpiw w;
	size_t bytes;

	start(&t);
	add_gicd(&t, 0x8000000, 3);
	add_cpu(&t, 0, 0, 0);
	add_cpu(&t, 3, 7, 0x7000)[12] = 8; /* is disabled, and must not stay online capable */
	add_cpu(&t, 1, 0, 0);
	add_cpu(&t, 2, 0, 0);
	t.list.psci.present = true;
	assert_int_equal(read_madt(&t, 0), ERR_OK);
	acpiw_init(&w, out, 0x1000, sizeof(out));
	assert_int_equal(madt_write(&w, &t.madt, &t.list, use, MADT_FOR_KERNEL), 0x1000);
	assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
	assert_int_equal(bytes, t.bytes);
	for (uint32_t i = 0; i < bytes; i++) {
		uint32_t in_entry = i < ENTRIES + 24 ? 0 : (i - ENTRIES - 24) % BYTES_6_2;

		assert_true(out[i] == t.table[i] || i == 9 || may_differ(in_entry));
	}
	assert_int_equal(out[ENTRIES + 24 + BYTES_6_2 + 12], 0);
	assert_int_equal(out[ENTRIES + 24 + BYTES_6_2 + 16], 0);
	memcpy(t.table, out, bytes);
	bootcpu_init(&t.list, t.cpu, CPUS_MAX);
	assert_int_equal(read_madt(&t, 0), ERR_OK);
	assert_int_equal(t.list.count, 2);
	assert_int_equal(t.list.disabled, 2);
	assert_int_equal(t.cpu[1].mpidr, 1);
	assert_int_equal(t.cpu[0].parking_version, 0);
	assert_int_equal(t.cpu[1].protocol, BOOTCPU_PARKING);
	assert_int_equal(t.cpu[1].address, 0x5000);
	assert_int_equal(t.cpu[1].parking_version, 1);
	assert_null(t.cpu[1].problem);
}

/* For a guest: PSCI, no ITS, no virtualisation. */
static void test_write_guest(void **state)
{
	static const struct madt_use use[] = {{true, 0}, {true, 0}};
	uint8_t out[BYTES_MAX];
	struct test t;
	struct acpiw w;
	size_t bytes;

	start(&t);
	add(&t, 0x0f, 20);
	add_gicd(&t, 0x8000000, 2);
	add_cpu(&t, 0, 1, 0x1000);
	add(&t, 0x0d, 24);
	add_cpu(&t, 1, 1, 0x2000);
	add(&t, 0x0e, 16)[12] = 1;
	assert_int_equal(read_madt(&t, 0), ERR_OK);
	acpiw_init(&w, out, 0x1000, sizeof(out));
	(void)madt_write(&w, &t.madt, &t.list, use, MADT_FOR_GUEST);
	assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
	assert_int_equal(bytes, t.bytes - 20 - 24);
	start(&t);
	memcpy(t.table, out, bytes);
	t.bytes = bytes;
	t.list.psci.present = true;
	assert_int_equal(read_madt(&t, 1), ERR_OK);
	assert_int_equal(t.madt.its_count + t.madt.msi_frame_count, 0);
	assert_int_equal(t.madt.gicr_count, 1);
	assert_int_equal(t.madt.gicd, 0x8000000);
	assert_int_equal(t.madt.gicc, 0x8010000);
	assert_int_equal(t.madt.gicv | t.madt.gich | t.madt.maintenance_intid, 0);
	assert_int_equal(t.list.count, 2);
	assert_int_equal(t.cpu[1].uid, 101);
	assert_int_equal(t.cpu[0].parking_version, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parking),     cmocka_unit_test(test_psci),
		cmocka_unit_test(test_version),     cmocka_unit_test(test_problems),
		cmocka_unit_test(test_gic),         cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_million),     cmocka_unit_test(test_write_parking),
		cmocka_unit_test(test_write_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
