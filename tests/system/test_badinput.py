# SPDX-License-Identifier: BSD-2-Clause
"""What is handed over can be wrong: each mistake gives one line on the console that names it, and
no guest is started. Silence is always a failure."""

import os
import subprocess

import pytest

from machine import HOST, check_caisson

BASE = 0x40000000
MIB = 1 << 20
# Where tools/host --dtb puts the bundle (RAW_BUNDLE).
BUNDLE_AT = BASE + 96 * MIB
STARTED = r"Booting Linux|Linux version"


def refuses(machine, *words):
    """One line with all the words (regular expressions, in order) comes, and nothing starts."""
    rest = r"[^\r\n]*"
    machine.expect(rest.join([r"caisson: cannot start: ", *words, r"\r*\n"]), 60)
    machine.expect_no_more(STARTED, 2)


@pytest.fixture
def bundle(service_vm, tmp_path):
    """A good bundle's path."""
    path = tmp_path / "bundle.cpio"
    subprocess.run([os.path.join(os.path.dirname(HOST), "bundle"),
                    "--kernel", f"{service_vm}/vmlinuz", "--initrd", f"{service_vm}/initrd",
                    "--append", "quiet", "--output", path], check=True)
    return path


class DeviceTree:
    """The machine's device tree, as it would be handed over with a bundle, to be changed."""

    def __init__(self, path, image, bundle, *options):
        self.path = path
        subprocess.run([HOST, f"--image={image}", f"--bundle={bundle}", f"--dump-dtb={path}",
                        *options], check=True, stdin=subprocess.DEVNULL)
        end = BUNDLE_AT + os.path.getsize(bundle)
        self.put("/chosen", "linux,initrd-start", "x", "0", f"{BUNDLE_AT:x}")
        self.put("/chosen", "linux,initrd-end", "x", "0", f"{end:x}")

    def put(self, node, name, kind, *values):
        subprocess.run(["fdtput", "-t", kind, self.path, node, name, *values], check=True)

    def add(self, node):
        subprocess.run(["fdtput", "-c", self.path, node], check=True)

    def remove(self, node):
        subprocess.run(["fdtput", "-r", self.path, node], check=True)

    def remove_property(self, node, name):
        subprocess.run(["fdtput", "-d", self.path, node, name], check=True)


@pytest.fixture
def tree(tmp_path, image, bundle):
    return DeviceTree(tmp_path / "machine.dtb", image, bundle)


def start_tree(start, tree, bundle=None):
    options = {"bundle": bundle} if bundle else {}
    return start(dtb=tree.path, timeout=60, **options)


def test_tree_unchanged(start, tree, bundle):
    """The tests below change one thing in what works here."""
    machine = start_tree(start, tree, bundle)
    machine.login()
    check_caisson(machine)
    machine.power_off()


def test_no_memory_node(start, tree, bundle):
    tree.remove("/memory@40000000")
    refuses(start_tree(start, tree, bundle), "memory node")


def test_unknown_gic(start, tree, bundle):
    tree.put("/intc@8000000", "compatible", "s", "acme,gic-9000")
    refuses(start_tree(start, tree, bundle), "interrupt controller", "acme,gic-9000")


def test_gicv2(start, bundle):
    machine = start("--qemu-arg=-machine", "--qemu-arg=gic-version=2", bundle=bundle, timeout=60)
    refuses(machine, "interrupt controller", "GICv3")


def test_el1(start, bundle):
    machine = start("--qemu-arg=-machine", "--qemu-arg=virtualization=off", bundle=bundle,
                    timeout=60)
    refuses(machine, "EL[12]")


def test_too_little_memory(start, tree, bundle):
    tree.put("/memory@40000000", "reg", "x", "0", f"{BASE:x}", "0", f"{16 * MIB:x}")
    refuses(start_tree(start, tree, bundle), "16 MiB of memory")


def test_33_cpus(boot):
    """The surplus CPU is left out, which the console says; the rest goes on, the last one too."""
    machine = boot(cpus=33, append="quiet maxcpus=2")
    machine.expect(r"32 CPUs used, 1 left out")
    machine.login()
    check_caisson(machine)
    assert machine.run("cat /sys/devices/system/cpu/present") == "0-31"
    machine.run("echo 1 >/sys/devices/system/cpu/cpu31/online")
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-1,31"
    machine.power_off()


def test_nothing_to_start(start):
    refuses(start(timeout=60), "no kernel")


@pytest.mark.parametrize("kept", ["header", "half"])
def test_bundle_truncated(start, bundle, kept):
    size = os.path.getsize(bundle)
    os.truncate(bundle, {"header": 60, "half": size // 2}[kept])
    refuses(start(bundle=bundle, timeout=60), "bundle", "truncated")


def test_bundle_without_kernel(start, tmp_path):
    """An archive, but with nothing of what a bundle holds."""
    path = tmp_path / "empty.cpio"
    subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=b"", check=True,
                   stdout=open(path, "wb"), cwd=tmp_path)
    refuses(start(bundle=path, timeout=60), "bundle", "kernel")


def test_initrd_not_a_bundle(start, service_vm):
    """Any file in the initrd slot: here a kernel."""
    refuses(start(bundle=f"{service_vm}/vmlinuz", timeout=60), "not a bundle")


def test_kernel_not_image(start, service_vm, tmp_path):
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"\x7fELF" + bytes(100000))
    machine = start(kernel=kernel, initrd=f"{service_vm}/initrd", timeout=60)
    refuses(machine, "kernel", "not an arm64 Image")


def test_kernel_truncated(start, service_vm, tmp_path):
    kernel = tmp_path / "kernel"
    with open(f"{service_vm}/vmlinuz", "rb") as file:
        kernel.write_bytes(file.read(32))
    refuses(start(kernel=kernel, timeout=60), "kernel", "not an arm64 Image")


def test_kernel_compressed(start, tmp_path):
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"\x1f\x8b\x08" + bytes(100000))
    refuses(start(kernel=kernel, timeout=60), "kernel", "not an arm64 Image", "compressed")


def module(tree, address, size, kind):
    """A multiboot module of the device tree."""
    node = f"/chosen/module@{address:x}"
    tree.add(node)
    tree.put(node, "compatible", "s", "multiboot,module", f"multiboot,{kind}")
    tree.put(node, "reg", "x", f"{address >> 32:x}", f"{address & 0xffffffff:x}", "0",
             f"{size:x}")


@pytest.fixture
def tree_without_bundle(tree):
    tree.remove_property("/chosen", "linux,initrd-start")
    tree.remove_property("/chosen", "linux,initrd-end")
    return tree


def test_module_overlaps_caisson(start, tree_without_bundle):
    # tools/host --dtb puts the image 2 MiB into memory.
    module(tree_without_bundle, BASE + 2 * MIB, MIB, "kernel")
    refuses(start_tree(start, tree_without_bundle), "kernel module", "overlaps")


def test_module_outside_memory(start, tree_without_bundle):
    module(tree_without_bundle, 0x4000000000, MIB, "kernel")
    refuses(start_tree(start, tree_without_bundle), "kernel module", "not in memory")


def test_module_without_kernel(start, tree_without_bundle):
    module(tree_without_bundle, BASE + 96 * MIB, MIB, "ramdisk")
    refuses(start_tree(start, tree_without_bundle), "no kernel module")
