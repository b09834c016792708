# SPDX-License-Identifier: BSD-2-Clause
"""Hypercalls made by what is not caisson: reading the log, what denials cost, random calls."""

import os
import re
import time

import pytest

from machine import BUILD, SOAK_SECONDS, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")


@pytest.fixture(scope="session")
def calls_vm():
    """A service VM with programs that make calls."""
    added = {f"{TARGET}/tests/uservm/{name}": f"bin/{name}" for name in ["probe", "fuzzcalls"]}
    added[f"{TARGET}/tests/guest/hostile.img"] = "guests/hostile.img"
    return assemble_service_vm([], "servicevm-calls", added)


@pytest.fixture
def host(start, calls_vm):
    """A function that boots the service VM on Caisson, to its shell, with huge pages."""

    def boot_host(pages, **options):
        machine = start(kernel=f"{calls_vm}/vmlinuz", initrd=f"{calls_vm}/initrd", append="quiet",
                        memory="1G", **options)
        machine.login()
        check_caisson(machine)
        machine.run(f"echo {pages} >/proc/sys/vm/nr_hugepages")
        return machine

    return boot_host


def test_log(host):
    """The log as the console showed it, read by root."""
    machine = host(0, cpus=1, timeout=100)
    output = machine.run("probe log")
    assert "at EL2: 1 CPU" in output and output.endswith("probe: ok"), output
    check_dmesg(machine)
    machine.power_off()


def test_denied_cost(start):
    """Who has no token learns nothing from how long a denial takes: in the service VM's place, with
    the instruction counter as its clock."""
    machine = start(kernel=f"{TARGET}/tests/guest/denied.img", memory="512M", cpus=1, icount=True,
                    cntfrq=1000000000, cpu="cortex-a72", timeout=100)
    machine.expect(r"DONE passed=1 failed=0")
    assert machine.end() == 0


def fuzz(machine, who, seed, seconds):
    """Random calls by `who`, then nothing is missing and a VM's life goes as ever."""
    output = machine.run(f"fuzzcalls {who} {seed} {seconds} 4", timeout=seconds + 120)
    assert output.endswith("fuzzcalls: ok"), output
    total = machine.run("awk '/HugePages_Total/ { print $2 }' /proc/meminfo")
    machine.settle("awk '/HugePages_Free/ { print $2 }' /proc/meminfo", total)
    return output


def run_fuzz(host, debug_image, seconds):
    """The debug build stops when memory has another owner than it should."""
    machine = host(32, cpus=2, cpu="cortex-a72", image=debug_image, timeout=2 * seconds + 200)
    seed = int(time.time())
    output = fuzz(machine, "manager", seed, seconds)
    counts = re.search(r"calls; (.*)", output)[1].split()
    done = [int(count.split(":")[1].split("/")[0]) for count in counts]
    # Calls that change something were not all refused; on a slow machine one may have been.
    assert sum(done[number] > 0 for number in range(13)) >= 10, output
    fuzz(machine, "vm", seed, seconds)
    check_dmesg(machine)
    machine.power_off()


def test_fuzz(host, debug_image):
    """Random calls from EL0 by who may do all, and by who has the token of one VM."""
    run_fuzz(host, debug_image, 10)


@pytest.mark.soak
def test_fuzz_long(host, debug_image):
    run_fuzz(host, debug_image, SOAK_SECONDS)
