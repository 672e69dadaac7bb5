"""Read, check and identify instrument versions. The document made here is what is published, hashed and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from instruments.conditions import resolve
from instruments.loader import InstrumentError, read_strict, shape_problems
from instruments.schema import Instrument, build_instrument, build_lists
from instruments.shape import DocumentShape, StructureShape, TextFileShape
from instruments.soundness import (
    Problem,
    instrument_problems,
    needed_text_keys,
    optional_text_keys,
    structure_problems,
)
from languages import LANGUAGES

DATA = Path(__file__).parent / "data"
SHIPPED = DATA / "tip-protocol-resolution" / "1"
"""The instrument this application exists for."""

STRUCTURE = "instrument.yaml"


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
    _check_shape(StructureShape, structure, STRUCTURE)
    lines: dict[str, int] = {}
    problems: list[str] = []
    expanded = {
        **structure, "sections": _expand(structure, problems, lines), "findings": _expand_findings(structure, problems),
    }  # fmt: skip
    expanded.pop("blocks", None)
    files = _read_texts(folder, problems)
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
    if problems:
        raise InstrumentError(problems)
    instrument, found = _build_checked(document)
    for problem in found:
        line = lines.get(problem.subject)
        problems.append(f"{STRUCTURE}, line {line}: {problem}" if line else str(problem))
    if instrument is not None:
        problems += _stray_texts(instrument, files)
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
    _check_shape(DocumentShape, document, "document")
    structure = document["structure"]
    problems = list(structure_problems(structure, build_lists(structure)))
    if problems:
        return None, problems
    instrument = build_instrument(document, sha256_of(document))
    return instrument, list(instrument_problems(instrument))


def _check_shape(shape: type[BaseModel], raw: Any, file: str) -> None:
    try:
        shape.model_validate(raw)
    except ValidationError as error:
        raise InstrumentError(shape_problems(error, raw, file)) from None


@lru_cache(maxsize=8)
def load_instrument(folder: Path = SHIPPED) -> Instrument:
    """The instrument of the files in `folder`. Raises InstrumentError."""
    document = read_document(folder)
    return build_instrument(document, sha256_of(document))


def _expand(structure: Any, problems: list[str], lines: dict[str, int]) -> list[dict[str, Any]]:
    """The sections with every `{block: …}` entry replaced by the block's items; `lines` learns where each thing stands."""
    lines.update({f"list {name}": line for name, line in getattr(structure.get("lists"), "lines", {}).items()})
    sections = []
    for section in structure["sections"]:
        lines[section["id"]] = section.lines["id"]
        questions = []
        for question in section["questions"]:
            lines[question["id"]] = question.lines["id"]
            items: list[dict[str, Any]] = []
            for entry in question.get("items", []):
                if "block" in entry:
                    added = list(_block_items(structure, question, entry, problems))
                    lines.update(dict.fromkeys((item["id"] for item in added), entry.lines["block"]))
                    items += added
                else:
                    lines[entry["id"]] = entry.lines["id"]
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


def _block_items(structure: Any, question: Any, entry: Any, problems: list[str]) -> Iterator[dict[str, Any]]:
    block = structure.get("blocks", {}).get(entry["block"])
    place = f"{STRUCTURE}, line {entry.lines['block']}: {question['id']}"
    if block is None:
        problems.append(f"{place} uses the block {entry['block']!r}, which is not defined.")
        return
    aspects = [item["aspect"] for item in block]
    chosen = set(entry.get("only", aspects)) - set(entry.get("without", ()))
    for unknown in sorted({*entry.get("only", ()), *entry.get("without", ())} - set(aspects)):
        problems.append(f"{place} names {unknown!r}, which the block {entry['block']} has not.")
    for item in block:
        aspect = item["aspect"]
        if aspect not in chosen:
            continue
        given = {key: value for key, value in item.items() if key != "aspect"}
        if "asked_if" in given:
            given["asked_if"] = resolve(given["asked_if"], _namer(question))
        yield {"id": f"{question['id']}.{aspect}", "text": f"{entry['block']}.{aspect}", **given}


def _expand_findings(structure: Any, problems: list[str]) -> list[dict[str, Any]]:
    rules = []
    for rule in structure.get("findings", []):
        if "block" not in rule:
            rules.append(dict(rule))
            continue
        if rule["block"] not in structure.get("blocks", {}):
            problems.append(
                f"{STRUCTURE}, line {rule.lines['block']}: the finding {rule['code']} names the block {rule['block']!r}, "
                "which is not defined."
            )
        for section in structure["sections"]:
            for question in section["questions"]:
                uses = any(entry.get("block") == rule["block"] for entry in question.get("items", []))
                if uses and question.get("headline"):
                    when = resolve(rule["when"], _namer(question))
                    rules.append({"code": rule["code"], "question": question["id"], "when": when})
    return rules


def _read_texts(folder: Path, problems: list[str]) -> dict[str, dict[Path, Any]]:
    """The content of the text files by language and path: those of the item types first, then the instrument's own."""
    contents: dict[str, dict[Path, Any]] = {language: {} for language in LANGUAGES}
    for path in sorted(folder.glob("text.*.yaml")):
        if path.name.split(".")[1] not in LANGUAGES:
            problems.append(f"{path.name}: the language is none of {', '.join(LANGUAGES)}. Rename or remove the file.")
    for language in LANGUAGES:
        for path in (DATA / "engine" / f"text.{language}.yaml", folder / f"text.{language}.yaml"):
            if not path.exists():
                continue
            content = _engine_texts(path) if path.parent != folder else _text_file(path)
            if content["language"] != language:
                problems.append(
                    f"{path.name}, line {content.lines['language']}: says language {content['language']!r}; "
                    f"the file name says {language!r}."
                )
            contents[language][path] = content
    return contents


def _text_file(path: Path) -> Any:
    content = read_strict(path)
    _check_shape(TextFileShape, content, path.name)
    return content


# The texts of the item types are part of the program: read once for all instruments.
_engine_texts = lru_cache(maxsize=len(LANGUAGES))(_text_file)


def _stray_texts(instrument: Instrument, files: Mapping[str, Mapping[Path, Any]]) -> Iterator[str]:
    """Keys that nothing shows: most likely a spelling mistake, and the text that was meant is missing."""
    known = {*needed_text_keys(instrument), *optional_text_keys(instrument)}
    engine = {key for contents in files.values() for path, content in contents.items() if path.parent.name == "engine"
              for key in content["texts"]}  # fmt: skip
    for contents in files.values():
        for path, content in contents.items():
            for key in content["texts"]:
                if key not in known and key not in engine:
                    yield f"{path.name}, line {content['texts'].lines[key]}: nothing shows {key}. Correct the key, or remove it."
            for key in content.get("unofficial", []):
                if key not in content["texts"]:
                    yield f"{path.name}, line {content.lines['unofficial']}: {key} is marked unofficial and has no text here."
