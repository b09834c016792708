// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/guestmem.h"

#include "vmm/machine.h"

void *guestmem_at(const struct guestmem *m, uint64_t ipa, uint64_t bytes)
{
	if (!bits_contains(MACHINE_RAM, m->ram_bytes, ipa, bytes))
		return NULL;
	return m->ram + (ipa - MACHINE_RAM);
}

void guestmem_clean(const void *start, uint64_t bytes)
{
	uint64_t address = (uintptr_t)start, end = address + bytes;
	uint64_t ctr, line;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	line = UINT64_C(4) << bits_get(ctr, 19, 16); /* DminLine (D24.2.34) */
	for (address = bits_align_down(address, line); address < end; address += line)
		__asm__ volatile("dc civac, %0" : : "r"(address) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}
