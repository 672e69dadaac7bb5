"""Numbers and days as people in six languages type them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.question import build_question_form
from instruments.items import ITEM_TYPES, Item
from instruments.typed import FIRST_YEAR, LAST_YEAR, Ambiguous, Unreadable, plain, read_day, read_number
from tests.forms.posting import send
from tests.instruments.examples import context_in

SCRIPTS = {
    "arabic-indic": "٠١٢٣٤٥٦٧٨٩",
    "persian": "۰۱۲۳۴۵۶۷۸۹",
    "devanagari": "०१२३४५६७८९",
    "fullwidth": "０１２３４５６７８９",
}
SPACES = {
    "space": " ",
    "no-break": "\u00a0",
    "narrow no-break": "\u202f",
    "thin": "\u2009",
    "apostrophe": "’",
    "arabic": "٬",
}

numbers = st.decimals(min_value=0, max_value=10**14, places=2)
days = st.dates(min_value=date(FIRST_YEAR, 1, 1), max_value=date(LAST_YEAR, 12, 31))


def item_of(item_type: str, **given: str) -> Item:
    """A number item with some properties of its own."""
    return ITEM_TYPES[item_type].model_validate({"id": "op1.example", "group": "g", **given})


def in_script(text: str, digits: str) -> str:
    """The text with its digits in another script."""
    return text.translate(str.maketrans("0123456789", digits))


@given(numbers)
def test_a_plain_number_is_read_as_it_is(number: Decimal) -> None:
    assert read_number(f"{number:f}", 2) == number


@pytest.mark.parametrize("digits", SCRIPTS.values(), ids=SCRIPTS)
@given(number=numbers)
def test_digits_of_any_script_are_read(digits: str, number: Decimal) -> None:
    assert read_number(in_script(f"{number:f}", digits), 2) == number


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@given(number=numbers)
def test_thousands_may_stand_in_groups_of_three(space: str, number: Decimal) -> None:
    assert read_number(f"{number:,.2f}".replace(",", space), 2) == number
    assert read_number(f"{int(number):,}".replace(",", space), 0) == int(number)


@given(numbers)
def test_two_different_separators_leave_no_doubt(number: Decimal) -> None:
    english = f"{number:,.2f}"
    assert read_number(english, 2) == number
    assert read_number(english.translate(str.maketrans(",.", ".,")), 2) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("007", 7), ("-5", -5), ("\u2212 5", -5), ("٣٫٥", "3.5"), ("1٬234٫50", "1234.50"), ("1,5", "1.5"), (" 12 ", 12),
        ("12,34,567", 1234567), ("1 23 456", 123456), ("\u200f١٢\u200f", 12), ("1.234.567", 1234567), ("0,125", "0.125"),
    ],
)  # fmt: skip
def test_numbers_that_are_understood(text: str, number: str | int) -> None:
    assert read_number(text, 2) == Decimal(number)


@pytest.mark.parametrize("text", ["1,234", "1.234", "-12,345", "٩,٩٩٩", "123.456"])
def test_a_single_separator_before_three_digits_is_refused_as_ambiguous(text: str) -> None:
    with pytest.raises(Ambiguous):
        read_number(text, 2)
    assert read_number(text, 3), "with three places it can only be the decimal sign"


@pytest.mark.parametrize(
    "text",
    ["", "-", ".5", "5.", "1e3", "0x10", "NaN", "inf", "12 5", "1 2 3", "1,2,3", "12,34.5.6", "1.23,4", "½", "²", "五", "5%",
     "1/2", "--5", "$5", "=1+1", "1\u20e3", "1_000"],
)  # fmt: skip
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_number(text, 2)


@given(st.text(max_size=40), st.integers(min_value=0, max_value=4))
def test_any_text_is_a_number_or_refused_and_nothing_else(text: str, places: int) -> None:
    try:
        number = read_number(text, places)
    except Unreadable:
        return
    assert number.is_finite()
    assert any(sign.isdecimal() for sign in text)


@pytest.mark.parametrize("text", ["1 234" * 100_000, "1,234" * 100_000, "1.234" * 100_000 + ",5"])
def test_a_very_long_number_is_refused_without_keeping_the_server_busy(text: str) -> None:
    with pytest.raises(Unreadable):
        read_number(text, 2)


def test_a_number_of_half_a_million_digits_is_read_as_it_stands() -> None:
    # The control above refuses it as too large; here it only must not take long.
    assert read_number("9" * 500_000, 2).adjusted() == 499_999


@given(days)
def test_a_day_is_read_in_the_forms_of_the_six_languages(day: date) -> None:
    year, month, number = day.year, day.month, day.day
    for text in (
        day.isoformat(), f"{year}/{month}/{number}", f"{year}年{month}月{number}日", f"{number}.{month}.{year}",
        f"{number:02}.{month:02}.{year}", in_script(day.isoformat(), SCRIPTS["arabic-indic"]),
        f"\u200f{number}\u200f.{month}\u200f.{year}",
    ):  # fmt: skip
        assert read_day(text) == day


@given(days)
def test_a_day_with_strokes_is_read_only_when_nobody_could_mean_another(day: date) -> None:
    text = f"{day.day}/{day.month}/{day.year}"
    if day.day > 12 or day.day == day.month:
        assert read_day(text) == day
    else:
        with pytest.raises(Ambiguous):
            read_day(text)


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-06", "2026-13-01", "2026-02-30", "31.2.2026", "6/30/2026", "30 June 2026", "26-06-30", "0026-06-30", "9999-01-01",
     "2026-06-30T10:00", "30-06-2026", "2026-6-30-1"],
)  # fmt: skip
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_day(text)


@given(st.text(max_size=30))
def test_any_text_is_a_day_or_refused_and_nothing_else(text: str) -> None:
    with suppress(Unreadable):
        assert FIRST_YEAR <= read_day(text).year <= LAST_YEAR


@given(st.text(max_size=40))
def test_plain_text_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=2))
def test_what_the_form_shows_for_a_number_is_read_as_the_same_number(number: Decimal) -> None:
    item = item_of("decimal")
    shown = build_question_form([item], EN, {item.id: number})[item.id].raw
    assert send(item, EN, ("", shown)).value == number


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_what_the_form_shows_for_a_whole_number_is_read_as_the_same_number(number: int) -> None:
    item = item_of("whole_number")
    shown = build_question_form([item], EN, {item.id: number})[item.id].raw
    read = send(item, EN, ("", shown)).value
    assert (read, type(read)) == (number, int)


EN = context_in("en")
WHOLE = item_of("whole_number", maximum="100")
DECIMAL = item_of("decimal", places="1", minimum="0", maximum="100")


@pytest.mark.parametrize(
    ("item", "text", "code"),
    [
        (WHOLE, "1,234", "whole_number"), (WHOLE, "5.0", "whole_number"), (WHOLE, "101", "too_large"), (WHOLE, "-1", "too_small"),
        (WHOLE, "9" * 40, "too_large"), (DECIMAL, "1,234", "ambiguous_number"), (DECIMAL, "1.25", "too_many_places"),
        (DECIMAL, "100.5", "too_large"), (DECIMAL, "-0.5", "too_small"), (DECIMAL, "many", "number"),
    ],
)  # fmt: skip
def test_the_error_says_by_its_code_what_is_wrong(item: Item, text: str, code: str) -> None:
    assert [message.code for message in send(item, EN, ("", text)).errors] == [code]


def test_an_error_quotes_the_beginning_of_a_long_text_only() -> None:
    read = send(WHOLE, EN, ("", "x" * 100_000))
    assert len(read.errors[0]) < 200
    assert read.typed == [["op1.example", "x" * 100_000]]
