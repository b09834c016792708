/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_UART16550_H
#define LIB_UART16550_H

#include "lib/bits.h"

/*
 * Registers of the 16550 family, by number, and their bits (TI TL16C550C, SLLS177, chapter
 * "Registers"), and what Synopsys' DW_apb_uart adds.
 */

#define UART16550_RBR 0 /* read */
#define UART16550_THR 0 /* write */
#define UART16550_DLL 0 /* while LCR.DLAB */
#define UART16550_IER 1
#define UART16550_DLM 1 /* while LCR.DLAB */
#define UART16550_IIR 2 /* read */
#define UART16550_FCR 2 /* write */
#define UART16550_LCR 3
#define UART16550_MCR 4
#define UART16550_LSR 5
#define UART16550_MSR 6
#define UART16550_USR 31 /* DW_apb_uart */

#define UART16550_IER_ERBI  BIT(0)
#define UART16550_IER_ETBEI BIT(1)

#define UART16550_IIR_ID      MASK(3, 0)
#define UART16550_IIR_MODEM   0x0
#define UART16550_IIR_NONE    0x1
#define UART16550_IIR_THRE    0x2
#define UART16550_IIR_LINE    0x6
#define UART16550_IIR_BUSY    0x7 /* DW_apb_uart: LCR was written while it was busy */
#define UART16550_IIR_TIMEOUT 0xc
#define UART16550_IIR_FIFO    MASK(7, 6) /* both set: FIFOs are there and enabled */

#define UART16550_FCR_ENABLE   BIT(0)
#define UART16550_FCR_RESET_RX BIT(1)
#define UART16550_FCR_RESET_TX BIT(2)
#define UART16550_FCR_RX_HALF  BIT(7) /* receive interrupt from 8 of 16 bytes on */

#define UART16550_LCR_8BITS MASK(1, 0)
#define UART16550_LCR_BREAK BIT(6)
#define UART16550_LCR_DLAB  BIT(7)

#define UART16550_MCR_DTR  BIT(0)
#define UART16550_MCR_RTS  BIT(1)
#define UART16550_MCR_OUT2 BIT(3) /* on boards that are like PCs it gates the interrupt */
#define UART16550_MCR_LOOP BIT(4)

#define UART16550_LSR_DR   BIT(0)
#define UART16550_LSR_OE   BIT(1)
#define UART16550_LSR_PE   BIT(2)
#define UART16550_LSR_FE   BIT(3)
#define UART16550_LSR_BI   BIT(4)
#define UART16550_LSR_THRE BIT(5)
#define UART16550_LSR_TEMT BIT(6)

#endif
