// SPDX-License-Identifier: BSD-2-Clause
/*
 * timecheck [host] [wrong=back|early|rate]: whether time is right in a guest, until SIGTERM.
 *
 * - A thread on each CPU reads all clocks in turn. A reading may not be less than one that any
 *   CPU had finished before it began.
 * - A second thread there, which goes before the first, sets timers (clock_nanosleep and timerfd in
 *   turn) for absolute times of CLOCK_MONOTONIC. None may fire early. How late one fires is told in
 *   two ways: as the clock says, and without the time in which this CPU did nothing at all, which
 *   the first thread knows: it reads the clock all the time, and a gap of more than GAP_NS in its
 *   readings is time that somebody else had. The second is this machine's own delay.
 * - With "host", the clock is held against the host's, by the tools' interface: each look gives an
 *   interval that the difference lies in, and the rates that agree with all intervals are told. A
 *   step of more than STEP_US begins anew: there, the guest came to another host.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/uservm/backdoor.h"
#include "tests/uservm/checker.h"

#define GETTIMEFULL 46

#define CPUS_MAX     8
#define GAP_NS       300000
#define GAPS         256 /* that are remembered, for a timer that is late */
#define LATE_NS      1000000
#define LOOKS_MAX    20000
#define LOOK_TRIES   5
#define LOOK_EACH_US 200000
#define STEP_US      100000
#define PPM_MAX      1.0
#define TELLING_US   10000000 /* shorter stays say nothing of the rate */

enum clock_number { MONOTONIC, MONOTONIC_RAW, BOOTTIME, COUNTER, CLOCKS };

static const char *const clock_names[CLOCKS] = {"CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW",
						"CLOCK_BOOTTIME", "CNTVCT_EL0"};

static struct {
	bool wrong_back, wrong_early, wrong_rate, no_counter;
	_Atomic(int64_t) last[CLOCKS];
	_Atomic(uint64_t) back, early;
} all;

/* Gap number n is [start, end); written by the reader of this CPU only, read by its timer thread,
 * which has the CPU then. */
struct gap {
	_Atomic(int64_t) start, end;
};

static struct cpu {
	_Atomic(int64_t) read_at; /* the reader's last reading of MONOTONIC */
	unsigned int number;
	_Atomic(unsigned int) gaps;
	struct gap gap[GAPS];
	uint64_t readings, timers, early, late;
	int64_t worst_early_ns, worst_late_ns, worst_own_ns;
	int64_t longest_gap_ns;
} cpus[CPUS_MAX];

static struct look {
	int64_t at_ns;
	double low_us, high_us; /* own clock minus the host's */
} looks[LOOKS_MAX];

static int64_t read_clock(enum clock_number which)
{
	static const clockid_t ids[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME};
	uint64_t count;

	if (which != COUNTER)
		return checker_ns(ids[which]);
	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(count)::"memory");
	return (int64_t)count;
}

static void raise_to(_Atomic(int64_t) *highest, int64_t value)
{
	int64_t seen = atomic_load(highest);

	while (seen < value && !atomic_compare_exchange_weak(highest, &seen, value))
		;
}

/* One reading of one clock, held against the highest that was there before it began. */
static int64_t check_clock(struct cpu *cpu, enum clock_number which)
{
	int64_t before = atomic_load(&all.last[which]);
	int64_t now = read_clock(which);

	if (all.wrong_back && cpu->readings % 10000 == 9999)
		now -= 10000000;
	if (now < before) {
		if (atomic_fetch_add(&all.back, 1) == 0)
			printf("timecheck: cpu%u: %s stepped back by %lld\n", cpu->number,
			       clock_names[which], (long long)(before - now));
		return now;
	}
	raise_to(&all.last[which], now);
	return now;
}

/* This thread's CPU, and how it is scheduled. */
static void settle(const struct cpu *cpu, int priority)
{
	struct sched_param param = {.sched_priority = priority};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu->number, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
	if (priority != 0 && sched_setscheduler(0, SCHED_FIFO, &param) != 0) {
		perror("timecheck: sched_setscheduler");
		exit(1);
	}
}

static void *read_clocks(void *argument)
{
	struct cpu *cpu = argument;

	settle(cpu, 0);
	while (!checker_stopped) {
		int64_t before = atomic_load(&cpu->read_at);

		for (int which = MONOTONIC_RAW; which < CLOCKS; which++) {
			if (which != COUNTER || !all.no_counter)
				(void)check_clock(cpu, (enum clock_number)which);
		}
		int64_t now = check_clock(cpu, MONOTONIC);

		cpu->readings++;
		if (before != 0 && now - before > GAP_NS) {
			unsigned int number = atomic_load(&cpu->gaps);

			atomic_store(&cpu->gap[number % GAPS].start, before);
			atomic_store(&cpu->gap[number % GAPS].end, now);
			atomic_store(&cpu->gaps, number + 1);
			if (now - before > cpu->longest_gap_ns)
				cpu->longest_gap_ns = now - before;
		}
		atomic_store(&cpu->read_at, now);
	}
	return NULL;
}

static int64_t overlap(int64_t start, int64_t end, int64_t from, int64_t to)
{
	int64_t low = start > from ? start : from, high = end < to ? end : to;

	return high > low ? high - low : 0;
}

/* How much of [deadline, now) the reader was reading. The time since its last reading may be one
 * gap, too. */
static int64_t own_ns(const struct cpu *cpu, int64_t deadline, int64_t now)
{
	unsigned int count = atomic_load(&cpu->gaps);
	unsigned int first = count > GAPS ? count - GAPS : 0;
	int64_t own = now - deadline, read_at = atomic_load(&cpu->read_at);

	for (unsigned int i = first; i < count; i++)
		own -= overlap(atomic_load(&cpu->gap[i % GAPS].start),
			       atomic_load(&cpu->gap[i % GAPS].end), deadline, now);
	if (now - read_at > GAP_NS)
		own -= overlap(read_at, now, deadline, now);
	return own;
}

static void wait_until(int timer, int64_t deadline)
{
	struct timespec when = {deadline / 1000000000, deadline % 1000000000};
	struct itimerspec setting = {.it_value = when};
	uint64_t times;

	if (timer < 0) {
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
			;
		return;
	}
	(void)timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL);
	while (read(timer, &times, sizeof(times)) < 0 && errno == EINTR)
		;
}

static void *set_timers(void *argument)
{
	struct cpu *cpu = argument;
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);

	settle(cpu, 50);
	while (!checker_stopped) {
		uint64_t chance = checker_mix(cpu->timers + cpu->number * UINT64_C(0x1000000));
		int64_t deadline =
			checker_ns(CLOCK_MONOTONIC) + 100000 +
			(int64_t)(chance % 64 == 0 ? chance % 400000000 : chance % 20000000);

		wait_until(chance & 1 << 30 ? timer : -1, deadline);
		int64_t now = checker_ns(CLOCK_MONOTONIC);

		if (all.wrong_early)
			now -= 1000000;
		cpu->timers++;
		if (now < deadline) {
			cpu->early++;
			atomic_fetch_add(&all.early, 1);
			if (deadline - now > cpu->worst_early_ns)
				cpu->worst_early_ns = deadline - now;
			continue;
		}
		int64_t own = own_ns(cpu, deadline, now);

		cpu->late += own > LATE_NS;
		if (now - deadline > cpu->worst_late_ns)
			cpu->worst_late_ns = now - deadline;
		if (own > cpu->worst_own_ns)
			cpu->worst_own_ns = own;
	}
	return NULL;
}

/* ---- the host's clock ----------------------------------------------------------------------- */

static int64_t host_us(void)
{
	struct backdoor r = {
		{BACKDOOR_MAGIC, 0, GETTIMEFULL, BACKDOOR_PORT, 0, 0, 0, BACKDOOR_LOW}};

	backdoor_call(&r);
	if ((uint32_t)r.x[0] != BACKDOOR_MAGIC) {
		puts("timecheck: FAILED: the host does not tell its time");
		exit(1);
	}
	return (int64_t)((r.x[4] << 32 | (uint32_t)r.x[3]) * 1000000 + (uint32_t)r.x[1]);
}

/* The narrowest of some tries. */
static struct look look_at_host(void)
{
	struct look best = {0};

	for (unsigned int i = 0; i < LOOK_TRIES; i++) {
		int64_t before = checker_ns(CLOCK_MONOTONIC);
		int64_t host = host_us();
		int64_t after = checker_ns(CLOCK_MONOTONIC);
		double scale = all.wrong_rate ? 0.001 * (1 + 5e-6) : 0.001;
		/* The host's time is cut off to microseconds. */
		struct look one = {before, scale * (double)before - (double)(host + 1),
				   scale * (double)after - (double)host};

		if (i == 0 || one.high_us - one.low_us < best.high_us - best.low_us)
			best = one;
	}
	return best;
}

/* The rates, in parts per million, that agree with all looks from first to before end: a line
 * through all the intervals exists when it does for each two of them. Gives whether they may be
 * within the limit. */
static bool check_stay(const struct look *first, const struct look *end)
{
	double low = -1e9, high = 1e9, width = 1e9;

	for (const struct look *a = first; a < end; a++) {
		if (a->high_us - a->low_us < width)
			width = a->high_us - a->low_us;
		for (const struct look *b = a + 1; b < end; b++) {
			double seconds = (double)(b->at_ns - a->at_ns) * 1e-9;
			double least = (b->low_us - a->high_us) / seconds;
			double most = (b->high_us - a->low_us) / seconds;

			low = least > low ? least : low;
			high = most < high ? most : high;
		}
	}
	double length_us = (double)(end[-1].at_ns - first->at_ns) * 0.001;

	printf("timecheck: rate: %.1f s, %zu looks, the best within %.1f us: %.2f to %.2f ppm\n",
	       length_us * 1e-6, (size_t)(end - first), width, low, high);
	return length_us < TELLING_US || (low <= high && low <= PPM_MAX && high >= -PPM_MAX);
}

static bool check_rates(size_t count)
{
	bool good = true;
	size_t first = 0;

	for (size_t i = 1; i <= count; i++) {
		if (i < count && looks[i].low_us - looks[i - 1].high_us < STEP_US &&
		    looks[i - 1].low_us - looks[i].high_us < STEP_US)
			continue;
		if (i - first > 1)
			good = check_stay(looks + first, looks + i) && good;
		first = i;
	}
	return good;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static jmp_buf no_counter;

static void on_illegal(int number)
{
	(void)number;
	longjmp(no_counter, 1);
}

/* With a timer that is memory-mapped, Linux may not let EL0 read the counter. */
static bool counter_can_be_read(void)
{
	volatile bool can = false;

	(void)signal(SIGILL, on_illegal);
	if (setjmp(no_counter) == 0) {
		(void)read_clock(COUNTER);
		can = true;
	}
	(void)signal(SIGILL, SIG_DFL);
	return can;
}

static const char *verdict(unsigned int count, bool rates)
{
	bool timers = true;

	for (struct cpu *cpu = cpus; cpu < cpus + count; cpu++) {
		printf("timecheck: cpu%u: %llu readings, longest gap %.1f ms; %llu timers, "
		       "%llu early (%.3f ms), late at most %.3f ms, of its own %.3f ms, "
		       "%llu more than 1 ms\n",
		       cpu->number, (unsigned long long)cpu->readings,
		       (double)cpu->longest_gap_ns * 1e-6, (unsigned long long)cpu->timers,
		       (unsigned long long)cpu->early, (double)cpu->worst_early_ns * 1e-6,
		       (double)cpu->worst_late_ns * 1e-6, (double)cpu->worst_own_ns * 1e-6,
		       (unsigned long long)cpu->late);
		timers = timers && cpu->timers != 0;
	}
	if (atomic_load(&all.back) != 0)
		return "FAILED: a clock stepped back";
	if (atomic_load(&all.early) != 0)
		return "FAILED: a timer was early";
	if (!timers)
		return "FAILED: no timer fired";
	return rates ? "ok" : "FAILED: the clock's rate is not the host's";
}

int main(int argc, char **argv)
{
	bool host = argc > 1 && strcmp(argv[1], "host") == 0;
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[CPUS_MAX][2];
	size_t looked = 0;

	checker_begin();
	all.wrong_back = checker_wrong(argc, argv, "back");
	all.wrong_early = checker_wrong(argc, argv, "early");
	all.wrong_rate = checker_wrong(argc, argv, "rate");
	all.no_counter = !counter_can_be_read();
	count = count > CPUS_MAX ? CPUS_MAX : count;
	for (unsigned int i = 0; i < count; i++) {
		cpus[i].number = i;
		(void)pthread_create(&threads[i][0], NULL, read_clocks, &cpus[i]);
		(void)pthread_create(&threads[i][1], NULL, set_timers, &cpus[i]);
	}
	puts("timecheck: begun");
	while (!checker_stopped && atomic_load(&all.back) + atomic_load(&all.early) == 0) {
		if (host && looked < LOOKS_MAX)
			looks[looked++] = look_at_host();
		(void)usleep(LOOK_EACH_US);
	}
	checker_stopped = 1;
	for (unsigned int i = 0; i < count; i++) {
		(void)pthread_join(threads[i][0], NULL);
		(void)pthread_join(threads[i][1], NULL);
	}
	bool rates = check_rates(looked);
	const char *text = verdict((unsigned int)count, rates);

	printf("timecheck: %s\n", text);
	return strcmp(text, "ok") != 0;
}
