"""Merging: nothing of either side is lost without being named, the order of the two does not matter, the result is an answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.items import ITEM_TYPES, Item
from instruments.items.amount import Amount as AmountItem
from instruments.items.rows import MOST_ROWS, RowsItem
from instruments.merging import Merging, merge_answers
from instruments.values import (
    Amount,
    Chosen,
    Difficulties,
    EvidenceReference,
    GoodPractice,
    Narrative,
    Period,
    Statistics,
)
from tests.instruments.examples import EXAMPLES, context_in

ITEMS: dict[str, Item] = {name: EXAMPLES[name].item(name) for name in ITEM_TYPES}
TEXTS = context_in("en").texts
PARAGRAPHS = ("One.", "Two.", "ثلاثة.", "四。", "Five.", "")

texts = st.lists(st.sampled_from(PARAGRAPHS), min_size=1, max_size=6).map("\n".join)
words = st.sampled_from(["a", "b", "c"])


def chosen(item: Any) -> st.SearchStrategy[Chosen]:
    """Choices as a form gives them: what excludes the others stands alone, and words only beside "other"."""
    offered = item.choice_list

    def make(codes: set[str], said: str) -> Chosen:
        kept = next(((code,) for code in offered.exclusive if code in codes), None)
        ordered = kept or tuple(code for code in offered.codes if code in codes)
        return Chosen(codes=ordered, other=said if offered.other in ordered else "")

    return st.builds(make, st.sets(st.sampled_from(offered.codes), min_size=1), st.sampled_from(["", "x", "y"]))


def rows_of(item: RowsItem) -> st.SearchStrategy[Any]:
    cells = {
        "line": words, "text": texts.filter(str.strip), "link": st.sampled_from(["https://a.example/", "https://b.example/"]),
        "date": st.sampled_from([date(2020, 1, 1), date(2021, 1, 1)]), "year": st.sampled_from([2020, 2021]),
        "count": st.sampled_from([0, 1, 2]),
    }  # fmt: skip
    columns = {
        column.id: st.none() | (st.sampled_from(column.choice_list.codes[:2]) if column.choice_list else cells[column.kind])
        for column in item.row_columns
    }  # fmt: skip
    refers = st.none() | st.just("op4.laws/r9") if item.register else st.none()
    row = st.fixed_dictionaries({"refers_to": refers, **columns})

    def make(given_rows: dict[str, Any]) -> tuple[Any, ...]:
        filled = {row_id: row for row_id, row in given_rows.items() if any(cell is not None for cell in row.values())}
        return tuple(item.row_type(row_id=row_id, **row) for row_id, row in sorted(filled.items()))

    return st.dictionaries(st.sampled_from(["r1", "r2", "r3", "r4"]), row, max_size=4).map(make).filter(bool)


def values_of(name: str) -> st.SearchStrategy[Any]:
    """Any answer to the example item of a type, not answered among them."""
    item: Any = ITEMS[name]
    number = st.integers(0, 3).map(Decimal)
    day = st.integers(1, 5).map(lambda number: date(2025, 1, number))
    codes = [code for choice_list in item.choice_lists() for code in choice_list.codes]
    file = st.sampled_from(["e1", "e2", "e3"])
    by_type: dict[str, Any] = {
        "choices": lambda: chosen(item),
        "narrative": lambda: st.builds(Narrative, text=texts.filter(str.strip), language=st.sampled_from(["en", "ar"])),
        "whole_number": lambda: st.integers(0, 3), "decimal": lambda: number, "date": lambda: day,
        "amount": lambda: st.builds(Amount, amount=number, currency=st.sampled_from(["EUR", "USD"])),
        "period": lambda: st.tuples(day, day).map(lambda days: Period(start=min(days), end=max(days))),
        "link": lambda: st.sampled_from(["https://a.example/", "https://b.example/"]),
        "difficulties": lambda: st.builds(Difficulties, chosen=st.just(Chosen()) | chosen(item), text=texts)
        .filter(lambda value: bool(value.chosen.codes or value.text.strip())),
        "good_practice": lambda: st.builds(GoodPractice, text=texts.filter(str.strip), consent=st.booleans()),
        "evidence": lambda: st.sets(file, min_size=1).map(lambda ids: tuple(
            EvidenceReference(row_id=one, name=one, media_type="text/plain", size=1, sha256="ab" * 32) for one in sorted(ids)
        )),
        "statistics": lambda: st.builds(
            table, st.dictionaries(st.tuples(st.sampled_from(["prosecuted", "convicted", "confiscated"]),
                                             st.sampled_from(["2024", "2025"])), number),
            st.sampled_from(["EUR", "USD"]), st.sampled_from(["", "S1", "S2"]), texts,
            st.sampled_from(["", "op4.figures"]), st.sets(st.sampled_from(["2024", "2025"])),
        ),
    }  # fmt: skip
    made: st.SearchStrategy[Any]
    if name in by_type:
        made = by_type[name]()
    else:
        made = rows_of(item) if isinstance(item, RowsItem) else st.sampled_from(codes[:4])
    return st.none() | made


def table(
    cells: dict[tuple[str, str], Decimal],
    currency: str,
    source: str,
    definition: str,
    source_from: str,
    years: set[str],
) -> Statistics | None:
    by_line: dict[str, dict[str, Decimal]] = {}
    for (line, year), number in cells.items():
        by_line.setdefault(line, {})[year] = number
    if not (cells or source or definition or source_from):
        return None
    return Statistics(
        cells=by_line, currency=currency if "confiscated" in by_line else "", definition=definition,
        source="" if source_from else source, source_from=source_from, provisional=tuple(sorted(years)),
    )  # fmt: skip


def parts(item: Item, value: Any) -> set[tuple[Any, ...]]:
    """Everything an answer says, paragraph by paragraph and cell by cell, without saying in which row."""
    if value is None:
        return set()
    return {
        (fact.field, fact.code, paragraph.strip(), fact.number, fact.unit, fact.date)
        for fact in item.facts(value, TEXTS) for paragraph in (filter(str.strip, fact.text.split("\n")) if fact.text else [""])
    }  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Equal, but for the order of what has none."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return bool(one == other)


@pytest.mark.parametrize("name", sorted(ITEM_TYPES))
@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_two_changes_of_any_answer_are_merged_or_named(name: str, data: st.DataObject) -> None:
    item = ITEMS[name]
    base, theirs, mine = (data.draw(values_of(name)) for _ in range(3))
    merged = merge_answers(item, base, theirs, mine)
    again = merge_answers(item, base, theirs, mine)
    assert merged == again
    # The two sides are equal before the merge.
    turned = merge_answers(item, base, mine, theirs, "mine")
    assert same(merged.value, turned.value)
    assert set(merged.contested) == set(turned.contested)
    # What it gives is an answer of the type, with no mixture that a form would not take.
    assert item.load(item.dump(merged.value)) == merged.value
    if merged.value is not None and name in {"choices", "difficulties"}:
        assert "exclusive_choice" not in item.findings(merged.value)
    new = (parts(item, theirs) | parts(item, mine)) - parts(item, base)
    if not merged.contested:
        assert new <= parts(item, merged.value)
    both = merge_answers(item, base, theirs, mine, "both")
    if merged.contested and both.can_hold_both:
        assert new <= parts(item, both.value)


@pytest.mark.parametrize("name", sorted(ITEM_TYPES))
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_one_change_alone_and_twice_the_same_change_stand_as_they_are(name: str, data: st.DataObject) -> None:
    item = ITEMS[name]
    base, changed = data.draw(values_of(name)), data.draw(values_of(name))
    for theirs, mine in ((changed, base), (base, changed), (changed, changed)):
        merged = merge_answers(item, base, theirs, mine)
        assert merged.contested == ()
        assert parts(item, merged.value) == parts(item, changed)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), count=st.integers(2, 9))
def test_changes_of_different_paragraphs_are_both_in_the_text(data: st.DataObject, count: int) -> None:
    base = [f"Paragraph {number}." for number in range(count)]
    whose = data.draw(st.lists(st.sampled_from(["theirs", "mine", ""]), min_size=count, max_size=count))
    change = data.draw(st.lists(st.sampled_from(["reworded", "removed", "divided"]), min_size=count, max_size=count))

    def changed(*sides: str) -> list[str]:
        text = []
        for paragraph, side, how in zip(base, whose, change, strict=True):
            if side not in sides or not side:
                text.append(paragraph)
            elif how != "removed":
                text += [f"{paragraph} {side}"] if how == "reworded" else [f"{paragraph} {side} 1", f"{side} 2"]
        return text

    merging = Merging()
    merged = merging.text(
        "text", "\n\n".join(base), "\n\n".join(changed("theirs")), "\n\n".join(changed("mine")), longest=9999
    )
    assert merging.contested == []
    assert merged == "\n\n".join(changed("theirs", "mine"))


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_changes_of_different_cells_are_both_in_the_rows(data: st.DataObject) -> None:
    item: Any = ITEMS["bodies"]
    columns = [column.id for column in item.row_columns if column.kind == "line"]
    base = [item.row_type(row_id=f"r{number}", **dict.fromkeys(columns, "before")) for number in range(3)]
    places = [(row, column) for row in range(3) for column in columns]
    whose = data.draw(st.lists(st.sampled_from(["theirs", "mine", ""]), min_size=len(places), max_size=len(places)))

    def changed(*sides: str) -> tuple[Any, ...]:
        rows = list(base)
        for (row, column), side in zip(places, whose, strict=True):
            if side in sides:
                rows[row] = rows[row].model_copy(update={column: side})
        return tuple(rows)

    merged = merge_answers(item, tuple(base), changed("theirs"), changed("mine"))
    assert merged == (changed("theirs", "mine"), (), False)


def both(name: str, base: Any, theirs: Any, mine: Any) -> Any:
    return merge_answers(ITEMS[name], base, theirs, mine, "both")


def test_one_paragraph_changed_twice_is_contested_and_the_others_merge() -> None:
    def text(words: str) -> Narrative:
        return Narrative(text=words, language="en")

    given_ = (text("A\n\nB\n\nC"), text("A1\n\nB\n\nC1"), text("A2\n\nB2\n\nC"))
    item = ITEMS["narrative"]
    assert merge_answers(item, *given_) == (text("A1\n\nB2\n\nC1"), ("text",), True)
    assert merge_answers(item, *given_, "mine").value == text("A2\n\nB2\n\nC1")
    assert merge_answers(item, *given_, "both").value == text("A1\n\nA2\n\nB2\n\nC1")


def test_two_texts_where_there_was_none_are_contested() -> None:
    one, other = Narrative(text="One", language="en"), Narrative(text="Deux", language="fr")
    assert not both("narrative", None, one, other).can_hold_both  # a text has one language
    assert both("narrative", None, one, one.model_copy(update={"text": "Two"})).value.text == "One\n\nTwo"


def test_a_row_removed_by_one_and_changed_by_the_other_is_contested() -> None:
    item: Any = ITEMS["bodies"]
    before, changed = item.row_type(row_id="r1", name="a"), item.row_type(row_id="r1", name="b")
    merged = merge_answers(item, (before,), None, (changed,))
    assert merged == (None, ("r1",), True)
    assert both("bodies", (before,), None, (changed,)).value == (changed,)


def test_a_cell_changed_twice_gives_two_rows_when_both_are_taken() -> None:
    item: Any = ITEMS["bodies"]
    before, one, other = (item.row_type(row_id="r1", name=name) for name in "abc")
    rows = both("bodies", (before,), (one,), (other,)).value
    assert [row.name for row in rows] == ["b", "c"]
    assert len({row.row_id for row in rows}) == 2
    assert rows == both("bodies", (before,), (one,), (other,)).value


def test_rows_that_do_not_fit_together_are_contested() -> None:
    item: Any = ITEMS["bodies"]
    one, other = (
        tuple(item.row_type(row_id=f"{side}{number}", name="x") for number in range(MOST_ROWS - 1)) for side in "ab"
    )
    merged = merge_answers(item, None, one, other)
    assert merged.contested == ("rows",)
    assert merged.value == one


def test_no_information_beside_an_answer_is_contested() -> None:
    merged = both("choices", None, Chosen(codes=("none",)), Chosen(codes=("red",)))
    assert merged.contested == ("codes",)
    assert not merged.can_hold_both


def test_a_sum_never_stands_in_a_currency_that_nobody_gave_it() -> None:
    assert isinstance(ITEMS["amount"], AmountItem)
    before = Amount(amount=Decimal(5), currency="EUR")
    merged = merge_answers(
        ITEMS["amount"],
        before,
        before.model_copy(update={"amount": Decimal(7)}),
        Amount(amount=Decimal(5), currency="USD"),
    )
    assert merged.contested
    euros = table({("confiscated", "2024"): Decimal(1)}, "EUR", "", "", "", set())
    dollars = table({("confiscated", "2025"): Decimal(2), ("convicted", "2025"): Decimal(3)}, "USD", "", "", "", set())
    merged = merge_answers(ITEMS["statistics"], None, euros, dollars)
    assert merged.contested == ("currency",)
    assert merged.value.cells == {"confiscated": {"2024": Decimal(1)}, "convicted": {"2025": Decimal(3)}}
    assert merged.value.currency == "EUR"


def test_consent_to_share_does_not_reach_words_that_somebody_else_changed() -> None:
    before = GoodPractice(text="Before")
    merged = merge_answers(
        ITEMS["good_practice"], before, GoodPractice(text="Before\n\nMore"), GoodPractice(text="Before", consent=True)
    )
    assert merged.contested == ("consent",)


def test_a_text_that_would_be_too_long_is_contested() -> None:
    merging = Merging("both")
    assert merging.text("text", "a\n\nb", "a" * 9 + "\n\nb", "a\n\n" + "b" * 9, longest=15) == "a" * 9 + "\n\nb"
    assert (merging.contested, merging.only_one) == (["text"], True)
