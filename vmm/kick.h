/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_KICK_H
#define VMM_KICK_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/* Makes an eventfd readable. Any thread. It fails only when it is full, and then it is readable. */
static inline void kick_eventfd(int fd)
{
	static const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		errno = 0;
}

#endif
