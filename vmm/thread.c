// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/thread.h"

#include "lib/bits.h"

#define STACK_BYTES KIB(256)

int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	pthread_attr_t attr;
	int error = pthread_attr_init(&attr);

	if (error != 0)
		return error;
	error = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (error == 0)
		error = pthread_create(thread, &attr, run, arg);
	(void)pthread_attr_destroy(&attr);
	return error;
}
