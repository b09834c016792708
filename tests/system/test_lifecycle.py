# SPDX-License-Identifier: BSD-2-Clause
"""Life and death of user VMs: every command of caisson, the sockets behind them, and caissond and
VMMs that are killed. A guest that fills its memory with a pattern looks for what others left."""

import json
import os
import random
import re

import pytest

from machine import BUILD, SOAK_ROUNDS, assemble_service_vm, check_caisson, check_dmesg

TARGET = os.path.join(BUILD, "target")
WARD = "caisson run --detach --mem 32M --kernel /guests/ward.img"
DAEMON = "setsid caissond </dev/null >>/var/log/caissond.log 2>&1 &"
PATTERN = "5ec2e75ec2e75ec2"  # of the guest
LISTED = "caisson list | awk 'NR > 1 { print $1, $2 }'"  # names and states


@pytest.fixture(scope="session")
def ward_vm():
    """A service VM with caisson, and the guest."""
    programs = {f"{TARGET}/vmm/{name}": f"bin/{name}" for name in ("caisson", "caissond")}
    programs[f"{TARGET}/tests/uservm/talk"] = "bin/talk"
    programs[f"{TARGET}/tests/uservm/traces"] = "bin/traces"
    programs[f"{TARGET}/tests/uservm/wire"] = "bin/wire"
    programs[f"{TARGET}/tests/uservm/ward.img"] = "guests/ward.img"
    return assemble_service_vm([], "servicevm-lifecycle", programs)


@pytest.fixture
def host(start, ward_vm):
    """A function that boots the service VM on Caisson, to its shell."""

    def boot_host(**options):
        options.setdefault("cpus", 2)
        options.setdefault("timeout", 200)
        options.setdefault("memory", "1G")
        machine = start(kernel=f"{ward_vm}/vmlinuz", initrd=f"{ward_vm}/initrd", append="quiet",
                        **options)
        machine.login()
        check_caisson(machine)
        return machine

    return boot_host


def run_json(machine, command):
    return json.loads(machine.run(command))


# What huge pages there are of each kind; what files caissond keeps.
ALL_PAGES = ("grep -E 'HugePages_(Total|Free|Rsvd|Surp)' /proc/meminfo; ls /run/caisson/.hugepages; "
             "ls /run/caisson/.state | grep json; ls /run/caisson")


def all_pages(machine):
    return machine.run(ALL_PAGES, status=None)


def check_pages(machine, before):
    """As before, in the end: what Linux frees late goes back to it later."""
    machine.settle(ALL_PAGES, before, status=None)


def found(machine, name):
    """Words of the pattern that the guest found in the memory it was given."""
    output = machine.run(f"until sleep 1 | caisson console {name} >/tmp/{name} && "
                         f"grep -q tick /tmp/{name}; do :; done; head -1 /tmp/{name}", timeout=200)
    return int(re.search(r"found (\d+) filled \d{6,}", output)[1])


def check_no_traces(machine):
    """Nothing of a dead VM's pattern is in the memory that Linux has back. (The word that is looked
    for is in variables and registers of who looks.)"""
    output = machine.run(f"traces {PATTERN}", timeout=200)
    seen, own = re.fullmatch(r"traces: (\d+) found, (\d+) of its own", output).groups()
    assert int(seen) < 32 and int(own) >= 512, output


def one_line(machine, command, status, text):
    output = machine.run(f"{command} </dev/null", status=status)
    assert text in output and len(output.splitlines()) == 1, f"{command}: {output}"


# ---- commands ---------------------------------------------------------------------------------


def test_commands(host):
    """Start, list, info, stats, pause, resume, reset by the guest, stop; tables and JSON."""
    machine = host()
    before = all_pages(machine)
    assert run_json(machine, "caisson list --json") == []
    assert machine.run(WARD) == "vm1"
    assert machine.run(f"{WARD} --cpus 2 --name second.one") == "second.one"
    assert found(machine, "vm1") == 0
    first, second = run_json(machine, "caisson list --json")
    assert (first["name"], first["state"], first["memory"]) == ("vm1", "running", 32 << 20)
    assert (second["name"], second["cpus"]) == ("second.one", 2)
    assert re.search(r"^vm1 +running +1 +32 MiB +\d+ +- +-$", machine.run("caisson list"), re.M)
    info = run_json(machine, "caisson info vm1 --json")
    assert info["kernel"] == "/guests/ward.img" and info["starts"] == 1
    assert "/guests/ward.img" in machine.run("caisson info vm1")

    machine.run("caisson pause vm1; caisson pause vm1")
    runs = run_json(machine, "caisson stats vm1 --json")["runs"]
    assert run_json(machine, "sleep 1; caisson stats vm1 --json")["runs"] == runs
    assert run_json(machine, "caisson info vm1 --json")["state"] == "paused"
    assert re.search(r"^vm1 +paused", machine.run("caisson list"), re.M)
    machine.run("caisson resume vm1; caisson resume vm1")
    machine.run(f"until [ $(caisson stats vm1 | awk '$1 == \"runs\" {{ print $2 }}') -gt {runs} ]; do "
                "sleep 0.1; done")
    assert run_json(machine, "caisson stats vm1 --json")["exits-mmio"] > 0
    assert re.search(r"^runs +\d+$", machine.run("caisson stats vm1"), re.M)

    machine.run("caisson pause second.one; caisson stop --force second.one; caisson stop --force vm1")
    assert machine.run("caisson list").splitlines()[1:] == []
    assert machine.run(f"{WARD} --append then=1") == "vm1"  # it powers itself off
    machine.settle("caisson list | wc -l", "1")
    assert "Caisson" in machine.run("caisson log")
    check_values(machine)
    for help_of in ["", *"run list info stats console pause resume stop guest log".split()]:
        assert machine.run(f"caisson {help_of} --help").startswith("usage: caisson")
    check_pages(machine, before)
    check_dmesg(machine)
    machine.power_off()


def check_values(machine):
    """Of guestinfo: from files and by command, with bytes that are no text; the host's alone, since
    no tools run in this guest."""
    machine.run(r"printf 'a\\b\033[2J' >/tmp/value; echo x >/tmp/secret; head -c 20000 /dev/zero >/tmp/long")
    machine.run(f"{WARD} --name told --guest-tools vmware --guestinfo from.file=/tmp/value "
                "--guestinfo guestinfo.s=/tmp/secret,secret --guestinfo long=/tmp/long")
    assert machine.run("caisson guest told get from.file") == r"a\x5cb\x1b[2J"
    machine.run("caisson guest told get guestinfo.from.file --raw | cmp - /tmp/value; "
                "caisson guest told get long --raw | cmp - /tmp/long")
    machine.run("caisson guest told set note 'one two' && caisson guest told set note.2 ''")
    assert machine.run("caisson guest told get note") == "one two"
    entries = {entry["key"]: entry for entry in run_json(machine, "caisson guest told list --json")}
    assert sorted(entries) == ["from.file", "long", "note", "s"]
    assert entries["note"] == {"key": "note", "set-by": "owner", "bytes": 7, "value": "one two"}
    assert entries["long"]["bytes"] == 20000 and entries["long"]["cut"]
    assert re.search(r"^from.file +owner +7  a\\x5cb\\x1b\[2J$",
                     machine.run("caisson guest told list"), re.M)
    assert run_json(machine, "caisson guest told ip --json") == []
    assert run_json(machine, "caisson info told --json")["guest-tools"] == "vmware"
    for arguments, status, text in [
            ("told get nothing", 1, "guestinfo.nothing has no value"),
            ("told get 'a b'", 1, "not a key"), ("told set a=b c", 1, "not a key"),
            ("told ip", 1, "no tools run"), ("told frob", 2, "frob: which command"),
            ("told get", 2, "an argument is missing"), ("told ip more", 2, "too many"),
            ("told get note --force", 2, "not for this"), ("", 2, "which virtual machine"),
            ("nobody list", 1, "no virtual machine called nobody")]:
        one_line(machine, f"caisson guest {arguments}", status, text)
    machine.run("caisson stop --force told")


def test_errors(host):
    """One clear line each."""
    machine = host()
    machine.run(f"echo nobody:x:65534:65534::/:/bin/sh >>/etc/passwd; {WARD}")
    machine.run("printf 'mem = 32M\\nkernel = /guests/ward.img\\nfrobnicate = 1\\n' >/tmp/bad.conf; "
                ": >/tmp/empty; truncate -s 2M /tmp/large")
    for command, status, text in [
            ("caisson frobnicate", 2, "no command 'frobnicate'"),
            ("caisson stop", 2, "which virtual machine"),
            ("caisson stop a/b", 2, "not the name"),
            ("caisson stop nobody", 1, "no virtual machine called nobody"),
            ("caisson stop --force nobody", 1, "no virtual machine called nobody"),
            ("caisson stop vm1 --timeout x", 2, "--timeout x"),
            ("caisson guest vm1 list", 1, "--guest-tools vmware"),
            (f"{WARD} --guestinfo a=/etc/passwd", 2, "goes with --guest-tools vmware"),
            (f"{WARD} --guest-tools vmware --guestinfo a=/nowhere", 1, "/nowhere"),
            (f"{WARD} --guest-tools vmware --guestinfo a=/tmp", 1, "not a regular file"),
            (f"{WARD} --guest-tools vmware --guestinfo a=/dev/null", 1, "not a regular file"),
            (f"{WARD} --guest-tools vmware --guestinfo a=/tmp/large", 1, "longer"),
            (f"{WARD} --guest-tools vmware --guestinfo a=/tmp/empty", 1, "is empty"),
            ("caisson info vm1 more", 2, "more"),
            ("caisson info vm1 --force", 2, "--force"),
            ("caisson list --timeout 5", 2, "--timeout: not an option"),
            ("caisson list vm1", 2, "vm1"),
            ("caisson console nobody", 1, "no virtual machine called nobody"),
            ("caisson log nobody", 1, "no log of nobody"),
            (f"{WARD} --name vm1", 1, "called vm1: choose another --name"),
            ("caisson run --config /nowhere", 2, "/nowhere"),
            ("caisson run --config /tmp/bad.conf", 2, "/tmp/bad.conf:3: frobnicate"),
            ("su nobody -c 'caisson list'", 1, "the group caisson"),
            ("su nobody -c 'caisson stop vm1'", 1, "the group caisson"),
            ("su nobody -c caissond", 1, "only root"),
            ("caissond", 1, "caissond runs already")]:
        one_line(machine, command, status, text)
    machine.run("kill -9 $(pidof caissond)")
    one_line(machine, "caisson list", 1, "caissond is not running")
    one_line(machine, f"{WARD} --name other", 1, "caissond is not running")
    check_dmesg(machine)
    machine.power_off()


def test_group(host):
    """Members of the group caisson have VMs without being root, and each other's; others none."""
    machine = host()
    before = all_pages(machine)
    machine.run("echo caisson:x:970:one,two >>/etc/group; for user in one:1001 two:1002 "
                "nobody:65534; do echo ${user%:*}:x:${user#*:}:${user#*:}::/:/bin/sh; done "
                ">>/etc/passwd; kill $(pidof caissond); while pidof caissond; do sleep 0.1; done")
    machine.run(DAEMON)
    machine.run("until caisson list; do sleep 0.1; done", timeout=60)
    assert machine.run(f"su one -c '{WARD} --name mine'") == "mine"
    assert machine.run("stat -c %u /proc/$(pidof caisson)") == "1001"
    assert found(machine, "mine") == 0
    [vm] = run_json(machine, "su two -c 'caisson list --json'")
    assert (vm["name"], vm["state"]) == ("mine", "running")
    machine.run("su two -c 'caisson pause mine; caisson info mine; caisson stats mine'")
    machine.run("su one -c 'caisson resume mine; caisson log mine; caisson log >/tmp/log'")
    machine.run("until sleep 1 | su two -c 'caisson console mine' | grep -q tick; do :; done")
    for command in [f"{WARD} --name other", "caisson list", "caisson info mine",
                    "caisson console mine", "caisson stop mine", "caisson stop --force mine",
                    "caisson log mine"]:
        one_line(machine, f"su nobody -c '{command}'", 1, "the group caisson")
    machine.run("su two -c 'caisson stop --force mine'")
    machine.run(f"su two -c '{WARD} --name mine'; kill -9 $(pidof caissond)")
    machine.run(DAEMON)
    machine.run("until caisson list >/tmp/list && grep -q running /tmp/list; do sleep 0.2; done",
                timeout=60)
    machine.run("su one -c 'caisson stats mine'; caisson stop --force mine")
    check_pages(machine, before)
    check_dmesg(machine)
    machine.power_off()


def test_sockets(host):
    """The control socket: greeting, answers, events, bad input, too many at once; the console:
    several watchers, a late one, keys, a terminal as it was before."""
    machine = host()
    assert machine.run("wire") == "wire: ok"
    machine.run(WARD)
    control = "talk /run/caisson/vm1/control.sock"
    lines = machine.run("printf '%s\\n' '{\"execute\":\"qmp_capabilities\"}' "
                        "'{\"execute\":\"query-status\",\"id\":[7]}' 'x' '[]' '{\"execute\":3}' "
                        "'{\"execute\":\"nothing\"}' '{\"execute\":\"stop\",\"arguments\":1}' "
                        f"'{{\"execute\":\"stop\"}}' '{{\"execute\":\"cont\"}}' | {control} 60000 12",
                        timeout=60)
    answers = [json.loads(line) for line in lines.splitlines()]
    assert "QMP" in answers[0] and answers[1] == {"return": {}}
    assert answers[2] == {"return": {"status": "running", "running": True}, "id": [7]}
    assert all("error" in answer for answer in answers[3:8])
    assert answers[6]["error"]["class"] == "CommandNotFound"
    assert [a["event"] for a in answers if "event" in a] == ["STOP", "RESUME"]
    assert "closed" in machine.run(f"dd if=/dev/zero bs=1k count=100 | tr '\\0' a | {control} 60000")
    machine.run(f"for i in 1 2 3 4 5 6 7 8 9 10; do {control} 3000 </dev/null >/dev/null & done; wait")
    assert run_json(machine, "caisson list --json")[0]["state"] == "running"

    machine.send("caisson console vm1\n")
    machine.expect("Ctrl-G q leaves the console")
    machine.expect(r"ward: found 0 filled")
    machine.expect("tick 9")
    machine.send("w")
    machine.expect("typed w")
    machine.send("\aq")
    machine.login()
    assert " echo " in machine.run("stty -a </dev/console")
    watch = machine.run("mkfifo /tmp/in; caisson console vm1 </tmp/in >/tmp/one & "
                        "exec 3>/tmp/in; (echo z; cat /tmp/in) 3>&- | "
                        "caisson console vm1 3>&- >/tmp/two & "
                        "until grep -q 'typed z' /tmp/one && grep -q 'typed z' /tmp/two; do "
                        "sleep 0.1; done; exec 3>&-; wait; grep -c 'typed z' /tmp/one /tmp/two",
                        timeout=60)
    assert watch.split() == ["/tmp/one:1", "/tmp/two:1"]
    check_caissond(machine)
    machine.run("caisson stop --force vm1")
    check_dmesg(machine)
    machine.power_off()


def check_caissond(machine):
    """It answers others while it makes the memory of a VM, which ends with its connection."""
    create = {"execute": "create", "arguments": {"name": "w", "cpus": 1, "ram": 2 << 20,
                                                 "mem": 64 << 20}}
    lines = machine.run(f"printf '%s\\n' '{json.dumps(create)}' '{json.dumps({'execute': 'list', 'id': 7})}'"
                        " | talk /run/caisson/caissond.sock 60000 2", timeout=60)
    listed, created = [json.loads(line) for line in lines.splitlines()[:2]]
    assert listed["id"] == 7 and ("w", "starting") in \
        [(vm["name"], vm["state"]) for vm in listed["return"]]
    assert created == {"return": {"name": "w"}}
    machine.settle(LISTED, "vm1 running")


# ---- death ------------------------------------------------------------------------------------


def test_adoption(host):
    """caissond is killed: VMs run on, a new one has them again; VMMs that died meanwhile, too."""
    machine = host()
    before = all_pages(machine)
    machine.run(f"{WARD} --name a; {WARD} --name b")
    machine.run("caisson pause b; kill -9 $(pidof caissond); sleep 1; "
                "kill -9 $(sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' /run/caisson/.state/a.json)")
    machine.run(DAEMON)
    machine.settle(LISTED, "b paused")
    machine.run("caisson resume b; caisson stats b")
    machine.run(f"{WARD} --name c; kill -9 $(pidof caissond) $(pidof caisson); sleep 1")
    machine.run(DAEMON)
    machine.run("until caisson list >/tmp/list && [ $(wc -l </tmp/list) = 1 ]; do sleep 0.2; done",
                timeout=60)
    machine.run(f"{WARD} --name a")
    assert found(machine, "a") == 0
    # A state of a VM that EL2 does not have: it was not made yet, or is gone.
    machine.run(f"{WARD} --name e; kill -9 $(pidof caissond); cd /run/caisson/.state; "
                "sed 's/\"tag\": \"/&f/' a.json >ghost.json; cd /")
    machine.run(DAEMON)
    machine.settle(f"{LISTED} | sort", "a running\ne running")
    machine.run("caisson stats a; caisson stop --force a; caisson stop --force e")
    check_pages(machine, before)
    # As if caissond had been killed while Linux made the pool of huge pages grow for it.
    machine.run("kill -9 $(pidof caissond); read grown from changing </run/caisson/.state/pool; "
                "echo $grown $(cat /proc/sys/vm/nr_hugepages) 1 >/run/caisson/.state/pool; "
                "echo 5 >/proc/sys/vm/nr_hugepages")
    machine.run(DAEMON)
    machine.run("until caisson list; do sleep 0.2; done", timeout=100)
    check_pages(machine, before)
    check_dmesg(machine)
    machine.power_off()


def test_cut_off(host):
    """A VMM that cuts off the file of its memory harms itself: caissond goes on, pages come back."""
    machine = host()
    before = all_pages(machine)
    machine.run(f"{WARD} --name a; {WARD} --name b; pidof caissond >/tmp/pid")
    machine.run("truncate -s 0 /run/caisson/.hugepages/a.mem; caisson stop --force a", status=None)
    machine.settle(LISTED, "b running")
    machine.run('[ "$(pidof caissond)" = "$(cat /tmp/pid)" ] && caisson stats b')
    # Nothing to adopt: EL2 lets go of it all the same.
    machine.run("kill -9 $(pidof caissond); truncate -s 0 /run/caisson/.hugepages/b.mem")
    machine.run(DAEMON)
    machine.run("until caisson list >/tmp/list && [ $(wc -l </tmp/list) = 1 ]; do sleep 0.2; done",
                timeout=60)
    machine.run(f"{WARD} --name b")
    assert found(machine, "b") == 0
    machine.run("caisson stop --force b")
    check_pages(machine, before)
    check_dmesg(machine)
    machine.power_off()


# Also those that were still being started, which nobody could stop yet.
STOP_ALL = ("while pidof caisson >/dev/null || [ $(caisson list | wc -l) != 1 ]; do "
            "for name in k0 k1 k2; do caisson stop --force $name 2>/dev/null; done; sleep 0.2; done")


def kill_at_random(machine, kills, seed):
    """VMMs, caissond and VMs, while VMs start, run, reset and end; nothing of a dead VM is ever
    seen, neither by a next one nor in the pages that Linux has back."""
    chance = random.Random(seed)
    before = all_pages(machine)
    for number in range(kills):
        name = f"k{number % 3}"
        then = chance.choice(["", "", "--append then=2"])  # resets itself, again and again
        machine.run(f"{WARD} {then} --name {name} >/tmp/run 2>&1 & "
                    f"sleep {chance.uniform(0, 1.5):.2f}")
        what = chance.choice(["caisson", "caisson", "caissond", "caisson caissond", ""])
        kill = f"kill -9 $(pidof {what})" if what else f"caisson stop --force {name}"
        machine.run(f"{kill}; sleep {chance.uniform(0, 0.5):.2f}", status=None)
        if "caissond" in what:
            machine.run(DAEMON)
        machine.run("until caisson list >/dev/null 2>&1; do sleep 0.1; done", timeout=200)
        if number % 5 == 4:
            machine.run(STOP_ALL, timeout=200)
            machine.run(f"{WARD} --name look")
            assert found(machine, "look") == 0
            machine.run("caisson stop --force look")
    machine.run(STOP_ALL, timeout=200)
    check_pages(machine, before)
    check_no_traces(machine)


def test_random_kills(host):
    machine = host()
    kill_at_random(machine, 10, seed=1)
    check_dmesg(machine)
    machine.power_off()


@pytest.mark.soak
def test_soak_random_kills(host):
    machine = host(cpus=4, timeout=3600)
    kill_at_random(machine, 2 * SOAK_ROUNDS, seed=2)
    check_dmesg(machine)
    machine.power_off()


def test_power_off_with_vms(host):
    """The service VM goes down in order: its VMs are stopped and scrubbed first."""
    machine = host()
    machine.run(f"{WARD} --name b; caisson pause b")
    machine.run("(caisson run --mem 32M --kernel /guests/ward.img --name a </dev/null >/dev/null 2>&1; "
                "echo =\"\"a=$?=) & until caisson list | grep -q '^a .*running'; do sleep 0.1; done")
    # A VMM that finds the next caissond when that is to end already is asked, not killed.
    pid = machine.run("sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' /run/caisson/.state/a.json")
    machine.run(f"kill -STOP {pid}; kill -9 $(pidof caissond)")
    machine.run(DAEMON)
    machine.run("until caisson list >/dev/null 2>&1; do sleep 0.1; done", timeout=60)
    machine.send("(until grep stopping /var/log/caissond.log; do sleep 0.1; done; "
                 f"kill -CONT {pid}) & poweroff\n")
    machine.expect("caissond: stopping all virtual machines")
    machine.expect("=a=3=")
    machine.expect("caissond: ended")
    assert machine.end() == 0


def test_reboot_with_vms(host):
    """The service VM starts again: its VMs were stopped in order, nothing of them is left."""
    machine = host()
    before = all_pages(machine)
    machine.run(f"{WARD} --name b")
    assert found(machine, "b") == 0
    machine.send("reboot\n")
    machine.expect("caissond: ended")
    machine.login()
    check_caisson(machine)
    check_pages(machine, before)
    assert run_json(machine, "caisson list --json") == []
    check_no_traces(machine)
    machine.run(f"{WARD} --name b")
    assert found(machine, "b") == 0
    machine.run("caisson stop --force b")
    machine.power_off()
