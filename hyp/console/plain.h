/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_PLAIN_H
#define HYP_CONSOLE_PLAIN_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/*
 * `view=plain`: no consoles. The serial line is the service VM's, byte for byte, with the log's
 * lines in between; for log collectors, console servers, and tests that read along.
 */

struct vm;

/* The log goes to the line from here on. Boot CPU, after uart_init(). */
void plain_init(void);

/* The service VM's console on the line. Boot CPU, once, after gic_init_cpu(). */
enum err plain_attach_svm(struct vm *vm, const struct bootinfo *bi) MUST_CHECK;

/* uart_client.polled of any port. */
void plain_polled(void *ctx);

#endif
