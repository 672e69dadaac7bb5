"""What a translator's file says, whatever its format, against the text files: every problem is named, then all or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from instruments.text_checks import SameAsEnglish, script_problem
from instruments.text_cleaning import has_forbidden
from instruments.text_places import place_of, places
from instruments.translation import (
    ENGLISH_NAMES,
    Entry,
    Sources,
    State,
    TextFolder,
    digest,
    placeholders,
    review_digest,
)
from languages import LANGUAGES

_CHECK = re.compile(r"([0-9a-f]{12})-([0-9a-f]{12}|none)(-r)?")
NO_TEXT = "none"
AGAIN = "Export the texts again and enter the change there."


@dataclass(frozen=True, slots=True)
class Unit:
    """One text of a translator's file."""

    place: str
    """The row or line, for messages."""
    id: str
    source: str
    text: str
    check: str = ""
    """What the export noted: the digests of the source and of the translation, and whether it was reviewed."""
    reviewed: bool | None = None
    """Whether a person has reviewed it; None where the file does not say."""
    confirmed: bool = False
    """Whether the translator says that the text fits the source as it is now, also when it is unchanged."""


@dataclass(slots=True)
class Delivery:
    """A translator's file, read."""

    instrument: str = ""
    version: str = ""
    language: str = ""
    units: list[Unit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One text as it is handed to a translator."""

    entry: Entry
    where: str
    check: str


@dataclass(slots=True)
class Outcome:
    """What an import does: problems (then nothing is written), what changes by text id, notes, and the files to write."""

    problems: list[str] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: dict[Path, str] = field(default_factory=dict)


def rows_for(texts: TextFolder, language: str) -> list[Row]:
    """Every text that is translated into a language, in order: the questionnaire's, then the program's."""
    known = places(texts.instrument)
    return [
        Row(entry, place_of(known, entry.key), check_of(entry))
        for entry in texts.entries(language) if entry.source_language != language
    ]  # fmt: skip


def check_of(entry: Entry) -> str:
    """The mark by which an import knows what was changed in the translator's file and what in the text files since."""
    reviewed = "-r" if entry.state is State.REVIEWED else ""
    return f"{digest(entry.source)}-{digest(entry.text) if entry.text else NO_TEXT}{reviewed}"


def source_digest(rows: Sequence[Row]) -> str:
    """One digest of all sources of an export."""
    return digest("\0".join(f"{row.entry.id}\0{row.entry.source}" for row in rows))


def import_delivery(texts: TextFolder, delivery: Delivery, same: SameAsEnglish) -> Outcome:
    """Take a translator's file over into the text files in memory. With problems, nothing is to be written."""
    if delivery.problems and not delivery.instrument:
        return Outcome(delivery.problems)
    if wrong := list(_wrong_file(texts, delivery)):
        return Outcome([*wrong, *delivery.problems])
    outcome = _Import(texts, delivery, same).outcome()
    problems = [*delivery.problems, *outcome.problems]
    return Outcome(problems) if problems else outcome


def _wrong_file(texts: TextFolder, delivery: Delivery) -> Iterator[str]:
    wanted = (texts.instrument.instrument, texts.instrument.version)
    if (delivery.instrument, delivery.version) != wanted:
        yield (
            f"The file holds texts of {delivery.instrument or 'no questionnaire'} version {delivery.version or '–'}; the folder "
            f"holds {wanted[0]} version {wanted[1]}. Name the folder of that version, or export from this one."
        )
    if delivery.language not in LANGUAGES:
        yield (
            f"The language {delivery.language!r} of the file is none of {', '.join(LANGUAGES)}. "
            "Export the texts again with --language."
        )


class _Import:
    """One import while it is made."""

    def __init__(self, texts: TextFolder, delivery: Delivery, same: SameAsEnglish) -> None:
        self.texts, self.delivery, self.same = texts, delivery, same
        self.language = delivery.language
        self.entries = {entry.id: entry for entry in texts.entries(self.language)}
        self.result = Outcome()
        self.touched: set[bool] = set()
        self.known_better = 0
        self.outdated = 0

    def outcome(self) -> Outcome:
        """Every text of the file, then the files."""
        seen: dict[str, str] = {}
        for unit in self.delivery.units:
            if unit.id in seen:
                self._refuse(unit, f"{unit.id} stands already in {seen[unit.id]}. Keep one of the two.")
                continue
            seen[unit.id] = unit.place
            self._take(unit)
        if self.result.problems:
            return Outcome(self.result.problems)
        self._note(sum(entry.source_language != self.language and entry.id not in seen for entry in self.entries.values()),
                   "not in the file and left as they are")  # fmt: skip
        self._note(
            self.known_better, "changed in the text files since the export and not in this file: left as they are"
        )
        self._note(self.outdated, "translated from a source text that has changed since: taken over, and still stale")
        for engine in sorted(self.touched):
            path = self.texts.files(engine=engine)[self.language].path
            self.result.files[path] = self.texts.written(engine=engine, language=self.language)
        return self.result

    def _note(self, number: int, words: str) -> None:
        if number:
            self.result.notes.append(f"{number} {'text' if number == 1 else 'texts'} {words}.")

    def _refuse(self, unit: Unit, sentence: str) -> None:
        self.result.problems.append(f"{unit.place}: {sentence}")

    def _take(self, unit: Unit) -> None:
        entry = self.entries.get(unit.id)
        if entry is None:
            self._refuse(
                unit, f"there is no text {unit.id!r}. Put the key back as it was exported, or remove the entry."
            )
            return
        if entry.source_language == self.language:
            self._refuse(
                unit,
                f"{unit.id} is written in {ENGLISH_NAMES[self.language]} and not translated into it. Remove the entry.",
            )
            return
        check = _CHECK.fullmatch(unit.check)
        if unit.check and check is None:
            self._refuse(unit, f"the check of {unit.id} was changed. Put it back as it was exported, or export again.")
            return
        source_mark, text_mark = (check[1], check[2]) if check else ("", "")
        outdated = unit.source != entry.source
        if outdated and source_mark != digest(unit.source):
            self._refuse(
                unit, f"the source text of {unit.id} is not the one that was exported. Put it back, or export again."
            )
            return
        mark = digest(unit.text) if unit.text else NO_TEXT
        untouched = mark == text_mark if check else unit.text == entry.text
        if unit.text == entry.text:
            self._unchanged(unit, entry, outdated=outdated, was_reviewed=check[3] is not None if check else None)
        elif untouched:
            self.known_better += 1
        elif not unit.text:
            self._refuse(
                unit, f"the translation of {unit.id} is empty, and there is one in the text file. Put it back."
            )
        elif check and text_mark != (digest(entry.text) if entry.text else NO_TEXT):
            self._refuse(
                unit, f"the translation of {unit.id} was changed here and in the text file since the export. {AGAIN}"
            )
        elif problem := self._wrong_text(unit, entry):
            self._refuse(unit, problem)
        else:
            self._changed(unit, entry, outdated=outdated)

    def _wrong_text(self, unit: Unit, entry: Entry) -> str:
        if has_forbidden(unit.text):
            return f"the translation of {unit.id} holds a character that cannot stand in a text. Type it again."
        if "\n" in unit.text and "\n" not in unit.source:
            return f"the translation of {unit.id} holds a line break. Write it in one line."
        wanted, found = placeholders(unit.source), placeholders(unit.text)
        lost, added = ", ".join(sorted(wanted - found)), ", ".join(sorted(found - wanted))
        if lost or added:
            words = " and ".join(filter(None, [lost and f"lacks {lost}", added and f"has {added}"]))
            return f"the translation of {unit.id} {words}. Placeholders stand in it exactly as in the source text."
        wrong = script_problem(unit.text, entry, self.language, self.same)
        return f"the translation of {unit.id} {wrong}" if wrong else ""

    def _changed(self, unit: Unit, entry: Entry, *, outdated: bool) -> None:
        file = self.texts.files(engine=entry.engine)[self.language]
        file.texts[entry.key] = unit.text
        file.of[entry.key] = digest(unit.source)
        file.reviewed.pop(entry.key, None)
        self.outdated += outdated
        # A review is of the text as it was: whoever changes it and leaves the mark has not said that it is reviewed now.
        if unit.reviewed and entry.state is not State.REVIEWED and not outdated:
            file.reviewed[entry.key] = review_digest(unit.source, unit.text)
        elif entry.state is State.REVIEWED:
            self.result.notes.append(f"{entry.id}: changed after its review, so it counts as not reviewed.")
        sources: Sources = self.texts.sources[entry.engine]
        if sources.question(entry.key, "paragraph") and not entry.text and entry.key not in file.unofficial:
            file.unofficial.append(entry.key)
        self._say(entry, "changed" if entry.text else "added")

    def _unchanged(self, unit: Unit, entry: Entry, *, outdated: bool, was_reviewed: bool | None) -> None:
        if not entry.text:
            return
        file = self.texts.files(engine=entry.engine)[self.language]
        before = entry.state is State.REVIEWED if was_reviewed is None else was_reviewed
        newly_reviewed = bool(unit.reviewed) and not before and entry.state is not State.REVIEWED
        if outdated:
            if newly_reviewed:
                self.result.notes.append(
                    f"{entry.id}: reviewed against a source text that has changed since, so it counts as stale."
                )
            return
        if newly_reviewed:
            file.of[entry.key] = digest(entry.source)
            file.reviewed[entry.key] = review_digest(entry.source, entry.text)
            self._say(entry, "reviewed")
        elif unit.reviewed is False and before and entry.state is State.REVIEWED:
            file.reviewed.pop(entry.key, None)
            self._say(entry, "no longer reviewed")
        elif unit.confirmed and entry.state is State.STALE:
            file.of[entry.key] = digest(entry.source)
            self._say(entry, "confirmed")

    def _say(self, entry: Entry, what: str) -> None:
        self.result.changes[entry.id] = what
        self.touched.add(entry.engine)
