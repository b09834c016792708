/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "abi/hypercall.h"

/*
 * The machine that a user VM sees: where QEMU's board "virt" has these things, so that what
 * runs there runs here. EL2's part of it, GIC and timer, is in abi/hypercall.h.
 */
#define MACHINE_GICD_BYTES      0x10000    /* at CAISSON_VM_GICD */
#define MACHINE_GICR_BYTES      0x20000    /* of each vCPU, from CAISSON_VM_GICR on */
#define MACHINE_FLASH           0x00000000 /* two banks of CFIFLASH_BYTES: firmware, variables */
#define MACHINE_UART            0x09000000
#define MACHINE_RTC             0x09010000
#define MACHINE_FWCFG           0x09020000
#define MACHINE_GPIO            0x09030000
#define MACHINE_PRIMECELL_BYTES 0x1000     /* of UART, RTC and GPIO */
#define MACHINE_VIRTIO          0x0a000000 /* the first slot */
#define MACHINE_VIRTIO_BYTES    0x200
#define MACHINE_VIRTIO_SLOTS    32
#define MACHINE_RAM             0x40000000
#define MACHINE_RAM_MAX         (CAISSON_VM_IPA_BYTES - MACHINE_RAM)

/* Interrupts as device trees number them: SPI 1 is INTID 33. */
#define MACHINE_SPI(number)    ((number) + 32)
#define MACHINE_UART_SPI       1
#define MACHINE_UART_HZ        24000000
#define MACHINE_RTC_SPI        2
#define MACHINE_GPIO_SPI       7
#define MACHINE_GPIO_BUTTON    3                                  /* the line of the power button */
#define MACHINE_FRAME_PHYS_SPI (CAISSON_VM_FRAME_PHYS_INTID - 32) /* 10 and 11 */
#define MACHINE_FRAME_VIRT_SPI (CAISSON_VM_FRAME_VIRT_INTID - 32)
#define MACHINE_VIRTIO_SPI     16 /* of the first slot; the next one's is one more */

/* The generic timer's PPIs as the binding orders them. */
#define MACHINE_PPI_TIMER_SECURE 13
#define MACHINE_PPI_TIMER_PHYS   14
#define MACHINE_PPI_TIMER_VIRT   (CAISSON_VM_TIMER_INTID - 16)
#define MACHINE_PPI_TIMER_HYP    10

#define MACHINE_TIMER_BYTES 0x1000 /* of CAISSON_VM_TIMER_CTL, and of the frame */

#endif
