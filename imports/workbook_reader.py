"""The bounded reader of workbooks: a program of its own that reads one .xlsx and writes its cells as lines of JSON.

It runs as a process apart (`imports.workbook_file` starts it), because a file that was sent in may be made to exhaust whoever
opens it. It needs the standard library alone, keeps one row in memory, parses no style, follows no link, and gives up with a code
as soon as a limit is passed. Limits of the operating system stand behind its own.

The file is its standard input; its one argument is JSON: the fields of `Limits`, and `first`, the names of sheets to be read
before the others. Its lines are `{"sheets": …}`, then for each sheet `{"sheet": name}` and one list for each row that holds
anything: its number, and the columns, kinds and texts of its cells. The last line is `{"end": true}` or `{"refused": code}`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sys
import tempfile
from array import array
from collections.abc import Callable, Sequence
from typing import IO, Any

from imports.workbook_package import MEGABYTE, MOST_DEPTH, Limits, Package, Refused, read_outline

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
LONGEST_TEXT = 100_000
"""Characters of one cell. A spreadsheet holds 32,767."""
STRINGS_IN_MEMORY = 16 * MEGABYTE
"""Shared texts beyond this go to a temporary file, which only this process sees."""

KINDS = {"n": "n", "b": "b", "e": "e", "d": "d", "s": "s", "str": "s", "inlineStr": "s"}
"""The kind of a cell's text by the type in the file: number, truth value, error, ISO date, text. `f` before a kind: of a formula."""

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LETTERS = re.compile("[A-Z]{1,3}")


class Strings:
    """The shared texts: the first ones in memory, the rest in a temporary file."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._room = STRINGS_IN_MEMORY
        self._file: IO[bytes] | None = None
        self._places = array("Q", [0])

    def add(self, text: str) -> None:
        """The next text."""
        if self._file is None:
            self._room -= sys.getsizeof(text) + 8
            if self._room >= 0:
                self._texts.append(text)
                return
            self._file = tempfile.TemporaryFile(prefix="strings-")  # noqa: SIM115 # see close
        self._places.append(self._places[-1] + self._file.write(text.encode("utf-8", "surrogatepass")))

    def get(self, number: int) -> str:
        """A text by its number. Raises Refused for one that is not there."""
        if 0 <= number < len(self._texts):
            return self._texts[number]
        place = number - len(self._texts)
        if self._file is None or not 0 <= place < len(self._places) - 1:
            raise Refused("damaged", "sharedStrings")
        self._file.seek(self._places[place])
        return self._file.read(self._places[place + 1] - self._places[place]).decode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Give up the texts."""
        if self._file is not None:
            self._file.close()


def read_strings(package: Package, name: str) -> Strings:
    """The shared texts of a workbook; of rich text the words, of readings (furigana) nothing."""
    strings = Strings()
    parts: list[str] = []
    length, in_text, in_reading = 0, False, False

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal in_text, in_reading
        if tag == "t":
            in_text = not in_reading
        elif tag == "rPh":
            in_reading = True

    def add(data: str) -> None:
        nonlocal length
        if in_text:
            length += len(data)
            if length > LONGEST_TEXT:
                raise Refused("too_much", name)
            parts.append(data)

    def end(tag: str) -> None:
        nonlocal length, in_text, in_reading
        if tag == "t":
            in_text = False
        elif tag == "rPh":
            in_reading = False
        elif tag == "si":
            strings.add(unescaped("".join(parts)))
            parts.clear()
            length = 0

    package.parse(name, start, end, add)
    return strings


def unescaped(text: str) -> str:
    """A text with `_xHHHH_` turned into the character that it stands for (ECMA-376, ST_Xstring)."""
    if "_x" not in text:
        return text
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


class SheetReader:
    """The cells of one worksheet, row by row, given to `emit`. Its handlers run for every tag: few calls, few look-ups.

    `left` is how many characters it may still hand on.
    """

    def __init__(self, name: str, strings: Strings, emit: Callable[[Any], None], left: int) -> None:
        self.left = left
        self._name, self._strings, self._emit = name, strings, emit
        self._row = self._column = self._depth = 0
        self._in_row = self._in_cell = self._in_text = self._in_reading = self._has_formula = False
        self._type = "n"
        self._parts: list[str] = []
        self._line: tuple[int, list[int], list[str], list[str]] = (0, [], [], [])
        self._columns: dict[str, int] = {}

    def read(self, package: Package, member: str) -> None:
        """All rows that hold anything, in order."""
        parser = package.parser(member)
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._add
        package.feed(member, parser)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            place = attributes.get("r")
            if place is None:
                column = self._column + 1
            else:
                letters = place.rstrip("0123456789")
                column = self._columns.get(letters) or self._column_of(letters)
            if not self._in_row or self._in_cell or not self._column < column <= MOST_COLUMNS:
                raise self._damaged()
            self._column, self._in_cell, self._has_formula = column, True, False
            self._type = attributes.get("t", "n")
        elif tag == "v":
            if self._in_text:
                raise self._damaged()
            self._in_text = self._in_cell
        elif tag == "t":
            self._in_text = self._in_cell and not self._in_reading
        elif tag == "row":
            given = attributes.get("r")
            row = self._row + 1 if given is None else int(given)
            if self._in_row or not self._row < row <= MOST_ROWS:
                raise self._damaged()
            self._row, self._column, self._in_row = row, 0, True
            self._line = (row, [], [], [])
        elif ":" in tag:
            self._start(tag.rpartition(":")[2], attributes)
        else:
            self._depth += 1
            if self._depth > MOST_DEPTH:
                raise Refused("too_much", self._name)
            if tag == "f":
                self._has_formula = True
            elif tag == "rPh":
                self._in_reading = True

    def _add(self, data: str) -> None:
        if self._in_text:
            self._parts.append(data)
            self.left -= len(data)
            if self.left < 0:
                raise Refused("unpacks_too_large", self._name)

    def _end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._in_text = False
        elif tag == "c":
            self._in_cell = False
            if self._parts or self._has_formula:
                self._close_cell()
        elif tag == "row":
            self._in_row = False
            if self._line[1]:
                self._emit(self._line)
        elif ":" in tag:
            self._end(tag.rpartition(":")[2])
        else:
            self._depth -= 1
            if tag == "rPh":
                self._in_reading = False

    def _column_of(self, letters: str) -> int:
        if not _LETTERS.fullmatch(letters):
            raise self._damaged()
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        self._columns[letters] = column
        return column

    def _close_cell(self) -> None:
        parts, type_ = self._parts, self._type
        text = parts[0] if len(parts) == 1 else "".join(parts)
        parts.clear()
        kind = KINDS.get(type_)
        if kind is None or len(text) > LONGEST_TEXT:
            raise self._damaged()
        if type_ == "s":
            # A text that is shared counts wherever it stands: ten bytes in the file may be thousands for whoever reads on.
            text = self._strings.get(int(text))
            self.left -= len(text)
        elif kind == "n":
            text = text.strip()
            if text and not math.isfinite(float(text)):
                raise self._damaged()
        else:
            text = unescaped(text)
        if text or self._has_formula:
            _row, columns, kinds, texts = self._line
            columns.append(self._column)
            kinds.append(f"f{kind}" if self._has_formula else kind)
            texts.append(text)

    def _damaged(self) -> Refused:
        return Refused("damaged", f"{self._name}, {self._row}")


def read(file: IO[bytes], limits: Limits, first: Sequence[str], write: Callable[[Any], None]) -> None:
    """Give every line to `write`. Raises Refused, and whatever else a broken file may lead to."""
    package = Package(file, limits)
    outline = read_outline(package)
    write({"sheets": [[sheet.name, sheet.state] for sheet in outline.sheets], "from_1904": outline.from_1904})
    strings = read_strings(package, outline.strings) if outline.strings else Strings()
    left = 2 * limits.unpacked
    places = {name: place for place, name in enumerate(first)}
    for sheet in sorted(outline.sheets, key=lambda one: places.get(one.name, len(places))):
        write({"sheet": sheet.name})
        reader = SheetReader(sheet.name, strings, write, left)
        reader.read(package, sheet.member)
        left = reader.left
    strings.close()
    write({"end": True})


def limit_process(limits: Limits) -> None:
    """Let the operating system end this process if it takes more memory, time or room for files than it may."""
    if sys.platform == "win32":
        return
    import resource

    memory = limits.memory * MEGABYTE
    for kind, most in (
        (resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, limits.seconds + 1), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 2 * limits.unpacked), (resource.RLIMIT_NOFILE, 32),
    ):  # fmt: skip
        # A system that knows no such limit, or has a lower one already.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def main(argument: str) -> int:
    """Read standard input and write lines; the last one says how it ended."""
    given = json.loads(argument)
    first = given.pop("first")
    limits = Limits(**given)
    limit_process(limits)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    out = sys.stdout.buffer

    def write(line: Any) -> None:
        out.write(encode(line).encode("utf-8", "surrogatepass") + b"\n")

    try:
        read(sys.stdin.buffer, limits, first, write)
    except Refused as refusal:
        write({"refused": refusal.code, "about": refusal.about})
    except BrokenPipeError:
        os._exit(0)  # whoever started this has stopped reading
    except MemoryError:
        write({"refused": "too_much_work", "about": ""})
    except Exception as error:
        # A broken file fails in more ways than can be listed: archive, compression, XML, numbers that are none.
        write({"refused": "damaged", "about": type(error).__name__})
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
