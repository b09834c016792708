# SPDX-License-Identifier: BSD-2-Clause
"""CPUs are started by whatever firmware's tables say, and what comes next finds mailboxes: kernels
that the loader starts itself (payload=kernel), and what `boot` in the shell tells of it all. CPUs
that do not come as they should are in test_badfw.py, device trees that are wrong in
test_badinput.py."""

import re
import subprocess

from machine import HOST
from test_badinput import DeviceTree
from test_shell import Shell

MIB = 1 << 20


def check_kernel(machine, cpus):
    """Debian's kernel itself is at EL2, with all CPUs, started by spin tables."""
    dmesg = machine.run("dmesg")
    assert len(re.findall(r"CPU\d+: Booted secondary processor", dmesg)) == cpus - 1
    assert "CPU: All CPU(s) started at EL2" in dmesg
    assert "psci" not in dmesg.replace("/psci", "")
    assert machine.run("grep -c ^processor /proc/cpuinfo") == str(cpus)
    tree = "/proc/device-tree"
    assert machine.run(f"cat {tree}/cpus/cpu@1/enable-method").strip("\0") == "spin-table"
    names = machine.run(f"ls {tree}").split()
    assert "psci" not in names and "caisson" not in names
    # All CPUs work, and the page that the loader kept is nobody else's.
    for cpu in range(cpus):
        machine.run(f"taskset {1 << cpu:x} true")
    mailboxes = int(machine.run(f"ls -d {tree}/reserved-memory/mailboxes@*").split("@")[1], 16)
    reserved = re.findall(r"^ *(\w+)-(\w+) : reserved$", machine.run("cat /proc/iomem"), re.M)
    assert any(int(first, 16) <= mailboxes and mailboxes + 0xffff <= int(last, 16)
               for first, last in reserved), reserved


def test_kernel(start, service_vm):
    """On QEMU's virt machine CPUs come by PSCI, and go on by spin table."""
    machine = start(kernel=f"{service_vm}/vmlinuz", initrd=f"{service_vm}/initrd", cpus=4,
                    append='quiet console=ttyAMA0 last="a b"', memory="512M",
                    hyp_append="payload=kernel")
    machine.expect(r"payload=kernel: 4 CPUs, mailboxes at 0x\w+; starts at 0x\w+\r")
    machine.login()
    assert machine.run("cat /proc/cmdline") == 'quiet console=ttyAMA0 last="a b"'
    check_kernel(machine, 4)
    # Nothing is kept but the mailboxes.
    assert re.search(r"^40000000-5fffffff : System RAM$", machine.run("cat /proc/iomem"), re.M)
    total = int(machine.run("dmesg | grep -o 'Memory: .*K available'").split("/")[1].split("K")[0])
    assert total == 512 * 1024


def test_raspberry_pi_3(start, service_vm):
    """Firmware's own protocol is the spin table; there is no GIC and no PSCI; the console is the
    mini UART, as the tree's stdout-path says."""
    machine = start(machine="raspi3b", kernel=f"{service_vm}/vmlinuz", timeout=300,
                    initrd=f"{service_vm}/initrd", append="quiet console=ttyS1,115200",
                    hyp_append="payload=kernel")
    machine.expect(r"payload=kernel: 4 CPUs, mailboxes at 0x\w+; starts at 0x\w+\r")
    machine.login()
    check_kernel(machine, 4)


def test_boot_table(sit_down, service_vm, image, tmp_path):
    """A CPU that firmware does not have, one that only a strange board could start; without PSCI
    for power-off the machine stays on, and its consoles go on."""
    bundle = tmp_path / "bundle.cpio"
    subprocess.run([HOST.replace("/host", "/bundle"), "--kernel", f"{service_vm}/vmlinuz",
                    "--initrd", f"{service_vm}/initrd", "--append", "quiet", "--output", bundle],
                   check=True)
    tree = DeviceTree(tmp_path / "machine.dtb", image, bundle, "--cpus=2")
    tree.put("/chosen", "bootargs", "s", "view=log payload=hypervisor")
    # Version 0.1 starts CPUs by a number that the tree tells, and can do nothing else.
    tree.put("/psci", "compatible", "s", "arm,psci")
    tree.put_cells("/psci", "cpu_on", 0xc4000003)
    for number, method in ((8, "psci"), (9, "acme,smp")):
        tree.add(f"/cpus/cpu@{number}")
        tree.put(f"/cpus/cpu@{number}", "device_type", "s", "cpu")
        tree.put(f"/cpus/cpu@{number}", "enable-method", "s", method)
        tree.put_cells(f"/cpus/cpu@{number}", "reg", number)
    t = sit_down(kernel=None, initrd=None, append=None, hyp_append=None, dtb=tree.path,
                 bundle=bundle, cpus=2, columns=132, rows=44, timeout=60)
    t.expect(r"Caisson [\d.]+ at EL2: 2 CPUs")
    shell = Shell(t)
    boot = shell.say("boot")
    assert "firmware        no PSCI 0.2 or later" in boot
    assert re.search(r"^CPUs +2 in use, 2 left out, boot CPU 0x0$", boot, re.M), boot
    for row in (r"0x0000000000 ran already",
                r"0x0000000001 PSCI 0\.1 +- +0 +0x\w+000 +\d+ us",
                r"0x0000000008 PSCI 0\.1 +- +-2 +0x\w+000 +"
                r"left out: CPU_ON answered -2 \(invalid parameters\)",
                r"0x0000000009 acme,smp +- +- +- +left out: Caisson does not know this way"):
        assert re.search(rf"^{row}$", boot, re.M), boot
    t.command_key("1")
    t.expect(r"root@servicevm:~# *$")
    t.send("poweroff -f\r")
    t.command_key("l")
    t.expect("power-off")
    t.expect("this machine has nothing known that does it: it stays on")
    Shell(t).begin("poweroff")
    t.send("yes\r")
    t.expect("This machine has nothing known that does it")
