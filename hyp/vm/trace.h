/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_TRACE_H
#define HYP_VM_TRACE_H

#include "lib/bits.h"
#include "lib/err.h"

/*
 * Watching exits: how many there are of each kind and how long EL2 takes for them, and a trace of
 * the last ones. Off, it costs nothing, not an instruction: each CPU has a second vector table,
 * whose entries come here first, and VBAR_EL2 says which one counts. On, it costs about 60
 * instructions for each exit, 90 with the trace.
 *
 * Times are in ticks of CNTPCT_EL0, the cycle counter being the service VM's. What a CPU slept in
 * EL2 is not in them.
 */
enum trace_mode { TRACE_COUNTS = 1, TRACE_RECORDS = 2 };

/* By exception class of ESR_EL2 (lib/esr.h), and behind these: */
enum trace_reason { TRACE_IRQ = 64, TRACE_FIQ, TRACE_SERROR, TRACE_REASONS };

#define TRACE_RING 512 /* records that each CPU keeps */

struct trace_record {
	uint64_t time; /* CNTPCT_EL0 at the exit */
	uint64_t pc;
	uint32_t esr;   /* bits 31:0 of ESR_EL2; interrupts: 0 */
	uint32_t ticks; /* in EL2 */
	uint32_t page;  /* aborts: IPA bits 43:12 */
	uint8_t reason; /* enum trace_reason, or exception class */
	uint8_t vm;     /* as hyp/vm/inspect.h numbers them */
	uint8_t vcpu;
	uint8_t cpu;
};

struct trace_count {
	uint64_t exits;
	uint64_t ticks;
};

/* Boot CPU, once, while memory can be allocated. */
void trace_init(void);

/*
 * Sets what is watched: enum trace_mode, 0 for nothing. What comes new begins at 0. ERR_BUSY: a CPU
 * did not answer; the others have it. Any CPU, no lock held, one caller at a time.
 */
enum err trace_set(unsigned int mode) MUST_CHECK;
unsigned int trace_get(void);

/* Of all CPUs together: exits of the service VM, or of all user VMs. Any CPU, at any time. */
struct trace_count trace_count(bool is_user, unsigned int reason);
const char *trace_reason_name(unsigned int reason);

/*
 * The CPU's record number *number, or the first after it that is kept still; *number is then the
 * one after. False: there is none (yet). Records are numbered from 0.
 */
bool trace_read(uint32_t cpu, uint64_t *number, struct trace_record *to);

/* How many records the CPU has written: the number of the next. */
uint64_t trace_head(uint32_t cpu);

#endif
