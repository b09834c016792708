/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include "abi/hypercall.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * A user VM's memory as its VMM has it: the file that caissond made of huge pages, mapped and, as
 * far as the limits of the process allow it, pinned, so that the pages stay where they are also
 * while there is no caissond. From the start: a page for each vCPU, the guest's RAM, its flash.
 */
struct memory {
	int file;
	int ring;           /* see pin.h */
	uint8_t *run_pages; /* one block */
	uint8_t *ram;
	uint64_t ram_bytes;
	uint8_t *flash;
	uint64_t flash_bytes;
};

#define MEMORY_RUN_PAGE_BYTES 4096
/* In the block of the run pages, behind them: a page for the console's text. */
#define MEMORY_TEXT_OFFSET ((uint64_t)CAISSON_MAX_VCPUS * MEMORY_RUN_PAGE_BYTES)
/* Behind that: a page for states of the interrupt controller on their way from and to EL2. */
#define MEMORY_VGIC_OFFSET (MEMORY_TEXT_OFFSET + 4096)
/* The last page of that block: what DIRTY_READ tells. */
#define MEMORY_DIRTY_OFFSET (CAISSON_BLOCK_BYTES - 4096)
#define MEMORY_RAM_OFFSET   CAISSON_BLOCK_BYTES

/* Where the flash is in the file, and how long that is to be. All whole blocks. */
uint64_t memory_flash_offset(uint64_t ram_bytes);
uint64_t memory_bytes(uint64_t ram_bytes, uint64_t flash_bytes);

/* Takes the file over, also when it fails. Tells what is wrong. All zeros come with the file. */
enum err memory_map(struct memory *m, int file, uint64_t ram_bytes,
		    uint64_t flash_bytes) MUST_CHECK;
/* For another start of the guest; it has ended. */
void memory_clear(struct memory *m);
void memory_unmap(struct memory *m);

#endif
