# SPDX-License-Identifier: BSD-2-Clause
"""The rooms' include paths let in what docs/start-here.md's table of rooms allows, and nothing
else: tried with a copy of the paths over a tree that has a header in every place."""

import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

HEADERS = ["abi/x.h", "lib/x.h", "arch/aarch64/x.h", "loader/x.h", "hyp/core/x.h", "hyp/vm/x.h",
           "hyp/vm/vdev.h", "hyp/console/x.h", "hyp/cell/x.h", "vmm/x.h", "tests/x.h"]
EL2 = {"abi/x.h", "lib/x.h", "arch/aarch64/x.h"}
ALLOWED = {
    "abi": {"abi/x.h"},
    "lib": {"abi/x.h", "lib/x.h"},
    "arch": EL2,
    "loader": EL2 | {"loader/x.h"},
    "hyp-core": EL2 | {"hyp/core/x.h"},
    "hyp-vm": EL2 | {"hyp/core/x.h", "hyp/vm/x.h", "hyp/vm/vdev.h"},
    "hyp-console": EL2 | {"hyp/core/x.h", "hyp/vm/vdev.h", "hyp/console/x.h"},
    "vmm": {"abi/x.h", "lib/x.h", "vmm/x.h"},
    "hyp-main": EL2 | {name for name in HEADERS if name.startswith("hyp/")},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree")
    shutil.copytree(os.path.join(ROOT, "rooms"), root / "rooms", symlinks=True)
    for name in HEADERS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("typedef int x;\n", encoding="ascii")
    return root


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_room(tree, room):
    let_in = set()
    for name in HEADERS:
        done = subprocess.run(
            ["aarch64-linux-gnu-gcc", "-fsyntax-only", f"-I{tree}/rooms/{room}", "-xc", "-"],
            input=f'#include "{name}"\n', text=True, stderr=subprocess.PIPE, check=False,
            cwd=tree / "rooms")
        if done.returncode == 0:
            let_in.add(name)
        else:
            assert "No such file or directory" in done.stderr
    assert let_in == ALLOWED[room]


def test_every_room_is_known():
    assert set(os.listdir(os.path.join(ROOT, "rooms"))) == set(ALLOWED)


def test_builds_use_the_rooms():
    """No target searches more of the tree than its room, and no include goes up."""
    done = subprocess.run([os.path.join(ROOT, "tools", "lint"), "rooms", "includes"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
