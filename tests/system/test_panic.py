# SPDX-License-Identifier: BSD-2-Clause
"""A fault of EL2 itself is reported in full: which, all registers, how it came there; and again by
the next run after a warm reset."""

import os
import re

import pytest

from machine import BUILD

# What Caisson does to itself in a debug build -> ESR_EL2.EC (Arm ARM D24.2.40) of the report, and
# the function that the backtrace or ELR_EL2 must name.
FAULTS = {
    "write": (0x25, "test_write"),  # data abort without a change of Exception level
    "exec": (0x21, None),  # instruction abort without a change of Exception level
    "stack": (0x25, "overrun"),
    "undef": (0x00, "test_undef"),
}
PREVIOUS = "The run before this one ended in a panic"


def start_panic(boot, debug_image, fault):
    return boot(image=debug_image, cpus=2, hyp_append=f"panic-test={fault}", timeout=120)


def functions():
    """[(address, name), …) of the debug build's functions, sorted."""
    path = os.path.join(BUILD, "debug", "hyp", "hyp.elf")
    symbols = []
    with os.popen(f"aarch64-linux-gnu-nm --defined-only '{path}'") as output:
        for line in output:
            address, kind, name = line.split()
            if kind in "tT" and not name.startswith("$"):
                symbols.append((int(address, 16), name))
    assert symbols, f"no functions in {path}"
    return sorted(symbols)


def function_at(symbols, address):
    return max((symbol for symbol in symbols if symbol[0] <= address), default=(0, ""))[1]


def backtrace(report):
    """The functions of the report's frames, innermost first."""
    symbols = functions()
    return [function_at(symbols, int(value, 16))
            for value in re.findall(r"^\s*#\d+\s+0x([0-9a-f]+)", report, re.M)]


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_panic(boot, debug_image, fault):
    machine = start_panic(boot, debug_image, fault)
    machine.expect(r"Caisson panic on CPU \d+: synchronous exception in EL2")
    machine.expect(r"The machine is halted")
    report = machine.before()
    values = {name: int(value, 16)
              for name, value in re.findall(r"\b([xA-Z]\w*)\s+(?:= )?0x([0-9a-f]{16})\b", report)}
    missing = {f"x{i}" for i in range(31)} | {"ESR_EL2", "FAR_EL2", "ELR_EL2", "SPSR_EL2", "SP"}
    assert not missing - set(values), f"not in the dump: {sorted(missing - set(values))}"
    exception_class, function = FAULTS[fault]
    assert values["ESR_EL2"] >> 26 == exception_class
    assert values["SPSR_EL2"] & 0xf == 9, "EL2 with its own stack pointer"
    named = [function_at(functions(), values["ELR_EL2"]), *backtrace(report)]
    if function:
        assert function in named[:2], named
    if fault != "stack":
        assert len(named) >= 3 and "hyp_main" in named, named


def test_lock_order(boot, debug_image):
    """Locks taken in the wrong order, even where nothing waits for them, are a panic."""
    machine = start_panic(boot, debug_image, "lock")
    machine.expect(r"Caisson panic on CPU 0: lock \d+ taken while holding 0x[0-9a-f]+: "
                   "against the lock order")
    machine.expect(r"The machine is halted")
    named = backtrace(machine.before())
    assert "test_lock" in named[:4] and "hyp_main" in named, named


def test_log_after_reset(boot, debug_image):
    """What a panic said is said again after a warm reset."""
    machine = start_panic(boot, debug_image, "undef")
    machine.expect(r"The machine is halted")
    first = machine.before()
    assert PREVIOUS not in first
    report = first[first.index("Caisson panic on CPU 0"):].splitlines()
    assert len(report) > 15
    machine.monitor("system_reset")
    machine.expect(PREVIOUS)
    machine.expect("End of the log of the run before")
    assert "\n".join(report) in "\n".join(machine.before().splitlines())
    # It is this run's turn now.
    machine.expect(r"Caisson panic on CPU 0")
    machine.expect(r"The machine is halted")


def test_release_ignores_it(boot):
    """The release build knows no panic-test."""
    machine = boot(cpus=1, hyp_append="panic-test=undef")
    machine.login()
    machine.power_off()
