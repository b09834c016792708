/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dtcpus.h"
#include "lib/fadt.h"
#include "lib/gtdt.h"
#include "lib/guestacpi.h"
#include "lib/spcr.h"

/*
 * Reads and rewrites real tables, for tests/tables/test_tables.py:
 *
 *	rewrite acpi MEMORY BASE RSDP MPIDR DIR   memory from BASE on; tables go to DIR/NAME.old,
 *.new rewrite dtb MPIDR DIR FILE...             to DIR/0, DIR/1, ...
 *
 * What was read goes to the standard output. CPU i, but for the one of that MPIDR, gets its
 * mailbox in page i from MAILBOXES on.
 */
#define CPUS_MAX  64
#define MAILBOXES UINT64_C(0x60000000)
#define PAGE      UINT64_C(0x1000)
#define NEW       UINT64_C(0x50000000) /* where new ACPI tables will be */
#define NEW_BYTES 0x10000
#define NODES_MAX 8192

#define EVENT_LINE UINT64_C(0x123456000)
#define CONSOLE    UINT64_C(0x7f000000)

static struct bootcpu cpu[CPUS_MAX];

static void die(const char *what, const char *why)
{
	fprintf(stderr, "rewrite: %s: %s\n", what, why);
	exit(1);
}

static uint8_t *read_file(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long end;

	if (f == NULL)
		die(path, "cannot be opened");
	fseek(f, 0, SEEK_END);
	end = ftell(f);
	rewind(f);
	data = malloc(end);
	*bytes = fread(data, 1, end, f);
	fclose(f);
	return data;
}

static void write_file(const char *dir, const char *name, const char *suffix, const void *data,
		       size_t bytes)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(data, 1, bytes, f) != bytes || fclose(f) != 0)
		die(path, "cannot be written");
}

static void print_list(const struct bootcpu_list *list)
{
	static const char *const names[] = {"none", "psci", "spin-table", "parking", "board"};

	printf("psci %d version %d conduit %d cpu_on %#x problem %s\n", list->psci.present,
	       list->psci.version, list->psci.conduit, list->psci.cpu_on,
	       list->psci.problem != NULL ? list->psci.problem : "-");
	printf("cpus %u beyond %u disabled %u boot %d\n", list->count, list->beyond, list->disabled,
	       (int)list->boot);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct bootcpu *c = &list->cpu[i];

		printf("cpu %#llx %s %s %#llx uid %u shares %d problem %s\n",
		       (unsigned long long)c->mpidr, names[c->protocol],
		       c->method != NULL && c->method[0] != '\0' ? c->method : "-",
		       (unsigned long long)c->address, c->uid, c->shares,
		       c->problem != NULL ? c->problem : "-");
	}
}

/* ---- ACPI ---- */

static const struct acpi_table *must_find(const struct acpi *acpi, const char *signature)
{
	const struct acpi_table *table;

	if (acpi_find(acpi, signature, &table) != ERR_OK)
		die(signature, "is missing or bad");
	return table;
}

static void print_gic(const struct madt *madt)
{
	printf("gic %u gicd %#llx gicc %#llx gicv %#llx gich %#llx maintenance %u msi %u\n",
	       madt->gic_version, (unsigned long long)madt->gicd, (unsigned long long)madt->gicc,
	       (unsigned long long)madt->gicv, (unsigned long long)madt->gich,
	       madt->maintenance_intid, madt->msi_frame_count);
	for (uint32_t i = 0; i < madt->gicr_count; i++)
		printf("gicr %#llx %#llx\n", (unsigned long long)madt->gicr[i].base,
		       (unsigned long long)madt->gicr[i].bytes);
	for (uint32_t i = 0; i < madt->its_count; i++)
		printf("its %#llx\n", (unsigned long long)madt->its[i]);
}

static void print_fixed(const struct acpi *acpi, const struct fadt *fadt)
{
	const struct acpi_table *t = must_find(acpi, "SPCR");
	struct uart_desc uart;
	struct gtdt gtdt;

	printf("fadt headless %d reduced %d psci %d hvc %d\n", fadt->headless, fadt->hw_reduced,
	       fadt->psci, fadt->hvc);
	if (spcr_parse(t->data, t->bytes, &uart) != ERR_OK)
		die("SPCR", "cannot be read");
	printf("spcr kind %u base %#llx intid %u\n", uart.kind, (unsigned long long)uart.base,
	       uart.intid);
	t = must_find(acpi, "GTDT");
	if (gtdt_read(t->data, t->bytes, &gtdt) != ERR_OK)
		die("GTDT", "cannot be read");
	printf("gtdt phys %u virt %u hyp %u\n", gtdt.phys_intid, gtdt.virt_intid, gtdt.hyp_intid);
}

/* What the DSDT names. */
static void print_survey(const struct acpi_window *window, uint64_t address)
{
	struct aml_survey survey = {0};
	struct acpi_table dsdt;

	acpi_at(&dsdt, window, 1, address, "DSDT");
	if (dsdt.err != ERR_OK)
		return; /* it was not saved with the others */
	aml_survey(&survey, dsdt.data, dsdt.bytes);
	printf("dsdt top %#llx console %d free", (unsigned long long)survey.top,
	       aml_names(dsdt.data, dsdt.bytes, 0x9000000));
	for (uint32_t i = 32; i < AML_INTID_END; i++) {
		if (!(survey.intid[i / 64] & BIT(i % 64)))
			printf(" %u", i);
	}
	printf("\n");
}

/* For a kernel that is started by the parking protocol. */
static uint64_t write_kernel(struct acpiw *w, const struct acpi *acpi, const struct madt *madt,
			     const struct bootcpu_list *list)
{
	struct acpiw_edit edit[] = {{.signature = "APIC"}, {.signature = "FACP"}};
	struct madt_use use[CPUS_MAX];

	for (uint32_t i = 0; i < list->count; i++)
		use[i] = (struct madt_use){true, i == list->boot ? 0 : MAILBOXES + i * PAGE};
	edit[0].address = madt_write(w, madt, list, use, MADT_FOR_KERNEL);
	edit[1].address = fadt_write(w, must_find(acpi, "FACP"), false, true);
	return acpiw_root(w, acpi, edit, ARRAY_SIZE(edit));
}

/* For the service VM, with all that can be added. */
static uint64_t write_guest(struct acpiw *w, const struct acpi *acpi, const struct madt *madt,
			    const struct bootcpu_list *list)
{
	static const struct aml_uart uarts[] = {{"CAEV", EVENT_LINE, 400}, {"CACO", CONSOLE, 401}};
	const struct uart_desc console = {.kind = BOOT_UART_PL011, .base = 0x9000000, .intid = 33};
	struct madt_use use[CPUS_MAX];
	struct guestacpi g = {.acpi = acpi,
			      .fadt = must_find(acpi, "FACP"),
			      .madt = madt,
			      .list = list,
			      .use = use,
			      .spcr = &console,
			      .hide_port = true,
			      .uart = uarts,
			      .uart_count = ARRAY_SIZE(uarts),
			      .token = "sixteen secret b",
			      .event_line = EVENT_LINE};

	for (uint32_t i = 0; i < list->count; i++)
		use[i] = (struct madt_use){.used = true};
	if (guestacpi_room(&g) > w->bytes_max)
		die("room", "is too small");
	w->bytes_max = guestacpi_room(&g);
	return guestacpi_write(w, &g);
}

static void dump(const struct acpi *acpi, const char *dir, const char *suffix)
{
	for (uint32_t i = 0; i < acpi->count; i++) {
		const struct acpi_table *t = &acpi->table[i];
		char name[5] = {0};

		if (t->data == NULL || t->err != ERR_OK)
			die("a table", "is bad");
		memcpy(name, t->data, 4);
		write_file(dir, name, suffix, t->data, t->bytes);
	}
	write_file(dir, "ROOT", suffix, acpi->root.data, acpi->root.bytes);
}

static void rewrite_acpi(char **argv)
{
	static uint8_t out[NEW_BYTES];
	struct acpi_window windows[2] = {{.base = strtoull(argv[1], NULL, 0)},
					 {NEW, sizeof(out), out}};
	struct bootcpu_list list;
	const char *why = "";
	struct acpi acpi, again;
	struct madt madt;
	struct fadt fadt;
	struct acpiw w;
	size_t bytes;

	windows[0].data = read_file(argv[0], &windows[0].bytes);
	if (acpi_open(&acpi, windows, 1, strtoull(argv[2], NULL, 0), &why) != ERR_OK)
		die("ACPI", why);
	if (fadt_read(must_find(&acpi, "FACP")->data, must_find(&acpi, "FACP")->bytes, &fadt) !=
	    ERR_OK)
		die("FADT", "cannot be read");
	bootcpu_init(&list, cpu, CPUS_MAX);
	fadt_psci(&fadt, &list.psci);
	if (madt_read(&madt, must_find(&acpi, "APIC"), strtoull(argv[3], NULL, 0), &list, &why) !=
	    ERR_OK)
		die("MADT", why);
	print_list(&list);
	print_gic(&madt);
	print_fixed(&acpi, &fadt);
	if (fadt.dsdt != 0)
		print_survey(windows, fadt.dsdt);
	dump(&acpi, argv[4], ".old");
	for (unsigned int guest = 0; guest < 2; guest++) {
		uint64_t rsdp;

		acpiw_init(&w, out, NEW, sizeof(out));
		rsdp = guest ? write_guest(&w, &acpi, &madt, &list)
			     : write_kernel(&w, &acpi, &madt, &list);
		if (acpiw_finish(&w, &bytes) != ERR_OK ||
		    acpi_open(&again, windows, 2, rsdp, &why) != ERR_OK)
			die("new tables", why);
		dump(&again, argv[4], guest ? ".guest" : ".new");
	}
	free((void *)(uintptr_t)windows[0].data);
}

/* ---- device trees ---- */

static void rewrite_dtb(uint64_t own, const char *dir, const char *path, const char *name)
{
	static struct fdt_node node[NODES_MAX];
	const struct fdt_region reserve = {MAILBOXES, CPUS_MAX * PAGE};
	struct dtcpus_use use[CPUS_MAX];
	struct bootcpu_list list;
	struct dtcpus_change change = {
		.list = &list, .use = use, .reserve = &reserve, .reserve_count = 1};
	size_t bytes, room;
	uint8_t *blob = read_file(path, &bytes);
	struct fdt fdt;
	uint8_t *out;

	if (fdt_init(&fdt, blob, bytes, node, NODES_MAX) != ERR_OK)
		die(path, "is no device tree");
	bootcpu_init(&list, cpu, CPUS_MAX);
	dtcpus_read(&fdt, own, &list);
	printf("tree %s\n", path);
	print_list(&list);
	for (uint32_t i = 0; i < list.count; i++)
		use[i] = (struct dtcpus_use){true, i == list.boot ? 0 : MAILBOXES + i * PAGE + 8};
	room = fdt.bytes + DTCPUS_ROOM(list.count, 1);
	out = malloc(room);
	if (dtcpus_write(&fdt, &change, out, room, &bytes) != ERR_OK ||
	    fdt_init(&fdt, out, bytes, node, NODES_MAX) != ERR_OK)
		die(path, "cannot be rewritten");
	write_file(dir, name, "", out, bytes);
	free(out);
	free(blob);
}

int main(int argc, char **argv)
{
	char name[16];

	if (argc == 7 && strcmp(argv[1], "acpi") == 0) {
		rewrite_acpi(argv + 2);
	} else if (argc > 4 && strcmp(argv[1], "dtb") == 0) {
		for (int i = 4; i < argc; i++) {
			snprintf(name, sizeof(name), "%d", i - 4);
			rewrite_dtb(strtoull(argv[2], NULL, 0), argv[3], argv[i], name);
		}
	} else {
		die("usage", "see the head of tests/tables/rewrite.c");
	}
	return 0;
}
