"""What stands in the cells of an offline workbook that came back: found by ids, wherever rows and columns were moved to.

Nothing here knows an answer. A cell is found by the id in its row and the id in the head of its column; a sheet may be renamed, sorted,
filtered, or be gone. What has no id is left alone and listed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from exports.kit_layout import read_place
from imports.kit_cells import CellKey
from imports.workbook_file import ReadRow, UnreadableWorkbook, WorkbookFile, open_workbook
from imports.workbook_package import Limits

ID_HEAD, ANSWER_HEAD, RESULT_HEAD = "id", "answer", "result"
"""Heads by which columns are found: of the cell's id, of its answer, of what came of it when it was read back."""
META_SHEET, STATED_KEY, SIGNATURE_KEY = "_meta", "stated", "signature"
LIMITS = Limits()
_ROW_ID = re.compile(r"([a-z][a-z0-9]*\.[a-z][a-z0-9_]*)/(\+[1-9]\d{0,3}|[0-9A-Za-z_-]{1,40})")
MOST_CELLS = 200_000
MOST_LETTERS = 20_000_000
"""Of all answers together: a workbook of 10 MB that holds more was made to be unpacked, not to be read."""
MOST_LISTED = 50
"""Sheets, columns and ids that are named as not read; what comes after is counted."""


@dataclass(frozen=True, slots=True)
class FoundCell:
    """What stands in a cell: its kind (as the reader says it), its text, and where it is, such as `P05!F14`."""

    kind: str
    text: str
    place: str


@dataclass
class FoundKit:
    """What was found: the stamp as it stands there (not yet checked), cells by item, and what was passed over."""

    stamp: tuple[dict[str, Any], str] | None = None
    """What the workbook states about itself, and its signature."""
    day_offset: int = 0
    cells: dict[str, dict[CellKey, FoundCell]] = field(default_factory=dict)
    pieces: dict[tuple[str, str, str], dict[int, FoundCell]] = field(default_factory=dict)
    twice: list[tuple[str, str]] = field(default_factory=list)
    """(item id, place) of a cell that stands there a second time with another text."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Ids that the questionnaire does not have, each with its place."""
    ignored_sheets: list[str] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)


def read_kit(file: IO[bytes], items: Iterable[str], limits: Limits = LIMITS) -> FoundKit:
    """Read a workbook in a process apart. Raises UnreadableWorkbook; a workbook without any id gives `no_answers`."""
    known = frozenset(items)
    with open_workbook(file, limits, (META_SHEET,)) as book:
        found = FoundKit(day_offset=book.day_offset)
        reading = _Reading(found, known)
        for name, rows in book.read():
            if name == META_SHEET:
                found.stamp = _stamp(rows)
            else:
                reading.sheet(name, rows, _state(book, name))
    if not found.cells and not found.unknown:
        raise UnreadableWorkbook("no_answers")
    return found


def _state(book: WorkbookFile, name: str) -> str:
    return next((sheet.state for sheet in book.sheets if sheet.name == name), "visible")


def _stamp(rows: Iterable[ReadRow]) -> tuple[dict[str, Any], str] | None:
    """What the workbook states and its signature: the texts beside their keys, put together; None where that is no stamp."""
    parts: dict[str, list[str]] = {STATED_KEY: [], SIGNATURE_KEY: []}
    for row in rows:
        texts = [text for _column, (_kind, text) in sorted(row.cells.items())]
        if len(texts) >= 2 and texts[0] in parts and len(parts[texts[0]]) < 1_000:
            parts[texts[0]].append(texts[1])
    try:
        stated = json.loads("".join(parts[STATED_KEY]))
    except ValueError:
        return None
    return (stated, "".join(parts[SIGNATURE_KEY])) if isinstance(stated, dict) else None


class _Reading:
    """The sheets one after the other."""

    def __init__(self, found: FoundKit, known: frozenset[str]) -> None:
        self._found, self._known = found, known
        self._cells = self._letters = 0

    def sheet(self, name: str, rows: Iterable[ReadRow], state: str) -> None:
        """One sheet: the last row with the head of an id says what the columns below hold."""
        heads: dict[int, str] = {}
        ids = 0
        used: set[int] = set()
        anything = False
        for row in rows:
            anything = True
            texts = {column: text.strip() for column, (_kind, text) in row.cells.items()}
            if ID_HEAD in texts.values():
                heads = dict(texts.items())
                continue
            ids = next((column for column, head in heads.items() if head == ID_HEAD), 0)
            if ids in texts:
                self._row(name, row, heads, texts[ids])
            if heads:
                used |= row.cells.keys() - heads.keys()
        if not heads and anything and state == "visible":
            self._list(self._found.ignored_sheets, name)
        for column in sorted(used):
            self._list(self._found.ignored_columns, f"{name}!{letters(column)}")

    def _row(self, name: str, row: ReadRow, heads: Mapping[int, str], id_text: str) -> None:
        parsed = _read_id(id_text)
        if parsed is None:
            return
        item_id, row_id, path, piece = parsed
        if item_id not in self._known:
            if len(self._found.unknown) < MOST_LISTED:
                self._found.unknown.setdefault(item_id, f"{name}!{letters(min(row.cells))}{row.number}")
            return
        cells = self._found.cells.setdefault(item_id, {})
        for column, head in heads.items():
            if head in {ID_HEAD, RESULT_HEAD} or (path is not None and head != ANSWER_HEAD):
                continue
            part = path if path is not None else head
            kind, text = row.cells.get(column, ("s", ""))
            self._put(
                item_id, cells, (row_id, part), piece, FoundCell(kind, text, f"{name}!{letters(column)}{row.number}")
            )

    def _put(self, item_id: str, cells: dict[CellKey, FoundCell], key: CellKey, piece: int, cell: FoundCell) -> None:
        self._cells += 1
        self._letters += len(cell.text)
        if self._cells > MOST_CELLS or self._letters > MOST_LETTERS:
            raise UnreadableWorkbook("too_much", cell.place)
        pieces = self._found.pieces.setdefault((item_id, *key), {})
        before = pieces.setdefault(piece, cell)
        if (before.kind, before.text) != (cell.kind, cell.text):
            self._found.twice.append((item_id, cell.place))
        # A text that takes several cells is one text, found where its first cell is.
        first = pieces[min(pieces)]
        cells[key] = FoundCell(first.kind, "".join(one.text for _number, one in sorted(pieces.items())), first.place)

    @staticmethod
    def _list(names: list[str], name: str) -> None:
        if len(names) < MOST_LISTED:
            names.append(name)


def _read_id(text: str) -> tuple[str, str, str | None, int] | None:
    """(item id, row id, path, piece) of an id; the path is None for a row whose heads name the parts. None for what is no id."""
    place = read_place(text)
    if place is not None:
        return place.item_id, place.row, f"{place.part}={place.code}" if place.code else place.part, place.piece
    found = _ROW_ID.fullmatch(text)
    return (found[1], found[2], None, 1) if found else None


def letters(column: int) -> str:
    """The letters of a column counted from 1."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
