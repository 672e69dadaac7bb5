"""How many lines a wrapped text takes: a workbook says the height of each row, for nobody measures it when it is opened."""

from __future__ import annotations

import re
from math import ceil

_WIDE = re.compile("[\u2e80-\uffef]")
_SLACK = 2.2
"""Characters of a column that hold no text: its indent and edges."""


def lines_needed(text: str, width: float) -> int:
    """About how many lines a wrapped text takes in a column; words do not fill a line wholly, hence the slack."""
    room = room_of(width)
    if "\n" not in text:
        return 1 if len(text) * 2 <= room else ceil(_width(text) / room)
    return sum(max(1, ceil(_width(line) / room)) for line in text.split("\n"))


def room_of(width: float) -> float:
    """Characters of a column that text can fill."""
    return max(1.0, width * 0.92 - _SLACK)


def _width(text: str) -> int:
    """Width in characters; those of Chinese take two."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))
