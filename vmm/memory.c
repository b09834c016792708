// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/pin.h"
#include "vmm/say.h"

_Static_assert(MEMORY_VGIC_OFFSET + 4096 <= CAISSON_BLOCK_BYTES, "run pages in one block");

uint64_t memory_flash_offset(uint64_t ram_bytes)
{
	return MEMORY_RAM_OFFSET + ram_bytes;
}

uint64_t memory_bytes(uint64_t ram_bytes, uint64_t flash_bytes)
{
	return memory_flash_offset(ram_bytes) + flash_bytes;
}

enum err memory_map(struct memory *m, int file, uint64_t ram_bytes, uint64_t flash_bytes)
{
	uint64_t bytes = memory_bytes(ram_bytes, flash_bytes);
	void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	struct pin_part part = {.start = start, .bytes = bytes};

	*m = (struct memory){.file = file, .ring = -1};
	if (start == MAP_FAILED) {
		say("cannot map the virtual machine's memory: %s", strerror(errno));
		(void)close(file);
		return ERR_NO_MEMORY;
	}
	(void)madvise(start, bytes, MADV_DONTDUMP);
	(void)madvise(start, bytes, MADV_DONTFORK);
	m->run_pages = start;
	m->ram = m->run_pages + MEMORY_RAM_OFFSET;
	m->ram_bytes = ram_bytes;
	m->flash = m->run_pages + memory_flash_offset(ram_bytes);
	m->flash_bytes = flash_bytes;
	/* caissond's pins are enough while it lives; not root, RLIMIT_MEMLOCK may forbid ours. */
	if (pin_memory(&part, 1, &m->ring) != ERR_OK && geteuid() == 0)
		say("cannot pin the virtual machine's memory: %s", strerror(errno));
	return ERR_OK;
}

void memory_clear(struct memory *m)
{
	memset(m->run_pages, 0, memory_bytes(m->ram_bytes, m->flash_bytes));
}

void memory_unmap(struct memory *m)
{
	pin_release(m->ring);
	if (m->run_pages != NULL)
		(void)munmap(m->run_pages, memory_bytes(m->ram_bytes, m->flash_bytes));
	if (m->file >= 0)
		(void)close(m->file);
	*m = (struct memory){.file = -1, .ring = -1};
}
