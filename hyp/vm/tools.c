/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/tools.h"

#include "arch/aarch64/at.h"
#include "lib/guestexc.h"

#define PAGE_BYTES 4096

/* TCR_EL1.TBI0, TBI1: the top byte of an address is not part of it; bit 55 says of which half. */
#define TCR_TBI(va) BIT((va)&BIT(55) ? 38 : 37)

/* DFSC of a translation fault at level 3. */
#define DFSC_TRANSLATION_3 0x07

static uint64_t untagged(uint64_t va)
{
	return sysreg_read(tcr_el1) & TCR_TBI(va) ? (uint64_t)((int64_t)(va << 8) >> 8) : va;
}

static void abort_at(uint64_t va, bool write, unsigned int status)
{
	struct guestexc_state state = {
		.pc = sysreg_read(elr_el2),
		.spsr = sysreg_read(spsr_el2),
		.sctlr = sysreg_read(sctlr_el1),
		.vbar = sysreg_read(vbar_el1),
	};
	struct guestexc_entry entry = guestexc_data_abort(&state, write, status);

	sysreg_write(far_el1, va);
	exit_enter_el1(&entry);
}

/*
 * Finds each page of the bytes as the caller's exception level may reach it: EL0's rights are never
 * EL1's. A stage 2 fault on the way, in the guest's tables, is told to EL0 as one of stage 1: its
 * kernel looks at them then, by which EL2 finds them, and the call is made again. EL1 is told that
 * the call failed: no pages.
 */
static bool find_pages(struct run_page *page, uint64_t va, uint64_t bytes, bool write)
{
	bool el0 = exit_is_from_el0();
	uint64_t end, result;
	uint32_t count = 0;

	if (bytes == 0 || bytes > RUN_TOOLS_BYTES)
		return true;
	va = untagged(va);
	/* At most RUN_TOOLS_PAGES times: the count, not the end, which may wrap. */
	end = (bits_get(va, 11, 0) + bytes + PAGE_BYTES - 1) / PAGE_BYTES;
	while (count < end) {
		if (at_stage1(va, el0, write, &result)) {
			page->tools_page[count++] = result;
			va = bits_align_down(va, PAGE_BYTES) + PAGE_BYTES;
		} else if (!AT_FAILED_STAGE2(result)) {
			abort_at(va, write, AT_FAILED_STATUS(result));
			return false;
		} else if (el0) {
			abort_at(va, write, DFSC_TRANSLATION_3);
			return false;
		} else {
			return true;
		}
	}
	page->tools_pages = count;
	return true;
}

bool tools_prepare(struct uvcpu *u)
{
	struct run_page *page = u->page;
	const uint64_t *x = u->vcpu.x;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(page->args); i++)
		page->args[i] = x[i];
	page->tools_flags = exit_is_from_el0() ? RUN_TOOLS_EL0 : 0;
	page->tools_pages = 0;
	page->tools_again = 0;
	if ((uint16_t)x[3] != RUN_TOOLS_PORT)
		return true;
	if ((uint32_t)x[7] == RUN_TOOLS_OUT)
		return find_pages(page, x[4], x[2], false);
	if ((uint32_t)x[7] == RUN_TOOLS_IN)
		return find_pages(page, x[5], x[2], true);
	return true;
}

bool tools_complete(struct uvcpu *u)
{
	const volatile struct run_page *page = u->page;
	struct world *w = &u->vcpu.world;
	uint32_t i;

	if (page->tools_again)
		return false;
	/* What the register reads as; the results may take its place. */
	vcpu_reg_set(&u->vcpu, esr_sysreg_rt(u->pending_esr), 0);
	for (i = 0; i < ARRAY_SIZE(page->result); i++)
		u->vcpu.x[i] = page->result[i];
	guestexc_advance(&w->elr_el2, &w->spsr_el2, u->pending_esr & ESR_IL);
	return true;
}
