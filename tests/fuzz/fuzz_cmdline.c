/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/cmdline.h"

/* The input is a name, a NUL or the end, and a command line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = fuzz_text(data, bytes);
	size_t name_length = strlen(text);
	char *line = fuzz_text(data + (name_length < bytes ? name_length + 1 : bytes),
			       name_length < bytes ? bytes - name_length - 1 : 0);
	size_t length;
	const char *value = cmdline_get(line, text, &length);

	if (value != NULL) {
		FUZZ_CHECK(name_length != 0 && strstr(line, text) != NULL);
		FUZZ_CHECK(value >= line + name_length);
		FUZZ_CHECK(length <= strlen(line) - (size_t)(value - line));
	}
	free(line);
	free(text);
	return 0;
}
