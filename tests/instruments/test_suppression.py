"""Small cells: nothing small is shown, zero and large figures are, and nothing withheld can be worked out."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.catalog import load_instrument
from instruments.items.suppression import withheld_cells
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
    assert facts["convicted.female.2024"] == ("withheld", "<11", None)
    assert facts["convicted.male.2024"] == ("withheld", "<11", None)
    rows = [cells for _id, cells in item.rows(shared, texts)]
    assert {str(row[5]) for row in rows} == {"43", "<11"}
    assert not any("40" in line.text for line in item.lines(shared, texts))
    plain = load_instrument().items["op5.narrative"]
    assert plain.as_shared("anything", 11) == "anything"
