// SPDX-License-Identifier: BSD-2-Clause
/*
 * The benchmark payload: the same bytes bare, on Caisson and on its peers. Prints a line
 * "ROW name minimum median" per row, in counter ticks, and powers the machine off. The harness
 * runs it with a counter that counts instructions.
 */
#include "payload.h"

enum {
	SAMPLES = 201,
	WARM_UP = 16,
	GICD_TYPER = 0x4,
	GICR_ISENABLER0 = 0x10100,
	TIMER_SPIN_DELAY = 50000,
	TIMER_WFI_DELAY = 1000000,
	TOUCH_OFFSET = 64 << 20,
	PAGE_BYTES = 4096,
};

#define PSCI_CPU_OFF	   0x84000002
#define PSCI_CPU_ON	   0xc4000003
#define PSCI_AFFINITY_INFO 0xc4000004
#define PSCI_SYSTEM_OFF	   0x84000008

uint64_t skipped;

static struct board board;
static uint64_t gicr_frame;
static uint64_t overhead;
static uint64_t own_mpidr;
static struct second_cpu second;
static uint64_t samples[SAMPLES];

static void barrier(void)
{
	__asm__ volatile("dmb sy" ::: "memory");
}

/* Lets an emulator that runs its CPUs in turns go on with the other one. */
static void yield(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static int64_t psci(uint64_t function, uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	uint64_t result;

	probe_psci(function, arg1, arg2, arg3, board.psci_smc, &result);
	return (int64_t)result;
}

static void __attribute__((noreturn)) power_off(void)
{
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void exception_fatal(void);
void exception_fatal(void)
{
	console_text("FAIL unexpected exception\n");
	power_off();
}

static void sort_samples(uint64_t *values)
{
	for (int i = 1; i < SAMPLES; i++) {
		uint64_t value = values[i];
		int j = i;

		for (; j > 0 && values[j - 1] > value; j--)
			values[j] = values[j - 1];
		values[j] = value;
	}
}

static void report(const char *name, uint64_t *values)
{
	sort_samples(values);
	console_text("ROW ");
	console_text(name);
	if (skipped) {
		console_text(" undefined\n");
		skipped = 0;
		return;
	}
	console_text(" ");
	console_number(values[0]);
	console_text(" ");
	console_number(values[SAMPLES / 2]);
	console_text("\n");
}

static uint64_t measure_hvc(uint64_t i)
{
	return board.psci_smc ? probe_smc() : probe_hvc();
}

static uint64_t measure_gicd_read(uint64_t i)
{
	return probe_read32(board.gicd + GICD_TYPER);
}

static uint64_t measure_gicr_write(uint64_t i)
{
	return probe_write32(gicr_frame + GICR_ISENABLER0, 1);
}

static uint64_t measure_touch(uint64_t i)
{
	return probe_touch(board.memory_base + TOUCH_OFFSET + i * PAGE_BYTES);
}

static uint64_t measure_mdccsr(uint64_t i)
{
	return probe_mdccsr();
}

static uint64_t measure_idreg(uint64_t i)
{
	return probe_idreg();
}

static uint64_t measure_mdscr(uint64_t i)
{
	return probe_mdscr();
}

static uint64_t measure_vtimer_spin(uint64_t i)
{
	return probe_vtimer_spin(TIMER_SPIN_DELAY + 7 * i) + overhead;
}

static uint64_t measure_vtimer_wfi(uint64_t i)
{
	return probe_vtimer_wfi(TIMER_WFI_DELAY + 7 * i) + overhead;
}

static void run_row(const char *name, uint64_t (*measure)(uint64_t i))
{
	for (uint64_t i = 0; i < WARM_UP + SAMPLES; i++) {
		uint64_t value = measure(i) - overhead;

		if (i >= WARM_UP)
			samples[i - WARM_UP] = value;
	}
	report(name, samples);
}

static void run_sgi_self(void)
{
	static uint64_t back[SAMPLES];
	uint64_t target = gic_sgi_target(own_mpidr);

	for (int i = 0; i < WARM_UP + SAMPLES; i++) {
		struct sgi_times times;

		probe_sgi_self(target, &times);
		if (i >= WARM_UP) {
			samples[i - WARM_UP] = times.to_handler;
			back[i - WARM_UP] = times.and_back;
		}
	}
	report("sgi_self", samples);
	report("sgi_eoi", back);
}

static void second_off(struct second_cpu *self)
{
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

static bool second_wait_off(void)
{
	while (psci(PSCI_AFFINITY_INFO, board.second_cpu, 0, 0) != 1)
		yield();
	return true;
}

/* Starts the second CPU in run; returns the count just before the call. */
static uint64_t second_start_in(void (*run)(struct second_cpu *self))
{
	uint64_t result, start;

	second.first_count = 0;
	second.run = run;
	second.ready = 0;
	second.done = 0;
	barrier();
	start = probe_psci(PSCI_CPU_ON, board.second_cpu, (uint64_t)second_start, (uint64_t)&second,
			   board.psci_smc, &result);
	if (result) {
		console_text("FAIL CPU_ON\n");
		power_off();
	}
	while (!*(volatile uint64_t *)&second.first_count)
		yield();
	return start;
}

static void run_cpu_on(void)
{
	for (int i = 0; i < WARM_UP + SAMPLES; i++) {
		uint64_t start = second_start_in(second_off);

		if (i >= WARM_UP)
			samples[i - WARM_UP] = second.first_count - start;
		second_wait_off();
	}
	report("cpu_on", samples);
}

static void second_receive(struct second_cpu *self)
{
	uint64_t frame;

	__asm__ volatile("msr vbar_el1, %0\nisb" ::"r"(vectors));
	if (!gic_init_cpu(&board, &frame))
		return;
	for (uint64_t i = 1; i <= WARM_UP + SAMPLES; i++) {
		self->handler_count = probe_ipi_receive(&self->ready, i);
		barrier();
		self->done = i;
	}
	second_off(self);
}

static void run_ipi(void)
{
	uint64_t target = gic_sgi_target(board.second_cpu);

	second_start_in(second_receive);
	for (uint64_t i = 1; i <= WARM_UP + SAMPLES; i++) {
		uint64_t start;

		while (second.ready != i)
			yield();
		for (int turn = 0; turn < 16; turn++) /* the receiver settles in its loop */
			yield();
		start = probe_ipi_send(target);
		while (second.done != i)
			yield();
		barrier();
		if (i > WARM_UP)
			samples[i - 1 - WARM_UP] = second.handler_count - start;
	}
	second_wait_off();
	report("ipi", samples);
}

/* The pages to touch must be nobody's: not the payload's own, not the tree's. */
static bool touch_is_free(void)
{
	uint64_t first = board.memory_base + TOUCH_OFFSET;
	uint64_t last = first + (WARM_UP + SAMPLES) * PAGE_BYTES;

	return TOUCH_OFFSET + (WARM_UP + SAMPLES) * PAGE_BYTES <= board.memory_bytes &&
	       (last <= (uint64_t)_start || first >= (uint64_t)bss_end) &&
	       (last <= board.dtb || first >= board.dtb + board.dtb_bytes);
}

static void calibrate(void)
{
	overhead = UINT64_MAX;
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t value = probe_empty();

		if (value < overhead)
			overhead = value;
	}
}

void main(uint64_t dtb, uint64_t first_count);
void main(uint64_t dtb, uint64_t first_count)
{
	uint64_t frequency;

	__asm__ volatile("mrs %0, mpidr_el1" : "=r"(own_mpidr));
	own_mpidr &= 0xff00ffffff;
	if (!fdt_read_board(&board, dtb, own_mpidr))
		return;
	console_init(board.uart);
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	console_text("\nBENCH start, counter at ");
	console_number(frequency);
	console_text(" Hz\nROW start_first_insn ");
	console_number(first_count);
	console_text(" ");
	console_number(first_count);
	console_text("\n");
	__asm__ volatile("msr vbar_el1, %0\nisb" ::"r"(vectors));
	if (!gic_init_cpu(&board, &gicr_frame)) {
		console_text("FAIL no redistributor\n");
		power_off();
	}
	calibrate();
	run_row("hvc_null", measure_hvc);
	run_row("gicd_read", measure_gicd_read);
	run_row("gicr_write", measure_gicr_write);
	run_sgi_self();
	run_row("vtimer_spin", measure_vtimer_spin);
	run_row("vtimer_wfi", measure_vtimer_wfi);
	if (touch_is_free())
		run_row("touch_4k", measure_touch);
	run_row("mdccsr_el1", measure_mdccsr);
	run_row("idreg_read", measure_idreg);
	run_row("mdscr_read", measure_mdscr);
	if (board.has_second_cpu) {
		run_cpu_on();
		run_ipi();
	}
	console_text("BENCH done\n");
	power_off();
}
