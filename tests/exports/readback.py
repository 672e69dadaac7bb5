"""Facts rebuilt from a workbook alone, by python-calamine and by openpyxl, and those of the sealed documents to compare with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

import openpyxl
from python_calamine import CalamineWorkbook

from exports.cells import clean
from exports.front import FRONT_SHEETS
from exports.rows import fact_line, plain_number
from exports.sheets import HEAD_ROWS
from instruments.items.base import Fact
from instruments.schema import Instrument

Table = list[dict[str, Any]]


class ReadFact(NamedTuple):
    """A fact as a workbook tells it: every part as text, the number as decimal text, the day in ISO form."""

    state: str
    item: str
    asked_state: str
    version: str
    row_id: str
    field: str
    code: str
    text: str
    number: str
    unit: str
    day: str
    language: str


def read_by_calamine(data: bytes) -> dict[str, list[list[Any]]]:
    """All cells by sheet."""
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def read_by_openpyxl(data: bytes) -> dict[str, list[list[Any]]]:
    """All cells by sheet."""
    book = openpyxl.load_workbook(BytesIO(data), read_only=True)
    found = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
    book.close()
    return found


def tables(cells: Mapping[str, list[list[Any]]]) -> dict[str, Table]:
    """The rows of every sheet with a table as mappings by column id; continuation sheets are joined with their first."""
    found: dict[str, Table] = {}
    for name, rows in cells.items():
        if name in FRONT_SHEETS:
            continue
        base, _mark, number = name.rpartition("_")
        key = base if number.isdigit() else name
        ids = rows[HEAD_ROWS - 1]
        found.setdefault(key, []).extend(dict(zip(ids, row, strict=False)) for row in rows[HEAD_ROWS:])
    return found


def cover(cells: Mapping[str, list[list[Any]]]) -> dict[str, Any]:
    """The values of the cover by key."""
    return {row[2]: row[1] for row in cells["Cover"] if row[2]}


def row_counts(cells: Mapping[str, list[list[Any]]]) -> dict[str, tuple[int, int]]:
    """(rows due, rows written) of every sheet as the cover says."""
    return {
        row[2].removeprefix("rows."): (int(row[3]), int(row[4]))
        for row in cells["Cover"]
        if str(row[2]).startswith("rows.")
    }


def joined(table: Iterable[Mapping[str, Any]], column: str) -> Iterator[dict[str, Any]]:
    """The rows of a table with the parts of a long text put together again."""
    current: dict[str, Any] = {}
    for row in table:
        if row["part_no"] == 1:
            if current:
                yield current
            current = dict(row)
        else:
            current[column] = _text(current[column]) + _text(row[column])
    if current:
        yield current


def read_facts(table: Table) -> list[ReadFact]:
    """The facts of Answers_long, in order."""
    return [
        ReadFact(
            row["state_iso3"], row["item_id"], row["asked_state"], _number(row["answer_version"]), _text(row["row_id"]),
            _text(row["field"]), _text(row["code"]), _text(row["value_text"]), _number(row["value_number"]),
            _text(row["unit"]), _day(row["value_date"]), _text(row["language"]),
        )
        for row in joined(table, "value_text")
    ]  # fmt: skip


def sealed_facts(instrument: Instrument, document: Mapping[str, Any], language: str) -> Iterator[ReadFact]:
    """The facts of a sealed document, straight from the item types: what the workbook must say, no more and no less."""
    texts = instrument.texts_in(language)
    for item in instrument.items.values():
        answer = document["answers"].get(item.id)
        if item.id not in document["asked"]:
            yield _read(document["state"], item.id, "not_asked", "", Fact())
        elif answer is None:
            yield _read(document["state"], item.id, "not_answered", "", Fact())
        else:
            for fact in list(item.facts(item.load(answer["value"]), texts)) or [Fact()]:
                yield _read(document["state"], item.id, "answered", str(answer["version"]), fact)


def _read(state: str, item: str, asked_state: str, version: str, fact: Fact) -> ReadFact:
    number = "" if fact.number is None else plain_number(fact.number)
    day = fact.date.isoformat() if fact.date else ""
    given = (fact.row_id, fact.field, fact.code, fact.text, number, fact.unit, day, fact.language)
    return ReadFact(state, item, asked_state, version, *(clean(part)[0] for part in given))


def facts_sha256(found: dict[str, Table]) -> str:
    """The fingerprint of the facts computed from the workbook alone, as docs/workbook.md describes it."""
    units = {row["item_id"]: row["unit"] for row in found["Dictionary"] if row["item_id"] and row["unit"]}
    digest = hashlib.sha256()
    for fact in read_facts(found["Answers_long"]):
        number = Decimal(fact.number) if fact.number else None
        unit = units.get(fact.item, fact.unit) if number is not None else fact.unit
        digest.update(fact_line(
            fact.state, fact.item, fact.asked_state, int(fact.version) if fact.version else None, fact.row_id, fact.field,
            fact.code, fact.text, number, unit, fact.day, fact.language,
        ))  # fmt: skip
    return digest.hexdigest()


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> str:
    if value is None or value == "":
        return ""
    # A number of more than 15 digits stands as text; a float is taken by its shortest decimal form.
    return plain_number(Decimal(value) if isinstance(value, str) else Decimal(repr(value)))


def _day(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _text(value)
