"""Small cells: nothing small is shown, zero and large figures are, and nothing withheld can be worked out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from instruments.catalog import load_instrument
from instruments.items.suppression import withheld_cells, withheld_in_table
from instruments.values import Statistics

PARTS = (("female", "male", "sex_unknown"), ("under_18", "adult", "age_unknown"))
COUNTS = st.integers(0, 14)


def table(sex: tuple[int, ...], age: tuple[int, ...], *, with_total: bool = True) -> dict[str, dict[str, Decimal]]:
    cells = {f"r.{part}": {"2024": Decimal(number)} for part, number in zip(PARTS[0], sex, strict=True)}
    cells |= {f"r.{part}": {"2024": Decimal(number)} for part, number in zip(PARTS[1], age, strict=True)}
    if with_total:
        cells["r"] = {"2024": Decimal(sum(sex))}
    return cells


def test_a_single_small_part_takes_the_next_smallest_with_it_and_zero_stays() -> None:
    cells = table((3, 40, 0), (0, 43, 0))
    assert withheld_cells(cells, ["r"], PARTS, 11) == {("r.female", "2024"), ("r.male", "2024")}


def test_a_small_total_takes_its_parts_with_it() -> None:
    cells = table((3, 4, 0), (7, 0, 0))
    assert withheld_cells(cells, ["r"], PARTS, 11) == {
        ("r", "2024"), ("r.female", "2024"), ("r.male", "2024"), ("r.under_18", "2024"),
    }  # fmt: skip


def test_two_small_parts_need_no_third() -> None:
    cells = table((3, 4, 60), (67, 0, 0))
    assert withheld_cells(cells, ["r"], PARTS, 11) == {("r.female", "2024"), ("r.male", "2024")}


@settings(max_examples=120, deadline=None)
@given(st.tuples(COUNTS, COUNTS, COUNTS), st.integers(2, 11))
def test_what_is_withheld_cannot_be_worked_out(sex: tuple[int, int, int], threshold: int) -> None:
    cells = table(sex, (sum(sex), 0, 0))
    withheld = {line for line, _year in withheld_cells(cells, ["r"], PARTS, threshold)}
    lines = [f"r.{part}" for part in PARTS[0]]
    assert not [line for line, years in cells.items() if 0 < years["2024"] < threshold and line not in withheld]
    assert not [line for line in withheld if cells[line]["2024"] == 0]
    if threshold == 2 or not set(lines) & withheld:
        return
    # Every way to fill the withheld cells that adds up: each withheld small cell must have more than one possible value.
    total = None if "r" in withheld else sum(sex)
    ways = [
        way for way in product(range(sum(sex) + 1), repeat=3)
        if all(line in withheld or way[i] == sex[i] for i, line in enumerate(lines))
        and (total is None or sum(way) == total)
    ]  # fmt: skip
    for i, line in enumerate(lines):
        if line in withheld:
            assert len({way[i] for way in ways}) > 1, line


def test_a_shared_table_says_what_is_withheld_and_never_what_it_was() -> None:
    item = load_instrument().items["op5.persons"]
    texts = load_instrument().texts_in("en")
    value = Statistics(
        cells={"convicted": {"2024": Decimal(43)}, "convicted.female": {"2024": Decimal(3)}, "convicted.male": {"2024": Decimal(40)}},
        source="Register",
    )  # fmt: skip
    shared = item.as_shared(value, 11)
    facts = {fact.field: (fact.code, fact.label, fact.number) for fact in item.facts(shared, texts)}
    assert facts["convicted.2024"][2] == 43
    assert facts["convicted.female.2024"] == ("withheld", "withheld", None)
    assert facts["convicted.male.2024"] == ("withheld", "withheld", None)
    rows = [cells for _id, cells in item.rows(shared, texts)]
    assert {str(row[5]) for row in rows} == {"43", "withheld"}
    assert not any("40" in line.text for line in item.lines(shared, texts))
    plain = load_instrument().items["op5.narrative"]
    assert plain.as_shared("anything", 11) == "anything"


Table = Sequence[Sequence[int]]
STATES = st.sampled_from((0, 0, 1, 2, 3, 10, 11, 12, 40))
TABLES = st.integers(1, 6).flatmap(
    lambda columns: st.lists(st.lists(STATES, min_size=columns, max_size=columns), min_size=1, max_size=8)
)
BRIDGED = [[1, 2, 1, 0, 0], [3, 2, 40, 0, 0], [0, 0, 2, 1, 2], [0, 0, 41, 3, 1], [50, 60, 70, 80, 90]]
"""Two blocks of small counts and one between them: no line has a single one, and yet the sums give the one between away."""


def with_totals(counts: Table) -> dict[tuple[int, int], int]:
    """The counts by place, with the total of each row in one more column."""
    return {
        (row, column): value for row, cells in enumerate(counts) for column, value in enumerate((*cells, sum(cells)))
    }


def lines_of(counts: Table) -> list[list[tuple[int, int]]]:
    """The rows, whose cells less their total are 0, and the columns, whose sums are known."""
    rows, columns = range(len(counts)), range(len(counts[0]) + 1)
    return [[(row, column) for column in columns] for row in rows] + [
        [(row, column) for row in rows] for column in columns
    ]


def given_away(counts: Table, withheld: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """The withheld cells that have one value only in every solution of the rows and columns, by elimination."""
    unknown = sorted(withheld)
    total = len(counts[0])
    matrix = []
    for number, line in enumerate(lines_of(counts)):
        is_row = number < len(counts)
        signs = {place: Fraction(-1 if is_row and place[1] == total else 1) for place in line}
        matrix.append([signs.get(place, Fraction(0)) for place in unknown])
    solved = 0
    for column in range(len(unknown)):
        pivot = next((row for row in range(solved, len(matrix)) if matrix[row][column]), None)
        if pivot is None:
            continue
        matrix[solved], matrix[pivot] = matrix[pivot], matrix[solved]
        lead = matrix[solved][column]
        matrix[solved] = [value / lead for value in matrix[solved]]
        for row in range(len(matrix)):
            if row != solved and (factor := matrix[row][column]):
                matrix[row] = [own - factor * other for own, other in zip(matrix[row], matrix[solved], strict=True)]
        solved += 1
    alone = [[place for place, value in zip(unknown, row, strict=True) if value] for row in matrix]
    return {places[0] for places in alone if len(places) == 1}


@given(TABLES, st.sampled_from((2, 5, 11)))
@example(BRIDGED, 5)
@settings(max_examples=400)
def test_in_a_table_of_states_no_sum_gives_a_withheld_count_away(counts: list[list[int]], threshold: int) -> None:
    cells = with_totals(counts)
    withheld = withheld_in_table(counts, threshold)
    assert {place for place, value in cells.items() if 0 < value < threshold} <= withheld
    assert all(cells[place] for place in withheld)
    # The one exception: what the sums would give away if every count but 0 were withheld. No table could hide it.
    unavoidable = given_away(counts, [place for place, value in cells.items() if value])
    assert given_away(counts, withheld) <= unavoidable
    for line in lines_of(counts):
        hidden = withheld.intersection(line)
        assert len(hidden) != 1 or hidden <= unavoidable


@given(TABLES)
def test_without_a_small_count_nothing_is_withheld(counts: list[list[int]]) -> None:
    assert withheld_in_table([[11 * value for value in row] for row in counts], 11) == set()


@pytest.mark.parametrize(
    ("counts", "withheld"),
    [
        # The smallest counts that close a ring with the small one go with it.
        ([[3, 40, 20], [50, 60, 30], [70, 80, 90]], {(0, 0), (0, 2), (1, 0), (1, 2)}),
        # A small total takes the smallest other total with it, and what stands in their column.
        ([[3, 0], [20, 30]], {(0, 0), (0, 2), (1, 0), (1, 2)}),
        # Nothing else in the column: its sum is the count, whatever else is withheld.
        ([[0, 3], [20, 0]], {(0, 1), (0, 2)}),
    ],
)  # fmt: skip
def test_what_goes_with_a_small_count_is_as_little_as_can_be(
    counts: list[list[int]], withheld: set[tuple[int, int]]
) -> None:
    assert withheld_in_table(counts, 11) == withheld
