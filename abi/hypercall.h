/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ABI_HYPERCALL_H
#define ABI_HYPERCALL_H

/*
 * Caisson's hypercalls, from EL0 or EL1 of the service VM: the instruction
 *
 *	mrs	xzr, mdccsr_el0
 *
 * with x0 = CAISSON_CALL(number), x1 and x2 = a token, arguments from x3 on. It returns with
 * x0 = a status (enum caisson_status) and, as the call says, results in x1 to x3; all other
 * registers keep their values.
 *
 * A token is 128 bits (x1 the first 8 bytes as a little-endian number, x2 the second), random for
 * each boot. The management token is in the device tree: /caisson, property
 * CAISSON_TOKEN_PROPERTY, 16 bytes; without one, in an ACPI table (abi/acpitable.h). A VM token
 * comes from VM_CREATE and serves the calls marked "VM", for that VM, whose number is in the low
 * four bits of its first half. With a wrong token they answer CAISSON_DENIED.
 *
 * Memory is named by virtual addresses of the caller, which EL2 translates with the caller's own
 * tables: it must be mapped and writable at the caller's exception level, pinned, and RAM of the
 * service VM. Blocks are 2 MiB, of naturally aligned virtual and physical address (one huge page);
 * pages are 4 KiB.
 *
 * A call that answers CAISSON_CONTINUE has done a bounded part: it is to be made again, with the
 * same arguments unless it says otherwise, until it answers something else.
 */

#define CAISSON_CALL_MAGIC   0x43414953 /* "CAIS", in x0[63:32] */
#define CAISSON_CALL(number) ((uint64_t)CAISSON_CALL_MAGIC << 32 | (number))

#define CAISSON_TOKEN_PROPERTY "security-management-token"

#define CAISSON_BLOCK_BYTES     0x200000
#define CAISSON_MAX_VMS         16
#define CAISSON_MAX_VCPUS       32 /* of one user VM */
#define CAISSON_MAX_VCPUS_GICV2 8  /* the same on a host with a GICv2 */

/* VERSION's x1: major << 16 | minor. Majors are incompatible. */
#define CAISSON_CALL_ABI 0x20005

/*
 * The machine of a user VM, as far as EL2 makes it: a GIC of the host's version (VERSION), which is
 * a GICv3 without LPIs or a GICv2 without security extensions, SPIs 32 to CAISSON_VM_INTIDS - 1;
 * the virtual timer on PPI 27, the physical one on PPI 30, and one count for both (VM_TIME_SET).
 * Everything else below CAISSON_VM_IPA_BYTES that is not shared memory is the VMM's
 * (RUN_EXIT_MMIO). vCPU n has MPIDR_EL1.Aff0 = n % 16, Aff1 = n / 16.
 */
#define CAISSON_VM_GICD         0x08000000
#define CAISSON_VM_GICR         0x080a0000 /* 128 KiB for each vCPU */
#define CAISSON_VM_GICC         0x08010000
#define CAISSON_VM_GICC_BYTES   0x10000 /* two pages of registers at its start */
#define CAISSON_VM_INTIDS       256
#define CAISSON_VM_TIMER_INTID  27
#define CAISSON_VM_PTIMER_INTID 30
#define CAISSON_VM_IPA_BYTES    0x1000000000 /* 36 bits */

/*
 * A memory-mapped timer (Arm ARM DDI 0487, I2.3), for VMs with CAISSON_TIME_FRAME alone; elsewhere
 * there is nothing of EL2's. A page of each: CNTCTLBase, and timer frame 0 with its two timers.
 */
#define CAISSON_VM_TIMER_CTL        0x090c0000
#define CAISSON_VM_TIMER_FRAME      0x090d0000
#define CAISSON_VM_FRAME_PHYS_INTID 42
#define CAISSON_VM_FRAME_VIRT_INTID 43

/*
 * Of VM_CREATE (2.4): the guest may call VMware's hypercalls, from EL0 and EL1, and its VMM answers
 * them (RUN_EXIT_TOOLS). A read of MDCCSR_EL0 is one if X7[63:32] and W0 are these.
 */
#define CAISSON_VM_TOOLS      ((uint64_t)1 << 32)
#define CAISSON_TOOLS_X7_HIGH 0x86
#define CAISSON_TOOLS_W0      0x564d5868

/* Rights of memory: guest writes are the VMM's (RUN_EXIT_MMIO), reads and fetches are direct. */
#define CAISSON_MEM_READ_ONLY 1

enum caisson_call {
	/*
	 * No token. -> x1 = CAISSON_CALL_ABI, x2 = CPUs, x3 = CAISSON_MAX_VMS | version of the
	 * VMs' GIC << 8 (0, from calls before 2.3, is 3).
	 */
	CAISSON_CALL_VERSION = 0,
	/*
	 * Management. x3 = address of a block that becomes the VM's own store at EL2 (tables, vCPU
	 * state): donated, so the service VM cannot reach it until the VM is destroyed, and comes
	 * back zeroed. x4 = vCPUs, 1..CAISSON_MAX_VCPUS (_GICV2), | CAISSON_VM_*. x5 = tag: 64 bits
	 * of the creator's choice. x7 = address of the block that holds its run pages: it stays the
	 * service VM's and pinned while the VM lives, so that who has the VM's token alone gets EL2
	 * to write nowhere else. x6 = CTR_EL0 as the guest is to see it, which must have it
	 * maintain its caches at least as the host's own has it (INVALID); 0: the host's.
	 * -> x1 = the VM's number, x2 and x3 = its token.
	 */
	CAISSON_CALL_VM_CREATE = 1,
	/*
	 * Management. x3 = VM. Ends it: all memory shared with it is the service VM's alone again;
	 * what was lent or donated to it is zeroed and given back. CONTINUE: bounded part done.
	 * BUSY: one of its vCPUs runs; it was told to leave (RUN_EXIT_ENDED), the caller tries
	 * again.
	 */
	CAISSON_CALL_VM_DESTROY = 2,
	/*
	 * Management. x3 = VM, x4 = address of the first block, x5 = IPA (2 MiB aligned), x6 =
	 * blocks, x7 = rights: 0 or CAISSON_MEM_READ_ONLY. Gives memory of the service VM to the VM
	 * too. A block belongs to one VM, once. What was written there before is visible to the
	 * guest however it looks; who writes there later cleans that to the point of coherency
	 * (DC CVAC, DSB), and see MEM_UNEXEC. -> x1 = blocks done; the call that follows CONTINUE
	 * begins behind these (0 or more). STATE: a block is not the service VM's alone, or there
	 * is memory at the IPA already.
	 */
	CAISSON_CALL_MEM_SHARE = 3,
	/*
	 * VM. x3 = vCPU, x4 = address of its run page (abi/runpage.h), in the block that VM_CREATE
	 * named (FAULT), x5 = PC, x6 = x0. Makes the vCPU's state that of a reset: EL1h, MMU off,
	 * interrupts masked, other registers 0. BUSY while it runs.
	 */
	CAISSON_CALL_VCPU_INIT = 4,
	/*
	 * VM. x3 = vCPU. Runs it on this CPU until there is something for the caller to do: OK, and
	 * the run page says what. BUSY: it runs already. STATE: it was never initialised.
	 * DEDICATED: see VCPU_DEDICATE.
	 */
	CAISSON_CALL_VCPU_RUN = 5,
	/*
	 * VM. x3 = INTID of an SPI, x4 = its level, 0 or 1. Sets an interrupt line of the VM.
	 * -> x1: vCPUs to be woken (struct run_page, wake), a bit each.
	 */
	CAISSON_CALL_IRQ_SET = 6,
	/*
	 * Management. As MEM_SHARE, but the service VM cannot reach the memory any more: an access
	 * is an external abort. It comes back zeroed. STATE: also when a run page is in the block.
	 */
	CAISSON_CALL_MEM_LEND = 7,
	/*
	 * Management. x3 = VM, x4 = address of a block: more store for the VM (VM_CREATE), after
	 * NO_MEMORY for its tables. NO_MEMORY: it has as much as it can have.
	 */
	CAISSON_CALL_MEM_DONATE = 8,
	/*
	 * Management. x3 = VM, x4 = IPA, x5 = blocks. Takes memory away from the VM, shared or
	 * lent: the service VM's alone again, lent blocks zeroed. Guest accesses are the VMM's then
	 * (RUN_EXIT_MMIO). -> x1 = blocks done; CONTINUE as MEM_SHARE. STATE: there is no memory.
	 */
	CAISSON_CALL_MEM_RECLAIM = 9,
	/*
	 * VM. x3 = IPA, x4 = blocks, x5 = rights: 0 or CAISSON_MEM_READ_ONLY. Puts memory that
	 * MEM_UNMAP took out back into the VM, or changes what the guest may do there: never more
	 * than it was shared or lent with. -> x1 = blocks done; CONTINUE as MEM_SHARE. STATE: there
	 * is no memory, or not with these rights.
	 */
	CAISSON_CALL_MEM_MAP = 10,
	/*
	 * VM. x3 = IPA, x4 = blocks. Takes memory out of what the guest can reach, for a while: it
	 * stays the VM's, accesses are the VMM's (RUN_EXIT_MMIO). -> x1 = blocks done; CONTINUE as
	 * MEM_SHARE. STATE: there is no memory.
	 */
	CAISSON_CALL_MEM_UNMAP = 11,
	/*
	 * VM. x3 = IPA, x4 = bytes: for who is about to write there without the guest having asked
	 * for it. The guest's next fetch from the blocks that hold the range finds what has been
	 * written and cleaned to the point of coherency (DC CVAC, DSB) until then. If the guest may
	 * fetch from there while that is being done, the call is made before and again after it: it
	 * costs little when there was no fetch. -> x1 = blocks done, from the first that holds the
	 * range; CONTINUE as MEM_SHARE. STATE: a block is no memory of the VM's.
	 */
	CAISSON_CALL_MEM_UNEXEC = 12,
	/*
	 * Management. x3 = VM. -> x1 = enum caisson_vm_state | vCPUs << 8, x2 = the tag that its
	 * creator gave it, x3 = blocks of memory that it has. STATE: there is none with that
	 * number.
	 */
	CAISSON_CALL_VM_INFO = 13,
	/*
	 * VM. x3 = counter, one of enum caisson_stat. -> x1 = its value since VM_CREATE, summed
	 * over the vCPUs. Those may run meanwhile, so two counters need not fit together.
	 */
	CAISSON_CALL_VM_STAT = 14,
	/*
	 * Management. Reads the hypervisor's log. x3 = position, in bytes since boot, x4 = address
	 * of a buffer, x5 = its bytes, 0..4096, within one page. -> x1 = bytes written, x2 = the
	 * position behind them, x3 = bytes that the log did not keep, passed over before the first
	 * one written. At the end of the log: 0 bytes, and the same position.
	 */
	CAISSON_CALL_LOG_READ = 15,
	/*
	 * VM. x3 = vCPU. Writes its registers to its run page (struct run_page, state). BUSY while
	 * it runs. STATE: it was never initialised.
	 */
	CAISSON_CALL_VCPU_GET = 16,
	/*
	 * VM. x3 = vCPU. Takes its registers from its run page. INVALID: a PSTATE that it cannot
	 * have (EL2 and up, AArch32 but at EL0, bits of features that it is not shown), a flag that
	 * there is not; nothing was taken then. BUSY while it runs. STATE: it was never
	 * initialised.
	 */
	CAISSON_CALL_VCPU_SET = 17,
	/*
	 * Management. x3 = VM, x4 = vCPU, x5 = CPU, by its place in the device tree as Linux counts
	 * them. From now on the vCPU has that CPU for itself, which the service VM has put offline
	 * (CPU_OFF), and cannot put online meanwhile: CPU_ON answers DENIED. VCPU_RUN lets the vCPU
	 * go on there and returns DEDICATED at once; its exits are announced on the event line
	 * (abi/event.h), and the run page is EL2's from VCPU_RUN to EVENT_EXIT. It never exits with
	 * WFI or WAKE, since it waits on its CPU. VCPU_RUN with immediate_exit makes one that runs
	 * leave: INTERRUPTED, announced too; where it does not run it answers CONTINUE and does
	 * nothing, so an exit that stands is not taken for answered. STATE: the CPU is not offline,
	 * or dedicated, or the vCPU has one already. BUSY: the vCPU runs.
	 */
	CAISSON_CALL_VCPU_DEDICATE = 18,
	/*
	 * Management. x3 = VM, x4 = vCPU. Its CPU is offline again, the vCPU one like any other. An
	 * exit that stands in the run page is still to be answered. VM_DESTROY does it for all
	 * vCPUs. STATE: it is not dedicated. BUSY: it runs; it was told to leave (INTERRUPTED,
	 * announced), the caller tries again.
	 */
	CAISSON_CALL_VCPU_RETURN = 19,
	/*
	 * Management. x3 = VM, x4 = address of a block that is donated for the memory of the VM's
	 * console on the serial line (its screen, its scrollback), x5 and x6 = the console's name,
	 * 15 bytes at most, the first in x5[7:0], printable ASCII, zeros behind. The console lives
	 * as long as the VM; the block comes back zeroed with VM_DESTROY. STATE: it has one. BUSY:
	 * there can be no more consoles, or there are none (`view=plain`).
	 */
	CAISSON_CALL_CONSOLE_ATTACH = 20,
	/*
	 * VM. x3 = address of text for the console, x4 = its bytes, 0..CAISSON_CONSOLE_BYTES,
	 * within one page of the block that VM_CREATE named (FAULT). All of it is taken, at once,
	 * whether anybody looks or not. STATE: it has no console.
	 */
	CAISSON_CALL_CONSOLE_WRITE = 21,
	/*
	 * VM. x3 = address, as for CONSOLE_WRITE, x4 = room there, 0..CAISSON_CONSOLE_BYTES. Takes
	 * what was typed on the console. -> x1 = bytes, 0: there is nothing more; x2 = the
	 * console's size: columns | rows << 16. EVENT_CONSOLE (abi/event.h) tells when to call.
	 * STATE: it has no console.
	 */
	CAISSON_CALL_CONSOLE_READ = 22,
	/*
	 * Management. x3 = address of a struct host_report (abi/hostreport.h), a multiple of 8,
	 * within one page (INVALID): what the host UI shows of the service VM from now on. It is
	 * copied. INVALID: also a field out of range; nothing was taken then. BUSY: nobody shows
	 * it (`view=plain`).
	 */
	CAISSON_CALL_HOST_REPORT = 23,
	/*
	 * VM (2.5). x3 = frequency of the guest's counter in Hz, x4 = its count when the host's is
	 * x5, which is not in the future, x6 = flags: 0, CAISSON_TIME_MASKED or _FRAME. From now on
	 * CNTPCT_EL0 and CNTVCT_EL0 of its vCPUs, their timers and what VCPU_GET says of these go
	 * by that, on a host of any frequency; but see enum caisson_time_mode of what may be
	 * trapped here. Without the call it is the host's frequency, from 0 at VM_CREATE. -> x1 =
	 * the mode. INVALID: a frequency other than the host's that is not of 1 MHz to 1 GHz.
	 * UNSUPPORTED: this host cannot show it that. Nothing changed then. STATE: a vCPU runs.
	 */
	CAISSON_CALL_VM_TIME_SET = 24,
	/*
	 * VM (2.5). -> x1 = frequency of the guest's counter | enum caisson_time_mode << 32, x2 =
	 * its count now, x3 = the host's at the same instant.
	 */
	CAISSON_CALL_VM_TIME_GET = 25,
	/*
	 * VM (2.5). x3 = register, as HOST_REG has them: an ID register, DCZID_EL0, MIDR_EL1 or
	 * REVIDR_EL1, x4 = its value for the guest from now on. INVALID: another register, or more
	 * than this host has (HOST_REG), by the rules of lib/idreg.h; DCZID_EL0 may be the host's
	 * or CAISSON_DCZID_NONE, MIDR_EL1 that of an older revision or CAISSON_MIDR_ANY, REVIDR_EL1
	 * the host's or 0. STATE: after the first VCPU_INIT.
	 */
	CAISSON_CALL_VM_IDREG_SET = 26,
	/*
	 * (2.5) VM. x3 = IPA, x4 = blocks. From now on what is written there, by the guest or by
	 * EL2 for a debugger, is noted for each page; nothing has been yet. Blocks that are tracked
	 * already stay as they are; those that the VM may not write to by its rights are passed
	 * over. -> x1 = blocks done; CONTINUE as MEM_SHARE, and so after NO_MEMORY: a page of the
	 * VM's store is needed for each block (MEM_DONATE). STATE: a block is no memory of the
	 * VM's.
	 */
	CAISSON_CALL_DIRTY_START = 27,
	/*
	 * VM. x3 = IPA, x4 = blocks, 1..CAISSON_DIRTY_BLOCKS, x5 = address, a multiple of 8, of
	 * CAISSON_DIRTY_BYTES for each, within one page of the block that VM_CREATE named (FAULT):
	 * bit n % 8 of byte n / 8 tells whether page n was written since the last DIRTY_READ (the
	 * first: DIRTY_START), and is noted anew from now on. When the call returns all that was
	 * written before is there to be read, and what is written later comes with the next call.
	 * -> x1 = blocks done; the call that follows CONTINUE begins behind these, x5 too. STATE: a
	 * block is not tracked (MEM_RECLAIM ends that, too). A write that the guest began and that
	 * did not come about, as of a store-exclusive that fails, may count as one.
	 */
	CAISSON_CALL_DIRTY_READ = 28,
	/*
	 * VM. x3 = IPA, x4 = blocks. Nothing is noted any more; blocks that were not tracked are
	 * passed over. -> x1 = blocks done; CONTINUE as MEM_SHARE.
	 */
	CAISSON_CALL_DIRTY_STOP = 29,
	/*
	 * VM (2.5). x3 = vCPU, or CAISSON_VGIC_DIST, x4 = address, a multiple of 8, in the block
	 * that VM_CREATE named (FAULT), the whole in one page (INVALID), of a struct
	 * vgic_state_cpu, or vgic_state_dist (abi/vgicstate.h). Writes there the state of that part
	 * of the VM's interrupt controller. The VM may go on afterwards. -> x1: vCPUs to be woken
	 * (struct run_page, wake), a bit each. BUSY while any vCPU runs.
	 */
	CAISSON_CALL_VGIC_GET = 30,
	/*
	 * VM (2.5). The same, but takes the state from there, in place of what there was. -> x1:
	 * vCPUs to be woken. BUSY while any vCPU runs. UNSUPPORTED: it is not of a machine such as
	 * this one; INVALID: no machine has such a state; nothing was taken then, and x1 is why
	 * (enum caisson_vgic_fault; 0: an argument), x2 an INTID that goes with it. STATE: it says
	 * that the vCPU is on, which was never initialised.
	 */
	CAISSON_CALL_VGIC_SET = 31,
	/*
	 * VM (2.5). x3 = enum caisson_frame_reg. -> x1 = that register of the memory-mapped timer.
	 * STATE: the VM has none. BUSY: a vCPU runs.
	 */
	CAISSON_CALL_FRAME_GET = 32,
	/*
	 * VM (2.5). x3 = enum caisson_frame_reg, x4 = value. To be set in the order of their
	 * numbers, after VM_TIME_SET and VGIC_SET: a timer goes by what was set when its CTL is,
	 * and its interrupt's line is told to the GIC then; the event line tells whom that wakes.
	 * INVALID: the register does not have these bits. STATE, BUSY: as FRAME_GET.
	 */
	CAISSON_CALL_FRAME_SET = 33,
	/*
	 * No token (2.5). x3 = 0..63: ID register S3_0_C0_Cn_m (n << 3 | m) as a user VM is shown
	 * it if nobody asks for less (and without CAISSON_VM_TOOLS); from 64 on: enum
	 * caisson_host_reg. -> x1 = its value. INVALID: there is no such register.
	 */
	CAISSON_CALL_HOST_REG = 34,
};

/* Of VM_TIME_SET: what the guest has been told of. 0: it may use the virtual timer, as Linux does.
 */
#define CAISSON_TIME_MASKED 1 /* of the physical counter and timer alone */
#define CAISSON_TIME_FRAME  2 /* of a memory-mapped timer alone */

/*
 * The physical counter and timer of a guest always trap. Its virtual ones trap if its frequency is
 * not the host's and the host's CPUs have FEAT_ECV; without that they count by the host's
 * frequency, which UNSUPPORTED keeps from guests that may use them.
 */
enum caisson_time_mode {
	CAISSON_TIME_MODE_NATIVE = 0, /* the host's frequency */
	CAISSON_TIME_MODE_ECV = 1,
	CAISSON_TIME_MODE_MASKED = 2, /* as VM_TIME_SET was told, whatever the frequency */
	CAISSON_TIME_MODE_FRAME = 3,
};

/* Of FRAME_GET and FRAME_SET; names are the architecture's. CTL: ENABLE and IMASK. */
enum caisson_frame_reg {
	CAISSON_FRAME_CNTFRQ = 0,
	CAISSON_FRAME_CNTACR = 1,
	CAISSON_FRAME_CNTVOFF = 2,
	CAISSON_FRAME_CNTP_CVAL = 3,
	CAISSON_FRAME_CNTV_CVAL = 4,
	CAISSON_FRAME_CNTP_CTL = 5,
	CAISSON_FRAME_CNTV_CTL = 6,
	CAISSON_FRAME_REGS
};

/* Of HOST_REG, behind the ID registers. */
enum caisson_host_reg {
	CAISSON_HOST_CTR = 64,
	CAISSON_HOST_DCZID = 65,
	CAISSON_HOST_MIDR = 66,
	CAISSON_HOST_REVIDR = 67,
	CAISSON_HOST_CNTFRQ = 68,
	CAISSON_HOST_FEATURES = 69, /* CAISSON_FEATURE_*, the GIC's version << 8 */
	CAISSON_HOST_IPA_BITS = 70, /* of which CAISSON_VM_IPA_BYTES is what VMs have */
	CAISSON_HOST_CLIDR = 71,
	CAISSON_HOST_REGS
};

#define CAISSON_FEATURE_ECV 1 /* the virtual counter and timer can be trapped, so scaled */

#define CAISSON_DCZID_NONE 0x10    /* DC ZVA is not to be used */
#define CAISSON_MIDR_ANY   0xf0000 /* implementer 0: reserved for software */

#define CAISSON_DIRTY_BYTES  64 /* a bit for each page of a block */
#define CAISSON_DIRTY_BLOCKS 64 /* that one call tells of */

#define CAISSON_CONSOLE_BYTES      256
#define CAISSON_CONSOLE_NAME_BYTES 16

enum caisson_vm_state {
	CAISSON_VM_LIVE = 1,
	CAISSON_VM_ENDING = 2, /* VM_DESTROY was called, and is to be called on */
};

/* Counters of a user VM: VM_STAT. They wrap at 64 bits. */
enum caisson_stat {
	CAISSON_STAT_RUNS = 0, /* VCPU_RUN that entered the guest */
	/* Ends of runs, by reason (enum run_exit). */
	CAISSON_STAT_EXIT_INTERRUPTED = 1,
	CAISSON_STAT_EXIT_MMIO = 2,
	CAISSON_STAT_EXIT_SMCCC = 3,
	CAISSON_STAT_EXIT_WFI = 4,
	CAISSON_STAT_EXIT_FAULT = 5,
	CAISSON_STAT_EXIT_WAKE = 6,
	/* Exits that EL2 served without the VMM. */
	CAISSON_STAT_SERVED_SYSREG = 7,
	CAISSON_STAT_SERVED_GIC = 8, /* accesses to the GIC's registers in memory, or a timer's */
	CAISSON_STAT_SERVED_WFI = 9, /* waits that ended in EL2 */
	/* Stage 2, caches. */
	CAISSON_STAT_FAULT_DATA = 10,    /* blocks mapped, or made writable, by an access */
	CAISSON_STAT_FAULT_FETCH = 11,   /* blocks made executable by a fetch */
	CAISSON_STAT_LINES_CLEANED = 12, /* data cache lines cleaned, to PoC or PoU */
	CAISSON_STAT_INVALIDATIONS = 13, /* of the instruction caches, each of all or of a block */
	CAISSON_STAT_BLOCKS_SPLIT = 14,  /* of the service VM's stage 2, on behalf of this VM */
	CAISSON_STAT_IRQS_INJECTED = 15, /* put into list registers */
	CAISSON_STAT_EXIT_TOOLS = 16,    /* ends of runs: RUN_EXIT_TOOLS */
	CAISSON_STAT_FAULT_DIRTY = 17,   /* writes that faulted for DIRTY_READ to tell of them */
	CAISSON_STAT_COUNT
};

enum caisson_status {
	CAISSON_OK = 0,
	CAISSON_CONTINUE = 1,
	CAISSON_DENIED = 2,
	CAISSON_INVALID = 3,   /* an argument is malformed or out of range */
	CAISSON_NO_MEMORY = 4, /* the VM's store, or the table of VMs, is full */
	CAISSON_BUSY = 5,      /* in use by another CPU; try again */
	CAISSON_FAULT = 6,   /* an address is not mapped, not writable, or no RAM of the caller's */
	CAISSON_STATE = 7,   /* not in this state of the VM, vCPU or block */
	CAISSON_UNKNOWN = 8, /* no such call */
	/* VCPU_RUN: on the vCPU's own CPU; the run page is not to be looked at before EVENT_EXIT */
	CAISSON_DEDICATED = 9,
	CAISSON_UNSUPPORTED = 10, /* this machine cannot do that */
};

#endif
