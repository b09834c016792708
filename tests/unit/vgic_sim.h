/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_VGIC_SIM_H
#define TESTS_UNIT_VGIC_SIM_H

#include "hyp/vm/vcpu.h"

/*
 * A machine for the vGIC of hyp/vm and lib/vgic.c to run on: physical GIC, virtual CPU interfaces
 * and devices, as far as the two can tell. The guest's instructions are functions. After each,
 * every CPU serves what its physical GIC has for it, unless that is put off (sim_hold).
 *
 * Every list register that is written is checked: no interrupt in two, none that the hardware
 * would not take.
 */

#define SIM_CPUS        8
#define SIM_INTIDS      160
#define SIM_MAINTENANCE 25
#define SIM_HYP_TIMER   26
#define SIM_CONSOLE     33 /* emulated */
#define SIM_EVENT_LINE  35 /* emulated */
#define SIM_SOFT_FIRST  64 /* to 95: turned into emulated ones too */
#define SIM_SOFT_END    96
#define SIM_NONE        1023

struct sim_intid {
	bool enabled, latch, line, edge, active;
	uint8_t route; /* CPU */
};

struct sim_ap {
	uint8_t priority[32]; /* active priorities, the highest last */
	uint8_t group[32];
	uint32_t count;
};

struct sim_cpu {
	struct sim_intid intid[32]; /* SGIs and PPIs */
	uint64_t lr[VGIC_MAX_LRS];
	uint64_t hcr;
	uint64_t vmcr;
	struct sim_ap ap;
	bool on;
	bool hold;      /* does not serve its interrupts */
	uint32_t acked; /* as the hardware's IAR showed it */
	uint64_t exits; /* interrupts taken to EL2 */
	uint32_t from;  /* of the SGI that the guest acknowledged last: a GICv2's CPUID */
};

struct sim {
	bool v2; /* a GICv2: no system registers */
	uint32_t cpu_count;
	uint32_t lr_count;
	struct sim_cpu cpu[SIM_CPUS];
	struct sim_intid spi[SIM_INTIDS];
	struct vm vm;
	struct vcpu vcpu[SIM_CPUS];
	struct percpu percpu[SIM_CPUS];
	uint32_t current;
	bool (*fail)(const char *what); /* called when something is wrong */
};

extern struct sim sim;

/* A fresh machine, all vCPUs on, their interfaces open (PMR 0xf8, both groups). */
void sim_init(uint32_t cpu_count, uint32_t lr_count);
/* One with a GICv2: frames of redistributors are there for their own CPU, from SGI_base on. */
void sim_init2(uint32_t cpu_count, uint32_t lr_count);

/* The guest's accesses; cpu does it. False: external abort. */
bool sim_write(uint32_t cpu, uint64_t offset, uint32_t bytes, uint64_t value);
bool sim_read(uint32_t cpu, uint64_t offset, uint32_t bytes, uint64_t *value);
bool sim_redist_write(uint32_t cpu, uint32_t frame, uint64_t offset, uint32_t bytes,
		      uint64_t value);
bool sim_redist_read(uint32_t cpu, uint32_t frame, uint64_t offset, uint32_t bytes,
		     uint64_t *value);
/* 32-bit reads and writes that must work; private INTIDs' registers: of cpu's own frame. */
uint32_t sim_get(uint32_t cpu, uint64_t offset);
void sim_set(uint32_t cpu, uint64_t offset, uint32_t value);
/* The register of a group (GICD_ISENABLER, …) that has intid's bit. */
bool sim_bit(uint32_t cpu, uint64_t group, uint32_t intid);
void sim_set_bit(uint32_t cpu, uint64_t group, uint32_t intid);

/* The CPU interface: ICC_IAR0/1_EL1 (SIM_NONE: nothing), EOIR, DIR, SGI registers, EOImode. */
uint32_t sim_ack(uint32_t cpu, bool group1);
uint32_t sim_highest(uint32_t cpu, bool group1); /* HPPIR: does not acknowledge */
void sim_eoi(uint32_t cpu, uint32_t intid, bool group1);
void sim_dir(uint32_t cpu, uint32_t intid);
void sim_sgi(uint32_t cpu, uint32_t targets, uint32_t intid, bool group1);
void sim_eoi_mode(uint32_t cpu, bool split);
uint32_t sim_running_priority(uint32_t cpu);

/* Physical world: level of an input, the emulated devices' too; a CPU goes off and on. */
void sim_line(uint32_t cpu, uint32_t intid, bool level);
void sim_off(uint32_t cpu);
void sim_on(uint32_t cpu);

/*
 * The interrupt controller's state goes out and into a new one, on CPUs with lr_count list
 * registers; all else of the machine stays as it is. Nothing may get lost that is in the state.
 */
void sim_move(uint32_t lr_count);

/* Every CPU that is not held serves what there is. */
void sim_settle(void);

struct sim_intid *sim_physical(uint32_t cpu, uint32_t intid);

#endif
