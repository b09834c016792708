// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/vhost_blk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vmm/say.h"
#include "vmm/vm.h"

#define DAEMON "qemu-storage-daemon"

/* The features of block devices that need nothing of the front end (virtio 1.2, 5.2.3). */
#define FEATURES (BIT(1) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(9) | BIT(10) | BIT(13) | BIT(14))

#define FEATURES_NEEDED (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)
#define CONFIG_BYTES    60

/* How long a queue may take to run empty before it is stopped. */
#define DRAIN_TRIES  5000
#define DRAIN_TRY_NS 1000000

/* ---- the daemon's end ---------------------------------------------------------------------- */

static void give_up(struct vhost_blk *b)
{
	if (!atomic_exchange(&b->dead, true)) {
		(void)shutdown(b->socket, SHUT_RDWR);
		say("%s: its back end is gone, the virtual machine ends", b->path);
		backend_tell_end(&b->backend);
	}
	/* Each time: it may have gone while the VM was between two starts. */
	vm_end(b->virtio.vm, VM_FAILED);
}

/* ---- the driver ---------------------------------------------------------------------------- */

static void start(struct virtio *v)
{
	struct vhost_blk *b = CONTAINER_OF(v, struct vhost_blk, virtio);
	const struct virtqueue *ring = &v->queue[0].ring;

	if (ring->size == 0) {
		virtio_break(v);
		return;
	}
	if (vhost_user_set_up(&b->user, v->driver_features, &v->vm->guestmem) != ERR_OK ||
	    vhost_user_start_queue(&b->user, 0, ring, b->kick, b->call) != ERR_OK)
		give_up(b);
}

/*
 * What is in flight when the queue is stopped may still be written to the guest's memory later:
 * so it is waited for, as long as the rings say that there is something.
 */
static void drain(const struct vhost_blk *b)
{
	const struct timespec pause = {.tv_nsec = DRAIN_TRY_NS};

	for (int i = 0; i < DRAIN_TRIES && !atomic_load(&b->dead); i++) {
		if (virtqueue_is_idle(&b->virtio.queue[0].ring))
			return;
		(void)nanosleep(&pause, NULL);
	}
}

static void stop(struct virtio *v)
{
	struct vhost_blk *b = CONTAINER_OF(v, struct vhost_blk, virtio);

	if (v->queue[0].ring.size == 0 || atomic_load(&b->dead))
		return;
	drain(b);
	if (vhost_user_stop_queue(&b->user, 0) != ERR_OK)
		give_up(b);
}

static void notify(struct virtio *v, uint32_t queue)
{
	static const uint64_t one = 1;
	struct vhost_blk *b = CONTAINER_OF(v, struct vhost_blk, virtio);

	/* It fails only when the counter is full, and then it is readable anyway. */
	if (write(b->kick, &one, sizeof(one)) < 0)
		errno = 0;
}

static void serve(void *arg)
{
	struct vhost_blk *b = arg;
	struct pollfd fds[] = {{.fd = b->call, .events = POLLIN},
			       {.fd = b->socket, .events = POLLRDHUP}};
	uint64_t count;

	while (worker_wait(&b->worker, fds, ARRAY_SIZE(fds))) {
		if (fds[0].revents != 0 && read(b->call, &count, sizeof(count)) > 0)
			virtio_interrupt(&b->virtio);
		if (fds[1].fd >= 0 && fds[1].revents != 0) {
			give_up(b);
			fds[1].fd = -1;
		}
	}
}

/* ---- start --------------------------------------------------------------------------------- */

/* A connection, the first one, to a socket that is then given to the daemon to listen at. */
static int connect_pair(const struct vhost_blk *b)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/caisson.XXXXXX";
	int listener;
	bool done;

	/* In a folder that nobody else can enter, for as long as it takes. */
	if (mkdtemp(folder) == NULL) {
		say("cannot make a folder in /tmp: %s", strerror(errno));
		return -1;
	}
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/disk", folder);
	done = listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(listener, 1) == 0 &&
	       connect(b->socket, (struct sockaddr *)&address, sizeof(address)) == 0;
	if (!done) {
		say("cannot make the socket %s: %s", address.sun_path, strerror(errno));
		if (listener >= 0)
			(void)close(listener);
	}
	(void)unlink(address.sun_path);
	(void)rmdir(folder);
	return done ? listener : -1;
}

static enum err start_daemon(struct vhost_blk *b, const struct disk_config *config)
{
	static const char export[] = "type=vhost-user-blk,id=export,node-name=disk,addr.type=fd,"
				     "addr.str=3,writable=";
	const char *read_only = config->read_only ? "on" : "off";
	char file[PATH_MAX + 100], format[100], exported[sizeof(export) + 8];
	const char *const argv[] = {DAEMON, "--blockdev", file,     "--blockdev",
				    format, "--export",   exported, NULL};
	int listener = connect_pair(b);

	if (listener < 0)
		return ERR_NO_MEMORY;
	(void)snprintf(file, sizeof(file),
		       "driver=file,node-name=file,discard=unmap,read-only=%s,filename=%s",
		       read_only, config->path);
	(void)snprintf(format, sizeof(format),
		       "driver=qcow2,node-name=disk,discard=unmap,file=file,read-only=%s",
		       read_only);
	(void)snprintf(exported, sizeof(exported), "%s%s", export,
		       config->read_only ? "off" : "on");

	enum err err = backend_start(&b->backend, argv, listener);

	(void)close(listener);
	return err;
}

static enum err begin(struct vhost_blk *b)
{
	enum err err = vhost_user_begin(&b->user, b->socket, b->virtio.config, CONFIG_BYTES);

	if (err == ERR_OK && (b->user.features & FEATURES_NEEDED) != FEATURES_NEEDED)
		err = ERR_UNSUPPORTED;
	if (err == ERR_OK) {
		b->virtio.features = FEATURES_NEEDED | (b->user.features & FEATURES);
		return ERR_OK;
	}
	if (err == ERR_NOT_FOUND)
		backend_tell_end(&b->backend);
	say("cannot open %s as qcow2", b->path);
	return err;
}

enum err vhost_blk_open(struct vhost_blk *b, struct vm *vm, uint32_t slot,
			const struct disk_config *config)
{
	static const struct virtio_ops ops = {.start = start, .stop = stop, .notify = notify};

	virtio_init(&b->virtio, vm, slot, VIRTIO_ID_BLOCK, 1, 0, &ops);
	b->path = config->path;
	b->opened = true;
	b->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	b->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	b->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->socket < 0 || b->kick < 0 || b->call < 0) {
		say("cannot make an eventfd or socket: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}

	enum err err = start_daemon(b, config);

	if (err == ERR_OK)
		err = begin(b);
	return err == ERR_OK ? worker_start(&b->worker, "disk", serve, b) : err;
}

static void close_if_open(int file)
{
	if (file >= 0)
		(void)close(file);
}

void vhost_blk_close(struct vhost_blk *b)
{
	worker_end(&b->worker);
	if (!b->opened)
		return;
	close_if_open(b->socket);
	close_if_open(b->kick);
	close_if_open(b->call);
	backend_end(&b->backend);
}
