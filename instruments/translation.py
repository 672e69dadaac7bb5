"""The state of every text in every language: missing, stale, not reviewed by a person, reviewed.

A text is translated from its source: the words of the resolution (`*.paragraph`) from the language of the instrument's
source, everything else from English, the working language. A text file says of which source text each translation was made
(`of`) and which translation of it a person has reviewed (`reviewed`), by digests: when a text changes, what was said about
it no longer fits and counts no more.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from instruments.catalog import SHIPPED, read_document, sha256_of
from instruments.engine import ENGINE
from instruments.schema import Instrument, Question, build_instrument
from instruments.soundness import needed_text_keys
from instruments.text_files import TextFile, merged_order, read_file
from languages import LANGUAGES, SOURCE_INTERFACE_LANGUAGE

WORKING_LANGUAGE = SOURCE_INTERFACE_LANGUAGE
ENGINE_PREFIX = "engine:"
"""What stands before the key of one of the program's own texts where both kinds stand in one list."""

ENGLISH_NAMES: dict[str, str] = {
    "ar": "Arabic", "zh": "Chinese", "en": "English", "fr": "French", "ru": "Russian", "es": "Spanish",
}  # fmt: skip
"""For translators' files, which are in English."""

Catalogues = Mapping[str, Mapping[str, str]]
"""Texts by language and key."""

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_REVIEWS = re.compile(r"^reviewed:\n((?:  .*\n)+)", re.MULTILINE)
_REVIEW = re.compile(r"^  (\S+): '?([0-9a-f]{12})'?$", re.MULTILINE)


class State(StrEnum):
    """What a text of one language is."""

    SOURCE = "source"
    """Written in this language, not translated."""
    OPTIONAL = "optional"
    """Not here and not needed, or a number that the language prints as it is."""
    MISSING = "missing"
    STALE = "stale"
    UNREVIEWED = "unreviewed"
    REVIEWED = "reviewed"


def digest(text: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def review_digest(source: str, text: str) -> str:
    """The digest of a translation together with its source; another one as soon as either changes."""
    return digest(f"{source}\0{text}")


def placeholders(text: str) -> frozenset[str]:
    """The `%(name)s` of a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def without_placeholders(text: str) -> str:
    """The words of a text alone."""
    return _PLACEHOLDER.sub(" ", text)


@dataclass(frozen=True, slots=True)
class Entry:
    """One text in one language."""

    key: str
    engine: bool
    source_language: str
    source: str
    text: str
    state: State

    @property
    def id(self) -> str:
        """The key, with a prefix for a text of the program itself."""
        return f"{ENGINE_PREFIX}{self.key}" if self.engine else self.key


@dataclass(frozen=True, slots=True)
class Counts:
    """How far one language is. What is written in the language itself is complete and neither reviewed nor not."""

    texts: int
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    unreviewed: int
    reviewed: int

    @property
    def complete(self) -> int:
        """Texts that are there, whatever their state."""
        return self.texts - len(self.missing)


def count(entries: Iterable[Entry]) -> Counts:
    """The numbers of a language."""
    found = [entry for entry in entries if entry.state is not State.OPTIONAL]

    def ids(state: State) -> tuple[str, ...]:
        return tuple(entry.id for entry in found if entry.state is state)

    return Counts(
        len(found), ids(State.MISSING), ids(State.STALE), len(ids(State.UNREVIEWED)), len(ids(State.REVIEWED))
    )


@dataclass(frozen=True)
class Sources:
    """Where each text comes from."""

    instrument: Instrument
    texts: Catalogues

    def question(self, key: str, part: str) -> Question | None:
        """The question whose `part` (`paragraph`, `number`) the key is; None for other keys."""
        name, _dot, last = key.rpartition(".")
        return self.instrument.questions.get(name) if last == part else None

    def language(self, key: str) -> str:
        """The language a text is written in."""
        return self.instrument.source_language if self.question(key, "paragraph") else WORKING_LANGUAGE

    def text(self, key: str) -> str:
        """What was written there; empty when that is missing itself."""
        question = self.question(key, "number")
        return self.texts.get(self.language(key), {}).get(key, "") or (question.number if question else "")

    def is_optional(self, key: str, language: str) -> bool:
        """Whether the language may do without: it prints the number alike, or shows the official words in another language.

        The words of the resolution are translated for all paragraphs of a language or for none.
        """
        if self.question(key, "paragraph"):
            return language not in self._languages_of_paragraphs
        return self.question(key, "number") is not None

    @cached_property
    def _languages_of_paragraphs(self) -> frozenset[str]:
        some = {
            language for language, texts in self.texts.items() if any(self.question(key, "paragraph") for key in texts)
        }
        return frozenset({*some, self.instrument.source_language, WORKING_LANGUAGE})

    def state(self, key: str, language: str, text: str, reviewed: str, of: str | None = None) -> State:
        """The state of a text; without `of` (a published document, which does not keep it) nothing is called stale."""
        if not text:
            return State.OPTIONAL if self.is_optional(key, language) else State.MISSING
        question = self.question(key, "number")
        if question is not None and text == question.number:
            return State.OPTIONAL
        if self.language(key) == language:
            return State.SOURCE
        source = self.text(key)
        if of is not None and (not source or of != digest(source)):
            return State.STALE
        return State.REVIEWED if reviewed == review_digest(source, text) else State.UNREVIEWED


@dataclass
class TextFolder:
    """The text files of an instrument and those of the program, read together. Raises InstrumentError."""

    folder: Path
    instrument: Instrument
    own: dict[str, TextFile]
    engine: dict[str, TextFile]

    def files(self, *, engine: bool) -> dict[str, TextFile]:
        """The files of one of the two folders by language."""
        return self.engine if engine else self.own

    @cached_property
    def sources(self) -> dict[bool, Sources]:
        """Where the texts of the instrument (False) and of the program (True) come from."""
        return {
            engine: Sources(self.instrument, {language: file.texts for language, file in self.files(engine=engine).items()})
            for engine in (False, True)
        }  # fmt: skip

    def order(self, *, engine: bool) -> list[str]:
        """The keys of one of the two folders: as in the English file, what it lacks as in the others, then what none has."""
        files = self.files(engine=engine)
        languages = dict.fromkeys((WORKING_LANGUAGE, self.instrument.source_language, *LANGUAGES))
        keys = merged_order(*(files[language].texts for language in languages))
        if engine:
            return keys
        of_the_program = {key for file in self.engine.values() for key in file.texts}
        return list(
            dict.fromkeys((*keys, *(key for key in needed_text_keys(self.instrument) if key not in of_the_program)))
        )

    def entries(self, language: str) -> Iterator[Entry]:
        """Every text of a language: the instrument's, then the program's."""
        for engine in (False, True):
            sources, file = self.sources[engine], self.files(engine=engine)[language]
            for key in self.order(engine=engine):
                text = file.texts.get(key, "")
                state = sources.state(key, language, text, file.reviewed.get(key, ""), file.of.get(key, ""))
                yield Entry(key, engine, sources.language(key), sources.text(key), text, state)

    def written(self, *, engine: bool, language: str) -> str:
        """A file as it is written: in order, without reviews and sources of texts that are no longer what they were."""
        file, sources = self.files(engine=engine)[language], self.sources[engine]
        reviewed = {
            key: mark for key, mark in file.reviewed.items()
            if key in file.texts and mark == review_digest(sources.text(key), file.texts[key])
        }  # fmt: skip
        return replace(file, reviewed=reviewed).written(self.order(engine=engine))


def read_folder(folder: Path = SHIPPED, engine: Path | None = None) -> TextFolder:
    """The texts of an instrument folder and of the program. Raises InstrumentError for files that are not sound."""
    document = read_document.__wrapped__(folder)
    instrument = build_instrument(document, sha256_of(document))
    engine = engine or ENGINE
    return TextFolder(folder, instrument, *(
        {
            language: read_file(
                place / f"text.{language}.yaml", language, f"# Texts of {whose} in {ENGLISH_NAMES[language]}.\n"
            )
            for language in LANGUAGES
        }
        for place, whose in ((folder, "the questionnaire"), (engine, "the item types themselves"))
    ))  # fmt: skip


def adopt(texts: TextFolder, languages: tuple[str, ...] = LANGUAGES, *, stale: bool = False) -> dict[Path, str]:
    """Say of every translation that it is of the present source, and put the files in order; what has to be written.

    Translations whose source has changed since stay stale, unless `stale` says that they were looked at.
    """
    changed: dict[Path, str] = {}
    for engine in (False, True):
        sources = texts.sources[engine]
        for language in languages:
            file = texts.files(engine=engine)[language]
            for key in file.texts:
                if sources.language(key) != language and sources.text(key) and (stale or not file.of.get(key)):
                    file.of[key] = digest(sources.text(key))
            content = texts.written(engine=engine, language=language)
            if file.texts and (not file.path.exists() or file.path.read_text(encoding="utf-8") != content):
                changed[file.path] = content
    return changed


def published_counts(instrument: Instrument, marks: Catalogues) -> dict[str, Counts]:
    """How far each language of a published instrument is; `marks` are the reviews that the files know, by language and key.

    The document keeps texts only. A review counts where its digest fits the published source and translation.
    """
    sources = Sources(instrument, instrument.texts)
    keys = list(dict.fromkeys((*merged_order(*instrument.texts.values()), *needed_text_keys(instrument))))

    def entries(language: str) -> Iterator[Entry]:
        for key in keys:
            text = instrument.texts.get(language, {}).get(key, "")
            state = sources.state(key, language, text, marks.get(language, {}).get(key, ""))
            yield Entry(key, False, sources.language(key), sources.text(key), text, state)

    return {language: count(entries(language)) for language in LANGUAGES}


def read_reviews(folder: Path = SHIPPED) -> Catalogues:
    """The reviews that the text files know, by language and key, as the tool writes them; quick, for a page."""
    marks: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        for path in (ENGINE / f"text.{language}.yaml", folder / f"text.{language}.yaml"):
            if path.exists():
                marks.setdefault(language, {}).update(_reviews(path, path.stat().st_mtime_ns))
    return marks


@lru_cache(maxsize=32)
def _reviews(path: Path, _stamp: int) -> Mapping[str, str]:
    # Taking the whole file apart takes seconds. What stands there in another form than the tool's counts as not reviewed.
    part = _REVIEWS.search(path.read_text(encoding="utf-8"))
    return dict(_REVIEW.findall(part[1])) if part else {}
