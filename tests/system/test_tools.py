# SPDX-License-Identifier: BSD-2-Clause
"""VMware's guest tools in user VMs: Debian's open-vm-tools as they are, in a guest of Debian's
kernel; the same interface by hand, from EL1 and from a hostile process; what it costs."""

import contextlib
import os
import re
import time

import pytest

from machine import BUILD, ROOT, SOAK_SECONDS, assemble_service_vm, check_caisson, check_dmesg

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


def resident_kib(machine, name):
    """Of the VM's process, without the guest's memory."""
    pid = machine.run(f"caisson info {name} | awk '$1 == \"pid\" {{ print $2 }}'")
    return int(machine.run(f"awk '/^RssAnon/ {{ print $2 }}' /proc/{pid}/status"))


# ---- open-vm-tools ----------------------------------------------------------------------------


def check_commands(run, version):
    """What the tools' commands say, without their daemon."""
    assert "VMware" in run("vmware-checkvm")
    assert version in run("vmware-toolbox-cmd -v")
    assert run("systemd-analyze condition ConditionVirtualization=vmware 2>&1 | "
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


# What the tools tell of: an interface of the guest's own, since there is no network card.
ADDRESS = "192.0.2.7"
ADD_ADDRESS = (f"modprobe tun; tunctl -t eth7; ip addr add {ADDRESS}/24 dev eth7; "
               "ip link set eth7 up")
START_DAEMON = "vmtoolsd >/tmp/vmtoolsd.log 2>&1 &"
OFF_US_MAX = 100000  # what the tools leave as it is, when the clock is behind


def off_us(run, step=""):
    """How far the guest's clock is ahead of the host's; it can be stepped before."""
    return int(re.search(r"guesttime: (-?\d+) us", run(f"guesttime {step}"))[1])


def await_tools(machine, name):
    """They have told an address, and take orders."""
    machine.settle(f"caisson guest {name} ip", ADDRESS, status=None, timeout=120)
    machine.run(f"until caisson guest {name} sync-time 2>/tmp/why; do sleep 0.5; done", timeout=60)


def one_line(machine, command, text, status=1):
    output = machine.run(f"{command} </dev/null", status=status)
    assert text in output and len(output.splitlines()) == 1, f"{command}: {output}"


def check_values(machine, name):
    """From both sides: what is odd is refused by a clear answer, or escaped where it is shown."""
    guest = f"caisson guest {name}"
    with Inside(machine, name).shell() as run:
        run("echo 'head -c $1 /dev/zero | tr \"\\0\" k' >/tmp/long")
        for command in ["info-set guestinfo.$(sh /tmp/long 200) x", "info-set other.key x",
                        "info-set guestinfo.long $(sh /tmp/long 70000)"]:
            assert run(f'vmware-rpctool "{command}"', status=1) != ""
        run("vmware-rpctool \"info-set guestinfo.odd $(printf '\\001\\033[31m\\377')\"")
    assert machine.run(f"{guest} get odd") == r"\x01\x1b[31m\xff"
    assert machine.run(f"{guest} list | grep -c '^odd .*x1b'") == "1"
    machine.run(f"{guest} set told 'by the owner'")
    assert Inside(machine, name).run("vmware-rpctool 'info-get guestinfo.told'") == "by the owner"
    one_line(machine, f"{guest} get none", "has no value")
    one_line(machine, f"{guest} get secret", "was a secret")


def check_time(machine, name):
    """Steps of either clock; what is left of them, once the tools have set the guest's."""
    inside, guest = Inside(machine, name), f"caisson guest {name}"
    for seconds in (100, -100):
        before = off_us(inside.run, seconds)
        machine.run(f"{guest} sync-time")
        after = off_us(inside.run)
        print(f"the guest's clock stepped by {seconds} s: {before} us off, then {after} us")
        assert abs(before - seconds * 1000000) < 1000000 and abs(after) < OFF_US_MAX
    for seconds in (3600, -3600):
        machine.run(f"date -s @$(($(date +%s) + {seconds}))")
        machine.run(f"{guest} sync-time")  # queued behind the one that the step brings about
        after = off_us(inside.run)
        print(f"the host's clock stepped by {seconds} s: {after} us off then")
        assert abs(after) < OFF_US_MAX
    machine.run(f"caisson pause {name}; sleep 3; caisson resume {name}")
    print(f"a pause of 3 s: {off_us(inside.run)} us off")


def check_hostile(machine, name):
    """A process that plays with the interface while the tools use it: both go on."""
    output = Inside(machine, name).run("toolsfuzz 1 1500", timeout=120)
    assert output.endswith("toolsfuzz: ok"), output
    values, refused = re.search(r"(\d+) values, (\d+) refused", output).groups()
    assert int(values) > 0, output
    machine.run(f"caisson guest {name} sync-time")


# On a file system of the guest's disk: what is written to while it is frozen waits.
MOUNT_DISK = "mke2fs -F /dev/vda && mount -t ext4 /dev/vda /mnt"
WRITE_WHEN_TOLD = ("(until vmware-rpctool 'info-get guestinfo.go'; do sleep 0.2; done; "
                   "vmware-rpctool 'info-set guestinfo.going yes'; echo x >/mnt/x; "
                   "vmware-rpctool 'info-set guestinfo.written yes') >/dev/null 2>&1 &")


def check_freeze(machine, name):
    guest = f"caisson guest {name}"
    Inside(machine, name).run(WRITE_WHEN_TOLD)
    machine.run(f"{guest} freeze && {guest} set go now", timeout=120)
    machine.settle(f"{guest} get going", "yes", status=None, timeout=120)
    machine.run("sleep 2")
    one_line(machine, f"{guest} get written", "has no value")
    machine.run(f"{guest} thaw", timeout=120)
    machine.settle(f"{guest} get written", "yes", status=None, timeout=120)


def check_silent(machine, name):
    """Tools that are there and answer nothing."""
    inside, guest = Inside(machine, name), f"caisson guest {name}"
    inside.run("kill -STOP $(pidof vmtoolsd)")
    one_line(machine, f"{guest} sync-time --timeout 2", name)
    one_line(machine, f"{guest} shutdown --timeout 2", name)
    inside.run("kill -CONT $(pidof vmtoolsd)")
    machine.run(f"{guest} sync-time")


def test_open_vm_tools(host, tools_vm):
    """Both versions at a time, as Debian has them: their commands, then their daemon, by which the
    host learns of the guest and sets its clock, reboots it and shuts it down."""
    machine = host(tools_vm, memory="3G")
    machine.run("printf 'by the host' >/tmp/given; printf hidden >/tmp/secret")
    for name in VERSIONS:
        machine.run(f"truncate -s 8M /tmp/{name}.disk; "
                    f"{GUEST} --name {name} --initrd /guests/{name} --guest-tools vmware "
                    f"--disk /tmp/{name}.disk "
                    "--guestinfo given=/tmp/given --guestinfo secret=/tmp/secret,secret")
    for name, version in VERSIONS.items():
        with Inside(machine, name).shell() as run:
            check_commands(run, version)
            run(f"{MOUNT_DISK}; {ADD_ADDRESS}; {START_DAEMON}")
    first, second = VERSIONS
    for name in VERSIONS:
        await_tools(machine, name)
        assert re.search(rf"^{name} .*{ADDRESS} +Debian GNU/Linux 12 ",
                         machine.run("caisson list"), re.M)
    check_values(machine, first)
    check_time(machine, second)
    for name in VERSIONS:
        check_freeze(machine, name)
    check_hostile(machine, second)
    check_silent(machine, first)
    machine.run(f"caisson guest {first} reboot")
    one_line(machine, f"caisson guest {first} sync-time", "no tools")
    machine.run(f"caisson guest {second} shutdown")
    machine.run(f"caisson guest {first} shutdown --force 2>&1")
    assert machine.run("caisson list | wc -l") == "1"
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
    both = rounds_beside(machine, "--kernel /guests/rpc.img --append flood=2 --guest-tools vmware "
                                  "--cpus 2")
    print(f"rounds beside one that computes: {quiet}, that calls: {loud}, "
          f"whose two vCPUs move memory: {both}")
    assert loud > 0.95 * quiet
    assert both > 0.95 * quiet * 2 / 3  # two threads against one
    assert int(rows["rpc_60k_traps"]) <= 40
    machine.power_off()


@pytest.mark.soak
def test_soak_tools(host, tools_vm):
    """Both daemons for six times SOAK_SECONDS, an hour: asked for something again and again, with a
    hostile process beside one of them. They answer to the end, and the VMMs do not grow."""
    machine = host(tools_vm, memory="3G", timeout=8 * SOAK_SECONDS + 1200)
    first, second = VERSIONS
    for name in VERSIONS:
        machine.run(f"{GUEST} --name {name} --initrd /guests/{name} --guest-tools vmware")
        Inside(machine, name).run(f"{ADD_ADDRESS}; {START_DAEMON}")
        await_tools(machine, name)
    before = {name: resident_kib(machine, name) for name in VERSIONS}
    Inside(machine, first).run("(while toolsfuzz $RANDOM 20000 >>/tmp/fuzz; do :; done) &")
    end = time.monotonic() + 6 * SOAK_SECONDS
    rounds = 0
    while time.monotonic() < end:
        rounds += 1
        for name in VERSIONS:
            machine.run(f"until caisson guest {name} sync-time; do sleep 1; done", timeout=300)
            machine.run(f"caisson guest {name} ip")
            machine.run(f"caisson guest {name} set round {rounds}")
        calls = stat(machine, second, "exits-tools")
        machine.run("sleep 10")
        idle = stat(machine, second, "exits-tools") - calls
        print(f"round {rounds}: {idle} calls of an idle guest in some 10 s")
        got = Inside(machine, second).run("vmware-rpctool 'info-get guestinfo.round'")
        assert got == str(rounds)
    assert "toolsfuzz: ok" in Inside(machine, first).run("tail -1 /tmp/fuzz")
    for name in VERSIONS:
        assert resident_kib(machine, name) - before[name] < 4096, name
        # Tools that a busy machine kept silent for a minute are gone until they call again.
        machine.run(f"until caisson guest {name} shutdown; do sleep 1; done", timeout=300)
    check_dmesg(machine)
    machine.power_off()
