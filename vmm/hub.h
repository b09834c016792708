/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_HUB_H
#define VMM_HUB_H

#include <pthread.h>

#include "vmm/loop.h"
#include "vmm/terminal.h"

/*
 * Between a VM's console and those who look at it: the terminal that the VM was started on, and
 * any number of others over a socket. What the guest writes goes into a ring, at any speed and
 * whether or not somebody reads; each reader has its own place in it, begins with what the ring
 * still holds, and is told how many bytes it missed when it was too slow. All of them may type.
 */

#define HUB_RING_BYTES  KIB(256)
#define HUB_CLIENTS_MAX 16

/* Where input goes. In the loop. */
struct hub_sink {
	size_t (*room)(void *arg); /* 0: hub_room_again() follows */
	void (*input)(void *arg, const uint8_t *bytes, size_t count);
	void (*quit)(void *arg); /* Ctrl-G q at the VM's own terminal */
	void *arg;
};

struct hub_client {
	struct hub *hub;
	bool used;
	bool own; /* the VMM's standard input and output */
	int in;   /* -1: it has ended */
	int out;
	bool in_plain; /* a file: always ready, cannot be waited for */
	bool out_plain;
	struct loop_event in_event;
	struct loop_event out_event;
	uint64_t position; /* of the next byte, counted from the guest's first */
	uint64_t lost;
	struct terminal terminal;
};

struct hub {
	struct loop *loop;
	struct hub_sink sink;
	int listener; /* -1: none */
	struct loop_event accept;
	int event; /* an eventfd: there is output */
	struct loop_event output;
	struct hub_client client[HUB_CLIENTS_MAX];

	pthread_mutex_t lock;
	void (*tee)(void *arg, const uint8_t *bytes, size_t count); /* under the lock, to the end */
	void *tee_arg;
	uint64_t head; /* bytes written ever */
	bool told;
	uint8_t ring[HUB_RING_BYTES];
};

/* Tells what is wrong. hub_close() is due in any case. */
enum err hub_init(struct hub *h, struct loop *loop, const struct hub_sink *sink) MUST_CHECK;
/* Listens at `path`, until hub_close(). Tells what is wrong. */
enum err hub_listen(struct hub *h, const char *path) MUST_CHECK;
/*
 * Standard input and output take part; a terminal becomes raw until hub_close(). Input comes after
 * hub_room_again().
 */
enum err hub_add_own(struct hub *h) MUST_CHECK;

/* Output of the guest. Any thread; never waits. */
void hub_put(struct hub *h, const uint8_t *bytes, size_t count);

/*
 * Output goes there, too: what the ring holds at once, and all that follows, under the hub's lock.
 * NULL: no more. Any thread.
 */
void hub_set_tee(struct hub *h, void (*tee)(void *arg, const uint8_t *bytes, size_t count),
		 void *arg);

/* The guest can take input again. In the loop. */
void hub_room_again(struct hub *h);

/* Gives readers a short time to take what they have not read, then lets go of all. */
void hub_close(struct hub *h);

#endif
