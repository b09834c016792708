# SPDX-License-Identifier: BSD-2-Clause
"""A machine in QEMU whose console is read, with a time limit on everything."""

import os
import re
import select
import signal
import subprocess
import time

QEMU = "qemu-system-aarch64"
# One instruction takes one nanosecond of virtual time, and idle time is skipped: with the counter
# at 1 GHz (-cpu max), a difference of counts is a number of instructions.
COUNTING = ["-icount", "shift=0,sleep=off", "-cpu", "max"]


class Failed(Exception):
    """A system did not do what it must; the text says which, and how its console ended."""


class Machine:
    """A program whose standard output is a console: QEMU, or tools/host."""

    def __init__(self, name, command, seconds):
        self.name = name
        self.text = ""
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self):
        """Takes what has come; False at the end of the output."""
        left = self._deadline - time.monotonic()
        if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
            raise Failed(f"{self.name}: not done after {self._seconds} s{self.tail()}")
        data = os.read(self._process.stdout.fileno(), 65536)
        self.text += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def wait_for(self, pattern):
        """Reads until the console shows the pattern; gives the match."""
        while True:
            found = re.search(pattern, self.text)
            if found:
                return found
            if not self._read():
                raise Failed(f"{self.name}: stopped without '{pattern}'{self.tail()}")

    def wait_end(self):
        while self._read():
            pass

    def send(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def tail(self):
        lines = self.text.split("\n")[-12:]
        return "; its console ended with:\n" + "\n".join("  | " + line for line in lines)


def read_rows(text):
    """The payload's lines, wherever a console puts a prefix before them."""
    rows = {}
    for name, minimum, median in re.findall(r"ROW (\w+) (\d+) (\d+)\s", text):
        rows[name] = (int(minimum), int(median))
    return rows


def finish_rows(system):
    found = system.wait_for(r"BENCH (done|failed.*)")
    if found[1] != "done":
        raise Failed(f"{system.name}: the payload says {found[0]}{system.tail()}")
    return read_rows(system.text)


def qemu(options, cpus, memory):
    return [QEMU, "-M", options, *COUNTING, "-smp", str(cpus), "-m", memory, "-nodefaults",
            "-display", "none", "-serial", "stdio"]
