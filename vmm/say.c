// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/say.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512

static const char *name = "caisson";

void say_as(const char *program)
{
	name = program;
}

static pthread_mutex_t keep_lock = PTHREAD_MUTEX_INITIALIZER;
static char *kept; /* under it, as the next ones; NULL: nowhere */
static size_t kept_bytes;
static bool is_quiet;

void say_keep(char *buffer, size_t bytes, bool quiet)
{
	(void)pthread_mutex_lock(&keep_lock);
	kept = buffer;
	kept_bytes = bytes;
	is_quiet = quiet;
	if (buffer != NULL)
		buffer[0] = '\0';
	(void)pthread_mutex_unlock(&keep_lock);
}

/* False: it is to be shown, too. */
static bool keep(const char *line)
{
	bool quiet;

	(void)pthread_mutex_lock(&keep_lock);
	quiet = kept != NULL && is_quiet;
	if (kept != NULL) {
		size_t used = strlen(kept);

		(void)snprintf(kept + used, kept_bytes - used, "%s%s", used != 0 ? "; " : "", line);
	}
	(void)pthread_mutex_unlock(&keep_lock);
	return quiet;
}

void say(const char *format, ...)
{
	int saved = errno;
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (keep(line)) {
		errno = saved;
		return;
	}
	/* A terminal in raw mode needs the carriage return, another one is not hurt by it. */
	(void)fprintf(stderr, "%s: %s%s", name, line, isatty(STDERR_FILENO) ? "\r\n" : "\n");
	errno = saved;
}
