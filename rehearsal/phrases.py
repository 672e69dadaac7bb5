"""Invented texts in six languages, made of the sentence banks in `rehearsal/data`: each speaks of its paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from instruments.loader import read_strict
from instruments.schema import Instrument

DATA = Path(__file__).parent / "data"

SHORTEST, LONGEST = 200, 3000
"""Characters of an ordinary narrative."""

_FEW = (5, 6, 7, 8, 9)
_COUNTS = tuple(number for number in range(25, 100) if number % 10 in {0, *_FEW})
"""Numbers after which one form of the noun is right in all six languages (Russian and Arabic have several)."""

_SENTENCES_IN_A_PARAGRAPH = 5


def seeded(*parts: object) -> Random:
    """A generator that gives the same for the same parts."""
    return Random(":".join(map(str, parts)))  # noqa: S311 - invented data, nothing is guarded by it


@lru_cache(maxsize=8)
def read_bank(language: str) -> dict[str, Any]:
    """The sentence bank of a language. Raises InstrumentError for a damaged file."""
    bank: dict[str, Any] = read_strict(DATA / f"{language}.yaml")
    return bank


@lru_cache(maxsize=1)
def read_themes() -> dict[str, Any]:
    """Which laws, bodies and policies belong to which paragraph."""
    themes: dict[str, Any] = read_strict(DATA / "themes.yaml")
    return themes


@dataclass(frozen=True, slots=True)
class Author:
    """Writes in one language for one State, always the same for the same `rng`. `year` is the one in which the cycle opens."""

    language: str
    rng: Random
    instrument: Instrument
    year: int

    @property
    def bank(self) -> dict[str, Any]:
        """The sentence bank."""
        return read_bank(self.language)

    def subject(self, question_id: str) -> str:
        """What the paragraph is about, in this language."""
        return str(self.instrument.texts_in(self.language)(f"{question_id}.label"))

    def fill(self, sentence: str, question_id: str) -> str:
        """The sentence with its slots filled for a paragraph."""
        rng, theme = self.rng, read_themes()["questions"][question_id]
        return sentence.format(
            subject=self.subject(question_id), year=self.past_year(), until=self.year + rng.randint(0, 3),
            count=rng.choice(_COUNTS), few=rng.choice(_FEW), share=rng.choice(_COUNTS), number=self.law_number(),
            body=self.bank["bodies"][rng.choice(theme["bodies"])], law=self.bank["laws"][rng.choice(theme["laws"])],
            need=self.bank["themes"][question_id]["need"],
        )  # fmt: skip

    def one_of(self, key: str, question_id: str) -> str:
        """One text of a list of the bank, with its slots filled."""
        return self.fill(self.rng.choice(self.bank[key]), question_id)

    def past_year(self) -> int:
        """One of the five years before the cycle opens."""
        return self.year - self.rng.randint(1, 5)

    def law_number(self) -> str:
        """The number of a law, such as 112/2019."""
        return f"{self.rng.randint(3, 320)}/{self.past_year()}"

    def narrative(self, question_id: str, stance: str, length: int) -> str:
        """About `length` characters on a paragraph, as a State of this stance (done, both, missing, unknown) would write.

        Between SHORTEST and LONGEST; Chinese needs fewer characters for the same, so its texts stop when all is said.
        """
        return self._joined(self._sentences(question_id, stance), length)

    def special(self, item_id: str, question_id: str) -> str | None:
        """The answer to an item that asks for something of its own; None when the bank has no text for it."""
        own = self.bank["items"].get(item_id)
        if own is None:
            return None

        def sentences() -> Iterator[str]:
            yield own
            yield from self._shuffled(self.bank["general"]["any"])

        return self._joined((self.fill(sentence, question_id) for sentence in sentences()), SHORTEST)

    def reason(self, question_id: str) -> str:
        """Why a paragraph is not applicable."""
        sentences = [*self.bank["reason"], *self._shuffled(self.bank["general"]["any"])]
        return self._joined((self.fill(sentence, question_id) for sentence in sentences), SHORTEST)

    def name(self) -> str:
        """An invented name of an official."""
        given, family = self.rng.choice(self.bank["given"]), self.rng.choice(self.bank["family"])
        return f"{family}{given}" if self.language == "zh" else f"{given} {family}"

    def _sentences(self, question_id: str, stance: str) -> Iterator[str]:
        bank, theme = self.bank, self.bank["themes"][question_id]
        general = bank["general"]
        if stance == "unknown":
            chosen = [*bank["unknown"], *self._shuffled(general["any"])]
        else:
            sides = [side for side in ("done", "missing") if stance in {side, "both"}]
            more = self._shuffled([*general["any"], *(sentence for side in sides for sentence in general[side])])
            # What is done and what is missing would contradict each other without a word on where each holds.
            bridge = [bank["bridge"]] if stance == "both" else []
            own = [
                *(theme["done"] if "done" in sides else []),
                *bridge,
                *(theme["missing"] if "missing" in sides else []),
            ]
            # A second time round the years and figures differ, as in a text that goes through several years.
            again = [sentence for sentence in self._shuffled(more) if "{year}" in sentence]
            chosen = [self.rng.choice(bank["openings"][stance]), *own, *more, *again]
        for sentence in chosen:
            yield self.fill(sentence, question_id)

    def _joined(self, sentences: Iterator[str], length: int) -> str:
        space = "" if self.language == "zh" else " "
        text, seen = "", 0
        for sentence in sentences:
            if len(text) >= max(length, SHORTEST):
                break
            between = "\n\n" if seen and seen % _SENTENCES_IN_A_PARAGRAPH == 0 else space
            longer = f"{text}{between}{sentence}" if text else sentence
            if len(longer) > LONGEST:
                break
            text, seen = longer, seen + 1
        return text

    def _shuffled(self, sentences: list[str]) -> list[str]:
        return self.rng.sample(sentences, len(sentences))
