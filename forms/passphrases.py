"""Which passphrases are refused: too short, too long, known, or made of what everybody can guess. No rule of composition."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from flask_babel import gettext as _
from flask_babel import ngettext

SHORTEST, LONGEST = 14, 200
"""Characters, of any script, counted after normalization (NFKC)."""

OWN_PART = 6
"""Letters and digits that must be left when everything guessable is taken out."""

BLOCKLIST = Path(__file__).parent / "data" / "blocklist.txt"

RUNS = (
    "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "01234567890123456789", "98765432109876543210", "йцукенгшщзхъфывапролджэячсмитьбю",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "ضصثقفغعهخحجدشسيبلاتنمكط", "一二三四五六七八九十",
)  # fmt: skip
"""Rows of keyboards and alphabets: a stretch of four or more of one of them, in either direction, counts as one guess."""


def normalize(passphrase: str) -> str:
    """The form that is counted, compared and hashed: the same characters typed in two ways are one passphrase."""
    return unicodedata.normalize("NFKC", passphrase)


def compact(text: str) -> str:
    """Letters and digits only, without case and marks: what is left when somebody writes `P á s s w o r d !`."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in bare if sign.isalnum())


@lru_cache(maxsize=1)
def _guessable() -> tuple[str, ...]:
    lines = (line.partition("#")[0] for line in BLOCKLIST.read_text(encoding="utf-8").splitlines())
    words = {compact(line) for line in lines} - {""}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def own_part(passphrase: str, context: Iterable[str] = ()) -> str:
    """What a passphrase has of its own once known words, the person's own data, rows of keys and repeats are taken out."""
    rest = compact(passphrase)
    own_words = [part for text in context for part in [compact(text), *(compact(word) for word in _split(text))]]
    for word in [*sorted((word for word in own_words if len(word) >= 3), key=len, reverse=True), *_guessable()]:
        rest = rest.replace(word, " ")
    return _without_repeats(_without_runs(rest)).replace(" ", "")


def _split(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in text).split()


def _without_runs(text: str) -> str:
    kept, position = [], 0
    while position < len(text):
        length = 4
        while length <= len(text) - position and any(
            text[position : position + length] in run or text[position : position + length] in run[::-1] for run in RUNS
        ):
            length += 1
        if length > 4:
            position += length - 1
            kept.append(" ")
        else:
            kept.append(text[position])
            position += 1
    return "".join(kept)


def _without_repeats(text: str) -> str:
    """`abcabcabc` becomes `abc`: a unit of up to seven characters said again tells nothing new."""
    for size in range(1, 8):
        position = 0
        while position + 2 * size <= len(text):
            if text[position : position + size] == text[position + size : position + 2 * size]:
                text = text[:position] + text[position + size :]
            else:
                position += 1
    return text


def passphrase_problem(passphrase: str, context: Iterable[str] = ()) -> str:
    """Why the passphrase is refused, as a sentence; empty when it is good. `context`: name, address, State of the person."""
    # A megabyte is refused for its length without being normalized first.
    length = len(passphrase) if len(passphrase) > 10 * LONGEST else len(normalize(passphrase))
    if length < SHORTEST:
        return str(ngettext(
            "Use at least 14 characters; this is %(num)d. Four or five words that do not belong together are easy to remember.",
            "Use at least 14 characters; these are %(num)d. Four or five words that do not belong together are easy to remember.",
            length,
        ))  # fmt: skip
    if length > LONGEST:
        return str(_("Use at most 200 characters."))
    if len(own_part(passphrase, context)) < OWN_PART:
        return str(_(
            "This is easy to guess: it is made of common words, of the name of this system, of your own name or address, or of "
            "keys in a row. Add words that nobody would expect."
        ))  # fmt: skip
    return ""
