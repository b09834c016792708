# SPDX-License-Identifier: BSD-2-Clause
"""VMware's guest tools in user VMs: Debian's open-vm-tools as they are, in a guest of Debian's
kernel; the same interface by hand, from EL1 and from a hostile process; what it costs."""

import contextlib
import os
import re

import pytest

from machine import BUILD, ROOT, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
SHUTDOWN = os.path.join(ROOT, "tests", "uservm", "shutdown.sh")
# Debian's versions of open-vm-tools, and what they say of themselves.
VERSIONS = {"open-vm-tools": "12.2.0", "open-vm-tools-backports": "12.5.0"}
GUEST = "caisson run --detach --kernel /guests/vmlinuz --mem 320M --cpus 2 --append quiet"
PAYLOAD = "caisson run --kernel /guests/rpc.img --mem 32M"


def programs():
    added = {f"{TARGET}/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    for name in ("rpc", "spin"):
        added[f"{TARGET}/tests/uservm/{name}.img"] = f"guests/{name}.img"
    return added


@pytest.fixture(scope="session")
def payload_vm():
    """A service VM with caisson and the payload."""
    return assemble_service_vm([], "servicevm-rpc", programs())


@pytest.fixture(scope="session")
def tools_vm():
    """A service VM with guests that have open-vm-tools, of both versions, and what plays with the
    interface in them."""
    added = programs()
    for name in VERSIONS:
        guest = assemble_service_vm(
            [name, "systemd-analyze"], f"servicevm-{name}-guest", {
                f"{TARGET}/tests/uservm/toolsfuzz": "bin/toolsfuzz",
                f"{TARGET}/tests/uservm/guesttime": "bin/guesttime", SHUTDOWN: "bin/shutdown"})
        added[f"{guest}/initrd"] = f"guests/{name}"
        added[f"{guest}/vmlinuz"] = "guests/vmlinuz"  # the same in both
    return assemble_service_vm([], "servicevm-tools", added)


@pytest.fixture
def host(start):
    """A function that boots a service VM on Caisson, to its shell."""

    def boot_host(vm, **options):
        options.setdefault("cpus", 2)
        options.setdefault("timeout", 400)
        machine = start(kernel=f"{vm}/vmlinuz", initrd=f"{vm}/initrd", append="quiet", **options)
        machine.login()
        check_caisson(machine)
        return machine

    return boot_host


class Inside:
    """The console of a user VM, on the service VM's terminal."""

    marks = 0

    def __init__(self, machine, name):
        self._machine = machine
        self._name = name

    @contextlib.contextmanager
    def shell(self):
        """Gives a function that runs a command there, as Machine.run() does here. The console
        begins with what was on it before, which a mark ends that was never typed."""
        machine = self._machine
        Inside.marks += 1
        machine.send(f"caisson console {self._name}\n")
        machine.expect("A root shell follows")
        machine.login()
        machine.send(f"echo ma\"\"rk{Inside.marks}=\n")
        machine.expect(f"mark{Inside.marks}=")
        machine.login()
        yield machine.run
        machine.send("\aq")
        machine.login()

    def run(self, command, **options):
        with self.shell() as run:
            return run(command, **options)


def stat(machine, name, counter):
    return int(machine.run(f"caisson stats {name} | awk '$1 == \"{counter}\" {{ print $2 }}'"))


# ---- open-vm-tools ----------------------------------------------------------------------------


def check_commands(run, version):
    """What the tools' commands say, without their daemon."""
    assert "VMware" in run("vmware-checkvm")
    assert version in run("vmware-toolbox-cmd -v")
    assert run("systemd-analyze condition ConditionVirtualization=vmware | "
               "grep -c succeeded") == "2"
    assert run("vmware-rpctool 'info-get guestinfo.given'") == "by the host"
    assert run("vmware-rpctool 'info-get guestinfo.none'", status=1) == "No value found"
    assert run("vmware-rpctool 'info-set guestinfo.mine some text'") == ""
    assert run("vmware-rpctool 'info-get guestinfo.mine'") == "some text"
    assert run("vmware-rpctool 'make-coffee now'", status=1) == "Unknown command"
    assert run("vmware-rpctool 'info-get guestinfo.secret'") == "hidden"
    assert "hidden" not in run("vmware-rpctool 'info-get guestinfo.secret'", status=1)
    assert re.fullmatch(r"\d+ MHz", run("vmware-toolbox-cmd stat speed"))
    assert run("vmware-toolbox-cmd stat hosttime | cut -d: -f1") == run("date +'%d %b %Y %H'")
    assert run("vmware-toolbox-cmd timesync status", status=None) in ("Enabled", "Disabled")


def test_open_vm_tools(host, tools_vm):
    machine = host(tools_vm, memory="3G")
    machine.run("printf 'by the host' >/tmp/given; printf hidden >/tmp/secret")
    for name in VERSIONS:
        machine.run(f"{GUEST} --name {name} --initrd /guests/{name} --guest-tools vmware "
                    "--guestinfo given=/tmp/given --guestinfo secret=/tmp/secret,secret")
    for name, version in VERSIONS.items():
        with Inside(machine, name).shell() as run:
            check_commands(run, version)
    machine.run("caisson stop --force open-vm-tools; caisson stop --force open-vm-tools-backports")
    check_dmesg(machine)
    machine.power_off()


# ---- by hand ----------------------------------------------------------------------------------


def run_payload(machine, options, append):
    output = machine.run(f"{PAYLOAD} {options} --append '{append}' </dev/null", timeout=200)
    assert re.search(r"DONE passed=[1-9]\d* failed=0$", output, re.M), output
    return output


def test_interface(host, payload_vm):
    """Each answer, each mistake, at EL1 and EL0; with each policy."""
    machine = host(payload_vm, memory="1G", cpus=1)
    machine.run("printf 'by the host' >/tmp/given")
    run_payload(machine, "--guest-tools vmware", "policy=2")
    run_payload(machine, "--guest-tools vmware,ro --guestinfo given=/tmp/given", "policy=1")
    run_payload(machine, "--guest-tools off", "policy=0")
    run_payload(machine, "", "policy=0")
    check_dmesg(machine)
    machine.power_off()


def rounds_beside(machine, other):
    """How far a VM comes in the same time, beside another one on the same CPU."""
    machine.run(f"caisson run --detach --name other --mem 32M {other}")
    machine.run("until sleep 0.1 | caisson console other | grep -q ing; do :; done")
    output = machine.run(f"{PAYLOAD} --append work=300 </dev/null")
    machine.run("caisson stop --force other; caisson list")
    return int(re.search(r"rounds (\d+) ", output)[1])


def test_cost(host, payload_vm):
    """60 KiB in few traps; a guest that calls without end takes no more of a CPU from another VM
    than one that computes. Instructions count here, not time."""
    machine = host(payload_vm, memory="1G", cpus=1, icount=True)
    rows = dict(re.findall(r"ROW (\w+_traps) (\d+) ",
                           run_payload(machine, "--guest-tools vmware", "cost=1")))
    print(rows)
    quiet = rounds_beside(machine, "--kernel /guests/spin.img")
    loud = rounds_beside(machine, "--kernel /guests/rpc.img --append flood=1 --guest-tools vmware")
    print(f"rounds beside one that computes: {quiet}, that calls: {loud}")
    assert loud > 0.95 * quiet
    assert int(rows["rpc_60k_traps"]) <= 40
    machine.power_off()
