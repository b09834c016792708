/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_GDBSTUB_H
#define HYP_CONSOLE_GDBSTUB_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * The debugger: lib/gdbserver.h on a serial port. Whoever holds the line can look at all that any
 * VM has, and change it.
 */

struct vm;

/* Boot CPU, once, when the service VM has been made and while memory can be allocated. */
enum err gdbstub_init(const struct bootinfo *bi, struct vm *service) MUST_CHECK;

#endif
