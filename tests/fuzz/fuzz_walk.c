/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/walk.h"

/* Control registers, address and every descriptor are the input's. */
static bool read_input(void *ctx, uint64_t address, uint64_t *value)
{
	struct fuzz_input *in = ctx;

	FUZZ_CHECK(bits_is_aligned(address, 8) && address >> 48 == 0);
	*value = fuzz_take(in, 8);
	return fuzz_take(in, 1) % 16 != 15;
}

static void check(const struct walk *w, uint64_t input)
{
	FUZZ_CHECK(w->steps <= WALK_STEPS);
	for (unsigned int i = 0; i < w->steps; i++)
		FUZZ_CHECK(w->step[i].level <= 3 &&
			   (i == 0 || w->step[i].level == w->step[i - 1].level + 1));
	if (w->end != WALK_DONE)
		return;
	FUZZ_CHECK(w->steps >= 1 && w->output >> 48 == 0);
	FUZZ_CHECK(w->bytes >= w->granule_bytes && (w->bytes & (w->bytes - 1)) == 0);
	FUZZ_CHECK((w->output & (w->bytes - 1)) == (input & (w->bytes - 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct walk_memory memory = {read_input, &in};
	uint64_t input = fuzz_take(&in, 8), control = fuzz_take(&in, 8);
	uint64_t ttbr[2];
	struct walk w;

	ttbr[0] = fuzz_take(&in, 8);
	ttbr[1] = fuzz_take(&in, 8);
	if (fuzz_take(&in, 1) & 1)
		walk_stage1(&w, ttbr, control, input, &memory);
	else
		walk_stage2(&w, ttbr[0], control, input, &memory);
	check(&w, input);
	return 0;
}
