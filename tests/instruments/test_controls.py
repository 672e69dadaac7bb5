"""What the controls of single types refuse, keep and repair; the contract that all types share is in test_items.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from forms.question import read_posted
from instruments.items import ITEM_TYPES, Item
from instruments.items.fields import controls_in_error
from instruments.items.rows import MOST_ROWS
from instruments.values import Chosen, Difficulties, EvidenceReference, Narrative, Statistics, codes_of, comparable
from tests.forms.posting import posted_back, send
from tests.instruments.examples import EXAMPLES, LISTS, context_in

EN = context_in("en")


def item_of(item_type: str, **given: Any) -> Item:
    """An item of the type as in its example, with some properties of its own."""
    definition = {**EXAMPLES[item_type].definition, **given}
    return ITEM_TYPES[item_type](id="op1.example", group="specific", **definition, lists=LISTS)


def codes(item: Item, *pairs: tuple[str, str], stored: Any = None) -> list[str]:
    """The codes of the errors of what was posted."""
    return [message.code for message in send(item, EN, *pairs, stored=stored).errors]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ministry.example", "https://ministry.example"), ("http://ministry.example", "http://ministry.example"),
        ("https://وزارة.example/قانون", "https://وزارة.example/قانون"), (" https://a.example:8443/x?y=1#z ", "https://a.example:8443/x?y=1#z"),
        ("192.0.2.7/file", "https://192.0.2.7/file"),
    ],
)  # fmt: skip
def test_an_address_is_taken_as_it_is_or_completed(text: str, address: str) -> None:
    assert send(item_of("link"), EN, ("", text)).value == address


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "JavaScript://ministry.example/%0aalert(1)", "data:text/html,x", "mailto:someone@ministry.example",
     "https://ministry.example@other.example/", "https://localhost/x", "https://.example", "https://..", "https://a b.example",
     "https://a.example/\nb", "https://[::1", "//", "https://<b>.example", "file:///etc/passwd", "https://" + "a." * 1500 + "example"],
)  # fmt: skip
def test_what_is_no_web_address_or_could_mislead_is_refused(text: str) -> None:
    assert codes(item_of("link"), ("", text)) in (["link"], ["too_long"])


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ((("-amount", "5"),), "no_currency"),
        ((("-amount", "-5"), ("-currency", "USD")), "too_small"),
        ((("-amount", "1,234"), ("-currency", "USD")), "ambiguous_number"),
        ((("-amount", "5"), ("-currency", "QQQ")), "currency"),
        ((("-amount", "9" * 16), ("-currency", "USD")), "too_large"),
    ],
)
def test_a_sum_needs_a_figure_and_a_currency(pairs: tuple[tuple[str, str], ...], code: str) -> None:
    assert codes(item_of("amount"), *pairs) == [code]


def test_a_currency_is_understood_in_small_letters_and_alone_is_no_answer() -> None:
    assert send(item_of("amount"), EN, ("-amount", "5"), ("-currency", "usd")).value.currency == "USD"
    assert send(item_of("amount"), EN, ("-currency", "usd")).value is None


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("2025-01-01", "", "half_period"),
        ("", "2025-01-01", "half_period"),
        ("2025-02-01", "2025-01-31", "period_order"),
    ],
)
def test_a_period_has_two_days_in_order(start: str, end: str, code: str) -> None:
    assert codes(item_of("period"), ("-start", start), ("-end", end)) == [code]


def test_the_words_for_other_choose_other_without_ticking_it() -> None:
    read = send(item_of("choices"), EN, ("-codes", "red"), ("-other", "Teal"))
    assert read.value == Chosen(codes=("red", "other"), other="Teal")


def test_codes_stand_in_the_order_of_the_list_and_once() -> None:
    read = send(item_of("choices"), EN, ("-codes", "blue"), ("-codes", "red"), ("-codes", "blue"))
    assert read.value.codes == ("red", "blue")


def test_a_code_that_excludes_the_others_is_a_finding_and_no_error() -> None:
    item = item_of("choices")
    read = send(item, EN, ("-codes", "none"), ("-codes", "red"))
    assert read.errors == []
    assert list(item.findings(read.value)) == ["exclusive_choice"]
    assert list(item.findings(Chosen(codes=("none",)))) == []


def test_a_list_without_other_asks_for_no_words() -> None:
    lists = {"plain": replace(LISTS["colours"], other="", name="colours")}
    item = ITEM_TYPES["choices"].model_validate({"id": "op1.example", "group": "g", "list": "plain", "lists": lists})
    assert send(item, EN, ("-codes", "red"), ("-other", "Teal")).value == Chosen(codes=("red",))


def test_the_language_of_a_text_is_that_of_the_page_until_chosen() -> None:
    item = item_of("narrative")
    for language in ("ar", "fr"):
        posted = posted_back([item], context_in(language), {})
        assert posted["op1.example-language"] == language
    assert send(item, context_in("ru"), ("-text", "слова")).value == Narrative(text="слова", language="ru")


def test_a_language_without_a_text_is_no_answer() -> None:
    assert send(item_of("narrative"), EN, ("-language", "fr")).value is None


def test_a_text_twice_as_long_as_suggested_is_a_finding() -> None:
    item = item_of("narrative", words="5")
    assert list(item.findings(Narrative(text="word " * 10, language="en"))) == []
    assert list(item.findings(Narrative(text="word " * 11, language="en"))) == ["long_narrative"]


# --- rows -------------------------------------------------------------------------------------------------------------


def test_rows_come_in_the_order_of_their_numbers_with_gaps_left_by_removed_ones() -> None:
    read = send(
        item_of("policies"),
        EN,
        ("-10-title", "third"),
        ("-2-title", "second"),
        ("-0-title", "first"),
        ("-5-title", " "),
    )
    assert [row.title for row in read.value] == ["first", "second", "third"]


def test_a_new_row_gets_an_id_and_a_known_row_keeps_its_own() -> None:
    read = send(
        item_of("policies"), EN, ("-0-row_id", "known"), ("-0-title", "a"), ("-1-row_id", ""), ("-1-title", "b")
    )
    assert read.value[0].row_id == "known"
    assert len(read.value[1].row_id) == 12


@pytest.mark.parametrize("row_id", ["../../etc/passwd", "=1+1", "x" * 41, "a b", "<b>", "٣"])
def test_a_row_id_put_together_by_hand_is_replaced(row_id: str) -> None:
    read = send(item_of("policies"), EN, ("-0-row_id", row_id), ("-0-title", "a"))
    assert read.errors == []
    assert len(read.value[0].row_id) == 12


def test_two_rows_never_share_an_id() -> None:
    pairs = [pair for number in range(3) for pair in ((f"-{number}-row_id", "same"), (f"-{number}-title", str(number)))]
    read = send(item_of("policies"), EN, *pairs)
    assert [row.title for row in read.value] == ["0", "1", "2"]
    assert len({row.row_id for row in read.value}) == 3


def test_an_error_in_a_row_names_the_row_and_nothing_of_the_other_rows_is_lost() -> None:
    item = item_of("policies")
    read = send(item, EN, ("-0-title", "good"), ("-1-title", "bad"), ("-1-start_year", "soon"))
    assert [message.code for message in read.errors] == ["in_row"]
    assert read.errors[0].startswith("Policy or measure 2:")
    again = posted_back([item], EN, {}, {item.id: read.typed or []})
    assert (again["op1.example-0-title"], again["op1.example-1-start_year"]) == ("good", "soon")


def test_too_many_rows_are_kept_as_typed_every_one() -> None:
    item = item_of("policies")
    read = send(item, EN, *((f"-{number}-title", str(number)) for number in range(MOST_ROWS + 5)))
    assert [message.code for message in read.errors] == ["too_many_rows"]
    again = posted_back([item], EN, {}, {item.id: read.typed or []})
    assert [again[f"op1.example-{number}-title"] for number in range(MOST_ROWS + 5)] == [
        str(number) for number in range(MOST_ROWS + 5)
    ]
    allowed = send(item, EN, *((f"-{number}-title", str(number)) for number in range(MOST_ROWS)))
    assert len(allowed.value) == MOST_ROWS


@pytest.mark.parametrize(
    "name", ["-x-title", "-1234567-title", "-0", "--title", "-0-", "-0-unknown", "-٣-title", "-title"]
)
def test_inputs_with_names_that_no_page_has_are_no_rows(name: str) -> None:
    read = send(item_of("policies"), EN, (name, "text"))
    assert (read.value, read.errors) == (None, [])


# --- statistics -------------------------------------------------------------------------------------------------------


def test_zero_is_an_answer_and_empty_is_none() -> None:
    read = send(item_of("statistics"), EN, ("-prosecuted-2022", "0"), ("-prosecuted-2023", ""))
    assert read.value.cells == {"prosecuted": {"2022": Decimal(0)}}


def test_money_needs_a_currency_and_counts_do_not() -> None:
    item = item_of("statistics")
    assert codes(item, ("-confiscated-2022", "5")) == ["no_currency"]
    assert codes(item, ("-prosecuted-2022", "5")) == []


def test_figures_and_marks_of_years_no_longer_asked_stay() -> None:
    stored = Statistics(cells={"prosecuted": {"2019": Decimal(4), "2022": Decimal(5)}}, provisional=("2019", "2022"))
    read = send(item_of("statistics"), EN, ("-prosecuted-2023", "6"), ("-provisional", "2023"), stored=stored)
    assert read.value.cells == {"prosecuted": {"2019": Decimal(4), "2023": Decimal(6)}}
    assert read.value.provisional == ("2019", "2023")


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"prosecuted": {"2022": 10}, "prosecuted.female": {"2022": 4}}, []),
        ({"prosecuted": {"2022": 10}, "prosecuted.female": {"2022": 11}}, ["figures_total"]),
        ({"prosecuted": {"2022": 10}, "prosecuted.female": {"2022": 4}, "prosecuted.male": {"2022": 5}, "prosecuted.sex_unknown": {"2022": 1}}, []),
        ({"prosecuted": {"2022": 10}, "prosecuted.female": {"2022": 4}, "prosecuted.male": {"2022": 5}, "prosecuted.sex_unknown": {"2022": 0}}, ["figures_total"]),
        ({"prosecuted": {"2022": 10}, "prosecuted.female": {"2023": 11}}, []),
        ({"prosecuted.female": {"2022": 4}}, []),
    ],
)  # fmt: skip
def test_totals_are_checked_where_they_can_be(cells: dict[str, dict[str, int]], found: list[str]) -> None:
    value = Statistics.model_validate({"cells": cells, "source": "Register"})
    assert list(item_of("statistics").findings(value)) == found


def test_figures_without_a_source_are_a_finding() -> None:
    value = Statistics(cells={"prosecuted": {"2022": Decimal(1)}})
    assert list(item_of("statistics").findings(value)) == ["figures_without_source"]


@pytest.mark.parametrize(
    "given",
    [{"rows": [], "money_rows": []}, {"rows": ["a", "a"]}, {"rows": ["a"], "money_rows": ["a"]}, {"by": ["height"]}, {"rows": ["a.b"]},
     {"rows": ["a-b"]}, {"rows": [""]}],
)  # fmt: skip
def test_a_table_with_lines_that_cannot_be_told_apart_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        item_of("statistics", **given)


# --- evidence ---------------------------------------------------------------------------------------------------------

FILES = tuple(
    EvidenceReference(row_id=name, name=f"{name}.pdf", media_type="application/pdf", size=1, sha256="00")
    for name in ("a", "b", "c")
)


def test_a_post_can_keep_or_drop_files_and_never_name_a_new_one() -> None:
    item = item_of("evidence")
    assert send(item, EN, ("", "c"), ("", "a"), ("", "somebody-elses"), stored=FILES).value == (FILES[0], FILES[2])
    assert send(item, EN, ("", "a")).value is None


# --- values -----------------------------------------------------------------------------------------------------------


def test_every_example_can_be_compared_or_says_that_it_cannot() -> None:
    numbers_and_days = {name for name, example in EXAMPLES.items() if comparable(example.value) is not None}
    assert numbers_and_days == {"whole_number", "decimal", "amount", "date", "period"}
    with_codes = {name for name, example in EXAMPLES.items() if example.item(name).boxes()}
    assert with_codes <= {name for name, example in EXAMPLES.items() if codes_of(example.value)}
    assert comparable(True) is None


def test_other_without_a_word_about_it_is_a_finding() -> None:
    colours, difficulties = item_of("choices"), item_of("difficulties")
    assert list(colours.findings(Chosen(codes=("red", "other")))) == ["other_not_specified"]
    assert not list(colours.findings(Chosen(codes=("other",), other="ochre")))
    other = Chosen(codes=("other",))
    assert list(difficulties.findings(Difficulties(chosen=other))) == ["other_not_specified"]
    assert not list(difficulties.findings(Difficulties(chosen=other, text="Described here")))


def test_the_words_of_other_stand_with_their_code_once() -> None:
    lines = item_of("choices").lines(Chosen(codes=("red", "other"), other="ochre"), EN.texts)
    assert [(line.label, line.text) for line in lines] == [("", "Red"), ("Other", "ochre")]


def test_the_day_of_something_past_lies_not_in_the_future() -> None:
    today = datetime.now(UTC).date()
    past, any_day = item_of("date", past="yes"), item_of("date")
    assert list(past.findings(today + timedelta(days=2))) == ["date_in_future"]
    assert not list(past.findings(today)) and not list(any_day.findings(today + timedelta(days=2)))


def test_a_part_larger_than_its_whole_is_a_finding() -> None:
    table = item_of("statistics", of_which={"convicted": "prosecuted"})
    figures = {"prosecuted": {"2024": Decimal(12)}, "convicted": {"2024": Decimal(40)}}
    assert "figures_part" in list(table.findings(Statistics(cells=figures, source="s")))
    figures["convicted"]["2024"] = Decimal(12)
    assert "figures_part" not in list(table.findings(Statistics(cells=figures, source="s")))
    with pytest.raises(ValidationError, match="of_which"):
        item_of("statistics", of_which={"convicted": "unknown"})


def test_the_sentence_about_a_figure_names_its_line_and_its_year_and_marks_its_cell() -> None:
    pairs = MultiDict([("base:op1.example", "0"), ("op1.example-prosecuted.female-2023", "many")])
    form, _inputs = read_posted([item_of("statistics")], EN, pairs, {})
    field = form["op1.example"]
    assert [control.name for control in controls_in_error(field)] == ["op1.example-prosecuted.female-2023"]
    assert "Female, 2023" in str(field.errors[0])


def test_an_address_in_an_arabic_sentence_is_not_turned_round() -> None:
    problem = send(item_of("link"), context_in("ar"), ("", "no address")).errors[0]
    assert str(problem).endswith("\u2066https://\u2069")
