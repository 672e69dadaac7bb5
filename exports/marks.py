"""What a cell may hold, and the marks of the two scales and of the blanks: a shape, a fill and always the words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

RIGHT_TO_LEFT_MARK = "\u200f"
NOT_ANSWERED, NOT_ASKED, ANSWERED = "not_answered", "not_asked", "answered"
ASKED_STATES: tuple[str, ...] = (ANSWERED, NOT_ANSWERED, NOT_ASKED)
"""What became of an item: two of the three blanks are here, the third (no information available) is an answer."""


class Marked(NamedTuple):
    """A cell of the matrix: what it says, its style, the cell it leads to (empty for none)."""

    text: str
    style: str
    target: str = ""


class Formula(NamedTuple):
    """A cell that a program computes again: the formula without its `=`, and the value it has now."""

    text: str
    value: int


Value = str | int | Decimal | date | datetime | Marked | Formula | None
"""A value of a row; a text stays text, whatever it begins with."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a code is drawn: a symbol of its own shape and the name of a cell style (see `exports.styles`)."""

    symbol: str
    style: str


# The shapes and fills of the website (`static/tables.css`), as characters that the symbol fonts of Windows, macOS and Linux have.
_NO_INFORMATION = Mark("▧", "mark_hatched")  # the struck square; one stroke (U+29C5) is in few fonts
SCALES: dict[str, dict[str, Mark]] = {
    "status": {
        "fully_implemented": Mark("●", "mark_full"),
        "partially_implemented": Mark("◑", "mark_part"),
        "planned_or_under_way": Mark("◔", "mark_plan"),
        "not_implemented": Mark("○", "mark_none"),
        "not_applicable": Mark("–", "mark_sunk"),
        "no_information": _NO_INFORMATION,
    },
    # Diamonds, so that nobody reads the two scales as one.
    "consider": {
        "considered_adopted": Mark("◆", "mark_full"),
        "considered_not_adopted": Mark("◈", "mark_other"),
        "under_consideration": Mark("⬖", "mark_plan"),
        "not_considered": Mark("◇", "mark_none"),
        "no_information": _NO_INFORMATION,
    },
}
BLANKS: dict[str, Mark] = {NOT_ANSWERED: Mark("•", "mark_blank"), NOT_ASKED: Mark("×", "mark_dotted")}


def with_mark(symbol: str, words: str, *, right_to_left: bool) -> str:
    """The words with their mark in front. A mark has no direction of its own: before Arabic words some programs would put it last."""
    return f"{RIGHT_TO_LEFT_MARK if right_to_left else ''}{symbol} {words}" if symbol else words


def mark_of(list_name: str, code: str) -> Mark:
    """The mark of a code of a scale; a plain cell for a list that is not a scale."""
    return SCALES.get(list_name, {}).get(code, Mark("", "mark_none"))
