# SPDX-License-Identifier: BSD-2-Clause
"""The incoherence checker (tests/coherency, docs/coherency.md): it finds each mistake that was put
in on purpose, and nothing where there is none."""

import collections
import os
import re
import subprocess

import pytest

from conftest import log_path
from machine import BUILD, ROOT, assemble_service_vm

TARGET = os.path.join(BUILD, "target")
CHECKER = os.path.join(BUILD, "host", "tests", "coherency", "coherency.so")
PAYLOADS = os.path.join(TARGET, "tests", "coherency")
# What the CPUs say that they need: the first all of it; no cleaning to the point of unification
# (CLIDR_EL1.LoUU and LoUIS are 0, which Linux goes by); no maintenance of instruction caches at all
# (CTR_EL0.IDC and DIC).
OPTIONS = {"cortex-a72": "", "neoverse-n1": ",idc=on", "max": ",idc=on,dic=on"}
FINDING = re.compile(r"coherency: ([a-z-]+): CPU (\d+) at EL(\d) ([a-z ]+) 0x([0-9a-f]+), "
                     r"physical 0x([0-9a-f]+)(?:, instruction ([0-9a-f]{8}))?; "
                     r"newest write by 0x([0-9a-f]+)$")
END = re.compile(r"coherency: end: (\d+) found; (\d+) maintenance instructions, (\d+) of them at "
                 r"unmapped addresses, (\d+) by set/way; (\d+) blocks translated, (\d+) machine "
                 r"resets, (\d+) overflows$")
PAGE = 4096
SHOWN = 100  # findings that have a line of their own, at most

Finding = collections.namedtuple("Finding", "kind cpu el does va pa insn writer")
End = collections.namedtuple("End", "found maintenance unmapped set_way blocks resets overflows")


@pytest.fixture
def checked(start, request):
    """A function that starts a machine with the checker; report() of the machine that it gives,
    after its end, are the findings and the last line's numbers."""
    if not os.path.exists(CHECKER):
        pytest.fail(f"{CHECKER} is missing: tools/build host", pytrace=False)
    path = os.path.splitext(log_path(request))[0] + ".coherency"

    def start_one(*arguments, options="", **others):
        if os.path.exists(path):
            os.unlink(path)
        machine = start(*arguments, plugin=f"{CHECKER},report={path}{options}", **others)
        machine.report = lambda: drop_polled(*read_report(path))
        return machine

    return start_one


def read_report(path):
    with open(path, encoding="ascii") as file:
        *lines, last = file.read().splitlines()
    end = END.match(last)
    assert end, last
    findings = []
    for line in lines:
        found = FINDING.match(line)
        assert found, line
        kind, cpu, el, does, va, pa, insn, writer = found.groups()
        findings.append(Finding(kind, int(cpu), int(el), does, int(va, 16), int(pa, 16), insn,
                                int(writer, 16)))
    end = End(*map(int, end.groups()))
    assert len(findings) == min(end.found, SHOWN)
    return findings, end


def drop_polled(findings, end):
    """A CPU that waits at its mailbox with its MMU off reads it again and again, also between the
    hypervisor's writing there (hyp_main) and its cleaning. Either value is right."""
    symbols = subprocess.run(["nm", "-S", f"{TARGET}/hyp/hyp.elf"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    first, size = (int(number, 16) for number in
                   re.search(r"^([0-9a-f]+) ([0-9a-f]+) T hyp_main$", symbols, re.M).groups())
    return [finding for finding in findings
            if not (finding.kind == "read-past-caches" and finding.el == 2
                    and first <= finding.writer < first + size)], end


def nothing_found(machine):
    """The checker was at work, and found nothing."""
    findings, end = machine.report()
    assert not findings, "\n".join(map(str, findings))
    assert end.maintenance > 0 and end.blocks > 1000, end
    return end


# ---- mistakes ---------------------------------------------------------------------------------


def cases(machine):
    """[(name, kind, address), …) as a payload announces them."""
    with open(machine.log, encoding="utf-8", errors="replace") as file:
        found = re.findall(r"^CASE ([a-z-]+) ([a-z-]+) 0x([0-9a-f]+)\r*$", file.read(), re.M)
    return [(name, kind, int(address, 16)) for name, kind, address in found]


def test_faults(checked):
    """Bare, at EL1: each mistake is found, where it is and as what it is, and no other."""
    machine = checked(kernel=f"{PAYLOADS}/faults.img", bare=True, cpu="cortex-a72", memory="256M",
                      timeout=60, no_reboot=True)
    machine.expect(r"DONE passed=2 failed=0")
    assert machine.end() == 0
    findings, _ = machine.report()
    listed = cases(machine)
    assert len(listed) == 20
    seen = {(finding.kind, finding.pa // PAGE * PAGE) for finding in findings}
    expected = {(kind, address) for _, kind, address in listed if kind != "fine"}
    assert seen == expected, listed


# What is found in a hypervisor with a mistake in its maintenance (tests/coherency/mutate).
MUTANTS = {
    "no-clean": {"not-cleaned"},
    "no-invalidate": {"not-invalidated"},
    "wrong-order": {"not-invalidated"},
    "no-barrier-between": {"not-invalidated"},
    "no-barrier-after": {"invalidation-incomplete"},
    "short-range": {"not-cleaned"},
    "pou-for-poc": {"fetch-past-caches", "read-past-caches"},
}


def run_uvm(checked, image, **others):
    """A payload makes a user VM and changes its memory before it has it and after."""
    machine = checked(kernel=f"{PAYLOADS}/uvm.img", image=image, memory="256M", timeout=100,
                      no_reboot=True, **others)
    machine.expect(r"DONE passed=3 failed=0")
    assert machine.end() == 0
    return machine


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutant(checked, mutant):
    """Each mistake of EL2 shows, and shows in the guest."""
    machine = run_uvm(checked, f"{PAYLOADS}/caisson-{mutant}.img", cpu="cortex-a72")
    findings, _ = machine.report()
    assert {finding.kind for finding in findings} == MUTANTS[mutant]
    assert all(finding.el == 1 and finding.va >> 22 == 0x40000000 >> 22 for finding in findings)


@pytest.mark.parametrize("cpu", ["cortex-a72", "neoverse-n1", "max"])
def test_uvm(checked, image, debug_image, cpu):
    """EL2 without a mistake; on max, which needs nothing but cleaning to coherency, too."""
    for build in image, debug_image:
        machine = run_uvm(checked, build, cpu=cpu, options=OPTIONS[cpu])
        end = nothing_found(machine)
        assert end.maintenance > 2 * 32768, end


# ---- what runs --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def jit_vm():
    """A service VM with JITs, and the same as user VM in it."""
    scripts = os.path.join(ROOT, "tests", "coherency")
    added = {f"{PAYLOADS}/jit": "bin/jit", f"{scripts}/jit.lua": "root/jit.lua"}
    guest = assemble_service_vm(["luajit"], "servicevm-jit", added)
    added.update({f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
                  f"{guest}/vmlinuz": "guests/vmlinuz", f"{guest}/initrd": "guests/initrd"})
    return assemble_service_vm(["luajit"], "servicevm-jit-host", added)


def run_jits(machine):
    assert machine.run("luajit /root/jit.lua", 60).startswith("compiled")
    assert machine.run("jit 300 good", 60).startswith("jit: 0x")


def test_debian(checked, jit_vm):
    """Debian in the service VM and in a user VM, each with JITs at work; the user VM resets; at the
    end a program that leaves its maintenance out is found, in the user VM."""
    machine = checked(kernel=f"{jit_vm}/vmlinuz", initrd=f"{jit_vm}/initrd", append="quiet",
                      memory="2G", cpus=2, cpu="cortex-a72", timeout=400)
    machine.login()
    run_jits(machine)
    machine.run("echo 272 >/proc/sys/vm/nr_hugepages")
    machine.send("caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 --mem 512M "
                 "--append quiet; echo st\"\"atus=$?\n")
    machine.expect("A root shell follows")
    machine.login()
    run_jits(machine)
    machine.send("reboot\n")
    machine.expect("A root shell follows")
    machine.login()
    run_jits(machine)
    page = int(re.match(r"jit: 0x([0-9a-f]+)$", machine.run("jit 3 bad"))[1], 16)
    machine.send("poweroff -f\n")
    machine.expect(r"status=0\r")
    machine.login()
    machine.power_off()
    findings, end = machine.report()
    assert {(finding.kind, finding.el, finding.va // PAGE * PAGE) for finding in findings} == \
        {("not-cleaned", 0, page)}, "\n".join(map(str, findings))
    assert end.maintenance > 1_000_000, end


def test_reset(checked, service_vm):
    """The service VM resets the machine."""
    machine = checked(kernel=f"{service_vm}/vmlinuz", initrd=f"{service_vm}/initrd",
                      append="quiet", memory="512M", cpus=2, cpu="neoverse-n1", timeout=200,
                      options=OPTIONS["neoverse-n1"])
    machine.login()
    machine.send("reboot -f\n")
    machine.login()
    machine.power_off()
    assert nothing_found(machine).resets == 1


@pytest.fixture(scope="session")
def firmware_vm():
    """A service VM with Debian's U-Boot and UEFI firmware for its user VMs."""
    folder = os.path.join(BUILD, "firmware")
    subprocess.run([os.path.join(ROOT, "tools", "fetch"), "extract", folder, "u-boot-qemu",
                    "qemu-efi-aarch64"], check=True)
    return assemble_service_vm([], "servicevm-coherency-firmware", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        f"{folder}/usr/lib/u-boot/qemu_arm64/u-boot.bin": "fw/u-boot.bin",
        f"{folder}/usr/share/qemu-efi-aarch64/QEMU_EFI.fd": "fw/QEMU_EFI.fd"})


def start_firmware(checked, firmware_vm, options):
    machine = checked(kernel=f"{firmware_vm}/vmlinuz", initrd=f"{firmware_vm}/initrd",
                      append="quiet", memory="1G", cpus=1, cpu="cortex-a72", timeout=300)
    machine.login()
    machine.run("echo 144 >/proc/sys/vm/nr_hugepages")
    machine.send(f"caisson run {options}; echo st\"\"atus=$?\n")
    return machine


def end_firmware(machine, command):
    machine.send(command)
    machine.expect(r"status=0\r")
    machine.login()
    machine.power_off()
    nothing_found(machine)


def test_uboot(checked, firmware_vm):
    """U-Boot in a user VM: it relocates itself, turns its caches on, and resets."""
    machine = start_firmware(checked, firmware_vm, "--firmware /fw/u-boot.bin --mem 128M")
    for command in "reset\n", None:
        machine.expect("Hit any key to stop autoboot")
        machine.send("\n")
        machine.expect("=> ")
        if command:
            machine.send(command)
    end_firmware(machine, "poweroff\n")


def test_uefi(checked, firmware_vm):
    """UEFI firmware in a user VM, to its shell."""
    machine = start_firmware(checked, firmware_vm, "--firmware /fw/QEMU_EFI.fd --mem 256M")
    machine.expect("Shell> ")
    end_firmware(machine, "reset -s\r")
