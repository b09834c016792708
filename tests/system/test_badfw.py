# SPDX-License-Identifier: BSD-2-Clause
"""Firmware can be bad: it denies CPUs, loses them, describes them wrongly. tests/firmware plays it
at EL3 of the emulated machine; each case says what it does with each CPU. What does not come is
told of, with its number, its protocol and firmware's answer, and the machine boots without it."""

import dataclasses
import os
import re
import subprocess
import sys

import pytest

from machine import BUILD, HOST, ROOT, check_caisson, check_dmesg
from test_badinput import DeviceTree

sys.path.insert(0, os.path.join(ROOT, "tests", "firmware"))
from fwconfig import (BOOT, CONFIG_AT, CPU_ON_0_1, GONE, IMAGE_AT, NODE_0_1, NODE_0_2,  # noqa: E402
                      NODE_1_0, SPIN, TREE_AT, WORDS, Cpu, Firmware, by_spin_table, spins)

FIRMWARE = f"{BUILD}/target/tests/firmware/firmware.img"
COUNT = f"{BUILD}/target/tests/firmware/count.img"
LIMIT = 30  # seconds for a machine that counts its CPUs
# Time goes by instructions executed (each takes 128 ns), so that a busy machine makes no CPU late.
ICOUNT = ["--qemu-arg=-icount", "--qemu-arg=shift=7,sleep=off"]


@dataclasses.dataclass
class Case:
    firmware: Firmware
    left_out: dict = dataclasses.field(default_factory=dict)  # number of a CPU -> words of its line
    append: str = ""


CASES = {
    "psci-1.0": Case(Firmware([BOOT] + [Cpu()] * 7)),
    "psci-0.2": Case(Firmware([BOOT, Cpu()], NODE_0_2, psci_version=2)),
    "psci-0.1": Case(
        Firmware([BOOT, Cpu(), Cpu(answer=-2), Cpu()], NODE_0_1, psci_version=0, cpu_on=CPU_ON_0_1),
        {2: "PSCI 0.1: .*-2"}),
    "psci-mixed": Case(
        Firmware([BOOT, Cpu(delay_ms=100), Cpu(answer=-2), Cpu(answer=-6), Cpu(way=GONE), Cpu(el=1),
                  Cpu(answer=-4), Cpu()]),
        {2: "PSCI: .*-2", 3: "PSCI: .*-6", 4: "PSCI: .*did not arrive", 5: "PSCI: .*EL1",
         6: "PSCI: .*-4"}),
    # The node is there, and nobody answers.
    "psci-unknown": Case(Firmware([BOOT, Cpu(), Cpu()], psci_version=0),
                         {1: "PSCI: .*-1", 2: "PSCI: .*-1"}),
    "psci-no-node": Case(Firmware([BOOT, Cpu()], ""), {1: "PSCI: .*no PSCI node"}),
    "psci-other-cpu": Case(Firmware([BOOT, Cpu(starts=2), Cpu(), Cpu()]),
                           {1: "PSCI: .*did not arrive", 2: "PSCI: .*-[45]"}),
    # It comes when the others work already, and must do no harm.
    "psci-late": Case(Firmware([BOOT, Cpu(), Cpu(delay_ms=7000)]), {2: "PSCI: .*did not arrive"},
                      append="wait_ms=2500"),
    "spin": Case(by_spin_table(8)),
    # 1 and 2 share a word: one write lets both in.
    "spin-mixed": Case(
        Firmware([BOOT, spins(0), spins(0), spins(8, way=GONE), spins(16, el=1),
                  spins(24, told=WORDS + 28),
                  Cpu(way=SPIN, release=WORDS + 32, method="spin-table"), spins(40, delay_ms=100)],
                 "", psci_version=0),
        {3: "spin-table: .*did not arrive", 4: "spin-table: .*EL1",
         5: "spin-table: .*not a multiple of 8", 6: "spin-table: .*no cpu-release-addr"}),
    # A board's own way, as on the Raspberry Pi 3: registers, for which memory stands in here.
    "board": Case(
        Firmware([BOOT] + [Cpu(way=SPIN, release=WORDS + 0x90 + 0x10 * number,
                               method="brcm,bcm2836-smp") for number in (1, 2)],
                 'local { compatible = "brcm,bcm2836-l1-intc"; '
                 f"reg = <0 {WORDS + 4:#x} 0 0x100>; }};", psci_version=0)),
    # In a hole, in a UART, in flash, in Caisson itself, beyond all; a board's register in the tree.
    "spin-nowhere": Case(
        Firmware([BOOT, spins(0, told=0xb000000), spins(8, told=0x9000000), spins(16, told=0xd8),
                  spins(24, told=IMAGE_AT + 0x1000), spins(32, told=1 << 48), spins(40),
                  Cpu(way=GONE, method="brcm,bcm2836-smp")],
                 'local { compatible = "brcm,bcm2836-l1-intc"; '
                 f"reg = <0 {TREE_AT:#x} 0 0x200>; }};", psci_version=0),
        {1: "spin-table: .*not in memory", 2: "spin-table: .*not in memory",
         3: "spin-table: .*not in memory", 4: "spin-table: .*in Caisson's own image",
         5: "spin-table: .*beyond what Caisson maps",
         7: "brcm,bcm2836-smp: .*in firmware's device tree"}),
    # Two nodes, CPUs of each kind.
    "mixed": Case(
        Firmware([BOOT, Cpu(), spins(0), Cpu(answer=-3), Cpu(method="acme,boot"), Cpu(method=None),
                  Cpu()], NODE_0_1.replace("psci {", "a-psci {", 1) + NODE_1_0, cpu_on=CPU_ON_0_1),
        {3: "PSCI: .*-3", 4: "acme,boot: ", 5: ".*no enable-method"}),
    "cntfrq-0": Case(Firmware([BOOT, Cpu(way=GONE), Cpu(answer=-2)], cntfrq=0),
                     {1: "PSCI: .*CNTFRQ_EL0", 2: "PSCI: .*-2"}),
}


@pytest.fixture
def start_on(start, image, tmp_path):
    """A function that starts a kernel on the firmware of a case."""

    def start_one(case, kernel, *arguments, initrd=None, append="", source="", own="view=plain",
                  **options):
        bundle, config = tmp_path / "bundle.cpio", tmp_path / "config"
        subprocess.run([os.path.join(os.path.dirname(HOST), "bundle"), "--kernel", kernel,
                        *([f"--initrd={initrd}"] if initrd else []), "--append", append,
                        "--output", bundle], check=True)
        size = f"--cpus={len(case.firmware.cpus)}"
        tree = DeviceTree(tmp_path / "machine.dtb", image, bundle, size, "--qemu-arg=-machine",
                          "--qemu-arg=secure=on", "--qemu-arg=-bios", f"--qemu-arg={FIRMWARE}")
        tree.append(f'/ {{ chosen {{ bootargs = "{own}"; }}; }};'
                    + case.firmware.source() + source)
        config.write_bytes(case.firmware.packed())
        return start(size, *arguments, "--qemu-arg=-device",
                     f"--qemu-arg=loader,addr={CONFIG_AT:#x},file={config},force-raw=on",
                     el3=FIRMWARE, dtb=tree.path, bundle=bundle, **options)

    return start_one


def check_left_out(text, left_out):
    """The lines of CPUs that are left out are just these."""
    told = dict(re.findall(r"CPU 0x([0-9a-f]+) left out: ([^\r\n]*)", text))
    assert sorted(told) == [f"{number:x}" for number in sorted(left_out)], told
    for number, words in left_out.items():
        assert re.match(words, told[f"{number:x}"]), f"{words} not in: {told[f'{number:x}']}"


@pytest.mark.parametrize("name", list(CASES))
def test_count(start_on, name):
    """A kernel of one page counts the CPUs that it gets."""
    case = CASES[name]
    machine = start_on(case, COUNT, *ICOUNT, append=case.append, timeout=LIMIT)
    end = machine.expect(r"COUNT end|caisson: [^\r\n]*\r*\n").group()
    text = machine.before()
    assert end == "COUNT end", text + end
    check_left_out(text, case.left_out)
    used = len(case.firmware.cpus) - len(case.left_out)
    assert f"COUNT {used} of {used} CPUs," in text
    if case.left_out:
        assert f"{used} CPUs used, {len(case.left_out)} left out" in text
    if case.firmware.psci_version and case.firmware.node:
        assert machine.end() == 0


def test_thousands(start_on):
    """The tree lists 3000 CPUs that nobody has: firmware is asked for as many as Caisson uses."""
    case = Case(Firmware([BOOT, Cpu()]))
    machine = start_on(case, COUNT, *ICOUNT, timeout=LIMIT, source="/ { cpus { " + "".join(
        f'cpu@{n:x} {{ device_type = "cpu"; reg = <{n:#x}>; enable-method = "psci"; }}; '
        for n in range(0x10000, 0x10000 + 3000)) + "}; };")
    machine.expect("COUNT end")
    text = machine.before()
    assert text.count("left out: PSCI: CPU_ON answered -2") == 30  # of 32
    assert "2 CPUs used, 3000 left out" in text
    assert "COUNT 2 of 2 CPUs," in text


DEBIAN = {
    "psci": Case(Firmware([BOOT, Cpu(), Cpu(answer=-3), Cpu(way=GONE), Cpu()]),
                 {2: "PSCI: .*-3", 3: "PSCI: .*did not arrive"}),
    "spin": Case(
        Firmware([BOOT, spins(0), spins(8, way=GONE), spins(16)], "", psci_version=0),
        {2: "spin-table: .*did not arrive"}),
}


@pytest.mark.parametrize("name", list(DEBIAN))
def test_debian(start_on, service_vm, name):
    """Debian gets the CPUs that are there, and no trouble from the others."""
    case = DEBIAN[name]
    machine = start_on(case, f"{service_vm}/vmlinuz", *ICOUNT, initrd=f"{service_vm}/initrd",
                       append="quiet", timeout=60)
    machine.expect(r"at EL2: (\d+) CPUs")
    check_left_out(machine.before(), case.left_out)
    machine.login()
    check_caisson(machine)
    used = len(case.firmware.cpus) - len(case.left_out)
    assert machine.run("cat /sys/devices/system/cpu/online") == f"0-{used - 1}"
    check_dmesg(machine)
    if case.firmware.psci_version:
        machine.power_off()


@pytest.mark.soak
def test_debian_itself(start_on, service_vm):
    """The same without Caisson: what is left of a bad spin table, by mailboxes."""
    case = CASES["spin-mixed"]
    machine = start_on(case, f"{service_vm}/vmlinuz", *ICOUNT, initrd=f"{service_vm}/initrd",
                       append="quiet console=ttyAMA0", own="payload=kernel", timeout=120)
    machine.expect("payload=kernel: 4 CPUs, mailboxes at")
    check_left_out(machine.before(), case.left_out)
    machine.login()
    assert machine.run("ls /proc/device-tree/cpus | grep -o '^cpu@.*'").split() == [
        "cpu@0", "cpu@1", "cpu@2", "cpu@7"]
    for cpu in range(4):
        machine.run(f"taskset {1 << cpu:x} true")
    check_dmesg(machine)
