// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/pin.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/hypercall.h"

/*
 * Linux keeps 16 bytes for each page of 4 KiB in a buffer. But a huge page moves as a whole or not
 * at all, so one page in it is enough; and a buffer that lies across the border of two huge pages
 * does for both. Linux takes 16,384 buffers: enough for CAISSON_VM_IPA_BYTES.
 */
#define PAGE_BYTES   4096
#define PAIR_BYTES   (2 * (uint64_t)CAISSON_BLOCK_BYTES)
#define BUFFERS_MAX  (CAISSON_VM_IPA_BYTES / PAIR_BYTES + PIN_PARTS_MAX)
#define RING_ENTRIES 1

static uint32_t add_buffers(struct iovec *buffer, uint32_t count, const struct pin_part *part)
{
	for (uint64_t at = 0; at < part->bytes && count < BUFFERS_MAX; at += PAIR_BYTES) {
		bool two = part->bytes - at > CAISSON_BLOCK_BYTES;

		buffer[count].iov_base =
			part->start + at + (two ? CAISSON_BLOCK_BYTES - PAGE_BYTES : 0);
		buffer[count++].iov_len = two ? 2 * PAGE_BYTES : PAGE_BYTES;
	}
	return count;
}

enum err pin_memory(const struct pin_part *part, uint32_t parts, int *ring)
{
	struct iovec *buffer = calloc(BUFFERS_MAX, sizeof(*buffer));
	struct io_uring_params params = {0};
	uint32_t count = 0;
	int error = ENOMEM;

	*ring = -1;
	for (uint32_t i = 0; buffer != NULL && i < parts; i++)
		count = add_buffers(buffer, count, &part[i]);
	if (buffer != NULL)
		*ring = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &params);
	if (*ring >= 0 &&
	    syscall(SYS_io_uring_register, *ring, IORING_REGISTER_BUFFERS, buffer, count) == 0) {
		free(buffer);
		return ERR_OK;
	}
	if (buffer != NULL)
		error = errno;
	free(buffer);
	if (*ring >= 0)
		(void)close(*ring);
	*ring = -1;
	errno = error;
	return ERR_NO_MEMORY;
}

void pin_release(int ring)
{
	if (ring < 0)
		return;
	/* Closing alone would leave the pins to a worker of Linux's, for seconds. */
	(void)syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
	(void)close(ring);
}
