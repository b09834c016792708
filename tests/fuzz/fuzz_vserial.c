/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/vserial.h"

/*
 * Control messages of any length and content between those that the device sends: it sends few,
 * never longer than they may be, and its state stays one of those that there are.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	uint8_t message[VSERIAL_MESSAGE_BYTES];
	struct vserial s;

	vserial_init(&s, "org.example.0");
	while (in.bytes != 0) {
		size_t length = fuzz_take(&in, 1) % 12;

		if (length > in.bytes)
			length = in.bytes;

		uint8_t *copy = malloc(length != 0 ? length : 1); /* the sanitizer knows its end */

		memcpy(copy, in.data, length);
		in.data += length;
		in.bytes -= length;
		vserial_take(&s, copy, length);
		free(copy);
		FUZZ_CHECK(!s.open || (s.port_ready && s.device_ready));
		if ((fuzz_take(&in, 1) & 1) == 0)
			continue;
		for (int i = 0; i < 3; i++) {
			size_t sent = vserial_next(&s, message);

			FUZZ_CHECK(sent == 0 ||
				   (sent >= VSERIAL_TAKE_BYTES && sent <= VSERIAL_MESSAGE_BYTES));
		}
		FUZZ_CHECK(!vserial_has_due(&s));
	}
	return 0;
}
