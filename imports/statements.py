"""What the cover of a workbook states: the values by their stable key, and the rows due and written of every sheet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exports.cells import moment_of_number
from exports.number import export_number
from exports.settings import BadSettings, ExportSettings
from imports.findings import shown
from imports.workbook_file import Cell, ReadRow, UnreadableWorkbook

ROWS = "rows."
LABEL, VALUE, KEY, DUE, WRITTEN = range(1, 6)
"""The columns of the cover."""
MOST_LINES = 5_000

TEXTS = ("instrument_sha256", "facts_sha256", "submissions_sha256", "cycle", "language", "parameters", "export_number")
"""What a cover must state, besides `as_at` and `contract_version`."""


@dataclass(frozen=True, slots=True)
class Count:
    """What the cover says of a sheet: the row where it stands, the rows due and those written."""

    row: int
    due: float | None
    written: float | None


@dataclass
class Statements:
    """The cover of a workbook."""

    texts: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    """The row of each key."""
    counts: dict[str, Count] = field(default_factory=dict)
    as_at: datetime | None = None
    day_offset: int = 0
    """What was added to the numbers of days."""
    contract_version: float | None = None

    @property
    def is_rehearsal(self) -> bool:
        """Whether the file says that its answers are invented."""
        return "rehearsal" in self.places

    def missing(self) -> list[str]:
        """The keys that a cover must have and this one has not."""
        missing = [key for key in TEXTS if key not in self.texts]
        missing += ["as_at"] if self.as_at is None else []
        return missing + (["contract_version"] if self.contract_version is None else [])

    def base(self, sheet: str) -> str:
        """The sheet that this one continues (`Answers_long_2`), or its own name."""
        before, mark, number = sheet.rpartition("_")
        return before if mark and number.isdecimal() and sheet not in self.counts and before in self.counts else sheet

    def settings(self) -> ExportSettings:
        """The parameters of the export. Raises BadSettings."""
        return ExportSettings.from_json(self._parameters())

    def number(self, facts_sha256: str) -> str:
        """The export number that follows from what is stated, with this fingerprint of the facts. Raises BadSettings."""
        assert self.as_at is not None and self.contract_version is not None
        return export_number(
            parameters=self._parameters(), cycle=self.texts["cycle"], instrument_sha256=self.texts["instrument_sha256"],
            facts_sha256=facts_sha256, submissions_sha256=self.texts["submissions_sha256"], as_at=self.as_at,
            contract_version=int(self.contract_version), rehearsal=self.is_rehearsal,
        )  # fmt: skip

    def _parameters(self) -> dict[str, Any]:
        try:
            given = json.loads(self.texts["parameters"])
        except (ValueError, RecursionError):
            raise BadSettings("bad_parameters") from None
        if not isinstance(given, dict):
            raise BadSettings("bad_parameters")
        return given

    def said(self) -> dict[str, str]:
        """What is said of the file, to be shown."""
        keys = ("export_number", "cycle_title", "preset", "recipient")
        return {key: shown(self.texts[key]) for key in keys if key in self.texts}


def read_statements(rows: Iterable[ReadRow], day_offset: int = 0) -> Statements:
    """The statements of a cover; `day_offset` is added to the number of a day.

    Raises UnreadableWorkbook for one that states nothing: the file is no workbook of this product.
    """
    found = Statements(day_offset=day_offset)
    for row in rows:
        if row.number > MOST_LINES:
            break
        key = text_of(row.cells.get(KEY))
        if key.startswith(ROWS):
            due, written = (number_of(row.cells.get(column)) for column in (DUE, WRITTEN))
            found.counts.setdefault(key.removeprefix(ROWS), Count(row.number, due, written))
        elif key and key not in found.places:
            found.places[key] = row.number
            number = number_of(row.cells.get(VALUE))
            if key == "as_at":
                found.as_at = moment_of_number(number + day_offset) if number is not None else None
            elif key == "contract_version":
                found.contract_version = number
            else:
                found.texts[key] = text_of(row.cells.get(VALUE))
    if "facts_sha256" not in found.texts or not found.counts:
        raise UnreadableWorkbook("not_an_export")
    return found


def text_of(cell: Cell | None) -> str:
    """The text of a cell; empty for none."""
    return "" if cell is None else cell[1]


def number_of(cell: Cell | None) -> float | None:
    """The number in a cell, or None."""
    return float(cell[1]) if cell is not None and cell[0] == "n" else None
