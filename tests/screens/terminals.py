# SPDX-License-Identifier: BSD-2-Clause
"""Other terminals than ours: each is fed bytes and gives its picture, rows of Cell."""

import collections
import os
import re
import subprocess
import sys
import tempfile
import unicodedata

import pyte

# text: '' is the right half of a wide character. fg, bg: None, a number of the palette of 256, or
# 'rrggbb'. attributes: a set of names.
Cell = collections.namedtuple("Cell", "text fg bg attributes")

BLANK = Cell(" ", None, None, frozenset())
NOT_TOLD = Cell(None, None, None, None)

ATTRIBUTES = ["bold", "dim", "italic", "underline", "blink", "inverse", "hidden", "strike"]
SHOWN_ON_BLANK = {"underline", "inverse", "strike"}


def cell(text, fg, bg, attributes):
    """Blanks that look alike are equal."""
    text = unicodedata.normalize("NFC", text)
    attributes = frozenset(attributes)
    if text == " " and not attributes & SHOWN_ON_BLANK:
        return Cell(" ", None, bg, frozenset())
    return Cell(text, fg, bg, attributes)


def differences(want, have, same):
    assert [len(row) for row in want] == [len(row) for row in have]
    return [(x, y, want_cell, have_cell)
            for y, (want_row, have_row) in enumerate(zip(want, have))
            for x, (want_cell, have_cell) in enumerate(zip(want_row, have_row))
            if not same(want_cell, have_cell)]


def model_picture(cells):
    """From show_screen's numbers, which are those of lib/screen.h."""
    def colour(value):
        if value == 0:
            return None
        return value & 0xff if value >> 24 == 1 else f"{value & 0xffffff:06x}"

    def attributes(value):
        return {name for bit, name in enumerate(ATTRIBUTES) if value >> (21 + bit) & 1}

    return [[cell(text, colour(fg), colour(bg), attributes(bits)) for text, fg, bg, bits in row]
            for row in cells]


class PyteScreen(pyte.Screen):
    """Deleted characters leave blanks in the pen's background, as in xterm and tmux."""

    def delete_characters(self, count=None):
        super().delete_characters(count)
        for x in range(max(self.cursor.x, self.columns - (count or 1)), self.columns):
            self.buffer[self.cursor.y][x] = self.cursor.attrs


# Streams, by kind of terminal, that it cannot show.
NOT_SHOWN = {"pyte": {"dialog"}, "tmux": set()}


class Pyte:
    """python3-pyte 0.8, which is in memory. What it takes for something else is kept from it:
    sequences with a prefix other than its few modes, and device control strings. Its colours 8 to
    15 are bold ones of 0 to 7, so it is given them as of the palette. What it has not: the
    alternate screen (so it is not compared while a program has left that), dim, hidden and blinking
    text, the line drawing set while it takes UTF-8."""

    UNKNOWN = re.compile(rb"\x1b\[[>=<][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*[^0-9;hl]|\x1bP.*?\x1b\\",
                         re.DOTALL)
    SGR = re.compile(rb"\x1b\[([0-9;]*)m")
    LACKS = {"dim", "hidden", "blink"}

    def __init__(self, columns, rows):
        self.screen = PyteScreen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.is_comparable = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def feed(self, data):
        self.stream.feed(self.SGR.sub(self._palette, data))

    @staticmethod
    def _palette(match):
        def parameter(text):
            number = int(text or 0)
            if 90 <= number <= 97:
                return f"38;5;{number - 90 + 8}"
            return f"48;5;{number - 100 + 8}" if 100 <= number <= 107 else str(number)

        parameters = match[1].decode().split(";")
        if not {"38", "48"} & set(parameters):  # there, numbers mean something else
            parameters = map(parameter, parameters)
        return f"\x1b[{';'.join(parameters)}m".encode()

    def feed_stream(self, data):
        entered, left = data.rfind(b"\x1b[?1049h"), data.rfind(b"\x1b[?1049l")
        if entered != left:
            self.is_comparable = entered > left
        self.feed(self.UNKNOWN.sub(b"", data))

    def picture(self):
        return [[self._cell(self.screen.buffer[y][x]) for x in range(self.screen.columns)]
                for y in range(self.screen.lines)]

    def cursor(self):
        # Behind the last column it waits to wrap.
        return min(self.screen.cursor.x, self.screen.columns - 1), self.screen.cursor.y

    @staticmethod
    def _cell(char):
        names = {"bold": char.bold, "italic": char.italics, "underline": char.underscore,
                 "inverse": char.reverse, "strike": char.strikethrough}
        fg, bg = [None if value == "default" else value for value in (char.fg, char.bg)]
        return cell(char.data, fg, bg, {name for name, on in names.items() if on})

    @classmethod
    def same_cell(cls, want, have):
        return (want.text == have.text and want.attributes - cls.LACKS == have.attributes and
                cls._same_colour(want.fg, have.fg) and cls._same_colour(want.bg, have.bg))

    @staticmethod
    def _same_colour(want, have):
        if not isinstance(want, int):
            return want == have
        return have in (pyte.graphics.FG_BG_256[want], pyte.graphics.FG_ANSI.get(want + 30))


# In the pane: gives tmux what comes in pieces through a FIFO, and says when tmux has read it all,
# which is when it has answered a question behind it.
FEEDER = r"""
import os, sys, termios, tty
tty.setraw(0)
with open(sys.argv[1], "rb") as pieces, open(sys.argv[2], "w") as done:
    while True:
        length = pieces.read(8)
        if not length:
            break
        data = pieces.read(int(length))
        while data:
            data = data[os.write(1, data):]
        termios.tcflush(0, termios.TCIFLUSH)
        os.write(1, b"\x1b[5n")
        answer = b""
        while b"\x1b[0n" not in answer:
            answer += os.read(0, 100)
        print("done", file=done, flush=True)
"""


class Tmux:
    """tmux in a server of its own. Its capture-pane gives a picture as text with SGR. Of blanks at
    the end of a line that were erased and not written it does not tell the background."""

    def __init__(self, columns, rows):
        self.size = columns, rows
        self.is_comparable = True

    def __enter__(self):
        columns, rows = self.size
        self.folder = tempfile.TemporaryDirectory()
        path = self.folder.name
        for name in "pieces", "done":
            os.mkfifo(f"{path}/{name}")
        with open(f"{path}/feeder.py", "w", encoding="utf-8") as file:
            file.write(FEEDER)
        with open(f"{path}/conf", "w", encoding="utf-8") as file:
            file.write("set -g status off\nset -g escape-time 0\nset -g allow-rename off\n")
        self._tmux("-f", f"{path}/conf", "-u", "new-session", "-d", "-x", columns, "-y", rows,
                   "-s", "test", sys.executable, f"{path}/feeder.py", f"{path}/pieces",
                   f"{path}/done")
        self.pieces = open(f"{path}/pieces", "wb", buffering=0)
        self.done = open(f"{path}/done", "r", encoding="utf-8")
        return self

    def __exit__(self, *_):
        self.pieces.close()
        self.done.close()
        self._tmux("kill-server", check=False)
        self.folder.cleanup()

    def _tmux(self, *words, check=True):
        result = subprocess.run(["tmux", "-S", f"{self.folder.name}/socket", *map(str, words)],
                                stdout=subprocess.PIPE, check=check, timeout=60,
                                env={**os.environ, "LC_ALL": "C.UTF-8"})
        return result.stdout.decode()

    def feed(self, data):
        self.pieces.write(f"{len(data):8}".encode() + data)
        assert self.done.readline() == "done\n"

    feed_stream = feed

    def picture(self):
        lines = self._tmux("capture-pane", "-p", "-e", "-N", "-t", "test").split("\n")
        return Captured().lines(lines[:self.size[1]], self.size[0])

    def cursor(self):
        place = self._tmux("display-message", "-p", "-t", "test", "#{cursor_x} #{cursor_y}")
        x, y = place.split()
        return min(int(x), self.size[0] - 1), int(y)

    @staticmethod
    def same_cell(want, have):
        return want == have or (have == NOT_TOLD and want._replace(bg=None) == BLANK)


class Captured:
    """Reads what capture-pane -e gives: characters, SGR, and SO and SI around those of the line
    drawing set. The pen goes on from line to line."""

    PIECES = re.compile(r"\x1b\[([0-9;:]*)m|(\x0e)|(\x0f)|(.)", re.DOTALL)
    SET = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 5: "blink", 7: "inverse",
           8: "hidden", 9: "strike"}
    LINES = dict(zip("`afgijklmnopqrstuvwxyz{|}~",
                     "\u25c6\u2592\u00b0\u00b1\u240b\u2518\u2510\u250c\u2514\u253c\u23ba\u23bb"
                     "\u2500\u23bc\u23bd\u251c\u2524\u2534\u252c\u2502\u2264\u2265\u03c0\u2260"
                     "\u00a3\u00b7"))

    def __init__(self):
        self.fg = self.bg = None
        self.attributes = set()
        self.drawing = False

    def lines(self, lines, columns):
        return [self._line(line, columns) for line in lines]

    def _line(self, line, columns):
        row = []
        for sgr, out, back, char in self.PIECES.findall(line):
            if out or back:
                self.drawing = bool(out)
            elif not char:
                self._sgr([int(number or 0) for number in re.split("[;:]", sgr)])
            elif unicodedata.combining(char) and row:
                last = -2 if row[-1].text == "" else -1
                row[last] = cell(row[last].text + char, *row[last][1:])
            else:
                char = self.LINES.get(char, char) if self.drawing else char
                row.append(cell(char, self.fg, self.bg, self.attributes))
                if unicodedata.east_asian_width(char) in "WF":
                    row.append(cell("", self.fg, self.bg, self.attributes))
        return row + [NOT_TOLD] * (columns - len(row))

    def _sgr(self, numbers):
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                self.fg = self.bg = None
                self.attributes = set()
            elif number in self.SET:
                self.attributes.add(self.SET[number])
            elif number in (38, 48):
                colour = numbers.pop(1) if numbers[0] == 5 else \
                    "".join(f"{numbers.pop(1):02x}" for _ in range(3))
                numbers.pop(0)
                self._colour(number == 38, colour)
            elif number in (39, 49):
                self._colour(number == 39, None)
            elif 30 <= number <= 47:
                self._colour(number < 40, number % 10)
            elif 90 <= number <= 107:
                self._colour(number < 100, number % 10 + 8)
            else:
                raise ValueError(f"SGR {number} in tmux's picture")

    def _colour(self, is_text, colour):
        if is_text:
            self.fg = colour
        else:
            self.bg = colour


KINDS = {"pyte": Pyte, "tmux": Tmux}
