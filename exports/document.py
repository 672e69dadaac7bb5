"""One State's answers as a document, before it is Word or PDF: plain data in the order of reading, every word with its language.

The three blanks stay apart: "not answered" stands in its place, "not asked" is listed at the end of its question, and "no
information available" is an answer like any other. `answered_only` leaves out what holds no answer and says what it left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exports.marks import NOT_ANSWERED, NOT_ASKED
from exports.shape import gettext_in
from instruments.items import Item
from instruments.routing import progress
from instruments.schema import Instrument, Question
from instruments.texts import Text, Texts
from instruments.values import codes_of
from languages import colon, direction, format_moment, separator, translator
from services.responses import state_name

ANSWER, NO_INFORMATION, UNREADABLE = "answer", "no_information", "unreadable"
"""What stands under an item, beside `NOT_ANSWERED` and `NOT_ASKED`. Unreadable: typed in a draft, and not an answer yet."""

RIGHT_TO_LEFT = {"R", "AL"}
LONG_TEXT = 90
"""Characters from which a text is a paragraph of its own, at the side of the page where its script begins."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What is said of a submission: its receipt, and who cleared it."""

    number: str
    sha256: str
    submitted_at: datetime
    name: str
    title: str
    late: bool


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """The answers of one State, of a draft or of a submission. `seal` is None for a draft."""

    instrument: Instrument
    state_id: str
    state_names: Mapping[str, str]
    cycle_title: str
    values: Mapping[str, Any]
    """Typed values by item id; those of items that are not asked may be among them and are not printed."""
    asked: frozenset[str]
    seal: Seal | None
    moment: datetime
    """When the draft was printed, or the submission received: the same facts give the same file."""
    unreadable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Passage:
    """Words, their language (empty where nobody knows it) and whether they run from right to left."""

    text: str
    language: str
    rtl: bool


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line of an answer. `tag` names the language where it is another than the document's; `own` makes it a paragraph."""

    label: str
    words: Passage
    tag: str
    own: bool


@dataclass(frozen=True, slots=True)
class PrintedItem:
    """An item with its answer in lines, or one line that says which blank it is."""

    item_id: str
    label: Passage
    kind: str
    lines: tuple[PrintedLine, ...]


@dataclass(frozen=True, slots=True)
class PrintedQuestion:
    """A paragraph: its number, label, official text with a note on it, the question, the answers, and what has none."""

    question_id: str
    number: str
    label: Passage
    official: tuple[Passage, ...]
    note: str
    lead: Passage
    items: tuple[PrintedItem, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrintedSection:
    """Questions on one theme."""

    label: Passage
    questions: tuple[PrintedQuestion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What every document has, in one language: its title, the table at its beginning, what stands on every page."""

    language: str
    rtl: bool
    title: Passage
    state: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[Passage, ...]
    watermark: str
    """Stands across every page of a draft; empty for none."""
    banner: str
    """Stands first in the head of every page; empty for none."""
    running_head: str
    page_words: str
    """`Page {page} of {pages}` with the two in braces."""
    colon: str
    moment: datetime
    """Of the facts: the same facts give the same file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedResponse(Printed):
    """The answers of one State."""

    status: str
    """One line: a draft and its time, or the receipt."""
    sections: tuple[PrintedSection, ...]
    left_out: tuple[str, ...]
    signature: tuple[str, ...]
    """The lines to sign a draft on; empty for a submission."""

    @property
    def questions(self) -> Iterator[PrintedQuestion]:
        """All questions that are printed, in order."""
        for section in self.sections:
            yield from section.questions


def is_rtl(text: str, otherwise: bool) -> bool:
    """Whether the first letter of a text is of a script that runs from right to left; `otherwise` for a text without letters."""
    for sign in text:
        way = unicodedata.bidirectional(sign)
        if way == "L":
            return False
        if way in RIGHT_TO_LEFT:
            return True
    return otherwise


def print_response(
    source: DocumentSource,
    language: str,
    *,
    answered_only: bool = False,
    rehearsal: bool = False,
    zone: str = "UTC",
) -> PrintedResponse:
    """The document in one language: long, or with the answers only."""
    return _Printing(source, language, answered_only, zone).response(rehearsal=rehearsal)


class _Printing:
    """One document while it is put together."""

    def __init__(self, source: DocumentSource, language: str, answered_only: bool, zone: str) -> None:
        self.source, self.language, self.answered_only, self.zone = source, language, answered_only, zone
        self.texts: Texts = source.instrument.texts_in(language)
        self.rtl = direction(language) == "rtl"
        self.answered = {
            item_id: value for item_id, value in source.values.items() if item_id in source.asked and value is not None
        }
        self.chapeau = ""

    def response(self, *, rehearsal: bool) -> PrintedResponse:
        _ = gettext_in(self.language)
        source, seal = self.source, self.source.seal
        state = state_name(source.state_names, self.language)
        if seal is None:
            status = _("Draft, not submitted. Printed on %(moment)s.") % {"moment": self._moment(source.moment)}
            short = _("Draft, not submitted")
        else:
            status = _("Receipt %(number)s of %(state)s, submitted %(moment)s.") % {
                "number": seal.number, "state": state, "moment": self._moment(seal.submitted_at),
            }  # fmt: skip
            short = _("Receipt %(number)s") % {"number": seal.number}
        banner = [_("Rehearsal: invented States and invented answers")] if rehearsal else []
        banner += [_("DRAFT – not submitted")] if seal is None else []
        sections = tuple(
            PrintedSection(self._passage(self.texts(f"section.{section.id}")), questions)
            for section in source.instrument.sections
            if (
                questions := tuple(
                    self._question(question) for question in section.questions if self._is_printed(question)
                )
            )
        )
        notes = (self.texts.get("instrument.complements"), self.texts.get("instrument.verification"))
        return PrintedResponse(
            language=self.language, rtl=self.rtl, title=self._passage(self.texts("instrument.title")), state=state, status=status,
            facts=tuple(self._facts(state)), notes=tuple(self._passage(note) for note in notes if note),
            watermark=_("DRAFT") if seal is None else "", banner=" · ".join(banner),
            running_head=f"{state} · {short}", page_words=_("Page {page} of {pages}"), colon=colon(self.language),
            sections=sections, left_out=tuple(self._left_out()) if self.answered_only else (),
            signature=() if seal else (_("Signature"), _("Name, title, date:")), moment=source.moment,
        )  # fmt: skip

    def _facts(self, state: str) -> Iterator[tuple[str, str]]:
        _ = gettext_in(self.language)
        source, seal = self.source, self.source.seal
        yield _("State"), state
        yield _("Round of reporting"), source.cycle_title
        if seal is None:
            yield (
                _("Status of the response"),
                _("Draft, not submitted. Printed on %(moment)s.") % {"moment": self._moment(source.moment)},
            )
        else:
            yield _("Receipt number"), seal.number
            late = f" ({_('after the deadline')})" if seal.late else ""
            yield _("Received"), self._moment(seal.submitted_at) + late
            yield _("Cleared by"), separator(self.language).join(part for part in (seal.name, seal.title) if part)
            yield _("Fingerprint (SHA-256)"), seal.sha256
        counted = progress(source.instrument.items.values(), source.asked, self.answered)
        yield (
            _("Answered of asked"),
            _("%(answered)s of %(asked)s") % {"answered": counted.answered, "asked": counted.asked},
        )
        yield (
            _("Contents"),
            _("Answers only") if self.answered_only else _("All questions, with what was not answered and not asked"),
        )

    def _is_printed(self, question: Question) -> bool:
        return not self.answered_only or any(self._has_something(item) for item in question.items)

    def _has_something(self, item: Item) -> bool:
        return item.id in self.answered or (item.id in self.source.unreadable and item.id in self.source.asked)

    def _question(self, question: Question) -> PrintedQuestion:
        _ = gettext_in(self.language)
        asked = self.source.asked
        printed = [item for item in question.items if item.id in asked and self._has_its_place(item)]
        empty = [item for item in question.items if item.id in asked and item not in printed]
        not_asked = [item for item in question.items if item.id not in asked]
        remarks = []
        if len(not_asked) == len(question.items):
            remarks.append(_("Not asked of this State"))
        elif self.answered_only:
            if empty:
                ngettext = translator(self.language).ngettext
                remarks.append(
                    ngettext("%(num)d item was asked and not answered", "%(num)d items were asked and not answered", len(empty))
                    % {"num": len(empty)}
                )  # fmt: skip
        else:
            remarks += [self._listed(_("Not answered"), empty)] if empty else []
            remarks += [self._listed(_("Not asked"), not_asked)] if not_asked else []
        key = f"{question.id}.paragraph"
        official = [self._passage(self.texts(key))]
        if question.chapeau and question.chapeau != self.chapeau:
            official.insert(0, self._passage(self.texts(f"{question.chapeau}.paragraph")))
        # The words above lettered sub-paragraphs stand once above those that follow each other.
        self.chapeau = question.chapeau or question.id
        return PrintedQuestion(
            question_id=question.id, number=question.number_in(self.texts), label=self._passage(self.texts(f"{question.id}.label")),
            official=tuple(official), note=self._note(key), lead=self._passage(self.texts(f"{question.id}.lead")),
            items=tuple(self._item(item) for item in printed), remarks=tuple(remarks),
        )  # fmt: skip

    def _has_its_place(self, item: Item) -> bool:
        """A detail that was left empty is named at the end; an item that is open at first keeps its place, as on the form."""
        return self._has_something(item) or not (self.answered_only or item.detail)

    def _listed(self, head: str, items: list[Item]) -> str:
        names = separator(self.language, heavy=True).join(str(item.label(self.texts)) for item in items)
        return f"{head}{colon(self.language)}{names}"

    def _note(self, key: str) -> str:
        _ = gettext_in(self.language)
        if not self.texts.is_unofficial(key):
            return ""
        if self.source.instrument.source_language == "ar":
            return _("Unofficial working translation. The source text is the Arabic.")
        return _("Unofficial working translation of the source text.")

    def _item(self, item: Item) -> PrintedItem:
        _ = gettext_in(self.language)
        label = self._passage(item.label(self.texts))
        if item.id in self.source.unreadable:
            words = _("What was typed cannot be read, so it is not an answer yet")
            return PrintedItem(item.id, label, UNREADABLE, (self._said(words),))
        if item.id not in self.answered:
            return PrintedItem(item.id, label, NOT_ANSWERED, (self._said(_("Not answered")),))
        value = self.answered[item.id]
        kind = NO_INFORMATION if set(codes_of(value)) == {NO_INFORMATION} else ANSWER
        return PrintedItem(item.id, label, kind, tuple(self._lines(item, value, label.text)))

    def _lines(self, item: Item, value: Any, label: str) -> Iterator[PrintedLine]:
        for line in item.lines(value, self.texts):
            typed = bool(line.language)
            language = line.language if line.language not in ("", "und", "other") else ("" if typed else self.language)
            rtl = is_rtl(line.text, direction(language or self.language) == "rtl") if typed else self.rtl
            tag = ""
            if typed and line.language not in ("und", self.language):
                tag = str(self.texts.option("answer_language", line.language))
            own = typed and (bool(tag) or "\n" in line.text or len(line.text) > LONG_TEXT)
            yield PrintedLine(
                "" if line.label == label else line.label, Passage(line.text, language, rtl), tag, own
            )  # fmt: skip

    def _said(self, words: str) -> PrintedLine:
        return PrintedLine("", Passage(words, self.language, self.rtl), "", False)

    def _left_out(self) -> Iterator[str]:
        """Which paragraphs are not printed because they hold no answer, by the two blanks."""
        _ = gettext_in(self.language)
        left = [question for question in self.source.instrument.questions.values() if not self._is_printed(question)]
        of_state = [question for question in left if any(item.id in self.source.asked for item in question.items)]
        for head, questions in (
            (_("Paragraphs asked and not answered"), of_state),
            (_("Paragraphs not asked of this State"), [question for question in left if question not in of_state]),
        ):
            if questions:
                numbers = separator(self.language).join(question.number_in(self.texts) for question in questions)
                yield f"{head}{colon(self.language)}{numbers}"

    def _passage(self, text: Text) -> Passage:
        return Passage(text.value, text.language, direction(text.language) == "rtl")

    def _moment(self, moment: datetime) -> str:
        return format_moment(moment, self.language, self.zone)


__all__ = [
    "ANSWER", "NOT_ANSWERED", "NOT_ASKED", "NO_INFORMATION", "UNREADABLE", "DocumentSource", "Passage", "Printed", "PrintedItem",
    "PrintedLine", "PrintedQuestion", "PrintedResponse", "PrintedSection", "Seal", "is_rtl", "print_response",
]  # fmt: skip
