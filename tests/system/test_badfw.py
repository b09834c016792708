# SPDX-License-Identifier: BSD-2-Clause
"""Firmware can be bad: it denies CPUs, loses them, describes them wrongly. tests/firmware plays it
at EL3 of the emulated machine; each case says what it does with each CPU. What does not come is
told of, with its number, its protocol and firmware's answer, and the machine boots without it."""

import dataclasses
import os
import re
import struct
import subprocess

import pytest

from machine import BUILD, HOST, check_caisson
from test_badinput import DeviceTree, IMAGE_AT, TREE_AT

FIRMWARE = f"{BUILD}/target/tests/firmware/firmware.img"
COUNT = f"{BUILD}/target/tests/firmware/count.img"
LIMIT = 30  # seconds for a machine that counts its CPUs

# tests/firmware/firmware.h
CONFIG_AT, SPIN_CODE, MAGIC = 0x43e00000, 0x40100000, 0x6572617764616221
PSCI, SPIN, GONE = range(3)
WORDS = SPIN_CODE + 0x1000  # the release words
CNTFRQ = 1000000000  # of QEMU's -cpu max
# Time goes by instructions executed (each takes 128 ns), so that a busy machine makes no CPU late.
ICOUNT = ["--qemu-arg=-icount", "--qemu-arg=shift=7,sleep=off"]
CPU_ON_0_1 = 0x95c1ba60  # a number that firmware of 0.1 really had


@dataclasses.dataclass
class Cpu:
    """struct fw_cpu, and what the device tree says of it: its enable-method, and where its release
    word is (None: it does not say)."""
    way: int = PSCI
    answer: int = 0
    release: int = 0
    el: int = 2
    delay_ms: int = 0
    starts: int = None
    method: str = "psci"
    told: int = None

    def packed(self, number):
        starts = number if self.starts is None else self.starts
        return struct.pack("<IiQIIII", self.way, self.answer, self.release, self.el, self.delay_ms,
                           starts, 0)

    def source(self, number):
        method = f'enable-method = "{self.method}";' if self.method else ""
        told = "" if self.told is None else f"cpu-release-addr = <0 {self.told:#x}>;"
        return f"cpu@{number:x} {{ {method} {told} }};"


def spins(word, told=None, **options):
    """A CPU that waits on this release word, and of which the tree says so, unless told otherwise."""
    return Cpu(way=options.pop("way", SPIN), release=WORDS + word, method="spin-table",
               told=WORDS + word if told is None else told, **options)


NODE_1_0 = 'psci { compatible = "arm,psci-1.0", "arm,psci-0.2"; method = "smc"; };'
NODE_0_2 = 'psci { compatible = "arm,psci-0.2"; method = "smc"; };'
NODE_0_1 = f'psci {{ compatible = "arm,psci"; method = "smc"; cpu_on = <{CPU_ON_0_1:#x}>; }};'
BOOT = Cpu(method=None)


@dataclasses.dataclass
class Case:
    cpus: list  # the first is the one that boots
    left_out: dict  # number of a CPU -> words of its line
    node: str = NODE_1_0  # of PSCI, as source of the tree
    psci_version: int = 0x10000
    cpu_on: int = 0
    cntfrq: int = CNTFRQ
    others: list = ()  # more lines that must come
    append: str = ""

    def packed(self):
        fields = [MAGIC, IMAGE_AT, TREE_AT, self.cntfrq, self.psci_version, self.cpu_on,
                  len(self.cpus), 0]
        return struct.pack("<QQQQIIII", *fields) + b"".join(
            cpu.packed(number) for number, cpu in enumerate(self.cpus))

    def source(self):
        nodes = "".join(cpu.source(number) for number, cpu in enumerate(self.cpus))
        return (f'/ {{ chosen {{ bootargs = "view=plain"; }}; {self.node} cpus {{ {nodes} }}; '
                "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; "
                f"spin@{SPIN_CODE:x} {{ reg = <0 {SPIN_CODE:#x} 0 0x2000>; }}; }}; }};")


CASES = {
    "psci-1.0": Case([BOOT] + [Cpu()] * 7, {}),
    "psci-0.2": Case([BOOT, Cpu()], {}, NODE_0_2, psci_version=2),
    "psci-0.1": Case([BOOT, Cpu(), Cpu(answer=-2), Cpu()], {2: "PSCI 0.1: .*-2"}, NODE_0_1,
                     psci_version=0, cpu_on=CPU_ON_0_1),
    "psci-mixed": Case(
        [BOOT, Cpu(delay_ms=100), Cpu(answer=-2), Cpu(answer=-6), Cpu(way=GONE), Cpu(el=1),
         Cpu(answer=-4), Cpu()],
        {2: "PSCI: .*-2", 3: "PSCI: .*-6", 4: "PSCI: .*did not arrive", 5: "PSCI: .*EL1",
         6: "PSCI: .*-4"}),
    # The node is there, and nobody answers.
    "psci-unknown": Case([BOOT] + [Cpu()] * 2, {1: "PSCI: .*-1", 2: "PSCI: .*-1"}, psci_version=0),
    "psci-no-node": Case([BOOT, Cpu()], {1: "PSCI: .*no PSCI node"}, ""),
    "psci-other-cpu": Case([BOOT, Cpu(starts=2), Cpu(), Cpu()],
                           {1: "PSCI: .*did not arrive", 2: "PSCI: .*-[45]"}),
    # It comes when the others work already, and must do no harm.
    "psci-late": Case([BOOT, Cpu(), Cpu(delay_ms=3000)], {2: "PSCI: .*did not arrive"},
                      append="wait_ms=2500"),
    "spin": Case([BOOT] + [spins(8 * i) for i in range(7)], {}, "", psci_version=0),
    # 1 and 2 share a word: one write lets both in.
    "spin-mixed": Case(
        [BOOT, spins(0), spins(0), spins(8, way=GONE), spins(16, el=1),
         spins(24, told=WORDS + 28), Cpu(way=SPIN, release=WORDS + 32, method="spin-table"),
         spins(40, delay_ms=100)],
        {3: "spin-table: .*did not arrive", 4: "spin-table: .*EL1",
         5: "spin-table: .*not a multiple of 8", 6: "spin-table: .*no cpu-release-addr"}, "",
        psci_version=0),
    # Two nodes, CPUs of each kind.
    "mixed": Case(
        [BOOT, Cpu(), spins(0), Cpu(answer=-3), Cpu(method="acme,boot"), Cpu(method=None), Cpu()],
        {3: "PSCI: .*-3", 4: "acme,boot: ", 5: ".*no enable-method"},
        NODE_0_1.replace("psci {", "a-psci {", 1) + NODE_1_0, cpu_on=CPU_ON_0_1),
    "cntfrq-0": Case([BOOT, Cpu(way=GONE), Cpu(answer=-2)],
                     {1: "PSCI: .*CNTFRQ_EL0", 2: "PSCI: .*-2"}, cntfrq=0),
}


@pytest.fixture
def start_on(start, image, tmp_path):
    """A function that starts a kernel on the firmware of a case."""

    def start_one(case, kernel, *arguments, initrd=None, append="", **options):
        bundle, config = tmp_path / "bundle.cpio", tmp_path / "config"
        subprocess.run([os.path.join(os.path.dirname(HOST), "bundle"), "--kernel", kernel,
                        *([f"--initrd={initrd}"] if initrd else []), "--append", append,
                        "--output", bundle], check=True)
        size = f"--cpus={len(case.cpus)}"
        tree = DeviceTree(tmp_path / "machine.dtb", image, bundle, size, "--qemu-arg=-machine",
                          "--qemu-arg=secure=on", "--qemu-arg=-bios", f"--qemu-arg={FIRMWARE}")
        tree.append(case.source())
        config.write_bytes(case.packed())
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
    used = len(case.cpus) - len(case.left_out)
    assert f"COUNT {used} of {used} CPUs" in text
    if case.left_out:
        assert f"{used} CPUs used, {len(case.left_out)} left out" in text
    if case.psci_version and case.node:
        assert machine.end() == 0
