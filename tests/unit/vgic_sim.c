/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/vgic_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/core/crosscall.h"
#include "hyp/vm/vgic_sync.h"
#include "lib/vgicstate.h"

#define GICD_BASE      0x8000000
#define GICR_BASE      0x80a0000
#define GICC_BASE      0x8010000
#define GICH_BASE      0x8030000
#define KICK_FROM      (5u << 10) /* in a GICv2's IAR: someone's number */
#define VMCR_PMR(vmcr) ((vmcr) >> 24 & 0xff)
#define HCR_EOICOUNT   (0x1full << ICH_HCR_EOICOUNT_SHIFT)
#define SETTLE_ROUNDS  2000

struct sim sim;
struct gicv2 gicv2;
static uint32_t locks;

static void fail(const char *what)
{
	if (sim.fail && sim.fail(what))
		return;
	fprintf(stderr, "simulated GIC: %s\n", what);
	abort();
}

/* --- locks --- */

void mock_lock_order(unsigned int order)
{
	if (locks >> order)
		fail("lock order");
}

void mock_lock_taken(unsigned int order)
{
	locks |= 1u << order;
}

void mock_lock_dropped(unsigned int order)
{
	locks &= ~(1u << order);
}

/* --- the physical GIC --- */

struct sim_intid *sim_physical(uint32_t cpu, uint32_t intid)
{
	return intid < 32 ? &sim.cpu[cpu].intid[intid] : &sim.spi[intid];
}

static bool phys_pending(const struct sim_intid *p)
{
	return p->latch || (p->line && !p->edge);
}

static bool phys_signalled(uint32_t cpu, uint32_t intid)
{
	const struct sim_intid *p = sim_physical(cpu, intid);

	return p->enabled && !p->active && phys_pending(p) && (intid < 32 || p->route == cpu);
}

static uint32_t phys_ack(uint32_t cpu)
{
	uint32_t i;

	for (i = 0; i < SIM_INTIDS; i++) {
		struct sim_intid *p = sim_physical(cpu, i);

		if (!phys_signalled(cpu, i))
			continue;
		p->latch = false;
		p->active = true;
		sim.cpu[cpu].acked = i;
		return i;
	}
	return SIM_NONE;
}

uint32_t gic_intid_count(void)
{
	return SIM_INTIDS;
}

/* In the reverse order of the CPUs, so that nothing relies on the numbers being the same. */
uint64_t gic_redistributor(uint32_t cpu)
{
	return GICR_BASE + (uint64_t)(sim.cpu_count - 1 - cpu) * 0x20000;
}

static gic_handler_fn *maintenance;

enum err gic_handler_set(uint32_t intid, gic_handler_fn *handler, void *ctx)
{
	if (intid != SIM_MAINTENANCE)
		fail("a handler for another interrupt");
	maintenance = handler;
	return ERR_OK;
}

void gic_handler_run(uint32_t intid)
{
	if (intid != SIM_MAINTENANCE)
		fail("an interrupt that is nobody's");
	gic_drop(sim.v2, intid);
	maintenance(NULL);
	gic_deactivate(sim.v2, intid);
}

void gic_enable_on(uint32_t cpu, uint32_t intid)
{
	sim_physical(cpu, intid)->enabled = true;
}

void gic_enable(uint32_t intid)
{
	gic_enable_on(sim.current, intid);
}

void gic_disable_on(uint32_t cpu, uint32_t intid)
{
	sim_physical(cpu, intid)->enabled = false;
}

void gic_pending_set_on(uint32_t cpu, uint32_t intid, bool pending)
{
	sim_physical(cpu, intid)->latch = pending;
}

void gic_active_set_on(uint32_t cpu, uint32_t intid, bool active)
{
	sim_physical(cpu, intid)->active = active;
}

void gic_config_set_on(uint32_t cpu, uint32_t intid, bool edge)
{
	sim_physical(cpu, intid)->edge = edge;
}

uint32_t gic_pending_word(uint32_t cpu, uint32_t word)
{
	uint32_t bits = 0;
	uint32_t i;

	for (i = 0; i < 32 && word * 32 + i < SIM_INTIDS; i++)
		bits |= (uint32_t)phys_pending(sim_physical(cpu, word * 32 + i)) << i;
	return bits;
}

void gic_route_set(uint32_t intid, uint64_t mpidr)
{
	uint32_t i;

	for (i = 0; i < sim.cpu_count; i++) {
		if (sim.vcpu[i].mpidr == mpidr)
			sim.spi[intid].route = (uint8_t)i;
	}
}

void gic_kick(uint32_t index)
{
	sim_physical(index, GIC_SGI_KICK)->latch = true;
}

void gicv3_kick(uint32_t index)
{
	gic_kick(index);
}

struct percpu *percpu_get(uint32_t index)
{
	return &sim.percpu[index];
}

uint32_t crosscall_asked;

void crosscall_serve(void)
{
}

void log_printf(enum log_level level, const char *fmt, ...)
{
}

enum err vdev_register(struct vm *vm, const struct vdev *vdev)
{
	vm->vdev[vm->vdev_count++] = *vdev;
	return ERR_OK;
}

/* --- the virtual CPU interface (IHI 0069 6, Arm ARM's pseudocode) --- */

static uint32_t lr_intid(uint64_t lr)
{
	return sim.v2 ? (uint32_t)lr & 0x3ff : (uint32_t)lr;
}

static uint32_t lr_priority(uint64_t lr)
{
	return (uint32_t)(lr >> VGIC_LR_PRIO_SHIFT & 0xff);
}

static bool lr_valid(uint64_t lr)
{
	return lr & (VGIC_LR_PENDING | VGIC_LR_ACTIVE);
}

static uint32_t empty_lrs(const struct sim_cpu *c)
{
	uint32_t empty = 0;
	uint32_t n;

	for (n = 0; n < sim.lr_count; n++) {
		if (!lr_valid(c->lr[n]) && ((c->lr[n] & VGIC_LR_HW) || !(c->lr[n] & VGIC_LR_EOI)))
			empty |= 1u << n;
	}
	return empty;
}

static bool maintenance_asserted(const struct sim_cpu *c)
{
	uint32_t valid = 0, pending = 0, eoi = 0;
	uint32_t n;

	for (n = 0; n < sim.lr_count; n++) {
		valid += lr_valid(c->lr[n]);
		pending += (c->lr[n] & (VGIC_LR_PENDING | VGIC_LR_ACTIVE)) == VGIC_LR_PENDING;
		eoi += !lr_valid(c->lr[n]) && !(c->lr[n] & VGIC_LR_HW) && (c->lr[n] & VGIC_LR_EOI);
	}
	return (c->hcr & VGIC_HCR_EN) && (eoi || ((c->hcr & VGIC_HCR_UIE) && valid <= 1) ||
					  ((c->hcr & VGIC_HCR_NPIE) && !pending) ||
					  ((c->hcr & VGIC_HCR_LRENPIE) && (c->hcr & HCR_EOICOUNT)));
}

static void lr_written(uint32_t n)
{
	struct sim_cpu *c = &sim.cpu[sim.current];
	uint64_t lr = c->lr[n];

	if (n >= sim.lr_count)
		fail("a list register that does not exist");
	if (!lr_valid(lr))
		return;
	if ((lr & VGIC_LR_HW) && (~lr & (VGIC_LR_PENDING | VGIC_LR_ACTIVE)) == 0)
		fail("hardware-linked, pending and active");
	if ((lr & VGIC_LR_HW) && !sim_physical(sim.current, lr_intid(lr))->active)
		fail("linked to a physical interrupt that is not active");
}

/* When a guest runs again: no interrupt in two list registers. */
static void check_lrs(void)
{
	static uint8_t count[SIM_CPUS + 1][SIM_INTIDS];
	uint32_t cpu, n;

	memset(count, 0, sizeof(count));
	for (cpu = 0; cpu < sim.cpu_count; cpu++) {
		for (n = 0; n < sim.lr_count; n++) {
			uint64_t lr = sim.cpu[cpu].lr[n];

			if (lr_valid(lr) &&
			    count[lr_intid(lr) < 32 ? cpu : SIM_CPUS][lr_intid(lr)]++)
				fail("an interrupt in two list registers");
		}
	}
}

uint32_t sim_running_priority(uint32_t cpu)
{
	const struct sim_ap *ap = &sim.cpu[cpu].ap;

	return ap->count ? ap->priority[ap->count - 1] : 0xff;
}

/* The list register with the highest priority pending interrupt that is signalled, or -1. */
static int highest_lr(const struct sim_cpu *c)
{
	int best = -1;
	uint32_t n;

	if (!(c->hcr & VGIC_HCR_EN))
		return -1;
	for (n = 0; n < sim.lr_count; n++) {
		uint64_t lr = c->lr[n];
		bool group1 = lr & VGIC_LR_GROUP1;

		if ((lr & (VGIC_LR_PENDING | VGIC_LR_ACTIVE)) != VGIC_LR_PENDING)
			continue;
		if (!(c->vmcr >> (group1 ? 1 : 0) & 1))
			continue;
		if (best < 0 || lr_priority(lr) < lr_priority(c->lr[best]))
			best = (int)n;
	}
	return best;
}

static int signalled_lr(uint32_t cpu)
{
	const struct sim_cpu *c = &sim.cpu[cpu];
	int n = highest_lr(c);

	if (n < 0 || lr_priority(c->lr[n]) >= VMCR_PMR(c->vmcr) ||
	    lr_priority(c->lr[n]) >= sim_running_priority(cpu))
		return -1;
	return n;
}

uint32_t sim_highest(uint32_t cpu, bool group1)
{
	int n = signalled_lr(cpu);

	if (n < 0 || !!(sim.cpu[cpu].lr[n] & VGIC_LR_GROUP1) != group1)
		return SIM_NONE;
	return lr_intid(sim.cpu[cpu].lr[n]);
}

static void access_page2(uint32_t cpu, uint32_t intid);

static bool held(uint32_t cpu)
{
	return sim.cpu[cpu].hold;
}

uint32_t sim_ack(uint32_t cpu, bool group1)
{
	struct sim_cpu *c = &sim.cpu[cpu];
	uint32_t intid = sim_highest(cpu, group1);
	int n = signalled_lr(cpu);

	if (intid == SIM_NONE)
		return intid;
	c->from = (uint32_t)(c->lr[n] >> VGIC2_LR_CPU_SHIFT & 7);
	c->lr[n] = (c->lr[n] & ~VGIC_LR_PENDING) | VGIC_LR_ACTIVE;
	if (c->ap.count == 32)
		fail("active priorities");
	c->ap.priority[c->ap.count] = (uint8_t)lr_priority(c->lr[n]);
	c->ap.group[c->ap.count++] = group1;
	sim_settle();
	return intid;
}

static int active_lr(const struct sim_cpu *c, uint32_t intid)
{
	uint32_t n;

	for (n = 0; n < sim.lr_count; n++) {
		if ((c->lr[n] & VGIC_LR_ACTIVE) && lr_intid(c->lr[n]) == intid)
			return (int)n;
	}
	return -1;
}

static void deactivate(uint32_t cpu, int n)
{
	struct sim_cpu *c = &sim.cpu[cpu];

	c->lr[n] &= ~VGIC_LR_ACTIVE;
	if (c->lr[n] & VGIC_LR_HW)
		sim_physical(cpu, (uint32_t)(c->lr[n] >> VGIC_LR_PINTID_SHIFT & 0x1fff))->active =
			false;
}

static void count_eoi(struct sim_cpu *c)
{
	c->hcr = (c->hcr & ~HCR_EOICOUNT) | ((c->hcr + (1ull << 27)) & HCR_EOICOUNT);
}

void sim_eoi(uint32_t cpu, uint32_t intid, bool group1)
{
	struct sim_cpu *c = &sim.cpu[cpu];
	int n = active_lr(c, intid);
	uint32_t priority;

	if (!c->ap.count || c->ap.group[c->ap.count - 1] != group1)
		return;
	priority = c->ap.priority[--c->ap.count];
	if (n < 0)
		count_eoi(c); /* QEMU does so with both EOImodes */
	else if (!(c->vmcr & ICH_VMCR_VEOIM) && !!(c->lr[n] & VGIC_LR_GROUP1) == group1 &&
		 lr_priority(c->lr[n]) == priority)
		deactivate(cpu, n);
	sim_settle();
}

void sim_dir(uint32_t cpu, uint32_t intid)
{
	struct sim_cpu *c = &sim.cpu[cpu];
	int n = active_lr(c, intid);

	if (sim.v2) {
		access_page2(cpu, intid);
	} else if (c->hcr & VGIC_HCR_TDIR) {
		sim.current = cpu;
		vgic_dir_write(&sim.vcpu[cpu], intid);
	} else if (c->vmcr & ICH_VMCR_VEOIM) {
		if (n < 0)
			count_eoi(c);
		else
			deactivate(cpu, n);
	}
	sim_settle();
}

void sim_eoi_mode(uint32_t cpu, bool split)
{
	struct sim_cpu *c = &sim.cpu[cpu];

	c->vmcr = split ? c->vmcr | ICH_VMCR_VEOIM : c->vmcr & ~(uint64_t)ICH_VMCR_VEOIM;
}

void sim_sgi(uint32_t cpu, uint32_t targets, uint32_t intid, bool group1)
{
	uint64_t value;
	uint32_t i;

	if (sim.v2) {
		sim_set(cpu, GICD_SGIR, targets << 16 | intid);
		return;
	}
	/* Affinities are 0.0.i / 4.i % 4: see sim_init(). */
	for (i = 0; i < sim.cpu_count; i += 4) {
		value = (uint64_t)intid << 24 | (uint64_t)(i / 4) << 16 | (targets >> i & 0xf);
		sim.current = cpu;
		if (group1)
			vgic_sgi1r_write(&sim.vcpu[cpu], value);
		else
			vgic_sgi0r_write(&sim.vcpu[cpu], value);
	}
	sim_settle();
}

/* --- system registers --- */

static int lr_number(const char *name)
{
	unsigned int row, n;

	if (sscanf(name, "S3_4_C12_C1%u_%u", &row, &n) != 2 || (row != 2 && row != 3) || n > 7)
		return -1;
	return (int)((row - 2) * 8 + n);
}

uint64_t mock_sysreg_read(const char *name)
{
	struct sim_cpu *c = &sim.cpu[sim.current];
	int n = lr_number(name);

	if (!strcmp(name, "tpidr_el2"))
		return (uint64_t)&sim.percpu[sim.current];
	if (sim.v2)
		fail("a GICv3's system register");
	if (n >= 0)
		return c->lr[n];
	if (!strcmp(name, SYSREG_STRING(ICC_IAR1_EL1)))
		return phys_ack(sim.current);
	if (!strcmp(name, SYSREG_STRING(ICH_ELRSR_EL2)))
		return empty_lrs(c);
	if (!strcmp(name, SYSREG_STRING(ICH_HCR_EL2)))
		return c->hcr;
	if (!strcmp(name, SYSREG_STRING(ICH_VMCR_EL2)))
		return c->vmcr;
	if (!strcmp(name, SYSREG_STRING(ICH_VTR_EL2)))
		return (4ull << 29) | (4ull << 26) | (sim.lr_count - 1);
	fail(name);
	return 0;
}

void mock_sysreg_write(const char *name, uint64_t value)
{
	struct sim_cpu *c = &sim.cpu[sim.current];
	int n = lr_number(name);

	if (sim.v2)
		fail("a GICv3's system register");
	if (n >= 0) {
		c->lr[n] = value;
		lr_written((uint32_t)n);
	} else if (!strcmp(name, SYSREG_STRING(ICH_HCR_EL2))) {
		c->hcr = value;
	} else if (!strcmp(name, SYSREG_STRING(ICH_VMCR_EL2))) {
		c->vmcr = value;
	} else if (!strcmp(name, SYSREG_STRING(ICH_AP1R0_EL2))) {
		c->ap.count = 0;
	} else if (!strcmp(name, SYSREG_STRING(ICC_EOIR1_EL1))) {
		if (c->acked != value)
			fail("priority drop of another interrupt");
		c->acked = SIM_NONE;
	} else if (!strcmp(name, SYSREG_STRING(ICC_DIR_EL1))) {
		sim_physical(sim.current, (uint32_t)value)->active = false;
	}
}

/* --- GICv2: the same in memory --- */

static bool lr_at(uint64_t address, uint32_t *n)
{
	*n = (uint32_t)(address - GICH_BASE - GICH_LR0) / 4;
	return address >= GICH_BASE + GICH_LR0 && *n < VGIC_MAX_LRS;
}

uint32_t mock_mmio_read(uint64_t address, unsigned int bytes)
{
	struct sim_cpu *c = &sim.cpu[sim.current];
	uint32_t n;

	if (lr_at(address, &n))
		return vgic2_lr_pack(c->lr[n]);
	switch (address) {
	case GICC_BASE + GICC_IAR:
		c->acked = phys_ack(sim.current);
		if (c->acked < 16)
			c->acked |= KICK_FROM;
		return c->acked;
	case GICH_BASE + GICH_ELRSR0:
		return empty_lrs(c);
	case GICH_BASE + GICH_HCR:
		return (uint32_t)c->hcr;
	case GICH_BASE + GICH_VMCR:
		return (uint32_t)c->vmcr;
	case GICH_BASE + GICH_VTR:
		return (4u << 29) | (4u << 26) | (sim.lr_count - 1);
	default:
		fail("read of a register that there is not");
		return 0;
	}
}

void mock_mmio_write(uint64_t address, unsigned int bytes, uint32_t value)
{
	struct sim_cpu *c = &sim.cpu[sim.current];
	uint32_t n;

	if (lr_at(address, &n)) {
		c->lr[n] = vgic2_lr_unpack(value);
		lr_written(n);
		return;
	}
	switch (address) {
	case GICC_BASE + GICC_EOIR:
		if (c->acked != value)
			fail("priority drop of another interrupt");
		c->acked = SIM_NONE;
		break;
	case GICC_BASE + 0x1000:
		if (value < 16)
			fail("an SGI that nobody sent");
		sim_physical(sim.current, value & 0x3ff)->active = false;
		break;
	case GICH_BASE + GICH_HCR:
		if (value & ~GICH_HCR_MASK)
			fail("reserved bits of GICH_HCR");
		c->hcr = value;
		break;
	case GICH_BASE + GICH_VMCR:
		c->vmcr = value;
		break;
	case GICH_BASE + GICH_APR:
		c->ap.count = 0;
		break;
	default:
		fail("write to a register that there is not");
	}
}

/* --- the machine --- */

void sim_settle(void)
{
	uint32_t rounds = 0;
	uint32_t cpu;
	bool more = true;

	check_lrs();
	while (more) {
		more = false;
		for (cpu = 0; cpu < sim.cpu_count; cpu++) {
			struct sim_cpu *c = &sim.cpu[cpu];
			uint32_t i;

			c->intid[SIM_MAINTENANCE].line = maintenance_asserted(c);
			for (i = 0; i < SIM_INTIDS && !phys_signalled(cpu, i); i++)
				;
			if (held(cpu) || i == SIM_INTIDS)
				continue;
			sim.current = cpu;
			vgic_irq_exit(&sim.vcpu[cpu]);
			if (c->acked != SIM_NONE)
				fail("acknowledged and priority not dropped");
			c->exits++;
			check_lrs();
			more = true;
		}
		if (rounds++ > SETTLE_ROUNDS)
			fail("interrupts without end");
	}
}

void sim_line(uint32_t cpu, uint32_t intid, bool level)
{
	struct sim_intid *p = sim_physical(cpu, intid);

	sim.current = cpu;
	if (intid == SIM_CONSOLE || intid == SIM_EVENT_LINE ||
	    (intid >= SIM_SOFT_FIRST && intid < SIM_SOFT_END)) {
		vdev_irq_set(&sim.vm, intid, level);
	} else {
		if (level && !p->line && p->edge)
			p->latch = true;
		p->line = level;
	}
	sim_settle();
}

static bool access_dev(uint32_t cpu, uint32_t dev, struct vdev_access *access)
{
	const struct vdev *vdev = &sim.vm.vdev[dev];
	uint32_t tries = 0;
	bool ok;

	do {
		access->retry = false;
		sim.current = cpu;
		ok = vdev->access(vdev->dev, &sim.vcpu[cpu], access);
		if (locks)
			fail("a lock is still held");
		sim_settle();
		if (tries++ > 2)
			fail("a read without end");
	} while (ok && access->retry);
	return ok;
}

bool sim_write(uint32_t cpu, uint64_t offset, uint32_t bytes, uint64_t value)
{
	struct vdev_access access = {
		.offset = offset, .bytes = bytes, .write = true, .value = value};

	return access_dev(cpu, 0, &access);
}

bool sim_read(uint32_t cpu, uint64_t offset, uint32_t bytes, uint64_t *value)
{
	struct vdev_access access = {.offset = offset, .bytes = bytes};
	bool ok = access_dev(cpu, 0, &access);

	*value = access.value;
	return ok;
}

static void access_page2(uint32_t cpu, uint32_t intid)
{
	/* With an SGI's CPUID, as the IAR showed it. */
	struct vdev_access access = {.bytes = 4, .write = true, .value = intid | 3u << 10};

	(void)access_dev(cpu, 1, &access);
}

/* A GICv2's private registers: the own CPU's. */
static bool access_own(uint32_t cpu, uint32_t frame, uint64_t offset, struct vdev_access *access)
{
	access->offset = offset - GICR_SGI_BASE;
	if (frame != cpu || offset < GICR_SGI_BASE)
		fail("a redistributor in a GICv2");
	return access_dev(cpu, 0, access);
}

static uint64_t frame_offset(uint32_t frame)
{
	return gic_redistributor(frame) - GICR_BASE;
}

bool sim_redist_write(uint32_t cpu, uint32_t frame, uint64_t offset, uint32_t bytes, uint64_t value)
{
	struct vdev_access access = {.offset = frame_offset(frame) + offset,
				     .bytes = bytes,
				     .write = true,
				     .value = value};

	return sim.v2 ? access_own(cpu, frame, offset, &access) : access_dev(cpu, 1, &access);
}

bool sim_redist_read(uint32_t cpu, uint32_t frame, uint64_t offset, uint32_t bytes, uint64_t *value)
{
	struct vdev_access access = {.offset = frame_offset(frame) + offset, .bytes = bytes};
	bool ok = sim.v2 ? access_own(cpu, frame, offset, &access) : access_dev(cpu, 1, &access);

	*value = access.value;
	return ok;
}

uint32_t sim_get(uint32_t cpu, uint64_t offset)
{
	uint64_t value;

	if (!sim_read(cpu, offset, 4, &value))
		fail("read refused");
	return (uint32_t)value;
}

void sim_set(uint32_t cpu, uint64_t offset, uint32_t value)
{
	if (!sim_write(cpu, offset, 4, value))
		fail("write refused");
}

bool sim_bit(uint32_t cpu, uint64_t group, uint32_t intid)
{
	uint64_t value;
	bool ok;

	if (intid < 32)
		ok = sim_redist_read(cpu, cpu, GICR_SGI_BASE + group, 4, &value);
	else
		ok = sim_read(cpu, group + intid / 32 * 4, 4, &value);
	if (!ok)
		fail("read refused");
	return value >> intid % 32 & 1;
}

void sim_set_bit(uint32_t cpu, uint64_t group, uint32_t intid)
{
	bool ok;

	if (intid < 32)
		ok = sim_redist_write(cpu, cpu, GICR_SGI_BASE + group, 4, 1u << intid);
	else
		ok = sim_write(cpu, group + intid / 32 * 4, 4, 1u << intid % 32);
	if (!ok)
		fail("write refused");
}

void sim_off(uint32_t cpu)
{
	sim.current = cpu;
	vgic_vcpu_off(&sim.vcpu[cpu]);
	sim.cpu[cpu].on = false;
	sim_settle();
}

void sim_on(uint32_t cpu)
{
	struct sim_cpu *c = &sim.cpu[cpu];

	sim.current = cpu;
	vgic_vcpu_reset(&sim.vcpu[cpu]);
	c->on = true;
	/* What a guest does first: both groups on, lowest mask. */
	c->vmcr |= 3 | 0xf8ull << 24;
	sim_settle();
}

/* A fresh interrupt controller, all vCPUs off. */
static void init_vgic(void)
{
	static const struct bootinfo empty_bootinfo;
	struct bootinfo bi = empty_bootinfo;

	bi.cpu_count = sim.cpu_count;
	bi.gicd = (struct boot_region){GICD_BASE, 0x10000};
	bi.gicr[0] = (struct boot_region){GICR_BASE, 0xf60000};
	bi.gicr_count = sim.v2 ? 0 : 1;
	bi.gicc = (struct boot_region){GICC_BASE, 0x2000};
	bi.gicc_second = 0x1000;
	bi.gic_maintenance_intid = SIM_MAINTENANCE;
	bi.timer_hyp_intid = SIM_HYP_TIMER;
	bi.uart[0] = (struct boot_uart){.intid = SIM_CONSOLE};
	bi.svm_console_intid = SIM_CONSOLE;
	bi.svm_event_line_intid = SIM_EVENT_LINE;
	sim.vm.vdev_count = 0;
	if (vgic_vm_init(&sim.vm, &bi) != ERR_OK)
		fail("no vGIC");
	sim.vm.vgic.word[SIM_SOFT_FIRST / 32].hw = 0;
}

static void init(bool v2, uint32_t cpu_count, uint32_t lr_count)
{
	uint32_t i;

	memset(&sim, 0, sizeof(sim));
	gicv2 = v2 ? (struct gicv2){GICC_BASE, GICC_BASE + 0x1000, GICH_BASE} : (struct gicv2){0};
	sim.v2 = v2;
	locks = 0;
	sim.cpu_count = cpu_count;
	sim.lr_count = lr_count;
	sim.vm.vcpu_count = cpu_count;
	lock_init(&sim.vm.vgic_lock, LOCK_VGIC_DIST);
	for (i = 0; i < cpu_count; i++) {
		sim.vcpu[i].vm = &sim.vm;
		sim.vcpu[i].index = i;
		sim.vcpu[i].mpidr = (uint64_t)(i / 4) << 8 | i % 4;
		lock_init(&sim.vcpu[i].vgic_lock, LOCK_VGIC_CPU);
		sim.vm.vcpu[i] = &sim.vcpu[i];
		sim.percpu[i].index = i;
		sim.percpu[i].current = &sim.vcpu[i];
		sim.cpu[i].acked = SIM_NONE;
		sim.cpu[i].intid[GIC_SGI_KICK].enabled = true;
		sim.cpu[i].intid[GIC_SGI_KICK].edge = true;
	}
	init_vgic();
	for (i = 0; i < cpu_count; i++)
		sim_on(i);
}

void sim_init(uint32_t cpu_count, uint32_t lr_count)
{
	init(false, cpu_count, lr_count);
}

void sim_init2(uint32_t cpu_count, uint32_t lr_count)
{
	init(true, cpu_count, lr_count);
}

/* --- another machine --- */

#define PREEMPTION_BITS 5

static struct vgic_state_dist dist_state[2];
static struct vgic_state_cpu cpu_state[2][SIM_CPUS];

static void state_get(uint32_t n)
{
	uint32_t cpu;

	vgicstate_dist_get(&sim.vm.vgic, PREEMPTION_BITS, &dist_state[n]);
	for (cpu = 0; cpu < sim.cpu_count; cpu++) {
		struct vgicstate_interface interface = {.vmcr = sim.cpu[cpu].vmcr};

		vgicstate_cpu_get(&sim.vm.vgic, &sim.vcpu[cpu].vgic, PREEMPTION_BITS, &interface,
				  &cpu_state[n][cpu]);
	}
}

static void state_set(void)
{
	struct vgicstate_interface interface;
	struct vgic_dist *d = &sim.vm.vgic;
	struct vgic_effects fx;
	uint32_t cpu, intid;

	if (vgicstate_dist_check(d, PREEMPTION_BITS, &dist_state[0], &intid))
		fail("a distributor's state is refused");
	vgicstate_dist_set(d, &dist_state[0]);
	for (cpu = 0; cpu < sim.cpu_count; cpu++) {
		struct vgic_cpu *c = &sim.vcpu[cpu].vgic;

		if (vgicstate_cpu_check(d, c, PREEMPTION_BITS, &cpu_state[0][cpu], &intid))
			fail("a vCPU's state is refused");
		vgicstate_cpu_set(d, c, &cpu_state[0][cpu], &interface);
		sim.cpu[cpu].vmcr = interface.vmcr;
	}
	for (cpu = 0; cpu < sim.cpu_count; cpu++) {
		vgic_effects_init(&fx);
		vgicstate_settle(d, &sim.vcpu[cpu].vgic, &fx);
		if (fx.count)
			fail("something is left to be done physically");
	}
}

static void each_on(void (*work)(struct vcpu *vcpu))
{
	uint32_t cpu;

	for (cpu = 0; cpu < sim.cpu_count; cpu++) {
		if (!sim.cpu[cpu].on)
			continue;
		sim.current = cpu;
		lock_acquire(&sim.vm.vgic_lock);
		work(&sim.vcpu[cpu]);
		lock_release(&sim.vm.vgic_lock);
	}
}

void sim_move(uint32_t lr_count)
{
	uint32_t cpu;

	each_on(vgic_sync_fold);
	state_get(0);
	for (cpu = 0; cpu < sim.cpu_count; cpu++) {
		memset(sim.cpu[cpu].lr, 0, sizeof(sim.cpu[cpu].lr));
		sim.cpu[cpu].hcr = 0;
	}
	sim.lr_count = lr_count;
	init_vgic();
	state_set();
	state_get(1);
	if (memcmp(&dist_state[0], &dist_state[1], sizeof(dist_state[0])) != 0 ||
	    memcmp(cpu_state[0], cpu_state[1], sizeof(cpu_state[0])) != 0)
		fail("a state is not what was set");
	each_on(vgic_sync_fill);
	sim_settle();
}
