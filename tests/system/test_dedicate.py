# SPDX-License-Identifier: BSD-2-Clause
"""`caisson run --dedicate`: vCPUs on CPUs that Linux has given away, which come back."""

import os
import re

import pytest

from machine import BUILD, UNLIKE_HOSTS, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
WARD = "caisson run --detach --mem 32M --kernel /guests/ward.img"
DAEMON = "setsid caissond </dev/null >>/var/log/caissond.log 2>&1 &"
ONLINE = "cat /sys/devices/system/cpu/online"
BACK = f"until [ $({ONLINE}) = 0-3 ]; do sleep 0.1; done; caisson list | wc -l"
STATE_PID = "$(sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' /run/caisson/.state/d.json)"


@pytest.fixture(scope="session")
def dedicate_vm(service_vm):
    """A service VM with caisson, payloads, and Debian's kernel and initial RAM disk."""
    added = {f"{TARGET}/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    added[f"{TARGET}/tests/uservm/ward.img"] = "guests/ward.img"
    added.update({f"{TARGET}/tests/guest/{name}.img": f"guests/{name}.img" for name in ("psci", "smp")})
    added.update({f"{service_vm}/{name}": f"guests/{name}" for name in ("vmlinuz", "initrd")})
    return assemble_service_vm([], "servicevm-dedicate", added)


@pytest.fixture
def machine(start, dedicate_vm):
    machine = start(kernel=f"{dedicate_vm}/vmlinuz", initrd=f"{dedicate_vm}/initrd", append="quiet",
                    cpus=4, memory="1G", timeout=500)
    machine.login()
    check_caisson(machine)
    assert machine.run(ONLINE) == "0-3"
    return machine


def ticks(machine, name):
    """The newest tick of the guest's that is on its console, as a whole line."""
    output = machine.run(f"until sleep 1.5 | caisson console {name} | "
                         "sed -n 's/.*tick \\([0-9]*\\)\\r.*/=\\1/p' >/tmp/ticks && test -s /tmp/ticks; "
                         "do :; done; tail -1 /tmp/ticks", timeout=60)
    return int(output[1:])


def await_ticks(machine, name, before):
    """The guest goes on: on a busy machine a tick may take a while."""
    assert any(ticks(machine, name) > before for _ in range(20))


def run_payloads(machine):
    """CPU_ON and CPU_OFF, interrupts between vCPUs that have CPUs and one that has none."""
    for name, cpus in (("psci", 2), ("smp", 3)):
        output = machine.run(f"caisson run --mem 64M --cpus {cpus} --dedicate 2,3 "
                             f"--kernel /guests/{name}.img </dev/null", timeout=200)
        assert re.search(r"DONE passed=[1-9]\d* failed=0", output), output
        assert machine.run(ONLINE) == "0-3"


def check_errors(machine):
    """One clear line each, and nothing is taken."""
    machine.run(f"{WARD} --name d --dedicate 3")
    for options, status, text in [
            ("0", 2, "CPU 0"), ("2-3", 2, "such as 2,3"), ("2,2", 2, "twice"),
            ("1,2", 2, "names 2 CPUs"), ("7", 1, "CPU 7: there is none"),
            ("3", 1, "dedicated to d"), ("2,3 --cpus 2", 1, "dedicated to d")]:
        output = machine.run(f"{WARD} --dedicate {options} </dev/null", status=status)
        assert text in output and len(output.splitlines()) == 1, output
    machine.run("echo 0 >/sys/devices/system/cpu/cpu2/online")
    assert "CPU 2: it is offline" in machine.run(f"{WARD} --dedicate 2", status=1)
    machine.run("echo 1 >/sys/devices/system/cpu/cpu2/online")
    assert machine.run(ONLINE) == "0-2"


def check_commands(machine):
    """Pause, resume, a new caissond, a stop; the VM d of check_errors()."""
    assert re.search(r"^dedicate +\[3\]$", machine.run("caisson info d"), re.M)
    before = ticks(machine, "d")
    machine.run("caisson pause d")
    paused = ticks(machine, "d")
    assert ticks(machine, "d") == paused >= before
    machine.run("caisson resume d")
    await_ticks(machine, "d", paused)
    machine.run("kill -9 $(pidof caissond)")
    machine.run(DAEMON)
    machine.run("until caisson list 2>/dev/null | grep -q running; do sleep 0.1; done")
    await_ticks(machine, "d", ticks(machine, "d"))
    machine.run("caisson stop --force d")
    assert machine.run(BACK, timeout=60) == "1"


def check_kills(machine):
    """The VMM is killed, by itself and while there is no caissond."""
    machine.run(f"{WARD} --name d --cpus 2 --dedicate 2,3")
    assert machine.run(ONLINE) == "0-1"
    machine.run(f"kill -9 {STATE_PID}")
    assert machine.run(BACK, timeout=60) == "1"
    machine.run(f"{WARD} --name d --dedicate 1; kill -9 $(pidof caissond) $(pidof caisson)")
    assert machine.run(ONLINE) == "0,2-3"
    machine.run(DAEMON)
    assert machine.run(f"until caisson list >/dev/null 2>&1; do sleep 0.1; done; {BACK}",
                       timeout=60) == "1"


def run_debian(machine):
    """Debian with one vCPU that has a CPU and one that has none, to its shell; a reset of it. It has
    the memory-mapped timer, which the two share."""
    machine.run(UNLIKE_HOSTS)
    machine.send("caisson run --name deb --mem 384M --cpus 2 --dedicate 3 --kernel /guests/vmlinuz "
                 "--initrd /guests/initrd --migratable /tmp/set --append quiet\n")
    machine.login()
    assert machine.run("nproc; grep -c arch_mem_timer /proc/interrupts") == "2\n1"
    assert machine.run("for i in 1 2 3 4 5 6; do sleep 0.1 & done; wait; echo fine") == "fine"
    machine.send("reboot -f\n")
    machine.login()
    machine.send("poweroff -f\n")
    machine.login()
    assert machine.run(ONLINE) == "0-3"


def test_dedicate(machine):
    run_payloads(machine)
    check_errors(machine)
    check_commands(machine)
    check_kills(machine)
    run_debian(machine)
    check_dmesg(machine)
    machine.power_off()
