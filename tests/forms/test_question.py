"""The form of one question: what a browser sends becomes values, or is kept as it was typed."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from forms.question import BASE_PREFIX, build_question_form, read_posted
from instruments.catalog import load_instrument
from instruments.items import ITEM_TYPES, Item
from instruments.items.base import AskContext
from instruments.text_cleaning import clean_text
from instruments.values import Narrative
from languages import LANGUAGES
from tests.forms.posting import posted_back, print_item, read_html, send
from tests.instruments.examples import EXAMPLES, YEARS, context_in

REAL = load_instrument()
EN = context_in("en")
NARRATIVE = EXAMPLES["narrative"].item("narrative")


def named(item_id: str, item_type: str = "link") -> Item:
    """An item with the label of the example."""
    return ITEM_TYPES[item_type](id=item_id, group="g", text="op1.example", **EXAMPLES[item_type].definition, lists={})


def test_an_item_that_was_not_on_the_page_is_left_alone() -> None:
    posted = MultiDict([("op1.example", "https://a.example")])
    _form, inputs = read_posted([named("op1.example")], EN, posted, {})
    assert inputs == []


def test_only_the_items_of_the_question_are_read() -> None:
    posted = MultiDict(
        [("base:op1.example", "0"), ("base:op9.other", "0"), ("op9.other", "x"), ("csrf_token", "x"), ("go", "stay")]
    )
    form, inputs = read_posted([named("op1.example")], EN, posted, {})
    assert [entry.item.id for entry in inputs] == ["op1.example"]
    assert "op1.example" in form and "op9.other" not in form


def test_items_whose_ids_begin_alike_do_not_take_each_others_inputs() -> None:
    items = [named("op1.law"), named("op1.law_two"), named("op1.la")]
    posted = MultiDict(
        [pair for item in items for pair in ((f"{BASE_PREFIX}{item.id}", "1"), (item.id, f"https://{item.id}.example"))]
    )
    _form, inputs = read_posted(items, EN, posted, {})
    assert [entry.value for entry in inputs] == [f"https://{item.id}.example" for item in items]
    assert [entry.posted for entry in inputs] == [[[item.id, f"https://{item.id}.example"]] for item in items]


@pytest.mark.parametrize(
    ("text", "version"),
    [("3", 3), ("0", 0), ("", 0), ("-1", -1), ("3.5", 0), ("²", 0), ("٣", 3), ("9" * 30, 0), ("x", 0), (" 3", 0)],
)
def test_the_version_a_page_was_based_on_is_a_number_or_none(text: str, version: int) -> None:
    assert send(named("op1.example"), EN, ("", "https://a.example"), base=text).base_version == version


def test_control_characters_are_taken_out_and_the_person_is_told() -> None:
    read = send(NARRATIVE, EN, ("-text", "a\x0bb\x00"))
    assert (read.value, read.cleaned) == (Narrative(text="ab", language="en"), True)


@pytest.mark.parametrize("text", ["line\r\nend", "e\u0301", "\u200fنص", "tab\tand\nline"])
def test_what_a_browser_or_a_keyboard_does_by_itself_is_not_told(text: str) -> None:
    read = send(NARRATIVE, EN, ("-text", text))
    assert not read.cleaned
    assert read.value.text == unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def test_a_text_that_cannot_be_read_stands_in_the_form_instead_of_the_stored_answer() -> None:
    item = named("op1.example", "date")
    form = build_question_form([item], EN, {item.id: EXAMPLES["date"].value}, {item.id: [["op1.example", "soon"]]})
    assert form["op1.example"].raw == "soon"
    assert [message.code for message in form.errors["op1.example"]] == ["date"]
    form = build_question_form([item], EN, {item.id: EXAMPLES["date"].value})
    assert form["op1.example"].raw == "2026-06-30"
    assert form.errors == {}


def test_one_unreadable_item_does_not_stop_the_others() -> None:
    items = [named("op1.a", "date"), named("op1.b", "date")]
    posted = MultiDict([("base:op1.a", "0"), ("op1.a", "soon"), ("base:op1.b", "0"), ("op1.b", "2026-06-30")])
    form, inputs = read_posted(items, EN, posted, {})
    assert [(entry.value is None, bool(entry.typed)) for entry in inputs] == [(True, True), (False, False)]
    assert set(form.errors) == {"op1.a"}


def test_an_added_row_is_empty_and_takes_the_next_number() -> None:
    item = named("op1.example", "policies")
    form = build_question_form([item], EN, {item.id: EXAMPLES["policies"].value})
    form[item.id].add_row()
    names = {name for name, _text in read_html(print_item(item, form, EN)).pairs}
    assert {"op1.example-0-title", "op1.example-1-title"} <= names
    form = build_question_form([item], EN, {}, {item.id: [["op1.example-7-start_year", "soon"]]})
    form[item.id].add_row()
    assert "op1.example-8-title" in {name for name, _text in read_html(print_item(item, form, EN)).pairs}


# Surrogates are not text; a browser sends them as the replacement character.
texts = st.text(st.characters(codec="utf-8"), max_size=120)


@settings(max_examples=300)
@given(texts)
def test_any_text_comes_back_from_the_browser_as_it_was_typed(text: str) -> None:
    stored = send(NARRATIVE, EN, ("-text", text), ("-language", "fr")).value
    if stored is None:
        assert not clean_text(text).strip()
        return
    assert stored.text == clean_text(text).strip()
    again = posted_back([NARRATIVE], EN, {NARRATIVE.id: stored})
    _form, inputs = read_posted([NARRATIVE], EN, again, {})
    assert inputs[0].value == stored


@settings(max_examples=200)
@given(texts)
def test_any_unreadable_line_comes_back_from_the_browser_as_it_was_typed(text: str) -> None:
    item = named("op1.example", "whole_number")
    read = send(item, EN, ("", text.replace("\n", " ").replace("\r", " ")))
    if read.typed is None:
        return
    again = posted_back([item], EN, {}, {item.id: read.typed})
    assert again["op1.example"] == read.typed[0][1]


names = st.sampled_from(
    [
        "",
        "-text",
        "-0-title",
        "-0-row_id",
        "-codes",
        "-chosen-codes",
        "-prosecuted-2023",
        "-amount",
        "-language",
        "-0",
        "-",
        "--",
    ]
)


@pytest.mark.parametrize("item_type", sorted(ITEM_TYPES))
@given(st.lists(st.tuples(names | texts, texts), max_size=6))
def test_whatever_is_posted_is_a_value_or_an_error_and_never_a_crash(
    item_type: str, pairs: list[tuple[str, str]]
) -> None:
    item = EXAMPLES[item_type].item(item_type)
    read = send(item, EN, *pairs)
    assert read.value is None or not read.errors
    assert item.load(item.dump(read.value)) == read.value
    form = build_question_form([item], EN, {item.id: read.value}, {item.id: read.typed} if read.typed else None)
    assert read_html(print_item(item, form, EN)).problems() == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", REAL.questions.values(), ids=list(REAL.questions))
def test_every_page_of_the_real_questionnaire_is_sound_and_saving_it_changes_nothing(
    question: Any, language: str
) -> None:
    context = AskContext(REAL.texts_in(language), YEARS)
    values: dict[str, Any] = {}
    form = build_question_form(question.items, context, values)
    html = "".join(print_item(item, form, context) for item in question.items)
    assert read_html(html).problems() == []
    _form, inputs = read_posted(question.items, context, posted_back(question.items, context, values), values)
    assert [entry.item.id for entry in inputs] == [item.id for item in question.items]
    assert all(entry.value is None and not entry.errors for entry in inputs)
