/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fadt.h"
#include "lib/gtdt.h"
#include "tests/unit/acpi_build.h"

/* The FADT of QEMU 10.0's machine virt with UEFI (edk2 2022.11), as Linux shows it. */
static const uint8_t virt_fadt[] = {
	0x46, 0x41, 0x43, 0x50, 0x14, 0x01, 0x00, 0x00, 0x06, 0x7a, 0x42, 0x4f, 0x43, 0x48, 0x53,
	0x20, 0x42, 0x58, 0x50, 0x43, 0x20, 0x20, 0x20, 0x20, 0x01, 0x00, 0x00, 0x00, 0x42, 0x58,
	0x50, 0x43, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x75, 0x43, 0x7c, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x03, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x75, 0x43, 0x7c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x51, 0x45,
	0x4d, 0x55, 0x00, 0x00, 0x00, 0x00,
};

#define FLAGS      112
#define ARM_BOOT   129
#define FADT_BYTES 276

/* The real one with other flags. */
static enum err read_with(uint32_t flags, uint16_t arm, struct fadt *fadt)
{
	uint8_t *t = build_copy(virt_fadt, sizeof(virt_fadt));
	enum err err;

	acpi_put(t + FLAGS, flags, 4);
	acpi_put(t + ARM_BOOT, arm, 2);
	build_seal(t);
	err = fadt_read(t, sizeof(virt_fadt), fadt);
	free(t);
	return err;
}

static void test_read(void **state)
{
	struct bootcpu_psci psci;
	struct fadt fadt;

	assert_int_equal(fadt_read(virt_fadt, sizeof(virt_fadt), &fadt), ERR_OK);
	assert_false(fadt.headless);
	assert_true(fadt.hw_reduced && fadt.psci && fadt.hvc);
	fadt_psci(&fadt, &psci);
	assert_true(psci.present && psci.problem == NULL);
	assert_int_equal(psci.version, 2);
	assert_int_equal(psci.conduit, BOOTCPU_CONDUIT_HVC);
	assert_int_equal(read_with(BIT(12), 1, &fadt), ERR_OK);
	assert_true(fadt.headless && !fadt.hw_reduced && fadt.psci && !fadt.hvc);
	fadt_psci(&fadt, &psci);
	assert_int_equal(psci.conduit, BOOTCPU_CONDUIT_SMC);
	/* PSCI_USE_HVC without PSCI_COMPLIANT means nothing. */
	assert_int_equal(read_with(BIT(20), 2, &fadt), ERR_OK);
	assert_true(!fadt.psci);
	fadt_psci(&fadt, &psci);
	assert_true(!psci.present && psci.conduit == BOOTCPU_CONDUIT_NONE);
}

static void test_read_broken(void **state)
{
	struct fadt fadt;

	for (size_t bytes = 0; bytes < sizeof(virt_fadt); bytes++) {
		uint8_t *t = build_copy(virt_fadt, bytes);

		assert_int_equal(fadt_read(t, bytes, &fadt), ERR_TRUNCATED);
		assert_false(fadt.psci);
		if (bytes >= ACPI_HEADER_BYTES) {
			/* As long as it says, but not as long as it must be. */
			acpi_put(t + 4, bytes, 4);
			build_seal(t);
			assert_int_equal(fadt_read(t, bytes, &fadt),
					 bytes < FLAGS + 4 ? ERR_TRUNCATED : ERR_OK);
			assert_int_equal(fadt.psci, bytes >= ARM_BOOT + 2);
		}
		free(t);
	}
	for (size_t i = 0; i < sizeof(virt_fadt); i++) {
		uint8_t *t = build_copy(virt_fadt, sizeof(virt_fadt));

		t[i] ^= 0x10;
		assert_int_not_equal(fadt_read(t, sizeof(virt_fadt), &fadt), ERR_OK);
		free(t);
	}
}

/* Only the two flags and the checksum differ. */
static void test_write(void **state)
{
	const struct acpi_table table = {.data = virt_fadt, .bytes = sizeof(virt_fadt)};

	for (unsigned int i = 0; i < 4; i++) {
		bool psci = i & 1;
		bool hvc = i & 2;
		uint8_t out[FADT_BYTES];
		struct fadt fadt;
		struct acpiw w;
		size_t bytes;

		acpiw_init(&w, out, 0x2000, sizeof(out));
		assert_int_equal(fadt_write(&w, &table, psci, hvc), 0x2000);
		assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
		assert_int_equal(fadt_read(out, bytes, &fadt), ERR_OK);
		assert_int_equal(fadt.psci, psci);
		assert_int_equal(fadt.hvc, psci && hvc);
		out[9] = virt_fadt[9];
		out[ARM_BOOT] = virt_fadt[ARM_BOOT];
		assert_memory_equal(out, virt_fadt, sizeof(out));
	}
}

/* One from before ACPI 5.1. */
static void test_write_old(void **state)
{
	uint8_t old[ARM_BOOT];
	const struct acpi_table table = {.data = old, .bytes = sizeof(old)};
	uint8_t out[FADT_BYTES];
	struct acpiw w;
	size_t bytes;

	memcpy(old, virt_fadt, sizeof(old));
	acpi_put(old + 4, sizeof(old), 4);
	build_seal(old);
	acpiw_init(&w, out, 0x2000, sizeof(out));
	(void)fadt_write(&w, &table, false, false);
	assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
	assert_memory_equal(out, old, sizeof(old));
	acpiw_init(&w, out, 0x2000, sizeof(out));
	(void)fadt_write(&w, &table, true, false);
	assert_int_equal(acpiw_finish(&w, &bytes), ERR_UNSUPPORTED);
	acpiw_init(&w, out, 0x2000, sizeof(old) - 1);
	(void)fadt_write(&w, &table, false, false);
	assert_int_equal(acpiw_finish(&w, &bytes), ERR_NO_MEMORY);
}

static void test_gtdt(void **state)
{
	uint8_t *t = build_table("GTDT", 104);
	struct gtdt gtdt;

	acpi_put(t + 56, 30, 4);
	acpi_put(t + 64, 27, 4);
	acpi_put(t + 72, 26, 4);
	build_seal(t);
	assert_int_equal(gtdt_read(t, 104, &gtdt), ERR_OK);
	assert_int_equal(gtdt.phys_intid, 30);
	assert_int_equal(gtdt.virt_intid, 27);
	assert_int_equal(gtdt.hyp_intid, 26);
	acpi_put(t + 72, 0, 4);
	build_seal(t);
	assert_int_equal(gtdt_read(t, 104, &gtdt), ERR_OK);
	assert_int_equal(gtdt.hyp_intid, 0);
	for (unsigned int at = 56; at <= 72; at += 8) {
		uint32_t was = (uint32_t)acpi_field(t + at, 4);

		acpi_put(t + at, at & 8 ? 32 : 15, 4);
		build_seal(t);
		assert_int_equal(gtdt_read(t, 104, &gtdt), ERR_RANGE);
		assert_int_equal(gtdt.virt_intid, 0);
		acpi_put(t + at, was, 4);
	}
	build_seal(t);
	for (size_t bytes = 0; bytes < 104; bytes++)
		assert_int_equal(gtdt_read(t, bytes, &gtdt), ERR_TRUNCATED);
	acpi_put(t + 4, 95, 4);
	build_seal(t);
	assert_int_equal(gtdt_read(t, 104, &gtdt), ERR_TRUNCATED);
	t[0] = 'X';
	assert_int_equal(gtdt_read(t, 104, &gtdt), ERR_INVALID);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),  cmocka_unit_test(test_read_broken),
		cmocka_unit_test(test_write), cmocka_unit_test(test_write_old),
		cmocka_unit_test(test_gtdt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
