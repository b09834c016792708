/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_CONSOLE_H
#define HYP_CONSOLE_CONSOLE_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

struct vm;

/* The log is shown from here on. Boot CPU, after log_init() and mem_init(). */
void console_init(const struct bootinfo *bi);

/* What the event line tells. Called with its lock held. */
struct console_events {
	size_t (*pull)(uint8_t *bytes, size_t room); /* the next bytes, as many as there are */
	void (*again)(void);                         /* a new reader is there */
};

/*
 * Gives the service VM its console, on the serial line, and its event line. Boot CPU, while the
 * VM is being made, after gic_init_cpu().
 */
enum err console_attach_svm(struct vm *vm, const struct bootinfo *bi,
			    const struct console_events *events) MUST_CHECK;

/* events->pull() has something. Any CPU. */
void console_poke_events(void);

/* All is made: the service VM is about to run. Boot CPU. */
void console_started(void);

/* Waits until the serial lines have sent what was written, two seconds at most. */
void console_flush(void);

#endif
