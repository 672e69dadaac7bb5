"""What a sheet of the workbook is: its name, its columns, how it reads and prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from languages import translator

Gettext = Callable[[str], str]
Kind = Literal["code", "text", "any", "value", "integer", "number", "date", "moment", "mark", "formula"]
"""What a column holds. `code` is a code, an id or a word of a list: short and often repeated. `text` is what people wrote,
`any` text, number or date as the type of an item gives it, `value` a code, number or date, `formula` a number that is counted again beside the stated one."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column: the stable id that heads it, its head in words, what it holds, its width in characters."""

    id: str
    label: str
    kind: Kind = "code"
    width: float = 14


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with a table. `wraps`: cells grow downwards for reading; otherwise rows keep one height, for filtering."""

    name: str
    title: str
    note: str
    columns: tuple[SheetColumn, ...]
    frozen: int = 0
    """Columns that stay in sight at the start of the row, also on every printed page."""
    wraps: bool = True
    middle: bool = False
    printed: str = ""
    """Id of the last column that is printed; those after it are for programs. Empty: all are printed."""
    runs: tuple[str, ...] = ()
    """Ids of columns at which a run of values begins that comes again in many rows; it is made into XML once."""

    @property
    def has_parts(self) -> bool:
        """Whether a text too long for a cell goes on in further rows, numbered by `part_no` of `part_of`."""
        return self.columns[-1].id == "part_of"

    @property
    def ids(self) -> tuple[str, ...]:
        """The column ids, in order."""
        return tuple(column.id for column in self.columns)


def gettext_in(language: str) -> Gettext:
    """The interface words of one language."""
    return translator(language).gettext


def parts_columns(_: Gettext) -> tuple[SheetColumn, ...]:
    """Which part of how many a row is, for texts longer than a cell."""
    return (
        SheetColumn("part_no", _("Part"), "integer", 9),
        SheetColumn("part_of", _("Parts in all"), "integer", 9),
    )


def state_columns(_: Gettext) -> tuple[SheetColumn, ...]:
    """The code and the name of the State."""
    return (
        SheetColumn("state_iso3", _("State code (ISO 3166)"), width=12),
        SheetColumn("state", _("State"), width=24),
    )


def group_columns(_: Gettext) -> tuple[SheetColumn, ...]:
    """The code and the name of the regional group."""
    return (
        SheetColumn("group", _("Regional group (code)"), width=18),
        SheetColumn("group_label", _("Regional group"), width=24),
    )
