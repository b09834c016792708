/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_SVM_H
#define HYP_VM_SVM_H

#include "abi/bootinfo.h"
#include "lib/bits.h"
#include "lib/err.h"

struct vm;

/*
 * Makes the service VM: a vCPU for every CPU, its stage 2, its interrupt controller; vCPU 0 is
 * to start at bi->svm_entry. Boot CPU, once, while memory can be allocated.
 */
struct vm *svm_create(const struct bootinfo *bi);

/* Runs this CPU's vCPU of the service VM. Every CPU, at the end of its initialisation. */
void svm_run(struct vm *vm) __attribute__((noreturn));

#endif
