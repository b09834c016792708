# SPDX-License-Identifier: BSD-2-Clause
"""Memory of user VMs: the calls that give it, change it and take it back, and what is done for the
coherency of its caches, on CPUs that need all of it, some, and none. tests/uservm/umem.c looks."""

import os

import pytest

from machine import BUILD, assemble_service_vm, check_caisson, check_dmesg

HUGE_PAGES = 24


@pytest.fixture(scope="session")
def umem_vm():
    return assemble_service_vm([], "servicevm-umem",
                               {os.path.join(BUILD, "target/tests/uservm/umem"): "bin/umem"})


@pytest.mark.parametrize("cpu, needs, variant", [
    ("max", "poc 0 pou 0 ic 0", "image"),
    # Its CLIDR_EL1 says that there is nothing to clean for fetches.
    ("neoverse-n1", "poc 1 pou 0 ic 1", "image"),
    ("cortex-a72", "poc 1 pou 1 ic 1", "debug_image"),
    # Physical addresses of 40 bits: stage 2 of the service VM begins with tables side by side.
    ("cortex-a53", "poc 1 pou 1 ic 1", "image")])
def test_umem(start, request, umem_vm, cpu, needs, variant):
    machine = start(kernel=f"{umem_vm}/vmlinuz", initrd=f"{umem_vm}/initrd", append="quiet",
                    memory="1G", cpus=2, cpu=cpu, image=request.getfixturevalue(variant),
                    timeout=150)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages")
    for _ in range(2):
        assert f"umem: {needs} ok" in machine.run("umem", timeout=60)
    machine.settle("awk '/HugePages_Free/ { print $2 }' /proc/meminfo", str(HUGE_PAGES))
    check_dmesg(machine)
    machine.power_off()
