/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the shell about the machine and the hypervisor itself. */
#include "abi/hypercall.h"
#include "check.h"
#include "hyp/console/shell_cmd.h"
#include "hyp/core/log.h"
#include "hyp/core/mem.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/inspect.h"
#include "lib/fmt.h"
#include "lib/text.h"

/* --- cpus --- */

/* Thousandths of the time since the start. */
static unsigned int share(uint64_t ticks)
{
	uint64_t all = inspect_uptime_ticks() / 1000;

	return all == 0 || ticks / all > 1000 ? 1000 : (unsigned int)(ticks / all);
}

static bool cpus_step(struct shell_job *job)
{
	char name[SHELL_NAME_BYTES], runs[SHELL_NAME_BYTES] = "-";
	struct inspect_cpu c;
	unsigned int user, slept;

	if (job->at == 0)
		shell_say("%3s  %-12s %-10s %-8s %10s %10s\n", "CPU", "MPIDR", "SERVICE VM",
			  "LOADED", "USER VMS", "ASLEEP");
	if (inspect_cpu((uint32_t)job->at, &c) != ERR_OK)
		return false;
	user = share(c.user_ticks);
	slept = share(c.slept_ticks);
	if (c.is_on || c.vm != INSPECT_SERVICE_VM)
		(void)fmt_snprintf(runs, sizeof(runs), "%s", shell_vcpu_name(name, c.vm, c.vcpu));
	shell_say("%3lu  0x%010lx %-10s %-8s %8u.%u%% %8u.%u%%\n", job->at, c.mpidr,
		  c.is_on ? "on" : "off", runs, user / 10, user % 10, slept / 10, slept % 10);
	return ++job->at < percpu_count();
}

const struct shell_command shell_cpus = {
	.name = "cpus",
	.usage = "",
	.brief = "the machine's CPUs",
	.help = "SERVICE VM: whether its vCPU of this CPU is on. LOADED: which vCPU the\n"
		"CPU has just now. USER VMS: the share of time since the start that user\n"
		"VMs had; ASLEEP: that it slept in EL2, a user VM's vCPU waiting or the\n"
		"CPU being off. The rest is the service VM's, which knows itself how much\n"
		"of it is idle.",
	.step = cpus_step,
};

/* --- mem --- */

static void say_region(const char *what, const struct boot_region *r)
{
	shell_say("%-12s 0x%010lx to 0x%010lx %9lu KiB\n", what, r->base, r->base + r->bytes - 1,
		  r->bytes >> 10);
}

static void say_owners(const struct inspect_owners *o)
{
	static const char *const names[] = {"the service VM's alone", "shared with user VMs",
					    "lent to user VMs", "stores of user VMs",
					    "Caisson's, or in part"};
	const uint64_t counts[] = {o->own, o->shared, o->lent, o->store, o->other};
	unsigned int i;

	shell_say("Blocks of 2 MiB:\n");
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		shell_say("  %-24s %9lu %9lu MiB\n", names[i], counts[i], counts[i] * 2);
}

static bool mem_step(struct shell_job *job)
{
	static struct inspect_owners owners; /* one command runs at a time */
	const struct bootinfo *bi = inspect_boot();

	if (job->at < bi->ram_count) {
		say_region("memory", &bi->ram[job->at++]);
		return true;
	}
	if (job->at++ == bi->ram_count) {
		say_region("Caisson's", &bi->kept);
		say_region("  image", &bi->image);
		say_region("  log", &bi->log);
		say_region("  pool", &bi->pool);
		shell_say("%-45s %9lu KiB free\n", "", mem_free_bytes() >> 10);
		owners = (struct inspect_owners){0};
		return true;
	}
	if (!inspect_owners(&owners))
		return true;
	say_owners(&owners);
	return false;
}

const struct shell_command shell_mem = {
	.name = "mem",
	.usage = "",
	.brief = "physical memory and whose it is",
	.help = "The ranges of memory that firmware told of, what Caisson keeps of it for\n"
		"itself, and whose the blocks are that can change hands.",
	.step = mem_step,
};

/* --- log --- */

static const char *const log_words[] = {"error", "warn", "info", "debug", "all", NULL};
enum { LOG_ALL = LOG_DEBUG + 1 };

static const char *log_check(struct shell_job *job)
{
	if (job->args.count > 1 && shellcmd_choice(job->args.word[1], log_words) < 0)
		return shell_fail(job, "'%.40s' is not error, warn, info, debug or all",
				  job->args.word[1]);
	return NULL;
}

/* Text of a log that is kept in memory of ours; but it tells of names that guests may choose. */
static bool say_log(struct shell_job *job)
{
	char text[SHELL_SAY_BYTES / 2 + 1];
	uint64_t lost;
	size_t n, i;

	n = log_read(&job->at, (uint8_t *)text, sizeof(text) - 1, &lost);
	text[n] = 0;
	for (i = 0; i < n; i++) {
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = '?';
	}
	if (lost > 0 && job->at > n)
		shell_say("(%lu bytes are not kept any more)\n", lost);
	shell_say("%s", text);
	return n > 0;
}

/* Where lines begin: the last of them. One command runs at a time. */
#define STARTS 256
static uint64_t starts[STARTS];

/* Goes through all that is kept, then says the last lines, as many as fit on the screen. */
static bool log_last(struct shell_job *job)
{
	uint64_t fit = shell_rows() - 2 < STARTS ? shell_rows() - 2 : STARTS - 1, lost;
	char text[256];
	size_t n, i;

	if (job->value)
		return say_log(job);
	n = log_read(&job->at, (uint8_t *)text, sizeof(text), &lost);
	if (job->count == 0 || lost > 0)
		starts[job->count++ % STARTS] = job->at - n;
	for (i = 0; i < n; i++) {
		if (text[i] == '\n')
			starts[job->count++ % STARTS] = job->at - n + i + 1;
	}
	if (n == 0) { /* the last start is behind the last line */
		job->value = 1;
		job->at = starts[(job->count - 1 > fit ? job->count - 1 - fit : 0) % STARTS];
	}
	return true;
}

static bool log_step(struct shell_job *job)
{
	int word = job->args.count > 1 ? shellcmd_choice(job->args.word[1], log_words) : -1;

	if (word < 0)
		return log_last(job);
	if (word == LOG_ALL)
		return say_log(job);
	log_set_level((enum log_level)word);
	shell_say("The log console shows lines of level %s and above.\n", log_words[word]);
	return false;
}

const struct shell_command shell_log = {
	.name = "log",
	.usage = "[LEVEL|all]",
	.brief = "the hypervisor's log",
	.help = "The last lines of it, or all that is kept. With error, warn, info or\n"
		"debug: the log console shows lines of this level and above from now on;\n"
		"the log keeps all.",
	.choices = log_words,
	.most = 1,
	.check = log_check,
	.step = log_step,
};

/* --- boot, version --- */

static void say_uarts(const struct bootinfo *bi)
{
	static const char *const kinds[] = {
		[BOOT_UART_NONE] = "none",          [BOOT_UART_PL011] = "PL011",
		[BOOT_UART_SBSA] = "SBSA UART",     [BOOT_UART_16550] = "16550",
		[BOOT_UART_DW] = "DesignWare UART", [BOOT_UART_CDNS] = "Cadence UART",
	};
	unsigned int i;

	for (i = 0; i < BOOT_MAX_UARTS; i++) {
		if (bi->uart[i].kind == BOOT_UART_NONE || bi->uart[i].kind >= ARRAY_SIZE(kinds))
			continue;
		shell_say("serial port %u   %s at 0x%lx, INTID %u\n", i + 1,
			  kinds[bi->uart[i].kind], bi->uart[i].base, bi->uart[i].intid);
	}
}

/* A row of a table: how a CPU was started, or why it was not. */
static void say_start(const struct boot_start *s)
{
	char answer[SHELL_NAME_BYTES] = "-", address[2 * SHELL_NAME_BYTES] = "-",
	     mailbox[2 * SHELL_NAME_BYTES] = "-";

	if (s->mpidr == UINT64_MAX)
		shell_say("%-12s ", "?");
	else
		shell_say("0x%010lx ", s->mpidr);
	if (s->state == BOOT_START_RAN) {
		shell_say("ran already\n");
		return;
	}
	if (s->was_asked)
		(void)fmt_snprintf(answer, sizeof(answer), "%d", s->answer);
	if (s->address != 0)
		(void)fmt_snprintf(address, sizeof(address), "0x%lx", s->address);
	if (s->mailbox != 0)
		(void)fmt_snprintf(mailbox, sizeof(mailbox), "0x%lx", s->mailbox);
	shell_say("%-18s %-12s %6s  %-12s ", s->protocol[0] ? s->protocol : "-", address, answer,
		  mailbox);
	if (s->state == BOOT_START_ARRIVED)
		shell_say("%8lu us\n", shell_nanoseconds(s->ticks) / 1000);
	else
		shell_say("left out: %s\n", s->why);
}

static void say_firmware(const struct bootinfo *bi)
{
	if (bi->psci_conduit == BOOT_CONDUIT_SMC)
		shell_say("firmware        PSCI %u.%u by SMC\n", bi->psci_version >> 16,
			  bi->psci_version & 0xffff);
	else
		shell_say("firmware        no PSCI 0.2 or later\n");
}

static bool boot_step(struct shell_job *job)
{
	const struct bootinfo *bi = inspect_boot();

	switch (job->at++) {
	case 0:
		shell_say("command line    %s\n", bi->cmdline);
		return true;
	case 1:
		shell_say("CPUs            %u in use, %u left out, boot CPU 0x%lx\n", bi->cpu_count,
			  bi->cpus_left_out, bi->cpu[0].mpidr);
		shell_say("image           0x%lx, %lu KiB, at VA 0x%lx\n", bi->image.base,
			  bi->image.bytes >> 10, HYP_IMAGE_VA);
		say_uarts(bi);
		shell_say("display         %s\n", bi->headless ? "none" : "described by firmware");
		return true;
	case 2:
		shell_say("interrupts      GICv%u at 0x%lx; timers %u, %u, %u; maintenance %u\n",
			  bi->gic_version, bi->gicd.base, bi->timer_phys_intid,
			  bi->timer_virt_intid, bi->timer_hyp_intid, bi->gic_maintenance_intid);
		say_firmware(bi);
		shell_say("service VM      entry 0x%lx, tree 0x%lx, IPAs below 0x%lx\n",
			  bi->svm_entry, bi->svm_dtb, bi->svm_ipa_limit);
		shell_say("%-12s %-18s %-12s %6s  %-12s %11s\n", "MPIDR", "STARTED BY", "ADDRESS",
			  "ANSWER", "MAILBOX", "ARRIVED");
		return true;
	default:
		say_start(&bi->start[job->at - 4]);
		return job->at - 3 < bi->start_count;
	}
}

const struct shell_command shell_boot = {
	.name = "boot",
	.usage = "",
	.brief = "what the loader told when Caisson started",
	.help = "Caisson's command line, and what its loader found in the firmware's\n"
		"tables. STARTED BY: the protocol that the tables name for the CPU, and\n"
		"ADDRESS what it is started at; ANSWER: PSCI's to CPU_ON, 0 is yes; MAILBOX:\n"
		"where it waited for Caisson; ARRIVED: how long after all were started, or\n"
		"why it is not used.",
	.step = boot_step,
};

static bool version_step(struct shell_job *job)
{
	char time[SHELL_NAME_BYTES];

	shell_say("Caisson %s, %s build, hypercall ABI 0x%x, up for %s s\n", CAISSON_VERSION,
		  CHECK_VARIANT, CAISSON_CALL_ABI, shell_seconds(time, inspect_uptime_ticks()));
	return false;
}

const struct shell_command shell_version = {
	.name = "version",
	.usage = "",
	.brief = "the version, and for how long it has run",
	.help = "A debug build checks locks and owners of memory, and is slower.",
	.step = version_step,
};

/* --- reboot, poweroff, panic-test --- */

static bool end_step(struct shell_job *job)
{
	bool reset = text_is(job->args.word[0], "reboot");

	if (job->at++ == 0) {
		shell_say(reset ? "The machine starts anew.\n" : "The machine goes off.\n");
		return true;
	}
	inspect_power_off(reset);
	shell_say(inspect_boot()->psci_conduit == BOOT_CONDUIT_NONE
			  ? "This machine has nothing known that does it.\n"
			  : "The firmware refused.\n");
	return false;
}

const struct shell_command shell_reboot = {
	.name = "reboot",
	.usage = "",
	.brief = "starts the machine anew, at once",
	.help = "By the firmware (PSCI SYSTEM_RESET), as when the service VM asks for it;\n"
		"but no VM is asked: what they have not written to their disks is lost.\n"
		"Asks first.",
	.step = end_step,
	.question = "Reset the machine, and all VMs with it? (yes or no) ",
};

const struct shell_command shell_poweroff = {
	.name = "poweroff",
	.usage = "",
	.brief = "switches the machine off, at once",
	.help = "By the firmware (PSCI SYSTEM_OFF), as when the service VM asks for it;\n"
		"but no VM is asked: what they have not written to their disks is lost.\n"
		"Asks first.",
	.step = end_step,
	.question = "Switch the machine off, and all VMs with it? (yes or no) ",
};

static const char *panic_check_name(struct shell_job *job)
{
	if (!check_panic_has(job->args.word[1]))
		return shell_fail(job, "no test '%.40s': write, exec, stack, undef or lock",
				  job->args.word[1]);
	return NULL;
}

static bool panic_step(struct shell_job *job)
{
	check_panic_run(job->args.word[1]);
	return false;
}

const struct shell_command shell_panic_test = {
	.name = "panic-test",
	.usage = "write|exec|stack|undef|lock",
	.brief = "makes EL2 fail on purpose",
	.help = "A write to its text, a jump into its data, a stack overrun, an undefined\n"
		"instruction, locks in the wrong order. The machine then has to be reset.\n"
		"Asks first.",
	.most = 1,
	.least = 1,
	.debug_only = true,
	.check = panic_check_name,
	.step = panic_step,
	.question = "Make the hypervisor panic? (yes or no) ",
};
