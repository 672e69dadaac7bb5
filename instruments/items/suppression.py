"""Small cells: which figures of a table are withheld in what is shared, so that no person can be recognized or worked out.

The rule is that of statistical offices: a count from 1 to `threshold` - 1 is withheld; 0 is shown; and where one withheld part
could be worked out as the total less the other parts, the smallest of these is withheld with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from decimal import Decimal
from heapq import heappop, heappush

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

    The sums of the columns are taken to be known: whoever has the file can count its States. A withheld count cannot be worked
    out from sums exactly when it stands in a ring of withheld counts that goes along rows and columns in turn; so with each
    small count go the others of such a ring, those that are smallest together. A count that is in no ring of counts other than
    0 (alone in its column, say) stands there withheld and can be worked out all the same: no table could hide it.
    """
    table = [[*row, sum(row)] for row in counts]
    gone = {
        (row, column) for row, cells in enumerate(table) for column, value in enumerate(cells) if 0 < value < threshold
    }
    for place in sorted(gone):
        gone.update(_rest_of_ring(table, gone, place))
    return gone


def _rest_of_ring(
    table: Sequence[Sequence[int]], gone: Set[tuple[int, int]], place: tuple[int, int]
) -> Sequence[tuple[int, int]]:
    """The counts that lead from the row of a place to its column another way, those shown the smallest together; or none.

    Dijkstra's shortest path: rows and columns are the nodes, counts other than 0 the edges, and a withheld one costs nothing.
    """
    rows = len(table)
    end = rows + place[1]
    ways: list[tuple[int, int, tuple[tuple[int, int], ...]]] = [(0, place[0], ())]
    seen = set()
    while ways:
        cost, node, way = heappop(ways)
        if node == end:
            return way
        if node in seen:
            continue
        seen.add(node)
        line = [(node, column) for column in range(len(table[0]))] if node < rows else [
            (row, node - rows) for row in range(rows)
        ]  # fmt: skip
        for row, column in line:
            if table[row][column] and (row, column) != place:
                more = 0 if (row, column) in gone else table[row][column]
                heappush(ways, (cost + more, rows + column if node < rows else row, (*way, (row, column))))
    return ()
