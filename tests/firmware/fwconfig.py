# SPDX-License-Identifier: BSD-2-Clause
"""What tests/firmware is to do, as the bytes that it reads, and what the device tree says of it:
mostly the same."""

import dataclasses
import struct

# tests/firmware/firmware.h
CONFIG_AT, SPIN_CODE, MAGIC = 0x43e00000, 0x40100000, 0x6572617764616221
PSCI, SPIN, GONE = range(3)
WORDS = SPIN_CODE + 0x1000  # the release words
# Where tools/host --dtb puts image, device tree and bundle.
IMAGE_AT, TREE_AT, BUNDLE_AT = 0x40200000, 0x44000000, 0x46000000
CNTFRQ = 1000000000  # of QEMU's -cpu max
CPU_ON_0_1 = 0x95c1ba60  # a number that firmware of 0.1 really had

NODE_1_0 = 'psci { compatible = "arm,psci-1.0", "arm,psci-0.2"; method = "smc"; };'
NODE_0_2 = 'psci { compatible = "arm,psci-0.2"; method = "smc"; };'
NODE_0_1 = f'psci {{ compatible = "arm,psci"; method = "smc"; cpu_on = <{CPU_ON_0_1:#x}>; }};'


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
        told = ("" if self.told is None else
                f"cpu-release-addr = <{self.told >> 32:#x} {self.told & 0xffffffff:#x}>;")
        return f"cpu@{number:x} {{ {method} {told} }};"


def spins(word, told=None, **options):
    """A CPU that waits on this release word, and of which the tree says so, unless told otherwise."""
    return Cpu(way=options.pop("way", SPIN), release=WORDS + word, method="spin-table",
               told=WORDS + word if told is None else told, **options)


BOOT = Cpu(method=None)


@dataclasses.dataclass
class Firmware:
    cpus: list  # the first is the one that boots
    node: str = NODE_1_0  # of PSCI, as source of the tree
    psci_version: int = 0x10000  # 0: no call of 0.2 and later is known
    cpu_on: int = 0
    cntfrq: int = CNTFRQ

    def packed(self):
        """struct fw_config."""
        fields = [MAGIC, IMAGE_AT, TREE_AT, self.cntfrq, self.psci_version, self.cpu_on,
                  len(self.cpus), 0]
        return struct.pack("<QQQQIIII", *fields) + b"".join(
            cpu.packed(number) for number, cpu in enumerate(self.cpus))

    def source(self):
        """What the tree of the bare machine lacks, for dtc."""
        nodes = "".join(cpu.source(number) for number, cpu in enumerate(self.cpus))
        return (f"/ {{ {self.node} cpus {{ {nodes} }}; "
                "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; "
                f"spin@{SPIN_CODE:x} {{ reg = <0 {SPIN_CODE:#x} 0 0x2000>; }}; }}; }};")


def by_spin_table(cpus):
    """Good firmware without PSCI."""
    return Firmware([BOOT] + [spins(8 * number) for number in range(cpus - 1)], "", psci_version=0)
