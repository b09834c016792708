/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the shell about VMs. */
#include "arch/aarch64/sysreg.h"
#include "hyp/console/shell_cmd.h"
#include "hyp/vm/inspect.h"
#include "lib/fmt.h"
#include "lib/text.h"

#define IRQS_LOOKED_AT 64 /* in one step */

/* What became of a VM that was there a moment ago. */
static bool say_gone(enum err err)
{
	shell_say("%s\n", err == ERR_BUSY ? "Its CPU does not answer, or it moves too fast."
					  : "It is not there any more.");
	return false;
}

/* --- vms --- */

static void say_vm(const struct inspect_vm *vm)
{
	char number[SHELL_NAME_BYTES], time[SHELL_NAME_BYTES];

	shell_say("%-6s %-16s %-6s %5u %6u %8lu M %13s\n", shell_vm_name(number, vm->number),
		  vm->vcpu_count ? vm->name : "(being cleared)", vm->is_ending ? "ending" : "live",
		  vm->vcpu_count, vm->running, vm->memory_bytes >> 20,
		  vm->is_user ? shell_seconds(time, vm->cpu_ticks) : "-");
}

static bool vms_step(struct shell_job *job)
{
	/* The service VM, which has the last number, comes first. */
	uint32_t number = job->at == 0 ? INSPECT_SERVICE_VM : (uint32_t)job->at - 1;
	struct inspect_vm vm;

	if (job->at == 0)
		shell_say("%-6s %-16s %-6s %5s %6s %10s %13s\n", "VM", "NAME", "STATE", "VCPUS",
			  "LOADED", "MEMORY", "CPU SECONDS");
	if (inspect_vm(number, &vm) == ERR_OK)
		say_vm(&vm);
	return ++job->at < INSPECT_VMS;
}

const struct shell_command shell_vms = {
	.name = "vms",
	.usage = "",
	.brief = "the VMs",
	.help = "LOADED: vCPUs that a CPU has just now. CPU SECONDS: how long CPUs had\n"
		"vCPUs of the VM, without their waits; the service VM counts for itself.",
	.step = vms_step,
};

/* --- vcpu --- */

static void say_vcpu(uint32_t vm, const struct inspect_vcpu *v)
{
	static const char *const states[] = {
		[INSPECT_OFF] = "off",       [INSPECT_STARTING] = "starting",
		[INSPECT_LOADED] = "loaded", [INSPECT_AWAY] = "away",
		[INSPECT_READY] = "ready",   [INSPECT_WAITING] = "waiting",
		[INSPECT_GIVEN] = "given",
	};
	char name[SHELL_NAME_BYTES], time[SHELL_NAME_BYTES], cpu[8] = "-", own[8] = "-";
	bool is_user = vm != INSPECT_SERVICE_VM;

	if (v->cpu != INSPECT_NOWHERE)
		(void)fmt_snprintf(cpu, sizeof(cpu), "%u", v->cpu);
	if (v->own_cpu != INSPECT_NOWHERE)
		(void)fmt_snprintf(own, sizeof(own), "%u", v->own_cpu);
	shell_say("%-7s %-9s %4s %4s  0x%010lx %13s %12lu\n", shell_vcpu_name(name, vm, v->index),
		  states[v->state], cpu, own, v->mpidr,
		  is_user ? shell_seconds(time, v->cpu_ticks) : "-", v->stat[CAISSON_STAT_RUNS]);
}

static const char *vcpu_check(struct shell_job *job)
{
	return job->args.count > 1 ? shell_target(job, 1) : NULL;
}

static bool vcpu_step(struct shell_job *job)
{
	bool is_one = job->args.count > 1;
	uint32_t number = job->at == 0 ? INSPECT_SERVICE_VM : (uint32_t)job->at - 1;
	struct inspect_vcpu v;

	if (job->value++ == 0)
		shell_say("%-7s %-9s %4s %4s  %-12s %13s %12s\n", "VCPU", "STATE", "CPU", "OWN",
			  "MPIDR", "CPU SECONDS", "RUNS");
	if (inspect_vcpu(is_one ? job->vm : number, (uint32_t)job->count, &v) == ERR_OK) {
		say_vcpu(is_one ? job->vm : number, &v);
		job->count++;
		return true;
	}
	job->count = 0;
	return !is_one && ++job->at < INSPECT_VMS;
}

const struct shell_command shell_vcpu = {
	.name = "vcpu",
	.usage = "[VM]",
	.brief = "the vCPUs of all VMs, or of one",
	.help = "CPU: where it is loaded. OWN: the CPU that is its own. RUNS: how often\n"
		"the VM's process had it run. States: loaded; away: a user VM's vCPU has\n"
		"its CPU; ready: its VM's process has it; waiting: in WFI; given: its CPU\n"
		"is dedicated to a user VM.",
	.most = 1,
	.check = vcpu_check,
	.step = vcpu_step,
};

/* --- regs --- */

static const char *target_check(struct shell_job *job)
{
	return shell_target(job, 1);
}

static void say_general(const struct inspect_registers *r)
{
	unsigned int i;

	for (i = 0; i < 30; i += 3)
		shell_say("x%-3u %016lx  x%-3u %016lx  x%-3u %016lx\n", i, r->x[i], i + 1,
			  r->x[i + 1], i + 2, r->x[i + 2]);
	shell_say("x30  %016lx  sp_el0 %016lx  sp_el1 %016lx\n", r->x[30], r->sp_el0, r->sp_el1);
	shell_say("pc   %016lx  pstate %lx: EL%lu%c, masked:%s%s%s%s%s\n", r->pc, r->pstate,
		  r->pstate & SPSR_M32 ? 0 : bits_get(r->pstate, 3, 2), r->pstate & 1 ? 'h' : 't',
		  r->pstate & SPSR_D ? " D" : "", r->pstate & SPSR_A ? " A" : "",
		  r->pstate & SPSR_I ? " I" : "", r->pstate & SPSR_F ? " F" : "",
		  r->pstate & SPSR_M32 ? ", AArch32" : "");
}

static void say_system(const struct inspect_registers *r)
{
	shell_say("elr_el1   %016lx  spsr_el1  %016lx\n", r->elr_el1, r->spsr_el1);
	shell_say("esr_el1   %016lx  far_el1   %016lx\n", r->esr_el1, r->far_el1);
	shell_say("sctlr_el1 %016lx  tcr_el1   %016lx\n", r->sctlr_el1, r->tcr_el1);
	shell_say("ttbr0_el1 %016lx  ttbr1_el1 %016lx\n", r->ttbr0_el1, r->ttbr1_el1);
	shell_say("mair_el1  %016lx  vbar_el1  %016lx\n", r->mair_el1, r->vbar_el1);
	shell_say("cpacr_el1 %016lx  cntkctl   %016lx\n", r->cpacr_el1, r->cntkctl_el1);
	shell_say("context   %016lx  tpidr_el1 %016lx\n", r->contextidr_el1, r->tpidr_el1);
	shell_say("tpidr_el0 %016lx  tpidrro   %016lx\n", r->tpidr_el0, r->tpidrro_el0);
	shell_say("hcr_el2   %016lx  vttbr_el2 %016lx\n", r->hcr_el2, r->vttbr_el2);
}

/* In one go, so that they are of one instant. */
static bool regs_step(struct shell_job *job)
{
	static struct inspect_registers r; /* one command runs at a time */
	enum err err = inspect_registers(job->vm, job->vcpu, &r);

	if (err != ERR_OK)
		return say_gone(err);
	say_general(&r);
	say_system(&r);
	return false;
}

const struct shell_command shell_regs = {
	.name = "regs",
	.usage = "VM[.VCPU]",
	.brief = "a vCPU's registers",
	.help = "One that runs is interrupted for a moment: its registers are those of\n"
		"one instant, now. One that does not run has those that it will go on\n"
		"with.",
	.most = 1,
	.least = 1,
	.check = target_check,
	.step = regs_step,
};

/* --- map --- */

static const char *map_check(struct shell_job *job)
{
	const char *wrong = shell_target(job, 1);
	bool is_ipa = job->args.count == 4;

	if (wrong)
		return wrong;
	if (is_ipa && !text_is(job->args.word[2], "ipa"))
		return shell_fail(job, "'%.40s' is not 'ipa'", job->args.word[2]);
	if (!fmt_parse_u64(job->args.word[is_ipa ? 3 : 2], &job->value))
		return shell_fail(job, "'%.40s' is no address: 0x and digits, or a decimal number",
				  job->args.word[is_ipa ? 3 : 2]);
	return NULL;
}

static void say_descriptor(const struct walk *w, unsigned int i)
{
	const struct walk_step *s = &w->step[i];
	const char *kind = "table";

	if (i + 1 == w->steps && w->end == WALK_DONE)
		kind = s->level == 3 ? "page" : "block";
	else if (i + 1 == w->steps && w->end == WALK_UNMAPPED)
		kind = "invalid";
	else if (i + 1 == w->steps && w->end == WALK_RESERVED)
		kind = "reserved";
	shell_say("  level %u  at 0x%010lx  %016lx  %s\n", s->level, s->at, s->desc, kind);
}

static const char *rights(unsigned int r, char text[4])
{
	text[0] = r & WALK_READ ? 'r' : '-';
	text[1] = r & WALK_WRITE ? 'w' : '-';
	text[2] = r & WALK_EXEC ? 'x' : '-';
	text[3] = 0;
	return text;
}

static void say_end(const struct walk *w, const char *space)
{
	static const char *const ends[] = {
		[WALK_UNMAPPED] = "not mapped",
		[WALK_RESERVED] = "a descriptor that its level cannot have",
		[WALK_NO_RANGE] = "outside the range that is translated",
		[WALK_DISABLED] = "walks of this range are switched off",
		[WALK_UNREADABLE] = "the next table is not in memory",
		[WALK_TOO_HIGH] = "an output address that is too high",
		[WALK_SETTINGS] = "the control register makes no sense",
	};
	static const char *const shares[] = {"non-shareable", "?", "outer shareable",
					     "inner shareable"};
	char el1[4], el0[4];

	if (w->end != WALK_DONE) {
		shell_say("  => %s\n", ends[w->end]);
		return;
	}
	shell_say("  => %s 0x%lx, EL1 %s EL0 %s, type %u, %s%s\n", space, w->output,
		  rights(w->rights, el1), rights(w->rights >> 3, el0), w->memory,
		  shares[w->shareability], w->accessed ? "" : ", not accessed");
	shell_say("  in a %s of %lu KiB%s\n", w->step[w->steps - 1].level == 3 ? "page" : "block",
		  w->bytes >> 10, w->contiguous ? ", contiguous with its neighbours" : "");
}

static void say_walk(const struct walk *w, const char *space)
{
	unsigned int i;

	for (i = 0; i < w->steps; i++)
		say_descriptor(w, i);
	say_end(w, space);
}

static void say_owner(uint32_t vm, const struct inspect_map *m)
{
	const char *state = inspect_block_state(vm, m->ipa);
	const char *owner = m->second.end == WALK_DONE ? inspect_owner(m->pa) : NULL;

	if (state)
		shell_say("  the VM's block: %s\n", state);
	if (owner)
		shell_say("  the memory is %s\n", owner);
	else if (m->second.end == WALK_DONE)
		shell_say("  no whole block of memory: a device, or none\n");
}

static bool map_step(struct shell_job *job)
{
	static struct inspect_map m; /* one command runs at a time */
	char name[SHELL_NAME_BYTES];
	bool is_ipa = job->args.count == 4;
	enum err err;

	if (job->at++ == 0) {
		err = is_ipa ? inspect_map_ipa(job->vm, job->value, &m)
			     : inspect_map(job->vm, job->vcpu, job->value, &m);
		if (err != ERR_OK)
			return say_gone(err);
		if (m.walked_first) {
			shell_say("stage 1 of %s: TTBR%u_EL1, %u bits, granules of %u KiB\n",
				  shell_vcpu_name(name, job->vm, job->vcpu), m.first.upper,
				  m.first.input_bits, m.first.granule_bytes >> 10);
			say_walk(&m.first, "IPA");
		} else if (!is_ipa) {
			shell_say("stage 1 of %s: its MMU is off\n",
				  shell_vcpu_name(name, job->vm, job->vcpu));
		}
		return m.walked_second;
	}
	shell_say("stage 2 of VM %s: %u bits\n", shell_vm_name(name, job->vm), m.second.input_bits);
	say_walk(&m.second, "PA");
	say_owner(job->vm, &m);
	return false;
}

const struct shell_command shell_map = {
	.name = "map",
	.usage = "VM[.VCPU] [ipa] ADDRESS",
	.brief = "where an address leads: stage 1, stage 2",
	.help = "Stage 1 is walked with the vCPU's own registers and tables as they\n"
		"stand, stage 2 with the VM's; with `ipa` only stage 2. Each line is a\n"
		"level: where the descriptor is, and what it says. The type of memory is\n"
		"AttrIndx (stage 1) or MemAttr (stage 2).",
	.most = 3,
	.least = 2,
	.check = map_check,
	.step = map_step,
};

/* --- irq --- */

static const char *irq_check(struct shell_job *job)
{
	const char *wrong = shell_target(job, 1);
	uint32_t count = 0;

	if (wrong || job->args.count < 3)
		return wrong;
	if (!fmt_parse_u64(job->args.word[2], &job->value) ||
	    inspect_irq_count(job->vm, &count) != ERR_OK || job->value >= count)
		return shell_fail(job, "'%.40s' is no INTID of the VM: 0 to %u", job->args.word[2],
				  count ? count - 1 : 0);
	return NULL;
}

static void say_irq(uint32_t intid, const struct inspect_irq *i)
{
	char target[8] = "-";

	if (i->target != INSPECT_NOWHERE)
		(void)fmt_snprintf(target, sizeof(target), "%u", i->target);
	shell_say("%5u  %-8s %-8s %-7s %-6s %5s  %-9s 0x%02x %7s\n", intid,
		  i->enabled ? "enabled" : "-", i->pending ? "pending" : "-",
		  i->active ? "active" : "-", i->edge ? "edge" : "level", i->line ? "high" : "-",
		  i->physical ? "physical" : "emulated", i->priority, target);
}

static bool irq_step(struct shell_job *job)
{
	bool is_one = job->args.count > 2;
	struct inspect_irq irq;
	enum err err;
	uint32_t i;

	if (job->count++ == 0) {
		shell_say("%5s  %-8s %-8s %-7s %-6s %5s  %-9s %4s %7s\n", "INTID", "ENABLED",
			  "PENDING", "ACTIVE", "KIND", "LINE", "SOURCE", "PRIO", "TARGET");
		job->at = is_one ? job->value : 0;
	}
	for (i = 0; i < IRQS_LOOKED_AT; i++) {
		err = inspect_irq(job->vm, job->vcpu, (uint32_t)job->at, &irq);
		if (err == ERR_NOT_FOUND)
			return say_gone(err);
		if (err != ERR_OK)
			return false;
		if (is_one || irq.enabled || irq.pending || irq.active) {
			say_irq((uint32_t)job->at++, &irq);
			return !is_one;
		}
		job->at++;
	}
	return true;
}

const struct shell_command shell_irq = {
	.name = "irq",
	.usage = "VM[.VCPU] [INTID]",
	.brief = "a VM's interrupts",
	.help = "Those that are enabled, pending or active, or the one named. SGIs and\n"
		"PPIs (below 32) are the vCPU's. TARGET: the vCPU that it is routed to.\n"
		"What is in a list register of another CPU is shown as it went in.",
	.most = 2,
	.least = 1,
	.check = irq_check,
	.step = irq_step,
};

/* --- timers --- */

/* shell_seconds() goes by the host's counter. */
static uint64_t host_ticks(uint64_t ticks, uint64_t hz)
{
	return ticks / hz * inspect_hz() + ticks % hz * inspect_hz() / hz;
}

static void say_timer(const char *name, uint64_t ctl, uint64_t cval,
		      const struct inspect_registers *r)
{
	uint64_t now = r->count;
	const char *state = !(ctl & TIMER_ENABLE) ? "off"
			    : (ctl & TIMER_IMASK) ? "masked"
			    : cval <= now         ? "due"
						  : "armed";
	char time[SHELL_NAME_BYTES];

	shell_say("         %-5s %-7s compare 0x%016lx", name, state, cval);
	if (!(ctl & TIMER_ENABLE))
		shell_say("\n");
	else if (cval <= now)
		shell_say(", %s s ago\n",
			  shell_seconds(time, host_ticks(now - cval, r->counter_hz)));
	else if (cval - now < r->counter_hz * 1000000)
		shell_say(", in %s s\n",
			  shell_seconds(time, host_ticks(cval - now, r->counter_hz)));
	else
		shell_say(", far away\n");
}

static bool say_timers(uint32_t vm, uint32_t vcpu)
{
	static struct inspect_registers r; /* one command runs at a time */
	enum err err = inspect_registers(vm, vcpu, &r);
	char name[SHELL_NAME_BYTES];

	if (err == ERR_BUSY) {
		shell_say("%-8s no answer\n", shell_vcpu_name(name, vm, vcpu));
		return true;
	}
	if (err != ERR_OK)
		return false;
	shell_say("%-8s counter 0x%016lx, ", shell_vcpu_name(name, vm, vcpu), r.count);
	if (r.counter_hz == inspect_hz())
		shell_say("offset 0x%016lx\n", r.cntvoff);
	else
		shell_say("at %lu Hz\n", r.counter_hz);
	say_timer("CNTV", r.cntv_ctl, r.cntv_cval, &r);
	say_timer("CNTP", r.cntp_ctl, r.cntp_cval, &r);
	return true;
}

static bool timers_step(struct shell_job *job)
{
	bool is_one = job->args.count > 1;
	uint32_t number = job->at == 0 ? INSPECT_SERVICE_VM : (uint32_t)job->at - 1;

	if (say_timers(is_one ? job->vm : number, (uint32_t)job->count)) {
		job->count++;
		return true;
	}
	job->count = 0;
	return !is_one && ++job->at < INSPECT_VMS;
}

const struct shell_command shell_timers = {
	.name = "timers",
	.usage = "[VM]",
	.brief = "the timers of all vCPUs, or of one VM's",
	.help = "Counter: what the vCPU reads as CNTVCT_EL0. The physical timer (CNTP) is\n"
		"the service VM's alone.",
	.most = 1,
	.check = vcpu_check,
	.step = timers_step,
};

/* --- cache --- */

static void say_machine_caches(void)
{
	static const char *const policies[] = {"VPIPT", "AIVIVT", "VIPT", "PIPT"};
	uint64_t ctr = sysreg_read(ctr_el0);
	bool has_fwb = bits_get(sysreg_read(id_aa64mmfr2_el1), 43, 40) != 0;

	shell_say("CTR_EL0 0x%lx: lines of %lu (data) and %lu bytes (code), %s%s%s%s\n", ctr,
		  UINT64_C(4) << bits_get(ctr, 19, 16), UINT64_C(4) << bits_get(ctr, 3, 0),
		  policies[bits_get(ctr, 15, 14)], ctr & BIT(28) ? ", IDC" : "",
		  ctr & BIT(29) ? ", DIC" : "", has_fwb ? ", S2FWB" : "");
	shell_say("%-6s %12s %12s %14s %14s %8s\n", "VM", "DATA FAULTS", "FETCH FAULTS",
		  "LINES CLEANED", "INVALIDATIONS", "SPLITS");
}

static bool cache_step(struct shell_job *job)
{
	char name[SHELL_NAME_BYTES];
	struct inspect_vm vm;

	if (job->at == 0)
		say_machine_caches();
	if (inspect_vm((uint32_t)job->at, &vm) == ERR_OK && vm.vcpu_count > 0) {
		shell_say("%-6s %12lu %12lu %14lu %14lu %8lu\n", shell_vm_name(name, vm.number),
			  vm.stat[CAISSON_STAT_FAULT_DATA], vm.stat[CAISSON_STAT_FAULT_FETCH],
			  vm.stat[CAISSON_STAT_LINES_CLEANED], vm.stat[CAISSON_STAT_INVALIDATIONS],
			  vm.stat[CAISSON_STAT_BLOCKS_SPLIT]);
		job->count++;
	}
	if (++job->at < CAISSON_MAX_VMS)
		return true;
	if (job->count == 0)
		shell_say("There is no user VM.\n");
	return false;
}

const struct shell_command shell_cache = {
	.name = "cache",
	.usage = "",
	.brief = "cache maintenance on behalf of user VMs",
	.help = "Faults: blocks of 2 MiB that were mapped at an access, or made\n"
		"executable at a fetch. Lines cleaned: of data caches, to the point of\n"
		"coherency or unification. Splits: larger blocks of the service VM's\n"
		"stage 2 that were split for this VM.",
	.step = cache_step,
};
