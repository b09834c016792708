# SPDX-License-Identifier: BSD-2-Clause
"""A machine with a GICv2 that has virtualisation extensions: the service VM on it, its interrupts
on all CPUs; a user VM, which has a GICv2 too. The same with ACPI tables."""

import re
import struct

import pytest

from machine import (BUILD, PROMPT, UNLIKE_HOSTS, assemble_service_vm, check_caisson,
                     check_dmesg)

DISK_MIB = 4
HUGE_PAGES = 272
GUEST_MEMORY = "512M"


@pytest.fixture(scope="session")
def debian_vm(service_vm):
    """A service VM with caisson and Debian's kernel and initial RAM disk."""
    programs = {f"{BUILD}/target/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    guest = {f"{service_vm}/{name}": f"guests/{name}" for name in ("vmlinuz", "initrd")}
    guest[f"{BUILD}/target/tests/guest/gicv2.img"] = "guests/gicv2.img"
    return assemble_service_vm([], "servicevm-gicv2", programs | guest)


def counts(machine, cpus, pattern):
    """Of the lines of /proc/interrupts that the pattern matches, added up, for each CPU."""
    lines = [line.split(":")[1].split() for line in
             machine.run("cat /proc/interrupts").splitlines() if re.search(pattern, line)]
    return [sum(int(line[cpu]) for line in lines) for cpu in range(cpus)]


def check_disk(machine, cpus):
    """The disk's interrupt comes where it is sent."""
    number = machine.run("grep -o '^ *[0-9]*:.*virtio0' /proc/interrupts").split(":")[0].strip()
    for cpu in range(cpus):
        before = counts(machine, cpus, "virtio0")
        machine.run(f"echo {1 << cpu:x} >/proc/irq/{number}/smp_affinity")
        machine.run("echo 3 >/proc/sys/vm/drop_caches; cat /dev/vda >/dev/null")
        after = counts(machine, cpus, "virtio0")
        assert after[cpu] > before[cpu], f"no interrupt of the disk on CPU {cpu}"
        others = [i for i in range(cpus) if i != cpu and after[i] > before[i] + 2]
        assert not others, f"{before}, {after}: not on CPU {cpu} alone"


def check_sgis(machine, cpus):
    """Every CPU hears of every other, often."""
    before = counts(machine, cpus, "IPI[01]:")
    pipes = "(dd if=/dev/zero bs=64 count=20000 | dd of=/dev/null bs=64) 2>/dev/null"
    machine.run("for i in 1 2 3 4 5 6 7 8; do " + pipes + " & done; wait")
    after = counts(machine, cpus, "IPI[01]:")
    assert all(after[i] > before[i] for i in range(cpus)), f"{before}, {after}"
    assert sum(after) > sum(before) + 50, f"{before}, {after}"


def check_user_vm(machine):
    """All that a GICv2 has, by a payload; then Debian in a user VM: its timers, which are memory-mapped
    here, its CPUs' calls of each other, its console's interrupt."""
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages")
    output = machine.run("caisson run --mem 64M --cpus 3 --kernel /guests/gicv2.img </dev/null",
                         timeout=200)
    assert re.search(r"DONE passed=[1-9]\d* failed=0", output), output
    machine.run(UNLIKE_HOSTS)
    machine.send(f"caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 3 --mem "
                 f"{GUEST_MEMORY} --migratable /tmp/set --append quiet; echo st\"\"atus=$?\n")
    machine.expect("A root shell follows")
    machine.login()
    assert machine.run("cat /proc/device-tree/model").startswith("Caisson virtual machine")
    said = machine.run("cat /proc/interrupts")
    assert "GIC-0" in said and "arch_mem_timer" in said, said
    check_sgis(machine, 3)
    machine.run("echo 0 >/sys/devices/system/cpu/cpu1/online")
    machine.run("echo 1 >/sys/devices/system/cpu/cpu1/online")
    machine.send("poweroff -f\n")
    machine.expect(r"status=0\r")
    machine.expect(PROMPT)
    assert "up to 8 vCPUs" in machine.run("caisson run --kernel /guests/vmlinuz --cpus 9 2>&1",
                                          status=None)


def test_debian(start, debian_vm, tmp_path):
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(DISK_MIB << 20))
    machine = start(gic=2, cpu="cortex-a72", cpus=4, memory="2G", drive=str(disk), append="quiet",
                    kernel=f"{debian_vm}/vmlinuz", initrd=f"{debian_vm}/initrd", timeout=400)
    machine.login()
    check_caisson(machine)
    check_dmesg(machine)
    assert "GIC-0" in machine.run("cat /proc/interrupts")
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-3"
    assert machine.run("ls -d /proc/device-tree/intc*/v2m*", status=None).startswith("ls:")
    check_sgis(machine, 4)
    check_disk(machine, 4)
    # A CPU goes and comes back: what was its own is another's meanwhile.
    machine.run("echo 0 >/sys/devices/system/cpu/cpu3/online")
    machine.run("echo 3 >/proc/sys/vm/drop_caches; cat /dev/vda >/dev/null")
    machine.run("echo 1 >/sys/devices/system/cpu/cpu3/online")
    check_sgis(machine, 4)
    check_user_vm(machine)
    machine.power_off()


def test_acpi(start, debian_vm):
    """The MADT tells where the GICv2 is; the service VM's has no more than a guest can use."""
    machine = start(uefi="acpi", gic=2, cpu="cortex-a72", cpus=4, memory="2G", append="quiet",
                    kernel=f"{debian_vm}/vmlinuz", initrd=f"{debian_vm}/initrd", timeout=300)
    machine.login()
    check_dmesg(machine)
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-3"
    assert "GIC-0" in machine.run("cat /proc/interrupts")
    check_sgis(machine, 4)
    madt = bytes.fromhex(machine.run("od -An -v -tx1 /sys/firmware/acpi/tables/APIC")
                         .replace("\n", " "))
    kinds, at = [], 44
    while at < len(madt):
        entry = madt[at:at + madt[at + 1]]
        kinds.append(entry[0])
        if entry[0] == 0x0b:  # GICC: the CPU interface, no GICV, no GICH, no maintenance interrupt
            assert struct.unpack_from("<QQQI", entry, 32) == (0x08010000, 0, 0, 0)
        elif entry[0] == 0x0c:
            assert entry[20] == 2
        at += len(entry)
    assert sorted(kinds) == [0x0b] * 4 + [0x0c]
    machine.power_off()


@pytest.mark.soak
def test_acpi_kernel(boot):
    """payload=kernel there: all CPUs by the parking protocol, whose SGI is a GICv2's."""
    machine = boot(uefi="acpi", gic=2, cpu="cortex-a72", cpus=8, append="quiet",
                   hyp_append="payload=kernel")
    machine.expect("payload=kernel: 8 CPUs, mailboxes at")
    machine.login()
    assert machine.run("nproc") == "8"
    assert "GICv2" in machine.run("cat /proc/interrupts")
    machine.power_off()
