"""Whatever an answer is, its cells in an offline workbook say it whole: shown, posted and read, it is the same answer."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from exports.kit_layout import (
    NEW_ROWS,
    YES,
    Block,
    Posted,
    answer_head,
    column_of_head,
    lay_out,
    plain_words,
    posted_pairs,
    read_place,
)
from forms.question import BASE_PREFIX, ItemInput, read_posted
from instruments.catalog import load_instrument
from instruments.items import Item
from instruments.items.base import AskContext
from instruments.items.legal_references import LegalReference
from instruments.texts import Text
from instruments.values import Chosen, Difficulties, GoodPractice, Narrative, Statistics
from languages import LANGUAGES
from tests.instruments.examples import EXAMPLES, YEARS, context_in

INSTRUMENT = load_instrument()
ALL = [INSTRUMENT.texts_in(language) for language in LANGUAGES]
EN = context_in("en")


def read(item: Item, context: AskContext, posted: Posted, stored: Any = None) -> ItemInput:
    pairs = MultiDict([(f"{BASE_PREFIX}{item.id}", "0"), *((name, text) for name, text in posted.pairs)])
    _form, inputs = read_posted([item], context, pairs, {} if stored is None else {item.id: stored})
    return inputs[0]


def back(item: Item, context: AskContext, value: Any) -> Any:
    block = lay_out(item, context, value)
    one = read(item, context, posted_pairs(item, context, block.texts_by_id), value)
    assert not one.errors
    return one.value


def in_kits(name: str) -> bool:
    return bool(lay_out(EXAMPLES[name].item(name), EN, None).leaves)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(name for name in EXAMPLES if in_kits(name)))
def test_every_kind_of_answer_comes_back(name: str, language: str) -> None:
    item, context = EXAMPLES[name].item(name), context_in(language)
    for value in (EXAMPLES[name].value, *EXAMPLES[name].others):
        assert back(item, context, value) == value


def test_files_are_the_only_kind_of_answer_without_cells() -> None:
    assert [name for name in EXAMPLES if not in_kits(name)] == ["evidence"]


def invented(item: Item, rng: Random) -> Any:
    """An answer to an item of the real questionnaire that its form accepts."""
    example = EXAMPLES[item.item_type].value
    if (choice_list := item.boxes()) is not None:
        codes = tuple(code for code in choice_list.codes if rng.random() < 0.5) or choice_list.codes[-1:]
        chosen = Chosen(codes=codes, other="سبب آخر" if choice_list.other in codes else "")
        if isinstance(example, Difficulties):
            return Difficulties(chosen=chosen, text=example.text)
        return chosen if isinstance(example, Chosen) else rng.choice(choice_list.codes)
    if isinstance(example, int | Decimal):
        least, most = item.limits()
        return type(example)(rng.randint(int(least or 0), int(most or 9999)))
    if isinstance(example, Statistics):
        figures = {line: rng.randrange(10**9) for line in item.figure_lines if rng.random() < 0.7}  # type: ignore[attr-defined]
        cells = {line.id: {str(rng.choice(YEARS)): Decimal(number)} for line, number in figures.items()}
        currency = "XDR" if item.money_rows else ""  # type: ignore[attr-defined]
        return Statistics(cells=cells, currency=currency, source="Register\nof courts", provisional=("2025",))
    return example


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_of_the_questionnaire_comes_back_with_its_invented_answer(language: str) -> None:
    context, rng = AskContext(INSTRUMENT.texts_in(language), YEARS), Random(language)
    for item in INSTRUMENT.items.values():
        value = invented(item, rng)
        if lay_out(item, context, value).leaves:
            assert back(item, context, value) == value, item.id


def test_ids_name_one_cell_each_and_can_be_read_again() -> None:
    seen: set[str] = set()
    context, rng = AskContext(INSTRUMENT.texts_in("en"), YEARS), Random(1)
    for item in INSTRUMENT.items.values():
        for leaf in lay_out(item, context, invented(item, rng)).leaves:
            assert read_place(leaf.place.id) == leaf.place
            assert leaf.place.id not in seen
            assert leaf.place.id.partition("/")[0] == item.id
            seen.add(leaf.place.id)
    assert len(seen) > 5000


@pytest.mark.parametrize(
    "text", ["", "Status", "op1", "op1.laws/a/", "op1.laws/a b/title", "op1.laws//title~0", "=op1.laws"]
)
def test_other_words_are_no_ids(text: str) -> None:
    assert read_place(text) is None


def example(name: str) -> tuple[Item, Block]:
    item = EXAMPLES[name].item(name)
    return item, lay_out(item, EN, EXAMPLES[name].value)


def test_a_label_in_any_language_a_code_or_untidy_writing_stands_for_the_choice() -> None:
    item = EXAMPLES["status"].item("status")
    ways = [str(texts.option("status", "partially_implemented")) for texts in ALL]
    for text in (
        *ways,
        "partially_implemented",
        "◑ Partially implemented",
        "  partially   IMPLEMENTED ",
    ):
        posted = posted_pairs(item, EN, {item.id: text}, ALL)
        assert read(item, EN, posted).value == "partially_implemented", text
    wrong = read(item, EN, posted_pairs(item, EN, {item.id: "Largely done"}, ALL))
    assert [error.code for error in wrong.errors] == ["choice"]
    assert "Largely done" in wrong.errors[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_codes_of_a_list_have_the_same_words(language: str) -> None:
    texts = INSTRUMENT.texts_in(language)
    for choice_list in INSTRUMENT.choice_lists():
        words = [plain_words(str(texts.option(choice_list.name, code))) for code in choice_list.codes]
        assert len(set(words)) == len(words), choice_list.name


def test_a_box_says_yes_or_no_in_several_ways_and_nothing_else() -> None:
    item = EXAMPLES["good_practice"].item("good_practice")
    for said, consents in ((YES, True), ("X", True), ("نعم", True), ("", False), ("No", False), ("нет", False)):
        posted = posted_pairs(item, EN, {f"{item.id}//text": "A practice", f"{item.id}//consent": said})
        assert posted.unclear == ()
        assert read(item, EN, posted).value == GoodPractice(text="A practice", consent=consents), said
    posted = posted_pairs(item, EN, {f"{item.id}//text": "A practice", f"{item.id}//consent": "only in part"})
    assert posted.unclear == (f"{item.id}//consent",)


def test_a_new_row_is_read_and_gets_an_id_and_empty_ones_are_dropped() -> None:
    item, block = example("legal_references")
    new = [leaf for leaf in block.leaves if leaf.place.is_new_row]
    assert {leaf.place.row for leaf in new} == {f"+{number}" for number in range(1, NEW_ROWS + 1)}
    assert not any(leaf.text for leaf in new)
    cells = block.texts_by_id | {leaf.place.id: "" for leaf in new} | {f"{item.id}/+4/title": "Law 7"}
    value = read(item, EN, posted_pairs(item, EN, cells), EXAMPLES["legal_references"].value).value
    assert value[:2] == EXAMPLES["legal_references"].value
    assert len(value) == 3
    assert value[2].title == "Law 7"
    assert value[2].row_id not in {"", "+4", *(row.row_id for row in value[:2])}


def test_rows_keep_the_order_in_which_they_are_given() -> None:
    item, block = example("legal_references")
    turned = dict(reversed(block.texts_by_id.items()))
    value = read(item, EN, posted_pairs(item, EN, turned)).value
    assert value == EXAMPLES["legal_references"].value[::-1]


def test_a_long_text_goes_on_in_further_cells_and_comes_back_whole() -> None:
    item = EXAMPLES["narrative"].item("narrative")
    value = Narrative(text="كلمة 😀 " * 12_000 + "end", language="ar")
    cells = lay_out(item, EN, value).texts_by_id
    assert [cell_id for cell_id in cells if "~" in cell_id] == [f"{item.id}//text~{number}" for number in (2, 3, 4)]
    assert back(item, EN, value) == value


def test_an_entry_of_another_paragraph_is_offered_and_known_again_by_its_key() -> None:
    item = EXAMPLES["legal_references"].item("legal_references")
    offers = {
        item.id: [("op4.laws/aa", Text("4: A law [of 2015]", "en")), ("op9.laws/bb", Text("9: A law [of 2015]", "en"))]
    }
    value = (LegalReference(row_id="r1", refers_to="op9.laws/bb", articles="7"),)
    block = lay_out(item, EN, value, offers=offers)
    cells = block.texts_by_id
    assert cells[f"{item.id}/r1/refers_to"] == "9: A law [of 2015] [op9.laws/bb]"
    assert read(item, EN, posted_pairs(item, EN, cells)).value == value
    # The entry is not offered any more: it stays what it was.
    assert back(item, EN, value) == value


def test_what_could_not_be_read_is_shown_again_as_it_was_typed() -> None:
    item = EXAMPLES["date"].item("date")
    block = lay_out(item, EN, None, [[item.id, "3/4/2026"]])
    assert block.texts_by_id == {item.id: "3/4/2026"}
    assert [error.code for error in read(item, EN, posted_pairs(item, EN, block.texts_by_id)).errors] == [
        "ambiguous_date"
    ]


@pytest.mark.parametrize("name", sorted(name for name in EXAMPLES if in_kits(name)))
def test_the_id_of_a_row_and_the_head_of_a_column_make_the_id_of_a_cell(name: str) -> None:
    _item, block = example(name)
    for leaf in block.leaves:
        row, column = block.address(leaf)
        assert row + (column_of_head(answer_head(column)) or "") == leaf.place.id
    columns = {block.address(leaf)[1] for leaf in block.leaves}
    if block.control == "table":
        assert columns == {"", *map(str, YEARS)}
    else:
        assert ("" in columns) == (block.control != "rows")


def test_other_words_are_no_heads() -> None:
    assert [column_of_head(text) for text in ("", "Answer", "kit:id", "kit:answers", "answer:title")] == [None] * 5
