"""How many States gave each answer of a scale, by paragraph and regional group. Counts of States, never a figure of a State."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exports.codes import short_asked_states
from exports.columns import status_items
from exports.marks import ANSWERED, BLANKS, NOT_ANSWERED, NOT_ASKED, Formula, Value, mark_of
from exports.rows import Row, SealedItem
from exports.shape import gettext_in
from exports.source import ExportSource
from instruments.items import Item
from instruments.items.suppression import withheld_in_table
from models.export_queries import StateRecord
from models.states import REGIONS


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """An answer of an item, or a blank: its code, its mark, its words, and by regional group how many States gave it."""

    code: str
    symbol: str
    label: str
    states: tuple[int, ...]
    """In the order of `models.states.REGIONS`."""

    @property
    def total(self) -> int:
        """How many States gave it."""
        return sum(self.states)

    @property
    def is_blank(self) -> bool:
        """Whether it says that there is no answer."""
        return self.code in BLANKS


class Tally:
    """Counts the answers on the scales while the States go by."""

    def __init__(self, source: ExportSource, language: str) -> None:
        self.instrument, self.settings = source.instrument, source.settings
        self._texts = source.instrument.texts_in(language)
        _ = gettext_in(language)
        self._blanks, self._withheld = short_asked_states(_), _("withheld")
        self._counts: dict[tuple[str, str], list[int]] = {}
        self.items = [item for item in status_items(source.instrument) if item.question_id in source.questions]
        self._wanted = {item.id for item in self.items}
        self.needs: dict[tuple[str, str], int] = {}
        """Needs of technical assistance by kind and by how far each is; both codes, empty where the State did not say."""

    def add(self, state: StateRecord, items: Sequence[SealedItem]) -> None:
        """One more State."""
        place = REGIONS.index(state.region)
        for entry in items:
            if entry.item.id in self._wanted:
                code = entry.facts[0].code if entry.asked_state == ANSWERED else entry.asked_state
                self._counts.setdefault((entry.item.id, code), [0] * len(REGIONS))[place] += 1
            if entry.item.sheet == "TA_needs":
                self._add_needs(entry)

    def _add_needs(self, entry: SealedItem) -> None:
        rows: dict[str, dict[str, str]] = {}
        for fact in entry.facts:
            rows.setdefault(fact.row_id, {})[fact.field] = fact.code
        for row in rows.values():
            key = row.get("kind", ""), row.get("requested", "")
            self.needs[key] = self.needs.get(key, 0) + 1

    def answers(self, item: Item) -> list[AnswerCount]:
        """The counts of an item: every code of its scale in order, then the blanks. No information available is a code."""
        scale = item.choice_lists()[0]
        found = []
        for code in (*scale.codes, NOT_ANSWERED, NOT_ASKED):
            symbol = BLANKS[code].symbol if code in BLANKS else mark_of(scale.name, code).symbol
            label = self._blanks[code] if code in BLANKS else str(self._texts.option(scale.name, code))
            found.append(AnswerCount(code, symbol, label, tuple(self._counts.get((item.id, code), [0] * len(REGIONS)))))
        return found

    def shown(self, item: Item) -> list[tuple[AnswerCount, list[int | str]]]:
        """The counts with those by group and the total as they stand in the file: small ones withheld where it is shared.

        A cell that would give a withheld one away is withheld as well (`instruments.items.suppression`). All have the same
        word: it is true of both, and a bound of its own for each kind would give away what the sums do not.
        """
        counts = self.answers(item)
        table: list[list[int | str]] = [[*count.states, count.total] for count in counts]
        if threshold := self.settings.threshold:
            gone = withheld_in_table([count.states for count in counts], threshold)
            table = [
                [self._withheld if (row, column) in gone else value for column, value in enumerate(cells)]
                for row, cells in enumerate(table)
            ]
        return list(zip(counts, table, strict=True))

    def _head(self, item: Item) -> tuple[str, str, str]:
        question = self.instrument.questions[item.question_id]
        return (
            question.number_in(self._texts), str(self._texts(f"{question.id}.label")), str(item.label(self._texts)),
        )  # fmt: skip

    def question_rows(self, answer_sheets: Sequence[str]) -> Iterator[Row]:
        """Rows of By_question; the formulas count in the tables of these sheets, where nothing is withheld."""
        for item in self.items:
            shown = self.shown(item)
            answered = sum(count.total for count, _cells in shown if not count.is_blank)
            asked = answered + sum(count.total for count, _cells in shown if count.code == NOT_ANSWERED)
            totals: tuple[Value, Value] = (None, None) if self.settings.threshold else (answered, asked)
            for count, cells in shown:
                formula = None
                if not self.settings.threshold:
                    formula = Formula(count_formula(item, count, answer_sheets), count.total)
                yield (
                    *self._head(item), count.symbol, count.label, cells[-1], formula, *totals, count.code, item.question_id,
                    item.id,
                )  # fmt: skip

    def group_rows(self) -> Iterator[Row]:
        """Rows of By_group."""
        for item in self.items:
            for count, cells in self.shown(item):
                yield (*self._head(item), count.symbol, count.label, *cells, count.code, item.question_id, item.id)


def count_formula(item: Item, count: AnswerCount, answer_sheets: Sequence[str]) -> str:
    """The formula that counts the answer again: rows of the item with the code, or with the blank, in every part of the table.

    An answer on a scale is one fact without a text, and so one row.
    """
    column = "asked_state" if count.is_blank else "code"
    return "+".join(
        f'COUNTIFS(tbl{name}[item_id],"{item.id}",tbl{name}[{column}],"{count.code}")' for name in answer_sheets
    )
