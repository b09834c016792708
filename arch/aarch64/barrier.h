/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_BARRIER_H
#define ARCH_AARCH64_BARRIER_H

#define dmb(kind) __asm__ volatile("dmb " #kind : : : "memory")
#define dsb(kind) __asm__ volatile("dsb " #kind : : : "memory")
#define isb()     __asm__ volatile("isb" : : : "memory")
#define wfi()     __asm__ volatile("wfi" : : : "memory")
#define wfe()     __asm__ volatile("wfe" : : : "memory")
#define sev()     __asm__ volatile("sev" : : : "memory")

#endif
