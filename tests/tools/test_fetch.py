# SPDX-License-Identifier: BSD-2-Clause
"""tools/fetch and tools/apt-sources, as far as they can be tried without network: apt is a
stand-in that knows one package, and says what it is asked for."""

import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

APT_GET = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
indextargets*) cat "$TARGETS" ;;
*update*) exit ${UPDATE_STATUS:-0} ;;
*print-uris*good*) echo "'x:good_1_arm64.deb' good_1_arm64.deb 3 SHA256:0" ;;
*download*good*) echo deb >good_1_arm64.deb ;;
*) exit 100 ;;
esac
"""

TARGETS = ("bookworm|bookworm|main|mirror:debian/|%s|Packages\n"
           "bookworm-security|bookworm-security|main|mirror:security/|%s|Packages\n"
           "stable|elsewhere|main|mirror:other/|%s|Packages\n")


@pytest.fixture
def fetch(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "apt-get").write_text(APT_GET, encoding="ascii")
    (tmp_path / "bin" / "apt-get").chmod(0o755)
    entry = f"{tmp_path}/machine.sources:1"
    (tmp_path / "machine.sources").write_text(
        "Types: deb\nURIs: mirror:debian/\nSigned-By:\n -----KEY-----\n .\n body\nSuites: x\n\n"
        "Types: deb\nSigned-By: /other\n", encoding="ascii")
    (tmp_path / "targets").write_text(TARGETS % (entry, entry, entry), encoding="ascii")
    environment = dict(os.environ, PATH=f"{tmp_path}/bin:{os.environ['PATH']}",
                       CAISSON_CACHE=f"{tmp_path}/cache", CALLS=f"{tmp_path}/calls",
                       TARGETS=f"{tmp_path}/targets")

    def call(program, *arguments, **more):
        return subprocess.run([f"{ROOT}/tools/{program}", *arguments], text=True, check=False,
                              capture_output=True, env=dict(environment, **more))

    call.path = tmp_path
    return call


def test_second_time_is_answered_without_apt(fetch):
    first = fetch("fetch", "deb", "good")
    assert first.returncode == 0, first.stderr
    assert first.stdout.endswith("/good_1_arm64.deb\n") and first.stdout.count("\n") == 1
    (fetch.path / "calls").unlink()
    assert fetch("fetch", "deb", "good").stdout == first.stdout
    assert not (fetch.path / "calls").exists()


def test_lost_file_is_fetched_again(fetch):
    path = fetch("fetch", "deb", "good").stdout.strip()
    os.unlink(path)
    assert fetch("fetch", "deb", "good").stdout.strip() == path
    assert os.path.exists(path)


def test_refresh_reads_the_lists_again(fetch):
    fetch("fetch", "deb", "good")
    (fetch.path / "calls").unlink()
    assert fetch("fetch", "--refresh", "deb", "good").returncode == 0
    assert "update" in (fetch.path / "calls").read_text(encoding="ascii")


def test_unknown_package(fetch):
    done = fetch("fetch", "deb", "good", "bad")
    assert done.returncode == 1 and "no package bad for arm64" in done.stderr


def test_no_network(fetch):
    done = fetch("fetch", "deb", "good", UPDATE_STATUS="100")
    assert done.returncode == 1 and "cannot read Debian's package lists" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["frob"], ["--frob"]])
def test_usage(fetch, arguments):
    assert fetch("fetch", *arguments).returncode == 2


def stanzas(text):
    return [dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            for block in text.strip().split("\n\n")]


def test_sources_follow_the_machine(fetch):
    done = fetch("apt-sources", "--types", "deb deb-src", "--arch", "arm64", "bookworm",
                 "bookworm-security", "bookworm-backports")
    assert done.returncode == 0, done.stderr
    uris = {block["Suites"]: block["URIs"] for block in stanzas(done.stdout)}
    assert uris == {"bookworm": "mirror:debian/", "bookworm-security": "mirror:security/",
                    "bookworm-backports": "mirror:debian/"}
    assert done.stdout.count("Types: deb deb-src\n") == 3
    assert done.stdout.count("Signed-By:\n -----KEY-----\n .\n body\n") == 3
    assert "/other" not in done.stdout


def test_security_is_left_out_where_the_machine_lacks_it(fetch):
    text = (fetch.path / "targets").read_text(encoding="ascii")
    (fetch.path / "targets").write_text(text.splitlines()[0] + "\n", encoding="ascii")
    assert fetch("apt-sources", "bookworm-security").stdout == ""


def test_key_of_a_one_line_source(fetch):
    (fetch.path / "machine.list").write_text(
        "\ndeb [arch=amd64 signed-by=/a.gpg] mirror:debian/ bookworm main\n", encoding="ascii")
    (fetch.path / "targets").write_text(
        f"bookworm|bookworm|main|mirror:debian/|{fetch.path}/machine.list:2|Packages\n",
        encoding="ascii")
    assert "\nSigned-By: /a.gpg\n" in fetch("apt-sources", "bookworm").stdout


def test_no_debian_at_all(fetch):
    (fetch.path / "targets").write_text("", encoding="ascii")
    done = fetch("apt-sources", "bookworm")
    assert done.returncode == 1 and "no working source" in done.stderr
