/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/upages_sim.h"

/* A tracked block under any order of events: tests/unit/upages_sim.h has the account. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct upages_sim sim;
	struct fuzz_input in = {data, bytes};
	uint64_t how = fuzz_take(&in, 1);

	upages_sim_start(&sim, 1 + fuzz_take(&in, 2), how & 1,
			 (struct ublock_needs){how & 2, how & 4, how & 8});
	while (in.bytes != 0) {
		uint64_t what = fuzz_take(&in, 1), page = fuzz_take(&in, 2);

		FUZZ_CHECK(upages_sim_step(&sim, what, page, what / 16) == NULL);
	}
	FUZZ_CHECK(upages_sim_read(&sim) == NULL);
	return 0;
}
