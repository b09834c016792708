/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/gdb_mock.h"

static struct mock mock;

/* A whole reply of the server's is taken for one by its own receiver. */
static void check_sent(void)
{
	static struct gdbproto_receiver receiver;

	memset(&receiver, 0, sizeof(receiver));
	for (size_t i = 0; i < mock.sent_bytes; i++)
		FUZZ_CHECK(gdbproto_receive(&receiver, (uint8_t)mock.sent[i]) != GDBPROTO_BROKEN);
	FUZZ_CHECK(receiver.state == GDBPROTO_IDLE);
	mock.sent_bytes = 0;
}

/*
 * The input is a line: bytes as they are, but that 0xff makes the VM stop, 0xfe ends it, and 0xfd
 * closes a packet with the checksum that it has.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";

	mock_init(&mock);
	for (size_t i = 0; i < bytes; i++) {
		uint8_t sum = mock.server.receiver.sum;
		uint8_t end[3] = {'#', (uint8_t)digits[sum >> 4], (uint8_t)digits[sum & 15]};

		if (data[i] == 0xff) {
			mock_stopped(&mock, (enum gdbserver_cause)(i % 5), i & 2);
		} else if (data[i] == 0xfe && mock.attached >= 0) {
			mock.has_ended = true;
			mock.attached = -1;
			gdbserver_gone(&mock.server);
		} else if (data[i] == 0xfd) {
			gdbserver_input(&mock.server, end, sizeof(end));
		} else {
			gdbserver_input(&mock.server, &data[i], 1);
		}
		FUZZ_CHECK(!mock.violation);
		check_sent();
	}
	return 0;
}
