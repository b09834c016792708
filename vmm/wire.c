// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_QUEUE 16

enum err wire_init(struct wire *w, int fd)
{
	*w = (struct wire){.fd = fd, .received = -1};
	w->in = malloc(WIRE_LINE_BYTES);
	w->out = malloc(WIRE_SEND_BYTES);
	if (w->in != NULL && w->out != NULL)
		return ERR_OK;
	wire_close(w);
	return ERR_NO_MEMORY;
}

void wire_close(struct wire *w)
{
	loop_remove(&w->event);
	if (w->received >= 0)
		(void)close(w->received);
	if (w->fd >= 0)
		(void)close(w->fd);
	free(w->in);
	free(w->out);
	*w = (struct wire){.fd = -1, .received = -1};
}

int wire_take_fd(struct wire *w)
{
	int fd = w->received;

	w->received = -1;
	return fd;
}

/* ---- out --------------------------------------------------------------------------------- */

/* What the socket takes now, with the file descriptor, if there is one, at the first byte. */
static ssize_t send_some(struct wire *w, const char *bytes, size_t count, int fd, int flags)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = count};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *header;
	ssize_t sent;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(w->fd, &message, MSG_NOSIGNAL | flags);
	while (sent < 0 && errno == EINTR);
	return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static bool has_line(const struct wire *w)
{
	return memchr(w->in, '\n', w->in_bytes) != NULL;
}

/* What came with a message that was waited for is here already: the socket does not tell of it. */
static enum err watch(struct wire *w)
{
	unsigned int events = w->ending ? 0 : LOOP_READ;
	enum err err = loop_set_events(&w->event, events | (w->out_bytes != 0 ? LOOP_WRITE : 0));

	if (err == ERR_OK && !w->ending && has_line(w))
		loop_pretend(&w->event);
	return err;
}

/* As much as goes without waiting. */
static bool flush(struct wire *w)
{
	ssize_t sent = w->out_bytes != 0 ? send_some(w, w->out, w->out_bytes, -1, MSG_DONTWAIT) : 0;

	if (sent < 0)
		return false;
	w->out_bytes -= (size_t)sent;
	memmove(w->out, w->out + sent, w->out_bytes);
	return true;
}

/* Over also if the other side reads nothing: without more to wait for, the loop ends it soon. */
static enum err fail(struct wire *w)
{
	(void)shutdown(w->fd, SHUT_RDWR);
	w->out_bytes = 0;
	wire_end(w);
	return ERR_TRUNCATED;
}

static enum err queue(struct wire *w, const char *line, size_t bytes, int fd)
{
	/* A file descriptor goes ahead, with the first byte of an otherwise empty queue. */
	if (w->ending || bytes > WIRE_SEND_BYTES - w->out_bytes || (fd >= 0 && w->out_bytes != 0))
		return fail(w);
	if (fd >= 0) {
		ssize_t sent = send_some(w, line, bytes, fd, MSG_DONTWAIT);

		if (sent <= 0)
			return fail(w);
		line += sent;
		bytes -= (size_t)sent;
	}
	memcpy(w->out + w->out_bytes, line, bytes);
	w->out_bytes += bytes;
	return flush(w) && watch(w) == ERR_OK ? ERR_OK : fail(w);
}

static enum err send_all(struct wire *w, const char *line, size_t bytes, int fd)
{
	while (bytes != 0) {
		ssize_t sent = send_some(w, line, bytes, fd, 0);

		if (sent <= 0)
			return ERR_TRUNCATED;
		fd = -1;
		line += sent;
		bytes -= (size_t)sent;
	}
	return ERR_OK;
}

enum err wire_send(struct wire *w, json_t *message, int fd)
{
	char *line = w->fd >= 0 ? json_dumps(message, JSON_COMPACT) : NULL;
	enum err err = ERR_TRUNCATED;

	json_decref(message);
	if (line == NULL)
		return err;

	size_t bytes = strlen(line);

	line[bytes++] = '\n'; /* in the place of the NUL */
	err = w->event.event != NULL ? queue(w, line, bytes, fd) : send_all(w, line, bytes, fd);
	free(line);
	return err;
}

/* ---- in ---------------------------------------------------------------------------------- */

static void keep_fds(struct wire *w, struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len;
		     at += sizeof(int)) {
			if (w->received >= 0)
				(void)close(w->received);
			memcpy(&w->received, CMSG_DATA(header) + at, sizeof(int));
		}
	}
}

/* ERR_BUSY: nothing is there. ERR_TRUNCATED: the end. ERR_RANGE: the line is too long. */
static enum err read_some(struct wire *w)
{
	union {
		char bytes[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = w->in + w->in_bytes,
			     .iov_len = WIRE_LINE_BYTES - w->in_bytes};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};

	if (part.iov_len == 0)
		return ERR_RANGE;

	ssize_t got = recvmsg(w->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_BUSY : ERR_TRUNCATED;
	keep_fds(w, &message);
	w->in_bytes += (size_t)got;
	return got != 0 ? ERR_OK : ERR_TRUNCATED;
}

/* Takes the first line out of what came; false: it is not whole yet. *message may be NULL. */
static bool take_line(struct wire *w, json_t **message)
{
	char *end = memchr(w->in, '\n', w->in_bytes);
	size_t bytes;

	if (end == NULL)
		return false;
	bytes = (size_t)(end - w->in) + 1;
	*message = json_loadb(w->in, bytes - 1, JSON_REJECT_DUPLICATES, NULL);
	if (*message != NULL && !json_is_object(*message)) {
		json_decref(*message);
		*message = NULL;
	}
	w->in_bytes -= bytes;
	memmove(w->in, end + 1, w->in_bytes);
	return true;
}

enum err wire_receive(struct wire *w, uint64_t timeout_ms, json_t **message)
{
	while (w->fd >= 0 && !w->ending) {
		struct pollfd wait = {.fd = w->fd, .events = POLLIN};
		enum err err;
		int ready;

		if (take_line(w, message)) {
			if (w->event.event != NULL && !w->in_event && watch(w) != ERR_OK)
				(void)fail(w);
			return *message != NULL ? ERR_OK : ERR_INVALID;
		}
		ready = poll(&wait, 1, (int)timeout_ms);
		if (ready == 0)
			return ERR_BUSY;
		err = ready > 0 ? read_some(w) : ERR_BUSY;
		if (err != ERR_OK && err != ERR_BUSY)
			return err;
	}
	return ERR_TRUNCATED;
}

/* ---- with a loop ------------------------------------------------------------------------- */

static void finish(struct wire *w)
{
	wire_closed_fn *on_closed = w->on_closed;
	void *arg = w->arg;

	wire_close(w);
	on_closed(arg);
}

static void deliver(struct wire *w)
{
	json_t *message;

	while (!w->ending && take_line(w, &message)) {
		w->on_message(w->arg, message);
		json_decref(message);
	}
}

static void on_event(void *arg, unsigned int events)
{
	struct wire *w = arg;
	enum err err = ERR_OK;

	w->in_event = true;
	if (events & LOOP_WRITE && !flush(w))
		err = ERR_TRUNCATED;
	if (err == ERR_OK && events & LOOP_READ && !w->ending)
		err = read_some(w);
	if (err == ERR_OK || err == ERR_BUSY) {
		deliver(w);
	} else {
		w->out_bytes = 0;
		w->ending = true;
	}
	w->in_event = false;
	if ((w->ending && w->out_bytes == 0) || watch(w) != ERR_OK)
		finish(w);
}

/* The socket is always ready to be written soon: the end comes from the loop, never from here. */
void wire_end(struct wire *w)
{
	w->ending = true;
	if (!w->in_event && w->event.event != NULL &&
	    loop_set_events(&w->event, LOOP_WRITE) != ERR_OK)
		w->out_bytes = 0; /* out of memory: it stays until its owner closes it */
}

enum err wire_attach(struct wire *w, struct loop *loop, wire_message_fn *on_message,
		     wire_closed_fn *on_closed, void *arg)
{
	w->on_message = on_message;
	w->on_closed = on_closed;
	w->arg = arg;

	enum err err = loop_add_fd(loop, &w->event, w->fd, LOOP_READ, on_event, w);

	return err == ERR_OK ? watch(w) : err;
}

/* ---- sockets ----------------------------------------------------------------------------- */

static bool set_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	(void)snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
	return true;
}

static int close_failed(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

int wire_connect(const char *path)
{
	struct sockaddr_un address;
	int fd;

	if (!set_address(&address, path))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return close_failed(fd);
	return fd;
}

int wire_listen(const char *path, unsigned int mode)
{
	struct sockaddr_un address;
	int fd;

	if (!set_address(&address, path))
		return -1;
	(void)unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody connects before the mode is set: listen() comes after it. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, mode) != 0 || listen(fd, LISTEN_QUEUE) != 0)
		return close_failed(fd);
	return fd;
}
