/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/vpl011.h"

/* Brings the vGIC's idea of the line up to date. */
static void update_line(struct vpl011 *u) REQUIRES(u->lock)
{
	bool level = pl011_interrupt(&u->state);

	if (level == u->level)
		return;
	u->level = level;
	vdev_irq_set(u->vm, u->intid, level);
}

/*
 * A byte that is refused is held; the guest is shown a full FIFO from then on. A guest that
 * writes all the same loses what it writes, as with a real one.
 */
static void write_register(struct vpl011 *u, const struct vdev_access *access) REQUIRES(u->lock)
{
	uint8_t byte;

	if (!pl011_write(&u->state, (uint32_t)access->offset, (uint32_t)access->value, &byte))
		return;
	if (u->state.tx_blocked || u->send(byte))
		return;
	u->held = byte;
	pl011_set_tx_blocked(&u->state, true);
}

/* Reading the data register makes room for what is received. */
static void read_register(struct vpl011 *u, struct vdev_access *access) REQUIRES(u->lock)
{
	access->value = pl011_read(&u->state, (uint32_t)access->offset);
	if (access->offset != PL011_DR)
		return;
	if (u->was_full && pl011_receive_room(&u->state) >= PL011_RX_BYTES / 2) {
		u->was_full = false;
		u->has_room();
	}
	u->is_pull_due = u->pull;
}

#define PULL_BYTES 64

static void refill(struct vpl011 *u) REQUIRES(u->lock)
{
	uint8_t bytes[PULL_BYTES];
	size_t room, count;

	u->is_pull_due = false;
	do {
		room = pl011_receive_room(&u->state);
		count = u->pull(bytes, room < sizeof(bytes) ? room : sizeof(bytes));
		(void)pl011_receive(&u->state, bytes, count);
	} while (count > 0);
}

void vpl011_poke(struct vpl011 *u)
{
	lock_acquire(&u->lock);
	refill(u);
	update_line(u);
	lock_release(&u->lock);
}

/* Registers are 16 or 32 bits wide accesses, bytes too, as on the AMBA bus with a 32-bit slave. */
static bool access_register(void *dev, struct vcpu *vcpu, struct vdev_access *access)
{
	struct vpl011 *u = dev;

	if (access->bytes == 8)
		return false;
	lock_acquire(&u->lock);
	if (access->write)
		write_register(u, access);
	else
		read_register(u, access);
	if (u->is_pull_due)
		refill(u);
	update_line(u);
	lock_release(&u->lock);
	if (!access->write && access->bytes < 4)
		access->value &= BIT(8 * access->bytes) - 1;
	return true;
}

enum err vpl011_init(struct vpl011 *u, struct vm *vm, const char *name, uint64_t base,
		     uint32_t intid) NO_THREAD_CHECK
{
	struct vdev vdev = {
		.name = name, .base = base, .bytes = 4096, .access = access_register, .dev = u};

	lock_init(&u->lock, LOCK_CONSOLE);
	pl011_reset(&u->state);
	u->vm = vm;
	u->intid = intid;
	u->level = false;
	u->was_full = false;
	return vdev_register(vm, &vdev);
}

size_t vpl011_room(struct vpl011 *u)
{
	size_t room;

	lock_acquire(&u->lock);
	room = pl011_receive_room(&u->state);
	if (room == 0)
		u->was_full = true;
	lock_release(&u->lock);
	return room;
}

void vpl011_receive(struct vpl011 *u, const uint8_t *bytes, size_t count)
{
	lock_acquire(&u->lock);
	(void)pl011_receive(&u->state, bytes, count);
	update_line(u);
	lock_release(&u->lock);
}

void vpl011_writable(struct vpl011 *u)
{
	lock_acquire(&u->lock);
	if (u->state.tx_blocked && u->send(u->held))
		pl011_set_tx_blocked(&u->state, false);
	update_line(u);
	lock_release(&u->lock);
}
