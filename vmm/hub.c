// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/kick.h"
#include "vmm/say.h"
#include "vmm/wire.h"

#define PIECE_BYTES 2048 /* what a ready pipe or terminal takes without waiting */
#define INPUT_BYTES 256
#define LINGER_MS   1000

/* ---- output ------------------------------------------------------------------------------ */

void hub_put(struct hub *h, const uint8_t *bytes, size_t count)
{
	bool tell;

	(void)pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < count; i++)
		h->ring[h->head++ % HUB_RING_BYTES] = bytes[i];
	if (h->tee != NULL)
		h->tee(h->tee_arg, bytes, count);
	tell = !h->told;
	h->told = true;
	(void)pthread_mutex_unlock(&h->lock);
	if (tell)
		kick_eventfd(h->event);
}

void hub_set_tee(struct hub *h, void (*tee)(void *arg, const uint8_t *bytes, size_t count),
		 void *arg)
{
	size_t at;

	(void)pthread_mutex_lock(&h->lock);
	h->tee = tee;
	h->tee_arg = arg;
	at = h->head % HUB_RING_BYTES;
	if (tee != NULL && h->head > HUB_RING_BYTES)
		tee(arg, h->ring + at, HUB_RING_BYTES - at);
	if (tee != NULL)
		tee(arg, h->ring, at);
	(void)pthread_mutex_unlock(&h->lock);
}

/* The next piece for a reader; *lost: what it has missed, told once. */
static size_t take_piece(struct hub_client *c, uint8_t *piece, uint64_t *lost)
{
	struct hub *h = c->hub;
	size_t count = 0;

	(void)pthread_mutex_lock(&h->lock);
	if (h->head - c->position > HUB_RING_BYTES) {
		c->lost += h->head - c->position - HUB_RING_BYTES;
		c->position = h->head - HUB_RING_BYTES;
	}
	*lost = c->lost;
	while (count < PIECE_BYTES && c->position + count < h->head) {
		piece[count] = h->ring[(c->position + count) % HUB_RING_BYTES];
		count++;
	}
	(void)pthread_mutex_unlock(&h->lock);
	return count;
}

static void drop_client(struct hub_client *c)
{
	loop_remove(&c->in_event);
	loop_remove(&c->out_event);
	if (!c->own && c->in >= 0)
		(void)close(c->in);
	c->used = false;
}

/* A reader that was too slow sees where something is missing. False: nothing was written. */
static bool tell_lost(struct hub_client *c, uint64_t lost)
{
	char text[80];
	int length = snprintf(text, sizeof(text), "\r\n[caisson: %llu bytes lost]\r\n",
			      (unsigned long long)lost);

	if (write(c->out, text, (size_t)length) < 0)
		return false;
	c->lost = 0;
	return true;
}

/* One piece. False: there is nothing more, or no room, or no reader. */
static bool send_piece(struct hub_client *c)
{
	uint8_t piece[PIECE_BYTES];
	uint64_t lost;
	size_t count = take_piece(c, piece, &lost);
	ssize_t written = 0;

	if (lost != 0 && !tell_lost(c, lost))
		return false;
	if (count != 0)
		written = write(c->out, piece, count);
	if (written < 0 && errno != EAGAIN && errno != EINTR) {
		if (!c->own)
			drop_client(c);
		else
			c->position += count; /* nobody reads: it is as lost as on a terminal */
		return false;
	}
	if (written > 0)
		c->position += (uint64_t)written;
	return written > 0 && (size_t)written == count;
}

static bool has_more(struct hub_client *c)
{
	(void)pthread_mutex_lock(&c->hub->lock);

	bool more = c->position != c->hub->head;

	(void)pthread_mutex_unlock(&c->hub->lock);
	return more;
}

static void feed(struct hub_client *c)
{
	/* As much as the ring has, and not on and on: the guest may be as fast as the file. */
	if (c->out_plain) {
		for (uint32_t i = 0; i < HUB_RING_BYTES / PIECE_BYTES && send_piece(c); i++)
			;
		return;
	}
	(void)send_piece(c);
	if (c->used && loop_set_events(&c->out_event, has_more(c) ? LOOP_WRITE : 0) != ERR_OK)
		drop_client(c);
}

static void on_writable(void *arg, unsigned int events)
{
	feed(arg);
}

static void on_output(void *arg, unsigned int events)
{
	struct hub *h = arg;
	uint64_t count;

	if (read(h->event, &count, sizeof(count)) < 0)
		return;
	(void)pthread_mutex_lock(&h->lock);
	h->told = false;
	(void)pthread_mutex_unlock(&h->lock);
	for (uint32_t i = 0; i < HUB_CLIENTS_MAX; i++) {
		if (h->client[i].used)
			feed(&h->client[i]);
	}
}

/* ---- input ------------------------------------------------------------------------------- */

static void end_input(struct hub_client *c)
{
	if (!c->own) {
		drop_client(c);
		return;
	}
	loop_remove(&c->in_event);
	c->in = -1;
}

/* What the guest has room for. False: there is no more, or no room. */
static bool read_input(struct hub_client *c)
{
	struct hub *h = c->hub;
	size_t room = h->sink.room(h->sink.arg);
	uint8_t bytes[INPUT_BYTES];
	bool quit = false;
	ssize_t got;

	if (room == 0) {
		if (!c->in_plain && loop_set_events(&c->in_event, 0) != ERR_OK)
			end_input(c);
		return false;
	}
	got = read(c->in, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		end_input(c);
		return false;
	}

	size_t count = terminal_filter(&c->terminal, bytes, (size_t)got, &quit);

	h->sink.input(h->sink.arg, bytes, count);
	if (quit)
		h->sink.quit(h->sink.arg);
	return true;
}

static void on_readable(void *arg, unsigned int events)
{
	(void)read_input(arg);
}

void hub_room_again(struct hub *h)
{
	for (uint32_t i = 0; i < HUB_CLIENTS_MAX; i++) {
		struct hub_client *c = &h->client[i];

		if (!c->used || c->in < 0)
			continue;
		if (!c->in_plain) {
			if (loop_set_events(&c->in_event, LOOP_READ) != ERR_OK)
				end_input(c);
			continue;
		}
		while (c->in >= 0 && read_input(c))
			;
	}
}

/* ---- who takes part ---------------------------------------------------------------------- */

static struct hub_client *free_client(struct hub *h)
{
	for (uint32_t i = 0; i < HUB_CLIENTS_MAX; i++) {
		if (!h->client[i].used)
			return &h->client[i];
	}
	return NULL;
}

/* Begins with what the ring holds. */
static void init_client(struct hub *h, struct hub_client *c, int in, int out)
{
	*c = (struct hub_client){.hub = h, .used = true, .in = in, .out = out};
	(void)pthread_mutex_lock(&h->lock);
	c->position = h->head < HUB_RING_BYTES ? 0 : h->head - HUB_RING_BYTES;
	(void)pthread_mutex_unlock(&h->lock);
}

static void on_accept(void *arg, unsigned int events)
{
	struct hub *h = arg;
	int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct hub_client *c = free_client(h);

	if (fd < 0)
		return;
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	init_client(h, c, fd, fd);
	if (loop_add_fd(h->loop, &c->in_event, fd, LOOP_READ, on_readable, c) != ERR_OK ||
	    loop_add_fd(h->loop, &c->out_event, fd, 0, on_writable, c) != ERR_OK)
		drop_client(c);
	else
		feed(c);
}

/* The same file with a file status of our own, so that only our writes do not wait. */
static int reopen(int fd, int flags)
{
	char path[32];
	int own;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own >= 0 ? own : fd;
}

/* Can it be waited for? Files and /dev/null cannot. */
static bool can_wait(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 &&
	       (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd));
}

enum err hub_add_own(struct hub *h)
{
	struct hub_client *c = free_client(h);
	int in = STDIN_FILENO;
	int out = STDOUT_FILENO;
	enum err err = ERR_OK;

	if (c == NULL)
		return ERR_NO_MEMORY;
	if (can_wait(out))
		out = reopen(out, O_WRONLY);
	init_client(h, c, in, out);
	c->own = true;
	terminal_init(&c->terminal, "Ctrl-G q ends the virtual machine");
	c->out_plain = !can_wait(out);
	c->in_plain = !can_wait(in);
	if (!c->out_plain)
		err = loop_add_fd(h->loop, &c->out_event, out, 0, on_writable, c);
	if (err == ERR_OK && !c->in_plain)
		err = loop_add_fd(h->loop, &c->in_event, in, 0, on_readable, c);
	return err;
}

/* ---- begin and end ----------------------------------------------------------------------- */

enum err hub_init(struct hub *h, struct loop *loop, const struct hub_sink *sink)
{
	memset(h, 0, sizeof(*h));
	h->loop = loop;
	h->sink = *sink;
	h->listener = -1;
	(void)pthread_mutex_init(&h->lock, NULL);
	h->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->event >= 0 &&
	    loop_add_fd(loop, &h->output, h->event, LOOP_READ, on_output, h) == ERR_OK)
		return ERR_OK;
	say("cannot wait for events: %s", strerror(errno));
	return ERR_NO_MEMORY;
}

enum err hub_listen(struct hub *h, const char *path)
{
	h->listener = wire_listen(path, 0660);
	if (h->listener >= 0 &&
	    loop_add_fd(h->loop, &h->accept, h->listener, LOOP_READ, on_accept, h) == ERR_OK)
		return ERR_OK;
	say("cannot listen at %s: %s", path, strerror(errno));
	return ERR_DENIED;
}

/* Until it has read all, or does not go on reading. */
static void drain(struct hub_client *c)
{
	while (c->used && has_more(c)) {
		struct pollfd wait = {.fd = c->out, .events = POLLOUT};

		if (!c->out_plain && poll(&wait, 1, LINGER_MS) <= 0)
			break;
		if (!send_piece(c) && c->out_plain)
			break;
	}
}

void hub_close(struct hub *h)
{
	if (h->loop == NULL)
		return;
	for (uint32_t i = 0; i < HUB_CLIENTS_MAX; i++) {
		if (!h->client[i].used)
			continue;
		drain(&h->client[i]);
		if (h->client[i].used)
			drop_client(&h->client[i]);
	}
	terminal_restore();
	loop_remove(&h->output);
	loop_remove(&h->accept);
	if (h->event >= 0)
		(void)close(h->event);
	if (h->listener >= 0)
		(void)close(h->listener);
	h->event = -1;
	h->listener = -1;
}
