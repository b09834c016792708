// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/daemon.h"
#include "vmm/say.h"

#define EVENT_LINE "/dev/ttyAMA1" /* where the device tree's aliases say so */
#define TTYS_MAX   16
#define READ_BYTES 256
#define UNTOLD_MS  2

/* ---- the event line ---------------------------------------------------------------------- */

/* False: it is to be tried again. What waits for room in the socket is not added to. */
static bool tell(struct daemon_vm *vm)
{
	bool vcpus = (vm->exits | vm->wakes) != 0;

	if ((!vcpus && !vm->console_news) || vm->client == NULL || vm->ending)
		return true;
	if (vm->client->wire.out_bytes != 0)
		return false;
	if (vm->console_news)
		rpc_event(&vm->client->wire, "console", NULL);
	vm->console_news = false;
	if (!vcpus)
		return true;
	rpc_event(&vm->client->wire, "vcpus",
		  json_pack("{s:I,s:I}", "exit", (json_int_t)vm->exits, "wake",
			    (json_int_t)vm->wakes));
	vm->exits = 0;
	vm->wakes = 0;
	return true;
}

static void tell_all(struct daemon *d)
{
	bool all = true;

	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++)
		all = (d->vm[i] == NULL || tell(d->vm[i])) && all;
	if (!all)
		daemon_tell_events(d);
}

void daemon_tell_events(struct daemon *d)
{
	if (loop_start_timer(&d->untold, UNTOLD_MS) != ERR_OK)
		say("cannot start a timer");
}

static void on_untold(void *arg, unsigned int events)
{
	tell_all(arg);
}

static void note(struct daemon *d, const struct event *event)
{
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		struct daemon_vm *vm = d->vm[i];

		if (vm == NULL || !vm->made || vm->number != event->vm)
			continue;
		if (event->type == EVENT_EXIT)
			vm->exits |= (uint32_t)BIT(event->vcpu);
		else if (event->type == EVENT_WAKE)
			vm->wakes |= (uint32_t)BIT(event->vcpu);
		else if (event->type == EVENT_CONSOLE)
			vm->console_news = true;
	}
}

static void note_any(struct daemon *d, const struct event *event)
{
	if (event->type >= EVENT_FIRST_REQUEST)
		daemon_request(d, event);
	else
		note(d, event);
}

static void on_line(void *arg, unsigned int events)
{
	uint8_t bytes[READ_BYTES];
	struct daemon *d = arg;
	struct event event;
	ssize_t got = read(d->line, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < got; i++) {
		if (eventline_take(&d->reader, bytes[i], &event))
			note_any(d, &event);
	}
	tell_all(d);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	say("the event line has ended");
	loop_remove(&d->readable);
	(void)close(d->line);
	d->line = -1;
}

/* ---- consoles ---------------------------------------------------------------------------- */

static void attach_console(struct daemon_vm *vm)
{
	enum caisson_status status =
		hyp_console_attach(&vm->daemon->management, vm->number,
				   vm->pages.store.start + CAISSON_BLOCK_BYTES, vm->name);

	vm->console_wanted = false;
	/* BUSY: Caisson shows none. STATE: another caissond has done it. */
	if (status == CAISSON_BUSY)
		return;
	if (status != CAISSON_OK && status != CAISSON_STATE)
		say("%s: no console on the serial line: %s", vm->name, hyp_status_text(status));
	else if (daemon_open_events(vm->daemon) != ERR_OK)
		say("%s: what is typed on the serial line does not reach it", vm->name);
	vm->console_news = true;
}

static void on_consoles(void *arg, unsigned int events)
{
	struct daemon *d = arg;

	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		if (d->vm[i] != NULL && d->vm[i]->console_wanted && d->vm[i]->made)
			attach_console(d->vm[i]);
	}
	tell_all(d);
}

void daemon_want_console(struct daemon_vm *vm)
{
	vm->console_wanted = true;
	if (loop_start_timer(&vm->daemon->consoles, 0) != ERR_OK)
		say("cannot start a timer");
}

enum err daemon_init_events(struct daemon *d)
{
	enum err err = loop_add_timer(&d->loop, &d->untold, on_untold, d);

	d->line = -1;
	return err == ERR_OK ? loop_add_timer(&d->loop, &d->consoles, on_consoles, d) : err;
}

/* The address of a tty's registers; 0: it does not exist, or tells none. */
static uint64_t tty_base(unsigned int number)
{
	char path[64];
	uint64_t base = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/sys/class/tty/ttyAMA%u/iomem_base", number);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNx64, &base) != 1)
		base = 0;
	(void)fclose(file);
	return base;
}

/* ACPI has no aliases: Linux counts PL011s as it finds them, and Caisson's table has the address.
 */
static void find_line(char *path, size_t bytes)
{
	int file = open(HYP_TABLE_FILE, O_RDONLY | O_CLOEXEC);
	unsigned int number = 0;
	uint64_t base;

	(void)snprintf(path, bytes, "%s", EVENT_LINE);
	if (file < 0)
		return;
	if (pread(file, &base, sizeof(base), CAISSON_TABLE_EVENT_LINE) == sizeof(base)) {
		while (number < TTYS_MAX && tty_base(number) != base)
			number++;
		(void)snprintf(path, bytes, "/dev/ttyAMA%u", number);
	}
	(void)close(file);
}

/* The byte that is written lets EL2 announce anew what Linux dropped when the line was opened. */
enum err daemon_open_events(struct daemon *d)
{
	struct termios raw;
	char path[32];

	if (d->line >= 0)
		return ERR_OK;
	find_line(path, sizeof(path));
	d->line = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	d->reader = (struct eventline){0};
	if (d->line >= 0 && tcgetattr(d->line, &raw) == 0) {
		cfmakeraw(&raw);
		raw.c_cflag |= CLOCAL;
		if (tcsetattr(d->line, TCSANOW, &raw) == 0 &&
		    loop_add_fd(&d->loop, &d->readable, d->line, LOOP_READ, on_line, d) == ERR_OK) {
			if (write(d->line, "", 1) == 1)
				return ERR_OK;
			loop_remove(&d->readable);
		}
	}
	say("cannot read the event line %s: %s", path, strerror(errno));
	if (d->line >= 0)
		(void)close(d->line);
	d->line = -1;
	return ERR_NOT_FOUND;
}
