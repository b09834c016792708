// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/guestmem.h"

#include "vmm/machine.h"

void *guestmem_at(const struct guestmem *m, uint64_t ipa, uint64_t bytes)
{
	if (!bits_contains(MACHINE_RAM, m->ram_bytes, ipa, bytes))
		return NULL;
	return m->ram + (ipa - MACHINE_RAM);
}
