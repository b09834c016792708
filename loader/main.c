/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/aarch64/sysreg.h"
#include "lib/cmdline.h"
#include "lib/conopt.h"
#include "loader/acpiread.h"
#include "loader/cpus.h"
#include "loader/dt.h"
#include "loader/hypimage.h"
#include "loader/kernel.h"
#include "loader/mpboot.h"
#include "loader/payload.h"
#include "loader/seed.h"
#include "loader/svmacpi.h"
#include "loader/svmdt.h"
#include "loader/uart.h"

extern const char loader_start[];
extern const char loader_end[];

/* Called by head.S; dtb counts unless UEFI has filled in `firmware`. */
void main_load(uint64_t dtb, uint64_t cntpct, uint64_t el) __attribute__((noreturn));
void main_exception(uint64_t esr, uint64_t elr, uint64_t far) __attribute__((noreturn));

struct firmware firmware __attribute__((section(".data.firmware")));

static struct machine machine;

void main_exception(uint64_t esr, uint64_t elr, uint64_t far)
{
	uart_stop("unexpected exception in the loader: ESR %#llx, ELR %#llx (offset %#llx), "
		  "FAR %#llx",
		  (unsigned long long)esr, (unsigned long long)elr,
		  (unsigned long long)(elr - (uint64_t)loader_start), (unsigned long long)far);
}

/* Chooses the kept region, at the top of memory: not where boot loaders put things. */
static void place_kept(struct machine *m)
{
	struct bootinfo *info = &m->info;
	uint64_t image_bytes = hypimage_bytes();
	uint64_t base;

	m->kept = layout_kept(image_bytes, m->ram_bytes, info->cpu_count,
			      conopt_memory_bytes(info->cmdline));
	if (m->kept.bytes > layout_kept_limit(m->ram_bytes))
		uart_stop("Caisson would need %llu KiB for itself, too much for this machine",
			  (unsigned long long)m->kept.bytes >> 10);
	if (layout_highest(info->ram, info->ram_count, &m->busy, m->kept.bytes, MIB(2),
			   HYP_IMAGE_VA, &base) != ERR_OK)
		uart_stop("no room in memory for the %llu KiB Caisson keeps",
			  (unsigned long long)m->kept.bytes >> 10);
	info->kept = (struct boot_region){base, m->kept.bytes};
	info->log = (struct boot_region){base, LAYOUT_LOG_BYTES};
	info->image = (struct boot_region){base + m->kept.image, image_bytes};
	info->pool = (struct boot_region){base + m->kept.pool, m->kept.bytes - m->kept.pool};
	if (layout_busy_add(&m->busy, base, m->kept.bytes, "Caisson's kept memory") != ERR_OK)
		uart_stop("more than %d reservations", LAYOUT_MAX_BUSY);
}

static void print_kept(const struct machine *m)
{
	const struct bootinfo *info = &m->info;

	uart_print("  keeps %llu KiB of %llu MiB at %#llx: hypervisor %llu, log %llu, "
		   "stacks and mailboxes %llu, tables and pool %llu KiB\n",
		   (unsigned long long)info->kept.bytes >> 10,
		   (unsigned long long)m->ram_bytes >> 20, (unsigned long long)info->kept.base,
		   (unsigned long long)info->image.bytes >> 10,
		   (unsigned long long)info->log.bytes >> 10,
		   (unsigned long long)(m->kept.pool - m->kept.bootinfo) >> 10,
		   (unsigned long long)info->pool.bytes >> 10);
}

/* CPUs come to the mailboxes at base while the kernel is put where it can run. */
static void start_cpus(struct machine *m, uint64_t base)
{
	mpboot_start(m, base);
	payload_place(m);
	mpboot_collect(m);
	if (m->info.cpus_left_out != 0)
		uart_print("  %u CPUs used, %u left out\n", m->info.cpu_count,
			   m->info.cpus_left_out);
}

static void load_kernel(struct machine *m) __attribute__((noreturn));

/* Under UEFI efikernel.c does this, and does not get here. */
static void load_kernel(struct machine *m)
{
	cpus_choose(m);
	payload_find(m);
	start_cpus(m, kernel_place(m));
	kernel_start(m);
}

static void load_hypervisor(struct machine *m) __attribute__((noreturn));

static void load_hypervisor(struct machine *m)
{
	if (m->acpi.used)
		acpiread_devices(m);
	else
		dt_read_devices(m);
	cpus_choose(m);
	cpus_tell_power(m);
	payload_find(m);
	place_kept(m);
	start_cpus(m, m->info.kept.base + m->kept.wait_code);
	seed_make(m);
	if (m->acpi.used)
		svmacpi_write(m);
	else
		svmdt_write(m);
	print_kept(m);
	hypimage_start(m);
}

/* What else `payload=` may say. */
static void tell_payload(const struct machine *m)
{
	size_t bytes;
	const char *value = cmdline_get(m->info.cmdline, "payload", &bytes);

	if (value != NULL)
		uart_print("caisson: payload=%.*s is ignored: it is not kernel\n", (int)bytes,
			   value);
}

void main_load(uint64_t dtb, uint64_t cntpct, uint64_t el)
{
	struct machine *m = &machine;

	if (!firmware.uefi)
		firmware.dtb = dtb;
	m->firmware = &firmware;
	if (firmware.dtb == 0 && firmware.rsdp != 0)
		acpiread_open(m);
	else
		dt_open(m, firmware.dtb);
	if (el != 2)
		uart_stop("started at EL%u, Caisson needs EL2: start it from firmware or a boot "
			  "loader that runs at EL2 (QEMU: -M virt,virtualization=on)",
			  (unsigned int)el);
	uart_print("Caisson " CAISSON_VERSION " loader\n");
	m->info.entry_cntpct = cntpct;
	if (layout_busy_add(&m->busy, (uint64_t)loader_start, loader_end - loader_start,
			    "Caisson's own image") != ERR_OK)
		uart_stop("loaded at the end of the address space");
	if (m->acpi.used)
		acpiread_machine(m, sysreg_read(mpidr_el1) & MPIDR_AFFINITY);
	else
		dt_read(m, sysreg_read(mpidr_el1) & MPIDR_AFFINITY);
	if (kernel_is_payload(m->info.cmdline))
		load_kernel(m);
	tell_payload(m);
	load_hypervisor(m);
}
