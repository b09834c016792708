/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_BARRIER_H
#define ARCH_AARCH64_BARRIER_H

/* One thread, one order: nothing to wait for in a simulation. */
#define dmb(kind) ((void)0)
#define dsb(kind) ((void)0)
#define isb()     ((void)0)
#define wfi()     ((void)0)

#endif
