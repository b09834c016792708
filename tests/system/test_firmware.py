# SPDX-License-Identifier: BSD-2-Clause
"""User VMs that firmware starts: Debian's U-Boot and UEFI images as they are, with flash that
keeps what they write; a Debian disk by UEFI; clock and power button; another kernel."""

import calendar
import os
import subprocess
import time

import pytest

from machine import (BUILD, PROMPT, ROOT, SYSTEMD_PATIENCE, assemble_service_vm, check_caisson,
                     check_dmesg, write_whole)

TARGET = os.path.join(BUILD, "target")
PACKAGES = ["u-boot-qemu", "qemu-efi-aarch64"]
FILES = {"usr/lib/u-boot/qemu_arm64/u-boot.bin": "fw/u-boot.bin",
         "usr/share/qemu-efi-aarch64/QEMU_EFI.fd": "fw/QEMU_EFI.fd"}
OTHER_KERNEL = "linux-image-arm64/bookworm-backports"

UBOOT = "caisson run --firmware /fw/u-boot.bin --mem 128M"
UEFI = "caisson run --firmware /fw/QEMU_EFI.fd"
UBOOT_PROMPT, UEFI_PROMPT, DISK_PROMPT = r"\n=> ", "Shell> ", r"root@debian:~# "
VARIABLE = "caisson -guid 12345678-1234-1234-1234-123456789abc"
CLOCK_ERROR_SECONDS = 300  # a time-out may pass between a clock that is read and our look at it


@pytest.fixture(scope="session")
def firmware_vm():
    """A service VM with caisson and firmware."""
    folder = os.path.join(BUILD, "firmware")
    subprocess.run([os.path.join(ROOT, "tools", "fetch"), "extract", folder, *PACKAGES], check=True)
    return assemble_service_vm([], "servicevm-firmware", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        **{f"{folder}/{here}": there for here, there in FILES.items()}})


@pytest.fixture
def host(start, firmware_vm):
    """A function that boots the service VM on Caisson, to its shell."""

    def boot_host(vm=firmware_vm, **options):
        options.setdefault("timeout", 400)
        machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet", memory="2G",
                        cpus=2, **options)
        machine.login()
        check_caisson(machine)
        return machine

    return boot_host


def begin(machine, command):
    machine.send(f"{command}; echo st\"\"atus=$?\n")


def leave(machine, command):
    """The guest powers itself off by this command."""
    machine.send(command)
    machine.expect(r"status=0\r")
    machine.expect(PROMPT)


def is_now(year, month, day, hour, minute, second):
    told = calendar.timegm((year, month, day, hour, minute, second))
    return abs(told - time.time()) < CLOCK_ERROR_SECONDS


# ---- U-Boot -----------------------------------------------------------------------------------


def enter_uboot(machine):
    machine.expect("Hit any key to stop autoboot")
    machine.send("\n")
    machine.expect(UBOOT_PROMPT)


def test_uboot(host):
    """To its prompt; its environment, written to flash, is there after a reset and in the next
    machine; the date; then what is wrong with files, a line each."""
    machine = host()
    begin(machine, f"{UBOOT} --flash-vars /tmp/env")
    enter_uboot(machine)
    machine.send("date\n")
    date = machine.expect(r"Date: (\d+)-(\d+)-(\d+) \(\w+\) +Time: +(\d+):(\d+):(\d+)\s")
    assert is_now(*map(int, date.groups()))
    machine.send("setenv caisson floats; saveenv\n")
    machine.expect("Writing to Flash... done")
    machine.expect(UBOOT_PROMPT)
    machine.send("reset\n")
    machine.expect("Loading Environment from Flash... OK")
    enter_uboot(machine)
    leave(machine, "poweroff\n")
    assert machine.run("wc -c </tmp/env") == "262144"  # what was written, and no more
    begin(machine, f"{UBOOT} --flash-vars /tmp/env")
    machine.expect("Loading Environment from Flash... OK")
    enter_uboot(machine)
    machine.send("printenv caisson\n")
    machine.expect("caisson=floats")
    machine.expect(UBOOT_PROMPT)
    leave(machine, "poweroff\n")
    check_bad_input(machine)
    check_dmesg(machine)
    machine.power_off()


def check_bad_input(machine):
    machine.run("truncate -s 65M /tmp/large; : >/tmp/empty; "
                "mkdir /tmp/ro; mount -t tmpfs -o ro none /tmp/ro")
    for arguments, text in [
            ("--firmware /nowhere", "/nowhere"),
            ("--firmware /tmp", "not a regular file"),
            ("--firmware /tmp/empty", "is empty"),
            ("--firmware /tmp/large", "larger than the flash"),
            ("--firmware /fw/u-boot.bin --flash-vars /tmp/large", "larger than the flash"),
            ("--firmware /fw/u-boot.bin --flash-vars /tmp/ro/vars", "for writing"),
            ("--firmware /fw/u-boot.bin --flash-vars /no/where", "for writing"),
            ("--firmware /fw/u-boot.bin --mem 64M", "needs 128 MiB")]:
        output = machine.run(f"caisson run {arguments} </dev/null", status=1)
        assert text in output and len(output.splitlines()) == 1, f"{arguments}: {output}"
    machine.run(f"{UBOOT} --flash-vars /tmp/env --name first --detach")
    output = machine.run(f"{UBOOT} --flash-vars /tmp/env </dev/null", status=1)
    assert "in use" in output, output
    machine.run("caisson stop first --force")


# ---- UEFI -------------------------------------------------------------------------------------


def enter_uefi_shell(machine):
    machine.expect("to skip")
    machine.send("\x1b")
    machine.expect(UEFI_PROMPT)


def test_uefi_shell(host):
    """To its shell; a variable is there in the next machine."""
    machine = host()
    begin(machine, f"{UEFI} --flash-vars /tmp/vars")
    enter_uefi_shell(machine)
    machine.send(f"setvar {VARIABLE} -nv -bs =010203f4\r")
    machine.expect(UEFI_PROMPT)
    leave(machine, "reset -s\r")
    begin(machine, f"{UEFI} --flash-vars /tmp/vars")
    enter_uefi_shell(machine)
    machine.send(f"setvar {VARIABLE}\r")
    machine.expect("01 02 03 F4")
    leave(machine, "reset -s\r")
    check_dmesg(machine)
    machine.power_off()


@pytest.fixture(scope="session")
def disk_image():
    tree, path = os.path.join(BUILD, "disk-tree"), os.path.join(BUILD, "disk.img")
    name, text = SYSTEMD_PATIENCE
    write_whole(os.path.join(tree, name), text.encode())
    subprocess.run([os.path.join(ROOT, "tools", "diskimage"), "--output", path, "--tree", tree],
                   check=True)
    return path


def test_debian_disk(host, disk_image):
    """Debian from its disk by UEFI to a root shell: the date, a boot entry of its own that is
    there after a reboot; the power button ends it in order."""
    machine = host(drive=disk_image, qemu_arg="-snapshot", timeout=600)
    machine.run(f"{UEFI} --flash-vars /tmp/vars --mem 512M --disk /dev/vda --name debian --detach")
    machine.send("caisson console debian\n")
    machine.expect(DISK_PROMPT)
    machine.send("date -u '+=''%Y %m %d %H %M %S='\n")
    date = machine.expect(r"=(\d+) (\d+) (\d+) (\d+) (\d+) (\d+)=")
    assert is_now(*map(int, date.groups()))
    # What is expected does not stand in what is typed, which is on the console, too.
    machine.send("dmesg -t | grep 'rtc.*setting system cl''ock'; cd /sys/class/dmi/id; "
                 "cat product_name product_serial sys_vendor; cd; efibootmgr -q -c -L caisson "
                 "-d /dev/vda -p 1 -l '\\EFI\\BOOT\\BOOTAA64.EFI'; systemctl --failed | tail -1\n")
    machine.expect("setting system clock to ")
    machine.expect(r"Caisson virtual machine\s+debian\s+Caisson\s")
    machine.expect(r"\n0 loaded units listed")
    machine.send("reboot\n")
    machine.expect("systemd-shutdown")
    machine.expect("EFI stub: Booting Linux Kernel")
    machine.expect(DISK_PROMPT)
    machine.send("efibootmgr\n")
    current = machine.expect(r"BootCurrent: (\w+)\s")[1]
    assert machine.expect(rf"Boot{current}\* (\w+)\s")[1] == "caisson"
    machine.send("\aq")
    machine.expect(PROMPT)
    machine.run("caisson stop debian --timeout 800", timeout=200)
    machine.settle("caisson list | wc -l", "1")
    machine.power_off()


# ---- kernels ----------------------------------------------------------------------------------


def test_other_kernel(host):
    """Debian's newer kernel, started without firmware, to a shell; disk and clock."""
    guest = assemble_service_vm([], "servicevm-other-kernel", kernel=OTHER_KERNEL)
    vm = assemble_service_vm([], "servicevm-with-other-kernel", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        f"{guest}/vmlinuz": "guests/vmlinuz", f"{guest}/initrd": "guests/initrd"})
    machine = host(vm=vm)
    machine.run("truncate -s 8M /tmp/disk")
    begin(machine, "caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 "
          "--mem 512M --disk /tmp/disk --append quiet")
    machine.expect("A root shell follows")
    machine.login()
    assert machine.run("uname -r").startswith("6.12.")
    assert machine.run("cat /sys/block/vda/size") == "16384"
    assert is_now(*map(int, machine.run("date -u '+%Y %m %d %H %M %S'").split()))
    check_dmesg(machine)
    leave(machine, "poweroff -f\n")
    machine.power_off()
