"""Small cells: which figures of a table are withheld in what is shared, so that no person can be recognized or worked out.

The rule is that of statistical offices: a count from 1 to `threshold` - 1 is withheld; 0 is shown; and where one withheld part
could be worked out as the total less the other parts, the smallest of these is withheld with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

Cells = Mapping[str, Mapping[str, Decimal]]
"""Figures by line (`convicted`, `convicted.female`) and year."""


def withheld_cells(
    cells: Cells, rows: Iterable[str], breakdowns: Sequence[Sequence[str]], threshold: int
) -> set[tuple[str, str]]:
    """(line, year) of the figures to withhold. `breakdowns` are the parts that make the total of every row."""
    withheld: set[tuple[str, str]] = set()
    for row in rows:
        lines = [row, *(f"{row}.{part}" for parts in breakdowns for part in parts)]
        for year in sorted({year for line in lines for year in cells.get(line, {})}):
            figures = {line: cells[line][year] for line in lines if year in cells.get(line, {})}
            small = {line for line, number in figures.items() if 0 < number < threshold}
            withheld |= {(line, year) for line in small}
            if row not in figures or row in small:
                continue
            for parts in breakdowns:
                withheld |= {
                    (line, year)
                    for line in _complement([f"{row}.{part}" for part in parts], figures, small)
                }  # fmt: skip
    return withheld


def _complement(lines: Sequence[str], figures: Mapping[str, Decimal], small: set[str]) -> list[str]:
    """The part to withhold with a single withheld one, while the total is shown: the smallest that is not 0."""
    if sum(line in small for line in lines) != 1:
        return []
    others = [line for line in lines if line not in small and figures.get(line)]
    return [min(others, key=lambda line: figures[line])] if others else []


def withheld_in_table(counts: Sequence[Sequence[int]], threshold: int) -> set[tuple[int, int]]:
    """(row, column) of the counts to withhold of a table whose rows have a total in one more column at their end.

    The sums of the columns are taken to be known: whoever has the file can count its States. A row or a column therefore never
    has a single withheld cell; the smallest other one that is not 0 goes with it.
    """
    table = [[*row, sum(row)] for row in counts]
    gone = {
        (row, column) for row, cells in enumerate(table) for column, value in enumerate(cells) if 0 < value < threshold
    }
    lines = [[(row, column) for column in range(len(cells))] for row, cells in enumerate(table)]
    lines += [[(row, column) for row in range(len(table))] for column in range(len(table[0]) if table else 0)]
    changed = True
    while changed:
        changed = False
        for line in lines:
            others = [place for place in line if place not in gone and table[place[0]][place[1]]]
            if len(line) - len(set(line) - gone) == 1 and others:
                gone.add(min(others, key=lambda place: table[place[0]][place[1]]))
                changed = True
    return gone
