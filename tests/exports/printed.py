"""Documents for tests: any answers of an invented State, as a draft or as a submission, and what is written in a Word file."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from exports.document import DocumentSource, Seal
from instruments.catalog import load_instrument
from instruments.routing import asked_item_ids
from tests.exports.builders import random_values

MOMENT = datetime(2026, 6, 30, 14, 2, tzinfo=UTC)
SEAL = Seal("XAA-2026-0A1B2C3D-1", "ab" * 32, MOMENT, "Amina Diallo", "Head of unit", False)
NAMES = {"en": "Aldovia", "ar": "ألدوفيا", "zh": "阿尔多维亚", "fr": "Aldovie", "ru": "Альдовия", "es": "Aldovia"}


def make_source(
    values: Mapping[str, Any] | None = None, *, submitted: bool = False, seed: int = 3, **given: Any
) -> DocumentSource:
    """Random answers to everything, or the values given."""
    instrument = load_instrument()
    values = random_values(instrument, random.Random(seed), 0.4) if values is None else values
    asked = asked_item_ids(instrument, values, {"party_status": "unknown", "kind": "member_state"})
    filled: dict[str, Any] = {
        "instrument": instrument, "state_id": "XAA", "state_names": NAMES, "cycle_title": "First round", "values": values,
        "asked": asked, "seal": SEAL if submitted else None, "moment": MOMENT, **given,
    }  # fmt: skip
    return DocumentSource(**filled)


def read_word(content: bytes) -> WordDocument:
    """The file as the library reads it."""
    return Document(io.BytesIO(content))


def words(book: WordDocument) -> list[str]:
    """The text of every paragraph outside tables."""
    return [paragraph.text for paragraph in book.paragraphs]


def head(book: WordDocument) -> list[str]:
    """The lines in the head of the pages."""
    return [paragraph.text for paragraph in book.sections[0].header.paragraphs]


def has_watermark(book: WordDocument) -> bool:
    """Whether words stand across the pages."""
    return "textpath" in book.sections[0].header._element.xml


def is_right_to_left(paragraph: Paragraph) -> bool:
    """Whether the paragraph begins at the right."""
    flag = paragraph._p.find(f"{qn('w:pPr')}/{qn('w:bidi')}")
    return flag is not None and flag.get(qn("w:val")) != "0"


def runs(paragraph: Paragraph) -> Iterator[tuple[str, bool]]:
    """(text, whether it is marked as running from right to left)."""
    for run in paragraph.runs:
        yield run.text, bool(run.font.rtl)
