"""A State's own copy of a submission as JSON, read strictly: the sealed document, alone or in the file of its receipt.

Nothing in it is trusted. What it says is compared with the response by `services.received_answers`; the way back of an offline
workbook has its own reader and can meet the same comparison.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from instruments.text_cleaning import clean_text
from services.received_answers import Received
from services.submissions import DOCUMENT_FORMAT

LARGEST = 4 << 20
"""Bytes. The sealed document of a long response has less than one million."""
DEEPEST = 16
LONGEST_LIST = 1_000
LONGEST_TEXT = 100_000


class UnreadableCopy(Exception):
    """The file is not read; `code` says why and stays the same.

    `no_file`, `too_large`, `not_json`, `too_deep`, `not_own_copy` (JSON of another kind), `exported_answers` (the answers as
    exported, which do not hold an answer exactly).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Answer(_Shape):
    version: int = Field(ge=0, lt=10**9)
    value: Any


class _Instrument(_Shape):
    sha256: str = Field(max_length=64)


class _Document(_Shape):
    format: Literal["implementation-tracker/submission/1"]
    number: str = Field(max_length=40)
    state: str = Field(max_length=8)
    cycle: str = Field(max_length=24)
    instrument: _Instrument
    answers: dict[str, _Answer] = Field(max_length=10_000)


assert DOCUMENT_FORMAT == "implementation-tracker/submission/1"


def read_own_copy(data: bytes) -> Received:
    """What the file says. Raises UnreadableCopy."""
    if not data:
        raise UnreadableCopy("no_file")
    if len(data) > LARGEST:
        raise UnreadableCopy("too_large")
    content = _parse(data.decode("utf-8-sig", "replace"))
    if isinstance(content, dict) and {"about", "facts"} <= set(content):
        raise UnreadableCopy("exported_answers")
    if isinstance(content, dict) and "document" in content and "receipt" in content:
        # The file of a receipt holds the document as the text that was sealed.
        inner = content["document"]
        content = _parse(inner) if isinstance(inner, str) else inner
    try:
        document = _Document.model_validate(content)
    except ValidationError:
        raise UnreadableCopy("not_own_copy") from None
    answers = {
        item_id: (answer.version, _cleaned(answer.value, 0)) for item_id, answer in document.answers.items()
    }  # fmt: skip
    return Received(document.number, document.state, document.cycle, document.instrument.sha256, answers)


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise UnreadableCopy("too_deep") from None
    except ValueError:
        raise UnreadableCopy("not_json") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no key stands twice: of two answers to one item nobody could say which holds."""
    if len({key for key, _value in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _cleaned(value: Any, depth: int) -> Any:
    """The value with its texts as a form would have read them. Raises UnreadableCopy for what no answer holds."""
    if depth > DEEPEST:
        raise UnreadableCopy("too_deep")
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise UnreadableCopy("not_own_copy")
        return clean_text(value)
    if isinstance(value, dict | list) and len(value) > LONGEST_LIST:
        raise UnreadableCopy("not_own_copy")
    if isinstance(value, dict):
        return {clean_text(key): _cleaned(inner, depth + 1) for key, inner in value.items()}
    return [_cleaned(inner, depth + 1) for inner in value] if isinstance(value, list) else value
