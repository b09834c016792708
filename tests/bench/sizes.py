# SPDX-License-Identifier: BSD-2-Clause
"""What of Caisson runs at EL2, counted from what was linked."""

import os
import re
import subprocess


def readelf(*arguments):
    done = subprocess.run(["aarch64-linux-gnu-readelf", "-W", *arguments], capture_output=True,
                          text=True, check=True)
    return done.stdout


def text_bytes(elf):
    """Bytes in executable sections."""
    total = 0
    row = re.compile(r"\]\s+\S+\s+(?:PROGBITS|NOBITS)\s+\w+\s+\w+\s+(\w+)\s+\w+\s+(\w*)\s+\d+\s")
    for size, flags in row.findall(readelf("-S", elf)):
        if "X" in flags:
            total += int(size, 16)
    return total


def linked_sources(elf):
    """The source file of every compilation unit, from the debug information."""
    text = readelf("--debug-dump=info", "--dwarf-depth=1", elf)
    files = set()
    for unit in text.split("DW_TAG_compile_unit")[1:]:
        name = re.search(r"DW_AT_name\s*:(?: \(.*?\):)? (\S+)", unit)[1]
        folder = re.search(r"DW_AT_comp_dir\s*:(?: \(.*?\):)? (\S+)", unit)
        files.add(os.path.normpath(os.path.join(folder[1] if folder else "", name)))
    return files


def headers(build, sources, root):
    """Headers of the repository that these sources include, as the compiler reported them."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True,
                          check=True).stdout
    found = set()
    for block in text.split("\n\n"):
        paths = {os.path.realpath(os.path.join(build, line.strip()))
                 for line in block.split("\n")[1:] if line.startswith("    ")}
        if paths & sources:
            found |= {path for path in paths if path.startswith(root + os.sep)}
    # What the build itself made, such as the broken copies of tests/coherency, is none of it.
    made = os.path.realpath(build) + os.sep
    return {path for path in found - sources if not path.startswith(made)}


def code_lines(path):
    """Lines that hold more than white space and comments."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    pattern = r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'

    def without(found):
        if found[0].startswith('"'):
            return found[0]
        return "\n" * found[0].count("\n")

    return sum(1 for line in re.sub(pattern, without, text, flags=re.DOTALL).split("\n")
               if line.strip())


def el2_lines(elf, build, root):
    sources = {os.path.realpath(path) for path in linked_sources(elf)}
    return sum(code_lines(path) for path in sources | headers(build, sources, root))


# What each file is for, by its path in the repository; the first that matches.
PARTS = {
    "debugger": r"gdb|/dbg",
    "consoles": r"^hyp/console/|^hyp/vm/(inspect|trace)\.|^hyp/core/crosscall\.|^lib/(screen|painter|"
                r"charwidth|hostui|termkey|portinput|lineedit|shellcmd|conopt|ring|walk|pl011|uart)",
    "user VMs": r"^hyp/vm/(u\w+|dcc|hypercall|dedicate|event)\.|^lib/(owner|ublock|vcpustate)\.",
    "the service VM": "",
}
ROOMS = {"arch": r"^arch/", "lib, abi": r"^(lib|abi)/", "hyp/core": r"^hyp/(core|variant|main)",
         "hyp/vm": r"^hyp/vm/", "hyp/console": r"^hyp/console/"}


def first_match(patterns, path):
    return next(name for name, pattern in patterns.items() if re.search(pattern, path))


def el2_parts(elf, build, root):
    """(room, part) -> [bytes of its functions, lines]: both sums leave out only what is between
    functions."""
    sources = {os.path.realpath(path) for path in linked_sources(elf)}
    found = {}

    def of(path):
        path = os.path.relpath(os.path.realpath(path), root)
        return found.setdefault((first_match(ROOMS, path), first_match(PARTS, path)), [0, 0])

    for path in sources | headers(build, sources, root):
        of(path)[1] += code_lines(path)
    symbols = subprocess.run(["aarch64-linux-gnu-nm", "-S", "-l", elf], capture_output=True,
                             text=True, check=True).stdout
    for size, path in re.findall(r"^\w+ (\w+) [tT] \S+\t(\S+):\d+$", symbols, re.MULTILINE):
        of(path)[0] += int(size, 16)
    return found
