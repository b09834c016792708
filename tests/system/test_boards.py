# SPDX-License-Identifier: BSD-2-Clause
"""Boards, as far as QEMU models them, with Debian's own device trees (tools/host --machine)."""

import os
import re

import pytest

from machine import BUILD, PROMPT, assemble_service_vm, check_caisson

TARGET = os.path.join(BUILD, "target")
# Drivers of Debian's kernel for what QEMU's raspi4b has not got, but does not take out of the tree:
# they bring the service VM's kernel down.
NOT_THERE = "initcall_blacklist=brcmstb_l2_driver_init,brcmstb_i2c_driver_init,clk_dvp_driver_init"


@pytest.fixture(scope="session")
def guest_vm(service_vm):
    """A service VM with caisson and Debian's kernel and initial RAM disk."""
    added = {f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
             f"{service_vm}/vmlinuz": "guests/vmlinuz", f"{service_vm}/initrd": "guests/initrd"}
    return assemble_service_vm([], "servicevm-boards", added)


@pytest.fixture
def board(start, service_vm, guest_vm):
    """A function that starts a board with Debian on Caisson, and gives it at the shell."""

    def boot_board(name, tree, append="", **options):
        machine = start(machine=name, board_dtb=f"{service_vm}/dtb/{tree}",
                        kernel=f"{guest_vm}/vmlinuz", initrd=f"{guest_vm}/initrd",
                        append=f"quiet {append}".strip(), **options)
        machine.expect(r"at EL2: 4 CPUs")
        machine.login()
        check_caisson(machine)
        return machine

    return boot_board


def check_cpus(machine):
    """All four work, and go and come back."""
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-3"
    for cpu in range(4):
        assert machine.run(f"taskset {1 << cpu:x} sh -c 'dd if=/dev/zero bs=64k count=16 "
                           "2>/dev/null | sha256sum'") \
            == "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58  -"
    machine.run("echo 0 >/sys/devices/system/cpu/cpu3/online")
    machine.run("echo 1 >/sys/devices/system/cpu/cpu3/online")
    counts = machine.run("grep arch_timer /proc/interrupts").split()[1:5]
    assert all(int(count) > 0 for count in counts), counts


def check_user_vm(machine):
    """A user VM, to its shell, which reads what is typed."""
    machine.run("echo 192 >/proc/sys/vm/nr_hugepages")
    machine.send("caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 "
                 "--mem 384M --append quiet; echo st\"\"atus=$?\n")
    machine.expect("A root shell follows")
    machine.login()
    assert machine.run("grep -c ^processor /proc/cpuinfo") == "2"
    assert machine.run("cat /proc/device-tree/model").startswith("Caisson virtual machine")
    machine.send("poweroff -f\n")
    machine.expect(r"status=0\r")
    machine.expect(PROMPT)


def check_log(machine):
    """No driver met anything of Caisson's."""
    log = machine.run("dmesg")
    assert not re.search("Call trace|abort|PSCI idle", log), log


def test_raspi4b(board):
    """Spin table, GIC-400, the mini UART as console; off by the board's power manager."""
    machine = board("raspi4b", "bcm2711-rpi-4-b.dtb", NOT_THERE, timeout=150)
    assert machine.run("cat /proc/device-tree/model").startswith("Raspberry Pi 4 Model B")
    check_cpus(machine)
    check_user_vm(machine)
    check_log(machine)
    machine.power_off()


@pytest.mark.soak
def test_raspi4b_reset(board):
    """The PL011 as second console, told by its alias; a reset by the board's power manager."""
    machine = board("raspi4b", "bcm2711-rpi-4-b.dtb", NOT_THERE, timeout=150,
                    hyp_append="console2=serial0", no_reboot=True)
    machine.send("reboot -f\n")
    assert machine.end() == 3


@pytest.mark.soak
def test_zcu102(board):
    """PSCI by QEMU, GIC-400, Cadence's UART."""
    machine = board("xlnx-zcu102", "zynqmp-zcu102-rev1.0.dtb", timeout=150)
    assert machine.run("cat /proc/device-tree/model").startswith("ZynqMP ZCU102")
    check_cpus(machine)
    check_user_vm(machine)
    check_log(machine)
    machine.power_off()
