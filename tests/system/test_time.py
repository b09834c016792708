# SPDX-License-Identifier: BSD-2-Clause
"""Guest time scaling: counters and timers of user VMs whose frequency is not the host's, register by
register, on hosts that can trap the virtual counter (max: FEAT_ECV) and on those that cannot."""

import pytest

from machine import BUILD, assemble_service_vm, check_caisson, check_dmesg

HUGE_PAGES = 8
HOSTS = [("max", "ecv", 25000000, "3"), ("max", "ecv", 1000000000, "3"),
         ("neoverse-n1", "noecv", 62500000, "3"), ("max", "ecv", 62500000, "2")]


@pytest.fixture(scope="session")
def time_vm():
    return assemble_service_vm([], "servicevm-time",
                               {f"{BUILD}/target/tests/uservm/timetest": "bin/timetest"})


@pytest.mark.parametrize("cpu,traps,hz,gic", HOSTS,
                         ids=[f"{cpu}-{hz}-gicv{gic}" for cpu, _, hz, gic in HOSTS])
def test_registers(start, time_vm, cpu, traps, hz, gic):
    """Every register of counters and timers at several frequencies of the guest's, from EL1, EL0 and
    AArch32; interrupts, none early; what a wait's deadline is; wrapping; moving on."""
    machine = start(kernel=f"{time_vm}/vmlinuz", initrd=f"{time_vm}/initrd", append="quiet",
                    memory="512M", cpus=2, cpu=cpu, cntfrq=hz, gic=gic, timeout=400)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages")
    assert machine.run(f"timetest {traps}", timeout=300) == "time: ok"
    check_dmesg(machine)
    machine.power_off()
