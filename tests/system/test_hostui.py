# SPDX-License-Identifier: BSD-2-Clause
"""The host UI, as a person at a headless machine's serial line meets it."""

import re

from machine import assemble_service_vm
from test_uservm import files

TITLE = r"^ Caisson [\d.]+  up (\d\d:\d\d:\d\d) +F1 Help$"
KEYS = r"^F1 Help  F2 Console  F3 Log  F4 Shell  F8 Restart  F9 Off$"
SPIN_MS = 600_000  # longer than the test
DOWN = "\x1b[B"


def test_host(sit_down):
    """It is there first on a machine without a display; a user VM comes, is chosen and looked at;
    help; log; power-off is asked for twice."""
    vm = assemble_service_vm([], "servicevm-payloads", files(["psci", "smp", "timer"]))
    t = sit_down(cpus=2, memory="1G", columns=80, rows=24, kernel=f"{vm}/vmlinuz",
                 initrd=f"{vm}/initrd", hyp_append="view=", timeout=300)
    first = t.expect(TITLE)[1]
    t.expect(r"^CPUs 2: user VMs \d+%, service VM \d+%, asleep \d+%\n"
             r"  0: +\d+/ *\d+/ *\d+   1: +\d+/ *\d+/ *\d+\n"
             r"Memory 1024 M: Caisson \d+ M, user VMs 0 M, their stores 0 M$")
    t.expect(r"^ 1  service VM +running +2 +\d+ M$")
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
    t.send(DOWN)
    t.wait(lambda: any(t.line(y).startswith(" 2  web") and t.buffer[y][0].reverse
                       for y in range(t.lines)), "web chosen")
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
    t.expect(KEYS)
    t.send("\x1b[20~")
    t.expect(r"^Switch off\?")
    t.send("y")
    t.expect_end()
