/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_MOVES_H
#define VMM_MOVES_H

#include "lib/bits.h"
#include "lib/err.h"
#include "lib/handover.h"

/*
 * The records of lib/handover.h: what became of the moves to this host, a file for each in
 * PATHS_MOVES, named by the move's token. They outlive processes and the machine's power.
 */

#define MOVES_TOKEN_BYTES 33 /* 32 hexadecimal digits and the NUL */

/* A new token, at random. */
enum err moves_make_token(char token[MOVES_TOKEN_BYTES]) MUST_CHECK;
bool moves_is_token(const char *text);

/* A VM is expected here under this token. Tells what is wrong. */
enum err moves_expect(const char *token) MUST_CHECK;
/* Was one? Else this is not the host to ask. */
bool moves_is_expected(const char *token);

/*
 * Writes a decision unless there is one; *holds: the one that there is, on the disk. An error,
 * which was told: neither is known.
 */
enum err moves_decide(const char *token, enum handover_decision wanted,
		      enum handover_decision *holds) MUST_CHECK;

/* Nobody will ask: the source knows. */
void moves_forget(const char *token);
/* Those that nobody has asked about for a month. */
void moves_tidy(void);

#endif
