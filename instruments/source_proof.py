"""Prove the Arabic paragraphs of an instrument against the recognized text of its document, letter by letter.

What was corrected and what of the printed layout was left out is listed in `source/corrections.yaml`. Both are undone
here, each exactly as listed; what comes out must be the operative part of `source/ocr.txt`, with nothing left over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from instruments.catalog import SHIPPED, load_instrument
from instruments.loader import read_strict


class SourceMismatch(Exception):
    """The text of an instrument is not that of its document; the message says which paragraph and where."""


class Correction(BaseModel):
    """A misreading: what `ocr.txt` has and what the instrument has instead."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    paragraph: str
    as_printed: str = Field(min_length=1)
    corrected: str = Field(min_length=1)
    reason: str
    confidence: Literal["high", "medium"]


class Normalization(BaseModel):
    """A trait of the printed layout that is not part of a paragraph's text.

    `bullet`, `number` and `letter` stand before the paragraph; `page_break` stands after the words `after`, where the
    text has one space. `outside` and `kept` are statements about what the questionnaire does not show or change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["bullet", "number", "letter", "page_break", "outside", "kept"]
    where: tuple[str, ...] = Field(min_length=1)
    printed: str = ""
    after: str = ""
    letters: dict[str, str] = Field(default_factory=dict)
    what: str


class Corrections(BaseModel):
    """The content of `corrections.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: dict[str, Any]
    ocr_corrections: tuple[Correction, ...]
    layout_normalizations: tuple[Normalization, ...]
    doubts: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProvenParagraph:
    """A paragraph that was found in the document: where it stands (in characters) and which entries were undone."""

    number: str
    start: int
    end: int
    undone: tuple[str, ...]


def read_corrections(path: Path) -> Corrections:
    """The list of corrections. Raises InstrumentError or pydantic.ValidationError when the file cannot be used."""
    return Corrections.model_validate(read_strict(path))


def prove(
    paragraphs: Mapping[str, str], ocr: bytes, corrections: Corrections, sha256: str
) -> tuple[ProvenParagraph, ...]:
    """Where each paragraph (by number, in the document's order) stands in `ocr`. Raises SourceMismatch.

    `sha256` is the pinned digest of `ocr`. The paragraphs must be the whole operative part, to the end of the file.
    """
    if hashlib.sha256(ocr).hexdigest() != sha256:
        raise SourceMismatch("ocr.txt is not the file whose SHA-256 is pinned.")
    source = ocr.decode("utf-8")
    _refuse_unknown(paragraphs, source, corrections)
    proven: list[ProvenParagraph] = []
    for number, text in paragraphs.items():
        printed, undone = _as_printed(number, text, corrections)
        start = _next_start(source, proven[-1].end) if proven else source.find(f"\n{printed}") + 1
        if not source.startswith(printed, start) or (not proven and start == 0):
            raise SourceMismatch(f"Paragraph {number}: {_first_difference(source, start, printed)}")
        end = start + len(printed)
        if end < len(source) and source[end] != "\n":
            raise SourceMismatch(f"Paragraph {number}: the document goes on after “{printed[-30:]}”.")
        proven.append(ProvenParagraph(number, start, end, undone))
    if not proven or source[proven[-1].end :].strip():
        raise SourceMismatch("The document has text after the last paragraph.")
    return tuple(proven)


def prove_folder(folder: Path = SHIPPED) -> tuple[ProvenParagraph, ...]:
    """The proof for the instrument in `folder`. Raises SourceMismatch, and InstrumentError when the files are wrong."""
    instrument = load_instrument(folder)
    texts = instrument.texts[instrument.source_language]
    paragraphs = {question.number: texts[f"{question.id}.paragraph"] for question in instrument.questions.values()}
    corrections = read_corrections(folder / "source" / "corrections.yaml")
    pinned = instrument.document["sha256"]
    if corrections.document["source"]["sha256"] != pinned:
        raise SourceMismatch("corrections.yaml and instrument.yaml pin different SHA-256 values.")
    return prove(paragraphs, (folder / "source" / "ocr.txt").read_bytes(), corrections, pinned)


def _as_printed(number: str, text: str, corrections: Corrections) -> tuple[str, tuple[str, ...]]:
    """The paragraph as the document prints it, and the ids of the entries undone."""
    undone = []
    for correction in corrections.ocr_corrections:
        if correction.paragraph == number:
            text = _replace_once(number, text, correction.corrected, correction.as_printed, correction.id)
            undone.append(correction.id)
    prefix = ""
    for entry in corrections.layout_normalizations:
        if number not in entry.where:
            continue
        if entry.kind == "page_break":
            text = _replace_once(number, text, f"{entry.after} ", f"{entry.after}{entry.printed}", entry.id)
        elif entry.kind in {"bullet", "number", "letter"}:
            letter = entry.letters.get(number, "")
            prefix += entry.printed.replace("{number}", number).replace("{letter}", letter)
        undone.append(entry.id)
    return prefix + text, tuple(undone)


def _replace_once(number: str, text: str, old: str, new: str, entry: str) -> str:
    found = text.count(old)
    if found != 1:
        raise SourceMismatch(
            f"Paragraph {number}: {entry} must be used once; “{old}” stands {found} times in the text."
        )
    return text.replace(old, new)


def _refuse_unknown(paragraphs: Mapping[str, str], source: str, corrections: Corrections) -> None:
    """Refuse entries that the proof would never use."""
    for correction in corrections.ocr_corrections:
        outside = correction.paragraph.startswith(("p", "fn"))
        if not outside and correction.paragraph not in paragraphs:
            raise SourceMismatch(f"{correction.id}: there is no paragraph {correction.paragraph}.")
        if correction.as_printed not in source:
            raise SourceMismatch(f"{correction.id}: “{correction.as_printed}” does not stand in the document.")
    for entry in corrections.layout_normalizations:
        unknown = (
            [] if entry.kind in {"outside", "kept"} else [where for where in entry.where if where not in paragraphs]
        )
        if unknown:
            raise SourceMismatch(f"{entry.id}: there is no paragraph {', '.join(unknown)}.")
        if entry.kind == "letter" and set(entry.letters) != set(entry.where):
            raise SourceMismatch(f"{entry.id}: the letters must be those of the paragraphs under where.")


def _next_start(source: str, end: int) -> int:
    """Where the next line with text begins."""
    return end + len(source[end:]) - len(source[end:].lstrip("\n"))


def _first_difference(source: str, start: int, printed: str) -> str:
    here = source[start : start + len(printed)]
    common = next(_differences(here, printed), min(len(here), len(printed)))
    return f"the document has “{here[common : common + 30]}” where the text has “{printed[common : common + 30]}”."


def _differences(left: str, right: str) -> Iterator[int]:
    return (index for index, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)
