# SPDX-License-Identifier: BSD-2-Clause
"""The consoles on the serial line, as a person at a terminal (terminal.py) meets them."""

import os
import random
import re
import time

import pytest

from cable import Cable, Pane, Tmux, terminals
from debugger import Gdb
from machine import BUILD, ROOT, SOAK_SECONDS, assemble_service_vm, patient
from test_ports import connect

HELP = r"^Key +Console"
# A recorded stream, and where in it the program has painted its screen of this size.
STREAM, STREAM_BYTES, STREAM_SIZE = "htop", 5383, (100, 30)
# A terminal that was left is noticed by then, or else has been idle long enough.
LEFT_S = 65
# What the consoles of a service VM and of two user VMs get in the soak test: 100 MB in all. Linux
# writes 16 bytes at a time to a virtio console, and each switch of worlds empties the emulator's
# TLBs: the service VM's share is the largest.
CHATTER_MB = {"svm": max(SOAK_SECONDS * 94 // 600, 1), "web": max(SOAK_SECONDS // 200, 1),
              "db": max(SOAK_SECONDS // 200, 1)}
CHATTER_S = 30 * SOAK_SECONDS + 1200


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
    told, and so is a nonsensical scrollback."""
    t = sit_down(columns=120, rows=40, answers=(), hyp_append="view=what scrollback=12")
    t.wait(lambda: t.asked[:2] == ["size", "cursor"], "a question about the cursor")
    t.command_key("l")
    t.expect("view=what is ignored: no console of this name is free")
    t.expect("scrollback= is ignored: not a number of KiB from 16 to 8192")
    t.command_key("1")
    t.expect(r"^root@servicevm:~# *$")
    t.command_key("?")
    t.expect(r"port 1, 80 x 24")
    t.send("q")
    t.expect_gone(HELP)
    t.send("seq 1 30\r")
    t.expect(r"^30\nroot@servicevm:~# *$")
    assert all(not t.line(y) for y in range(24, 40)), t.text()


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
    added[f"{ROOT}/tests/screens/streams/{STREAM}"] = f"streams/{STREAM}"
    return assemble_service_vm([], "servicevm-consoles", added)


RUN_WEB = ("caisson run --detach --name web --mem 384M --console virtio --kernel /guests/vmlinuz "
           "--initrd /guests/initrd --append 'console=hvc0 quiet'\r")


def test_user_vm(sit_down, guests_vm):
    """A VM's console on the line and by `caisson console`: the same; its size is the terminal's."""
    t = sit_down(kernel=f"{guests_vm}/vmlinuz", initrd=f"{guests_vm}/initrd", cpus=2, memory="1G",
                 columns=90, rows=28, timeout=400)
    t.expect(r"^Caisson [\d.]+ at EL2")
    on_service_vm(t)
    t.send(RUN_WEB)
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
    # The same, from inside: text and keys of either side are seen at both.
    on_service_vm(t)
    t.send("clear; mkfifo /tmp/keys; (sleep 1000 >/tmp/keys &); "
           "(caisson console web </tmp/keys >/tmp/seen 2>&1 &)\r")
    t.send("until grep -q '30 100' /tmp/seen; do sleep 1; done; echo seen' 'before\r")
    t.expect(r"^seen before")
    t.command_key("2")
    t.expect(r"^30 100$")
    t.send("echo typed at' 'the line\r")
    t.expect(r"^typed at the line")
    t.command_key("1")
    t.expect(r"^seen before")
    t.send("clear; echo 'echo typed by' ssh >/tmp/keys; until grep '^typed by ssh' /tmp/seen; do "
           "sleep 1; done; grep -o '^typed at the line' /tmp/seen\r")
    t.expect(r"^typed by ssh\ntyped at the line")
    t.command_key("2")
    t.expect(r"^typed at the line\n.*\ntyped by ssh$")
    # Its end.
    t.send("poweroff -f\r")
    t.expect(r"Console web is gone")


# ---- other people's terminal programs ---------------------------------------------------------


def sit_at(t, cable):
    """With the log in sight; it takes keys from when the machine has come so far."""
    def is_there():
        t.command_key("r")
        for _ in range(20):
            t.pump()
            if re.search(r"^Caisson [\d.]+ at EL2", t.text(), re.M):
                return True
        return False

    t.picocom(cable.path)
    t.wait(is_there, "the log")


def show(t, key, name):
    """A console that may be just about to come."""
    t.command_key("?")
    t.expect(rf"^ {key} +{name} ")
    t.send(key)
    t.expect_gone(HELP)
    t.expect(r"^root@servicevm:~# *$")


def flood(t, name):
    """Lines with numbers, as many as the VM can."""
    t.send(f"clear; touch /tmp/f; ((i=0; while [ -e /tmp/f ]; do i=$((i+1)); echo {name}-$i; done; "
           f"echo {name} has' 'ended) &)\r")
    t.expect(rf"^{name}-\d\d+$")


def is_flood(text, name, other):
    """The newest lines, all of them, and nothing of the other one."""
    numbers = [int(number) for number in re.findall(rf"{name}-(\d+)$", text, re.M)]
    first = numbers[0] if numbers else 0
    return (len(numbers) > 5 and other not in text
            and numbers == list(range(first, first + len(numbers))))


def check_flood(t, name, other):
    """So it is again and again; a look may come while a line is half painted."""
    t.wait(lambda: is_flood(t.text(), name, other), f"lines of {name}, all in order")


def end_flood(t, name):
    t.send("rm /tmp/f\r")
    t.expect(rf"{name} has ended$")  # maybe behind a prompt
    t.send("clear\r")
    t.expect(r"\A\S*root@servicevm:~# *$")


def check_switching(t):
    """All of them in turn, while two flood theirs."""
    shown = {"l": r"^Caisson [\d.]+ at EL2: 2 CPUs", "s": r"^caisson> *$", "0": r"^F1 Help",
             "2": r"^web-\d+$", "1": r"^svm-\d+$"}
    t.command_key("l")
    for key in "s021l20ls12":
        t.command_key(key)
        t.expect(shown[key])
        for name, other in (("web", "svm-"), ("svm", "web-")):
            if name in shown[key]:
                t.expect_gone(other)
                check_flood(t, name, other)


def check_history(t):
    """It stands still while its console goes on."""
    t.command_key("2")
    t.expect(r"^web-\d+$")
    t.command_key("[")
    t.expect(r"web: line \d+ of \d+ +arrows")
    t.send("g")
    t.expect(r"web: line 1 of")
    t.send("/web-7\r")
    t.expect(r"^web-7$")
    t.wait(lambda: t.picture()[t.text().split("\n").index("web-7")][0].attributes == {"inverse"},
           "what was searched for, inverse")
    before = t.text().rsplit("\n", 1)[0]
    t.command_key("1")
    t.expect(r"^svm-\d+$")
    t.command_key("2")
    t.expect_gone(r"svm-\d")
    t.command_key("[")
    t.send("g/web-7\r")
    t.expect(r"^web-7$")
    t.wait(lambda: t.text().rsplit("\n", 1)[0] == before, "the same lines")
    t.send("q")
    t.expect_gone(r"web: line")


def check_resize(t, tmux):
    """The window changes while somebody types: consoles follow, and the guest gets SIGWINCH."""
    t.send("sh -c 'trap \"stty size\" WINCH; echo be''gun; while :; do sleep 1; done'\r")
    t.expect(r"^begun$")
    for columns, rows in (120, 40), (80, 22), STREAM_SIZE:
        tmux.resize(columns, rows)
        t.send("x")
        t.expect(rf"{rows} {columns}$")
    t.command_key("?")
    t.expect(rf"^ 1 +svm +{columns}x{rows}")
    t.send("q")
    t.expect_gone(HELP)
    t.send("\x03")
    t.expect(r"root@servicevm:~# *$")


def same_cell(want, have):
    """tmux does not tell the background of what was erased: both may be so."""
    if want == terminals.NOT_TOLD:
        return have.text in (None, " ")
    return terminals.Tmux.same_cell(want, have)


def reference():
    """What tmux itself shows of the recorded stream."""
    with open(f"{ROOT}/tests/screens/streams/{STREAM}", "rb") as file:
        stream = file.read(STREAM_BYTES)
    with terminals.Tmux(*STREAM_SIZE) as terminal:
        terminal.feed(stream)
        return terminal.picture()


def check_repaints(t, cable, machine):
    """A full-screen program's picture, with its colours: after a switch, after a break, and for a
    terminal program that comes back, with the first key."""
    want = reference()

    def is_painted():
        return not terminals.differences(want, t.picture(), same_cell)

    t.command_key("1")
    t.send(f"stty -echo; head -c {STREAM_BYTES} /streams/{STREAM}; cat >/dev/null\r")
    t.wait(is_painted, "the picture")
    t.command_key("l")
    t.expect(r"^Caisson [\d.]+ at EL2")
    t.command_key("1")
    t.wait(is_painted, "the picture after a switch")
    t.damage()
    machine.monitor("chardev-send-break serial1")
    t.wait(is_painted, "the picture after a break")
    t.leave_picocom()
    cable.lost = b""  # at the start nobody answered, either
    end = time.monotonic() + LEFT_S
    while b"\x1b[6n" not in cable.lost and time.monotonic() < end:
        time.sleep(0.2)
    t.picocom(cable.path)

    def is_painted_now():
        t.send("x")
        return is_painted()

    t.wait(is_painted_now, "the picture at the first key")
    t.send("\x03")
    t.expect(r"root@servicevm:~# *$")
    t.send("stty echo; printf '\\033[?1049l\\033[m'; clear\r")
    t.expect(r"\A\S*root@servicevm:~# *$")


def check_minicom(t, cable):
    """It has a line of its own below, which the size must leave out."""
    columns, rows = STREAM_SIZE
    t.leave_picocom()
    t.minicom(cable.path)
    t.command_key("r")
    t.send("seq 60\r")
    want = [str(number) for number in range(60 - rows + 3, 61)]
    t.wait(lambda: t.text().split("\n")[:rows - 2] == want, "lines")
    t.command_key("?")
    t.expect(rf"port 1, {columns} x {rows - 1}")
    t.send("q")
    t.expect(r"^60\nroot@servicevm:~# *$")
    t.command_key("[")
    t.send("\x1b[5~")
    t.expect(r"^20$")
    t.send("q")
    t.expect(r"^60\nroot@servicevm:~# *$")


def check_debugger(t, cable, log):
    """The line is a debugger's while its console is shown, and the person's again."""
    t.command_key("d")
    t.leave_minicom()
    with Gdb(log) as gdb:
        gdb.run("set serial baud 115200")
        output = gdb.run(f"target remote {cable.path}")
        assert "Remote debugging" in output, output
        assert re.search(r"\* 16  service VM", gdb.run("monitor vms"))
        before = gdb.value("$pc")
        gdb.run("stepi")
        assert gdb.value("$pc") != before
        assert gdb.value("$vbar_el1") >> 48 == 0xffff
        gdb.run("detach")
    t.picocom(cable.path)
    t.command_key("1")
    t.expect(r"^60\nroot@servicevm:~# *$")
    t.send("clear; echo goes' 'on\r")
    t.expect(r"^goes on\nroot@servicevm:~# *$")


def test_terminal_programs(start, guests_vm, tmp_path):
    """picocom and minicom in a window of tmux, and gdb, one after the other on one line."""
    port = tmp_path / "port"
    machine = start(kernel=f"{guests_vm}/vmlinuz", initrd=f"{guests_vm}/initrd", cpus=2,
                    memory="1G", append="quiet", timeout=600,
                    serial=f"unix:{port},server=on,wait=off",
                    hyp_append="console=serial1 view=log")
    cable = Cable(port)
    with Tmux(tmp_path, *STREAM_SIZE) as tmux:
        t = Pane(tmux, 200)
        sit_at(t, cable)
        on_service_vm(t)
        t.send(RUN_WEB)
        t.expect(r"/initrd(.*\n)+root@servicevm:~# *$")
        show(t, "2", "web")
        flood(t, "web")
        t.command_key("1")
        t.expect(r"/initrd(.*\n)+root@servicevm:~# *$")
        flood(t, "svm")
        check_switching(t)
        check_history(t)
        end_flood(t, "web")
        check_resize(t, tmux)
        t.command_key("1")
        end_flood(t, "svm")
        check_repaints(t, cable, machine)
        check_minicom(t, cable)
        check_debugger(t, cable, os.path.join(BUILD, "logs", "gdb-line.log"))
    cable.close()


def test_after_panic(start, service_vm, debug_image, tmp_path):
    """The report is on the line whatever was shown, the log is there to look at, and gdb takes the
    line; after a reset the log has what the run before it said."""
    port = tmp_path / "port"
    machine = start(image=debug_image, kernel=f"{service_vm}/vmlinuz",
                    initrd=f"{service_vm}/initrd", append="quiet", timeout=400,
                    serial=f"unix:{port},server=on,wait=off",
                    hyp_append="console=serial1 view=log")
    cable = Cable(port)
    with Tmux(tmp_path, 100, 30) as tmux:
        t = Pane(tmux, 200)
        sit_at(t, cable)
        t.command_key("s")
        t.expect(r"^caisson> *$")
        t.send("panic-test undef\r")
        t.expect(r"yes or no")
        t.send("yes\r")
        t.expect(r"^EL2 has stopped; Ctrl-G l shows its log")
        assert re.search(r"^Backtrace(.*\n)+ +#0 0x", t.text(), re.M), t.text()
        t.command_key("1")
        t.wait(lambda: t.text().count("EL2 has stopped") == 2, "the hint again")
        t.command_key("l")
        t.expect(r"log after the panic +arrows")
        t.send("g")
        t.expect(r"^Caisson [\d.]+ at EL2: 1 CPU")
        t.send("q")
        t.expect(r"^EL2 has stopped")
        check_panic_debugger(t, cable)
        t.picocom(cable.path)
        machine.monitor("system_reset")
        t.expect(r"^End of the log of the run before")
        t.command_key("[")
        t.send("/Caisson panic\r")
        t.expect(r"^Caisson panic on CPU 0: synchronous exception in EL2")
    cable.close()


def check_panic_debugger(t, cable):
    """Registers, memory and the way to the fault, by gdb; nothing can be changed."""
    t.command_key("d")
    t.expect("The line is gdb's now")
    t.leave_picocom()
    elf = os.path.join(BUILD, "debug", "hyp", "hyp.elf")
    with Gdb(os.path.join(BUILD, "logs", "gdb-panic.log"), elf) as gdb:
        output = gdb.run(f"target remote {cable.path}")
        assert "Remote debugging" in output and "test_undef" in output, output
        frames = re.findall(r"^#\d+ .*?(\w+) \(", gdb.run("backtrace"), re.M)
        assert frames[0] == "test_undef" and "panic_step" in frames[:5], frames
        assert gdb.value("$cpsr") & 0xf == 9
        assert "0x00000000" in gdb.run("x/wx $pc"), "UDF #0"
        for refused in ("x/wx 0", "x/wx 0x9040000", "set *(int *)$sp = 1", "set $x0 = 1"):
            output = gdb.run(refused)
            assert re.search("Cannot access memory|Could not write register", output), output
        assert "SIGINT" in gdb.run("continue")
        gdb.run("detach")


# ---- soak -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chatter_vm():
    """A service VM, and a guest for it, with all recorded streams and a program that writes them
    to its console again and again."""
    folder = f"{ROOT}/tests/screens/streams"
    added = {f"{folder}/{name}": f"streams/{name}" for name in os.listdir(folder)
             if "." not in name}
    added[f"{ROOT}/tests/uservm/chatter.sh"] = "bin/chatter.sh"
    guest = assemble_service_vm([], "servicevm-chatter-guest", added)
    added.update({f"{BUILD}/target/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")})
    added.update({f"{guest}/{name}": f"guests/{name}" for name in ("vmlinuz", "initrd")})
    return assemble_service_vm([], "servicevm-chatter", added)


def memory_of(t):
    """What the shell says of EL2's and all other memory."""
    t.command_key("s")
    t.expect(r"^caisson> *$")
    t.send("\x0cmem\r")
    return t.expect(r"KiB free\n(Blocks of 2 MiB:\n(?: .*\n)+)caisson> *$")[0]


def written(t, name):
    """Bytes that were written to a console, by the list."""
    t.command_key("?")
    count = int(t.expect(rf"^ \w +{name} +(?:port 1 +)?\d+x\d+ +\d+ +(\d+) ")[1])
    t.send("q")
    t.expect_gone(HELP)
    return count


def begin_chatter(t, key, name):
    show(t, key, name)
    t.send(f"clear; chatter.sh {CHATTER_MB[name]} {STREAM} {STREAM_BYTES}\r")


def wander(t, keys, is_painted, chance):
    """Any console at any moment, now and then its history, until all of `keys` show the picture."""
    done = set()
    end = time.monotonic() + CHATTER_S
    while len(done) < len(keys):
        assert time.monotonic() < end, f"of {keys} only {done} came to an end:\n{t.text()}"
        key = chance.choice([*keys, *"ls0"])
        t.command_key(key)
        if chance.random() < 0.2:
            t.command_key("[")
            t.send("".join(chance.choice(["\x1b[5~", "\x1b[A", "g", "G"]) for _ in range(5)) + "q")
        t.pump()
        t.pump()
        if key in keys and is_painted():
            done.add(key)


@pytest.mark.soak
def test_soak_chatter(start, chatter_vm, tmp_path):
    """Guests write while a person at picocom switches at random: in the end no cell of a screen is
    wrong, all bytes have been seen, and memory is what it was."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    port = tmp_path / "port"
    start(kernel=f"{chatter_vm}/vmlinuz", initrd=f"{chatter_vm}/initrd", cpus=2, memory="2G",
          append="quiet", timeout=CHATTER_S + 600, serial=f"unix:{port},server=on,wait=off",
          hyp_append="console=serial1 view=log")
    cable = Cable(port)
    want = reference()
    with Tmux(tmp_path, *STREAM_SIZE) as tmux:
        t = Pane(tmux, 400)

        def is_painted():
            return not terminals.differences(want, t.picture(), same_cell)

        sit_at(t, cable)
        on_service_vm(t)
        for name in "web", "db":
            t.send("clear\r" + RUN_WEB.replace("web", name))
            t.expect(rf"name {name} (.*\n)+root@servicevm:~# *$")
        keys = {"1": "svm", "2": "web", "3": "db"}
        for key in "23":
            show(t, key, keys[key])
        before = memory_of(t)
        for key in "231":
            begin_chatter(t, key, keys[key])
        wander(t, keys, is_painted, random.Random(seed))
        for key, name in keys.items():
            t.command_key(key)
            t.wait(is_painted, f"the picture on {name}")
            count = written(t, name)
            assert count > CHATTER_MB[name] * 900_000, f"{name}: {count}"
            print(f"{name}: {count} bytes")
        assert memory_of(t) == before
    cable.close()
