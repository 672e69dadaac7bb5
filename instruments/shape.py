"""The shape of instrument files and of published documents, checked before anything is made of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Words = Annotated[str, Field(min_length=1)]
Condition = dict[str, Any]
"""Parsed by `instruments.conditions` once the blocks are expanded."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListShape(_Shape):
    """A choice list."""

    codes: list[Words] = Field(min_length=1)
    other: str = ""
    exclusive: list[str] = []


class BlockUse(_Shape):
    """An entry of a question that stands for the items of a block."""

    block: Words
    only: list[str] = []
    without: list[str] = []


class _Open(BaseModel):
    """What an item type asks for is checked by the type; the keys that the reader fills itself are refused here."""

    model_config = ConfigDict(extra="allow")

    type: Words
    asked_if: Condition | None = None

    @model_validator(mode="after")
    def _no_reserved_keys(self) -> _Open:
        if "lists" in (self.model_extra or {}):
            raise ValueError("an item has no key lists; name one list with the key list")
        return self


class ItemShape(_Open):
    """An item."""

    id: Words


class BlockItemShape(_Open):
    """An item of a block: its id is made of the question's id and the aspect."""

    aspect: Words


def _kind(raw: Any) -> str:
    return "block" if isinstance(raw, dict | BlockUse) and "block" in dict(raw) else "item"


Entry = Annotated[
    Annotated[BlockUse, Tag("block")] | Annotated[ItemShape, Tag("item")],
    Discriminator(_kind),
]


class QuestionShape(BaseModel):
    """A question; its own keys are checked by `schema.Question`."""

    model_config = ConfigDict(extra="allow")

    id: Words
    headline: str = ""
    items: list[Entry] = []


class SectionShape(_Shape):
    """A section."""

    id: Words
    questions: list[QuestionShape]


class FindingShape(_Shape):
    """A consistency rule of a block or of one question."""

    code: Words
    block: str = ""
    question: str = ""
    when: Condition

    @model_validator(mode="after")
    def _one_place(self) -> FindingShape:
        if bool(self.block) == bool(self.question):
            raise ValueError("a finding names either a block or a question")
        return self


class StructureShape(_Shape):
    """The content of `instrument.yaml`, or of a published document (where the blocks are expanded)."""

    instrument: Words
    version: Words
    source_language: Words
    document: dict[str, str] = {}
    lists: dict[str, ListShape] = {}
    groups: list[Words]
    blocks: dict[str, list[BlockItemShape]] = {}
    sections: list[SectionShape]
    findings: list[FindingShape] = []


class TextFileShape(_Shape):
    """The content of `text.<language>.yaml`."""

    language: Words
    instrument: Words = ""
    version: Words = ""
    """Of which instrument and version the texts are; a file that says so is refused beside another one."""
    texts: dict[str, str]
    of: dict[str, str] = {}
    """By key: digest of the source text that was translated."""
    reviewed: dict[str, str] = {}
    """By key: digest of the source text and the translation that a person has reviewed."""
    unofficial: list[str] = []


class CrosswalkShape(_Shape):
    """The content of `crosswalk.yaml`: items that earlier versions had under another id."""

    renamed: dict[str, Words]
    """By the id in an earlier version, whichever: the id in this one."""


class DocumentShape(_Shape):
    """A document to publish."""

    structure: StructureShape
    texts: dict[str, dict[str, str]]
    unofficial: dict[str, list[str]] = {}
    renamed: dict[str, str] = {}
