/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/gdbstub.h"

#include "hyp/console/consoles.h"
#include "hyp/console/plain.h"
#include "hyp/console/uart.h"
#include "hyp/console/vcon.h"
#include "hyp/core/lock.h"
#include "hyp/vm/dbgaccess.h"

#define INPUT_BYTES 64
/* A session sends one packet for each that it gets, so this holds a few. */
#define RING_BYTES 16384

static struct vcon *console; /* NULL: the second port is the debugger's */
static struct spinlock lock = SPINLOCK_INIT(LOCK_GDB);
static struct gdbserver server GUARDED_BY(lock);

/* --- what the session reaches --- */

/* What a line that does not keep up loses, as a whole, its client asks for again. */
static void send(void *ctx, const uint8_t *bytes, size_t count)
{
	size_t part;

	if (!console && uart_room(uart_port(1)) >= count)
		(void)uart_write(uart_port(1), bytes, count);
	for (; console && count > 0; bytes += part, count -= part) {
		part = count < VCON_WRITE_BYTES ? count : VCON_WRITE_BYTES;
		(void)vcon_write(console, bytes, part);
	}
}

static bool vm(void *ctx, uint32_t number, struct gdbserver_vm *to)
{
	return dbgaccess_vm(number, to);
}

static enum err attach(void *ctx, uint32_t number)
{
	return dbgaccess_attach(number);
}

static void detach(void *ctx)
{
	dbgaccess_detach();
}

static void stop(void *ctx)
{
	dbgaccess_stop();
}

static void resume(void *ctx, const enum gdbserver_go *go)
{
	dbgaccess_resume(go);
}

static enum err read_register(void *ctx, uint32_t vcpu, unsigned int number, uint8_t *value)
{
	return dbgaccess_read(vcpu, number, value);
}

static enum err write_register(void *ctx, uint32_t vcpu, unsigned int number, const uint8_t *value)
{
	return dbgaccess_write(vcpu, number, value);
}

static size_t load(void *ctx, uint32_t vcpu, uint64_t address, uint8_t *to, size_t count)
{
	return dbgaccess_load(vcpu, address, to, count);
}

static bool store(void *ctx, uint32_t vcpu, uint64_t address, const uint8_t *from, size_t count)
{
	return dbgaccess_store(vcpu, address, from, count);
}

static enum err point(void *ctx, uint32_t vcpu, enum gdbserver_point kind, uint64_t address,
		      uint64_t bytes, bool set)
{
	return dbgaccess_point(vcpu, kind, address, bytes, set);
}

static const struct gdbserver_target target = {
	.send = send,
	.vms = DBGACCESS_VMS,
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

/* --- what happens --- */

static void look(void) REQUIRES(lock)
{
	struct gdbserver_stop why;

	if (dbgaccess_has_gone())
		gdbserver_gone(&server);
	if (dbgaccess_has_stopped(&why))
		gdbserver_stopped(&server, &why);
}

static void changed(void)
{
	lock_acquire(&lock);
	look();
	lock_release(&lock);
}

static size_t room(void *ctx)
{
	return INPUT_BYTES;
}

static void serve(const uint8_t *bytes, size_t count) REQUIRES(lock)
{
	gdbserver_input(&server, bytes, count);
	look();
}

static void received(void *ctx, const uint8_t *bytes, size_t count)
{
	lock_acquire(&lock);
	serve(bytes, count);
	lock_release(&lock);
}

static void writable(void *ctx)
{
}

static void console_input(void *ctx)
{
	uint8_t bytes[INPUT_BYTES];
	size_t count;

	lock_acquire(&lock); /* two CPUs may come at once: bytes stay in their order */
	while ((count = vcon_take_input(console, bytes, sizeof(bytes))) > 0)
		serve(bytes, count);
	lock_release(&lock);
}

void gdbstub_add_console(void)
{
	static const struct vcon_client client = {.input = console_input};

	console = consoles_add("debugger", 'd', RING_BYTES, VCON_RAW, &client);
}

void gdbstub_init(const struct bootinfo *bi, struct vm *service) NO_THREAD_CHECK
{
	gdbserver_init(&server, &target, DBGACCESS_SERVICE);
	dbgaccess_init(bi, service, changed);
}

enum err gdbstub_start_on_port(void)
{
	static const struct uart_client client = {
		.room = room, .received = received, .writable = writable, .polled = plain_polled};

	return uart_start(uart_port(1), &client);
}
