/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/hypimage.h"

#include <string.h>

#include "arch/aarch64/cache.h"
#include "lib/pgtable.h"
#include "loader/head.h"
#include "loader/uart.h"

#define PAGE_BYTES KIB(4)
#define INPUT_BITS 48

/*
 * SCTLR_EL2 with HCR_EL2.E2H 0 (Arm ARM DDI 0487 D24.2.118): RES1 bits, MMU and caches on,
 * stack alignment checked, nothing writable executable.
 */
#define SCTLR_EL2_RES1 0x30c50830
#define SCTLR_M        BIT(0)
#define SCTLR_C        BIT(2)
#define SCTLR_SA       BIT(3)
#define SCTLR_I        BIT(12)
#define SCTLR_WXN      BIT(19)

extern const char hyp_image[];
extern const char hyp_image_end[];

static const struct hyp_header *header(void)
{
	return (const struct hyp_header *)(const void *)hyp_image;
}

uint64_t hypimage_bytes(void)
{
	const struct hyp_header *h = header();

	/* Built together with this program: a build error, not bad input. Whole pages. */
	if (h->magic != HYP_HEADER_MAGIC ||
	    h->text_bytes + h->rodata_bytes + h->data_bytes !=
		    (uint64_t)(hyp_image_end - hyp_image) ||
	    !bits_is_aligned(h->text_bytes | h->rodata_bytes | h->data_bytes, PAGE_BYTES))
		uart_stop("the embedded hypervisor image is malformed: build it again");
	return bits_align_up(h->text_bytes + h->rodata_bytes + h->data_bytes + h->bss_bytes,
			     PAGE_BYTES);
}

/* Tables come from the pool's start; what is left over is the hypervisor's pool. */
static uint64_t page_alloc(void *ctx)
{
	struct boot_region *pool = ctx;
	uint64_t page = pool->base;

	if (pool->bytes < PAGE_BYTES)
		return 0;
	pool->base += PAGE_BYTES;
	pool->bytes -= PAGE_BYTES;
	cache_clean_invalidate_poc(page, PAGE_BYTES);
	memset((void *)page, 0, PAGE_BYTES);
	return page;
}

static uint64_t *page_va(void *ctx, uint64_t pa)
{
	return (uint64_t *)pa;
}

static const struct pgtable_ops table_ops = {.page_alloc = page_alloc, .page_va = page_va};

static void map(struct pgtable *pt, uint64_t va, uint64_t pa, uint64_t bytes, unsigned int attr)
{
	enum err err = bytes == 0 ? ERR_OK : pgtable_map(pt, va, pa, bytes, attr);

	if (err != ERR_OK)
		uart_stop("cannot map %#llx, %#llx bytes for EL2 (%s)", (unsigned long long)va,
			  (unsigned long long)bytes,
			  err == ERR_OVERLAP     ? "overlaps something: memory and devices of "
						   "firmware's tables contradict each other"
			  : err == ERR_NO_MEMORY ? "tables full"
						 : "invalid");
}

/* RAM at VA = PA but for the hypervisor's image, in the largest blocks. */
static void map_ram(struct pgtable *pt, const struct bootinfo *info)
{
	uint64_t image_end = info->image.base + info->image.bytes;

	for (uint32_t i = 0; i < info->ram_count; i++) {
		struct boot_region r = info->ram[i];

		if (bits_contains(r.base, r.bytes, info->image.base, info->image.bytes)) {
			map(pt, r.base, r.base, info->image.base - r.base, PGTABLE_R | PGTABLE_W);
			r.bytes -= image_end - r.base;
			r.base = image_end;
		}
		map(pt, r.base, r.base, r.bytes, PGTABLE_R | PGTABLE_W);
	}
}

static void map_image(struct pgtable *pt, const struct bootinfo *info)
{
	const struct hyp_header *h = header();
	uint64_t pa = info->image.base;
	uint64_t va = HYP_IMAGE_VA;
	uint64_t rw = info->image.bytes - h->text_bytes - h->rodata_bytes;

	map(pt, pa, pa, PAGE_BYTES, PGTABLE_R | PGTABLE_X);
	map(pt, va, pa, h->text_bytes, PGTABLE_R | PGTABLE_X);
	va += h->text_bytes;
	pa += h->text_bytes;
	map(pt, va, pa, h->rodata_bytes, PGTABLE_R);
	map(pt, va + h->rodata_bytes, pa + h->rodata_bytes, rw, PGTABLE_R | PGTABLE_W);
}

static void map_stacks(struct pgtable *pt, const struct machine *m)
{
	uint64_t pa = m->info.kept.base + m->kept.stacks;
	uint64_t va = HYP_STACK_VA + HYP_STACK_GUARD;

	for (uint32_t i = 0; i < m->info.cpu_count; i++) {
		map(pt, va, pa, HYP_STACK_BYTES, PGTABLE_R | PGTABLE_W);
		pa += HYP_STACK_BYTES;
		va += HYP_STACK_STRIDE;
	}
}

/* Two of them may share a page. */
static void map_uarts(struct pgtable *pt, const struct bootinfo *info)
{
	unsigned int attr = PGTABLE_R | PGTABLE_W | PGTABLE_DEVICE;
	struct boot_region list[BOOT_MAX_UARTS];
	uint32_t count = 0;

	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++) {
		const struct boot_region *r = &info->uart[i].region;

		if (r->bytes != 0 &&
		    layout_merge(list, &count, BOOT_MAX_UARTS, r->base, r->bytes) != ERR_OK)
			uart_stop("a UART at %#llx wraps around", (unsigned long long)r->base);
	}
	for (uint32_t i = 0; i < count; i++)
		map(pt, list[i].base, list[i].base, list[i].bytes, attr);
}

static void map_devices(struct pgtable *pt, const struct bootinfo *info)
{
	unsigned int attr = PGTABLE_R | PGTABLE_W | PGTABLE_DEVICE;

	map(pt, info->gicd.base, info->gicd.base, info->gicd.bytes, attr);
	for (uint32_t i = 0; i < info->gicr_count; i++)
		map(pt, info->gicr[i].base, info->gicr[i].base, info->gicr[i].bytes, attr);
	map(pt, info->gicc.base, info->gicc.base, info->gicc.bytes, attr);
	map(pt, info->gich.base, info->gich.base, info->gich.bytes, attr);
	map_uarts(pt, info);
	map(pt, info->power.base, info->power.base, info->power.bytes, attr);
}

static void copy_image(const struct bootinfo *info)
{
	uint64_t file_bytes = hyp_image_end - hyp_image;
	uint64_t base = info->image.base;

	/* Dirty lines of old contents must not be written back over what follows. */
	cache_clean_invalidate_poc(base, file_bytes);
	head_copy((void *)base, hyp_image, file_bytes);
}

void hypimage_start(struct machine *m)
{
	struct bootinfo *info = &m->info;
	struct hyp_header *h = (struct hyp_header *)info->image.base;
	uint64_t bootinfo = info->kept.base + m->kept.bootinfo;
	uint64_t tables = info->pool.base;
	struct pgtable pt;

	copy_image(info);
	if (pgtable_init(&pt, PGTABLE_EL2_STAGE1, INPUT_BITS, &table_ops, &info->pool,
			 page_alloc(&info->pool)) != ERR_OK)
		uart_stop("no memory for EL2's translation tables");
	map_ram(&pt, info);
	map_image(&pt, info);
	map_stacks(&pt, m);
	map_devices(&pt, info);
	h->ttbr0_el2 = pt.root;
	h->tcr_el2 = pgtable_tcr(&pt, bits_get(sysreg_read(id_aa64mmfr0_el1), 3, 0));
	h->mair_el2 = pgtable_mair();
	h->sctlr_el2 = SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN;
	h->bootinfo = bootinfo;
	info->magic = BOOTINFO_MAGIC;
	cache_clean_invalidate_poc(bootinfo, sizeof(*info));
	memcpy((void *)bootinfo, info, sizeof(*info));
	/* Clean lines that were fetched meanwhile hold what was there before. */
	cache_clean_invalidate_poc(bootinfo, sizeof(*info));
	cache_clean_invalidate_poc(info->image.base, hyp_image_end - hyp_image);
	cache_clean_invalidate_poc(tables, info->pool.base - tables);
	head_enter(info->image.base + h->entry_offset, bootinfo);
}
