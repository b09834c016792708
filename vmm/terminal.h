/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include "lib/bits.h"

/*
 * Standard input as the guest's keyboard. On a terminal, raw, every key is the guest's but
 * Ctrl-G: Ctrl-G q ends it (hint says what), Ctrl-G Ctrl-G is one Ctrl-G for the guest.
 */
struct terminal {
	bool escapes; /* it is a terminal, so that keys have a meaning */
	bool escaped; /* Ctrl-G came last */
};

/* Raw mode until terminal_restore(), or as it is: standard input is no terminal, or raw already. */
void terminal_init(struct terminal *t, const char *hint);
void terminal_restore(void);

/*
 * Takes the escapes out of `bytes`, in place; returns how many bytes are the guest's. *quit
 * becomes true at Ctrl-G q.
 */
size_t terminal_filter(struct terminal *t, uint8_t *bytes, size_t count, bool *quit);

#endif
