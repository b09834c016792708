// SPDX-License-Identifier: BSD-2-Clause
#include "tests/firmware/acpifw.h"

#include <string.h>

#include "arch/aarch64/cache.h"
#include "arch/aarch64/gicv3.h"
#include "lib/acpi.h"
#include "lib/efimap.h"
#include "lib/text.h"
#include "loader/eficon.h"

#define PAGE 4096

/* The virt board. */
#define GICR      0x080a0000
#define UART1     0x09040000
#define UART1_SPI 40
#define NOWHERE   0x1000000000000 /* that nothing has mapped */

#define PSCI_CPU_ON        0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_IS_OFF        1

/* ACPI 6.5: header, MADT (5.2.12.14, 5.2.12.15), FADT (5.2.9), RSDP; Microsoft's SPCR. */
#define LENGTH         4
#define CHECKSUM       9
#define MADT_ENTRIES   44
#define ENTRY_GICC     0x0b
#define ENTRY_GICD     0x0c
#define GICC_INTERFACE 4
#define GICC_FLAGS     12
#define GICC_VERSION   16
#define GICC_PARKED    24
#define GICC_MPIDR     68
#define GICD_BASE      8
#define FADT_ARM_BOOT  129
#define RSDP_CHECKSUM  8
#define RSDP_XSDT      24
#define RSDP_EXTENDED  32
#define SPCR_BASE      44
#define SPCR_INTERRUPT 54

/* What stays from one run to the next, by way of the configuration table. */
struct state {
	uint64_t rsdp; /* QEMU's */
	uint64_t park; /* the parked CPUs' code, then a page for each of FW_MAX_CPUS */
};

/* The tables as they are to be, each on a page of its own. */
enum { RSDP, XSDT, MADT, FADT, SPCR, SECOND_MADT, TABLES };
struct fw {
	const struct efi *efi;
	struct state *state;
	uint8_t *table[TABLES];
	uint8_t *spoilt; /* a byte that is wrong in the end */
	uint64_t root;   /* RSDP */
};

static const struct efi_guid state_guid = {0xca155001, 0x0001, 0x4000, {0x80, 0, 0, 0, 0, 0, 0, 1}};

static uint64_t find(const struct efi *efi, const struct efi_guid *guid)
{
	for (uint64_t i = 0; i < efi->table->NumberOfTableEntries; i++) {
		const struct efi_configuration_table *t = &efi->table->ConfigurationTable[i];

		if (memcmp(&t->VendorGuid, guid, sizeof(*guid)) == 0)
			return (uint64_t)t->VendorTable;
	}
	return 0;
}

uint64_t acpifw_rsdp(const struct efi *efi)
{
	return find(efi, &efi_acpi_guid);
}

bool acpifw_has_option(const struct efi *efi, const char *word)
{
	const uint16_t *text = efi->loaded->LoadOptions;
	size_t chars = efi->loaded->LoadOptionsSize / sizeof(*text);
	size_t bytes = text_length(word);

	for (size_t i = 0; i < chars; i++) {
		size_t k = 0;

		while (k < bytes && i + k < chars && text[i + k] == (uint8_t)word[k])
			k++;
		if (k == bytes && (i == 0 || text[i - 1] == ' ') &&
		    (i + k == chars || text[i + k] == ' ' || text[i + k] == 0))
			return true;
	}
	return false;
}

void acpifw_send(uint64_t cpu)
{
	dsb(sy);
	sysreg_write(ICC_SGI1R_EL1, BIT(cpu));
	isb();
}

static int64_t psci(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	return (int64_t)x0;
}

static uint64_t take(const struct efi *efi, uint32_t type, uint64_t pages)
{
	uint64_t address;

	if (efi->boot->AllocatePages(EFI_ALLOCATE_ANY_PAGES, type, pages, &address) != EFI_SUCCESS)
		return 0;
	memset((void *)address, 0, pages * PAGE);
	return address;
}

static uint8_t *next_cpu(struct fw *fw, uint8_t *entry)
{
	uint8_t *madt = fw->table[MADT];
	uint8_t *end = madt + acpi_field(madt + LENGTH, 4);

	for (entry = entry == NULL ? madt + MADT_ENTRIES : entry + entry[1]; entry < end;
	     entry += entry[1]) {
		if (entry[0] == ENTRY_GICC)
			return entry;
	}
	return NULL;
}

static volatile uint64_t *word(const struct fw *fw, uint64_t cpu, uint32_t offset)
{
	return (volatile uint64_t *)(fw->state->park + (1 + cpu) * PAGE + offset);
}

/* CPUs that were parked, and that nobody has taken, are switched off. */
static void take_back(struct fw *fw)
{
	for (uint64_t i = 1; i < FW_MAX_CPUS; i++) {
		if (*word(fw, i, PARK_READY) == 0)
			continue;
		if (psci(PSCI_AFFINITY_INFO, i, 0, 0) != PSCI_IS_OFF) {
			*word(fw, i, PARK_ENTRY) =
				fw->state->park + (uint64_t)(acpifw_off - acpifw_park);
			*(volatile uint32_t *)word(fw, i, PARK_ID) =
				(uint32_t)*word(fw, i, PARK_OWN);
			acpifw_send(i);
			while (psci(PSCI_AFFINITY_INFO, i, 0, 0) != PSCI_IS_OFF)
				;
		}
		*word(fw, i, PARK_READY) = 0;
	}
}

/* Option `gone`: CPU 3 is not there. Numbers are as in the MADT. */
static void park(struct fw *fw, bool sleeps)
{
	uint64_t code = fw->state->park;

	memcpy((void *)code, acpifw_park, acpifw_park_end - acpifw_park);
	for (uint8_t *p = next_cpu(fw, NULL); p != NULL; p = next_cpu(fw, p)) {
		uint64_t cpu = acpi_field(p + GICC_MPIDR, 8);

		if (cpu == 0)
			continue;
		acpi_put(p + GICC_VERSION, 1, 4);
		acpi_put(p + GICC_PARKED, (uint64_t)word(fw, cpu, 0), 8);
		if (!sleeps)
			acpi_put(p + GICC_INTERFACE, 0, 4);
		*word(fw, cpu, PARK_ID) = 0xffffffff;
		*word(fw, cpu, PARK_ENTRY) = 0;
		*word(fw, cpu, PARK_OWN) = acpi_field(p + GICC_INTERFACE, 4);
		*word(fw, cpu, PARK_GICR) = sleeps ? GICR + cpu * 0x20000 : 0;
		cache_clean_invalidate_poc(code, (1 + FW_MAX_CPUS) * PAGE);
		if (cpu == 3 && acpifw_has_option(fw->efi, "gone"))
			continue;
		(void)psci(PSCI_CPU_ON, cpu, code, (uint64_t)word(fw, cpu, 0));
		while (*word(fw, cpu, PARK_READY) == 0)
			cache_clean_invalidate_poc((uint64_t)word(fw, cpu, PARK_READY), 8);
	}
}

static void deny_psci(struct fw *fw)
{
	acpi_put(fw->table[FADT] + FADT_ARM_BOOT, 0, 2);
}

static uint8_t *cpu_entry(struct fw *fw, uint64_t cpu)
{
	uint8_t *p = next_cpu(fw, NULL);

	while (p != NULL && acpi_field(p + GICC_MPIDR, 8) != cpu)
		p = next_cpu(fw, p);
	return p;
}

static uint8_t *first_entry(struct fw *fw, uint8_t type)
{
	uint8_t *p = fw->table[MADT] + MADT_ENTRIES;

	while (p[0] != type)
		p += p[1];
	return p;
}

static void longer(uint8_t *table, uint32_t by)
{
	acpi_put(table + LENGTH, acpi_field(table + LENGTH, 4) + by, 4);
}

static void add_to_xsdt(struct fw *fw, const uint8_t *table)
{
	uint8_t *xsdt = fw->table[XSDT];

	longer(xsdt, 8);
	acpi_put(xsdt + acpi_field(xsdt + LENGTH, 4) - 8, (uint64_t)table, 8);
}

static void park_sleeping(struct fw *fw)
{
	deny_psci(fw);
	park(fw, true);
}

static void park_polling(struct fw *fw)
{
	deny_psci(fw);
	park(fw, false);
}

static void set_mailbox(struct fw *fw, uint64_t cpu, uint64_t address)
{
	acpi_put(cpu_entry(fw, cpu) + GICC_PARKED, address, 8);
}

static void mailbox_in_ram(struct fw *fw)
{
	set_mailbox(fw, 2, (uint64_t)acpifw_came & ~UINT64_C(0xfff));
}

static void mailbox_unaligned(struct fw *fw)
{
	set_mailbox(fw, 4, (uint64_t)word(fw, 4, 0) + 8);
}

static void mailbox_shared(struct fw *fw)
{
	set_mailbox(fw, 5, (uint64_t)word(fw, 1, 0));
}

static void mailbox_outside(struct fw *fw)
{
	set_mailbox(fw, 6, UART1);
}

static void mailbox_version(struct fw *fw)
{
	acpi_put(cpu_entry(fw, 7) + GICC_VERSION, 2, 4);
}

static void gicd_nowhere(struct fw *fw)
{
	acpi_put(first_entry(fw, ENTRY_GICD) + GICD_BASE, NOWHERE, 8);
}

/* Nothing is there, but it is memory. */
static void gicd_in_ram(struct fw *fw)
{
	acpi_put(first_entry(fw, ENTRY_GICD) + GICD_BASE, (uint64_t)fw->table[SECOND_MADT], 8);
}

static void rsdp_elsewhere(struct fw *fw)
{
	static uint8_t copy[ACPI_RSDP_BYTES];

	fw->root = (uint64_t)copy;
}

static void rsdp_none(struct fw *fw)
{
	fw->root = 0;
}

static void rsdp_sum(struct fw *fw)
{
	fw->spoilt = fw->table[RSDP] + RSDP_CHECKSUM;
}

static void xsdt_sum(struct fw *fw)
{
	fw->spoilt = fw->table[XSDT] + CHECKSUM;
}

static void xsdt_long(struct fw *fw)
{
	fw->spoilt = fw->table[XSDT] + LENGTH + 3;
}

/* All it names is itself. */
static void xsdt_self(struct fw *fw)
{
	uint8_t *xsdt = fw->table[XSDT];

	for (uint64_t at = ACPI_HEADER_BYTES; at < acpi_field(xsdt + LENGTH, 4); at += 8)
		acpi_put(xsdt + at, (uint64_t)xsdt, 8);
}

/* It names itself and the RSDP, too. */
static void xsdt_loop(struct fw *fw)
{
	add_to_xsdt(fw, fw->table[XSDT]);
	add_to_xsdt(fw, fw->table[RSDP]);
	add_to_xsdt(fw, fw->table[XSDT] + 8);
}

static void madt_none(struct fw *fw)
{
	fw->table[MADT][0] = 'X';
}

static void madt_sum(struct fw *fw)
{
	fw->spoilt = fw->table[MADT] + CHECKSUM;
}

static void madt_short(struct fw *fw)
{
	acpi_put(fw->table[MADT] + LENGTH, ACPI_HEADER_BYTES, 4);
}

static void madt_cut(struct fw *fw)
{
	longer(fw->table[MADT], (uint32_t)-5);
}

static void madt_zero(struct fw *fw)
{
	cpu_entry(fw, 1)[1] = 0;
}

static void madt_boot(struct fw *fw)
{
	cpu_entry(fw, 0)[GICC_FLAGS] = 0;
}

static void madt_two(struct fw *fw)
{
	uint8_t *second = fw->table[SECOND_MADT];

	memcpy(second, fw->table[MADT], PAGE);
	longer(second, (uint32_t)-1);
	add_to_xsdt(fw, second);
}

static void fadt_none(struct fw *fw)
{
	fw->table[FADT][0] = 'X';
}

static void fadt_short(struct fw *fw)
{
	acpi_put(fw->table[FADT] + LENGTH, 100, 4);
}

static void fadt_sum(struct fw *fw)
{
	fw->spoilt = fw->table[FADT] + CHECKSUM;
}

/* SPCR, revision 2: the other PL011. */
static void spcr_other(struct fw *fw)
{
	acpi_put(fw->table[SPCR] + SPCR_BASE, UART1, 8);
	acpi_put(fw->table[SPCR] + SPCR_INTERRUPT, UART1_SPI, 4);
}

static const struct {
	const char *option;
	void (*play)(struct fw *fw);
} options[] = {
	{"no-psci", deny_psci},
	{"park", park_sleeping},
	{"park-polling", park_polling},
	{"ram", mailbox_in_ram},
	{"unaligned", mailbox_unaligned},
	{"shared", mailbox_shared},
	{"outside", mailbox_outside},
	{"version", mailbox_version},
	{"gicd-nowhere", gicd_nowhere},
	{"gicd-ram", gicd_in_ram},
	{"rsdp-elsewhere", rsdp_elsewhere},
	{"rsdp-none", rsdp_none},
	{"rsdp-sum", rsdp_sum},
	{"xsdt-sum", xsdt_sum},
	{"xsdt-long", xsdt_long},
	{"xsdt-self", xsdt_self},
	{"xsdt-loop", xsdt_loop},
	{"madt-none", madt_none},
	{"madt-sum", madt_sum},
	{"madt-short", madt_short},
	{"madt-cut", madt_cut},
	{"madt-zero", madt_zero},
	{"madt-boot", madt_boot},
	{"madt-two", madt_two},
	{"fadt-none", fadt_none},
	{"fadt-short", fadt_short},
	{"fadt-sum", fadt_sum},
	{"spcr-other", spcr_other},
};

static bool open_state(struct fw *fw)
{
	const struct efi *efi = fw->efi;
	uint64_t state = find(efi, &state_guid);

	if (state == 0) {
		state = take(efi, EFIMAP_RESERVED, 1);
		fw->state = (struct state *)state;
		if (state == 0)
			return false;
		fw->state->rsdp = acpifw_rsdp(efi);
		fw->state->park = take(efi, EFIMAP_RESERVED, 1 + FW_MAX_CPUS);
		return fw->state->rsdp != 0 && fw->state->park != 0 &&
		       efi->boot->InstallConfigurationTable(&state_guid, fw->state) == EFI_SUCCESS;
	}
	fw->state = (struct state *)state;
	return true;
}

/* False: it is not the board that this is about. */
static bool copy_tables(struct fw *fw)
{
	static const char *const names[TABLES] = {
		[MADT] = "APIC", [FADT] = "FACP", [SPCR] = "SPCR"};
	uint64_t pages = take(fw->efi, EFIMAP_ACPI_RECLAIM, TABLES);
	const uint8_t *xsdt = acpifw_at(acpi_field(acpifw_at(fw->state->rsdp) + RSDP_XSDT, 8));
	uint32_t bytes = (uint32_t)acpi_field(xsdt + LENGTH, 4);

	if (pages == 0 || bytes > PAGE / 2)
		return false;
	for (uint32_t i = 0; i < TABLES; i++)
		fw->table[i] = acpifw_at(pages + i * PAGE);
	memcpy(fw->table[RSDP], acpifw_at(fw->state->rsdp), ACPI_RSDP_BYTES);
	memcpy(fw->table[XSDT], xsdt, bytes);
	acpi_put(fw->table[RSDP] + RSDP_XSDT, (uint64_t)fw->table[XSDT], 8);
	for (uint32_t at = ACPI_HEADER_BYTES; at < bytes; at += 8) {
		const uint8_t *t = acpifw_at(acpi_field(xsdt + at, 8));

		for (uint32_t i = 0; i < TABLES; i++) {
			if (names[i] == NULL || memcmp(t, names[i], 4) != 0)
				continue;
			memcpy(fw->table[i], t, acpi_field(t + LENGTH, 4));
			acpi_put(fw->table[XSDT] + at, (uint64_t)fw->table[i], 8);
		}
	}
	fw->root = (uint64_t)fw->table[RSDP];
	return fw->table[MADT][0] != 0 && fw->table[FADT][0] != 0 && fw->table[SPCR][0] != 0;
}

static void seal(uint8_t *at, uint32_t checksum, uint64_t bytes)
{
	at[checksum] = 0;
	at[checksum] = acpi_sum(at, bytes);
}

static void seal_all(struct fw *fw)
{
	uint8_t *rsdp = fw->table[RSDP];

	for (uint32_t i = XSDT; i < TABLES; i++) {
		if (fw->table[i][0] != 0)
			seal(fw->table[i], CHECKSUM, acpi_field(fw->table[i] + LENGTH, 4));
	}
	seal(rsdp, RSDP_CHECKSUM, 20);
	seal(rsdp, RSDP_EXTENDED, ACPI_RSDP_BYTES);
	if (fw->spoilt != NULL)
		(*fw->spoilt)++;
}

efi_status efi_main(efi_handle image, struct efi_system_table *table);

efi_status efi_main(efi_handle image, struct efi_system_table *table)
{
	struct efi efi = {.image = image, .table = table, .boot = table->BootServices};
	struct fw fw = {.efi = &efi};
	efi_status status =
		efi.boot->HandleProtocol(image, &efi_loaded_image_guid, (void **)&efi.loaded);

	if (status != EFI_SUCCESS)
		return status;
	if (acpifw_has_option(&efi, "count"))
		return acpicount_run(&efi);
	if (!open_state(&fw) || !copy_tables(&fw)) {
		eficon_print(&efi, "acpifw: not the tables of QEMU's virt board\n");
		return EFI_UNSUPPORTED;
	}
	take_back(&fw);
	for (uint32_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (acpifw_has_option(&efi, options[i].option))
			options[i].play(&fw);
	}
	seal_all(&fw);
	return efi.boot->InstallConfigurationTable(&efi_acpi_guid, (void *)fw.root);
}
