// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/check.h"

#define VECTOR_TYPE(vector) ((vector)&3) /* 0 synchronous, 1 IRQ, 2 FIQ, 3 SError */

void exc_handle(struct exc_frame *frame, unsigned int vector);

static const char *const vector_names[] = {"synchronous", "IRQ", "FIQ", "SError"};

const char *exc_class_name(uint64_t esr)
{
	switch (ESR_EC(esr)) {
	case EC_UNKNOWN:
		return "undefined instruction";
	case EC_SYSREG:
		return "trapped system register";
	case EC_IABT_LOWER:
	case EC_IABT_SAME:
		return "instruction abort";
	case EC_DABT_LOWER:
	case EC_DABT_SAME:
		return "data abort";
	case EC_SERROR:
		return "SError";
	default:
		return "other";
	}
}

void fault_begin(void)
{
	struct cpu *c = cpu_this();

	c->fault.count = 0;
	c->fault.esr = 0;
	c->fault.far = 0;
	c->fault.elr = 0;
	__atomic_store_n(&c->expecting, true, __ATOMIC_SEQ_CST);
}

struct fault fault_end(void)
{
	struct cpu *c = cpu_this();

	dsb();
	isb();
	__atomic_store_n(&c->expecting, false, __ATOMIC_SEQ_CST);
	return c->fault;
}

static void __attribute__((noreturn)) fatal(const struct exc_frame *frame, unsigned int vector)
{
	unsigned int i;

	print("\nFATAL: unexpected %s exception (%s) on CPU %lu, vector %u\n",
	      vector_names[VECTOR_TYPE(vector)], exc_class_name(frame->esr), cpu_this()->index,
	      vector);
	print("esr %016lx far %016lx elr %016lx (image+%lx) spsr %lx sp %lx\n", frame->esr,
	      frame->far, frame->elr, frame->elr - guest_image_base, frame->spsr, frame->sp);
	for (i = 0; i < 31; i++)
		print("x%u %016lx%s", i, frame->x[i], i % 4 == 3 ? "\n" : "  ");
	print("\n");
	check_fail("exception", (int)vector, "no unexpected exception", 0, frame->esr);
	check_done();
}

static bool fault_record(struct exc_frame *frame, unsigned int vector)
{
	struct cpu *c = cpu_this();
	uint64_t ec = ESR_EC(frame->esr);

	if (!c->expecting)
		return false;
	if (c->fault.count++ == 0) {
		c->fault.esr = frame->esr;
		c->fault.far = frame->far;
		c->fault.elr = frame->elr;
	}
	if (VECTOR_TYPE(vector) == 3)
		return true; /* imprecise: the instruction is not to be skipped */
	if (ec == EC_IABT_SAME || ec == EC_PC_ALIGN)
		frame->elr = frame->x[30];
	else if (ec != EC_SVC64 && ec != EC_HVC64)
		frame->elr += 4;
	return true;
}

void exc_handle(struct exc_frame *frame, unsigned int vector)
{
	struct cpu *c = cpu_this();

	if (VECTOR_TYPE(vector) == 1 || VECTOR_TYPE(vector) == 2) {
		if (!c->irq_hook)
			fatal(frame, vector);
		c->irq_hook(VECTOR_TYPE(vector) == 2);
		return;
	}
	if (c->sync_hook && c->sync_hook(frame, vector))
		return;
	if (!fault_record(frame, vector))
		fatal(frame, vector);
}
