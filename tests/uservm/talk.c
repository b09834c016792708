// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sends standard input to a Unix socket and prints what comes back, until the other side closes,
 * nothing has come for as many milliseconds as the second argument says, or as many lines have come
 * as the third says, if there is one.
 */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/bits.h"

static int pass_input(int fd)
{
	char bytes[4096];
	ssize_t got;

	while ((got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
		if (send(fd, bytes, (size_t)got, MSG_NOSIGNAL) != got)
			return 1;
	}
	return 0;
}

/* Prints what came; how many lines ended in it. */
static long print(const char *bytes, ssize_t count)
{
	long lines = 0;

	for (ssize_t i = 0; i < count; i++)
		lines += bytes[i] == '\n';
	(void)fwrite(bytes, 1, (size_t)count, stdout);
	return lines;
}

int main(int argc, char **argv)
{
	long lines = argc == 4 ? atol(argv[3]) : LONG_MAX;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd wait = {.fd = socket(AF_UNIX, SOCK_STREAM, 0), .events = POLLIN};
	char bytes[4096];
	ssize_t got = 0;

	if (argc != 3 && argc != 4)
		return 2;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	if (connect(wait.fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(argv[1]);
		return 1;
	}
	if (pass_input(wait.fd) != 0)
		puts("closed early");
	while (lines > 0 && poll(&wait, 1, atoi(argv[2])) > 0 &&
	       (got = read(wait.fd, bytes, sizeof(bytes))) > 0)
		lines -= print(bytes, got);
	if (got <= 0 && wait.revents != 0)
		puts("closed");
	return 0;
}
