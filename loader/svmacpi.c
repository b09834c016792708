/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/svmacpi.h"

#include "arch/aarch64/cache.h"
#include "lib/fdtw.h"
#include "lib/guestacpi.h"
#include "lib/guestefi.h"
#include "loader/svm.h"
#include "loader/uart.h"

/*
 * Without interpreting the DSDT nobody knows which addresses are free: the pages of emulated PL011s
 * that stand in for no device are addresses of the memory that Caisson keeps, where there can be
 * no device either. Interrupts: the highest that no table seems to name.
 */

#define PAGE_BYTES KIB(4)
#define ITS_BYTES  KIB(128) /* IHI 0069 12.7: control and translation frame */
#define LIMIT_MIN  (UINT64_C(1) << 40)
#define DT_ROOM    KIB(1)

#define SECURE_BOOT_DISABLED 2 /* enum efi_secureboot_mode of Linux */

#define CONSOLE_NAME    "CACO"
#define EVENT_LINE_NAME "CAEV"

struct svmacpi {
	struct machine *m;
	struct aml_survey survey;
	bool console_stands_in; /* at its port's own address */
	struct madt_use use[BOOT_MAX_STARTS];
	struct aml_uart uart[2];
	struct uart_desc spcr;
	struct guestacpi acpi;
	struct guestefi efi;
	struct guestefi_out out;
};

static struct svmacpi svmacpi;

static bool is_aml(const struct acpi_table *table)
{
	return acpi_field(table->data, 4) == acpi_field((const uint8_t *)"SSDT", 4);
}

static void survey(struct svmacpi *s)
{
	const struct machine_acpi *a = &s->m->acpi;

	aml_survey(&s->survey, a->dsdt.data, a->dsdt.bytes);
	for (uint32_t i = 0; i < a->tables.count; i++) {
		const struct acpi_table *t = &a->tables.table[i];

		if (t->err != ERR_OK)
			continue;
		if (is_aml(t))
			aml_survey(&s->survey, t->data, t->bytes);
		else
			aml_survey_words(&s->survey, t->data, t->bytes);
	}
}

/* Does a device of the namespace have registers there? */
static bool is_named(const struct svmacpi *s, uint64_t address)
{
	const struct machine_acpi *a = &s->m->acpi;

	if (aml_names(a->dsdt.data, a->dsdt.bytes, address))
		return true;
	for (uint32_t i = 0; i < a->tables.count; i++) {
		const struct acpi_table *t = &a->tables.table[i];

		if (t->err == ERR_OK && is_aml(t) && aml_names(t->data, t->bytes, address))
			return true;
	}
	return false;
}

/* A device that Linux finds and cannot reach would be the end of it. */
static void check_second(const struct svmacpi *s)
{
	const struct boot_uart *second = &s->m->info.uart[1];

	if (second->kind != BOOT_UART_NONE && is_named(s, second->base))
		uart_stop(
			"the second console's port at %#llx is a device of the DSDT, which cannot "
			"be hidden from the service VM: leave console2= out",
			(unsigned long long)second->base);
}

/* The SSDT's PL011s, and what SPCR and STAO say. */
static void choose_uarts(struct svmacpi *s)
{
	const struct boot_uart *port = &s->m->info.uart[0];
	struct bootinfo *info = &s->m->info;
	uint32_t *count = &s->acpi.uart_count;
	bool named = port->kind != BOOT_UART_NONE && is_named(s, port->base);

	s->console_stands_in = (port->kind == BOOT_UART_PL011 || port->kind == BOOT_UART_SBSA) &&
			       port->intid != 0 && bits_is_aligned(port->base, PAGE_BYTES);
	info->svm_event_line = info->kept.base;
	info->svm_console = s->console_stands_in ? port->base : info->kept.base + PAGE_BYTES;
	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++)
		s->survey.intid[info->uart[i].intid / 64] |= BIT(info->uart[i].intid % 64);
	info->svm_event_line_intid = svm_take_intid(s->m, s->survey.intid);
	info->svm_console_intid =
		s->console_stands_in ? port->intid : svm_take_intid(s->m, s->survey.intid);
	/* Without a port of Caisson's, firmware's is the service VM's, with its SPCR. */
	if (port->kind != BOOT_UART_NONE && !(s->console_stands_in && named))
		s->uart[(*count)++] =
			(struct aml_uart){CONSOLE_NAME, info->svm_console, info->svm_console_intid};
	s->uart[(*count)++] = (struct aml_uart){EVENT_LINE_NAME, info->svm_event_line,
						info->svm_event_line_intid};
	if (port->kind == BOOT_UART_NONE ||
	    (s->console_stands_in && port->base == s->m->acpi.spcr.base))
		return;
	/* A device that cannot be stood in for is hidden by naming it. */
	s->acpi.hide_port = named && !s->console_stands_in;
	s->spcr = (struct uart_desc){.kind = BOOT_UART_SBSA,
				     .base = info->svm_console,
				     .intid = info->svm_console_intid};
	if (s->acpi.hide_port)
		s->spcr = (struct uart_desc){.kind = port->kind,
					     .base = port->base,
					     .intid = port->intid,
					     .shift = port->shift,
					     .width = port->width};
	s->acpi.spcr = &s->spcr;
}

static void hide_all(struct svmacpi *s)
{
	const struct madt *madt = &s->m->acpi.madt;

	for (uint32_t i = 0; i < madt->its_count; i++)
		svm_hide(s->m, madt->its[i], ITS_BYTES);
	svm_hide_all(s->m);
}

/* Some windows may be known to methods only: there is always room for them. */
static void choose_limit(struct svmacpi *s)
{
	const struct bootinfo *info = &s->m->info;
	uint64_t top = s->survey.top > LIMIT_MIN ? s->survey.top : LIMIT_MIN;

	for (uint32_t i = 0; i < info->ram_count; i++) {
		uint64_t end = info->ram[i].base + info->ram[i].bytes;

		top = end > top ? end : top;
	}
	svm_limit(s->m, top);
}

/* Memory that nobody uses, and from now on somebody does. */
static uint64_t take_memory(struct svmacpi *s, uint64_t bytes, const char *name)
{
	struct machine *m = s->m;
	uint64_t base;

	if (layout_lowest(m->info.ram, m->info.ram_count, &m->busy, bytes, PAGE_BYTES, HYP_IMAGE_VA,
			  &base) != ERR_OK ||
	    layout_busy_add(&m->busy, base, bytes, name) != ERR_OK)
		uart_stop("no room in memory for the service VM's %s", name);
	cache_clean_invalidate_poc(base, bytes);
	return base;
}

/* Of firmware's list, the CPUs that came. */
static void fill_acpi(struct svmacpi *s)
{
	struct machine *m = s->m;

	for (uint32_t i = 0; i < m->info.cpu_count; i++)
		s->use[m->cpu_listed[i]].used = true;
	s->acpi.acpi = &m->acpi.tables;
	s->acpi.fadt = m->acpi.fadt_table;
	s->acpi.madt = &m->acpi.madt;
	s->acpi.list = &m->cpus;
	s->acpi.use = s->use;
	s->acpi.uart = s->uart;
	s->acpi.token = m->info.management_token;
	s->acpi.event_line = m->info.svm_event_line;
}

/* ACPI tables, behind them UEFI's. */
static void write_tables(struct svmacpi *s)
{
	struct machine *m = s->m;
	struct acpiw w;
	uint64_t efi;
	size_t bytes;

	fill_acpi(s);
	s->efi = (struct guestefi){.map = (const void *)m->firmware->map,
				   .map_bytes = m->firmware->map_bytes,
				   .stride = m->firmware->map_stride,
				   .ram = m->info.ram,
				   .ram_count = m->info.ram_count,
				   .kept = m->info.kept,
				   .smbios = m->firmware->smbios,
				   .smbios3 = m->firmware->smbios3};
	bytes = bits_align_up(guestacpi_room(&s->acpi), PAGE_BYTES);
	s->efi.tables.bytes = bits_align_up(bytes + guestefi_room(&s->efi), PAGE_BYTES);
	s->efi.tables.base = take_memory(s, s->efi.tables.bytes, "ACPI tables");
	efi = s->efi.tables.base + bytes;
	acpiw_init(&w, (void *)s->efi.tables.base, s->efi.tables.base, bytes);
	s->efi.rsdp = guestacpi_write(&w, &s->acpi);
	if (acpiw_finish(&w, &bytes) != ERR_OK)
		uart_stop("ACPI: the FADT is older than ACPI 5.1 and cannot speak of PSCI: is "
			  "there newer firmware?");
	if (guestefi_write(&s->efi, (void *)efi, efi,
			   s->efi.tables.base + s->efi.tables.bytes - efi, &s->out) != ERR_OK)
		uart_stop("the service VM's memory map does not fit");
	cache_clean_invalidate_poc(s->efi.tables.base, s->efi.tables.bytes);
}

static void write_chosen(const struct svmacpi *s, struct fdtw *w)
{
	const struct machine *m = s->m;
	const uint64_t *seed = m->svm_seed;

	fdtw_begin(w, "chosen");
	if (m->bootargs_bytes != 0)
		fdtw_prop_text(w, "bootargs", m->bootargs, m->bootargs_bytes);
	if (m->initrd.bytes != 0) {
		fdtw_prop_u64(w, "linux,initrd-start", m->initrd.base);
		fdtw_prop_u64(w, "linux,initrd-end", m->initrd.base + m->initrd.bytes);
	}
	fdtw_prop_u64(w, "linux,uefi-system-table", s->out.system_table);
	fdtw_prop_u64(w, "linux,uefi-mmap-start", s->out.map);
	fdtw_prop_u32(w, "linux,uefi-mmap-size", s->out.map_bytes);
	fdtw_prop_u32(w, "linux,uefi-mmap-desc-size", GUESTEFI_DESC_BYTES);
	fdtw_prop_u32(w, "linux,uefi-mmap-desc-ver", GUESTEFI_DESC_VERSION);
	/* Debian's kernel wants to know; who loads a kernel here does not ask for signatures. */
	fdtw_prop_u32(w, "linux,uefi-secure-boot", SECURE_BOOT_DISABLED);
	fdtw_prop_u64(w, "kaslr-seed", seed[0]);
	fdtw_prop(w, "rng-seed", seed + 1, sizeof(m->svm_seed) - sizeof(seed[0]));
	fdtw_end(w);
}

/* Anything else in it, and Linux would take the device tree for the whole truth. */
static void write_dt(struct svmacpi *s)
{
	static const struct fdt empty = {.strings = "", .blob = (const uint8_t *)""};
	static struct fdtw w;
	size_t room = bits_align_up(DT_ROOM + s->m->bootargs_bytes, PAGE_BYTES);
	size_t bytes;

	s->m->info.svm_dtb = take_memory(s, room, "device tree");
	fdtw_init(&w, &empty, (void *)s->m->info.svm_dtb, room);
	fdtw_begin(&w, "");
	fdtw_prop_u32(&w, "#address-cells", 2);
	fdtw_prop_u32(&w, "#size-cells", 2);
	write_chosen(s, &w);
	fdtw_end(&w);
	if (fdtw_finish(&w, &bytes) != ERR_OK)
		uart_stop("the service VM's device tree does not fit into %zu bytes", room);
	cache_clean_invalidate_poc(s->m->info.svm_dtb, bytes);
}

void svmacpi_write(struct machine *m)
{
	struct svmacpi *s = &svmacpi;

	s->m = m;
	survey(s);
	check_second(s);
	choose_uarts(s);
	hide_all(s);
	choose_limit(s);
	write_tables(s);
	write_dt(s);
}
