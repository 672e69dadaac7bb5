"""The contract of an item type: whatever a State answers comes back the same from every output. Runs over all types."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict

from forms.question import build_question_form, read_posted
from instruments.catalog import canonical_json
from instruments.items import ITEM_TYPES
from instruments.items.base import Fact, Item, Line
from instruments.items.statistics import Statistics
from instruments.texts import Message, Text, Texts
from instruments.values import GoodPractice
from languages import LANGUAGES, format_date, separator
from tests.forms.posting import posted_back, print_item, read_html, send
from tests.instruments.examples import EXAMPLES, context_in

TYPES = sorted(ITEM_TYPES)
EN = context_in("en")


WITH_EXAMPLE = [name for name in TYPES if name in EXAMPLES]


def cases() -> Iterable[Any]:
    """Every type with every answer of its example."""
    for name in WITH_EXAMPLE:
        example = EXAMPLES[name]
        for number, value in enumerate((example.value, *example.others)):
            yield pytest.param(example.item(name), value, id=f"{name}-{number}")


def unreadable_cases() -> Iterable[Any]:
    """Every type with every text that it cannot read."""
    for name in WITH_EXAMPLE:
        for part, text in EXAMPLES[name].unreadable:
            yield pytest.param(EXAMPLES[name].item(name), part, text, id=f"{name}{part}={text[:12]}")


every_answer = pytest.mark.parametrize(("item", "value"), list(cases()))
every_type = pytest.mark.parametrize(
    "item", [pytest.param(EXAMPLES[name].item(name), id=name) for name in WITH_EXAMPLE]
)
every_unreadable_text = pytest.mark.parametrize(("item", "part", "text"), list(unreadable_cases()))


def test_every_item_type_has_an_example() -> None:
    assert set(EXAMPLES) == set(ITEM_TYPES), "a new item type needs an example in tests/instruments/examples.py"


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_the_example_uses_every_part_of_the_value(name: str) -> None:
    empty = [part for part, leaf in leaves(EXAMPLES[name].value) if leaf in (None, "", (), {})]
    first_rows_are_full = [part for part in empty if not part.startswith("1.")]
    assert not first_rows_are_full


def leaves(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    """(path, leaf) of every smallest part of a value; ids of rows and references are names, not parts."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in {"row_id", "refers_to", "source_from"}:
                yield from leaves(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, dict) and value:
        for name, part in value.items():
            yield from leaves(part, f"{path}{name}.")
    elif isinstance(value, tuple) and value:
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}{index}.")
    else:
        yield path, value


@every_answer
def test_an_answer_comes_back_from_the_database_as_it_was(item: Item, value: Any) -> None:
    stored = json.loads(canonical_json(item.dump(value)))
    loaded = item.load(stored)
    assert loaded == value
    assert type(loaded) is type(value)
    assert canonical_json(item.dump(loaded)) == canonical_json(item.dump(value))


@every_type
def test_no_answer_is_none_in_the_database_and_back(item: Item) -> None:
    assert item.dump(None) is None
    assert item.load(None) is None


@every_type
@pytest.mark.parametrize("other", [{"unknown": 1}, [["x"]], 1.5])
def test_json_of_another_type_is_refused_when_it_is_loaded(item: Item, other: Any) -> None:
    if item.item_type == "decimal" and other == 1.5:
        assert item.load(other) == Decimal("1.5")
        return
    with pytest.raises(ValidationError):
        item.load(other)


@every_answer
@pytest.mark.parametrize("language", LANGUAGES)
def test_opening_the_form_and_pressing_save_changes_nothing(item: Item, value: Any, language: str) -> None:
    context = context_in(language)
    posted = posted_back([item], context, {item.id: value})
    _form, inputs = read_posted([item], context, posted, {item.id: value})
    assert not inputs[0].errors
    assert inputs[0].typed is None
    assert not inputs[0].cleaned
    assert canonical_json(item.dump(inputs[0].value)) == canonical_json(item.dump(value))


@every_answer
def test_a_second_save_after_the_first_sends_the_same(item: Item, value: Any) -> None:
    first = posted_back([item], EN, {item.id: value})
    _form, inputs = read_posted([item], EN, first, {item.id: value})
    assert list(posted_back([item], EN, {item.id: inputs[0].value}).items(multi=True)) == list(first.items(multi=True))


@every_answer
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_printed_control_is_sound_html(item: Item, value: Any, language: str) -> None:
    context = context_in(language)
    for values in ({}, {item.id: value}):
        assert not read_html(print_item(item, build_question_form([item], context, values), context)).problems()


@every_type
def test_an_empty_form_is_no_answer(item: Item) -> None:
    posted = posted_back([item], EN, {})
    _form, inputs = read_posted([item], EN, posted, {})
    assert inputs[0].value is None
    assert inputs[0].errors == []


@every_type
def test_an_item_of_which_no_input_came_back_is_cleared_and_not_left_as_stored(item: Item) -> None:
    read = send(item, EN, stored=EXAMPLES[item.item_type].value)
    assert (read.value, read.errors) == (None, [])


@every_type
def test_blank_inputs_are_no_answer(item: Item) -> None:
    posted = posted_back([item], EN, {})
    blank = MultiDict([(name, text if name.startswith("base:") else "  ") for name, text in posted.items(multi=True)])
    for name in {name for name in blank if name.endswith(("-codes", "-provisional", "-consent", "-language"))}:
        del blank[name]
    _form, inputs = read_posted([item], EN, blank, {})
    assert (inputs[0].value, inputs[0].errors) == (None, [])


@every_type
def test_required_never_stops_a_draft(item: Item) -> None:
    example = EXAMPLES[item.item_type]
    required = ITEM_TYPES[item.item_type](
        id=item.id, group=item.group, **example.definition, required="yes", lists=item.lists
    )
    assert required.required
    read = send(required, EN)
    assert (read.value, read.errors) == (None, [])


@every_unreadable_text
def test_what_cannot_be_read_is_kept_as_typed_shown_again_and_named(item: Item, part: str, text: str) -> None:
    read = send(item, EN, (part, text))
    assert read.value is None
    assert read.errors
    for message in read.errors:
        assert isinstance(message, Message)
        assert message.code in EN.texts._catalogues["en"] or f"error.{message.code}" in EN.texts._catalogues["en"]
        assert "%(" not in message.replace("%(label)s {0}", "")
        assert len(message) < 1000
    assert read.typed == [[f"{item.id}{part}", text]]
    # The same page again, from what was kept: same error, and the same text goes back and forth.
    form = build_question_form([item], EN, {}, {item.id: read.typed})
    assert [str(message) for message in form.errors[item.id]] == [str(message) for message in read.errors]
    html = print_item(item, form, EN)
    assert not read_html(html).problems()
    shown = [value for name, value in read_html(html).pairs if name == f"{item.id}{part}"]
    typed_by_hand = not {"radio", "checkbox", "select"} & set(kinds(html, f"{item.id}{part}"))
    assert shown == [text] or not typed_by_hand
    if typed_by_hand:
        again = posted_back([item], EN, {}, {item.id: read.typed})
        _form, inputs = read_posted([item], EN, again, {})
        assert [str(message) for message in inputs[0].errors] == [str(message) for message in read.errors]


def kinds(html: str, name: str) -> list[str]:
    """The kinds of the controls of a name: `text`, `radio`, `select` ..."""
    found = []
    for tag in html.split("<"):
        if f'name="{name}"' in tag:
            word = tag.split()[0]
            found.append(tag.partition('type="')[2].partition('"')[0] or word if word == "input" else word)
    return found


@every_type
def test_the_page_says_in_every_language_what_cannot_be_read(item: Item) -> None:
    for part, text in EXAMPLES[item.item_type].unreadable[:1]:
        sentences = {language: str(send(item, context_in(language), (part, text)).errors[0]) for language in LANGUAGES}
        assert len(set(sentences.values())) == len(LANGUAGES)


@every_answer
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_facts_hold_every_part_of_the_answer(item: Item, value: Any, language: str) -> None:
    facts = list(item.facts(value, context_in(language).texts))
    assert len({(fact.field, fact.row_id, fact.code) for fact in facts}) == len(facts), "a fact can be named"
    said = {piece for fact in facts for piece in pieces(fact)}
    for path, leaf in leaves(value):
        if leaf in (None, "", ()) or leaf is False:
            continue
        if leaf is True:
            assert any(fact.code == "yes" for fact in facts), path
        else:
            assert leaf in said, f"{path} of {item.item_type} is in no fact"


def pieces(fact: Fact) -> Iterable[Any]:
    """Everything that a fact states."""
    yield from (fact.code, fact.text, fact.number, fact.unit, fact.date, fact.language)


@every_answer
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_in_the_facts_has_its_label_beside_it(item: Item, value: Any, language: str) -> None:
    for fact in item.facts(value, context_in(language).texts):
        assert bool(fact.code) <= bool(fact.label)
        assert isinstance(fact.label, str)
        assert type(fact.number) in {int, Decimal, type(None)}


@every_answer
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_is_said_in_lines(item: Item, value: Any, language: str) -> None:
    lines = item.lines(value, context_in(language).texts)
    assert lines
    assert all(line.text.strip() for line in lines)
    assert all(line.language in {"", "und", *LANGUAGES} for line in lines), "a language that HTML knows"
    said = "\n".join(f"{line.label}\n{line.text}" for line in lines)
    texts = context_in(language).texts
    for path, leaf in leaves(value):
        # Codes are said by their labels; what the file's own page shows of a file is its name.
        if isinstance(leaf, str) and leaf and (item.sheet != "Evidence" or path.endswith("name.")):
            words = {leaf, *(str(texts.option(one.name, leaf)) for one in item.choice_lists() if leaf in one.codes)}
            assert any(word in said for word in words) or leaf in LANGUAGES or leaf == "other", path
        elif type(leaf) is date:
            assert format_date(leaf, language) in said
        elif isinstance(leaf, int | Decimal) and type(leaf) is not bool and item.sheet != "Evidence":
            assert f"{Decimal(leaf):f}" in said, path


@every_answer
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_in_few_words_says_nothing_that_the_lines_do_not(item: Item, value: Any, language: str) -> None:
    texts = context_in(language).texts
    lines = "\n".join(f"{line.label} {line.text}" for line in item.lines(value, texts))
    brief = item.brief(value, texts)
    for line in brief.lines:
        parts = line.text.split(separator(language)) if line.language and not brief.is_text else [line.text]
        assert all(part in lines for part in parts), line
        assert line.label in lines


def test_a_practice_that_is_not_to_be_shared_has_no_words() -> None:
    item = EXAMPLES["good_practice"].item("good_practice")
    assert item.brief(GoodPractice(text="Ours", consent=True), EN.texts).lines == [Line("Ours", language="und")]
    assert item.brief(GoodPractice(text="Ours", consent=False), EN.texts).lines == []


def test_few_figures_are_those_of_the_last_year_with_parts_only_where_there_is_no_total() -> None:
    item = EXAMPLES["statistics"].item("statistics")
    assert isinstance(item, Statistics)
    row, other = item.rows_[:2]
    part = next(line.id for line in item.figure_lines if line.part and line.row == row)
    part_alone = next(line.id for line in item.figure_lines if line.part and line.row == other)
    cells = {row: {"2024": 9, "2025": 7}, part: {"2025": 3}, part_alone: {"2025": 2}, other: {"2024": 5}}
    value = item.load({"cells": cells, "provisional": ["2025"], "source": "Register"})
    brief = item.brief(value, EN.texts)
    assert [line.text for line in brief.lines] == ["7", "2"]
    assert brief.head == "2025 (Provisional)"
    assert item.brief(item.load({"cells": {}, "source": "Register"}), EN.texts).lines == []


@every_answer
@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_are_as_wide_as_their_columns_and_hold_plain_cells(item: Item, value: Any, language: str) -> None:
    texts = context_in(language).texts
    columns = item.columns(texts)
    rows = list(item.rows(value, texts))
    if not item.sheet:
        assert not columns and not rows
        return
    assert len({column.id for column in columns}) == len(columns)
    assert all(column.label for column in columns)
    assert rows
    assert len({row_id for row_id, _cells in rows}) == len(rows)
    for _row_id, cells in rows:
        assert len(cells) == len(columns)
        assert all(type(cell) in {str, int, Decimal, date, type(None)} for cell in cells)
    held = {cell for _row_id, cells in rows for cell in cells}
    for path, leaf in leaves(value):
        if not path.startswith("provisional."):
            assert leaf in held or leaf in (None, "") or {True: "yes", False: "no"}.get(leaf) in held, (
                f"{path} of {item.item_type} is in no cell"
            )


def test_sheets_have_different_names() -> None:
    sheets = [item_type.sheet for item_type in ITEM_TYPES.values() if item_type.sheet]
    assert len(set(sheets)) == len(sheets)
    assert all(len(sheet) <= 31 for sheet in sheets)


@every_type
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_can_be_stored_has_a_text(item: Item, language: str) -> None:
    texts = context_in(language).texts
    for choice_list in item.choice_lists():
        assert len(set(choice_list.codes)) == len(choice_list.codes)
        for code in choice_list.codes:
            text = texts.option(choice_list.name, code)
            assert text.value and not text.is_fallback


class Recorder(Texts):
    """Texts that remember which keys were demanded."""

    def __init__(self, texts: Texts) -> None:
        super().__init__(texts.language, texts._catalogues)
        self.demanded: set[str] = set()

    def __call__(self, key: str) -> Text:
        self.demanded.add(key)
        return super().__call__(key)


@every_answer
def test_every_text_that_a_type_shows_is_demanded_before_publication(item: Item, value: Any) -> None:
    recorder = Recorder(EN.texts)
    context = type(EN)(recorder, EN.years)
    form = build_question_form([item], context, {item.id: value})
    print_item(item, form, context)
    if hasattr(form[item.id], "add_row"):
        form[item.id].add_row()
    list(item.facts(value, recorder))
    item.lines(value, recorder)
    item.columns(recorder)
    list(item.rows(value, recorder))
    assert recorder.demanded <= {f"{item.text_key}.label", *item.text_keys()}


@every_type
def test_an_item_is_frozen_and_refuses_unknown_keys(item: Item) -> None:
    with pytest.raises(ValidationError):
        item.required = True  # type: ignore[misc]
    with pytest.raises(ValidationError):
        ITEM_TYPES[item.item_type].model_validate(
            {"id": "op1.x", "group": "g", **EXAMPLES[item.item_type].definition, "colour": "red"}
        )


@every_type
def test_the_form_field_says_what_is_asked(item: Item) -> None:
    field = build_question_form([item], EN, {})[item.id]
    assert str(field.label_text) == str(item.label(EN.texts))
    assert (str(field.hint_text) if field.hint_text else "") in {str(item.hint(EN.texts) or ""), ""}
