# SPDX-License-Identifier: BSD-2-Clause
"""Debuggers in the service VM and in user VMs, side by side on one CPU: hardware breakpoints and
watchpoints, single step also over what EL2 carries out."""

import os
import re

import pytest

from machine import BUILD, PROMPT, assemble_service_vm, check_caisson, check_dmesg, write_whole

TARGET = os.path.join(BUILD, "target")
RUN = "caisson run --mem 64M --kernel /guests/debug.img"
NO_INPUT = "</dev/null"
# A hardware breakpoint, a hardware watchpoint, and single steps over instructions that trap.
SCRIPT = """
set pagination off
set width 0
break main
run
hbreak target
continue
printf "round=%d\\n", rounds
watch watched
continue
continue
printf "watched=%ld\\n", watched
delete
tbreak *&trapped_call
continue
stepi
printf "call=%d\\n", (long)$pc - (long)&trapped_call
tbreak *&trapped_ctr
continue
stepi
printf "ctr=%d\\n", (long)$pc - (long)&trapped_ctr
continue
"""


@pytest.fixture(scope="session")
def debug_vm(service_vm):
    """A service VM with gdb and something to debug, in it and for a user VM."""
    script = os.path.join(BUILD, "servicevm-gdb", "script")
    write_whole(script, SCRIPT.encode())
    added = {f"{TARGET}/tests/uservm/debuggee": "bin/debuggee", script: "root/script"}
    guest = assemble_service_vm(["gdb-minimal"], "servicevm-gdb", added)
    added.update({f"{TARGET}/vmm/caisson": "bin/caisson",
                  f"{TARGET}/vmm/caissond": "bin/caissond", f"{guest}/initrd": "guests/initrd",
                  f"{service_vm}/vmlinuz": "guests/vmlinuz",
                  f"{TARGET}/tests/guest/debug.img": "guests/debug.img"})
    return assemble_service_vm(["gdb-minimal"], "servicevm-debug", added)


def boot_host(start, vm, pages, memory, **options):
    machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet", memory=memory,
                    cpus=1, timeout=240, **options)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {pages} >/proc/sys/vm/nr_hugepages")
    return machine


def check_gdb(machine, is_call):
    """Runs the script of above; is_call: the debug channel's status is a hypercall there."""
    output = machine.run("gdb -nx -batch -x /root/script /bin/debuggee", timeout=100)
    assert "Hardware assisted breakpoint 2" in output, output
    assert "Hardware watchpoint 3: watched" in output, output
    assert "Old value = 0\nNew value = 1" in output and "round=0" in output, output
    assert "watched=1" in output, output
    assert ("call=4" if is_call else "call=0") in output, output
    assert "ctr=4" in output and "exited normally" in output, output


@pytest.mark.parametrize("cpu", ["max", "cortex-a72"])
def test_payload(start, debug_vm, cpu):
    """Bare payloads as user VMs, two on one CPU, each with its own breakpoints, beside a process of
    the service VM under gdb."""
    machine = boot_host(start, debug_vm, 72, "1G", cpu=cpu)
    command = f"{RUN} --append ms=2000 {NO_INPUT}"
    machine.run(f"{command} >/tmp/1 & echo $! >/tmp/pid1; {command} >/tmp/2 & echo $! >/tmp/pid2")
    check_gdb(machine, is_call=True)
    machine.run("while [ -d /proc/$(cat /tmp/pid1) -o -d /proc/$(cat /tmp/pid2) ]; do sleep 0.1; "
                "done", timeout=60)
    output = machine.run("cat /tmp/1 /tmp/2")
    assert len(re.findall(r"DONE passed=8 failed=0", output)) == 2, output
    assert len(re.findall(r"INFO [1-9]\d* rounds", output)) == 2, output
    check_dmesg(machine)
    machine.power_off()


def test_gdb(start, debug_vm):
    """Debian's gdb in a Debian guest, and in the service VM."""
    machine = boot_host(start, debug_vm, 200, "2G", cpu="cortex-a72")
    machine.send("caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --mem 384M "
                 "--append quiet; echo st\"\"atus=$?\n")
    machine.login()
    check_gdb(machine, is_call=False)
    machine.send("poweroff -f\n")
    machine.expect(r"status=0\r")
    machine.expect(PROMPT)
    check_gdb(machine, is_call=True)
    check_dmesg(machine)
    machine.power_off()
