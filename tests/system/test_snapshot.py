# SPDX-License-Identifier: BSD-2-Clause
"""Snapshots of user VMs: Debian at work with every kind of device is written to a file, ends, and
goes on from there, also on a host whose counter has another frequency; files that are no good are
refused in one line."""

import itertools
import json
import os
import re
import subprocess

import pytest

from machine import (BUILD, PROMPT, assemble_service_vm, check_caisson, check_dmesg, write_whole)

TARGET = os.path.join(BUILD, "target")
FILES = os.path.join(BUILD, "snapshot")
MIB = 1 << 20
HUGE_PAGES = 144
PORT = 1234
NAME = "a"
SNAP = "/srv/snap"
OTHER_HZ = 25000000
MARKS = itertools.count(1)

# What the guest does all the time: it counts, and writes files with their sums to its disk.
WORK = b"""#!/bin/sh
n=0
while [ ! -e /tmp/stop ]; do
	n=$((n + 1))
	echo $n >/tmp/count
	dd if=/dev/urandom of=/mnt/f$((n % 8)) bs=32k count=4 2>/dev/null
	(cd /mnt && sha256sum f$((n % 8)) >s$((n % 8)).new && mv s$((n % 8)).new s$((n % 8)))
	[ $((n % 16)) -ne 0 ] || sync
done
echo >/tmp/stopped
"""


def program(name, data):
    path = os.path.join(FILES, name)
    write_whole(path, data)
    os.chmod(path, 0o755)
    return path


def qcow2_file():
    path = os.path.join(FILES, "disk.qcow2")
    if not os.path.exists(path):
        os.makedirs(FILES, exist_ok=True)
        own = f"{path}.{os.getpid()}"  # another process may be at it, too
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", own, "16M"], check=True)
        os.replace(own, path)
    return path


@pytest.fixture(scope="session")
def snapshot_vm():
    """A service VM with caisson, and a guest with something to do."""
    peer = f"{TARGET}/tests/uservm/peer"
    guest = assemble_service_vm([], "servicevm-snapshot-guest", {
        peer: "bin/peer", program("work", WORK): "bin/work"})
    return assemble_service_vm(["qemu-storage-daemon"], "servicevm-snapshot", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        qcow2_file(): "guests/disk.qcow2", peer: "bin/peer", f"{guest}/vmlinuz": "guests/vmlinuz",
        f"{guest}/initrd": "guests/initrd"})


@pytest.fixture
def host(start, snapshot_vm, tmp_path):
    """A function that boots a host; the drive at /srv is the same each time."""
    drive = tmp_path / "drive"
    drive.write_bytes(b"")
    os.truncate(drive, 160 * MIB)

    def boot_host(**options):
        machine = start(kernel=f"{snapshot_vm}/vmlinuz", initrd=f"{snapshot_vm}/initrd",
                        append="quiet", memory="2G", cpus=2, timeout=600, drive=str(drive),
                        **options)
        machine.login()
        check_caisson(machine)
        machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages; modprobe vhost_vsock; "
                    "mkdir -p /srv; mount -t ext4 /dev/vda /srv 2>/dev/null || "
                    "(mke2fs -q -F -I 256 /dev/vda && mount -t ext4 /dev/vda /srv && "
                    "truncate -s 16M /srv/disk && cp /guests/disk.qcow2 /srv); "
                    "tunctl -t tap7; ip link set tap7 address 02:00:00:00:00:77; "
                    "ip addr add 192.168.77.1/24 dev tap7; ip link set tap7 up")
        machine.run("(while peer listen %d; do :; done >/dev/null 2>&1) &" % PORT)
        return machine

    return boot_host


def enter(machine, begins=False):
    """To the guest's shell."""
    machine.send(f"caisson console {NAME}; echo le\"\"ft\n")
    machine.expect("A root shell follows" if begins else "Ctrl-G q leaves the console")
    if not begins:
        # Not what was shown before, and is shown again to who comes.
        mark = next(MARKS)
        machine.send(f"\necho ma\"\"rk{mark}=\n")
        machine.expect(f"mark{mark}=\r")
    machine.login()


def leave(machine):
    machine.send("\aq")
    machine.expect("left\r")
    machine.expect(PROMPT)


def begin(machine):
    machine.run("(peer unix /tmp/hvc0 &) ; "
                "caisson run --detach --name a --kernel /guests/vmlinuz --initrd /guests/initrd "
                "--append quiet --cpus 2 --mem 256M --disk /srv/disk "
                "--disk /srv/disk.qcow2,format=qcow2 --net tap,ifname=tap7 "
                "--console /tmp/hvc0 --vsock 7 --rng")
    enter(machine, begins=True)
    machine.run("mke2fs -q -F -I 256 /dev/vda && mount -t ext4 /dev/vda /mnt; "
                "ip addr add 192.168.77.9/24 dev eth0; ip link set eth0 up; "
                "ping -c 1 -w 60 192.168.77.1", timeout=120)
    machine.run("dd if=/dev/urandom of=/dev/vdb bs=64k count=16 conv=fsync; "
                "head -c 1048576 /dev/vdb | sha256sum >/tmp/qcow2")
    machine.run("sha256sum /bin/busybox >/tmp/kept; (work </dev/null >/dev/null 2>&1 &)")
    machine.run("until [ -s /mnt/s7 ]; do sleep 0.2; done", timeout=120)


def count(machine):
    return int(machine.run("until n=$(cat /tmp/count) && [ -n \"$n\" ]; do :; done; echo $n"))


def check_guest(machine, least):
    """It goes on where it stood: processes, memory, and each device."""
    machine.run(f"until n=$(cat /tmp/count); [ ${{n:-0}} -gt {least} ]; do sleep 0.1; done",
                timeout=120)
    machine.run("sha256sum -c -s /tmp/kept; echo 3 >/proc/sys/vm/drop_caches")
    machine.run('[ "$(head -c 1048576 /dev/vdb | sha256sum)" = "$(cat /tmp/qcow2)" ] && '
                "dd if=/dev/urandom of=/dev/vdb bs=64k count=4 conv=fsync && "
                "head -c 1048576 /dev/vdb | sha256sum >/tmp/qcow2", timeout=60)
    machine.run("ping -c 1 -w 60 192.168.77.1", timeout=120)
    assert machine.run(f"peer send 2 {PORT} 5000") == "peer: 5000 bytes there and back"
    machine.run("exec 3<>/dev/hvc0; stty raw -echo <&3; echo hello >&3; "
                "[ \"$(head -n 1 <&3)\" = HELLO ]")
    assert machine.run("head -c 300 /dev/hwrng | wc -c") == "300"
    check_dmesg(machine)


def check_files(machine):
    """What is on the disk is what was written."""
    # Not by a signal: a file that is written has no sum yet, and its time does not tell so.
    machine.run("echo >/tmp/stop; until [ -e /tmp/stopped ]; do sleep 0.2; done; "
                "sync; echo 3 >/proc/sys/vm/drop_caches", timeout=120)
    machine.run("cd /mnt; for n in 0 1 2 3 4 5 6 7; do sha256sum -c s$n || exit 1; done; "
                "cd /; umount /mnt", timeout=120)
    check_dmesg(machine)


def refuse(machine, command, text, status=1):
    output = machine.run(f"{command} </dev/null", status=status)
    assert text in output and len(output.splitlines()) == 1, f"{command}: {output}"


def check_bad_files(machine):
    """None of them gets far, and each is told in one line."""
    size = int(machine.run(f"stat -c %s {SNAP}"))
    for offset, text in [(0, "it is no snapshot"), (8, "damaged"), (60, "damaged"),
                         (size // 2, "damaged"), (size - 20, "damaged")]:
        machine.run(f"cp {SNAP} /tmp/bad; printf '\\377\\376' | "
                    f"dd of=/tmp/bad bs=1 seek={offset} conv=notrunc 2>/dev/null")
        refuse(machine, "caisson restore /tmp/bad --detach", text)
    for cut in 0, 39, 1000, size // 2, size - 1:
        machine.run(f"head -c {cut} {SNAP} >/tmp/bad")
        refuse(machine, "caisson restore /tmp/bad --detach",
               "cut off" if cut else "it is empty")
        refuse(machine, "caisson snapshot --info /tmp/bad",
               "cut off" if cut else "it is empty")
    refuse(machine, "caisson restore /tmp/nothing", "No such file")
    refuse(machine, "caisson restore /guests/vmlinuz", "it is no snapshot of Caisson's")
    machine.run("rm /tmp/bad; mv /srv/disk /srv/keep; cp /srv/keep /srv/disk")
    refuse(machine, f"caisson restore {SNAP} --detach", "/srv/disk was written since")
    machine.run("truncate -s 8M /srv/disk")
    refuse(machine, f"caisson restore {SNAP} --detach --force", "/srv/disk is another disk")
    machine.run("mv /srv/keep /srv/disk")


def go_on(machine, before):
    """Restores it; gives how far it has come."""
    assert machine.run(f"caisson restore {SNAP} --detach", timeout=100) == NAME
    machine.run("(peer unix /tmp/hvc0 &)")
    enter(machine)
    check_guest(machine, before)
    return count(machine)


def test_snapshot(host):
    """Stopped and restored, once on another host; once it runs on; broken off there is no file."""
    machine = host()
    begin(machine)
    before = count(machine)
    leave(machine)
    refuse(machine, f"caisson snapshot {NAME} /nowhere/snap", "cannot write /nowhere/snap")
    refuse(machine, f"caisson snapshot nobody {SNAP}", "there is no virtual machine called nobody")
    machine.run(f"caisson snapshot {NAME} {SNAP}", timeout=300)
    assert NAME not in machine.run("caisson list | awk '{ print $1 }'").split()
    info = json.loads(machine.run(f"caisson snapshot --info {SNAP} --json"))
    assert (info["name"], info["cpus"], info["memory"]) == (NAME, 2, 256 * MIB)
    assert info["disks"] == ["/srv/disk", "/srv/disk.qcow2"] and info["bytes"] < info["used"]
    assert re.search(r"^memory +256 MiB, \d+ MiB", machine.run(f"caisson snapshot --info {SNAP}"),
                     re.M)
    check_bad_files(machine)
    before = go_on(machine, before)
    leave(machine)

    # It runs on, and its disk with it; what is broken off leaves nothing.
    machine.run(f"mkdir /tmp/d; caisson snapshot {NAME} /tmp/d/on --keep-running", timeout=300)
    assert machine.run("ls /tmp/d") == "on"
    machine.run(f"caisson snapshot {NAME} /tmp/d/off & p=$!; sleep 0.3; kill $p; wait $p; "
                "[ -e /tmp/d/off ] || ls /tmp/d", timeout=300)
    machine.settle("caisson list | awk 'NR > 1 { print $2 }'", "running")
    enter(machine)
    check_guest(machine, before)
    before = count(machine)
    leave(machine)
    machine.run(f"caisson snapshot {NAME} {SNAP}", timeout=300)
    machine.run("umount /srv")
    machine.power_off()

    other = host(cntfrq=OTHER_HZ)
    go_on(other, before)
    check_files(other)
    leave(other)
    info = json.loads(other.run(f"caisson info {NAME} --json"))
    assert (info["state"], info["time"]) == ("running", "ecv")
    refuse(other, f"caisson restore {SNAP} --name b --detach", "/srv/disk is in use")
    other.run(f"caisson stop --force {NAME}")
    refuse(other, f"caisson restore {SNAP} --detach", "/srv/disk was written since")
    other.power_off()
