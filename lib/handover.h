/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_HANDOVER_H
#define LIB_HANDOVER_H

#include "lib/bits.h"

/*
 * Which of two hosts runs a VM that moves: the rules by which both sides of a migration decide,
 * whatever is lost or dies. There is at most one at any moment, and while nobody dies there is one
 * in the end. A side tells an event and does what it gets back, in the order of the bits.
 *
 * The source may go on with its VM until it sends COMMIT. From then on only the target knows, and
 * what it knows is a record on its host that is written once and stays: HERE or NOT. The target
 * writes HERE before the first instruction; whoever asks on behalf of a source in doubt writes NOT
 * when there is nothing yet, and answers by what is there. So a COMMIT that comes late finds NOT,
 * and a source that asks late finds HERE, also when that VM has ended since.
 */

enum handover_decision {
	HANDOVER_OPEN = 0, /* nobody has decided */
	HANDOVER_HERE,     /* it was handed over to this host */
	HANDOVER_NOT,      /* it never will be */
};

/* The record: what was decided first stays. Returns what holds. */
enum handover_decision handover_decide(enum handover_decision *record,
				       enum handover_decision wanted);

/* ---- the host that the VM leaves --------------------------------------------------------- */

enum handover_source {
	SOURCE_RUNS = 0,  /* here, as ever; nothing is under way, or it came to nothing */
	SOURCE_OFFERS,    /* the other side thinks about it; the VM runs */
	SOURCE_COPIES,    /* the VM runs, and its memory is sent */
	SOURCE_STOPPED,   /* it is paused, the rest is sent */
	SOURCE_COMMITTED, /* it may run over there */
	SOURCE_DOUBT,     /* so it may, and nobody says: paused until somebody does */
	SOURCE_GONE,      /* it runs over there */
	SOURCE_STATES,
};

enum handover_source_event {
	SOURCE_EV_BEGIN = 0, /* somebody wants it */
	SOURCE_EV_ACCEPT,    /* the other side takes it */
	SOURCE_EV_STOP,      /* little enough is left */
	SOURCE_EV_READY,     /* the other side has all, and waits for COMMIT */
	SOURCE_EV_RUNNING,   /* it runs there */
	SOURCE_EV_FAILED,    /* the other side says that it does not and will not */
	SOURCE_EV_CUT,       /* no connection any more, or nothing sensible from it */
	SOURCE_EV_CANCEL,    /* somebody wants it no more, or something failed here */
	SOURCE_EV_HERE,      /* the answer to a question: it was handed over */
	SOURCE_EV_NOT,       /* it was not, and will not be */
	SOURCE_EV_FORCE,     /* the operator's word for that */
	SOURCE_EVENTS,
};

#define SOURCE_DO_OFFER  BIT(0)
#define SOURCE_DO_COPY   BIT(1)
#define SOURCE_DO_PAUSE  BIT(2)
#define SOURCE_DO_FINISH BIT(3) /* sends the rest, and END */
#define SOURCE_DO_COMMIT BIT(4) /* sends it */
#define SOURCE_DO_HANG   BIT(5) /* closes the connection */
#define SOURCE_DO_ASK    BIT(6) /* by new connections, until there is an answer */
#define SOURCE_DO_RESUME BIT(7)
#define SOURCE_DO_END    BIT(8) /* of the VM here, without another write to its disks */

/* The state after it; *todo: what is due. What does not fit the state changes nothing. */
enum handover_source handover_source_step(enum handover_source state,
					  enum handover_source_event event, uint32_t *todo);
/* May its vCPUs run in this state? */
bool handover_source_runs(enum handover_source state);

/* ---- the host that it comes to ----------------------------------------------------------- */

enum handover_target {
	TARGET_WAITS = 0, /* for an offer */
	TARGET_LOADS,
	TARGET_READY,   /* all is there, and it waits for COMMIT */
	TARGET_CLAIMS,  /* COMMIT has come; the record is being written */
	TARGET_RUNS,    /* and is nobody else's */
	TARGET_DROPPED, /* it has nothing of the VM any more */
	TARGET_STATES,
};

enum handover_target_event {
	TARGET_EV_OFFER = 0, /* one that it can take */
	TARGET_EV_LOADED,    /* END has come, all is there and was checked */
	TARGET_EV_COMMIT,
	TARGET_EV_CLAIMED, /* the record says HERE */
	TARGET_EV_LOST,    /* it says NOT, or cannot be written */
	TARGET_EV_FAILED,  /* something cannot be done here */
	TARGET_EV_CUT,     /* no connection any more */
	TARGET_EVENTS,
};

#define TARGET_DO_ACCEPT  BIT(0) /* sends it */
#define TARGET_DO_READY   BIT(1) /* sends it */
#define TARGET_DO_CLAIM   BIT(2) /* handover_decide(HERE) */
#define TARGET_DO_RUN     BIT(3)
#define TARGET_DO_RUNNING BIT(4) /* sends it */
#define TARGET_DO_DROP    BIT(5)
#define TARGET_DO_FAILED  BIT(6) /* sends it, with the reason */

enum handover_target handover_target_step(enum handover_target state,
					  enum handover_target_event event, uint32_t *todo);

#endif
