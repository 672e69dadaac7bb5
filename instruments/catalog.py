"""Read, check and identify instrument versions. The document made here is what is published, hashed and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from instruments.conditions import resolve
from instruments.engine import ENGINE, read_engine_texts, read_text_file
from instruments.lines import Lines
from instruments.loader import InstrumentError, check_shape, read_strict
from instruments.schema import Instrument, build_instrument, build_lists
from instruments.shape import CrosswalkShape, DocumentShape, StructureShape
from instruments.soundness import (
    Problem,
    instrument_problems,
    needed_text_keys,
    optional_text_keys,
    place_of_finding,
    structure_problems,
)
from languages import LANGUAGES

DATA = Path(__file__).parent / "data"
SHIPPED = DATA / "tip-protocol-resolution" / "2"
"""The instrument this application exists for. Earlier versions live on in the databases that published them."""

STRUCTURE = "instrument.yaml"
CROSSWALK = "crosswalk.yaml"


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, real letters: the one form that is hashed (after RFC 8785)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of(value: Any) -> str:
    """SHA-256, hexadecimal, of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


@lru_cache(maxsize=8)
def read_document(folder: Path = SHIPPED) -> dict[str, Any]:
    """The document of the instrument files in `folder`, checked. Raises InstrumentError listing every problem found."""
    structure = read_strict(folder / STRUCTURE)
    check_shape(StructureShape, structure, STRUCTURE)
    lines = Lines(STRUCTURE)
    problems: list[str] = []
    expanded = {
        **structure, "sections": _expand(structure, problems, lines),
        "findings": _expand_findings(structure, problems, lines),
    }  # fmt: skip
    expanded.pop("blocks", None)
    is_expanded = not problems
    files = _read_texts(folder, structure, problems)
    document = {
        "structure": json.loads(json.dumps(expanded)),
        "texts": {
            language: {key: text for content in contents.values() for key, text in content["texts"].items()}
            for language, contents in files.items()
        },
        "unofficial": {
            language: [key for content in contents.values() for key in content.get("unofficial", [])]
            for language, contents in files.items() if contents
        },
    }  # fmt: skip
    crosswalk = _read_crosswalk(folder)
    if crosswalk:
        document["renamed"] = dict(crosswalk["renamed"])
    if not is_expanded:
        raise InstrumentError(problems)
    instrument, found = _build_checked(document)
    problems += [lines.said(problem) for problem in found]
    if instrument is not None:
        problems += _stray_texts(instrument, files)
        problems += _crosswalk_problems(instrument, crosswalk)
    if problems:
        raise InstrumentError(problems)
    return document


def check_document(document: Any) -> Instrument:
    """Build the instrument and check ids, conditions, lists and texts. Raises InstrumentError listing every problem."""
    instrument, problems = _build_checked(document)
    if instrument is None or problems:
        raise InstrumentError([str(problem) for problem in problems])
    return instrument


def _build_checked(document: Any) -> tuple[Instrument | None, list[Problem]]:
    """The instrument and what is wrong with it; None when it cannot even be built. Raises InstrumentError for another shape."""
    check_shape(DocumentShape, document, "document")
    structure = document["structure"]
    problems = list(structure_problems(structure, build_lists(structure)))
    if problems:
        return None, problems
    instrument = build_instrument(document, sha256_of(document))
    return instrument, list(instrument_problems(instrument))


@lru_cache(maxsize=8)
def load_instrument(folder: Path = SHIPPED) -> Instrument:
    """The instrument of the files in `folder`. Raises InstrumentError."""
    document = read_document(folder)
    return build_instrument(document, sha256_of(document))


def _expand(structure: Any, problems: list[str], lines: Lines) -> list[dict[str, Any]]:
    """The sections with every `{block: …}` entry replaced by the block's items; `lines` learns where each thing stands."""
    lines.note("source_language", structure.lines["source_language"])
    for name, line in getattr(structure.get("lists"), "lines", {}).items():
        lines.note(f"list {name}", line)
    sections = []
    for section in structure["sections"]:
        lines.note(section["id"], section.lines["id"])
        questions = []
        for question in section["questions"]:
            lines.note(question["id"], question.lines["id"])
            items: list[dict[str, Any]] = []
            for entry in question.get("items", []):
                if "block" in entry:
                    for item, line in _block_items(structure, question, entry, problems):
                        lines.note(item["id"], entry.lines["block"])
                        lines.from_block[item["id"]] = f"block {entry['block']}, line {line}"
                        items.append(item)
                else:
                    lines.note(entry["id"], entry.lines["id"])
                    items.append({**entry, "asked_if": resolve(entry["asked_if"], _namer(question))}
                                 if "asked_if" in entry else dict(entry))  # fmt: skip
            questions.append({**question, "items": items})
        sections.append({**section, "questions": questions})
    return sections


def _namer(question: Any) -> Callable[[str], str]:
    def name(aspect: str) -> str:
        # A question without a headline keeps the name, so that the check can say what is missing.
        if aspect == "headline" and question.get("headline"):
            return str(question["headline"])
        return f"{question['id']}.{aspect}"

    return name


def _block_items(
    structure: Any, question: Any, entry: Any, problems: list[str]
) -> Iterator[tuple[dict[str, Any], int]]:
    """The items that a use of a block stands for, each with its line in the block."""
    block = structure.get("blocks", {}).get(entry["block"])
    place = f"{STRUCTURE}, line {entry.lines['block']}: {question['id']}"
    if block is None:
        problems.append(
            f"{place} uses the block {entry['block']!r}, which is not defined. Define it under blocks, or correct the name."
        )
        return
    aspects = [item["aspect"] for item in block]
    chosen = set(entry.get("only", aspects)) - set(entry.get("without", ()))
    for unknown in sorted({*entry.get("only", ()), *entry.get("without", ())} - set(aspects)):
        problems.append(
            f"{place} names {unknown!r}, which the block {entry['block']} has not. Write one of {', '.join(aspects)}."
        )
    for item in block:
        aspect = item["aspect"]
        if aspect not in chosen:
            continue
        given = {key: value for key, value in item.items() if key != "aspect"}
        if "asked_if" in given:
            given["asked_if"] = resolve(given["asked_if"], _namer(question))
        yield {"id": f"{question['id']}.{aspect}", "text": f"{entry['block']}.{aspect}", **given}, item.lines["aspect"]


def _expand_findings(structure: Any, problems: list[str], lines: Lines) -> list[dict[str, Any]]:
    rules = []
    for rule in structure.get("findings", []):
        if "block" not in rule:
            rules.append(dict(rule))
            lines.note(place_of_finding(rule["code"], rule["question"]), rule.lines["code"])
            continue
        if rule["block"] not in structure.get("blocks", {}):
            problems.append(
                f"{STRUCTURE}, line {rule.lines['block']}: the finding {rule['code']} names the block {rule['block']!r}, "
                "which is not defined. Define it under blocks, or correct the name."
            )
        for section in structure["sections"]:
            for question in section["questions"]:
                uses = any(entry.get("block") == rule["block"] for entry in question.get("items", []))
                if uses and question.get("headline"):
                    when = resolve(rule["when"], _namer(question))
                    rules.append({"code": rule["code"], "question": question["id"], "when": when})
                    lines.note(place_of_finding(rule["code"], question["id"]), rule.lines["code"])
    return rules


def _read_texts(folder: Path, structure: Any, problems: list[str]) -> dict[str, dict[Path, Any]]:
    """The content of the text files by language and path: those of the item types first, then the instrument's own."""
    contents: dict[str, dict[Path, Any]] = {language: {} for language in LANGUAGES}
    for path in sorted(folder.glob("text.*.yaml")):
        if path.name.split(".")[1] not in LANGUAGES:
            problems.append(f"{path.name}: the language is none of {', '.join(LANGUAGES)}. Rename or remove the file.")
    for language in LANGUAGES:
        for path in (ENGINE / f"text.{language}.yaml", folder / f"text.{language}.yaml"):
            if not path.exists():
                continue
            content = read_engine_texts(language) if path.parent == ENGINE else read_text_file(path)
            if content["language"] != language:
                problems.append(
                    f"{path.name}, line {content.lines['language']}: language: says {content['language']!r}; "
                    f"the file name says {language!r}. Correct the one that is wrong."
                )
            for key in ("instrument", "version"):
                if path.parent != ENGINE and content.get(key, structure[key]) != structure[key]:
                    problems.append(
                        f"{path.name}, line {content.lines[key]}: {key}: says {content[key]!r}; {STRUCTURE} says "
                        f"{structure[key]!r}. Put the file of this {key} here, or correct the key."
                    )
            contents[language][path] = content
    return contents


def _read_crosswalk(folder: Path) -> Any:
    """The content of the crosswalk; nothing where the version has none, which is one that renamed no item."""
    path = folder / CROSSWALK
    if not path.exists():
        return {}
    content = read_strict(path)
    check_shape(CrosswalkShape, content, CROSSWALK)
    return content


def _crosswalk_problems(instrument: Instrument, crosswalk: Any) -> Iterator[str]:
    """What stands in the way of following an answer of an earlier version to its item in this one."""
    taken: dict[str, str] = {}
    for old, new in crosswalk.get("renamed", {}).items():
        place = f"{CROSSWALK}, line {crosswalk['renamed'].lines[old]}: {old}"
        if old in instrument.items:
            yield f"{place} is an item of this version, and an id is never used again. Remove the line, or correct the id."
        if new not in instrument.items:
            yield f"{place} became {new}, which this version has not. Name one of its items, or remove the line."
        if new in taken:
            yield f"{place} became {new}, and so did {taken[new]}. An item follows one item: remove one of the lines."
        taken.setdefault(new, old)


def _stray_texts(instrument: Instrument, files: Mapping[str, Mapping[Path, Any]]) -> Iterator[str]:
    """Keys that nothing shows: most likely a spelling mistake, and the text that was meant is missing."""
    known = {*needed_text_keys(instrument), *optional_text_keys(instrument)}
    engine = {key for contents in files.values() for path, content in contents.items() if path.parent == ENGINE
              for key in content["texts"]}  # fmt: skip
    for contents in files.values():
        for path, content in contents.items():
            for key in content["texts"]:
                if key not in known and key not in engine:
                    yield f"{path.name}, line {content['texts'].lines[key]}: nothing shows {key}. Correct the key, or remove it."
            for key in content.get("unofficial", []):
                if key not in content["texts"]:
                    yield f"{path.name}, line {content.lines['unofficial']}: {key} is marked unofficial and has no text here. Remove it there, or add the text."
