/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/madt.h"

#define MADT_ENTRIES 44

/* 5.2.12.14 to 5.2.12.18: type and length, then these. */
#define ENTRY_GICC      0x0b
#define ENTRY_GICD      0x0c
#define ENTRY_MSI_FRAME 0x0d
#define ENTRY_GICR      0x0e
#define ENTRY_ITS       0x0f

#define GICC_BYTES           76 /* of ACPI 5.1; 5.0 had 40, without an MPIDR */
#define GICC_BYTES_OLD       40
#define GICC_INTERFACE       4
#define GICC_UID             8
#define GICC_FLAGS           12
#define GICC_PARKING_VERSION 16
#define GICC_PARKED_ADDRESS  24
#define GICC_BASE            32
#define GICC_GICV            40
#define GICC_GICH            48
#define GICC_MAINTENANCE     56
#define GICC_GICR            60
#define GICC_MPIDR           68

#define GICC_ENABLED        BIT(0)
#define GICC_ONLINE_CAPABLE BIT(3) /* from ACPI 6.3 on */

#define GICD_BYTES   24
#define GICD_BASE    8
#define GICD_VERSION 20

#define GICR_BYTES  16
#define GICR_BASE   4
#define GICR_LENGTH 12

#define ITS_BYTES 20
#define ITS_BASE  8

#define PARKING_VERSION 1
#define PAGE_BYTES      4096

/* How long an entry of a type must be at least; 2 for those that are not looked at. */
static uint32_t bytes_min(unsigned int type)
{
	switch (type) {
	case ENTRY_GICC:
		return GICC_BYTES_OLD;
	case ENTRY_GICD:
	case ENTRY_MSI_FRAME: /* it has 24, too */
		return GICD_BYTES;
	case ENTRY_GICR:
		return GICR_BYTES;
	case ENTRY_ITS:
		return ITS_BYTES;
	default:
		return 2;
	}
}

/* The length of the entry there; 0: it reaches beyond the table, or is too short for its type. */
static uint32_t entry_bytes(const struct acpi_table *table, uint32_t at)
{
	uint32_t left = table->bytes - at;

	if (left < 2 || table->data[at + 1] > left ||
	    table->data[at + 1] < bytes_min(table->data[at]))
		return 0;
	return table->data[at + 1];
}

static void choose_protocol(const struct bootcpu_list *list, struct bootcpu *cpu)
{
	if (list->psci.present) {
		cpu->protocol = BOOTCPU_PSCI;
		cpu->address = 0;
		cpu->problem = list->psci.problem;
		return;
	}
	if (cpu->parking_version == 0 || cpu->address == 0) {
		cpu->problem = "neither PSCI nor a parking protocol is described for it";
		return;
	}
	cpu->protocol = BOOTCPU_PARKING;
	if (cpu->parking_version != PARKING_VERSION)
		cpu->problem = "its mailbox is of a version that is not known";
	else if (!bits_is_aligned(cpu->address, PAGE_BYTES))
		cpu->problem = "its mailbox is not at the start of a page";
}

static void read_cpu(struct madt *m, const uint8_t *p, uint32_t where, uint64_t own_mpidr,
		     struct bootcpu_list *list)
{
	struct bootcpu cpu = {
		.mpidr = BOOTCPU_NO_MPIDR,
		.uid = (uint32_t)acpi_field(p + GICC_UID, 4),
		.interface = (uint32_t)acpi_field(p + GICC_INTERFACE, 4),
		.parking_version = (uint32_t)acpi_field(p + GICC_PARKING_VERSION, 4),
		.address = acpi_field(p + GICC_PARKED_ADDRESS, 8),
		.where = where,
		.method = "",
	};
	bool had_boot = list->boot != BOOTCPU_NOWHERE;

	if (!(acpi_field(p + GICC_FLAGS, 4) & GICC_ENABLED)) {
		list->disabled++;
		return;
	}
	choose_protocol(list, &cpu);
	if (p[1] < GICC_BYTES) {
		cpu.problem = "its entry is from before ACPI 5.1 and has no MPIDR";
		bootcpu_add(list, &cpu, own_mpidr);
		return;
	}
	cpu.gicr = acpi_field(p + GICC_GICR, 8);
	cpu.mpidr = acpi_field(p + GICC_MPIDR, 8);
	if (cpu.mpidr & ~BOOTCPU_AFFINITY)
		cpu.problem = "its MPIDR has bits that are no affinity";
	bootcpu_add(list, &cpu, own_mpidr);
	if (list->count > 1 && had_boot == (list->boot != BOOTCPU_NOWHERE))
		return;
	m->gicc = acpi_field(p + GICC_BASE, 8);
	m->gicv = acpi_field(p + GICC_GICV, 8);
	m->gich = acpi_field(p + GICC_GICH, 8);
	m->maintenance_intid = (uint32_t)acpi_field(p + GICC_MAINTENANCE, 4);
}

static enum err read_range(struct madt *m, const uint8_t *p, const char **why)
{
	struct madt_region range = {
		.base = acpi_field(p + GICR_BASE, 8),
		.bytes = acpi_field(p + GICR_LENGTH, 4),
	};

	*why = "the MADT has more ranges of redistributors than there is room for";
	if (m->gicr_count == MADT_MAX_GICR)
		return ERR_NO_MEMORY;
	*why = "a range of redistributors in the MADT wraps around";
	if (range.base > UINT64_MAX - range.bytes)
		return ERR_INVALID;
	m->gicr[m->gicr_count++] = range;
	return ERR_OK;
}

/* Anything but a CPU. */
static enum err read_gic(struct madt *m, const uint8_t *p, const char **why)
{
	switch (p[0]) {
	case ENTRY_GICD:
		*why = "the MADT has two GIC distributors";
		if (m->gicd != 0)
			return ERR_INVALID;
		m->gicd = acpi_field(p + GICD_BASE, 8);
		m->gic_version = p[GICD_VERSION];
		return ERR_OK;
	case ENTRY_GICR:
		return read_range(m, p, why);
	case ENTRY_ITS:
		*why = "the MADT has more ITSs than there is room for";
		if (m->its_count == MADT_MAX_ITS)
			return ERR_NO_MEMORY;
		m->its[m->its_count++] = acpi_field(p + ITS_BASE, 8);
		return ERR_OK;
	case ENTRY_MSI_FRAME:
		m->msi_frame_count++;
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

enum err madt_read(struct madt *madt, const struct acpi_table *table, uint64_t own_mpidr,
		   struct bootcpu_list *list, const char **why)
{
	uint32_t length;
	uint32_t bytes;
	enum err err = acpi_check(table->data, table->bytes, "APIC", MADT_ENTRIES, &length);

	*madt = (struct madt){.table = *table};
	*why = "the MADT ends early, or its checksum is wrong";
	if (err != ERR_OK)
		return err;
	madt->table.bytes = length;
	for (uint32_t at = MADT_ENTRIES; at < length; at += bytes) {
		bytes = entry_bytes(&madt->table, at);
		*why = "an entry of the MADT is too short, or reaches beyond its end";
		if (bytes == 0)
			return ERR_TRUNCATED;
		if (table->data[at] == ENTRY_GICC)
			read_cpu(madt, table->data + at, at, own_mpidr, list);
		else
			err = read_gic(madt, table->data + at, why);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* The GICC entry that was just copied to the end of the open table. */
static void edit_cpu(struct acpiw *w, size_t at, uint64_t flags, const struct madt_use *use,
		     enum madt_for purpose)
{
	uint64_t mailbox = use != NULL && use->used ? use->mailbox : 0;

	if (use == NULL || !use->used)
		flags &= ~(GICC_ENABLED | GICC_ONLINE_CAPABLE);
	acpiw_patch(w, at + GICC_FLAGS, flags, 4);
	acpiw_patch(w, at + GICC_PARKING_VERSION, mailbox != 0 ? PARKING_VERSION : 0, 4);
	acpiw_patch(w, at + GICC_PARKED_ADDRESS, mailbox, 8);
	if (purpose != MADT_FOR_GUEST || w->bytes - w->table - at < GICC_BYTES)
		return;
	acpiw_patch(w, at + GICC_GICV, 0, 8);
	acpiw_patch(w, at + GICC_GICH, 0, 8);
	acpiw_patch(w, at + GICC_MAINTENANCE, 0, 4);
}

uint64_t madt_write(struct acpiw *w, const struct madt *madt, const struct bootcpu_list *list,
		    const struct madt_use *use, enum madt_for purpose)
{
	const struct acpi_table head = {.data = madt->table.data, .bytes = MADT_ENTRIES};
	uint32_t next = 0; /* in the list, which is in the table's order but for a boot CPU */
	uint32_t bytes;

	acpiw_copy(w, &head);
	for (uint32_t at = MADT_ENTRIES; at < madt->table.bytes; at += bytes) {
		const uint8_t *p = madt->table.data + at;
		const struct madt_use *found = NULL;
		size_t to = w->bytes - w->table;

		bytes = entry_bytes(&madt->table, at);
		if (bytes == 0)
			break;
		if (purpose == MADT_FOR_GUEST && (p[0] == ENTRY_ITS || p[0] == ENTRY_MSI_FRAME))
			continue;
		acpiw_bytes(w, p, bytes);
		if (p[0] != ENTRY_GICC)
			continue;
		if (next < list->count && list->cpu[next].where == at)
			found = &use[next++];
		edit_cpu(w, to, acpi_field(p + GICC_FLAGS, 4), found, purpose);
	}
	return acpiw_end(w);
}
