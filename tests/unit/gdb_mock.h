/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_GDB_MOCK_H
#define TESTS_UNIT_GDB_MOCK_H

#include <string.h>

#include "lib/gdbserver.h"

/*
 * VMs made of nothing, for lib/gdbserver.h: number 1 with vCPUs 0 and 2, number 3, the service VM,
 * with vCPU 0. Each has memory at MOCK_BASE. What is sent is in `sent`.
 */
#define MOCK_BASE  0x40000000
#define MOCK_BYTES 4096
#define MOCK_VMS   4

struct mock {
	struct gdbserver server;
	struct gdbserver_target target;
	char sent[4 * GDBPROTO_FRAME_BYTES];
	size_t sent_bytes;
	int attached; /* -1: none */
	bool is_running;
	bool stop_asked;
	enum gdbserver_go go[GDBSERVER_MAX_VCPUS];
	uint8_t reg[GDBSERVER_MAX_VCPUS][GDBREGS_COUNT][GDBREGS_MAX_BYTES];
	uint8_t memory[MOCK_BYTES];
	uint64_t point[GDBSERVER_POINTS];
	bool has_ended;
	bool violation; /* the server asked for something that its contract excludes */
};

static inline void mock_send(void *ctx, const uint8_t *bytes, size_t count)
{
	struct mock *m = ctx;

	if (count > sizeof(m->sent) - 1 - m->sent_bytes)
		m->sent_bytes = 0;
	memcpy(m->sent + m->sent_bytes, bytes, count);
	m->sent_bytes += count;
	m->sent[m->sent_bytes] = '\0';
}

static inline bool mock_vm(void *ctx, uint32_t number, struct gdbserver_vm *vm)
{
	struct mock *m = ctx;

	memset(vm, 0, sizeof(*vm));
	if ((number != 1 && number != 3) || (number == 1 && m->has_ended))
		return false;
	strcpy(vm->name, number == 3 ? "service VM" : "guest $}#*");
	vm->is_service = number == 3;
	vm->vcpus = number == 3 ? 1 : 5;
	return true;
}

static inline enum err mock_attach(void *ctx, uint32_t number)
{
	struct gdbserver_vm vm;
	struct mock *m = ctx;

	m->violation |= m->attached >= 0;
	if (!mock_vm(ctx, number, &vm))
		return ERR_NOT_FOUND;
	m->attached = (int)number;
	m->is_running = true;
	return ERR_OK;
}

static inline void mock_detach(void *ctx)
{
	struct mock *m = ctx;

	m->violation |= m->attached < 0;
	m->attached = -1;
	m->stop_asked = false;
}

static inline void mock_stop(void *ctx)
{
	struct mock *m = ctx;

	m->violation |= m->attached < 0;
	m->stop_asked = true;
}

static inline void mock_resume(void *ctx, const enum gdbserver_go *go)
{
	struct mock *m = ctx;

	m->violation |= m->attached < 0 || m->is_running;
	m->is_running = true;
	memcpy(m->go, go, sizeof(m->go));
}

static inline bool mock_has(struct mock *m, uint32_t vcpu)
{
	struct gdbserver_vm vm;

	m->violation |= vcpu >= GDBSERVER_MAX_VCPUS;
	return m->attached >= 0 && !m->is_running && mock_vm(m, (uint32_t)m->attached, &vm) &&
	       (vm.vcpus >> vcpu & 1);
}

static inline enum err mock_read(void *ctx, uint32_t vcpu, unsigned int number, uint8_t *value)
{
	struct mock *m = ctx;

	m->violation |= number >= GDBREGS_COUNT;
	if (!mock_has(m, vcpu))
		return ERR_NOT_FOUND;
	memcpy(value, m->reg[vcpu][number], gdbregs_bytes(number));
	return ERR_OK;
}

static inline enum err mock_write(void *ctx, uint32_t vcpu, unsigned int number,
				  const uint8_t *value)
{
	struct mock *m = ctx;

	m->violation |= number >= GDBREGS_COUNT;
	if (!mock_has(m, vcpu))
		return ERR_NOT_FOUND;
	memcpy(m->reg[vcpu][number], value, gdbregs_bytes(number));
	return ERR_OK;
}

static inline size_t mock_load(void *ctx, uint32_t vcpu, uint64_t address, uint8_t *to,
			       size_t count)
{
	struct mock *m = ctx;
	size_t n = 0;

	m->violation |= count > GDBSERVER_MAX_MEMORY;
	while (mock_has(m, vcpu) && n < count && address - MOCK_BASE < MOCK_BYTES)
		to[n++] = m->memory[address++ - MOCK_BASE];
	return n;
}

static inline bool mock_store(void *ctx, uint32_t vcpu, uint64_t address, const uint8_t *from,
			      size_t count)
{
	struct mock *m = ctx;

	m->violation |= count > GDBSERVER_MAX_MEMORY;
	if (!mock_has(m, vcpu) || !bits_contains(MOCK_BASE, MOCK_BYTES, address, count))
		return false;
	memcpy(m->memory + (address - MOCK_BASE), from, count);
	return true;
}

static inline enum err mock_point(void *ctx, uint32_t vcpu, enum gdbserver_point point,
				  uint64_t address, uint64_t kind, bool set)
{
	struct mock *m = ctx;

	m->violation |= point >= GDBSERVER_POINTS;
	if (!mock_has(m, vcpu))
		return ERR_NOT_FOUND;
	if (address == 0)
		return ERR_RANGE;
	if (kind == 2)
		return ERR_UNSUPPORTED;
	if (set && m->point[point] != 0 && m->point[point] != address)
		return ERR_NO_MEMORY;
	m->point[point] = set ? address : 0;
	return ERR_OK;
}

static inline void mock_init(struct mock *m)
{
	memset(m, 0, sizeof(*m));
	m->attached = -1;
	m->target = (struct gdbserver_target){
		.send = mock_send,
		.vms = MOCK_VMS,
		.vm = mock_vm,
		.attach = mock_attach,
		.detach = mock_detach,
		.stop = mock_stop,
		.resume = mock_resume,
		.read = mock_read,
		.write = mock_write,
		.load = mock_load,
		.store = mock_store,
		.point = mock_point,
		.ctx = m,
	};
	gdbserver_init(&m->server, &m->target, 3);
}

/* The VM has stopped, if it runs. */
static inline void mock_stopped(struct mock *m, enum gdbserver_cause cause, uint32_t vcpu)
{
	const struct gdbserver_stop stop = {
		.cause = cause, .vcpu = vcpu, .point = GDBSERVER_READ, .address = 0x1234};

	if (m->attached < 0 || !m->is_running)
		return;
	m->is_running = false;
	m->stop_asked = false;
	gdbserver_stopped(&m->server, &stop);
}

#endif
