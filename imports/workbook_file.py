"""A workbook that somebody sent, read by a process apart: a stream of rows, or a refusal with a code. Nothing of it is trusted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any, NamedTuple

from imports.workbook_package import Limits
from settings import ROOT

PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); from imports.workbook_reader import main; sys.exit(main(sys.argv[2]))"
)
"""The reader without anything that is installed: the standard library and this project, nothing else."""
LONGEST_LINE = 1 << 27
"""Bytes of one row as the reader writes it."""
DAYS_TO_1904 = 1462
PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH")
"""What the reader needs of this process's surroundings on some systems. It gets nothing else, and so no secret."""


class UnreadableWorkbook(Exception):
    """The file is not read, or not to its end; `code` says why and stays the same, `about` names a place in it."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(f"{code}: {about}" if about else code)
        self.code, self.about = code, about


Cell = tuple[str, str]
"""What a cell holds: its kind (`imports.workbook_reader.KINDS`, with `f` before it for a formula) and its text."""


class ReadRow(NamedTuple):
    """A row that holds anything: its number and its cells by column; both are counted from 1."""

    number: int
    cells: dict[int, Cell]


@dataclass(frozen=True, slots=True)
class SheetName:
    """A worksheet by name, and whether it is `visible`, `hidden` or `veryHidden`."""

    name: str
    state: str


class WorkbookFile:
    """A workbook while it is read, from its first sheet to its last, once."""

    def __init__(self, lines: Iterator[Any], progress: Callable[[], object]) -> None:
        self._lines, self._progress = lines, progress
        head = next(lines)
        self.sheets = tuple(SheetName(*one) for one in head["sheets"])
        self.day_offset = DAYS_TO_1904 if head["from_1904"] else 0
        """What is to be added to the number of a day: some programs count days from 1904."""

    def read(self) -> Iterator[tuple[str, Iterator[ReadRow]]]:
        """Each worksheet with its rows. What is left of them when the next sheet is asked for is passed over."""
        line = next(self._lines)
        while "sheet" in line:
            rows = _Rows(self._lines, self._progress)
            yield line["sheet"], rows
            for _row in rows:
                pass
            line = rows.after


class _Rows:
    """The rows up to the next line that is none."""

    def __init__(self, lines: Iterator[Any], progress: Callable[[], object]) -> None:
        self._lines, self._progress = lines, progress
        self.after: dict[str, Any] = {}

    def __iter__(self) -> Iterator[ReadRow]:
        return self

    def __next__(self) -> ReadRow:
        if self.after:
            raise StopIteration
        line = next(self._lines)
        if isinstance(line, dict):
            self.after = line
            raise StopIteration
        self._progress()
        number, columns, kinds, texts = line
        return ReadRow(number, dict(zip(columns, zip(kinds, texts, strict=True), strict=True)))


@contextmanager
def open_workbook(
    file: IO[bytes], limits: Limits, first: Sequence[str] = (), progress: Callable[[], object] = lambda: None
) -> Iterator[WorkbookFile]:
    """Start to read a workbook; the sheets named in `first` come before the others, in that order. `progress` is called per row.

    Raises UnreadableWorkbook, here or while rows are read. Memory holds one row; the process is gone when the block ends.
    """
    with _as_descriptor(file) as source:
        command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(ROOT), json.dumps({**asdict(limits), "first": first})]
        reader = subprocess.Popen(  # noqa: S603 # our own program; the file is its input, never part of the command
            command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        )  # fmt: skip
        assert reader.stdout is not None
        try:
            yield WorkbookFile(_lines(reader, reader.stdout), progress)
        finally:
            reader.kill()
            reader.stdout.close()
            reader.wait()


@contextmanager
def _as_descriptor(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The file as one that a process can be given: itself, or a copy where it stands in memory only."""
    try:
        file.fileno()
    except OSError:
        with tempfile.TemporaryFile(prefix="received-") as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.seek(0)
            yield copy
        return
    file.seek(0)
    yield file


def _lines(reader: subprocess.Popen[bytes], out: IO[bytes]) -> Iterator[Any]:
    while data := out.readline(LONGEST_LINE):
        if not data.endswith(b"\n"):
            break
        line = json.loads(data)
        if isinstance(line, dict):
            if "refused" in line:
                raise UnreadableWorkbook(line["refused"], line["about"])
            if "end" in line:
                yield line
                return
        yield line
    # It was ended from outside before it could say why: by the limit on time or memory, on some systems.
    reader.kill()
    raise UnreadableWorkbook("too_much_work")
