/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_CONSOLE_VPL011_H
#define HYP_CONSOLE_VPL011_H

#include "hyp/core/lock.h"
#include "hyp/vm/vdev.h"
#include "lib/pl011.h"

/* An emulated PL011 of a VM: lib/pl011.h behind a lock, with its interrupt line. */
struct vpl011 {
	struct spinlock lock; /* LOCK_CONSOLE: state, and the line's level */
	struct pl011 state;
	struct vm *vm;
	uint32_t intid;
	bool level;   /* as the vGIC knows it */
	uint8_t held; /* while state.tx_blocked: the byte that send() refused */
	/*
	 * Takes a byte that the guest sends; false: not now, it will be offered again after
	 * vpl011_writable(). Called with lock held.
	 */
	bool (*send)(uint8_t byte);
	/* There is room for received bytes again after vpl011_room() gave 0; lock held. */
	void (*has_room)(void);
	/*
	 * Not NULL: where received bytes come from, instead of vpl011_receive(): when the guest has
	 * taken one, after vpl011_poke(), and when send() sets is_pull_due; at most `room` at a
	 * time, 0: none now. Called with lock held.
	 */
	size_t (*pull)(uint8_t *bytes, size_t room);
	bool is_pull_due;
	bool was_full; /* vpl011_room() gave 0, has_room() was not called yet */
};

/*
 * Resets u and adds it to the VM at IPA `base`, with SPI `intid`. While the VM is being made. send
 * and has_room are set already.
 */
enum err vpl011_init(struct vpl011 *u, struct vm *vm, const char *name, uint64_t base,
		     uint32_t intid) MUST_CHECK;

/* pull() may have bytes now. Any CPU, no lock held but what comes before LOCK_CONSOLE. */
void vpl011_poke(struct vpl011 *u);

/* How many bytes vpl011_receive() takes without loss. Any CPU, no lock held. */
size_t vpl011_room(struct vpl011 *u);

/* Bytes for the guest; what does not fit is lost as an overrun. Any CPU, no lock held. */
void vpl011_receive(struct vpl011 *u, const uint8_t *bytes, size_t count);

/* send() takes bytes again. Any CPU, no lock held. */
void vpl011_writable(struct vpl011 *u);

#endif
