"""Plain rows of the sheets: from sealed answers to values in the order of the columns. No library, no page, no file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from exports.cells import TEXT_LIMIT, clean, parts_needed
from exports.codes import code_lists, short_asked_states, work_state
from exports.columns import status_items
from exports.marks import ANSWERED, BLANKS, NOT_ANSWERED, NOT_ASKED, Marked, Value, mark_of, with_mark
from exports.settings import ExportSettings
from exports.shape import gettext_in
from exports.source import Sealed
from instruments.items import Item
from instruments.items.base import Fact
from instruments.schema import Instrument, Question
from instruments.texts import Texts
from instruments.values import EvidenceReference
from languages import direction, separator
from models.export_queries import StateRecord
from services.responses import state_name

Row = tuple[Value, ...]

# A text in the form of `instruments.catalog.canonical_json`; an encoder for the whole list would be made anew for every fact.
_quoted = json.encoder.encode_basestring


class SealedItem(NamedTuple):
    """One item of a sealed response: what became of it, its typed value and the facts the value states."""

    item: Item
    question: Question
    asked_state: str
    value: Any = None
    version: int | None = None
    facts: tuple[Fact, ...] = ()


class Rows:
    """Makes the rows of one export in one language. Counts, per sheet, how many rows the workbook must hold."""

    def __init__(self, instrument: Instrument, language: str, settings: ExportSettings | None = None) -> None:
        self.settings = settings or ExportSettings(language)
        self.threshold = self.settings.threshold
        self.instrument = instrument
        self.language = language
        self.texts: Texts = instrument.texts_in(language)
        _ = gettext_in(language)
        self.words = code_lists(_)
        self.asked_words = short_asked_states(_)
        self.questions = self.settings.questions_of(instrument)
        self._status_items = [item for item in status_items(instrument) if item.question_id in self.questions]
        self._right_to_left = direction(language) == "rtl"
        self._questions = {
            question.id: (question.number_in(self.texts), str(self.texts(f"{question.id}.label")))
            for question in instrument.questions.values()
        }
        self._labels = {item.id: str(item.label(self.texts)) for item in instrument.items.values()}
        self._links = {
            question.id: (
                articles_of(question, self.texts),
                ", ".join(question.clusters),
                str(self.texts(f"verb.{question.verb}")),
                addressees_of(question, self.texts),
            )
            for question in instrument.questions.values()
        }
        self.expected: dict[str, int] = {}
        """Rows due by sheet of a workbook, where a long text takes several."""
        self.entries: dict[str, int] = {}
        """Rows due by table of a file whose cells have no limit."""
        self.facts_hash = FactsHash(instrument)

    def count(self, sheet: str, *texts: Value) -> None:
        """One more row is due, or several for a text that does not fit a cell."""
        due = 1
        for text in texts:
            if isinstance(text, str) and len(text) * 2 > TEXT_LIMIT:
                due = max(due, parts_needed(text))
        self.expected[sheet] = self.expected.get(sheet, 0) + due
        self.entries[sheet] = self.entries.get(sheet, 0) + 1

    def heading(self, entry: SealedItem) -> tuple[str, str]:
        """The printed number of the item's paragraph and the item's label."""
        return self._questions[entry.question.id][0], self._labels[entry.item.id]

    def items(self, sealed: Sealed) -> list[SealedItem]:
        """Every item of the questions that are shown with what became of it, in instrument order.

        In a preset that is shared, and in a report, what may not be shared is withheld here, before anything is made of it.

        Raises pydantic.ValidationError for a sealed value that is not of its item's type.
        """
        asked, answers = set(sealed.document["asked"]), sealed.document["answers"]
        found = []
        for question in self.instrument.questions.values():
            if question.id not in sealed.questions:
                continue
            for item in question.items:
                if item.id not in asked:
                    found.append(SealedItem(item, question, NOT_ASKED))
                elif item.id not in answers:
                    found.append(SealedItem(item, question, NOT_ANSWERED))
                else:
                    value = item.load(answers[item.id]["value"])
                    if self.settings.is_shared or self.settings.report:
                        value = item.as_shared(value, self.threshold)
                    facts = tuple(item.facts(value, self.texts))
                    found.append(SealedItem(item, question, ANSWERED, value, answers[item.id]["version"], facts))
        return found

    def answer_rows(self, sealed: Sealed, items: list[SealedItem]) -> Iterator[Row]:
        """Rows of Answers_long: one for each fact, one for an item without."""
        state, document, seal = sealed.state, sealed.document, sealed.state.seal
        assert seal is not None
        files: dict[str, int] = {}
        for entry in items:
            if isinstance(entry.value, tuple):
                count = sum(isinstance(part, EvidenceReference) for part in entry.value)
                files[entry.question.id] = files.get(entry.question.id, 0) + count
        name = state_name(state.names, self.language)
        last = (
            state.m49, state.region, self.words["group"][state.region],
            # How the work goes on since is between the State and the secretariat.
            "submitted" if self.settings.is_shared else state.clearance, seal.submitted_at, seal.number,
            document["cycle"], self.instrument.version, state.response_id,
        )  # fmt: skip
        for entry in items:
            item, question = entry.item, entry.question
            number, label = self._questions[question.id]
            head = (
                state.state_id, name, number, label, self._labels[item.id], entry.asked_state,
                self.asked_words[entry.asked_state],
            )  # fmt: skip
            visibility = document["visibility"].get(question.id)
            tail = (
                entry.version, visibility, self.words["visibility"].get(visibility), files.get(question.id, 0), question.id, item.id,
                item.item_type, *self._links[question.id], *last,
            )  # fmt: skip
            for fact in entry.facts or (Fact(),):
                self.count("Answers_long", fact.text)
                self.facts_hash.add(state.state_id, entry, fact)
                yield (
                    *head, fact.code, fact.label, fact.text, fact.number, fact.unit, fact.date, fact.language,
                    "original" if fact.text else "", fact.field, fact.field_label, fact.row_id, *tail,
                )  # fmt: skip

    def fact_lines(self, state_id: str, items: list[SealedItem]) -> Iterator[tuple[SealedItem, bytes]]:
        """The canonical line of every fact, in the order of Answers_long, each with its item; nothing is counted."""
        for entry in items:
            for fact in entry.facts or (Fact(),):
                yield entry, self.facts_hash.line(state_id, entry, fact)

    def matrix_row(self, state: StateRecord, items: list[SealedItem], target: str) -> Row:
        """The State's row of the matrix; `target` is the cell where its answers begin in Answers_long."""
        by_id = {entry.item.id: entry for entry in items}
        cells: list[Value] = []
        for item in self._status_items:
            if item.id not in by_id:  # what the State answered to its paragraph is not open to the readers
                cells.append(None)
                continue
            entry = by_id[item.id]
            if entry.asked_state != ANSWERED:
                mark, words = BLANKS[entry.asked_state], self.asked_words[entry.asked_state]
            else:
                fact = entry.facts[0]
                mark, words = mark_of(item.choice_lists()[0].name, fact.code), fact.label
            cells.append(Marked(with_mark(mark.symbol, words, right_to_left=self._right_to_left), mark.style))
        self.count("Matrix")
        # On the code, which is short: programs do not wrap a cell with a link.
        link = Marked(state.state_id, "state_link", target)
        return (self.words["group"][state.region], link, state_name(state.names, self.language), *cells)

    def text_rows(self, state: StateRecord, items: list[SealedItem]) -> Iterator[tuple[str, Row]]:
        """(question id, row of Texts). Texts of types with a sheet of their own stand there."""
        name = state_name(state.names, self.language)
        for entry in items:
            if entry.item.sheet:
                continue
            number, label = self._questions[entry.question.id]
            for fact in entry.facts:
                # A text with neither a language nor a name for its part is an address, not something to read.
                if fact.text and (fact.language or fact.field):
                    self.count("Texts", fact.text)
                    yield entry.question.id, (
                        number, label, name, self._labels[entry.item.id], fact.field_label or fact.label, fact.language, fact.text,
                        state.state_id, self.words["group"][state.region], entry.question.id, entry.item.id, fact.field,
                        state.response_id,
                    )  # fmt: skip

    def repeat_rows(self, state: StateRecord, items: list[SealedItem]) -> Iterator[tuple[str, Row]]:
        """(sheet, row) for every row of every repeatable item."""
        name = state_name(state.names, self.language)
        for entry in items:
            if not entry.item.sheet or entry.asked_state != ANSWERED:
                continue
            number, label = self._questions[entry.question.id]
            head = (state.state_id, name, self.words["group"][state.region], number, label, self._labels[entry.item.id])
            for row_id, cells in entry.item.rows(entry.value, self.texts):
                self.count(entry.item.sheet, *cells)
                yield entry.item.sheet, (*head, *cells, row_id, entry.question.id, entry.item.id, state.response_id)

    def coverage_row(self, state: StateRecord, languages: str) -> Row:
        """The State's row of Coverage; of a draft it shows progress and dates only."""
        seal = state.seal
        work = work_state_of(state, self.instrument)
        self.count("Coverage")
        submitted_at, is_late, number, round_, sha256 = (
            (None, None, None, None, None) if seal is None
            else (seal.submitted_at, yes_no(seal.late), seal.number, seal.round, seal.sha256)
        )  # fmt: skip
        return (
            state.state_id, state_name(state.names, self.language), state.m49, state.kind, self.words["kind"].get(state.kind, ""),
            state.region, self.words["group"][state.region], state.party_status, self.words["party_status"][state.party_status],
            state.party_since, state.invited_at, state.focal_point, state.reminders, state.last_reminded_at, work,
            self.words["work_state"][work], state.answered, state.asked, state.questions_ready, state.clearance,
            self.words["clearance"][state.clearance], state.deadline, yes_no(state.is_extended), submitted_at, is_late,
            state.reopen_requested_at, number, round_, languages, state.last_activity_at, sha256, state.response_id,
        )  # fmt: skip


def work_state_of(state: StateRecord, instrument: Instrument) -> str:
    """Where the State's response stands, as a code."""
    facts = {"party_status": state.party_status, "kind": state.kind}
    asked = sum(question.is_asked_of(facts) for question in instrument.questions.values())
    return work_state(
        state.clearance, given_back=state.given_back, has_begun=state.started_at is not None,
        is_all_ready=state.questions_ready >= asked,
    )  # fmt: skip


def yes_no(value: bool) -> str:
    """A truth value as the code that stands in the workbook."""
    return "yes" if value else "no"


def articles_of(question: Question, texts: Texts) -> str:
    """The provisions a paragraph is linked with, in words; with the level of obligation where a source states it."""
    return separator(texts.language, heavy=True).join(
        f"{texts(f'treaty.{entry.treaty}')} {entry.article}"
        + ("" if entry.level == "not_stated" else f" ({texts(f'level.{entry.level}')})")
        for entry in question.articles
    )


def addressees_of(question: Question, texts: Texts) -> str:
    """Whom the paragraph addresses, in words."""
    return separator(texts.language, heavy=True).join(
        str(texts(f"addressee.{code}")) for code in (question.addressee, *question.also_addressed)
    )


def languages_of(items: list[SealedItem]) -> str:
    """The codes of the languages in which the State wrote, in alphabetical order."""
    return ", ".join(sorted({fact.language for entry in items for fact in entry.facts if fact.language}))


class FactsHash:
    """SHA-256 over the facts, one line of canonical JSON each, in the order of Answers_long.

    It holds no word of any language, so that the workbooks of all six languages carry the same fingerprint, and it can be
    computed again from the columns of Answers_long (`docs/workbook.md` says how).
    """

    def __init__(self, instrument: Instrument) -> None:
        self._digest = hashlib.sha256()
        self._units = {item.id: getattr(item, "unit", "") for item in instrument.items.values()}

    def add(self, state_id: str, entry: SealedItem, fact: Fact) -> None:
        """One more fact."""
        self._digest.update(self.line(state_id, entry, fact))

    def line(self, state_id: str, entry: SealedItem, fact: Fact) -> bytes:
        """The canonical line of a fact."""
        unit = self._units[entry.item.id] if fact.number is not None and self._units[entry.item.id] else fact.unit
        return fact_line(
            state_id, entry.item.id, entry.asked_state, entry.version, fact.row_id, fact.field, fact.code, fact.text, fact.number,
            unit, fact.date.isoformat() if fact.date else "", fact.language,
        )  # fmt: skip

    def hexdigest(self) -> str:
        """The fingerprint so far."""
        return self._digest.hexdigest()


def fact_line(
    state_id: str,
    item_id: str,
    asked_state: str,
    version: int | None,
    row_id: str,
    field: str,
    code: str,
    text: str,
    number: Decimal | int | None,
    unit: str,
    day: str,
    language: str,
) -> bytes:
    """One fact in its canonical form: a JSON list and a line feed. Numbers are decimal text without trailing zeros."""
    plain = "" if number is None else plain_number(number)
    number_of_answer = "null" if version is None else version
    head = f'[{_quoted(state_id)},"{item_id}","{asked_state}",{number_of_answer}'
    # Most are empty; what people typed may hold what no workbook can.
    row, words, of_unit, spoken = (
        _quoted(clean(given)[0]) if given else '""' for given in (row_id, text, unit, language)
    )
    return f'{head},{row},{_quoted(field)},{_quoted(code)},{words},"{plain}",{of_unit},"{day}",{spoken}]\n'.encode()


def plain_number(number: Decimal | int) -> str:
    """A number as decimal text: `1.50` and `1.5` are one number, and `0` has no sign."""
    text = f"{Decimal(number):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
