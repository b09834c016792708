/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/gtchannel_sim.h"

/*
 * The input is calls: a type, an end and a value. Ends know the cookies of the channels that they
 * opened, or what is left of them. Memory of ASan's says whether a message is overrun.
 */

#define ENDS 6

struct end {
	uint16_t id;
	uint32_t cookie[2];
};

static void high(struct sim *sim, const struct gtchannel_call *call, uint64_t now_ms)
{
	const uint8_t *out;
	uint8_t *in;

	in = gtchannel_send(&sim->channels, call, call->value);
	if (in != NULL) {
		memset(in, 'h', call->value);
		gtchannel_sent(&sim->channels, call->id, now_ms);
	}
	out = gtchannel_receive(&sim->channels, call, call->value);
	if (out != NULL) {
		uint8_t *copy = malloc(call->value);

		memcpy(copy, out, call->value);
		free(copy);
		gtchannel_received(&sim->channels, call->id, now_ms);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct sim sim;
	struct fuzz_input in = {data, bytes};
	struct end end[ENDS] = {{0}};
	uint64_t now_ms = 0;

	sim_init(&sim, 1);
	while (in.bytes != 0) {
		uint64_t what = fuzz_take(&in, 1);
		struct end *e = &end[what / 16 % ENDS];
		struct gtchannel_call call = {.type = (uint16_t)(what % 16), .id = e->id};
		struct gtchannel_answer a;

		memcpy(call.cookie, e->cookie, sizeof(call.cookie));
		call.value = (uint32_t)fuzz_take(&in, what % 3 + 1);
		now_ms += what == 0xff ? GTCHANNEL_STALE_MS : 1;
		if (call.type == 15)
			e->cookie[0] ^= 1;
		if (call.type == 14)
			e->id = (uint16_t)call.value;
		if (call.type == 8) {
			high(&sim, &call, now_ms);
			continue;
		}
		if (call.type == GTCHANNEL_OPEN)
			call.value = (call.value & 1 ? GTCHANNEL_RPCI : GTCHANNEL_TCLO) |
				     GTCHANNEL_WITH_COOKIE;
		a = gtchannel_call(&sim.channels, &call, now_ms);
		if (a.has_cookie) {
			e->id = a.tag;
			memcpy(e->cookie, a.cookie, sizeof(e->cookie));
		}
		FUZZ_CHECK(sim.open <= GTCHANNEL_COUNT && sim.allocated <= 2 * sim.open);
	}
	gtchannel_reset(&sim.channels);
	FUZZ_CHECK(sim.open == 0 && sim.allocated == 0);
	return 0;
}
