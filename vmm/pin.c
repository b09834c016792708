// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/pin.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/hypercall.h"

/* What io_uring takes as one buffer, and how many there are for the largest VM. */
#define BUFFER_BYTES GIB(1)
#define BUFFERS_MAX  (CAISSON_VM_IPA_BYTES / BUFFER_BYTES + PIN_PARTS_MAX)
#define RING_ENTRIES 1

static uint32_t add_buffers(struct iovec *buffer, uint32_t count, const struct pin_part *part)
{
	for (uint64_t done = 0; done < part->bytes && count < BUFFERS_MAX; done += BUFFER_BYTES) {
		uint64_t left = part->bytes - done;

		buffer[count].iov_base = part->start + done;
		buffer[count++].iov_len = left < BUFFER_BYTES ? left : BUFFER_BYTES;
	}
	return count;
}

enum err pin_memory(const struct pin_part *part, uint32_t parts, int *ring)
{
	struct iovec buffer[BUFFERS_MAX];
	struct io_uring_params params = {0};
	uint32_t count = 0;
	int error;

	for (uint32_t i = 0; i < parts; i++)
		count = add_buffers(buffer, count, &part[i]);
	*ring = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &params);
	if (*ring >= 0 &&
	    syscall(SYS_io_uring_register, *ring, IORING_REGISTER_BUFFERS, buffer, count) == 0)
		return ERR_OK;
	error = errno;
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
