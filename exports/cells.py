"""One cell: text, number or date as the XML of a worksheet. The only place that decides what a cell may hold."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

TEXT_LIMIT = 32_000
"""UTF-16 units of one cell. Excel holds 32,767; what is longer goes on in the next row."""

# Not characters of XML 1.0: control characters, lone surrogates, U+FFFE and U+FFFF. A file with one of them does not open.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What a spreadsheet would read as an escape of its own (ECMA-376, ST_Xstring).
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_MARKUP = re.compile("[&<>\r]")
# What makes a text more than itself between two tags: one search finds that nearly every text is nothing of the kind.
# One set of characters, without alternatives: that is several times as fast.
_SPECIAL = re.compile("[\x00-\x1f&<>_\ud800-\udfff\ufffe\uffff]")
_REPLACEMENTS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
FORMULA_STARTS = frozenset("=+-@")

# A letter that has a direction of its own, and those that run to the left.
_STRONG = re.compile("[A-Za-z\u00aa-\u1fff\u2c00-\u2dff\u3041-\U0001ffff]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")

_EPOCH = date(1899, 12, 30).toordinal()
FIRST_DAY = date(1900, 3, 1)
"""Before this day spreadsheets disagree: some count 29 February 1900, which never was; none knows earlier centuries."""


def clean(text: str) -> tuple[str, int]:
    """The text with every character that no XML file can hold replaced by U+FFFD, and how many there were."""
    return (text, 0) if _FORBIDDEN.search(text) is None else _FORBIDDEN.subn("\ufffd", text)


def units(text: str) -> int:
    """The length in UTF-16 units, as spreadsheets count."""
    return len(text) + sum(char > "\uffff" for char in text)


def split_text(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """The text in parts of at most `limit` UTF-16 units that joined give the text again; after a space where one is near.

    A character outside the basic plane is never divided. An empty text is one empty part.
    """
    if len(text) * 2 <= limit or units(text) <= limit:
        return [text]
    parts = []
    start = 0
    while start < len(text):
        end = _end_of_part(text, start, limit)
        parts.append(text[start:end])
        start = end
    return parts


def _end_of_part(text: str, start: int, limit: int) -> int:
    end, left = start, limit
    while end < len(text) and left >= (size := 2 if text[end] > "\uffff" else 1):
        left -= size
        end += 1
    if end < len(text):
        for near in range(end, max(start, end - 200), -1):
            if text[near - 1].isspace():
                return near
    return end


def parts_needed(text: str) -> int:
    """How many rows a text takes."""
    return len(split_text(text))


def direction_of(text: str) -> str:
    """The direction of the first letter that has one, `ltr` or `rtl`; empty for figures and signs alone."""
    found = _STRONG.search(text)
    if found is None:
        return ""
    return "rtl" if _RIGHT_TO_LEFT.match(found[0]) else "ltr"


def looks_like_formula(text: str) -> bool:
    """Whether a person who edits the cell would turn it into a formula: such cells carry the style "text as typed"."""
    return text[:1] in FORMULA_STARTS


def has_escape(text: str) -> bool:
    """Whether the text holds `_xHHHH_`, which must be escaped; readers agree on the escape in the shared table only."""
    return "_x" in text and _ESCAPE_LIKE.search(text) is not None


def is_plain(text: str) -> bool:
    """Whether the text, which is not empty, needs neither cleaning nor escaping nor a word about its spaces."""
    return _SPECIAL.search(text) is None and not (text[0].isspace() or text[-1].isspace())


def text_xml(text: str) -> str:
    """The `<t>` element of a cleaned text."""
    if _MARKUP.search(text):
        text = _MARKUP.sub(lambda found: _REPLACEMENTS[found[0]], text)
    if "_x" in text:
        text = _ESCAPE_LIKE.sub("_x005F_", text)
    if "\n" in text or text[:1].isspace() or text[-1:].isspace():
        return f'<t xml:space="preserve">{text}</t>'
    return f"<t>{text}</t>"


def number_text(value: int | Decimal) -> str | None:
    """The number as a cell holds it, or None when a double of 15 digits cannot hold it exactly."""
    if isinstance(value, int) and -(10**15) < value < 10**15:
        return str(value)
    number = Decimal(value)
    if not number.is_finite():
        return None
    if not number:
        return "0"
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # finite
    # By hand: arithmetic would round to the precision of the context.
    figures = "".join(map(str, digits)).lstrip("0")
    significant = figures.rstrip("0")
    exponent += len(figures) - len(significant)
    if len(significant) > 15 or not -300 < exponent + len(significant) < 300:
        return None
    exact = Decimal(f"{'-' if sign else ''}{significant}E{exponent}")
    return f"{exact:f}" if abs(exponent) < 40 else f"{exact:E}"


def day_number(value: date) -> int | None:
    """The serial number of a day, or None for a day on which spreadsheets disagree."""
    return None if value < FIRST_DAY else value.toordinal() - _EPOCH


def day_of_number(serial: float) -> date | None:
    """The day of a serial number, or None where there is none."""
    try:
        return date.fromordinal(int(serial) + _EPOCH)
    except (ValueError, OverflowError):
        return None


def moment_number(value: datetime) -> str:
    """The serial number of a moment in UTC, to the second."""
    moment = value.astimezone(UTC)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return f"{moment.date().toordinal() - _EPOCH + seconds / 86400:.10f}".rstrip("0").rstrip(".")


def moment_of_number(serial: float) -> datetime | None:
    """The moment (UTC, to the second) of a serial number, or None where there is none."""
    try:
        return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(seconds=round(serial * 86400))
    except (ValueError, OverflowError):
        return None


def column_letters(number: int) -> str:
    """The letters of a column, 1 is `A`."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
