"""What States sealed, whatever they typed, is what the workbook says: read back by two independent readers."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.cells import clean
from exports.facts import joined, read_facts
from instruments.catalog import canonical_json, load_instrument
from instruments.items import ITEM_TYPES
from instruments.items.base import Item
from instruments.values import Narrative
from tests.exports.builders import make_source, random_value, random_values, sealed_document, workbook_bytes
from tests.exports.readback import (
    Table,
    cover,
    facts_sha256,
    read_by_calamine,
    read_by_openpyxl,
    row_counts,
    sealed_facts,
    tables,
)

NAUGHTY = (
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://example.org","x")', "+1", "-1", "@SUM(A1)", "#N/A", "#REF!", "1E5", "007", "TRUE",
    "_x0041_", "_x005F_", "__x000D__", "a\x00b\x0bc\x1fd", "\ufffe\uffff", "\ud800 alone", "\r\nline\rline\n", "\t\t", "  edges  ",
    "🙂🏳️‍🌈👩‍👩‍👧", "𠮷野家", "المادة (4) من القانون رقم 38 لسنة 2024", "\u202eabc\u202c", "\u0085\u2028\u2029", "<![CDATA[x]]>&amp;<b>", "'quoted",
    "🙂" * 20_000, "م" * 40_000, ("x" * 31_999) + "🙂" + "y" * 5, "a b " * 10_000,
)  # fmt: skip
TYPED = st.one_of(st.sampled_from(NAUGHTY), st.text(max_size=60), st.text(st.characters(), max_size=60))


def one_item_of_each_type() -> dict[str, Item]:
    """An item of every item type that the questionnaire has, and of those it has not one made for the test."""
    found: dict[str, Item] = {}
    for item in load_instrument().items.values():
        found.setdefault(item.item_type, item)
    return found


@pytest.fixture(scope="module")
def by_type() -> dict[str, Item]:
    return one_item_of_each_type()


def values_with(text: str, seed: int) -> dict[str, Any]:
    """One value for every item that is asked at once, with this text wherever a person types."""
    rng = random.Random(seed)
    instrument = load_instrument()
    return {item.id: random_value(item, rng, text) for item in instrument.items.values() if rng.random() < 0.15}


def expected(documents: dict[str, dict[str, Any]], language: str) -> list[Any]:
    instrument = load_instrument()
    return [
        fact for code, values in documents.items()
        for fact in sealed_facts(instrument, sealed_document(instrument, code, values), language)
    ]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(TYPED, st.integers(0, 10**6))
def test_every_typed_text_in_every_item_type_comes_back_exactly(text: str, seed: int) -> None:
    documents = {"XAA": values_with(text, seed), "XAB": {}}
    cells = read_by_calamine(workbook_bytes(make_source(documents)))
    found = tables(cells)
    assert read_facts(found["Answers_long"]) == expected(documents, "en")
    assert facts_sha256(found) == cover(cells)["facts_sha256"]
    assert all(due == written for due, written in row_counts(cells).values())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("language", ["ar", "zh", "en", "fr", "ru", "es"])
def test_two_readers_find_the_sealed_facts_in_every_language(language: str, seed: int) -> None:
    instrument = load_instrument()
    documents = {code: random_values(instrument, random.Random(seed + len(code))) for code in ("XAA", "XAB")}
    data = workbook_bytes(make_source(documents), language)
    due = expected(documents, language)
    for cells in (read_by_calamine(data), read_by_openpyxl(data)):
        assert read_facts(tables(cells)["Answers_long"]) == due


def test_all_item_types_of_the_questionnaire_are_tried(by_type: dict[str, Item]) -> None:
    values = random_values(load_instrument(), random.Random(1), share=1.0)
    answered = {load_instrument().items[item_id].item_type for item_id in values}
    assert answered == set(by_type)
    assert set(by_type) <= set(ITEM_TYPES)


def test_what_cannot_be_in_a_file_is_replaced_and_listed_as_an_issue() -> None:
    values = {"op13d.narrative": Narrative(text="a\x0bb\ud800c", language="en")}
    found = tables(read_by_calamine(workbook_bytes(make_source({"XAA": values}))))
    rows = [row for row in found["Answers_long"] if row["item_id"] == "op13d.narrative"]
    assert [row["value_text"] for row in rows] == ["a\ufffdb\ufffdc"]
    issues = [row for row in found["Issues"] if row["issue"] == "characters_replaced"]
    assert {row["sheet"] for row in issues} == {"Answers_long", "Texts"}
    for issue in issues:
        assert (issue["state_iso3"], issue["item_id"], issue["detail"]) == ("XAA", "op13d.narrative", "2")
        sheet = read_by_calamine(workbook_bytes(make_source({"XAA": values})))[issue["sheet"]]
        assert "a\ufffdb\ufffdc" in sheet[int(issue["row"]) - 1]


@pytest.mark.parametrize("text", ["🙂" * 40_000, "word " * 20_000, "م" * 32_000, "م" * 32_001])
def test_a_long_text_is_split_over_rows_and_whole_when_joined(text: str) -> None:
    values = {"op13d.narrative": Narrative(text=text, language="ar")}
    found = tables(read_by_calamine(workbook_bytes(make_source({"XAA": values}))))
    for sheet, column in (("Answers_long", "value_text"), ("Texts", "text")):
        rows = [row for row in found[sheet] if row["item_id"] == "op13d.narrative"]
        assert all(len(row[column].encode("utf-16-le")) <= 64_000 for row in rows)
        assert [row["part_no"] for row in rows] == list(range(1, len(rows) + 1))
        assert {row["part_of"] for row in rows} == {len(rows)}
        assert [row[column] for row in joined(rows, column)] == [text]
    is_split = len(text.encode("utf-16-le")) > 64_000
    assert [row["issue"] for row in found["Issues"]] == (["text_split"] * 2 if is_split else [])


def test_numbers_and_days_that_a_workbook_cannot_hold_stand_as_text_and_are_listed() -> None:
    instrument = load_instrument()
    amount = next(item for item in instrument.items.values() if item.item_type == "decimal" and item.asked_if is None)
    values = {
        amount.id: Decimal("1234567890.1234567"),
        "op1.party": "party",
        "op1.party_since": date(1897, 5, 4),
    }  # fmt: skip
    found = tables(read_by_calamine(workbook_bytes(make_source({"XAA": values}))))
    by_item = {row["item_id"]: row for row in found["Answers_long"]}
    assert by_item[amount.id]["value_number"] == "1234567890.1234567"
    assert by_item["op1.party_since"]["value_date"] == "1897-05-04"
    assert {row["issue"] for row in found["Issues"]} == {"number_as_text", "date_as_text"}


def test_repeat_sheets_hold_every_row_of_every_repeatable_item() -> None:
    instrument = load_instrument()
    values = random_values(instrument, random.Random(7))
    document = sealed_document(instrument, "XAA", values)
    texts = instrument.texts_in("en")
    found = tables(read_by_calamine(workbook_bytes(make_source({"XAA": values}))))
    due: dict[str, list[tuple[str, str]]] = {}
    for item_id, answer in document["answers"].items():
        item = instrument.items[item_id]
        for row_id, _cells in item.rows(item.load(answer["value"]), texts):
            due.setdefault(item.sheet, []).append((item_id, row_id))
    assert len(due) >= 6
    for sheet, rows in due.items():
        assert [(row["item_id"], row["row_id"]) for row in found[sheet]] == rows


def test_the_same_facts_have_the_same_fingerprint_in_all_six_languages() -> None:
    source = make_source({"XAA": random_values(load_instrument(), random.Random(3))})
    found: dict[str, Table]
    prints = set()
    for language in ("ar", "zh", "en", "fr", "ru", "es"):
        cells = read_by_calamine(workbook_bytes(source, language))
        found = tables(cells)
        assert facts_sha256(found) == cover(cells)["facts_sha256"]
        prints.add(cover(cells)["facts_sha256"])
    assert len(prints) == 1


def test_cleaning_keeps_everything_that_a_file_can_hold() -> None:
    text = "".join(map(chr, (*range(0x20, 0xD800), *range(0xE000, 0xFFFE), 0x10000, 0x10FFFF))) + "\t\n\r"
    assert clean(text) == (text, 0)
    assert canonical_json([text])
