# SPDX-License-Identifier: BSD-2-Clause
"""ACPI tables and device trees of QEMU and Debian, read and rewritten. iasl and dtc are the referees:
what is rewritten disassembles cleanly and differs in just the fields that were meant."""

import difflib
import os
import re
import subprocess

import pytest

import firmware

REWRITE = os.path.join(firmware.ROOT, "build/host/tests/tables/rewrite")
MAILBOXES = 0x60000000
EVENT_LINE = 0x123456000
MACHINES = {  # options of QEMU's virt, CPUs
    "gicv3": ("gic-version=3,virtualization=on", 4),
    "gicv2": ("gic-version=2,virtualization=on,its=off", 8),
    "hvc": ("gic-version=3,its=off", 1),
}
SAVED = {"edk2": ("edk2-gicv2.txt", 4)}
GICV2 = ("gicv2", "edk2")
GONE = ("BGRT", "DBG2", "IORT")  # from the service VM's tables
ADDED = ("CAIS", "SSDT", "STAO")


def rewrite(*arguments):
    done = subprocess.run([REWRITE, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def changes(old, new):
    """Lines that went, and lines that came."""
    lines = [line for line in difflib.unified_diff(old, new, lineterm="", n=0)
             if not line.startswith(("---", "+++", "@@"))]
    return ([line[1:] for line in lines if line[0] == "-"],
            [line[1:] for line in lines if line[0] == "+"])


# ---- ACPI -------------------------------------------------------------------------------------


def disassemble(path, signature):
    """Field names and values; a complaint of iasl's fails the test."""
    data = path + ".aml"
    with open(path, "rb") as source, open(data, "wb") as copy:
        copy.write(source.read())
    done = subprocess.run(["iasl", "-p", path + ".out", "-d", data], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert not re.search(r"error|warning|incorrect|invalid", done.stdout, re.I), done.stdout
    [name] = [name for name in (path + ".dsl", path + ".out.dsl", os.path.splitext(path)[0] + ".dsl")
              if os.path.exists(name)]
    with open(name, encoding="ascii", errors="replace") as file:
        text = file.read()
    os.unlink(name)
    assert f"[{signature}]" in text
    assert not re.search(r"\*\*\*|incorrect|invalid|unknown|should be", text, re.I), text
    # Without offsets, so that entries that were left out do not shift the rest.
    body = text[text.index("*/"):].split("Raw Table Data")[0]
    return [re.sub(r"^\[[^]]*\]\s*", "", line).strip() for line in body.splitlines() if line]


def field(line):
    name, _, value = line.partition(" : ")
    return name.strip(), value.split()[0] if value.split() else ""


def fields(lines):
    return [field(line) for line in lines if line]


@pytest.fixture(name="tables", scope="module", params=sorted({**MACHINES, **SAVED}))
def tables_fixture(request, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp(request.param))
    if request.param in SAVED:
        saved, cpus = SAVED[request.param]
        memory, place, rsdp = firmware.saved_acpi(saved)
    else:
        machine, cpus = MACHINES[request.param]
        memory, place, rsdp = firmware.qemu_acpi("virt," + machine, cpus)
    with open(os.path.join(folder, "memory"), "wb") as file:
        file.write(memory)
    words = rewrite("acpi", os.path.join(folder, "memory"), place, rsdp, 0, folder)
    return request.param, cpus, folder, words


def pair(folder, signature, suffix, name=None):
    name = name or signature
    return changes(disassemble(f"{folder}/{name}.old", signature),
                   disassemble(f"{folder}/{name}.{suffix}", signature))


def test_read(tables):
    name, cpus, _, words = tables
    hvc = name == "hvc"
    assert words[0] == f"psci 1 version 2 conduit {2 if hvc else 1} cpu_on 0 problem -"
    assert words[1] == f"cpus {cpus} beyond 0 disabled 0 boot 0"
    for i in range(cpus):
        assert words[2 + i].startswith(f"cpu {i and hex(i)} psci - 0 uid {i} shares 0 problem -")
    rest = "\n".join(words[2 + cpus:])
    if name in GICV2:
        assert ("gic 2 gicd 0x8000000 gicc 0x8010000 gicv 0x8040000 gich 0x8030000 "
                "maintenance 25 msi 1") in rest
    else:
        assert "gic 3 gicd 0x8000000 gicc 0 gicv 0 gich 0" in rest
        assert "gicr 0x80a0000 0xf60000" in rest
    assert ("its 0x8080000" in rest) == (name not in GICV2)
    assert f"fadt headless 0 reduced 1 psci 1 hvc {int(hvc)}" in rest
    assert "spcr kind 1 base 0x9000000 intid 33" in rest
    assert "gtdt phys 30 virt 27 hyp 26" in rest


def test_parking(tables):
    """MADT and FADT for a kernel that starts CPUs by the parking protocol."""
    _, cpus, folder, _ = tables
    went, came = pair(folder, "APIC", "new")
    wanted = []
    for i in range(1, cpus):
        wanted += [("Parking Protocol Version", "00000001"),
                   ("Parked Address", f"{MAILBOXES + 0x1000 * i:016X}")]
    came = fields(came)
    assert [name for name, _ in came] == [name for name, _ in fields(went)]
    assert [entry for entry in came if entry[0] != "Checksum"] == wanted
    went, came = pair(folder, "FACP", "new")
    assert {name for name, _ in fields(came)} <= {
        "Checksum", "ARM Flags (decoded below)", "PSCI Compliant", "Must use HVC for PSCI"}
    assert ("PSCI Compliant", "0") in fields(came)
    assert len(went) == len(came)


def test_others_untouched(tables):
    """But for those that a guest is not shown."""
    _, _, folder, _ = tables
    for name in os.listdir(folder):
        signature, _, suffix = name.partition(".")
        if suffix != "old" or signature in ("APIC", "FACP", "SPCR", "ROOT"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            old = file.read()
        for other in ("new", "guest"):
            path = os.path.join(folder, f"{signature}.{other}")
            if other == "guest" and signature in GONE:
                assert not os.path.exists(path)
                continue
            with open(path, "rb") as file:
                assert file.read() == old


def test_guest(tables):
    """MADT, FADT, SPCR, STAO and the token's table for the service VM."""
    name, _, folder, words = tables
    went, came = pair(folder, "APIC", "guest")
    gone = {"Virtual GIC Base Address", "Hypervisor GIC Base Address", "Virtual GIC Interrupt"}
    for field_name, value in fields(came):
        assert field_name in ("Table Length", "Checksum") or (
            field_name in gone and int(value, 16) == 0), field_name
    new = disassemble(f"{folder}/APIC.guest", "APIC")
    assert not [line for line in new if "Translation" in line or "MSI Frame" in line]
    assert bool([line for line in went if "Translation" in line]) == (name not in GICV2)
    assert bool([line for line in went if "MSI Frame" in line]) == any(
        word.endswith("msi 1") for word in words)
    _, came = pair(folder, "FACP", "guest")
    assert {entry for entry in fields(came) if entry[0] != "Checksum"} <= {
        ("ARM Flags (decoded below)", "0003"), ("Must use HVC for PSCI", "1")}
    flags = dict(fields(disassemble(f"{folder}/FACP.guest", "FACP")))
    assert flags["PSCI Compliant"] == "1" and flags["Must use HVC for PSCI"] == "1"
    _, came = pair(folder, "SPCR", "guest")
    allowed = {"Checksum", "Oem ID", "Oem Table ID", "Oem Revision", "Asl Compiler ID",
               "Asl Compiler Revision", "Baud Rate", "Flow Control", "Terminal Type"}
    assert {field_name for field_name, _ in fields(came)} <= allowed
    stao = dict(fields(disassemble(f"{folder}/STAO.guest", "STAO")))
    assert stao["Ignore UART"] == "01" and stao["Table Length"] == "00000025"
    with open(f"{folder}/CAIS.guest", "rb") as file:
        own = file.read()
    assert len(own) == 60 and own[36:52] == b"sixteen secret b"
    assert int.from_bytes(own[52:], "little") == EVENT_LINE


def iasl(*arguments):
    done = subprocess.run(["iasl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    assert done.returncode == 0 and not re.search(r"[1-9]\d* (Error|Warning)", done.stdout), \
        done.stdout


def code_of(aml):
    """ASL of a table, without comments, on one line."""
    iasl("-d", aml)
    with open(os.path.splitext(aml)[0] + ".dsl", encoding="ascii") as file:
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", file.read(), flags=re.S)
    return " ".join(text.split())


def test_ssdt(tables):
    """The PL011s that are added, as iasl reads them, and that it takes for ASL."""
    _, _, folder, _ = tables
    with open(f"{folder}/SSDT.guest", "rb") as source, open(f"{folder}/s.aml", "wb") as copy:
        copy.write(source.read())
    text = code_of(f"{folder}/s.aml")
    for name, base, intid in (("CAEV", EVENT_LINE, 400), ("CACO", 0x7f000000, 401)):
        assert (f'Device ({name}) {{ Name (_HID, "ARMH0011") Name (_UID, "{name}") Name (_CRS, '
                "ResourceTemplate () { QWordMemory (ResourceConsumer, PosDecode, MinFixed, "
                f"MaxFixed, NonCacheable, ReadWrite, 0x{0:016X}, 0x{base:016X}, "
                f"0x{base + 0xfff:016X}, 0x{0:016X}, 0x{0x1000:016X}, ,, , AddressRangeMemory, "
                "TypeStatic) Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive, ,, ) "
                f"{{ 0x{intid:08X}, }} }}) }}") in text, text
    assert text.count("Device (") == 2 and text.count("Scope (\\_SB)") == 1
    iasl("-p", f"{folder}/again", f"{folder}/s.dsl")
    assert code_of(f"{folder}/again.aml") == text


def test_survey(tables):
    """What QEMU's DSDT names: its devices' interrupts, and the highest PCI window."""
    name, _, _, words = tables
    if name in SAVED:
        return
    words = words[-1].split()
    assert words[:5] == ["dsdt", "top", "0x10000000000", "console", "1"]
    free = set(map(int, words[6:]))
    # PL011, PL061 or GED, PCI's lines, virtio-mmio.
    assert not free & {33, *range(35, 39), *range(48, 80)}
    assert len(free) > 700 and {287, 1019} <= free


def test_root(tables):
    _, _, folder, _ = tables
    old = fields(disassemble(f"{folder}/ROOT.old", "XSDT"))
    gone = sum(os.path.exists(f"{folder}/{name}.old") for name in GONE)
    for suffix, more in (("new", 0), ("guest", len(ADDED) - gone)):
        new = fields(disassemble(f"{folder}/ROOT.{suffix}", "XSDT"))
        entries = [entry for entry in new if entry[0].startswith("ACPI Table Address")]
        assert len(entries) == more + len([entry for entry in old
                                           if entry[0].startswith("ACPI Table Address")])


# ---- device trees -----------------------------------------------------------------------------


def lines_of(path):
    """The properties and reservations of a tree, each with the path of its node, and the nodes."""
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-s", path], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    nodes, lines = [], set()
    for line in map(str.strip, text.splitlines()):
        if line.endswith("{"):
            nodes.append(line[:-1].strip())
            lines.add("/".join(nodes)[1:] or "/")
        elif line == "};":
            nodes.pop()
        elif line:
            lines.add("/".join(nodes)[1:] + ": " + line)
    return lines


def compare_trees(old, new, cpus, boot):
    """Everything that went and came belongs to CPUs' start, to PSCI or to the reservation."""
    old, new = lines_of(old), lines_of(new)
    for line in new - old:
        assert re.fullmatch(
            r"/cpus/\S+: (enable-method = \"spin-table\"|cpu-release-addr = <.*>);"
            r"|: /memreserve/\s+0x0*60000000 0x0*40000;|/reserved-memory(: .*)?"
            r"|/reserved-memory/mailboxes@60000000(: reg = <.*>;)?", line), line
    for line in old - new:
        assert re.fullmatch(
            r"/cpus/\S+: (enable-method|cpu-release-addr|cpu-idle-states|power-domain(s|-names)) = "
            r".*;|\S*/psci(/\S+)?(: .*)?", line), line
    releases = re.findall(r"/cpus/\S+: cpu-release-addr = <(\S+) (\S+)>", "\n".join(new))
    assert sorted(releases) == [("0x00", f"{MAILBOXES + 0x1000 * i + 8:#x}") for i in range(cpus)
                                if i != boot]
    return old - new


def test_qemu_trees(tmp_path):
    paths = []
    for name, (machine, cpus) in MACHINES.items():
        paths.append(str(tmp_path / f"{name}.dtb"))
        firmware.qemu_dtb("virt," + machine, cpus, paths[-1])
    words = "\n".join(rewrite("dtb", 0, tmp_path, *paths))
    assert words.count("psci 1 version 2 conduit 1") == 2
    assert words.count("psci 1 version 2 conduit 2") == 1
    assert words.count(" boot 0") == len(paths)
    for i, (_, cpus) in enumerate(MACHINES.values()):
        went = compare_trees(paths[i], str(tmp_path / str(i)), cpus, 0)
        assert "/psci" in went
        # QEMU's own tree of one CPU names no method.
        if cpus > 1:
            assert '/cpus/cpu@0: enable-method = "psci";' in went


def test_debian_trees(tmp_path):
    """All of Debian's can be read and rewritten; those of the Raspberry Pis, just as meant."""
    paths = firmware.debian_dtbs(str(tmp_path))
    assert len(paths) > 100
    words = "\n".join(rewrite("dtb", 0, tmp_path, *paths))
    reports = dict(re.findall(r"^tree (\S+)\n((?:(?!tree ).*\n?)*)", words, re.M))
    assert len(reports) == len(paths)
    for name, method in (("bcm2711-rpi-4-b", "spin-table"), ("bcm2837-rpi-3-b", "spin-table")):
        [number] = [i for i, path in enumerate(paths) if path.endswith(f"/{name}.dtb")]
        report = reports[paths[number]]
        assert "psci 0" in report and "cpus 4 beyond 0 disabled 0 boot 0" in report
        for i in range(4):
            assert re.search(rf"^cpu {i and hex(i)} spin-table {method} {0xd8 + 8 * i:#x} .* "
                             r"problem -$", report, re.M), report
        went = compare_trees(paths[number], str(tmp_path / str(number)), 4, 0)
        assert '/cpus/cpu@0: enable-method = "spin-table";' in went
    # Where a tree has CPUs for us, they are all startable, but for what the trees leave open.
    problems = re.findall(r"^cpu .* problem (?!-)(.*)$", words, re.M)
    assert set(problems) <= {"it has no enable-method",
                             "its enable-method is psci, and there is no PSCI node"}
