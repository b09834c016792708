/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_SYSREG_H
#define ARCH_AARCH64_SYSREG_H

/*
 * Stands in for the real header where a file of hyp is compiled for a unit test: system
 * registers are looked up by their names in what the test simulates.
 */
#include <stdint.h>

#define SYSREG_STRING_(name) #name
#define SYSREG_STRING(name)  SYSREG_STRING_(name)

uint64_t mock_sysreg_read(const char *name);
void mock_sysreg_write(const char *name, uint64_t value);

#define sysreg_read(name)         mock_sysreg_read(SYSREG_STRING(name))
#define sysreg_write(name, value) mock_sysreg_write(SYSREG_STRING(name), (uint64_t)(value))

#endif
