# SPDX-License-Identifier: BSD-2-Clause
"""The consoles on the serial line, as a person at a terminal (terminal.py) meets them."""

import re

import pytest

from machine import BUILD, assemble_service_vm

HELP = r"^Key +Console"


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
    assert "red" not in t.text()
    t.command_key("p")
    t.expect(r"^red\nroot@servicevm:~# *$")
    assert t.text() == before
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
    t.send("stty size; echo on the' 'line\r")
    t.expect(r"^28 90\non the line")
    t.show_size(100, 30)
    t.command_key("r")
    t.send("clear; stty size\r")
    t.expect(r"^30 100$")
    # The same, from inside.
    on_service_vm(t)
    t.send("clear; sleep 1 | caisson console web | tail -c 200; echo\r")
    t.expect(r"^30 100$")
    t.send("clear; echo 'echo typed by' ssh | caisson console web | cat >/dev/null\r")
    t.command_key("2")
    t.expect(r"^typed by ssh$")
    # Its end.
    t.send("poweroff -f\r")
    t.expect(r"Console web is gone")
