# SPDX-License-Identifier: BSD-2-Clause
"""The rows about consoles: what a byte of a guest's output costs, what a switch sends, what a console
takes. The payload writes to its UART twice, and waits for a byte that is typed in between."""

import json
import os
import subprocess

from machine import Failed, Machine, finish_rows

STREAMS = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))),
                       "screens/streams")
TYPED = "g"
SECONDS = 900
TEXT_MIN = 64  # bytes of a screen whose switch is measured: an almost empty one says nothing


def caisson(command):
    """Rows of the service VM, and the bytes of its console. The log is shown at first, so that
    nobody watches; it tells when the payload waits."""
    with Machine("caisson", command, SECONDS) as system:
        system.wait_for(r"refused \(ESR")
        system.send("\x07?")
        memory = int(system.wait_for(r"svm\b[^\n]*?(\d+) K")[1])
        system.send("\x071" + TYPED)
        return finish_rows(system), 1024 * memory


def xen_focus(system, wanted):
    """Input goes to Xen or to one of its domains: each three of Ctrl-A switch to the next one."""
    for _ in range(4):
        before = len(system.text)
        system.send("\x01\x01\x01")
        found = system.wait_for(r"(?s)^.{%d}.*?Serial input to (\w+) " % before)
        if found[1] == wanted:
            return
    raise Failed(f"{system.name}: input cannot be switched to {wanted}{system.tail()}")


def xen(command):
    """The same rows of a domain, whose output Xen shows in any case: line by line, behind the
    domain's name, while input goes elsewhere, and as it comes while input goes to it."""
    with Machine("xen", command, SECONDS) as system:
        system.wait_for("BENCH waits")
        xen_focus(system, "DOM1")
        system.send(TYPED)
        return finish_rows(system)


def derived(rows):
    """Of a byte, what the console does: all but the exit that brings it. rows: name -> number."""
    if "byte_exit" not in rows:
        return {}
    return {name.replace("byte_", "console_"): value - rows["byte_exit"]
            for name, value in rows.items() if name.startswith(("byte_text", "byte_escapes"))}


def switch_ratios(build):
    """Bytes that a switch sends, against those of the screen's text, of each recorded screen, from
    a screen full of other text; the smallest first."""
    program = os.path.join(build, "host/tests/screens/show_screen")
    if not os.path.isfile(program):
        raise Failed(f"{program} does not exist: build it with tools/build host")
    with open(os.path.join(STREAMS, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    ratios = []
    for name, stream in index.items():
        words = [program, stream["columns"], stream["rows"], 64, 2048, *stream["checkpoints"]]
        with open(os.path.join(STREAMS, name), "rb") as file:
            done = subprocess.run([str(word) for word in words], stdin=file, check=True,
                                  stdout=subprocess.PIPE)
        for part in done.stdout.split(b"\n\n"):
            shown = json.loads(part) if part.strip() else {"text_bytes": 0}
            if shown["text_bytes"] >= TEXT_MIN:
                ratios.append(round(shown["switch_bytes"] / shown["text_bytes"], 4))
    return sorted(ratios)
