/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_ASM_OFFSETS_H
#define ARCH_AARCH64_ASM_OFFSETS_H

/*
 * Where assembly finds members of C structures. Each is checked by a static assertion in the
 * file that owns the structure.
 */

/* struct vcpu (hyp/vm/run.c) */
#define VCPU_X0    0x00
#define VCPU_STACK 0xf8

/* struct world_fp (hyp/vm/world.c) */
#define WORLD_FPCR 0x200

/* struct percpu (hyp/core/percpu.c) */
#define PERCPU_BYTES 0x870 /* the end of a CPU's entry is the top of its panic stack */

/* struct panic_frame (hyp/core/panic.c): x0..x30, then these */
#define PANIC_SP          0xf8
#define PANIC_ELR         0x100
#define PANIC_SPSR        0x108
#define PANIC_ESR         0x110
#define PANIC_FAR         0x118
#define PANIC_FRAME_BYTES 0x120

/* struct bootinfo (hyp/core/percpu.c) */
#define BOOTINFO_CPU_COUNT 0x50
#define BOOTINFO_CPU       0x58
#define BOOTINFO_CPU_BYTES 16

#endif
