# SPDX-License-Identifier: BSD-2-Clause
"""Caisson as an application of UEFI (EDK II): from the removable-media path and from a boot entry;
what is wrong is told on firmware's console, and firmware goes on."""

import os
import shutil
import struct
import subprocess
import sys

import pytest

from machine import BANNER, BUILD, HOST, ROOT, check_caisson, check_dmesg, kept_ranges

sys.path.insert(0, os.path.join(ROOT, "tools"))
import esp  # noqa: E402

MIB = 1 << 20
BASE = 0x40000000
APPLICATION = "caisson.efi"

GOOD = "kernel = \\vmlinuz\ninitrd = /initrd\ncmdline = quiet\n"
# Folder: (its caisson.cfg, None: none; what Caisson says to it).
WRONG = {
    "none": (None, r"\\none\\caisson.cfg \(it names the kernel to start\): there is no such file"),
    "line": ("kernel = \\vmlinuz\n\ninitrd \\initrd\n",
             r"\\line\\caisson.cfg, line 3: no '=': a line is key = value"),
    "key": ("# comment\r\nkernal = \\vmlinuz\r\n",
            r"\\key\\caisson.cfg, line 2: no such key: there are kernel, initrd, cmdline"),
    "empty": ("", r"\\empty\\caisson.cfg: it names no kernel: kernel = FILE is missing"),
    "kernel": ("kernel = ../a/vmlinuz\n",
               r"\\kernel\\..\\a\\vmlinuz \(kernel\): there is no such file"),
    "folder": ("kernel = \\line\n", r"\\line \(kernel\): it is a folder"),
    "image": ("kernel = caisson.cfg\n",
              r"\\image\\caisson.cfg is not an arm64 Image: it ends within the header"),
    "disk": ("kernel = \\vmlinuz\ninitrd = none\n",
             r"\\disk\\none \(initrd\): there is no such file"),
    "nothing": ("kernel = \\vmlinuz\ninitrd = nothing\n",
                r"\\nothing\\nothing \(initrd\) is empty"),
    "tree": ("kernel = \\vmlinuz\ndevicetree = caisson.cfg\n",
             r"\\tree\\caisson.cfg is not a device tree \(dtb\)"),
    "options": (f"kernel = \\vmlinuz\noptions = {'o' * 512}\n",
                r"\\options\\caisson.cfg, line 2: the value is too long"),
}
CANNOT = "caisson: cannot start: "
ENTRY = "Caisson of this disk"
GLOBAL = "-guid 8be4df61-93ca-11d2-aa0d-00e098032b8c -nv -bs -rt"
LOAD_ERROR, NOT_FOUND = "0x1", "0xE"  # as the shell shows errors


def boot_entry():
    """A boot entry with options, EFI_LOAD_OPTION (UEFI 2.10 3.1.3), as efibootmgr makes them; its
    path leaves open on which disk."""
    def text(string):
        return f"{string}\0".encode("utf-16-le")

    name = text(f"\\caisson\\{APPLICATION}")
    path = struct.pack("<BBH", 4, 4, 4 + len(name)) + name + struct.pack("<BBH", 0x7f, 0xff, 4)
    return struct.pack("<IH", 1, len(path)) + text(ENTRY) + path + text("view=plain scrollback=64")


def make_disk(tmp_path, service_vm, image):
    """A disk that firmware finds nothing to start on but its own shell, with startup.nsh."""
    files = {"vmlinuz": f"{service_vm}/vmlinuz", "initrd": f"{service_vm}/initrd"}

    def put(name, text):
        path = tmp_path / name.replace("/", "-")
        path.write_bytes(text.encode())
        files[name] = str(path)

    for folder, (text, _) in WRONG.items():
        files[f"{folder}/{APPLICATION}"] = image
        if text is not None:
            put(f"{folder}/caisson.cfg", text)
    put("nothing/nothing", "")
    files[f"caisson/{APPLICATION}"] = image
    put("caisson/caisson.cfg", f"{GOOD}options = view=console\ndevicetree = of/board.dtb\n")
    tree = files["caisson/of/board.dtb"] = str(tmp_path / "board.dtb")
    subprocess.run([HOST, f"--image={image}", "--cpus=2", f"--dump-dtb={tree}"], check=True)
    subprocess.run(["fdtput", "-t", "s", tree, "/", "model", "of caisson.cfg"], check=True)
    put("startup.nsh", "@echo -off\nfs0:\n" +
        "".join(f"\\{folder}\\{APPLICATION}\necho end of {folder}: %lasterror%\n"
                for folder in WRONG) +
        f"setvar Boot0CA1 {GLOBAL} ={boot_entry().hex()}\n"
        f"setvar BootOrder {GLOBAL} =a10c\nreset\n")
    path = tmp_path / "esp.img"
    esp.write(str(path), files)
    return path


def test_removable(boot):
    """From \\EFI\\BOOT\\BOOTAA64.EFI, with kernel and initrd as caisson.cfg names them, to a shell."""
    machine = boot(uefi=True, cpus=2, memory="1G", append="quiet uefi.test=1")
    assert machine.expect(BANNER).group(1) == "2"
    assert "random numbers" not in machine.before()
    machine.login()
    check_caisson(machine)
    assert machine.run("cat /proc/cmdline") == "quiet uefi.test=1"
    # Memory is what firmware leaves over; of a device tree's memory node nothing would be missing.
    kept = kept_ranges(machine, BASE, 1024 * MIB)
    assert sum(end - start for start, end in kept) < 16 * MIB
    assert len(kept) > 1, "nothing is kept for firmware's runtime services"
    assert machine.run("ls /sys/firmware/efi 2>&1 | wc -l") == "1"
    check_dmesg(machine)
    machine.power_off()


def test_mistakes_and_entry(start, tmp_path, service_vm, image):
    """Mistakes, one after the other in one run of firmware, each with its line and an error; then a
    boot entry with options of its own, to a shell."""
    machine = start(uefi=True, esp=make_disk(tmp_path, service_vm, image), cpus=2,
                    flash_vars=tmp_path / "vars", timeout=120)
    machine.expect("any other key to continue")
    machine.send(" ")
    for folder, (_, line) in WRONG.items():
        machine.expect(CANNOT + line)
        status = machine.expect(rf"end of {folder}: (\w+)\s").group(1)
        assert status in (LOAD_ERROR, NOT_FOUND)
    machine.expect(f'starting Boot0CA1 "{ENTRY}"')
    machine.expect(BANNER)
    machine.login()  # view=plain comes from the entry
    check_caisson(machine)
    assert machine.run("cat /proc/device-tree/model").strip("\0") == "of caisson.cfg"
    machine.power_off()


def test_kernel(boot):
    """payload=kernel: Debian has the machine, by its own EFI stub, and finds its CPUs in mailboxes
    by spin table."""
    machine = boot(uefi=True, cpus=4, append="quiet uefi.test=2", hyp_append="payload=kernel")
    machine.expect("payload=kernel: 4 CPUs")
    machine.login()
    assert machine.run("nproc") == "4"
    assert machine.run("cat /proc/device-tree/cpus/cpu@3/enable-method").strip("\0") == "spin-table"
    assert machine.run("ls -d /proc/device-tree/psci /proc/device-tree/caisson", status=None) \
        .count("No such file") == 2
    assert machine.run("cat /proc/cmdline") == "quiet uefi.test=2"
    assert machine.run("ls -d /sys/firmware/efi/systab") == "/sys/firmware/efi/systab"
    check_dmesg(machine)
    machine.power_off()


@pytest.mark.parametrize("tables, options", [("dt", ""), ("acpi", ""), ("acpi", "payload=kernel")],
                         ids=["dt", "acpi", "acpi-kernel"])
def test_grub(start, tmp_path, service_vm, image, tables, options):
    """Debian's GRUB starts Caisson with modules, as it does Xen; caisson.cfg does not count. Where
    there are ACPI tables, GRUB makes a device tree of just the modules."""
    grub = os.path.join(BUILD, "grub")
    subprocess.run([os.path.join(ROOT, "tools", "fetch"), "extract", grub, "grub-efi-arm64-bin"],
                   check=True)
    modules = f"{grub}/usr/lib/grub/arm64-efi"
    config, wrong = tmp_path / "grub.cfg", tmp_path / "caisson.cfg"
    config.write_text("insmod xen_boot\nxen_hypervisor /caisson.img view=plain "
                      f"{options}\n"
                      "xen_module /vmlinuz quiet uefi.grub=1\n"
                      "xen_module --nounzip /initrd\nboot\n")
    wrong.write_text("wrong\n")
    path = tmp_path / "esp.img"
    esp.write(str(path), {
        "EFI/BOOT/BOOTAA64.EFI": f"{modules}/monolithic/grubaa64.efi",
        "EFI/debian/grub.cfg": str(config), "EFI/debian/arm64-efi/fdt.mod": f"{modules}/fdt.mod",
        "EFI/debian/arm64-efi/xen_boot.mod": f"{modules}/xen_boot.mod",
        "caisson.img": image, "vmlinuz": f"{service_vm}/vmlinuz", "initrd": f"{service_vm}/initrd",
        "caisson.cfg": str(wrong)})
    machine = start(uefi=tables, esp=path, cpus=2)
    machine.login()
    assert machine.run("cat /proc/cmdline") == "quiet uefi.grub=1"
    if tables == "dt":
        check_caisson(machine)
    else:
        assert ("CAIS" in machine.run("ls /sys/firmware/acpi/tables").split()) == (options == "")
    assert machine.run("nproc") == "2"
    machine.power_off()


def test_machines(start, tmp_path, service_vm):
    """What is wrong with the machine itself: EL1, too little memory. Secure Boot is firmware's
    word: Caisson is not signed."""
    shutil.copy("/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd", tmp_path / "vars")
    files = {"kernel": f"{service_vm}/vmlinuz", "initrd": f"{service_vm}/initrd"}
    for options, line in [
            ({"flash_vars": tmp_path / "vars"}, r"BdsDxe: failed to load Boot0001 .*: Access Denied"),
            ({"qemu_arg": ["-machine", "virtualization=off"]},
             f"{CANNOT}started at EL1, Caisson needs EL2: firmware must run at EL2"),
            ({"memory": "256M"}, CANNOT + r"this machine has \d+ MiB of memory, Caisson needs 256 MiB")]:
        machine = start(uefi=True, **files, **options)
        machine.expect(line)
        machine.expect("BdsDxe: (failed to start|loading)")
        machine.stop()
