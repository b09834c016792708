# SPDX-License-Identifier: BSD-2-Clause
"""tools/test counts what happened, and a part that dies does not pass."""

import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


@pytest.fixture(scope="module")
def program():
    loader = importlib.machinery.SourceFileLoader("caisson_test", f"{ROOT}/tools/test")
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("caisson_test", loader))
    sys.modules["caisson_test"] = module  # dataclasses look themselves up there
    loader.exec_module(module)
    return module


RESULTS = """<testsuites><testsuite tests="99"><testcase name="a"/><testcase name="b"/>
<testcase name="c"><failure/></testcase><testcase name="d"><error/></testcase>
<testcase name="e"><skipped/></testcase></testsuite></testsuites>"""


def count(program, passed, failed, skipped):
    return program.Count(passed, failed, skipped)


def test_cases_are_counted(program, tmp_path):
    (tmp_path / "r.xml").write_text(RESULTS, encoding="ascii")
    assert program.read_results(tmp_path / "r.xml") == count(program, 2, 2, 1)


@pytest.mark.parametrize("text", [None, "", "<testsuites><testcase"])
def test_no_results_is_a_failure(program, tmp_path, text):
    if text is not None:
        (tmp_path / "r.xml").write_text(text, encoding="ascii")
    assert program.read_results(tmp_path / "r.xml") == count(program, 0, 1, 0)


def test_results_of_an_earlier_run_do_not_count(program, tmp_path):
    (tmp_path / "r.xml").write_text(RESULTS, encoding="ascii")
    part = program.Part("x", [["true"]], [str(tmp_path / "r.xml")], 1)
    assert program.run_part(part) == count(program, 0, 1, 0)


def test_status_counts_too(program, tmp_path):
    command = f"echo '<testsuite><testcase/></testsuite>' > {tmp_path}/r.xml; exit 3"
    part = program.Part("x", [["sh", "-c", command]], [str(tmp_path / "r.xml")], 1)
    assert program.run_part(part) == count(program, 1, 1, 0)


def test_commands_without_results_are_tests(program):
    part = program.Part("x", [["true"], ["false"], ["/nonexistent"]], [], 1, parallel=2)
    assert program.run_part(part) == count(program, 1, 2, 0)


def test_time_limit_ends_the_whole_group(program, tmp_path):
    mark = tmp_path / "alive"
    start = time.monotonic()
    assert not program.run(["sh", "-c", f"(sleep 4; touch {mark}) & wait"], 1 / 60)
    assert time.monotonic() - start < 4
    time.sleep(4)
    assert not mark.exists()


def test_failed_build_stops_the_rest(program, capsys):
    parts = [program.Part("build", [["false"]], [], 1), program.Part("x", [["true"]], [], 1)]
    assert program.run_all(parts)[0] == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_nothing_at_all_is_not_a_success(program):
    assert program.run_all([])[0] == 1


def test_last_line(program, capsys):
    assert program.run_all([program.Part("x", [["true"], ["true"]], [], 1)])[0] == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed, 0 skipped"


def test_stopped_from_outside_leaves_nothing(tmp_path):
    """As when make test is interrupted while a machine runs."""
    text = (f"import sys; sys.argv = ['test']; exec(open('{ROOT}/tools/test').read()"
            ".replace('if __name__', 'if 0 and __name__'));"
            "signal.signal(signal.SIGTERM, stop);"
            f"run_all([Part('x', [['sh', '-c', 'sleep 5; touch {tmp_path}/alive']], [], 1)])")
    process = subprocess.Popen([sys.executable, "-c", f"__file__ = '{ROOT}/tools/test'; {text}"])
    time.sleep(2)
    process.terminate()
    assert process.wait(3) == 128 + signal.SIGTERM
    time.sleep(4)
    assert not (tmp_path / "alive").exists()


def test_record_replaces_the_results_only(program, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{program.MARK}old\n", encoding="ascii")
    program.record(page, ["x:  1 passed, 0 failed, 0 skipped"])
    text = page.read_text(encoding="ascii")
    assert text.startswith(f"# Title\n\n{program.MARK}") and "    x:  1 passed" in text
    assert "old" not in text
