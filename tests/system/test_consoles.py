# SPDX-License-Identifier: BSD-2-Clause
"""The consoles on the serial line, as a person at a terminal (terminal.py) meets them."""

import os
import re

import pytest

from conftest import LOGS
from terminal import Terminal

HELP = r"^Key +Console"


@pytest.fixture
def sit_down(request, image, service_vm):
    """A function that starts Debian on Caisson with a person at its line."""
    name = re.sub(r"[^\w.-]+", "_", request.node.name).strip("_")
    request.node.machines = []

    def start(**options):
        options = {"image": image, "kernel": f"{service_vm}/vmlinuz",
                   "initrd": f"{service_vm}/initrd", "append": "quiet", "timeout": 200, **options}
        log = os.path.join(LOGS, f"{name}.log")
        request.node.machines.append(Terminal(log, **options))
        return request.node.machines[-1]

    yield start
    for terminal in request.node.machines:
        terminal.stop()


def on_service_vm(terminal):
    terminal.command_key("1")
    terminal.expect(r"^root@servicevm:~# *$")


def test_switching(sit_down):
    """Log first, as nobody said otherwise; help; the service VM's shell; each console is as it was
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
