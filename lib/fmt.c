/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/fmt.h"

#include <limits.h>

#define DIGITS_MAX 20 /* of UINT64_MAX in decimal */

/* Where the text goes; length counts on past the end of buf. */
struct sink {
	char *buf;
	size_t bytes;
	size_t length;
};

/* A va_list that can be handed on by address, which a parameter of that type cannot. */
struct args {
	va_list list;
};

enum length { LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE };

struct spec {
	bool left;
	bool zero;
	bool alternate;
	size_t width;
	bool has_precision;
	size_t precision;
	enum length length;
	char conversion;
};

static void sink_put(struct sink *s, char c)
{
	if (s->length + 1 < s->bytes)
		s->buf[s->length] = c;
	s->length++;
}

static void sink_put_text(struct sink *s, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sink_put(s, text[i]);
}

/* Costs no more than the room that is left, whatever width was asked for. */
static void sink_pad(struct sink *s, char c, size_t count)
{
	while (count != 0 && s->length + 1 < s->bytes) {
		sink_put(s, c);
		count--;
	}
	s->length += count;
}

/* A decimal number at *p, which it moves behind; INT_MAX stands for all that is larger. */
static size_t parse_digits(const char **p)
{
	size_t value = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		value = value * 10 + (size_t)(**p - '0');
		if (value > INT_MAX)
			value = INT_MAX;
	}
	return value;
}

static const char *parse_flags(const char *p, struct spec *spec)
{
	for (;; p++) {
		if (*p == '-')
			spec->left = true;
		else if (*p == '0')
			spec->zero = true;
		else if (*p == '#')
			spec->alternate = true;
		else
			return p;
	}
}

static const char *parse_width(const char *p, struct spec *spec, struct args *args)
{
	if (*p == '*') {
		int width = va_arg(args->list, int);

		if (width < 0)
			spec->left = true;
		spec->width = width < 0 ? -(size_t)width : (size_t)width;
		p++;
	} else {
		spec->width = parse_digits(&p);
	}
	if (*p != '.')
		return p;
	p++;
	spec->has_precision = true;
	if (*p == '*') {
		int precision = va_arg(args->list, int);

		spec->has_precision = precision >= 0;
		spec->precision = precision < 0 ? 0 : (size_t)precision;
		p++;
	} else {
		spec->precision = parse_digits(&p);
	}
	return p;
}

static const char *parse_length(const char *p, struct spec *spec)
{
	if (*p == 'z') {
		spec->length = LENGTH_SIZE;
		return p + 1;
	}
	if (*p != 'l')
		return p;
	spec->length = LENGTH_LONG;
	p++;
	if (*p != 'l')
		return p;
	spec->length = LENGTH_LONG_LONG;
	return p + 1;
}

static uint64_t take_unsigned(const struct spec *spec, struct args *args)
{
	switch (spec->length) {
	case LENGTH_LONG:
		return va_arg(args->list, unsigned long);
	case LENGTH_LONG_LONG:
		return va_arg(args->list, unsigned long long);
	case LENGTH_SIZE:
		return va_arg(args->list, size_t);
	default:
		return va_arg(args->list, unsigned int);
	}
}

static int64_t take_signed(const struct spec *spec, struct args *args)
{
	switch (spec->length) {
	case LENGTH_LONG:
		return va_arg(args->list, long);
	case LENGTH_LONG_LONG:
		return va_arg(args->list, long long);
	case LENGTH_SIZE:
		return (int64_t)va_arg(args->list, size_t);
	default:
		return va_arg(args->list, int);
	}
}

/* Text in the field's width; the 0 flag is for numbers. */
static void put_field(struct sink *s, const struct spec *spec, const char *text, size_t length)
{
	size_t pad = spec->width > length ? spec->width - length : 0;

	if (!spec->left)
		sink_pad(s, ' ', pad);
	sink_put_text(s, text, length);
	if (spec->left)
		sink_pad(s, ' ', pad);
}

static void put_string(struct sink *s, const struct spec *spec, const char *text)
{
	size_t length = 0;

	if (text == NULL)
		text = "(null)";
	/* A text with a precision need not have a NUL within it. */
	while ((!spec->has_precision || length < spec->precision) && text[length] != '\0')
		length++;
	put_field(s, spec, text, length);
}

/* A number as prefix, zeros and digits, with blanks before or behind to fill the width. */
static void put_number(struct sink *s, const struct spec *spec, const char *prefix, uint64_t value)
{
	bool hex = spec->conversion == 'x' || spec->conversion == 'X' || spec->conversion == 'p';
	const char *digit = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = hex ? 16 : 10;
	char digits[DIGITS_MAX];
	size_t first = DIGITS_MAX;
	size_t prefix_length = 0;

	while (prefix[prefix_length] != '\0')
		prefix_length++;
	for (; value != 0; value /= base)
		digits[--first] = digit[value % base];

	size_t count = DIGITS_MAX - first;
	size_t minimum = spec->has_precision ? spec->precision : 1;
	size_t zeros = minimum > count ? minimum - count : 0;
	size_t used = prefix_length + zeros + count;
	size_t pad = spec->width > used ? spec->width - used : 0;

	if (spec->zero && !spec->left && !spec->has_precision) {
		zeros += pad;
		pad = 0;
	}
	if (!spec->left)
		sink_pad(s, ' ', pad);
	sink_put_text(s, prefix, prefix_length);
	sink_pad(s, '0', zeros);
	sink_put_text(s, &digits[first], count);
	if (spec->left)
		sink_pad(s, ' ', pad);
}

static void put_signed(struct sink *s, const struct spec *spec, int64_t value)
{
	/* Negated as unsigned, which is right for INT64_MIN too. */
	put_number(s, spec, value < 0 ? "-" : "", value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void put_hex(struct sink *s, const struct spec *spec, uint64_t value)
{
	const char *prefix = "";

	if (spec->alternate && value != 0)
		prefix = spec->conversion == 'X' ? "0X" : "0x";
	put_number(s, spec, prefix, value);
}

/* False for a conversion that it does not know; nothing is written then. */
static bool put_conversion(struct sink *s, const struct spec *spec, struct args *args)
{
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		put_signed(s, spec, take_signed(spec, args));
		return true;
	case 'u':
		put_number(s, spec, "", take_unsigned(spec, args));
		return true;
	case 'x':
	case 'X':
		put_hex(s, spec, take_unsigned(spec, args));
		return true;
	case 'p':
		put_number(s, spec, "0x", (uintptr_t)va_arg(args->list, void *));
		return true;
	case 'c':
		c = (char)va_arg(args->list, int);
		put_field(s, spec, &c, 1);
		return true;
	case 's':
		put_string(s, spec, va_arg(args->list, const char *));
		return true;
	case '%':
		sink_put(s, '%');
		return true;
	default:
		return false;
	}
}

size_t fmt_vsnprintf(char *buf, size_t bytes, const char *fmt, va_list args)
{
	struct sink s = {.buf = buf, .bytes = bytes};
	struct args copy;

	va_copy(copy.list, args);
	while (*fmt != '\0') {
		const char *start = fmt;
		struct spec spec = {.length = LENGTH_INT};

		if (*fmt != '%') {
			sink_put(&s, *fmt++);
			continue;
		}
		fmt = parse_flags(fmt + 1, &spec);
		fmt = parse_width(fmt, &spec, &copy);
		fmt = parse_length(fmt, &spec);
		spec.conversion = *fmt;
		if (*fmt != '\0')
			fmt++;
		if (!put_conversion(&s, &spec, &copy))
			sink_put_text(&s, start, (size_t)(fmt - start));
	}
	va_end(copy.list);
	if (bytes != 0)
		buf[s.length < bytes ? s.length : bytes - 1] = '\0';
	return s.length;
}

size_t fmt_snprintf(char *buf, size_t bytes, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);

	size_t length = fmt_vsnprintf(buf, bytes, fmt, args);

	va_end(args);
	return length;
}

/* The value of a digit in any base up to 16, or 16. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

static unsigned int suffix_shift(char c)
{
	switch (c) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return 0;
	}
}

bool fmt_parse_u64(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned int base = hex ? 16 : 10;
	const char *p = hex ? text + 2 : text;
	uint64_t result = 0;

	if (digit_value(*p) >= base)
		return false;
	for (; digit_value(*p) < base; p++) {
		if (__builtin_mul_overflow(result, (uint64_t)base, &result) ||
		    __builtin_add_overflow(result, (uint64_t)digit_value(*p), &result))
			return false;
	}

	unsigned int shift = suffix_shift(*p);

	if (shift != 0) {
		if (result > UINT64_MAX >> shift)
			return false;
		result <<= shift;
		p++;
	}
	if (*p != '\0')
		return false;
	*value = result;
	return true;
}
