/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_SAY_H
#define VMM_SAY_H

#include "lib/bits.h"

/* The program's name; before any other thread starts. */
void say_as(const char *program);

/* One line on standard error: the program's name and the text. Any thread; errno stays as it was.
 */
void say(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * From now on what is said is kept in buffer, one behind the other as far as there is room, for
 * somebody who is told it in another way; quiet: and in no other. NULL: no longer.
 */
void say_keep(char *buffer, size_t bytes, bool quiet);

#endif
