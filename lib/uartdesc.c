/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/uartdesc.h"

#define OVERSAMPLING 16
#define DEVIATION    25 /* a 25th: 4 % */

/* clock / (16 * baud) in 1/fraction, rounded; 0: out of range or too far off. */
static uint32_t divide(uint32_t clock_hz, uint32_t baud, uint32_t fraction, uint64_t max)
{
	uint64_t units = (uint64_t)clock_hz * fraction;
	uint64_t step = (uint64_t)OVERSAMPLING * baud;
	uint64_t divisor;
	uint64_t got;

	if (baud == 0)
		return 0;
	divisor = (units + step / 2) / step;
	if (divisor < fraction || divisor > max)
		return 0;
	got = units / (OVERSAMPLING * divisor);
	if ((got > baud ? got - baud : baud - got) > baud / DEVIATION)
		return 0;
	return (uint32_t)divisor;
}

uint32_t uart_divisor_16550(uint32_t clock_hz, uint32_t baud)
{
	return divide(clock_hz, baud, 1, 0xffff);
}

uint32_t uart_divisor_pl011(uint32_t clock_hz, uint32_t baud)
{
	return divide(clock_hz, baud, 64, 0xffff << 6);
}
