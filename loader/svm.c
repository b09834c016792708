/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/svm.h"

#include "arch/aarch64/mmio.h"
#include "arch/aarch64/sysreg.h"
#include "loader/gicv2.h"
#include "loader/uart.h"

#define PAGE_BYTES KIB(4)
#define SPI_BASE   32
#define GICD_TYPER 0x4

void svm_hide(struct machine *m, uint64_t base, uint64_t bytes)
{
	struct bootinfo *info = &m->info;
	uint64_t start = bits_align_down(base, PAGE_BYTES);
	uint64_t end = bits_align_up(base + bytes, PAGE_BYTES);

	if (layout_merge(info->hidden, &info->hidden_count, BOOT_MAX_REGIONS, start, end - start) !=
	    ERR_OK)
		uart_stop("more than %d regions of GIC and console", BOOT_MAX_REGIONS);
}

void svm_hide_all(struct machine *m)
{
	struct bootinfo *info = &m->info;

	svm_hide(m, info->gicd.base, info->gicd.bytes);
	for (uint32_t i = 0; i < info->gicr_count; i++)
		svm_hide(m, info->gicr[i].base, info->gicr[i].bytes);
	if (info->gic_version == 2)
		gicv2_hide(m);
	for (uint32_t i = 0; i < BOOT_MAX_UARTS; i++)
		svm_hide(m, info->uart[i].region.base, info->uart[i].region.bytes);
	svm_hide(m, info->svm_console, PAGE_BYTES);
	svm_hide(m, info->svm_event_line, PAGE_BYTES);
}

uint32_t svm_take_intid(const struct machine *m, uint64_t used[SVM_INTID_END / 64 + 1])
{
	uint32_t lines = mmio_read32(m->info.gicd.base + GICD_TYPER) & 0x1f;
	uint32_t end = 32 * (lines + 1);
	uint32_t i = end < SVM_INTID_END ? end : SVM_INTID_END;

	do {
		if (i <= SPI_BASE)
			uart_stop("no free SPI for the event line");
		i--;
	} while (used[i / 64] & BIT(i % 64));
	used[i / 64] |= BIT(i % 64);
	return i;
}

void svm_limit(struct machine *m, uint64_t top)
{
	static const uint8_t pa_bits[] = {32, 36, 40, 42, 44, 48};
	uint64_t range = bits_get(sysreg_read(id_aa64mmfr0_el1), 3, 0);
	unsigned int bits = pa_bits[range < ARRAY_SIZE(pa_bits) ? range : 5];

	m->info.svm_ipa_limit = top < BIT(bits) ? bits_align_up(top, GIB(1)) : BIT(bits);
}
