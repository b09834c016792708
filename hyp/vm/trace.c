/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each CPU writes its own counts and its own ring, without a lock; `head` goes up after a record is
 * there. Readers look at head again behind their copy: what may have been overwritten meanwhile is
 * passed over.
 */
#include "hyp/vm/trace.h"

#include "arch/aarch64/barrier.h"
#include "hyp/core/crosscall.h"
#include "hyp/core/mem.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/inspect.h"
#include "hyp/vm/slot.h"
#include "lib/esr.h"

#include <string.h>

/* arch/aarch64/vectors.S */
extern const char vectors[], vectors_traced[];

/* hyp/vm/exit.c; vectors.S calls those below in their place. */
struct vcpu *exit_sync(struct vcpu *vcpu, uint64_t esr);
struct vcpu *exit_irq(struct vcpu *vcpu, uint64_t esr);
struct vcpu *exit_fiq(struct vcpu *vcpu, uint64_t esr);
struct vcpu *exit_serror(struct vcpu *vcpu, uint64_t esr);
struct vcpu *trace_exit_sync(struct vcpu *vcpu, uint64_t esr);
struct vcpu *trace_exit_irq(struct vcpu *vcpu, uint64_t esr);
struct vcpu *trace_exit_fiq(struct vcpu *vcpu, uint64_t esr);
struct vcpu *trace_exit_serror(struct vcpu *vcpu, uint64_t esr);

struct watch {
	uint64_t head; /* records ever written */
	struct trace_count count[2][TRACE_REASONS];
	struct trace_record ring[TRACE_RING];
};

_Static_assert(sizeof(struct trace_record) == 32, "small enough to keep many");

static struct watch *watches[BOOT_MAX_CPUS];
static unsigned int mode_now;

void trace_init(void)
{
	uint32_t i;

	for (i = 0; i < percpu_count(); i++)
		watches[i] = mem_new(struct watch);
}

/* --- on and off --- */

static void set_here(void *arg)
{
	unsigned int mode = *(const unsigned int *)arg, comes = mode & ~mode_now;
	struct watch *w = watches[percpu_this()->index];

	if (comes & TRACE_COUNTS)
		memset(w->count, 0, sizeof(w->count));
	if (comes & TRACE_RECORDS)
		__atomic_store_n(&w->head, 0, __ATOMIC_RELEASE);
	sysreg_write(vbar_el2, mode ? vectors_traced : vectors);
	isb();
}

enum err trace_set(unsigned int mode)
{
	enum err err = ERR_OK;
	uint32_t i;

	for (i = 0; i < percpu_count(); i++) {
		if (crosscall(i, set_here, &mode) != ERR_OK)
			err = ERR_BUSY;
	}
	__atomic_store_n(&mode_now, mode, __ATOMIC_RELAXED);
	return err;
}

unsigned int trace_get(void)
{
	return mode_now;
}

/* --- exits --- */

static void begin(struct trace_record *r, const struct vcpu *vcpu, uint64_t esr,
		  unsigned int reason)
{
	const struct percpu *p = percpu_this();

	r->reason = (uint8_t)reason;
	r->esr = reason < TRACE_IRQ ? (uint32_t)esr : 0;
	r->page = reason == ESR_EC_DATA_ABORT_LOWER || reason == ESR_EC_INSN_ABORT_LOWER
			  ? (uint32_t)bits_get(sysreg_read(hpfar_el2), 43, 4)
			  : 0;
	r->pc = sysreg_read(elr_el2);
	r->vm = (uint8_t)(vcpu->vm->is_user ? uvm_of(vcpu)->slot : INSPECT_SERVICE_VM);
	r->vcpu = (uint8_t)vcpu->index;
	r->cpu = (uint8_t)p->index;
	r->time = sysreg_read(cntpct_el0) - p->slept_ticks;
}

static void end(struct trace_record *r)
{
	const struct percpu *p = percpu_this();
	struct watch *w = watches[p->index];
	struct trace_count *count = &w->count[r->vm != INSPECT_SERVICE_VM][r->reason];
	uint64_t ticks = sysreg_read(cntpct_el0) - p->slept_ticks - r->time;

	if (mode_now & TRACE_COUNTS) {
		__atomic_store_n(&count->exits, count->exits + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&count->ticks, count->ticks + ticks, __ATOMIC_RELAXED);
	}
	if (mode_now & TRACE_RECORDS) {
		r->ticks = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
		r->time += p->slept_ticks;
		w->ring[w->head % TRACE_RING] = *r;
		__atomic_store_n(&w->head, w->head + 1, __ATOMIC_RELEASE);
	}
}

struct vcpu *trace_exit_sync(struct vcpu *vcpu, uint64_t esr)
{
	struct trace_record r;

	begin(&r, vcpu, esr, esr_class(esr));
	vcpu = exit_sync(vcpu, esr);
	end(&r);
	return vcpu;
}

struct vcpu *trace_exit_irq(struct vcpu *vcpu, uint64_t esr)
{
	struct trace_record r;

	begin(&r, vcpu, esr, TRACE_IRQ);
	vcpu = exit_irq(vcpu, esr);
	end(&r);
	return vcpu;
}

struct vcpu *trace_exit_fiq(struct vcpu *vcpu, uint64_t esr)
{
	struct trace_record r;

	begin(&r, vcpu, esr, TRACE_FIQ);
	vcpu = exit_fiq(vcpu, esr);
	end(&r);
	return vcpu;
}

struct vcpu *trace_exit_serror(struct vcpu *vcpu, uint64_t esr)
{
	struct trace_record r;

	begin(&r, vcpu, esr, TRACE_SERROR);
	vcpu = exit_serror(vcpu, esr);
	end(&r);
	return vcpu;
}

/* --- reading --- */

struct trace_count trace_count(bool is_user, unsigned int reason)
{
	struct trace_count sum = {0, 0};
	uint32_t i;

	for (i = 0; i < percpu_count(); i++) {
		const struct trace_count *count = &watches[i]->count[is_user][reason];

		sum.exits += __atomic_load_n(&count->exits, __ATOMIC_RELAXED);
		sum.ticks += __atomic_load_n(&count->ticks, __ATOMIC_RELAXED);
	}
	return sum;
}

const char *trace_reason_name(unsigned int reason)
{
	static const char *const others[] = {"IRQ", "FIQ", "SError"};

	return reason < TRACE_IRQ ? esr_class_name((enum esr_ec)reason)
				  : others[(reason - TRACE_IRQ) % ARRAY_SIZE(others)];
}

bool trace_read(uint32_t cpu, uint64_t *number, struct trace_record *to)
{
	const struct watch *w = watches[cpu];
	uint64_t n = *number;
	uint64_t head;

	for (;;) {
		head = __atomic_load_n(&w->head, __ATOMIC_ACQUIRE);
		if (n >= head)
			return false;
		if (head - n >= TRACE_RING) /* the slot of the oldest is being written, maybe */
			n = head - TRACE_RING + 1;
		*to = w->ring[n % TRACE_RING];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&w->head, __ATOMIC_RELAXED) - n < TRACE_RING)
			break;
	}
	*number = n + 1;
	return true;
}

uint64_t trace_head(uint32_t cpu)
{
	return __atomic_load_n(&watches[cpu]->head, __ATOMIC_ACQUIRE);
}
