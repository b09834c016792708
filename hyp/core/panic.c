/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/core/panic.h"

#include "arch/aarch64/asm_offsets.h"
#include "arch/aarch64/barrier.h"
#include "hyp/core/crosscall.h"
#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/core/percpu.h"
#include "lib/esr.h"
#include "lib/fmt.h"

#define BACKTRACE_FRAMES 16

/* What panic_entry in arch/aarch64/vectors.S leaves. */
_Static_assert(offsetof(struct panic_frame, sp) == PANIC_SP, "vectors.S");
_Static_assert(offsetof(struct panic_frame, elr) == PANIC_ELR, "vectors.S");
_Static_assert(offsetof(struct panic_frame, spsr) == PANIC_SPSR, "vectors.S");
_Static_assert(offsetof(struct panic_frame, esr) == PANIC_ESR, "vectors.S");
_Static_assert(offsetof(struct panic_frame, far) == PANIC_FAR, "vectors.S");
_Static_assert(sizeof(struct panic_frame) == PANIC_FRAME_BYTES, "vectors.S");

void panic_exception(const struct panic_frame *frame, unsigned int kind) __attribute__((noreturn));

static panic_sink_fn *panic_sink;
static panic_end_fn *panic_end;
static struct panic_frame was;
static uint32_t panicking; /* 1 + index of the CPU that reports */

void panic_set_sink(panic_sink_fn *sink)
{
	panic_sink = sink;
}

void panic_set_end(panic_end_fn *end)
{
	panic_end = end;
}

const struct panic_frame *panic_frame(void)
{
	return &was;
}

static void halt(void) __attribute__((noreturn));
static void halt(void)
{
	for (;;)
		wfi();
}

void panic_check(void)
{
	if (__atomic_load_n(&panicking, __ATOMIC_RELAXED))
		halt();
}

/* One CPU reports; a second panic, on any CPU, ends in silence. */
static void claim_report(void)
{
	uint32_t nobody = 0;

	if (!__atomic_compare_exchange_n(&panicking, &nobody, percpu_this()->index + 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		halt();
}

static void print(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void print(const char *fmt, ...)
{
	char line[LOG_LINE_BYTES];
	size_t length;
	va_list args;

	va_start(args, fmt);
	length = fmt_vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (length > sizeof(line) - 1)
		length = sizeof(line) - 1;
	log_write_panic(line, length);
	if (panic_sink)
		panic_sink(line, length);
}

/* Frame records (AAPCS64 6.4.6): trusted only inside this CPU's own stack. */
static void backtrace(uint64_t fp)
{
	uint64_t top = percpu_this()->stack_top;
	unsigned int i;

	print("Backtrace (addresses for addr2line on hyp.elf):\n");
	for (i = 0; i < BACKTRACE_FRAMES; i++) {
		const uint64_t *record = (const uint64_t *)fp;

		if (!bits_is_aligned(fp, 16) ||
		    !bits_contains(top - HYP_STACK_BYTES, HYP_STACK_BYTES, fp, 16))
			return;
		print("  #%u 0x%lx\n", i, record[1]);
		fp = record[0];
	}
}

/* Should the GIC not be up yet, the second panic that the kicks cause is silent. */
static void end(void) __attribute__((noreturn));
static void end(void)
{
	uint32_t i;

	print("The machine is halted; reset it. The log is kept over a warm reset.\n");
	crosscall_stop_all();
	for (i = 0; i < percpu_count(); i++) {
		if (i != percpu_this()->index)
			gic_kick(i);
	}
	if (panic_end)
		panic_end();
	halt();
}

void panic(const char *fmt, ...)
{
	char reason[LOG_LINE_BYTES];
	va_list args;

	claim_report();
	was.elr = (uint64_t)__builtin_return_address(0);
	was.x[29] = was.sp = *(const uint64_t *)__builtin_frame_address(0);
	was.spsr = sysreg_read(currentel) | sysreg_read(spsel);
	va_start(args, fmt);
	(void)fmt_vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	print("\nCaisson panic on CPU %u: %s\n", percpu_this()->index, reason);
	backtrace((uint64_t)__builtin_frame_address(0));
	end();
}

void panic_exception(const struct panic_frame *frame, unsigned int kind)
{
	static const char *const kinds[] = {"synchronous exception", "IRQ", "FIQ", "SError"};
	unsigned int i;

	claim_report();
	was = *frame;
	print("\nCaisson panic on CPU %u: %s in EL2: %s\n", percpu_this()->index, kinds[kind & 3],
	      esr_class_name(esr_class(frame->esr)));
	print("ESR_EL2 0x%016lx  FAR_EL2 0x%016lx\n", frame->esr, frame->far);
	print("ELR_EL2 0x%016lx SPSR_EL2 0x%016lx  SP 0x%016lx\n", frame->elr, frame->spsr,
	      frame->sp);
	for (i = 0; i < 30; i += 3)
		print("x%-2u 0x%016lx  x%-2u 0x%016lx  x%-2u 0x%016lx\n", i, frame->x[i], i + 1,
		      frame->x[i + 1], i + 2, frame->x[i + 2]);
	print("x30 0x%016lx\n", frame->x[30]);
	print("HCR_EL2 0x%016lx  HPFAR_EL2 0x%016lx  TPIDR_EL2 0x%016lx\n", sysreg_read(hcr_el2),
	      sysreg_read(hpfar_el2), sysreg_read(tpidr_el2));
	backtrace(frame->x[29]);
	end();
}
