# SPDX-License-Identifier: BSD-2-Clause
"""Debian's gdb-multiarch, driven by its prompt, and symbols for it to work with."""

import os
import re
import struct

import pexpect

from machine import patient

PROMPT = r"\(gdb\) $"


def _frames(low, high):
    """A .debug_frame that says of all code between these: x29 points at a frame record."""
    def padded(body):
        body += bytes(-len(body) % 8 + 4)
        return struct.pack("<I", len(body)) + body

    rules = bytes([0x0c, 29, 16, 0x80 | 29, 2, 0x80 | 30, 1])  # CFA x29 + 16, offsets from it
    return (padded(struct.pack("<I", 0xffffffff) + bytes([1, 0, 4, 0x78, 30]) + rules) +
            padded(struct.pack("<IQQ", 0, low, high - low)))


def write_elf(path, symbols):
    """A file that tells a debugger where a kernel's functions are and how to unwind their frames
    once they have one. symbols: name -> (address, bytes)."""
    low = min(address for address, _ in symbols.values())
    high = max(address + size for address, size in symbols.values())
    table = bytes(24)
    strings = b"\0"
    for name, (address, size) in symbols.items():
        table += struct.pack("<IBBHQQ", len(strings), 1 << 4 | 2, 0, 1, address, size)
        strings += name.encode() + b"\0"
    names = b"\0.text\0.debug_frame\0.symtab\0.strtab\0.shstrtab\0"
    contents = [b"", b"", _frames(low, high), table, strings, names]
    #           name, type, flags, address, link, info, entry size
    kinds = [("", 0, 0, 0, 0, 0, 0), (".text", 8, 6, low, 0, 0, 0),
             (".debug_frame", 1, 0, 0, 0, 0, 0), (".symtab", 2, 0, 0, 4, 1, 24),
             (".strtab", 3, 0, 0, 0, 0, 0), (".shstrtab", 3, 0, 0, 0, 0, 0)]
    headers, body = b"", b""
    for (name, kind, flags, address, link, info, entry), content in zip(kinds, contents):
        size = high - low if name == ".text" else len(content)
        headers += struct.pack("<IIQQQQIIQQ", names.index(name.encode() + b"\0"), kind, flags,
                               address, 64 + len(body), size, link, info, 8 if kind else 0, entry)
        body += content + bytes(-len(content) % 8)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 183, 1, low, 0, 64 + len(body),
                         0, 64, 0, 0, 64, len(kinds), 5)
    with open(path, "wb") as file:
        file.write(header + body + headers)


def kernel_symbols(machine, names):
    """What /proc/kallsyms of the machine says of these, in the form of write_elf()."""
    pattern = "|".join(names)
    output = machine.run("echo 0 >/proc/sys/kernel/kptr_restrict; sort /proc/kallsyms | "
                         f"grep -wE -A1 '{pattern}'", timeout=120)
    lines = [line.split() for line in output.splitlines() if re.match("[0-9a-f]{16} ", line)]
    symbols = {}
    for i, (address, _, name, *_rest) in enumerate(lines):
        if name in names and i + 1 < len(lines):
            symbols[name] = (int(address, 16), int(lines[i + 1][0], 16) - int(address, 16))
    missing = set(names) - set(symbols)
    assert not missing, f"no such symbols in the kernel: {missing}"
    return symbols


class Gdb:
    """gdb-multiarch at its prompt."""

    def __init__(self, log, elf=None, timeout=60):
        self._timeout = patient(timeout)
        self._log = open(log, "w", encoding="utf-8")
        arguments = ["-nx", "-q", *([elf] if elf else [])]
        self._child = pexpect.spawn("gdb-multiarch", arguments, timeout=self._timeout, encoding="utf-8",
                                    env={**os.environ, "TERM": "dumb"}, logfile=self._log,
                                    dimensions=(100, 200))
        self._child.expect(PROMPT)
        for setting in ("pagination off", "width 0", "confirm off", "architecture aarch64",
                        "remotetimeout 600", "style enabled off", "debuginfod enabled off"):
            self.run(f"set {setting}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.close(force=True)
        self._log.close()

    def run(self, command, timeout=None):
        """The command's output."""
        self.start(command)
        return self.finish(timeout)

    def start(self, command):
        """For one that goes on until something happens."""
        self._child.sendline(command)
        self._child.expect_exact("\n")

    def finish(self, timeout=None):
        """Its output, when it is back at the prompt."""
        self._child.expect(PROMPT, patient(timeout) if timeout else self._timeout)
        return self._child.before.replace("\r", "")

    def interrupt(self):
        """Ctrl-C."""
        self._child.sendintr()

    def value(self, expression):
        """An expression's value, as a number."""
        output = self.run(f"output/x (unsigned long)({expression})")
        match = re.search("0x[0-9a-f]+", output)
        assert match, output
        return int(match.group(), 16)
