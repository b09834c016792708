/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/vm/svm.h"

#include "hyp/core/log.h"
#include "hyp/core/mem.h"
#include "hyp/core/panic.h"
#include "hyp/core/percpu.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/hypercall.h"
#include "hyp/vm/idreg.h"
#include "hyp/vm/inspect.h"
#include "hyp/vm/run.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/trace.h"
#include "hyp/vm/udirty.h"
#include "hyp/vm/uvm.h"
#include "hyp/vm/vgic.h"
#include "hyp/vm/vtimer.h"

static struct vcpu *vcpu_create(struct vm *vm, const struct bootinfo *bi, uint32_t index)
{
	struct vcpu *vcpu = mem_new(struct vcpu);

	vcpu->vm = vm;
	vcpu->exits = exit_service_vm;
	vcpu->index = index;
	vcpu->mpidr = bi->cpu[index].mpidr;
	vcpu->stack = percpu_get(index)->stack_top;
	lock_init(&vcpu->vgic_lock, LOCK_VGIC_CPU);
	vcpu->power = VCPU_OFF;
	return vcpu;
}

struct vm *svm_create(const struct bootinfo *bi)
{
	struct vm *vm = mem_new(struct vm);
	uint32_t i;

	vm->name = "service VM";
	vm->cnthctl = CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN;
	lock_init(&vm->vgic_lock, LOCK_VGIC_DIST);
	lock_init(&vm->power_lock, LOCK_VM_POWER);
	vm->vcpu_count = bi->cpu_count;
	for (i = 0; i < vm->vcpu_count; i++)
		vm->vcpu[i] = vcpu_create(vm, bi, i);
	vm->vcpu[0]->power = VCPU_ON_PENDING;
	vm->vcpu[0]->entry_pc = bi->svm_entry;
	vm->vcpu[0]->entry_x0 = bi->svm_dtb;
	idreg_init(vm);
	stage2_init(vm, bi);
	if (vgic_vm_init(vm, bi) != ERR_OK)
		panic("no interrupt controller for the service VM");
	world_init();
	uvm_init(bi, vm);
	hypercall_init(bi);
	vtimer_init(bi);
	inspect_init(bi, vm);
	trace_init();
	return vm;
}

void svm_run(struct vm *vm)
{
	struct percpu *p = percpu_this();

	if (p->index != 0) {
		idreg_check(vm);
		udirty_init_cpu();
	}
	p->current = vm->vcpu[p->index];
	vtimer_init_cpu();
	run_cpu_init(vm);
	run_vcpu(p->current);
}
