// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/virtio_console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/say.h"
#include "vmm/stream.h"

#define QUEUE_RECEIVE  0
#define QUEUE_TRANSMIT 1

#define PART_BYTES 1024

/* What a vCPU's thread does of the device's work: in bytes, of which each buffer costs some. */
#define NOTIFY_BYTES 8192
#define BUFFER_COST  64

#define FEATURE_SIZE BIT(0) /* VIRTIO_CONSOLE_F_SIZE, 5.3.3 */

/* ---- the client ---------------------------------------------------------------------------- */

static void drop_client(struct virtio_console *c)
{
	(void)close(c->client);
	c->client = -1;
}

/* One at a time: the next one waits in the socket's queue. */
static void accept_client(struct virtio_console *c)
{
	if (c->client < 0)
		c->client = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* What the guest wrote goes out as far as the client takes it. */
static void send_kept(struct virtio_console *c)
{
	uint8_t part[PART_BYTES];

	while (c->client >= 0 && ring_used(&c->kept) != 0) {
		struct ring before = c->kept;
		size_t bytes = 0;

		while (bytes < sizeof(part) && ring_take(&c->kept, &part[bytes]))
			bytes++;

		ssize_t done = send(c->client, part, bytes, MSG_NOSIGNAL);

		if (done == (ssize_t)bytes)
			continue;
		/* The rest stays. */
		c->kept.tail = before.tail + (done > 0 ? (size_t)done : 0);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			drop_client(c);
		return;
	}
}

/* ---- queues -------------------------------------------------------------------------------- */

static void keep(struct virtio_console *c)
{
	uint8_t part[PART_BYTES];
	uint32_t bytes;

	for (uint32_t at = 0; (bytes = virtqueue_read(&c->written, at, part, sizeof(part))) != 0;
	     at += bytes) {
		if (c->own != NULL)
			c->own->output(c->own->arg, part, bytes);
		for (uint32_t i = 0; c->own == NULL && i < bytes; i++)
			ring_put_over(&c->kept, part[i]);
	}
}

/* Under the queue's lock. False: the next buffer would be more than `budget`, or none is there. */
static bool transmit_one(struct virtio_console *c, uint64_t *budget)
{
	struct virtio *v = &c->virtio;
	struct virtio_queue *q = &v->queue[QUEUE_TRANSMIT];
	uint64_t cost;

	if (!virtio_take(v, q, &c->written))
		return false;
	cost = BUFFER_COST + (uint64_t)c->written.readable_bytes;
	if (cost > *budget) {
		virtqueue_untake(&q->ring, 1);
		*budget = 0;
		return false;
	}
	*budget -= cost;
	if (atomic_exchange(&c->tell_size, false))
		virtio_config_changed(v);
	keep(c);
	virtqueue_put(&q->ring, c->written.head, 0);
	return true;
}

/* The queue's lock is taken, and is released here. False: there is more than `budget`. */
static bool transmit(struct virtio_console *c, uint64_t budget)
{
	struct virtio *v = &c->virtio;
	struct virtio_queue *q = &v->queue[QUEUE_TRANSMIT];

	do {
		virtqueue_spare_notify(&q->ring);
		while (transmit_one(c, &budget))
			;
		virtio_signal(v, q);
	} while (budget != 0 && virtqueue_want_notify(&q->ring) && virtio_is_live(v));
	(void)pthread_mutex_unlock(&q->lock);
	return budget != 0;
}

/* As read_client(), from what was typed on the machine's own console. */
static bool read_input(struct virtio_console *c, uint32_t *bytes)
{
	uint8_t part[PART_BYTES];
	uint32_t most = c->chain.writable_bytes < sizeof(part) ? c->chain.writable_bytes
							       : (uint32_t)sizeof(part);
	uint32_t got = 0;
	bool tell;

	(void)pthread_mutex_lock(&c->input_lock);
	while (got < most && ring_take(&c->input, &part[got]))
		got++;
	tell = got != 0 && c->input_waits;
	c->input_waits = c->input_waits && !tell;
	(void)pthread_mutex_unlock(&c->input_lock);
	*bytes = virtqueue_write(&c->chain, 0, part, got);
	if (tell)
		c->own->room(c->own->arg);
	return got != 0;
}

/* One read into the guest's buffer. False: the client has nothing for it now. */
static bool read_client(struct virtio_console *c, uint32_t *bytes)
{
	struct iovec segment[VIRTQUEUE_SEGMENTS_MAX];
	uint32_t count = virtio_iovec(&c->chain, c->chain.readable, c->chain.writable, 0,
				      c->chain.writable_bytes, segment);
	ssize_t got = readv(c->client, segment, (int)count);

	if (got > 0)
		virtqueue_wrote(&c->chain, 0, (uint32_t)got);
	if (got > 0) {
		*bytes = (uint32_t)got;
		return true;
	}
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		drop_client(c);
	return false;
}

static void receive(struct virtio_console *c)
{
	struct virtio *v = &c->virtio;
	struct virtio_queue *q = &v->queue[QUEUE_RECEIVE];
	uint32_t bytes;

	(void)pthread_mutex_lock(&q->lock);
	c->receive_waits = false;
	while ((c->own != NULL || c->client >= 0) && !c->receive_waits) {
		if (!virtio_take(v, q, &c->chain)) {
			c->receive_waits = !virtio_is_live(v) || !virtqueue_want_notify(&q->ring);
		} else if (c->chain.writable_bytes == 0) {
			virtio_break(v);
		} else if (c->own != NULL ? read_input(c, &bytes) : read_client(c, &bytes)) {
			virtqueue_put(&q->ring, c->chain.head, bytes);
		} else {
			virtqueue_untake(&q->ring, 1);
			break;
		}
	}
	virtio_signal(v, q);
	(void)pthread_mutex_unlock(&q->lock);
}

static void serve(void *arg)
{
	const short gone = POLLHUP | POLLERR;
	struct virtio_console *c = arg;
	struct pollfd fds[2] = {{.fd = c->listener, .events = POLLIN}, {.fd = -1}};

	while (worker_wait(&c->worker, fds, ARRAY_SIZE(fds))) {
		if (fds[0].revents != 0)
			accept_client(c);
		(void)pthread_mutex_lock(&c->virtio.queue[QUEUE_TRANSMIT].lock);
		(void)transmit(c, UINT64_MAX);
		receive(c);
		(void)pthread_mutex_lock(&c->virtio.queue[QUEUE_TRANSMIT].lock);
		send_kept(c);
		(void)pthread_mutex_unlock(&c->virtio.queue[QUEUE_TRANSMIT].lock);
		/* It hung up, and what it sent before has no place to go. */
		if (c->client >= 0 && c->receive_waits && (fds[1].revents & gone) != 0)
			drop_client(c);
		fds[0].fd = c->client < 0 ? c->listener : -1;
		fds[1].events = (short)((c->receive_waits ? 0 : POLLIN) |
					(ring_used(&c->kept) != 0 ? POLLOUT : 0));
		fds[1].fd = c->client;
	}
}

static void start(struct virtio *v)
{
	struct virtio_console *c = CONTAINER_OF(v, struct virtio_console, virtio);

	atomic_store(&c->tell_size, c->own != NULL);
	worker_kick(&c->worker);
}

/*
 * Linux writes 16 bytes to its console and spins until they are taken, for a whole time slice if
 * the device's thread has to wait for the CPU on which it spins. So the vCPU's own thread takes
 * them, as far as that is little and nobody is at it.
 */
static void notify(struct virtio *v, uint32_t queue)
{
	struct virtio_console *c = CONTAINER_OF(v, struct virtio_console, virtio);

	if (queue == QUEUE_TRANSMIT && c->own != NULL &&
	    pthread_mutex_trylock(&v->queue[queue].lock) == 0 && transmit(c, NOTIFY_BYTES))
		return;
	worker_kick(&c->worker);
}

/* ---- state --------------------------------------------------------------------------------- */

/* Linux looks at the size when it is told to, and it is this host's. */
static void go_on(struct virtio *v, bool anew)
{
	struct virtio_console *c = CONTAINER_OF(v, struct virtio_console, virtio);

	if (anew)
		atomic_store(&c->tell_size, c->own != NULL);
	worker_kick(&c->worker);
}

static bool take_config(struct virtio *v, const uint8_t config[VIRTIO_CONFIG_BYTES])
{
	return true;
}

/* The ring's bytes, oldest first. */
static uint32_t copy_ring(const struct ring *r, uint8_t *to)
{
	struct ring copy = *r;
	uint32_t bytes = 0;

	while (ring_take(&copy, &to[bytes]))
		bytes++;
	return bytes;
}

/* The worker changes what is kept under this queue's lock. */
enum err virtio_console_save(struct virtio_console *c, struct stream *s, uint32_t slot)
{
	static struct snapshot_console state;

	_Static_assert(sizeof(state.kept) == VIRTIO_CONSOLE_KEPT_BYTES &&
			       sizeof(state.input) == VIRTIO_CONSOLE_INPUT_BYTES,
		       "the format");
	memset(&state, 0, sizeof(state));
	if (c->own == NULL) {
		(void)pthread_mutex_lock(&c->virtio.queue[QUEUE_TRANSMIT].lock);
		state.kept_bytes = copy_ring(&c->kept, state.kept);
		(void)pthread_mutex_unlock(&c->virtio.queue[QUEUE_TRANSMIT].lock);
	} else {
		(void)pthread_mutex_lock(&c->input_lock);
		state.input_bytes = copy_ring(&c->input, state.input);
		(void)pthread_mutex_unlock(&c->input_lock);
	}
	return stream_write(s, SNAPSHOT_CONSOLE, slot, 1, &state, sizeof(state));
}

enum err virtio_console_load(struct virtio_console *c, struct stream *s,
			     const struct stream_section *section)
{
	static struct snapshot_console state;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.kept_bytes > sizeof(state.kept) || state.input_bytes > sizeof(state.input) ||
	    (c->own != NULL ? state.kept_bytes : state.input_bytes) != 0)
		return stream_fail(s, ERR_INVALID, "console: a state that cannot be");
	(void)pthread_mutex_lock(&c->virtio.queue[QUEUE_TRANSMIT].lock);
	for (uint32_t i = 0; i < state.kept_bytes; i++)
		ring_put_over(&c->kept, state.kept[i]);
	(void)pthread_mutex_unlock(&c->virtio.queue[QUEUE_TRANSMIT].lock);
	if (c->own != NULL)
		virtio_console_input(c, state.input, state.input_bytes);
	return ERR_OK;
}

/* ---- start --------------------------------------------------------------------------------- */

/* A socket that nobody listens on is left over from a process that was killed. */
static bool is_left_over(const struct sockaddr_un *address)
{
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused = connect(probe, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		       errno == ECONNREFUSED;

	(void)close(probe);
	return refused;
}

static enum err listen_at(struct virtio_console *c)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", c->path) >=
	    (int)sizeof(address.sun_path)) {
		say("%s: too long for a socket's name", c->path);
		return ERR_RANGE;
	}
	if (lstat(c->path, &status) == 0 && S_ISSOCK(status.st_mode) && is_left_over(&address))
		(void)unlink(c->path);
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listener < 0 || fchmod(c->listener, 0600) != 0 ||
	    bind(c->listener, (struct sockaddr *)&address, sizeof(address)) != 0) {
		say("cannot make the socket %s: %s", c->path, strerror(errno));
		return ERR_DENIED;
	}
	c->opened = true;
	if (listen(c->listener, 1) != 0) {
		say("cannot listen at %s: %s", c->path, strerror(errno));
		return ERR_DENIED;
	}
	return ERR_OK;
}

static void init(struct virtio_console *c, struct vm *vm, uint32_t slot, uint64_t features)
{
	static const struct virtio_ops ops = {
		.start = start, .notify = notify, .go_on = go_on, .take_config = take_config};

	virtio_init(&c->virtio, vm, slot, VIRTIO_ID_CONSOLE, 2, features, &ops);
	ring_init(&c->kept, c->kept_bytes, sizeof(c->kept_bytes));
	c->client = -1;
}

/* 5.3.4: columns and rows, 16 bits each, little-endian. */
static void set_size(struct virtio_console *c, uint32_t columns, uint32_t rows)
{
	c->virtio.config[0] = (uint8_t)columns;
	c->virtio.config[1] = (uint8_t)(columns >> 8);
	c->virtio.config[2] = (uint8_t)rows;
	c->virtio.config[3] = (uint8_t)(rows >> 8);
}

enum err virtio_console_open(struct virtio_console *c, struct vm *vm, uint32_t slot,
			     const char *path)
{
	enum err err;

	init(c, vm, slot, 0);
	c->path = path;
	err = listen_at(c);

	return err == ERR_OK ? worker_start(&c->worker, "console", serve, c) : err;
}

enum err virtio_console_open_own(struct virtio_console *c, struct vm *vm, uint32_t slot,
				 const struct virtio_console_own *own)
{
	init(c, vm, slot, FEATURE_SIZE);
	set_size(c, 80, 24);
	c->own = own;
	(void)pthread_mutex_init(&c->input_lock, NULL);
	ring_init(&c->input, c->input_bytes, sizeof(c->input_bytes));
	return worker_start(&c->worker, "console", serve, c);
}

void virtio_console_close(struct virtio_console *c)
{
	worker_end(&c->worker);
	if (c->opened) {
		(void)unlink(c->path);
		(void)close(c->listener);
	}
	if (c->opened && c->client >= 0)
		drop_client(c);
}

/* ---- the machine's own console ------------------------------------------------------------- */

bool virtio_console_is_live(struct virtio_console *c)
{
	return c->own != NULL && virtio_is_live(&c->virtio);
}

size_t virtio_console_room(struct virtio_console *c)
{
	(void)pthread_mutex_lock(&c->input_lock);

	size_t room = ring_free(&c->input);

	c->input_waits = room == 0;
	(void)pthread_mutex_unlock(&c->input_lock);
	return room;
}

void virtio_console_input(struct virtio_console *c, const uint8_t *bytes, size_t count)
{
	(void)pthread_mutex_lock(&c->input_lock);
	for (size_t i = 0; i < count && ring_put(&c->input, bytes[i]); i++)
		;
	(void)pthread_mutex_unlock(&c->input_lock);
	worker_kick(&c->worker);
}

void virtio_console_resize(struct virtio_console *c, uint32_t columns, uint32_t rows)
{
	(void)pthread_mutex_lock(&c->virtio.lock);
	set_size(c, columns, rows);
	(void)pthread_mutex_unlock(&c->virtio.lock);
	virtio_config_changed(&c->virtio);
}
