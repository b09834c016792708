# SPDX-License-Identifier: BSD-2-Clause
"""Debian on Caisson: to a shell on every CPU model and count, memory sizes, ways to hand over the
kernel, reboot, CPU hotplug, load, and what the service VM cannot reach."""

import re

import pytest

from machine import BANNER, SOAK_ROUNDS, SOAK_SECONDS, check_caisson, check_dmesg, kept_ranges

RAM_BASE = 0x40000000
MIB = 1 << 20
CPU_PARTS = {"max": "0x051", "neoverse-n1": "0xd0c", "cortex-a72": "0xd08"}


def check_cpus(machine, cpu, cpus):
    info = machine.run("cat /proc/cpuinfo")
    assert re.findall(r"^processor\s*: (\d+)$", info, re.M) == [str(i) for i in range(cpus)]
    assert set(re.findall(r"^CPU part\s*: (\w+)$", info, re.M)) == {CPU_PARTS[cpu]}
    assert machine.run("cat /sys/devices/system/cpu/online") == online(range(cpus))


def online(cpus):
    return f"0-{cpus[-1]}" if len(cpus) > 1 else "0"


def check_memory(machine, memory):
    """Caisson keeps at most 32 MiB and 1/256 of the memory, and something."""
    kept = sum(end - start for start, end in kept_ranges(machine, RAM_BASE, memory))
    assert 0 < kept <= 32 * MIB + memory // 256, f"kept: {kept >> 10} KiB"


@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
@pytest.mark.parametrize("cpu", sorted(CPU_PARTS))
def test_shell(boot, cpu, cpus):
    machine = boot(cpu=cpu, cpus=cpus, memory="1G", append="")
    assert int(machine.expect(BANNER).group(1)) == cpus
    machine.expect(r"Linux version 6\.1")
    machine.login()
    check_caisson(machine)
    check_cpus(machine, cpu, cpus)
    lines = check_dmesg(machine)
    assert any("psci: PSCIv1.1 detected" in line for line in lines)
    assert not any("ITS@" in line for line in lines), "the ITS is to be hidden"
    check_memory(machine, 1024 * MIB)
    machine.power_off()


@pytest.mark.parametrize("memory", ["512M", "16G"])
@pytest.mark.parametrize("cpu", sorted(CPU_PARTS))
def test_memory(boot, cpu, memory):
    machine = boot(cpu=cpu, cpus=2, memory=memory)
    machine.login()
    check_caisson(machine)
    check_dmesg(machine)
    mib = {"512M": 512, "16G": 16384}[memory]
    check_memory(machine, mib * MIB)
    total_kib = int(re.search(r"MemTotal:\s+(\d+) kB", machine.run("cat /proc/meminfo")).group(1))
    # What the kernel takes for itself: page structures (1/64) and its image.
    assert total_kib > (mib * 61 // 64 - 96) * 1024
    machine.run(f"dd if=/dev/zero of=/tmp/fill bs=1M count={mib // 4 if mib < 1024 else 256}")
    machine.power_off()


@pytest.mark.parametrize("how", ["bundle", "modules"])
def test_command_line(boot, how):
    """Kernel, initrd and command line arrive as they were given, either way."""
    options = {"modules": True} if how == "modules" else {}
    machine = boot(cpus=2, append='quiet caisson.test="two words" last=1', **options)
    machine.login()
    check_caisson(machine)
    assert machine.run("cat /proc/cmdline").strip() == 'quiet caisson.test="two words" last=1'
    machine.power_off()


def test_run_command(boot):
    """Without anything typed: a command from the kernel's command line, then power-off."""
    machine = boot(append='quiet caisson.run="ls -d /proc/device-tree/caisson"')
    machine.expect(r"/proc/device-tree/caisson\r")
    machine.expect(r"caisson\.run: exit status 0")
    assert machine.end() == 0


def reboots(machine, rounds, command):
    for left in reversed(range(rounds + 1)):
        machine.expect(BANNER)
        machine.login()
        # Only a run that broke off is told of.
        assert "The run before" not in machine.before()
        check_caisson(machine)
        if left:
            machine.send(f"{command}\n")
    machine.power_off()


def test_reboot(boot):
    reboots(boot(cpus=2), 2, "reboot")


def test_reset_ends(boot):
    """tools/host --no-reboot tells a reset from a power-off."""
    machine = boot("--no-reboot", append='quiet caisson.run="reboot -f"')
    assert machine.end() == 3


def hotplug(machine, cpus, rounds):
    for _ in range(rounds):
        for cpu in range(cpus):
            path = f"/sys/devices/system/cpu/cpu{cpu}/online"
            machine.run(f"echo 0 >{path}")
            others = [i for i in range(cpus) if i != cpu]
            assert len(machine.run("grep ^processor /proc/cpuinfo").splitlines()) == len(others)
            machine.run(f"echo 1 >{path}")
        assert machine.run("cat /sys/devices/system/cpu/online") == online(range(cpus))
    # All but one off at the same time, work on the one that is left, all on again.
    rest = " ".join(str(cpu) for cpu in range(1, cpus))
    machine.run(f"for i in {rest}; do echo 0 >/sys/devices/system/cpu/cpu$i/online || exit; done")
    assert machine.run("cat /sys/devices/system/cpu/online") == "0"
    machine.run("dd if=/dev/zero bs=1M count=16 | sha256sum")
    machine.run(f"for i in {rest}; do echo 1 >/sys/devices/system/cpu/cpu$i/online || exit; done")
    assert machine.run("cat /sys/devices/system/cpu/online") == online(range(cpus))


@pytest.mark.parametrize("cpu", sorted(CPU_PARTS))
def test_hotplug(boot, cpu):
    """Every CPU, the first too, off and on again by PSCI."""
    machine = boot(cpu=cpu, cpus=4)
    machine.login()
    check_caisson(machine)
    hotplug(machine, 4, 2)
    check_dmesg_but_hotplug(machine)
    machine.power_off()


def check_dmesg_but_hotplug(machine):
    """As check_dmesg(), and CPUs really went off and came on."""
    lines = check_dmesg(machine)
    killed = [line for line in lines if re.search(r"psci: CPU\d+ killed", line)]
    booted = [line for line in lines if re.search(r"CPU\d+: Booted secondary processor", line)]
    assert killed and len(booted) > len(killed)


def stress(start, vm, seconds, cpu="max"):
    machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet", cpu=cpu,
                    cpus=4, memory="2G", timeout=120 + 2 * seconds)
    machine.login()
    check_caisson(machine)
    output = machine.run(
        "stress-ng --cpu 2 --vm 2 --vm-bytes 32M --fork 1 --switch 2 --timer 1 --futex 2 "
        f"--signal 1 --pipe 1 --mmap 1 --mmap-bytes 16M --verify --timeout {seconds} --metrics-brief 2>&1")
    assert "successful run completed" in output, output
    check_dmesg(machine)
    machine.run("for i in 1 2 3; do echo 0 >/sys/devices/system/cpu/cpu$i/online || exit; done")
    machine.power_off()


def test_stress(start, stress_vm):
    stress(start, stress_vm, 15)


@pytest.mark.soak
@pytest.mark.parametrize("cpu", sorted(CPU_PARTS))
def test_stress_long(start, stress_vm, cpu):
    stress(start, stress_vm, SOAK_SECONDS, cpu)


@pytest.mark.soak
def test_hotplug_long(boot):
    machine = boot(cpus=8, timeout=3600)
    machine.login()
    hotplug(machine, 8, SOAK_ROUNDS)
    check_dmesg_but_hotplug(machine)
    machine.power_off()


@pytest.mark.soak
def test_reboot_long(boot):
    reboots(boot(cpus=4, timeout=3600), SOAK_ROUNDS, "reboot -f")


def test_hypervisor_memory(boot):
    """The service VM gets an abort where Caisson's memory is, for reads and writes, and Caisson
    runs on. (Through /dev/mem, which maps what is not the kernel's memory; bare payloads try the
    same from EL1.)"""
    machine = boot(cpus=2, memory="1G")
    machine.login()
    kept = kept_ranges(machine, RAM_BASE, 1024 * MIB)
    assert kept
    for start, end in kept:
        step = max(4096, (end - start) // 16 & ~4095)
        for address in range(start, end, step):
            for access in (f"devmem {address:#x} 32", f"devmem {address:#x} 32 0xdeadbeef"):
                output = machine.run(access, status=None)
                assert "Bus error" in output, f"{access}: {output}"
    machine.run("echo 0 >/sys/devices/system/cpu/cpu1/online")
    machine.run("echo 1 >/sys/devices/system/cpu/cpu1/online")
    check_caisson(machine)
    machine.power_off()
