# SPDX-License-Identifier: BSD-2-Clause
"""Serial ports: which ones console= and console2= choose, what is said when they cannot be had, what
is left of them to the service VM, and a UART of the 16550 family in a PL011's place."""

import re
import socket
import time

import pytest
from pexpect import fdpexpect

from machine import Machine, check_caisson, patient

LIMIT = 120
# The function 00:04.0 of virt's PCI Express host, its configuration space, its interrupt (SPI 3 to
# 6 in turn by slot), and where the host's I/O ports begin.
SLOT = 4
ECAM = 0x4010000000 + (SLOT << 15)
INTID = 32 + 3 + SLOT % 4
PORTS = 0x3eff0000


def connect(path):
    """QEMU's end of a socket, as soon as it is there."""
    end = time.monotonic() + patient(60)
    line = socket.socket(socket.AF_UNIX)
    while True:
        try:
            line.connect(str(path))
            return line
        except OSError:
            assert time.monotonic() < end, f"QEMU did not make {path}"
            time.sleep(0.05)


class Port(Machine):
    """Another serial port than the first: a socket. It is no machine of its own: it cannot be
    started or stopped."""

    def __init__(self, machine, path):
        self._line = connect(path)
        self._child = fdpexpect.fdspawn(self._line.fileno(), timeout=machine.limit,
                                        encoding="utf-8", codec_errors="replace")
        self.limit = machine.limit


def check_console(port, lines):
    """So many lines go out as they should, and as many bytes as a terminal pastes come in."""
    output = port.run(f"seq {lines}")
    assert output.split() == [str(number + 1) for number in range(lines)]
    text = "".join(f"line {number} of what is pasted\n" for number in range(100))
    port.send("stty -echo; echo re''ady; cat >/tmp/in; stty echo\n")
    port.expect("ready")
    port.send(text + "\x04")
    port.login()
    assert port.run("cat /tmp/in") == text.strip()


def ttys(machine):
    """{'ttyAMA0': unit address, …} of what Linux made a PL011 of."""
    command = "for tty in /sys/class/tty/ttyAMA*; do readlink -f $tty/device; echo $tty; done"
    words = machine.run(command).split()
    return {name.split("/")[-1]: path.split("/")[-1].split(".")[0]
            for path, name in zip(words[::2], words[1::2])}


def test_other(boot, tmp_path):
    """The second port of the machine is the console; the first is told so, and is the service
    VM's."""
    path = tmp_path / "port"
    machine = boot(hyp_append="console=serial1,115200n8 console2=serial1",
                   serial=f"unix:{path},server=on,wait=on")
    port = Port(machine, path)
    port.expect("console2=serial1 is ignored: it is the first console")
    port.expect("console 1: PL011 at 0x9040000, interrupt 40")
    machine.expect(r"the console is elsewhere: console=serial1,115200n8\r")
    port.login()
    check_caisson(port)
    check_console(port, 500)
    found = ttys(port)
    assert found["ttyAMA0"] == "9040000" and found["ttyAMA2"] == "9000000", found
    assert sorted(found) == ["ttyAMA0", "ttyAMA1", "ttyAMA2"]
    port.run("echo from inside >/dev/ttyAMA2")
    machine.expect("from inside")
    port.send("poweroff -f\n")
    assert machine.end() == 0


def test_two(boot, tmp_path):
    """Both are Caisson's: the service VM has none of them, but its console on the first."""
    path = tmp_path / "port"
    machine = boot(hyp_append="console2=/pl011@9040000",
                   serial=f"unix:{path},server=on,wait=on")
    port = Port(machine, path)
    machine.expect("console 2: PL011 at 0x9040000, interrupt 40")
    port.expect("the second console")
    machine.login()
    check_caisson(machine)
    found = ttys(machine)
    assert sorted(found) == ["ttyAMA0", "ttyAMA1"] and found["ttyAMA0"] == "9000000", found
    status = machine.run("cat /proc/device-tree/pl011@9040000/status")
    assert status.strip("\0") == "disabled"
    assert "9040000" not in machine.run("cat /proc/device-tree/aliases/serial*")
    machine.power_off()


def test_none(boot):
    """Without a console the service VM has one all the same, which nobody sees."""
    machine = boot(hyp_append="console=none",
                   append='quiet caisson.run="tty; echo visible; poweroff -f"')
    machine.expect(r"the console is elsewhere: console=none\r")
    machine.expect_end()
    assert "visible" not in machine.before() and "Caisson" not in machine.before()


@pytest.mark.parametrize("text, complaint", [
    ("console=serial7", "console=serial7 is ignored: the device tree has no such path or alias"),
    ("console=/intc@8000000", "it is neither a PL011 nor of the 16550 family"),
    ("console=uart,0x9000000", "an address follows pl011, sbsa, 16550 or dw only"),
    ("console=16550,0x8000000", "there is memory or the GIC at its address"),
    ("console=pl011,0x40001000", "there is memory or the GIC at its address"),
    ("console=dw,0x1000000000000", "its address is beyond what Caisson maps"),
    ("console2=none,1", "console2=none,1 is ignored: a speed is 300 to 4000000 baud"),
    ("console=serial0,38400,clock=24000", "the port's speed stays as it is: its clock does not"),
])
def test_refused(start, text, complaint):
    """One line, on firmware's console, which stays in use: here to say that there is no kernel."""
    machine = start(hyp_append=text, timeout=LIMIT)
    machine.expect(re.escape(complaint))
    assert "cannot start" not in machine.before()
    machine.expect(r"caisson: cannot start: no kernel")
    assert len(re.findall("caisson:", machine.before())) <= 1


def gdb_write(line, text):
    """A packet of GDB's remote protocol; QEMU says OK."""
    line.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff))
    answer = b""
    while b"#" not in answer or len(answer.split(b"#")[1]) < 2:
        part = line.recv(100)
        assert part, "QEMU closed the debugger's connection"
        answer += part
    line.sendall(b"+")
    assert b"$OK#" in answer, answer


@pytest.mark.parametrize("interrupt", [INTID, 0])
def test_16550(boot, tmp_path, interrupt):
    """virt's only 16550 sits on PCI: before the machine starts, a debugger gives it its I/O ports, as
    firmware would. Linux's driver of PCI is not started, since it would take it. Its interrupt
    cannot be known but by irq=; without that it is polled."""
    irq = f",irq={interrupt}" if interrupt else ""
    path, gdb = tmp_path / "port", tmp_path / "gdb"
    device = ["-chardev", f"socket,id=port,path={path},server=on,wait=off",
              "-device", f"pci-serial,chardev=port,addr={SLOT:#x}",
              "-gdb", f"unix:{gdb},server=on,wait=off", "-S"]
    machine = boot(hyp_append=f"console=16550,{PORTS + 0x1000:#x}{irq} console2=serial0",
                   append="quiet initcall_blacklist=gen_pci_driver_init", qemu_arg=device)
    line = connect(gdb)
    port = Port(machine, path)
    gdb_write(line, "Qqemu.PhyMemMode:1")
    gdb_write(line, f"M{ECAM + 0x10:x},4:01100000")  # the BAR: I/O at 0x1000
    gdb_write(line, f"M{ECAM + 4:x},1:01")  # and it decodes
    gdb_write(line, "D")
    port.expect(rf"console 1: 16550 at {PORTS + 0x1000:#x}, interrupt {interrupt}")
    machine.expect("the second console")
    port.login()
    check_caisson(port)
    check_console(port, 2000)
    assert sorted(ttys(port)) == ["ttyAMA0", "ttyAMA1"]
    assert "console=" not in port.run("cat /proc/cmdline")
    port.send("poweroff -f\n")
    assert machine.end() == 0
    line.close()
