/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/portinput.h"
#include "lib/termkey.h"

#define MAX_BYTES 4096

/* The raw bytes of all tokens are what came in. */
static void check_tokens(const uint8_t *data, size_t bytes)
{
	struct termkey_token token;
	struct termkey keys;
	size_t at = 0;
	const uint8_t *next = data;
	size_t left = bytes;

	termkey_init(&keys);
	while (termkey_next(&keys, &next, &left, &token) || termkey_flush(&keys, &token)) {
		FUZZ_CHECK(token.count > 0 && token.count <= bytes - at);
		FUZZ_CHECK(memcmp(data + at, token.raw, token.count) == 0);
		FUZZ_CHECK(token.kind != TERMKEY_TEXT ||
			   (token.code >= 0x20 && token.code != 0x7f && token.code <= 0x10ffff));
		at += token.count;
	}
	FUZZ_CHECK(at == bytes);
}

/* Chunks of input, with the caller's flags set anyhow. Nothing comes out that did not come in. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct portinput_event event;
	struct portinput p;
	size_t given = 0, got = 0;

	if (bytes > MAX_BYTES)
		return 0;
	check_tokens(data, bytes);
	portinput_init(&p, 7);
	while (in.bytes != 0) {
		uint64_t op = fuzz_take(&in, 1);
		size_t count = op >> 3 < in.bytes ? op >> 3 : in.bytes;
		const uint8_t *next = in.data;

		p.has_view = op & 1;
		p.expects = op & 2;
		in.data += count;
		in.bytes -= count;
		given += count;
		while (portinput_next(&p, &next, &count, &event))
			got += event.kind == PORTINPUT_BYTES ? event.count : 1;
		FUZZ_CHECK(count == 0 && next == in.data);
		if ((op & 4) && portinput_flush(&p, &event))
			got += event.kind == PORTINPUT_BYTES ? event.count : 1;
		FUZZ_CHECK(got <= given);
	}
	return 0;
}
