/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_DTC_H
#define TESTS_UNIT_DTC_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/bits.h"
#include "tests/unit/unit.h"

#define BLOB_MAX KIB(64)

struct blob {
	uint8_t *data;
	size_t bytes;
};

/* What dtc makes of its input; to be freed. */
static inline struct blob dtc(const char *arguments, const void *input, size_t bytes)
{
	char path[] = "/tmp/test_dtc.XXXXXX", command[128];
	int fd = mkstemp(path);
	struct blob b = {.data = malloc(BLOB_MAX)};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, input, bytes), bytes);
	close(fd);
	snprintf(command, sizeof(command), "dtc -q %s %s", arguments, path);

	FILE *f = popen(command, "r");

	assert_non_null(f);
	b.bytes = fread(b.data, 1, BLOB_MAX, f);
	assert_int_equal(pclose(f), 0);
	unlink(path);
	return b;
}

#endif
