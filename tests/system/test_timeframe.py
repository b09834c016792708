# SPDX-License-Identifier: BSD-2-Clause
"""The memory-mapped timer of user VMs (docs/time.md): its registers, interrupts and state, by
tests/uservm/timeframe.c; Debian's kernels that have nothing else, at another frequency than the
host's, by a caisson that has tests/uservm/othertime.c in it."""

import json
import os
import re

import pytest

from machine import BUILD, PROMPT, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
HUGE_PAGES = 8
DEBIAN_PAGES = 272
HOST_HZ, GUEST_HZ = 25000000, 62500000
OTHER_KERNEL = "linux-image-arm64/bookworm-backports"
CLOCK_SECONDS = 12  # how long the guest's clock is compared with the host's
CLOCK_ERROR = 0.02  # a frequency that is mistaken is off by 1.5
# A second of the host's clock (the PL031 has that) that begins, and between which two of the guest's
# that was: a busy machine may look late.
CLOCK = r"""
second() {{ read b rest </proc/uptime; read s </sys/class/rtc/rtc0/since_epoch
while a=$b; read b rest </proc/uptime; read n </sys/class/rtc/rtc0/since_epoch; [ $n = $s ]; do :
done; read b rest </proc/uptime; echo $n $a $b; }}
second; sleep {seconds}; second
"""
# How many of these sleeps of 300 ms were early, by the guest's clock.
SLEEPS = r"""
early=0; for i in 1 2 3 4 5 6 7 8; do
a=$(cut -d' ' -f1 /proc/uptime | tr -d .); sleep 0.3; b=$(cut -d' ' -f1 /proc/uptime | tr -d .)
[ $((b - a)) -ge 29 ] || early=$((early + 1)); done; echo early=$early
"""


@pytest.fixture(scope="session")
def frame_vm():
    return assemble_service_vm([], "servicevm-timeframe", {
        os.path.join(BUILD, "target/tests/uservm/timeframe"): "bin/timeframe"})


@pytest.mark.parametrize("cpu, hz, variant", [
    ("neoverse-n1", 25000000, "debug_image"),
    ("max", 1000000000, "image")])
def test_frame(start, request, frame_vm, cpu, hz, variant):
    machine = start(kernel=f"{frame_vm}/vmlinuz", initrd=f"{frame_vm}/initrd", append="quiet",
                    memory="1G", cpus=2, cpu=cpu, cntfrq=hz,
                    image=request.getfixturevalue(variant), timeout=300)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages")
    # The log is on the same line: what it says of refused accesses goes first.
    assert machine.run("timeframe", timeout=120).endswith("timeframe: ok")
    machine.settle("awk '/HugePages_Free/ { print $2 }' /proc/meminfo", str(HUGE_PAGES))
    check_dmesg(machine)
    machine.power_off()


@pytest.fixture(scope="session")
def caisson_files():
    return {os.path.join(TARGET, "tests/uservm/othertime"): "bin/caisson",
            os.path.join(TARGET, "vmm/caissond"): "bin/caissond"}


def enter(machine, shows, types="", answer=""):
    machine.send("caisson console g; echo le\"\"ft\n")
    machine.expect(shows)
    machine.send(types)
    machine.expect(answer)
    machine.login()


def leave(machine):
    machine.send("\aq")
    machine.expect("left\r")
    machine.expect(PROMPT)


def check_time(machine, mode):
    """On each CPU no sleep is early; the guest's clock runs as the host's does."""
    for cpu in (0, 1):
        said = machine.run(f"taskset -p {1 << cpu} $$ >/dev/null; {SLEEPS}", timeout=120)
        assert said.endswith("early=0"), said
    first, last = [[float(word) for word in line.split()] for line in
                   machine.run(CLOCK.format(seconds=CLOCK_SECONDS), timeout=120).splitlines()]
    seconds = last[0] - first[0]
    assert (last[1] - first[2]) / seconds - CLOCK_ERROR < 1 < \
        (last[2] - first[1]) / seconds + CLOCK_ERROR, f"{mode}: {first} to {last}"


def write_and_restore(machine, mode):
    """By way of a file the guest goes on from where it stood, its timers as well."""
    machine.run("(while sleep 0.1; do cut -d' ' -f1 /proc/uptime >/tmp/u.new; "
                "mv /tmp/u.new /tmp/u; done &) ; until [ -e /tmp/u ]; do sleep 0.1; done")
    before = float(machine.run("cut -d' ' -f1 /proc/uptime"))
    leave(machine)
    assert json.loads(machine.run("caisson info g --json"))["time"] == mode
    machine.run("caisson snapshot g /tmp/snap", timeout=300)
    machine.run("caisson restore /tmp/snap --detach && rm /tmp/snap", timeout=300)
    assert json.loads(machine.run("caisson info g --json"))["time"] == mode
    enter(machine, "Ctrl-G q leaves the console", "echo he\"\"re\n", r"here\r")
    machine.run(f"until awk '$1 <= {before} {{ exit 1 }}' /tmp/u; do sleep 0.1; done", timeout=60)
    said = machine.run(f"taskset -p 2 $$ >/dev/null; {SLEEPS}", timeout=120)
    assert said.endswith("early=0"), said


def try_debian(start, image, guest, files, mode="frame"):
    """To a shell on two vCPUs; the driver's message, clock, sleeps, a snapshot, a CPU off and on
    again."""
    vm = assemble_service_vm([], f"{os.path.basename(guest)}-timeframe",
                             {**files, f"{guest}/vmlinuz": "guests/vmlinuz",
                              f"{guest}/initrd": "guests/initrd"})
    has_frame = mode == "frame"
    machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet", memory="2G",
                    cpus=2, cpu="neoverse-n1" if has_frame else "max", cntfrq=HOST_HZ, image=image,
                    timeout=600)
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {DEBIAN_PAGES} >/proc/sys/vm/nr_hugepages")
    machine.run(f"{'' if has_frame else 'GUEST_TIME=any '}GUEST_HZ={GUEST_HZ} caisson run --detach "
                "--name g --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 --mem 512M "
                "--append quiet")
    enter(machine, "A root shell follows")
    said = machine.run("dmesg | grep -e arch_timer -e sched_clock")
    assert f"{'mmio' if has_frame else 'cp15'} timer(s) running at 62.50MHz (virt)" in said, said
    assert ("cp15" in said) != has_frame, said
    assert ("arch_mem_timer" in machine.run("cat /proc/interrupts")) == has_frame
    assert machine.run("grep -c ^processor /proc/cpuinfo") == "2"
    check_time(machine, mode)
    write_and_restore(machine, mode)
    machine.run("echo 0 >/sys/devices/system/cpu/cpu1/online; sleep 1; "
                "echo 1 >/sys/devices/system/cpu/cpu1/online", timeout=60)
    # It does complain that CPU 1 has no high-resolution timer.
    assert not re.search(r"Call trace|stall|BUG|Oops", machine.run("dmesg"))
    machine.send("poweroff -f\n")
    machine.expect("left\r")
    machine.expect(PROMPT)
    machine.settle("caisson list | awk 'NR > 1 { print $1 }'", "")
    machine.power_off()


def test_debian(start, image, service_vm, caisson_files):
    """Debian's own kernel, 6.1."""
    try_debian(start, image, service_vm, caisson_files)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["frame", "ecv"])
def test_debian_other_kernel(start, image, caisson_files, mode):
    """The backports' kernel, 6.12."""
    guest = assemble_service_vm([], "servicevm-other-kernel", kernel=OTHER_KERNEL)
    try_debian(start, image, guest, caisson_files, mode)
