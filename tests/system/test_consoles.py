# SPDX-License-Identifier: BSD-2-Clause
"""The consoles on the serial line, as a person at a terminal (terminal.py) meets them."""

import re

import pytest

from machine import BUILD, assemble_service_vm, patient
from test_ports import connect

HELP = r"^Key +Console"


class Line:
    """The far end of a second line: what comes is only searched."""

    def __init__(self, line):
        self._line = line
        self._text = b""
        line.settimeout(patient(60))

    def send(self, data):
        self._line.sendall(data)

    def expect(self, pattern):
        """Until the pattern comes, behind what was found before."""
        while not re.search(pattern, self._text):
            data = self._line.recv(65536)
            assert data, f"the line ended without {pattern}"
            self._text += data
        self._text = self._text[re.search(pattern, self._text).end():]


def on_service_vm(terminal):
    terminal.command_key("1")
    terminal.expect(r"^root@servicevm:~# *$")


def test_switching(sit_down):
    """The log; help; the service VM's shell; each console is as it was
    left."""
    t = sit_down(columns=100, rows=30)
    t.expect(r"^Caisson [\d.]+ at EL2: 1 CPU")
    t.command_key("?")
    t.expect(HELP)
    t.expect(r"^ l +log +port 1")
    t.expect(r"^ 1 +svm +100x30")
    # A key of the list leads on from it.
    t.send("1")
    t.expect_gone(HELP)
    t.expect(r"^root@servicevm:~# *$")
    t.send("printf 'typed\\n\\033[31mred\\n'\r")
    t.expect(r"^red\nroot@servicevm:~# *$")
    row = next(y for y in range(t.lines) if t.line(y) == "red")
    assert t.buffer[row][0].fg == "red"
    before = t.text()
    t.command_key("l")
    t.expect(r"^Caisson [\d.]+ at EL2: 1 CPU")
    t.expect_gone("^red$")
    t.command_key("p")
    t.expect_text(before)
    assert t.buffer[row][0].fg == "red"
    # The escape key itself: ^G rings, and cat shows it.
    t.send("cat -v\r\x07\x07x\r\x03")
    t.expect(r"^\^Gx\n")
    t.command_key("Q")
    t.expect(r"No console has the key Q; Ctrl-G \? lists them")
    t.expect_gone("No console has")
    t.command_key("?")
    t.expect(HELP)
    t.send("q")
    t.expect_gone(HELP)
    t.expect(r"^\^Gx\n")


def test_history_and_sizes(sit_down):
    """Scrollback with search; the size is asked, and a window that changes is followed while
    somebody types; what the terminal lost comes back with redraw."""
    t = sit_down(columns=100, rows=30, hyp_append="view=svm scrollback=64")
    t.expect(r"^root@servicevm:~# *$")
    assert "size" in t.asked
    t.send("for i in $(seq 500); do echo line $i of many; done; echo en''d\r")
    t.expect(r"^end\nroot@servicevm:~# *$")
    t.command_key("[")
    t.expect(r"svm: line \d+ of \d+ +arrows")
    t.expect(r"^line 500 of many$")
    t.send("g")
    t.expect(r"svm: line 1 of")
    t.send("G\x1b[5~")
    t.expect(r"^line 450 of many$")
    t.expect_gone("^line 500 of many$")
    t.send("\x1b[A\x1b[A")
    t.expect(r"^line 446 of many$")
    t.send("/e 77 o\r")
    t.expect(r"^line 77 of many$")
    row = next(y for y in range(t.lines) if t.line(y) == "line 77 of many")
    assert [t.buffer[row][x].reverse for x in range(12)] == [x in range(3, 9) for x in range(12)]
    t.send("/nowhere\r")
    t.expect("not found")
    t.send("/LINE\r")
    t.expect("not found")
    t.send("q")
    t.expect(r"^end\nroot@servicevm:~# *$")
    # Somebody makes the window larger, then smaller, and goes on typing.
    for columns, rows in (120, 40), (70, 20):
        t.show_size(columns, rows)
        for key in "?q":
            t.command_key(key) if key == "?" else t.send(key)
            t.expect(HELP) if key == "?" else t.expect_gone(HELP)
        t.send("x\x7f")
        t.command_key("?")
        t.expect(rf"port 1, {columns} x {rows}")
        t.expect(rf"^ 1 +svm +port 1 +{columns}x{rows}")
        t.send("q")
        t.expect(r"^end\nroot@servicevm:~# *$")
    before = t.text()
    t.reset()
    t.expect_gone("end")
    t.command_key("r")
    t.expect_text(before)


def test_escape_and_death(sit_down):
    """Another escape key; a terminal that reports its cursor only; a service VM that died leaves
    the consoles alive, and what is typed into it does not block the escape key."""
    t = sit_down(columns=90, rows=26, answers=("cursor",), hyp_append="escape=^] view=svm")
    t.ESCAPE = "\x1d"
    t.expect(r"^root@servicevm:~# *$")
    t.command_key("?")
    t.expect(r"port 1, 90 x 26 +Ctrl-\], then a key")
    t.send("q")
    t.expect_gone(HELP)
    t.send("cat -v\r\x07\x1d\x1d!\r")
    t.expect(r"^\^G\^\]!\n")
    t.send("\x03")
    t.expect(r"^root@servicevm:~# *$")
    t.send("halt -f\r")  # ends in a loop with interrupts masked
    t.expect(r"reboot: System halted")
    for _ in range(10):
        t.send("x" * 1000)
        t.pump()
    t.command_key("l")
    t.expect(r"^Caisson [\d.]+ at EL2: 1 CPU")
    t.command_key("?")
    t.expect(HELP)
    t.expect(r"^ 1 +svm +90x26 +\d+ +\d+ +[1-9]\d*/0 ")  # dropped, and counted
    t.command_key("1")
    t.expect(r"reboot: System halted")


def test_no_answers(sit_down):
    """A terminal that answers nothing gets 80 columns and 24 rows. A view that there is not is
    told."""
    t = sit_down(columns=120, rows=40, answers=(), hyp_append="view=what")
    t.wait(lambda: t.asked[:2] == ["size", "cursor"], "a question about the cursor")
    t.command_key("l")
    t.expect("view=what is ignored: no console of this name is free")
    t.command_key("1")
    t.expect(r"^root@servicevm:~# *$")
    t.command_key("?")
    t.expect(r"port 1, 80 x 24")
    t.send("q")
    t.expect_gone(HELP)
    t.send("seq 1 30\r")
    t.expect(r"^30\nroot@servicevm:~# *$")
    assert all(not t.line(y) for y in range(24, 40)), t.text()


def test_after_panic(sit_down, debug_image):
    """The report is on the line whatever was shown, and the log is there to look at."""
    t = sit_down(columns=100, rows=30, image=debug_image, hyp_append="panic-test=undef view=svm")
    t.expect(r"EL2 has stopped; Ctrl-G l shows its log")
    assert "Caisson panic on CPU 0" in t.text()
    t.command_key("1")
    t.wait(lambda: t.text().count("EL2 has stopped") == 2, "the hint again")
    assert "Caisson panic on CPU 0" in t.text()
    t.send("q")
    t.wait(lambda: re.search(r"^EL2 has stopped", t.text(), re.M), "the end of the view")


def test_two_ports(sit_down, tmp_path):
    """Two lines: a console is on one of them, the other says where; each goes on by itself."""
    path = tmp_path / "port"
    t = sit_down(columns=100, rows=30, hyp_append="view=svm view2=log console2=serial1",
                 serial=f"unix:{path},server=on,wait=off")
    t.expect(r"^root@servicevm:~# *$")
    t.command_key("?")
    t.expect(r"^ 1 +svm +port 1 ")
    t.expect(r"^ l +log +port 2 ")
    t.send("l")
    t.expect(r"Console log is on port 2")
    with connect(path) as line:
        other = Line(line)
        other.send(b"\x07r")
        other.expect(b"Caisson [0-9.]+ at EL2")
        other.send(b"\x071")
        other.expect(b"Console svm is on port 1")
        # It moves when the first port lets go of it.
        t.command_key("s")
        t.expect_gone("servicevm")
        other.send(b"\x071")
        other.expect(b"root@servicevm:~#")
        other.send(b"echo typed on' 'two\r")
        other.expect(b"\ntyped on two")
        t.command_key("1")
        t.expect(r"Console svm is on port 2")


# ---- user VMs ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def guests_vm(service_vm):
    """A service VM with caisson, and Debian's kernel and initial RAM disk for guests."""
    added = {f"{BUILD}/target/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    added.update({f"{service_vm}/{name}": f"guests/{name}" for name in ("vmlinuz", "initrd")})
    return assemble_service_vm([], "servicevm-consoles", added)


def test_user_vm(sit_down, guests_vm):
    """A VM's console on the line and by `caisson console`: the same; its size is the terminal's."""
    t = sit_down(kernel=f"{guests_vm}/vmlinuz", initrd=f"{guests_vm}/initrd", cpus=2, memory="1G",
                 columns=90, rows=28, timeout=400)
    t.expect(r"^Caisson [\d.]+ at EL2")
    on_service_vm(t)
    t.send("caisson run --detach --name web --mem 384M --console virtio --kernel /guests/vmlinuz "
           "--initrd /guests/initrd --append 'console=hvc0 quiet'\r")
    t.expect(r"/initrd(.*\n)+root@servicevm:~# *$")
    t.command_key("?")
    t.expect(r"^ 2 +web +90x28")
    t.send("2")
    t.expect_gone(HELP)
    t.expect(r"^root@servicevm:~# *$")
    t.send("PS1='web# '; stty size; echo on the' 'line\r")  # not to be taken for the service VM's
    t.expect(r"^28 90\non the line\nweb# *$")
    t.show_size(100, 30)
    t.command_key("r")
    # The guest hears of it when the terminal has answered.
    t.send("clear; until [ \"$(stty size)\" = '30 100' ]; do sleep 1; done; stty size\r")
    t.expect(r"^30 100$")
    # The same, from inside.
    on_service_vm(t)
    t.send("clear; until sleep 1 | caisson console web | tail -c 200 | grep -q '30 100'; do :; done; "
           "echo se''en\r")
    t.expect(r"^seen\nroot@servicevm:~# *$")
    t.send("clear; echo 'echo typed by' ssh | caisson console web | cat >/dev/null\r")
    t.command_key("2")
    t.expect(r"^typed by ssh$")
    # Its end.
    t.send("poweroff -f\r")
    t.expect(r"Console web is gone")
