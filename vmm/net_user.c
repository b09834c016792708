// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/say.h"
#include "vmm/virtio_net.h"

/*
 * A network without privileges: passt translates between the guest's frames and sockets of the
 * service VM. It gets one end of a socket, drops to nobody and locks itself in.
 */

#define PASST "passt", "-q", "-f", "--fd", "3", "--no-map-gw"

#define LENGTH_BYTES    4
#define FRAME_BYTES_MAX (NET_FRAME_BYTES_MAX - NET_HEADER_BYTES)

static void set_features(struct net_link *l, uint64_t features)
{
	/* There are none. */
}

/* More of the stream; 0: none now; less: the end. */
static ssize_t fill(struct net_link *l)
{
	struct net_stream *s = &l->stream;

	memmove(s->in, s->in + s->in_start, s->in_end - s->in_start);
	s->in_end -= s->in_start;
	s->in_start = 0;

	ssize_t got = recv(l->fd, s->in + s->in_end, sizeof(s->in) - s->in_end, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	s->in_end += (size_t)got;
	return got == 0 ? -1 : got;
}

/* The length of the frame that the stream begins with, when all of it is there. */
static ssize_t frame_length(const struct net_stream *s)
{
	const uint8_t *at = s->in + s->in_start;
	size_t bytes = s->in_end - s->in_start;

	if (bytes < LENGTH_BYTES)
		return 0;

	uint32_t length =
		(uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];

	if (length == 0 || length > FRAME_BYTES_MAX)
		return -1;
	return bytes - LENGTH_BYTES >= length ? (ssize_t)length : 0;
}

static ssize_t receive(struct net_link *l, uint8_t *frame)
{
	struct net_stream *s = &l->stream;
	ssize_t length = frame_length(s);

	if (length == 0) {
		ssize_t got = fill(l);

		if (got <= 0)
			return got;
		length = frame_length(s);
	}
	if (length <= 0)
		return length;
	memset(frame, 0, NET_HEADER_BYTES);
	memcpy(frame + NET_HEADER_BYTES, s->in + s->in_start + LENGTH_BYTES, (size_t)length);
	s->in_start += LENGTH_BYTES + (size_t)length;
	return length + NET_HEADER_BYTES;
}

/* What is left of an earlier frame. An error is found by who receives. */
static bool drain(struct net_link *l)
{
	struct net_stream *s = &l->stream;

	while (s->out_start != s->out_end) {
		ssize_t done = send(l->fd, s->out + s->out_start, s->out_end - s->out_start,
				    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done < 0)
			return false;
		s->out_start += (size_t)done;
	}
	return true;
}

static int send_frame(struct net_link *l, const struct virtqueue_chain *chain)
{
	struct net_stream *s = &l->stream;
	uint32_t bytes = chain->readable_bytes - NET_HEADER_BYTES;
	struct iovec segment[1 + VIRTQUEUE_SEGMENTS_MAX];
	uint8_t length[LENGTH_BYTES] = {(uint8_t)(bytes >> 24), (uint8_t)(bytes >> 16),
					(uint8_t)(bytes >> 8), (uint8_t)bytes};

	if (bytes == 0 || bytes > FRAME_BYTES_MAX)
		return 1;
	if (!drain(l))
		return 0;
	segment[0] = (struct iovec){.iov_base = length, .iov_len = sizeof(length)};

	uint32_t count =
		virtio_iovec(chain, 0, chain->readable, NET_HEADER_BYTES, bytes, segment + 1);
	struct msghdr message = {.msg_iov = segment, .msg_iovlen = 1 + count};
	ssize_t done = sendmsg(l->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (done < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if ((size_t)done == LENGTH_BYTES + (size_t)bytes)
		return 1;
	/* The rest is kept: the stream must not lose its place, and the guest gets its buffer. */
	if (done < LENGTH_BYTES)
		return -1;
	s->out_start = 0;
	s->out_end = virtqueue_read(chain, NET_HEADER_BYTES + (uint32_t)done - LENGTH_BYTES, s->out,
				    sizeof(s->out));
	return 1;
}

static void close_link(struct net_link *l)
{
	(void)close(l->fd);
	backend_end(&l->backend);
}

enum err net_user_open(struct net_link *l)
{
	static const struct net_link_ops ops = {
		.set_features = set_features,
		.receive = receive,
		.send = send_frame,
		.drain = drain,
		.close = close_link,
	};
	/* In the foreground, quiet; the host's own loopback is not the guest's gateway. */
	static const char *const plain[] = {PASST, NULL};
	/* Root gives up what it is: passt's own way looks for nobody in /etc/passwd. */
	static const char *const as_nobody[] = {PASST, "--runas", "65534:65534", NULL};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		say("cannot make a socket: %s", strerror(errno));
		return ERR_NO_MEMORY;
	}

	enum err err = backend_start(&l->backend, geteuid() == 0 ? as_nobody : plain, pair[1]);

	(void)close(pair[1]);
	if (err != ERR_OK) {
		(void)close(pair[0]);
		return err;
	}
	l->fd = pair[0];
	l->ops = &ops;
	return ERR_OK;
}
