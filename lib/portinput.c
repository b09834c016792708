/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/portinput.h"

#include <string.h>

#define ESC 0x1b
#define DEL 0x7f

void portinput_init(struct portinput *p, uint8_t escape)
{
	memset(p, 0, sizeof(*p));
	p->escape = escape;
	termkey_init(&p->keys);
}

bool portinput_is_waiting(const struct portinput *p)
{
	return termkey_is_pending(&p->keys);
}

static bool to_console(struct portinput_event *e, const uint8_t *bytes, size_t count)
{
	e->kind = PORTINPUT_BYTES;
	e->bytes = bytes;
	e->count = count;
	return true;
}

/* What a token means here and now. */
static bool sort(struct portinput *p, struct portinput_event *e)
{
	const struct termkey_token *t = &e->token;
	bool is_plain =
		(t->kind == TERMKEY_TEXT || t->kind == TERMKEY_CONTROL) && t->modifiers == 0;

	if (p->expects && (t->kind == TERMKEY_SIZE || t->kind == TERMKEY_CURSOR)) {
		e->kind = t->kind == TERMKEY_SIZE ? PORTINPUT_SIZE : PORTINPUT_CURSOR;
		e->rows = t->a;
		e->columns = t->b;
	} else if (p->is_command) {
		p->is_command = false;
		e->kind = PORTINPUT_COMMAND;
		e->code = is_plain ? t->code : 0;
	} else if (p->has_view) {
		e->kind = PORTINPUT_KEY;
	} else {
		return to_console(e, t->raw, t->count);
	}
	return true;
}

bool portinput_flush(struct portinput *p, struct portinput_event *event)
{
	return termkey_flush(&p->keys, &event->token) && sort(p, event);
}

/* Bytes up to the escape key or the end: the way that most take. */
static bool pass(struct portinput *p, const uint8_t **bytes, size_t *count,
		 struct portinput_event *event)
{
	const uint8_t *start = *bytes;

	while (*count > 0 && **bytes != p->escape) {
		++*bytes;
		--*count;
	}
	return to_console(event, start, *bytes - start);
}

bool portinput_next(struct portinput *p, const uint8_t **bytes, size_t *count,
		    struct portinput_event *event)
{
	while (*count > 0) {
		size_t one = 1;

		if (**bytes == p->escape) {
			/* What was there before it comes first. */
			if (portinput_flush(p, event))
				return true;
			++*bytes;
			--*count;
			p->is_command = !p->is_command;
			if (!p->is_command)
				return to_console(event, &p->escape, 1);
			continue;
		}
		if (!p->is_command && !p->has_view && !p->expects)
			return portinput_flush(p, event) || pass(p, bytes, count, event);
		/* One byte at a time, so that the escape key is seen wherever it comes. */
		if (termkey_next(&p->keys, bytes, &one, &event->token)) {
			*count -= 1 - one;
			return sort(p, event);
		}
		--*count;
	}
	return false;
}

static bool text_is_at(const char *text, size_t length, const char *start)
{
	size_t n = 0;

	while (n < length && start[n] != 0 && start[n] == (text[n] | 0x20))
		n++;
	return start[n] == 0;
}

enum err portinput_parse_escape(const char *text, size_t length, uint8_t *escape)
{
	uint8_t c, code;

	if (length == 2 && text[0] == '^')
		c = (uint8_t)text[1];
	else if (length == 6 && text_is_at(text, length, "ctrl") &&
		 (text[4] == '-' || text[4] == '+'))
		c = (uint8_t)text[5];
	else
		return ERR_INVALID;
	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (c != '?' && (c < '@' || c > '_'))
		return ERR_INVALID;
	code = c == '?' ? DEL : c & 0x1f;
	if (code == ESC)
		return ERR_INVALID;
	*escape = code;
	return ERR_OK;
}

void portinput_escape_name(uint8_t escape, char name[8])
{
	memcpy(name, "Ctrl-", 5);
	name[5] = escape == DEL ? '?' : (char)(escape | 0x40);
	name[6] = 0;
}
