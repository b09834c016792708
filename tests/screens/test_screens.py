# SPDX-License-Identifier: BSD-2-Clause
"""The screen model, and what the painter makes of it at the far end of a line, beside two other
terminals: python3-pyte and tmux. All are fed the recorded streams of full-screen programs (see
`record`) and compared, cell by cell, at each checkpoint."""

import json
import os
import subprocess

import pytest

import terminals

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHOW = os.path.join(os.environ.get("CAISSON_BUILD", os.path.join(ROOT, "build")),
                    "host/tests/screens/show_screen")
with open(f"{HERE}/streams/index.json", encoding="utf-8") as index:
    INDEX = json.load(index)
CURSOR_VISIBLE = 1
# Bytes fed between two calls of the painter, and room for what it sends.
PACES = {"quick": (64, 2048), "slow": (4096, 100)}


class Stream:
    def __init__(self, name):
        self.columns, self.rows = INDEX[name]["columns"], INDEX[name]["rows"]
        self.offsets = INDEX[name]["checkpoints"]
        with open(f"{HERE}/streams/{name}", "rb") as file:
            data = file.read()
        self.pieces = [data[start:end] for start, end in zip([0, *self.offsets], self.offsets)]

    def show(self, pace):
        """The model at each checkpoint, as show_screen says."""
        words = [SHOW, self.columns, self.rows, *PACES[pace], *self.offsets]
        result = subprocess.run([str(word) for word in words], input=b"".join(self.pieces),
                                stdout=subprocess.PIPE, check=True, timeout=60)
        return [json.loads(part) for part in result.stdout.split(b"\n\n") if part.strip()]


@pytest.fixture(name="stream", params=sorted(INDEX))
def _stream(request):
    return request.param, Stream(request.param)


def compare(what, shown, terminal, cursor=True):
    """The terminal's picture is that of the model."""
    want = terminals.model_picture(shown["cells"])
    wrong = terminals.differences(want, terminal.picture(), terminal.same_cell)
    assert not wrong, f"{what}: {len(wrong)} cells differ, the first (column, row, model, other): " \
                      f"{wrong[:5]}"
    if cursor and shown["modes"] & CURSOR_VISIBLE:
        assert terminal.cursor() == tuple(shown["cursor"]), f"{what}: cursor"


@pytest.mark.parametrize("name, kind", [(name, kind) for kind in terminals.KINDS
                                        for name in sorted(INDEX)
                                        if name not in terminals.NOT_SHOWN[kind]])
def test_the_model_shows_what_other_terminals_show(name, kind):
    data, compared = Stream(name), 0
    with terminals.KINDS[kind](data.columns, data.rows) as terminal:
        for number, shown in enumerate(data.show("quick")):
            terminal.feed_stream(data.pieces[number])
            if terminal.is_comparable:
                compare(f"{name} at {data.offsets[number]}", shown, terminal)
                compared += 1
    assert compared > len(data.pieces) // 2


@pytest.mark.parametrize("pace", sorted(PACES))
@pytest.mark.parametrize("kind", sorted(terminals.KINDS))
def test_terminals_show_what_is_painted(stream, kind, pace):
    name, data = stream
    with terminals.KINDS[kind](data.columns, data.rows) as terminal:
        for number, shown in enumerate(data.show(pace)):
            terminal.feed(bytes.fromhex(shown["sent"]))
            compare(f"{name} at {data.offsets[number]}", shown, terminal)


def test_a_switch_takes_few_bytes(stream):
    name, data = stream
    for number, shown in enumerate(data.show("quick")):
        print(f"{name} at {data.offsets[number]}: {shown['switch_bytes']} bytes for "
              f"{shown['text_bytes']} of text")
        assert shown["switch_bytes"] <= max(2 * shown["text_bytes"], 16)
