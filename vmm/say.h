/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_SAY_H
#define VMM_SAY_H

#include "lib/bits.h"

/* The program's name; before any other thread starts. */
void say_as(const char *program);

/* One line on standard error: the program's name and the text. Any thread; errno stays as it was.
 */
void say(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
