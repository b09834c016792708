# SPDX-License-Identifier: BSD-2-Clause
"""How long a system takes from reset until all CPUs run in its payload, tests/firmware/count.c: by
PSCI of QEMU's own firmware, and by the release words of tests/firmware, which has no PSCI. And under
UEFI, from when files are read until all run in tests/firmware/acpicount.c, which wakes them by ACPI's
parking protocol."""

import os
import subprocess
import sys

from machine import Failed, Machine

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "firmware"))
import fwconfig  # noqa: E402

CPUS = (2, 4, 8)
SECONDS = 300
# A CPU that waits for another in a loop has the whole of its turn for it: a timer of the emulator,
# every 10,000 instructions, ends turns. (Nothing passes through this network.)
TURNS = ["-netdev", "user,id=turns", "-object",
         "filter-buffer,id=turn,netdev=turns,interval=10"]
APPEND = "stay=1"  # for those who are asked for their counter's offset


def rows(name, row, command, offset=lambda: 0):
    """Row name -> (minimum, median), of one run each, which repeats. command(CPUs) starts the
    payload; offset() is what its counter lacks to the time since reset."""
    found = {}
    for cpus in CPUS:
        with Machine(name, command(cpus), SECONDS) as system:
            match = system.wait_for(r"COUNT (\d+) of (\d+) CPUs, in (\d+) after (\d+)\s")
            here, known, took, start = (int(group) for group in match.groups())
            if not here == known == cpus:
                raise Failed(f"{name}: {here} of {cpus} CPUs started{system.tail()}")
            total = offset() + start + took
            found[f"{row}_{cpus}"] = (total, total)
    return found


def parked_rows(name, command):
    """The same for a system that UEFI starts, and that tells when. command(CPUs) starts it, with
    acpifw.img as its kernel."""
    found = {}
    for cpus in CPUS:
        with Machine(name, command(cpus), SECONDS) as system:
            start = system.wait_for(r"began at tick (\d+)\s")
            match = system.wait_for(r"COUNT (\d+) of (\d+) CPUs at (\d+)\s")
            here, known, end = (int(group) for group in match.groups())
            if not here == known == cpus:
                raise Failed(f"{name}: {here} of {cpus} CPUs started{system.tail()}")
            found[f"start_park_{cpus}"] = (end - int(start[1]),) * 2
    return found


def qemu_arguments(arguments):
    """For tools/host."""
    return [f"--qemu-arg={argument}" for argument in arguments]


def firmware(build):
    return os.path.join(build, "tests/firmware/firmware.img")


def payload(build):
    path = os.path.join(build, "tests/firmware/count.img")
    for needed in (path, firmware(build)):
        if not os.path.isfile(needed):
            raise Failed(f"{needed} does not exist: build it with tools/build target")
    return path


def load_config(cpus, work):
    """QEMU's options that give the firmware its configuration."""
    config = os.path.join(work, f"config-{cpus}")
    with open(config, "wb") as file:
        file.write(fwconfig.by_spin_table(cpus).packed())
    return ["-device", f"loader,addr={fwconfig.CONFIG_AT:#x},file={config},force-raw=on"]


def add_source(tree, source):
    """More of dtc's source at the tree's end."""
    text = subprocess.run(["dtc", "-q", "-q", "-I", "dtb", "-O", "dts", tree], check=True,
                          capture_output=True, text=True).stdout
    subprocess.run(["dtc", "-q", "-q", "-I", "dts", "-O", "dtb", "-o", tree], check=True,
                   input=text + source, text=True)
