/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HYP_VM_USTORE_H
#define HYP_VM_USTORE_H

#include "hyp/vm/slot.h"

/*
 * Pages of a VM's store: from the block that it was created with, from those that were donated
 * since, and those that came back. All under its mem_lock, once it lives.
 */

/* A page of zeroes, which table walks see; 0: there is none left. */
uint64_t ustore_page(struct uvm *uvm);

/* No table walk of any CPU can come to the page any more. */
void ustore_page_back(struct uvm *uvm, uint64_t page);

/* For the VM's stage 2, ctx being the VM. */
extern const struct pgtable_ops ustore_tables;

/* MEM_DONATE */
enum caisson_status umem_donate(struct vcpu *caller);

#endif
