# SPDX-License-Identifier: BSD-2-Clause
"""User VMs under stress: wake-ups, timers, injected interrupts and floating point, while vCPUs'
threads are moved, signalled and kept from running, with more vCPUs than CPUs. A payload
(tests/uservm/stress.c) finds what is lost."""

import os
import re

import pytest

from machine import BUILD, SOAK_SECONDS, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
VCPUS = 8
FILES = {"vmm/caisson": "bin/caisson", "vmm/caissond": "bin/caissond",
         "tests/uservm/probe": "bin/probe",
         "tests/uservm/pester": "bin/pester", "tests/uservm/hold": "bin/hold",
         "tests/uservm/spin.img": "guests/spin.img",
         "tests/uservm/stress.img": "guests/stress.img"}
RUN = "caisson run --mem 32M"
SPINNER = "sh -c 'while :; do :; done'"


@pytest.fixture(scope="session")
def stress_host_vm():
    """A service VM with caisson, the payloads and what disturbs them."""
    return assemble_service_vm([], "servicevm-uservm-stress",
                               {f"{TARGET}/{here}": there for here, there in FILES.items()})


@pytest.fixture
def host(start, stress_host_vm):
    """A function that boots that service VM on Caisson, to its shell, with huge pages."""

    def boot_host(**options):
        options.setdefault("timeout", 200)
        machine = start(kernel=f"{stress_host_vm}/vmlinuz", initrd=f"{stress_host_vm}/initrd",
                        append="quiet", memory="1G", **options)
        machine.login()
        check_caisson(machine)
        machine.run("echo 80 >/proc/sys/vm/nr_hugepages")
        return machine

    return boot_host


def stress(machine, ms, seed, load, pinned=False, timeout=200):
    """The payload with its threads disturbed, and so many processes that want the CPUs too."""
    spinners = " ".join(f"{SPINNER} & spinners=\"$spinners $!\";" for _ in range(load))
    prefix = "taskset 1 " if pinned else ""
    output = machine.run(
        f"spinners=; {spinners} "
        f"{prefix}{RUN} --cpus {VCPUS} --kernel /guests/stress.img --append 'ms={ms} seed={seed}' "
        f"</dev/null & vm=$!; pester $vm {seed} {'pinned' if pinned else ''} & pester=$!; "
        "wait $vm; status=$?; wait $pester; kill $spinners; [ $status = 0 ]", timeout=timeout)
    assert "DONE passed=3 failed=0" in output, output
    signals, moves = re.search(r"pester: (\d+) signals, (\d+) moves", output).groups()
    assert int(signals) > 0 and (pinned or int(moves) > 0), output


@pytest.mark.parametrize("cpu, cpus, pinned, load", [
    ("max", 4, False, 1), ("cortex-a72", 2, False, 2), ("max", 3, True, 1),
    ("cortex-a72", 1, False, 1)])
def test_wakes(host, cpu, cpus, pinned, load):
    """Eight vCPUs on fewer CPUs, or all on one of them."""
    machine = host(cpu=cpu, cpus=cpus)
    stress(machine, 1500, cpus, load, pinned)
    check_dmesg(machine)
    machine.power_off()


def hold_all(machine, ms):
    """Who computes with FP registers on one CPU: two VMs, a VMM's thread, another process."""
    spin = f"{RUN} --kernel /guests/spin.img --append ms={ms} </dev/null"
    output = machine.run(f"{spin} >/tmp/1 & {spin} >/tmp/2 & hold {ms} >/tmp/3 & "
                         f"probe fp /guests/spin.img ms={ms}; status=$?; wait; "
                         "cat /tmp/1 /tmp/2 /tmp/3; [ $status = 0 ]", timeout=120)
    assert len(re.findall("DONE passed=1 failed=0", output)) == 2, output
    assert int(re.search(r"(\d+) runs", output)[1]) > 10, output
    assert "hold: ok" in output and "probe: ok" in output, output


@pytest.mark.parametrize("cpu", ["max", "cortex-a72"])
def test_floating_point(host, cpu):
    machine = host(cpu=cpu, cpus=1)
    hold_all(machine, 3000)
    check_dmesg(machine)
    machine.power_off()


@pytest.mark.soak
@pytest.mark.parametrize("cpu", ["max", "cortex-a72"])
@pytest.mark.parametrize("cpus", [1, 2, 3, 4])
def test_soak_stress(host, cpu, cpus):
    """Each of the payload's three tests with each of four seeds, a fortieth of SOAK_SECONDS."""
    machine = host(cpu=cpu, cpus=cpus, timeout=1800)
    for seed in range(1, 5):
        stress(machine, 25 * SOAK_SECONDS, 10 * cpus + seed, load=seed % 3, pinned=seed == 4,
               timeout=600)
    hold_all(machine, 50 * SOAK_SECONDS)
    check_dmesg(machine)
    machine.power_off()
