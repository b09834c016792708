/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_CONSOLES_H
#define HYP_CONSOLE_CONSOLES_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

/* EL2's own consoles, on the ports that there are. */

struct vm;

/*
 * Makes the log's console, the service VM's, and those that other files here add; the log is shown
 * there from here on. Boot CPU, once, after log_init(), mem_init() and uart_init().
 */
void consoles_init(const struct bootinfo *bi);

/* The service VM's console has its UART; the ports take input. Boot CPU, after gic_init_cpu(). */
enum err consoles_attach_svm(struct vm *vm, const struct bootinfo *bi) MUST_CHECK;

/* What the service VM has sent and is still gathered goes to its console. No lock held. */
void consoles_flush(void);

/* Memory for a console of EL2's, from the pool, and the console in it. Never NULL. */
struct vcon_client;
struct vcon *consoles_add(const char *name, char key, size_t history_bytes, unsigned int flags,
			  const struct vcon_client *client);

#endif
