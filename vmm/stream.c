// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "vmm/kick.h"

/* ---- errors -------------------------------------------------------------------------------- */

enum err stream_fail(struct stream *s, enum err err, const char *format, ...)
{
	va_list list;

	if (s->err != ERR_OK)
		return s->err;
	s->err = err;
	va_start(list, format);
	(void)vsnprintf(s->error, sizeof(s->error), format, list);
	va_end(list);
	return err;
}

const char *stream_error(const struct stream *s)
{
	return s->error;
}

const char *stream_name(uint32_t id)
{
	static const char *const name[] = {
		[SNAPSHOT_CONFIG] = "settings",
		[SNAPSHOT_VM] = "virtual machine",
		[SNAPSHOT_DISK] = "disk",
		[SNAPSHOT_MEMORY] = "memory",
		[SNAPSHOT_TIME] = "time",
		[SNAPSHOT_IDREGS] = "ID registers",
		[SNAPSHOT_VCPU] = "vCPU",
		[SNAPSHOT_VGIC_DIST] = "interrupt distributor",
		[SNAPSHOT_VGIC_CPU] = "interrupts of a vCPU",
		[SNAPSHOT_TIMER_FRAME] = "timer frame",
		[SNAPSHOT_HOST] = "host",
		[SNAPSHOT_UART] = "serial port",
		[SNAPSHOT_RTC] = "clock",
		[SNAPSHOT_BUTTON] = "power button",
		[SNAPSHOT_FLASH] = "flash",
		[SNAPSHOT_FWCFG] = "firmware configuration",
		[SNAPSHOT_VIRTIO] = "virtio device",
		[SNAPSHOT_CONSOLE] = "console",
		[SNAPSHOT_SERIAL] = "agent port",
		[SNAPSHOT_TOOLS] = "guest tools",
		[SNAPSHOT_CHANNEL] = "channel of the guest tools",
		[SNAPSHOT_GUESTINFO] = "value of the guest tools",
	};

	if (id == SNAPSHOT_END)
		return "end";
	if (id >= SNAPSHOT_MIGRATION_FIRST && id <= SNAPSHOT_MIGRATION_LAST)
		return "a word about the move";
	return id < ARRAY_SIZE(name) && name[id] != NULL ? name[id] : "unknown";
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* Until the file is ready. Files on a disk always are. */
static enum err wait_for(struct stream *s, short events)
{
	struct pollfd fds[] = {{.fd = s->fd, .events = events},
			       {.fd = s->cancel, .events = POLLIN}};
	int timeout = s->timeout_ms != 0 ? (int)s->timeout_ms : -1;
	int ready;

	do
		ready = poll(fds, ARRAY_SIZE(fds), timeout);
	while (ready < 0 && errno == EINTR);
	if (fds[1].revents != 0)
		return stream_fail(s, ERR_DENIED, "cancelled");
	if (ready == 0)
		return stream_fail(s, ERR_BUSY, "nothing %s for %u s",
				   events == POLLIN ? "came" : "was taken",
				   (unsigned int)(s->timeout_ms / 1000));
	return ERR_OK;
}

static bool is_to_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static enum err put(struct stream *s, const void *from, size_t bytes)
{
	const uint8_t *next = from;

	while (bytes != 0) {
		enum err err = wait_for(s, POLLOUT);

		if (err != ERR_OK)
			return err;

		ssize_t done = write(s->fd, next, bytes);

		if (done < 0 && is_to_wait())
			continue;
		if (done < 0 && errno == EPIPE)
			return stream_fail(s, ERR_TRUNCATED, "the other end has closed");
		if (done <= 0)
			return stream_fail(s, ERR_NO_MEMORY, "cannot write: %s", strerror(errno));
		next += done;
		bytes -= (size_t)done;
		atomic_fetch_add(&s->bytes, (uint64_t)done);
	}
	return ERR_OK;
}

static enum err get(struct stream *s, void *to, size_t bytes)
{
	uint8_t *next = to;

	while (bytes != 0) {
		enum err err = wait_for(s, POLLIN);

		if (err != ERR_OK)
			return err;

		ssize_t done = read(s->fd, next, bytes);

		if (done < 0 && is_to_wait())
			continue;
		if (done < 0)
			return stream_fail(s, ERR_TRUNCATED, "cannot read: %s", strerror(errno));
		if (done == 0 && atomic_load(&s->bytes) == 0)
			return stream_fail(s, ERR_TRUNCATED, "it is empty");
		if (done == 0)
			return stream_fail(s, ERR_TRUNCATED, "it is cut off after %llu bytes",
					   (unsigned long long)atomic_load(&s->bytes));
		next += done;
		bytes -= (size_t)done;
		atomic_fetch_add(&s->bytes, (uint64_t)done);
	}
	return ERR_OK;
}

static enum err damaged(struct stream *s, const char *what)
{
	return stream_fail(s, ERR_INVALID, "it is damaged: %s at byte %llu", what,
			   (unsigned long long)atomic_load(&s->bytes));
}

enum err stream_init(struct stream *s, int fd, uint32_t timeout_ms)
{
	struct stat status;
	int flags = fcntl(fd, F_GETFL);

	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->timeout_ms = timeout_ms;
	s->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->hash = XXH3_createState();
	if (s->cancel < 0 || s->hash == NULL)
		return stream_fail(s, ERR_NO_MEMORY, "out of memory");
	if (flags < 0 || fstat(fd, &status) != 0)
		return stream_fail(s, ERR_INVALID, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return stream_fail(s, ERR_INVALID, "%s", strerror(errno));
	return ERR_OK;
}

void stream_close(struct stream *s)
{
	if (s->cancel >= 0)
		(void)close(s->cancel);
	s->cancel = -1;
	(void)XXH3_freeState(s->hash);
	s->hash = NULL;
	free(s->contents);
	s->contents = NULL;
}

void stream_cancel(struct stream *s)
{
	atomic_store(&s->cancelled, true);
	kick_eventfd(s->cancel);
}

bool stream_is_cancelled(const struct stream *s)
{
	return atomic_load(&s->cancelled);
}

/* ---- writing ------------------------------------------------------------------------------- */

enum err stream_begin(struct stream *s, enum snapshot_kind kind)
{
	struct snapshot_header header = {
		.magic = SNAPSHOT_MAGIC,
		.version = SNAPSHOT_VERSION,
		.machine = SNAPSHOT_MACHINE,
		.kind = kind,
		.seconds = (uint64_t)time(NULL),
	};

	if (s->err != ERR_OK)
		return s->err;
	header.checksum = XXH3_64bits(&header, offsetof(struct snapshot_header, checksum));
	return put(s, &header, sizeof(header));
}

enum err stream_write_parts(struct stream *s, uint32_t id, uint32_t instance, uint32_t version,
			    const void *first, size_t first_bytes, const void *second,
			    size_t second_bytes)
{
	struct snapshot_section head = {
		.magic = SNAPSHOT_SECTION_MAGIC,
		.id = id,
		.instance = instance,
		.version = version,
		.sequence = s->sequence++,
		.bytes = first_bytes + second_bytes,
	};

	if (s->err != ERR_OK)
		return s->err;
	if (head.bytes > SNAPSHOT_SECTION_BYTES)
		return stream_fail(s, ERR_RANGE, "%s: too large", stream_name(id));
	(void)XXH3_64bits_reset(s->hash);
	if (first_bytes != 0)
		(void)XXH3_64bits_update(s->hash, first, first_bytes);
	if (second_bytes != 0)
		(void)XXH3_64bits_update(s->hash, second, second_bytes);
	head.contents = XXH3_64bits_digest(s->hash);
	head.checksum = XXH3_64bits(&head, offsetof(struct snapshot_section, checksum));

	enum err err = put(s, &head, sizeof(head));

	if (err == ERR_OK)
		err = put(s, first, first_bytes);
	return err == ERR_OK ? put(s, second, second_bytes) : err;
}

enum err stream_write(struct stream *s, uint32_t id, uint32_t instance, uint32_t version,
		      const void *from, size_t bytes)
{
	return stream_write_parts(s, id, instance, version, from, bytes, NULL, 0);
}

/* ---- reading ------------------------------------------------------------------------------- */

enum err stream_open(struct stream *s, enum snapshot_kind kind, struct snapshot_header *header)
{
	enum err err = s->err != ERR_OK ? s->err : get(s, header, sizeof(*header));

	if (err != ERR_OK)
		return err;
	if (memcmp(header->magic, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_BYTES) != 0)
		return stream_fail(s, ERR_INVALID, "it is no snapshot of Caisson's");
	if (header->checksum != XXH3_64bits(header, offsetof(struct snapshot_header, checksum)))
		return damaged(s, "the header");
	if (header->version >> 16 != SNAPSHOT_VERSION >> 16)
		return stream_fail(s, ERR_UNSUPPORTED,
				   "it has version %u.%u of the format, and this is of version %u",
				   header->version >> 16, header->version & 0xffff,
				   SNAPSHOT_VERSION >> 16);
	if (header->machine != SNAPSHOT_MACHINE)
		return stream_fail(s, ERR_UNSUPPORTED,
				   "it is of machine model %u, and this Caisson makes model %u",
				   header->machine, SNAPSHOT_MACHINE);
	if (header->kind != kind || header->reserved != 0)
		return stream_fail(s, ERR_INVALID, "it is %s",
				   header->kind == SNAPSHOT_MIGRATION
					   ? "a migration, and not a snapshot's file"
					   : "of another kind");
	return ERR_OK;
}

static enum err check_head(struct stream *s, const struct snapshot_section *head)
{
	if (head->magic != SNAPSHOT_SECTION_MAGIC ||
	    head->checksum != XXH3_64bits(head, offsetof(struct snapshot_section, checksum)))
		return damaged(s, "the head of a section");
	if (head->sequence != s->sequence)
		return damaged(s, "a section that is out of its order");
	if (head->bytes > SNAPSHOT_SECTION_BYTES)
		return stream_fail(s, ERR_RANGE, "%s: too large", stream_name(head->id));
	return ERR_OK;
}

/* As large as the largest one so far. */
static enum err make_room(struct stream *s, size_t bytes)
{
	uint8_t *room;

	if (bytes <= s->room)
		return ERR_OK;
	room = realloc(s->contents, bytes);
	if (room == NULL)
		return stream_fail(s, ERR_NO_MEMORY, "out of memory");
	s->contents = room;
	s->room = bytes;
	return ERR_OK;
}

enum err stream_read(struct stream *s, struct stream_section *section)
{
	struct snapshot_section head = {0};
	enum err err = s->err;

	if (err == ERR_OK && s->ended)
		err = stream_fail(s, ERR_INVALID, "nothing comes behind its end");
	if (err == ERR_OK)
		err = get(s, &head, sizeof(head));
	if (err == ERR_OK)
		err = check_head(s, &head);
	if (err == ERR_OK)
		err = make_room(s, head.bytes);
	if (err == ERR_OK)
		err = get(s, s->contents, head.bytes);
	if (err == ERR_OK && head.contents != XXH3_64bits(s->contents, head.bytes))
		err = damaged(s, stream_name(head.id));
	if (err != ERR_OK)
		return err;
	s->sequence++;
	s->ended = head.id == SNAPSHOT_END;
	*section = (struct stream_section){.id = head.id,
					   .instance = head.instance,
					   .version = head.version,
					   .bytes = head.bytes,
					   .contents = s->contents};
	return ERR_OK;
}

enum err stream_take(struct stream *s, const struct stream_section *section, uint32_t version,
		     void *to, size_t bytes, bool more)
{
	if (s->err != ERR_OK)
		return s->err;
	if (section->version != version)
		return stream_fail(s, ERR_UNSUPPORTED, "%s: version %u, and this Caisson knows %u",
				   stream_name(section->id), section->version, version);
	if (section->bytes < bytes || (section->bytes != bytes && !more))
		return stream_fail(s, ERR_INVALID, "%s: %zu bytes, which cannot be",
				   stream_name(section->id), section->bytes);
	if (bytes != 0)
		memcpy(to, section->contents, bytes);
	return ERR_OK;
}
