# SPDX-License-Identifier: BSD-2-Clause
"""Debian with cloud-init and open-vm-tools, as Debian has them, in a guest that UEFI starts and
that has no network: cloud-init is told by guestinfo, and the host speaks with the tools."""

import json
import os
import subprocess

import pytest

from machine import (BUILD, PROMPT, ROOT, SYSTEMD_PATIENCE, assemble_service_vm, check_caisson,
                     check_dmesg, write_whole)

TARGET = os.path.join(BUILD, "target")
FIRMWARE = "usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
DISK_PROMPT = r"root@debian:~# "

# What needs a network, packages or an SSH server is left out of what cloud-init does.
LEAN = ("etc/cloud/cloud.cfg.d/90_lean.cfg", """\
cloud_init_modules: [set_hostname, users-groups, ssh]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
""")
UNITS = ["open-vm-tools.service", "cloud-init-local.service", "cloud-init.service",
         "cloud-config.service", "cloud-final.service"]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDeadBeefDeadBeefDeadBeefDeadBeefDeadBeefDea crew@pier"
METADATA = f"instance-id: hull-17\nlocal-hostname: pontoon\npublic-keys-data: |\n  {KEY}\n"
USERDATA = """\
#cloud-config
ssh_genkeytypes: []
users: [default, {name: diver, groups: adm, shell: /bin/bash}]
runcmd: [[sh, -c, 'vmware-rpctool "info-set guestinfo.ran $(hostname) $(id -nG diver)"']]
"""


@pytest.fixture(scope="session")
def cloud_disk():
    tree, path = os.path.join(BUILD, "cloudinit-tree"), os.path.join(BUILD, "cloudinit.img")
    for name, text in SYSTEMD_PATIENCE, LEAN:
        write_whole(os.path.join(tree, name), text.encode())
    subprocess.run([os.path.join(ROOT, "tools", "diskimage"), "--output", path, "--tree", tree,
                    "--append", "quiet", "--with", "cloud-init", "--with", "open-vm-tools",
                    *(f"--enable={unit}" for unit in UNITS)], check=True)
    return path


@pytest.fixture
def host(start, cloud_disk):
    """A service VM on Caisson, at its shell, with the disk as its own and what cloud-init is to be
    told as files."""
    folder = os.path.join(BUILD, "firmware")
    subprocess.run([os.path.join(ROOT, "tools", "fetch"), "extract", folder, "qemu-efi-aarch64"],
                   check=True)
    for name, text in ("metadata", METADATA), ("userdata", USERDATA):
        write_whole(os.path.join(BUILD, "cloudinit-info", name), text.encode())
    vm = assemble_service_vm([], "servicevm-cloudinit", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        f"{folder}/{FIRMWARE}": "fw/QEMU_EFI.fd",
        f"{BUILD}/cloudinit-info/metadata": "info/metadata",
        f"{BUILD}/cloudinit-info/userdata": "info/userdata"})
    machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet", memory="2G",
                    cpus=2, drive=cloud_disk, qemu_arg="-snapshot", timeout=1800)
    machine.login()
    check_caisson(machine)
    return machine


def ask(machine, name, arguments, wanted, timeout=300):
    """Asks `caisson guest` again and again, as a guest may be slow."""
    machine.run(f"until [ \"$(caisson guest {name} {arguments} 2>/dev/null)\" = '{wanted}' ]; do "
                "sleep 2; done", timeout=timeout)


@pytest.mark.soak
def test_cloud_init(host):
    """Host name, user, SSH key and a command that is run; then what the tools tell the host."""
    host.run("caisson run --firmware /fw/QEMU_EFI.fd --mem 768M --disk /dev/vda --name pier "
             "--guest-tools vmware --guestinfo metadata=/info/metadata "
             "--guestinfo userdata=/info/userdata --detach")
    ask(host, "pier", "get ran", "pontoon diver adm", timeout=1500)
    host.send("caisson console pier\n")
    host.expect(DISK_PROMPT)
    host.send("hostname; cut -d' ' -f3 ~debian/.ssh/authorized_keys; "
              "systemctl --failed | tail -1\n")
    host.expect(r"pontoon\s+crew@pier\s+0 loaded units listed")
    host.expect(DISK_PROMPT)
    # An address that nobody else takes away again.
    host.send("systemctl stop systemd-networkd.socket systemd-networkd; ip tuntap add eth7 mode "
              "tap; ip addr add 192.0.2.7/24 dev eth7; ip link set eth7 up; "
              "vmware-rpctool \"info-set guestinfo.esc $(printf 'a\\033[2Jb')\"; echo se''t\n")
    host.expect("\nset\\s")
    host.send("\aq")
    host.expect(PROMPT)
    ask(host, "pier", "ip | grep -x 192.0.2.7", "192.0.2.7")
    assert host.run("caisson guest pier get esc") == r"a\x1b[2Jb"
    [vm] = json.loads(host.run("caisson list --json"))
    assert vm["host-name"] == "pontoon" and vm["tools"] == "12.2.0"
    host.run("caisson stop --force pier")
    check_dmesg(host)
    host.power_off()
