# SPDX-License-Identifier: BSD-2-Clause
"""A machine started by tools/host, its console under pexpect."""

import os
import re
import signal
import subprocess
import tempfile
import time

import pexpect

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
# Another folder than build/ lets tests and work on the sources go on side by side.
BUILD = os.path.realpath(os.environ.get("CAISSON_BUILD", os.path.join(ROOT, "build")))
HOST = os.path.join(ROOT, "tools", "host")
# How long a soak test works that goes by time, how often one does that goes by rounds.
SOAK_SECONDS = int(os.environ.get("CAISSON_SOAK_SECONDS", "600"))
SOAK_ROUNDS = SOAK_SECONDS // 6 + 1
# Time limits of tests are those of a quiet machine, all of them times this: they are for what never
# comes, and a test that passes does not wait for them.
PATIENCE = float(os.environ.get("CAISSON_PATIENCE", "4"))
PATIENCE_SECONDS = 1800  # nothing becomes longer by it than this


def patient(seconds):
    return max(seconds, min(round(seconds * PATIENCE), PATIENCE_SECONDS))


# What Caisson prints when it starts the service VM, after a reset too.
BANNER = r"Caisson [\d.]+ at EL2: (\d+) CPU"
PROMPT = r"root@servicevm:[^#\r\n]*# "
# Makes /tmp/set: this host, and one like it but for its counter, which it cannot scale.
UNLIKE_HOSTS = ("caisson host-info --json >/tmp/own; sed -e 's/\"host\": \"[^\"]*/\"host\": \"other/' "
                "-e 's/\"counter-hz\": [0-9]*/\"counter-hz\": 24000000/' "
                "-e 's/\"ecv\": true/\"ecv\": false/' /tmp/own | cat /tmp/own - >/tmp/set")
# A file for a guest's systemd: an emulated machine may be slow, devices too.
SYSTEMD_PATIENCE = ("etc/systemd/system.conf.d/patience.conf",
                    "[Manager]\nDefaultTimeoutStartSec=900\nDefaultDeviceTimeoutSec=900\n")

# Kernel messages of level warning or worse that say nothing about Caisson: the first is the same on
# the bare machine, the second is about a busy machine under emulation.
HARMLESS = [r"Memory resource size exceeds max for 32 bits", r"hrtimer: interrupt took \d+ ns",
            r"cacheinfo: Unable to detect cache hierarchy",  # 6.12; the tree says nothing of it
            r"Early cacheinfo failed"]  # QEMU's PPTT says nothing of it either


def assemble_service_vm(extras, name=None, added=None, kernel=None):
    """Makes a folder with vmlinuz and initrd of the small service VM, if it is not up to date;
    extras are more programs for it (tools/servicevm --with), added are files: here -> there, or a
    list of places, kernel is a package of another kernel."""
    folder = os.path.join(BUILD, name or "-".join(["servicevm", *extras]))
    options = [f"--with={extra}" for extra in extras]
    for here, places in (added or {}).items():
        options += [f"--add={here}:{there}" for there in
                    (places if isinstance(places, list) else [places])]
    options += [f"--kernel-package={kernel}"] if kernel else []
    subprocess.run([os.path.join(ROOT, "tools", "servicevm"), "--output", folder, *options],
                   check=True)
    return folder


def write_whole(path, data):
    """In one step, and only if it is not there as it is: other tests may be reading it."""
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return
    except FileNotFoundError:
        pass
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
        file.write(data)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


class Machine:
    """Started by the constructor; arguments are passed to tools/host as they are, options with -
    for _. Every method that waits fails the test when the machine ends or time is up."""

    def __init__(self, log, *arguments, timeout, **options):
        os.makedirs(os.path.dirname(log), exist_ok=True)
        self.log = log
        command = list(arguments)
        for key, value in options.items():
            option = "--" + key.replace("_", "-")
            for item in value if isinstance(value, list) else [value]:
                command += [option] if item is True else [f"{option}={item}"]
        limit = patient(timeout)
        command += [f"--timeout={limit}", f"--log={log}"]
        self.command = [HOST, *command]
        self.limit = limit + 10
        self._child = pexpect.spawn(HOST, command, timeout=self.limit, encoding="utf-8",
                                    codec_errors="replace", dimensions=(50, 200))

    def __str__(self):
        return f"{os.path.basename(self.log)} ({' '.join(self.command)})"

    def stop(self):
        """Lets tools/host stop QEMU; pexpect's own ways do not wait long enough for a busy
        machine."""
        if self._child.isalive():
            self._child.kill(signal.SIGTERM)
            self._child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=60)
            self._child.wait()
        self._child.close()

    def tail(self, lines=40):
        """The console's last lines, and what tools/host said that is not on the console."""
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return "\n".join(file.read().replace("\r", "").splitlines()[-lines:])
        except OSError:
            return self._child.before or ""

    def expect(self, pattern, timeout=None):
        """Waits for the pattern on the console; gives its match. Fails when the machine ends
        first or time is up. The console comes in pieces: a pattern that ends with something of any
        length, such as \\w+, needs what comes behind that, too."""
        limit = self.limit if timeout is None else patient(timeout)
        found = self._child.expect([pattern, pexpect.EOF, "host: time-out", pexpect.TIMEOUT],
                                   timeout=limit)
        if found == 1:
            raise AssertionError(f"the machine ended before /{pattern}/ was seen")
        if found > 1:
            raise AssertionError(f"/{pattern}/ was not seen within {limit:g} s")
        return self._child.match

    def expect_no_more(self, pattern, seconds):
        """The machine may go on for this long or end, but does not print the pattern."""
        if self._child.expect([pattern, pexpect.EOF, pexpect.TIMEOUT], timeout=seconds) == 0:
            raise AssertionError(f"/{pattern}/ was printed: {self._child.match.group()}")

    def before(self):
        """What was printed before the last expected pattern."""
        return self._child.before

    def login(self):
        """Waits for the shell."""
        self.expect(PROMPT)

    def send(self, text):
        self._child.send(text)

    def monitor(self, command):
        """Gives QEMU's monitor a command; the console is a terminal, as on a desk."""
        self.send("\x01c")
        self.expect(r"\(qemu\) ")
        self.send(f"{command}\n\x01c")

    def run(self, command, timeout=None, status=0):
        """Runs a shell command in the service VM; gives its output, checks its exit status. The
        marks are typed so that their echo does not look like them."""
        self._child.sendline(f"echo =\"\"begin=; ({command}); echo =\"\"end=$?=")
        self.expect("=begin=\r*\n", timeout)
        match = self.expect(r"=end=(\d+)=", timeout)
        output = self.before().replace("\r", "")
        self.expect(PROMPT)
        if status is not None and int(match.group(1)) != status:
            raise AssertionError(f"'{command}' ended with status {match.group(1)}: {output}")
        return output.strip()

    def settle(self, command, wanted, timeout=60, status=0):
        """Runs a command again and again until its output is `wanted`, for what comes about by
        itself, but not at once."""
        end = time.monotonic() + patient(timeout)
        while (output := self.run(command, status=status)) != wanted:
            assert time.monotonic() < end, f"'{command}' gives {output!r}, not {wanted!r}"
            time.sleep(0.2)

    def end(self):
        """Waits for the end; gives the exit status of tools/host."""
        self.expect_end()
        self._child.wait()
        self._child.close()
        return self._child.exitstatus

    def expect_end(self):
        if self._child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=self.limit) == 1:
            raise AssertionError("the machine did not end")

    def power_off(self):
        """Powers off from the shell; the machine must end by itself."""
        self._child.sendline("poweroff -f")
        status = self.end()
        assert status == 0, f"tools/host ended with {status} after poweroff"


def check_caisson(machine):
    """Debian really runs on Caisson: nothing but Caisson makes these two."""
    assert machine.run("ls -d /proc/device-tree/caisson") == "/proc/device-tree/caisson"
    assert machine.run("cat /proc/device-tree/psci/method").strip("\0") == "hvc"


def check_dmesg(machine):
    """No kernel message of level warning or worse, but the harmless ones."""
    raw = machine.run("dmesg -r")
    lines = [line for line in raw.splitlines() if line.startswith("<")]
    assert len(lines) > 100, f"dmesg gave only {len(lines)} lines"
    bad = [line for line in lines if int(line[1:line.index(">")]) % 8 <= 4
           and not any(re.search(pattern, line) for pattern in HARMLESS)]
    assert not bad, "\n".join(bad)
    return lines


def system_ram(machine):
    """[(start, end), …) of the service VM's memory, from its /proc/iomem."""
    ranges = []
    for line in machine.run("cat /proc/iomem").splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) : System RAM$", line)
        if match:
            ranges.append((int(match.group(1), 16), int(match.group(2), 16) + 1))
    assert ranges, "no System RAM in /proc/iomem"
    return sorted(ranges)


def kept_ranges(machine, base, memory):
    """The parts of the machine's memory that the service VM does not have: Caisson's."""
    kept = []
    position = base
    for start, end in [*system_ram(machine), (base + memory, base + memory)]:
        if start > position:
            kept.append((position, start))
        position = max(position, end)
    return kept
