"""Facts rebuilt from a workbook alone, by python-calamine and by openpyxl, and those of the sealed documents to compare with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import openpyxl
from python_calamine import CalamineWorkbook

from exports.cells import clean
from exports.facts import ReadFact, line_of, read_facts, units_of
from exports.front import FRONT_SHEETS
from exports.rows import plain_number
from exports.sheets import HEAD_ROWS
from instruments.items.base import Fact
from instruments.schema import Instrument

Table = list[dict[str, Any]]


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
    units = units_of(found["Dictionary"])
    digest = hashlib.sha256()
    for fact in read_facts(found["Answers_long"]):
        digest.update(line_of(fact, units))
    return digest.hexdigest()
