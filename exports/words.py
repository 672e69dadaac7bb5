"""How long a text is, and its first words: for passages whose length is set in words, in six languages."""

from __future__ import annotations

import re

_CHINESE = "\u3400-\u9fff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_CHINESE}]|[^\\s{_CHINESE}]+")

LONG_WORD = 20
"""Characters: a longer word, such as an address, takes the room of several."""


def count_words(text: str) -> int:
    """Words as a reader counts them: two Chinese characters make one, a sign that stands alone is none."""
    return round(sum(_weight(word) for word in _WORD.findall(text)))


def shorten(text: str, most: int) -> tuple[str, bool]:
    """The first `most` words of a text on one line, with three points where it was cut; and whether it was."""
    text = " ".join(text.split())
    counted = 0.0
    for word in _WORD.finditer(text):
        counted += _weight(word[0])
        if counted > most:
            kept = text[: word.start()] or text[: most * LONG_WORD]
            return f"{kept.rstrip(' ,;:،؛，；：')} …", True
    return text, False


def _weight(word: str) -> float:
    if re.match(f"[{_CHINESE}]", word):
        return 0.5
    return max(1, len(word) // LONG_WORD) if any(sign.isalnum() for sign in word) else 0
