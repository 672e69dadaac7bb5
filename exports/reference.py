"""Rows of the sheets that explain the others: Dictionary, Choices, Codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from exports.codes import code_lists
from exports.columns import repeat_sheets
from exports.conditions import condition_in_words
from exports.marks import BLANKS, SCALES, Value
from exports.rows import Row, addressees_of, articles_of, yes_no
from exports.shape import Gettext, gettext_in
from instruments.items import Item
from instruments.schema import Instrument, Question, Section
from instruments.soundness import needed_text_keys
from instruments.texts import Texts
from languages import LANGUAGES
from models.export_queries import StateRecord
from services.responses import state_name


def dictionary_rows(instrument: Instrument, language: str) -> Iterator[Row]:
    """A row for each question (its paragraph) and for each of its items (its label and hint), in instrument order."""
    texts = instrument.texts_in(language)
    _ = gettext_in(language)
    for section in instrument.sections:
        for question in section.questions:
            yield _question_row(instrument, section, question, texts)
            for item in question.items:
                yield _item_row(instrument, section, question, item, texts, _)


def _question_row(instrument: Instrument, section: Section, question: Question, texts: Texts) -> Row:
    return (
        question.number_in(texts), question.id, None, section.id, None, None, None, None, None, None, None, None,
        addressees_of(question, texts), str(texts(f"verb.{question.verb}")), ", ".join(question.clusters), articles_of(question, texts), None, None, None,
        None, None, *_own(instrument, f"{question.id}.label"), *_own(instrument, f"{question.id}.paragraph"),
    )  # fmt: skip


def _item_row(
    instrument: Instrument, section: Section, question: Question, item: Item, texts: Texts, _: Gettext
) -> Row:
    role = "headline" if item.id == question.headline else "part" if item.id in question.parts else None
    names = code_lists(_)
    words = rule = None
    if item.asked_if is not None:
        words = condition_in_words(item.asked_if, instrument, texts, _)
        rule = json.dumps(
            item.asked_if.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False, sort_keys=True
        )
    return (
        question.number_in(texts), question.id, item.id, section.id, item.item_type,
        names["type"].get(item.item_type, item.item_type), item.group, str(texts(f"group.{item.group}")), role,
        names["role"].get(role or ""), yes_no(item.detail), yes_no(item.required), None, None, None, None,
        ", ".join(choice_list.name for choice_list in item.choice_lists()) or None, getattr(item, "unit", "") or None,
        item.sheet or None, words, rule, *_own(instrument, f"{item.text_key}.label"), *_own(instrument, f"{item.text_key}.hint"),
    )  # fmt: skip


def _own(instrument: Instrument, key: str) -> list[Value]:
    """The text of a key in each language; empty where a language has none of its own."""
    return [instrument.texts.get(language, {}).get(key) for language in LANGUAGES]


def choice_rows(instrument: Instrument) -> Iterator[Row]:
    """A row for each code of each list that an item can store."""
    for choice_list in instrument.choice_lists():
        for order, code in enumerate(choice_list.codes, start=1):
            yield (
                choice_list.name, code, order, yes_no(code == choice_list.other), yes_no(code in choice_list.exclusive),
                *_own(instrument, f"list.{choice_list.name}.{code}"),
            )  # fmt: skip


def code_rows(instrument: Instrument, states: Iterable[StateRecord], language: str) -> Iterator[Row]:
    """A row for each code that is not in Choices: the States, the words of the workbook, the marks, texts used as codes."""
    texts = instrument.texts_in(language)
    for state in states:
        yield "state_iso3", state.state_id, None, state_name(state.names, language), state.m49, state.region
    words = code_lists(gettext_in(language))
    for name, codes in words.items():
        for code, label in codes.items():
            symbol = BLANKS[code].symbol if name == "asked_state" and code in BLANKS else None
            yield name, code, symbol, label, None, None
    for name, marks in SCALES.items():
        for code, mark in marks.items():
            yield f"mark_{name}", code, mark.symbol, str(texts.option(name, code)), None, None
    for group in instrument.groups:
        yield "item_group", group, None, str(texts(f"group.{group}")), None, None
    for section in instrument.sections:
        yield "section", section.id, None, str(texts(f"section.{section.id}")), None, None
    for cluster in sorted({cluster for question in instrument.questions.values() for cluster in question.clusters}):
        yield "cluster", cluster, None, str(texts(f"cluster.{cluster}")), None, None
    for unit in sorted({getattr(item, "unit", "") for item in instrument.items.values()} - {""}):
        yield "unit", unit, None, str(texts(unit)), None, None
    for sheet, item in repeat_sheets(instrument).items():
        for column in item.columns(texts):
            yield f"column_{sheet}", column.id, None, column.label, None, None


def labels_in_other_languages(instrument: Instrument, language: str) -> Iterator[str]:
    """`key (language)` for every text of the questionnaire that this language lacks and another one stands in for."""
    texts = instrument.texts_in(language)
    for key in dict.fromkeys(needed_text_keys(instrument)):
        text = texts.get(key)
        if text is not None and text.is_fallback:
            yield f"{key} ({text.language})"
