# SPDX-License-Identifier: BSD-2-Clause
"""Firmware can be bad: it denies CPUs, loses them, describes them wrongly. tests/firmware plays it
at EL3 of the emulated machine; each case says what it does with each CPU. What does not come is
told of, with its number, its protocol and firmware's answer, and the machine boots without it."""

import dataclasses
import os
import struct
import subprocess

import pytest

from machine import BUILD, HOST, check_caisson
from test_badinput import BASE, BUNDLE_AT, DeviceTree, IMAGE_AT, MIB, TREE_AT, refuses

FIRMWARE = f"{BUILD}/target/tests/firmware/firmware.img"
COUNT = f"{BUILD}/target/tests/firmware/count.img"
LIMIT = 60  # seconds for a machine that counts its CPUs

# tests/firmware/firmware.h
CONFIG_AT, SPIN_CODE, MAGIC = 0x43e00000, 0x40100000, 0x6572617764616221
PSCI, SPIN, GONE = range(3)
CNTFRQ = 1000000000  # of QEMU's -cpu max
PSCI_1_0, PSCI_0_2 = 0x10000, 0x2
CPU_ON_0_1 = 0x95c1ba60  # as some firmware had it


@dataclasses.dataclass
class Cpu:
    """struct fw_cpu."""
    way: int = PSCI
    answer: int = 0
    release: int = 0
    el: int = 2
    delay_ms: int = 0

    def packed(self):
        return struct.pack("<IiQII", *dataclasses.astuple(self))


class Firmware:
    """What it does, and the device tree that it hands over."""

    def __init__(self, tmp_path, image, bundle, cpus):
        self.cpus = cpus
        self.config = tmp_path / "config"
        self.fields = {"x0": TREE_AT, "cntfrq": CNTFRQ, "psci_version": PSCI_1_0, "cpu_on": 0}
        options = [f"--cpus={len(cpus)}", "--qemu-arg=-machine", "--qemu-arg=secure=on",
                   "--qemu-arg=-bios", f"--qemu-arg={FIRMWARE}"]
        self.tree = DeviceTree(tmp_path / "machine.dtb", image, bundle, *options)
        self.bundle = bundle

    def packed(self):
        fields = [MAGIC, IMAGE_AT, *self.fields.values(), len(self.cpus), 0]
        return struct.pack("<QQQQIIII", *fields) + b"".join(cpu.packed() for cpu in self.cpus)
