/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_TOOLS_RPC_H
#define VMM_TOOLS_RPC_H

#include "vmm/tools.h"

/* Between tools*.c; all under the lock. */

/*
 * A command that the guest has sent, with a NUL behind it, is carried out and answered: "1 ..." or
 * "0 ...".
 */
void tools_rpc(struct tools *t, uint32_t channel, const uint8_t *command, uint32_t bytes);

/* Memory for messages; NULL: the guest has too many on their way. */
uint8_t *tools_allocate(struct tools *t, size_t bytes);

/*
 * Takes a token. 0: there was one; or else how many nanoseconds it takes until there is (wait: it
 * is taken in advance).
 */
uint64_t tools_rate_take(struct tools_rate *rate, uint64_t now_ns, uint32_t per_second,
			 uint32_t burst, bool wait);

uint64_t tools_now_ns(void);

/* Bytes as a line of printable ASCII, the others and the backslash as \xNN; cut where `room` ends.
 */
void tools_escape(char *to, size_t room, const uint8_t *bytes, size_t count);

#endif
