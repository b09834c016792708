/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_FRAMESTATE_H
#define VMM_FRAMESTATE_H

#include "vmm/hyp.h"
#include "vmm/stream.h"

/* The memory-mapped timer of a VM that does not run, in a stream: SNAPSHOT_TIMER_FRAME. */

enum err framestate_save(const struct hyp_token *token, struct stream *s) MUST_CHECK;
/* After time and interrupts; checked whole by EL2, register by register. */
enum err framestate_load(const struct hyp_token *token, struct stream *s,
			 const struct stream_section *section) MUST_CHECK;

#endif
