# SPDX-License-Identifier: BSD-2-Clause
"""The host UI, as a person at a headless machine's serial line meets it."""

import os
import re
import time

import pytest

from machine import BUILD, assemble_service_vm
from test_uservm import files

TITLE = r"^ Caisson [\d.]+  up (\d\d:\d\d:\d\d) +F1 Help$"
KEYS = (r"^F1 Help F2 Console F3 Log F4 Shell F5 Start F6 Stop F7 Restart F8 Reset F9 Off$")
SPIN_MS = 600_000  # longer than the test
DOWN, HOME = "\x1b[B", "\x1b[H"
PROGRAMS = f"{BUILD}/target/tests/uservm"
SYSTEMCTL = r"#!/bin/sh\necho $* >&2; exit 1\n"
CONFIG = "kernel = /guests/ward.img\nappend = button=1\nmem = 32M\n"


@pytest.fixture
def at_the_line(sit_down, debug_image):
    """A terminal with the host UI on it, where caissond has reported. The debug build stops when
    something is wrong in EL2."""
    folder = os.path.join(BUILD, "hostui")
    os.makedirs(folder, exist_ok=True)
    added = files(["psci", "smp", "timer"])
    added[f"{PROGRAMS}/ward.img"] = "guests/ward.img"
    added[f"{PROGRAMS}/fuzzcalls"] = "bin/fuzzcalls"
    for name, text in (("ward", CONFIG), ("broken", "kernel = /guests/none\n")):
        with open(f"{folder}/{name}.conf", "w", encoding="ascii") as file:
            file.write(text)
        added[f"{folder}/{name}.conf"] = f"root/{name}.conf"
    vm = assemble_service_vm([], "servicevm-hostui", added)
    t = sit_down(cpus=2, memory="1G", columns=80, rows=24, kernel=f"{vm}/vmlinuz",
                 initrd=f"{vm}/initrd", hyp_append="view=",
                 net="user", image=debug_image, timeout=500)
    t.expect(r"^Host servicevm, 10\.0\.2\.\d+ on \w+")
    return t


def choose(t, name):
    """The row of this name."""
    def row(text):
        return next((y for y in range(t.lines) if re.match(rf" \S  {text}\b", t.line(y))), 0)

    def is_chosen(text):
        return t.buffer[row(text)][0].reverse and row(text)

    t.send(HOME)
    t.wait(lambda: is_chosen("service VM"), "the first row chosen")
    t.send(DOWN * (row(name) - row("service VM")))
    t.wait(lambda: is_chosen(name), f"{name} chosen")


def test_host(at_the_line):
    """It is there first on a machine without a display; a user VM comes, is chosen and looked at;
    help; log; power-off is asked for twice."""
    t = at_the_line
    first = t.expect(TITLE)[1]
    t.expect(r"^CPUs 2: user VMs \d+%, service VM \d+%, asleep \d+%\n"
             r"  0: +\d+/ *\d+/ *\d+   1: +\d+/ *\d+/ *\d+\n"
             r"Memory 1024 M: Caisson \d+ M, user VMs 0 M, their stores 0 M$")
    t.expect(r"^ 1  service VM +running +2 +\d+ M +\d+%$")
    t.expect(r"^ l  log\n s  shell$")
    t.expect(KEYS)
    # Time goes on without a key.
    t.wait(lambda: (found := re.search(TITLE, t.text(), re.M)) and found[1] != first, "a later time")
    # Enter: the console of the row that is chosen, the service VM's.
    t.send("\r")
    t.expect(r"^root@servicevm:~# *$")
    t.send("clear; echo 64 >/proc/sys/vm/nr_hugepages; (caisson run --name web --mem 64M "
           f"--kernel /guests/spin.img --append ms={SPIN_MS} </dev/null >/dev/null 2>&1 &); "
           "clear\r")
    t.command_key("0")
    # A CPU is the VM's, as far as the service VM leaves it.
    t.expect(r"^ 2  web +running +1 +64 M +[1-9]\d*\.\d s +[1-9]\d*%$")
    t.expect(r"user VMs 64 M, their stores [1-9]\d* M$")
    choose(t, "web")
    t.send("\x1b1")
    t.expect(r"^ Any key goes back\.$")
    t.send("x")
    t.expect(KEYS)
    # F3 as xterm sends it.
    t.send("\x1bOR")
    t.expect(r"^Caisson [\d.]+ at EL2: 2 CPUs")
    t.command_key("0")
    t.expect(KEYS)
    t.show_size(60, 12)
    t.command_key("r")
    t.expect(r"^ 2  web +running +1 +64 M +\S+ s$")
    t.send("\x1b9")
    t.expect(r"^Switch off\? All VMs are cut off\. y: yes$")
    t.send("n")
    t.expect(r"^1Help 2Console")
    t.send("\x1b[20~")
    t.expect(r"^Switch off\?")
    t.send("y")
    t.expect_end()


def test_vms(at_the_line):
    """A VM that is defined later is seen, started, restarted and stopped; one that cannot be
    started says why; reports that make no sense
    harm nobody; a caissond that is gone is missed."""
    t = at_the_line
    t.send("\r")
    t.expect(r"^root@servicevm:~# *$")
    t.send("clear; echo 64 >/proc/sys/vm/nr_hugepages; mkdir -p /etc/caisson; "
           "mv *.conf /etc/caisson; hostname depot; mkdir -p /run/systemd/system; "
           f"printf '{SYSTEMCTL}' >/bin/systemctl; chmod +x /bin/systemctl; clear\r")
    t.command_key("0")
    t.expect(r"^Host depot, 10\.")
    t.expect(r"^ -  broken +off\n -  ward +off$")
    # With systemd VMs are its units; this one only says what it was told.
    choose(t, "broken")
    t.send("\x1b5")
    t.expect(r"^broken: start caisson@broken\.service$")
    t.command_key("1")
    t.send("clear; rm -r /run/systemd; echo do\"\"ne\r")
    t.expect(r"^done$")
    t.command_key("0")
    t.expect(TITLE)
    t.send("\x1b5")
    t.expect(r"^broken: caisson: .*/guests/none")
    choose(t, "ward")
    t.send("\x1b6")
    t.expect(r"^It does not run\.$")
    t.send("\x1b5")
    t.expect(r"^ward has started$")
    t.expect(r"^ 2  ward +running +1 +32 M +")
    # The choice has stayed with it.
    t.send("\x1b7")
    t.expect(r"^Restart ward\? y: yes$")
    t.send("y")
    t.expect(r"^ward has started again$")
    t.expect(r"^ [23]  ward +running +1 +32 M +")
    t.send("\x1b6")
    t.expect(r"^Stop ward\? y: yes$")
    t.send("n")
    t.expect(KEYS)
    t.send("\x1b[17~")
    t.expect(r"^Stop ward\? y: yes$")
    t.send("y")
    t.expect(r"^ward has stopped$")
    t.expect(r"^ -  ward +off$")
    t.command_key("1")
    # Reports that nobody should make, among other calls.
    t.send(f"clear; killall caissond; fuzzcalls manager {int(time.time())} 5 2\r")
    t.expect(r"^fuzzcalls: ok$")
    assert re.search(r"\b23:[1-9]\d*/", t.text().replace("\n", "")), t.text()
    t.command_key("0")
    t.expect(r"^! .*caissond is silent$")
    t.expect_gone(r"^ -  ward +off$")
    t.send("\x1b9y")
    t.expect_end()
