"""How many States gave each answer: the counts of the file, counted again three ways; small ones withheld where it is shared."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from exports.columns import status_items
from exports.settings import ExportSettings
from exports.source import ExportSource
from instruments.catalog import load_instrument
from instruments.values import Narrative
from models.states import REGIONS
from tests.exports.builders import make_source, sealed_document, workbook_bytes
from tests.exports.formulas import read_tables, value_of
from tests.exports.readback import Table, read_by_calamine, tables

INSTRUMENT = load_instrument()
ITEMS = {item.id: item for item in status_items(INSTRUMENT)}
Counts = Counter[tuple[str, str, str]]


@dataclass(frozen=True)
class World:
    """States with their answers, regional groups and kinds."""

    documents: Mapping[str, Mapping[str, Any]]
    regions: Mapping[str, str]
    kinds: Mapping[str, str]

    def source(self, **given: Any) -> ExportSource:
        """An export of them."""
        return make_source(self.documents, regions=self.regions, kinds=self.kinds, **given)

    def public(self) -> ExportSource:
        """What is open to the public, of paragraph 4 alone."""
        return self.source(visibility={"op4": "public"}, settings=ExportSettings(preset="public"))

    def due(self) -> Counts:
        """How many States by item, answer or blank, and region, straight from what was sealed."""
        found: Counts = Counter()
        for code, values in self.documents.items():
            document = sealed_document(INSTRUMENT, code, values, kind=self.kinds.get(code, "member_state"))
            for item_id in ITEMS:
                answer = document["answers"].get(item_id, {}).get("value", "not_answered")
                found[item_id, answer if item_id in document["asked"] else "not_asked", self.regions[code]] += 1
        return found


def code_of(number: int) -> str:
    return f"X{chr(65 + number // 26)}{chr(65 + number % 26)}"


def world(documents: Iterable[Mapping[str, Any]], regions: Sequence[str] = REGIONS) -> World:
    """States of these answers, of each group in turn; every fourth is an organization, which is not asked everything."""
    given = {code_of(number): values for number, values in enumerate(documents)}
    return World(
        given, {code: regions[number % len(regions)] for number, code in enumerate(given)},
        {code: "reio" for number, code in enumerate(given) if number % 4 == 3},
    )  # fmt: skip


def random_statuses(seed: int) -> dict[str, Any]:
    """An answer on its scale to most of the items that are counted; the others are left empty."""
    rng = random.Random(seed)
    return {item.id: rng.choice(item.choice_lists()[0].codes) for item in ITEMS.values() if rng.random() < 0.8}


def by_item(table: Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for item_id in dict.fromkeys(row["item_id"] for row in table):
        yield item_id, [row for row in table if row["item_id"] == item_id]


@pytest.fixture(scope="module")
def counted() -> tuple[Counts, bytes]:
    states = world(map(random_statuses, range(9)))
    return states.due(), workbook_bytes(states.source())


def test_every_answer_and_blank_has_a_row_with_the_number_of_states(counted: tuple[Counts, bytes]) -> None:
    due, data = counted
    found = tables(read_by_calamine(data))["By_question"]
    assert [item_id for item_id, _rows in by_item(found)] == list(ITEMS)
    for item_id, rows in by_item(found):
        assert [row["code"] for row in rows] == [*ITEMS[item_id].choice_lists()[0].codes, "not_answered", "not_asked"]
        for row in rows:
            assert row["states"] == sum(due[item_id, row["code"], region] for region in REGIONS)
        states = {row["code"]: row["states"] for row in rows}
        assert sum(states.values()) == 9
        assert {row["asked"] for row in rows} == {9 - states["not_asked"]}
        assert {row["answered"] for row in rows} == {9 - states["not_asked"] - states["not_answered"]}


def test_the_three_blanks_are_three_rows_with_marks_and_words_of_their_own() -> None:
    states = world([{"op2.status_practice": "no_information"}, {}, {}, {}])
    found = tables(read_by_calamine(workbook_bytes(states.source())))["By_question"]
    rows = {row["code"]: row for row in found if row["item_id"] == "op2.status_practice"}
    said = {code: (row["symbol"], row["label"], row["states"]) for code, row in rows.items() if row["states"]}
    assert said == {
        "no_information": ("▧", "No information available", 1), "not_answered": ("•", "Not answered", 2),
        "not_asked": ("×", "Not asked", 1),
    }  # fmt: skip
    # No information available is an answer.
    assert (rows["no_information"]["answered"], rows["no_information"]["asked"]) == (1, 3)


@pytest.mark.parametrize("most_rows", [1_048_576, 900])
def test_the_formulas_count_the_same_also_where_the_answers_go_on_in_further_sheets(most_rows: int) -> None:
    # A text in several rows, made of words that are codes too.
    text = {"op4.narrative": Narrative(text="not_answered " * 6_000, language="en")}
    states = world(random_statuses(seed) | text for seed in range(4))
    data = workbook_bytes(states.source(), most_rows=most_rows)
    cached, found = tables(read_by_calamine(data))["By_question"], read_tables(data)
    assert ("tblAnswers_long_3" in found) == (most_rows == 900)
    formulas = [row for name, table in found.items() if name.startswith("tblBy_question") for row in table]
    assert len(formulas) == len(cached) > 400
    for row, values in zip(formulas, cached, strict=True):
        assert (row["item_id"], row["code"]) == (values["item_id"], values["code"])
        assert value_of(row["states_formula"], found) == row["states"] == values["states_formula"] == values["states"]


def test_the_counts_by_group_are_those_of_the_states_and_add_up(counted: tuple[Counts, bytes]) -> None:
    due, data = counted
    found = tables(read_by_calamine(data))
    for row, whole in zip(found["By_group"], found["By_question"], strict=True):
        assert (row["item_id"], row["code"], row["all"]) == (whole["item_id"], whole["code"], whole["states"])
        assert [row[region] for region in REGIONS] == [due[row["item_id"], row["code"], region] for region in REGIONS]
        assert sum(row[region] for region in REGIONS) == row["all"]


def test_states_of_other_groups_and_other_paragraphs_are_not_counted() -> None:
    states, settings = world(map(random_statuses, range(6))), ExportSettings(regions=("african", "weog"), questions=("op4", "op13d"))  # fmt: skip
    found = tables(read_by_calamine(workbook_bytes(states.source(settings=settings))))
    due = states.due()
    assert {row["question_id"] for row in found["By_question"]} == {"op4", "op13d"}
    for row in found["By_group"]:
        for region in REGIONS:
            assert row[region] == (due[row["item_id"], row["code"], region] if region in settings.regions else 0)
        assert row["all"] == row["african"] + row["weog"]


def test_in_a_public_file_a_state_counts_only_where_it_opened_the_paragraph() -> None:
    source = world([{"op4.status_practice": "planned_or_under_way"}] * 40, ("african",)).public()
    closed = {f"response-{code_of(number)}": {"op4": "secretariat"} for number in range(15)}
    found = tables(read_by_calamine(workbook_bytes(replace(source, visibilities=closed))))["By_question"]
    states = {row["code"]: row["states"] for row in found if row["item_id"] == "op4.status_practice"}
    assert {code: count for code, count in states.items() if count} == {"planned_or_under_way": 25}
    assert {row["states"] for row in found if row["question_id"] != "op4"} == {0}


def test_in_a_public_file_small_counts_and_what_gives_them_away_are_withheld_and_no_formula_counts_them() -> None:
    answers = ["fully_implemented"] * 30 + ["not_implemented"] * 14 + ["no_information"] * 3 + [None] * 13
    states = world([{"op4.status_practice": answer} for answer in answers], REGIONS[:2])
    data, due = workbook_bytes(states.public()), states.due()
    cells = read_by_calamine(data)
    found = tables(cells)
    rows = {row["code"]: row for row in found["By_group"] if row["item_id"] == "op4.status_practice"}
    for code, row in rows.items():
        true = {region: due["op4.status_practice", code, region] for region in REGIONS}
        for place, value in (*true.items(), ("all", sum(true.values()))):
            assert row[place] in {value, "withheld"}
            assert row[place] == "withheld" or not 0 < value < 11
            assert row[place] == 0 or value
    places = (*REGIONS, "all")
    lines = [[row[place] for place in places] for row in rows.values()]
    lines += [[row[place] for row in rows.values()] for place in places]
    assert all(line.count("withheld") != 1 for line in lines)
    assert (rows["fully_implemented"]["all"], rows["no_information"]["all"]) == (30, "withheld")
    # Neither is small, and yet one of them would give the 3 away.
    assert [rows[code]["all"] for code in ("not_implemented", "not_answered")].count("withheld") == 1
    for row, group in zip(found["By_question"], found["By_group"], strict=True):
        assert row["states"] == group["all"]
        assert (row["states_formula"], row["answered"], row["asked"]) == ("", "", "")
    assert all(row["states_formula"] is None for row in read_tables(data)["tblBy_question"])
    assert all("Counts from 1 to 10 are withheld" in cells[name][1][0] for name in ("By_question", "By_group"))


@pytest.mark.parametrize(
    ("settings", "has_counts", "is_withheld"),
    [
        ({}, True, False), ({"preset": "public"}, True, True), ({"preset": "reviewers", "states": ("XAA",)}, False, False),
        ({"preset": "state", "states": ("XAA",)}, False, False),
    ],
    ids=str,
)  # fmt: skip
def test_counts_stand_where_states_stand_together(
    settings: dict[str, Any], has_counts: bool, is_withheld: bool
) -> None:
    source = world([{"op4.status_practice": "fully_implemented"}]).source(
        visibility=dict.fromkeys(INSTRUMENT.questions, "public"), settings=ExportSettings(**settings)
    )
    found = tables(read_by_calamine(workbook_bytes(source)))
    assert ("By_question" in found, "By_group" in found) == (has_counts, has_counts)
    assert ("withheld" in {row["states"] for row in found.get("By_question", [])}) == is_withheld
