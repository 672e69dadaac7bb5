"""A distinct answer for every item: what goes into its controls, and where the workbook must show it.

What must be shown is worked out here from what was typed and from the texts by their keys, not by the item types' own
`facts` and `rows`, which are what is tested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from instruments.conditions import Facts
from instruments.items import Item
from instruments.items.amount import CURRENCIES, Amount
from instruments.items.base import ChoiceList
from instruments.items.choice import Choice
from instruments.items.choices import Choices
from instruments.items.date import Date
from instruments.items.decimal import Decimal as DecimalItem
from instruments.items.difficulties import Difficulties
from instruments.items.evidence import Evidence
from instruments.items.good_practice import GoodPractice
from instruments.items.link import Link
from instruments.items.narrative import LANGUAGES, Narrative
from instruments.items.numbers import NumberItem
from instruments.items.period import Period
from instruments.items.rows import RowColumn, RowsItem
from instruments.items.statistics import Statistics
from instruments.routing import asked_item_ids
from instruments.schema import Instrument
from instruments.values import Chosen

ROWS = 2
"""Rows, and files, that each repeatable item is given."""

Cells = dict[str, Any]
"""What must stand in the columns of one row; a column that is not named is empty."""

_FIRST_DAY = date(1931, 3, 5)
_FIRST_YEAR = 1801


class Words(tuple[str, ...]):
    """Keys of texts, to be shown in the language of the workbook, with a dash between them."""

    def in_language(self, catalogue: Mapping[str, str]) -> str:
        """The words. A key without a text in this very language stays a key, which no cell holds."""
        return " – ".join(catalogue.get(key, key) for key in self)


@dataclass
class Canary:
    """The answer to one item: names and values of its controls, by row where it has rows, and what must come of them."""

    item_id: str
    controls: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[tuple[str, str]]] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    facts: dict[tuple[int, str], Cells] = field(default_factory=dict)
    """By number of the row (-1 without rows) and part of the answer."""
    entries: dict[int | str, Cells] = field(default_factory=dict)
    """Rows of the type's own sheet, by number of the row or, for figures, by line and year."""

    def type(self, part: str, text: str) -> str:
        """Note what goes into a control, and give it back."""
        self.controls.append((f"{self.item_id}{part}", text))
        return text

    def tell(self, part: str = "", row: int = -1, **cells: Any) -> None:
        """Note a fact that must come of it."""
        self.facts[row, part] = cells


class Canaries:
    """Makes answers, no two alike: every text, number, day, sum and name comes once in all responses together."""

    def __init__(self, years: tuple[int, ...]) -> None:
        self.years = years
        self._serial = 0
        self._narrow = 10
        self._year = _FIRST_YEAR
        self._currencies = sorted(code for code in CURRENCIES if len(code) == 3)

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _text(self, place: str) -> str:
        return f"CANARY {place} {self._next():04x} ق 字"

    def _link(self, place: str) -> str:
        return f"https://canary.example/{place}/{self._next():04x}/ق字"

    def _day(self) -> date:
        return _FIRST_DAY + timedelta(days=self._next())

    def _currency(self) -> str:
        return self._currencies[self._next() % len(self._currencies)]

    def answer(self, item: Item, codes: tuple[str, ...]) -> Canary:
        """The answer to an item; a choice is answered with these codes. Raises AssertionError for an unknown type."""
        made = Canary(item.id)
        match item:
            case Choice():
                made.type("", codes[0])
                made.tell(code=codes[0], label=_option(item.choice_list, codes[0]))
            case Choices():
                self._chosen(made, item.choice_list, codes, "")
            case Difficulties():
                self._chosen(made, item.choice_list, codes, "-chosen")
                text = made.type("-text", self._text(f"{item.id} text"))
                made.tell("text", value_text=text, field_label=Words(["type.difficulties.text"]))
            case Narrative():
                language = LANGUAGES.codes[self._next() % len(LANGUAGES.codes)]
                made.tell(value_text=made.type("-text", self._text(item.id)), language=made.type("-language", language))
            case GoodPractice():
                self._practice(made)
            case Link():
                made.tell(value_text=made.type("", self._link(item.id)))
            case NumberItem():
                number = self._number(item)
                made.type("", f"{number:f}")
                made.tell(value_number=number, unit=Words([item.unit]) if item.unit else "")
            case Amount():
                amount, currency = Decimal(2_000_000 + self._next()) + Decimal("0.75"), self._currency()
                made.tell(value_number=amount, unit=currency)
                made.type("-amount", f"{amount:f}")
                made.type("-currency", currency)
            case Date():
                day = self._day()
                made.type("", day.isoformat())
                made.tell(value_date=day)
            case Period():
                for part, day in (("start", self._day()), ("end", self._day())):
                    made.type(f"-{part}", day.isoformat())
                    name = Words([f"type.period.{part}"])
                    made.tell(part, value_date=day, field_label=name)
            case Statistics():
                self._statistics(made, item)
            case Evidence():
                self._files(made)
            case RowsItem():
                for row in range(ROWS):
                    self.add_row(made, item, row)
            case _:
                raise AssertionError(f"{item.id}: say in canaries.py what answers the type {item.item_type}")
        return made

    def _chosen(self, made: Canary, choice_list: ChoiceList, codes: tuple[str, ...], part: str) -> None:
        for code in codes:
            made.type(f"{part}-codes", code)
            words = ""
            if code == choice_list.other:
                words = made.type(f"{part}-other", self._text(f"{made.item_id} other"))
            made.tell(code, code=code, label=_option(choice_list, code), value_text=words)

    def _practice(self, made: Canary) -> None:
        text = made.type("-text", self._text(f"{made.item_id} text"))
        made.tell("text", value_text=text, field_label=Words(["type.good_practice.text"]))
        consent = "yes" if self._next() % 2 else "no"
        if consent == "yes":
            made.type("-consent", "y")
        part = Words(["type.good_practice.consent"])
        label = Words([f"list.consent.{consent}"])
        made.tell("consent", code=consent, label=label, field_label=part)
        made.entries[""] = {"text": text, "consent_code": consent, "consent": label}

    def _number(self, item: NumberItem) -> Decimal:
        smallest, largest = item.limits()
        serial = self._next()
        if largest is None:
            return Decimal(100_000 + serial)
        # Few numbers fit between narrow limits: those of one item differ from those of the others by a count of their own.
        self._narrow += 1
        number = Decimal(int(smallest or 0) + self._narrow)
        if isinstance(item, DecimalItem):
            number += Decimal("0.5")
        assert number <= largest, item.id
        return number

    def _statistics(self, made: Canary, item: Statistics) -> None:
        notes = {note: made.type(f"-{note}", self._text(f"{item.id} {note}")) for note in ("source", "definition")}
        currency = made.type("-currency", self._currency()) if item.money_rows else ""
        provisional = self.years[self._next() % len(self.years)]
        made.type("-provisional", str(provisional))
        for line in item.figure_lines:
            row = f"{item.text_key}.row.{line.row}"
            part = f"type.statistics.{line.part}" if line.part else "type.statistics.total"
            name = Words([row, part] if line.part else [row])
            for year in self.years:
                number = Decimal(500_000 + self._next()) + (Decimal("0.25") if line.is_money else 0)
                made.type(f"-{line.id}-{year}", f"{number:f}")
                unit = currency if line.is_money else ""
                made.tell(f"{line.id}.{year}", value_number=number, unit=unit, field_label=name)
                made.entries[f"{line.id}.{year}"] = {
                    "row_code": line.row, "row_label": Words([row]), "part_code": line.part or "total",
                    "part_label": Words([part]), "year": Decimal(year), "number": number, "unit": unit,
                    "is_provisional": "yes" if year == provisional else "no", **notes,
                }  # fmt: skip
        for note, text in notes.items():
            made.tell(note, value_text=text, field_label=Words([f"type.statistics.{note}"]))
        part_name, code = Words(["type.statistics.provisional"]), str(provisional)
        made.tell(f"provisional.{provisional}", code=code, label=code, field_label=part_name)

    def _files(self, made: Canary) -> None:
        for row in range(ROWS):
            text = self._text(f"{made.item_id} file {row}")
            name, content = f"{text}.txt", text.encode()
            made.files.append((name, content))
            told: dict[str, Cells] = {
                "name": {"value_text": name}, "media_type": {"value_text": "text/plain"},
                "size": {"value_number": Decimal(len(content)), "unit": "bytes"},
                "sha256": {"value_text": hashlib.sha256(content).hexdigest()},
            }  # fmt: skip
            for part, cells in told.items():
                made.tell(part, row, **cells, field_label=Words([f"type.evidence.{part}"]))
            made.entries[row] = {
                part: cells.get("value_text", cells.get("value_number")) for part, cells in told.items()
            }

    def add_row(self, made: Canary, item: RowsItem, row: int, columns: tuple[RowColumn, ...] = ()) -> None:
        """One more row of a repeatable item, with an answer in each column, or in these columns only."""
        typed = []
        entry: Cells = {}
        for column in columns or item.row_columns:
            value, text, cells = self._cell(f"{item.id} {row} {column.id}", column)
            typed.append((f"{item.id}-{row}-{column.id}", text))
            made.tell(column.id, row, **cells, field_label=Words([f"{item.text_prefix}.{column.id}"]))
            if column.choice_list is not None:
                entry[f"{column.id}_code"], value = value, cells["label"]
            entry[column.id] = value
        made.rows.append(typed)
        made.entries[row] = entry

    def _cell(self, place: str, column: RowColumn) -> tuple[Any, str, Cells]:
        """(value, what is typed, cells of the fact) of one column of a row."""
        match column.kind:
            case "choice":
                assert column.choice_list is not None
                code = column.choice_list.codes[self._next() % len(column.choice_list.codes)]
                return code, code, {"code": code, "label": _option(column.choice_list, code)}
            case "date":
                day = self._day()
                return day, day.isoformat(), {"value_date": day}
            case "year" | "count":
                self._year += column.kind == "year"
                number = Decimal(self._year if column.kind == "year" else 300_000 + self._next())
                return number, str(number), {"value_number": number}
            case "link":
                text = self._link(place.replace(" ", "/"))
            case _:
                text = self._text(place)
        return text, text, {"value_text": text}


def _option(choice_list: ChoiceList, code: str) -> Words:
    return Words([f"list.{choice_list.name}.{code}"])


class Plan:
    """Codes for every choice, such that as many of the `wanted` items as possible are asked of a State with these facts.

    Where several codes open as much, items take turns, so that many codes are used. `fixed` gives the code of an item.
    """

    def __init__(
        self, instrument: Instrument, facts: Facts, wanted: frozenset[str], fixed: Mapping[str, str] | None = None
    ) -> None:
        self.codes: dict[str, tuple[str, ...]] = {}
        values: dict[str, Any] = {}
        deciding = {id_ for item in instrument.items.values() if item.asked_if for id_ in item.asked_if.items()}
        # Twice: what an answer opens may depend on one that is chosen after it.
        for turn, item in enumerate([*instrument.items.values()] * 2):
            options = [(fixed[item.id],)] if fixed and item.id in fixed else list(_options(item))
            if not options:
                continue
            if item.id in deciding and len(options) > 1:
                opened = []
                for codes in options:
                    values[item.id] = _value(item, codes)
                    opened.append(len(asked_item_ids(instrument, values, facts) & wanted))
                options = [codes for codes, count in zip(options, opened, strict=True) if count == max(opened)]
            # All boxes of a list stand first, and are taken where they open as much as a single one.
            self.codes[item.id] = options[turn % len(options)] if isinstance(item, Choice) else options[0]
            values[item.id] = _value(item, self.codes[item.id])


def _options(item: Item) -> Iterator[tuple[str, ...]]:
    if isinstance(item, Choice):
        yield from ((code,) for code in item.choice_list.codes)
    elif isinstance(item, Choices | Difficulties):
        exclusive = item.choice_list.exclusive
        yield tuple(code for code in item.choice_list.codes if code not in exclusive)
        yield from ((code,) for code in exclusive)


def _value(item: Item, codes: tuple[str, ...]) -> Any:
    return codes[0] if isinstance(item, Choice) else Chosen(codes=codes)


def needed_for(instrument: Instrument, wanted: frozenset[str]) -> frozenset[str]:
    """The wanted items and those on whose answers it depends whether they are asked."""
    found: set[str] = set()
    left = set(wanted)
    while left:
        item = instrument.items[left.pop()]
        found.add(item.id)
        if item.asked_if is not None:
            left |= set(item.asked_if.items()) - found
    return frozenset(found)
