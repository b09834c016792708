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

#include "vmm/kick.h"
#include "vmm/diskfile.h"
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

#define NS_PER_MS 1000000

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

/* Also in the middle of the rings. */
static void start(struct virtio *v)
{
	struct vhost_blk *b = CONTAINER_OF(v, struct vhost_blk, virtio);
	const struct virtqueue *ring = &v->queue[0].ring;

	if (ring->size == 0) {
		virtio_break(v);
		return;
	}
	b->stopped = false;
	if (vhost_user_set_up(&b->user, v->driver_features, &v->vm->guestmem) != ERR_OK ||
	    vhost_user_start_queue(&b->user, 0, ring, &v->queue[0].setup, b->kick, b->call) !=
		    ERR_OK)
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
	uint16_t next;

	if (v->queue[0].ring.size == 0 || atomic_load(&b->dead) || b->stopped)
		return;
	drain(b);
	if (vhost_user_stop_queue(&b->user, 0, &next) != ERR_OK)
		give_up(b);
}

/* Nothing is in flight afterwards, so both rings stand at the same entry. */
static bool hold(struct virtio *v)
{
	struct vhost_blk *b = CONTAINER_OF(v, struct vhost_blk, virtio);
	struct virtqueue *ring = &v->queue[0].ring;
	uint16_t next;

	b->stopped = false;
	if (ring->size == 0)
		return true;
	drain(b);
	if (!virtqueue_is_idle(ring)) {
		say("%s: its back end is still at work; try again when it is not", b->path);
		return false;
	}
	if (atomic_load(&b->dead) || vhost_user_stop_queue(&b->user, 0, &next) != ERR_OK) {
		give_up(b);
		return false;
	}
	b->stopped = true;
	virtqueue_seek(ring, next, virtqueue_shown(ring));
	if (ring->avail_next == ring->used_next)
		return true;
	say("%s: its back end has not finished what it began", b->path);
	return false;
}

static void go_on(struct virtio *v, bool anew)
{
	struct vhost_blk *b = CONTAINER_OF(v, struct vhost_blk, virtio);

	if (anew || b->stopped)
		start(v);
}

static void notify(struct virtio *v, uint32_t queue)
{
	struct vhost_blk *b = CONTAINER_OF(v, struct vhost_blk, virtio);

	kick_eventfd(b->kick);
}

/* ---- what it writes ------------------------------------------------------------------------ */

static enum err set_log(struct vhost_blk *b, int file, uint64_t bytes)
{
	struct virtio *v = &b->virtio;
	const struct virtqueue *ring = &v->queue[0].ring;
	enum err err = ERR_OK;

	(void)pthread_mutex_lock(&v->lock);
	/* Of a daemon that was let go nothing is left that could note. */
	if (b->socket >= 0 && !atomic_load(&b->dead)) {
		bool runs = v->started && ring->size != 0;

		err = vhost_user_log(&b->user, v->driver_features, file, bytes, runs ? ring : NULL,
				     &v->queue[0].setup);
		if (err != ERR_OK)
			give_up(b);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return err;
}

static enum err start_log(void *arg, int log, uint64_t log_bytes)
{
	return set_log(arg, log, log_bytes);
}

static void stop_log(void *arg)
{
	/* An error has ended the VM. */
	if (set_log(arg, -1, 0) != ERR_OK)
		return;
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

static enum err start_daemon(struct vhost_blk *b)
{
	static const char export[] = "type=vhost-user-blk,id=export,node-name=disk,addr.type=fd,"
				     "addr.str=3,writable=";
	const char *read_only = b->read_only ? "on" : "off";
	char file[PATH_MAX + 100], format[100], exported[sizeof(export) + 8];
	const char *const argv[] = {DAEMON, "--blockdev", file,     "--blockdev",
				    format, "--export",   exported, NULL};
	int listener = connect_pair(b);

	if (listener < 0)
		return ERR_NO_MEMORY;
	(void)snprintf(file, sizeof(file),
		       "driver=file,node-name=file,discard=unmap,read-only=%s,filename=%s",
		       read_only, b->path);
	(void)snprintf(format, sizeof(format),
		       "driver=qcow2,node-name=disk,discard=unmap,file=file,read-only=%s",
		       read_only);
	(void)snprintf(exported, sizeof(exported), "%s%s", export, b->read_only ? "off" : "on");

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

static void close_if_open(int file)
{
	if (file >= 0)
		(void)close(file);
}

enum err vhost_blk_open(struct vhost_blk *b, struct vm *vm, uint32_t slot,
			const struct disk_config *config)
{
	static const struct virtio_ops ops = {
		.start = start, .stop = stop, .notify = notify, .hold = hold, .go_on = go_on};

	virtio_init(&b->virtio, vm, slot, VIRTIO_ID_BLOCK, 1, 0, &ops);
	b->path = config->path;
	b->read_only = config->read_only;
	b->opened = true;
	b->socket = -1;
	b->dirty = (struct dirty_source){.start = start_log, .stop = stop_log, .arg = b};
	/* Just once, whatever number of daemons there will be. */
	dirty_add_source(&vm->dirty, &b->dirty);
	b->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	b->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->kick < 0 || b->call < 0) {
		say("cannot make an eventfd: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	return config->later ? ERR_OK : vhost_blk_take_over(b);
}

enum err vhost_blk_take_over(struct vhost_blk *b)
{
	enum err err;

	b->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (b->socket < 0) {
		say("cannot make a socket: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}
	diskfile_forget(b->path);
	err = start_daemon(b);
	if (err == ERR_OK)
		err = begin(b);
	b->dirty.cannot = err == ERR_OK && b->user.can_log
				  ? NULL
				  : "the program that serves one of its disks does not tell what "
				    "it writes to memory";
	if (err == ERR_OK)
		err = worker_start(&b->worker, "disk", serve, b);
	if (err != ERR_OK)
		vhost_blk_let_go(b);
	return err;
}

/* Another host's daemon locks the file until that host drops the VM: after a minute of silence. */
enum err vhost_blk_take_back(struct vhost_blk *b)
{
	static const uint32_t again_ms[] = {100, 300, 1000, 3000, 10000, 30000, 60000};
	enum err err = b->socket < 0 ? vhost_blk_take_over(b) : ERR_OK;

	for (uint32_t i = 0; err != ERR_OK && i < ARRAY_SIZE(again_ms); i++) {
		const struct timespec pause = {.tv_sec = again_ms[i] / 1000,
					       .tv_nsec = again_ms[i] % 1000 * NS_PER_MS};

		say("%s: that is tried again in %u ms", b->path, again_ms[i]);
		(void)nanosleep(&pause, NULL);
		err = vhost_blk_take_over(b);
	}
	return err;
}

void vhost_blk_let_go(struct vhost_blk *b)
{
	worker_end(&b->worker);
	close_if_open(b->socket);
	b->socket = -1;
	backend_end(&b->backend);
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
