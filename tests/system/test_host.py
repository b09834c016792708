# SPDX-License-Identifier: BSD-2-Clause
"""tools/host, tools/bundle and tools/servicevm themselves, most of it without Caisson (--bare)."""

import os
import pty
import signal
import subprocess
import time

import pytest

from machine import HOST, ROOT, check_caisson, check_dmesg, kept_ranges, patient, system_ram

BUNDLE = os.path.join(ROOT, "tools", "bundle")


def host(*arguments, **options):
    return subprocess.run([HOST, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", check=False, timeout=patient(300), **options)


@pytest.fixture
def bare(service_vm):
    return ["--bare", "--kernel", f"{service_vm}/vmlinuz", "--initrd", f"{service_vm}/initrd",
            "--timeout", "200"]


@pytest.mark.parametrize("arguments, word", [
    (["--bogus"], "--bogus"),
    (["--memory", "12"], "512M"),
    (["--cpus", "0"], "--cpus"),
    (["--cpu", "i486"], "cortex-a72"),
    (["--bare"], "--kernel"),
    (["--bare", "--kernel", "/nonexistent"], "/nonexistent"),
    (["--bare", "--kernel", HOST, "--drive", "/nonexistent"], "truncate"),
    (["--bare", "--kernel", HOST, "--drive", f"{HOST},bus=isa"], "mmio"),
    (["--bare", "--kernel", HOST, "--drive", f"{HOST},share=maybe"], "off"),
    (["--bare", "--kernel", HOST, "--drive", f"{HOST},format=qcow2,share=on"], "raw"),
    (["--bare", "--kernel", HOST, "--net", "tap"], "user"),
    (["--bare", "--kernel", HOST, "--net", "link"], "connect=SOCKET"),
    (["--bare", "--kernel", HOST, "--net", "link,listen=a,connect=b"], "connect=SOCKET"),
    (["--bare", "--kernel", HOST, "--modules"], "--modules"),
    (["--image", HOST, "--initrd", HOST], "--kernel"),
    (["--image", HOST, "--bundle", HOST, "--append", "quiet"], "--bundle"),
    (["--image", "/nonexistent", "--kernel", HOST], "--image"),
    (["--machine", "virt", "--memory", "256G"], "255G"),
    (["--machine", "raspi4b", "--memory", "1G"], "2G"),
    (["--machine", "raspi4b", "--cpus", "2"], "4"),
    (["--machine", "raspi4b", "--gic", "2"], "virt"),
    (["--machine", "raspi4b", "--bare", "--kernel", HOST], "el2"),
    (["--machine", "raspi4b", "--board-dtb", "/nonexistent", "--image", HOST], "--board-dtb"),
    (["--image", HOST, "--board-dtb", HOST], "--dtb"),
])
def test_wrong_option(arguments, word):
    """One line that holds the remedy."""
    done = host(*arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and word in done.stderr, done.stderr
    assert done.stdout == ""


def test_qemu_fails(bare):
    done = host(*bare, "--qemu-arg=-bogus")
    assert done.returncode == 5 and "-bogus" in done.stderr


def test_console_and_status(bare, tmp_path):
    log = tmp_path / "log"
    done = host(*bare, "--cpus=2", "--append=quiet caisson.run=nproc", f"--log={log}")
    assert done.returncode == 0 and done.stderr == ""
    assert "2\ncaisson.run: exit status 0" in done.stdout.replace("\r", "")
    assert log.read_bytes().decode(errors="replace").replace("\r", "") == \
        done.stdout.replace("\r", "")


# Says something and then does nothing for ever.
LAST_WORDS = """
	movz	x0, #0x0900, lsl #16	// the PL011
	mov	w1, #0x301		// UARTCR: RXE, TXE, UARTEN
	str	w1, [x0, #0x30]
	adr	x2, text
1:	ldrb	w1, [x2], #1
	cbz	w1, 2f
	str	w1, [x0]
	b	1b
2:	wfi
	b	2b
text:	.asciz	"last words\\n"
"""


@pytest.fixture
def last_words(tmp_path):
    source, elf, binary = (tmp_path / name for name in ("words.s", "words.o", "words.bin"))
    source.write_text(LAST_WORDS)
    subprocess.run(["aarch64-linux-gnu-as", "-o", elf, source], check=True)
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", elf, binary], check=True)
    return binary


def test_timeout_shows_tail(last_words):
    done = host("--bare", f"--kernel={last_words}", "--timeout=15")
    assert done.returncode == 124
    assert "time-out after 15 s" in done.stderr and "  | last words" in done.stderr


def test_memory_not_reserved(tmp_path):
    """A machine may have more memory than this one."""
    tree = tmp_path / "machine.dtb"
    done = host("--bare", f"--kernel={HOST}", "--memory=255G", f"--dump-dtb={tree}")
    assert done.returncode == 0, done.stderr
    reg = subprocess.run(["fdtget", "-t", "x", tree, "/memory@40000000", "reg"], check=True,
                         capture_output=True, text=True).stdout
    assert reg.split() == ["0", "40000000", "3f", "c0000000"]


def test_dry_run(bare):
    """--dry-run prints what would be called and calls nothing."""
    done = host(*bare, "--dry-run", "--net=user,bus=pci", "--icount")
    assert done.returncode == 0
    assert done.stdout.startswith("qemu-system-aarch64 ") and done.stdout.count("\n") == 1
    assert "virtio-net-pci,netdev=net0,romfile=" in done.stdout
    assert "-icount shift=0,sleep=off" in done.stdout
    done = host(*bare, "--dry-run", "--net=link,listen=a", "--net=link,connect=b,mac=52:54:00:0:0:1",
                f"--drive={HOST},share=on")
    assert "stream,id=net0,addr.type=unix,addr.path=a,server=on " in done.stdout
    assert "addr.path=b,server=off,reconnect-ms=" in done.stdout
    assert "netdev=net1,mac=52:54:00:0:0:1 " in done.stdout
    assert "file.locking=off " in done.stdout and "drive=drive0,share-rw=on " in done.stdout


def test_boards(service_vm):
    """A board comes with Debian's tree; its console is where that says."""
    done = host("--machine=raspi4b", f"--image={HOST}", "--dry-run", "--serial=file:other",
                f"--board-dtb={service_vm}/dtb/bcm2711-rpi-4-b.dtb")
    assert done.returncode == 0, done.stderr
    assert " -smp 4 " in done.stdout and "/bcm2711-rpi-4-b.dtb " in done.stdout
    assert "-serial file:other -serial chardev:console" in done.stdout
    done = host("--gic=2", f"--image={HOST}", "--dry-run")
    assert "gic-version=2" in done.stdout and "-dtb" not in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_signal_ends_qemu(bare, tmp_path, number):
    """QEMU does not outlive tools/host, however that ends; nothing is left in the folder for
    temporary files."""
    process = subprocess.Popen([HOST, *bare], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": tmp_path})
    qemu = wait_for(lambda: child_of(process.pid))
    process.send_signal(number)
    status = process.wait(60)
    assert status == (-9 if number == signal.SIGKILL else 4)
    wait_for(lambda: not running(qemu))
    assert os.listdir(tmp_path) == []


def test_terminal_gone(bare):
    """QEMU ends with the terminal, also when who started tools/host keeps the signal to itself."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("sh", ["sh", "-c", 'trap : HUP; "$0" "$@"; :', HOST, *bare[:-2]])
    qemu = wait_for(lambda: next((found for child in children(pid) if (found := child_of(child))),
                                 None))
    os.close(terminal)
    try:
        wait_for(lambda: not running(qemu))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def wait_for(question, seconds=60):
    end = time.monotonic() + patient(seconds)
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def child_of(pid):
    """The QEMU that this process has started, once it has become one."""
    for child in children(pid):
        try:
            with open(f"/proc/{child}/cmdline", "rb") as cmdline:
                if b"qemu-system-aarch64" in cmdline.read().split(b"\0")[0]:
                    return child
        except FileNotFoundError:
            pass  # it has ended
    return None


def running(pid):
    """Is there such a process, and not just its exit status that nobody has fetched yet?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_bundle_is_newc(tmp_path):
    """Debian's cpio reads a bundle, whatever the length of its files."""
    for size in range(0, 5):
        (tmp_path / "k").write_bytes(b"K" * size)
        (tmp_path / "i").write_bytes(b"I" * 1000)
        subprocess.run([BUNDLE, "--kernel", tmp_path / "k", "--initrd", tmp_path / "i",
                        "--append", "a b", "--output", tmp_path / "b"], check=True)
        out = tmp_path / f"out{size}"
        out.mkdir()
        with open(tmp_path / "b", "rb") as file:
            subprocess.run(["cpio", "--quiet", "-i"], stdin=file, cwd=out, check=True)
        assert (out / "kernel").read_bytes() == b"K" * size
        assert (out / "initrd").read_bytes() == b"I" * 1000
        assert (out / "cmdline").read_bytes() == b"a b"


def test_servicevm_second_run(service_vm):
    """Nothing is done twice."""
    before = os.stat(f"{service_vm}/initrd").st_mtime_ns
    subprocess.run([os.path.join(ROOT, "tools", "servicevm"), "--output", service_vm], check=True)
    assert os.stat(f"{service_vm}/initrd").st_mtime_ns == before


def test_checks_see_bare_machine(start, service_vm):
    """The checks that the other suites rest on fail where there is no Caisson, and when something
    is wrong."""
    machine = start(bare=True, kernel=f"{service_vm}/vmlinuz", initrd=f"{service_vm}/initrd",
                    append="quiet", memory="512M")
    machine.login()
    with pytest.raises(AssertionError, match="caisson"):
        check_caisson(machine)
    assert system_ram(machine) and not kept_ranges(machine, 0x40000000, 512 << 20)
    assert any("ITS@" in line for line in check_dmesg(machine))
    with pytest.raises(AssertionError, match="ended with status 1"):
        machine.run("false")
    with pytest.raises(AssertionError, match="was not seen"):
        machine.expect("never printed", 1)
    machine.run("echo '<4>something is wrong' >/dev/kmsg")
    with pytest.raises(AssertionError, match="something is wrong"):
        check_dmesg(machine)
    machine.send("reboot -f\n")
    machine.login()
    machine.run("true")
    with pytest.raises(AssertionError, match="ended before"):
        machine.send("poweroff -f\n")
        machine.expect("never printed")


def test_power_off_sees_status(start, service_vm):
    """A machine that ends otherwise than by powering off is a failure."""
    machine = start("--no-reboot", bare=True, kernel=f"{service_vm}/vmlinuz",
                    initrd=f"{service_vm}/initrd", append="quiet")
    machine.login()
    machine.send("alias poweroff=reboot\n")
    machine.login()
    with pytest.raises(AssertionError, match="ended with 3"):
        machine.power_off()
