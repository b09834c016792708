# SPDX-License-Identifier: BSD-2-Clause
"""virtio devices of user VMs, with Debian's own drivers; back ends that are missing or die."""

import contextlib
import functools
import hashlib
import http.server
import os
import random
import re
import subprocess
import threading

import pytest

from machine import (BUILD, PROMPT, ROOT, assemble_service_vm, check_caisson, check_dmesg,
                     write_whole)

TARGET = os.path.join(BUILD, "target")
FILES = os.path.join(BUILD, "virtio")
MIB = 1 << 20
HUGE_PAGES = 272
RUN = "caisson run --kernel /guests/vmlinuz --initrd /guests/initrd --cpus 2 --mem 512M"
PORT = 1234
ROUNDS = 150  # of the hostile guest


def random_file(name, size):
    """The same bytes each time, so that nothing is assembled anew for them."""
    path = os.path.join(FILES, name)
    write_whole(path, b"".join(hashlib.sha256(f"{name} {i}".encode()).digest() * 32
                               for i in range(size // 1024)))
    return path


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def qcow2_file():
    raw, path = random_file("raw", 4 * MIB), os.path.join(FILES, "disk.qcow2")
    if not os.path.exists(path):
        # Another process may be at it, too.
        own = f"{path}.{os.getpid()}"
        subprocess.run(["qemu-img", "convert", "-q", "-O", "qcow2", "-c", raw, own], check=True)
        subprocess.run(["qemu-img", "resize", "-q", own, "64M"], check=True)
        os.replace(own, path)
    return path


@pytest.fixture(scope="session")
def host_vm(service_vm):
    """A service VM with caisson, back ends, disks, and Debian's kernel and initial RAM disk."""
    peer = f"{TARGET}/tests/uservm/peer"
    guest = assemble_service_vm([], "servicevm-virtio-guest", {peer: "bin/peer"})
    return assemble_service_vm(["passt", "qemu-storage-daemon"], "servicevm-virtio", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        f"{TARGET}/tests/uservm/virtio.img": "guests/virtio.img", peer: "bin/peer",
        f"{guest}/vmlinuz": "guests/vmlinuz", f"{guest}/initrd": "guests/initrd",
        random_file("raw", 4 * MIB): "guests/raw", qcow2_file(): "guests/disk.qcow2"})


@pytest.fixture
def host(start, host_vm):
    """The service VM at its shell, with huge pages."""
    machine = start(kernel=f"{host_vm}/vmlinuz", initrd=f"{host_vm}/initrd", append="quiet",
                    memory="2G", cpus=2, timeout=500, net="user")
    machine.login()
    check_caisson(machine)
    machine.run(f"echo {HUGE_PAGES} >/proc/sys/vm/nr_hugepages")
    return machine


@contextlib.contextmanager
def web_server(folder):
    """On this machine's loopback, which is 10.0.2.2 in the service VM; gives its port."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def enter(machine, options):
    """Starts a user VM, up to its shell."""
    machine.send(f"{RUN} --append quiet {options}; echo st\"\"atus=$?\n")
    machine.expect("A root shell follows")
    machine.login()


def leave(machine):
    check_dmesg(machine)
    machine.send("poweroff -f\n")
    machine.expect(r"status=0\r")
    machine.expect(PROMPT)


def sum_of(machine, path):
    return machine.run(f"sha256sum <{path}").split()[0]


def check_disk(machine, device, host_sum):
    """Reads, writes, flushes, discards, writes zeros; leaves random bytes and gives their sum."""
    assert machine.run(f"head -c {4 * MIB} /dev/{device} | sha256sum").split()[0] == host_sum
    machine.run(f"dd if=/dev/urandom of=/tmp/data bs=64k count=40 && "
                f"dd if=/tmp/data of=/dev/{device} bs=4k conv=fsync,notrunc && "
                "echo 3 >/proc/sys/vm/drop_caches")
    assert machine.run(f"head -c 2621440 /dev/{device} | sha256sum").split()[0] == \
        sum_of(machine, "/tmp/data")
    machine.run(f"blkdiscard -o 1048576 -l 65536 /dev/{device}; "
                f"peer zero /dev/{device} 2097152 131072")
    assert machine.run(f"dd if=/dev/{device} bs=64k skip=32 count=2 2>/dev/null | "
                       "tr -d '\\0' | wc -c") == "0"
    machine.run(f"sync; mke2fs -F /dev/{device} 3000 && mount -t ext4 /dev/{device} /mnt && "
                "cp /bin/busybox /mnt/b && sync && umount /mnt && sync")
    return machine.run(f"head -c {4 * MIB} /dev/{device} | sha256sum").split()[0]


def test_devices(host):
    """All kinds of devices in one VM; after a restart of the VM they are as before."""
    machine = host
    raw_sum = sum_of(machine, "/guests/raw")
    machine.run("cp /guests/raw /tmp/raw; mkdir /tmp/www; cp /guests/raw /tmp/www; "
                "tunctl -t tap7; ip addr add 192.168.77.1/24 dev tap7; "
                "httpd -h /tmp/www; (peer listen %d; echo) & (peer unix /tmp/hvc0 &) ; "
                "printf 'interface tap7\\nstart 192.168.77.9\\nend 192.168.77.9\\n' >/tmp/conf; "
                ": >/tmp/leases; ip link set tap7 up; udhcpd -f -S /tmp/conf 2>/dev/null &" % PORT)
    enter(machine, "--disk /tmp/raw --disk /guests/raw,ro --disk /guests/disk.qcow2,format=qcow2 "
          "--net tap,ifname=tap7 --console /tmp/hvc0 --vsock 7 --rng")
    assert machine.run("cat /sys/block/vd?/ro").split() == ["0", "1", "0"]
    sums = [check_disk(machine, "vda", raw_sum), check_disk(machine, "vdc", raw_sum)]
    assert sum_of(machine, "/dev/vdb") == raw_sum
    assert "192.168.77.9" in machine.run("ip addr show eth0")
    machine.run("ping -c 2 192.168.77.1; wget -O /tmp/got http://192.168.77.1/raw")
    assert sum_of(machine, "/tmp/got") == raw_sum
    assert machine.run(f"peer send 2 {PORT} 300000") == "peer: 300000 bytes there and back"
    machine.run("exec 3<>/dev/hvc0; stty raw -echo <&3; echo hello >&3; "
                "[ \"$(head -n 1 <&3)\" = HELLO ]")
    assert machine.run("cat /sys/class/misc/hw_random/rng_current").startswith("virtio_rng")
    assert machine.run("head -c 5000 /dev/hwrng | wc -c") == "5000"
    machine.send("reboot\n")
    machine.expect("A root shell follows")
    machine.login()
    assert [machine.run(f"head -c {4 * MIB} /dev/{name} | sha256sum").split()[0]
            for name in ("vda", "vdc")] == sums
    machine.run("ping -c 1 192.168.77.1")
    assert machine.run(f"peer send 2 {PORT} 5000") == "peer: 5000 bytes there and back"
    leave(machine)
    assert sum_of(machine, "/tmp/raw") == sums[0]
    machine.run("while [ -e /tmp/hvc0 ] || pidof qemu-storage-daemon; do sleep 0.2; done", timeout=30)
    check_dmesg(machine)
    machine.power_off()


def test_user_network(host):
    """passt: an address by DHCP, a file from beyond the service VM; its end cuts off the card."""
    machine = host
    with web_server(FILES) as port:
        enter(machine, "--net user --disk /guests/disk.qcow2,format=qcow2,ro")
        machine.run(f"ip addr show eth0 | grep -q 'inet 10.0.2.' && "
                    f"wget -O /tmp/got http://10.0.2.2:{port}/raw", timeout=120)
    raw_sum = sha256(os.path.join(FILES, "raw"))
    assert sum_of(machine, "/tmp/got") == raw_sum
    assert machine.run(f"cat /sys/block/vda/ro; head -c {4 * MIB} /dev/vda | sha256sum").split() \
        == ["1", raw_sum, "-"]
    leave(machine)
    machine.run("while pidof passt qemu-storage-daemon; do sleep 0.2; done", timeout=30)
    machine.run(f"{RUN} --append 'quiet caisson.run=\"sleep 1; cat /sys/class/net/eth0/carrier; "
                "until ! grep -q 1 /sys/class/net/eth0/carrier; do sleep 1; done; "
                "cat /sys/class/net/eth0/carrier\"' --net user >/tmp/out 2>&1 </dev/null & "
                "until grep -qsx '1.*' /tmp/out; do sleep 0.5; done; kill -9 $(pidof passt); wait")
    output = machine.run("cat /tmp/out")
    assert "caisson: passt has ended" in output and re.search(r"^0\r?$", output, re.M), output
    check_dmesg(machine)
    machine.power_off()


@pytest.fixture(scope="session")
def make_run_vm(service_vm):
    """The service VM of `make run`, as the Makefile has it made."""
    config = os.path.join(ROOT, "tools", "uservm.conf")
    return assemble_service_vm(["passt"], "servicevm-guests", {
        f"{TARGET}/vmm/caisson": "bin/caisson", f"{TARGET}/vmm/caissond": "bin/caissond",
        config: ["etc/caisson/vm1.conf", "etc/caisson/vm2.conf"],
        f"{service_vm}/vmlinuz": "guests/vmlinuz", f"{service_vm}/initrd": "guests/initrd"})


@pytest.mark.soak
def test_make_run(start, make_run_vm):
    """The two user VMs of `make run`: a shell on each console, a file from beyond the service VM,
    and they hear the power button, by itself and when the service VM goes down."""
    machine = start(kernel=f"{make_run_vm}/vmlinuz", initrd=f"{make_run_vm}/initrd", append="quiet",
                    memory="2G", cpus=4, timeout=600, net="user")
    machine.login()
    check_caisson(machine)
    raw_sum = sha256(random_file("raw", 4 * MIB))
    with web_server(FILES) as port:
        for name in ("vm1", "vm2"):
            machine.send(f"caisson console {name}\n")
            machine.expect("A root shell follows")
            machine.login()
            machine.run(f"wget -O /tmp/got http://10.0.2.2:{port}/raw", timeout=120)
            assert sum_of(machine, "/tmp/got") == raw_sum
            machine.send("\aq")
            machine.expect(PROMPT)
    machine.run("caisson stop vm2 --timeout 800", timeout=200)
    assert [line.split()[0] for line in machine.run("caisson list").splitlines()[1:]] == ["vm1"]
    check_dmesg(machine)
    machine.send("(sleep 600 | caisson console vm1) & poweroff\n")
    machine.expect("reboot: Power down")  # the guest's own word
    machine.expect("caissond: ended")
    assert machine.end() == 0


def test_hostile(host):
    """Random rings, addresses, sizes, register accesses, storms: the devices are as good as new
    after a reset, the VMM lives."""
    machine = host
    seed = os.environ.get("CAISSON_SEED", str(random.randrange(1 << 32)))
    print(f"CAISSON_SEED={seed}")
    machine.run("cp /guests/raw /tmp/raw; (printf '!CAISSON'; cat /guests/raw) | head -c 1048576 "
                ">/tmp/ro; tunctl -t tap7")
    # There is somebody at the agent's port.
    machine.run("(until caisson agent foe guest-ping --timeout 1 || [ -e /tmp/end ]; do :; done "
                ">/tmp/agent 2>&1; echo done >>/tmp/agent) &")
    output = machine.run(
        "caisson run --kernel /guests/virtio.img --mem 64M --disk /tmp/raw --disk /tmp/ro,ro "
        "--net tap,ifname=tap7 --net user --console /tmp/hvc0 --vsock 9 --rng --agent "
        f"--name foe --append 'seed={seed} rounds={ROUNDS}' </dev/null 2>&1", timeout=250)
    assert re.search(r"DONE passed=3 failed=0", output), output
    machine.run("touch /tmp/end; until grep -q done /tmp/agent; do sleep 0.2; done")
    assert "no agent answers" in machine.run("cat /tmp/agent")
    check_dmesg(machine)
    machine.power_off()


@pytest.mark.soak
def test_dead_back_end(host):
    """A disk whose back end is killed ends its VM, at once and with a word about it; so does one
    that cannot start, and other things that are not there."""
    machine = host
    machine.run(f"{RUN} --append 'quiet caisson.run=\"dd if=/dev/vda of=/dev/null; "
                "while :; do sleep 0.1; echo 3 >/proc/sys/vm/drop_caches; "
                "dd if=/dev/vda of=/dev/null 2>/dev/null; done\"' "
                "--disk /guests/disk.qcow2,format=qcow2 >/tmp/out 2>&1 </dev/null & vm=$!; "
                "until grep -qs 'records out' /tmp/out; do sleep 0.5; done; "
                "kill -9 $(pidof qemu-storage-daemon); wait $vm; [ $? = 1 ]", timeout=300)
    output = machine.run("grep caisson: /tmp/out")
    assert "/guests/disk.qcow2: its back end is gone" in output, output
    machine.run("head -c 1000 /dev/urandom >/tmp/odd; : >/tmp/empty; "
                "peer hold /guests/raw & sleep 1")
    for options, text in [("--disk /nowhere", "/nowhere: No such file"),
                          ("--disk /tmp/odd", "not a multiple of 512"),
                          ("--disk /tmp/empty", "/tmp/empty is no raw disk"),
                          ("--disk /tmp", "Is a directory"),
                          ("--disk /guests/raw", "/guests/raw is in use"),
                          ("--disk /nowhere,format=qcow2", "No such file"),
                          ("--disk /tmp/odd,format=qcow2", "cannot open /tmp/odd as qcow2"),
                          ("--net tap,ifname=lo", "cannot use the network interface lo"),
                          ("--console /nowhere/socket", "/nowhere/socket: No such file"),
                          ("--console /tmp/empty", "/tmp/empty: Address already in use"),
                          ("--net user", "cannot start passt: No such file"),
                          ("--disk /guests/disk.qcow2,format=qcow2",
                           "cannot start qemu-storage-daemon: No such file")]:
        path = "PATH=/nowhere /bin/" if "cannot start" in text else ""
        output = machine.run(f"{path}{RUN} {options} </dev/null", status=1)
        assert text in output, f"{options}: {output}"
    check_dmesg(machine)
    machine.power_off()
