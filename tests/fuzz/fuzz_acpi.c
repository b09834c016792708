/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/acpi.h"
#include "lib/guestacpi.h"
#include "lib/spcr.h"

#define BASE        0x10000
#define ROOT        (BASE + 0x30) /* behind the RSDP */
#define ENTRIES_MAX 8
#define CPUS_MAX    4
#define OUT         0x40000000

/* Makes a checksum right where the table is within the memory. */
static void seal(uint8_t *memory, size_t bytes, uint64_t address)
{
	uint64_t length;

	if (!bits_contains(BASE, bytes, address, ACPI_HEADER_BYTES))
		return;

	uint8_t *table = memory + (address - BASE);

	length = acpi_field(table + 4, 4);
	if (length >= ACPI_HEADER_BYTES && bits_contains(BASE, bytes, address, length))
		table[9] += acpi_sum(table, length);
}

/*
 * Memory with an RSDP and the root's header, which the fuzzer need not find out; their fields can
 * be spoilt by `flips`. All tables' checksums are put right, or few would be looked at.
 */
static uint8_t *make_memory(struct fuzz_input *in, size_t *bytes)
{
	uint8_t kind = (uint8_t)fuzz_take(in, 1);
	bool is_xsdt = kind & 1;
	uint64_t root = kind & 2 ? BASE + fuzz_take(in, 2) : ROOT;
	uint8_t *memory;

	*bytes = 0x30 + in->bytes;
	memory = calloc(1, *bytes);
	if (in->bytes != 0)
		memcpy(memory + 0x30, in->data, in->bytes);
	memcpy(memory, "RSD PTR ", 8);
	memory[15] = is_xsdt ? 2 : 0;
	acpi_put(memory + (is_xsdt ? 24 : 16), root, is_xsdt ? 8 : 4);
	memory[20] = is_xsdt ? ACPI_RSDP_BYTES : 0;
	memory[8] = acpi_sum(memory, 20);
	memory[32] = acpi_sum(memory, ACPI_RSDP_BYTES);
	if (bits_contains(BASE, *bytes, root, ACPI_HEADER_BYTES + 8 * ENTRIES_MAX)) {
		uint8_t *p = memory + (root - BASE);

		memcpy(p, is_xsdt ? "XSDT" : "RSDT", 4);
		for (uint32_t i = 0; i < ENTRIES_MAX; i++) {
			uint8_t *entry = p + ACPI_HEADER_BYTES + (size_t)(is_xsdt ? 8 : 4) * i;

			/* Entries are offsets, so that they point somewhere. */
			acpi_put(entry, BASE + acpi_field(entry, 2), is_xsdt ? 8 : 4);
			seal(memory, *bytes, acpi_field(entry, 4));
		}
		seal(memory, *bytes, root);
	}
	return memory;
}

static void check_list(const struct bootcpu_list *list)
{
	FUZZ_CHECK(list->count <= list->max);
	FUZZ_CHECK(list->boot == BOOTCPU_NOWHERE || list->boot < list->count);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct bootcpu *cpu = &list->cpu[i];

		if (cpu->problem != NULL)
			continue;
		FUZZ_CHECK((cpu->mpidr & ~BOOTCPU_AFFINITY) == 0);
		FUZZ_CHECK(cpu->protocol == BOOTCPU_PSCI || cpu->address % 4096 == 0);
		for (uint32_t k = 0; k < i; k++)
			FUZZ_CHECK(list->cpu[k].mpidr != cpu->mpidr);
	}
}

/* What is written reads as it was meant. */
static void check_madt(const struct acpi_table *table, bool psci)
{
	struct bootcpu cpu[CPUS_MAX], again[CPUS_MAX];
	struct madt_use use[CPUS_MAX];
	struct bootcpu_list list;
	struct madt madt;
	const char *why;
	struct acpiw w;
	size_t bytes;
	uint8_t *out = malloc(table->bytes);

	bootcpu_init(&list, cpu, CPUS_MAX);
	list.psci.present = psci;
	if (madt_read(&madt, table, 0, &list, &why) == ERR_OK) {
		struct acpi_table copy = {.data = out};
		uint32_t used = 0;

		check_list(&list);
		for (uint32_t i = 0; i < CPUS_MAX; i++) {
			bool good = i < list.count && list.cpu[i].mpidr != BOOTCPU_NO_MPIDR;

			use[i] = (struct madt_use){good && i != 1, UINT64_C(0x10000) * (i + 1)};
			used += use[i].used;
		}
		acpiw_init(&w, out, OUT, table->bytes);
		(void)madt_write(&w, &madt, &list, use, psci ? MADT_FOR_GUEST : MADT_FOR_KERNEL);
		FUZZ_CHECK(acpiw_finish(&w, &bytes) == ERR_OK && bytes <= table->bytes);
		FUZZ_CHECK(psci || bytes == table->bytes);
		copy.bytes = (uint32_t)bytes;
		bootcpu_init(&list, again, CPUS_MAX);
		FUZZ_CHECK(madt_read(&madt, &copy, 0, &list, &why) == ERR_OK);
		FUZZ_CHECK(list.count == used && list.beyond == 0);
		for (uint32_t i = 0; i < list.count; i++) {
			FUZZ_CHECK(again[i].protocol == BOOTCPU_PARKING);
			FUZZ_CHECK(again[i].parking_version == 1 && again[i].address != 0);
		}
	} else {
		check_list(&list);
	}
	free(out);
}

/* A new root over these tables, read back. */
static void check_root(const struct acpi *acpi, const struct acpi_window *window)
{
	size_t room = 4096 + 16 * ACPI_MAX_TABLES;
	uint8_t *out = malloc(room);
	struct acpi_window windows[2] = {*window, {OUT, room, out}};
	struct acpiw_edit edit[] = {{.signature = "APIC"}, {.signature = "STAO"}};
	const struct acpi_table *stao;
	struct acpi again;
	struct acpiw w;
	const char *why;
	uint64_t rsdp;
	size_t bytes;

	acpiw_init(&w, out, OUT, room);
	edit[1].address = acpiw_stao(&w);
	rsdp = acpiw_root(&w, acpi, edit, ARRAY_SIZE(edit));
	FUZZ_CHECK(acpiw_finish(&w, &bytes) == ERR_OK);
	FUZZ_CHECK(acpi_open(&again, windows, 2, rsdp, &why) == ERR_OK);
	FUZZ_CHECK(again.count <= acpi->count + 1);
	FUZZ_CHECK(acpi_find(&again, "APIC", &stao) == ERR_NOT_FOUND);
	FUZZ_CHECK(acpi->count == ACPI_MAX_TABLES || acpi_find(&again, "STAO", &stao) == ERR_OK);
	free(out);
}

/* A guest's tables, read back; the survey of each table is within it. */
static void check_guest(const struct acpi *acpi, const struct acpi_window *window)
{
	static const struct aml_uart uart = {"CAEV", 0x5000, 400};
	struct acpi_table fadt = {.data = calloc(1, 276), .bytes = 276};
	struct aml_survey survey = {0};
	struct bootcpu cpu[CPUS_MAX];
	struct madt_use use[CPUS_MAX] = {{.used = true}};
	struct bootcpu_list list;
	struct madt madt;
	struct guestacpi g = {.acpi = acpi,
			      .fadt = &fadt,
			      .madt = &madt,
			      .list = &list,
			      .use = use,
			      .uart = &uart,
			      .uart_count = 1,
			      .hide_port = true,
			      .spcr = &(struct uart_desc){.kind = BOOT_UART_PL011},
			      .token = "0123456789abcdef"};
	const struct acpi_table *table;
	struct acpi again;
	const char *why;
	struct acpiw w;
	size_t bytes;

	for (uint32_t i = 0; i < acpi->count; i++) {
		if (acpi->table[i].data == NULL)
			continue;
		aml_survey(&survey, acpi->table[i].data, acpi->table[i].bytes);
		aml_survey_words(&survey, acpi->table[i].data, acpi->table[i].bytes);
		(void)aml_names(acpi->table[i].data, acpi->table[i].bytes, 0x9000000);
	}
	bootcpu_init(&list, cpu, CPUS_MAX);
	if (acpi_find(acpi, "APIC", &table) == ERR_OK &&
	    madt_read(&madt, table, 0, &list, &why) == ERR_OK) {
		size_t room = guestacpi_room(&g);
		uint8_t *out = malloc(room);
		struct acpi_window windows[2] = {*window, {OUT, room, out}};

		acpiw_init(&w, out, OUT, room);
		uint64_t rsdp = guestacpi_write(&w, &g);
		FUZZ_CHECK(acpiw_finish(&w, &bytes) == ERR_OK);
		FUZZ_CHECK(acpi_open(&again, windows, 2, rsdp, &why) == ERR_OK);
		FUZZ_CHECK(again.beyond != 0 || acpi_find(&again, "CAIS", &table) == ERR_OK);
		FUZZ_CHECK(acpi_find(&again, "IORT", &table) == ERR_NOT_FOUND);
		free(out);
	}
	free((void *)(uintptr_t)fadt.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	size_t memory_bytes;
	uint8_t *memory = make_memory(&in, &memory_bytes);
	struct acpi_window window = {BASE, memory_bytes, memory};
	const struct acpi_table *table;
	struct acpi acpi;
	const char *why = NULL;

	if (acpi_open(&acpi, &window, 1, BASE, &why) == ERR_OK) {
		for (uint32_t i = 0; i < acpi.count; i++) {
			const struct acpi_table *t = &acpi.table[i];

			FUZZ_CHECK(t->data != NULL || t->err != ERR_OK);
			FUZZ_CHECK(t->data == NULL ||
				   bits_contains(BASE, memory_bytes, t->address, t->bytes));
		}
		if (acpi_find(&acpi, "APIC", &table) == ERR_OK) {
			check_madt(table, false);
			check_madt(table, true);
		}
		check_root(&acpi, &window);
		check_guest(&acpi, &window);
	} else {
		FUZZ_CHECK(why != NULL);
	}
	free(memory);
	return 0;
}
