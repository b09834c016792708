/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include "tests/guest/lib/cpu.h"

/* Output to the UART that the device tree names: a PL011 or an SBSA generic UART. */

/* The UART's address, or 0 if there is none; intid is 0 if the tree names no interrupt. */
extern uint64_t console_base;
extern uint32_t console_intid;
extern bool console_is_pl011; /* has the registers that the SBSA subset leaves out */

void console_init(void);

/*
 * %s %c %d %u %x %p %%, with l or ll for 64 bits, a width, and 0 to pad with zeros. One call's
 * output is not mixed with another CPU's.
 */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
