"""Statistics: figures by line and year, by sex and age where asked, with source, definition and provisional years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field as PydanticField
from pydantic import model_validator
from wtforms import Field
from wtforms.fields.core import UnboundField

from instruments.items.amount import CurrencyControl
from instruments.items.base import AskContext, Brief, CellValue, ChoiceList, Column, Fact, Item, Line, paragraph_of
from instruments.items.choices import CodesControl
from instruments.items.fields import (
    CompositeControl,
    DecimalControl,
    OfferedControl,
    TextControl,
    WholeNumberControl,
)
from instruments.items.suppression import withheld_cells
from instruments.items.table_merge import LONGEST_NOTE, merge_tables
from instruments.texts import Text, Texts
from instruments.values import Statistics as StatisticsValue
from languages import separator

if TYPE_CHECKING:
    from instruments.merging import Merging

BREAKDOWNS: dict[str, tuple[str, ...]] = {
    "sex": ("female", "male", "sex_unknown"),
    "age": ("under_18", "adult", "age_unknown"),
    "form": (
        "sexual", "forced_labour", "domestic_servitude", "slavery_like", "organ_removal", "forced_marriage", "begging",
        "forced_criminality", "child_sale", "mixed_forms", "other_form", "form_unknown",
    ),
    "nationality": ("national", "foreign", "nationality_unknown"),
}  # fmt: skip
"""The parts of each breakdown; together they make the total of their line."""

_COLUMNS = (
    "row_code", "row_label", "part_code", "part_label", "year", "number", "unit", "is_provisional", "source", "definition",
)  # fmt: skip

WITHHELD = "withheld"
"""The code of a figure that is too small to be shared."""

RowCode = Annotated[str, PydanticField(pattern=r"^[a-z][a-z0-9_]*$")]
"""Names a line in stored cells and in inputs, where points and hyphens have a meaning of their own."""


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A line of the table: `row` is what is counted, `part` the share of it (empty for the total)."""

    row: str
    part: str
    is_money: bool

    @property
    def id(self) -> str:
        """The line's key in the stored cells and in the names of the inputs."""
        return f"{self.row}.{self.part}" if self.part else self.row


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line as the page prints it: its key, its label, its cells by year, whether it is a part of the line before."""

    id: str
    label: Text
    cells: list[Field]
    is_part: bool


class StatisticsControl(CompositeControl):
    """A table of numbers by line and year, and the notes that give them a meaning."""

    control = "table"

    def __init__(self, *, item: Statistics, texts: Texts, years: tuple[int, ...], **kwargs: Any):
        parts: dict[str, Any] = {}
        for line in item.figure_lines:
            for year in years:
                parts[f"{line.id}-{year}"] = lambda _part, line=line, year=year: UnboundField(
                    DecimalControl if line.is_money else WholeNumberControl, texts=texts, minimum=0,
                    label_text=item.cell_label(line, year, texts),
                )  # fmt: skip
        if item.money_rows:
            parts["currency"] = lambda _part: UnboundField(
                CurrencyControl, texts=texts, label_text=texts("type.amount.currency"), maximum=3,
                hint_text=texts.get("type.amount.currency.hint"),
            )  # fmt: skip
        parts["source_from"] = lambda _part: UnboundField(
            OfferedControl, texts=texts, label_text=texts("type.statistics.source_from"),
            hint_text=texts.get("type.statistics.source_from.hint"),
        )  # fmt: skip
        for note in ("source", "definition"):
            parts[note] = lambda name: UnboundField(
                TextControl, texts=texts, label_text=texts(f"type.statistics.{name}"), maximum=LONGEST_NOTE,
                hint_text=texts.get(f"type.statistics.{name}.hint"),
            )  # fmt: skip
        parts["provisional"] = lambda _part: UnboundField(
            ProvisionalControl, texts=texts, choice_list=ChoiceList("", tuple(map(str, years))),
            label_text=texts("type.statistics.provisional"),
        )  # fmt: skip
        super().__init__(parts=parts, texts=texts, **kwargs)
        self.item, self.years = item, years

    @property
    def lines(self) -> list[PrintedLine]:
        """The lines in order, each with one field per year."""
        return [
            PrintedLine(
                line.id, self.item.line_label(line, self.texts),
                [self.inner[f"{line.id}-{year}"] for year in self.years], bool(line.part),
            )
            for line in self.item.figure_lines
        ]  # fmt: skip

    def offer(self, options: list[tuple[str, Text]], used_in: dict[str, list[str]]) -> None:
        """Give the drop-down the sources of other tables."""
        self.inner["source_from"].options = options

    @property
    def currency_field(self) -> Field | None:
        """The currency of the money lines, where there are any."""
        return self.inner.get("currency")

    def part_data(self, value: StatisticsValue | None) -> dict[str, Any]:
        if value is None:
            return {}
        data: dict[str, Any] = {
            f"{line}-{year}": number for line, cells in value.cells.items() for year, number in cells.items()
        }
        return data | {
            "currency": value.currency or None, "source": value.source or None,
            "definition": value.definition or None, "source_from": value.source_from or None, "provisional": value.provisional,
        }  # fmt: skip

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        # Figures of years that are no longer asked (an earlier cycle's) stay with the value.
        self._kept = {} if data is None else {
            line: {year: number for year, number in cells.items() if int(year) not in self.years}
            for line, cells in data.cells.items()
        }  # fmt: skip
        kept_years = {year for cells in self._kept.values() for year in cells}
        self._kept_provisional = () if data is None else tuple(year for year in data.provisional if year in kept_years)
        super().process(formdata, data, extra_filters)

    def join(self, parts: dict[str, Any]) -> StatisticsValue | None:
        cells: dict[str, dict[str, Decimal]] = {line: dict(kept) for line, kept in self._kept.items() if kept}
        for line in self.item.figure_lines:
            for year in self.years:
                number = parts[f"{line.id}-{year}"]
                if number is not None:
                    cells.setdefault(line.id, {})[str(year)] = Decimal(number)
        notes = {name: parts[name] or "" for name in ("source", "definition", "source_from")}
        if not cells and not any(notes.values()):
            return None
        currency = parts.get("currency") or ""
        if any(line.is_money and line.id in cells for line in self.item.figure_lines) and not currency:
            raise self.problem("no_currency")
        provisional = (*self._kept_provisional, *parts["provisional"])
        return StatisticsValue(cells=cells, currency=currency, provisional=provisional, **notes)


class SharedStatistics(StatisticsValue):
    """A table as it is shared: what is withheld stands in `withheld` (years by line) and not in `cells`. Never stored."""

    withheld: dict[str, tuple[str, ...]]


class ProvisionalControl(CodesControl):
    """Boxes for the years whose figures are provisional; the years label themselves."""

    @property
    def choices_texts(self) -> list[tuple[str, Text, Text | None]]:
        return [(year, Text(year, self.texts.language), None) for year in self.choice_list.codes]


class Statistics(Item):
    """Figures of the last four complete years. `rows` are counts, `money_rows` sums; `by` breaks the counts down."""

    item_type: ClassVar[str] = "statistics"
    value_type: ClassVar[Any] = StatisticsValue
    sheet: ClassVar[str] = "Statistics"
    register: ClassVar[str] = "source"
    own_texts: ClassVar[tuple[str, ...]] = (
        *(
            f"type.statistics.{name}"
            for name in (*_COLUMNS, "provisional", "total", *(part for parts in BREAKDOWNS.values() for part in parts))
        ),
        "type.amount.currency", "type.statistics.source_from",
    )  # fmt: skip

    rows_: tuple[RowCode, ...] = PydanticField((), alias="rows")
    """In the file the key is `rows`, which here is the method that writes the sheet."""
    money_rows: tuple[RowCode, ...] = ()
    by: tuple[Literal["sex", "age", "form", "nationality"], ...] = ()
    of_which: dict[RowCode, RowCode] = PydanticField(default_factory=dict)
    """Lines that count a part of another line, each with that line: no part is larger than its whole."""

    @model_validator(mode="after")
    def _has_lines(self) -> Statistics:
        lines = (*self.rows_, *self.money_rows)
        if not lines or len(set(lines)) != len(lines):
            raise ValueError("rows and money_rows name at least one line, and each line once")
        if not {*self.of_which, *self.of_which.values()} <= set(lines):
            raise ValueError("of_which names lines of the table")
        return self

    @cached_property
    def figure_lines(self) -> tuple[FigureLine, ...]:
        """All lines of the table, in order."""
        lines = []
        for row in self.rows_:
            lines.append(FigureLine(row, "", False))
            lines += [FigureLine(row, part, False) for breakdown in self.by for part in BREAKDOWNS[breakdown]]
        return (*lines, *(FigureLine(row, "", True) for row in self.money_rows))

    def line_label(self, line: FigureLine, texts: Texts) -> Text:
        """What the line counts: the row's words for a total, the part's words for a part."""
        return texts(f"type.statistics.{line.part}") if line.part else texts(f"{self.text_key}.row.{line.row}")

    def cell_label(self, line: FigureLine, year: int, texts: Texts) -> Text:
        """What one cell counts, for a sentence about it: the line in full and the year."""
        return Text(f"{self._full_label(line, texts)}{separator(texts.language)}{year}", texts.language)

    def _full_label(self, line: FigureLine, texts: Texts) -> str:
        row = str(texts(f"{self.text_key}.row.{line.row}"))
        return f"{row} – {self.line_label(line, texts)}" if line.part else row

    def text_keys(self) -> Iterator[str]:
        yield from super().text_keys()
        yield from (f"{self.text_key}.row.{row}" for row in (*self.rows_, *self.money_rows))

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            StatisticsControl, texts=context.texts, label_text=self.label(context.texts),
            hint_text=self.hint(context.texts), item=self, years=context.years,
        )  # fmt: skip

    def findings(self, value: StatisticsValue) -> Iterable[str]:
        if any(self._wrong_totals(value)):
            yield "figures_total"
        if any(self._too_large_parts(value)):
            yield "figures_part"
        if value.cells and not value.source and not value.source_from:
            yield "figures_without_source"

    def registered(self, value: StatisticsValue) -> Iterable[tuple[str, str]]:
        if value.source and not value.source_from:
            yield self.id, value.source

    def references(self, value: StatisticsValue) -> Iterable[str]:
        return (value.source_from,) if value.source_from else ()

    def resolve(self, value: StatisticsValue, values: Mapping[str, Any]) -> StatisticsValue:
        named = values.get(value.source_from)
        if value.source or not isinstance(named, StatisticsValue):
            return value
        return value.model_copy(update={"source": named.source})

    def carry(self, value: StatisticsValue, values: Mapping[str, Any], renamed: Mapping[str, str]) -> StatisticsValue:
        if not value.source_from:
            return value
        key = renamed.get(value.source_from, value.source_from)
        named = values.get(key)
        if not isinstance(named, StatisticsValue) or not named.source or named.source_from:
            return value.model_copy(update={"source_from": ""})
        return value.model_copy(
            update={"source_from": key, "source": "" if value.source == named.source else value.source}
        )

    def as_shared(self, value: StatisticsValue, threshold: int) -> SharedStatistics:
        breakdowns = [BREAKDOWNS[breakdown] for breakdown in self.by]
        gone = withheld_cells(value.cells, self.rows_, breakdowns, threshold)
        withheld: dict[str, tuple[str, ...]] = {}
        for line, year in sorted(gone):
            withheld[line] = (*withheld.get(line, ()), year)
        cells = {
            line: {year: number for year, number in years.items() if (line, year) not in gone}
            for line, years in value.cells.items()
        }  # fmt: skip
        given = {**dict(value), "cells": cells, "withheld": withheld}
        return SharedStatistics(**given)

    def _wrong_totals(self, value: StatisticsValue) -> Iterator[tuple[str, str]]:
        """(row, year) where all parts of a breakdown are given and do not add up, or exceed the total."""
        for row in self.rows_:
            for year, total in value.cells.get(row, {}).items():
                for breakdown in self.by:
                    given = [value.cells.get(f"{row}.{part}", {}).get(year) for part in BREAKDOWNS[breakdown]]
                    known = [number for number in given if number is not None]
                    if sum(known) > total or (len(known) == len(given) and sum(known) != total):
                        yield row, year

    def _too_large_parts(self, value: StatisticsValue) -> Iterator[tuple[str, str]]:
        """(row, year) of a figure that is larger than the one it is a part of."""
        for part, whole in self.of_which.items():
            wholes = value.cells.get(whole, {})
            for year, number in value.cells.get(part, {}).items():
                if year in wholes and number > wholes[year]:
                    yield part, year

    def _figures(self, value: StatisticsValue, texts: Texts) -> Iterator[tuple[FigureLine, str, Decimal | str]]:
        """The figures in order; in a shared table one word stands for each that is withheld.

        It is the same for a small one and for a larger one that would give it away: `<11` would be untrue of the larger one.
        """
        withheld = value.withheld if isinstance(value, SharedStatistics) else {}
        words = str(texts.get("type.statistics.withheld") or WITHHELD)
        for line in self.figure_lines:
            figures: dict[str, Decimal | str] = dict(value.cells.get(line.id, {}))
            figures |= dict.fromkeys(withheld.get(line.id, ()), words)
            for year, number in sorted(figures.items()):
                yield line, year, number

    def merge(
        self, base: StatisticsValue | None, theirs: StatisticsValue | None, mine: StatisticsValue | None,
        merging: Merging,
    ) -> StatisticsValue | None:  # fmt: skip
        return merge_tables([line.id for line in self.figure_lines if line.is_money], base, theirs, mine, merging)

    def facts(self, value: StatisticsValue, texts: Texts) -> Iterator[Fact]:
        for line, year, number in self._figures(value, texts):
            unit = value.currency if line.is_money else ""
            field, label = f"{line.id}.{year}", self._full_label(line, texts)
            if isinstance(number, str):
                yield Fact(field=field, field_label=label, code=WITHHELD, label=number)
            else:
                yield Fact(field=field, field_label=label, number=number, unit=unit)
        for note in ("source", "definition"):
            if getattr(value, note):
                yield Fact(field=note, field_label=str(texts(f"type.statistics.{note}")), text=getattr(value, note))
        if value.source_from:
            yield Fact(
                field="source_from", field_label=str(texts("type.statistics.source_from")), code=value.source_from,
                label=paragraph_of(value.source_from, texts),
            )  # fmt: skip
        for year in value.provisional:
            part = str(texts("type.statistics.provisional"))
            yield Fact(field=f"provisional.{year}", field_label=part, code=year, label=year)

    def lines(self, value: StatisticsValue, texts: Texts) -> list[Line]:
        lines = []
        for figure in self.figure_lines:
            cells = {year: number for line, year, number in self._figures(value, texts) if line == figure}
            if cells:
                unit = f" {value.currency}" if figure.is_money else ""
                words = separator(texts.language, heavy=True).join(
                    f"{year}: {number if isinstance(number, str) else f'{number:f}{unit}'}"
                    for year, number in sorted(cells.items())
                )
                lines.append(Line(words, label=self._full_label(figure, texts)))
        for note in ("source", "definition"):
            if getattr(value, note):
                lines.append(Line(getattr(value, note), label=str(texts(f"type.statistics.{note}")), language="und"))
        if value.provisional:
            lines.append(
                Line(separator(texts.language).join(value.provisional), label=str(texts("type.statistics.provisional")))
            )
        return lines

    def brief(self, value: StatisticsValue, texts: Texts) -> Brief:
        """The figures of the last year with any: each total, or its parts where the State gave no total, for none is worked out."""
        given = list(self._figures(value, texts))
        last = max((year for _line, year, _number in given), default="")
        figures = [(line, number) for line, year, number in given if year == last]
        totals = {line.row for line, _number in figures if not line.part}
        lines = [
            Line(
                number if isinstance(number, str) else f"{number:f}{f' {value.currency}' if line.is_money else ''}",
                label=self._full_label(line, texts),
            )
            for line, number in figures
            if not (line.part and line.row in totals)
        ]
        said = f"{last} ({texts('type.statistics.is_provisional')})" if last in value.provisional else last
        return Brief(lines, head=said)

    def columns(self, texts: Texts) -> tuple[Column, ...]:
        return tuple(Column(name, str(texts(f"type.statistics.{name}"))) for name in _COLUMNS)

    def rows(self, value: StatisticsValue, texts: Texts) -> Iterator[tuple[str, tuple[CellValue, ...]]]:
        for line, year, number in self._figures(value, texts):
            row_label = str(texts(f"{self.text_key}.row.{line.row}"))
            part_label = str(self.line_label(line, texts)) if line.part else str(texts("type.statistics.total"))
            unit = value.currency if line.is_money else ""
            provisional = "yes" if year in value.provisional else "no"
            yield f"{line.id}.{year}", (
                line.row, row_label, line.part or "total", part_label, int(year), number, unit, provisional,
                value.source, value.definition,
            )  # fmt: skip
