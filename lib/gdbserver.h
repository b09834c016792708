/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GDBSERVER_H
#define LIB_GDBSERVER_H

#include "lib/err.h"
#include "lib/gdbproto.h"
#include "lib/gdbregs.h"

/*
 * A session with a GDB client: VMs are its processes, vCPUs their threads, all of which stop and go
 * together (all-stop). Pure: VMs are reached through struct gdbserver_target, by whose functions
 * hostile packets are bounded in number and size, and nothing else.
 *
 * VM n is process n + 1 and its vCPU i thread i + 1. `target remote` gets one VM, which `monitor
 * vm N` chooses; `target extended-remote` chooses by `attach`, and lists by `info os processes`.
 * Until the debugger detaches, the VM stays attached and stopped, whatever becomes of the line, and
 * the next client finds it so.
 */

#define GDBSERVER_MAX_VCPUS  32
#define GDBSERVER_MAX_MEMORY 2000 /* bytes of one read or write */
#define GDBSERVER_NAME_BYTES 24

enum gdbserver_go { GDBSERVER_STAY, GDBSERVER_CONTINUE, GDBSERVER_STEP };

/* What Z and z packets number so. */
enum gdbserver_point {
	GDBSERVER_SOFTWARE,
	GDBSERVER_HARDWARE,
	GDBSERVER_WRITE,
	GDBSERVER_READ,
	GDBSERVER_ACCESS,
	GDBSERVER_POINTS,
};

enum gdbserver_cause {
	GDBSERVER_INTERRUPTED, /* it was asked to stop */
	GDBSERVER_STEPPED,
	GDBSERVER_AT_SOFTWARE, /* a breakpoint */
	GDBSERVER_AT_HARDWARE,
	GDBSERVER_WATCHED, /* a watchpoint: point and address */
};

struct gdbserver_stop {
	enum gdbserver_cause cause;
	uint32_t vcpu;
	enum gdbserver_point point;
	uint64_t address;
};

struct gdbserver_vm {
	char name[GDBSERVER_NAME_BYTES];
	uint32_t vcpus;  /* bit i: it has a vCPU i */
	bool is_service; /* the one that is debugged unless another is chosen */
};

struct gdbserver_target {
	/* To the client; all of it, or none. */
	void (*send)(void *ctx, const uint8_t *bytes, size_t count);
	/* How many numbers of VMs there can be; is there a VM of this one? */
	uint32_t vms;
	bool (*vm)(void *ctx, uint32_t number, struct gdbserver_vm *vm);
	/* The VM is debugged from now on; it still runs. ERR_NOT_FOUND. */
	enum err (*attach)(void *ctx, uint32_t number);
	/* It is not, and runs as if nothing had been: all points are gone. */
	void (*detach)(void *ctx);
	/* It is to stop. gdbserver_stopped() is called when it has, maybe before this returns. */
	void (*stop)(void *ctx);
	/* It goes on; go has an entry for each vCPU. gdbserver_stopped() as for stop. */
	void (*resume)(void *ctx, const enum gdbserver_go *go);
	/* The rest while it is stopped. value: gdbregs_bytes() of register `number`. */
	enum err (*read)(void *ctx, uint32_t vcpu, unsigned int number, uint8_t *value);
	enum err (*write)(void *ctx, uint32_t vcpu, unsigned int number, const uint8_t *value);
	/*
	 * Memory as the vCPU would see it, at most GDBSERVER_MAX_MEMORY bytes. Returns how many
	 * could be read from there on; writes all or nothing.
	 */
	size_t (*load)(void *ctx, uint32_t vcpu, uint64_t address, uint8_t *to, size_t count);
	bool (*store)(void *ctx, uint32_t vcpu, uint64_t address, const uint8_t *from,
		      size_t count);
	/*
	 * Sets or takes back a breakpoint or watchpoint. ERR_UNSUPPORTED: no such thing here;
	 * ERR_RANGE: not to be reached; ERR_NO_MEMORY: no more of these; ERR_NOT_FOUND;
	 * ERR_INVALID.
	 */
	enum err (*point)(void *ctx, uint32_t vcpu, enum gdbserver_point point, uint64_t address,
			  uint64_t kind, bool set);
	void *ctx;
};

enum gdbserver_state {
	GDBSERVER_DETACHED,
	GDBSERVER_STOPPED,
	GDBSERVER_RUNNING,  /* the client waits for it to stop */
	GDBSERVER_STOPPING, /* and has asked for it */
};

struct gdbserver {
	const struct gdbserver_target *target;
	enum gdbserver_state state;
	uint32_t vm;     /* attached, or chosen for the next attach */
	uint32_t thread; /* vCPU of the packets on registers and memory (Hg) */
	uint32_t mover;  /* vCPU of s and c (Hc) */
	bool is_extended;
	bool has_processes; /* the client knows processes in thread identifiers */
	bool no_acks;
	struct gdbserver_stop stop; /* the last one */
	uint32_t told;              /* vCPUs of the list that is being told */
	struct gdbproto_receiver receiver;
	struct gdbproto_reply reply;
	size_t last_bytes; /* of the reply that was sent last, or 0 */
	uint8_t buffer[GDBSERVER_MAX_MEMORY];
};

/* vm: the VM to be debugged if none is chosen. */
void gdbserver_init(struct gdbserver *s, const struct gdbserver_target *target, uint32_t vm);

/* Bytes from the client. */
void gdbserver_input(struct gdbserver *s, const uint8_t *bytes, size_t count);

/* All vCPUs have stopped, after stop() or resume(). */
void gdbserver_stopped(struct gdbserver *s, const struct gdbserver_stop *stop);

/* The VM that is debugged has ceased to be. */
void gdbserver_gone(struct gdbserver *s);

#endif
