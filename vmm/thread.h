/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_THREAD_H
#define VMM_THREAD_H

#include <pthread.h>

/*
 * A thread with a small stack (256 KiB): of the usual 8 MiB, Linux gives a whole huge page, zeroed,
 * for the first word, where it gives them to anybody. Returns 0, or an errno.
 */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
