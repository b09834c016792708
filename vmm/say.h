/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_SAY_H
#define VMM_SAY_H

#include "lib/bits.h"

/* One line on standard error: "caisson: " and the text. Any thread; errno stays as it was. */
void say(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
