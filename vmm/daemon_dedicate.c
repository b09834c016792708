// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/daemon.h"
#include "vmm/say.h"

/*
 * CPUs are a VM's from its create to its burial, over resets too. They are written into its state
 * before Linux gives the first one, so a next caissond knows which to bring back. A CPU that was
 * offline before is not taken: what is brought back has been there.
 */

#define EVENT_LINE "/dev/ttyAMA1"
#define CPU_PATH   "/sys/devices/system/cpu/cpu%u"
#define PATH_BYTES 64
#define READ_BYTES 256
#define UNTOLD_MS  2

/* ---- CPUs -------------------------------------------------------------------------------- */

static int open_online(uint32_t cpu, int flags)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), CPU_PATH "/online", cpu);
	return open(path, flags | O_CLOEXEC);
}

static bool is_present(uint32_t cpu)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), CPU_PATH, cpu);
	return access(path, F_OK) == 0;
}

static bool is_online(uint32_t cpu)
{
	int file = open_online(cpu, O_RDONLY);
	char digit = '0';
	bool read_it = file >= 0 && read(file, &digit, 1) == 1;

	if (file >= 0)
		(void)close(file);
	return read_it && digit == '1';
}

static bool set_online(uint32_t cpu, bool online)
{
	int file = open_online(cpu, O_WRONLY);
	bool done = file >= 0 && write(file, online ? "1" : "0", 1) == 1;
	int saved = errno;

	if (file >= 0)
		(void)close(file);
	errno = saved;
	return done;
}

/* The VM that has this CPU; NULL. */
static const struct daemon_vm *owner_of(const struct daemon *d, uint32_t cpu)
{
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		for (uint32_t k = 0; d->vm[i] != NULL && k < d->vm[i]->dedicated; k++) {
			if (d->vm[i]->dedicate[k] == cpu)
				return d->vm[i];
		}
	}
	return NULL;
}

static enum err choose_cpu(struct rpc_call *call, struct daemon_vm *vm, const json_t *number)
{
	json_int_t value = json_integer_value(number);
	uint32_t cpu = (uint32_t)value;
	const struct daemon_vm *owner;

	if (!json_is_integer(number) || value < 0 || value > INT32_MAX)
		return rpc_fail(call, ERR_INVALID, "'dedicate' is no list of CPUs");
	if (cpu == 0)
		return rpc_fail(call, ERR_DENIED,
				"cannot dedicate CPU 0: it stays with the service VM");
	if (!is_present(cpu))
		return rpc_fail(call, ERR_NOT_FOUND, "cannot dedicate CPU %u: there is none", cpu);
	owner = owner_of(vm->daemon, cpu);
	if (owner != NULL)
		return rpc_fail(call, ERR_BUSY, "cannot dedicate CPU %u: it is dedicated to %s",
				cpu, owner == vm ? "this machine twice" : owner->name);
	if (!is_online(cpu))
		return rpc_fail(call, ERR_BUSY, "cannot dedicate CPU %u: it is offline", cpu);
	vm->dedicate[vm->dedicated++] = cpu;
	return ERR_OK;
}

enum err daemon_choose_cpus(struct rpc_call *call, struct daemon_vm *vm)
{
	const json_t *list = json_object_get(call->arguments, "dedicate");
	const json_t *number;
	size_t index;

	if (list == NULL)
		return ERR_OK;
	if (!json_is_array(list) || json_array_size(list) > vm->cpus)
		return rpc_fail(call, ERR_INVALID, "more CPUs to dedicate than virtual CPUs");
	json_array_foreach(list, index, number)
	{
		enum err err = choose_cpu(call, vm, number);

		if (err != ERR_OK) {
			vm->dedicated = 0;
			return err;
		}
	}
	return ERR_OK;
}

enum err daemon_take_cpus(struct rpc_call *call, struct daemon_vm *vm)
{
	if (vm->dedicated != 0 && daemon_open_events(vm->daemon) != ERR_OK)
		return rpc_fail(call, ERR_NOT_FOUND, "cannot dedicate CPUs: no %s", EVENT_LINE);
	for (uint32_t i = 0; i < vm->dedicated; i++) {
		if (!set_online(vm->dedicate[i], false))
			return rpc_fail(call, ERR_BUSY,
					"cannot dedicate CPU %u: Linux keeps it: %s",
					vm->dedicate[i], strerror(errno));
	}
	return ERR_OK;
}

enum err daemon_dedicate_cpus(struct rpc_call *call, struct daemon_vm *vm)
{
	vm->exits = 0;
	vm->wakes = 0;
	for (uint32_t i = 0; i < vm->dedicated; i++) {
		enum caisson_status status =
			hyp_vcpu_dedicate(&vm->daemon->management, vm->number, i, vm->dedicate[i]);

		if (status != CAISSON_OK)
			return rpc_fail(call, ERR_INVALID, "cannot dedicate CPU %u: %s",
					vm->dedicate[i], hyp_status_text(status));
	}
	return ERR_OK;
}

void daemon_return_cpus(struct daemon_vm *vm)
{
	for (uint32_t i = 0; i < vm->dedicated; i++) {
		if (!set_online(vm->dedicate[i], true))
			say("%s: CPU %u does not come back: %s", vm->name, vm->dedicate[i],
			    strerror(errno));
	}
	vm->dedicated = 0;
}

/* ---- the event line ---------------------------------------------------------------------- */

/* False: it is to be tried again. What waits for room in the socket is not added to. */
static bool tell(struct daemon_vm *vm)
{
	if ((vm->exits | vm->wakes) == 0 || vm->client == NULL || vm->ending)
		return true;
	if (vm->client->wire.out_bytes != 0)
		return false;
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
		else
			vm->wakes |= (uint32_t)BIT(event->vcpu);
	}
}

static void on_line(void *arg, unsigned int events)
{
	uint8_t bytes[READ_BYTES];
	struct daemon *d = arg;
	struct event event;
	ssize_t got = read(d->line, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < got; i++) {
		if (eventline_take(&d->reader, bytes[i], &event))
			note(d, &event);
	}
	tell_all(d);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	say("the event line %s has ended", EVENT_LINE);
	loop_remove(&d->readable);
	(void)close(d->line);
	d->line = -1;
}

enum err daemon_init_events(struct daemon *d)
{
	d->line = -1;
	return loop_add_timer(&d->loop, &d->untold, on_untold, d);
}

/* The byte that is written lets EL2 announce anew what Linux dropped when the line was opened. */
enum err daemon_open_events(struct daemon *d)
{
	struct termios raw;

	if (d->line >= 0)
		return ERR_OK;
	d->line = open(EVENT_LINE, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
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
	say("cannot read the event line %s: %s", EVENT_LINE, strerror(errno));
	if (d->line >= 0)
		(void)close(d->line);
	d->line = -1;
	return ERR_NOT_FOUND;
}
