/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_GDBSTUB_H
#define HYP_CONSOLE_GDBSTUB_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * The debugger: lib/gdbserver.h on a serial line. Whoever holds the line can look at all that any
 * VM has, and change it.
 */

struct vm;

/* Its console, `debugger`, which takes no bytes before gdbstub_init(). Boot CPU, once. */
void gdbstub_add_console(void);
/* Or, with view=plain: the second port is the debugger's, if the machine has one. */
enum err gdbstub_start_on_port(void) MUST_CHECK;

/* Boot CPU, once, when the service VM has been made, before any port takes bytes. */
void gdbstub_init(const struct bootinfo *bi, struct vm *service);

#endif
