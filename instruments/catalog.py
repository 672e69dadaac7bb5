"""Read, check and identify instrument versions. The document made here is what is published, hashed and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from instruments.conditions import resolve
from instruments.items import ITEM_TYPES
from instruments.loader import InstrumentError, read_strict
from instruments.schema import Instrument, Question, build_instrument
from languages import LANGUAGES

DATA = Path(__file__).parent / "data"
SHIPPED = DATA / "tip-protocol-resolution" / "1"
"""The instrument this application exists for."""

ERROR_CODES: tuple[str, ...] = (
    "whole_number", "number", "ambiguous_number", "too_many_places", "too_small", "too_large", "too_long", "date",
    "ambiguous_date", "year", "link", "choice", "half_period", "period_order", "currency", "no_currency",
    "too_many_rows", "in_row",
)  # fmt: skip


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, real letters: the one form that is hashed (after RFC 8785)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of(value: Any) -> str:
    """SHA-256, hexadecimal, of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


@lru_cache(maxsize=8)
def read_document(folder: Path = SHIPPED) -> dict[str, Any]:
    """The document of the instrument files in `folder`, checked. Raises InstrumentError listing every problem found."""
    structure = read_strict(folder / "instrument.yaml")
    problems: list[str] = []
    expanded = {**structure, "sections": _expand(structure, problems), "findings": _expand_findings(structure)}
    expanded.pop("blocks", None)
    texts, unofficial = _read_texts(folder, problems)
    document = {
        "structure": json.loads(json.dumps(expanded)), "texts": texts, "unofficial": unofficial,
    }  # fmt: skip
    if problems:
        raise InstrumentError(problems)
    check_document(document)
    return document


def check_document(document: dict[str, Any]) -> Instrument:
    """Build the instrument and check ids, conditions, lists and texts. Raises InstrumentError listing every problem."""
    known = set(ITEM_TYPES)
    problems = [
        f"{item.get('id', '?')}: the item type {item.get('type')!r} is unknown. Known types: {', '.join(sorted(known))}."
        for section in document["structure"]["sections"]
        for question in section["questions"]
        for item in question["items"]
        if item.get("type") not in known
    ]
    if problems:
        raise InstrumentError(problems)
    try:
        instrument = build_instrument(document, sha256_of(document))
    except ValidationError as error:
        raise InstrumentError(
            [
                f"{'.'.join(map(str, entry['loc']))}: {entry['msg']} (it is {entry['input']!r})."
                for entry in error.errors()
            ]
        ) from None
    except KeyError as error:
        raise InstrumentError([f"{error.args[0]} is used but not defined."]) from None
    problems = list(_list_problems(instrument))
    if problems:
        raise InstrumentError(problems)
    problems = [*_id_problems(instrument), *_condition_problems(instrument), *_text_problems(instrument)]
    if problems:
        raise InstrumentError(problems)
    return instrument


@lru_cache(maxsize=8)
def load_instrument(folder: Path = SHIPPED) -> Instrument:
    """The instrument of the files in `folder`. Raises InstrumentError."""
    document = read_document(folder)
    return build_instrument(document, sha256_of(document))


def _expand(structure: Any, problems: list[str]) -> list[dict[str, Any]]:
    """The sections with every `{block: …}` entry replaced by the block's items."""
    sections = []
    for section in structure["sections"]:
        questions = []
        for question in section["questions"]:
            items: list[dict[str, Any]] = []
            for entry in question.get("items", []):
                if "block" in entry:
                    items += _block_items(structure, question, entry, problems)
                else:
                    items.append({**entry, "asked_if": resolve(entry["asked_if"], _namer(question))}
                                 if "asked_if" in entry else dict(entry))  # fmt: skip
            questions.append({**question, "items": items})
        sections.append({**section, "questions": questions})
    return sections


def _namer(question: Any) -> Any:
    def name(aspect: str) -> str:
        return str(question.get("headline", "")) if aspect == "headline" else f"{question['id']}.{aspect}"

    return name


def _block_items(structure: Any, question: Any, entry: Any, problems: list[str]) -> Iterator[dict[str, Any]]:
    block = structure.get("blocks", {}).get(entry["block"])
    if block is None:
        problems.append(f"instrument.yaml: {question['id']} uses the block {entry['block']!r}, which is not defined.")
        return
    aspects = [item["aspect"] for item in block]
    chosen = set(entry.get("only", aspects)) - set(entry.get("without", ()))
    for unknown in sorted({*entry.get("only", ()), *entry.get("without", ())} - set(aspects)):
        problems.append(
            f"instrument.yaml: {question['id']} names {unknown!r}, which the block {entry['block']} has not."
        )
    for item in block:
        aspect = item["aspect"]
        if aspect not in chosen:
            continue
        given = {key: value for key, value in item.items() if key != "aspect"}
        if "asked_if" in given:
            given["asked_if"] = resolve(given["asked_if"], _namer(question))
        yield {"id": f"{question['id']}.{aspect}", "text": f"{entry['block']}.{aspect}", **given}


def _expand_findings(structure: Any) -> list[dict[str, Any]]:
    rules = []
    for rule in structure.get("findings", []):
        if "block" not in rule:
            rules.append(dict(rule))
            continue
        for section in structure["sections"]:
            for question in section["questions"]:
                uses = any(entry.get("block") == rule["block"] for entry in question.get("items", []))
                if uses and question.get("headline"):
                    when = resolve(rule["when"], _namer(question))
                    rules.append({"code": rule["code"], "question": question["id"], "when": when})
    return rules


def _read_texts(folder: Path, problems: list[str]) -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    texts: dict[str, dict[str, str]] = {}
    unofficial: dict[str, list[str]] = {}
    for language in LANGUAGES:
        merged: dict[str, str] = {}
        for path in (DATA / "engine" / f"text.{language}.yaml", folder / f"text.{language}.yaml"):
            if not path.exists():
                continue
            content = read_strict(path)
            if content.get("language") != language:
                problems.append(
                    f"{path.name}: says language {content.get('language')!r}; the file name says {language!r}."
                )
            for key, text in content.get("texts", {}).items():
                if not isinstance(text, str):
                    problems.append(f"{path.name}, line {content['texts'].lines[key]}: {key} must be a text.")
                else:
                    merged[key] = text
            unofficial.setdefault(language, []).extend(content.get("unofficial", []))
        texts[language] = merged
    return texts, unofficial


def _list_problems(instrument: Instrument) -> Iterator[str]:
    for item in instrument.items.values():
        try:
            item.choice_lists()
        except KeyError as error:
            yield f"{item.id}: the list {error.args[0]!r} is not defined under lists."


def _id_problems(instrument: Instrument) -> Iterator[str]:
    seen: set[str] = set()
    for question in instrument.questions.values():
        for item in question.items:
            if item.id in seen:
                yield f"{item.id}: the id is used twice. Give one of the items another id."
            seen.add(item.id)
            if item.question_id != question.id:
                yield f"{item.id}: an item of {question.id} must have an id that begins with {question.id}."
            if item.group not in instrument.groups:
                yield f"{item.id}: the group {item.group!r} is not in groups."
            for choice_list in item.choice_lists():
                if len(set(choice_list.codes)) != len(choice_list.codes):
                    yield f"{item.id}: the list {choice_list.name} repeats a code."
        if question.headline and question.headline not in question.items_by_id:
            yield f"{question.id}: the headline {question.headline} is not among its items."
        if question.chapeau and question.chapeau not in instrument.questions:
            yield f"{question.id}: the chapeau {question.chapeau} is not a question."


def _condition_problems(instrument: Instrument) -> Iterator[str]:
    needs: dict[str, set[str]] = {}
    for item in instrument.items.values():
        needs[item.id] = set(item.asked_if.items()) if item.asked_if else set()
        for unknown in sorted(needs[item.id] - set(instrument.items)):
            yield f"{item.id}: its condition names {unknown}, which does not exist."
    for rule in instrument.findings:
        for unknown in sorted(set(rule.when.items()) - set(instrument.items)):
            yield f"finding {rule.code} ({rule.question}): its condition names {unknown}, which does not exist."
    for start in needs:
        trail, queue = set(), list(needs[start])
        while queue:
            current = queue.pop()
            if current == start:
                yield f"{start}: its condition depends on itself. Break the circle."
                break
            if current not in trail:
                trail.add(current)
                queue += needs.get(current, ())


def needed_text_keys(instrument: Instrument) -> Iterator[str]:
    """Every key that must have a text in at least one language; hints and helps are optional."""
    yield from ("instrument.title", "instrument.short_title", "instrument.complements", "instrument.verification")
    yield from (f"group.{group}" for group in instrument.groups)
    yield from (f"section.{section.id}" for section in instrument.sections)
    yield from (f"error.{code}" for code in ERROR_CODES)
    yield from (
        "finding.exclusive_choice",
        "finding.long_narrative",
        "finding.figures_total",
        "finding.figures_without_source",
    )
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


def _text_problems(instrument: Instrument) -> Iterator[str]:
    texts = instrument.texts_in(instrument.source_language)
    for key in dict.fromkeys(needed_text_keys(instrument)):
        if texts.get(key) is None:
            yield f"text.{instrument.source_language}.yaml: {key} has no text in any language. Add it."
