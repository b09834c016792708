/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/lineedit.h"

/* Tokens of any kind and value, candidates of any length, any width. */
static size_t written;

static void count(void *ctx, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		FUZZ_CHECK(text[i] != 0);
	written += bytes;
}

static const char *offer(void *ctx, const char *line, size_t start, size_t length, unsigned int n)
{
	static char word[600];

	FUZZ_CHECK(start + length < LINEEDIT_BYTES);
	if (n == 1 + start % 80)
		return NULL;
	memset(word, 'a', sizeof(word) - 1);
	memcpy(word, line + start, length);
	word[(length * 7 + n) % sizeof(word)] = 0;
	return word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct lineedit_client client = {.write = count, .candidate = offer};
	static struct lineedit e;
	struct fuzz_input in = {data, bytes};

	lineedit_init(&e, &client);
	lineedit_columns(&e, (unsigned int)fuzz_take(&in, 2));
	lineedit_begin(&e, "prompt> ");
	while (in.bytes > 0) {
		uint8_t kind = (uint8_t)fuzz_take(&in, 1);
		struct termkey_token key = {
			.kind = kind % 8,
			.modifiers = kind >> 5,
			.code = (uint32_t)fuzz_take(&in, kind & 8 ? 4 : 1),
		};
		enum lineedit_event event;

		written = 0;
		event = lineedit_key(&e, &key);
		FUZZ_CHECK(written < 48 * KIB(1));
		FUZZ_CHECK(e.length < LINEEDIT_BYTES && e.line[e.length] == 0);
		FUZZ_CHECK(e.cursor <= e.length && e.first <= e.cursor);
		FUZZ_CHECK(memchr(e.line, 0, LINEEDIT_BYTES) == e.line + e.length);
		if (event == LINEEDIT_LINE)
			lineedit_keep(&e);
		if (event == LINEEDIT_LINE || event == LINEEDIT_QUIT)
			lineedit_begin(&e, "> ");
	}
	return 0;
}
