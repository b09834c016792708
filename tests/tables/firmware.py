# SPDX-License-Identifier: BSD-2-Clause
"""Real tables without a boot: QEMU's ACPI tables as firmware would put them into memory, and the
device trees of QEMU and of Debian's kernel package."""

import glob
import os
import re
import struct
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FW_CFG = 0x9020000  # of the machine virt: data, then the selector (big-endian) at 8
FILE_DIRECTORY = 0x19
PLACE = 0x7C000000  # where tables go; any address will do
SECONDS = 60


class Config:
    """QEMU's firmware configuration device, reached by its test protocol: no CPU runs."""

    def __init__(self, machine, cpus):
        command = ["qemu-system-aarch64", "-machine", machine, "-smp", str(cpus), "-cpu",
                   "cortex-a72", "-m", "512", "-nodefaults", "-display", "none", "-S",
                   "-qtest", "stdio", "-qtest-log", "/dev/null"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.files = {}
        directory = self.read(FILE_DIRECTORY, 4)
        count = struct.unpack(">I", directory)[0]
        directory = self.read(FILE_DIRECTORY, 4 + 64 * count)
        for i in range(count):
            size, key, _, name = struct.unpack_from(">IHH56s", directory, 4 + 64 * i)
            self.files[name.rstrip(b"\0").decode()] = (key, size)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            assert line, "QEMU ended"
            if line.startswith("OK"):
                return line.split()[1:]

    def read(self, key, size):
        swapped = struct.unpack("<H", struct.pack(">H", key))[0]
        self.ask(f"writew {FW_CFG + 8:#x} {swapped:#x}")
        data = b""
        while len(data) < size:
            word = int(self.ask(f"readq {FW_CFG:#x}")[0], 16)
            data += struct.pack("<Q", word)
        return data[:size]

    def file(self, name):
        return self.read(*self.files[name])

    def close(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(SECONDS)


def qemu_acpi(machine, cpus):
    """(bytes, their address, the RSDP's): the commands of etc/table-loader carried out."""
    config = Config(machine, cpus)
    try:
        loader = config.file("etc/table-loader")
        blobs, start, end = {}, {}, PLACE
        for at in range(0, len(loader), 128):
            entry = loader[at:at + 128]
            command = struct.unpack_from("<I", entry)[0]
            name = entry[4:60].rstrip(b"\0").decode()
            if command == 1:  # allocate
                align = max(struct.unpack_from("<I", entry, 60)[0], 16)
                end = (end + align - 1) // align * align
                blobs[name], start[name] = bytearray(config.file(name)), end
                end += len(blobs[name])
            elif command == 2:  # add pointer
                source = entry[60:116].rstrip(b"\0").decode()
                offset, size = struct.unpack_from("<IB", entry, 116)
                value = int.from_bytes(blobs[name][offset:offset + size], "little")
                blobs[name][offset:offset + size] = (value + start[source]).to_bytes(size,
                                                                                     "little")
            elif command == 3:  # add checksum
                offset, first, length = struct.unpack_from("<III", entry, 60)
                blobs[name][offset] = 0
                blobs[name][offset] = -sum(blobs[name][first:first + length]) & 0xff
    finally:
        config.close()
    memory = bytearray(end - PLACE)
    for name, blob in blobs.items():
        memory[start[name] - PLACE:start[name] - PLACE + len(blob)] = blob
    return bytes(memory), PLACE, start["etc/acpi/rsdp"]


def saved_acpi(name):
    """The same, of a file beside this one: lines of address and bytes, the RSDP first."""
    lines = []
    with open(os.path.join(os.path.dirname(__file__), name), encoding="ascii") as file:
        for line in file:
            if not line.startswith("#"):
                address, data = line.split()
                lines.append((int(address, 16), bytes.fromhex(data)))
    start = min(address for address, _ in lines)
    memory = bytearray(max(address + len(data) for address, data in lines) - start)
    for address, data in lines:
        memory[address - start:address - start + len(data)] = data
    return bytes(memory), start, lines[0][0]


def qemu_dtb(machine, cpus, path):
    subprocess.run(["qemu-system-aarch64", "-machine", f"{machine},dumpdtb={path}", "-smp",
                    str(cpus), "-cpu", "cortex-a72", "-m", "512", "-nodefaults", "-display",
                    "none"], check=True, timeout=SECONDS, stderr=subprocess.DEVNULL)


def fetch(package):
    return subprocess.run([os.path.join(ROOT, "tools/fetch"), "deb", package], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.split()[0]


def debian_dtbs(folder):
    """Paths of the device trees of Debian's arm64 kernel package."""
    depends = subprocess.run(["dpkg-deb", "--field", fetch("linux-image-arm64"), "Depends"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
    kernel = fetch(re.search(r"\blinux-image-\d[^\s,]*", depends).group())
    package = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", kernel], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", folder, "--wildcards", "*.dtb"], check=True,
                   stdin=package.stdout)
    assert package.wait(SECONDS) == 0
    return sorted(glob.glob(f"{folder}/usr/lib/linux-image-*/**/*.dtb", recursive=True))
