# SPDX-License-Identifier: BSD-2-Clause
"""Which memory user VMs write: what DIRTY_READ tells, against the memory itself, on CPUs that note
writes by themselves and on one that faults. tests/uservm/dirty.c looks."""

import os

import pytest

from machine import BUILD, assemble_service_vm, check_caisson, check_dmesg

HUGE_PAGES = 10


@pytest.fixture(scope="session")
def dirty_vm():
    return assemble_service_vm([], "servicevm-dirty",
                               {os.path.join(BUILD, "target/tests/uservm/dirty"): "bin/dirty"})


@pytest.mark.parametrize("cpu, cpus, vcpus, by, variant", [
    ("max", 4, 6, "hardware", "image"),
    ("neoverse-n1", 1, 2, "hardware", "image"),
    ("cortex-a72", 8, 4, "faults", "debug_image")])
def test_dirty(start, request, dirty_vm, cpu, cpus, vcpus, by, variant):
    machine = start(kernel=f"{dirty_vm}/vmlinuz", initrd=f"{dirty_vm}/initrd", append="quiet",
                    memory="1G", cpus=cpus, cpu=cpu, image=request.getfixturevalue(variant),
                    timeout=150)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages")
    assert f"noted by {by}, ok" in machine.run(f"dirty {vcpus}", timeout=120)
    machine.settle("awk '/HugePages_Free/ { print $2 }' /proc/meminfo", str(HUGE_PAGES))
    check_dmesg(machine)
    machine.power_off()
