// SPDX-License-Identifier: BSD-2-Clause
#include "tests/uservm/direct.h"

#include <errno.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/pin.h"
#include "vmm/say.h"

static uint64_t total_bytes(const struct direct *d)
{
	return 2 * CAISSON_BLOCK_BYTES + d->ram_bytes;
}

enum err direct_open(struct direct *d, uint64_t ram_bytes)
{
	struct pin_part part;

	*d = (struct direct){.ring = -1, .ram_bytes = ram_bytes};
	d->file = memfd_create("direct", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	if (d->file < 0 || ftruncate(d->file, (off_t)total_bytes(d)) != 0) {
		say("no memory: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	part.start = mmap(NULL, total_bytes(d), PROT_READ | PROT_WRITE, MAP_SHARED, d->file, 0);
	part.bytes = total_bytes(d);
	if (part.start == MAP_FAILED || pin_memory(&part, 1, &d->ring) != ERR_OK) {
		say("no memory: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	d->store = part.start;
	d->run_pages = d->store + CAISSON_BLOCK_BYTES;
	d->ram = d->run_pages + CAISSON_BLOCK_BYTES;
	return ERR_OK;
}

void direct_close(struct direct *d)
{
	pin_release(d->ring);
	if (d->store != NULL)
		(void)munmap(d->store, total_bytes(d));
	if (d->file >= 0)
		(void)close(d->file);
	*d = (struct direct){.file = -1, .ring = -1};
}
