"""Whether an instrument can be published: ids, conditions, lists and texts. Every problem is named, not only the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from instruments.conditions import Condition
from instruments.engine import read_engine_texts
from instruments.items import ITEM_TYPES
from instruments.items.base import ChoiceList
from instruments.loader import sentence_of
from instruments.reachability import Reachability
from instruments.schema import FindingRule, Instrument, Question, build_item, build_question
from languages import LANGUAGES, SOURCE_INTERFACE_LANGUAGE

ERROR_CODES: tuple[str, ...] = (
    "whole_number", "number", "ambiguous_number", "too_many_places", "too_small", "too_large", "too_long", "date",
    "ambiguous_date", "year", "link", "choice", "half_period", "period_order", "currency", "no_currency",
    "too_many_rows", "in_row",
)  # fmt: skip

FINDING_CODES: tuple[str, ...] = (
    "exclusive_choice",
    "long_narrative",
    "figures_total",
    "figures_without_source",
    "reference_lost",
)
"""Findings that item types raise themselves."""


class Problem(NamedTuple):
    """What is wrong, and with which item, question, list or finding."""

    subject: str
    sentence: str
    place: str = ""
    """What to look for in the file, where that is not the subject."""
    is_double: bool = False
    """Whether two things stand under the same name."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.sentence}"


def structure_problems(structure: Mapping[str, Any], lists: Mapping[str, ChoiceList]) -> Iterator[Problem]:
    """What keeps the parts of an expanded structure from being built."""
    if structure["source_language"] not in LANGUAGES:
        yield Problem(
            "source_language", f"{structure['source_language']!r} is none of {', '.join(LANGUAGES)}. Name one."
        )
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
                        f"the item type {item['type']!r} is unknown. Known types: {', '.join(sorted(ITEM_TYPES))}. Write one of them.",
                    )
                    continue
                try:
                    build_item(item, lists).choice_lists()
                except ValidationError as error:
                    yield from _problems(item["id"], error)
                except KeyError as error:
                    yield Problem(
                        item["id"],
                        f"the list {error.args[0]!r} is not defined under lists. Define it, or correct the name.",
                    )
    for rule in structure.get("findings", ()):
        try:
            FindingRule.model_validate(rule)
        except ValidationError as error:
            yield from _problems(f"finding {rule['code']}", error, place_of_finding(rule["code"], rule["question"]))


def place_of_finding(code: str, question: str) -> str:
    """What a finding is looked up by: several questions may raise one of the same code."""
    return f"finding {code} of {question}"


def _problems(subject: str, error: ValidationError, place: str = "") -> Iterator[Problem]:
    for entry in error.errors():
        key = ".".join(map(str, entry["loc"]))
        yield Problem(subject, f"{f'{key}: ' if key else ''}{sentence_of(entry)}", place)


def _list_problems(choice_list: ChoiceList) -> Iterator[Problem]:
    subject = f"list {choice_list.name}"
    for code in sorted({code for code in choice_list.codes if choice_list.codes.count(code) > 1}):
        yield Problem(subject, f"the code {code!r} stands more than once. Keep one.")
    for code in (*filter(None, [choice_list.other]), *choice_list.exclusive):
        if code not in choice_list.codes:
            yield Problem(
                subject,
                f"{code!r} is named as other or exclusive, and is not one of the codes. Add it to codes, or remove it here.",
            )
    if choice_list.name in _own_lists():
        yield Problem(subject, "the item types themselves have a list of this name. Give it another name.")


@lru_cache(maxsize=1)
def _own_lists() -> frozenset[str]:
    """The names of the lists that item types bring with them, as their texts name them."""
    keys = (key.split(".") for key in read_engine_texts(SOURCE_INTERFACE_LANGUAGE)["texts"])
    return frozenset(key[1] for key in keys if key[0] == "list")


def instrument_problems(instrument: Instrument) -> Iterator[Problem]:
    """What is wrong between the parts of an instrument that could be built."""
    found = [*_id_problems(instrument), *_condition_problems(instrument), *_circles(instrument)]
    # What can come true is looked for only where every condition makes sense.
    yield from found or _dead_conditions(instrument)
    yield from _text_problems(instrument)


def _id_problems(instrument: Instrument) -> Iterator[Problem]:
    questions = [question for section in instrument.sections for question in section.questions]
    seen: set[str] = set()
    for subject in (*(section.id for section in instrument.sections), *(question.id for question in questions)):
        if subject in seen:
            yield Problem(subject, "the id is used twice. Give one of the two another id.", is_double=True)
        seen.add(subject)
    for question in questions:
        for item in question.items:
            if item.id in seen:
                yield Problem(item.id, "the id is used twice. Give one of the items another id.", is_double=True)
            seen.add(item.id)
            if item.question_id != question.id:
                yield Problem(
                    item.id,
                    f"an item of {question.id} must have an id that begins with {question.id}. Correct it, or move it to its question.",
                )
            if item.group not in instrument.groups:
                yield Problem(
                    item.id,
                    f"the group {item.group!r} is not in groups. Add it there, or write one of {', '.join(instrument.groups)}.",
                )
        if question.headline and question.headline not in question.items_by_id:
            yield Problem(
                question.id,
                f"the headline {question.headline} is not among its items. Correct the id, or add the item.",
            )
        for part in question.parts:
            if part not in question.items_by_id:
                yield Problem(question.id, f"the part {part} is not among its items. Correct the id, or add the item.")
        for item_id in question.refers_to:
            if item_id not in instrument.items:
                yield Problem(question.id, f"refers_to names {item_id}, which does not exist. Correct the id.")
            elif item_id in question.items_by_id:
                yield Problem(
                    question.id, f"refers_to names {item_id}, which is asked in the question itself. Remove it."
                )
        if question.chapeau and question.chapeau not in instrument.questions:
            yield Problem(question.id, f"the chapeau {question.chapeau} is not a question. Correct the id.")


def _condition_problems(instrument: Instrument) -> Iterator[Problem]:
    for item in instrument.items.values():
        if item.asked_if:
            yield from _test_problems(instrument, Problem(item.id, "asked_if"), item.asked_if)
    for rule in instrument.findings:
        about = Problem(f"finding {rule.code}", "when", place_of_finding(rule.code, rule.question))
        if rule.question not in instrument.questions:
            yield about._replace(sentence=f"{rule.question} is not a question. Correct the id.")
        yield from _test_problems(instrument, about, rule.when)


def _test_problems(instrument: Instrument, about: Problem, condition: Condition) -> Iterator[Problem]:
    """`about` is the subject and, as its sentence, the key of the condition."""
    for test in condition.tests():
        if test.item is None:
            continue
        item = instrument.items.get(test.item)
        if item is None:
            yield about._replace(sentence=f"{about.sentence} names {test.item}, which does not exist. Correct the id.")
            continue
        codes = choice_list.codes if (choice_list := item.boxes()) else ()
        for code in sorted(test.codes() - set(codes)):
            remedy = f"Write one of {', '.join(codes)}" if codes else "It has no list: test whether it is answered"
            yield about._replace(
                sentence=f"{about.sentence} tests {test.item} for {code!r}, which is not one of its answers. {remedy}."
            )


def _dead_conditions(instrument: Instrument) -> Iterator[Problem]:
    """Items that nobody can ever be asked, findings that are never raised, and tests that no answer meets."""
    search = Reachability(instrument)

    def look(about: Problem, condition: Condition, question: Question, never: str) -> Iterator[Problem]:
        unmet = [test for test in condition.tests() if not search.is_ever_met(test)]
        for test in unmet:
            yield about._replace(
                sentence=f"{about.sentence} tests {test.item} with {test.words()}, which none of its answers meets. "
                "Correct the test."
            )
        if not unmet and not search.can_hold(condition, question):
            needs = [item_id for item_id in dict.fromkeys(condition.items()) if not search.is_ever_asked(item_id)]
            because = f" ({', '.join(needs)} is never asked)" if needs else ""
            yield about._replace(
                sentence=f"{never}: no answers and no facts about a State make {about.sentence} come true{because}. "
                "Correct the condition, or remove it with what it stands for."
            )

    for item in instrument.items.values():
        if item.asked_if:
            question = instrument.questions[item.question_id]
            yield from look(Problem(item.id, "asked_if"), item.asked_if, question, "it is never asked")
    for rule in instrument.findings:
        about = Problem(f"finding {rule.code}", "when", place_of_finding(rule.code, rule.question))
        yield from look(about, rule.when, instrument.questions[rule.question], "it is never raised")


def _circles(instrument: Instrument) -> Iterator[Problem]:
    needs = {item.id: tuple(item.asked_if.items()) if item.asked_if else () for item in instrument.items.values()}
    for start in needs:
        trail, queue = set(), list(needs[start])
        while queue:
            current = queue.pop()
            if current == start:
                yield Problem(start, "asked_if depends on itself. Break the circle.")
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
    for term in question.terms:
        yield from (f"term.{term}.label", f"term.{term}.definition")
    yield from (f"addressee.{addressee}" for addressee in (question.addressee, *question.also_addressed))
    yield from (f"cluster.{cluster}" for cluster in question.clusters)
    for article in question.articles:
        yield from (f"treaty.{article.treaty}", f"level.{article.level}")


def optional_text_keys(instrument: Instrument) -> Iterator[str]:
    """Every key that may have a text and needs none."""
    yield "instrument.citation"
    for question in instrument.questions.values():
        yield from (f"{question.id}.{part}" for part in ("number", "why", "note", "model_answer", "evidence_help"))
        yield f"strength.{question.verb}"
        yield from (f"{item.text_key}.hint" for item in question.items)
    for choice_list in instrument.choice_lists():
        yield from (f"list.{choice_list.name}.{code}.help" for code in choice_list.codes)
