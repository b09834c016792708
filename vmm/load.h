/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_LOAD_H
#define VMM_LOAD_H

#include "lib/bits.h"
#include "lib/err.h"
#include "vmm/guestdt.h"

/* What is put into a user VM's memory before it starts. */
struct load_config {
	const char *kernel;   /* NULL: firmware, in flash */
	const char *initrd;   /* NULL: none */
	const char *bootargs; /* NULL: none */
	uint32_t cpus;
	uint32_t gic_version;  /* 2 or 3 */
	bool vmware;           /* as struct guestdt_config has it */
	uint32_t virtio_slots; /* in use, from the first on */
	enum guestdt_timer timer;
	uint32_t counter_hz; /* as struct guestdt_config has them */
};

struct load_result {
	uint64_t entry; /* guest addresses */
	uint64_t dtb;
};

/* Are the files there, and is the kernel one? To be told before memory is set aside. */
enum err load_check(const struct load_config *config) MUST_CHECK;

/* ram: all zeros. Tells what is wrong. */
enum err load_guest(const struct load_config *config, uint8_t *ram, uint64_t ram_bytes,
		    struct load_result *result) MUST_CHECK;

#endif
