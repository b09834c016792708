# SPDX-License-Identifier: BSD-2-Clause
"""A machine of which ACPI tables tell, and no device tree: the service VM has tables of its own."""

import os
import re
import struct

import pytest

from machine import BANNER, BUILD, assemble_service_vm, check_dmesg, system_ram

TARGET = os.path.join(BUILD, "target")
TABLES = "/sys/firmware/acpi/tables"


@pytest.fixture(scope="session")
def acpi_vm():
    added = {f"{TARGET}/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    added.update({f"{TARGET}/tests/guest/{name}.img": f"guests/{name}.img" for name in ("psci", "smp")})
    return assemble_service_vm([], "servicevm-acpi", added)


def check_tables(machine):
    """What is Caisson's is there, for root only; what the service VM is not given is not."""
    tables = machine.run(f"ls {TABLES}").split()
    assert {"APIC", "CAIS", "DSDT", "FACP", "GTDT", "MCFG", "SPCR", "SSDT"} <= set(tables)
    assert not {"IORT", "DBG2", "BGRT", "STAO"} & set(tables)
    assert machine.run(f"stat -c '%a %s' {TABLES}/CAIS") == "400 60"
    assert machine.run("ls /proc/device-tree 2>/dev/null | wc -l") == "0"
    # No token in what the kernel shows of the way it was started.
    assert machine.run("stat -c %a /sys/firmware/fdt") == "400"


def check_log(machine):
    log = "\n".join(check_dmesg(machine))
    for text in (r"efi: EFI v2\.70 by Caisson", r"SMBIOS 3\.\d", "probing for conduit method from ACPI",
                 r"SPCR: console: pl011,mmio32,0x9000000", r"GICv3: CPU3: found redistributor 3",
                 r"smp: Brought up 1 node, 4 CPUs", r"CPU: All CPU\(s\) started at EL1",
                 r"ARMH0011:00: ttyAMA0 at MMIO 0x9000000", r"ARMH0011:01: ttyAMA1",
                 r"ACPI: PCI: Interrupt link L003 configured",
                 r"arch_timer: cp15 timer\(s\) running at [\d.]+MHz \(virt\)"):
        assert re.search(text, log), text


def test_service_vm(start, acpi_vm):
    """To a shell with all CPUs on firmware's console; a user VM's payloads, one of them with CPUs of
    its own, which need the event line."""
    machine = start(uefi="acpi", kernel=f"{acpi_vm}/vmlinuz", initrd=f"{acpi_vm}/initrd",
                    append="quiet", hyp_append="view=plain", cpus=4, memory="1G", timeout=250)
    assert machine.expect(BANNER).group(1) == "4"
    machine.expect("on Caisson: 4 CPUs")
    machine.login()
    check_log(machine)
    check_tables(machine)
    for options in ("--cpus 2 --kernel /guests/psci.img",
                    "--cpus 3 --dedicate 2,3 --kernel /guests/smp.img"):
        output = machine.run(f"caisson run --mem 64M {options} </dev/null", timeout=200)
        assert re.search(r"DONE passed=[1-9]\d* failed=0", output), output
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-3"
    assert "cannot" not in machine.run("cat /var/log/caissond.log")
    machine.power_off()


def read_table(machine, name):
    return bytes.fromhex(machine.run(f"od -An -v -tx1 {TABLES}/{name}").replace("\n", " "))


def check_parked(machine):
    """By the MADT all CPUs but the first are parked in memory that is not the kernel's; no PSCI."""
    arm_boot_flags = read_table(machine, "FACP")[129]
    madt = read_table(machine, "APIC")
    parked, at = [], 44
    while at < len(madt):
        if madt[at] == 0x0b:
            parked.append(struct.unpack_from("<IIQ", madt, at + 16)[::2])
        at += madt[at + 1]
    assert arm_boot_flags & 1 == 0
    assert parked[0] == (0, 0) and len(set(parked)) == 4
    assert all(version == 1 and address for version, address in parked[1:])
    for _, address in parked[1:]:
        assert not any(start <= address < end for start, end in system_ram(machine))


def test_kernel(boot):
    """payload=kernel: Debian has the machine, its RAM disk by LoadFile2, and starts its CPUs by the
    parking protocol."""
    machine = boot(uefi="acpi", cpus=4, append="quiet acpi.test=1", hyp_append="payload=kernel")
    machine.expect("payload=kernel: 4 CPUs, mailboxes at")
    machine.login()
    assert machine.run("nproc") == "4"
    assert machine.run("cat /proc/cmdline") == "quiet acpi.test=1"
    log = "\n".join(check_dmesg(machine))
    for text in ("psci: is not implemented in ACPI", r"CPU1: Booted secondary processor 0x0+1 ",
                 r"CPU2: Booted secondary", r"CPU3: Booted secondary",
                 r"smp: Brought up 1 node, 4 CPUs", r"CPU: All CPU\(s\) started at EL2"):
        assert re.search(text, log), text
    assert machine.run(f"ls {TABLES}/CAIS /proc/device-tree/cpus", status=None) \
        .count("No such file") == 2
    check_parked(machine)
    machine.power_off()
