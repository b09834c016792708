# SPDX-License-Identifier: BSD-2-Clause
"""Two emulated hosts, unlike if wanted, joined by a cable and with one disk, from which each can
reach the other by ssh: what migration needs. The cable runs through this program, which can cut it
at any byte."""

import os
import select
import socket
import struct
import subprocess
import threading

from machine import BUILD, assemble_service_vm, check_caisson, write_whole

TARGET = os.path.join(BUILD, "target")
HERE = os.path.dirname(os.path.realpath(__file__))
FILES = os.path.join(BUILD, "twohosts")
CHECKERS = ["timecheck", "memcheck", "diskcheck", "tcpcheck"]
MIB = 1 << 20
# (CPU, counter frequency) of a host.
FAST_MAX = ("max", 1_000_000_000)
SLOW_MAX = ("max", 25_000_000)
N1 = ("neoverse-n1", 62_500_000)


class Cable:
    """Between two sockets, at each of which one QEMU's network card connects (a frame is its length
    in 4 bytes, then the frame: QEMU's netdev stream). Whole frames are passed on or lost."""

    def __init__(self, paths):
        self._listeners = []
        for path in paths:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen(1)
            self._listeners.append(listener)
        self._ends = [None, None]
        self._pending = [b"", b""]
        self._left = None  # bytes that pass before it is cut, None: it is whole
        self.passed = [0, 0]
        self._lock = threading.Lock()
        self._wake, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        os.close(self._end)
        self._thread.join()
        for item in [*self._listeners, *self._ends]:
            if item:
                item.close()
        os.close(self._wake)

    def cut(self, after=0):
        """Frames are lost from now on, or after so many bytes more, both ways counted."""
        with self._lock:
            self._left = after

    def mend(self):
        with self._lock:
            self._left = None

    def is_cut(self):
        with self._lock:
            return self._left is not None and self._left <= 0

    def _run(self):
        while True:
            waiting = [self._wake, *(listener if end is None else end
                                     for listener, end in zip(self._listeners, self._ends))]
            ready = select.select(waiting, [], [])[0]
            if self._wake in ready:
                return
            for side, listener in enumerate(self._listeners):
                if listener in ready:
                    self._ends[side], _ = listener.accept()
                elif self._ends[side] in ready:
                    self._read(side)

    def _read(self, side):
        try:
            data = self._ends[side].recv(1 << 18)
        except ConnectionError:
            data = b""
        if not data:
            self._ends[side].close()
            self._ends[side], self._pending[side] = None, b""
            return
        data = self._pending[side] + data
        position, start = 0, 0
        passed = []
        while len(data) - position >= 4:
            length = 4 + struct.unpack_from(">I", data, position)[0]
            if len(data) - position < length:
                break
            position += length
            if not self._passes(side, length):
                passed.append(data[start:position - length])
                start = position
        passed.append(data[start:position])
        self._pending[side] = data[position:]
        self._send(1 - side, b"".join(passed))

    def _passes(self, side, length):
        with self._lock:
            if self._left is not None:
                if self._left <= 0:
                    return False
                self._left -= length
            self.passed[side] += length
            return True

    def _send(self, side, data):
        if data and self._ends[side]:
            try:
                self._ends[side].sendall(data)
            except ConnectionError:
                pass  # that host has gone


def ssh_files():
    """Keys made here, for both hosts the same: here -> there."""
    os.makedirs(FILES, exist_ok=True)
    keys = {}
    for name in ("host_key", "identity", "other_key"):
        keys[name] = os.path.join(FILES, name)
        if not os.path.exists(keys[name]):
            own = f"{keys[name]}.{os.getpid()}"
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", own],
                           check=True)
            os.replace(f"{own}.pub", f"{keys[name]}.pub")
            os.replace(own, keys[name])
    with open(f"{keys['host_key']}.pub", "rb") as file:
        write_whole(os.path.join(FILES, "known_hosts"), b"* " + file.read())
    there = {keys[name]: f"etc/ssh/{name}" for name in keys}
    there[f"{keys['identity']}.pub"] = "etc/ssh/authorized_keys"
    there[os.path.join(FILES, "known_hosts")] = "etc/ssh/ssh_known_hosts"
    for name in ("sshd_config", "ssh_config"):
        there[os.path.join(HERE, "twohosts.d", name)] = f"etc/ssh/{name}"
    there[os.path.join(HERE, "twohosts.d", "network")] = "etc/network"
    there[os.path.join(HERE, "twohosts.d", "hosts")] = "etc/hosts"
    return there


def two_hosts_vm():
    """A service VM with caisson, ssh, and a guest with the checkers."""
    programs = {f"{TARGET}/tests/uservm/{name}": f"bin/{name}" for name in CHECKERS}
    guest = assemble_service_vm([], "servicevm-migrate-guest", {
        **programs, os.path.join(HERE, "twohosts.d", "guest-network"): "etc/network",
        os.path.join(HERE, "twohosts.d", "load"): "bin/load"})
    return assemble_service_vm(["openssh"], "servicevm-migrate", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        **programs, **ssh_files(), f"{TARGET}/tests/uservm/ward.img": "guests/ward.img",
        f"{guest}/vmlinuz": "guests/vmlinuz", f"{guest}/initrd": "guests/initrd"})


class TwoHosts:
    """a and b are Machines at their shells."""

    def __init__(self, start, folder, vm, kinds=(FAST_MAX, N1), disk_mib=16, timeout=900, **options):
        paths = [os.path.join(folder, f"{name}.sock") for name in "ab"]
        self.disk = os.path.join(folder, "disk")
        with open(self.disk, "wb") as file:
            file.truncate(disk_mib * MIB)
        self.cable = Cable(paths)
        options = {"cpus": 2, "memory": "1G", **options}
        machines = []
        for name, path, (cpu, hz), mac in zip("ab", paths, kinds, (1, 2)):
            machines.append(start(
                kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append=f"quiet host={name}",
                cpu=cpu, cntfrq=hz, drive=f"{self.disk},serial=shared,share=on", timeout=timeout,
                net=f"link,connect={path},mac=52:54:00:07:00:{mac:02x}", **options))
        self.a, self.b = machines
        for machine in machines:
            machine.login()
            check_caisson(machine)

    def close(self):
        self.cable.close()
