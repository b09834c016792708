# SPDX-License-Identifier: BSD-2-Clause
"""Bad ACPI firmware, and firmware with a parking protocol of its own: tests/firmware/acpifw.c changes
the tables that UEFI has, then Caisson is started; one run of UEFI's shell does this many times."""

import os
import re
import sys
from dataclasses import dataclass, field

import pytest

from machine import BANNER, BUILD, ROOT, check_dmesg
from test_ports import Port

sys.path.insert(0, os.path.join(ROOT, "tools"))
import esp  # noqa: E402

ACPIFW = os.path.join(BUILD, "target/tests/firmware/acpifw.img")
CANNOT = "caisson: cannot start: "
NEWER = "Caisson cannot start on it; is there newer firmware?"

# What acpifw does to the tables: what Caisson says to it while there is firmware to go back to.
BAD = {
    "rsdp-none": "firmware gives neither ACPI tables nor a device tree: name a device tree",
    "rsdp-elsewhere": rf"ACPI: the RSDP is not in firmware's memory \(RSDP at 0x[0-9a-f]+\): {NEWER}",
    "rsdp-sum": "ACPI: there is no RSDP where firmware says, or its checksum is wrong",
    "xsdt-sum": "ACPI: the XSDT's checksum is wrong, or it is longer than any machine's",
    "xsdt-long": "ACPI: the XSDT is not in firmware's memory or ends early",
    "xsdt-self": "ACPI: there is no FADT, or it is in memory that UEFI does not keep",
    "madt-none": "ACPI: there is no MADT, or it is in memory that UEFI does not keep",
    "madt-sum": "ACPI: the MADT ends early, or its checksum is wrong",
    "madt-short": "ACPI: the MADT ends early, or its checksum is wrong",
    "madt-cut": "ACPI: an entry of the MADT is too short, or reaches beyond its end",
    "madt-zero": "ACPI: an entry of the MADT is too short, or reaches beyond its end",
    "madt-boot": r"ACPI: the MADT has no entry of the CPU this runs on \(MPIDR 0\)",
    "madt-two": "ACPI: there are two MADTs that contradict each other",
    "fadt-none": "ACPI: there is no FADT, or it is in memory that UEFI does not keep",
    "fadt-short": "ACPI: the FADT ends early",
    "fadt-sum": "ACPI: the FADT ends early, or its checksum is wrong",
}


@dataclass
class Case:
    """CPUs that payload=kernel counts, and why the others are left out."""
    used: int
    left_out: dict = field(default_factory=dict)
    also: str = ""


PARKING = "parking protocol: "
RESERVED = f"{PARKING}its mailbox is not in memory that firmware has reserved"
MAILBOXES = {4: f"{PARKING}its mailbox is not at the start of a page",
             5: f"{PARKING}an earlier CPU has the same mailbox", 6: RESERVED,
             7: f"{PARKING}its mailbox is of a version that is not known"}
BAD_MAILBOXES = "unaligned shared outside version"
COUNTED = {
    "xsdt-loop": Case(8),
    "no-psci": Case(1, dict.fromkeys(range(1, 8), "neither PSCI nor a parking protocol")),
    "park": Case(8),
    "park-polling gicd-nowhere": Case(8, also="parked CPUs cannot be woken by interrupt: the MADT's"),
    "park-polling gicd-ram": Case(8, also="parked CPUs cannot be woken by interrupt: the MADT's"),
    f"park ram gone {BAD_MAILBOXES}": Case(2, {
        2: RESERVED, **MAILBOXES,
        3: f"{PARKING}it did not arrive within 5 s: it did not look into its mailbox"}),
}


def make_disk(tmp_path, image, files, script):
    """A disk with the script of UEFI's shell, Caisson in folders that have a caisson.cfg each."""
    disk = {"acpifw.efi": ACPIFW}

    def put(name, text):
        path = tmp_path / name.replace("/", "-")
        path.write_text(text)
        disk[name] = str(path)

    for folder, (config, named) in files.items():
        disk[f"{folder}/caisson.efi"] = image
        disk.update(named)
        put(f"{folder}/caisson.cfg", config)
    put("startup.nsh", "@echo -off\nfs0:\n" + script)
    path = tmp_path / "esp.img"
    esp.write(str(path), disk)
    return path


COUNT = {"count": ("kernel = \\acpifw.efi\ncmdline = count\n", {})}


def debian(service_vm, options="view=plain"):
    return {"debian": (
        f"kernel = \\vmlinuz\ninitrd = \\initrd\ncmdline = quiet acpi.test=3\noptions = {options}\n",
        {"vmlinuz": f"{service_vm}/vmlinuz", "initrd": f"{service_vm}/initrd"})}


def check_left_out(text, left_out):
    told = dict(re.findall(r"CPU 0x([0-9a-f]+) left out: ([^\r\n]*)", text))
    assert sorted(told) == [f"{number:x}" for number in sorted(left_out)], text
    for number, words in left_out.items():
        assert told[f"{number:x}"].startswith(words), told


def begin(start, path, **options):
    machine = start(uefi="acpi", esp=path, timeout=200, **options)
    run_script(machine)
    return machine


def run_script(machine):
    machine.expect("any other key to continue")
    machine.send(" ")


def test_tables(start, tmp_path, image, service_vm):
    """Bad tables lead back to firmware; CPUs that can be started are, by firmware's parking protocol,
    too: for a kernel that counts them, then for the hypervisor, and Debian on it."""
    script = ""
    for number, option in enumerate(BAD):
        script += f"acpifw.efi {option}\n\\count\\caisson.efi\necho end of {number}: %lasterror%\n"
    for number, option in enumerate(COUNTED):
        script += (f"acpifw.efi {option}\n\\count\\caisson.efi payload=kernel\n"
                   f"echo end of counted {number}\n")
    script += f"acpifw.efi park {BAD_MAILBOXES}\n\\debian\\caisson.efi\n"
    path = make_disk(tmp_path, image, {**COUNT, **debian(service_vm)}, script)
    machine = begin(start, path, cpus=8)
    for number, words in enumerate(BAD.values()):
        machine.expect(CANNOT + words)
        assert machine.expect(rf"end of {number}: (\w+)\s").group(1) == "0x3", words  # unsupported
    for number, (option, case) in enumerate(COUNTED.items()):
        machine.expect(f"end of counted {number}\r")
        text = machine.before()
        assert f"COUNT {case.used} of {case.used} CPUs" in text, f"{option}: {text}"
        check_left_out(text, case.left_out)
        assert case.also in text
    assert machine.expect(BANNER).group(1) == "4"
    check_left_out(machine.before(), MAILBOXES)
    machine.login()
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-3"
    assert machine.run("cat /proc/cmdline") == "quiet acpi.test=3"
    check_dmesg(machine)


def test_other_port(start, tmp_path, image, service_vm):
    """The SPCR names the board's other PL011, which Debian's firmware uses where there is one: Caisson
    and its service VM's console are there, and the first is the service VM's own."""
    path = make_disk(tmp_path, image, debian(service_vm),
                     "acpifw.efi spcr-other\n\\debian\\caisson.efi\n")
    machine = start(uefi="acpi", esp=path, timeout=200, cpus=2,
                    serial=f"unix:{tmp_path}/port,server=on,wait=on")
    port = Port(machine, tmp_path / "port")
    run_script(port)
    assert port.expect(BANNER).group(1) == "2"
    assert "console 1: PL011 at 0x9040000, interrupt 40" in port.before()
    port.login()
    log = "\n".join(check_dmesg(port))
    assert "SPCR: console: pl011,mmio32,0x9040000" in log
    assert re.search(r"ttyAMA\d at MMIO 0x9000000", log)
    port.send("poweroff -f\n")
    assert machine.end() == 0


@pytest.mark.soak
def test_debian_itself(start, tmp_path, image, service_vm):
    """Debian without Caisson's hypervisor on CPUs that firmware has parked."""
    path = make_disk(tmp_path, image, debian(service_vm, "payload=kernel"),
                     "acpifw.efi park\n\\debian\\caisson.efi\n")
    machine = begin(start, path, cpus=4)
    machine.expect("payload=kernel: 4 CPUs")
    machine.login()
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-3"
    check_dmesg(machine)
