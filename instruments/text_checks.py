"""Whether a translation looks like one: in the script of its language, and not the English text left as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import RootModel

from instruments.catalog import DATA
from instruments.loader import InstrumentError, check_shape, read_strict
from instruments.translation import WORKING_LANGUAGE, Entry, State, without_placeholders
from languages import LANGUAGES

SAME_AS_ENGLISH = DATA / "same_as_english.yaml"

MOST_LATIN_WORDS = 3
"""Latin words in a row that a text in another script may hold; a longer name stands in the list of what stays as it is."""

_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_SCRIPTS = {
    "ar": ("Arabic", re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")),
    "zh": ("Chinese", re.compile("[\u3400-\u9fff\uf900-\ufaff]")),
    "ru": ("Cyrillic", re.compile("[\u0400-\u04ff]")),
}
_LATIN_SCRIPT = ("Latin", re.compile(f"[{_LATIN}]"))
_WORD = re.compile(r"[^\W\d_]{2,}")
_LATIN_RUN = re.compile(rf"[{_LATIN}][^\s]*(?:\s+[{_LATIN}(“\"][^\s]*)*")
_LATIN_WORD = re.compile(rf"[{_LATIN}]{{2,}}")


class SameShape(RootModel[dict[str, list[str]]]):
    """The content of `same_as_english.yaml`: by language, keys or texts."""


@dataclass(frozen=True, slots=True)
class SameAsEnglish:
    """What stays in a language as it is in English, as looked at by a person who knows both: keys, or whole texts."""

    by_language: dict[str, frozenset[str]]

    def allows(self, language: str, key: str, text: str) -> bool:
        """Whether the text of the key may be the English one."""
        return not self.by_language.get(language, frozenset()).isdisjoint((key, text))

    def names(self, language: str) -> list[str]:
        """The listed texts, the longest first."""
        return sorted(self.by_language.get(language, ()), key=len, reverse=True)


def read_same_as_english(path: Path = SAME_AS_ENGLISH) -> SameAsEnglish:
    """The list. Raises InstrumentError."""
    content: Any = read_strict(path)
    check_shape(SameShape, content, path.name)
    unknown = sorted(set(content) - set(LANGUAGES))
    if unknown:
        raise InstrumentError(
            [f"{path.name}: {', '.join(unknown)} is none of {', '.join(LANGUAGES)}. Correct the code."]
        )
    return SameAsEnglish({language: frozenset(texts) for language, texts in content.items()})


def script_problem(text: str, entry: Entry, language: str, same: SameAsEnglish) -> str:
    """What is wrong with the script of a translation, as the end of a sentence; empty when nothing is."""
    words = without_placeholders(text)
    if not _WORD.search(words) or same.allows(language, entry.key, text):
        return ""
    name, letters = _SCRIPTS.get(language, _LATIN_SCRIPT)
    if not letters.search(words):
        return f"holds no {name} letter. Translate it, or name it in {SAME_AS_ENGLISH.name}."
    if language in _SCRIPTS:
        for listed in same.names(language):
            words = words.replace(listed, " · ")
        for run in _LATIN_RUN.findall(words):
            if len(_LATIN_WORD.findall(run)) > MOST_LATIN_WORDS:
                return f"holds “{run}”, which is not translated. Translate it, or name it in {SAME_AS_ENGLISH.name}."
    return ""


def equals_english(entry: Entry, language: str, same: SameAsEnglish) -> bool:
    """Whether the English text was left where a translation is expected."""
    return (
        language != WORKING_LANGUAGE
        and entry.source_language == WORKING_LANGUAGE
        and entry.state not in (State.OPTIONAL, State.MISSING)
        and entry.text == entry.source
        and _WORD.search(without_placeholders(entry.text)) is not None
        and not same.allows(language, entry.key, entry.text)
    )
