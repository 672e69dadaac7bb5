"""Lists that officers paste or upload: lines with their numbers, and the State that a cell names."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from instruments.text_cleaning import clean_text
from languages import LANGUAGES
from models.collation import sort_key
from models.states import ReportingState

SEPARATORS = ("\t", ";", ",")
MOST_LINES = 2000
LONGEST_CELL = 1000
LARGEST_LIST = 2_000_000
"""Bytes of an uploaded list."""


class UnreadableList(ValueError):
    """The text is not a list: `code` is `encoding`, `quotes` or `too_long`; `line` where it was noticed (0: nowhere)."""

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(code)
        self.code, self.line = code, line


@dataclass(frozen=True, slots=True)
class ListLine:
    """One line that is not empty: its number in the text (from 1), its cells, and the line as it was given."""

    number: int
    cells: tuple[str, ...]
    text: str

    def cell(self, index: int) -> str:
        """The cell of a column; empty where the line is shorter."""
        return self.cells[index] if index < len(self.cells) else ""


def decode_list(content: bytes) -> str:
    """The text of an uploaded list: UTF-8 with or without byte order mark, or UTF-16 with one. Raises UnreadableList."""
    if len(content) > LARGEST_LIST:
        raise UnreadableList("too_long")
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableList("encoding", content[: error.start].count(b"\n") + 1) from None


def read_list(text: str) -> list[ListLine]:
    """The lines of a list with semicolons, tabs or commas between cells; cells may stand in double quotes.

    The separator is the one that the first line uses most. Raises UnreadableList for a quotation mark that never ends, an
    over-long cell and more than 2,000 lines.
    """
    given = clean_text(text.removeprefix("\ufeff")).split("\n")
    first = next((line for line in given if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader((f"{line}\n" for line in given), delimiter=separator, strict=True)
    lines: list[ListLine] = []
    before = 0
    try:
        for cells in reader:
            number, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                source = "\n".join(given[number - 1 : before])
                lines.append(ListLine(number, tuple(" ".join(cell.split()) for cell in cells), source))
    except csv.Error:
        raise UnreadableList("quotes", before + 1) from None
    if len(lines) > MOST_LINES:
        raise UnreadableList("too_long", lines[MOST_LINES].number)
    for line in lines:
        if any(len(cell) > LONGEST_CELL for cell in line.cells):
            raise UnreadableList("too_long", line.number)
    return lines


def read_day(text: str) -> date:
    """A day as year-month-day, or as day/month/year where the day cannot be a month. Raises ValueError for any other text."""
    parts = text.split("/")
    if len(parts) == 3 and len(parts[2]) == 4 and all(part.isascii() and part.isdecimal() for part in parts):
        first, second, year = map(int, parts)
        if first <= 12 and first != second:
            raise ValueError(text)  # 03/04/2026 is two days, depending on who wrote it
        return date(year, second, first)
    return date.fromisoformat(text)


class StateFinder:
    """Finds a State by its three-letter code or by its short name in any of the six languages, accents and case aside."""

    def __init__(self, states: Iterable[ReportingState]) -> None:
        self._by_code: dict[str, ReportingState] = {}
        self._by_name: dict[object, ReportingState] = {}
        for state in states:
            self._by_code[state.id] = state
            for language in LANGUAGES:
                if name := state.names.get(language):
                    self._by_name[self._key(name, language)] = state

    @staticmethod
    def _key(name: str, language: str) -> object:
        # The collation key without its tie-breakers: what is the same to an index is the same name. Chinese has no such marks.
        return (language, name.strip()) if language == "zh" else (language, sort_key(name, language)[0])

    def named(self, lines: Iterable[ListLine], column: int) -> dict[str, list[int]]:
        """The numbers of the lines that name each State, by its code: more than one is a State named twice."""
        found: dict[str, list[int]] = {}
        for line in lines:
            if state := self.find(line.cell(column)):
                found.setdefault(state.id, []).append(line.number)
        return found

    def find(self, name: str) -> ReportingState | None:
        """The State that is meant, or None."""
        if not name:
            return None
        if found := self._by_code.get(name.upper()):
            return found
        return next((found for language in LANGUAGES if (found := self._by_name.get(self._key(name, language)))), None)
