# SPDX-License-Identifier: BSD-2-Clause
"""Hypercalls made by what is not caisson: reading the log, what denials cost, random calls."""

import os

import pytest

from machine import BUILD, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")


@pytest.fixture(scope="session")
def calls_vm():
    """A service VM with programs that make calls."""
    added = {f"{TARGET}/tests/uservm/{name}": f"bin/{name}" for name in ["probe"]}
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
