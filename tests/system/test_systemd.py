# SPDX-License-Identifier: BSD-2-Clause
"""A whole Debian with systemd as service VM, with caisson as `meson install` leaves it: caissond
and caisson@NAME as units."""

import os
import shutil
import subprocess

import pytest

from machine import BUILD, ROOT, SYSTEMD_PATIENCE, assemble_service_vm, check_caisson

FOLDER = os.path.join(BUILD, "systemd")
ESP_OFFSET = 1 << 20  # of tools/diskimage
UNITS = "/usr/lib/systemd/system/caissond.service /usr/lib/systemd/system/caisson@.service"
CONFIG = """kernel = /guests/vmlinuz
initrd = /guests/initrd
append = quiet
mem = 256M
"""
# As in the small service VM, without what would hide the prompt from who reads it.
PROFILE = "export PS1='root@servicevm:\\w# ' TERM=dumb\nbind 'set enable-bracketed-paste off'\n"
GUEST_IS_UP = "until sleep 1 | caisson console vm1 | grep -q 'shell follows'; do :; done"


def put(tree, path, text):
    os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
    with open(os.path.join(tree, path), "w", encoding="ascii") as file:
        file.write(text)


@pytest.fixture(scope="session")
def debian():
    """Options for tools/host: Debian's disk with caisson and a VM's configuration, and what
    starts it."""
    guest = assemble_service_vm([])
    tree = os.path.join(FOLDER, "tree")
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["meson", "install", "-C", os.path.join(BUILD, "target"), "--no-rebuild",
                    "--quiet", "--destdir", tree], check=True)
    put(tree, "etc/caisson/vm1.conf", CONFIG)
    put(tree, "root/.profile", PROFILE)
    put(tree, *SYSTEMD_PATIENCE)
    wanted = os.path.join(tree, "etc/systemd/system/multi-user.target.wants")
    os.makedirs(wanted)  # as `systemctl enable` would
    os.symlink("/usr/lib/systemd/system/caissond.service", f"{wanted}/caissond.service")
    os.symlink("/usr/lib/systemd/system/caisson@.service", f"{wanted}/caisson@vm1.service")
    os.makedirs(os.path.join(tree, "guests"))
    for name in ("vmlinuz", "initrd"):
        shutil.copy(os.path.join(guest, name), os.path.join(tree, "guests"))
    disk = os.path.join(FOLDER, "disk.img")
    subprocess.run([os.path.join(ROOT, "tools", "diskimage"), "--output", disk, "--tree", tree],
                   check=True)
    for name in ("vmlinuz", "initrd.img"):
        subprocess.run(["mcopy", "-n", "-i", f"{disk}@@{ESP_OFFSET}", f"::{name}",
                        os.path.join(FOLDER, name)], check=True)
    return {"kernel": os.path.join(FOLDER, "vmlinuz"),
            "initrd": os.path.join(FOLDER, "initrd.img"), "drive": disk,
            "append": "root=PARTLABEL=root rw console=ttyAMA0 quiet"}


def check_states(machine, caissond, vm):
    """Of the two units."""
    output = machine.run("systemctl is-active caissond caisson@vm1", status=None)
    if output.split() != [caissond, vm]:
        machine.run("journalctl -o short-monotonic -u caissond -u caisson@vm1 | cat", status=None)
    assert output.split() == [caissond, vm]


@pytest.mark.soak
def test_units(start, debian):
    """They start by themselves, in order; a stop is the power button; a killed caissond is
    replaced under its VMs; its end, and that of the machine, is theirs first."""
    machine = start(**debian, qemu_arg="-snapshot", memory="2G", cpus=2, timeout=1800)
    machine.login()
    check_caisson(machine)
    assert machine.run(f"systemd-analyze verify --man=no {UNITS} 2>&1") == ""
    machine.run("systemctl is-system-running --wait", status=None)
    check_states(machine, "active", "active")
    machine.run(GUEST_IS_UP)

    machine.run("systemctl stop caisson@vm1")
    check_states(machine, "active", "inactive")
    assert machine.run("systemctl show -p ExecMainStatus --value caisson@vm1") == "0", "by itself"
    assert machine.run("caisson list | wc -l") == "1"

    machine.run(f"systemctl start caisson@vm1; {GUEST_IS_UP}; systemctl kill -s KILL caissond")
    machine.run("until caisson list | grep -q running; do sleep 0.2; done; caisson stats vm1")
    check_states(machine, "active", "active")

    machine.run("systemctl stop caissond")
    check_states(machine, "inactive", "inactive")
    machine.run(f"systemctl start caisson@vm1; {GUEST_IS_UP}")
    check_states(machine, "active", "active")
    assert machine.run("systemctl list-units --failed --quiet 'caisson*'") == ""
    machine.run("dmesg | grep -E 'Call trace|BUG|Oops|stall'", status=1)
    machine.send("poweroff\n")
    assert machine.end() == 0
