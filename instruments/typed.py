"""Numbers and days as people type them: the digits of six languages, thousands in groups, and what could be read in two ways."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

FIRST_YEAR, LAST_YEAR = 1800, 2200
"""Years outside are typing errors, such as the year 20 of a date picker left half-way."""

# Word processors put direction marks into Arabic numbers and dates; nobody sees them.
_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SIGNS = str.maketrans({"\u2212": "-", "\u066b": ".", "\u066c": " ", "'": " ", "\u2019": " "})

_SIMPLE = re.compile(r"-?\d+(?:[.,]\d+)?")
_SPACED = re.compile(r"-?\d{1,3}(?: \d{2,3})* \d{3}(?:[.,]\d+)?")
_COMMAS = re.compile(r"-?\d{1,3}(?:,\d{2,3})+,\d{3}(?:\.\d+)?|-?\d{1,3},\d{3}\.\d+")
_POINTS = re.compile(r"-?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|-?\d{1,3}\.\d{3},\d+")
_AMBIGUOUS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
_YEAR_FIRST = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
_DAY_FIRST = re.compile(r"(\d{1,2})([./ ])(\d{1,2})[./ ](\d{4})")


class Unreadable(ValueError):
    """The text is not a number or a day."""


class Ambiguous(Unreadable):
    """The text is 1234 to some readers and 1.234 to others, or the third of April to some and the fourth of March to others."""


def plain(text: str) -> str:
    """The text with the digits 0-9, without direction marks, with single plain spaces between words."""
    digits = (str(unicodedata.digit(sign)) if sign.isdecimal() else sign for sign in _MARKS.sub("", text))
    return " ".join("".join(digits).split())


def read_number(text: str, places: int) -> Decimal:
    """The number typed; thousands may stand in groups. Raises Ambiguous for `1,234` where fewer than three `places` are asked."""
    typed = " ".join(plain(text).translate(_SIGNS).split())
    typed = re.sub(r"^- ", "-", typed)
    if places < 3 and _AMBIGUOUS.fullmatch(typed):
        raise Ambiguous(text)
    if _SIMPLE.fullmatch(typed) or _SPACED.fullmatch(typed):
        return Decimal(typed.replace(" ", "").replace(",", "."))
    if _COMMAS.fullmatch(typed):
        return Decimal(typed.replace(",", ""))
    if _POINTS.fullmatch(typed):
        return Decimal(typed.replace(".", "").replace(",", "."))
    raise Unreadable(text)


def read_day(text: str) -> date:
    """The day typed: year first, or day first with points, or with strokes where the month cannot be meant otherwise."""
    typed = plain(text)
    if found := _YEAR_FIRST.fullmatch(typed):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.fullmatch(typed):
        day, month, year = int(found[1]), int(found[3]), int(found[4])
        if found[2] != "." and day <= 12 and month <= 12 and day != month:
            raise Ambiguous(text)
    else:
        raise Unreadable(text)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable(text)
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable(text) from None
