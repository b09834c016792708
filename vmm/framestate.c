// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/framestate.h"

#include "abi/snapshot.h"

_Static_assert(ARRAY_SIZE(((struct snapshot_timer_frame *)0)->reg) == CAISSON_FRAME_REGS, "all");

enum err framestate_save(const struct hyp_token *token, struct stream *s)
{
	struct snapshot_timer_frame state;
	enum caisson_status status = CAISSON_OK;

	for (uint32_t i = 0; status == CAISSON_OK && i < CAISSON_FRAME_REGS; i++)
		status = hyp_frame_get(token, (enum caisson_frame_reg)i, &state.reg[i]);
	if (status != CAISSON_OK)
		return stream_fail(s, ERR_INVALID, "its timer: %s", hyp_status_text(status));
	return stream_write(s, SNAPSHOT_TIMER_FRAME, 0, 1, &state, sizeof(state));
}

enum err framestate_load(const struct hyp_token *token, struct stream *s,
			 const struct stream_section *section)
{
	struct snapshot_timer_frame state;
	enum caisson_status status = CAISSON_OK;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	for (uint32_t i = 0; status == CAISSON_OK && i < CAISSON_FRAME_REGS; i++)
		status = hyp_frame_set(token, (enum caisson_frame_reg)i, state.reg[i]);
	if (status != CAISSON_OK)
		return stream_fail(s, ERR_INVALID, "its timer: %s", hyp_status_text(status));
	return ERR_OK;
}
