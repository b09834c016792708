# SPDX-License-Identifier: BSD-2-Clause
"""The systems that are compared. Each is a function (Setup, number of Linux boots) -> Result.

Rows come from a machine of two CPUs; start_first_insn and linux_boot from one of a single CPU,
since icount runs CPUs in turns and a CPU that waits for another in a loop eats its whole turn.
"""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile

import bringup
import consoles
import fwconfig
import gdbremote
import idletools
import machine
from machine import Failed, Machine, finish_rows, read_rows

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import newc  # noqa: E402

HOST = os.path.join(ROOT, "tools", "host")
MIB = 1 << 20
MEMORY_MIB = 1024  # of every guest, or of the machine where nothing else runs on it
COMMAND_LINE = "console=ttyAMA0 quiet"
PLAIN = ["--hyp-append", "view=plain"]  # the service VM's console as it is printed
ROW_SECONDS, BOOT_SECONDS, KVM_SECONDS, USER_SECONDS = 600, 900, 2400, 2400


@dataclasses.dataclass
class Setup:
    """Files that all systems share."""
    build: str
    payload: str
    kernel: str
    initrd: str
    image: str
    work: str
    fetched: dict  # package -> folder where it is unpacked
    say: object  # function (text)


@dataclasses.dataclass
class Result:
    version: str
    rows: dict = dataclasses.field(default_factory=dict)  # name -> (minimum, median)
    boots: list = dataclasses.field(default_factory=list)  # (count, CLOCK_MONOTONIC) at user space
    facts: dict = dataclasses.field(default_factory=dict)  # name -> number, for the notes


def read_boot(system):
    found = system.wait_for(r"BENCH user space (\d+) (\d+)\s")
    return int(found[1]), int(found[2])


def host_command(cpus, *arguments):
    return [HOST, "--icount", "--cpu", "max", "--cpus", str(cpus), "--memory", f"{MEMORY_MIB}M",
            *arguments]


def run_in_host(name, setup, boots, arguments, result):
    """On tools/host: rows, the start alone, boots."""
    kernel = ["--kernel", setup.payload]
    setup.say(f"{name}: rows")
    with Machine(name, host_command(2, *arguments, *kernel), ROW_SECONDS) as system:
        result.rows = finish_rows(system)
        memory = re.search(r"BENCH memory (\d+)", system.text)
        result.facts["memory"] = int(memory[1])
    with Machine(name, host_command(1, *arguments, *kernel), ROW_SECONDS) as system:
        result.rows["start_first_insn"] = finish_rows(system)["start_first_insn"]
    setup.say(f"{name}: CPUs")
    count = ["--kernel", bringup.payload(setup.build), "--append", bringup.APPEND,
             *bringup.qemu_arguments(bringup.TURNS)]
    result.rows.update(bringup.rows(name, "start_psci",
                                    lambda cpus: host_command(cpus, *arguments, *count)))
    linux = ["--kernel", setup.kernel, "--initrd", setup.initrd, "--append", COMMAND_LINE]
    for number in range(boots):
        setup.say(f"{name}: Linux boot {number + 1} of {boots}")
        with Machine(name, host_command(1, *arguments, *linux), BOOT_SECONDS) as system:
            result.boots.append(read_boot(system))
            result.rows.update(read_rows(system.text))
    return result


# ---- bare, and Caisson ------------------------------------------------------------------------


def run_bare(setup, boots):
    """EL1 of a machine without EL2."""
    return run_in_host("bare", setup, boots, ["--bare"], Result("-"))


def run_caisson(setup, boots):
    version = command_output(["git", "-C", ROOT, "describe", "--always", "--dirty"]) or "unknown"
    if not os.path.isfile(setup.image):
        raise Failed(f"caisson: {setup.image} does not exist: build it with tools/build target")
    result = run_in_host("caisson", setup, boots, ["--image", setup.image, *PLAIN],
                         Result(version))
    result.facts["kept"] = MEMORY_MIB * MIB - result.facts["memory"]
    result.rows.update(bringup.rows("caisson", "start_spin",
                                    lambda cpus: spin_host_command(setup, cpus)))
    result.rows.update(bringup.parked_rows("caisson",
                                           lambda cpus: parked_host_command(setup, cpus)))
    setup.say("caisson: the service VM's console")
    rows, result.facts["console"] = consoles.caisson(
        host_command(1, "--image", setup.image, "--hyp-append", "view=log", "--kernel",
                     setup.payload, "--append", "text=1 refused=1"))
    result.rows.update(rows)
    result.facts["switch ratios"] = consoles.switch_ratios(os.path.dirname(setup.build))
    return result


def parked_host_command(setup, cpus):
    """Caisson as UEFI starts it, with firmware's ACPI tables and PSCI."""
    kernel = os.path.join(setup.build, "tests/firmware/acpifw.img")
    return host_command(cpus, "--image", setup.image, "--uefi=acpi", "--kernel", kernel,
                        "--append", "count", "--hyp-append", "payload=kernel",
                        *bringup.qemu_arguments(bringup.TURNS))


def spin_host_command(setup, cpus):
    """Caisson on firmware that has release words and no PSCI."""
    tree, bundle = (os.path.join(setup.work, name) for name in ("spin.dtb", "spin.cpio"))
    with open(bringup.payload(setup.build), "rb") as payload, open(bundle, "wb") as file:
        file.write(newc.bundle(payload.read(), None, bringup.APPEND))
    firmware = bringup.firmware(setup.build)
    command = host_command(cpus, "--image", setup.image, "--bundle", bundle)
    secure = bringup.qemu_arguments(["-machine", "secure=on", "-bios", firmware])
    subprocess.run([*command, *PLAIN, *secure, "--dump-dtb", tree], check=True,
                   stdin=subprocess.DEVNULL)
    start, end = fwconfig.BUNDLE_AT, fwconfig.BUNDLE_AT + os.path.getsize(bundle)
    bringup.add_source(tree, fwconfig.by_spin_table(cpus).source() + f"""
/ {{ chosen {{
	bootargs = "view=plain";
	linux,initrd-start = <0 {start:#x}>;
	linux,initrd-end = <0 {end:#x}>;
}}; }};""")
    return [*command, "--el3", firmware, "--dtb", tree, *bringup.qemu_arguments(
        [*bringup.load_config(cpus, setup.work), *bringup.TURNS])]


def command_output(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


# ---- Xen --------------------------------------------------------------------------------------

XEN_MACHINE = "virt,virtualization=on,gic-version=3"
XEN_KERNEL_AT, XEN_INITRD_AT = 0x70000000, 0x78000000
XEN_ROWS = (1024, 128)  # MiB of machine and domain for the payload
XEN_BOOTS = (MEMORY_MIB + 1024, MEMORY_MIB)  # and for Linux
XEN_CHOSEN = """
/ {{ chosen {{
	#address-cells = <2>;
	#size-cells = <2>;
	xen,xen-bootargs = "console=dtuart dtuart=/pl011@9000000 guest_loglvl=all";
	domU1 {{
		compatible = "xen,domain";
		#address-cells = <2>;
		#size-cells = <2>;
		cpus = <{cpus}>;
		memory = <0 {memory_kib}>;
		vpl011;
		{modules}
	}};
}}; }};
"""
XEN_MODULE = """
		module@{address:x} {{
			compatible = "multiboot,{kind}", "multiboot,module";
			reg = <0 {address:#x} 0 {size}>;
			bootargs = "{bootargs}";
		}};
"""


def xen_tree(setup, cpus, memory, options, modules):
    """The device tree with one domain made by Xen itself (dom0less)."""
    tree = os.path.join(setup.work, "xen.dtb")
    machine_mib, domain_mib = memory
    subprocess.run([machine.QEMU, "-M", f"{XEN_MACHINE},dumpdtb={tree}", "-cpu", "max",
                    "-smp", str(cpus), "-m", f"{machine_mib}M", "-nodefaults", "-display", "none",
                    *options], check=True, capture_output=True)
    bringup.add_source(tree, XEN_CHOSEN.format(cpus=cpus, memory_kib=domain_mib * 1024,
                                               modules=modules))
    return tree


def xen_file(setup):
    return os.path.join(setup.fetched["xen"], "boot", "xen-4.17-arm64")


def load_file(path, address):
    return ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]


def xen_command(setup, cpus, memory, files, gdb, arguments=COMMAND_LINE):
    """Xen with one domain, its files placed by QEMU's loader."""
    modules, loaders = "", []
    for path, kind, address in files:
        modules += XEN_MODULE.format(address=address, kind=kind, size=os.path.getsize(path),
                                     bootargs=arguments if kind == "kernel" else "")
        loaders += load_file(path, address)
    return [*machine.qemu(XEN_MACHINE, cpus, f"{memory[0]}M"), "-kernel", xen_file(setup),
            "-dtb", xen_tree(setup, cpus, memory, [], modules),
            "-gdb", f"unix:{gdb},server=on,wait=off", *loaders]


def xen_spin_command(setup, cpus, gdb):
    """Xen on firmware that has release words and no PSCI."""
    payload, firmware = bringup.payload(setup.build), bringup.firmware(setup.build)
    secure = ["-machine", "secure=on", "-bios", firmware]
    module = XEN_MODULE.format(address=XEN_KERNEL_AT, kind="kernel", size=os.path.getsize(payload),
                               bootargs=bringup.APPEND)
    tree = xen_tree(setup, cpus, XEN_ROWS, secure, module)
    bringup.add_source(tree, fwconfig.by_spin_table(cpus).source())
    return [*machine.qemu(XEN_MACHINE, cpus, f"{XEN_ROWS[0]}M"), *secure,
            "-gdb", f"unix:{gdb},server=on,wait=off", *bringup.load_config(cpus, setup.work),
            *load_file(xen_file(setup), fwconfig.IMAGE_AT), *load_file(tree, fwconfig.TREE_AT),
            *load_file(payload, XEN_KERNEL_AT), *bringup.TURNS]


def xen_free_bytes(system):
    """Asks Xen's console for its free memory (key m)."""
    consoles.xen_focus(system, "Xen")
    system.send("m")
    system.wait_for(r"Dom heap: *\d+kB free|DOM heap: *\d+kB free")
    return sum(1024 * int(kib) for kib in
               re.findall(r"(?:Xen heap|Dom heap|DOM heap): *(\d+)kB free", system.text))


def run_xen(setup, boots):
    result = Result(setup.fetched["xen version"])
    payload = [(setup.payload, "kernel", XEN_KERNEL_AT)]
    gdb = os.path.join(setup.work, "gdb")
    setup.say("xen: rows")
    with Machine("xen", xen_command(setup, 2, XEN_ROWS, payload, gdb), ROW_SECONDS) as system:
        result.rows = finish_rows(system)
        free = xen_free_bytes(system)
        result.facts["kept"] = (XEN_ROWS[0] - XEN_ROWS[1]) * MIB - free
        remote = gdbremote.Remote(gdb)
        result.facts["text"] = gdbremote.el2_executable_bytes(remote)
        remote.close()
    with Machine("xen", xen_command(setup, 1, XEN_ROWS, payload, gdb), ROW_SECONDS) as system:
        created = finish_rows(system)["start_first_insn"][0]
        start = created + xen_counter_offset(gdb)
        result.rows["start_first_insn"] = (start, start)
        result.facts["start since creation"] = created
        result.rows["start_vm"] = (created, created)
    setup.say("xen: CPUs")
    count = [(bringup.payload(setup.build), "kernel", XEN_KERNEL_AT)]
    result.rows.update(bringup.rows(
        "xen", "start_psci", lambda cpus: [*xen_command(setup, cpus, XEN_ROWS, count, gdb,
                                                        bringup.APPEND), *bringup.TURNS],
        lambda: xen_counter_offset(gdb)))
    result.rows.update(bringup.rows("xen", "start_spin",
                                    lambda cpus: xen_spin_command(setup, cpus, gdb),
                                    lambda: xen_counter_offset(gdb)))
    setup.say("xen: a domain's console")
    command = xen_command(setup, 1, XEN_ROWS, payload, gdb, "text=1")
    result.rows = {**consoles.xen(command), **result.rows}
    files = [(setup.kernel, "kernel", XEN_KERNEL_AT), (setup.initrd, "ramdisk", XEN_INITRD_AT)]
    for number in range(boots):
        setup.say(f"xen: Linux boot {number + 1} of {boots}")
        command = xen_command(setup, 1, XEN_BOOTS, files, gdb)
        with Machine("xen", command, BOOT_SECONDS) as system:
            count, monotonic = read_boot(system)
            result.rows.update(read_rows(system.text))
            result.facts["boot since creation"] = count
            result.boots.append((count + xen_counter_offset(gdb), monotonic))
    return result


def xen_counter_offset(gdb):
    """What a domain's counter lacks to the time since reset."""
    remote = gdbremote.Remote(gdb)
    offset = remote.register("CNTVOFF_EL2")
    remote.close()
    return offset


# ---- KVM --------------------------------------------------------------------------------------

KVM_MEMORY = "4G"
KVM_BEGIN = """
for symbol in _stext _etext __hyp_text_start __hyp_text_end; do
	grep " $symbol$" /proc/kallsyms | sed 's/^/BENCH symbol /'
done
vmm() { # CPUs, kernel, other options
	cpus=$1 kernel=$2
	shift 2
	qemu -accel kvm -cpu host -M virt,gic-version=3 -m $memory -nodefaults -display none \\
		-serial stdio -smp "$cpus" -kernel "$kernel" "$@"
}
program=qemu
devices="-global virtio-mmio.force-legacy=false
	-drive if=none,id=disk,file=/tmp/disk,format=raw -device virtio-blk-device,drive=disk
	-netdev tap,id=net,ifname=tap0,script=no,downscript=no -device virtio-net-device,netdev=net"
huge_pages() {
	echo $1 >/sys/kernel/mm/transparent_hugepage/enabled
}
tools() { # calls of the interface of guest tools
	:
}
time_modes() { # the ways in which a guest can keep time of another frequency
	:
}
boot_modes() { # Linux in each of them
	:
}
mover() { # a live move
	:
}
# What is there of the guest's memory.
resident_kib() {
	awk -v size=$((${memory%M} * 1024)) \\
		'/^Size:/ { found = $2 == size } /^Rss:/ && found { print $2 }' /proc/$1/smaps
}
"""


def shared_libraries(program, root):
    """The files that a program needs, by name: its DT_NEEDED entries and theirs."""
    places = {}
    for folder in ("lib", "lib/aarch64-linux-gnu", "usr/lib", "usr/lib/aarch64-linux-gnu"):
        for base, folders, names in os.walk(os.path.join(root, folder)):
            folders.clear()
            places.update({name: os.path.join(base, name) for name in names})
    found, waiting = {}, [program]
    while waiting:
        text = command_output(["aarch64-linux-gnu-readelf", "-d", waiting.pop()]) or ""
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", text):
            if name not in found:
                if name not in places:
                    raise Failed(f"kvm: no package holds {name}, which QEMU needs")
                found[name] = places[name]
                waiting.append(places[name])
    return found


def run_kvm(setup, boots):
    """Debian's kernel at EL2, and QEMU in it as VMM."""
    result = Result(setup.fetched["kvm version"])
    program = os.path.join(setup.fetched["qemu"], "usr/bin/qemu-system-aarch64")
    libraries = shared_libraries(program, setup.fetched["qemu"])
    files = {"bin/qemu": program}
    files.update({f"lib/{name}": path for name, path in libraries.items()})
    initrd = host_initrd(setup, "kvm", boots, KVM_BEGIN, files)
    command = [*machine.qemu(XEN_MACHINE, 2, KVM_MEMORY), "-kernel", setup.kernel,
               "-initrd", initrd, "-append", "console=ttyAMA0 quiet"]
    with Machine("kvm", command, KVM_SECONDS) as system:
        setup.say("kvm: starting Debian's kernel at EL2")
        run_guests(setup, system, boots, result)
    result.rows["start_first_insn"] = result.rows["start_vm"]
    symbols = {name: int(address, 16) for address, name in
               re.findall(r"BENCH symbol (\w+) \w (\w+)", system.text)}
    result.facts["text"] = symbols["__hyp_text_end"] - symbols["__hyp_text_start"]
    result.facts["kernel text"] = symbols["_etext"] - symbols["_stext"]
    return result


# ---- VMs of a Linux: those of KVM, and Caisson's user VMs --------------------------------------

# Both do the same, with the functions that come between.
HOST_INIT_BEGIN = """#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
memory={memory}M
"""
HOST_INIT_END = """
free_kib() {{
	awk '/^MemFree|^HugePages_Free/ {{ sum += $1 == "MemFree:" ? $2 : 2048 * $2 }}
		END {{ print sum }}' /proc/meminfo
}}
await() {{ # a condition, for ten seconds of the machine's time
	for _ in $(seq 100); do
		! eval "$1" || return 0
		sleep 0.1
	done
	echo "BENCH waited in vain: $1" >&2
	return 1
}}
row() {{
	echo "ROW $1 $2 $2"
}}
# Live moves, with all that there is to do besides, and what random data adds to that, for a GiB.
moves() {{
	set -- $(mover 0 0)
	[ $# = 2 ] || return
	empty=$1
	row move_empty $((empty * 1000000))
	for pages in 0 4 16 64; do
		set -- $(mover 16 $pages)
		[ $# = 2 ] || return
		row move_$((pages * 4))_gib $((($1 - empty) * 1000000 * 64))
		row move_$((pages * 4))_stop $(($2 * 1000000))
	done
}}
# Of a VM of two CPUs that sleeps; what is cached was read by those before it.
overhead() {{
	echo 3 >/proc/sys/vm/drop_caches
	before=$(free_kib)
	vmm 2 /payload {append_option} idle=1 >/tmp/out &
	job=$!
	for _ in $(seq 100); do
		grep -q "BENCH memory" /tmp/out && break
		sleep 0.1
	done
	after=$(free_kib)
	pid=$(pidof $program)
	echo "BENCH overhead $(((before - after - $(resident_kib $pid)) * 1024))"
	kill $pid
	wait $job
}}
dd if=/dev/zero of=/tmp/disk bs=1M count=4 2>/dev/null
# Linux answers the payload's questions; it must say nothing of its own.
insmod /tun.ko
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
tunctl -t tap0 >/dev/null
ip addr add 10.0.2.2/24 dev tap0
ip link set tap0 up
huge_pages never
vmm 2 /payload
vmm 1 /payload {append_option} devices=1 $devices | grep "ROW virtio\\|failed"
tools
switch
dirty
overhead
overhead
overhead
huge_pages always
vmm 1 /payload | sed 's/ROW/SINGLE/; s/BENCH done//'
time_modes
boot() {{
	vmm 1 /vmlinuz {initrd_option} /initrd {append_option} "{append}"
}}
for number in {numbers}; do
	boot
	[ $number != 1 ] || boot_modes
done
moves
echo BENCH end
poweroff -f
"""


def host_initrd(setup, name, boots, functions, files, dashes="-"):
    """An initial RAM disk that starts VMs as /init, and switches the machine off."""
    archive = newc.Archive()
    for folder in ("bin", "dev", "lib", "proc", "run", "sys", "tmp"):
        archive.directory(folder)
    archive.char_device("dev/console", 5, 1)
    files = {"bin/busybox": os.path.join(setup.fetched["busybox"], "bin/busybox"),
             "bin/switch": os.path.join(setup.build, "tests/bench/switch"),
             "bin/dirty": os.path.join(setup.build, "tests/bench/dirty"),
             "tun.ko": setup.fetched["tun"], "payload": setup.payload,
             "vmlinuz": setup.kernel, "initrd": setup.initrd, **files}
    for path, source in sorted(files.items()):
        with open(source, "rb") as file:
            archive.file(path, file.read(), 0o755)
    archive.symlink("bin/sh", "busybox")
    numbers = " ".join(str(number + 1) for number in range(boots))
    init = HOST_INIT_BEGIN.format(memory=MEMORY_MIB) + functions + HOST_INIT_END.format(
        numbers=numbers, append=COMMAND_LINE, initrd_option=f"{dashes}initrd",
        append_option=f"{dashes}append")
    archive.file("init", init.encode(), 0o755)
    path = os.path.join(setup.work, f"{name}-initrd")
    with open(path, "wb") as file:
        file.write(archive.data())
    return path


def run_guests(setup, system, boots, result):
    """Follows HOST_INIT_END to its end."""
    system.wait_for("BENCH start")
    setup.say(f"{system.name}: rows")
    result.rows = finish_rows(system)
    system.wait_for(r"SINGLE start_first_insn \d+\s")
    for number in range(boots):
        setup.say(f"{system.name}: Linux boot {number + 1} of {boots}")
        system.wait_for(r"(?s)(BENCH user space \d+ \d+\s.*){%d}" % (number + 1))
    system.wait_for("BENCH end")
    result.rows.update(read_rows(system.text))
    start = int(system.wait_for(r"SINGLE start_first_insn (\d+)")[1])
    result.rows["start_vm"] = (start, start)
    overheads = sorted(int(number) for number in re.findall(r"BENCH overhead (\d+)", system.text))
    result.rows["vm_overhead_bytes"] = (overheads[0], overheads[len(overheads) // 2])
    result.boots = [(int(count), int(monotonic)) for count, monotonic in
                    re.findall(r"BENCH user space (\d+) (\d+)", system.text)]


USER_HOST_MEMORY = "2G"
USER_BEGIN = """
echo 528 >/proc/sys/vm/nr_hugepages
vmm() {
	cpus=$1 kernel=$2
	shift 2
	${caisson:-caisson} run --mem $memory --cpus "$cpus" --kernel "$kernel" "$@" </dev/null
}
program=caisson
devices="--disk /tmp/disk --net tap,ifname=tap0"
mkdir -p /var/log /var/lib
caissond </dev/null >/var/log/caissond.log 2>&1 &
for _ in $(seq 100); do
	[ -S /run/caisson/caissond.sock ] && break
	sleep 0.1
done
huge_pages() {
	:
}
# A guest moves to another name: how long it took and stood still, in milliseconds.
mover() { # MiB of random data, pages that are written in a millisecond
	caisson run --detach --name from --mem 64M --kernel /payload \\
		--append "fill=$1 mover=$(($2 + 1))" >/dev/null
	await 'sleep 0.1 | caisson console from | grep -q "BENCH filled"'
	caisson migrate from there --rsh 'f() { shift; "$@"; }; f' --name to --json >/tmp/told
	sed -n 's/.*"completed".*"elapsed":\\([0-9]*\\).*"downtime":\\([0-9]*\\).*/\\1 \\2/p' /tmp/told
	caisson stop --force to >/dev/null
}
tools() { # calls of the interface of guest tools
	vmm 1 /rpc --guest-tools vmware --append cost=1 | grep "ROW rpc"
}
# The ways in which a guest can keep time of another frequency, which is as good as the host's for
# counting instructions.
other_time() { # what, mode
	for mode in any masked frame; do
		(export caisson=othertime GUEST_HZ=999999999 GUEST_TIME=$mode; "$@") | sed -n "
			s/.*ROW /ROW ${mode}_/p
			s/.*BENCH user space \\([0-9]*\\).*/ROW ${mode}_boot \\1 \\1/p" | tr -d '\\r'
	done
}
time_modes() {
	other_time vmm 1 /payload --append time=1
}
boot_modes() { # Linux in each of them
	other_time boot
}
resident_kib() {
	echo $((${memory%M} * 1024))
}
"""


def run_user(setup, boots):
    """User VMs, by caisson in a service VM of Debian's kernel."""
    result = Result("-")
    files = {f"bin/{name}": os.path.join(setup.build, "vmm", name)
             for name in ("caisson", "caissond")}
    files["bin/othertime"] = os.path.join(setup.build, "tests", "uservm", "othertime")
    files["rpc"] = os.path.join(setup.build, "tests", "uservm", "rpc.img")
    initrd = host_initrd(setup, "user", boots, USER_BEGIN, files, dashes="--")
    command = [HOST, "--icount", "--cpu", "max", "--cpus", "2", "--memory", USER_HOST_MEMORY,
               "--image", setup.image, *PLAIN, "--kernel", setup.kernel, "--initrd", initrd,
               "--append", "console=ttyAMA0 quiet"]
    with Machine("user", command, USER_SECONDS) as system:
        setup.say("user: starting the service VM")
        run_guests(setup, system, boots, result)
    if boots:
        setup.say("user: a guest with vmtoolsd, idle")
        result.rows.update(idletools.rows(setup.build, setup.work, [
            HOST, "--icount", "--cpu", "max", "--cpus", "1", "--memory", USER_HOST_MEMORY,
            "--image", setup.image, *PLAIN]))
    return result


SYSTEMS = {"bare": run_bare, "xen": run_xen, "kvm": run_kvm, "caisson": run_caisson,
           "user": run_user}


# ---- what they are made of --------------------------------------------------------------------


def fetch(command, *packages):
    """tools/fetch; gives what it prints."""
    done = subprocess.run([os.path.join(ROOT, "tools", "fetch"), *command, *packages],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"tools/fetch could not get {' '.join(packages)}")
    return done.stdout.split()


def package_version(deb):
    """NAME_VERSION_ARCH.deb -> VERSION"""
    return os.path.basename(deb).split("_")[1].replace("%3a", ":")


def unpack(name, packages, output, deps=False):
    """A folder with the packages unpacked, made anew when any of them changed."""
    debs = fetch(["--deps", "deb"] if deps else ["deb"], *packages)
    folder, stamp = os.path.join(output, name), os.path.join(output, name + ".stamp")
    wanted = "\n".join(os.path.basename(deb) for deb in debs)
    if not os.path.exists(stamp) or open(stamp, encoding="utf-8").read() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for deb in debs:
            subprocess.run(["dpkg-deb", "--extract", deb, folder], check=True)
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)
    return folder, debs


def kernel_module(name, package, output):
    """The file of a driver, out of the package of the kernel that all boot."""
    [deb] = fetch(["deb"], package)
    members = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True,
                             capture_output=True).stdout
    done = subprocess.run(["tar", "-xO", "--wildcards", f"*/kernel/drivers/{name}"],
                          input=members, check=True, capture_output=True)
    path = os.path.join(output, os.path.basename(name))
    with open(path, "wb") as file:
        file.write(done.stdout)
    return path


def prepare(build, names, say):
    """Fetches and makes what the named systems need; build is the folder of the target build."""
    output = os.path.join(ROOT, "build", "bench")
    os.makedirs(output, exist_ok=True)
    say("packages")
    kernels = os.path.join(output, "servicevm")
    done = subprocess.run([os.path.join(ROOT, "tools", "servicevm"), "--output", kernels],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"tools/servicevm failed:\n{done.stderr}")
    with open(os.path.join(kernels, "stamp"), encoding="utf-8") as file:
        kernel_deb = re.search(r"linux-image-\S+_\S+", file.read())[0]
    fetched = {"kernel version": package_version(kernel_deb)}
    fetched["tun"] = kernel_module("net/tun.ko", kernel_deb.split("_")[0], output)
    fetched["busybox"], _ = unpack("busybox", ["busybox-static"], output)
    if "xen" in names:
        fetched["xen"], debs = unpack("xen", ["xen-hypervisor-4.17-arm64"], output)
        fetched["xen version"] = package_version(debs[0])
    if "kvm" in names:
        fetched["qemu"], debs = unpack("qemu", ["qemu-system-arm"], output, deps=True)
        vmm = next(deb for deb in debs if os.path.basename(deb).startswith("qemu-system-arm_"))
        fetched["kvm version"] = (f"{fetched['kernel version']} with QEMU "
                                  f"{package_version(vmm)}")
    setup = Setup(build=build, payload=os.path.join(build, "tests/bench/bench.img"),
                  kernel=os.path.join(kernels, "vmlinuz"),
                  initrd=os.path.join(output, "initrd"),
                  image=os.path.join(build, "loader/caisson.img"),
                  work=tempfile.mkdtemp(prefix="caisson-bench."), fetched=fetched, say=say)
    first = os.path.join(build, "tests/bench/first-process")
    for path in (setup.payload, first):
        if not os.path.isfile(path):
            raise Failed(f"{path} does not exist: build it with tools/build target")
    write_initrd(setup.initrd, first, os.path.join(fetched["busybox"], "bin/busybox"))
    return setup


def write_initrd(path, first, busybox):
    """The initial RAM disk that every system boots: busybox, and the first process as /init."""
    archive = newc.Archive()
    archive.directory("bin")
    archive.directory("dev")
    archive.char_device("dev/console", 5, 1)
    for name, source in (("bin/busybox", busybox), ("init", first)):
        with open(source, "rb") as file:
            archive.file(name, file.read(), 0o755)
    with open(path, "wb") as file:
        file.write(archive.data())
