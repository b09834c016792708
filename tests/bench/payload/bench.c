// SPDX-License-Identifier: BSD-2-Clause
/*
 * The benchmark payload: the same bytes bare, on Caisson and on its peers. Prints a line
 * "ROW name minimum median" for each row, in counter ticks, and powers the machine off. The
 * harness (tests/bench/run) runs it with a counter that counts instructions.
 */
#include "tests/bench/payload/mover.h"
#include "tests/bench/payload/probes.h"
#include "tests/bench/payload/text.h"
#include "tests/bench/payload/virtio.h"
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/smp.h"

#define SAMPLES         201
#define WARM_UP         16
#define SPIN_DELAY      50000
#define WFI_DELAY       1000000
#define FAR_TICKS       (UINT64_C(1) << 40)
#define DELAY_STEP      7 /* deadlines differ, so that no two runs meet the same phase */
#define SGI             1
#define TOUCH_OFFSET    (UINT64_C(64) << 20)
#define PAGE_BYTES      4096
#define BLOCK_BYTES     (UINT64_C(2) << 20)
#define MOVER_OFFSET    (UINT64_C(40) << 20) /* above a device tree that a VMM puts at the middle */
#define EXEC_OFFSET     (UINT64_C(66) << 20)
#define BLOCK_OFFSET    (UINT64_C(128) << 20)
#define INSN_RET        0xd65f03c0
#define UART_DR         0x00
#define UART_RSR        0x04
#define UART_FR         0x18
#define UART_FR_RXFE    0x10
#define UART_IMSC       0x38
#define UART_INT_TX     0x20    /* raised since the console's first byte */
#define FRAME_OFFSET    0x10000 /* from the control frame, in Caisson's VMs */
#define FRAME_CNTVCT    0x08
#define FRAME_CNTV_CVAL 0x30
#define FRAME_CNTV_CTL  0x3c
#define ASLEEP_US       1000
#define SETTLE_TURNS    16
#define PATIENCE_MS     5000
#define TYPING_MS       600000 /* virtual time runs ahead */
#define SETTLE_US       100000

uint64_t probe_skipped;
static uint64_t overhead;
static uint64_t ram_base, ram_bytes; /* the largest bank */
static uint64_t frame_base;          /* of a memory-mapped timer (DDI 0487 I5.7) */
static uint64_t samples[SAMPLES], samples_back[SAMPLES];

static void sort(uint64_t *values)
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
	sort(values);
	if (probe_skipped)
		print("ROW %s undefined\n", name);
	else
		print("ROW %s %lu %lu\n", name, values[0], values[SAMPLES / 2]);
	probe_skipped = 0;
}

static void fail(const char *why)
{
	print("BENCH failed: %s\n", why);
	psci_system_off();
}

static uint64_t measure_hvc(uint64_t i)
{
	return psci_by_smc ? probe_smc() : probe_hvc();
}

static uint64_t measure_gicd_read(uint64_t i)
{
	return probe_read32(gicd_base + GICD_TYPER);
}

static uint64_t measure_gicr_write(uint64_t i)
{
	return probe_write32(gic_frame(cpu_this(), SGI) + GICD_ISENABLER, 1U << SGI);
}

static uint64_t measure_exit_user(uint64_t i)
{
	return probe_read32(console_base + UART_FR);
}

static uint64_t measure_uart_irq(uint64_t i)
{
	return probe_uart_irq(console_base + UART_IMSC, UART_INT_TX) + overhead;
}

static uint64_t measure_touch_page(uint64_t i)
{
	return probe_touch(ram_base + TOUCH_OFFSET + i * PAGE_BYTES);
}

static uint64_t measure_touch_block(uint64_t i)
{
	return probe_touch(ram_base + BLOCK_OFFSET + i * BLOCK_BYTES);
}

static uint64_t measure_exec_page(uint64_t i)
{
	return probe_exec(ram_base + EXEC_OFFSET + i * PAGE_BYTES);
}

static uint64_t measure_exec_block(uint64_t i)
{
	return probe_exec(ram_base + BLOCK_OFFSET + i * BLOCK_BYTES);
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

static uint64_t measure_cntpct(uint64_t i)
{
	return probe_cntpct();
}

/* Enabled, and due never. */
static uint64_t measure_cntp_set(uint64_t i)
{
	uint64_t value;

	sysreg_write(cntp_cval_el0, UINT64_MAX);
	sysreg_write(cntp_ctl_el0, 1);
	isb();
	value = probe_cntp_set(sysreg_read(cntpct_el0) + FAR_TICKS + i);
	sysreg_write(cntp_ctl_el0, 0);
	isb();
	return value;
}

static uint64_t measure_cntvct(uint64_t i)
{
	return probe_cntvct();
}

static uint64_t measure_cntv_set(uint64_t i)
{
	uint64_t value;

	sysreg_write(cntv_cval_el0, UINT64_MAX);
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	value = probe_cntv_set(sysreg_read(cntvct_el0) + FAR_TICKS + i);
	sysreg_write(cntv_ctl_el0, 0);
	isb();
	return value;
}

static uint64_t measure_frame_read(uint64_t i)
{
	return probe_read32(frame_base + FRAME_CNTVCT);
}

/* Enabled, and not due for long: the upper half stays. */
static uint64_t measure_frame_set(uint64_t i)
{
	uint64_t value;

	mmio_write32(frame_base + FRAME_CNTV_CVAL + 4, UINT32_MAX);
	mmio_write32(frame_base + FRAME_CNTV_CTL, 1);
	value = probe_write32(frame_base + FRAME_CNTV_CVAL, (uint32_t)i);
	mmio_write32(frame_base + FRAME_CNTV_CTL, 0);
	return value;
}

static uint64_t measure_vtimer_spin(uint64_t i)
{
	return probe_vtimer_spin(SPIN_DELAY + DELAY_STEP * i) + overhead;
}

static uint64_t measure_vtimer_wfi(uint64_t i)
{
	return probe_vtimer_wfi(WFI_DELAY + DELAY_STEP * i) + overhead;
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

static uint64_t sgi1r(uint64_t mpidr)
{
	return bits(mpidr, 39, 32) << 48 | bits(mpidr, 7, 4) << 44 | bits(mpidr, 23, 16) << 32 |
	       UINT64_C(SGI) << 24 | bits(mpidr, 15, 8) << 16 | UINT64_C(1) << bits(mpidr, 3, 0);
}

static void run_sgi_self(void)
{
	for (int i = 0; i < WARM_UP + SAMPLES; i++) {
		struct sgi_times times;

		probe_sgi_self(sgi1r(cpu_this()->mpidr), &times);
		if (i >= WARM_UP) {
			samples[i - WARM_UP] = times.to_handler;
			samples_back[i - WARM_UP] = times.and_back;
		}
	}
	report("sgi_self", samples);
	report("sgi_eoi", samples_back);
}

/* Written by the second CPU with its MMU off: no copy of it may stay in a cache. */
static uint64_t first_count __attribute__((aligned(64)));

static uint64_t first_count_read(void)
{
	cache_flush(&first_count, sizeof(first_count));
	return *(volatile uint64_t *)&first_count;
}

static void run_cpu_on(void)
{
	uint64_t mpidr = cpus[1].mpidr, result = 0, start;
	uint64_t entry = (uint64_t)(psci_by_smc ? probe_second_smc : probe_second_hvc);

	for (int i = 0; i < WARM_UP + SAMPLES; i++) {
		first_count = 0;
		cache_flush(&first_count, sizeof(first_count));
		start = (psci_by_smc ? probe_psci_smc : probe_psci_hvc)(
			PSCI_CPU_ON, mpidr, entry, (uint64_t)&first_count, &result);
		if (result)
			fail("CPU_ON was refused");
		if (!wait_for(first_count_read(), PATIENCE_MS))
			fail("the second CPU did not start");
		if (!wait_for(psci_call(PSCI_AFFINITY_INFO, mpidr, 0, 0) == PSCI_AFFINITY_OFF,
			      PATIENCE_MS))
			fail("the second CPU did not go off");
		if (i >= WARM_UP)
			samples[i - WARM_UP] = first_count - start;
	}
	report("cpu_on", samples);
}

static struct {
	uint64_t ready; /* the receiver's round */
	uint64_t done;  /* the last round whose count is valid */
	uint64_t count;
} ipi;

/* arg: NULL: spins; else sleeps. */
static void ipi_receive(void *arg)
{
	uint64_t vbar = sysreg_read(vbar_el1);

	gic_init_cpu();
	gic_enable(SGI);
	sysreg_write(vbar_el1, probe_vectors);
	isb();
	for (uint64_t i = 1; i <= WARM_UP + SAMPLES; i++) {
		ipi.count = arg ? probe_ipi_receive_wfi(&ipi.ready, i)
				: probe_ipi_receive(&ipi.ready, i);
		__atomic_store_n(&ipi.done, i, __ATOMIC_RELEASE);
	}
	sysreg_write(vbar_el1, vbar);
	isb();
}

static void run_ipi(const char *name, bool sleeps)
{
	uint64_t target = sgi1r(cpus[1].mpidr), start;

	ipi.ready = 0;
	ipi.done = 0;
	if (!smp_run(1, ipi_receive, sleeps ? &ipi : NULL))
		fail("the second CPU did not start");
	for (uint64_t i = 1; i <= WARM_UP + SAMPLES; i++) {
		if (!wait_for(__atomic_load_n(&ipi.ready, __ATOMIC_ACQUIRE) == i, PATIENCE_MS))
			fail("the second CPU does not answer");
		for (int turn = 0; turn < SETTLE_TURNS; turn++)
			relax();
		if (sleeps)
			time_delay_us(ASLEEP_US);
		start = probe_ipi_send(target);
		if (!wait_for(__atomic_load_n(&ipi.done, __ATOMIC_ACQUIRE) == i, PATIENCE_MS))
			fail("an SGI to the second CPU was lost");
		if (i > WARM_UP)
			samples[i - 1 - WARM_UP] = ipi.count - start;
	}
	report(name, samples);
}

static void run_ipis(void)
{
	if (!smp_start(1))
		fail("the second CPU did not start");
	run_ipi("ipi", false);
	run_ipi("ipi_wfi", true);
	(void)smp_stop(1);
}

/* An instruction RET at the start of each of so many pieces of memory. */
static void write_code(uint64_t offset, uint64_t step)
{
	for (uint64_t i = 0; i < WARM_UP + SAMPLES; i++) {
		uint64_t address = ram_base + offset + i * step;

		*(volatile uint32_t *)address = INSN_RET;
		cache_flush((void *)address, sizeof(uint32_t));
		__asm__ volatile("ic ivau, %0" ::"r"(address) : "memory");
	}
	dsb();
	isb();
}

static bool ram_has(uint64_t offset, uint64_t step)
{
	return ram_bytes >= offset + (WARM_UP + SAMPLES) * step &&
	       ram_base + offset >= (uint64_t)image_end;
}

static void find_memory(void)
{
	struct dt_range ram[DT_MAX_RAM];
	unsigned int banks = dt_ram(ram, DT_MAX_RAM);

	for (unsigned int i = 0; i < banks; i++) {
		if (ram[i].bytes > ram_bytes) {
			ram_base = ram[i].base;
			ram_bytes = ram[i].bytes;
		}
	}
}

/* In memory that neither the image nor a boot loader has used: far into the largest bank. */
static void run_memory(void)
{
	if (ram_has(EXEC_OFFSET, PAGE_BYTES)) {
		run_row("touch_4k", measure_touch_page);
		write_code(EXEC_OFFSET, PAGE_BYTES);
		run_row("exec_4k", measure_exec_page);
	}
	if (ram_has(BLOCK_OFFSET, BLOCK_BYTES)) {
		run_row("touch_2m", measure_touch_block);
		write_code(BLOCK_OFFSET, BLOCK_BYTES);
		run_row("exec_2m", measure_exec_block);
	}
}

/* The UART, which a VMM serves: a register of it, its interrupt. */
static void run_uart(void)
{
	if (!console_base || !console_intid)
		return;
	run_row("exit_user", measure_exit_user);
	gic_enable(console_intid);
	sysreg_write(vbar_el1, probe_vectors_uart);
	isb();
	run_row("irq_inject_user", measure_uart_irq);
	sysreg_write(vbar_el1, probe_vectors);
	isb();
	gic_disable(console_intid);
}

static uint64_t measure_blk(uint64_t i)
{
	uint32_t value;
	uint64_t notify = virtio_blk_prepare(&value);
	uint64_t ticks = probe_device_irq(notify, value);

	if (!virtio_blk_finish())
		fail("the disk did not answer");
	return ticks + overhead;
}

static uint64_t measure_net(uint64_t i)
{
	uint32_t value;
	uint64_t notify = virtio_net_prepare(&value);
	uint64_t ticks = probe_device_irq(notify, value);

	if (!virtio_net_finish())
		fail("nobody answered on the network");
	return ticks + overhead;
}

static void run_devices(void)
{
	if (virtio_blk_open())
		run_row("virtio_blk_4k", measure_blk);
	if (virtio_net_open())
		run_row("virtio_net_rt", measure_net);
}

_Static_assert(TEXT_SAMPLES == SAMPLES, "report() sorts as many");

static uint64_t text_results[4][SAMPLES];

static uint64_t measure_uart_write(uint64_t i)
{
	return probe_write32(console_base + UART_RSR, 0);
}

/*
 * Output to the console while nobody watches it, then while somebody does: the harness is told by
 * a line, and on Caisson, whose log is shown meanwhile, by an access that is refused there; it
 * answers with a byte.
 */
static void run_text(bool is_refused)
{
	uint64_t dr = console_base + UART_DR;

	text_measure(TEXT_PLAIN, dr, text_results[0]);
	text_measure(TEXT_ESCAPES, dr, text_results[1]);
	print("\033[2J\033[H\nBENCH waits\n");
	if (is_refused)
		probe_pair(console_base);
	probe_skipped = 0;
	if (!wait_for(!(mmio_read32(console_base + UART_FR) & UART_FR_RXFE), TYPING_MS))
		fail("nothing was typed");
	time_delay_us(SETTLE_US);
	text_measure(TEXT_PLAIN, dr, text_results[2]);
	text_measure(TEXT_ESCAPES, dr, text_results[3]);
	print("\033[2J\033[H\n");
	time_delay_us(SETTLE_US); /* so that what is seen of the rows is just them */
	report("byte_text", text_results[0]);
	report("byte_escapes", text_results[1]);
	report("byte_text_shown", text_results[2]);
	report("byte_escapes_shown", text_results[3]);
	run_row("byte_exit", measure_uart_write);
	print("ROW start_consoles %lu %lu\n", guest_entry_cntvct, guest_entry_cntvct);
}

/* What a guest pays for the way it keeps time. */
static void run_time(void)
{
	struct dt_node node;
	uint64_t bytes;

	run_row("cntvct_read", measure_cntvct);
	run_row("cntv_set", measure_cntv_set);
	if (dt_root(&node) && dt_find_compatible("arm,armv7-timer-mem", &node) &&
	    dt_reg(&node, 0, &frame_base, &bytes)) {
		frame_base += FRAME_OFFSET;
		run_row("frame_read", measure_frame_read);
		run_row("frame_set", measure_frame_set);
	}
}

static uint64_t memory_bytes(void)
{
	struct dt_range ram[DT_MAX_RAM];
	unsigned int banks = dt_ram(ram, DT_MAX_RAM);
	uint64_t sum = 0;

	for (unsigned int i = 0; i < banks; i++)
		sum += ram[i].bytes;
	return sum;
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

static void run_rows(void)
{
	run_row("hvc_null", measure_hvc);
	run_row("gicd_read", measure_gicd_read);
	run_row("gicr_write", measure_gicr_write);
	run_sgi_self();
	run_row("vtimer_spin", measure_vtimer_spin);
	run_row("vtimer_wfi", measure_vtimer_wfi);
	run_memory();
	run_row("mdccsr_el1", measure_mdccsr);
	run_row("idreg_read", measure_idreg);
	run_row("mdscr_read", measure_mdscr);
	run_row("cntpct_read", measure_cntpct);
	run_row("cntp_set", measure_cntp_set);
	run_time();
	if (cpu_count > 1) {
		run_cpu_on();
		run_ipis();
	}
	run_uart();
}

void payload_main(void)
{
	print("\nBENCH start, counter at %lu Hz\n", sysreg_read(cntfrq_el0));
	print("ROW start_first_insn %lu %lu\n", guest_entry_cntvct, guest_entry_cntvct);
	print("BENCH memory %lu\n", memory_bytes());
	while (dt_bootarg("idle", 0)) /* it is its memory that counts */
		wfi();
	while (dt_bootarg("exits", 0)) /* tests/bench/profile looks */
		(void)measure_exit_user(0);
	if (!gic_init())
		fail("no GICv3");
	gic_init_dist();
	gic_init_cpu();
	gic_enable(SGI);
	gic_enable(gic_timer_virt_intid);
	sysreg_write(vbar_el1, probe_vectors);
	isb();
	calibrate();
	find_memory();
	if (dt_bootarg("text", 0))
		run_text(dt_bootarg("refused", 0));
	else if (dt_bootarg("mover", 0)) /* the pages that it writes in a millisecond, and one */
		mover_run(ram_base + MOVER_OFFSET, dt_bootarg("fill", 0) << 20,
			  dt_bootarg("mover", 0) - 1);
	else if (dt_bootarg("devices", 0))
		run_devices();
	else if (dt_bootarg("time", 0))
		run_time();
	else
		run_rows();
	print("BENCH done\n");
	psci_system_off();
}
