// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/vm_sockets.h>

/*
 * The other side of a test, on both ends of a socket between service VM and user VM:
 *
 *	peer listen PORT        waits on AF_VSOCK; sends what comes back in capitals
 *	peer unix PATH          the same to who listens on a UNIX socket
 *	peer send CID PORT N    sends N bytes to who listens there, checks what comes back
 *	peer mute PATH LINE     sends a line to a UNIX socket, and reads nothing until that ends
 *	peer hold FILE          locks the file and waits
 *	peer zero DISK AT N     has N bytes of a disk zeroed by the disk
 */

#define PART_BYTES 4096

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* In capitals, until the other side has no more to say. */
static int echo(int fd)
{
	char part[PART_BYTES];
	ssize_t got;

	while ((got = read(fd, part, sizeof(part))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			part[i] = (char)toupper((unsigned char)part[i]);
		for (ssize_t done = 0, now; done < got; done += now) {
			now = write(fd, part + done, (size_t)(got - done));
			if (now <= 0)
				return fail("write");
		}
	}
	(void)close(fd);
	return 0;
}

static int listen_vsock(unsigned int port)
{
	struct sockaddr_vm here = {
		.svm_family = AF_VSOCK, .svm_port = port, .svm_cid = VMADDR_CID_ANY};
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, 1) != 0)
		return fail("listen");
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0)
			return fail("accept");
		if (echo(peer) != 0)
			return 1;
	}
}

static int reach_unix(const char *path)
{
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(there.sun_path, sizeof(there.sun_path), "%s", path);
	for (int i = 0; connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0; i++) {
		if (i == 600)
			return -1;
		(void)usleep(100000);
	}
	return fd;
}

static int connect_unix(const char *path)
{
	int fd = reach_unix(path);

	return fd < 0 ? fail("connect") : echo(fd);
}

static int be_mute(const char *path, const char *line)
{
	struct pollfd end = {.fd = reach_unix(path)};

	if (end.fd < 0 || dprintf(end.fd, "%s\n", line) < 0)
		return fail(path);
	(void)puts("peer: there");
	(void)fflush(stdout);
	if (poll(&end, 1, -1) != 1)
		return fail(path);
	(void)puts("peer: let go");
	return 0;
}

static bool exchange(int fd, size_t at, size_t bytes)
{
	char out[PART_BYTES], in[PART_BYTES];

	for (size_t i = 0; i < bytes; i++)
		out[i] = (char)('a' + (at + i) % 26);
	if (write(fd, out, bytes) != (ssize_t)bytes)
		return false;
	for (size_t done = 0; done < bytes;) {
		ssize_t got = read(fd, in + done, bytes - done);

		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	for (size_t i = 0; i < bytes; i++) {
		if (in[i] != toupper(out[i]))
			return false;
	}
	return true;
}

static int send_vsock(unsigned int cid, unsigned int port, size_t bytes)
{
	struct sockaddr_vm there = {.svm_family = AF_VSOCK, .svm_port = port, .svm_cid = cid};
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0)
		return fail("connect");
	for (size_t at = 0; at < bytes; at += PART_BYTES) {
		if (!exchange(fd, at, bytes - at < PART_BYTES ? bytes - at : PART_BYTES)) {
			(void)fprintf(stderr, "peer: another answer at %zu\n", at);
			return 1;
		}
	}
	(void)printf("peer: %zu bytes there and back\n", bytes);
	return 0;
}

static int zero_disk(const char *path, uint64_t at, uint64_t bytes)
{
	const uint64_t range[] = {at, bytes};
	int fd = open(path, O_RDWR);

	return fd < 0 || ioctl(fd, BLKZEROOUT, range) != 0 ? fail(path) : 0;
}

static int hold(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return fail(path);
	return pause();
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		return listen_vsock((unsigned int)strtoul(argv[2], NULL, 0));
	if (argc == 3 && strcmp(argv[1], "hold") == 0)
		return hold(argv[2]);
	if (argc == 3 && strcmp(argv[1], "unix") == 0)
		return connect_unix(argv[2]);
	if (argc == 4 && strcmp(argv[1], "mute") == 0)
		return be_mute(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "send") == 0)
		return send_vsock((unsigned int)strtoul(argv[2], NULL, 0),
				  (unsigned int)strtoul(argv[3], NULL, 0),
				  strtoul(argv[4], NULL, 0));
	if (argc == 5 && strcmp(argv[1], "zero") == 0)
		return zero_disk(argv[2], strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
	return 2;
}
