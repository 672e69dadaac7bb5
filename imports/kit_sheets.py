"""What stands in the cells of an offline workbook that came back: found by ids, wherever rows and columns were moved to.

Nothing here knows an answer. A cell is found by the id in its row and the id in the head of its column; a sheet may be renamed, sorted,
filtered, or be gone. What has no id is left alone and listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import IO, Any

from exports.kit_front import CHECK, CHOICES, META, START
from exports.kit_layout import ID_HEAD, column_of_head, read_place
from exports.kit_results import RESULT_HEAD, RESULT_SHEET
from exports.shape import gettext_in
from imports.kit_cells import CellKey
from imports.workbook_file import ReadRow, UnreadableWorkbook, open_workbook
from imports.workbook_package import Limits
from languages import LANGUAGES

STATED_KEY, STAMP_KEY = "stated", "stamp"
"""Keys on the hidden sheet: what the workbook states about itself, and its stamp over that."""
OWN_SHEETS = frozenset({START, CHECK, CHOICES, META, RESULT_SHEET})
"""Sheets of the workbook without answers."""
LIMITS = Limits()
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
    with open_workbook(file, limits, (META,)) as book:
        found = FoundKit(day_offset=book.day_offset)
        reading = _Reading(found, known)
        states = {sheet.name: sheet.state for sheet in book.sheets}
        for name, rows in book.read():
            if name == META:
                found.stamp = _stamp(rows)
            else:
                reading.sheet(name, rows, states[name])
    if not found.cells and not found.unknown:
        raise UnreadableWorkbook("no_answers")
    return found


def _stamp(rows: Iterable[ReadRow]) -> tuple[dict[str, Any], str] | None:
    """What the workbook states and its signature: the texts beside their keys, put together; None where that is no stamp."""
    parts: dict[str, list[str]] = {STATED_KEY: [], STAMP_KEY: []}
    for row in rows:
        texts = [text for _column, (_kind, text) in sorted(row.cells.items())]
        if len(texts) >= 2 and texts[0] in parts and len(parts[texts[0]]) < 1_000:
            parts[texts[0]].append(texts[1])
    try:
        stated = json.loads("".join(parts[STATED_KEY]))
    except ValueError:
        return None
    return (stated, "".join(parts[STAMP_KEY])) if isinstance(stated, dict) else None


class _Reading:
    """The sheets one after the other."""

    def __init__(self, found: FoundKit, known: frozenset[str]) -> None:
        self._found, self._known = found, known
        self._cells = self._letters = 0

    def sheet(self, name: str, rows: Iterable[ReadRow], state: str) -> None:
        """One sheet: the last row with the head of ids says what the columns below hold."""
        ids = 0
        heads: dict[int, str] = {}
        own: set[int] = set()
        used: set[int] = set()
        for row in rows:
            texts = {column: text.strip() for column, (_kind, text) in row.cells.items()}
            found = next((column for column, text in texts.items() if text == ID_HEAD), 0)
            if found:
                ids = found
                heads = {column: head for column, text in texts.items() if (head := column_of_head(text)) is not None}
                own |= {ids, *heads, *(column for column, text in texts.items() if text == RESULT_HEAD)}
            elif texts.get(ids) and texts[ids] not in own_heads():
                self._row(name, row, heads, texts[ids])
                used |= texts.keys()
            else:
                own |= {column for column, text in texts.items() if text in own_heads()}
        if not ids:
            if name not in OWN_SHEETS and state == "visible":
                self._list(self._found.ignored_sheets, name)
            return
        for column in sorted(used - own):
            self._list(self._found.ignored_columns, f"{name}!{letters(column)}")

    def _row(self, name: str, row: ReadRow, heads: Mapping[int, str], id_text: str) -> None:
        for column, head in heads.items():
            place = read_place(f"{id_text}{head}")
            # Tables of one sheet have different columns; where they cross, there is no cell.
            if place is None:
                continue
            where = f"{name}!{letters(column)}{row.number}"
            if place.item_id not in self._known:
                if len(self._found.unknown) < MOST_LISTED:
                    self._found.unknown.setdefault(place.item_id, where)
                continue
            path = f"{place.part}={place.code}" if place.code else place.part
            kind, text = row.cells.get(column, ("s", ""))
            self._put(place.item_id, (place.row, path), place.piece, FoundCell(kind, text, where))

    def _put(self, item_id: str, key: CellKey, piece: int, cell: FoundCell) -> None:
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
        cells = self._found.cells.setdefault(item_id, {})
        cells[key] = FoundCell(first.kind, "".join(one.text for _number, one in sorted(pieces.items())), first.place)

    @staticmethod
    def _list(names: list[str], name: str) -> None:
        if len(names) < MOST_LISTED:
            names.append(name)


@cache
def own_heads() -> frozenset[str]:
    """The heads in words of the columns that a workbook has beside its answers, in every language."""
    names = ("Id", "Paragraph", "Question", "Help", "Answer", "State of the answer", "Row", "Figure", "Import result")
    return frozenset(gettext_in(language)(name) for language in LANGUAGES for name in names)


def letters(column: int) -> str:
    """The letters of a column counted from 1."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
