/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_ATTR_H
#define LIB_ATTR_H

/* Clang's thread-safety attributes; gcc has none of them. (The one #if outside header guards.) */
#if defined(__clang__)
#define THREAD_ATTR(x) __attribute__((x))
#else
#define THREAD_ATTR(x)
#endif

#define CAPABILITY(name) THREAD_ATTR(capability(name))
#define GUARDED_BY(lock) THREAD_ATTR(guarded_by(lock))
#define ACQUIRES(lock)   THREAD_ATTR(acquire_capability(lock))
#define RELEASES(lock)   THREAD_ATTR(release_capability(lock))
#define REQUIRES(lock)   THREAD_ATTR(requires_capability(lock))
#define EXCLUDES(lock)   THREAD_ATTR(locks_excluded(lock))
#define NO_THREAD_CHECK  THREAD_ATTR(no_thread_safety_analysis)

#endif
