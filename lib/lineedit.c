/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/lineedit.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/text.h"

#define CTRL(letter)   ((letter)&31)
#define DELETE         127
#define COLUMNS_MIN    16 /* less is taken for this */
#define LIST_WORDS_MAX 64 /* words shown when Tab finds several */

void lineedit_init(struct lineedit *e, const struct lineedit_client *client)
{
	memset(e, 0, sizeof(*e));
	e->client = client;
	e->prompt = "";
	e->columns = 80;
}

void lineedit_columns(struct lineedit *e, unsigned int columns)
{
	e->columns = columns < COLUMNS_MIN ? COLUMNS_MIN : columns;
}

/* --- output --- */

static void write_bytes(struct lineedit *e, const char *text, size_t bytes)
{
	if (bytes > 0)
		e->client->write(e->client->ctx, text, bytes);
}

static void write_text(struct lineedit *e, const char *text)
{
	write_bytes(e, text, text_length(text));
}

static void bell(struct lineedit *e)
{
	write_text(e, "\a");
}

/* Characters of the line that fit behind the prompt; the last column stays free. */
static size_t room(const struct lineedit *e)
{
	size_t prompt = text_length(e->prompt);

	return e->columns > prompt + 9 ? e->columns - prompt - 1 : 8;
}

static void scroll(struct lineedit *e)
{
	size_t fit = room(e);

	if (e->cursor < e->first)
		e->first = e->cursor > fit / 2 ? e->cursor - fit / 2 : 0;
	else if (e->cursor - e->first > fit)
		e->first = e->cursor - fit / 2;
	if (e->length <= fit)
		e->first = 0;
}

void lineedit_show(struct lineedit *e)
{
	size_t fit = room(e), shown, behind;
	char back[16];

	scroll(e);
	shown = e->length - e->first < fit ? e->length - e->first : fit;
	write_text(e, "\r");
	write_text(e, e->prompt);
	write_bytes(e, e->line + e->first, shown);
	write_text(e, "\x1b[K");
	behind = e->first + shown - e->cursor;
	if (behind > 0) {
		(void)fmt_snprintf(back, sizeof(back), "\x1b[%zuD", behind);
		write_text(e, back);
	}
}

void lineedit_begin(struct lineedit *e, const char *prompt)
{
	e->prompt = prompt;
	e->length = 0;
	e->cursor = 0;
	e->first = 0;
	e->back = 0;
	e->line[0] = 0;
	lineedit_show(e);
}

/* --- the line --- */

static void line_set(struct lineedit *e, const char *text)
{
	e->length = text_length(text);
	memmove(e->line, text, e->length + 1);
	e->cursor = e->length;
}

/* False: it is full. */
static bool insert(struct lineedit *e, const char *text, size_t bytes)
{
	if (bytes > LINEEDIT_BYTES - 1 - e->length)
		return false;
	memmove(e->line + e->cursor + bytes, e->line + e->cursor, e->length - e->cursor + 1);
	memcpy(e->line + e->cursor, text, bytes);
	e->length += bytes;
	e->cursor += bytes;
	return true;
}

static void erase(struct lineedit *e, size_t from, size_t to)
{
	memmove(e->line + from, e->line + to, e->length - to + 1);
	e->length -= to - from;
	e->cursor = from;
}

static void cut(struct lineedit *e, size_t from, size_t to)
{
	if (from == to)
		return;
	memcpy(e->cut, e->line + from, to - from);
	e->cut[to - from] = 0;
	erase(e, from, to);
}

static size_t word_left(const struct lineedit *e)
{
	size_t at = e->cursor;

	while (at > 0 && e->line[at - 1] == ' ')
		at--;
	while (at > 0 && e->line[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_right(const struct lineedit *e)
{
	size_t at = e->cursor;

	while (at < e->length && e->line[at] == ' ')
		at++;
	while (at < e->length && e->line[at] != ' ')
		at++;
	return at;
}

/* A character typed at the end is all that has to be written. */
static void type(struct lineedit *e, char c)
{
	bool at_end = e->cursor == e->length;

	if (!insert(e, &c, 1))
		bell(e);
	else if (at_end && e->cursor - e->first <= room(e))
		write_bytes(e, &c, 1);
	else
		lineedit_show(e);
}

static void swap(struct lineedit *e)
{
	size_t at = e->cursor == e->length ? e->cursor - 1 : e->cursor;
	char c;

	if (e->length < 2 || e->cursor == 0)
		return;
	c = e->line[at];
	e->line[at] = e->line[at - 1];
	e->line[at - 1] = c;
	e->cursor = at + 1;
}

/* --- history --- */

static char *history_line(struct lineedit *e, uint64_t number)
{
	return e->history[number % LINEEDIT_HISTORY];
}

void lineedit_keep(struct lineedit *e)
{
	uint64_t kept = e->made < LINEEDIT_HISTORY ? e->made : LINEEDIT_HISTORY, i;

	if (e->length == 0)
		return;
	/* One that was given before moves to the end. */
	for (i = e->made - kept; i < e->made && !text_is(history_line(e, i), e->line); i++)
		;
	if (i < e->made) {
		for (; i + 1 < e->made; i++)
			memcpy(history_line(e, i), history_line(e, i + 1), LINEEDIT_BYTES);
		e->made--;
	}
	memcpy(history_line(e, e->made++), e->line, e->length + 1);
}

static void history_go(struct lineedit *e, int step)
{
	uint64_t kept = e->made < LINEEDIT_HISTORY ? e->made : LINEEDIT_HISTORY;

	if ((step > 0 && e->back == kept) || (step < 0 && e->back == 0)) {
		bell(e);
		return;
	}
	if (e->back == 0)
		memcpy(e->typed, e->line, e->length + 1);
	e->back = step > 0 ? e->back + 1 : e->back - 1;
	line_set(e, e->back == 0 ? e->typed : history_line(e, e->made - e->back));
	lineedit_show(e);
}

/* --- completion --- */

static const char *candidate(struct lineedit *e, size_t start, unsigned int n)
{
	const char *word =
		e->client->candidate(e->client->ctx, e->line, start, e->cursor - start, n);

	/* What does not continue the word is not taken. */
	if (word && memcmp(word, e->line + start, e->cursor - start) != 0)
		return NULL;
	return word;
}

static void list_candidates(struct lineedit *e, size_t start, unsigned int count)
{
	size_t used = 0;
	unsigned int n;

	write_text(e, "\r\n");
	for (n = 0; n < count && n < LIST_WORDS_MAX; n++) {
		const char *word = candidate(e, start, n);
		size_t length = word ? text_length(word) : 0;

		if (used > 0 && used + 2 + length >= e->columns) {
			write_text(e, "\r\n");
			used = 0;
		}
		if (used > 0)
			write_text(e, "  ");
		write_bytes(e, word, length);
		used += length + 2;
	}
	write_text(e, count > LIST_WORDS_MAX ? " ...\r\n" : "\r\n");
	lineedit_show(e);
}

static void complete(struct lineedit *e)
{
	size_t start = e->cursor, common = 0, have, i;
	char found[LINEEDIT_BYTES];
	unsigned int count;

	while (start > 0 && e->line[start - 1] != ' ')
		start--;
	have = e->cursor - start;
	for (count = 0; e->client->candidate && count <= LIST_WORDS_MAX; count++) {
		const char *word = candidate(e, start, count);

		if (!word)
			break;
		if (count == 0) {
			common = text_length(word);
			if (common > LINEEDIT_BYTES - 1)
				common = LINEEDIT_BYTES - 1;
			memcpy(found, word, common);
		}
		for (i = have; i < common && word[i] == found[i]; i++)
			;
		common = i;
	}
	if (count == 0 || (common > have && !insert(e, found + have, common - have))) {
		bell(e);
		return;
	}
	if (count == 1 && e->line[e->cursor] != ' ')
		(void)insert(e, " ", 1);
	if (count > 1 && common == have)
		list_candidates(e, start, count);
	else
		lineedit_show(e);
}

/* --- keys --- */

static enum lineedit_event leave(struct lineedit *e, enum lineedit_event event)
{
	/* The whole line stays to be seen, from its start. */
	e->cursor = e->length;
	lineedit_show(e);
	if (event == LINEEDIT_QUIT) {
		write_text(e, "^C");
		line_set(e, "");
		e->first = 0;
	}
	write_text(e, "\r\n");
	return event;
}

/* Moves and changes; the row is shown anew afterwards. */
static void edit(struct lineedit *e, uint32_t code)
{
	switch (code) {
	case CTRL('A'):
		e->cursor = 0;
		break;
	case CTRL('E'):
		e->cursor = e->length;
		break;
	case CTRL('B'):
		e->cursor -= e->cursor > 0;
		break;
	case CTRL('F'):
		e->cursor += e->cursor < e->length;
		break;
	case CTRL('D'):
		erase(e, e->cursor, e->cursor + (e->cursor < e->length));
		break;
	case CTRL('H'):
	case DELETE:
		erase(e, e->cursor - (e->cursor > 0), e->cursor);
		break;
	case CTRL('K'):
		cut(e, e->cursor, e->length);
		break;
	case CTRL('U'):
		cut(e, 0, e->cursor);
		break;
	case CTRL('W'):
		cut(e, word_left(e), e->cursor);
		break;
	case CTRL('Y'):
		if (!insert(e, e->cut, text_length(e->cut)))
			bell(e);
		break;
	case CTRL('T'):
		swap(e);
		break;
	case CTRL('L'):
		write_text(e, "\x1b[H\x1b[2J");
		break;
	default:
		bell(e);
	}
	lineedit_show(e);
}

static enum lineedit_event control(struct lineedit *e, uint32_t code)
{
	switch (code) {
	case CTRL('M'):
	case CTRL('J'):
		return leave(e, LINEEDIT_LINE);
	case CTRL('C'):
		return leave(e, LINEEDIT_QUIT);
	case CTRL('D'):
		if (e->length == 0)
			return LINEEDIT_END;
		break;
	case CTRL('I'):
		complete(e);
		return LINEEDIT_NOTHING;
	case CTRL('P'):
		history_go(e, 1);
		return LINEEDIT_NOTHING;
	case CTRL('N'):
		history_go(e, -1);
		return LINEEDIT_NOTHING;
	}
	edit(e, code);
	return LINEEDIT_NOTHING;
}

static void word_key(struct lineedit *e, uint32_t letter)
{
	switch (letter) {
	case 'b':
	case 'B':
		e->cursor = word_left(e);
		break;
	case 'f':
	case 'F':
		e->cursor = word_right(e);
		break;
	case 'd':
	case 'D':
		cut(e, e->cursor, word_right(e));
		break;
	default:
		bell(e);
	}
	lineedit_show(e);
}

static enum lineedit_event named_key(struct lineedit *e, const struct termkey_token *key)
{
	static const struct {
		uint8_t key;
		uint8_t control;
	} same[] = {
		{TERMKEY_UP, CTRL('P')},     {TERMKEY_DOWN, CTRL('N')}, {TERMKEY_RIGHT, CTRL('F')},
		{TERMKEY_LEFT, CTRL('B')},   {TERMKEY_HOME, CTRL('A')}, {TERMKEY_END, CTRL('E')},
		{TERMKEY_DELETE, CTRL('D')},
	};
	size_t i;

	if (key->modifiers && (key->code == TERMKEY_LEFT || key->code == TERMKEY_RIGHT)) {
		word_key(e, key->code == TERMKEY_LEFT ? 'b' : 'f');
		return LINEEDIT_NOTHING;
	}
	for (i = 0; i < ARRAY_SIZE(same); i++) {
		if (same[i].key != key->code)
			continue;
		if (key->code == TERMKEY_DELETE && e->length == 0)
			break;
		return control(e, same[i].control);
	}
	bell(e);
	return LINEEDIT_NOTHING;
}

enum lineedit_event lineedit_key(struct lineedit *e, const struct termkey_token *key)
{
	switch (key->kind) {
	case TERMKEY_TEXT:
		if (key->modifiers & TERMKEY_ALT)
			word_key(e, key->code);
		else if (key->code >= ' ' && key->code < DELETE)
			type(e, (char)key->code);
		else
			bell(e);
		return LINEEDIT_NOTHING;
	case TERMKEY_CONTROL:
		return control(e, key->code);
	case TERMKEY_KEY:
		return named_key(e, key);
	default:
		return LINEEDIT_NOTHING;
	}
}
