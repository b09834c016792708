# SPDX-License-Identifier: BSD-2-Clause
"""A serial cable between an emulated machine's port (a socket of QEMU's) and a terminal program, and
terminal programs on it, each in a window of tmux."""

import errno
import os
import select
import subprocess
import sys
import threading
import time
import tty

from machine import ROOT, patient
from terminal import Viewer
from test_ports import connect

sys.path.append(os.path.join(ROOT, "tests", "screens"))
import terminals  # noqa: E402

UNPLUGGED_S = 0.05  # between two looks whether somebody has opened the terminal's end


class Cable:
    """The terminal's end is `path`, a pseudo-terminal. What the machine sends while no program has
    that open is lost, as on a wire that ends nowhere; `lost` is what was."""

    def __init__(self, port):
        self._line = connect(port)
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self.lost = b""
        self._wake, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        os.close(self._end)
        self._thread.join()
        for end in self._wake, self._master:
            os.close(end)
        self._line.close()

    def _run(self):
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        poll.register(self._line, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            events = dict(poll.poll())
            if self._wake in events:
                return
            state = events.get(self._master, 0)
            if state & select.POLLIN:
                self._line.sendall(os.read(self._master, 4096))
            if self._line.fileno() in events:
                data = self._line.recv(4096)
                if not data:
                    return
                self._to_terminal(data)
            elif state & select.POLLHUP:
                time.sleep(UNPLUGGED_S)

    def _to_terminal(self, data):
        """A program that is slow makes the machine wait: nothing else is lost on a cable."""
        while data:
            poll = select.poll()
            poll.register(self._master, select.POLLOUT)
            if dict(poll.poll(1000)).get(self._master, 0) & select.POLLHUP:
                self.lost += data
                return
            try:
                data = data[os.write(self._master, data):]
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EIO):
                    raise


class Tmux:
    """A server of tmux's own with one window, in which a shell waits."""

    def __init__(self, folder, columns, rows):
        self._socket = os.path.join(folder, "tmux")
        self.columns, self.rows = columns, rows

    def run(self, *arguments):
        command = ["tmux", "-f", "/dev/null", "-u", "-S", self._socket, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
                              ).stdout.decode()

    def __enter__(self):
        self.run("new-session", "-d", "-x", str(self.columns), "-y", str(self.rows),
                 "env PS1='[ready] ' sh", ";", "set", "-g", "status", "off", ";",
                 "set", "-g", "window-size", "manual", ";", "set", "-g", "escape-time", "0")
        self.resize(self.columns, self.rows)
        return self

    def __exit__(self, *_):
        self.run("kill-server")

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.run("resize-window", "-x", str(columns), "-y", str(rows))


class Pane(Viewer):
    """A person at the window, who starts and leaves terminal programs."""

    READY = r"\[ready\] *$"

    def __init__(self, tmux, limit):
        self._tmux = tmux
        self._limit = patient(limit)

    def pump(self):
        time.sleep(0.2)

    def text(self):
        """What the window shows now."""
        lines = self._tmux.run("capture-pane", "-p").split("\n")
        return "\n".join(line.rstrip() for line in lines[:-1])

    def send(self, text):
        self._tmux.run("send-keys", "-H", *(f"{byte:02x}" for byte in text.encode()))

    def picture(self):
        """Rows of terminals.Cell."""
        lines = self._tmux.run("capture-pane", "-p", "-e", "-N").split("\n")[:-1]
        return terminals.Captured().lines(lines, self._tmux.columns)

    def damage(self):
        """The terminal forgets what it shows."""
        self._tmux.run("send-keys", "-R")
        self.wait(lambda: not self.text().strip(), "an empty window")

    def begin(self, command):
        """Starts a program at the shell's prompt."""
        self.expect(self.READY)
        self.send(f"clear; {command}\r")

    def picocom(self, path):
        """Runs it on the terminal's end of a cable."""
        self.begin(f"picocom -b 115200 {path}")
        self.wait(self._has_picocom, "picocom on the line")

    def _has_picocom(self):
        """Its last line may be painted over at once."""
        text = self.text()
        return "Terminal ready" in text or (
            bool(text.strip()) and "picocom" not in text and "[ready]" not in text)

    def leave_picocom(self):
        self.send("\x01\x11")
        self.expect(self.READY)

    def minicom(self, path):
        self.begin(f"minicom -o -b 115200 -D {path}")
        self.expect("CTRL-A Z for help")

    def leave_minicom(self):
        self.send("\x01q")
        self.expect("Leave without reset")
        self.send("\r")
        self.expect(self.READY)
