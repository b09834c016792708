// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sends standard input to a Unix socket and prints what comes back, until the other side closes or
 * nothing has come for as many milliseconds as the second argument says.
 */
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

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd wait = {.fd = socket(AF_UNIX, SOCK_STREAM, 0), .events = POLLIN};
	char bytes[4096];
	ssize_t got = 0;

	if (argc != 3)
		return 2;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	if (connect(wait.fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(argv[1]);
		return 1;
	}
	if (pass_input(wait.fd) != 0)
		puts("closed early");
	while (poll(&wait, 1, atoi(argv[2])) > 0 && (got = read(wait.fd, bytes, sizeof(bytes))) > 0)
		(void)fwrite(bytes, 1, (size_t)got, stdout);
	if (got <= 0 && wait.revents != 0)
		puts("closed");
	return 0;
}
