# SPDX-License-Identifier: BSD-2-Clause
"""Debian's qemu-guest-agent in a user VM, by its port; chrony there follows the host's clock by
ptp_kvm."""

import os
import re

import pytest

from machine import BUILD, PROMPT, assemble_service_vm, check_caisson, check_dmesg, write_whole

TARGET = os.path.join(BUILD, "target")
FILES = os.path.join(BUILD, "agent")
HUGE_PAGES = 144
# What the agent runs to end the machine; systemd's takes the same options.
SHUTDOWN = b"#!/bin/sh\nexec poweroff\n"
CHRONY = b"""refclock PHC /dev/ptp0 poll 0 dpoll 0
makestep 0.1 -1
cmdport 0
bindcmdaddress /tmp/chronyd.sock
pidfile /tmp/chronyd.pid
logdir /tmp
log refclocks
"""
# As udev names the port by its rule, then the agent as it is started by its unit.
START = ("mkdir /dev/virtio-ports; for port in /sys/class/virtio-ports/*; do "
         "ln -s ../${port##*/} /dev/virtio-ports/$(cat $port/name); done; "
         "(qemu-ga >/tmp/qemu-ga.log 2>&1 &)")
SOCKET = "/run/caisson/a/agent.sock"
ASK = "caisson agent a"


def program(name, data):
    path = os.path.join(FILES, name)
    write_whole(path, data)
    os.chmod(path, 0o755)
    return path


@pytest.fixture(scope="session")
def agent_vm():
    """A service VM with caisson, and a guest with the agent and chrony in it."""
    guest = assemble_service_vm(["qemu-guest-agent", "chrony"], "servicevm-agent-guest", {
        program("shutdown", SHUTDOWN): "bin/shutdown",
        program("chrony.conf", CHRONY): "etc/chrony.conf"})
    return assemble_service_vm([], "servicevm-agent", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        f"{TARGET}/tests/uservm/peer": "bin/peer",
        f"{guest}/vmlinuz": "guests/vmlinuz", f"{guest}/initrd": "guests/initrd"})


def enter(machine):
    machine.send("caisson console a\n")
    machine.expect("A root shell follows")
    machine.login()


def leave(machine):
    machine.send("\aq")
    machine.expect(PROMPT)


def refuse(machine, arguments, text, status=1):
    output = machine.run(f"caisson agent {arguments} 2>&1", status=status)
    assert text in output and len(output.splitlines()) == 1, output


def execute(machine, command):
    """Runs it in the guest: gives the command that prints its output on the host."""
    pid = re.search(r'"pid": (\d+)', machine.run(
        f"{ASK} guest-exec '{{\"path\": \"sh\", \"arg\": [\"-c\", \"{command}\"], "
        "\"capture-output\": true}'"))[1]
    status = f"{ASK} guest-exec-status '{{\"pid\": {pid}}}'"
    return (f"(until {status} >/tmp/status && grep -q '\"exited\": true' /tmp/status; do "
            "sleep 0.2; done; sed -n 's/.*\"out-data\": \"\\(.*\\)\".*/\\1/p' /tmp/status | "
            "base64 -d)")


def check_not_there(machine):
    """Before the agent runs, and what is no machine or command of it: a line each, at once or when
    time is up."""
    refuse(machine, "a guest-ping --timeout 1", "no agent answers in a")
    refuse(machine, "nobody guest-ping", "no virtual machine called nobody")
    refuse(machine, "a guest-ping [1]", "not a JSON object", status=2)
    refuse(machine, "a", "which virtual machine, which command", status=2)
    assert re.search(r"^agent +closed$", machine.run("caisson info a"), re.M)


def check_agent(machine):
    assert machine.run(f"{ASK} guest-ping --timeout 60") == "{}"
    assert re.search(r"^agent +open$", machine.run("caisson info a"), re.M)
    refuse(machine, "a guest-nonsense", "has not been found")
    # More than the port's ring holds.
    assert machine.run(f"{execute(machine, 'seq 1 60000')} | sha256sum") == \
        machine.run("seq 1 60000 | sha256sum")
    assert machine.run(f"{ASK} guest-fsfreeze-freeze") == "1"
    assert machine.run(f"{ASK} guest-fsfreeze-status") == '"frozen"'
    assert machine.run(f"{ASK} guest-fsfreeze-thaw") == "1"
    assert machine.run(f"{ASK} guest-fsfreeze-status") == '"thawed"'


def check_clients(machine):
    """One at a time; who sends half a command or reads nothing is not in the next one's way."""
    machine.run(f"(peer mute {SOCKET} '{{\"exe' >/tmp/mute &); "
                "until grep -q there /tmp/mute; do sleep 0.2; done")
    refuse(machine, "a guest-ping --timeout 1", "another client")
    machine.run("kill $(pidof peer)")
    assert machine.run(f"{ASK} guest-ping") == "{}"
    handle = machine.run(f"{ASK} guest-file-open '{{\"path\": \"/bin/busybox\"}}'")
    question = ('{"execute": "guest-file-read", "arguments": '
                f'{{"handle": {handle}, "count": 1000000}}}}')
    assert machine.run(f"{ASK} guest-ping; peer mute {SOCKET} '{question}'") == \
        "{}\npeer: there\npeer: let go"
    assert "too slow" in machine.run("caisson log a")
    assert machine.run(f"{ASK} guest-ping") == "{}"


def check_time(machine):
    """The host's clock is stepped, back and forth by years: the guest follows."""
    follows = (f"a=$(date +%s); g=$(($({ASK} guest-get-time) / 1000000000)); "
               "b=$(date +%s); [ $g -ge $((a - 1)) ] && [ $g -le $((b + 1)) ]")
    for date in ("2031-05-06 07:08:09", "2027-01-02 03:04:05"):
        machine.run(f"date -s '{date}'; until {follows}; do sleep 0.5; done", timeout=120)


def test_agent(start, agent_vm):
    machine = start(kernel=f"{agent_vm}/vmlinuz", initrd=f"{agent_vm}/initrd", append="quiet",
                    memory="1536M", cpus=2, timeout=400)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages; truncate -s 8M /tmp/disk; "
                "caisson run --detach --name a --kernel /guests/vmlinuz --initrd /guests/initrd "
                "--cpus 2 --mem 256M --append quiet --disk /tmp/disk --agent --ptp")
    check_not_there(machine)
    enter(machine)
    assert machine.run("cat /sys/class/virtio-ports/*/name") == "org.qemu.guest_agent.0"
    assert machine.run("cat /sys/class/ptp/ptp0/clock_name") == "KVM virtual PTP"
    machine.run(f"mke2fs -F /dev/vda && mount -t ext4 /dev/vda /mnt; {START}; "
                "chronyd -u root -f /etc/chrony.conf")
    leave(machine)
    check_agent(machine)
    check_clients(machine)
    check_time(machine)
    assert machine.run(f"{ASK} guest-shutdown") == ""
    machine.settle("caisson list | wc -l", "1")
    check_dmesg(machine)
    machine.power_off()
