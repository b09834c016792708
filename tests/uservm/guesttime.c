// SPDX-License-Identifier: BSD-2-Clause
/*
 * guesttime: how far the clock of this guest's Linux is from what the tools' interface says that
 * the host's is, in microseconds; positive: ahead. With an argument: steps the clock by so many
 * seconds first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/uservm/backdoor.h"

#define GETTIMEFULL 46

/* Of the host; the answer keeps w0. */
static int64_t host_us(void)
{
	struct backdoor r = {
		{BACKDOOR_MAGIC, 0, GETTIMEFULL, BACKDOOR_PORT, 0, 0, 0, BACKDOOR_LOW}};

	backdoor_call(&r);
	if ((uint32_t)r.x[0] != BACKDOOR_MAGIC) {
		puts("guesttime: the host does not tell");
		exit(1);
	}
	return (int64_t)((r.x[4] << 32 | (uint32_t)r.x[3]) * 1000000 + (uint32_t)r.x[1]);
}

static int64_t own_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The best of several looks: any of them may be interrupted between the two clocks. */
int main(int argc, char **argv)
{
	int64_t shortest = INT64_MAX, off = 0;

	if (argc > 1) {
		struct timespec t;

		(void)clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec += strtol(argv[1], NULL, 10);
		if (clock_settime(CLOCK_REALTIME, &t) != 0) {
			perror("guesttime");
			return 1;
		}
	}
	for (unsigned int i = 0; i < 9; i++) {
		int64_t before = own_us(), host = host_us(), after = own_us();

		if (after - before < shortest) {
			shortest = after - before;
			off = before + (after - before) / 2 - host;
		}
	}
	printf("guesttime: %lld us\n", (long long)off);
	return 0;
}
