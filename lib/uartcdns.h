/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_UARTCDNS_H
#define LIB_UARTCDNS_H

#include "lib/bits.h"

/*
 * Registers of Cadence's UART as it is in the Zynq UltraScale+ ("cdns,uart-r1p12"), by offset, and
 * their bits (AMD UG1087, module UART; UG1085, chapter "UART Controllers"). All are 32 bits wide.
 */

#define CDNS_CR    0x00
#define CDNS_MR    0x04
#define CDNS_IER   0x08 /* write: enables the interrupts whose bits are 1 */
#define CDNS_IDR   0x0c /* write: disables them */
#define CDNS_IMR   0x10 /* read: those that are enabled */
#define CDNS_ISR   0x14 /* sticky; a 1 written takes a bit away */
#define CDNS_RTOUT 0x1c /* receive time-out in four bit times; 0: none */
#define CDNS_RTRIG 0x20 /* bytes in the receive FIFO for INT_RTRIG */
#define CDNS_SR    0x2c
#define CDNS_FIFO  0x30
#define CDNS_RXBS  0x48 /* of the byte that is next in the receive FIFO: bits 2:0 */

#define CDNS_CR_RXEN   BIT(2)
#define CDNS_CR_RXDIS  BIT(3)
#define CDNS_CR_TXEN   BIT(4)
#define CDNS_CR_TXDIS  BIT(5)
#define CDNS_CR_STTBRK BIT(7)
#define CDNS_CR_STPBRK BIT(8)

#define CDNS_MR_8N1    0x20
#define CDNS_MR_CHMODE MASK(9, 8) /* 0: normal; else echo and loopback */

#define CDNS_INT_RTRIG   BIT(0)
#define CDNS_INT_TEMPTY  BIT(3)
#define CDNS_INT_ROVR    BIT(5)
#define CDNS_INT_TIMEOUT BIT(8)
#define CDNS_INT_ALL     MASK(13, 0)

#define CDNS_SR_REMPTY  BIT(1)
#define CDNS_SR_TEMPTY  BIT(3)
#define CDNS_SR_TFUL    BIT(4)
#define CDNS_SR_TACTIVE BIT(11)

#define CDNS_RXBS_PARITY BIT(0)
#define CDNS_RXBS_FRAME  BIT(1)
#define CDNS_RXBS_BREAK  BIT(2)

#define CDNS_FIFO_BYTES 64

#endif
