"""Rows that are worked out from several facts of a State: side by side, by topic, against the round before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from exports.columns_derived import short_items
from exports.marks import ANSWERED, NOT_ANSWERED, NOT_ASKED, Value
from exports.rows import Row, Rows, SealedItem
from exports.source import Sealed
from exports.topics import Topic
from instruments.items.base import Fact, Line
from instruments.texts import Texts
from languages import separator
from services.responses import state_name

CODES = "; "
"""Between the codes of one cell of Answers_wide; it is in no code."""


class DerivedRows:
    """Makes the rows that hold several facts. The names of States, groups and paragraphs are those of `rows`."""

    def __init__(self, rows: Rows, topics: Sequence[Topic]) -> None:
        self.rows, self.texts = rows, rows.texts
        self._short = [item for item in short_items(rows.instrument) if item.question_id in rows.questions]
        self._topics = topics
        self._words = rows.words["change"]
        self._between = separator(rows.language, heavy=True)

    def wide_row(self, sealed: Sealed, items: Iterable[SealedItem]) -> Row:
        """The State's row of Answers_wide. Questions that are not shown have empty cells."""
        state, seal = sealed.state, sealed.state.seal
        assert seal is not None
        found = {entry.item.id: entry for entry in items}
        cells: list[Value] = []
        for item in self._short:
            entry = found.get(item.id)
            cells += (None, None) if entry is None else self._short_cells(entry)
        self.rows.count("Answers_wide")
        name, group = state_name(state.names, self.rows.language), self.rows.words["group"][state.region]
        return (state.state_id, name, group, seal.number, seal.submitted_at, *cells)

    def _short_cells(self, entry: SealedItem) -> tuple[Value, Value]:
        if entry.asked_state != ANSWERED:
            return None, self.rows.asked_words[entry.asked_state]
        codes = [fact for fact in entry.facts if fact.code]
        if codes:
            return CODES.join(fact.code for fact in codes), self._between.join(fact.label for fact in codes)
        for fact in entry.facts:
            if fact.number is not None or fact.date is not None:
                return fact.date if fact.number is None else fact.number, fact.unit or None
        # Described in words alone, which are in Texts: the cell is empty, and yet it is no blank.
        return None, self.rows.asked_words[ANSWERED]

    def topic_rows(self, sealed: Sealed, items: Sequence[SealedItem]) -> Iterator[tuple[str, Row]]:
        """(sheet, row) for every fact of the items of each topic, and one row for an item without."""
        state = sealed.state
        head = (state.state_id, state_name(state.names, self.rows.language), self.rows.words["group"][state.region])
        by_id = {entry.item.id: entry for entry in items}
        for topic in self._topics:
            for item in topic.items:
                entry = by_id.get(item.id)
                if entry is None:  # its paragraph is not shown
                    continue
                number, label = self.rows.heading(entry)
                for fact in entry.facts or (Fact(),):
                    answer = fact.text or fact.label
                    if entry.asked_state != ANSWERED:
                        answer = self.rows.asked_words[entry.asked_state]
                    self.rows.count(topic.sheet, answer)
                    yield topic.sheet, (
                        *head, number, label, fact.field_label, answer, fact.number, fact.unit, fact.date, fact.language,
                        entry.asked_state, fact.code, fact.row_id, fact.field, item.id, state.response_id,
                    )  # fmt: skip

    def change_rows(
        self, sealed: Sealed, items: Sequence[SealedItem], before: Sealed, rows_before: Rows
    ) -> Iterator[Row]:
        """Rows of Changes: items of both questionnaires whose answer differs, and those that only one of them has.

        Items are the same when their id and type are; a paragraph that either round does not show is left out.
        """
        state, seal, seal_before = sealed.state, sealed.state.seal, before.state.seal
        assert seal is not None and seal_before is not None
        now = {entry.item.id: entry for entry in items}
        then = {entry.item.id: entry for entry in rows_before.items(before)}
        name, group = state_name(state.names, self.rows.language), self.rows.words["group"][state.region]
        order = [*now, *(item_id for item_id in then if item_id not in now)]
        for item_id in order:
            entry, other = now.get(item_id), then.get(item_id)
            change = change_of(entry, other)
            if not change:
                continue
            shown = entry or other
            assert shown is not None  # one of the two
            hidden_in, of_it = (sealed, self.rows) if entry is None else (before, rows_before)
            if shown.question.id in of_it.instrument.questions and shown.question.id not in hidden_in.questions:
                continue
            was, is_ = self._in_words(other, rows_before.texts), self._in_words(entry, self.texts)
            self.rows.count("Changes", was, is_)
            yield (
                state.state_id, name, group, *(rows_before if entry is None else self.rows).heading(shown),
                self._words[change], was, is_, seal_before.number, seal.number, change, shown.question.id, item_id,
                state.response_id,
            )  # fmt: skip

    def _in_words(self, entry: SealedItem | None, texts: Texts) -> str:
        if entry is None:
            return ""
        if entry.asked_state != ANSWERED:
            return self.rows.asked_words[entry.asked_state]
        return "\n".join(_line(line) for line in entry.item.lines(entry.value, texts))


def _line(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text


def change_of(entry: SealedItem | None, before: SealedItem | None) -> str:
    """What became of an item since the round before, as a code; empty where it is the same."""
    if entry is None or before is None or not entry.item.is_like(before.item):
        # What was left blank in every questionnaire that has it tells nothing.
        if not any(one is not None and one.asked_state == ANSWERED for one in (entry, before)):
            return ""
        return "item_new" if before is None else "item_dropped" if entry is None else "item_changed"
    if entry.asked_state != before.asked_state:
        return {
            ANSWERED: "answered_now", NOT_ANSWERED: "not_answered_now", NOT_ASKED: "not_asked_now",
        }[entry.asked_state]  # fmt: skip
    if entry.asked_state == ANSWERED and _plain(entry) != _plain(before):
        return "changed"
    return ""


def _plain(entry: SealedItem) -> list[tuple[object, ...]]:
    """The facts without their words and row ids: a new version may say it otherwise, a new round numbers its rows anew.

    A reference to a row of another paragraph therefore counts by the item that it leads to.
    """
    return [
        (fact.field, fact.code.partition("/")[0], fact.text, fact.number, fact.unit, fact.date, fact.language)
        for fact in entry.facts
    ]
