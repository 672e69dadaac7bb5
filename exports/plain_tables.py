"""Tables as CSV and as JSON: the rows of the workbook without its limits. Nothing is split, cut or rounded."""

from __future__ import annotations

import csv
import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Protocol

from exports.cells import clean
from exports.marks import Formula, Marked, Value
from exports.rows import plain_number
from exports.shape import Sheet, SheetColumn
from exports.sheets import FIGURES, Issue

Plain = str | int | Decimal | date | datetime | None
"""What stands in a cell; an empty text is None."""

APOSTROPHE = "'"
# What a spreadsheet may take for a formula (OWASP, "CSV Injection"), also after spaces; and the apostrophe itself, so that
# whoever takes one away where a cell begins with one has the text again.
_GUARDED = re.compile(r"['\t\r\n]|\s*[=+\-@＝＋－＠]")

_encode = json.JSONEncoder(ensure_ascii=False).encode


def guarded(text: str) -> str:
    """The text as a cell of a CSV file: with an apostrophe in front where a program could take it for a formula."""
    return f"{APOSTROPHE}{text}" if _GUARDED.match(text) else text


def columns_of(sheet: Sheet) -> tuple[SheetColumn, ...]:
    """The columns of the sheet without those that number the parts of a text: here every text is whole."""
    return sheet.columns[:-2] if sheet.has_parts else sheet.columns


def figure_text(value: int | Decimal | date | datetime) -> str:
    """A number as decimal text, a day in ISO form, a moment in ISO form in UTC to the second."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else plain_number(value)


class Form(Protocol):
    """A file that takes the rows of one table."""

    def write(self, row: Sequence[Plain]) -> None:
        """Write a row."""

    def close(self) -> None:
        """Write what is left; the file stays open."""


class CsvForm:
    """CSV after RFC 4180: UTF-8 with a byte order mark, commas, CR LF, one row of column ids. `file` is empty."""

    def __init__(self, file: IO[bytes], columns: Sequence[SheetColumn]) -> None:
        file.write(BOM_UTF8)
        self._writer = csv.writer(_Encoded(file), lineterminator="\r\n")
        self._writer.writerow(column.id for column in columns)

    def write(self, row: Sequence[Plain]) -> None:
        """Write a row. Numbers and days are no text and stay as they are."""
        self._writer.writerow(
            None if value is None else guarded(value) if isinstance(value, str) else figure_text(value) for value in row
        )

    def close(self) -> None:
        """Nothing is left."""


class _Encoded:
    """A binary file that takes text. A wrapper of the standard library would close the file when it is no longer needed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write a text in UTF-8."""
        return self._file.write(text.encode())


class JsonForm:
    """A JSON list with one object to a line; empty cells are null, days and moments texts, numbers exact."""

    def __init__(self, file: IO[bytes], columns: Sequence[SheetColumn]) -> None:
        self._file = file
        self._keys = [f"{_encode(column.id)}: " for column in columns]
        self._before = "[\n"

    def write(self, row: Sequence[Plain]) -> None:
        """Write a row."""
        pairs = ", ".join(f"{key}{_literal(value)}" for key, value in zip(self._keys, row, strict=True))
        self._file.write(f"{self._before}{{{pairs}}}".encode())
        self._before = ",\n"

    def close(self) -> None:
        """End the list."""
        self._file.write(b"\n]" if self._before == ",\n" else b"[]")


def _literal(value: Plain) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return _encode(value)
    return f'"{figure_text(value)}"' if isinstance(value, date) else figure_text(value)


class PlainTable:
    """Takes the rows of one table and gives them to each of its forms; without a form it only counts them.

    Characters that the workbook replaces are replaced here too, so that the fingerprint of the facts is the same; the issue
    names the row as a spreadsheet counts it, with the row of ids as the first.
    """

    def __init__(self, sheet: Sheet, forms: Sequence[Form], report: Callable[[Issue], None]) -> None:
        self.sheet = sheet
        self.written = 0
        self.words: dict[str, set[str]] = {}
        """Texts in columns of figures, such as those that stand for a withheld count, by the id of the column."""
        self._forms, self._report = forms, report
        self._columns = columns_of(sheet)

    @property
    def names(self) -> Sequence[str]:
        """The name of the table."""
        return (self.sheet.name,)

    def write(self, values: Sequence[Value]) -> tuple[str, int]:
        """Write a row; the name of the table and the number of the row."""
        self.written += 1
        row = [self._plain(column, value, values) for column, value in zip(self._columns, values, strict=True)]
        for form in self._forms:
            form.write(row)
        return self.sheet.name, self.written + 1

    def close(self) -> None:
        """End every form."""
        for form in self._forms:
            form.close()

    def _plain(self, column: SheetColumn, value: Value, values: Sequence[Value]) -> Plain:
        if isinstance(value, Marked):
            value = value.text
        elif isinstance(value, Formula):
            return value.value
        if not isinstance(value, str):
            return value
        text, replaced = clean(value)
        if replaced:
            self._report(self._issue(column.id, values, str(replaced)))
        if text and column.kind in FIGURES:
            self.words.setdefault(column.id, set()).add(text)
        return text or None

    def _issue(self, column: str, values: Sequence[Value], detail: str) -> Issue:
        given = dict(zip((one.id for one in self._columns), values, strict=True))
        where = {name: str(given.get(name) or "") for name in ("item_id", "row_id", "field")}
        state = given.get("state_iso3") or ""
        where["state_iso3"] = state.text if isinstance(state, Marked) else str(state)
        where = {name: clean(text)[0] for name, text in where.items()}
        return Issue("characters_replaced", self.sheet.name, self.written + 1, column, detail=detail, **where)
