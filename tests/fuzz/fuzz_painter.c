/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/painter_sim.h"

/*
 * Screens that clients write to, watched in turn through a painter, in any order and with any room:
 * the far terminal shows the screen in the end, and what the painter believes meanwhile.
 */
static void operate(struct sim *sim, struct fuzz_input *in)
{
	unsigned int op = fuzz_take(in, 1), screen = sim->watched;
	size_t count = op >> 4;

	if ((op & 1) != 0)
		screen = op % SIM_SCREENS;
	switch (op & 0xe) {
	case 0:
		sim_watch(sim, screen);
		break;
	case 2:
		op = fuzz_take(in, 1);
		sim_resize(sim, op, fuzz_take(in, 1) % 64, (count & 1) != 0);
		break;
	case 4:
		op = fuzz_take(in, 1);
		sim_resize_screen(sim, screen, op, fuzz_take(in, 1) % 64);
		break;
	case 6:
		sim_paint(sim, PAINTER_ROOM_MIN + 4 * count);
		break;
	case 8:
		sim_paint(sim, PAINTER_ROOM_MIN + 64 * count);
		break;
	default:
		count = 4 * count + 1;
		count = count < in->bytes ? count : in->bytes;
		sim_write(sim, screen, in->data, count);
		in->data += count;
		in->bytes -= count;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct sim *sim = sim_start((fuzz_take(&in, 1) & 1) != 0);

	while (in.bytes != 0)
		operate(sim, &in);
	sim_settle(sim, PAINTER_ROOM_MIN);
	return 0;
}
