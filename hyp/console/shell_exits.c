/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the shell that watch exits: hyp/vm/trace.h. */
#include "hyp/console/shell_cmd.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/inspect.h"
#include "hyp/vm/trace.h"
#include "lib/esr.h"
#include "lib/fmt.h"

#define RECORDS_DEFAULT 20
#define RECORDS_SKIPPED 32 /* in one step */

static const char *const on_off[] = {"on", "off", NULL};
enum { ON, OFF };

static void set(unsigned int mode)
{
	if (trace_set(mode) != ERR_OK)
		shell_say("A CPU does not answer; the others have it.\n");
}

/* --- exits --- */

static const char *exits_check(struct shell_job *job)
{
	if (job->args.count > 1 && shellcmd_choice(job->args.word[1], on_off) < 0)
		return shell_fail(job, "'%.40s' is neither on nor off", job->args.word[1]);
	return NULL;
}

static void say_reason(const char *who, unsigned int reason, const struct trace_count *c)
{
	shell_say("%-10s %-31s %11lu %13lu %9lu\n", who, trace_reason_name(reason), c->exits,
		  c->ticks, shell_nanoseconds(c->ticks) / c->exits);
}

/* Those that VM_STAT counts all the time. */
static void say_runs(uint32_t number)
{
	static const struct {
		const char *name;
		enum caisson_stat stat;
	} rows[] = {
		{"interrupt of the service VM", CAISSON_STAT_EXIT_INTERRUPTED},
		{"device of its process", CAISSON_STAT_EXIT_MMIO},
		{"call to its process", CAISSON_STAT_EXIT_SMCCC},
		{"wait", CAISSON_STAT_EXIT_WFI},
		{"fault", CAISSON_STAT_EXIT_FAULT},
		{"wake of another vCPU", CAISSON_STAT_EXIT_WAKE},
		{"call of its tools", CAISSON_STAT_EXIT_TOOLS},
		{"served: system register", CAISSON_STAT_SERVED_SYSREG},
		{"served: interrupt controller", CAISSON_STAT_SERVED_GIC},
		{"served: wait", CAISSON_STAT_SERVED_WFI},
	};
	char name[SHELL_NAME_BYTES];
	struct inspect_vm vm;
	unsigned int i;

	if (inspect_vm(number, &vm) != ERR_OK || vm.vcpu_count == 0)
		return;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		shell_say("VM %-7s %-31s %11lu\n", shell_vm_name(name, number), rows[i].name,
			  vm.stat[rows[i].stat]);
}

static bool exits_show(struct shell_job *job)
{
	bool is_user = job->at >= TRACE_REASONS;
	unsigned int reason = (unsigned int)(job->at % TRACE_REASONS);
	struct trace_count c;

	if (job->at == 0 && !(trace_get() & TRACE_COUNTS))
		shell_say("Exits are not counted: `exits on`.\n");
	if (job->at == 0)
		shell_say("%-10s %-31s %11s %13s %9s\n", "EXITS OF", "BECAUSE", "COUNT", "CYCLES",
			  "NS EACH");
	if (job->at < 2 * TRACE_REASONS) {
		c = trace_count(is_user, reason);
		if (c.exits > 0)
			say_reason(is_user ? "user VMs" : "service VM", reason, &c);
	} else {
		say_runs((uint32_t)job->at - 2 * TRACE_REASONS);
	}
	return ++job->at < 2 * TRACE_REASONS + CAISSON_MAX_VMS;
}

static bool exits_step(struct shell_job *job)
{
	unsigned int mode = trace_get();

	if (job->args.count == 1)
		return exits_show(job);
	if (shellcmd_choice(job->args.word[1], on_off) == ON) {
		/* Off and on: counting begins anew. */
		set(mode & ~(unsigned int)TRACE_COUNTS);
		set(mode | TRACE_COUNTS);
		shell_say("Exits are counted from now on: `exits` shows them.\n");
	} else {
		set(mode & ~(unsigned int)TRACE_COUNTS);
		shell_say("Exits are not counted any more; `exits` shows those that were.\n");
	}
	return false;
}

const struct shell_command shell_exits = {
	.name = "exits",
	.usage = "[on|off]",
	.brief = "exits by reason, and how long EL2 took",
	.help = "`exits on` counts from 0, on all CPUs. NS EACH: from the first\n"
		"instruction in EL2 to the last, by the system counter, without sleep.\n"
		"What user VMs' processes are told of is counted at all times, below. Off\n"
		"costs nothing, on some 75 instructions an exit.",
	.choices = on_off,
	.most = 1,
	.check = exits_check,
	.step = exits_step,
};

/* --- trace --- */

static const char *const trace_words[] = {"on", "off", "show", NULL};
enum { SHOW = OFF + 1 };

/* Where the merge of the CPUs' rings stands. */
static uint64_t position[BOOT_MAX_CPUS];

static const char *trace_check(struct shell_job *job)
{
	int word = shellcmd_choice(job->args.word[1], trace_words);

	if (word < 0)
		return shell_fail(job, "'%.40s' is not on, off or show", job->args.word[1]);
	job->value = RECORDS_DEFAULT;
	if (job->args.count > 2 &&
	    (word != SHOW || !fmt_parse_u64(job->args.word[2], &job->value) || job->value == 0))
		return shell_fail(job, "'%.40s' is no number of records", job->args.word[2]);
	return NULL;
}

/* From the oldest that may be among the last job->value on; job->count: how many to pass over. */
static void show_begin(struct shell_job *job)
{
	uint64_t total = 0, head, kept;
	uint32_t i;

	for (i = 0; i < percpu_count(); i++) {
		head = trace_head(i);
		kept = head < TRACE_RING ? head : TRACE_RING - 1;
		if (kept > job->value)
			kept = job->value;
		position[i] = head - kept;
		total += kept;
	}
	job->count = total > job->value ? total - job->value : 0;
}

/* The oldest of the records that the CPUs' rings go on with. */
static bool take_oldest(struct trace_record *oldest)
{
	struct trace_record record;
	uint64_t next, behind = 0;
	uint32_t i, cpu = 0;
	bool found = false;

	for (i = 0; i < percpu_count(); i++) {
		next = position[i];
		if (!trace_read(i, &next, &record) || (found && record.time >= oldest->time))
			continue;
		found = true;
		*oldest = record;
		cpu = i;
		behind = next;
	}
	if (found)
		position[cpu] = behind;
	return found;
}

static const char *short_name(unsigned int reason)
{
	switch (reason) {
	case ESR_EC_SYSREG:
		return "system register";
	case ESR_EC_DATA_ABORT_LOWER:
		return "data";
	case ESR_EC_INSN_ABORT_LOWER:
		return "fetch";
	case ESR_EC_HVC64:
		return "HVC";
	case ESR_EC_SMC64:
		return "SMC";
	case ESR_EC_WFX:
		return "WFI";
	case TRACE_IRQ:
	case TRACE_FIQ:
	case TRACE_SERROR:
		return trace_reason_name(reason);
	default:
		return "other";
	}
}

static void say_record(const struct trace_record *r)
{
	char time[SHELL_NAME_BYTES], name[SHELL_NAME_BYTES], page[24] = "";

	if (r->page)
		(void)fmt_snprintf(page, sizeof(page), " 0x%lx", (uint64_t)r->page << 12);
	shell_say("%11s %3u %-6s %016lx %08x %9lu %s%s\n",
		  shell_seconds(time, r->time - inspect_boot()->entry_cntpct), r->cpu,
		  shell_vcpu_name(name, r->vm, r->vcpu), r->pc, r->esr, shell_nanoseconds(r->ticks),
		  short_name(r->reason), page);
}

static bool trace_show(struct shell_job *job)
{
	struct trace_record r;
	unsigned int i;

	if (job->at++ == 0) {
		show_begin(job);
		shell_say("%11s %3s %-6s %-16s %-8s %9s %s\n", "SECONDS", "CPU", "VCPU", "PC",
			  "ESR", "NS IN EL2", "BECAUSE");
	}
	for (i = 0; i < RECORDS_SKIPPED && job->count > 0; i++, job->count--) {
		if (!take_oldest(&r))
			job->count = 1;
	}
	if (job->count > 0)
		return true;
	/* While it is on, there is always one more. */
	if (job->value-- == 0 || !take_oldest(&r))
		return false;
	say_record(&r);
	return true;
}

static bool trace_step(struct shell_job *job)
{
	unsigned int mode = trace_get();

	switch (shellcmd_choice(job->args.word[1], trace_words)) {
	case ON:
		set(mode | TRACE_RECORDS);
		shell_say("Tracing: each CPU keeps its last %u exits; `trace show` shows them.\n",
			  TRACE_RING - 1);
		return false;
	case OFF:
		set(mode & ~(unsigned int)TRACE_RECORDS);
		shell_say("Not tracing; what was traced is kept.\n");
		return false;
	default:
		return trace_show(job);
	}
}

const struct shell_command shell_trace = {
	.name = "trace",
	.usage = "on|off|show [COUNT]",
	.brief = "the last exits of each CPU",
	.help = "`trace on` begins anew. `trace show` shows the last exits of all CPUs by\n"
		"time, 20 or COUNT: seconds since the start, CPU, vCPU, where it was,\n"
		"ESR_EL2, how long EL2 took, the reason (of aborts with the page in the\n"
		"VM's memory). Off costs nothing, on some 75 instructions\n"
		"an exit.",
	.choices = trace_words,
	.most = 2,
	.least = 1,
	.check = trace_check,
	.step = trace_step,
};
