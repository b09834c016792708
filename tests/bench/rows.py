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


INSTRUCTIONS = "instructions"
NO_HYPERVISOR = "no hypervisor"

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
    Row("touch_4k", INSTRUCTIONS, "first store to a page of 4 KiB", None, 1),
    Row("mdccsr_el1", INSTRUCTIONS, "read of MDCCSR_EL0 at EL1"),
    Row("idreg_read", INSTRUCTIONS, "read of ID_AA64PFR0_EL1", None, 1, ("bao",)),
    Row("mdscr_read", INSTRUCTIONS, "read of MDSCR_EL1"),
    Row("start_first_insn", INSTRUCTIONS,
        "machine reset (KVM: VM creation) to the guest's first instruction, one CPU", None, 456706,
        ("kvm",)),
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
]

# Counted elsewhere, quoted: their sources are not fetched by this benchmark.
QUOTED_LINES = {"xen": 77731, "kvm": 24934}
