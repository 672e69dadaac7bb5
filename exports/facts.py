"""Facts read back from the rows of Answers_long, as a workbook tells them: for their fingerprint and for comparing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from exports.cells import clean, day_of_number
from exports.rows import plain_number
from instruments.catalog import canonical_json

FACT_COLUMNS: tuple[str, ...] = (
    "state_iso3", "item_id", "asked_state", "answer_version", "row_id", "field", "code", "value_text", "value_number", "unit",
    "value_date", "language",
)  # fmt: skip
"""The columns of Answers_long that state a fact, in the order of its canonical line."""

# As Python writes a decimal number; an exponent that would fill the memory with zeros is none.
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]{1,4})?")


LONGEST_JOINED = 1_000_000
"""Characters from which on a text is not continued: ten times what a State can type."""


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


class Joiner:
    """Puts the parts of a long text together as rows come. What else stands in a row is that of its first part."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._current: dict[str, Any] | None = None

    def push(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """The next row; the one before, once it is whole."""
        current = self._current
        if current is not None and len(_text(current.get(self._column))) < LONGEST_JOINED and _goes_on(current, row):
            current[self._column] = _text(current.get(self._column)) + _text(row.get(self._column))
            current["part_no"] = row["part_no"]
            return None
        self._current = dict(row)
        return current

    def last(self) -> dict[str, Any] | None:
        """The last row, when there are no more."""
        return self._current


def joined(table: Iterable[Mapping[str, Any]], column: str) -> Iterator[dict[str, Any]]:
    """The rows of a table with the parts of a long text put together again."""
    joiner = Joiner(column)
    for row in table:
        if whole := joiner.push(row):
            yield whole
    if whole := joiner.last():
        yield whole


def _goes_on(current: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a row is the next part of the same text. Rows after the first do not repeat the row id."""
    part, before = row.get("part_no"), current.get("part_no")
    return (
        isinstance(part, int | float) and isinstance(before, int | float) and part != 1 and part == before + 1
        and all(_text(row.get(one)) == _text(current.get(one)) for one in ("state_iso3", "item_id", "field"))
    )  # fmt: skip


def read_fact(row: Mapping[str, Any]) -> ReadFact:
    """The fact in a row of values by column id: texts, numbers, and days as dates, as their numbers or as text."""
    return ReadFact(
        _text(row.get("state_iso3")), _text(row.get("item_id")), _text(row.get("asked_state")), _number(row.get("answer_version")),
        _text(row.get("row_id")), _text(row.get("field")), _text(row.get("code")), _text(row.get("value_text")),
        _number(row.get("value_number")), _text(row.get("unit")), _day(row.get("value_date")), _text(row.get("language")),
    )  # fmt: skip


def read_facts(table: Iterable[Mapping[str, Any]]) -> list[ReadFact]:
    """The facts of Answers_long, in order."""
    return [read_fact(row) for row in joined(table, "value_text")]


def units_of(dictionary: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The unit code of each item for which the Dictionary gives one; it stands in the fingerprint for the words of the unit."""
    return {_text(row["item_id"]): _text(row["unit"]) for row in dictionary if row.get("item_id") and row.get("unit")}


def line_of(fact: ReadFact, units: Mapping[str, str]) -> bytes:
    """The canonical line of a fact, as `exports.rows.fact_line` makes it of one that is not read but known.

    Anything may stand in a file: each part is written as JSON, and what is no number stays as it stands and gives another line.
    """
    version = int(fact.version) if fact.version.isascii() and fact.version.isdecimal() else fact.version or None
    unit = units.get(fact.item, fact.unit) if fact.number else fact.unit
    parts = (fact.row_id, fact.field, fact.code, fact.text, fact.number, unit, fact.day, fact.language)
    line = canonical_json([fact.state, fact.item, fact.asked_state, version, *(clean(part)[0] for part in parts)])
    return f"{line}\n".encode("utf-8", "surrogatepass")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> str:
    """A number as plain decimal text. A float is taken by its shortest decimal form; more than 15 digits stand as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return plain_number(Decimal(repr(value)))
    text = _text(value)
    return plain_number(Decimal(text)) if _NUMBER.fullmatch(text) else text


def _day(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = day_of_number(value) or value
    return value.isoformat() if isinstance(value, date) else _text(value)
