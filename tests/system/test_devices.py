# SPDX-License-Identifier: BSD-2-Clause
"""Disk and network of the service VM, passed through: virtio over MMIO and over PCIe (INTx); its
console and event line, emulated; and firmware's random numbers."""

import contextlib
import hashlib
import http.server
import os
import random
import re
import threading

import pytest

from machine import check_caisson, check_dmesg

MIB = 1 << 20
BLOCK_MIB = 8  # what is read and what is written, each with a checksum


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def random_bytes(count, seed):
    return random.Random(seed).randbytes(count)


def check_interrupts(machine, bus, device):
    """The device's interrupts came, by the way that Caisson shows."""
    lines = machine.run("cat /proc/interrupts").splitlines()
    assert not any("ITS-MSI" in line for line in lines)
    kind = {"mmio": "Edge", "pci": "Level"}[bus]
    [line] = [line for line in lines if re.search(rf"{kind}\s.*\b{device}\b", line)]
    counts = [int(word) for word in line.split()[1:] if word.isdigit()]
    assert sum(counts[:2]) > 0, line


@pytest.mark.parametrize("bus", ["mmio", "pci"])
def test_disk(boot, tmp_path, bus):
    """What this machine wrote is read there, what is written there is read here."""
    disk = tmp_path / "disk.img"
    first = random_bytes(BLOCK_MIB * MIB, 1)
    disk.write_bytes(first + bytes(3 * BLOCK_MIB * MIB))
    machine = boot(cpus=2, drive=f"{disk},bus={bus}")
    machine.login()
    check_caisson(machine)
    read = machine.run(f"dd if=/dev/vda bs=1M count={BLOCK_MIB} 2>/dev/null | sha256sum")
    assert read.split()[0] == sha256(first)
    machine.run(f"dd if=/dev/urandom of=/tmp/data bs=1M count={BLOCK_MIB}")
    written = machine.run("sha256sum /tmp/data").split()[0]
    machine.run(f"dd if=/tmp/data of=/dev/vda bs=1M seek={BLOCK_MIB} conv=fsync")
    machine.run("echo 3 >/proc/sys/vm/drop_caches")
    again = machine.run(f"dd if=/dev/vda bs=1M skip={BLOCK_MIB} count={BLOCK_MIB} 2>/dev/null "
                        "| sha256sum")
    assert again.split()[0] == written
    check_interrupts(machine, bus, r"virtio0(-\S+)?")
    check_dmesg(machine)
    machine.power_off()
    with open(disk, "rb") as file:
        file.seek(BLOCK_MIB * MIB)
        assert sha256(file.read(BLOCK_MIB * MIB)) == written
        file.seek(0)
        assert sha256(file.read(BLOCK_MIB * MIB)) == sha256(first)


@contextlib.contextmanager
def file_server(folder):
    """Serves the folder to the machine, which reaches this one's loopback as 10.0.2.2."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=os.fspath(folder))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("bus", ["mmio", "pci"])
def test_network(boot, tmp_path, bus):
    data = random_bytes(BLOCK_MIB * MIB, 2)
    (tmp_path / "file").write_bytes(data)
    machine = boot(cpus=2, net=f"user,bus={bus}")
    machine.login()
    check_caisson(machine)
    with file_server(tmp_path) as port:
        machine.run(f"wget -q -O /tmp/file http://10.0.2.2:{port}/file")
    assert machine.run("sha256sum /tmp/file").split()[0] == sha256(data)
    check_interrupts(machine, bus, r"virtio0(-\S+)?")
    check_dmesg(machine)
    machine.power_off()


def test_console(boot):
    """Nothing is lost or changed on the way, in or out, as fast as the line takes it."""
    machine = boot(cpus=2)
    machine.login()
    check_caisson(machine)
    digits = random_bytes(9000, 3).hex()
    text = "".join(f"{digits[i:i + 60]}\n" for i in range(0, len(digits), 60))
    machine.send("stty -echo; echo re''ady; cat >/tmp/in; stty echo\n")
    machine.expect("ready")
    machine.send(text + "\x04")
    machine.login()
    assert machine.run("sha256sum /tmp/in").split()[0] == sha256(text.encode())
    assert machine.run("cat /tmp/in") == text.strip()
    machine.power_off()


def test_event_line(boot):
    """Caisson's own device is a second PL011 to Linux, with an interrupt that Linux takes."""
    machine = boot(cpus=2)
    machine.login()
    check_caisson(machine)
    path = machine.run("cat /proc/device-tree/caisson/event-line").strip("\0")
    unit = re.fullmatch(r"/pl011@([0-9a-f]+)", path).group(1)
    device = machine.run("readlink -f /sys/class/tty/ttyAMA1/device")
    assert device.split("/")[-1] == f"{unit}.pl011"
    assert unit not in machine.run("readlink -f /sys/class/tty/ttyAMA0/device")
    specifier = machine.run(f"hexdump -ve '4/1 \"%02x\" \" \"' /proc/device-tree{path}/interrupts")
    kind, number, flags = (int(cell, 16) for cell in specifier.split())
    assert (kind, flags) == (0, 4), "an SPI, level high"
    # The driver takes the interrupt while somebody has the device open.
    line = rf"GICv3\s+{32 + number}\s+Level\s+uart-pl011"
    assert not re.search(line, machine.run("cat /proc/interrupts"))
    machine.run("exec 3</dev/ttyAMA1; cat /proc/interrupts >/tmp/open")
    assert re.search(line, machine.run("cat /tmp/open"))
    check_dmesg(machine)
    machine.power_off()


def test_rng_seed(boot):
    """Linux takes /chosen/rng-seed and hides it: on a CPU without random numbers it shows in that
    the generator is ready at once."""
    machine = boot(cpus=1, cpu="cortex-a72")
    machine.login()
    check_caisson(machine)
    assert "rng" not in machine.run("grep -m1 Features /proc/cpuinfo")
    assert re.search(r"\[ +0\.000000\] random: crng init done", machine.run("dmesg"))
    machine.power_off()
