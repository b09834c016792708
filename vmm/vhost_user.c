// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/vhost_user.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "vmm/machine.h"

/* Requests. */
#define GET_FEATURES          1
#define SET_FEATURES          2
#define SET_OWNER             3
#define SET_MEM_TABLE         5
#define SET_LOG_BASE          6
#define SET_VRING_NUM         8
#define SET_VRING_ADDR        9
#define SET_VRING_BASE        10
#define GET_VRING_BASE        11
#define SET_VRING_KICK        12
#define SET_VRING_CALL        13
#define GET_PROTOCOL_FEATURES 15
#define SET_PROTOCOL_FEATURES 16
#define SET_VRING_ENABLE      18
#define GET_CONFIG            24

#define FLAGS_VERSION 1
#define FLAGS_MASK    7 /* version and reply */
#define FLAGS_REPLY   5

#define F_LOG_ALL            BIT(26)
#define F_PROTOCOL_FEATURES  BIT(30)
#define PROTOCOL_F_LOG_SHMFD BIT(1)
#define PROTOCOL_F_CONFIG    BIT(9)

#define ADDRESS_LOG 1 /* flag: the used ring's writes are noted, too */

#define CONFIG_BYTES_MAX 64

struct header {
	uint32_t request;
	uint32_t flags;
	uint32_t bytes;
};

struct state {
	uint32_t index;
	uint32_t number;
};

struct address {
	uint32_t index;
	uint32_t flags;
	uint64_t descriptor, used, available, log;
};

struct log {
	uint64_t bytes, file_offset;
};

struct memory_table {
	uint32_t regions;
	uint32_t padding;
	uint64_t guest_address, bytes, user_address, file_offset;
};

struct config {
	uint32_t offset;
	uint32_t bytes;
	uint32_t flags;
	uint8_t config[CONFIG_BYTES_MAX];
};
#define CONFIG_HEAD_BYTES offsetof(struct config, config)

/* One request, with a file descriptor if `file` is one. */
static enum err tell(const struct vhost_user *u, uint32_t request, const void *payload,
		     uint32_t bytes, int file)
{
	struct header header = {.request = request, .flags = FLAGS_VERSION, .bytes = bytes};
	struct iovec part[] = {{&header, sizeof(header)}, {(void *)(uintptr_t)payload, bytes}};
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = part, .msg_iovlen = ARRAY_SIZE(part)};
	ssize_t done;

	if (file >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);

		struct cmsghdr *c = CMSG_FIRSTHDR(&message);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &file, sizeof(file));
	}
	/* Smaller than any socket's buffer: all of it or nothing. */
	do
		done = sendmsg(u->socket, &message, MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)(sizeof(header) + bytes) ? ERR_OK : ERR_NOT_FOUND;
}

static bool receive_all(const struct vhost_user *u, void *to, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = recv(u->socket, (uint8_t *)to + done, bytes - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* The answer to a request, of just so many bytes. */
static enum err hear(const struct vhost_user *u, uint32_t request, void *payload, uint32_t bytes)
{
	struct header header;

	if (!receive_all(u, &header, sizeof(header)))
		return ERR_NOT_FOUND;
	if (header.request != request || (header.flags & FLAGS_MASK) != FLAGS_REPLY ||
	    header.bytes != bytes)
		return ERR_INVALID;
	return receive_all(u, payload, bytes) ? ERR_OK : ERR_NOT_FOUND;
}

static enum err get_u64(const struct vhost_user *u, uint32_t request, uint64_t *value)
{
	enum err err = tell(u, request, NULL, 0, -1);

	return err == ERR_OK ? hear(u, request, value, sizeof(*value)) : err;
}

static enum err set_u64(const struct vhost_user *u, uint32_t request, uint64_t value, int file)
{
	return tell(u, request, &value, sizeof(value), file);
}

static enum err get_config(const struct vhost_user *u, void *to, uint32_t bytes)
{
	struct config config = {.bytes = bytes};
	enum err err = tell(u, GET_CONFIG, &config, CONFIG_HEAD_BYTES + bytes, -1);

	if (err == ERR_OK)
		err = hear(u, GET_CONFIG, &config, CONFIG_HEAD_BYTES + bytes);
	if (err == ERR_OK)
		memcpy(to, config.config, bytes);
	return err;
}

enum err vhost_user_begin(struct vhost_user *u, int socket, void *config, uint32_t bytes)
{
	const struct timeval limit = {.tv_sec = VHOST_USER_ANSWER_SECONDS};
	uint64_t protocol = 0;

	u->socket = socket;
	u->log_file = -1;
	if (bytes > CONFIG_BYTES_MAX ||
	    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
	    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
		return ERR_INVALID;

	enum err err = get_u64(u, GET_FEATURES, &u->features);

	if (err == ERR_OK && (u->features & F_PROTOCOL_FEATURES) == 0)
		err = ERR_UNSUPPORTED;
	if (err == ERR_OK)
		err = get_u64(u, GET_PROTOCOL_FEATURES, &protocol);
	if (err == ERR_OK && (protocol & PROTOCOL_F_CONFIG) == 0)
		err = ERR_UNSUPPORTED;
	u->can_log = (u->features & F_LOG_ALL) != 0 && (protocol & PROTOCOL_F_LOG_SHMFD) != 0;
	if (err == ERR_OK)
		err = set_u64(u, SET_PROTOCOL_FEATURES,
			      protocol & (PROTOCOL_F_CONFIG | PROTOCOL_F_LOG_SHMFD), -1);
	if (err == ERR_OK)
		err = tell(u, SET_OWNER, NULL, 0, -1);
	return err == ERR_OK ? get_config(u, config, bytes) : err;
}

/* With the first of these features, queues do nothing until they are enabled. */
static enum err set_features(const struct vhost_user *u, uint64_t features)
{
	return set_u64(u, SET_FEATURES,
		       features | F_PROTOCOL_FEATURES | (u->log_file >= 0 ? F_LOG_ALL : 0), -1);
}

static enum err set_log(const struct vhost_user *u)
{
	const struct log log = {.bytes = u->log_bytes};
	uint64_t answer;
	enum err err = tell(u, SET_LOG_BASE, &log, sizeof(log), u->log_file);

	return err == ERR_OK ? hear(u, SET_LOG_BASE, &answer, sizeof(answer)) : err;
}

/* Also of a queue that runs, to note its writes or not. */
static enum err set_address(const struct vhost_user *u, uint32_t index,
			    const struct virtqueue *ring, const struct virtqueue_setup *setup)
{
	const struct address address = {.index = index,
					.flags = u->log_file >= 0 ? ADDRESS_LOG : 0,
					.descriptor = (uintptr_t)ring->descriptor,
					.used = (uintptr_t)ring->device,
					.available = (uintptr_t)ring->driver,
					.log = setup->device};

	return tell(u, SET_VRING_ADDR, &address, sizeof(address), -1);
}

enum err vhost_user_log(struct vhost_user *u, uint64_t features, int file, uint64_t bytes,
			const struct virtqueue *ring, const struct virtqueue_setup *setup)
{
	enum err err = ERR_OK;

	u->log_file = file;
	u->log_bytes = bytes;
	if (file >= 0)
		err = set_log(u);
	if (err == ERR_OK && ring != NULL)
		err = set_features(u, features);
	return err == ERR_OK && ring != NULL ? set_address(u, 0, ring, setup) : err;
}

enum err vhost_user_set_up(struct vhost_user *u, uint64_t features, const struct guestmem *memory)
{
	const struct memory_table table = {.regions = 1,
					   .guest_address = MACHINE_RAM,
					   .bytes = memory->ram_bytes,
					   .user_address = (uintptr_t)memory->ram,
					   .file_offset = memory->file_offset};
	enum err err = set_features(u, features);

	return err == ERR_OK ? tell(u, SET_MEM_TABLE, &table, sizeof(table), memory->file) : err;
}

enum err vhost_user_start_queue(struct vhost_user *u, uint32_t index, const struct virtqueue *ring,
				const struct virtqueue_setup *setup, int kick, int call)
{
	const struct state number = {.index = index, .number = ring->size};
	const struct state base = {.index = index, .number = ring->avail_next};
	const struct state enable = {.index = index, .number = 1};
	enum err err = tell(u, SET_VRING_NUM, &number, sizeof(number), -1);

	if (err == ERR_OK)
		err = tell(u, SET_VRING_BASE, &base, sizeof(base), -1);
	if (err == ERR_OK)
		err = set_address(u, index, ring, setup);
	if (err == ERR_OK)
		err = set_u64(u, SET_VRING_CALL, index, call);
	if (err == ERR_OK)
		err = set_u64(u, SET_VRING_KICK, index, kick);
	return err == ERR_OK ? tell(u, SET_VRING_ENABLE, &enable, sizeof(enable), -1) : err;
}

enum err vhost_user_stop_queue(struct vhost_user *u, uint32_t index, uint16_t *next)
{
	struct state state = {.index = index};
	enum err err = tell(u, GET_VRING_BASE, &state, sizeof(state), -1);

	if (err == ERR_OK)
		err = hear(u, GET_VRING_BASE, &state, sizeof(state));
	if (err == ERR_OK && state.index != index)
		err = ERR_INVALID;
	*next = (uint16_t)state.number;
	return err;
}
