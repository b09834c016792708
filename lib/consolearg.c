/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/consolearg.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/text.h"

#define WORD_BYTES 32 /* the longest word that means something, with its NUL */

#define INTID_MIN 32
#define INTID_MAX 1019
#define BAUD_MIN  300
#define BAUD_MAX  4000000
#define CLOCK_MIN (16 * BAUD_MIN)
#define CLOCK_MAX 1000000000
#define SHIFT_MAX 4
#define FIFO_MAX  255

struct kind {
	const char *name;
	uint8_t kind, shift, width;
};

static const struct kind kinds[] = {
	{"pl011", BOOT_UART_PL011, 2, 4},
	{"sbsa", BOOT_UART_SBSA, 2, 4},
	{"16550", BOOT_UART_16550, 0, 1},
	{"dw", BOOT_UART_DW, 2, 4},
};

/* What is left to read, and the word that was taken from it. */
struct words {
	const char *rest, *end;
	bool last;
	char word[WORD_BYTES];
	size_t bytes; /* of the word; may be more than fitted */
	const char *at;
};

/* False: there was no more. */
static bool next_word(struct words *w)
{
	const char *comma = w->rest;

	if (w->last)
		return false;
	while (comma < w->end && *comma != ',')
		comma++;
	w->at = w->rest;
	w->bytes = (size_t)(comma - w->rest);
	memset(w->word, 0, sizeof(w->word));
	memcpy(w->word, w->at, w->bytes < sizeof(w->word) ? w->bytes : sizeof(w->word) - 1);
	w->last = comma == w->end;
	w->rest = w->last ? comma : comma + 1;
	return true;
}

/* No K, M or G behind it: with a clock they would be taken for thousands. */
static bool plain_number(const char *text, uint64_t *value)
{
	size_t length = text_length(text);

	return length != 0 && text[length - 1] != 'K' && text[length - 1] != 'M' &&
	       text[length - 1] != 'G' && fmt_parse_u64(text, value);
}

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	return plain_number(text, value) && *value >= min && *value <= max;
}

static bool is_16550(const struct uart_desc *u)
{
	return u->kind == BOOT_UART_16550 || u->kind == BOOT_UART_DW;
}

/* "115200" or "115200n8"; anything but no parity and 8 bits is not set. */
static const char *take_speed(struct words *w, struct uart_desc *u)
{
	uint64_t value;
	size_t digits = 0;

	while (w->word[digits] >= '0' && w->word[digits] <= '9')
		digits++;
	if (w->word[digits] != '\0' && !text_is(w->word + digits, "n8"))
		return "a speed is a number, with n8 behind it or nothing";
	w->word[digits] = '\0';
	if (!number(w->word, BAUD_MIN, BAUD_MAX, &value))
		return "a speed is 300 to 4000000 baud";
	u->baud = (uint32_t)value;
	return NULL;
}

static const char *take_option(struct words *w, struct consolearg *arg)
{
	struct uart_desc *u = &arg->uart;
	bool registers = arg->what == CONSOLEARG_ADDRESS && is_16550(u);
	uint64_t value;

	if (w->bytes >= sizeof(w->word))
		return "a word is too long";
	if (text_begins(w->word, "0x"))
		return "an address follows pl011, sbsa, 16550 or dw only";
	if (w->word[0] >= '0' && w->word[0] <= '9')
		return take_speed(w, u);
	if (text_begins(w->word, "irq=")) {
		if (!number(w->word + 4, INTID_MIN, INTID_MAX, &value))
			return "irq= is the INTID of an SPI, 32 to 1019";
		u->intid = (uint32_t)value;
	} else if (text_begins(w->word, "clock=")) {
		if (!number(w->word + 6, CLOCK_MIN, CLOCK_MAX, &value))
			return "clock= is 4800 to 1000000000 Hz";
		u->clock_hz = (uint32_t)value;
	} else if (text_begins(w->word, "shift=") && registers) {
		if (!number(w->word + 6, 0, SHIFT_MAX, &value))
			return "shift= is 0 to 4";
		u->shift = (uint8_t)value;
	} else if (text_begins(w->word, "width=") && registers) {
		if (!number(w->word + 6, 1, 4, &value) || value == 3)
			return "width= is 1, 2 or 4";
		u->width = (uint8_t)value;
	} else if (text_begins(w->word, "fifo=") && registers) {
		if (!number(w->word + 5, 1, FIFO_MAX, &value))
			return "fifo= is 1 to 255";
		u->fifo_bytes = (uint8_t)value;
	} else {
		return registers
			       ? "an option is none of shift=, width=, fifo=, irq=, clock=, a speed"
			       : "an option is none of irq=, clock=, a speed";
	}
	return NULL;
}

static const char *take_address(struct words *w, struct uart_desc *u)
{
	if (!next_word(w) || !text_begins(w->word, "0x") || w->bytes >= sizeof(w->word) ||
	    !plain_number(w->word, &u->base))
		return "an address, 0x and digits, must follow the kind of UART";
	return NULL;
}

static const char *take_first(struct words *w, struct consolearg *arg)
{
	(void)next_word(w);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!text_is(w->word, kinds[i].name))
			continue;
		arg->what = CONSOLEARG_ADDRESS;
		arg->uart = (struct uart_desc){.kind = kinds[i].kind,
					       .shift = kinds[i].shift,
					       .width = kinds[i].width,
					       .fifo_bytes = UART_FIFO_BYTES};
		return take_address(w, &arg->uart);
	}
	if (w->bytes == 0)
		return "it begins with none, pl011, sbsa, 16550, dw, or a path or alias of the "
		       "device tree";
	arg->what = CONSOLEARG_NODE;
	arg->node = w->at;
	arg->node_bytes = w->bytes;
	return NULL;
}

/* Registers that overlap or that the accesses would split. */
static const char *check(const struct uart_desc *u)
{
	if (is_16550(u) && (1u << u->shift) < u->width)
		return "width= is more than the registers' distance, 1 << shift";
	if (!bits_is_aligned(u->base, u->width))
		return "the address is no multiple of the registers' width";
	return NULL;
}

enum err consolearg_parse(const char *text, size_t bytes, struct consolearg *arg, const char **why)
{
	struct words w = {.rest = text, .end = text + bytes};

	*arg = (struct consolearg){.what = CONSOLEARG_NONE};
	*why = NULL;
	if (bytes == 4 && memcmp(text, "none", 4) == 0)
		return ERR_OK;
	*why = take_first(&w, arg);
	while (*why == NULL && next_word(&w))
		*why = take_option(&w, arg);
	if (*why == NULL && arg->what == CONSOLEARG_ADDRESS)
		*why = check(&arg->uart);
	return *why == NULL ? ERR_OK : ERR_INVALID;
}
