/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls of the service VM: who may call what, and how the answer gets into its registers.
 * What is done stands in hyp/vm/uvm.c, uvcpu.c, uexit.c, umem.c, udirty.c, ustore.c, idreg.c,
 * dedicate.c, uconsole.c, utimer.c, uframe.c, uvgicstate.c and hostreport.c.
 */
#include "hyp/vm/hypercall.h"

#include "abi/hypercall.h"
#include "arch/aarch64/speculation.h"
#include "hyp/core/gic.h"
#include "hyp/core/log.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/dedicate.h"
#include "hyp/vm/slot.h"
#include "hyp/vm/udirty.h"
#include "hyp/vm/uframe.h"
#include "hyp/vm/umem.h"
#include "hyp/vm/ustore.h"
#include "hyp/vm/utimer.h"
#include "hyp/vm/uvm.h"

static uint64_t management_token[2];

void hypercall_init(const struct bootinfo *bi)
{
	management_token[0] = bi->management_token[0];
	management_token[1] = bi->management_token[1];
}

/* In the same time, whatever the token. */
static bool is_manager(const struct vcpu *vcpu)
{
	return ((vcpu->x[1] ^ management_token[0]) | (vcpu->x[2] ^ management_token[1])) == 0;
}

static enum caisson_status version(struct vcpu *vcpu)
{
	vcpu->x[1] = CAISSON_CALL_ABI;
	vcpu->x[2] = percpu_count();
	vcpu->x[3] = CAISSON_MAX_VMS | (gic_is_v2() ? 2 : 3) << 8;
	return CAISSON_OK;
}

static enum caisson_status log_read_call(struct vcpu *vcpu)
{
	uint64_t position = vcpu->x[3], va = vcpu->x[4], bytes = vcpu->x[5], lost, pa;
	enum caisson_status status = CAISSON_FAULT;

	if (bytes > 4096 || (va & 4095) + bytes > 4096)
		return CAISSON_INVALID;
	/* Nothing of the page's block changes hands meanwhile. */
	lock_acquire(&slot_manage_lock);
	if (slot_resolve(va, &pa) && owner_is_service(&slot_owner, pa)) {
		vcpu->x[1] = log_read(&position, (uint8_t *)pa, bytes, &lost);
		vcpu->x[2] = position;
		vcpu->x[3] = lost;
		status = CAISSON_OK;
	}
	lock_release(&slot_manage_lock);
	return status;
}

static enum caisson_status denied(struct vcpu *vcpu)
{
	return CAISSON_DENIED;
}

/*
 * Whose token a call needs. It is looked at before anything else of the call and without a lock, so
 * that who has none learns nothing and holds nobody up. VM calls look again under their lock.
 */
enum caller { ANYONE, MANAGER, VM };

/* Each looks at x3 and up, and leaves results in x1 to x3. */
static const struct {
	enum caisson_status (*serve)(struct vcpu *vcpu);
	enum caller caller;
} calls[] = {
	[CAISSON_CALL_VERSION] = {version, ANYONE},
	[CAISSON_CALL_VM_CREATE] = {uvm_create, MANAGER},
	[CAISSON_CALL_VM_DESTROY] = {uvm_destroy, MANAGER},
	[CAISSON_CALL_MEM_SHARE] = {umem_share, MANAGER},
	[CAISSON_CALL_VCPU_INIT] = {uvm_vcpu_init, VM},
	[CAISSON_CALL_VCPU_RUN] = {denied, VM}, /* with the token it does not come here */
	[CAISSON_CALL_IRQ_SET] = {uvm_irq_set, VM},
	[CAISSON_CALL_MEM_LEND] = {umem_lend, MANAGER},
	[CAISSON_CALL_MEM_DONATE] = {umem_donate, MANAGER},
	[CAISSON_CALL_MEM_RECLAIM] = {umem_reclaim, MANAGER},
	[CAISSON_CALL_MEM_MAP] = {umem_map, VM},
	[CAISSON_CALL_MEM_UNMAP] = {umem_unmap, VM},
	[CAISSON_CALL_MEM_UNEXEC] = {umem_unexec, VM},
	[CAISSON_CALL_VM_INFO] = {uvm_info, MANAGER},
	[CAISSON_CALL_VM_STAT] = {uvm_stat, VM},
	[CAISSON_CALL_LOG_READ] = {log_read_call, MANAGER},
	[CAISSON_CALL_VCPU_GET] = {uvm_vcpu_get, VM},
	[CAISSON_CALL_VCPU_SET] = {uvm_vcpu_set, VM},
	[CAISSON_CALL_VCPU_DEDICATE] = {dedicate_vcpu, MANAGER},
	[CAISSON_CALL_VCPU_RETURN] = {dedicate_return, MANAGER},
	[CAISSON_CALL_CONSOLE_ATTACH] = {uvm_console_attach, MANAGER},
	[CAISSON_CALL_CONSOLE_WRITE] = {uvm_console_write, VM},
	[CAISSON_CALL_CONSOLE_READ] = {uvm_console_read, VM},
	[CAISSON_CALL_HOST_REPORT] = {uvm_host_report, MANAGER},
	[CAISSON_CALL_VM_TIME_SET] = {uvm_time_set, VM},
	[CAISSON_CALL_VM_TIME_GET] = {uvm_time_get, VM},
	[CAISSON_CALL_VM_IDREG_SET] = {uvm_idreg_set, VM},
	[CAISSON_CALL_DIRTY_START] = {udirty_start, VM},
	[CAISSON_CALL_DIRTY_READ] = {udirty_read, VM},
	[CAISSON_CALL_DIRTY_STOP] = {udirty_stop, VM},
	[CAISSON_CALL_VGIC_GET] = {uvm_vgic_get, VM},
	[CAISSON_CALL_VGIC_SET] = {uvm_vgic_set, VM},
	[CAISSON_CALL_FRAME_GET] = {uvm_frame_get, VM},
	[CAISSON_CALL_FRAME_SET] = {uvm_frame_set, VM},
	[CAISSON_CALL_HOST_REG] = {uvm_host_reg, ANYONE},
};

static bool is_allowed(const struct vcpu *vcpu, enum caller caller)
{
	if (caller == MANAGER)
		return is_manager(vcpu);
	return caller == ANYONE || slot_has_token(vcpu);
}

static __attribute__((noinline)) enum exit_action serve(struct vcpu *vcpu, uint32_t number)
{
	if (number >= ARRAY_SIZE(calls)) {
		vcpu->x[0] = CAISSON_UNKNOWN;
		return EXIT_ADVANCE;
	}
	number = (uint32_t)bounded_index(number, ARRAY_SIZE(calls));
	if (!calls[number].serve)
		vcpu->x[0] = CAISSON_UNKNOWN;
	else if (!is_allowed(vcpu, calls[number].caller))
		vcpu->x[0] = CAISSON_DENIED;
	else
		vcpu->x[0] = calls[number].serve(vcpu);
	check_owners();
	return EXIT_ADVANCE;
}

enum exit_action hypercall(struct vcpu *vcpu)
{
	uint32_t number = (uint32_t)vcpu->x[0];

	if (number == CAISSON_CALL_VCPU_RUN && slot_has_token(vcpu))
		return uvm_vcpu_run(vcpu);
	return serve(vcpu, number);
}
