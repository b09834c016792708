# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor's shell: every command once, beside a service VM and a user VM that run."""

import re

import pytest

from machine import assemble_service_vm
from test_uservm import files

PROMPT = "caisson>"
COMMANDS = ["help", "vms", "vcpu", "regs", "cpus", "mem", "map", "irq", "timers", "cache", "exits",
            "log", "trace", "boot", "version", "reboot", "poweroff"]
MORE = "-- more: Space, Enter, q --"
MEMORY_MIB = 64
SPIN_MS = 600_000  # longer than the test
WRONG = {
    "frob": r"no command 'frob': help lists what there is",
    "help frob": r"no command 'frob': help lists what there is",
    "panic-test undef": r"no command 'panic-test': help lists what there is",
    "regs": r"usage: regs VM\[\.VCPU\]",
    "vms 1": r"usage: vms",
    "regs 5": r"there is no VM 5: vms lists those that there are",
    "regs 16": r"there is no VM 16: vms lists those that there are",
    "regs svm.7": r"VM svm\.7 has 2 vCPUs, counted from 0",
    "regs vm": r"'vm' is no VM: svm or a number, and \.vCPU behind it",
    "map svm main": r"'main' is no address: 0x and digits, or a decimal number",
    "map svm pa 0": r"'pa' is not 'ipa'",
    "irq svm 5000": r"'5000' is no INTID of the VM: 0 to \d+",
    "exits maybe": r"'maybe' is neither on nor off",
    "trace maybe": r"'maybe' is not on, off or show",
    "trace show 0": r"'0' is no number of records",
    "log loud": r"'loud' is not error, warn, info, debug or all",
    "1 2 3 4 5 6 7 8 9": r"too many words: no command takes so many",
}


class Shell:
    """The shell's console on a terminal."""

    def __init__(self, terminal):
        self.terminal = terminal
        terminal.command_key("s")
        terminal.expect(f"^{PROMPT}$")

    def begin(self, line):
        """The line on an empty screen, with Enter."""
        t = self.terminal
        t.send("\x0c")
        t.wait(lambda: t.text().strip() == PROMPT and t.line(0) == PROMPT, "an empty screen")
        t.send(line + "\r")

    def say(self, line, end=f"{PROMPT}$"):
        """A command; gives what it says, which is not more than a screen."""
        self.begin(line)
        found = []

        def is_there():
            found[:] = [re.match(rf"{PROMPT} {re.escape(line)}\n((?s:.*?)){end}",
                                 self.terminal.text().rstrip("\n"))]
            return found[0]

        self.terminal.wait(is_there, f"the end of {line}")
        assert MORE not in found[0][1]
        return found[0][1]


def field(text, name):
    """A register's value in what `regs` says."""
    return int(re.search(rf"\b{name} +([0-9a-f]{{16}})\b", text)[1], 16)


@pytest.fixture
def shell(sit_down):
    """A shell beside a service VM and user VM 0; what the service VM says of its memory."""
    vm = assemble_service_vm([], "servicevm-payloads", files(["psci", "smp", "timer"]))
    # With page table isolation vectors are mapped elsewhere while user space runs.
    t = sit_down(cpus=2, cpu="cortex-a72", memory="1G", columns=90, rows=44, append="quiet kpti=0",
                 kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", timeout=200)
    t.expect(r"^Caisson [\d.]+ at EL2: 2 CPUs")
    t.command_key("1")
    t.expect(r"^root@servicevm:~# *$")
    t.send("clear; echo 64 >/proc/sys/vm/nr_hugepages; grep 'Kernel code' /proc/iomem; (caisson "
           f"run --mem {MEMORY_MIB}M --kernel /guests/spin.img --append ms={SPIN_MS} </dev/null "
           ">/tmp/out 2>&1 &); until grep -q running /tmp/out /run/caisson/*; do sleep 1; "
           "caisson list >/tmp/out; done; echo sta''rted\r")
    t.expect(r"^started$")
    code = re.search(r"^ *([0-9a-f]+)-([0-9a-f]+) : Kernel code$", t.text(), re.M)
    return Shell(t), range(int(code[1], 16), int(code[2], 16))


def check_help(shell):
    listed = shell.say("help")
    for name in COMMANDS:
        assert re.search(rf"^{name} ", listed, re.M), name
        explained = shell.say(f"help {name}")
        assert explained.startswith(name) and explained.count("\n") >= 3, explained
    assert "panic-test" not in listed


def check_vms(shell):
    listed = shell.say("vms")
    assert re.search(r"^svm +service VM +live +2 +\d +\d+ M", listed, re.M), listed
    row = rf"^0 +\w\S* +live +1 +[01] +{MEMORY_MIB} M +([\d.]+)$"
    before = float(re.search(row, listed, re.M)[1])
    shell.terminal.wait(lambda: float(re.search(row, shell.say("vms"), re.M)[1]) > before,
                        "more CPU time")
    listed = shell.say("vcpu")
    assert re.search(r"^svm\.[01] +(loaded|away) ", listed, re.M)
    assert re.search(r"^0\.0 +(loaded|ready) .* [1-9]\d*$", listed, re.M), listed
    assert "svm" not in shell.say("vcpu 0").replace(PROMPT, "")


def check_registers(shell, kernel_code):
    """Of each vCPU, which all run; where their code is, by both stages."""
    for vcpu in ["svm", "svm.1"]:
        registers = shell.say(f"regs {vcpu}")
        assert field(registers, "ttbr1_el1") and field(registers, "sctlr_el1") & 1
        vectors = field(registers, "vbar_el1")
        assert vectors >> 48 == 0xffff
        walked = shell.say(f"map {vcpu} {vectors:#x}")
        assert re.search(r"^stage 1 of svm\.\d: TTBR1_EL1, \d\d bits", walked), walked
        pa = int(re.search(r"^  => PA 0x([0-9a-f]+), EL1 rwx", walked, re.M)[1], 16)
        assert pa in kernel_code and f"=> IPA {pa:#x}, EL1 r-x EL0 ---" in walked, walked
        assert "the memory is the service VM's" in walked
    registers = shell.say("regs 0")
    assert field(registers, "pc") >> 20 == 0x400, registers
    walked = shell.say(f"map 0 {field(registers, 'pc'):#x}")
    assert re.search(r"^  => PA 0x[0-9a-f]+, EL1 rwx", walked, re.M), walked
    assert "the VM's block: executable" in walked and "shared with a user VM" in walked
    assert "not mapped" in shell.say("map 0 ipa 0x9000000")
    assert "outside the range" in shell.say("map 0 0x7f00000000000000")


def check_machine(shell):
    cpus = shell.say("cpus")
    assert len(re.findall(r"^ +[01]  0x\d+ +on +(?:svm\.[01]|0\.0) ", cpus, re.M)) == 2, cpus
    assert any(float(share) > 0 for share in re.findall(r" ([\d.]+)% +[\d.]+%$", cpus, re.M))
    memory = shell.say("mem")
    assert re.search(r"^memory +0x\w+ to 0x\w+ +1048576 KiB$", memory, re.M), memory
    assert re.search(rf"shared with user VMs +\d+ +{MEMORY_MIB} MiB", memory)
    assert re.search(r"stores of user VMs +[1-9]", memory)
    irqs = shell.say("irq svm.1")
    assert re.search(r"^ +27  enabled +.* physical +0x\w\w +1$", irqs, re.M), irqs
    assert re.search(r"^ +33  enabled +.* emulated ", irqs, re.M)
    assert re.search(r"^ +27  -", shell.say("irq 0 27"), re.M)
    timers = shell.say("timers")
    assert re.search(r"^svm\.1 +counter 0x\w{16}, offset 0x0{16}$", timers, re.M), timers
    assert re.search(r"^0\.0 +counter 0x\w{16}, offset 0x0\w*[1-9a-f]\w*$", timers, re.M)
    assert re.search(r"CNTV +(armed|due|masked) +compare 0x\w{16}, ", timers)
    caches = shell.say("cache")
    assert re.search(r"^0( +[1-9]\d*){4} +\d+$", caches, re.M), caches
    boot = shell.say("boot")
    assert re.search(r"^serial port 1 +PL011 at 0x9000000", boot, re.M) and "PSCI 1.1 by SMC" in boot
    assert re.search(r"^0x0000000000 +ran already$", boot, re.M), boot
    assert re.search(r"^0x0000000001 +PSCI +- +0 +0x\w+000 +\d+ us$", boot, re.M), boot
    assert re.search(r"^Caisson [\d.]+, release build, .* up for \d+\.\d{3} s$",
                     shell.say("version"), re.M)


def check_exits(shell):
    assert "not counted" in shell.say("exits")
    shell.say("exits on")
    shell.say("trace on")
    row = r"^{} +{} +(\d+) +(\d+) +(\d+)$"
    shell.terminal.wait(lambda: re.search(row.format("user VMs", "IRQ"), shell.say("exits"), re.M),
                        "exits of a user VM")
    counted = shell.say("exits")
    assert "not counted" not in counted
    for who in "service VM", "user VMs":
        count, cycles, each = map(int, re.search(row.format(who, "IRQ"), counted, re.M).groups())
        assert count > 0 and cycles > 0 and each > 0
    assert re.search(r"^VM 0 +interrupt of the service VM +[1-9]\d*$", counted, re.M)
    shell.terminal.wait(lambda: (shown := shell.say("trace show 30")).count(" 0.0 ") >= 2 and
                        shown.count("\n") > 30, "a traced vCPU")
    shell.say("trace off")
    shell.say("exits off")
    traced = shell.say("trace show 30")
    rows = re.findall(r"^ *(\d+\.\d{3}) +[01] (\S+) +[0-9a-f]{16} [0-9a-f]{8} +(\d+) (.+)$", traced,
                      re.M)
    assert len(rows) == 30, traced
    times = [float(row[0]) for row in rows]
    assert times == sorted(times)
    assert {"0.0"} < {row[1] for row in rows} <= {"0.0", "svm.0", "svm.1"}
    counted = shell.say("exits")[:counted.index("VM 0")]
    assert "user VMs" in counted and shell.say("exits").startswith(counted)
    assert traced == shell.say("trace show 30")


def check_pages(shell):
    """More than a screen waits for a key."""
    t = shell.terminal
    shell.begin("trace show 120")
    t.wait(lambda: t.line(t.lines - 1) == MORE, "the question for more")
    top = t.line(2)
    t.send("\r")
    t.wait(lambda: t.line(1) == top and t.line(t.lines - 1) == MORE, "one line more")
    before = t.text()
    t.send(" ")
    t.wait(lambda: t.line(t.lines - 1) == MORE and t.text() != before, "another page")
    t.send("q")
    t.wait(lambda: t.line(t.lines - 1) == PROMPT, "the prompt")
    assert "at EL2: 2 CPUs" in shell.say("log")
    assert shell.say("log") == shell.say("log all")
    assert "level debug" in shell.say("log debug")
    shell.say("log info")


def check_editing(shell):
    t = shell.terminal
    shell.begin("version")
    t.expect("up for")
    t.send("\x1b[A\x1b[Hhelp \x05\r")  # Up, Home, ^E
    t.expect(rf"^{PROMPT} help version$")
    t.send("re\t")
    t.expect(r"^regs  reboot$")
    t.send("\x15mem\x1b[D\x1b[D\x7f\x03")
    t.expect(r"\^C$")
    t.send("\x15tra\ts\t3\r")
    t.expect(rf"^{PROMPT} trace show 3$")


def test_commands(shell):
    shell, kernel_code = shell
    check_help(shell)
    for line, answer in WRONG.items():
        assert re.fullmatch(answer + " *", shell.say(line).strip()), line
    check_vms(shell)
    check_registers(shell, kernel_code)
    check_machine(shell)
    check_exits(shell)
    check_pages(shell)
    check_editing(shell)
    assert "Reset the machine" in shell.say("reboot", r"\(yes or no\)")
    shell.terminal.send("y\r")
    shell.terminal.expect("^Not done")
    shell.begin("reboot")
    shell.terminal.expect("yes or no")
    shell.terminal.send("yes\r")
    shell.terminal.expect(r"^Caisson [\d.]+ at EL2: 2 CPUs")
    shell.__init__(shell.terminal)
    shell.begin("poweroff")
    shell.terminal.expect("yes or no")
    shell.terminal.send("yes\r")
    with pytest.raises(AssertionError, match="the machine ended"):
        shell.terminal.wait(lambda: False, "the end", 60)


def test_panic(sit_down, debug_image):
    """Only in the debug build, and only if it is meant."""
    t = sit_down(image=debug_image, rows=60, timeout=60)
    t.expect(r"^Caisson [\d.]+ at EL2")
    shell = Shell(t)
    assert re.search(r"^panic-test ", shell.say("help"), re.M)
    assert "no test 'nap'" in shell.say("panic-test nap")
    shell.begin("panic-test undef")
    t.expect("yes or no")
    t.send("no\r")
    t.expect("^Not done")
    shell.begin("panic-test undef")
    t.expect("yes or no")
    t.send("yes\r")
    t.expect(r"^Caisson panic on CPU \d+")
