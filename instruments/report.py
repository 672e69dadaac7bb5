"""`python -m instruments.report [FOLDER]`: what a questionnaire holds and how far each language is; exit 1 when a text that
ships is missing, stale or wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from instruments.catalog import SHIPPED
from instruments.loader import InstrumentError
from instruments.text_checks import SameAsEnglish, equals_english, read_same_as_english, script_problem
from instruments.translation import (
    ENGINE_PREFIX,
    WORKING_LANGUAGE,
    Counts,
    State,
    TextFolder,
    count,
    placeholders,
    read_folder,
)
from languages import CATALOGUES, LANGUAGES

MOST_NAMED = 10
"""Texts that are named in a line; all stand in the JSON."""


@dataclass(frozen=True, slots=True)
class CatalogueCounts:
    """How far the interface catalogue of one language is."""

    messages: int
    missing: tuple[str, ...]
    fuzzy: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """The questionnaire in numbers, its languages, and what is wrong."""

    instrument: str
    version: str
    holds: dict[str, int]
    languages: dict[str, Counts]
    wrong: dict[str, list[str]]
    interface: dict[str, CatalogueCounts]
    notes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, stale or wrong. What no person has reviewed does not count: it is said everywhere."""
        return (
            not any(counts.missing or counts.stale for counts in self.languages.values())
            and not any(self.wrong.values())
            and not any(counts.missing or counts.fuzzy for counts in self.interface.values())
        )

    def as_json(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {
            "instrument": self.instrument,
            "version": self.version,
            "holds": self.holds,
            "languages": {
                language: {
                    "texts": counts.texts, "complete": counts.complete, "missing": list(counts.missing),
                    "stale": list(counts.stale), "unreviewed": counts.unreviewed, "reviewed": counts.reviewed,
                    "wrong": self.wrong[language],
                }
                for language, counts in self.languages.items()
            },
            "interface": {
                language: {"messages": counts.messages, "missing": list(counts.missing), "fuzzy": list(counts.fuzzy)}
                for language, counts in self.interface.items()
            },
            "notes": self.notes,
            "complete": self.is_complete,
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """Everything, for people."""
        held = ", ".join(f"{number} {what}" for what, number in self.holds.items())
        yield f"{self.instrument} {self.version}: {held}"
        yield f"{'':<4}{'texts':>8}{'complete':>10}{'missing':>9}{'stale':>7}{'unreviewed':>12}{'reviewed':>10}{'wrong':>7}"
        for language, counts in self.languages.items():
            yield (
                f"{language:<4}{counts.texts:>8}{counts.complete:>10}{len(counts.missing):>9}{len(counts.stale):>7}"
                f"{counts.unreviewed:>12}{counts.reviewed:>10}{len(self.wrong[language]):>7}"
            )
        for language, counts in self.languages.items():
            yield from _named(f"{language} missing", counts.missing)
            yield from _named(f"{language} stale", counts.stale)
            yield from (f"{language} wrong: {sentence}" for sentence in self.wrong[language])
        for language, found in self.interface.items():
            yield f"interface {language}: {found.messages} messages, {len(found.missing)} missing, {len(found.fuzzy)} fuzzy"
            yield from _named(f"interface {language} missing", found.missing)
            yield from _named(f"interface {language} fuzzy", found.fuzzy)
        yield from (f"note: {note}" for note in self.notes)
        if not any(counts.reviewed for counts in self.languages.values()):
            yield "No person has reviewed any translation."


def _named(head: str, ids: tuple[str, ...]) -> Iterator[str]:
    if ids:
        more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
        yield f"{head}: {', '.join(ids[:MOST_NAMED])}{more}"


def make_report(
    folder: Path = SHIPPED, languages: tuple[str, ...] = LANGUAGES, *, catalogues: Path | None = None
) -> Report:
    """Look at all texts of an instrument folder, of the program and of the interface. Raises InstrumentError."""
    texts, same = read_folder(folder), read_same_as_english()
    instrument = texts.instrument
    tests = [item.asked_if for item in instrument.items.values() if item.asked_if]
    return Report(
        instrument.instrument, instrument.version,
        {
            "sections": len(instrument.sections), "entries": len(instrument.questions), "items": len(instrument.items),
            "conditions": len(tests), "findings": len(instrument.findings),
        },
        {language: count(texts.entries(language)) for language in languages},
        {language: list(_wrong(texts, language, same)) for language in languages},
        dict(_interface(languages, catalogues or CATALOGUES)),
        list(_notes(texts, languages)),
    )  # fmt: skip


def _wrong(texts: TextFolder, language: str, same: SameAsEnglish) -> Iterator[str]:
    for entry in texts.entries(language):
        if not entry.text:
            continue
        if problem := script_problem(entry.text, entry, language, same):
            yield f"{entry.id} {problem}"
        elif equals_english(entry, language, same):
            yield f"{entry.id} is the English text “{entry.text}”. Translate it, or name it in the list of what stays."
        if entry.state is not State.STALE and placeholders(entry.text) != placeholders(entry.source or entry.text):
            yield f"{entry.id} has other placeholders than its source. Write them exactly as there."


def _notes(texts: TextFolder, languages: tuple[str, ...]) -> Iterator[str]:
    for engine in (False, True):
        for language in languages:
            file = texts.files(engine=engine)[language]
            written = file.path.exists() and file.path.read_text(encoding="utf-8")
            if written and written != texts.written(engine=engine, language=language):
                name = f"{ENGINE_PREFIX if engine else ''}{file.path.name}"
                yield f"{name} is in another order or form than the tool writes. flask instrument adopt-texts puts it right."


def _interface(languages: tuple[str, ...], folder: Path) -> Iterator[tuple[str, CatalogueCounts]]:
    for language in languages:
        if language == WORKING_LANGUAGE:
            continue
        path = folder / language / "LC_MESSAGES" / "messages.po"
        if not path.exists():
            yield language, CatalogueCounts(0, (f"{path.name} of {language}",), ())
            continue
        with path.open("rb") as file:
            messages = [message for message in read_po(file, locale=language) if message.id]
        yield (
            language,
            CatalogueCounts(
                len(messages),
                tuple(_id(message) for message in messages if not _is_translated(message)),
                tuple(_id(message) for message in messages if message.fuzzy and _is_translated(message)),
            ),
        )


def _id(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, list | tuple) else message.id)


def _is_translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
    return all(strings) and bool(strings)


def main(arguments: list[str]) -> int:
    """Print the report; 1 when a text that ships is missing, stale or wrong, or the files are not sound."""
    folder = Path(arguments[0]) if arguments and not arguments[0].startswith("-") else SHIPPED
    try:
        report = make_report(folder)
    except InstrumentError as error:
        print("\n".join(error.problems))
        return 1
    print(
        json.dumps(report.as_json(), ensure_ascii=False, indent=1)
        if "--json" in arguments
        else "\n".join(report.lines())
    )
    return 0 if report.is_complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
