// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest that tries everything at random on all CPUs: system registers, accesses to emulated
 * devices and to memory that is not its own, hypercalls, instruction words. Left out is what
 * ends the machine or starts a device's DMA. Afterwards everything must still work. Repeats
 * from its seed: bootargs seed=N duration=SECONDS. plain=1: only loads and stores of one register
 * to devices; a user VM ends by others.
 */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/gen.h"
#include "tests/guest/lib/irqlog.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/rand.h"
#include "tests/guest/lib/sandbox.h"
#include "tests/guest/lib/smp.h"

#define MAX_RANGES    16
#define MARGIN        0x20000
#define CALL_REGS     18
#define PLAIN_WORDS   16 /* in try_mmio() */
#define UART_DR_BYTES 16 /* not written: the console's output has to stay readable */

struct range {
	uint64_t base, bytes, write_from;
};

struct tally {
	uint64_t sysregs, mmio, calls, words, faults, changed_regs;
};

static struct range ranges[MAX_RANGES];
static unsigned int range_count;
static struct tally tallies[MAX_CPUS];
static uint64_t run_seed, run_seconds, run_plain;

/* ---- system registers */

#define KEY(op0, op1, crn, crm, op2) GEN_SYSREG(op0, op1, crn, crm, op2)
#define KEY_MASK                     0x1fffe0
#define KEY_CRM_OP2                  0xfe0
#define ICC_BPR1                     KEY(3, 0, 12, 12, 3)
#define BPR_MASK                     7

/*
 * Writes that would break this program itself, not the hypervisor; and to ICC_BPR1_EL1, where QEMU
 * 10 takes a binary point of 8, say, for 0 and then ends by an assertion (icv_gprio_mask).
 */
static bool msr_denied(uint32_t key)
{
	switch (key & ~KEY_CRM_OP2) {
	case KEY(3, 0, 1, 0, 0):  /* SCTLR_EL1 and its neighbours */
	case KEY(3, 0, 2, 0, 0):  /* TTBRn_EL1, TCR_EL1, ... */
	case KEY(3, 0, 10, 0, 0): /* MAIR_EL1, ... */
		return true;
	}
	switch (key) {
	case KEY(3, 0, 12, 0, 0): /* VBAR_EL1 */
	case KEY(3, 0, 12, 0, 2): /* RMR_EL1: resets a CPU without EL2 */
	case ICC_BPR1:
	case KEY(3, 0, 13, 0, 4): /* TPIDR_EL1 */
	case KEY(3, 0, 4, 2, 0):  /* SPSel */
	case KEY(3, 0, 4, 3, 0):  /* ALLINT */
	case KEY(3, 3, 4, 2, 1):  /* DAIF */
	case KEY(3, 3, 14, 0, 0): /* CNTFRQ_EL0: writable where there is no EL2 */
		return true;
	}
	return false;
}

static uint64_t value_random(uint64_t *seed)
{
	const struct range *range;

	switch (rand_below(seed, 6)) {
	case 0:
		return 0;
	case 1:
		return ~UINT64_C(0);
	case 2:
		return UINT64_C(1) << rand_below(seed, 64);
	case 3:
		return rand_below(seed, 1024);
	case 4:
		range = &ranges[rand_below(seed, range_count)];
		return range->base + (range->bytes > 4 * MARGIN ? 2 * MARGIN : 0);
	default:
		return rand_next(seed);
	}
}

static void try_sysreg(uint64_t *seed, struct tally *tally)
{
	uint64_t r = rand_next(seed);
	uint32_t key = (uint32_t)(3 << 19 | (r & 0x7ffe0));
	struct fault fault;

	if (bits(r, 40, 38) == 0)
		key ^= 1 << 19; /* op0 2: debug */
	if (bits(r, 41, 41) == 0)
		fault = gen_mrs(key, NULL);
	else if (key == ICC_BPR1)
		fault = gen_msr(key, value_random(seed) & BPR_MASK);
	else if (!msr_denied(key))
		fault = gen_msr(key, value_random(seed));
	else
		return;
	tally->sysregs++;
	tally->faults += fault.count != 0;
}

/* ---- memory that is not RAM of the guest */

static void range_add(uint64_t base, uint64_t bytes, uint64_t write_from)
{
	if (range_count < MAX_RANGES && bytes)
		ranges[range_count++] =
			(struct range){.base = base, .bytes = bytes, .write_from = write_from};
}

static void ranges_find(void)
{
	uint64_t base, bytes, its = dt_bootarg("its_base", 0), at = dt_bootarg("ram_base", 0);
	uint64_t end = at + dt_bootarg("ram_bytes", 0);
	struct dt_range ram[DT_MAX_RAM];
	unsigned int count = dt_ram(ram, DT_MAX_RAM), i;
	struct dt_node node;
	const char *path;

	range_add(gicd_base, gicd_bytes, 0);
	for (i = 0; i < cpu_count; i++)
		range_add(cpus[i].gicr, 0x20000, 0);
	range_add(console_base, 4096, UART_DR_BYTES);
	if (!dt_find_path("/caisson", &node))
		return;
	path = dt_prop_string(&node, "event-line");
	if (path && dt_find_path(path, &node) && dt_reg(&node, 0, &base, &bytes))
		range_add(base, bytes, 0);
	range_add(its, its ? 0x20000 : 0, 0);
	for (i = 0; i < count && at; i++) {
		if (ram[i].base > at)
			range_add(at, ram[i].base - at, 0);
		at = ram[i].base + ram[i].bytes;
	}
	if (at && at < end)
		range_add(at, end - at, 0);
}

static void try_mmio(uint64_t *seed, struct tally *tally)
{
	/* x0 is the address, x1 and x2 data; every second one stores. */
	static const uint32_t words[] = {
		0x39400001, 0x39000001, 0x79400001, 0x79000001, 0xb9400001, 0xb9000001,
		0xf9400001, 0xf9000001, 0xb9400001, 0xb9000001, 0xf9400001, 0xf9000001,
		0x39800001, 0x3900001f, 0xb9800001, 0xb900001f, 0xa9400801, 0xa9000801,
		0x3dc00001, 0x3d800001, 0xb8404401, 0xb8004401, 0xc85f7c01, 0xc89ffc01,
		0xc8dffc01, 0xd50b7420, 0x4c407001, 0x4c007001, 0xf8210001, 0xc8a17c02};
	const struct range *range = &ranges[rand_below(seed, range_count)];
	uint32_t word = words[rand_below(seed, run_plain ? PLAIN_WORDS : ARRAY_SIZE(words))];
	uint64_t offset = rand_below(seed, range->bytes);
	struct fault fault;

	/* Mostly aligned; half of them near the start, where the registers are. */
	if (rand_below(seed, 2))
		offset %= range->bytes < 0x1000 ? range->bytes : 0x1000;
	if (rand_below(seed, 8))
		offset &= ~UINT64_C(7);
	if (offset < range->write_from || (range->write_from && word == 0xd50b7420))
		word = 0xb9400001;
	fault = gen_run(word, range->base + offset, value_random(seed), value_random(seed), NULL);
	tally->mmio++;
	tally->faults += fault.count != 0;
}

/* ---- hypercalls */

static bool call_denied(uint32_t id)
{
	/* By number, whatever the other bits: CPU_SUSPEND, CPU_OFF, CPU_ON, SYSTEM_OFF and so on.
	 */
	static const uint8_t numbers[] = {0x01, 0x02, 0x05, 0x08, 0x09, 0x0c, 0x0d, 0x0e, 0x12};
	unsigned int i;

	if (bits(id, 29, 24) != 4)
		return false;
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if ((id & 0xffff) == numbers[i])
			return true;
	return false;
}

static void try_call(uint64_t *seed, struct tally *tally)
{
	static const uint32_t bases[] = {0x80000000, 0xc0000000, 0x84000000, 0xc4000000,
					 0x85000000, 0x86000000, 0xc6000000, 0x04000000};
	struct smccc_regs regs, before;
	struct fault fault;
	unsigned int i;

	for (i = 0; i < CALL_REGS; i++)
		regs.x[i] = value_random(seed);
	if (rand_below(seed, 4))
		regs.x[0] = bases[rand_below(seed, ARRAY_SIZE(bases))] | rand_below(seed, 32);
	if (call_denied((uint32_t)regs.x[0]))
		return;
	before = regs;
	fault = fault_of(rand_below(seed, 2) ? smccc_hvc(&regs) : smccc_smc(&regs));
	for (i = 4; i < CALL_REGS; i++)
		tally->changed_regs += regs.x[i] != before.x[i];
	tally->calls++;
	tally->faults += fault.count != 0;
}

/* ---- instruction words */

static uint32_t word_random(uint64_t *seed)
{
	uint32_t r = (uint32_t)rand_next(seed);

	switch (rand_below(seed, 5)) {
	case 0:
		return r;
	case 1: /* loads and stores */
		return (r & ~(1U << 25)) | 1U << 27;
	case 2: /* the same with x0, x1 or x2 as base */
		return ((r & ~(1U << 25 | 0x3e0)) | 1U << 27) | (uint32_t)rand_below(seed, 3) << 5;
	case 3: /* SIMD and floating point */
		return (r & ~(7U << 25)) | 7U << 25;
	default: /* system */
		return (r & 0x3fffff) | 0xd5000000;
	}
}

/* Branches may loop; some system instructions wait, or break this program. */
static bool word_denied(uint32_t word)
{
	if ((word & 0x7c000000) == 0x14000000 || (word & 0x7c000000) == 0x34000000 ||
	    (word & 0xfe000000) == 0x54000000 || (word & 0xfe000000) == 0xd6000000)
		return true;
	if ((word & 0xfffff000) == 0xd5032000 || (word & 0xffffff00) == 0xd5031000)
		return true; /* hints and WFxT */
	if ((word & 0xfff8f000) == 0xd5004000)
		return true; /* MSR (immediate) */
	if ((word & 0xfff00000) == 0xd5100000)
		return msr_denied(word & KEY_MASK);
	return (word & 0xffc00000) == 0xd5400000; /* 128-bit system registers */
}

/*
 * Could an address made of this value lie in memory of this program? Registers are shifted by up
 * to 4 as an index, and two powers of two add up to one.
 */
static bool value_is_ram(uint64_t value)
{
	static struct dt_range ram[DT_MAX_RAM];
	static unsigned int count;
	unsigned int shift, i;

	if (!count)
		count = dt_ram(ram, DT_MAX_RAM);
	if (bits(value, 63, 20) && !(value & (value - 1)))
		return true;
	for (shift = 0; shift <= 4; shift++)
		for (i = 0; i < count; i++)
			if ((value << shift) + MARGIN >= ram[i].base &&
			    value << shift < ram[i].base + ram[i].bytes + MARGIN)
				return true;
	return false;
}

/*
 * A32: an access to a system register, MRC, MCR, MRRC or MCRR of coprocessor 14 or 15. (Of other
 * words some loop, and some crash the emulator.)
 */
static uint32_t word_random_a32(uint64_t *seed)
{
	uint32_t r = (uint32_t)rand_next(seed), coprocessor = r & 1U << 31 ? 0xf00 : 0xe00;
	uint32_t rt = (r >> 24) % 13 << 12, rt2 = (r >> 28) % 13 << 16;

	if (rand_below(seed, 4))
		return 0xee000010 | (r & 0x00ff00ef) | rt | coprocessor;
	return 0xec400000 | (r & 0x001000ff) | rt | rt2 | coprocessor;
}

static void try_word(uint64_t *seed, struct tally *tally)
{
	struct sandbox_regs regs;
	enum sandbox_mode mode = (enum sandbox_mode)rand_below(seed, sandbox_has_a32() ? 3 : 2);
	uint32_t word = mode == SANDBOX_A32 ? word_random_a32(seed) : word_random(seed);
	unsigned int i;
	uint64_t esr;

	if (mode != SANDBOX_A32 && word_denied(word))
		return;
	for (i = 0; i < ARRAY_SIZE(regs.x); i++)
		regs.x[i] = value_random(seed);
	/* Not handed out: what this program needs, and the console's registers. */
	for (i = 0; i < ARRAY_SIZE(regs.x); i++)
		if (regs.x[i] == console_base || value_is_ram(regs.x[i]) || rand_below(seed, 2))
			regs.x[i] = sandbox_data() + rand_below(seed, 4096);
	regs.sp = sandbox_data() + (rand_below(seed, 4096) & ~UINT64_C(15));
	if (rand_below(seed, 2))
		regs.x[0] = 0x8400001f; /* in case the word is HVC or SMC */
	else
		regs.x[0] = sandbox_data();
	sysreg_write(cntkctl_el1, 0);
	esr = sandbox_run(word, &regs, mode);
	tally->words++;
	tally->faults += ESR_EC(esr) != EC_SVC64 && ESR_EC(esr) != EC_SVC32;
}

/* ---- the run */

static void job_hostile(void *arg)
{
	struct tally *tally = &tallies[cpu_this()->index];
	uint64_t seed = run_seed ^ cpu_this()->index << 56;
	uint64_t start = time_now(), length = run_seconds * sysreg_read(cntfrq_el0);
	unsigned int i;

	sandbox_init();
	while (time_now() - start < length) {
		for (i = 0; i < 50; i++) {
			switch (rand_below(&seed, 5)) {
			case 0:
				try_sysreg(&seed, tally);
				break;
			case 1:
				try_mmio(&seed, tally);
				break;
			case 2:
				try_call(&seed, tally);
				break;
			default:
				try_word(&seed, tally);
			}
		}
	}
	cpu_this()->sync_hook = NULL;
	(void)arg;
}

static void test_hostile(void)
{
	unsigned int i;

	CHECK_EQ(smp_start_all(), cpu_count);
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_run(i, job_hostile, NULL));
	job_hostile(NULL);
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_wait(i, 30000));
	console_init();
	print("\n");
	for (i = 0; i < cpu_count; i++) {
		struct tally *t = &tallies[i];

		print("INFO CPU %u: registers %lu, accesses %lu, calls %lu, words %lu; faults "
		      "%lu\n",
		      i, t->sysregs, t->mmio, t->calls, t->words, t->faults);
		CHECK(t->sysregs && t->mmio && t->calls && t->words && t->faults);
		CHECK_EQ(t->changed_regs, 0);
	}
}

static void action_quiet(uint32_t intid)
{
	if (intid == gic_timer_virt_intid)
		sysreg_write(cntv_ctl_el0, 0);
}

static void job_alive(void *arg)
{
	uint32_t *good = arg, self = (uint32_t)cpu_this()->index;

	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(ICC_IGRPEN1_EL1, 0);
	isb();
	gic_init_cpu();
	gic_set_eoimode(false);
	gic_enable(2);
	gic_enable(gic_timer_virt_intid);
	irqlog_start(action_quiet);
	irq_enable();
	gic_sgi_send(2, cpu_this()->mpidr);
	(void)wait_for(irqlog_count(self) == 1, 3000);
	sysreg_write(cntv_tval_el0, 1000);
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	if (wait_for(irqlog_count(self) == 2, 3000) && irqlogs[self].entry[0] == 2 &&
	    irqlogs[self].entry[1] == gic_timer_virt_intid)
		__atomic_fetch_add(good, 1, __ATOMIC_SEQ_CST);
	irqlog_stop();
	if (irqlogs[self].count != 2)
		print("INFO CPU %u took %u interrupts: %x %x %x\n", self, irqlogs[self].count,
		      irqlogs[self].entry[0], irqlogs[self].entry[1], irqlogs[self].entry[2]);
}

/* Ends what the hostile run left active at this CPU. */
static void job_drain(void *arg)
{
	gic_reset_cpu();
	(void)arg;
}

/* Timer, SGI and an SPI work on every CPU. */
static void test_alive(void)
{
	uint32_t good = 0, spi = irqlog_spare_spi(0), intid;
	unsigned int i;

	gic_reset();
	for (i = 1; i < cpu_count; i++)
		CHECK(smp_run(i, job_drain, NULL) && smp_wait(i, 5000));
	for (i = 1; i < cpu_count; i++) {
		CHECK(smp_run(i, job_alive, &good));
		CHECK(smp_wait(i, 10000));
	}
	job_alive(&good);
	CHECK_EQ(good, cpu_count);
	gic_reset();
	gic_set_edge(spi, true);
	gic_enable(spi);
	gic_set_pending(spi);
	intid = irqlog_ack(3000);
	CHECK_EQ(intid, spi);
	gic_eoi(intid);
	CHECK(psci_call(PSCI_VERSION, 0, 0, 0) >= 0x10000);
}

static void test_power(void)
{
	unsigned int i;

	for (i = 1; i < cpu_count; i++)
		CHECK(smp_stop(i));
	CHECK_EQ(smp_start_all(), cpu_count);
}

static const struct test tests[] = {
	{"hostile-run", test_hostile},
	{"hostile-alive", test_alive},
	{"hostile-power", test_power},
};

void payload_main(void)
{
	run_seconds = dt_bootarg("duration", 10);
	run_plain = dt_bootarg("plain", 0);
	run_seed = dt_bootarg("seed", time_now());
	print("INFO seed=%lu duration=%lu\n", run_seed, run_seconds);
	gic_reset();
	ranges_find();
	check_run(tests, ARRAY_SIZE(tests));
}
