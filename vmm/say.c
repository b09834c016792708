// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES 512

static const char *name = "caisson";

void say_as(const char *program)
{
	name = program;
}

void say(const char *format, ...)
{
	int saved = errno;
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* A terminal in raw mode needs the carriage return, another one is not hurt by it. */
	(void)fprintf(stderr, "%s: %s%s", name, line, isatty(STDERR_FILENO) ? "\r\n" : "\n");
	errno = saved;
}
