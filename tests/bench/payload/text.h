/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stdint.h>

/*
 * Output to the console: pieces of text, each piece written byte by byte to the data register of a
 * PL011, as Linux does it, and another one each time, so that whoever shows it has to.
 */

#define TEXT_SAMPLES 201
#define TEXT_WARM_UP 16

enum text_kind {
	TEXT_PLAIN,   /* lines of 78 characters */
	TEXT_ESCAPES, /* 8 characters in a colour, at a place, and the line is erased behind them */
};

/*
 * Ticks per byte, of each of TEXT_SAMPLES pieces: all that passes until the last byte has been
 * written, without what the loop itself takes.
 */
void text_measure(enum text_kind kind, uint64_t dr, uint64_t *samples);

#endif
