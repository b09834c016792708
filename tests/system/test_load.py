# SPDX-License-Identifier: BSD-2-Clause
"""Four Debian user VMs at work on the same CPUs: stress-ng, and fio on a disk of each, with every
byte checked (tests/uservm/load.sh)."""

import os
import re

import pytest

from machine import BUILD, ROOT, SOAK_SECONDS, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
LOAD = os.path.join(ROOT, "tests", "uservm", "load.sh")
DISK_BYTES = 8 << 20
DISKS = ["/tmp/disk1", "/tmp/disk2", "/dev/vda", "/dev/vdb"]  # two files, two of the machine's own
PAGES = "grep -E 'HugePages_(Total|Free)' /proc/meminfo"


@pytest.fixture(scope="session")
def load_vm():
    """A service VM with caisson and a guest that has stress-ng and fio."""
    guest = assemble_service_vm(["stress-ng", "fio"], "servicevm-load-guest",
                                {LOAD: "bin/load.sh"})
    return assemble_service_vm([], "servicevm-load", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        f"{guest}/vmlinuz": "guests/vmlinuz", f"{guest}/initrd": "guests/initrd"})


@pytest.fixture
def drives(tmp_path):
    """Of the machine, for two of the VMs."""
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in paths:
        with open(path, "wb") as file:
            file.truncate(DISK_BYTES)
    return paths


@pytest.mark.soak
def test_four_vms(start, load_vm, drives):
    """All four end in order, with passes over their disks, and nobody found a wrong byte."""
    machine = start(kernel=f"{load_vm}/vmlinuz", initrd=f"{load_vm}/initrd", append="quiet",
                    cpus=4, memory="4G", drive=drives, timeout=2 * SOAK_SECONDS + 2400)
    machine.login()
    check_caisson(machine)
    before = machine.run(PAGES)
    machine.run(f"truncate -s {DISK_BYTES} /tmp/disk1 /tmp/disk2")
    append = f"quiet caisson.run=\\\"load.sh {SOAK_SECONDS}\\\""
    for number, disk in enumerate(DISKS):
        machine.run(f"(caisson run --name load{number} --kernel /guests/vmlinuz "
                    f"--initrd /guests/initrd --cpus 2 --mem 448M --disk {disk} "
                    f"--append \"{append}\" </dev/null >/tmp/out{number} 2>&1; "
                    f"echo status=$? >>/tmp/out{number}) &")
    machine.run("until [ $(cat /tmp/out? | grep -c ^status=) = 4 ]; do sleep 1; done")
    for number in range(len(DISKS)):
        output = machine.run(f"tail -n 40 /tmp/out{number}")
        assert output.endswith("status=0"), output
        passes = re.search(r"load: (\d+) passes", output)
        assert passes and int(passes[1]) > 0, output
    assert machine.run(PAGES) == before
    check_dmesg(machine)
    machine.power_off()
