# SPDX-License-Identifier: BSD-2-Clause
"""Virtual machines that move between two unlike hosts (twohosts.py)."""

import hashlib
import re
import time

import pytest

from machine import PROMPT, SOAK_SECONDS, check_dmesg, patient
from twohosts import FAST_MAX, N1, SLOW_MAX, TwoHosts, two_hosts_vm

ROUNDS, SOAK_MOVES = 3, max(20 * SOAK_SECONDS // 600, 1)  # there and back
FAULTS_STEP = max(600 // SOAK_SECONDS, 1)  # in less time not every one, but some of each kind


@pytest.fixture(scope="session")
def hosts_vm():
    return two_hosts_vm()


@pytest.fixture
def two_hosts(start, hosts_vm, tmp_path):
    """A function that boots two hosts: TwoHosts' options."""
    made = []

    def boot_two(**options):
        made.append(TwoHosts(start, str(tmp_path), hosts_vm, **options))
        return made[-1]

    yield boot_two
    for hosts in made:
        hosts.close()


def check_bed(hosts):
    """Each host reaches the other; a cut is a cut; each sees what the other wrote."""
    a, b = hosts.a, hosts.b
    for machine, other in ((a, "b"), (b, "a")):
        machine.run(f"ping -c 1 -W 20 {other}")
        assert machine.run(f"ssh {other} hostname", timeout=60) == other
    frequency = "dmesg | sed -n 's/.*arch_timer: cp15 timer(s) running at \\([0-9.]*MHz\\).*/\\1/p'"
    assert a.run(frequency) != b.run(frequency)
    hosts.cable.cut()
    a.run("ping -c 1 -W 2 b", status=1)
    hosts.cable.mend()
    a.run("ping -c 3 -W 20 b")
    a.run("head -c 1000000 /dev/urandom >/tmp/data; dd if=/tmp/data of=/dev/vda bs=64k conv=fsync")
    digest = a.run("sha256sum </tmp/data")
    assert b.run("head -c 1000000 /dev/vda | sha256sum") == digest
    # More than goes through in one piece.
    assert a.run("head -c 20000000 /dev/zero | ssh b sha256sum", timeout=120).split()[0] == \
        hashlib.sha256(bytes(20000000)).hexdigest()


def check_checkers(machine):
    """Each finds what it is to find, and only that."""
    def check(command, wrong=""):
        output = machine.run(f"{command} {wrong} >/tmp/out & until grep -qE 'begun|FAILED' /tmp/out; "
                             "do sleep 0.2; done; sleep 1; kill $! 2>/dev/null; wait $!; "
                             "status=$?; cat /tmp/out; exit $status", status=1 if wrong else 0)
        assert re.search("FAILED" if wrong else ": ok$", output), output

    for command, wrongs in [("timecheck", ["back", "early"]), ("memcheck 4 4", ["old", "flip"]),
                            ("diskcheck /dev/vda 1", ["old", "flip"])]:
        for wrong in ("", *wrongs):
            check(command, wrong and f"wrong={wrong}")
    for wrong in ("", "wrong=flip", "wrong=lost"):
        machine.run("(tcpcheck serve 99 >/tmp/served; echo status=$? >>/tmp/served) & "
                    "until netstat -ltn | grep -q :99; do sleep 0.2; done")
        check("tcpcheck run 127.0.0.1 99", wrong)
        machine.settle("sed -n s/status=//p /tmp/served", "1" if wrong else "0")


# ---- a guest that moves -----------------------------------------------------------------------

START = ("caisson run --detach --name g --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 "
         "--mem 192M --disk /dev/vda --net tap,ifname=tap0 --guest-tools vmware "
         "--migratable /tmp/set --append quiet")
STATE = "caisson list | awk '$1 == \"g\" { print $2 }'"
SILENCE_S = 60  # after which a dead connection is known to be one, and more
CUT_S = 30  # more than ssh waits for a sign of life
MOVED = r"g runs on \w+: moved in ([\d.]+) s, stood still for (\d+) ms"


class Guest:
    """The guest called g: where it is, and its console."""

    def __init__(self, hosts):
        self.hosts = hosts
        self.here, self.there = hosts.a, hosts.b
        self.moves = []  # (seconds, milliseconds of standing still)
        self.move_bytes = 0  # of the last one, on the cable
        self._looks = 0
        # The guest sees by it that it came to another host.
        hosts.b.run("date -s @$(($(date +%s) + 5000))")
        hosts.a.run("(caisson host-info --json; ssh b caisson host-info --json) >/tmp/set; "
                    "ssh b 'cat >/tmp/set' </tmp/set", timeout=120)
        hosts.a.run("(tcpcheck serve 99; echo status $?) >/tmp/served 2>&1 &")
        hosts.a.run(START)

    def name_of(self, machine):
        return "a" if machine is self.hosts.a else "b"

    def run(self, command, **options):
        """In the guest, by its console, which shows what was there before as well."""
        machine = self.here
        machine.send("caisson console g\n")
        machine.expect("leaves the console")
        self._looks += 1
        machine.send(f'\necho =""look{self._looks}=\n')
        machine.expect(f"=look{self._looks}=\r")
        machine.login()
        output = machine.run(command, **options)
        machine.send("\aq")
        machine.expect(PROMPT)
        return output

    def await_shell(self):
        self.here.send("caisson console g\n")
        self.here.expect("A root shell follows")
        self.here.login()
        self.here.send("\aq")
        self.here.expect(PROMPT)

    def move(self, options="--force"):
        """To the other host; as a rule by force: on a busy machine rounds may not get there."""
        there = self.name_of(self.there)
        before = sum(self.hosts.cable.passed)
        self.there.run("rm -f /tmp/seen; (until caisson list | grep -q arriving; do usleep 100000; "
                       "done; touch /tmp/seen) >/dev/null 2>&1 &")
        output = self.here.run(f"caisson migrate g {there} {options} 2>&1", timeout=300)
        match = re.search(MOVED, output)
        assert match, output
        self.move_bytes = sum(self.hosts.cable.passed) - before
        self.there.run("ls /tmp/seen")
        self.moves.append((float(match[1]), int(match[2])))
        self.here, self.there = self.there, self.here
        self.check_one()

    def state(self, machine):
        return machine.run(STATE)

    def check_one(self):
        """It runs, where it should, and nowhere else."""
        assert self.state(self.here) == "running"
        there = self.state(self.there)
        assert there in ("", "moved", "arriving", "ending"), there
        self.there.settle(STATE, "", timeout=SILENCE_S)

    def find(self):
        """Wherever it is now: in one place, once all has settled. At no time does it run in two;
        it is "arriving" where it was being received until that is known to have come to nothing."""
        end = time.monotonic() + patient(2 * SILENCE_S)
        while True:
            states = [self.state(machine) for machine in (self.hosts.a, self.hosts.b)]
            assert states.count("running") <= 1, states
            if sorted(states) == ["", "running"]:
                break
            for machine, other in ((self.hosts.a, "b"), (self.hosts.b, "a")):
                if "doubt" in self.state(machine):
                    machine.run(f"caisson migrate g {other}", status=None, timeout=300)
            assert time.monotonic() < end, f"{states}: there is not one that runs"
            time.sleep(0.5)
        self.here, self.there = self.hosts.a, self.hosts.b
        if states[1]:
            self.here, self.there = self.there, self.here

    def check_load(self):
        """Nothing that checks it has ended, and its clock goes."""
        assert "status" not in self.run("load look")

    def refuse(self, text, host=None, look=True):
        """A move that is refused: one line that says why, and that it runs on."""
        host = host or self.name_of(self.there)
        output = self.here.run(f"caisson migrate g {host} 2>&1", status=1, timeout=120)
        assert re.search(text, output) and "g runs on here" in output, output
        if look:
            self.check_one()


def check_too_fast(guest):
    """What cannot be kept is not tried: no guest goes within a millisecond."""
    here, there = guest.here, guest.name_of(guest.there)
    here.run("caisson run --detach --name w --mem 32M --kernel /guests/ward.img "
             "--migratable /tmp/set")
    output = here.run(f"caisson migrate w {there} --max-downtime 1 2>&1", status=1, timeout=120)
    assert re.search("after [0-9]+ rounds .* KiB are left.*--force", output), output
    assert "w runs on here" in output
    assert "running" in here.run("caisson list | grep ^w; caisson stop --force w")


def check_refusals(guest):
    """Each is known before the guest is stopped."""
    there = guest.there
    guest.refuse("did not reach nowhere", host="nowhere")
    there.run("mv /bin/caisson /bin/other")
    guest.refuse("has no `caisson`", look=False)
    there.run("mv /bin/other /bin/caisson")
    # Another key than the one that is known.
    there.run("kill $(pidof sshd); cp -p /etc/ssh/other_key /tmp/k; chmod 600 /tmp/k; "
              "/bin/sshd -f /dev/null -h /tmp/k", status=None)
    guest.refuse("its identity")
    there.run("kill $(pidof sshd); /bin/sshd")
    # Until no more goes in.
    there.run("n=0; while caisson run --detach --name fat$n --mem 128M --kernel /guests/ward.img; do "
              "caisson pause fat$n; n=$((n + 1)); done; [ $n -gt 0 ]", timeout=300)
    guest.refuse("memory|huge")
    there.run("for name in $(caisson list | awk '/^fat/ { print $1 }'); do "
              "caisson stop --force $name; done; truncate -s 4M /tmp/own", timeout=300)
    # A disk that both have, but it is not the same one.
    guest.here.run("truncate -s 4M /tmp/own; caisson run --detach --name w --mem 32M "
                   "--kernel /guests/ward.img --disk /tmp/own --migratable /tmp/set")
    output = guest.here.run(f"caisson migrate w {guest.name_of(there)} 2>&1", status=1, timeout=120)
    assert re.search("/tmp/own.*shared|disks-shared", output), output
    assert "running" in guest.here.run("caisson list | grep ^w; caisson stop --force w")


# ---- what breaks while it moves ---------------------------------------------------------------

ORDERS = 98  # a port on each host at which a shell takes orders: ssh would be too slow for it
SOURCE, TARGET = "source", "target"
# Who dies: where, and the command that kills. A VMM's process is told by what runs it.
VICTIMS = {
    "ssh": (SOURCE, "kill -9 $(pidof ssh)"),
    "command": (SOURCE, "kill -9 $(pgrep -f 'caisson migrate')"),
    "receiver": (TARGET, "kill -9 $(pgrep -f 'caisson receive')"),
    "source's caissond": (SOURCE, "kill -9 $(pidof caissond)"),
    "target's caissond": (TARGET, "kill -9 $(pidof caissond)"),
}
STAGES = ["offering", "copying", "stopped", "committed"]
DAEMON = ("pidof caissond || (setsid caissond </dev/null >>/var/log/caissond.log 2>&1 &) ; "
          "until caisson list >/dev/null 2>&1; do sleep 0.2; done")


def take_orders(machine):
    machine.run(f"(nc -ll -p {ORDERS} -e /bin/sh </dev/null >/dev/null 2>&1 &)")


def break_move(guest, victim, stage):
    """A move during which somebody dies as soon as the stage is seen."""
    where, kill = VICTIMS[victim]
    there = guest.name_of(guest.there)
    if where == TARGET:
        kill = f"echo \"{kill.replace('$', chr(92) + '$')}\" | nc {there} {ORDERS}"
    guest.here.run(f"caisson migrate g {there} --force --json >/tmp/move 2>&1 & move=$!; "
                   f"until grep -q '\"status\":\"{stage}\"' /tmp/move || ! kill -0 $move 2>/dev/null; "
                   f"do usleep 20000; done; {kill}; wait $move", status=None, timeout=300)
    print(f"{victim} at {stage}:", guest.here.run("tail -n 2 /tmp/move"))
    settle_fault(guest)


def cut_move(guest, share):
    """A move during which the cable is cut, after this share of what the last one needed, for so
    long that it is noticed."""
    there = guest.name_of(guest.there)
    guest.here.run(f"rm -f /tmp/ended; (caisson migrate g {there} --force --json >/tmp/move 2>&1; "
                   "echo $? >/tmp/ended) &")
    guest.hosts.cable.cut(after=int(guest.move_bytes * share))
    end, mend = time.monotonic() + patient(300), None
    while not guest.here.run("cat /tmp/ended 2>/dev/null", status=None):
        now = time.monotonic()
        assert now < end, "the command did not end"
        if mend is None and guest.hosts.cable.is_cut():
            mend = now + CUT_S
        if mend is not None and now > mend:
            guest.hosts.cable.mend()
        time.sleep(0.5)
    guest.hosts.cable.mend()
    print(f"cut at {share}:", guest.here.run("tail -n 2 /tmp/move"))
    settle_fault(guest)


def settle_fault(guest):
    """All is mended: the guest runs in one place, and nothing is amiss with it."""
    for machine in (guest.hosts.a, guest.hosts.b):
        machine.run(DAEMON, timeout=100)
    guest.find()
    guest.check_load()


# What a timer may be late while its CPU runs. On a machine of its own that would be a fraction of
# a millisecond; here the thread of QEMU that fires timers waits for a CPU itself, in the service
# VM's timers as well, so these tell a wrong deadline from a late emulator, and not more.
LATE_SHARE, LATE_MS = 0.25, 1000


def check_lateness(output):
    found = re.findall(r"cpu\d+: .* (\d+) timers, .* of its own ([\d.]+) ms, (\d+) more", output)
    assert len(found) == 2, output
    for timers, worst_ms, late in found:
        assert float(worst_ms) < LATE_MS and int(late) < LATE_SHARE * int(timers), output


def check_found(guest):
    """What the checkers found; prints what they measured."""
    output = guest.run("load end", timeout=300)
    print(output)
    for name in ("timecheck", "memcheck", "diskcheck", "tcpcheck"):
        assert re.search(rf"^{name}: ok$", output, re.M), output
    check_lateness(output)
    guest.hosts.a.settle("tail -n 1 /tmp/served", "status 0")
    print(guest.hosts.a.run("cat /tmp/served"))
    print("moves (s, ms):", guest.moves)
    digest = guest.run("sha256sum </dev/vda").split()[0]
    for machine in (guest.hosts.a, guest.hosts.b):
        machine.run("echo 3 >/proc/sys/vm/drop_caches")
        assert machine.run("sha256sum </dev/vda", timeout=100).split()[0] == digest
    with open(guest.hosts.disk, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == digest
    return output


def finish(hosts):
    for machine in (hosts.a, hosts.b):
        check_dmesg(machine)
        machine.power_off()


def check_source_dies(guest):
    """Its VM is gone with it, as by any kill, unless it had moved; the target keeps nothing of it.
    The last thing that is done to the guest."""
    there = guest.name_of(guest.there)
    guest.here.run(f"caisson migrate g {there} --json >/tmp/move 2>&1 & move=$!; "
                   "until grep -q '\"status\":\"copying\"' /tmp/move; do usleep 20000; done; "
                   "kill -9 $(caisson list | awk '$1 == \"g\" { print $6 }'); wait $move", status=1,
                   timeout=300)
    for machine in (guest.here, guest.there):
        machine.settle("caisson list | wc -l", "1", timeout=SILENCE_S)


def test_migrate(two_hosts):
    """There and back, again and again, under load."""
    hosts = two_hosts(kinds=(SLOW_MAX, FAST_MAX))
    check_bed(hosts)
    check_checkers(hosts.a)
    guest = Guest(hosts)
    guest.await_shell()
    check_too_fast(guest)
    guest.run("load begin 192.168.7.1", timeout=120)
    for _ in range(2 * ROUNDS):
        guest.move()
        guest.check_load()
    break_move(guest, "ssh", "copying")
    check_found(guest)
    guest.here.run("caisson stop --force g")
    finish(hosts)


@pytest.mark.soak
@pytest.mark.parametrize("kinds", [(FAST_MAX, N1), (SLOW_MAX, FAST_MAX), (N1, SLOW_MAX)])
def test_soak_moves(two_hosts, kinds):
    """20 times there and back; less for less time."""
    hosts = two_hosts(kinds=kinds, timeout=7200)
    guest = Guest(hosts)
    guest.await_shell()
    guest.run("load begin 192.168.7.1", timeout=120)
    for _ in range(2 * SOAK_MOVES):
        guest.move()
        guest.check_load()
    check_found(guest)
    guest.here.run("caisson stop --force g")
    finish(hosts)


@pytest.mark.soak
def test_soak_faults(two_hosts):
    """Everybody dies at every stage; the cable is cut all along the way."""
    hosts = two_hosts(kinds=(FAST_MAX, N1), timeout=7200)
    for machine in (hosts.a, hosts.b):
        take_orders(machine)
    guest = Guest(hosts)
    guest.await_shell()
    guest.run("load begin 192.168.7.1", timeout=120)
    # Made for this host alone, which keeps another time than the other one, which cannot scale.
    hosts.a.run("caisson run --detach --name w --mem 32M --kernel /guests/ward.img")
    output = hosts.a.run("caisson migrate w b 2>&1", status=1, timeout=120)
    assert "--migratable" in output, output
    assert "running" in hosts.a.run("caisson list | grep ^w; caisson stop --force w")
    guest.move()
    # Each with each, since 4 and 5 have no divisor in common; a part of it has all of both.
    for number in range(len(STAGES) * len(VICTIMS) // FAULTS_STEP):
        break_move(guest, list(VICTIMS)[number % len(VICTIMS)], STAGES[number % len(STAGES)])
    for share in (0.0, 0.01, 0.02, 0.2, 0.7, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)[::FAULTS_STEP]:
        cut_move(guest, share)
    check_refusals(guest)
    check_found(guest)
    check_source_dies(guest)
    finish(hosts)
