/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/acpi.h"
#include "lib/acpiw.h"
#include "tests/unit/acpi_build.h"
#include "tests/unit/prop.h"

#define BASE        0x7c000000
#define BYTES       0x10000
#define RSDP        (BASE + 0x20)
#define ROOT        (BASE + 0x100)
#define ROOT_BYTES  0x1000 /* set aside for it */
#define TABLES      (ROOT + ROOT_BYTES)
#define TABLE_BYTES 64

/* A machine's tables. */
struct tables {
	uint8_t *memory;
	struct acpi_window window;
	struct acpi acpi;
	const char *why;
	uint64_t next; /* where the next table goes */
	bool is_xsdt;
};

static uint8_t *at(const struct tables *t, uint64_t address)
{
	return t->memory + (address - BASE);
}

static void seal_rsdp(struct tables *t)
{
	uint8_t *p = at(t, RSDP);

	p[8] += acpi_sum(p, 20);
	if (p[15] >= 2 && acpi_field(p + 20, 4) < 256)
		p[32] += acpi_sum(p, acpi_field(p + 20, 4));
}

static void put_header(struct tables *t, uint64_t where, const char *signature, uint32_t bytes)
{
	uint8_t *table = build_table(signature, bytes);

	memcpy(at(t, where), table, bytes);
	free(table);
}

static void put_entry(struct tables *t, uint64_t address)
{
	uint8_t *root = at(t, ROOT);
	uint64_t bytes = acpi_field(root + 4, 4);
	unsigned int width = t->is_xsdt ? 8 : 4;

	acpi_put(root + bytes, address, width);
	acpi_put(root + 4, bytes + width, 4);
	build_seal(root);
}

/* One more table in the list; its address. */
static uint64_t put_table(struct tables *t, const char *signature)
{
	uint64_t where = t->next;

	put_header(t, where, signature, TABLE_BYTES);
	put_entry(t, where);
	t->next += TABLE_BYTES;
	return where;
}

static struct tables make(bool is_xsdt)
{
	struct tables t = {.memory = calloc(1, BYTES), .next = TABLES, .is_xsdt = is_xsdt};
	uint8_t *p = at(&t, RSDP);

	t.window = (struct acpi_window){BASE, BYTES, t.memory};
	memcpy(p, "RSD PTR ", 8);
	memcpy(p + 9, "OEMOEM", 6);
	p[15] = is_xsdt ? 2 : 0;
	acpi_put(p + (is_xsdt ? 24 : 16), ROOT, is_xsdt ? 8 : 4);
	if (is_xsdt)
		p[20] = ACPI_RSDP_BYTES;
	seal_rsdp(&t);
	put_header(&t, ROOT, is_xsdt ? "XSDT" : "RSDT", ACPI_HEADER_BYTES);
	return t;
}

static enum err open_tables(struct tables *t)
{
	return acpi_open(&t->acpi, &t->window, 1, RSDP, &t->why);
}

static enum err find(const struct tables *t, const char *signature, uint64_t *address)
{
	const struct acpi_table *table = NULL;
	enum err err = acpi_find(&t->acpi, signature, &table);

	*address = err == ERR_OK ? table->address : 0;
	return err;
}

static void test_walk(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct tables t = make(i != 0);
		uint64_t fadt = put_table(&t, "FACP");
		uint64_t madt = put_table(&t, "APIC");
		uint64_t found;

		assert_int_equal(open_tables(&t), ERR_OK);
		assert_int_equal(t.acpi.count, 2);
		assert_int_equal(t.acpi.rsdp_revision, i != 0 ? 2 : 0);
		assert_int_equal(find(&t, "APIC", &found), ERR_OK);
		assert_int_equal(found, madt);
		assert_int_equal(find(&t, "FACP", &found), ERR_OK);
		assert_int_equal(found, fadt);
		assert_int_equal(find(&t, "SPCR", &found), ERR_NOT_FOUND);
		free(t.memory);
	}
}

static void test_rsdp(void **state)
{
	struct tables t = make(true);
	uint8_t *p = at(&t, RSDP);

	assert_int_equal(acpi_open(&t.acpi, &t.window, 0, RSDP, &t.why), ERR_NOT_FOUND);
	assert_int_equal(acpi_open(&t.acpi, &t.window, 1, BASE - 1, &t.why), ERR_NOT_FOUND);
	assert_int_equal(acpi_open(&t.acpi, &t.window, 1, BASE + BYTES - 19, &t.why),
			 ERR_TRUNCATED);
	assert_int_equal(acpi_open(&t.acpi, &t.window, 1, RSDP + 1, &t.why), ERR_INVALID);
	assert_string_equal(t.why,
			    "there is no RSDP where firmware says, or its checksum is wrong");
	for (unsigned int i = 0; i < ACPI_RSDP_BYTES; i++) {
		p[i] ^= 0x40;
		assert_int_not_equal(open_tables(&t), ERR_OK);
		p[i] ^= 0x40;
	}
	acpi_put(p + 20, 35, 4);
	seal_rsdp(&t);
	assert_int_equal(open_tables(&t), ERR_TRUNCATED);
	acpi_put(p + 20, 0xffffffff, 4);
	p[32] = 0;
	assert_int_equal(open_tables(&t), ERR_TRUNCATED);
	acpi_put(p + 20, ACPI_RSDP_BYTES, 4);
	/* Revision 2, but only an RSDT. */
	acpi_put(p + 24, 0, 8);
	acpi_put(p + 16, ROOT, 4);
	memcpy(at(&t, ROOT), "RSDT", 4);
	build_seal(at(&t, ROOT));
	seal_rsdp(&t);
	t.is_xsdt = false;
	(void)put_table(&t, "APIC");
	assert_int_equal(open_tables(&t), ERR_OK);
	assert_int_equal(t.acpi.rsdp_revision, 1);
	assert_int_equal(t.acpi.count, 1);
	assert_int_equal(t.acpi.table[0].err, ERR_OK);
	free(t.memory);
}

static void test_root(void **state)
{
	struct tables t = make(true);
	uint8_t *p = at(&t, RSDP);
	uint8_t *root = at(&t, ROOT);

	acpi_put(p + 24, BASE + BYTES, 8);
	seal_rsdp(&t);
	assert_int_equal(open_tables(&t), ERR_NOT_FOUND);
	acpi_put(p + 24, BASE + BYTES - 35, 8);
	seal_rsdp(&t);
	assert_int_equal(open_tables(&t), ERR_TRUNCATED);
	acpi_put(p + 24, ROOT, 8);
	seal_rsdp(&t);
	root[9]++;
	assert_int_equal(open_tables(&t), ERR_INVALID);
	assert_string_equal(t.why,
			    "the XSDT's checksum is wrong, or it is longer than any machine's");
	root[9]--;
	memcpy(root, "RSDT", 4);
	build_seal(root);
	assert_int_equal(open_tables(&t), ERR_INVALID);
	assert_string_equal(t.why, "there is no XSDT where the RSDP says");
	memcpy(root, "XSDT", 4);
	acpi_put(root + 4, BYTES, 4);
	assert_int_equal(open_tables(&t), ERR_TRUNCATED);
	acpi_put(root + 4, 35, 4);
	assert_int_equal(open_tables(&t), ERR_TRUNCATED);
	/* Half an entry at the end is not one. */
	acpi_put(root + 4, ACPI_HEADER_BYTES + 7, 4);
	build_seal(root);
	assert_int_equal(open_tables(&t), ERR_OK);
	assert_int_equal(t.acpi.count, 0);
	free(t.memory);
}

/* Tables that are bad one by one do not hide the others. */
static void test_bad_tables(void **state)
{
	struct tables t = make(true);
	uint64_t fadt = put_table(&t, "FACP");
	uint64_t damaged = put_table(&t, "SPCR");
	uint64_t found;

	at(&t, damaged)[20]++;
	put_entry(&t, ROOT);             /* itself */
	put_entry(&t, RSDP);             /* no table, and before the window's tables */
	put_entry(&t, 0);                /* nowhere */
	put_entry(&t, UINT64_MAX);       /* the last byte there is */
	put_entry(&t, BASE + BYTES - 1); /* reaches out */
	put_entry(&t, fadt);             /* twice */
	put_entry(&t, fadt + 4);         /* overlaps, whatever it is */
	put_entry(&t, put_table(&t, "APIC"));

	assert_int_equal(open_tables(&t), ERR_OK);
	assert_int_equal(find(&t, "FACP", &found), ERR_OK);
	assert_int_equal(found, fadt);
	assert_int_equal(find(&t, "SPCR", &found), ERR_INVALID);
	assert_int_equal(find(&t, "XSDT", &found), ERR_OVERLAP);
	assert_int_equal(find(&t, "APIC", &found), ERR_OK);
	assert_int_equal(t.acpi.table[4].err, ERR_NOT_FOUND);
	assert_int_equal(t.acpi.table[5].err, ERR_NOT_FOUND);
	assert_int_equal(t.acpi.table[6].err, ERR_TRUNCATED);
	assert_int_equal(t.acpi.table[7].err, ERR_OVERLAP);
	assert_null(t.acpi.table[6].data);
	/* Two MADTs that differ. */
	found = put_table(&t, "APIC");
	at(&t, found)[40] = 1;
	build_seal(at(&t, found));
	assert_int_equal(open_tables(&t), ERR_OK);
	assert_int_equal(find(&t, "APIC", &found), ERR_OVERLAP);
	free(t.memory);
}

static void test_many(void **state)
{
	struct tables t = make(true);

	for (unsigned int i = 0; i < ACPI_MAX_TABLES + 3; i++)
		(void)put_table(&t, "SSDT");
	assert_int_equal(open_tables(&t), ERR_OK);
	assert_int_equal(t.acpi.count, ACPI_MAX_TABLES);
	assert_int_equal(t.acpi.beyond, 3);
	free(t.memory);
}

/* Any byte of the whole may be any other: nothing outside the window is read, and it ends. */
static void test_random(void **state)
{
	struct prop p = prop_start("acpi");

	for (unsigned int i = 0; i < 3000; i++) {
		struct tables t = make(prop_one_in(&p, 2));

		for (unsigned int k = 0; k < 4; k++)
			(void)put_table(&t, k == 0 ? "APIC" : "SSDT");
		for (uint64_t k = prop_below(&p, 4); k > 0; k--) {
			uint64_t where = prop_one_in(&p, 2) ? RSDP : ROOT;

			acpi_put(at(&t, where) + prop_below(&p, 80), prop_value(&p),
				 (unsigned int)prop_between(&p, 1, 8));
		}
		seal_rsdp(&t);
		if (acpi_field(at(&t, ROOT) + 4, 4) < ROOT_BYTES)
			build_seal(at(&t, ROOT));
		t.window.bytes = prop_between(&p, 0, BYTES);
		t.window.data = build_copy(t.memory, t.window.bytes);
		if (open_tables(&t) == ERR_OK) {
			for (uint32_t k = 0; k < t.acpi.count; k++) {
				const struct acpi_table *x = &t.acpi.table[k];

				assert_true(x->data == NULL || bits_contains(BASE, t.window.bytes,
									     x->address, x->bytes));
			}
		} else {
			assert_non_null(t.why);
		}
		free((void *)(uintptr_t)t.window.data);
		free(t.memory);
	}
}

/* ---- writing ---- */

#define OUT 0x12345000

/* A root over firmware's tables: replaced, left out, added, and read again. */
static void test_root_written(void **state)
{
	struct tables t = make(true);
	uint8_t *out = calloc(1, 4096);
	uint64_t fadt = put_table(&t, "FACP");
	uint64_t madt = put_table(&t, "APIC");
	struct acpi_window windows[2] = {t.window, {OUT, 4096, out}};
	struct acpiw_edit edit[] = {
		{.signature = "APIC"}, {.signature = "SSDT"}, {.signature = "STAO"}};
	const struct acpi_table *found;
	struct acpi again;
	struct acpiw w;
	size_t bytes;
	uint64_t rsdp;

	(void)put_table(&t, "SSDT");
	(void)put_table(&t, "SSDT");
	put_entry(&t, 0x1000); /* unreadable: not handed on */
	(void)put_table(&t, "APIC");
	assert_int_equal(open_tables(&t), ERR_OK);
	acpiw_init(&w, out, OUT, 4096);
	assert_int_equal(acpi_find(&t.acpi, "APIC", &found), ERR_OK);
	assert_int_equal(found->address, madt);
	acpiw_copy(&w, found);
	edit[0].address = acpiw_end(&w);
	edit[2].address = acpiw_stao(&w);
	rsdp = acpiw_root(&w, &t.acpi, edit, ARRAY_SIZE(edit));
	assert_int_equal(acpiw_finish(&w, &bytes), ERR_OK);
	assert_true(rsdp >= OUT && rsdp + ACPI_RSDP_BYTES == OUT + bytes && rsdp % 16 == 0);
	assert_int_equal(acpi_open(&again, windows, 2, rsdp, &t.why), ERR_OK);
	assert_int_equal(again.count, 3);
	assert_int_equal(again.table[0].address, fadt);
	assert_int_equal(again.table[1].address, OUT);
	assert_memory_equal(again.table[1].data, at(&t, madt), TABLE_BYTES);
	assert_memory_equal(again.table[2].data, "STAO", 4);
	assert_int_equal(again.table[2].data[36], 1);
	for (uint32_t i = 0; i < again.count; i++)
		assert_int_equal(again.table[i].err, ERR_OK);
	assert_memory_equal(again.root.data + 10, "OEMOEMTABLETAB", 14);
	free(out);
	free(t.memory);
}

/* From an RSDT, an XSDT is made; every room too small is told, and not left. */
static void test_root_room(void **state)
{
	struct tables t = make(false);
	struct acpiw_edit edit[] = {{.signature = "STAO"}};
	size_t needed = 0;

	(void)put_table(&t, "FACP");
	assert_int_equal(open_tables(&t), ERR_OK);
	for (size_t room = 0; room < 200; room++) {
		uint8_t *out = malloc(room + (room == 0));
		struct acpi_window windows[2] = {t.window, {OUT, room, out}};
		struct acpi again;
		struct acpiw w;
		size_t bytes;
		uint64_t rsdp;

		acpiw_init(&w, out, OUT, room);
		edit[0].address = acpiw_stao(&w);
		rsdp = acpiw_root(&w, &t.acpi, edit, 1);
		if (acpiw_finish(&w, &bytes) == ERR_OK) {
			needed = needed != 0 ? needed : room;
			assert_int_equal(bytes, needed);
			assert_int_equal(acpi_open(&again, windows, 2, rsdp, &t.why), ERR_OK);
			assert_int_equal(again.count, 2);
			assert_int_equal(again.table[1].err, ERR_OK);
		} else {
			assert_int_equal(needed, 0);
			assert_int_equal(bytes, 0);
		}
		free(out);
	}
	assert_int_not_equal(needed, 0);
	free(t.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),         cmocka_unit_test(test_rsdp),
		cmocka_unit_test(test_root),         cmocka_unit_test(test_bad_tables),
		cmocka_unit_test(test_many),         cmocka_unit_test(test_random),
		cmocka_unit_test(test_root_written), cmocka_unit_test(test_root_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
