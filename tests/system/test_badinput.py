# SPDX-License-Identifier: BSD-2-Clause
"""What is handed over can be wrong: each mistake gives one line on the console that names it, and
no guest is started. Silence is always a failure."""

import os
import re
import struct
import subprocess

import pytest

from machine import HOST, check_caisson
from test_ports import check_console

BASE = 0x40000000
MIB = 1 << 20
# Where tools/host --dtb puts image, device tree and bundle (RAW_IMAGE and so on).
IMAGE_AT, TREE_AT, BUNDLE_AT = BASE + 2 * MIB, BASE + 64 * MIB, BASE + 96 * MIB
LIMIT = 120  # seconds that a machine has for its one line
# What the hypervisor says before it starts a guest.
STARTED = r"at EL2: \d+ CPU"


def refuses(machine, *words):
    """One line with all the words (regular expressions, in order) comes, and nothing starts."""
    line = machine.expect(rf"caisson: cannot start: ([^\r\n]*)\r*\n|{STARTED}", LIMIT).group(1)
    assert line is not None, "a guest was started"
    assert re.search(".*".join(words), line), f"{words} not in: {line}"
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
                        "--hyp-append=view=plain", *options], check=True, stdin=subprocess.DEVNULL)
        end = BUNDLE_AT + os.path.getsize(bundle)
        self.put("/chosen", "linux,initrd-start", "x", "0", f"{BUNDLE_AT:x}")
        self.put("/chosen", "linux,initrd-end", "x", "0", f"{end:x}")

    def get(self, node, name):
        """The property's cells."""
        done = subprocess.run(["fdtget", "-t", "x", self.path, node, name], check=True,
                              capture_output=True, text=True)
        return [int(cell, 16) for cell in done.stdout.split()]

    def put(self, node, name, kind, *values):
        subprocess.run(["fdtput", "-t", kind, self.path, node, name, *values], check=True)

    def add(self, node):
        subprocess.run(["fdtput", "-c", self.path, node], check=True)

    def remove(self, node):
        subprocess.run(["fdtput", "-r", self.path, node], check=True)

    def remove_property(self, node, name):
        subprocess.run(["fdtput", "-d", self.path, node, name], check=True)

    def put_cells(self, node, name, *cells):
        self.put(node, name, "x", *(f"{cell:x}" for cell in cells))

    def put_regions(self, node, regions):
        """A reg of two cells for each address and size: regions is [(base, bytes), …]."""
        self.put_cells(node, "reg", *(half for region in regions for value in region
                                      for half in (value >> 32, value & 0xffffffff)))

    def append(self, source, reservations=""):
        """More source text (of dtc) at the tree's end, and in front of it."""
        dtc = ["dtc", "-q", "-q"]
        text = subprocess.run([*dtc, "-I", "dtb", "-O", "dts", self.path], check=True,
                              capture_output=True, text=True).stdout
        text = text.replace("/dts-v1/;", f"/dts-v1/; {reservations}", 1)
        subprocess.run([*dtc, "-I", "dts", "-O", "dtb", "-o", self.path], input=text + source,
                       text=True, check=True)

    def change(self, change):
        """change(bytearray of the blob, its header's ten fields) changes the blob; the fields
        are those of the Devicetree Specification 0.4, 5.2."""
        with open(self.path, "rb") as file:
            blob = bytearray(file.read())
        change(blob, struct.unpack_from(">10I", blob))
        with open(self.path, "wb") as file:
            file.write(blob)


@pytest.fixture
def tree(tmp_path, image, bundle):
    return DeviceTree(tmp_path / "machine.dtb", image, bundle)


def start_tree(start, tree, bundle=None):
    options = {"bundle": bundle} if bundle else {}
    return start(dtb=tree.path, timeout=LIMIT, **options)


def test_tree_unchanged(start, tree, bundle):
    """The tests below change one thing in what works here; but for a reservation of the bundle
    itself, which U-Boot's booti makes."""
    tree.append("", f"/memreserve/ {BUNDLE_AT:#x} {os.path.getsize(bundle):#x};")
    machine = start_tree(start, tree, bundle)
    machine.login()
    check_caisson(machine)
    machine.power_off()


@pytest.mark.parametrize("view", ["plain", "svm"])
def test_port_without_interrupt(start, sit_down, tree, bundle, view):
    """Such a port is polled: all goes out and comes in, with consoles and without."""
    tree.remove_property("/pl011@9000000", "interrupts")
    tree.put("/chosen", "bootargs", "s", f"view={view}")
    if view == "plain":
        machine = start_tree(start, tree, bundle)
        machine.expect("console 1: PL011 at 0x9000000, interrupt 0")
        machine.login()
        check_console(machine, 500)
        return
    t = sit_down(kernel=None, initrd=None, append=None, hyp_append=None, dtb=tree.path,
                 bundle=bundle)
    t.expect(r"^root@servicevm:~# *$")
    t.send("seq 500\r")
    t.expect(r"^499\n500\nroot@servicevm:~# *$")
    t.command_key("?")
    t.expect(r"^ 1 +svm +port 1 +80x24 +4\d\d ")


def last_token(blob, header):
    """The structure block's end token becomes none."""
    end = header[2] + header[9] - 4
    assert struct.unpack_from(">I", blob, end)[0] == 9
    struct.pack_into(">I", blob, end, 0xdeadbeef)


def name_offset(blob, header):
    """The last property's name is outside of the strings block: the last property of the tree
    is the last token of its kind."""
    structs = blob[header[2]:header[2] + header[9]]
    offsets = [at for at in range(0, len(structs), 4) if structs[at:at + 4] == b"\0\0\0\3"]
    struct.pack_into(">I", blob, header[2] + offsets[-1] + 8, header[8] + 100)


def cut_off(blob, header):
    """The structure block ends 16 bytes early."""
    struct.pack_into(">I", blob, 36, header[9] - 16)


def too_deep(tree):
    tree.append("/ { " + "n { " * 40 + "}; " * 40 + "};")


def too_many(tree):
    tree.append("/ { " + "".join(f"n{i} {{}}; " for i in range(4096)) + "};")


def pieces_of_memory(tree):
    """Memory in 33 pieces that do not touch."""
    tree.put_regions("/memory@40000000",
                     [(BASE, 1024 * MIB),
                      *((BASE + (1025 + 2 * i) * MIB, MIB) for i in range(32))])


def memory_nodes(tree):
    """33 of them."""
    tree.append("/ { " + "".join(
        f"memory@{at:x} {{ device_type = \"memory\"; reg = <{at >> 32} {at & 0xffffffff:#x} 0 "
        "0x1000>; }; " for at in range(1 << 36, (1 << 36) + 32 * MIB, MIB)) + "};")


def no_room_for_kernel(tree):
    """All memory is reserved but for the pieces that hold what was loaded, and pieces too small
    for a kernel, one at the top for what Caisson keeps."""
    bundle_end = -(-(tree.get("/chosen", "linux,initrd-end")[1]) // MIB) * MIB
    top = BASE + 2048 * MIB
    reserved = [(IMAGE_AT + 2 * MIB, TREE_AT), (TREE_AT + 2 * MIB, BUNDLE_AT),
                (bundle_end, top - 26 * MIB)]
    tree.append("/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; " + "".join(
        f"r@{start:x} {{ reg = <0 {start:#x} 0 {end - start:#x}>; }}; "
        for start, end in reserved) + "}; };")


def twin_cpu(tree):
    """A second and third CPU with the same number."""
    for name in ("cpu@8", "cpu@9"):
        tree.add(f"/cpus/{name}")
        tree.put(f"/cpus/{name}", "device_type", "s", "cpu")
        tree.put(f"/cpus/{name}", "enable-method", "s", "psci")
        tree.put_cells(f"/cpus/{name}", "reg", 8)


GIC = "/intc@8000000"
GICD, GICR = (0x8000000, 0x10000), (0x80a0000, 0xf60000)

# What is wrong with the device tree: how it is made so -> words of the line.
WRONG_TREES = {
    "last-token": (lambda tree: tree.change(last_token), ["device tree", "broken", "malformed"]),
    "name-offset": (lambda tree: tree.change(name_offset), ["device tree", "broken", "malformed"]),
    "cut-off": (lambda tree: tree.change(cut_off), ["device tree", "broken", "ends early"]),
    "too-deep": (too_deep, ["device tree", "broken", "version or depth"]),
    "too-many-nodes": (too_many, ["device tree", "broken", "more than 4096 nodes"]),
    "no-memory": (lambda tree: tree.remove("/memory@40000000"), ["no memory node"]),
    "memory-wraps": (lambda tree: tree.put_regions("/memory@40000000", [((1 << 64) - 1, MIB)]),
                     ["reg property of memory node memory@40000000 makes no sense"]),
    "memory-small": (lambda tree: tree.put_regions("/memory@40000000", [(BASE, 16 * MIB)]),
                     ["has 16 MiB of memory, Caisson needs 256 MiB"]),
    "memory-pieces": (pieces_of_memory, ["memory in more than 32 pieces"]),
    "memory-nodes": (memory_nodes, ["more than 32 memory nodes"]),
    "memory-high": (lambda tree: tree.put_regions(
        "/memory@40000000", [(BASE, 2048 * MIB), (0xff8000000000, MIB)]),
        ["memory at 0xff80000fffff is beyond 0xff8000000000"]),
    "kernel-room": (no_room_for_kernel, ["no room in memory for the service VM's kernel"]),
    "cpu-missing": (lambda tree: tree.remove("/cpus/cpu@0"), ["no node of the CPU this runs on"]),
    "timer-missing": (lambda tree: tree.remove("/timer"), ["no node of the generic timer"]),
    "timer-interrupts": (lambda tree: tree.put_cells("/timer", "interrupts", 1, 13, 4, 1, 14, 4),
                         ["timer node timer lacks one of the interrupts phys, virt, hyp-phys"]),
    "timer-spi": (lambda tree: tree.put_cells("/timer", "interrupts", 1, 13, 4, 1, 14, 4,
                                              0, 11, 4, 1, 10, 4),
                  ["timer node timer", "is no PPI"]),
    "gic-unknown": (lambda tree: tree.put(GIC, "compatible", "s", "acme,gic-9000"),
                    ['interrupt controller intc@8000000 is a "acme,gic-9000"']),
    "gic-missing": (lambda tree: (tree.remove(GIC), tree.remove("/pl061@9030000")),
                    ["no interrupt controller, Caisson needs a GICv3"]),
    "gicd-small": (lambda tree: tree.put_regions(GIC, [(GICD[0], 0x1000), GICR]),
                   ["GIC node intc@8000000: reg entry 0", "smaller than 64 KiB"]),
    "gicr-small": (lambda tree: tree.put_regions(GIC, [GICD, (GICR[0], 0x10000)]),
                   ["GIC node intc@8000000: reg entry 1", "smaller than 128 KiB"]),
    "gicr-missing": (lambda tree: tree.put_regions(GIC, [GICD]),
                     ["GIC node intc@8000000: reg entry 1 makes no sense"]),
    "gicr-regions": (lambda tree: tree.put_cells(GIC, "#redistributor-regions", 1000),
                     ["GIC node intc@8000000 has 1000 redistributor regions"]),
    "gicr-stride": (lambda tree: tree.put_cells(GIC, "redistributor-stride", 0x20001),
                    ["GIC node intc@8000000: redistributor-stride 0x20001"]),
    "gicv2-regions": (lambda tree: tree.put(GIC, "compatible", "s", "arm,gic-400"),
                      ["GIC node intc@8000000: reg entry 2 makes no sense"]),
    "gic-maintenance": (lambda tree: tree.put_cells(GIC, "interrupts", 0, 9, 4),
                        ["GIC node intc@8000000: its maintenance interrupt", "no PPI"]),
}


@pytest.mark.parametrize("mistake", sorted(WRONG_TREES))
def test_tree(start, tree, bundle, mistake):
    change, words = WRONG_TREES[mistake]
    change(tree)
    refuses(start_tree(start, tree, bundle), *words)


NO_PSCI = "no PSCI to switch the machine off or reset it with: "

# What the tree says of CPUs and PSCI costs these CPUs, or power-off, and not the machine: how it is
# made so -> lines before it starts.
WRONG_CPUS = {
    "psci-missing": (lambda tree: tree.remove("/psci"),
                     [NO_PSCI + "firmware's tables have none"]),
    "psci-hvc": (lambda tree: tree.put("/psci", "method", "s", "hvc"),
                 [NO_PSCI + "its method is hvc, and an HVC at EL2 stays at EL2"]),
    "psci-no-method": (lambda tree: tree.remove_property("/psci", "method"),
                       [NO_PSCI + "the PSCI node's method is neither smc nor hvc"]),
    "cpu-twice": (twin_cpu, ["CPU 0x8 left out: PSCI: an earlier CPU has the same MPIDR",
                             r"CPU 0x8 left out: PSCI: CPU_ON answered -2 \(invalid parameters\)",
                             "1 CPUs used, 2 left out"]),
}


@pytest.mark.parametrize("mistake", sorted(WRONG_CPUS))
def test_cpus(start, tree, bundle, mistake):
    change, lines = WRONG_CPUS[mistake]
    change(tree)
    machine = start_tree(start, tree, bundle)
    for line in lines:
        machine.expect(line)
    machine.expect(STARTED)


def test_el1(start, bundle):
    machine = start("--qemu-arg=-machine", "--qemu-arg=virtualization=off", bundle=bundle,
                    timeout=LIMIT)
    refuses(machine, "started at EL1, Caisson needs EL2")


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
    refuses(start(timeout=LIMIT), "no kernel")


@pytest.mark.parametrize("kept", ["header", "half"])
def test_bundle_truncated(start, bundle, kept):
    size = os.path.getsize(bundle)
    os.truncate(bundle, {"header": 60, "half": size // 2}[kept])
    refuses(start(bundle=bundle, timeout=LIMIT), "bundle", "truncated")


@pytest.mark.parametrize("what, at", [("magic", 0), ("digit", 60), ("name", 110)])
def test_bundle_damaged(start, bundle, service_vm, what, at):
    """The header of the second member is not what it was: its magic, a digit of a field, its name
    without an end."""
    header = -(-(110 + len("kernel") + 1) // 4) * 4
    second = header + -(-os.path.getsize(f"{service_vm}/vmlinuz") // 4) * 4
    with open(bundle, "r+b") as file:
        file.seek(second)
        assert file.read(6) == b"070701"
        file.seek(second + at)
        file.write(b"initrdX" if what == "name" else b"?")
    refuses(start(bundle=bundle, timeout=LIMIT), "bundle", "damaged",
            'a member\'s header is malformed \\(looking for "initrd"\\)')


def test_command_line_long(start, service_vm):
    machine = start(kernel=f"{service_vm}/vmlinuz", append="x" * 5000, timeout=LIMIT)
    refuses(machine, "the bundle's command line for the kernel has 5000 bytes, more than 4096")


def test_bundle_without_kernel(start, tmp_path):
    """An archive, but with nothing of what a bundle holds."""
    path = tmp_path / "empty.cpio"
    subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=b"", check=True,
                   stdout=open(path, "wb"), cwd=tmp_path)
    refuses(start(bundle=path, timeout=LIMIT), "bundle", "kernel")


def test_initrd_not_a_bundle(start, service_vm):
    """Any file in the initrd slot: here a kernel."""
    refuses(start(bundle=f"{service_vm}/vmlinuz", timeout=LIMIT), "not a bundle")


def test_kernel_not_image(start, service_vm, tmp_path):
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"\x7fELF" + bytes(100000))
    machine = start(kernel=kernel, initrd=f"{service_vm}/initrd", timeout=LIMIT)
    refuses(machine, "kernel", "not an arm64 Image")


def test_kernel_truncated(start, service_vm, tmp_path):
    kernel = tmp_path / "kernel"
    with open(f"{service_vm}/vmlinuz", "rb") as file:
        kernel.write_bytes(file.read(32))
    refuses(start(kernel=kernel, timeout=LIMIT), "kernel", "not an arm64 Image")


def test_kernel_compressed(start, tmp_path):
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"\x1f\x8b\x08" + bytes(100000))
    refuses(start(kernel=kernel, timeout=LIMIT), "kernel", "not an arm64 Image", "compressed")


def module(tree, address, size, kind):
    """A multiboot module of the device tree."""
    node = f"/chosen/module@{address:x}"
    tree.add(node)
    tree.put(node, "compatible", "s", "multiboot,module", f"multiboot,{kind}")
    tree.put_regions(node, [(address, size)])


@pytest.fixture
def tree_without_bundle(tree):
    tree.remove_property("/chosen", "linux,initrd-start")
    tree.remove_property("/chosen", "linux,initrd-end")
    return tree


AT = BASE + 512 * MIB

# What is wrong with the modules: [(address, bytes, kind), …] -> words of the line.
WRONG_MODULES = {
    "overlaps-caisson": ([(IMAGE_AT, MIB, "kernel")],
                         ["kernel module at 0x40200000", "overlaps Caisson's own image"]),
    "overlaps-tree": ([(TREE_AT - 4096, MIB, "kernel")],
                      ["kernel module", "overlaps firmware's device tree"]),
    "overlaps-kernel": ([(AT, MIB, "kernel"), (AT + MIB - 1, MIB, "ramdisk")],
                        ["initrd module at 0x600fffff", "overlaps kernel module"]),
    "outside-memory": ([(0x4000000000, MIB, "kernel")], ["kernel module", "is not in memory"]),
    "wraps-around": ([((1 << 64) - 4096, MIB, "kernel")], ["kernel module", "makes no sense"]),
    "no-kernel": ([(AT, MIB, "ramdisk")], ["there is an initrd module but no kernel module"]),
    "empty": ([(AT, 0, "kernel")], ["module module@60000000 is empty"]),
    "two-kernels": ([(AT, MIB, "kernel"), (AT + MIB, MIB, "kernel")],
                    ["module module@60100000 is a second kernel"]),
    "two-initrds": ([(AT, MIB, "ramdisk"), (AT + MIB, MIB, "ramdisk")],
                    ["module module@60100000 is a second initrd"]),
    "not-image": ([(AT, MIB, "kernel")], ["the module's kernel at 0x60000000",
                                          "is not an arm64 Image"]),
}


@pytest.mark.parametrize("mistake", sorted(WRONG_MODULES))
def test_module(start, tree_without_bundle, mistake):
    modules, words = WRONG_MODULES[mistake]
    for address, size, kind in reversed(modules):  # a new node becomes the first
        module(tree_without_bundle, address, size, kind)
    refuses(start_tree(start, tree_without_bundle), *words)


@pytest.mark.parametrize("cells", [None, 1, 5])
def test_module_reg(start, tree_without_bundle, cells):
    """Without a reg property, or with one of a strange size."""
    node = f"/chosen/module@{AT:x}"
    module(tree_without_bundle, AT, MIB, "kernel")
    tree_without_bundle.remove_property(node, "reg")
    if cells:
        tree_without_bundle.put_cells(node, "reg", *[1] * cells)
    refuses(start_tree(start, tree_without_bundle), "module module@60000000 has no reg property")
