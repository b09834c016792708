/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/payload.h"

#include <string.h>

#include "arch/aarch64/cache.h"
#include "lib/cpio.h"
#include "lib/image.h"
#include "lib/text.h"
#include "loader/uart.h"

#define KERNEL_ALIGN       MIB(2)
#define BOOTARGS_BYTES_MAX 4096 /* Linux takes 2048 (asm/setup.h of the arm64 port) */

#define HOW_TO_GIVE                                                                                \
	"give it as multiboot modules in /chosen (GRUB's xen_module, QEMU's guest-loader) or as "  \
	"a cpio archive with the files kernel, initrd, cmdline in the initrd slot"

static void busy_add(struct machine *m, struct boot_region r, const char *name)
{
	const char *other = layout_busy_at(&m->busy, r.base, r.bytes);

	if (other != NULL)
		uart_stop("the %s at %#llx, %#llx bytes, overlaps %s: load it elsewhere", name,
			  (unsigned long long)r.base, (unsigned long long)r.bytes, other);
	if (layout_busy_add(&m->busy, r.base, r.bytes, name) != ERR_OK)
		uart_stop("the %s at %#llx makes no sense", name, (unsigned long long)r.base);
	if (!layout_in(m->info.ram, m->info.ram_count, r.base, r.bytes))
		uart_stop("the %s at %#llx, %#llx bytes, is not in memory", name,
			  (unsigned long long)r.base, (unsigned long long)r.bytes);
}

/*
 * A module's reg. GRUB and Xen's documents give /chosen cell counts; QEMU's guest-loader does
 * not and writes two cells each: then the property's size tells.
 */
static struct boot_region module_region(const struct machine *m, uint32_t node)
{
	const struct fdt *fdt = &m->fdt;
	uint32_t address = fdt->node[m->chosen].address_cells;
	uint32_t size = fdt->node[m->chosen].size_cells;
	struct fdt_prop reg;
	uint32_t cells;

	if (!fdt_prop(fdt, node, "reg", &reg) || reg.bytes % 4 != 0 || reg.bytes < 8 ||
	    reg.bytes > 16)
		uart_stop("module %s has no reg property of 2 to 4 cells", fdt_name(fdt, node));
	cells = reg.bytes / 4;
	if (address + size != cells || address == 0 || size == 0 || address > 2 || size > 2) {
		address = cells == 2 ? 1 : 2;
		size = cells - address;
	}
	return (struct boot_region){fdt_prop_cells(&reg, 0, address),
				    fdt_prop_cells(&reg, address, size)};
}

/* GRUB 2.06 announces a byte more than it has: what follows the NUL may be anything. */
static void take_bootargs(struct machine *m, uint32_t node)
{
	struct fdt_prop prop;

	if (!fdt_prop(&m->fdt, node, "bootargs", &prop))
		return;
	m->bootargs = (const char *)prop.data;
	m->bootargs_bytes = 0;
	while (m->bootargs_bytes < prop.bytes && m->bootargs[m->bootargs_bytes] != '\0')
		m->bootargs_bytes++;
}

static void check_bootargs(const struct machine *m)
{
	if (m->bootargs_bytes > BOOTARGS_BYTES_MAX)
		uart_stop("the %s's command line for the kernel has %zu bytes, more than %d",
			  m->payload_kind, m->bootargs_bytes, BOOTARGS_BYTES_MAX);
}

/* A plain "multiboot,module" is the kernel if there is none yet, else the initrd. */
static void take_module(struct machine *m, uint32_t node)
{
	const struct fdt *fdt = &m->fdt;
	bool kernel = fdt_is_compatible(fdt, node, "multiboot,kernel");
	bool initrd = !kernel && fdt_is_compatible(fdt, node, "multiboot,ramdisk");
	struct boot_region r;

	if (!kernel && !initrd && !fdt_is_compatible(fdt, node, "multiboot,module"))
		return;
	r = module_region(m, node);
	if (!kernel && !initrd)
		kernel = m->kernel.bytes == 0;
	if (r.bytes == 0)
		uart_stop("module %s is empty", fdt_name(fdt, node));
	if ((kernel ? m->kernel.bytes : m->initrd.bytes) != 0)
		uart_stop("module %s is a second %s", fdt_name(fdt, node),
			  kernel ? "kernel" : "initrd");
	busy_add(m, r, kernel ? "kernel module" : "initrd module");
	uart_print("  %s module: %#llx, %llu KiB\n", kernel ? "kernel" : "initrd",
		   (unsigned long long)r.base, (unsigned long long)r.bytes >> 10);
	if (kernel) {
		m->kernel = r;
		take_bootargs(m, node);
	} else {
		m->initrd = r;
	}
}

/* What firmware or a boot loader put in the initrd slot; bytes 0: nothing. */
static struct boot_region initrd_slot(const struct machine *m)
{
	struct boot_region slot = {0};
	uint64_t start;
	uint64_t end;

	if (fdt_prop_number(&m->fdt, m->chosen, "linux,initrd-start", &start) &&
	    fdt_prop_number(&m->fdt, m->chosen, "linux,initrd-end", &end) && end > start)
		slot = (struct boot_region){start, end - start};
	return slot;
}

/* One file of the bundle; false: it is not there. */
static bool bundle_file(const struct boot_region *bundle, const char *name, struct cpio_file *file)
{
	enum err err = cpio_find((const void *)bundle->base, bundle->bytes, name, file);

	if (err == ERR_TRUNCATED)
		uart_stop("the bundle at %#llx is truncated: it ends after %llu bytes, before the "
			  "archive does (looking for \"%s\")",
			  (unsigned long long)bundle->base, (unsigned long long)bundle->bytes,
			  name);
	if (err == ERR_INVALID)
		uart_stop("the bundle at %#llx is damaged: a member's header is malformed "
			  "(looking for \"%s\")",
			  (unsigned long long)bundle->base, name);
	return err == ERR_OK;
}

static void take_bundle(struct machine *m, struct boot_region bundle)
{
	struct cpio_file file;

	m->payload_kind = "bundle";
	uart_print("  bundle: %#llx, %llu KiB\n", (unsigned long long)bundle.base,
		   (unsigned long long)bundle.bytes >> 10);
	if (!bundle_file(&bundle, "kernel", &file))
		uart_stop("the bundle at %#llx has no file \"kernel\"",
			  (unsigned long long)bundle.base);
	m->kernel = (struct boot_region){(uint64_t)file.data, file.bytes};
	if (bundle_file(&bundle, "initrd", &file))
		m->initrd = (struct boot_region){(uint64_t)file.data, file.bytes};
	if (!bundle_file(&bundle, "cmdline", &file))
		return;
	m->bootargs = (const char *)file.data;
	while (m->bootargs_bytes < file.bytes && m->bootargs[m->bootargs_bytes] != '\0' &&
	       m->bootargs[m->bootargs_bytes] != '\n')
		m->bootargs_bytes++;
}

const char *payload_image_why(enum err err)
{
	switch (err) {
	case ERR_TRUNCATED:
		return "it ends within the header";
	case ERR_UNSUPPORTED:
		return "it is compressed (unpack it) or big-endian";
	case ERR_RANGE:
		return "it needs more than 1 GiB";
	default:
		return "it has no arm64 Image header, or one that makes no sense";
	}
}

static void check_kernel(struct machine *m)
{
	struct image_info image;
	enum err err = image_parse((const void *)m->kernel.base, m->kernel.bytes, &image);

	if (err != ERR_OK)
		uart_stop("the %s's kernel at %#llx, %llu bytes, is not an arm64 Image: %s",
			  m->payload_kind, (unsigned long long)m->kernel.base,
			  (unsigned long long)m->kernel.bytes, payload_image_why(err));
	m->text_offset = image.text_offset;
	m->kernel_bytes = image.image_bytes;
}

/* What caisson.cfg named. */
static void take_files(struct machine *m)
{
	const struct firmware *f = m->firmware;

	m->payload_kind = "caisson.cfg";
	m->kernel = f->kernel;
	m->initrd = f->initrd;
	m->bootargs = f->bootargs;
	m->bootargs_bytes = text_length(f->bootargs);
	busy_add(m, m->kernel, "kernel");
	if (m->initrd.bytes != 0)
		busy_add(m, m->initrd, "initrd");
	check_kernel(m);
}

void payload_find(struct machine *m)
{
	struct boot_region slot;

	if (m->firmware->kernel.bytes != 0) {
		take_files(m);
		return;
	}
	if (m->chosen == FDT_NONE)
		uart_stop("no kernel for the service VM: " HOW_TO_GIVE);
	m->payload_kind = "module";
	for (uint32_t n = fdt_child_first(&m->fdt, m->chosen); n != FDT_NONE;
	     n = fdt_child_next(&m->fdt, n))
		take_module(m, n);
	slot = initrd_slot(m);
	if (m->kernel.bytes == 0 && m->initrd.bytes != 0)
		uart_stop("there is an initrd module but no kernel module: " HOW_TO_GIVE);
	if (slot.bytes != 0)
		busy_add(m, slot, m->kernel.bytes != 0 ? "initrd" : "bundle");
	if (m->kernel.bytes != 0) {
		if (m->initrd.bytes == 0)
			m->initrd = slot;
	} else if (slot.bytes != 0 && cpio_is_archive((const void *)slot.base, slot.bytes)) {
		take_bundle(m, slot);
	} else if (slot.bytes != 0) {
		uart_stop("what is in the initrd slot at %#llx is not a bundle: " HOW_TO_GIVE,
			  (unsigned long long)slot.base);
	} else {
		uart_stop("no kernel for the service VM: " HOW_TO_GIVE);
	}
	check_kernel(m);
	check_bootargs(m);
}

/* Is the rest of what the kernel needs, beyond its file, free where it was loaded? */
static bool can_stay(const struct machine *m)
{
	uint64_t rest = m->kernel_bytes - m->kernel.bytes;

	return bits_is_aligned(m->kernel.base - m->text_offset, KERNEL_ALIGN) &&
	       layout_in(m->info.ram, m->info.ram_count, m->kernel.base, m->kernel_bytes) &&
	       layout_busy_at(&m->busy, m->kernel.base + m->kernel.bytes, rest) == NULL;
}

void payload_place(struct machine *m)
{
	uint64_t base;

	if (can_stay(m)) {
		m->info.svm_entry = m->kernel.base;
	} else {
		if (layout_lowest(m->info.ram, m->info.ram_count, &m->busy,
				  m->text_offset + m->kernel_bytes, KERNEL_ALIGN, HYP_IMAGE_VA,
				  &base) != ERR_OK)
			uart_stop("no room in memory for the service VM's kernel, %llu KiB",
				  (unsigned long long)m->kernel_bytes >> 10);
		m->info.svm_entry = base + m->text_offset;
		cache_clean_invalidate_poc(m->info.svm_entry, m->kernel.bytes);
		memcpy((void *)m->info.svm_entry, (const void *)m->kernel.base, m->kernel.bytes);
		cache_clean_invalidate_poc(m->info.svm_entry, m->kernel.bytes);
	}
	if (layout_busy_add(&m->busy, m->info.svm_entry, m->kernel_bytes, "kernel") != ERR_OK)
		uart_stop("more than %d reservations", LAYOUT_MAX_BUSY);
}
