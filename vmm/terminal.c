// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/terminal.h"

#include <termios.h>
#include <unistd.h>

#include "vmm/say.h"

#define ESCAPE 0x07 /* Ctrl-G */

static struct termios before;
static bool is_raw;

void terminal_init(struct terminal *t, const char *hint)
{
	struct termios raw;

	if (is_raw)
		return;
	*t = (struct terminal){0};
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
		return;
	raw = before;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
		return;
	is_raw = true;
	t->escapes = true;
	say("the console follows; %s", hint);
}

void terminal_restore(void)
{
	if (is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	is_raw = false;
}

size_t terminal_filter(struct terminal *t, uint8_t *bytes, size_t count, bool *quit)
{
	size_t kept = 0;

	if (!t->escapes)
		return count;
	for (size_t i = 0; i < count; i++) {
		bool escaped = t->escaped;

		t->escaped = !escaped && bytes[i] == ESCAPE;
		if (escaped && bytes[i] == 'q')
			*quit = true;
		else if (!t->escaped && (!escaped || bytes[i] == ESCAPE))
			bytes[kept++] = bytes[i];
	}
	return kept;
}
