/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/panicgdb.h"

#include "arch/aarch64/at.h"
#include "hyp/core/panic.h"
#include "lib/gdbserver.h"

#include <string.h>

#define PAGE_BYTES 4096

static struct gdbserver server;
static struct uart *line; /* the one that the session is on */

static void send(void *ctx, const uint8_t *bytes, size_t count)
{
	uart_send_polled(line, bytes, count);
}

static bool vm(void *ctx, uint32_t number, struct gdbserver_vm *to)
{
	static const struct gdbserver_vm el2 = {
		.name = "EL2 after its panic", .vcpus = 1, .is_service = true};

	*to = el2;
	return number == 0;
}

static enum err attach(void *ctx, uint32_t number)
{
	return ERR_OK;
}

static void detach(void *ctx)
{
}

/* It stands still, and stays so. */
static void stop(void *ctx)
{
	static const struct gdbserver_stop why = {.cause = GDBSERVER_INTERRUPTED};

	gdbserver_stopped(&server, &why);
}

static void resume(void *ctx, const enum gdbserver_go *go)
{
	stop(ctx);
}

static enum err read_register(void *ctx, uint32_t vcpu, unsigned int number, uint8_t *value)
{
	const struct panic_frame *frame = panic_frame();
	const uint64_t *from = number < GDBREGS_SP      ? &frame->x[number]
			       : number == GDBREGS_SP   ? &frame->sp
			       : number == GDBREGS_PC   ? &frame->elr
			       : number == GDBREGS_CPSR ? &frame->spsr
							: NULL;

	if (!from)
		return ERR_NOT_FOUND;
	memcpy(value, from, gdbregs_bytes(number));
	return ERR_OK;
}

static enum err write_register(void *ctx, uint32_t vcpu, unsigned int number, const uint8_t *value)
{
	return ERR_DENIED;
}

/* Devices are left alone: reading may change them. */
static size_t load(void *ctx, uint32_t vcpu, uint64_t address, uint8_t *to, size_t count)
{
	size_t done = 0, part;

	for (; done < count; done += part) {
		uint64_t at = address + done;

		part = PAGE_BYTES - at % PAGE_BYTES;
		if (part > count - done)
			part = count - done;
		if (!at_el2_is_memory(at))
			break;
		memcpy(to + done, (const void *)at, part);
	}
	return done;
}

static bool store(void *ctx, uint32_t vcpu, uint64_t address, const uint8_t *from, size_t count)
{
	return false;
}

static enum err point(void *ctx, uint32_t vcpu, enum gdbserver_point kind, uint64_t address,
		      uint64_t bytes, bool set)
{
	return ERR_UNSUPPORTED;
}

void panicgdb_input(struct uart *u, uint8_t byte)
{
	static const struct gdbserver_target target = {
		.send = send,
		.vms = 1,
		.vm = vm,
		.attach = attach,
		.detach = detach,
		.stop = stop,
		.resume = resume,
		.read = read_register,
		.write = write_register,
		.load = load,
		.store = store,
		.point = point,
	};

	if (line != u)
		gdbserver_init(&server, &target, 0);
	line = u;
	gdbserver_input(&server, &byte, 1);
}
