# SPDX-License-Identifier: BSD-2-Clause
"""A machine of which ACPI tables tell, and no device tree: the service VM has tables of its own."""

import os
import re

import pytest

from machine import BANNER, BUILD, assemble_service_vm, check_dmesg

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
                 r"ACPI: PCI: Interrupt link L003 configured"):
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
