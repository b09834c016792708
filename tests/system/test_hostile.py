# SPDX-License-Identifier: BSD-2-Clause
"""A user VM whose guest tries everything at random: only its own VM may end by it."""

import os
import re
import time

import pytest

from machine import BUILD, SOAK_SECONDS, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
NO_INPUT = "</dev/null"


@pytest.fixture(scope="session")
def hostile_vm():
    """A service VM with a hostile guest and a peaceful one."""
    added = {f"{TARGET}/vmm/{name}": f"bin/{name}" for name in ["caisson", "caissond"]}
    added[f"{TARGET}/tests/guest/hostile.img"] = "guests/hostile.img"
    added[f"{TARGET}/tests/uservm/spin.img"] = "guests/spin.img"
    return assemble_service_vm([], "servicevm-hostile", added)


def run_hostile(start, vm, image, cpu, seconds):
    """Hostile guests of two vCPUs, one after the other, beside one that keeps values in its FP
    registers, which goes on to its end; then EL2 has not panicked, Linux has no complaint, and a VM
    starts as ever. A hostile guest mostly ends early, by an access that nobody can serve."""
    machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet", memory="1G",
                    cpus=2, cpu=cpu, image=image, timeout=seconds + 200)
    machine.login()
    check_caisson(machine)
    machine.run("echo 80 >/proc/sys/vm/nr_hugepages")
    run = "caisson run --mem 64M --kernel /guests"
    output = machine.run(
        f"{run}/spin.img --append ms={(seconds + 3) * 1000} {NO_INPUT} >/tmp/spin & spin=$!; "
        f"seed={int(time.time())}; end=$(($(date +%s) + {seconds})); "
        "n=0; while [ $(date +%s) -lt $end ] || [ $n -lt 2 ]; do n=$((n + 1)); "
        f"timeout 300 {run}/hostile.img --cpus 2 --append "
        f"\"seed=$seed duration=5 plain=$((seed % 2))\" {NO_INPUT} >/tmp/hostile 2>&1; echo hostile=$seed,$?; "
        "tail -c 400 /tmp/hostile | tr -cd ' -~\\n'; seed=$((seed + 1)); done; wait $spin; "
        "echo spin=$?; cat /tmp/spin", timeout=seconds + 150)
    ended = re.findall(r"^hostile=\d+,(\d+)$", output, re.M)
    # Each ended by itself or was ended for what it did, not by the time limit.
    assert len(ended) >= 2 and "124" not in ended, output
    assert "spin=0" in output and "DONE passed=1 failed=0" in output, output
    output = machine.run(f"{run}/spin.img --append ms=300 {NO_INPUT}", timeout=60)
    assert "DONE passed=1 failed=0" in output, output
    check_dmesg(machine)
    machine.power_off()


def test_hostile(start, hostile_vm, debug_image):
    run_hostile(start, hostile_vm, debug_image, "cortex-a72", 8)


@pytest.mark.soak
@pytest.mark.parametrize("cpu", ["max", "cortex-a72", "neoverse-n1"])
def test_hostile_long(start, hostile_vm, debug_image, cpu):
    run_hostile(start, hostile_vm, debug_image, cpu, SOAK_SECONDS)
