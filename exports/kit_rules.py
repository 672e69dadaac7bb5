"""Conditions as formulas: whether an item is asked follows, in an offline workbook too, from what is typed in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from instruments.conditions import Condition, Facts

LONGEST = 4000
"""Characters of a formula; programs take some eight thousand. A longer rule stays what it was when the workbook was made."""


@dataclass
class Cells:
    """Where an item stands in the workbook: addresses with their sheet, such as `'P4'!$E$12`."""

    state: str
    """The cell that says whether the item is asked and answered."""
    conditional: bool
    choice: str = ""
    """The cell of a single choice; its list is named by `list_name`."""
    list_name: str = ""
    codes: tuple[str, ...] = ()
    boxes: Mapping[str, str] = field(default_factory=dict)
    """The cells of several choices, by code."""
    number: str = ""
    day: str = ""
    filled: Sequence[str] = ()
    """Cells and ranges of which one that is not empty makes the item answered."""


def answered_formula(cells: Cells) -> str:
    """Whether anything was given for an item."""
    return f"COUNTA({','.join(cells.filled[:250])})>0" if cells.filled else "FALSE"


class Rules:
    """Formulas over the items of one workbook; what stands outside of it is what it was when the workbook was made."""

    def __init__(self, cells: Mapping[str, Cells], values: Mapping[str, Any], facts: Facts, not_asked: str) -> None:
        self._cells, self._values, self._facts = cells, values, facts
        self._not_asked = not_asked

    def formula(self, condition: Condition) -> str:
        """The condition as a formula without `=`; TRUE or FALSE where it would be too long."""
        made = self._of(condition)
        return made if len(made) <= LONGEST else self._fixed(condition)

    def is_said(self, condition: Condition) -> bool:
        """Whether the workbook itself decides: some item that the condition looks at stands in it."""
        return any(item_id in self._cells for item_id in condition.items())

    def _fixed(self, condition: Condition) -> str:
        return "TRUE" if condition.holds(self._values, self._facts) else "FALSE"

    def _of(self, condition: Condition) -> str:
        if not self.is_said(condition):
            return self._fixed(condition)
        if condition.all_ is not None:
            return f"AND({','.join(map(self._of, condition.all_))})"
        if condition.any_ is not None:
            return f"OR({','.join(map(self._of, condition.any_))})"
        if condition.not_ is not None:
            return f"NOT({self._of(condition.not_)})"
        cells = self._cells[condition.item or ""]
        asked = f'{cells.state}<>"{self._not_asked}"' if cells.conditional else ""
        if condition.answered is False:
            said = f"NOT({answered_formula(cells)})"
            return f"OR(NOT({asked}),{said})" if asked else said
        said = self._test(condition, cells)
        return f"AND({asked},{said})" if asked else said

    def _test(self, condition: Condition, cells: Cells) -> str:
        if condition.answered is not None:
            return answered_formula(cells)
        if codes := condition.codes():
            if cells.choice:
                wanted = [place for place, code in enumerate(cells.codes, start=1) if code in codes]
                same: Callable[[int], str] = lambda place: f"{cells.choice}=INDEX({cells.list_name},{place})"  # noqa: E731
                return _any([same(place) for place in wanted])
            return _any([f'{cell}<>""' for code, cell in cells.boxes.items() if code in codes])
        limit = condition.at_least if condition.at_least is not None else condition.at_most
        if limit is not None and cells.number:
            sign = ">=" if condition.at_least is not None else "<="
            return f"IFERROR(VALUE({cells.number}){sign}{limit:f},FALSE)"
        day = condition.after or condition.before
        if day is not None and cells.day:
            sign = ">" if condition.after is not None else "<"
            return f'AND({cells.day}<>"",{cells.day}{sign}"{day.isoformat()}")'
        return self._fixed(condition)


def _any(tests: Sequence[str]) -> str:
    if not tests:
        return "FALSE"
    return tests[0] if len(tests) == 1 else f"OR({','.join(tests)})"
