# SPDX-License-Identifier: BSD-2-Clause
"""Just enough of GDB's remote protocol to read system registers and physical memory of a machine
in QEMU: for what a hypervisor does not print. Connecting stops the machine."""

import re
import socket
import struct


class Remote:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(path)
        self._pending = b""
        self.command("qSupported:xmlRegisters=aarch64")
        self._registers = {}
        self._read_target("target.xml", 0)
        self.command("Qqemu.PhyMemMode:1")

    def close(self):
        self._socket.close()

    def command(self, text):
        data = text.encode()
        self._socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xff))
        while True:
            packet = self._packet()
            if packet is not None:
                return packet

    def _packet(self):
        """The next answer; None for an acknowledgement."""
        while True:
            found = re.match(rb"[+-]|\$([^#]*)#..", self._pending, re.DOTALL)
            if found:
                self._pending = self._pending[found.end():]
                if found[1] is None:
                    return None
                self._socket.sendall(b"+")
                return _unescape(found[1])
            data = self._socket.recv(65536)
            if not data:
                raise OSError("QEMU closed the debugger's connection")
            self._pending += data

    def _read_target(self, name, number):
        """Numbers the registers in the order of the target description's files."""
        text = b""
        while True:
            part = self.command(f"qXfer:features:read:{name}:{len(text):x},800")
            text += part[1:]
            if part[:1] != b"m":
                break
        for tag, attributes in re.findall(rb"<(reg|xi:include)\s([^>]*)>", text):
            values = dict(re.findall(rb'(\w+)="([^"]*)"', attributes))
            if tag == b"xi:include":
                number = self._read_target(values[b"href"].decode(), number)
                continue
            number = int(values.get(b"regnum", number))
            self._registers[values[b"name"].decode()] = number
            number += 1
        return number

    def register(self, name):
        """The value, of at most 64 bits, on the first CPU."""
        answer = self.command(f"p{self._registers[name]:x}")
        return int.from_bytes(bytes.fromhex(answer.decode()), "little")

    def read_words(self, address, count):
        """64-bit words of physical memory."""
        words = []
        while len(words) < count:
            part = min(count - len(words), 128)
            answer = self.command(f"m{address + 8 * len(words):x},{8 * part:x}")
            words += struct.unpack(f"<{part}Q", bytes.fromhex(answer.decode()))
        return words


def _unescape(data):
    """'}' and a byte stand for that byte with bit 5 turned over, 'X*c' for X repeated."""
    result = bytearray()
    i = 0
    while i < len(data):
        if data[i:i + 1] == b"}":
            result.append(data[i + 1] ^ 0x20)
            i += 2
        elif data[i:i + 1] == b"*" and result:
            result += result[-1:] * (data[i + 1] - 29)
            i += 2
        else:
            result.append(data[i])
            i += 1
    return bytes(result)


def el2_executable_bytes(remote):
    """How much EL2 can execute, by its own translation table: 4 KiB granule, one range (not VHE).
    A page that is mapped twice counts once."""
    start_bits = 64 - (remote.register("TCR_EL2") & 0x3f)
    level = 4 - -(-(start_bits - 12) // 9)
    table = remote.register("TTBR0_EL2") & 0xfffffffffffe
    pages = set()
    _walk(remote, table, level, pages)
    return len(pages) * 4096


def _walk(remote, table, level, pages):
    for entry in remote.read_words(table & 0xfffffffff000, 512):
        if not entry & 1:
            continue
        if level < 3 and entry & 2:
            _walk(remote, entry, level + 1, pages)
        elif not entry >> 54 & 1:  # XN
            count = 1 << 9 * (3 - level)
            first = (entry & 0xfffffffff000) >> 12
            pages.update(range(first, first + count))
