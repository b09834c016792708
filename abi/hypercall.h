/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_HYPERCALL_H
#define ABI_HYPERCALL_H

/*
 * Caisson's hypercalls, from EL0 or EL1 of the service VM: the instruction
 *
 *	mrs	xzr, mdccsr_el0
 *
 * with x0 = CAISSON_CALL(number), x1 and x2 = a token, arguments from x3 on. It returns with
 * x0 = a status (enum caisson_status) and results in x1 to x3; all other registers keep their
 * values. A token is 128 bits, random for each boot: the management token may do everything
 * below, a VM token what is marked "VM" for that VM. Without the right token every call
 * answers CAISSON_DENIED after the same path of instructions.
 *
 * Memory is named by virtual addresses of the caller, which EL2 translates with the caller's own
 * tables: they must be mapped and pinned, writable at the caller's exception level. Blocks are
 * 2 MiB, of naturally aligned virtual and physical address; pages are 4 KiB.
 *
 * A call that answers CAISSON_CONTINUE has done a bounded part: it is to be made again with the
 * same arguments until it answers something else.
 */

#define CAISSON_CALL_MAGIC   0x43414953 /* "CAIS", in x0[63:32] */
#define CAISSON_CALL(number) ((uint64_t)CAISSON_CALL_MAGIC << 32 | (number))

#define CAISSON_BLOCK_BYTES 0x200000
#define CAISSON_MAX_VMS     16
#define CAISSON_MAX_VCPUS   32 /* of one user VM */

/* CAISSON_CALL_VERSION's x1: major << 16 | minor. Majors are incompatible. */
#define CAISSON_CALL_ABI 0x10000

enum caisson_call {
	/* No token. -> x1 = CAISSON_CALL_ABI, x2 = CPUs, x3 = maximal VMs. */
	CAISSON_CALL_VERSION = 0,
	/*
	 * Management. x3 = address of a block that becomes the VM's own store at EL2 (tables, vCPU
	 * state): donated, scrubbed when it comes back. x4 = vCPUs, 1..CAISSON_MAX_VCPUS.
	 * -> x1 = the VM's number, x2:x3 = its token.
	 */
	CAISSON_CALL_VM_CREATE = 1,
	/*
	 * Management. x3 = VM. Ends it: its vCPUs stop, what it had donated is scrubbed and given
	 * back, block by block (CONTINUE). BUSY while one of its vCPUs runs somewhere: it is made to
	 * stop, the caller tries again.
	 */
	CAISSON_CALL_VM_DESTROY = 2,
	/*
	 * Management. x3 = VM, x4 = address of the first block, x5 = IPA, x6 = blocks. Shares memory
	 * of the service VM with the VM. CONTINUE: x1 = blocks done, which the caller leaves out of
	 * the next call.
	 */
	CAISSON_CALL_MEM_SHARE = 3,
	/* Management. x3 = VM, x4 = IPA, x5 = blocks. Takes shared memory back. */
	CAISSON_CALL_MEM_UNSHARE = 4,
	/*
	 * VM. x3 = vCPU, x4 = address of its run page (abi/runpage.h), in memory that stays pinned
	 * while the VM lives. x5 = PC, x6 = x0 it starts with. Once for each vCPU; also restarts one
	 * that is off.
	 */
	CAISSON_CALL_VCPU_INIT = 5,
	/* VM. x3 = vCPU. Runs it on this CPU until there is something for the caller to do. */
	CAISSON_CALL_VCPU_RUN = 6,
	/* VM. x3 = SPI's INTID, x4 = level. Sets an interrupt line. -> x1: vCPUs to wake, a bit each. */
	CAISSON_CALL_IRQ_SET = 7,
	/* Management. x3 = VM, or CAISSON_ALL for the machine; x4 = page for struct caisson_stats. */
	CAISSON_CALL_STATS = 8,
	CAISSON_CALL_COUNT
};

enum caisson_status {
	CAISSON_OK = 0,
	CAISSON_CONTINUE = 1,
	CAISSON_DENIED = 2,
	CAISSON_INVALID = 3,   /* an argument is malformed or out of range */
	CAISSON_NO_MEMORY = 4, /* the VM's store, or the table of VMs, is full */
	CAISSON_BUSY = 5,      /* in use by another CPU; try again */
	CAISSON_FAULT = 6,     /* an address is not mapped, not writable, or no RAM of the caller's */
	CAISSON_STATE = 7,     /* not in this state of the VM, vCPU or page */
	CAISSON_UNKNOWN = 8,   /* no such call */
};

#endif
