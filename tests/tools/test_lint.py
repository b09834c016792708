# SPDX-License-Identifier: BSD-2-Clause
"""Each check of tools/lint passes a small clean tree, and fails when just its rule is broken."""

import json
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LICENCE = "SPDX-License-Identifier: BSD-2-Clause"

CLEAN = {
    "lib/bits.h": f"/* {LICENCE} */\n#ifndef LIB_BITS_H\n#define LIB_BITS_H\n\n"
                  "#include <stdint.h>\n\nint bits_twice(int value);\n\n#endif\n",
    "lib/bits.c": f"/* {LICENCE} */\n#include \"lib/bits.h\"\n\n#include <string.h>\n\n"
                  "int bits_twice(int value)\n{\n\tint twice;\n\n"
                  "\tmemcpy(&twice, &value, sizeof(twice));\n\treturn 2 * twice;\n}\n",
    "tools/try": f"#!/bin/sh\n# {LICENCE}\necho \"$1\"\n",
    "tools/try.py": f"# {LICENCE}\nimport os\n\nprint(os.getpid())\n",
    "hyp/main.c": f"/* {LICENCE} */\n#include \"lib/bits.h\"\n\nint main_run(void);\n\n"
                  "int main_run(void)\n{\n\treturn bits_twice(1);\n}\n",
}


class Tree:
    def __init__(self, root):
        self.root = root
        for name in ("rooms",):
            shutil.copytree(os.path.join(ROOT, name), root / name, symlinks=True)
        (root / "tools").mkdir()
        for name in ("tools/lint", ".clang-format", ".clang-tidy"):
            shutil.copy(os.path.join(ROOT, name), root / name)
        for name, text in CLEAN.items():
            self.write(name, text)

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def add(self, name, text):
        self.write(name, CLEAN[name] + text)

    def commands(self, builds, more=()):
        """What Meson would leave, for both C files and more: name, room, output."""
        files = [("hyp/main.c", "hyp-main", "hyp/main.o"), ("lib/bits.c", "lib", "lib/bits.o")]
        entries = [{"directory": str(self.root), "file": name,
                    "command": f"clang --target=aarch64-linux-gnu -I{self.root}/rooms/{room} "
                               f"-o {output} -c {name}"}
                   for name, room, output in [*more, *files]]
        for build in builds:
            self.write(f"build/{build}/compile_commands.json", json.dumps(entries))

    def archive(self):
        folder = self.root / "build" / "target" / "lib"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["aarch64-linux-gnu-gcc", "-ffreestanding", "-O1", "-I",
                        str(self.root / "rooms" / "lib"), "-c",
                        str(self.root / "lib" / "bits.c"), "-o", str(folder / "bits.o")],
                       check=True)
        subprocess.run(["aarch64-linux-gnu-ar", "rcs", "libel2lib.a", "bits.o"], cwd=folder,
                       check=True)

    def lint(self, check):
        done = subprocess.run([str(self.root / "tools" / "lint"), check], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode == 0, done.stdout


@pytest.fixture
def tree(tmp_path):
    made = Tree(tmp_path)
    made.commands(["target", "debug", "clang", "host", "fuzz"])
    made.archive()
    return made


def checks():
    text = subprocess.run([os.path.join(ROOT, "tools", "lint"), "--list"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    return text.split()


@pytest.mark.parametrize("check", checks())
def test_clean(tree, check):
    good, text = tree.lint(check)
    assert good, text


def lines(count):
    return "".join(f"\tvalue += {i};\n" for i in range(count))


FUNCTION = "\nint bits_other(int value);\n\nint bits_other(int value)\n{\n%s\treturn value;\n}\n"

# check, file, what is added to it, what must be said
BROKEN = [
    ("format", "lib/bits.c", FUNCTION % "    value++;\n", "clang-format"),
    ("tidy", "lib/bits.c", FUNCTION % "\tint *p = 0;\n\n\tvalue += *p;\n", "NullDereference"),
    ("cppcheck", "lib/bits.c", FUNCTION % "\tint x[2];\n\n\tvalue += x[2];\n", "out of bounds"),
    ("sizes", "lib/bits.c", FUNCTION % lines(98), "a function of 101 lines"),
    ("sizes", "lib/bits.c", "\n" * 1000, "more than 1000"),
    ("sizes", "lib/bits.c", "/*" + "x" * 100 + "*/\n", "more than 100 columns"),
    ("sizes", "tools/try.py", "\ndef f():\n" + "    print(1)\n" * 100, "f() has 101 lines"),
    ("headers", "lib/bits.h", "size_t bits_size(void);\n", "size_t"),
    ("headers", "lib/bits.h", '#include "hyp/core/lock.h"\n', "not found"),
    ("includes", "lib/bits.c", '#include "../hyp/core/lock.h"\n', "goes up"),
    ("includes", "lib/bits.c", "#include <stdio.h>\n", "not for the rooms"),
    ("includes", "lib/bits.c", '#include "lib/table.c"\n', "is not a header"),
    ("cycles", "lib/bits.h", '#include "lib/bits.h"\n', "lib/bits.h -> lib/bits.h"),
    ("symbols", "lib/bits.c", "int strange(void);\nint bits_x(void)\n{\n\treturn strange();\n}\n",
     "refers to strange"),
    ("symbols", "lib/bits.c", "int bits_state = 1;\n", "bits_state is data that can change"),
    ("symbols", "lib/bits.c", "static int count;\nint bits_n(void)\n{\n\treturn count++;\n}\n",
     "count is data that can change"),
    ("purity", "lib/bits.c", 'static void bits_x(void)\n{\n\t__asm__("nop");\n}\n', "assembly"),
    ("purity", "lib/bits.c", "#ifdef DEBUG\n#endif\n", "#ifdef DEBUG"),
    ("shell", "tools/try", "cd $1\n", "SC2086"),
    ("python", "tools/try.py", "import sys\n", "imported but unused"),
    ("python", "tools/try.py", "def f(:\n", "syntax"),
]


@pytest.mark.parametrize("check,name,text,said", BROKEN,
                         ids=[f"{check}{i}" for i, (check, *_) in enumerate(BROKEN)])
def test_broken(tree, check, name, text, said):
    tree.add(name, text)
    if check == "symbols":
        tree.archive()
    good, told = tree.lint(check)
    assert not good
    assert "FAIL" in told and said in told


def test_foreign_room_is_told(tree):
    tree.commands(["clang"], [("hyp/main.c", "../lib", "hyp/other.o")])
    good, told = tree.lint("rooms")
    assert not good and "hyp/main.c: its build searches lib" in told


def test_tests_may_see_anything(tree):
    tree.commands(["host"], [("hyp/main.c", "../lib", "tests/unit/main.o")])
    good, told = tree.lint("rooms")
    assert good, told


def test_unguarded_header_is_told(tree):
    tree.write("lib/bits.h", CLEAN["lib/bits.h"].replace("LIB_BITS_H", "BITS_H"))
    good, told = tree.lint("purity")
    assert not good and "header guard" in told


def test_missing_licence_is_told(tree):
    tree.write("tools/try", "#!/bin/sh\necho\n")
    good, told = tree.lint("licence")
    assert not good and "tools/try" in told


def test_cycle_of_two_is_told(tree):
    tree.add("lib/bits.h", '#include "lib/err.h"\n')
    tree.write("lib/err.h", '#include "lib/bits.h"\n')
    good, told = tree.lint("cycles")
    assert not good and "lib/bits.h -> lib/err.h -> lib/bits.h" in told


def test_long_table_is_fine(tree):
    tree.add("lib/bits.c", "static const int table[] = {\n" + "\t1,\n" * 1000 + "};\n")
    good, told = tree.lint("sizes")
    assert good, told
