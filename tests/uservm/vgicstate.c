// SPDX-License-Identifier: BSD-2-Clause
/*
 * A Linux program that has a user VM get its interrupts into every state there is, takes them out
 * (VCPU_GET, VGIC_GET), destroys the VM, makes it anew with the same memory, and lets it go on. The
 * guest does what it is told, one access after the other, so the same story is told three times:
 * in one VM, with one move in the middle, with a move before each delivery. What it reads and is
 * interrupted with must be the same each time, and each interrupt come as often as it was sent. One
 * line: ok, or what is wrong.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/runpage.h"
#include "abi/vgicstate.h"
#include "lib/bits.h"
#include "tests/uservm/trial.h"
#include "vmm/hyp.h"
#include "vmm/machine.h"

#define DEVICE    UINT64_C(0x0a000000) /* nobody's */
#define NR_HUGE   3
#define VCPUS     3
#define RUNS_MAX  1000
#define TRACE_MAX 1024
#define TRIES     1000
#define SPECIAL   1020 /* of INTIDs: there is none */

#define IGROUPR    0x080
#define ISENABLER  0x100
#define ISPENDR    0x200
#define ISACTIVER  0x300
#define ICACTIVER  0x380
#define IPRIORITYR 0x400
#define ITARGETSR  0x800
#define ICFGR      0xc00
#define SGIR       0xf00
#define IROUTER    0x6000
#define WAKER      0x14
#define GROUPS_END 0xd00

/* In the order of vgicstate_guest.S. */
enum op {
	STORE8,
	STORE,
	LOAD,
	IAR1,
	IAR0,
	EOIR1,
	EOIR0,
	DIR,
	PMR,
	PMR_READ,
	BPR1,
	BPR1_READ,
	CTLR,
	CTLR_READ,
	IGRPEN0,
	IGRPEN0_READ,
	IGRPEN1,
	IGRPEN1_READ,
	HPPIR1,
	RPR,
	SGI1R,
	SGI0R,
	CNTV_CVAL,
	CNTV_CTL,
	CNTP_CVAL,
	CNTP_CTL,
};

extern const uint8_t guest_start[], guest_end[];

static struct hyp_token management, token;
static uint32_t vm;
static bool v2;
static uint8_t *memory;
static struct run_page *page[VCPUS];
static uint8_t *state_page;

static struct {
	uint64_t value[TRACE_MAX];
	uint32_t count;
} trace[3], *now;

static void note(uint64_t value)
{
	check(now->count < TRACE_MAX, "too much to note", now->count);
	now->value[now->count++] = value;
}

/* ---- the VM -------------------------------------------------------------------------------- */

static void allocate(void)
{
	memory = mmap(NULL, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		fail("no huge pages", 0);
	memset(memory, 0, (size_t)NR_HUGE * CAISSON_BLOCK_BYTES);
	memcpy(memory + CAISSON_BLOCK_BYTES, guest_start, (size_t)(guest_end - guest_start));
	for (uint32_t i = 0; i < VCPUS; i++)
		page[i] = (void *)(memory + (size_t)2 * CAISSON_BLOCK_BYTES + (size_t)i * 4096);
	state_page = (uint8_t *)page[0] + (size_t)VCPUS * 4096;
}

static void make_vm(void)
{
	check_status(hyp_vm_create(&management, memory, page[0], VCPUS, 0, 0, &vm, &token),
		     CAISSON_OK, "VM_CREATE");
	check_status(
		hyp_mem_share(&management, vm, memory + CAISSON_BLOCK_BYTES, MACHINE_RAM, 1, 0),
		CAISSON_OK, "MEM_SHARE");
	for (uint32_t i = 0; i < VCPUS; i++)
		check_status(hyp_vcpu_init(&token, i, page[i], MACHINE_RAM, 0), CAISSON_OK,
			     "VCPU_INIT");
}

static void start_vm(void)
{
	make_vm();
	for (uint32_t i = 0; i < VCPUS; i++) {
		check_status(hyp_vcpu_get(&token, i), CAISSON_OK, "VCPU_GET");
		page[i]->state.x[28] = DEVICE;
		check_status(hyp_vcpu_set(&token, i), CAISSON_OK, "VCPU_SET");
	}
}

static void end_vm(void)
{
	check_status(hyp_vm_destroy(&management, vm), CAISSON_OK, "VM_DESTROY");
}

static void vgic_get(uint32_t which, void *state, size_t bytes)
{
	uint32_t wake;

	memset(state_page, 0xaa, 4096);
	check_status(hyp_vgic_get(&token, which, state_page, &wake), CAISSON_OK, "VGIC_GET");
	check(wake == 0, "to be woken", wake);
	memcpy(state, state_page, bytes);
}

static void vgic_set(uint32_t which, const void *state, size_t bytes)
{
	struct hyp_vgic_fault fault;
	uint32_t wake;

	memcpy(state_page, state, bytes);
	if (hyp_vgic_set(&token, which, state_page, &wake, &fault) != CAISSON_OK)
		fail("VGIC_SET refused", (uint64_t)fault.intid << 32 | fault.reason);
}

struct machine {
	struct vgic_state_dist dist;
	struct vgic_state_cpu cpu[VCPUS];
};

static void vgic_get_all(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	vgic_get(CAISSON_VGIC_DIST, &machine->dist, sizeof(machine->dist));
	for (uint32_t i = 0; i < VCPUS; i++)
		vgic_get(i, &machine->cpu[i], sizeof(machine->cpu[i]));
}

/* Each vCPU stands at the load with which it asks what to do. */
static void move(void)
{
	static struct machine machine, again;
	struct vcpu_state state[VCPUS];

	for (uint32_t i = 0; i < VCPUS; i++) {
		check_status(hyp_vcpu_get(&token, i), CAISSON_OK, "VCPU_GET");
		state[i] = page[i]->state;
	}
	vgic_get_all(&machine);
	vgic_get_all(&again);
	check(memcmp(&machine, &again, sizeof(machine)) == 0, "taken twice, and differs", 0);
	end_vm();
	make_vm();
	for (uint32_t i = VCPUS; i-- > 0;) {
		page[i]->state = state[i];
		check_status(hyp_vcpu_set(&token, i), CAISSON_OK, "VCPU_SET");
		vgic_set(i, &machine.cpu[i], sizeof(machine.cpu[i]));
	}
	vgic_set(CAISSON_VGIC_DIST, &machine.dist, sizeof(machine.dist));
	vgic_get_all(&again);
	for (size_t i = 0; i < sizeof(machine); i++)
		check(((uint8_t *)&machine)[i] == ((uint8_t *)&again)[i], "not as it was set, byte",
		      i);
}

/* ---- what the guest does ------------------------------------------------------------------- */

static uint64_t run_op(uint32_t vcpu, enum op op, uint64_t first, uint64_t second);

/*
 * A vCPU that reads what others have in list registers waits for them to run: they do something
 * that changes nothing.
 */
static void let_others_run(uint32_t vcpu)
{
	static bool they_do;

	if (they_do)
		return;
	they_do = true;
	for (uint32_t i = 0; i < VCPUS; i++) {
		if (i != vcpu)
			run_op(i, LOAD, CAISSON_VM_GICD, 0);
	}
	they_do = false;
}

static void run_to(uint32_t vcpu, uint64_t offset)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
		if (page[vcpu]->reason == RUN_EXIT_INTERRUPTED) {
			let_others_run(vcpu);
			continue;
		}
		if (page[vcpu]->reason != RUN_EXIT_MMIO)
			fail("exit", page[vcpu]->reason);
		check(page[vcpu]->ipa == DEVICE + offset, "accessed", page[vcpu]->ipa);
		return;
	}
	fail("runs on for ever", vcpu);
}

/* The vCPU does it and asks for more; that question is not answered yet. */
static uint64_t run_op(uint32_t vcpu, enum op op, uint64_t first, uint64_t second)
{
	uint64_t result;

	run_to(vcpu, 0);
	page[vcpu]->value = op;
	run_to(vcpu, 8);
	page[vcpu]->value = first;
	run_to(vcpu, 16);
	page[vcpu]->value = second;
	run_to(vcpu, 24);
	result = page[vcpu]->value;
	page[vcpu]->immediate_exit = 1;
	check_status(hyp_vcpu_run(&token, vcpu), CAISSON_OK, "VCPU_RUN");
	page[vcpu]->immediate_exit = 0;
	return result;
}

/* Where a register with bits or fields of this interrupt is, for the vCPU. */
static uint64_t base_of(uint32_t vcpu, uint32_t intid)
{
	if (v2 || intid >= 32)
		return CAISSON_VM_GICD;
	return CAISSON_VM_GICR + (uint64_t)vcpu * 0x20000 + 0x10000;
}

static void set_bit(uint32_t vcpu, uint64_t group, uint32_t intid)
{
	run_op(vcpu, STORE, base_of(vcpu, intid) + group + intid / 32 * 4, 1u << intid % 32);
}

static void priority(uint32_t vcpu, uint32_t intid, uint32_t value)
{
	run_op(vcpu, STORE8, base_of(vcpu, intid) + IPRIORITYR + intid, value);
}

/* Of vCPU `target`, or of any. */
static void route(uint32_t intid, uint32_t target)
{
	if (v2)
		run_op(0, STORE8, CAISSON_VM_GICD + ITARGETSR + intid,
		       target < VCPUS ? 1u << target : 7);
	else
		run_op(0, STORE, CAISSON_VM_GICD + IROUTER + (uint64_t)intid * 8,
		       target < VCPUS ? target : UINT64_C(1) << 31);
}

static void edge(uint32_t intid)
{
	uint64_t address = CAISSON_VM_GICD + ICFGR + intid / 16 * 4;
	uint64_t value = run_op(0, LOAD, address, 0);

	run_op(0, STORE, address, value | 2u << intid % 16 * 2);
}

static void group0(uint32_t vcpu, uint32_t intid)
{
	uint64_t address = base_of(vcpu, intid) + IGROUPR + intid / 32 * 4;
	uint64_t value = run_op(vcpu, LOAD, address, 0);

	run_op(vcpu, STORE, address, value & ~(UINT64_C(1) << intid % 32));
}

/*
 * An access to the CPU interface: a GICv2's register, or a system register. QEMU's GICv2 does not
 * have the registers of Group 1 alone; with AckCtl the others do.
 */
static uint64_t interface(uint32_t vcpu, enum op op, uint64_t value)
{
	static const struct {
		uint16_t offset;
		enum op op;
	} gicc[] = {
		[IAR1] = {0x0c, LOAD},     [IAR0] = {0x0c, LOAD},      [EOIR1] = {0x10, STORE},
		[EOIR0] = {0x10, STORE},   [DIR] = {0x1000, STORE},    [PMR] = {0x04, STORE},
		[PMR_READ] = {0x04, LOAD}, [BPR1] = {0x08, STORE},     [BPR1_READ] = {0x08, LOAD},
		[CTLR] = {0x00, STORE},    [CTLR_READ] = {0x00, LOAD}, [HPPIR1] = {0x18, LOAD},
		[RPR] = {0x14, LOAD},
	};

	if (!v2)
		return run_op(vcpu, op, value, 0);
	return run_op(vcpu, gicc[op].op, CAISSON_VM_GICC + gicc[op].offset, value);
}

static void sgi(uint32_t from, uint32_t to, uint32_t intid, bool is_group1)
{
	if (v2)
		run_op(from, STORE, CAISSON_VM_GICD + SGIR, 1u << (16 + to) | intid);
	else
		run_op(from, is_group1 ? SGI1R : SGI0R, 1u << to | intid << 24, 0);
}

static void line(uint32_t intid, bool level)
{
	uint32_t wake;

	check_status(hyp_irq_set(&token, intid, level, &wake), CAISSON_OK, "IRQ_SET");
}

/* The timer's interrupt has come. */
static void wait_for(uint32_t vcpu, uint32_t intid)
{
	for (int i = 0; i < TRIES; i++) {
		if (interface(vcpu, HPPIR1, 0) == intid)
			return;
	}
	fail("does not come", intid);
}

static void acknowledge(uint32_t vcpu, uint32_t wanted)
{
	uint64_t intid = interface(vcpu, IAR1, 0);

	check((intid & 0x3ff) == wanted, "acknowledged", intid);
	note(intid);
}

/* ---- the story ----------------------------------------------------------------------------- */

#define MANY_FIRST   40 /* edges, for vCPU 0: more than there are list registers */
#define MANY_LAST    51
#define HELD         60 /* level, its line is held */
#define HELD_ACTIVE  61 /* and it is active, its priority dropped */
#define FORCED       62 /* active by a register, and pending */
#define DISABLED     63
#define GROUP0       64
#define ACTIVE_AGAIN 65 /* acknowledged, and pending again */
#define ANYBODY      66
#define LATCHED      67 /* level, pending by a register */
#define VTIMER       CAISSON_VM_TIMER_INTID
#define PTIMER       30

/* vCPU 1 ends interrupts in two steps. */
static bool is_split(uint32_t vcpu)
{
	return vcpu == 1;
}

static void set_up_cpu(uint32_t vcpu)
{
	if (!v2 && vcpu < 2)
		run_op(vcpu, STORE, CAISSON_VM_GICR + (uint64_t)vcpu * 0x20000 + WAKER, 0);
	run_op(vcpu, STORE, base_of(vcpu, 0) + IGROUPR, ~(UINT64_C(1) << 3));
	run_op(vcpu, STORE, base_of(vcpu, 0) + ISENABLER, 0xffff | 1u << VTIMER | 1u << PTIMER);
	for (uint32_t i = 0; i < 16; i++)
		priority(vcpu, i, 0x30 + 8 * i);
	priority(vcpu, VTIMER, 0x28);
	priority(vcpu, PTIMER, 0x48);
	interface(vcpu, PMR, 0xf0);
	interface(vcpu, BPR1, vcpu == 0 ? 3 : 4);
	if (v2) {
		interface(vcpu, CTLR, is_split(vcpu) ? 0x207 : 7);
		return;
	}
	interface(vcpu, CTLR, is_split(vcpu) ? 2 : 0);
	interface(vcpu, IGRPEN0, 1);
	interface(vcpu, IGRPEN1, 1);
}

static void set_up_spi(uint32_t intid, bool is_edge, uint32_t target, uint32_t value)
{
	route(intid, target);
	priority(0, intid, value);
	if (is_edge)
		edge(intid);
	if (intid == GROUP0)
		group0(0, intid);
	if (intid != DISABLED)
		set_bit(0, ISENABLER, intid);
}

static void set_up(void)
{
	run_op(0, STORE, CAISSON_VM_GICD, 3);
	for (uint32_t i = 1; i < CAISSON_VM_INTIDS / 32; i++)
		run_op(0, STORE, CAISSON_VM_GICD + IGROUPR + (uint64_t)i * 4, UINT32_MAX);
	for (uint32_t i = 0; i < VCPUS; i++)
		set_up_cpu(i);
	for (uint32_t i = MANY_FIRST; i <= MANY_LAST; i++)
		set_up_spi(i, true, 0, 0x80 + 8 * (i % 4));
	set_up_spi(HELD, false, 1, 0x90);
	set_up_spi(HELD_ACTIVE, false, 1, 0x70);
	set_up_spi(FORCED, true, 0, 0x20);
	set_up_spi(DISABLED, true, 0, 0x18);
	set_up_spi(GROUP0, true, 0, 0x58);
	set_up_spi(ACTIVE_AGAIN, true, 0, 0x10);
	set_up_spi(ANYBODY, true, VCPUS, 0x38);
	set_up_spi(LATCHED, false, 2, 0x78);
}

/* Gets them all into their states; what is to be acknowledged comes before all others. */
static void stir(void)
{
	line(HELD_ACTIVE, true);
	acknowledge(1, HELD_ACTIVE);
	interface(1, EOIR1, HELD_ACTIVE);
	line(HELD, true);
	sgi(1, 1, 4, true);
	acknowledge(1, 4);
	sgi(0, 1, 4, true);
	run_op(1, CNTV_CTL, 1, 0);
	wait_for(1, VTIMER);
	acknowledge(1, VTIMER);

	line(ACTIVE_AGAIN, true);
	acknowledge(0, ACTIVE_AGAIN);
	line(ACTIVE_AGAIN, false);
	line(ACTIVE_AGAIN, true);
	line(ACTIVE_AGAIN, false);
	for (uint32_t i = MANY_FIRST; i <= MANY_LAST; i++)
		set_bit(0, ISPENDR, i);
	set_bit(0, ISACTIVER, FORCED);
	set_bit(0, ISPENDR, FORCED);
	set_bit(0, ISPENDR, DISABLED);
	set_bit(0, ISPENDR, GROUP0);
	set_bit(0, ISPENDR, ANYBODY);
	set_bit(0, ISPENDR, LATCHED);
	sgi(1, 0, 1, true);
	sgi(2, 0, 1, true); /* on a GICv3 one with the one before */
	run_op(0, CNTV_CVAL, UINT64_MAX >> 1, 0);
	run_op(0, CNTV_CTL, 1, 0);
	run_op(0, CNTP_CTL, 1, 0);

	interface(2, PMR, 0x40);
	sgi(0, 2, 2, true); /* priority 0x40: masked */
	sgi(0, 2, 1, true);
	sgi(1, 2, 3, false);
	run_op(2, CNTV_CTL, 1, 0);
	wait_for(2, VTIMER);
}

/* All that the guest can read, but the bits of timers, which come when they like. */
static void look(void)
{
	for (uint64_t offset = 0; offset < GROUPS_END; offset += 4) {
		if (offset == 4) /* GICD_TYPER; the rest is reserved */
			offset = IGROUPR;
		note(run_op(0, LOAD, CAISSON_VM_GICD + offset, 0));
		/* 256 interrupts are 8 words, or 64 of priorities and targets. */
		if (offset >= IGROUPR && offset < IPRIORITYR && offset % 0x80 == 0x1c)
			offset += 0x60;
		else if (offset >= IPRIORITYR && offset % 0x400 == 0xfc)
			offset += 0x300;
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		if (!v2) {
			note(run_op(i, LOAD, base_of(i, 0) - 0x10000 + WAKER, 0));
			note(run_op(i, LOAD, base_of(i, 0) + ISENABLER, 0));
			note(run_op(i, LOAD, base_of(i, 0) + ISPENDR, 0));
			note(run_op(i, LOAD, base_of(i, 0) + ISACTIVER, 0));
			note(run_op(i, LOAD, base_of(i, 0) + IGROUPR, 0));
			note(interface(i, IGRPEN0_READ, 0));
			note(interface(i, IGRPEN1_READ, 0));
		}
		note(interface(i, PMR_READ, 0));
		note(interface(i, BPR1_READ, 0));
		note(interface(i, CTLR_READ, 0));
		note(interface(i, RPR, 0));
		note(interface(i, HPPIR1, 0));
	}
}

static void end_one(uint32_t vcpu, uint64_t value, bool is_group1)
{
	uint32_t intid = value & 0x3ff;

	if (intid == VTIMER)
		run_op(vcpu, CNTV_CTL, 0, 0);
	if (intid == PTIMER)
		run_op(vcpu, CNTP_CTL, 0, 0);
	if (intid == HELD || intid == HELD_ACTIVE)
		line(intid, false);
	interface(vcpu, is_group1 ? EOIR1 : EOIR0, value);
	if (is_split(vcpu))
		interface(vcpu, DIR, value);
}

static uint32_t came[VCPUS][CAISSON_VM_INTIDS];

/* Takes what comes, until nothing does. */
static void drain(uint32_t vcpu, bool moves)
{
	for (;;) {
		bool is_group1 = true;
		uint64_t value;

		if (moves)
			move();
		value = interface(vcpu, IAR1, 0);
		if ((value & 0x3ff) >= SPECIAL) {
			is_group1 = false;
			value = interface(vcpu, IAR0, 0);
		}
		note((uint64_t)vcpu << 32 | value);
		if ((value & 0x3ff) >= SPECIAL)
			return;
		if (moves)
			move();
		check((value & 0x3ff) < CAISSON_VM_INTIDS, "what is it", value);
		came[vcpu][value & 0x3ff]++;
		end_one(vcpu, value, is_group1);
	}
}

static void settle(bool moves)
{
	end_one(0, ACTIVE_AGAIN, true);
	drain(0, moves);
	set_bit(0, ISENABLER, DISABLED);
	set_bit(0, ICACTIVER, FORCED);
	drain(0, moves);

	end_one(1, VTIMER, true);
	end_one(1, v2 ? 4 | 1 << 10 : 4, true); /* who sent it */
	line(HELD_ACTIVE, false);
	interface(1, DIR, HELD_ACTIVE);
	drain(1, moves);

	drain(2, moves);
	interface(2, PMR, 0xf0);
	drain(2, moves);

	/* And what comes new. */
	line(ACTIVE_AGAIN, true);
	line(HELD, true);
	sgi(2, 1, 9, true);
	sgi(1, 2, 9, true);
	for (uint32_t i = 0; i < VCPUS; i++)
		drain(i, moves);
}

static void check_count(uint32_t vcpu, uint32_t intid, uint32_t wanted)
{
	if (came[vcpu][intid] != wanted)
		fail("came", (uint64_t)came[vcpu][intid] << 32 | vcpu << 16 | intid);
	came[vcpu][intid] = 0;
}

/* Each as often as it was sent. */
static void check_counts(void)
{
	for (uint32_t i = MANY_FIRST; i <= MANY_LAST; i++)
		check_count(0, i, 1);
	check_count(0, FORCED, 1);
	check_count(0, DISABLED, 1);
	check_count(0, GROUP0, 1);
	check_count(0, ACTIVE_AGAIN, 2);
	check_count(0, ANYBODY, 1);
	check_count(0, 1, v2 ? 2 : 1);
	check_count(0, PTIMER, 1);
	check_count(1, HELD, 2);
	check_count(1, 4, 1);
	check_count(1, 9, 1);
	check_count(2, LATCHED, 1);
	check_count(2, VTIMER, 1);
	check_count(2, 1, 1);
	check_count(2, 2, 1);
	check_count(2, 3, 1);
	check_count(2, 9, 1);
	for (uint32_t i = 0; i < VCPUS * CAISSON_VM_INTIDS; i++)
		check_count(i / CAISSON_VM_INTIDS, i % CAISSON_VM_INTIDS, 0);
}

/* n: 0 without a move, 1 with one, 2 with many. */
static void tell(uint32_t n)
{
	now = &trace[n];
	start_vm();
	set_up();
	stir();
	if (n == 1)
		move();
	look();
	settle(n == 2);
	look();
	check_counts();
	end_vm();
	check(now->count == trace[0].count, "more or less happened", n);
	for (uint32_t i = 0; i < now->count; i++) {
		if (now->value[i] != trace[0].value[i])
			fail("differs", (uint64_t)n << 48 | (uint64_t)i << 32 | now->value[i]);
	}
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void refused(uint32_t which, void *state, enum caisson_status status, uint32_t reason)
{
	struct hyp_vgic_fault fault;
	uint32_t wake;

	check_status(hyp_vgic_set(&token, which, state, &wake, &fault), status, "VGIC_SET");
	check(fault.reason == reason, "reason", fault.reason);
}

static void try_bad(void)
{
	struct vgic_state_dist *dist = (void *)state_page;
	struct vgic_state_cpu *cpu = (void *)state_page;
	struct machine before, after;
	uint32_t wake;

	start_vm();
	vgic_get_all(&before);
	check_status(hyp_vgic_get(&token, VCPUS, state_page, &wake), CAISSON_INVALID, "vCPU");
	check_status(hyp_vgic_get(&token, 0, state_page + 4, &wake), CAISSON_INVALID, "odd");
	check_status(hyp_vgic_get(&token, 0, state_page + 3968, &wake), CAISSON_INVALID, "page");
	check_status(hyp_vgic_get(&token, 0, memory + CAISSON_BLOCK_BYTES, &wake), CAISSON_FAULT,
		     "not the block of run pages");
	refused(0, state_page + 4, CAISSON_INVALID, 0);

	*dist = before.dist;
	dist->header.version++;
	refused(CAISSON_VGIC_DIST, dist, CAISSON_UNSUPPORTED, CAISSON_VGIC_OTHER_VERSION);
	*dist = before.dist;
	dist->header.gic ^= 1;
	refused(CAISSON_VGIC_DIST, dist, CAISSON_UNSUPPORTED, CAISSON_VGIC_OTHER_GIC);
	*dist = before.dist;
	dist->header.priority_bits++;
	refused(CAISSON_VGIC_DIST, dist, CAISSON_UNSUPPORTED, CAISSON_VGIC_OTHER_PRIORITY_BITS);
	*dist = before.dist;
	dist->ctlr = 1;
	dist->spi[223].target = VCPUS;
	refused(CAISSON_VGIC_DIST, dist, CAISSON_INVALID, CAISSON_VGIC_BAD_IRQ);
	*cpu = before.cpu[1];
	refused(0, cpu, CAISSON_INVALID, CAISSON_VGIC_BAD_HEADER);
	cpu->vmcr |= 1u << 5;
	refused(1, cpu, CAISSON_INVALID, CAISSON_VGIC_BAD_INTERFACE);
	vgic_get_all(&after);
	check(memcmp(&before, &after, sizeof(before)) == 0, "taken in part", 0);
	end_vm();
}

static atomic_bool stop;

static void *run_on(void *arg)
{
	while (!atomic_load(&stop)) {
		check_status(hyp_vcpu_run(&token, 1), CAISSON_OK, "VCPU_RUN");
		page[1]->value = CNTV_CTL; /* whatever it asks */
	}
	return NULL;
}

/* While any vCPU runs. */
static void try_busy(void)
{
	enum caisson_status status;
	pthread_t thread;
	uint32_t wake;

	start_vm();
	if (pthread_create(&thread, NULL, run_on, NULL) != 0)
		fail("no thread", 0);
	do {
		status = hyp_vgic_get(&token, 0, state_page, &wake);
	} while (status == CAISSON_OK);
	atomic_store(&stop, true);
	check_status(status, CAISSON_BUSY, "VGIC_GET of a VM that runs");
	(void)pthread_join(thread, NULL);
	check_status(hyp_vgic_get(&token, 0, state_page, &wake), CAISSON_OK, "VGIC_GET");
	end_vm();
}

int main(void)
{
	if (hyp_open(&management) != ERR_OK)
		return 1;
	v2 = hyp_gic_version() == 2;
	allocate();
	for (uint32_t n = 0; n < ARRAY_SIZE(trace); n++)
		tell(n);
	try_bad();
	try_busy();
	printf("vgicstate: ok\n");
	return 0;
}
