"""What a cell may hold, and the marks of the two scales and of the blanks: a shape, a fill and always the words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

NOT_ANSWERED, NOT_ASKED, ANSWERED = "not_answered", "not_asked", "answered"
ASKED_STATES: tuple[str, ...] = (ANSWERED, NOT_ANSWERED, NOT_ASKED)
"""What became of an item: two of the three blanks are here, the third (no information available) is an answer."""


class Marked(NamedTuple):
    """A cell of the matrix: what it says, its style, the cell it leads to (empty for none)."""

    text: str
    style: str
    target: str = ""


Value = str | int | Decimal | date | datetime | Marked | None
"""A value of a row; a text stays text, whatever it begins with."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a code is drawn: a symbol of its own shape and the name of a cell style (see `exports.styles`)."""

    symbol: str
    style: str


SCALES: dict[str, dict[str, Mark]] = {
    "status": {
        "fully_implemented": Mark("●", "mark_full"),
        "partially_implemented": Mark("◑", "mark_part"),
        "planned_or_under_way": Mark("◔", "mark_plan"),
        "not_implemented": Mark("○", "mark_none"),
        "not_applicable": Mark("–", "mark_hatched"),
        "no_information": Mark("◇", "mark_dotted"),
    },
    # Squares, so that nobody reads the two scales as one. Both "considered" answers are full answers and shaded alike.
    "consider": {
        "considered_adopted": Mark("■", "mark_part"),
        "considered_not_adopted": Mark("▣", "mark_part"),
        "under_consideration": Mark("◧", "mark_plan"),
        "not_considered": Mark("□", "mark_none"),
        "no_information": Mark("◇", "mark_dotted"),
    },
}
BLANKS: dict[str, Mark] = {NOT_ANSWERED: Mark("…", "mark_blank"), NOT_ASKED: Mark("×", "mark_unasked")}


def mark_of(list_name: str, code: str) -> Mark:
    """The mark of a code of a scale; a plain cell for a list that is not a scale."""
    return SCALES.get(list_name, {}).get(code, Mark("", "mark_none"))
