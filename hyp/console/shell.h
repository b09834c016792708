/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_SHELL_H
#define HYP_CONSOLE_SHELL_H

/*
 * The hypervisor's shell: a console (hyp/console/vcon.h) with a command line. What it does is done
 * in the context of whoever typed, an interrupt of a serial port as a rule, with EL2's interrupts
 * masked: so commands go by steps, each bounded, and more than a screen of output waits for a key.
 */

/* Boot CPU, once, after vcon_init(), while memory can be allocated. */
void shell_init(void);

#endif
