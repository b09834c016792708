/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/shellcmd.h"

#include "lib/text.h"

bool shellcmd_split(struct shellcmd *c, char *text)
{
	*c = (struct shellcmd){0};
	for (;;) {
		while (*text == ' ')
			*text++ = '\0';
		if (*text == '\0')
			return true;
		if (c->count == SHELLCMD_WORDS)
			return false;
		c->word[c->count++] = text;
		while (*text != ' ' && *text != '\0')
			text++;
	}
}

/* Decimal digits, at least one, below a million; *text moves behind them. */
static bool take_number(const char **text, uint32_t *number)
{
	const char *p = *text;

	for (*number = 0; *p >= '0' && *p <= '9' && p - *text < 6; p++)
		*number = *number * 10 + (uint32_t)(*p - '0');
	if (p == *text)
		return false;
	*text = p;
	return true;
}

bool shellcmd_target(const char *text, uint32_t service, uint32_t *vm, uint32_t *vcpu)
{
	*vcpu = 0;
	if (text_begins(text, "svm")) {
		*vm = service;
		text += 3;
	} else if (!take_number(&text, vm)) {
		return false;
	}
	if (*text == '.') {
		text++;
		if (!take_number(&text, vcpu))
			return false;
	}
	return *text == '\0';
}

int shellcmd_choice(const char *text, const char *const *list)
{
	int i;

	for (i = 0; list[i]; i++) {
		if (text_is(list[i], text))
			return i;
	}
	return -1;
}
