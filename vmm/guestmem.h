/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_GUESTMEM_H
#define VMM_GUESTMEM_H

#include "vmm/dirty.h"

/*
 * A VM's memory, as devices reach it. What the guest asked a device to write (a disk read, a
 * received packet) is written plainly, and its caches are the guest's business, as on bare metal.
 * The vCPUs run meanwhile: what was read once may be something else the next time.
 */
struct guestmem {
	uint8_t *ram; /* at MACHINE_RAM */
	uint64_t ram_bytes;
	struct dirty *dirty; /* NULL: nobody asks what is written */
	int file;            /* whose pages these are, for other processes that serve the VM */
	uint64_t file_offset;
};

/* A device has written there; see dirty_mark(). */
static inline void guestmem_wrote(const struct guestmem *m, const void *at, uint64_t bytes)
{
	dirty_mark(m->dirty, at, bytes);
}

/* Where the bytes are in this process; NULL: not all of them are memory. bytes may be 0. */
void *guestmem_at(const struct guestmem *m, uint64_t ipa, uint64_t bytes);

/*
 * Cleans and invalidates to the point of coherency: what this process wrote is there for a guest
 * that looks past the caches, and what such a guest wrote is read afterwards.
 */
void guestmem_clean(const void *start, uint64_t bytes);

#endif
