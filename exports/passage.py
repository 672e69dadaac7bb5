"""The passage on one State for the report that paragraph 15 asks of the secretariat, before it is a Word file: some 600 words.

Only what the State submitted is said, item by item as `exports/data/paragraph_15.yaml` lists it, in the words of the questionnaire;
no figure is worked out. What the State has not named for the report, or not agreed to be quoted with, is left out, and the
passage says so. The State validates it before anybody uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from exports.document import NO_INFORMATION, DocumentSource, Passage, Printed, PrintedLine, Seal, is_rtl
from exports.marks import NOT_ANSWERED, NOT_ASKED
from exports.shape import gettext_in
from exports.topics import PARAGRAPH_15, Topic, find_topics
from exports.words import count_words, shorten
from instruments.items import Item
from instruments.items.base import Brief, Line
from instruments.schema import Instrument
from instruments.values import codes_of
from languages import colon, direction, format_moment, quoted, separator
from services.responses import state_name

ANSWERS, QUOTING = "op15.answers", "op15.quoting"
"""The items in which a State names the answers that the report may reflect, and says how they may be used."""

NOT_QUOTED, ELSEWHERE = "not_quoted", "elsewhere"
CLOSED = frozenset({"without_name", NOT_QUOTED})
"""The answers to `QUOTING` with which nothing is quoted: the passage names the State."""

WORDS = 600
"""Of the whole document in English; what its fixed sentences leave of them is for the State's own words."""
FEWEST_QUOTATIONS = 3
"""That are made in any case, or a full response would leave no word to the State itself."""
SHORTEST_QUOTATION, LONGEST_QUOTATION, TAG_WORDS = 13, 60, 8
"""Words of one quotation: fewer say nothing, more belong in the workbook. And words for its label and what stands after it."""
NAME_WORDS = 6
"""Of a name or title that was typed."""
MOST_ENTRIES = 2
"""Entries of an answer, or figures of a table, that are said; the workbook has the others."""
WHOLE = frozenset({"op5.sentences", "op13e.needs"})
"""Items that say something only as a whole."""
UNDER_LABEL = frozenset({"op5.sentences", "op9.proceedings"})
"""Tables whose figures do not say for themselves what is counted: the item's label stands before the year."""


@dataclass(frozen=True, slots=True)
class PassageParagraph:
    """What is said on one paragraph of the draft resolution; without a label its lines name their paragraphs."""

    label: str
    lines: tuple[PrintedLine, ...]
    blanks: tuple[PrintedLine, ...]
    """What is not said and why: not answered, not asked, not quoted, not named for the report."""

    @property
    def says_anything(self) -> bool:
        """Whether there is a line at all: texts without room leave none."""
        return bool(self.lines or self.blanks)


@dataclass(frozen=True, slots=True)
class PassageTopic:
    """A subject of the report."""

    title: str
    paragraphs: tuple[PassageParagraph, ...]


@dataclass(frozen=True, slots=True)
class Validation:
    """Where the State says whether it agrees: questions with boxes to tick, and what it fills in by hand."""

    title: str
    questions: tuple[tuple[str, tuple[str, ...]], ...]
    corrections: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryPassage(Printed):
    """The whole document, in one language."""

    topics: tuple[PassageTopic, ...]
    validation: Validation

    def texts(self) -> Iterator[str]:
        """Every text of the document in order, without what stands on every page."""
        yield self.title.text
        yield from (text for fact in self.facts for text in fact)
        yield from (note.text for note in self.notes)
        for topic in self.topics:
            yield topic.title
            for paragraph in topic.paragraphs:
                yield paragraph.label
                for line in (*paragraph.lines, *paragraph.blanks):
                    yield from (line.label, line.words.text, line.tag)
        yield from (self.validation.title, self.validation.corrections, *self.validation.fields)
        for question, answers in self.validation.questions:
            yield from (question, *answers)


def is_possible(instrument: Instrument) -> bool:
    """Whether the questionnaire asks anything that bears on the report."""
    return bool(find_topics(instrument, PARAGRAPH_15))


def print_passage(source: DocumentSource, language: str, *, rehearsal: bool = False) -> CountryPassage:
    """The passage in one language, of a submission. Raises ValueError for a draft."""
    if source.seal is None:
        raise ValueError("a passage is made of a submission")
    # In every language the same is said and the same texts are quoted: room is measured in English.
    fixed = _Writing(source, source.seal, "en", {}).passage(rehearsal=rehearsal)
    room = WORDS - sum(map(count_words, fixed.texts()))
    quotations = _Writing(source, source.seal, "en", {}).deal(room)
    return _Writing(source, source.seal, language, quotations).passage(rehearsal=rehearsal)


class _Writing:
    """One passage while it is put together."""

    def __init__(self, source: DocumentSource, seal: Seal, language: str, quotations: Mapping[str, int]) -> None:
        self.source, self.seal, self.language, self.quotations = source, seal, language, quotations
        self.instrument, self.texts = source.instrument, source.instrument.texts_in(language)
        self.rtl = direction(language) == "rtl"
        self.gettext = gettext_in(language)
        self.answered = {
            item_id: value for item_id, value in source.values.items() if item_id in source.asked and value is not None
        }
        self.named = codes_of(self.answered[ANSWERS]) if ANSWERS in self.answered else None
        self.may_quote = not CLOSED.intersection(codes_of(self.answered[QUOTING]) if QUOTING in self.answered else ())
        self.topics = find_topics(self.instrument, PARAGRAPH_15)

    def passage(self, *, rehearsal: bool) -> CountryPassage:
        _ = self.gettext
        state = state_name(self.source.state_names, self.language)
        banner = [_("Rehearsal: invented States and invented answers")] if rehearsal else []
        banner.append(_("Draft passage for validation by the State; as reported by the State, not verified"))
        title = _("Draft passage on %(state)s for the report of paragraph 15") % {"state": state}
        receipt = _("Receipt %(number)s") % {"number": self.seal.number}
        return CountryPassage(
            language=self.language, rtl=self.rtl, title=self._own(title), state=state, facts=tuple(self._facts()),
            notes=tuple(self._own(note) for note in self._notes()), watermark="", banner=" · ".join(banner),
            running_head=f"{state} · {receipt}", page_words=_("Page {page} of {pages}"), colon=colon(self.language),
            moment=self.seal.submitted_at, topics=tuple(self._topic(topic) for topic in self.topics),
            validation=self._validation(),
        )  # fmt: skip

    def deal(self, room: int) -> dict[str, int]:
        """How many words of which texts are quoted, by item id.

        The first text of each subject, then the second of each, as long as there is room; subjects that are empty without a
        text come first. What short texts leave is for the others.
        """
        of_texts = sorted(self._texts_by_topic(), key=lambda one: one[0])
        in_turn = [item for turn in zip_longest(*(texts for _has_more, texts in of_texts)) for item in turn if item]
        one = SHORTEST_QUOTATION + TAG_WORDS
        room = max(room, FEWEST_QUOTATIONS * one)
        chosen = in_turn[: room // one]
        lengths = {item.id: sum(count_words(line.text) for line in self._brief(item).lines) for item in chosen}
        dealt, left = {}, len(chosen)
        for item_id in sorted(lengths, key=lambda item_id: lengths[item_id]):
            dealt[item_id] = min(lengths[item_id], LONGEST_QUOTATION, room // left - TAG_WORDS)
            room, left = room - dealt[item_id] - TAG_WORDS, left - 1
        return dealt

    def _texts_by_topic(self) -> list[tuple[bool, list[Item]]]:
        """The texts that may be quoted, by subject, and whether the subject says something beside them."""
        found = []
        for topic in self.topics:
            said = [item for item in topic.stated if self._is_named(item) and not self._reason(item)]
            texts = [item for item in said if self._brief(item).is_text]
            found.append((len(said) > len(texts), texts))
        return found

    def _facts(self) -> Iterator[tuple[str, str]]:
        _ = self.gettext
        yield _("Round of reporting"), self.source.cycle_title
        yield _("Receipt number"), self.seal.number
        late = f" ({_('after the deadline')})" if self.seal.late else ""
        # The zone is always the same, so that the same submission gives the same bytes wherever it is asked for.
        yield _("Received"), format_moment(self.seal.submitted_at, self.language) + late
        counted = Counter(self._standing(item) for topic in self.topics for item in topic.items if self._is_named(item))
        yield (
            _("Items of the paragraphs reflected here"),
            _("%(answered)d answered, %(unknown)d no information available, %(blank)d not answered, %(unasked)d not asked")
            % {
                "answered": counted[""], "unknown": counted[NO_INFORMATION], "blank": counted[NOT_ANSWERED],
                "unasked": counted[NOT_ASKED],
            },
        )  # fmt: skip
        # Some paragraphs are named where the others would stand; none, and no answer, are said here.
        has_named = any(code in self.instrument.questions for code in self.named or ())
        for item_id in [QUOTING] if has_named else [ANSWERS, QUOTING]:
            item = self.instrument.items.get(item_id)
            if item is not None:
                yield str(item.label(self.texts)), self._chosen(item)

    def _standing(self, item: Item) -> str:
        """Which of the blanks an item is, or the answer that there is no information; empty for any other answer."""
        if item.id not in self.source.asked:
            return NOT_ASKED
        if item.id not in self.answered:
            return NOT_ANSWERED
        return NO_INFORMATION if set(codes_of(self.answered[item.id])) == {NO_INFORMATION} else ""

    def _blank_words(self) -> dict[str, str]:
        _ = self.gettext
        return {
            NOT_ANSWERED: _("Not answered"), NOT_ASKED: _("Not asked"),
            NOT_QUOTED: _("Answered, and not quoted, as the State chose"), ELSEWHERE: _("Answered, in the workbook only"),
        }  # fmt: skip

    def _chosen(self, item: Item) -> str:
        """The codes chosen, a paragraph by its number; or which blank it is."""
        standing = self._standing(item)
        if standing in {NOT_ASKED, NOT_ANSWERED}:
            return self._blank_words()[standing]
        words = [
            self.instrument.questions[code].number_in(self.texts)
            if code in self.instrument.questions
            else str(self.texts.option(choice_list.name, code))
            for choice_list in item.choice_lists()
            for code in codes_of(self.answered[item.id])
        ]
        return separator(self.language).join(words)

    def _notes(self) -> Iterator[str]:
        _ = self.gettext
        yield _("These are the State’s own statements in that submission; figures are of the last year that it gave.")
        if self.may_quote:
            left = sum(len(texts) for _has_more, texts in self._texts_by_topic()) - len(self.quotations)
            yield _("Words in quotation marks are the State’s own. Further texts, in the workbook only: %(num)d.") % {
                "num": left
            }
        yield _("Small counts of persons stand as given: this document is for the State itself.")

    def _is_named(self, item: Item) -> bool:
        """Whether the report may reflect the paragraph: the State named it, or has not said which. What it says of 15 counts."""
        return self.named is None or item.question_id in self.named or item.question_id == ANSWERS.partition(".")[0]

    def _topic(self, topic: Topic) -> PassageTopic:
        _ = self.gettext
        named = [item for item in topic.stated if self._is_named(item)]
        groups = [list(items) for _question_id, items in groupby(named, key=lambda item: item.question_id)]
        paragraphs = [self._paragraph(items) for items in groups if len(items) > 1]
        single = [items[0] for items in groups if len(items) == 1]
        if single:
            paragraphs.insert(0, self._by_number(single))
        unnamed = dict.fromkeys(self._number(item) for item in topic.stated if not self._is_named(item))
        if unnamed:
            reason = _("Paragraphs that the State has not named for the report")
            paragraphs.append(PassageParagraph("", (), (self._listed(reason, unnamed),)))
        return PassageTopic(topic.title(_), tuple(paragraph for paragraph in paragraphs if paragraph.says_anything))

    def _paragraph(self, items: Sequence[Item]) -> PassageParagraph:
        """Several items of one paragraph, each under its label."""
        names = {item.id: str(item.label(self.texts)) for item in items}
        return self._said(self._paragraph_label(items[0]), items, names, names)

    def _by_number(self, items: Sequence[Item]) -> PassageParagraph:
        """One item of each paragraph, each under the number of its paragraph."""
        labels = {item.id: self._paragraph_label(item) for item in items}
        return self._said("", items, labels, {item.id: self._number(item) for item in items})

    def _said(
        self, label: str, items: Sequence[Item], labels: Mapping[str, str], names: Mapping[str, str]
    ) -> PassageParagraph:
        lines, blanks = [], dict[str, list[str]]()
        for item in items:
            reason = self._reason(item)
            if reason:
                blanks.setdefault(reason, []).append(names[item.id])
            elif not self._brief(item).is_text:
                lines.append(self._answer(item, labels[item.id]))
            elif item.id in self.quotations:
                lines.append(self._quotation(item, labels[item.id]))
        words = self._blank_words()
        return PassageParagraph(
            label, tuple(lines), tuple(self._listed(words[reason], named) for reason, named in blanks.items())
        )

    def _reason(self, item: Item) -> str:
        """Why nothing is said of an item: not asked, not answered, or words that are not to be quoted. Empty: it is said."""
        standing = self._standing(item)
        if standing in {NOT_ASKED, NOT_ANSWERED}:
            return standing
        brief = self._brief(item)
        if brief.is_text:
            return "" if brief.lines and self.may_quote else NOT_QUOTED
        return "" if brief.lines else ELSEWHERE

    def _brief(self, item: Item) -> Brief:
        return item.brief(self.answered[item.id], self.texts)

    def _answer(self, item: Item, label: str) -> PrintedLine:
        brief = self._brief(item)
        said = [self._entry(item, line) for line in brief.lines]
        most = len(said) if item.id in WHOLE else MOST_ENTRIES
        shown = said[:most]
        if len(said) > most:
            shown.append(self.gettext("and %(num)d more in the workbook") % {"num": len(said) - most})
        typed = any(line.language for line in brief.lines)
        words = separator(self.language, heavy=True).join(shown)
        if brief.head:
            label = f"{label}{separator(self.language)}{brief.head}" if item.id in UNDER_LABEL else brief.head
        return PrintedLine(label, Passage(words, "" if typed else self.language, self.rtl), "", False)

    def _entry(self, item: Item, line: Line) -> str:
        if line.language and not (item.register or self.may_quote):
            return line.label
        text = shorten(line.text, NAME_WORDS)[0] if line.language else line.text
        if line.language and not item.register:
            text = quoted(text, self.language)
        return f"{line.label}{colon(self.language)}{text}" if line.label else text

    def _quotation(self, item: Item, label: str) -> PrintedLine:
        """The State's own words with their language, on their own line where they run the other way."""
        _ = self.gettext
        (line,) = self._brief(item).lines
        language = "" if line.language == "und" else line.language
        text, cut = shorten(line.text, self.quotations[item.id])
        rtl = is_rtl(text, direction(language or self.language) == "rtl")
        tags = [str(self.texts.option("answer_language", language)) if language else _("language not stated")]
        tags += [_("shortened; whole in the workbook")] if cut else []
        tag = separator(self.language, heavy=True).join(tags)
        return PrintedLine(label, Passage(quoted(text, self.language), language, rtl), tag, rtl != self.rtl)

    def _listed(self, reason: str, names: Iterable[str]) -> PrintedLine:
        return PrintedLine(reason, self._own(separator(self.language, heavy=True).join(names)), "", False)

    def _number(self, item: Item) -> str:
        return self.instrument.questions[item.question_id].number_in(self.texts)

    def _paragraph_label(self, item: Item) -> str:
        return self.gettext("Paragraph %(number)s") % {"number": self._number(item)}

    def _own(self, text: str) -> Passage:
        return Passage(text, self.language, self.rtl)

    def _validation(self) -> Validation:
        _ = self.gettext
        return Validation(
            title=_("Validation by the State"),
            questions=(
                ("", (_("Agreed"), _("Agreed with the corrections below"), _("Not agreed"))),
                (_("May the State be quoted by name in the report?"), (_("Yes"), _("No"))),
            ),
            corrections=_("Corrections"),
            fields=(_("Name"), _("Title and office"), _("Date"), _("Signature")),
        )  # fmt: skip
