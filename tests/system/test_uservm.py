# SPDX-License-Identifier: BSD-2-Clause
"""User VMs, started by `caisson run` in the service VM: bare payloads, Debian; what the service VM
keeps meanwhile (interrupts, floating point, memory); who may start them; bad input."""

import json
import os
import re
import time

import pytest

from machine import BUILD, PROMPT, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
PAYLOADS = ["psci", "smp", "timer"]
HUGE_PAGES = 64
RUN = "caisson run --mem 64M --kernel"
GUEST_MEMORY = "512M"
NO_INPUT = "</dev/null"
AT_ONCE_SECONDS = 20  # on a busy machine
RUNS_MIN = 10  # of a vCPU by its thread, one for each interrupt of the service VM at least


def files(payloads):
    """What is added to the service VM: programs and payloads."""
    added = {f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
             f"{TARGET}/tests/uservm/probe": "bin/probe",
             f"{TARGET}/tests/uservm/vcpu": "bin/vcpu",
             f"{TARGET}/tests/uservm/vgicstate": "bin/vgicstate",
             f"{TARGET}/tests/uservm/idreg": "bin/idreg",
             f"{TARGET}/tests/uservm/spin.img": "guests/spin.img"}
    added.update({f"{TARGET}/tests/guest/{name}.img": f"guests/{name}.img" for name in payloads})
    return added


@pytest.fixture(scope="session")
def payload_vm():
    """A service VM with caisson and the payloads."""
    return assemble_service_vm([], "servicevm-payloads", files(PAYLOADS))


@pytest.fixture(scope="session")
def debian_vm(service_vm):
    """A service VM with caisson and Debian's kernel and initial RAM disk."""
    added = files([])
    added[f"{service_vm}/vmlinuz"] = "guests/vmlinuz"
    added[f"{service_vm}/initrd"] = "guests/initrd"
    added[os.path.join(os.path.dirname(__file__), "host-max.json")] = "guests/host-max"
    return assemble_service_vm([], "servicevm-debian", added)


@pytest.fixture
def host(start, payload_vm):
    """A function that boots the service VM on Caisson, to its shell, with huge pages."""

    def boot_host(vm=payload_vm, pages=HUGE_PAGES, memory="1G", **options):
        options.setdefault("cpus", 2)
        options.setdefault("timeout", 400)
        machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet",
                        memory=memory, **options)
        machine.login()
        check_caisson(machine)
        machine.run(f"echo {pages} >/proc/sys/vm/nr_hugepages")
        assert huge_pages(machine, "Total") == pages
        return machine

    return boot_host


def huge_pages(machine, kind):
    return int(re.search(rf"HugePages_{kind}:\s+(\d+)", machine.run("cat /proc/meminfo"))[1])


def wait_for_huge_pages(machine, free):
    machine.settle("awk '/HugePages_Free/ { print $2 }' /proc/meminfo", str(free))


def finish(machine):
    """All memory is back, no file is left, the kernel has nothing to say about it."""
    wait_for_huge_pages(machine, huge_pages(machine, "Total"))
    machine.settle("ls /run/caisson/.hugepages; ls /run/caisson/.state | grep json", "", status=None)
    check_dmesg(machine)
    machine.power_off()


# ---- what runs --------------------------------------------------------------------------------


def run_payload(machine, name, cpus=1, append="", prefix=""):
    """Runs a payload of tests/guest to its end; every test in it has passed."""
    output = machine.run(f"{prefix} {RUN} /guests/{name}.img --cpus {cpus} --append '{append}' {NO_INPUT}",
                         timeout=600)
    assert re.search(r"DONE passed=[1-9]\d* failed=0$", output, re.M), output
    return output


@pytest.mark.parametrize("cpu", ["max", "neoverse-n1", "cortex-a72"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload(host, payload, cpu):
    """A bare payload: console, timer, PSCI, interrupts between its vCPUs; then again, finding what
    the first left, on CPU 1 alone."""
    machine = host(cpu=cpu)
    run_payload(machine, payload, cpus=2)
    run_payload(machine, payload, cpus=2, prefix="taskset 2")
    finish(machine)


def test_more_vcpus_than_cpus(host):
    machine = host(cpus=1)
    run_payload(machine, "smp", cpus=4)
    finish(machine)


def test_two_at_once(host):
    """Two VMs on one CPU, each holding values in its FP registers."""
    machine = host(cpus=1, pages=2 * HUGE_PAGES)
    command = f"{RUN} /guests/spin.img --append ms=3000 {NO_INPUT}"
    output = machine.run(f"{command} >/tmp/1 & {command}; status=$?; wait; cat /tmp/1; "
                         "[ $status = 0 ]")
    assert len(re.findall(r"DONE passed=1 failed=0", output)) == 2, output
    finish(machine)


def test_debian(host, debian_vm):
    """Debian's own kernel to a shell, on two vCPUs, that reads what is typed; then again."""
    machine = host(vm=debian_vm, pages=272, memory="2G")
    machine.send(f"caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 --mem "
                 f"{GUEST_MEMORY} --append quiet; echo st\"\"atus=$?\n")
    machine.expect("A root shell follows")
    machine.login()
    assert machine.run("grep -c ^processor /proc/cpuinfo") == "2"
    assert machine.run("cat /proc/device-tree/model").startswith("Caisson virtual machine")
    machine.run("for i in 1 2 3; do dd if=/dev/urandom bs=1M count=4 | sha256sum; sleep 1; done")
    machine.run("echo 0 >/sys/devices/system/cpu/cpu1/online")
    machine.run("echo 1 >/sys/devices/system/cpu/cpu1/online")
    machine.send("reboot\n")
    machine.expect("A root shell follows")
    machine.login()
    machine.send("poweroff -f\n")
    machine.expect(r"status=0\r")
    machine.expect(PROMPT)
    finish(machine)


def test_migratable(host, debian_vm):
    """Debian for a set of unlike hosts: it is shown what they have in common, keeps time by what all
    of them can serve, and `caisson info` tells it. Sets that cannot be are told in one line."""
    machine = host(debian_vm, cpu="neoverse-n1", cntfrq=25_000_000, memory="2G", pages=512)
    machine.run("caisson host-info --json >/tmp/like; cat /tmp/like /guests/host-max >/tmp/unlike")
    here = json.loads(machine.run("cat /tmp/like"))
    assert here["counter-hz"] == 25_000_000 and not here["ecv"]
    run = (f"caisson run --detach --name m --kernel /guests/vmlinuz --initrd /guests/initrd --mem "
           f"{GUEST_MEMORY} --append quiet --migratable")
    assert "cannot open /nosuch" in machine.run(f"{run} /nosuch 2>&1", status=1)
    machine.run("(cat /tmp/like; echo; echo '{ \"caisson-host\": 1 }') >/tmp/bad")
    assert re.search(r"/tmp/bad:\d+: host is missing.*\(caisson host-info --json",
                     machine.run(f"{run} /tmp/bad 2>&1", status=1))
    said = machine.run("caisson run --firmware /f --migratable /tmp/unlike 2>&1", status=1)
    assert "firmware cannot be told of another timer" in said
    # A third one without FEAT_LSE.
    isar0 = int(here["registers"]["ID_AA64ISAR0_EL1"], 16)
    machine.run(f"sed 's/{isar0:#x}/{isar0 & ~(0xf << 20):#x}/; s/\"servicevm\"/\"third\"/' "
                "/tmp/like >>/tmp/unlike")
    assert machine.run(f"{run} /tmp/unlike", timeout=120) == "m"
    told = json.loads(machine.run("caisson info m --json"))
    assert told["time"] == "frame" and told["counter-hz"] == 25_000_000
    assert told["migratable"][1:] == ["max", "third"]
    assert "atomics" in machine.run("grep -m1 Features /proc/cpuinfo").split()
    machine.send("caisson console m\n")
    machine.expect("A root shell follows")
    machine.login()
    features = machine.run("grep -m1 Features /proc/cpuinfo").split()
    assert "atomics" not in features and "crc32" in features
    identification = "/sys/devices/system/cpu/cpu0/regs/identification"
    assert machine.run(f"cat {identification}/midr_el1") == "0x00000000000f0000"
    assert "arch_mem_timer" in machine.run("cat /sys/devices/system/clockevents/*/current_device")
    machine.send("poweroff -f\n")
    machine.expect(PROMPT)
    finish(machine)


# ---- what the service VM keeps ----------------------------------------------------------------


def timer_interrupts(machine):
    """Each CPU's count of timer interrupts."""
    [line] = [line for line in machine.run("cat /proc/interrupts").splitlines()
              if "arch_timer" in line]
    return [int(word) for word in line.split()[1:] if word.isdigit()]


def test_endless_guest(host):
    """A guest that never leaves by itself: the service VM's timer goes on on that CPU, other
    processes have their share of it, and a signal ends the VM at once."""
    machine = host(cpus=2)
    machine.run(f"taskset 2 {RUN} /guests/spin.img {NO_INPUT} >/tmp/out & echo $! >/tmp/pid")
    machine.run("until grep -q spinning /tmp/out; do sleep 0.1; done", timeout=60)
    before = timer_interrupts(machine)
    share = machine.run("taskset 2 timeout 5 sh -c 'while :; do :; done'; "
                        "cat /proc/$(cat /tmp/pid)/stat", status=None)
    after = timer_interrupts(machine)
    assert after[1] - before[1] > 300, f"timer interrupts of CPU 1 in 5 s: {before} to {after}"
    assert "caisson" in share
    start = time.monotonic()
    status = machine.run("kill -TERM $(cat /tmp/pid); "
                         "while [ -d /proc/$(cat /tmp/pid) ]; do sleep 0.05; done; cat /tmp/out")
    assert time.monotonic() - start < AT_ONCE_SECONDS
    assert "FAIL" not in status
    finish(machine)


@pytest.mark.parametrize("cpu", ["max", "cortex-a72"])
def test_floating_point(host, cpu):
    """A thread that runs a vCPU has its FP registers afterwards, whatever the guest puts there."""
    machine = host(cpus=1, cpu=cpu)
    output = machine.run("probe fp /guests/spin.img ms=2000", timeout=60)
    assert int(re.search(r"(\d+) runs", output)[1]) > RUNS_MIN, output
    assert output.endswith("probe: ok"), output
    finish(machine)


@pytest.mark.parametrize("cpu", ["max", "cortex-a72"])
def test_vcpu(host, cpu):
    """Single instructions of a guest: MMIO exits and their completion, VCPU_GET and VCPU_SET, PSTATE
    behind what EL2 carries out, timers of vCPUs that share a CPU. Then a vCPU on a CPU that is
    offline, its events, and the CPU's way back. What guests with and without a baseline read of
    their CPUs."""
    machine = host(cpu=cpu)
    assert machine.run("taskset 1 idreg", timeout=60) == "idreg: ok"
    described = json.loads(machine.run("caisson host-info --json"))
    assert described["ecv"] == (cpu == "max") and described["gic"] == 3
    assert described["registers"]["MIDR_EL1"] in machine.run("caisson host-info")
    assert machine.run("vcpu", timeout=60) == "vcpu: ok"
    check_dmesg(machine)
    machine.run("dmesg -n 1")  # Linux complains that CPU_ON is denied
    assert machine.run("vcpu dedicated", timeout=60) == "vcpu: ok"
    assert machine.run("cat /sys/devices/system/cpu/online") == "0-1"
    wait_for_huge_pages(machine, HUGE_PAGES)
    machine.power_off()


@pytest.mark.parametrize("cpu, gic", [("max", 3), ("neoverse-n1", 3), ("cortex-a72", 2)])
def test_vgicstate(host, cpu, gic):
    """A VM with interrupts in every state goes on in one that was made anew, from what VCPU_GET and
    VGIC_GET said, as if it had not been moved; states that are not its own are refused."""
    machine = host(cpu=cpu, gic=gic)
    assert machine.run("vgicstate", timeout=120) == "vgicstate: ok"
    finish(machine)


def test_killed(host):
    """A killed VMM's VM ends, its memory is scrubbed and comes back; others are not touched."""
    machine = host(pages=2 * HUGE_PAGES)
    machine.run(f"taskset 2 {RUN} /guests/spin.img {NO_INPUT} >/tmp/out & pid=$!; "
                f"{RUN} /guests/spin.img {NO_INPUT} >/tmp/other & echo $! >/tmp/pid; "
                "until grep -q spinning /tmp/out && grep -q spinning /tmp/other; do sleep 0.1; done; "
                "kill -9 $pid; wait $pid", timeout=60, status=137)
    machine.run("until [ $(caisson list | wc -l) = 2 ]; do sleep 0.1; done", timeout=60)
    # Of the other: its memory, run pages, what EL2 keeps it in, its console.
    wait_for_huge_pages(machine, 2 * HUGE_PAGES - (32 + 1 + 1 + 1))
    machine.settle("ls /run/caisson/.hugepages | wc -l", "2")
    run_payload(machine, "spin", append="ms=500")
    machine.run("kill $(cat /tmp/pid); while [ -d /proc/$(cat /tmp/pid) ]; do sleep 0.1; done; "
                "cat /tmp/other", timeout=60)
    finish(machine)


@pytest.mark.parametrize("signal", ["INT", "TERM", "HUP"])
def test_signal(host, signal):
    """Also while all vCPUs are off or wait for interrupts."""
    machine = host()
    machine.run(f"(trap - INT; exec {RUN} /guests/spin.img --cpus 3 {NO_INPUT}) >/tmp/out & pid=$!; "
                "until grep -q spinning /tmp/out; do sleep 0.1; done; "
                f"kill -{signal} $pid; wait $pid; [ $? = 3 ]", timeout=60)
    finish(machine)


def test_keys(host):
    """Ctrl-G q, typed on the terminal; the terminal is as before."""
    machine = host()
    machine.send(f"{RUN} /guests/spin.img; echo st\"\"atus=$?\n")
    machine.expect("spinning", 60)
    machine.send("\aq")
    machine.expect(r"status=3\r", 60)
    machine.expect(PROMPT)
    assert " echo " in machine.run("stty -a </dev/console")
    finish(machine)


# ---- who may ----------------------------------------------------------------------------------


def test_tokens(host):
    """Every call that needs a token is denied with a wrong one, from root and from others."""
    machine = host()
    machine.run("echo nobody:x:65534:65534::/:/bin/sh >>/etc/passwd")
    assert machine.run("probe calls") == "probe: ok"
    assert machine.run("su nobody -c 'probe calls'") == "probe: ok"
    output = machine.run(f"su nobody -c '{RUN} /guests/spin.img'", status=1)
    assert output == "caisson: not allowed: virtual machines are for root and the group caisson"
    check_dmesg(machine)
    machine.power_off()


def test_undefined(host):
    """The instruction of the hypercalls, when it is none: what Linux makes of it."""
    machine = host()
    assert machine.run("probe undefined") == "probe: ok"
    check_dmesg(machine)
    machine.power_off()


# ---- bad input --------------------------------------------------------------------------------


def test_without_caisson(start, payload_vm):
    machine = start(kernel=f"{payload_vm}/vmlinuz", initrd=f"{payload_vm}/initrd", append="quiet",
                    memory="1G", bare=True)
    machine.login()
    output = machine.run(f"{RUN} /guests/spin.img", status=1)
    assert output == "caisson: this machine does not run on Caisson"
    machine.power_off()


def test_bad_input(host):
    """One clear line each, and nothing left behind."""
    machine = host(pages=0)
    machine.run("echo x >/tmp/text; : >/tmp/empty; "
                "gzip -c /guests/spin.img >/tmp/image.gz; head -c 100 /guests/spin.img >/tmp/cut; "
                "dd if=/dev/zero of=/tmp/big bs=1M count=80")
    spin = "--kernel /guests/spin.img"
    for arguments, status, text in [
            ("", 2, "--kernel"),
            (f"{spin} --frobnicate", 2, "--frobnicate"),
            (f"{spin} more", 2, "more"),
            (f"{spin} --cpus 0", 2, "--cpus"),
            (f"{spin} --cpus 33", 2, "--cpus"),
            (f"{spin} --mem 3M", 2, "--mem"),
            (f"{spin} --mem 64G", 2, "--mem"),
            ("--kernel /nowhere", 1, "/nowhere"),
            ("--kernel /tmp", 1, "not a regular file"),
            ("--kernel /tmp/empty", 1, "empty"),
            ("--kernel /tmp/text", 1, "truncated"),
            ("--kernel /bin/busybox", 1, "not an arm64 Image"),
            ("--kernel /tmp/image.gz", 1, "compressed"),
            (f"{spin} --initrd /nowhere", 1, "/nowhere"),
            (f"{spin} --initrd /tmp/big --mem 64M", 1, "do not fit"),
            (f"{spin} --mem 2M", 1, "do not fit"),
            (f"{spin} --mem 2G", 1, "huge pages of 2 MiB are needed"),
            (f"{spin} --name a/b", 2, "not a name")]:
        output = machine.run(f"caisson run {arguments} {NO_INPUT}", status=status)
        assert text in output and len(output.splitlines()) == 1, f"{arguments}: {output}"
    finish(machine)
