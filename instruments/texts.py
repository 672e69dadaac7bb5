"""Texts of an instrument in one language, with a visible fallback: a missing text is shown in another language, never silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FALLBACK_ORDER: tuple[str, ...] = ("en", "ar")
"""Where a missing text is taken from: the working English, then the Arabic source."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the language it is in; `is_fallback` when that is not the language asked for."""

    value: str
    language: str
    is_fallback: bool = False

    def __str__(self) -> str:
        return self.value


class Message(str):
    """A sentence for people that carries a stable code for machines."""

    code: str

    def __new__(cls, sentence: str, code: str) -> Message:
        message = super().__new__(cls, sentence)
        message.code = code
        return message


class MissingText(KeyError):
    """A key is in no language at all; a published instrument cannot raise it."""


class Texts:
    """The texts of one instrument version as seen in one language. Call it with a key to get a `Text`."""

    __slots__ = ("_catalogues", "_found", "_unofficial", "language")

    def __init__(
        self,
        language: str,
        catalogues: Mapping[str, Mapping[str, str]],
        unofficial: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.language = language
        self._catalogues = catalogues
        self._unofficial = unofficial or {}
        # An export asks for the same few thousand labels hundreds of thousands of times.
        self._found: dict[str, Text] = {}

    def get(self, key: str) -> Text | None:
        """The text of a key, or None when no language has it."""
        found = self._found.get(key) or self._find(key)
        if found is not None:
            self._found[key] = found
        return found

    def _find(self, key: str) -> Text | None:
        own = self._catalogues.get(self.language, {}).get(key)
        if own is not None:
            return Text(own, self.language)
        for language in FALLBACK_ORDER:
            other = self._catalogues.get(language, {}).get(key)
            if other is not None:
                return Text(other, language, is_fallback=True)
        return None

    def __call__(self, key: str) -> Text:
        """The text of a key. Raises MissingText when no language has it."""
        text = self.get(key)
        if text is None:
            raise MissingText(key)
        return text

    def is_unofficial(self, key: str) -> bool:
        """Whether the text shown for the key is an unofficial working translation of the source text."""
        text = self.get(key)
        return text is not None and key in self._unofficial.get(text.language, frozenset())

    def message(self, code: str, **values: object) -> Message:
        """The sentence `error.<code>` with `%(name)s` replaced; plain replacement, so that no format syntax is executed."""
        sentence = self(f"error.{code}").value
        for name, value in values.items():
            sentence = sentence.replace(f"%({name})s", str(value))
        return Message(sentence, code)

    def option(self, list_name: str, code: str) -> Text:
        """The label of a code of a choice list."""
        return self(f"list.{list_name}.{code}")
