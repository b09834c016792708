// SPDX-License-Identifier: BSD-2-Clause
#include "lib/handover.h"

/* What becomes of a state by an event. No entry: nothing. */
struct step {
	uint8_t is; /* this is an entry */
	uint8_t next;
	uint16_t todo;
};

#define TO(state, what)                                                                            \
	{                                                                                          \
		.is = 1, .next = (state), .todo = (what)                                           \
	}

enum handover_decision handover_decide(enum handover_decision *record,
				       enum handover_decision wanted)
{
	if (*record == HANDOVER_OPEN)
		*record = wanted;
	return *record;
}

/* Nothing that comes after COMMIT leads back to a VM that runs here but the target's own word. */
static const struct step source_table[SOURCE_STATES][SOURCE_EVENTS] = {
	[SOURCE_RUNS] = {[SOURCE_EV_BEGIN] = TO(SOURCE_OFFERS, SOURCE_DO_OFFER)},
	[SOURCE_OFFERS] = {[SOURCE_EV_ACCEPT] = TO(SOURCE_COPIES, SOURCE_DO_COPY),
			   [SOURCE_EV_FAILED] = TO(SOURCE_RUNS, SOURCE_DO_HANG),
			   [SOURCE_EV_CUT] = TO(SOURCE_RUNS, SOURCE_DO_HANG),
			   [SOURCE_EV_CANCEL] = TO(SOURCE_RUNS, SOURCE_DO_HANG)},
	[SOURCE_COPIES] = {[SOURCE_EV_STOP] =
				   TO(SOURCE_STOPPED, SOURCE_DO_PAUSE | SOURCE_DO_FINISH),
			   [SOURCE_EV_FAILED] = TO(SOURCE_RUNS, SOURCE_DO_HANG),
			   [SOURCE_EV_CUT] = TO(SOURCE_RUNS, SOURCE_DO_HANG),
			   [SOURCE_EV_CANCEL] = TO(SOURCE_RUNS, SOURCE_DO_HANG)},
	[SOURCE_STOPPED] = {[SOURCE_EV_READY] = TO(SOURCE_COMMITTED, SOURCE_DO_COMMIT),
			    [SOURCE_EV_FAILED] = TO(SOURCE_RUNS, SOURCE_DO_HANG | SOURCE_DO_RESUME),
			    [SOURCE_EV_CUT] = TO(SOURCE_RUNS, SOURCE_DO_HANG | SOURCE_DO_RESUME),
			    [SOURCE_EV_CANCEL] =
				    TO(SOURCE_RUNS, SOURCE_DO_HANG | SOURCE_DO_RESUME)},
	[SOURCE_COMMITTED] = {[SOURCE_EV_RUNNING] = TO(SOURCE_GONE, SOURCE_DO_HANG | SOURCE_DO_END),
			      [SOURCE_EV_FAILED] =
				      TO(SOURCE_RUNS, SOURCE_DO_HANG | SOURCE_DO_RESUME),
			      [SOURCE_EV_CUT] = TO(SOURCE_DOUBT, SOURCE_DO_HANG | SOURCE_DO_ASK)},
	[SOURCE_DOUBT] = {[SOURCE_EV_HERE] = TO(SOURCE_GONE, SOURCE_DO_END),
			  [SOURCE_EV_NOT] = TO(SOURCE_RUNS, SOURCE_DO_RESUME),
			  [SOURCE_EV_FORCE] = TO(SOURCE_RUNS, SOURCE_DO_RESUME)},
};

static const struct step target_table[TARGET_STATES][TARGET_EVENTS] = {
	[TARGET_WAITS] = {[TARGET_EV_OFFER] = TO(TARGET_LOADS, TARGET_DO_ACCEPT),
			  [TARGET_EV_FAILED] =
				  TO(TARGET_DROPPED, TARGET_DO_DROP | TARGET_DO_FAILED),
			  [TARGET_EV_CUT] = TO(TARGET_DROPPED, TARGET_DO_DROP)},
	[TARGET_LOADS] = {[TARGET_EV_LOADED] = TO(TARGET_READY, TARGET_DO_READY),
			  [TARGET_EV_FAILED] =
				  TO(TARGET_DROPPED, TARGET_DO_DROP | TARGET_DO_FAILED),
			  [TARGET_EV_CUT] = TO(TARGET_DROPPED, TARGET_DO_DROP)},
	[TARGET_READY] = {[TARGET_EV_COMMIT] = TO(TARGET_CLAIMS, TARGET_DO_CLAIM),
			  [TARGET_EV_FAILED] =
				  TO(TARGET_DROPPED, TARGET_DO_DROP | TARGET_DO_FAILED),
			  [TARGET_EV_CUT] = TO(TARGET_DROPPED, TARGET_DO_DROP)},
	[TARGET_CLAIMS] = {[TARGET_EV_CLAIMED] = TO(TARGET_RUNS, TARGET_DO_RUN | TARGET_DO_RUNNING),
			   [TARGET_EV_LOST] =
				   TO(TARGET_DROPPED, TARGET_DO_DROP | TARGET_DO_FAILED)},
};

enum handover_source handover_source_step(enum handover_source state,
					  enum handover_source_event event, uint32_t *todo)
{
	const struct step *step = &source_table[state][event];

	*todo = step->todo;
	return step->is ? (enum handover_source)step->next : state;
}

bool handover_source_runs(enum handover_source state)
{
	return state == SOURCE_RUNS || state == SOURCE_OFFERS || state == SOURCE_COPIES;
}

enum handover_target handover_target_step(enum handover_target state,
					  enum handover_target_event event, uint32_t *todo)
{
	const struct step *step = &target_table[state][event];

	*todo = step->todo;
	return step->is ? (enum handover_target)step->next : state;
}
