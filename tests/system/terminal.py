# SPDX-License-Identifier: BSD-2-Clause
"""A person's terminal at the far end of an emulated machine's serial line: python3-pyte."""

import os
import re
import signal
import time

import pexpect
import pyte

from machine import HOST, patient

ASK_SIZE = b"\x1b[18t"


class Viewer:
    """Waits for what is on a screen: a class that has pump() and text(), and _limit. Every method
    that waits fails the test when time is up."""

    def wait(self, condition, what, timeout=None):
        """Until condition() holds. What is on the screen may not be all yet that is to come."""
        end = time.monotonic() + (patient(timeout) if timeout else self._limit)
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what} was not to be seen:\n{self.text()}")
            self.pump()

    def expect(self, pattern, timeout=None):
        """Until the pattern (of lines' starts and ends with ^ and $) is on the screen; gives its
        match."""
        self.wait(lambda: re.search(pattern, self.text(), re.M), f"/{pattern}/", timeout)
        return re.search(pattern, self.text(), re.M)

    def expect_gone(self, pattern, timeout=None):
        self.wait(lambda: not re.search(pattern, self.text(), re.M), f"the end of /{pattern}/",
                  timeout)

    def expect_text(self, text):
        """Until this is the whole screen."""
        self.wait(lambda: self.text() == text, f"the screen as it was before:\n{text}\n")

    ESCAPE = "\x07"

    def command_key(self, key):
        """The escape key and a key."""
        self.send(self.ESCAPE + key)


class Terminal(Viewer, pyte.Screen):
    """tools/host with its console on a terminal of some size. `answers` names what the terminal
    answers of "size" (CSI 18 t) and "cursor" (CSI 6 n)."""

    def __init__(self, log, *arguments, columns=80, rows=24, answers=("size", "cursor"),
                 timeout, **options):
        super().__init__(columns, rows)
        os.makedirs(os.path.dirname(log), exist_ok=True)
        command = list(arguments)
        for key, value in options.items():
            command += [f"--{key.replace('_', '-')}={value}"]
        self.log = log
        self.answers = answers
        self.asked = []
        self.received = b""
        self._held = b""
        self._limit = patient(timeout)
        self.command = [HOST, *command, f"--timeout={self._limit}", f"--log={log}"]
        self._stream = pyte.ByteStream(self)
        self._child = pexpect.spawn(HOST, self.command[1:], timeout=self._limit,
                                    dimensions=(rows, columns))
        self._child.setecho(False)

    def __str__(self):
        return f"{os.path.basename(self.log)} ({' '.join(self.command)})"

    # ---- what pyte calls ---------------------------------------------------------------------

    def write_process_input(self, data):
        """pyte's answers: only the cursor report is one that this terminal may know."""
        if data.endswith("R") and "cursor" in self.answers:
            self._child.send(data)

    def report_device_status(self, mode, **kwargs):
        self.asked.append("cursor")
        super().report_device_status(mode, **kwargs)

    # ---- what tests call ---------------------------------------------------------------------

    def pump(self, seconds=0.2):
        """Takes what comes for this long at most; False when nothing came."""
        try:
            data = self._child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF as end:
            raise AssertionError("the machine ended:\n" + self.text()) from end
        data = self._held + data
        # A question may come in two pieces.
        kept = next((n for n in (4, 3, 2, 1) if data.endswith(ASK_SIZE[:n])), 0)
        data, self._held = data[:len(data) - kept], data[len(data) - kept:]
        for part in re.split(b"(" + re.escape(ASK_SIZE) + b")", data):
            if part == ASK_SIZE:
                self.asked.append("size")
                if "size" in self.answers:
                    self._child.send(f"\x1b[8;{self.lines};{self.columns}t")
            else:
                self._stream.feed(part)
        self.received += data
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.display)

    def line(self, number):
        return self.display[number].rstrip()

    def expect_end(self):
        """Until the machine is off."""
        if self._child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=self._limit) == 1:
            raise AssertionError("the machine did not end:\n" + self.text())
        self._child.wait()
        assert self._child.exitstatus == 0, f"tools/host ended with {self._child.exitstatus}"

    def send(self, text):
        self._child.send(text)

    def show_size(self, columns, rows):
        """The person makes the window larger or smaller."""
        self.resize(rows, columns)

    def stop(self):
        if self._child.isalive():
            self._child.kill(signal.SIGTERM)
            try:
                while True:
                    self._child.read_nonblocking(65536, timeout=60)
            except (pexpect.EOF, pexpect.TIMEOUT):
                pass
            self._child.wait()
        self._child.close()

    def tail(self):
        return self.text()
