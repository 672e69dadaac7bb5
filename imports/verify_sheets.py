"""Every other cell of a workbook: the file against the workbook that this installation makes of the same answers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import zip_longest
from typing import IO, Any

from exports.cells import clean, column_letters
from exports.codes import code_lists
from exports.columns import MOVES_ON
from exports.cover import COVER
from exports.dashboard import DASHBOARD
from exports.facts import FACT_COLUMNS
from exports.shape import gettext_in
from exports.sheets import HEAD_ROWS
from exports.workbook import write_workbook
from imports.compare import Comparison, Entry, Outcome, TooDifferent
from imports.findings import Findings
from imports.statements import KEY, ROWS, Statements
from imports.verify_answers import Answers
from imports.workbook_file import Cell, ReadRow, WorkbookFile, open_workbook
from imports.workbook_package import CHUNK, Limits

KEYS = ("state_iso3", "item_id", "row_id", "field", "question_id", "list", "code")
"""Columns that tell which row is which, where a sheet has them."""
CHECKED_APART = frozenset({"facts_sha256", "submissions_sha256", "instrument_sha256", "export_number", "as_at"})
"""Lines of the cover that have a check of their own."""


def compare_sheets(
    file: IO[bytes], answers: Answers, statements: Statements, findings: Findings, limits: Limits, own: Limits, most: int, *,
    rehearsal: bool, progress: Callable[[], object],
) -> None:  # fmt: skip
    """Compare the cover, the dashboard and every sheet of rows, cell by cell. What goes on changing after an export is left out.

    Raises UnreadableWorkbook.
    """
    with ExitStack() as stack:
        again = stack.enter_context(_made_again(answers, rehearsal=rehearsal))
        if _same_bytes(file, again):
            findings.compared["sheets"] = len(statements.counts) + 1  # those and the cover
            return
        book = stack.enter_context(open_workbook(file, limits, progress=progress))
        right = stack.enter_context(open_workbook(again, own, [sheet.name for sheet in book.sheets]))
        _walk(book, right, answers, statements, findings, most)


def _same_bytes(one: IO[bytes], other: IO[bytes]) -> bool:
    """Whether two files are equal, as they are when nothing has changed and the same installation made them."""
    if one.seek(0, 2) != other.seek(0, 2):
        return False
    one.seek(0)
    other.seek(0)
    while data := one.read(CHUNK):
        if data != other.read(len(data)):
            return False
    return True


@contextmanager
def _made_again(answers: Answers, *, rehearsal: bool) -> Iterator[IO[bytes]]:
    """The workbook of the same answers, with what was open then: a State that has closed a question since is named apart."""
    by_id = {state.state_id: state.response_id for state in answers.source.states}
    closed = {(by_id[state], question) for state, question in answers.closed}
    visibilities = {
        response: {question: one for question, one in given.items() if (response, question) not in closed}
        for response, given in answers.source.visibilities.items()
    }
    source = replace(answers.source, visibilities=visibilities)
    with tempfile.TemporaryFile(prefix="again-") as file:
        write_workbook(file, source, source.settings.language, rehearsal=rehearsal)
        yield file


def _walk(
    book: WorkbookFile, right: WorkbookFile, answers: Answers, statements: Statements, findings: Findings, most: int
) -> None:
    due = right.read()
    name_due, rows_due = next(due, ("", iter(())))
    for name, rows in book.read():
        base = statements.base(name)
        if name != name_due:
            findings.add("sheet_added", name)
            continue
        if name == COVER:
            outcome = _compare(_cover(rows_due), _cover(rows), most)
            _name_cover(outcome, findings)
        elif name == DASHBOARD:
            # How far the work is goes on changing, and stands there by regional group.
            groups = frozenset(code_lists(gettext_in(answers.source.settings.language))["group"].values())
            _name_rows(name, _compare(_free(rows_due, groups), _free(rows, groups), most), findings)
        elif (count := statements.counts.get(base)) is not None and count.due is not None:
            _compare_table(base, name, rows_due, rows, answers, findings, most)
        else:
            findings.remark("not_compared", name)
        findings.compared["sheets"] += 1
        name_due, rows_due = next(due, ("", iter(())))
    while name_due:
        if statements.base(name_due) not in statements.counts:  # else it is named already, as gone
            findings.add("sheet_missing", name_due)
        name_due, rows_due = next(due, ("", iter(())))


def _compare_table(
    base: str,
    name: str,
    rows_due: Iterator[ReadRow],
    rows: Iterator[ReadRow],
    answers: Answers,
    findings: Findings,
    most: int,
) -> None:
    """Compare the columns that both have; those that are missing are named by the check of the columns."""
    left_out = MOVES_ON[""] | MOVES_ON.get(base, frozenset())
    is_long = base == "Answers_long"
    if is_long:
        left_out |= frozenset(FACT_COLUMNS) - {"unit"}  # its words are not in a fact that has a unit by code
    heads_due, heads = _heads(rows_due), _heads(rows)
    columns_due, columns = _ids(heads_due), _ids(heads)
    items_due, items = ([one for one in ids.values() if "." in one] for ids in (columns_due, columns))
    if items != items_due:
        wrong = next(pair for pair in zip_longest(items, items_due, fillvalue="") if pair[0] != pair[1])
        findings.add("columns", name, HEAD_ROWS, said=wrong[0], due=wrong[1])
    common = [one for one in columns_due.values() if one in columns.values() and one not in left_out]
    keys = [one for one in KEYS if one in columns_due.values()]
    try:
        outcome = _compare(
            _table(heads_due, rows_due, columns_due, common, keys), _table(heads, rows, columns, common, keys), most
        )
    except TooDifferent:
        findings.add("sheet_differs", name)
        return
    unsealed = {state.state_id for state in answers.source.states if state.seal is None}
    for due, found in outcome.altered:
        column, said, right = _difference(found.content, due.content)
        state, item = _who(keys, due.key)
        findings.add("row_altered", name, found.place, state=state, item=item, column=column, said=said, due=right)
    if is_long:
        return  # rows that are missing or added are facts, which are named already
    for entry in outcome.missing:
        state, item = _who(keys, entry.key)
        if state in unsealed:
            findings.remark("state_since", state)  # nothing sealed is missing: it may have joined the round later
        else:
            findings.add(
                "row_missing", name, max(entry.place or 0, HEAD_ROWS), state=state, item=item, due=_words(entry.content)
            )
    for entry in outcome.added:
        state, item = _who(keys, entry.key)
        findings.add("row_added", name, entry.place, state=state, item=item, said=_words(entry.content))
    if outcome.out_of_order is not None:
        findings.add("row_order", name, outcome.out_of_order.place)


def _compare(due: Iterator[Entry], found: Iterator[Entry], most: int) -> Outcome:
    comparison = Comparison(due, most)
    for entry in found:
        comparison.push(entry)
    return comparison.finish()


def _heads(rows: Iterator[ReadRow]) -> list[ReadRow]:
    """The rows above the data; the last one has the ids."""
    heads = []
    for row in rows:
        heads.append(row)
        if row.number >= HEAD_ROWS:
            break
    return heads


def _ids(heads: list[ReadRow]) -> dict[int, str]:
    last = heads[-1] if heads else ReadRow(0, {})
    return {column: cell[1] for column, cell in last.cells.items()} if last.number == HEAD_ROWS else {}


def _table(
    heads: list[ReadRow], rows: Iterator[ReadRow], ids: Mapping[int, str], common: list[str], keys: list[str]
) -> Iterator[Entry]:
    places = {id_: column for column, id_ in ids.items()}
    columns = [(one, places[one]) for one in common]
    for row in heads:
        if row.number < HEAD_ROWS:
            cells = (
                row.cells
                if row.number < HEAD_ROWS - 1
                else {column: row.cells[column] for _id, column in columns if column in row.cells}
            )
            yield Entry(
                tuple((str(column), value_of(cell)) for column, cell in cells.items()), ("", row.number), row.number
            )
    for row in rows:
        cells = row.cells
        content = tuple((one, value) for one, column in columns if (value := value_of(cells.get(column))) is not None)
        yield Entry(content, tuple(value_of(cells.get(places[one])) for one in keys), row.number)


def value_of(cell: Cell | None) -> str | float | None:
    """What a cell says, however a program writes it: a number to 15 digits, a text without what no file can hold.

    None for nothing, and for what a formula gave, which every program computes anew.
    """
    if cell is None or cell[0].startswith("f"):
        return None
    return float(f"{float(cell[1]):.15g}") if cell[0] == "n" else clean(cell[1])[0]


def _cover(rows: Iterator[ReadRow]) -> Iterator[Entry]:
    for row in rows:
        key = value_of(row.cells.get(KEY))
        if isinstance(key, str) and (key in CHECKED_APART or key in MOVES_ON[COVER]):
            continue
        counts = isinstance(key, str) and key.startswith(ROWS)
        cells = {column: value_of(cell) for column, cell in row.cells.items() if not (counts and column > KEY)}
        yield Entry(
            tuple((str(column), value) for column, value in cells.items() if value is not None), key, row.number
        )


def _free(rows: Iterator[ReadRow], left_out: frozenset[str]) -> Iterator[Entry]:
    """The rows of a sheet without a table, by their first cell."""
    for row in rows:
        cells = {column_letters(column): value_of(cell) for column, cell in row.cells.items()}
        first = cells.get("A")
        if first not in left_out:
            yield Entry(tuple((one, value) for one, value in cells.items() if value is not None), first, row.number)


def _name_rows(name: str, outcome: Outcome, findings: Findings) -> None:
    for due, found in outcome.altered:
        column, said, right = _difference(found.content, due.content)
        findings.add("row_altered", name, found.place, column=column, said=said, due=right)
    for entry in outcome.missing:
        findings.add("row_missing", name, entry.place or 0, due=_words(entry.content))
    for entry in outcome.added:
        findings.add("row_added", name, entry.place, said=_words(entry.content))
    if outcome.out_of_order is not None:
        findings.add("row_order", name, outcome.out_of_order.place)


def _name_cover(outcome: Outcome, findings: Findings) -> None:
    for due, found in outcome.altered:
        _column, said, right = _difference(found.content, due.content)
        findings.add("cover_altered", COVER, found.place, column=str(due.key or ""), said=said, due=right)
    for entry in outcome.missing:
        findings.add("row_missing", COVER, entry.place or 0, column=str(entry.key or ""), due=_words(entry.content))
    for entry in outcome.added:
        findings.add("row_added", COVER, entry.place, column=str(entry.key or ""), said=_words(entry.content))
    if outcome.out_of_order is not None:
        findings.add("row_order", COVER, outcome.out_of_order.place)


def _who(keys: list[str], key: Hashable) -> tuple[str, str]:
    """(State, item) of a row, as far as its sheet has them."""
    found: dict[str, Any] = dict(zip(keys, key, strict=False)) if isinstance(key, tuple) else {}
    if found.get("list") == "state_iso3":
        return str(found.get("code") or ""), ""
    return str(found.get("state_iso3") or ""), str(found.get("item_id") or found.get("question_id") or "")


def _difference(found: Any, due: Any) -> tuple[str, object, object]:
    """(columns that differ, what stands in the first of them, what should)."""
    said, right = dict(found or ()), dict(due or ())
    columns = [one for one in dict.fromkeys((*right, *said)) if said.get(one) != right.get(one)]
    if not columns:
        return "", "", ""
    return ", ".join(columns), said.get(columns[0]), right.get(columns[0])


def _words(content: Any) -> str:
    return " ".join(str(value) for _column, value in content or ())
