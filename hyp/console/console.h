/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_CONSOLE_H
#define HYP_CONSOLE_CONSOLE_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

struct vm;

/* The serial line shows the log from here on. Boot CPU, after log_init(). */
void console_init(const struct bootinfo *bi);

/*
 * Gives the service VM its console, on the serial line, and its event line. Boot CPU, while the
 * VM is being made, after gic_init_cpu().
 */
enum err console_attach_svm(struct vm *vm, const struct bootinfo *bi) MUST_CHECK;

/* Waits until the serial line has sent what was written, two seconds at most. */
void console_flush(void);

#endif
