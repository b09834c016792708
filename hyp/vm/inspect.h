/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_INSPECT_H
#define HYP_VM_INSPECT_H

#include "abi/bootinfo.h"
#include "abi/hypercall.h"
#include "hyp/core/lock.h"
#include "lib/bits.h"
#include "lib/err.h"
#include "lib/walk.h"

/*
 * What there is to know of VMs, for who shows it: the console room. Everything is a copy, made
 * under the lock that keeps it whole and dropped again before the function returns, so a VM may
 * come, go and end at any moment; the next call then says ERR_NOT_FOUND. Any CPU; the caller holds
 * no lock at all. Each call is bounded.
 *
 * User VMs have the numbers that caissond shows (VM_INFO): 0..CAISSON_MAX_VMS - 1.
 */
#define INSPECT_SERVICE_VM CAISSON_MAX_VMS
#define INSPECT_VMS        (CAISSON_MAX_VMS + 1) /* numbers below this may be VMs */
#define INSPECT_NOWHERE    0xffffffff            /* no CPU */
#define INSPECT_NAME_BYTES 17

struct vm;

/* Boot CPU, once, when the service VM has been made; bi stays where it is. */
void inspect_init(const struct bootinfo *bi, struct vm *service);

struct inspect_vm {
	uint32_t number;
	bool is_user;
	bool is_ending;                /* VM_DESTROY has begun */
	uint32_t vcpu_count;           /* 0: just its store is left */
	uint32_t running;              /* vCPUs that are loaded on a CPU */
	char name[INSPECT_NAME_BYTES]; /* of a user VM: its console's, once it has one */
	uint64_t tag;                  /* its creator's */
	uint64_t memory_bytes;         /* of user VMs: what they have in stage 2 */
	uint64_t store_bytes; /* what holds the VM itself: tables, vCPUs; and its console */
	/*
	 * User VMs: time that CPUs spent with its vCPUs loaded, less their waits in WFI, in ticks
	 * of inspect_now(). The service VM has what is left: its own accounting tells.
	 */
	uint64_t cpu_ticks;
	uint64_t stat[CAISSON_STAT_COUNT]; /* user VMs: the VM's and its vCPUs' summed up */
};

/* ERR_NOT_FOUND: there is no VM of this number. */
enum err inspect_vm(uint32_t number, struct inspect_vm *vm) MUST_CHECK;

enum inspect_vcpu_state {
	INSPECT_OFF,      /* the service VM's: CPU_OFF; a user VM's: never initialised */
	INSPECT_STARTING, /* the service VM's: CPU_ON is on its way */
	INSPECT_LOADED,   /* on a CPU */
	INSPECT_AWAY,     /* the service VM's: on, and a user VM's vCPU has its CPU just now */
	INSPECT_READY,    /* a user VM's: its VMM has it, or is about to run it */
	INSPECT_WAITING,  /* a user VM's: in WFI, until an interrupt */
	INSPECT_GIVEN,    /* the service VM's: off, its CPU is dedicated to a user VM's vCPU */
};

struct inspect_vcpu {
	uint32_t index;
	enum inspect_vcpu_state state;
	uint32_t cpu;     /* it is loaded there, or INSPECT_NOWHERE */
	uint32_t own_cpu; /* the CPU that is dedicated to it, or INSPECT_NOWHERE */
	uint64_t mpidr;   /* affinity fields as the guest sees them */
	uint64_t cpu_ticks;
	uint64_t stat[CAISSON_STAT_COUNT]; /* a user VM's */
};

/* ERR_NOT_FOUND: no such VM; ERR_RANGE: it has no such vCPU. */
enum err inspect_vcpu(uint32_t number, uint32_t index, struct inspect_vcpu *to) MUST_CHECK;

/* A vCPU's registers by their architectural names, and those that hold its timers. */
struct inspect_registers {
	uint64_t x[31];
	uint64_t pc, pstate;
	uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
	uint64_t sctlr_el1, tcr_el1, ttbr0_el1, ttbr1_el1, mair_el1, vbar_el1, contextidr_el1;
	uint64_t esr_el1, far_el1, par_el1, cpacr_el1, cntkctl_el1;
	uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
	uint64_t hcr_el2, vttbr_el2, vtcr_el2;
	/* A user VM's as it sees them: hyp/vm/utimer.c. */
	uint64_t cntv_ctl, cntv_cval, cntvoff;
	uint64_t cntp_ctl, cntp_cval;
	uint64_t counter_hz;
	uint64_t count; /* CNTVCT_EL0 when these were read, and of a user VM CNTPCT_EL0 */
};

/*
 * A vCPU that runs is interrupted for the moment that its CPU needs to write them down, and goes
 * on: they are as of this call, whole, and of one instant. One at rest: as it will go on. A vCPU
 * of the service VM that is off: as it left. ERR_NOT_FOUND, ERR_RANGE as above; ERR_BUSY: its CPU
 * does not answer within a second, or it moves from CPU to CPU too fast to be met.
 */
enum err inspect_registers(uint32_t vm, uint32_t vcpu, struct inspect_registers *to) MUST_CHECK;

struct inspect_cpu {
	uint64_t mpidr;
	uint32_t vm; /* whose vCPU is loaded there */
	uint32_t vcpu;
	bool is_on; /* the service VM's vCPU of this CPU is on */
	/*
	 * In ticks of inspect_now(): user VMs' vCPUs had the CPU so long; it slept in EL2 so long,
	 * a user VM's vCPU waiting or nothing to run. The rest is the service VM's, idle or not.
	 */
	uint64_t user_ticks;
	uint64_t slept_ticks;
};

/* ERR_RANGE: there are cpu < percpu_count() of them. */
enum err inspect_cpu(uint32_t cpu, struct inspect_cpu *to) MUST_CHECK;

/* CNTPCT_EL0, ticks per second, and how many there were since Caisson's first instruction. */
uint64_t inspect_now(void);
uint64_t inspect_hz(void);
uint64_t inspect_uptime_ticks(void);

/* Physical memory. What the loader told, which never changes. */
const struct bootinfo *inspect_boot(void);

/* Blocks of 2 MiB of the service VM's memory by what they are now, counted in parts. */
struct inspect_owners {
	uint64_t cursor; /* 0 at first; then as the call before left it */
	uint64_t own, shared, lent, store, other;
};

/* False: call again, there is more. */
bool inspect_owners(struct inspect_owners *o);

/* An interrupt of a VM's GIC. */
struct inspect_irq {
	bool enabled, group1, edge;
	bool pending; /* as was seen last, for one that is in a list register of another CPU */
	bool active;
	bool line;     /* level of an emulated device's line */
	bool physical; /* hardware-linked to the physical interrupt of this INTID */
	bool loaded;   /* in a list register */
	uint8_t priority;
	uint32_t target; /* vCPU; INSPECT_NOWHERE: none */
};

/* How many INTIDs the VM has: 32..1020. */
enum err inspect_irq_count(uint32_t number, uint32_t *count) MUST_CHECK;
/*
 * vcpu: of which, for private interrupts (intid < 32); otherwise ignored. ERR_NOT_FOUND,
 * ERR_RANGE.
 */
enum err inspect_irq(uint32_t number, uint32_t vcpu, uint32_t intid,
		     struct inspect_irq *to) MUST_CHECK;

/*
 * Where the vCPU's address leads: stage 1 by its own registers and tables, which EL2 reads through
 * the VM's stage 2, then stage 2. walked_first: the MMU is on and stage 1 was walked. second is
 * only there if the first ended well (WALK_DONE). ERR_* as inspect_registers().
 */
struct inspect_map {
	bool walked_first;
	struct walk first;
	bool walked_second;
	struct walk second;
	uint64_t ipa;
	uint64_t pa; /* if second ended well */
};

enum err inspect_map(uint32_t number, uint32_t vcpu, uint64_t va,
		     struct inspect_map *to) MUST_CHECK;
/* The same for an intermediate physical address: stage 2 alone. */
enum err inspect_map_ipa(uint32_t number, uint64_t ipa, struct inspect_map *to) MUST_CHECK;

/*
 * The state of a user VM's block of memory, in one word (lib/ublock.h), and of whom the physical
 * block is. NULL: nothing is known.
 */
const char *inspect_block_state(uint32_t number, uint64_t ipa);
const char *inspect_owner(uint64_t pa);

/*
 * The machine is switched off (reset: started anew), by what the service VM's SYSTEM_OFF and
 * SYSTEM_RESET use. Comes back only if the firmware refuses.
 */
void inspect_power_off(bool reset);

#endif
