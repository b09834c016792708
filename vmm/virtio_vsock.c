// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/virtio_vsock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/kick.h"
#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/vm.h"

#define VHOST_VSOCK "/dev/vhost-vsock"

#define F_SEQPACKET BIT(1)

/* Receive, transmit; the third queue is for the one event that there is. */
#define QUEUES        3
#define QUEUES_SERVED 2
#define QUEUE_EVENT   2

static bool set_memory(const struct virtio_vsock *s)
{
	const struct guestmem *m = &s->virtio.vm->guestmem;
	_Alignas(struct vhost_memory)
		uint8_t bytes[sizeof(struct vhost_memory) + sizeof(struct vhost_memory_region)] = {
			0};
	struct vhost_memory *table = (void *)bytes;

	table->nregions = 1;
	table->regions[0] = (struct vhost_memory_region){.guest_phys_addr = MACHINE_RAM,
							 .memory_size = m->ram_bytes,
							 .userspace_addr = (uintptr_t)m->ram};
	return ioctl(s->vhost, VHOST_SET_MEM_TABLE, table) == 0;
}

static bool set_queue(const struct virtio_vsock *s, uint32_t index)
{
	const struct virtqueue *ring = &s->virtio.queue[index].ring;
	struct vhost_vring_state number = {.index = index, .num = ring->size};
	struct vhost_vring_state base = {.index = index, .num = ring->avail_next};
	struct vhost_vring_addr address = {.index = index,
					   .desc_user_addr = (uintptr_t)ring->descriptor,
					   .used_user_addr = (uintptr_t)ring->device,
					   .avail_user_addr = (uintptr_t)ring->driver};
	struct vhost_vring_file kick = {.index = index, .fd = s->kick[index]};
	struct vhost_vring_file call = {.index = index, .fd = s->call};

	return ioctl(s->vhost, VHOST_SET_VRING_NUM, &number) == 0 &&
	       ioctl(s->vhost, VHOST_SET_VRING_BASE, &base) == 0 &&
	       ioctl(s->vhost, VHOST_SET_VRING_ADDR, &address) == 0 &&
	       ioctl(s->vhost, VHOST_SET_VRING_KICK, &kick) == 0 &&
	       ioctl(s->vhost, VHOST_SET_VRING_CALL, &call) == 0;
}

static bool set_running(const struct virtio_vsock *s, int running)
{
	return ioctl(s->vhost, VHOST_VSOCK_SET_RUNNING, &running) == 0;
}

/* A driver that did not make the queues gets nothing from them. */
static void start(struct virtio *v)
{
	struct virtio_vsock *s = CONTAINER_OF(v, struct virtio_vsock, virtio);
	uint64_t features = v->driver_features;
	bool done = ioctl(s->vhost, VHOST_SET_FEATURES, &features) == 0 && set_memory(s);

	for (uint32_t i = 0; done && i < QUEUES_SERVED; i++)
		done = v->queue[i].ring.size != 0 && set_queue(s, i);
	if (!done || !set_running(s, 1))
		virtio_break(v);
}

static void stop(struct virtio *v)
{
	if (!set_running(CONTAINER_OF(v, struct virtio_vsock, virtio), 0))
		say("the kernel does not let go of vsock: %s", strerror(errno));
}

/* The kernel's sockets stay as they are. */
static bool hold(struct virtio *v)
{
	struct virtio_vsock *s = CONTAINER_OF(v, struct virtio_vsock, virtio);
	bool done = set_running(s, 0);

	for (uint32_t i = 0; done && i < QUEUES_SERVED; i++) {
		struct virtqueue *ring = &v->queue[i].ring;
		struct vhost_vring_state base = {.index = i};

		done = ioctl(s->vhost, VHOST_GET_VRING_BASE, &base) == 0;
		if (done && ring->size != 0)
			virtqueue_seek(ring, (uint16_t)base.num, virtqueue_shown(ring));
	}
	if (!done)
		say("the kernel does not let go of vsock: %s", strerror(errno));
	return done;
}

/* The guest's connections end, of which the kernel here knows nothing (5.10.6.7). */
static void tell_reset(struct virtio *v)
{
	static const uint32_t reset; /* VIRTIO_VSOCK_EVENT_TRANSPORT_RESET */
	struct virtio_queue *q = &v->queue[QUEUE_EVENT];
	static struct virtqueue_chain chain;

	(void)pthread_mutex_lock(&q->lock);
	if (virtio_take(v, q, &chain)) {
		virtqueue_put(&q->ring, chain.head,
			      virtqueue_write(&chain, 0, &reset, sizeof(reset)));
		virtio_signal(v, q);
	}
	(void)pthread_mutex_unlock(&q->lock);
}

static void go_on(struct virtio *v, bool anew)
{
	start(v);
	if (anew)
		tell_reset(v);
}

static void notify(struct virtio *v, uint32_t queue)
{
	struct virtio_vsock *s = CONTAINER_OF(v, struct virtio_vsock, virtio);

	if (queue < QUEUES_SERVED)
		kick_eventfd(s->kick[queue]);
}

static void serve(void *arg)
{
	struct virtio_vsock *s = arg;
	struct pollfd call = {.fd = s->call, .events = POLLIN};
	uint64_t count;

	while (worker_wait(&s->worker, &call, 1)) {
		if (call.revents != 0 && read(s->call, &count, sizeof(count)) > 0)
			virtio_interrupt(&s->virtio);
	}
}

static enum err open_vhost(struct virtio_vsock *s, uint64_t cid, uint64_t *features)
{
	s->vhost = open(VHOST_VSOCK, O_RDWR | O_CLOEXEC);
	if (s->vhost < 0) {
		say("cannot open " VHOST_VSOCK ": %s%s", strerror(errno),
		    errno == ENOENT ? " (modprobe vhost_vsock)" : "");
		return ERR_NOT_FOUND;
	}
	if (ioctl(s->vhost, VHOST_SET_OWNER) == 0 &&
	    ioctl(s->vhost, VHOST_GET_FEATURES, features) == 0 &&
	    ioctl(s->vhost, VHOST_VSOCK_SET_GUEST_CID, &cid) == 0)
		return ERR_OK;
	if (errno == EADDRINUSE)
		say("--vsock %llu: another virtual machine has this context identifier",
		    (unsigned long long)cid);
	else
		say("cannot use " VHOST_VSOCK ": %s", strerror(errno));
	(void)close(s->vhost);
	return ERR_BUSY;
}

enum err virtio_vsock_open(struct virtio_vsock *s, struct vm *vm, uint32_t slot, uint32_t cid)
{
	static const struct virtio_ops ops = {
		.start = start, .stop = stop, .notify = notify, .hold = hold, .go_on = go_on};
	uint64_t features = 0;
	uint64_t wide = cid;
	enum err err = open_vhost(s, cid, &features);

	virtio_init(&s->virtio, vm, slot, VIRTIO_ID_VSOCK, QUEUES, features & F_SEQPACKET, &ops);
	if (err != ERR_OK)
		return err;
	s->opened = true;
	memcpy(s->virtio.config, &wide, sizeof(wide));
	s->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (uint32_t i = 0; i < QUEUES_SERVED; i++)
		s->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->call < 0 || s->kick[0] < 0 || s->kick[1] < 0) {
		say("cannot make an eventfd: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	/* The kernel's log has the used rings, but not the buffers, of vsock. */
	s->dirty = (struct dirty_source){.cannot = "the kernel, which serves its vsock device, "
						   "does not tell what it writes to memory"};
	dirty_add_source(&vm->dirty, &s->dirty);
	return worker_start(&s->worker, "vsock", serve, s);
}

static void close_if_open(int file)
{
	if (file >= 0)
		(void)close(file);
}

void virtio_vsock_close(struct virtio_vsock *s)
{
	worker_end(&s->worker);
	if (!s->opened)
		return;
	close_if_open(s->vhost);
	close_if_open(s->call);
	for (uint32_t i = 0; i < QUEUES_SERVED; i++)
		close_if_open(s->kick[i]);
}
