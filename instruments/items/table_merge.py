"""Two changes to a table of figures, merged cell by cell."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING

from instruments.values import Statistics

if TYPE_CHECKING:
    from instruments.merging import Merging

LONGEST_NOTE = 10_000
"""Characters of the source and of the definition of a table."""

Cells = dict[str, Decimal]
"""Figures by `line/year`."""


def merge_tables(
    money: Collection[str],
    base: Statistics | None,
    theirs: Statistics | None,
    mine: Statistics | None,
    merging: Merging,
) -> Statistics | None:
    """The table with both changes. `money` are the lines that are sums.

    Sums are merged cell by cell only in one currency: where the two sides name different ones, sums and currency stay
    together as one side has them, so that no figure ever stands in a currency that nobody gave it.
    """
    if base is not None and (theirs is None or mine is None):
        return merging.one("", base, theirs, mine)  # type: ignore[no-any-return]
    sides = [side or Statistics() for side in (base, theirs, mine)]
    counts = merging.mapping("", *(_cells(side, {*side.cells} - {*money}) for side in sides))
    sums = [_cells(side, money) for side in sides]
    currencies = [side.currency for side in sides]
    if currencies[1] == currencies[2]:
        # A figure that both have put into another currency is a new one on both sides.
        before = sums[0] if currencies[0] == currencies[1] else {}
        currency, paid = currencies[1], merging.mapping("", before, *sums[1:])
    else:
        currency, paid = merging.one("currency", *zip(currencies, sums, strict=True))
    references = [side.source_from for side in sides]
    if references[1] == references[2]:
        source_from, source = (
            references[1],
            merging.text("source", *(side.source for side in sides), longest=LONGEST_NOTE),
        )
    else:
        # A source of one's own and one that is shared with another table exclude each other.
        source_from, source = merging.one("source", *((side.source_from, side.source) for side in sides))
    definition = merging.text("definition", *(side.definition for side in sides), longest=LONGEST_NOTE)
    if not (counts or paid or source or source_from or definition):
        # Each took away what the other one left.
        return merging.contest("", theirs, mine)  # type: ignore[no-any-return]
    cells: dict[str, dict[str, Decimal]] = {}
    for key, number in (counts | paid).items():
        line, _slash, year = key.rpartition("/")
        cells.setdefault(line, {})[year] = number
    provisional = tuple(sorted(merging.codes(*(side.provisional for side in sides))))
    return Statistics(
        cells=cells, currency=currency, source=source, definition=definition, provisional=provisional, source_from=source_from
    )  # fmt: skip


def _cells(table: Statistics, lines: Collection[str]) -> Cells:
    return {
        f"{line}/{year}": number
        for line, years in table.cells.items()
        if line in lines
        for year, number in years.items()
    }
