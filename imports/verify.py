"""Is this workbook still what was exported? Computed anew from the file alone, and from the database.

The file is read twice by a process apart: first for what it says of itself and for its facts, which are compared with the sealed
answers one by one; then, sheet by sheet, against the workbook that this installation makes of the same answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, Any

from exports.contract import read_contract
from exports.cover import COVER
from exports.facts import Joiner, line_of, read_fact, units_of
from exports.settings import BadSettings
from exports.sheets import HEAD_ROWS
from imports.compare import Comparison, Entry, Outcome, TooDifferent
from imports.findings import Findings, Report, report_of
from imports.statements import Statements, read_statements
from imports.verify_answers import Answers, open_answers
from imports.verify_sheets import compare_sheets, value_of
from imports.workbook_file import ReadRow, UnreadableWorkbook, WorkbookFile, open_workbook
from imports.workbook_package import Limits
from models.database import Database

LONG, DICTIONARY, ISSUES = "Answers_long", "Dictionary", "Issues"
MOST_PARTS = 64
"""Continuations of these sheets that are looked for: more rows than all States of the world could fill."""
FIRST = (
    COVER,
    *(
        f"{name}{part}"
        for name in (DICTIONARY, LONG, ISSUES)
        for part in ("", *(f"_{n}" for n in range(2, MOST_PARTS)))
    ),
)
"""The order of reading: the units of the Dictionary are needed for the fingerprint, and the parts of the long sheet are one.

Issues says which documents were missing on the disk when the file was made, which no database knows.
"""
PLACE = ""
"""Where a row stands, among its values by column id."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a verification may take: the limits of the reader, and how many rows may be out of step."""

    limits: Limits
    out_of_step: int


RECEIVED = Bounds(Limits(seconds=10), 100_000)
"""For a file that was sent in."""
OWN = Bounds(Limits(file=1 << 32, unpacked=1 << 36, memory=512, seconds=7200), 5_000_000)
"""For a file of the installation's own, read by whoever may read its database."""


def verify_file(
    file: IO[bytes], database: Database | None, bounds: Bounds = RECEIVED, *, rehearsal: bool = False,
    progress: Callable[[], object] = lambda: None,
) -> Report:  # fmt: skip
    """Everything that the file says of itself, and with a database everything that it says. Changes nothing.

    `rehearsal` is whether the installation holds invented answers; `progress` is called for every row. Raises UnreadableWorkbook for a file that is no export, or
    that cannot be read within the bounds.
    """
    findings = Findings()
    with ExitStack() as stack:
        statements, answers = _read_once(stack, file, database, findings, bounds, progress)
        if database is None:
            findings.remark("offline")
        elif statements.contract_version != read_contract()["version"]:
            findings.remark("other_version", str(statements.contract_version or ""))
        elif statements.day_offset:
            findings.remark("days_from_1904")
        elif answers is not None and not answers.seals_hold:
            findings.remark("sheets_not_compared")
        elif answers is not None:
            compare_sheets(
                file, answers, statements, findings, bounds.limits, OWN.limits, bounds.out_of_step, rehearsal=rehearsal,
                progress=progress,
            )  # fmt: skip
    return report_of(findings, statements.said(), statements.as_at)


def _read_once(
    stack: ExitStack, file: IO[bytes], database: Database | None, findings: Findings, bounds: Bounds,
    progress: Callable[[], object],
) -> tuple[Statements, Answers | None]:  # fmt: skip
    answers: Answers | None = None
    with open_workbook(file, bounds.limits, FIRST, progress) as book:
        sheets = book.read()
        name, rows = next(sheets, ("", iter(())))
        if name != COVER:
            raise UnreadableWorkbook("not_an_export")
        statements = read_statements(rows, book.day_offset)
        if database is not None:
            answers = stack.enter_context(open_answers(database, statements, findings))
        comparison = answers.comparison(bounds.out_of_step) if answers else None
        reading = _Reading(book, statements, findings, comparison, answers.broken if answers else set())
        for name, rows in sheets:
            reading.read(name, rows)
        outcome = reading.finish()
    if answers:
        answers.source = replace(answers.source, missing_files=frozenset(reading.missing_files))
        if outcome:
            answers.name(outcome, statements)
    return statements, answers


class _Reading:
    """What the file says of itself, sheet by sheet: rows, columns, fingerprint; and its facts for the comparison."""

    def __init__(
        self,
        book: WorkbookFile,
        statements: Statements,
        findings: Findings,
        comparison: Comparison | None,
        broken: set[str],
    ) -> None:
        self._day_offset = book.day_offset
        self._said, self._findings, self._comparison, self._broken = statements, findings, comparison, broken
        contract = read_contract()
        self._contract: dict[str, list[str]] = (
            contract["sheets"] if statements.contract_version == contract["version"] else {}
        )
        self._counted: dict[str, int] = {}
        self._units: dict[str, str] = {}
        self._joiner = Joiner("value_text")
        self._digest = hashlib.sha256()
        self.missing_files: set[str] = set()
        """Ids of the documents that the file says were missing."""

    def read(self, name: str, rows: Iterator[ReadRow]) -> None:
        """One sheet. One of which the cover states no rows is no table of rows, and is not counted."""
        base = self._said.base(name)
        if base not in self._said.counts:
            return
        ids: dict[int, str] = {}
        self._counted.setdefault(base, 0)
        for row in rows:
            if row.number == HEAD_ROWS:
                ids = {column: cell[1] for column, cell in row.cells.items()}
                self._check_columns(base, name, list(ids.values()))
            elif row.number > HEAD_ROWS:
                self._counted[base] += 1
                if base == LONG:
                    self._fact(self._joiner.push({**_values(row, ids, self._day_offset), PLACE: (name, row.number)}))
                elif base == ISSUES and (issue := _values(row, ids)).get("issue") == "file_missing":
                    self.missing_files.add(str(issue.get("row_id")))
                elif base == DICTIONARY:
                    self._units |= units_of([_values(row, ids)])
        if not ids and base in self._contract:
            self._findings.add("no_heads", name, HEAD_ROWS)

    def _check_columns(self, base: str, name: str, ids: list[str]) -> None:
        due = self._contract.get(base)
        if due is None:
            return
        self._findings.compared["columns"] += 1
        # Columns of items, as in the matrix, come from the questionnaire; the workbook made again says which.
        own, due = ([one for one in given if "." not in one] for given in (ids, due))
        if own != due:
            wrong = next(((said, right) for said, right in zip(own, due, strict=False) if said != right), ("", ""))
            if wrong == ("", ""):
                wrong = (own[len(due)], "") if len(own) > len(due) else ("", due[len(own)])
            self._findings.add("columns", name, HEAD_ROWS, said=wrong[0], due=wrong[1])

    def _fact(self, row: Mapping[str, Any] | None) -> None:
        if row is None:
            return
        fact = read_fact(row)
        line = line_of(fact, self._units)
        self._digest.update(line)
        self._findings.compared["facts"] += 1
        if self._comparison is not None and fact.state not in self._broken:
            self._findings.compared["answers"] += 1
            try:
                self._comparison.push(Entry(line, (fact.state, fact.item), row[PLACE]))
            except TooDifferent:
                self._comparison = None
                self._findings.add("too_different", LONG)

    def finish(self) -> Outcome | None:
        """Compare with what the cover states; what the comparison with the database found, or None."""
        self._fact(self._joiner.last())
        add, said = self._findings.add, self._said
        self._findings.compared["facts"] += 0  # checked, also where there is none
        stated, computed = said.texts["facts_sha256"], self._digest.hexdigest()
        if stated != computed:
            add("facts_sha256", COVER, said.places["facts_sha256"], said=stated, due=computed)
        for sheet, count in said.counts.items():
            if count.due is None or count.written is None:
                continue  # a sheet that is no table of rows
            self._findings.compared["rows"] += 1
            if sheet not in self._counted:
                add("sheet_gone", sheet)
                continue
            if count.due != count.written:
                add("rows_due", COVER, count.row, column=sheet, said=_figure(count.written), due=_figure(count.due))
            if count.written != self._counted[sheet]:
                add(
                    "rows_written",
                    COVER,
                    count.row,
                    column=sheet,
                    said=_figure(count.written),
                    due=self._counted[sheet],
                )
        self._check_number()
        try:
            return self._comparison.finish() if self._comparison else None
        except TooDifferent:
            add("too_different", LONG)
            return None

    def _check_number(self) -> None:
        """The number on the cover must follow from what stands on the cover."""
        if self._said.missing():
            return
        self._findings.compared["number"] += 1
        try:
            due = self._said.number(self._said.texts["facts_sha256"])
        except BadSettings:
            due = ""
        if self._said.texts["export_number"] != due:
            place = self._said.places["export_number"]
            self._findings.add("export_number", COVER, place, said=self._said.texts["export_number"], due=due)


def _values(row: ReadRow, ids: Mapping[int, str], day_offset: int = 0) -> dict[str, Any]:
    """The values of a row by column id."""
    values: dict[str, Any] = {id_: value_of(row.cells.get(column)) for column, id_ in ids.items()}
    if day_offset and isinstance(values.get("value_date"), float):
        values["value_date"] += day_offset
    return values


def _figure(value: float) -> str:
    return f"{value:g}"
