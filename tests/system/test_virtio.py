# SPDX-License-Identifier: BSD-2-Clause
"""virtio devices of user VMs, with Debian's own drivers."""

import os
import re

import pytest

from machine import BUILD, PROMPT, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
HUGE_PAGES = 272
RUN = "caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 --mem 512M"


@pytest.fixture(scope="session")
def debian_vm(service_vm):
    """A service VM with caisson and Debian's kernel and initial RAM disk."""
    return assemble_service_vm([], "servicevm-virtio", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        f"{service_vm}/vmlinuz": "guests/vmlinuz",
        f"{service_vm}/initrd": "guests/initrd"})


@pytest.fixture
def host(start, debian_vm):
    """The service VM at its shell, with huge pages."""
    machine = start(kernel=f"{debian_vm}/vmlinuz", initrd=f"{debian_vm}/initrd", append="quiet",
                    memory="2G", cpus=2, timeout=300)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages")
    return machine


def enter(machine, options):
    """Starts a user VM, up to its shell; its prompt is not the host's."""
    machine.send(f"{RUN} --append quiet {options}; echo st\"\"atus=$?\n")
    machine.expect("A root shell follows")
    machine.login()


def leave(machine):
    machine.send("poweroff -f\n")
    machine.expect(r"status=0\r")
    machine.expect(PROMPT)


def test_disks_and_rng(host):
    machine = host
    machine.run("dd if=/dev/urandom of=/tmp/a bs=1M count=64; dd if=/dev/urandom of=/tmp/ro bs=1M count=4")
    sums = [machine.run(f"sha256sum </tmp/{name}").split()[0] for name in ("a", "ro")]
    enter(machine, "--disk /tmp/a --disk /tmp/ro,ro --rng")
    assert machine.run("cat /sys/block/vda/size /sys/block/vdb/ro").split() == ["131072", "1"]
    assert machine.run("sha256sum </dev/vda").split()[0] == sums[0]
    assert machine.run("sha256sum </dev/vdb").split()[0] == sums[1]
    print(machine.run("cat /proc/interrupts; dmesg | tail -20"))
    machine.run("dd if=/dev/hwrng bs=1000 count=3 | wc -c")
    check_dmesg(machine)
    leave(machine)
    check_dmesg(machine)
    machine.power_off()
