// SPDX-License-Identifier: BSD-2-Clause
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xxhash.h>

#include "abi/snapshot.h"
#include "lib/bits.h"

/*
 * `cutline to|from WHAT COMMAND ...`: runs the command and passes on what is said to it and from
 *it; in that direction WHAT is done once.
 *
 *	ID        a section of a migration with this number (hexadecimal) is lost, and the line is
 *cut flip=ID   a bit of what is in it is another one forge=ID  what is in it is nonsense, and its
 *checksums are right newer, other  the header is of a later version, of another machine; its
 *checksum is right
 */

#define BUFFER_BYTES 65536

struct direction {
	int from, to;
	const char *what; /* NULL: nothing, or nothing more */
	uint64_t pass;    /* bytes that are let through before the next head */
	/* What is looked at before it goes on: a header or head, with contents if they are changed.
	 */
	uint8_t held[sizeof(struct snapshot_section) + SNAPSHOT_SECTION_BYTES];
	size_t held_bytes, wanted;
	bool begun; /* the header has gone by */
	bool ended;
};

static void put(int to, const uint8_t *from, size_t bytes)
{
	while (bytes != 0) {
		ssize_t done = write(to, from, bytes);

		if (done <= 0)
			exit(1);
		from += done;
		bytes -= (size_t)done;
	}
}

static void change_header(struct direction *d)
{
	struct snapshot_header header;

	memcpy(&header, d->held, sizeof(header));
	header.version += d->what != NULL && strcmp(d->what, "newer") == 0 ? 0x10000 : 0;
	header.machine += d->what != NULL && strcmp(d->what, "other") == 0;
	header.checksum = XXH3_64bits(&header, offsetof(struct snapshot_header, checksum));
	memcpy(d->held, &header, sizeof(header));
}

/* All of it is there. */
static void change(struct direction *d, struct snapshot_section *section)
{
	uint8_t *contents = d->held + sizeof(*section);

	if (strncmp(d->what, "forge=", 6) == 0) {
		memset(contents, 0xa5, section->bytes);
		section->contents = XXH3_64bits(contents, section->bytes);
		section->checksum =
			XXH3_64bits(section, offsetof(struct snapshot_section, checksum));
		memcpy(d->held, section, sizeof(*section));
	} else {
		contents[section->bytes / 2] ^= 1;
	}
	d->what = NULL;
}

/* As much as was wanted is held. */
static void take_held(struct direction *d)
{
	const char *id = d->what != NULL ? strchr(d->what, '=') : NULL;
	struct snapshot_section section;

	if (!d->begun) {
		change_header(d);
	} else {
		memcpy(&section, d->held, sizeof(section));
		if (d->what != NULL && id == NULL && strtoul(d->what, NULL, 16) == section.id)
			exit(0);
		if (id != NULL && strtoul(id + 1, NULL, 16) == section.id) {
			d->wanted = sizeof(section) + section.bytes;
			if (d->held_bytes < d->wanted)
				return;
			change(d, &section);
		} else {
			d->pass = section.bytes;
		}
	}
	put(d->to, d->held, d->held_bytes);
	d->begun = true;
	d->held_bytes = 0;
	d->wanted = sizeof(section);
}

static void take(struct direction *d, const uint8_t *bytes, size_t count)
{
	while (count != 0) {
		size_t part = d->wanted - d->held_bytes;

		if (d->pass != 0) {
			part = d->pass < count ? (size_t)d->pass : count;
			put(d->to, bytes, part);
			d->pass -= part;
		} else {
			part = part < count ? part : count;
			memcpy(d->held + d->held_bytes, bytes, part);
			d->held_bytes += part;
			if (d->held_bytes == d->wanted)
				take_held(d);
		}
		bytes += part;
		count -= part;
	}
}

static void serve(struct direction way[2])
{
	static uint8_t buffer[BUFFER_BYTES];

	while (!way[1].ended) {
		struct pollfd fds[] = {{.fd = way[0].ended ? -1 : way[0].from, .events = POLLIN},
				       {.fd = way[1].from, .events = POLLIN}};

		(void)poll(fds, 2, -1);
		for (int i = 0; i < 2; i++) {
			ssize_t got;

			if (fds[i].revents == 0)
				continue;
			got = read(way[i].from, buffer, sizeof(buffer));
			if (got > 0)
				take(&way[i], buffer, (size_t)got);
			way[i].ended = got <= 0;
			if (way[i].ended && i == 0)
				(void)shutdown(way[0].to, SHUT_WR);
		}
	}
}

int main(int argc, char **argv)
{
	static struct direction way[2];
	int ends[2];

	if (argc < 4 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return 2;
	if (fork() == 0) {
		(void)dup2(ends[1], STDIN_FILENO);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)execvp(argv[3], argv + 3);
		_exit(127);
	}
	(void)close(ends[1]);

	bool to = strcmp(argv[1], "to") == 0;

	way[0].from = STDIN_FILENO;
	way[0].to = way[1].from = ends[0];
	way[1].to = STDOUT_FILENO;
	way[to ? 0 : 1].what = argv[2];
	way[0].wanted = way[1].wanted = sizeof(struct snapshot_header);
	serve(way);
	return 0;
}
