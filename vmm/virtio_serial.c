// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/virtio_serial.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vmm/say.h"
#include "vmm/stream.h"
#include "vmm/wire.h"

/* Queues (5.3.2): those of port 0, which is not there; control messages; port 1. */
#define QUEUE_NO_TRANSMIT      1
#define QUEUE_CONTROL_RECEIVE  2
#define QUEUE_CONTROL_TRANSMIT 3
#define QUEUE_RECEIVE          4
#define QUEUE_TRANSMIT         5
#define QUEUES                 6

#define FEATURE_MULTIPORT BIT(1) /* VIRTIO_CONSOLE_F_MULTIPORT, 5.3.3 */
#define CONFIG_MAX_PORTS  4      /* max_nr_ports, 5.3.4 */
#define PORTS             2

#define PART_BYTES       4096
#define PASS_BUFFERS     256 /* of a queue, before the others have their turn */
#define PATIENCE_SECONDS 2

/* ---- the client ---------------------------------------------------------------------------- */

static void be_patient(struct virtio_serial *s, time_t seconds)
{
	const struct itimerspec time = {.it_value.tv_sec = seconds};

	(void)timerfd_settime(s->timer, 0, &time, NULL);
	s->patient = seconds != 0;
}

/* What it has not taken is nothing to the next one; what is held up goes on. */
static void drop_client(struct virtio_serial *s)
{
	(void)close(s->client);
	s->client = -1;
	s->kept.tail = s->kept.head;
	be_patient(s, 0);
	worker_kick(&s->worker);
}

static void accept_client(struct virtio_serial *s)
{
	int client = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client >= 0 && s->client >= 0) {
		(void)close(client);
		return;
	}
	s->client = client;
	s->input_ended = false;
	worker_kick(&s->worker);
}

/* As far as the client takes it. True: it took something. */
static bool send_kept(struct virtio_serial *s)
{
	uint8_t part[PART_BYTES];
	bool progress = false;
	size_t bytes;

	while (s->client >= 0 &&
	       (bytes = ring_copy(&s->kept, s->kept.tail, part, sizeof(part))) != 0) {
		ssize_t sent = send(s->client, part, bytes, MSG_NOSIGNAL);

		if (sent > 0) {
			s->kept.tail += (size_t)sent;
			progress = true;
		} else if (errno == EAGAIN || errno == EINTR) {
			break;
		} else {
			drop_client(s);
		}
	}
	return progress;
}

/* A client that takes nothing while the guest waits for it has a short time. */
static void watch_client(struct virtio_serial *s, bool progress, bool time_is_up)
{
	uint64_t count;

	if (time_is_up && read(s->timer, &count, sizeof(count)) > 0 && s->held && !progress &&
	    s->client >= 0) {
		say("the client of the port %s is too slow, and is let go", s->name);
		drop_client(s);
	} else if (s->client >= 0 && s->held && (progress || !s->patient)) {
		be_patient(s, PATIENCE_SECONDS);
	} else if (!s->held && s->patient) {
		be_patient(s, 0);
	}
}

/* ---- queues -------------------------------------------------------------------------------- */

/* After a reset; a client that the guest knew of is not to wait for an answer. */
static void begin(struct virtio_serial *s)
{
	if (s->client >= 0 && s->port.port_ready)
		drop_client(s);
	vserial_init(&s->port, s->name);
	s->held = false;
	s->receive_waits = false;
	s->done = 0;
}

/* Buffers of a queue that the device reads from. use(): false: it is not done with, for now. */
static void take_buffers(struct virtio_serial *s, uint32_t index,
			 bool (*use)(struct virtio_serial *s))
{
	struct virtio *v = &s->virtio;
	struct virtio_queue *q = &v->queue[index];
	uint32_t left = PASS_BUFFERS;

	(void)pthread_mutex_lock(&q->lock);
	if (index == QUEUE_CONTROL_TRANSMIT && atomic_exchange(&s->fresh, false))
		begin(s);
	virtqueue_spare_notify(&q->ring);
	while (left != 0) {
		if (!virtio_take(v, q, &s->chain)) {
			if (!virtio_is_live(v) || !virtqueue_want_notify(&q->ring))
				break;
		} else if (use(s)) {
			virtqueue_put(&q->ring, s->chain.head, 0);
			left--;
		} else {
			virtqueue_untake(&q->ring, 1);
			break;
		}
	}
	if (left == 0)
		worker_kick(&s->worker);
	virtio_signal(v, q);
	(void)pthread_mutex_unlock(&q->lock);
}

static bool use_control(struct virtio_serial *s)
{
	uint8_t message[VSERIAL_TAKE_BYTES];

	vserial_take(&s->port, message, virtqueue_read(&s->chain, 0, message, sizeof(message)));
	return true;
}

/* A driver that knows no ports believes that there is a console. */
static bool use_nothing(struct virtio_serial *s)
{
	return true;
}

static bool use_output(struct virtio_serial *s)
{
	uint8_t part[PART_BYTES];

	while (s->client >= 0 && s->done < s->chain.readable_bytes) {
		size_t room = ring_free(&s->kept);
		uint32_t most = room < sizeof(part) ? (uint32_t)room : sizeof(part);

		s->held = room == 0;
		if (s->held)
			return false; /* when there is room, or no client: from here on */
		most = virtqueue_read(&s->chain, s->done, part, most);
		s->done += (uint32_t)ring_append(&s->kept, part, most);
	}
	s->done = 0;
	return true;
}

static void send_control(struct virtio_serial *s)
{
	struct virtio *v = &s->virtio;
	struct virtio_queue *q = &v->queue[QUEUE_CONTROL_RECEIVE];
	uint8_t message[VSERIAL_MESSAGE_BYTES];

	(void)pthread_mutex_lock(&q->lock);
	while (vserial_has_due(&s->port)) {
		if (!virtio_take(v, q, &s->chain)) {
			if (!virtio_is_live(v) || !virtqueue_want_notify(&q->ring))
				break;
			continue;
		}

		uint32_t bytes = (uint32_t)vserial_next(&s->port, message);

		if (s->chain.writable_bytes < bytes) {
			virtio_break(v);
			break;
		}
		virtqueue_put(&q->ring, s->chain.head,
			      virtqueue_write(&s->chain, 0, message, bytes));
	}
	virtio_signal(v, q);
	(void)pthread_mutex_unlock(&q->lock);
}

static bool wants_input(const struct virtio_serial *s)
{
	return s->client >= 0 && s->port.open && !s->input_ended;
}

/* One read into the guest's buffer. False: the client has nothing for it now. */
static bool read_client(struct virtio_serial *s, uint32_t *bytes)
{
	struct iovec segment[VIRTQUEUE_SEGMENTS_MAX];
	uint32_t count = virtio_iovec(&s->chain, s->chain.readable, s->chain.writable, 0,
				      s->chain.writable_bytes, segment);
	ssize_t got = readv(s->client, segment, (int)count);

	if (got > 0)
		virtqueue_wrote(&s->chain, 0, (uint32_t)got);

	/* It may be at its end, and wait for an answer all the same. */
	s->input_ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
	*bytes = got > 0 ? (uint32_t)got : 0;
	return got > 0;
}

static void receive(struct virtio_serial *s)
{
	struct virtio *v = &s->virtio;
	struct virtio_queue *q = &v->queue[QUEUE_RECEIVE];
	uint32_t left = PASS_BUFFERS;
	uint32_t bytes;

	(void)pthread_mutex_lock(&q->lock);
	s->receive_waits = false;
	while (wants_input(s) && !s->receive_waits && left != 0) {
		if (!virtio_take(v, q, &s->chain)) {
			s->receive_waits = !virtio_is_live(v) || !virtqueue_want_notify(&q->ring);
		} else if (s->chain.writable_bytes == 0) {
			virtio_break(v);
		} else if (read_client(s, &bytes)) {
			virtqueue_put(&q->ring, s->chain.head, bytes);
			left--;
		} else {
			virtqueue_untake(&q->ring, 1);
			break;
		}
	}
	virtio_signal(v, q);
	(void)pthread_mutex_unlock(&q->lock);
}

/* ---- the worker ---------------------------------------------------------------------------- */

/* It hung up, and what it sent before was read or has no place to go. */
static bool is_gone(const struct virtio_serial *s, short events)
{
	return s->client >= 0 && (events & (POLLHUP | POLLERR)) != 0 &&
	       (!wants_input(s) || s->receive_waits);
}

static void serve(void *arg)
{
	struct virtio_serial *s = arg;
	struct pollfd fds[] = {
		{.fd = s->listener, .events = POLLIN},
		{.fd = -1},
		{.fd = s->timer, .events = POLLIN},
	};

	while (worker_wait(&s->worker, fds, ARRAY_SIZE(fds))) {
		take_buffers(s, QUEUE_CONTROL_TRANSMIT, use_control);
		send_control(s);
		take_buffers(s, QUEUE_NO_TRANSMIT, use_nothing);
		s->held = false;
		take_buffers(s, QUEUE_TRANSMIT, use_output);
		receive(s);

		bool progress = send_kept(s);

		if (progress && s->held)
			worker_kick(&s->worker);
		watch_client(s, progress, fds[2].revents != 0);
		if (fds[1].fd == s->client && is_gone(s, fds[1].revents))
			drop_client(s);
		/* What is held up without a client was for the one before. */
		if (fds[0].revents != 0 && (s->client >= 0 || !s->held))
			accept_client(s);
		atomic_store(&s->open, s->port.open);
		fds[1].fd = s->client;
		fds[1].events = (short)((wants_input(s) && !s->receive_waits ? POLLIN : 0) |
					(ring_used(&s->kept) != 0 ? POLLOUT : 0));
	}
}

static void start(struct virtio *v)
{
	worker_kick(&CONTAINER_OF(v, struct virtio_serial, virtio)->worker);
}

/* Before any buffer of the driver's next start is there. */
static void stop(struct virtio *v)
{
	struct virtio_serial *s = CONTAINER_OF(v, struct virtio_serial, virtio);

	atomic_store(&s->fresh, true);
	worker_kick(&s->worker);
}

static void notify(struct virtio *v, uint32_t queue)
{
	start(v);
}

/* ---- state --------------------------------------------------------------------------------- */

/* The worker changes the port under this queue's lock, and the control messages' one. */
enum err virtio_serial_save(struct virtio_serial *s, struct stream *to, uint32_t slot)
{
	struct snapshot_serial state;

	(void)pthread_mutex_lock(&s->virtio.queue[QUEUE_CONTROL_TRANSMIT].lock);
	(void)pthread_mutex_lock(&s->virtio.queue[QUEUE_CONTROL_RECEIVE].lock);
	state = (struct snapshot_serial){.device_ready = s->port.device_ready,
					 .port_ready = s->port.port_ready,
					 .open = s->port.open,
					 .due = s->port.due};
	(void)pthread_mutex_unlock(&s->virtio.queue[QUEUE_CONTROL_RECEIVE].lock);
	(void)pthread_mutex_unlock(&s->virtio.queue[QUEUE_CONTROL_TRANSMIT].lock);
	return stream_write(to, SNAPSHOT_SERIAL, slot, 1, &state, sizeof(state));
}

enum err virtio_serial_load(struct virtio_serial *s, struct stream *from,
			    const struct stream_section *section)
{
	struct snapshot_serial state;
	struct vserial port = {.name = s->name};
	enum err err = stream_take(from, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	port.device_ready = state.device_ready != 0;
	port.port_ready = state.port_ready != 0;
	port.open = state.open != 0;
	port.due = state.due;
	if (state.device_ready > 1 || state.port_ready > 1 || state.open > 1 ||
	    !vserial_is_whole(&port))
		return stream_fail(from, ERR_INVALID, "agent port: a state that cannot be");
	(void)pthread_mutex_lock(&s->virtio.queue[QUEUE_CONTROL_TRANSMIT].lock);
	/* A reset before this is over: the worker is not to begin anew. */
	atomic_store(&s->fresh, false);
	s->port = port;
	(void)pthread_mutex_unlock(&s->virtio.queue[QUEUE_CONTROL_TRANSMIT].lock);
	return ERR_OK;
}

/* ---- start --------------------------------------------------------------------------------- */

void virtio_serial_open(struct virtio_serial *s, struct vm *vm, uint32_t slot, const char *name)
{
	static const struct virtio_ops ops = {.start = start, .stop = stop, .notify = notify};

	virtio_init(&s->virtio, vm, slot, VIRTIO_ID_CONSOLE, QUEUES, FEATURE_MULTIPORT, &ops);
	s->virtio.config[CONFIG_MAX_PORTS] = PORTS;
	s->name = name;
	vserial_init(&s->port, name);
	ring_init(&s->kept, s->kept_bytes, sizeof(s->kept_bytes));
	s->client = -1;
}

enum err virtio_serial_listen(struct virtio_serial *s, const char *path)
{
	s->listener = wire_listen(path, 0660);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->opened = true;
	if (s->listener < 0 || s->timer < 0) {
		say("cannot listen at %s: %s", path, strerror(errno));
		return ERR_DENIED;
	}
	return worker_start(&s->worker, "serial", serve, s);
}

void virtio_serial_close(struct virtio_serial *s)
{
	worker_end(&s->worker);
	if (!s->opened)
		return;
	if (s->listener >= 0)
		(void)close(s->listener);
	if (s->timer >= 0)
		(void)close(s->timer);
	if (s->client >= 0)
		(void)close(s->client);
	s->opened = false;
}

bool virtio_serial_is_open(struct virtio_serial *s)
{
	return atomic_load(&s->open);
}
