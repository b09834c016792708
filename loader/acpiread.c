/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/acpiread.h"

#include "lib/efimap.h"
#include "lib/gtdt.h"
#include "lib/spcr.h"
#include "loader/console.h"
#include "loader/dt.h"
#include "loader/gicv2.h"
#include "loader/uart.h"

#define PAGE_BYTES KIB(4)

/* IHI 0069 12.7: frames; the MADT does not tell their sizes, nor those of a GICv2. */
#define GICD_BYTES   KIB(64)
#define GICR_BYTES   KIB(128) /* RD_base and SGI_base */
#define GICR_BYTES_4 KIB(256) /* and VLPI_base and a reserved one */

#define NO_REMEDY "Caisson cannot start on it; is there newer firmware?"

/* UEFI 2.10, 2.3.6: memory that ACPI tables may lie in. */
static bool may_hold_tables(const struct efimap_entry *entry)
{
	return entry->attributes & EFIMAP_WB &&
	       (entry->type == EFIMAP_ACPI_RECLAIM || entry->type == EFIMAP_ACPI_NVS ||
		entry->type == EFIMAP_RUNTIME_SERVICES_DATA);
}

/* Neighbours become one, as a table may lie across them. */
static void find_windows(struct machine *m)
{
	static struct boot_region list[MACHINE_MAX_WINDOWS];
	const struct firmware *f = m->firmware;
	struct efimap_entry entry;

	for (size_t i = 0;
	     efimap_entry((const void *)f->map, f->map_bytes, f->map_stride, i, &entry) == ERR_OK;
	     i++) {
		if (may_hold_tables(&entry) &&
		    layout_merge(list, &m->acpi.window_count, MACHINE_MAX_WINDOWS, entry.base,
				 entry.bytes) != ERR_OK)
			break; /* tables that are not found are told of */
	}
	for (uint32_t i = 0; i < m->acpi.window_count; i++)
		m->acpi.window[i] = (struct acpi_window){list[i].base, list[i].bytes,
							 (const uint8_t *)list[i].base};
}

static void take_memory(struct machine *m)
{
	const struct firmware *f = m->firmware;
	struct bootinfo *info = &m->info;

	info->ram_count = f->ram_count;
	for (uint32_t i = 0; i < f->ram_count; i++) {
		info->ram[i] = f->ram[i];
		m->ram_bytes += f->ram[i].bytes;
	}
	if (layout_busy_add(&m->busy, f->map, f->map_bytes, "UEFI's memory map") != ERR_OK ||
	    layout_busy_add(&m->busy, 0, PAGE_BYTES, "address 0") != ERR_OK)
		m->ram_bytes = 0;
}

static void read_spcr(struct machine *m)
{
	const struct acpi_table *table;

	m->acpi.spcr = (struct uart_desc){.kind = BOOT_UART_NONE};
	if (acpi_find(&m->acpi.tables, "SPCR", &table) != ERR_OK ||
	    spcr_parse(table->data, table->bytes, &m->acpi.spcr) != ERR_OK)
		m->acpi.spcr.kind = BOOT_UART_NONE;
	/* It says what firmware has set, or what it has not: QEMU's says 9600. */
	m->acpi.spcr.baud = 0;
}

void acpiread_open(struct machine *m)
{
	const char *why;
	enum err err;

	m->acpi.used = true;
	m->chosen = m->pl011_node = m->gic_node = m->timer_node = m->cpus_node = FDT_NONE;
	take_memory(m);
	find_windows(m);
	err = acpi_open(&m->acpi.tables, m->acpi.window, m->acpi.window_count, m->firmware->rsdp,
			&why);
	if (err == ERR_OK)
		read_spcr(m);
	console_open(m);
	if (m->ram_bytes == 0)
		uart_stop("UEFI's memory map makes no sense: " NO_REMEDY);
	if (err != ERR_OK)
		uart_stop("ACPI: %s (RSDP at %#llx): " NO_REMEDY, why,
			  (unsigned long long)m->firmware->rsdp);
	if (m->acpi.tables.beyond != 0)
		uart_print("  %u ACPI tables are too many and are left out\n",
			   m->acpi.tables.beyond);
	if (m->firmware->modules != 0)
		dt_open_modules(m, m->firmware->modules);
}

static const struct acpi_table *must_find(const struct machine *m, const char *signature,
					  const char *name)
{
	const struct acpi_table *table;

	switch (acpi_find(&m->acpi.tables, signature, &table)) {
	case ERR_OK:
		return table;
	case ERR_NOT_FOUND:
		uart_stop("ACPI: there is no %s, or it is in memory that UEFI does not keep: "
			  "" NO_REMEDY,
			  name);
	case ERR_OVERLAP:
		uart_stop("ACPI: there are two %ss that contradict each other: " NO_REMEDY, name);
	default:
		uart_stop("ACPI: the %s ends early, or its checksum is wrong: " NO_REMEDY, name);
	}
}

static void read_fadt(struct machine *m)
{
	struct machine_acpi *a = &m->acpi;

	a->fadt_table = must_find(m, "FACP", "FADT");
	if (fadt_read(a->fadt_table->data, a->fadt_table->bytes, &a->fadt) != ERR_OK)
		uart_stop("ACPI: the FADT ends early: " NO_REMEDY);
	acpi_at(&a->dsdt, a->window, a->window_count, a->fadt.dsdt, "DSDT");
	if (a->dsdt.err != ERR_OK) {
		uart_print("  ACPI: the DSDT is missing, ends early or its checksum is wrong\n");
		a->dsdt = (struct acpi_table){.err = a->dsdt.err};
	}
}

static void read_cpus(struct machine *m, uint64_t own_mpidr)
{
	struct machine_acpi *a = &m->acpi;
	const char *why;

	bootcpu_init(&m->cpus, m->cpu, ARRAY_SIZE(m->cpu));
	fadt_psci(&a->fadt, &m->cpus.psci);
	if (madt_read(&a->madt, must_find(m, "APIC", "MADT"), own_mpidr, &m->cpus, &why) != ERR_OK)
		uart_stop("ACPI: %s: " NO_REMEDY, why);
	if (m->cpus.boot == BOOTCPU_NOWHERE)
		uart_stop("ACPI: the MADT has no entry of the CPU this runs on (MPIDR %#llx): "
			  "" NO_REMEDY,
			  (unsigned long long)own_mpidr);
}

static struct boot_region frame(uint64_t base, uint64_t bytes, const char *name)
{
	if (base == 0 || !bits_is_aligned(base | bytes, PAGE_BYTES) || base >= HYP_IMAGE_VA ||
	    bytes > HYP_IMAGE_VA - base)
		uart_stop("ACPI: the MADT's %s at %#llx, %#llx bytes, makes no sense: " NO_REMEDY,
			  name, (unsigned long long)base, (unsigned long long)bytes);
	return (struct boot_region){base, bytes};
}

static void add_redistributors(struct machine *m, uint64_t base, uint64_t bytes)
{
	struct bootinfo *info = &m->info;
	struct boot_region r = frame(base, bytes, "redistributor");

	if (layout_merge(info->gicr, &info->gicr_count, ARRAY_SIZE(info->gicr), r.base, r.bytes) !=
	    ERR_OK)
		uart_stop("ACPI: the MADT has redistributors in more than %u regions, which "
			  "Caisson does not handle",
			  (unsigned int)ARRAY_SIZE(info->gicr));
}

/* Ranges, or else one by one in the CPUs' entries. */
static void read_redistributors(struct machine *m)
{
	const struct madt *madt = &m->acpi.madt;
	uint64_t bytes = madt->gic_version == 4 ? GICR_BYTES_4 : GICR_BYTES;

	for (uint32_t i = 0; i < madt->gicr_count; i++) {
		if (madt->gicr[i].bytes < GICR_BYTES)
			uart_stop("ACPI: the MADT's redistributors at %#llx have %#llx bytes: "
				  "" NO_REMEDY,
				  (unsigned long long)madt->gicr[i].base,
				  (unsigned long long)madt->gicr[i].bytes);
		add_redistributors(m, madt->gicr[i].base, madt->gicr[i].bytes);
	}
	for (uint32_t i = 0; madt->gicr_count == 0 && i < m->cpus.count; i++) {
		if (m->cpu[i].gicr != 0)
			add_redistributors(m, m->cpu[i].gicr, bytes);
	}
}

static void read_version3(struct machine *m)
{
	struct bootinfo *info = &m->info;

	info->gicd = frame(m->acpi.madt.gicd, GICD_BYTES, "distributor");
	read_redistributors(m);
	if (info->gicr_count == 0)
		uart_stop("ACPI: the MADT has no redistributors of its GICv%u: " NO_REMEDY,
			  m->acpi.madt.gic_version);
}

/* The boot CPU's interface: all CPUs have theirs at the same address (Linux wants that, too). */
static void read_version2(struct machine *m)
{
	const struct madt *madt = &m->acpi.madt;
	struct bootinfo *info = &m->info;

	info->gicd = frame(madt->gicd, GICV2_BYTES, "distributor");
	info->gicc = frame(madt->gicc, GICV2_CPU_BYTES, "CPU interface");
	if (madt->gich == 0 || madt->gicv == 0)
		uart_stop("ACPI: the MADT's GICv2 has no virtualisation extensions, which Caisson "
			  "needs (QEMU: -M virt,virtualization=on)");
	info->gich = frame(madt->gich, GICV2_BYTES, "virtual interface control");
	info->gicv = frame(madt->gicv, GICV2_CPU_BYTES, "virtual CPU interface");
	gicv2_check(m, "ACPI");
}

bool acpiread_is_gicv2(const struct machine *m)
{
	const struct madt *madt = &m->acpi.madt;
	uint32_t i;

	if (madt->gic_version != 0)
		return madt->gic_version < 3;
	for (i = 0; i < m->cpus.count && m->cpu[i].gicr == 0; i++)
		;
	return madt->gicr_count == 0 && i == m->cpus.count;
}

static void read_gic(struct machine *m)
{
	const struct madt *madt = &m->acpi.madt;
	struct bootinfo *info = &m->info;

	if (madt->gicd == 0)
		uart_stop("ACPI: the MADT has no distributor of a GIC: " NO_REMEDY);
	info->gic_version = acpiread_is_gicv2(m) ? 2 : 3;
	if (info->gic_version == 2)
		read_version2(m);
	else
		read_version3(m);
	info->gic_maintenance_intid = madt->maintenance_intid;
	if (madt->maintenance_intid < 16 || madt->maintenance_intid > 31)
		uart_stop("ACPI: the GIC's maintenance interrupt in the MADT is %u, no PPI: "
			  "firmware must run at EL2 (QEMU: -M virt,virtualization=on)",
			  madt->maintenance_intid);
}

static void read_timer(struct machine *m)
{
	const struct acpi_table *table = must_find(m, "GTDT", "GTDT");
	struct bootinfo *info = &m->info;
	struct gtdt gtdt;

	if (gtdt_read(table->data, table->bytes, &gtdt) != ERR_OK || gtdt.phys_intid == 0 ||
	    gtdt.virt_intid == 0 || gtdt.hyp_intid == 0)
		uart_stop("ACPI: the GTDT lacks one of the timer interrupts of EL1 (physical, "
			  "virtual) and EL2, or one is no PPI: " NO_REMEDY);
	info->timer_phys_intid = gtdt.phys_intid;
	info->timer_virt_intid = gtdt.virt_intid;
	info->timer_hyp_intid = gtdt.hyp_intid;
}

void acpiread_machine(struct machine *m, uint64_t own_mpidr)
{
	read_fadt(m);
	read_cpus(m, own_mpidr);
}

void acpiread_devices(struct machine *m)
{
	read_gic(m);
	read_timer(m);
	console_finish(m);
}
