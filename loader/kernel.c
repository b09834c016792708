/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/kernel.h"

#include <string.h>

#include "arch/aarch64/cache.h"
#include "lib/cmdline.h"
#include "lib/dtcpus.h"
#include "loader/cpus.h"
#include "loader/head.h"
#include "loader/mpboot.h"
#include "loader/uart.h"

#define PAGE_BYTES KIB(4)
#define ROOT_BYTES 512 /* more than XSDT and RSDP take, but for the XSDT's entries */

bool kernel_is_payload(const char *cmdline)
{
	size_t bytes;
	const char *value = cmdline_get(cmdline, "payload", &bytes);

	return value != NULL && bytes == 6 && memcmp(value, "kernel", bytes) == 0;
}

uint64_t kernel_mailboxes_bytes(const struct machine *m)
{
	return bits_align_up(mpboot_bytes(m->info.cpu_count), KERNEL_MAILBOXES_ALIGN);
}

uint64_t kernel_place(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t bytes = kernel_mailboxes_bytes(m);
	uint64_t base;

	if (info->cpu_count == 1)
		return 0;
	if (layout_highest(info->ram, info->ram_count, &m->busy, bytes, KERNEL_MAILBOXES_ALIGN,
			   HYP_IMAGE_VA, &base) != ERR_OK)
		uart_stop("no room in memory for mailboxes, %llu KiB",
			  (unsigned long long)bytes >> 10);
	if (layout_busy_add(&m->busy, base, bytes, "mailboxes") != ERR_OK)
		uart_stop("more than %d reservations", LAYOUT_MAX_BUSY);
	info->kept = (struct boot_region){base, bytes};
	return base;
}

size_t kernel_tree_room(const struct machine *m)
{
	size_t room = m->fdt.bytes + DTCPUS_ROOM(m->cpus.count, 1) + m->bootargs_bytes;

	return room < FDT_BYTES_MAX ? room : FDT_BYTES_MAX;
}

size_t kernel_write_tree(struct machine *m, uint64_t tree, size_t room)
{
	static struct dtcpus_use use[BOOT_MAX_STARTS];
	const struct bootinfo *info = &m->info;
	struct fdt_region reserve = {info->kept.base, info->kept.bytes};
	struct dtcpus_change change = {
		.list = &m->cpus,
		.use = use,
		.reserve = &reserve,
		.reserve_count = info->kept.bytes != 0 ? 1 : 0,
		.hands_over = true,
		.bootargs = m->bootargs,
		.bootargs_bytes = m->bootargs_bytes,
		.initrd = {m->initrd.base, m->initrd.bytes},
	};
	enum err err;
	size_t bytes;

	for (uint32_t i = 0; i < info->cpu_count; i++) {
		uint64_t mailbox = info->cpu[i].mailbox;

		use[m->cpu_listed[i]].used = true;
		if (mailbox != 0)
			use[m->cpu_listed[i]].release = mailbox + BOOT_MAILBOX_RELEASE;
	}
	err = dtcpus_write(&m->fdt, &change, (void *)tree, room, &bytes);
	if (err != ERR_OK)
		uart_stop("the kernel's device tree cannot be written: %s",
			  err == ERR_RANGE ? "the mailboxes' address does not fit into its cells"
					   : "it becomes too large");
	return bytes;
}

size_t kernel_tables_room(const struct machine *m)
{
	const struct machine_acpi *a = &m->acpi;

	return a->madt.table.bytes + a->fadt_table->bytes + 8 * (size_t)a->tables.count +
	       ROOT_BYTES;
}

uint64_t kernel_write_tables(struct machine *m, uint64_t base, size_t room)
{
	static struct madt_use use[BOOT_MAX_STARTS];
	const struct machine_acpi *a = &m->acpi;
	struct acpiw_edit edit[] = {{.signature = "APIC"}, {.signature = "FACP"}};
	struct acpiw w;
	uint64_t rsdp;
	size_t bytes;

	for (uint32_t i = 0; i < m->info.cpu_count; i++)
		use[m->cpu_listed[i]] = (struct madt_use){true, m->info.cpu[i].mailbox};
	acpiw_init(&w, (void *)base, base, room);
	edit[0].address = madt_write(&w, &a->madt, &m->cpus, use, MADT_FOR_KERNEL);
	/* Linux asks for PSCI first. */
	edit[1].address = fadt_write(&w, a->fadt_table, false, false);
	rsdp = acpiw_root(&w, &a->tables, edit, ARRAY_SIZE(edit));
	if (acpiw_finish(&w, &bytes) != ERR_OK)
		uart_stop("the kernel's ACPI tables do not fit into %zu bytes", room);
	return rsdp;
}

void kernel_start(struct machine *m)
{
	struct bootinfo *info = &m->info;
	size_t room = kernel_tree_room(m);
	uint64_t tree;
	size_t bytes;

	if (layout_lowest(info->ram, info->ram_count, &m->busy, room, PAGE_BYTES, HYP_IMAGE_VA,
			  &tree) != ERR_OK)
		uart_stop("no room in memory for the kernel's device tree");
	cache_clean_invalidate_poc(tree, room);
	bytes = kernel_write_tree(m, tree, room);
	cache_clean_invalidate_poc(tree, bytes);
	uart_print("  payload=kernel: %u CPU%s, mailboxes at %#llx; starts at %#llx\n",
		   info->cpu_count, info->cpu_count == 1 ? "" : "s",
		   (unsigned long long)info->kept.base, (unsigned long long)info->svm_entry);
	head_enter(info->svm_entry, tree);
}
