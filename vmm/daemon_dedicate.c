// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/daemon.h"
#include "vmm/say.h"

/*
 * CPUs are a VM's from its create to its burial, over resets too. They are written into its state
 * before Linux gives the first one, so a next caissond knows which to bring back. A CPU that was
 * offline before is not taken: what is brought back has been there.
 */

#define CPU_PATH   "/sys/devices/system/cpu/cpu%u"
#define PATH_BYTES 64

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
		return rpc_fail(call, ERR_NOT_FOUND, "cannot dedicate CPUs: no event line");
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
