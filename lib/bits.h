/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define ARRAY_SIZE(a)           (sizeof(a) / sizeof((a)[0]))
/* From the address of a struct's member to the struct. */
#define CONTAINER_OF(address, type, member)                                                        \
	((type *)(void *)((char *)(address)-offsetof(type, member)))

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define BIT(n) (UINT64_C(1) << (n))
/* Bits hi down to lo, both included: 63 >= hi >= lo. */
#define MASK(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

/* The field hi..lo of value, shifted down to bit 0. */
static inline uint64_t bits_get(uint64_t value, unsigned int hi, unsigned int lo)
{
	return (value & MASK(hi, lo)) >> lo;
}

/* value with its field hi..lo replaced by the low bits of field. */
static inline uint64_t bits_set(uint64_t value, unsigned int hi, unsigned int lo, uint64_t field)
{
	return (value & ~MASK(hi, lo)) | ((field << lo) & MASK(hi, lo));
}

/* align must be a power of two; the caller makes sure that rounding up does not wrap. */
static inline uint64_t bits_align_down(uint64_t value, uint64_t align)
{
	return value & ~(align - 1);
}

static inline uint64_t bits_align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static inline bool bits_is_aligned(uint64_t value, uint64_t align)
{
	return (value & (align - 1)) == 0;
}

/* Do [a, a + a_size) and [b, b + b_size) share a byte? Right also where a sum would wrap. */
static inline bool bits_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size != 0 && b_size != 0 && (a < b ? b - a < a_size : a - b < b_size);
}

/* Does [outer, outer + outer_size) hold every byte of [inner, inner + inner_size)? */
static inline bool bits_contains(uint64_t outer, uint64_t outer_size, uint64_t inner,
				 uint64_t inner_size)
{
	return inner >= outer && inner_size <= outer_size &&
	       inner - outer <= outer_size - inner_size;
}

#endif
