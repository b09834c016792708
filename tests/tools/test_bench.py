# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's own arithmetic: what it reads from consoles, counts in sources, and aims at."""

import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "bench"))
import gdbremote  # noqa: E402
import machine  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import sizes  # noqa: E402
import systems  # noqa: E402


def test_rows_behind_a_prefix_and_undefined_ones():
    text = "(XEN) DOM1: ROW hvc_null 471 472\nROW mdscr_read undefined\nROW ipi 12 1"
    assert systems.read_rows(text) == {"hvc_null": (471, 472)}  # the last line is not whole yet


@pytest.mark.parametrize("text, lines", [
    ("int a; /* x\n y */\n\n// z\nint b;\n", 2),
    ('char *s = "/*";\nint b; // c\nchar *t = "*/";\n', 3),
    ("/* only */\n", 0),
    ("\tmov\tx0, x1\t/* asm */\n\t// gone\n", 1),
])
def test_code_lines(tmp_path, text, lines):
    path = tmp_path / "a.c"
    path.write_text(text)
    assert sizes.code_lines(path) == lines


def entry(name, caisson, kvm, xen):
    return {"name": name, "unit": "", "caisson": caisson, "kvm": kvm, "xen": xen, "bare": 1}


@pytest.mark.parametrize("name, xen, limit", [
    ("hvc_null", 471, (100, "set")),
    ("hvc_null", 90, (90, "xen")),
    ("vtimer_wfi", 4351, (207, "Bao")),
    ("idreg_read", 431, (431, "xen")),  # Bao does not trap it
    ("gicr_write", None, (1984, "kvm")),
])
def test_aim(name, xen, limit):
    [row] = [row for row in rows.ROWS if row.name == name]
    assert report.aim(row, entry(name, None, 1984, xen)) == limit


@pytest.mark.parametrize("own, verdict", [(100, "yes"), (101, "no"), (None, "-")])
def test_verdict(own, verdict):
    assert report.line_of(entry("hvc_null", own, 1076, 471))[-1] == verdict


def test_what_was_missed_is_told():
    met, missed = entry("hvc_null", 100, 1076, 471), entry("gicd_read", 151, 1861, 599)
    assert report.remarks([met], True) == ["aims: all met"]
    assert report.remarks([met, missed], True) == ["aims missed: gicd_read"]
    silent = entry("virtio_blk_4k", 1, None, None)  # Xen has none, for a reason
    assert report.remarks([silent], True)[1:] == ["no figure: virtio_blk_4k (kvm)"]
    assert report.remarks([silent], False)[1:] == []


def test_boots_are_compared_by_their_median():
    bare = systems.Result("", boots=[(100, 0), (300, 0), (200, 0)])
    own = systems.Result("", boots=[(210, 0), (1000, 0), (100, 0)])
    values = report.values_of("caisson", own, bare)
    assert values["linux_boot"] == 210
    assert values["linux_boot_ratio"] == 1.05


def test_user_vms_stand_beside_guests():
    """Caisson's figure is a user VM's, the peers' is the guest's; where there is a reason, none."""
    results = {name: systems.Result("", rows={"ipi": (n, n), "exit_user": (n, n)})
               for n, name in enumerate(["caisson", "kvm", "xen", "bare", "user"])}
    lines = {line["name"]: line for line in report.collect(results, None)}
    assert [lines["ipi"][name] for name in report.COLUMNS] == [0, 1, 2, 3]
    assert [lines["uvm_ipi"][name] for name in report.COLUMNS] == [4, 1, 2, 3]
    assert [lines["exit_user"][name] for name in report.COLUMNS] == [4, 1, None, None]


def test_every_row_has_a_value_or_a_reason():
    for row in rows.ROWS:
        assert row.what and row.unit
        assert set(row.without) <= set(report.COLUMNS)


def test_remote_answers_are_unescaped():
    assert gdbremote._unescape(b"a}\x03b0* c") == b"a#b0000c"


def test_executable_pages_count_once():
    """Two levels of tables, a 30-bit range: a page twice, one without execute, a block."""
    block, xn = 0x40000000 | 1, 1 << 54

    class Remote:
        tables = {0x1000: [0x2000 | 3, block, block | xn, 0x3000 | 3],
                  0x2000: [0x5000 | 3, 0x6000 | 3 | xn], 0x3000: [0x5000 | 3, 0x7000 | 3, 0x8000]}

        def register(self, name):
            return {"TCR_EL2": 64 - 30, "TTBR0_EL2": 0x1000}[name]

        def read_words(self, address, count):
            return (self.tables[address] + [0] * count)[:count]

    assert gdbremote.el2_executable_bytes(Remote()) == 2 * 4096 + (2 << 20)


def test_a_silent_machine_is_a_clear_failure():
    with machine.Machine("quiet", ["sh", "-c", "echo last words"], 20) as system:
        with pytest.raises(machine.Failed, match="quiet: stopped without 'BENCH'(.|\n)*last words"):
            system.wait_for("BENCH")
    with machine.Machine("slow", ["sleep", "60"], 0.2) as system:
        with pytest.raises(machine.Failed, match="slow: not done after 0.2 s"):
            system.wait_for("BENCH")
