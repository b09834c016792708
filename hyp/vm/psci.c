/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PSCI 1.1 for the service VM. vCPU i is pinned to physical CPU i, which stays in EL2 while its
 * vCPU is off, so only SYSTEM_OFF and SYSTEM_RESET reach the firmware, or a board's
 * power manager (hyp/core/power.h).
 *
 * vm->power_lock guards power and the entry state. CPU_ON writes them and kicks the target, which
 * waits in run_idle() and looks at them under the lock.
 */
#include "hyp/vm/psci.h"

#include "abi/psci.h"
#include "arch/aarch64/barrier.h"
#include "arch/aarch64/smccc.h"
#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/core/power.h"
#include "hyp/vm/dbg.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/vgic.h"

/* CPU_SUSPEND's power_state in the original format (5.4.2): all other bits are reserved. */
#define POWER_STATE_ID        MASK(15, 0)
#define POWER_STATE_POWERDOWN BIT(16)
#define POWER_STATE_LEVEL     MASK(25, 24)

static psci_flush_fn *flush_output;
static bool has_firmware; /* PSCI 0.2 or later answers SMC */

void psci_init(const struct bootinfo *bi, psci_flush_fn *flush)
{
	flush_output = flush;
	has_firmware = bi->psci_conduit == BOOT_CONDUIT_SMC;
	power_init(bi);
}

static struct vcpu *find_vcpu(const struct vm *vm, uint64_t mpidr)
{
	uint32_t i;

	for (i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpu[i]->mpidr == mpidr)
			return vm->vcpu[i];
	}
	return NULL;
}

/* Can a vCPU start there? (INVALID_ADDRESS otherwise: 5.4.5, 5.6.5.) */
static bool is_entry(struct vm *vm, uint64_t address)
{
	return bits_is_aligned(address, 4) && stage2_has(vm, address);
}

/* Argument n as the function's width says (DEN 0028, 3.1: 32-bit calls use the low halves). */
static uint64_t argument(const struct vcpu *vcpu, uint32_t id, unsigned int n)
{
	return id & SMCCC_64 ? vcpu->x[n] : (uint32_t)vcpu->x[n];
}

static enum exit_action finish(struct vcpu *vcpu, int64_t result)
{
	vcpu->x[0] = (uint64_t)result;
	return EXIT_RESUME;
}

static enum exit_action version(struct vcpu *vcpu, uint32_t id)
{
	return finish(vcpu, PSCI_VERSION_1_1);
}

static enum exit_action migrate_info_type(struct vcpu *vcpu, uint32_t id)
{
	return finish(vcpu, PSCI_TOS_NOT_PRESENT);
}

/*
 * Both kinds of state are served as standby: the specification lets a power-down request be
 * demoted, the call then returns SUCCESS to its caller (5.4.3).
 */
static enum exit_action cpu_suspend(struct vcpu *vcpu, uint32_t id)
{
	uint64_t state = argument(vcpu, id, 1);

	if ((uint32_t)state & ~(POWER_STATE_ID | POWER_STATE_POWERDOWN | POWER_STATE_LEVEL))
		return finish(vcpu, PSCI_INVALID_PARAMETERS);
	if ((state & POWER_STATE_POWERDOWN) && !is_entry(vcpu->vm, argument(vcpu, id, 2)))
		return finish(vcpu, PSCI_INVALID_ADDRESS);
	/* An SError or FIQ that is pending is taken when the guest goes on. */
	while (!vgic_is_pending(vcpu) && !(sysreg_read(isr_el1) & (ISR_A | ISR_F))) {
		percpu_sleep(percpu_this());
		isb(); /* what vgic_irq_exit() reads is younger than what it wrote before */
		vgic_irq_exit(vcpu);
		if (dbg_active())
			dbg_hold(vcpu);
	}
	return finish(vcpu, PSCI_SUCCESS);
}

static enum exit_action cpu_off(struct vcpu *vcpu, uint32_t id)
{
	struct vm *vm = vcpu->vm;

	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
	isb(); /* their interrupts are gone before the vGIC looks at what it has */
	vgic_vcpu_off(vcpu);
	lock_acquire(&vm->power_lock);
	vcpu->power = VCPU_OFF;
	lock_release(&vm->power_lock);
	return EXIT_POWERED_OFF;
}

static enum exit_action cpu_on(struct vcpu *vcpu, uint32_t id)
{
	struct vm *vm = vcpu->vm;
	struct vcpu *target = find_vcpu(vm, argument(vcpu, id, 1));
	uint64_t entry = argument(vcpu, id, 2);
	int64_t result = PSCI_SUCCESS;

	if (!target)
		return finish(vcpu, PSCI_INVALID_PARAMETERS);
	if (!is_entry(vm, entry))
		return finish(vcpu, PSCI_INVALID_ADDRESS);
	lock_acquire(&vm->power_lock);
	if (target->power == VCPU_ON) {
		result = PSCI_ALREADY_ON;
	} else if (target->power == VCPU_ON_PENDING) {
		result = PSCI_ON_PENDING;
	} else if (target->power == VCPU_DEDICATED) {
		result = PSCI_DENIED;
	} else {
		target->power = VCPU_ON_PENDING;
		target->entry_pc = entry;
		target->entry_x0 = argument(vcpu, id, 3);
	}
	lock_release(&vm->power_lock);
	if (result == PSCI_SUCCESS)
		gic_kick(target->index);
	return finish(vcpu, result);
}

bool psci_dedicate(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool is_off;

	lock_acquire(&vm->power_lock);
	is_off = vcpu->power == VCPU_OFF;
	if (is_off)
		vcpu->power = VCPU_DEDICATED;
	lock_release(&vm->power_lock);
	return is_off;
}

void psci_return(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	lock_acquire(&vm->power_lock);
	vcpu->power = VCPU_OFF;
	lock_release(&vm->power_lock);
}

/* Only affinity level 0 is known: higher levels need not be supported since PSCI 1.0 (5.7). */
static enum exit_action affinity_info(struct vcpu *vcpu, uint32_t id)
{
	static const int64_t info[] = {
		[VCPU_OFF] = PSCI_AFFINITY_OFF,
		[VCPU_ON_PENDING] = PSCI_AFFINITY_ON_PENDING,
		[VCPU_ON] = PSCI_AFFINITY_ON,
		[VCPU_DEDICATED] = PSCI_AFFINITY_OFF,
	};
	struct vm *vm = vcpu->vm;
	struct vcpu *target = find_vcpu(vm, argument(vcpu, id, 1));
	int64_t result;

	if (!target || (uint32_t)vcpu->x[2] != 0)
		return finish(vcpu, PSCI_INVALID_PARAMETERS);
	lock_acquire(&vm->power_lock);
	result = info[target->power];
	lock_release(&vm->power_lock);
	return finish(vcpu, result);
}

void psci_system_end(const char *who, uint32_t id)
{
	log_printf(LOG_INFO, "%s asks for %s", who,
		   id == PSCI_SYSTEM_OFF ? "power-off" : "a reset");
	flush_output();
	if (has_firmware)
		smccc_smc(id, 0, 0, 0);
	power_end(id == PSCI_SYSTEM_RESET);
	if (has_firmware)
		log_printf(LOG_ERROR, "the firmware refused PSCI call 0x%x", id);
	else
		log_printf(LOG_ERROR, "this machine has nothing known that does it: it stays on");
}

static enum exit_action system_end(struct vcpu *vcpu, uint32_t id)
{
	psci_system_end(vcpu->vm->name, id);
	/* The caller does not expect to come back (5.10, 5.11); consoles go on. */
	return has_firmware ? finish(vcpu, PSCI_NOT_SUPPORTED) : cpu_off(vcpu, id);
}

static enum exit_action features(struct vcpu *vcpu, uint32_t id)
{
	uint32_t asked = (uint32_t)vcpu->x[1];

	if (asked == SMCCC_VERSION || psci_is_supported(asked))
		return finish(vcpu, PSCI_SUCCESS);
	return finish(vcpu, PSCI_NOT_SUPPORTED);
}

/* By the low five bits of the function identifier; wide: there is a 64-bit form too. */
static const struct {
	enum exit_action (*handle)(struct vcpu *vcpu, uint32_t id);
	bool wide;
} functions[32] = {
	[PSCI_VERSION & 31] = {version, false},
	[PSCI_CPU_SUSPEND & 31] = {cpu_suspend, true},
	[PSCI_CPU_OFF & 31] = {cpu_off, false},
	[PSCI_CPU_ON & 31] = {cpu_on, true},
	[PSCI_AFFINITY_INFO & 31] = {affinity_info, true},
	[PSCI_MIGRATE_INFO_TYPE & 31] = {migrate_info_type, false},
	[PSCI_SYSTEM_OFF & 31] = {system_end, false},
	[PSCI_SYSTEM_RESET & 31] = {system_end, false},
	[PSCI_FEATURES & 31] = {features, false},
};

bool psci_is_supported(uint32_t id)
{
	if ((id & ~(uint32_t)(SMCCC_64 | 31)) != PSCI_VERSION || !functions[id & 31].handle)
		return false;
	return functions[id & 31].wide || !(id & SMCCC_64);
}

enum exit_action psci_call(struct vcpu *vcpu, uint32_t id)
{
	if (!psci_is_supported(id))
		return finish(vcpu, PSCI_NOT_SUPPORTED);
	return functions[id & 31].handle(vcpu, id);
}
