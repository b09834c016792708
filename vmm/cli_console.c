// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/bits.h"
#include "vmm/cli.h"
#include "vmm/config.h"
#include "vmm/paths.h"
#include "vmm/say.h"
#include "vmm/terminal.h"
#include "vmm/wire.h"

/* `caisson console`: this terminal and a VM's console socket, until Ctrl-G q. */

#define PIECE_BYTES 4096
#define LAST_PIECES 64
#define LAST_MS     20

static const char usage[] =
	"usage: caisson console NAME\n"
	"\n"
	"Shows the console of a virtual machine, from what it last wrote on, and types on it.\n"
	"Ctrl-G q leaves, the machine goes on; Ctrl-G Ctrl-G is one Ctrl-G for the machine.\n"
	"On Caisson's serial line, whose own key is Ctrl-G, too, each Ctrl-G is typed twice.\n"
	"When standard input is no terminal, its end leaves, too.\n";

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	ended = 1;
}

static int connect_console(const char *name)
{
	char path[PATHS_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), PATHS_RUN "/%s/" PATHS_CONSOLE, name);
	fd = wire_connect(path);
	if (fd < 0 && errno == EACCES)
		say("not allowed: virtual machines are for root and the group %s", PATHS_GROUP);
	else if (fd < 0)
		say("there is no virtual machine called %s (caisson list names them)", name);
	return fd;
}

/* All of it; false: nobody takes it. */
static bool write_all(int fd, const uint8_t *bytes, size_t count)
{
	while (count != 0) {
		ssize_t written = write(fd, bytes, count);

		if (written < 0 && errno == EINTR && ended == 0)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		count -= (size_t)written;
	}
	return true;
}

/* False: the end of the console, or of who looks at it. */
static bool pass_output(int console)
{
	uint8_t bytes[PIECE_BYTES];
	ssize_t got = read(console, bytes, sizeof(bytes));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return got > 0 && write_all(STDOUT_FILENO, bytes, (size_t)got);
}

/* False: to leave, by key or because the console takes nothing. *open: standard input goes on. */
static bool pass_input(int console, struct terminal *terminal, bool *open)
{
	uint8_t bytes[PIECE_BYTES];
	bool quit = false;
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (got <= 0) {
		*open = got < 0 && (errno == EINTR || errno == EAGAIN);
		return true;
	}

	size_t count = terminal_filter(terminal, bytes, (size_t)got, &quit);

	return write_all(console, bytes, count) && !quit;
}

static void attend(int console, struct terminal *terminal)
{
	bool open = true;

	while (ended == 0 && open) {
		struct pollfd wait[] = {
			{.fd = console, .events = POLLIN},
			{.fd = STDIN_FILENO, .events = POLLIN},
		};

		if (poll(wait, ARRAY_SIZE(wait), -1) < 0)
			continue;
		if (wait[0].revents != 0 && !pass_output(console))
			break;
		if (wait[1].revents != 0 && !pass_input(console, terminal, &open))
			break;
	}
	/* What is there by now is shown, too. */
	for (int i = 0; i < LAST_PIECES && ended == 0; i++) {
		struct pollfd wait = {.fd = console, .events = POLLIN};

		if (poll(&wait, 1, LAST_MS) <= 0 || !pass_output(console))
			break;
	}
}

int cli_console(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct terminal terminal = {0};
	int console;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return CLI_OK;
	}
	if (argc != 2 || !config_is_name(argv[1])) {
		say("which virtual machine? (caisson list names them)");
		return CLI_USAGE;
	}
	console = connect_console(argv[1]);
	if (console < 0)
		return CLI_FAILED;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	terminal_init(&terminal, "Ctrl-G q leaves the console");
	attend(console, &terminal);
	terminal_restore();
	(void)close(console);
	return CLI_OK;
}
