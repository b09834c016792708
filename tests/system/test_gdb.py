# SPDX-License-Identifier: BSD-2-Clause
"""Debian's gdb-multiarch on Caisson's debugger, by a second serial port: the kernels of the service
VM and of a user VM."""

import os
import re

import pytest

from debugger import Gdb, kernel_symbols, write_elf
from machine import BUILD, PROMPT, assemble_service_vm, check_caisson

TARGET = os.path.join(BUILD, "target")
LOGS = os.path.join(BUILD, "logs")
# From a system call that a shell can make to the vector that it came in by.
CALLED = "__arm64_sys_sethostname"
CALLERS = ["invoke_syscall", "el0_svc_common.constprop.0", "do_el0_svc", "el0_svc",
           "el0t_64_sync_handler", "el0t_64_sync"]
SECOND_PORT = "/pl011@9040000"


@pytest.fixture(scope="session")
def guest_vm(service_vm):
    """A service VM with caisson and Debian's kernel and initial RAM disk."""
    added = {f"{TARGET}/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    added.update({f"{service_vm}/{name}": f"guests/{name}" for name in ("vmlinuz", "initrd")})
    return assemble_service_vm([], "servicevm-gdb-guest", added)


def reach(gdb, call, name):
    """Goes on until the breakpoint at the system call; call() has a shell make it."""
    gdb.start("continue")
    call(name)
    output = gdb.finish()
    assert re.search(rf"Breakpoint \d+, 0x[0-9a-f]+ in {CALLED} \(\)", output), output
    assert gdb.value("$pc") == gdb.value(f"&{CALLED}")


def check_breakpoint(gdb, call):
    """A breakpoint that is a BRK, single steps, a backtrace. Returns the size of the frame."""
    gdb.run(f"break *{CALLED}")
    reach(gdb, call, "one")
    top, caller = gdb.value("$sp"), gdb.value("$x29")
    code = gdb.run("x/wx $pc")
    assert "0xd4200000" not in code, code
    gdb.run("stepi")
    assert gdb.value("$pc") == gdb.value(f"&{CALLED}") + 4
    for _ in range(24):
        if gdb.value("$x29") != caller:
            break
        gdb.run("stepi")
    output = gdb.run("backtrace")
    frames = re.findall(r"^#\d+ +0x[0-9a-f]+ in (\w+)[.\w]* \(\)", output, re.M)
    assert frames[:7] == [name.split(".")[0] for name in (CALLED, *CALLERS)], output
    gdb.run("delete")
    return top - gdb.value("$x29")


def check_watchpoint(gdb, call, frame):
    """A hardware breakpoint, and a watchpoint on what the function is about to write."""
    gdb.run(f"hbreak *{CALLED}")
    reach(gdb, call, "two")
    slot, caller = gdb.value("$sp") - frame, gdb.value("$x29")
    gdb.run(f"set *(long *){slot:#x} = 0")
    gdb.run(f"watch *(long *){slot:#x}")
    output = gdb.run("continue")
    assert re.search(r"Hardware watchpoint \d+: ", output) and "Old value = 0" in output, output
    assert gdb.value(f"*(long *){slot:#x}") == caller
    assert 0 < gdb.value("$pc") - gdb.value(f"&{CALLED}") < 128
    gdb.run("delete")


def check_interrupt(gdb, machine):
    """Ctrl-C stops all vCPUs, idle ones too, which can be told apart."""
    gdb.start("continue")
    machine.expect(PROMPT)
    gdb.interrupt()
    output = gdb.finish()
    assert "received signal SIGINT" in output, output
    threads = gdb.run("info threads")
    assert "(vCPU 0)" in threads and "(vCPU 1)" in threads, threads
    for thread in (1, 2):
        gdb.run(f"thread {thread}")
        assert gdb.value("$ttbr1_el1") != 0 and gdb.value("$vbar_el1") >> 48 == 0xffff


def check_registers(gdb):
    """Registers keep what is written; what would let a guest out of EL1 is refused."""
    for register, value in (("x20", 0x123456789abcdef), ("v7.u64[1]", 0xfedcba987654321),
                            ("tpidr_el0", 0x7755)):
        old = gdb.value(f"${register}")
        gdb.run(f"set ${register} = {value:#x}")
        gdb.run("maintenance flush register-cache")
        assert gdb.value(f"${register}") == value, register
        gdb.run(f"set ${register} = {old:#x}")
    old = gdb.value("$cpsr")
    output = gdb.run("set $cpsr = 0x3c9")  # EL2h
    assert "E22" in output and gdb.value("$cpsr") == old, output


def check_refused(gdb, refused, allowed):
    """What is not the VM's memory, as the vCPU sees it with its MMU off."""
    sctlr = gdb.value("$sctlr_el1")
    gdb.run(f"set $sctlr_el1 = {sctlr & ~1:#x}")
    for address in refused:
        for command in (f"x/wx {address:#x}", f"set *(int *){address:#x} = 0",
                        f"x/wx {address - 2:#x}"):
            output = gdb.run(command)
            assert "Cannot access memory" in output, f"{command}: {output}"
        gdb.run(f"break *{address:#x}")
        output = gdb.run("stepi")
        assert "Cannot insert breakpoint" in output, output
        gdb.run("delete")
    for address in allowed:
        output = gdb.run(f"x/wx {address:#x}")
        assert re.search(r":\s0x[0-9a-f]{8}\s", output), output
    gdb.run(f"set $sctlr_el1 = {sctlr:#x}")


def kept_memory(machine):
    """Where what Caisson keeps for itself begins."""
    with open(machine.log, encoding="utf-8", errors="replace") as log:
        return int(re.search(r"keeps \d+ KiB of \d+ MiB at (0x[0-9a-f]+)", log.read()).group(1), 16)


def shell(machine):
    """Lets a shell on the console make the system call."""
    def call(name):
        machine.send(f"hostname {name}\n")
        machine.expect(f"hostname {name}\r")

    return call


def check_service_vm(machine, port, elf, log):
    with Gdb(log, elf) as gdb:
        output = gdb.run(f"target remote {port}")
        assert "Remote debugging" in output, output
        assert re.search(r"\* 16  service VM", gdb.run("monitor vms"))
        frame = check_breakpoint(gdb, shell(machine))
        check_watchpoint(gdb, shell(machine), frame)
        check_interrupt(gdb, machine)
        check_registers(gdb)
        check_refused(gdb, [kept_memory(machine), 0x9000000, 0x8000000], [0x40000000])
        assert "Can't kill process" in gdb.run("kill")
        gdb.run("detach")
    assert machine.run("hostname") == "two"


def vmm_ticks(machine):
    """CPU time of the VMM's vCPU threads."""
    output = machine.run("cat /proc/$(sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' "
                         "/run/caisson/.state/g.json)/task/*/stat")
    return sum(sum(map(int, line.split()[13:15])) for line in output.splitlines() if "(vcpu" in line)


def check_user_vm(machine, port, elf, log):
    with Gdb(log, elf) as gdb:
        gdb.run(f"target extended-remote {port}")
        output = gdb.run("info os processes")
        assert re.search(r"^1 +caisson +g +2", output, re.M), output
        assert "Attaching to process 2 failed" in gdb.run("attach 2")
        gdb.run("attach 1")
        frame = check_breakpoint(gdb, shell(machine))
        check_watchpoint(gdb, shell(machine), frame)
        check_interrupt(gdb, machine)
        check_registers(gdb)
        check_refused(gdb, [0x9000000, 0x8000000, 0x40000000 + (384 << 20)], [0x40000000])
        machine.send("\aq")  # the console's own end: the service VM runs
        machine.expect(PROMPT)
        before = vmm_ticks(machine)
        machine.run("sleep 2")
        assert vmm_ticks(machine) - before < 10
        gdb.run("detach")


def test_kernels(start, guest_vm, debug_image, tmp_path):
    """Break, backtrace, step and watch in both, vCPUs as threads, memory that is refused."""
    port = f"{tmp_path}/port"
    machine = start(kernel=f"{guest_vm}/vmlinuz", initrd=f"{guest_vm}/initrd", cpus=2,
                    memory="2G", cpu="cortex-a72", append="quiet nokaslr", timeout=900,
                    image=debug_image,
                    serial=f"unix:{port},server=on,wait=off",
                    hyp_append=f"console2={SECOND_PORT}")
    machine.login()
    check_caisson(machine)
    elf = f"{tmp_path}/kernel.elf"
    write_elf(elf, kernel_symbols(machine, [CALLED, *CALLERS]))
    check_service_vm(machine, port, elf, f"{LOGS}/gdb-service.log")
    machine.run("caisson run --detach --name g --cpus 2 --mem 384M --kernel /guests/vmlinuz "
                "--initrd /guests/initrd --append 'quiet nokaslr'")
    machine.send("caisson console g\n")
    machine.expect("A root shell follows")
    machine.login()
    check_user_vm(machine, port, elf, f"{LOGS}/gdb-user.log")
    machine.send("caisson console g\n")
    machine.expect("hostname two\r")
    machine.login()
    assert machine.run("hostname") == "two"
    machine.send("\aq")
    machine.expect(PROMPT)
    machine.run("caisson stop g --timeout 800", timeout=200)
    machine.power_off()
