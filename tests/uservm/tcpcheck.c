// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcpcheck serve PORT            sends what comes back, once it has looked at it
 * tcpcheck run ADDRESS PORT [wrong=flip|lost]
 *
 * One TCP connection that must last: a record each 10 ms, numbered, with a checksum, there and
 * back. The side that runs works until SIGTERM and then says that this is the end; the other one
 * takes a connection that ends otherwise for broken. Each tells how long it heard nothing at the
 * longest.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/uservm/checker.h"

#define RECORD_WORDS 128
#define EACH_US      10000
#define END          UINT64_MAX

/* Word 0 is the record's number, the others are made of it. */
typedef uint64_t record_words[RECORD_WORDS];

static struct {
	int fd;
	bool wrong_flip, wrong_lost;
	_Atomic(uint64_t) sent;
} own;

static void make_record(uint64_t *record, uint64_t number)
{
	record[0] = number;
	checker_fill(record + 1, RECORD_WORDS - 1, number);
}

static bool send_all(int fd, const uint64_t *record)
{
	const char *at = (const char *)record;

	for (size_t left = sizeof(record_words); left != 0;) {
		ssize_t now = send(fd, at, left, MSG_NOSIGNAL);

		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0) {
			printf("tcpcheck: FAILED: send: %s\n", strerror(errno));
			return false;
		}
		at += now;
		left -= (size_t)now;
	}
	return true;
}

/* The next record, with this number or the last one. */
static bool receive(int fd, uint64_t *record, uint64_t number)
{
	char *at = (char *)record;

	for (size_t left = sizeof(record_words); left != 0;) {
		ssize_t now = recv(fd, at, left, 0);

		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0) {
			printf("tcpcheck: FAILED: after %llu records: %s\n",
			       (unsigned long long)number,
			       now == 0 ? "the connection was closed" : strerror(errno));
			return false;
		}
		at += now;
		left -= (size_t)now;
	}
	if ((record[0] != number && record[0] != END) ||
	    checker_differs(record + 1, RECORD_WORDS - 1, record[0]) != RECORD_WORDS - 1) {
		printf("tcpcheck: FAILED: record %llu is wrong\n", (unsigned long long)number);
		return false;
	}
	return true;
}

/* Receives, and sends back if told so, to the end. */
static bool take(int fd, bool back)
{
	int64_t last = checker_ns(CLOCK_MONOTONIC), longest = 0;
	record_words record;
	uint64_t number = 0;

	for (;; number++) {
		if (!receive(fd, record, number) || (back && !send_all(fd, record)))
			return false;
		int64_t now = checker_ns(CLOCK_MONOTONIC);

		longest = now - last > longest ? now - last : longest;
		last = now;
		if (record[0] == END)
			break;
	}
	printf("tcpcheck: %llu records, longest silence %.1f ms\n", (unsigned long long)number,
	       (double)longest * 1e-6);
	return back || number == atomic_load(&own.sent);
}

static void *take_all(void *argument)
{
	(void)argument;
	if (!take(own.fd, false))
		_exit(1);
	return NULL;
}

static int serve(uint16_t port)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, 1) != 0) {
		perror("tcpcheck: FAILED: listen");
		return 1;
	}
	int peer = accept(fd, NULL, NULL);

	if (peer < 0 || !take(peer, true))
		return 1;
	puts("tcpcheck: ok");
	return 0;
}

static int run(const char *address, uint16_t port)
{
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port)};
	pthread_t taker;
	record_words record;
	int one = 1;

	own.fd = socket(AF_INET, SOCK_STREAM, 0);
	(void)inet_pton(AF_INET, address, &there.sin_addr);
	if (connect(own.fd, (struct sockaddr *)&there, sizeof(there)) != 0) {
		perror("tcpcheck: FAILED: connect");
		return 1;
	}
	(void)setsockopt(own.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	puts("tcpcheck: begun");
	(void)pthread_create(&taker, NULL, take_all, NULL);
	for (uint64_t number = 0; !checker_stopped; number++) {
		make_record(record, number);
		if (own.wrong_flip && number == 20)
			record[50] ^= 1;
		if (!(own.wrong_lost && number == 20) && !send_all(own.fd, record))
			return 1;
		atomic_store(&own.sent, number + 1);
		(void)usleep(EACH_US);
	}
	make_record(record, END);
	if (!send_all(own.fd, record))
		return 1;
	(void)pthread_join(taker, NULL);
	puts("tcpcheck: ok");
	return 0;
}

int main(int argc, char **argv)
{
	checker_begin();
	own.wrong_flip = checker_wrong(argc, argv, "flip");
	own.wrong_lost = checker_wrong(argc, argv, "lost");
	if (argc > 3 && strcmp(argv[1], "run") == 0)
		return run(argv[2], (uint16_t)strtoul(argv[3], NULL, 10));
	if (argc > 2 && strcmp(argv[1], "serve") == 0)
		return serve((uint16_t)strtoul(argv[2], NULL, 10));
	puts("tcpcheck: FAILED: serve PORT, or run ADDRESS PORT");
	return 2;
}
