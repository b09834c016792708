# SPDX-License-Identifier: BSD-2-Clause
"""The rows of the benchmark: what each one is, which figures of other measurements stand beside it,
and what is aimed at. Lower is better everywhere."""

import dataclasses


@dataclasses.dataclass
class Row:
    name: str
    unit: str
    what: str
    goal: float = None  # a number that was set, besides the peers
    bao: int = None  # quoted, not measured here
    # Peers that do not do this work (they do not trap, or map ahead): no aim comes from them.
    not_same: tuple = ()
    without: dict = dataclasses.field(default_factory=dict)  # system -> why it has no figure
    # What the payload calls it, where Caisson's figure is a user VM's: the peers' stand beside.
    user: str = None


INSTRUCTIONS = "instructions"
NO_HYPERVISOR = "no hypervisor"
NO_VMM = {"bare": NO_HYPERVISOR, "xen": "no VMM: Xen serves what its domain has"}
NO_CONSOLE = {"bare": NO_HYPERVISOR, "kvm": "the VMM has the UART: see `exit_user`"}
NO_SCREENS = {"bare": NO_HYPERVISOR, "kvm": "keeps no screens", "xen": "keeps no screens"}
NO_BRINGUP = {"kvm": "its host is a whole Linux, which starts CPUs long before"}
NO_TOOLS = {"bare": NO_HYPERVISOR, "kvm": "has no such interface", "xen": "has no such interface"}
NO_SCALING = {"bare": NO_HYPERVISOR, "kvm": "does not scale a guest's counter",
              "xen": "does not scale a guest's counter"}
NO_TRACKING = {"bare": NO_HYPERVISOR, "kvm": "not asked: its way is another",
               "xen": "not asked: its way is another"}
NO_MOVE = {"bare": NO_HYPERVISOR, "xen": "has no dom0 that would move its domain",
           "kvm": "not measured yet: two of QEMU in one emulated host take long"}
MOVES = {0: "is not written to",
         **{rate: f"is written to, {rate} MiB a second" for rate in (16, 64, 256)}}
SMALL_DOMAIN = "its domain is too small for these rows, and mapped ahead"

ROWS = [
    Row("hvc_null", INSTRUCTIONS, "PSCI_VERSION by the conduit of the device tree", 100, 193),
    Row("gicd_read", INSTRUCTIONS, "load from GICD_TYPER", 150, 225),
    Row("gicr_write", INSTRUCTIONS,
        "store of one bit that is already set to this CPU's GICR_ISENABLER0", None, 3619),
    Row("sgi_self", INSTRUCTIONS,
        "write of ICC_SGI1R_EL1 that names this CPU, to the handler's first instruction", 390, 781),
    Row("sgi_eoi", INSTRUCTIONS,
        "the same write, through handler, acknowledge and EOI, to the interrupted code"),
    Row("ipi", INSTRUCTIONS,
        "write of ICC_SGI1R_EL1 that names the other CPU, which spins, to its handler", 450, 777),
    Row("vtimer_spin", INSTRUCTIONS, "virtual timer due, to its handler, the CPU spinning",
        170, 203),
    Row("vtimer_wfi", INSTRUCTIONS, "virtual timer due, to its handler, the CPU in WFI for 1 ms",
        None, 207),
    Row("cpu_on", INSTRUCTIONS, "CPU_ON called, to the other CPU's first instruction", None, 1570),
    Row("mdccsr_el1", INSTRUCTIONS, "read of MDCCSR_EL0 at EL1"),
    Row("idreg_read", INSTRUCTIONS, "read of ID_AA64PFR0_EL1", None, 1, ("bao",)),
    Row("mdscr_read", INSTRUCTIONS, "read of MDSCR_EL1"),
    Row("cntpct_read", INSTRUCTIONS, "read of CNTPCT_EL0"),
    Row("cntp_set", INSTRUCTIONS, "write of CNTP_CVAL_EL0, the timer enabled"),
    Row("cntvct_read", INSTRUCTIONS, "read of CNTVCT_EL0"),
    Row("cntv_set", INSTRUCTIONS, "write of CNTV_CVAL_EL0, the timer enabled"),
    Row("clock_read", INSTRUCTIONS,
        "clock_gettime(CLOCK_MONOTONIC) of a process of Debian's kernel, by the vDSO"),
    Row("start_first_insn", INSTRUCTIONS,
        "machine reset (KVM: VM creation) to the guest's first instruction, one CPU", None, 456706,
        ("kvm",)),
    Row("start_consoles", INSTRUCTIONS,
        "the same, with the consoles painted on the line: all other rows but those of bytes have "
        "`view=plain`", without=NO_SCREENS),
    *(Row(f"start_psci_{cpus}", INSTRUCTIONS,
          f"machine reset to all {cpus} CPUs in the guest, firmware with PSCI", without=NO_BRINGUP)
      for cpus in (2, 4, 8)),
    *(Row(f"start_spin_{cpus}", INSTRUCTIONS,
          f"the same, {cpus} CPUs, firmware with a spin table",
          without={**NO_BRINGUP, "bare": "the guest starts CPUs by PSCI"}) for cpus in (2, 4, 8)),
    *(Row(f"start_park_{cpus}", INSTRUCTIONS,
          f"under UEFI with ACPI tables, files read, to all {cpus} CPUs in an application that wakes "
          "them by the parking protocol (`payload=kernel`)",
          without={**NO_BRINGUP, "bare": "firmware has PSCI",
                   "xen": "gives no domain a parking protocol"}) for cpus in (2, 4, 8)),
    Row("linux_boot", INSTRUCTIONS,
        "machine reset (KVM: VM creation) to Debian's first process, one CPU, 1 GiB",
        not_same=("kvm",)),
    Row("linux_boot_ratio", "ratio", "the same, against bare EL1", 1.02),
    Row("el2_text_bytes", "bytes", "code that EL2 can execute", None, 66808, ("kvm",),
        without={"bare": NO_HYPERVISOR}),
    Row("el2_lines", "lines", "lines of C and assembly that are not blank or comment, headers too",
        None, 6604, without={"bare": NO_HYPERVISOR}),
    Row("hyp_memory_bytes", "bytes", "memory of the machine that guests do not get",
        (32 << 20) + (1 << 30) // 256,
        without={"bare": NO_HYPERVISOR,
                 "kvm": "the host is a whole Linux: how much it takes is not one number"}),
    Row("byte_exit", INSTRUCTIONS, "store to a register of the console's UART that sends nothing",
        without=NO_CONSOLE),
    Row("byte_text", INSTRUCTIONS,
        "byte of plain text that goes to the UART of a console that no port shows, with its exit",
        without=NO_CONSOLE),
    Row("byte_text_shown", INSTRUCTIONS, "the same, shown on the first port", without=NO_CONSOLE),
    Row("byte_escapes", INSTRUCTIONS, "`byte_text`, of much colour and moving of the cursor",
        without=NO_CONSOLE),
    Row("byte_escapes_shown", INSTRUCTIONS, "the same, shown", without=NO_CONSOLE),
    Row("console_text", INSTRUCTIONS, "`byte_text` without `byte_exit`: the console's part", 150,
        without=NO_CONSOLE),
    Row("console_text_shown", INSTRUCTIONS, "the same of `byte_text_shown`", 300,
        without=NO_CONSOLE),
    Row("console_escapes", INSTRUCTIONS, "the same of `byte_escapes`", without=NO_CONSOLE),
    Row("console_escapes_shown", INSTRUCTIONS, "the same of `byte_escapes_shown`",
        without=NO_CONSOLE),
    Row("switch_ratio", "ratio", "bytes that a switch sends, against those of the screen's text: "
        "the most of all recorded screens", 2, without=NO_SCREENS),
    Row("console_bytes", "bytes", "memory of a console with its scrollback", without=NO_SCREENS),
    Row("uvm_hvc_null", INSTRUCTIONS, "`hvc_null` of a user VM", user="hvc_null"),
    Row("uvm_gicd_read", INSTRUCTIONS, "`gicd_read` of a user VM", user="gicd_read"),
    Row("uvm_sgi_self", INSTRUCTIONS, "`sgi_self` of a user VM", user="sgi_self"),
    Row("uvm_ipi", INSTRUCTIONS, "`ipi` of a user VM", 600, user="ipi"),
    Row("uvm_ipi_wfi", INSTRUCTIONS,
        "the same, the other vCPU in WFI since 1 ms", user="ipi_wfi"),
    Row("uvm_vtimer_spin", INSTRUCTIONS, "`vtimer_spin` of a user VM", user="vtimer_spin"),
    Row("uvm_vtimer_wfi", INSTRUCTIONS, "`vtimer_wfi` of a user VM", user="vtimer_wfi"),
    Row("uvm_cntpct_read", INSTRUCTIONS,
        "`cntpct_read` of a user VM, where it traps: a scaled counter", 120,
        not_same=("kvm", "xen"), user="cntpct_read"),
    Row("uvm_cntp_set", INSTRUCTIONS, "`cntp_set` of a user VM, the same",
        not_same=("kvm", "xen"), user="cntp_set"),
    Row("uvm_cntvct_read", INSTRUCTIONS,
        "`cntvct_read` of a user VM in native mode: the hardware's counter", user="cntvct_read"),
    Row("uvm_cntvct_ecv", INSTRUCTIONS, "the same in ECV mode: scaled", 120,
        user="any_cntvct_read", without=NO_SCALING),
    Row("uvm_cntv_set", INSTRUCTIONS, "`cntv_set` of a user VM in native mode", user="cntv_set"),
    Row("uvm_cntv_set_ecv", INSTRUCTIONS, "the same in ECV mode", user="any_cntv_set",
        without=NO_SCALING),
    Row("uvm_frame_read", INSTRUCTIONS, "load of half the memory-mapped counter, frame mode",
        user="frame_frame_read", without=NO_SCALING),
    Row("uvm_frame_set", INSTRUCTIONS,
        "store of half the memory-mapped timer's compare value, the timer enabled",
        user="frame_frame_set", without=NO_SCALING),
    Row("uvm_clock_read", INSTRUCTIONS, "`clock_read` of a user VM in native mode",
        user="clock_read"),
    Row("uvm_clock_read_ecv", INSTRUCTIONS, "the same in ECV mode (and in masked mode)",
        user="any_clock_read", without=NO_SCALING),
    Row("uvm_clock_read_frame", INSTRUCTIONS, "the same in frame mode, where it is a system call",
        user="frame_clock_read", without=NO_SCALING),
    Row("exit_user", INSTRUCTIONS, "load from the UART's flag register, which the VMM serves", 1400,
        user="exit_user", without=NO_VMM),
    Row("irq_inject_user", INSTRUCTIONS,
        "store that makes the VMM raise the UART's interrupt, to its handler",
        user="irq_inject_user", without=NO_VMM),
    Row("world_switch", INSTRUCTIONS,
        "half of an exit to a VMM that does nothing, and back", user="world_switch",
        without=NO_VMM),
    Row("touch_4k", INSTRUCTIONS, "first store to a page of 4 KiB", 650, user="touch_4k"),
    Row("exec_4k", INSTRUCTIONS, "first fetch from a page of 4 KiB, which was written before",
        user="exec_4k"),
    Row("touch_2m", INSTRUCTIONS, "first store to a block of 2 MiB", user="touch_2m",
        without={"xen": SMALL_DOMAIN}),
    Row("exec_2m", INSTRUCTIONS, "first fetch from a block of 2 MiB, which was written before",
        user="exec_2m", without={"xen": SMALL_DOMAIN}),
    Row("dirty_read", INSTRUCTIONS,
        "asking which of 1,000 tracked pages were written: none was", user="dirty_read",
        without=NO_TRACKING),
    Row("dirty_read_all", INSTRUCTIONS, "the same, all were", user="dirty_read_all",
        without=NO_TRACKING),
    Row("dirty_write", INSTRUCTIONS, "the first stores since then to 1,000 pages, the CPU noting "
        "them (FEAT_HAFDBS)", user="dirty_write", without=NO_TRACKING),
    Row("start_vm", INSTRUCTIONS, "VM created, to its first instruction, one vCPU", 300000,
        user="start_vm", without={"bare": NO_HYPERVISOR}),
    Row("uvm_linux_boot", INSTRUCTIONS,
        "VM created, to Debian's first process, one vCPU, 1 GiB", user="vm_boot"),
    Row("uvm_linux_boot_ecv", INSTRUCTIONS, "the same in ECV mode, since its time was set",
        user="any_boot", without=NO_SCALING),
    Row("uvm_linux_boot_masked", INSTRUCTIONS, "the same in masked mode", user="masked_boot",
        without=NO_SCALING),
    Row("uvm_linux_boot_frame", INSTRUCTIONS, "the same in frame mode", user="frame_boot",
        without=NO_SCALING),
    Row("virtio_blk_4k", INSTRUCTIONS,
        "store that starts a read of 4 KiB of a raw file, to the interrupt's handler",
        user="virtio_blk_4k", without=NO_VMM),
    Row("virtio_net_rt", INSTRUCTIONS,
        "store that sends an ARP request to a tap, to the interrupt's handler with Linux's answer",
        user="virtio_net_rt", without=NO_VMM),
    *(row for name, value in (("1", "one byte"), ("1k", "1 KiB"), ("60k", "60 KiB")) for row in (
        Row(f"rpc_{name}", INSTRUCTIONS,
            f"`info-set` of {value} by the interface of guest tools, on an open channel, from the "
            "first call to the answer's last", user=f"rpc_{name}", without=NO_TOOLS),
        Row(f"rpc_{name}_traps", "traps", "the same", 40 if name == "60k" else None,
            user=f"rpc_{name}_traps", without=NO_TOOLS))),
    Row("tools_idle_traps", "traps", "calls of Debian's vmtoolsd in a second, the guest idle",
        user="tools_idle_traps", without=NO_TOOLS),
    Row("move_empty", INSTRUCTIONS, "a live move of a guest of 64 MiB, next to nothing in it: all "
        "CPUs' instructions, and sleeping", user="move_empty", without=NO_MOVE),
    *(row for rate, what in MOVES.items() for row in (
        Row(f"move_{rate}_gib", INSTRUCTIONS, "what random data in the guest, which "
            f"{what}, adds to that, for each GiB (of 16 MiB)", user=f"move_{rate}_gib",
            without=NO_MOVE),
        Row(f"move_{rate}_stop", INSTRUCTIONS, "the same move: while the guest stands still "
            "(300 ms are allowed)", user=f"move_{rate}_stop", without=NO_MOVE))),
    Row("vm_overhead_bytes", "bytes", "memory that a VM of two vCPUs takes beyond its own",
        user="vm_overhead_bytes",
        without={"bare": NO_HYPERVISOR, "xen": "its domain is made while Xen starts, and not told "
                                               "apart from what Xen takes"}),
]

# Counted elsewhere, quoted: their sources are not fetched by this benchmark.
QUOTED_LINES = {"xen": 77731, "kvm": 24934}
