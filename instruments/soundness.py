"""Whether an instrument can be published: ids, conditions, lists and texts. Every problem is named, not only the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from instruments.conditions import Condition
from instruments.items import ITEM_TYPES
from instruments.items.base import ChoiceList
from instruments.loader import sentence_of
from instruments.schema import FindingRule, Instrument, Question, build_item, build_question

ERROR_CODES: tuple[str, ...] = (
    "whole_number", "number", "ambiguous_number", "too_many_places", "too_small", "too_large", "too_long", "date",
    "ambiguous_date", "year", "link", "choice", "half_period", "period_order", "currency", "no_currency",
    "too_many_rows", "in_row",
)  # fmt: skip

FINDING_CODES: tuple[str, ...] = ("exclusive_choice", "long_narrative", "figures_total", "figures_without_source")
"""Findings that item types raise themselves."""


class Problem(NamedTuple):
    """What is wrong, and with which item, question, list or finding."""

    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.sentence}"


def structure_problems(structure: Mapping[str, Any], lists: Mapping[str, ChoiceList]) -> Iterator[Problem]:
    """What keeps the parts of an expanded structure from being built."""
    for choice_list in lists.values():
        yield from _list_problems(choice_list)
    for section in structure["sections"]:
        for question in section["questions"]:
            try:
                build_question({**question, "items": []}, lists, structure["groups"])
            except ValidationError as error:
                yield from _problems(question["id"], error)
            for item in question["items"]:
                if item["type"] not in ITEM_TYPES:
                    yield Problem(
                        item["id"],
                        f"the item type {item['type']!r} is unknown. Known types: {', '.join(sorted(ITEM_TYPES))}.",
                    )
                    continue
                try:
                    build_item(item, lists).choice_lists()
                except ValidationError as error:
                    yield from _problems(item["id"], error)
                except KeyError as error:
                    yield Problem(item["id"], f"the list {error.args[0]!r} is not defined under lists.")
    for rule in structure.get("findings", ()):
        try:
            FindingRule.model_validate(rule)
        except ValidationError as error:
            yield from _problems(f"finding {rule['code']}", error)


def _problems(subject: str, error: ValidationError) -> Iterator[Problem]:
    for entry in error.errors():
        key = ".".join(map(str, entry["loc"]))
        yield Problem(subject, f"{f'{key}: ' if key else ''}{sentence_of(entry)}")


def _list_problems(choice_list: ChoiceList) -> Iterator[Problem]:
    subject = f"list {choice_list.name}"
    for code in sorted({code for code in choice_list.codes if choice_list.codes.count(code) > 1}):
        yield Problem(subject, f"the code {code!r} stands more than once. Keep one.")
    for code in (*filter(None, [choice_list.other]), *choice_list.exclusive):
        if code not in choice_list.codes:
            yield Problem(subject, f"{code!r} is named as other or exclusive, and is not one of the codes.")


def instrument_problems(instrument: Instrument) -> Iterator[Problem]:
    """What is wrong between the parts of an instrument that could be built."""
    yield from _id_problems(instrument)
    yield from _condition_problems(instrument)
    yield from _circles(instrument)
    yield from _text_problems(instrument)


def _id_problems(instrument: Instrument) -> Iterator[Problem]:
    questions = [question for section in instrument.sections for question in section.questions]
    seen: set[str] = set()
    for subject in (*(section.id for section in instrument.sections), *(question.id for question in questions)):
        if subject in seen:
            yield Problem(subject, "the id is used twice. Give one of the two another id.")
        seen.add(subject)
    for question in questions:
        for item in question.items:
            if item.id in seen:
                yield Problem(item.id, "the id is used twice. Give one of the items another id.")
            seen.add(item.id)
            if item.question_id != question.id:
                yield Problem(item.id, f"an item of {question.id} must have an id that begins with {question.id}.")
            if item.group not in instrument.groups:
                yield Problem(item.id, f"the group {item.group!r} is not in groups.")
        if question.headline and question.headline not in question.items_by_id:
            yield Problem(question.id, f"the headline {question.headline} is not among its items.")
        for part in question.parts:
            if part not in question.items_by_id:
                yield Problem(question.id, f"the part {part} is not among its items.")
        if question.chapeau and question.chapeau not in instrument.questions:
            yield Problem(question.id, f"the chapeau {question.chapeau} is not a question.")


def _condition_problems(instrument: Instrument) -> Iterator[Problem]:
    for item in instrument.items.values():
        if item.asked_if:
            yield from _test_problems(instrument, item.id, item.asked_if)
    for rule in instrument.findings:
        subject = f"finding {rule.code}"
        if rule.question not in instrument.questions:
            yield Problem(subject, f"{rule.question} is not a question.")
        yield from _test_problems(instrument, subject, rule.when)


def _test_problems(instrument: Instrument, subject: str, condition: Condition) -> Iterator[Problem]:
    for test in condition.tests():
        if test.item is None:
            continue
        item = instrument.items.get(test.item)
        if item is None:
            yield Problem(subject, f"its condition names {test.item}, which does not exist.")
            continue
        choice_list = item.boxes()
        for code in sorted(test.codes() - set(choice_list.codes if choice_list else ())):
            yield Problem(subject, f"its condition tests {test.item} for {code!r}, which is not one of its answers.")


def _circles(instrument: Instrument) -> Iterator[Problem]:
    needs = {item.id: tuple(item.asked_if.items()) if item.asked_if else () for item in instrument.items.values()}
    for start in needs:
        trail, queue = set(), list(needs[start])
        while queue:
            current = queue.pop()
            if current == start:
                yield Problem(start, "its condition depends on itself. Break the circle.")
                break
            if current not in trail:
                trail.add(current)
                queue += needs.get(current, ())


def _text_problems(instrument: Instrument) -> Iterator[Problem]:
    texts = instrument.texts_in(instrument.source_language)
    for key in dict.fromkeys(needed_text_keys(instrument)):
        if texts.get(key) is None:
            yield Problem(f"text.{instrument.source_language}.yaml", f"{key} has no text in any language. Add it.")


def needed_text_keys(instrument: Instrument) -> Iterator[str]:
    """Every key that must have a text in at least one language; hints and helps are optional."""
    yield from ("instrument.title", "instrument.short_title", "instrument.complements", "instrument.verification")
    yield from (f"group.{group}" for group in instrument.groups)
    yield from (f"section.{section.id}" for section in instrument.sections)
    yield from (f"error.{code}" for code in ERROR_CODES)
    yield from (f"finding.{code}" for code in FINDING_CODES)
    for question in instrument.questions.values():
        yield from question_text_keys(question)
        for item in question.items:
            yield f"{item.text_key}.label"
            yield from item.text_keys()
    for choice_list in instrument.choice_lists():
        yield from (f"list.{choice_list.name}.{code}" for code in choice_list.codes)
    yield from (f"finding.{rule.code}" for rule in instrument.findings)


def question_text_keys(question: Question) -> Iterator[str]:
    """The keys of a question's own texts and of its metadata."""
    yield from (f"{question.id}.{part}" for part in ("label", "paragraph", "lead"))
    yield f"verb.{question.verb}"
    yield from (f"addressee.{addressee}" for addressee in (question.addressee, *question.also_addressed))
    yield from (f"cluster.{cluster}" for cluster in question.clusters)
    for article in question.articles:
        yield from (f"treaty.{article.treaty}", f"level.{article.level}")


def optional_text_keys(instrument: Instrument) -> Iterator[str]:
    """Every key that may have a text and needs none."""
    for question in instrument.questions.values():
        yield from (f"{question.id}.{part}" for part in ("number", "why", "note"))
        yield from (f"{item.text_key}.hint" for item in question.items)
    for choice_list in instrument.choice_lists():
        yield from (f"list.{choice_list.name}.{code}.help" for code in choice_list.codes)
