/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_SYSREG_H
#define ARCH_AARCH64_SYSREG_H

/*
 * Stands in for the real header where files of the loader are compiled for a fuzzer. The one
 * register that they read is ID_AA64MMFR0_EL1: 48 bits of physical address, all else 0.
 */
#define MPIDR_AFFINITY    0xff00ffffff
#define sysreg_read(name) UINT64_C(5)

#endif
