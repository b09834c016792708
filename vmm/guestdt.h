/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_GUESTDT_H
#define VMM_GUESTDT_H

#include "lib/bits.h"
#include "lib/err.h"

/* The device tree of a user VM. Pure. */

#define GUESTDT_SEED_BYTES 32

/* What the guest is told of to keep time with: see VM_TIME_SET in abi/hypercall.h. */
enum guestdt_timer {
	GUESTDT_TIMER_ANY,    /* all of the generic timer */
	GUESTDT_TIMER_MASKED, /* its physical timer alone */
	GUESTDT_TIMER_FRAME,  /* the memory-mapped timer alone, which says its frequency itself */
};

struct guestdt_config {
	uint64_t ram_bytes;
	uint32_t cpus;
	uint32_t gic_version; /* 2 or 3 */
	bool firmware;        /* flash and the firmware configuration device are there */
	bool vmware;          /* the guest tools' interface is there */
	enum guestdt_timer timer;
	uint32_t counter_hz;   /* ANY, MASKED; 0: as CNTFRQ_EL0 says */
	uint32_t virtio_slots; /* in use, from the first on */
	const char *bootargs;  /* NULL: none */
	uint64_t initrd;       /* its address */
	uint64_t initrd_bytes; /* 0: none */
	uint8_t seed[GUESTDT_SEED_BYTES];
};

/* A vCPU's affinity fields in MPIDR_EL1, as abi/hypercall.h has them. */
static inline uint64_t guestdt_mpidr(uint32_t vcpu)
{
	return (uint64_t)(vcpu / 16) << 8 | vcpu % 16;
}

/*
 * out: 8-byte aligned. What is left of bytes_max is free room in the tree, for firmware's changes.
 * ERR_NO_MEMORY: bytes_max is too little.
 */
enum err guestdt_write(const struct guestdt_config *config, void *out, size_t bytes_max) MUST_CHECK;

#endif
