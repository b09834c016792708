/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_AFTERPANIC_H
#define HYP_CONSOLE_AFTERPANIC_H

#include "lib/bits.h"

/*
 * What a port still does after a panic of EL2: one CPU, polled, without locks, without anything
 * that could have been left half done. The escape key and l show the log; whatever else is said
 * goes to every port.
 */

/* The sink of panic's report; the first text leaves what was painted behind. */
void afterpanic_write(const char *text, size_t length);

void afterpanic_run(void) __attribute__((noreturn));

#endif
