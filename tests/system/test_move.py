# SPDX-License-Identifier: BSD-2-Clause
"""caisson migrate and receive on one host: a VM moves to another name, back, and does not move when
it cannot; its guest counts, and looks through its memory. (Two hosts: test_migrate.py.)"""

import json
import os
import re

import pytest

from machine import BUILD, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
WARD = "caisson run --detach --mem 32M --kernel /guests/ward.img"
LISTED = "caisson list | awk 'NR > 1 { print $1, $2 }'"  # names and states
# The other host is this one: `here HOST caisson receive ...`. And one whose line is cut.
HERE = r"#!/bin/sh\nshift\nexec \"\$@\"\n"
CUT = (r"#!/bin/sh\nshift\n[ \$3 = --ask ] && [ -e /tmp/deaf ] && exit 1\n"
       r"[ \$3 = --ask ] && exec \"\$@\"\nexec cutline \$CUT \"\$@\"\n")
MOVE = "caisson migrate vm1 there --rsh here --name vm2"

# Of abi/snapshot.h and abi/migration.h.
MEMORY, VCPU = "4", "7"
OFFER, ACCEPT, STOPPED, READY, COMMIT, RUNNING = "100", "101", "104", "106", "107", "108"


@pytest.fixture(scope="session")
def move_vm():
    """A service VM with caisson, and the guest."""
    programs = {f"{TARGET}/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    programs[f"{TARGET}/tests/uservm/cutline"] = "bin/cutline"
    programs[f"{TARGET}/tests/uservm/ward.img"] = "guests/ward.img"
    return assemble_service_vm([], "servicevm-move", programs)


@pytest.fixture
def host(start, move_vm):
    """A function that boots the service VM on Caisson, to its shell."""

    def boot_host(**options):
        options.setdefault("cpus", 2)
        options.setdefault("timeout", 240)
        options.setdefault("memory", "1G")
        machine = start(kernel=f"{move_vm}/vmlinuz", initrd=f"{move_vm}/initrd", append="quiet",
                        **options)
        machine.login()
        check_caisson(machine)
        machine.run(f'printf "{HERE}" >/bin/here; printf "{CUT}" >/bin/cutting; '
                    'chmod +x /bin/cutting /bin/here')
        return machine

    return boot_host


def ticks(machine, name):
    """The last number that the guest has counted to, after it was seen to count."""
    output = machine.run(f"until sleep 0.5 | caisson console {name} >/tmp/ticks && "
                         "[ $(grep -c tick /tmp/ticks) -gt 2 ]; do :; done; tail -c 200 /tmp/ticks",
                         timeout=120)
    return int(re.findall(r"tick (\d+)\n", output)[-1])


def check_counts(machine, name, least):
    """It runs, alone, and has not begun anew; its count."""
    machine.settle(LISTED, f"{name} running")
    count = ticks(machine, name)
    assert count >= least
    return count


def stays(machine, command, text, count, timeout=120):
    """The VM does not move, for this reason, and runs on."""
    output = machine.run(f"{command} </dev/null 2>&1 | cat", timeout=timeout)
    lines = [line for line in output.splitlines() if line.startswith("caisson: ")]
    assert re.search(text, output) and "runs on here" in output, output
    assert len(lines) == 2, output
    return check_counts(machine, "vm1", count)


def test_moves(host):
    """To another name and back, with a disk, in time; paused; and the words about it."""
    machine = host()
    machine.run("truncate -s 1M /tmp/disk.img")
    machine.run(f"{WARD} --disk /tmp/disk.img --cpus 2")
    count = ticks(machine, "vm1")
    output = machine.run(f"{MOVE} | cat", timeout=120)
    assert re.search(r"^vm1 runs on there: moved in [\d.]+ s, stood still for \d+ ms$", output, re.M)
    count = check_counts(machine, "vm2", count)
    assert machine.run("ls -A /tmp | grep caisson; ls -A /var/lib/caisson/moves", status=None) == ""
    # Its settings have gone along, and what it is for a start of its own.
    info = json.loads(machine.run("caisson info vm2 --json"))
    assert info["disks"][0]["file"] == "/tmp/disk.img" and info["starts"] == 1 and info["cpus"] == 2
    steps = [json.loads(line) for line in machine.run(
        "caisson migrate vm2 there --rsh here --name vm1 --json", timeout=120).splitlines()]
    assert [steps[0]["status"], steps[-1]["status"]] == ["copying", "completed"], steps
    assert 0 < steps[-1]["downtime"] < 20000 and steps[-1]["round"] >= 2 and steps[-1]["sent"] > 0
    assert max(step["rate"] for step in steps) > 0
    count = check_counts(machine, "vm1", count)
    # A paused one stays paused.
    machine.run("caisson pause vm1")
    machine.run(MOVE, timeout=120)
    machine.settle(LISTED, "vm2 paused")
    machine.run("caisson resume vm2")
    check_counts(machine, "vm2", count)
    # One that has moved can start anew.
    machine.run("caisson stop --force vm2")
    machine.settle("caisson list | wc -l", "1")
    assert "usage: caisson receive" in machine.run("caisson receive --help")
    check_dmesg(machine)
    machine.power_off()


def check_refusals(machine, count):
    """What is told before it is stopped."""
    machine.run("mkdir /tmp/other; truncate -s 1M /tmp/other/disk.img; "
                "printf 'mem = 32M\\nkernel = /guests/ward.img\\ndisk = /tmp/other/disk.img\\n' "
                ">/tmp/other.conf; sed 's,/tmp/other/,/nowhere/,' /tmp/other.conf >/tmp/none.conf; "
                "sed s/32M/64M/ /tmp/other.conf >/tmp/large.conf")
    machine.run(f"{WARD} --name taken >/dev/null")
    for command, text in [
            ("--rsh nosuch", "has no .caisson."),
            ("--rsh 'exit 255; '", "ssh did not reach there"),
            ("--rsh false", "did not say a word"),
            ("--rsh 'head -c 100 /dev/zero; true'", "nothing of Caisson's"),
            ("--rsh here --name taken", "there: there is a virtual machine called taken"),
            ("--rsh here --name vm2 --config /tmp/other.conf", "/tmp/other/disk.img is not seen"),
            ("--rsh here --name vm2 --config /tmp/none.conf", "/nowhere/disk.img is not there"),
            ("--rsh here --name vm2 --config /tmp/large.conf", "its setting mem differs"),
            ("--rsh here --name vm2 --config /tmp/no.conf", "cannot open /tmp/no.conf")]:
        if "taken" not in command:
            machine.run("caisson stop --force taken 2>/dev/null", status=None)
            machine.settle(LISTED, "vm1 running")
            count = stays(machine, f"caisson migrate vm1 there {command}", text, count)
        else:
            machine.run(f"{WARD} --name taken >/dev/null", status=None)
            output = machine.run(f"caisson migrate vm1 there {command} 2>&1 | cat")
            assert re.search(text, output) and "runs on here" in output, output
    machine.run("caisson stop --force taken", status=None)
    return count


def check_doubt(machine, count):
    """Nobody answers: it stands still, says so, and waits for somebody's word."""
    machine.run(f"touch /tmp/deaf; export CUT='to {COMMIT}'; "
                "setsid caisson migrate vm1 there --rsh cutting --name vm2 >/tmp/out 2>&1 &")
    machine.settle("caisson list | sed -n '/^vm1/s/  */ /gp' | cut -d' ' -f2,3", "in doubt")
    output = machine.run("caisson resume vm1 2>&1", status=1)
    assert "it may run on there" in output and "--force" in output
    machine.run("kill -9 $(pidof caisson | tr ' ' '\\n' | while read p; do "
                "grep -qa migrate /proc/$p/cmdline && echo $p; done)", status=None)
    assert json.loads(machine.run("caisson info vm1 --json"))["state"] == "paused"
    machine.run("rm /tmp/deaf")
    # It is asked again, and was never handed over.
    output = machine.run("caisson migrate vm1 there --rsh here 2>&1", status=1, timeout=60)
    assert "goes on here" in output
    return check_counts(machine, "vm1", count)


def test_stays(host):
    """Refused beforehand; cancelled; the line cut at every stage, the command and the other end killed:
    one runs, and goes on where it was, or over there."""
    machine = host()
    machine.run(f"truncate -s 1M /tmp/disk.img; {WARD} --disk /tmp/disk.img")
    count = check_refusals(machine, ticks(machine, "vm1"))
    for cut in [f"to {OFFER}", f"from {ACCEPT}", f"to {STOPPED}", f"from {READY}"]:
        count = stays(machine, f"CUT='{cut}' caisson migrate vm1 there --rsh cutting --name vm2",
                      "the connection to there broke", count)
    # What is said is of a later Caisson, of another machine; damaged; nonsense with right checksums.
    for change, text in [
            ("from newer", "has another version of Caisson: it has version 2.0 of the format"),
            ("to newer", "there: it has version 2.0 of the format"),
            ("to other", "there: it is of machine model 2"),
            (f"to flip={OFFER}", "it is damaged: a word about the move"),
            (f"to forge={OFFER}", "its offer is not"),
            (f"to flip={MEMORY}", "there: it is damaged"),
            (f"to forge={MEMORY}", "there: memory: "),
            (f"to flip={VCPU}", "there: it is damaged"), (f"to forge={VCPU}", "there: ")]:
        count = stays(machine, f"CUT='{change}' caisson migrate vm1 there --rsh cutting --name vm2",
                      text, count)
    # COMMIT is lost: asked, it is not there and never will be.
    output = machine.run(f"CUT='to {COMMIT}' caisson migrate vm1 there --rsh cutting --name vm2 2>&1 | cat",
                         timeout=120)
    assert "in doubt" in output and "did not come to run on there and goes on here" in output
    count = check_counts(machine, "vm1", count)
    count = check_doubt(machine, count)
    # The command is killed, the other end is.
    for victim in ("migrate", "receive"):
        machine.run("(setsid caisson migrate vm1 there --rsh here --name vm2 --max-downtime 1 "
                    ">/tmp/out 2>&1 &); until grep -qa " + victim + " /proc/[0-9]*/cmdline; do :; done; "
                    "for p in $(pidof caisson); do grep -qa " + victim +
                    " /proc/$p/cmdline && kill -9 $p; done; true")
        count = check_counts(machine, "vm1", count)
    # RUNNING is lost: asked, it is there.
    output = machine.run(f"CUT='from {RUNNING}' caisson migrate vm1 there --rsh cutting --name vm2 2>&1 | cat",
                         timeout=120)
    assert "in doubt" in output and "vm1 runs on there" in output
    check_counts(machine, "vm2", count)
    assert machine.run("ls -A /tmp | grep .caisson", status=None) == ""
    check_dmesg(machine)
    machine.power_off()


@pytest.mark.soak
def test_large(host):
    """A VM whose memory is more than the tables that it starts with can track, by faults; by a file as
    well; nothing of it is left."""
    machine = host(memory="4G", cpu="cortex-a72", timeout=1200)
    before = machine.run("grep HugePages_Total /proc/meminfo")
    machine.run(WARD.replace("32M", "1280M"), timeout=300)
    count = ticks(machine, "vm1")
    machine.run(MOVE, timeout=600)
    count = check_counts(machine, "vm2", count)
    machine.run("caisson snapshot vm2 /tmp/snap", timeout=600)
    machine.run("caisson restore /tmp/snap --detach", timeout=600)
    check_counts(machine, "vm2", count)
    machine.run("caisson stop --force vm2")
    machine.settle("grep HugePages_Total /proc/meminfo", before)
    check_dmesg(machine)
    machine.power_off()
