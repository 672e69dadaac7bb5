"""What an answer is, typed. These are the values between the form and the database; None means not answered."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

REGISTER_KEY = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*(/[0-9A-Za-z_-]{1,40})?")
RegisterKey = Annotated[str, Field(pattern=f"^{REGISTER_KEY.pattern}$")]
"""Names an entry of the State register: an item, and where the item has rows, one of them."""


class Value(BaseModel):
    """A value made of several parts; immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Narrative(Value):
    """A text with the language it is written in (one of the six, or `other`)."""

    text: str
    language: str


class Chosen(Value):
    """The codes chosen from a list, in the list's order, and the words given for "other"."""

    codes: tuple[str, ...] = ()
    other: str = ""


class Amount(Value):
    """A sum of money; the currency is an ISO 4217 code."""

    amount: Decimal
    currency: str


class Period(Value):
    """From the first to the last day, both included."""

    start: date
    end: date


class Difficulties(Value):
    """Kinds of difficulty, and what they are."""

    chosen: Chosen = Chosen()
    text: str = ""


class GoodPractice(Value):
    """A practice in words; `consent` when the State agrees that it is shared."""

    text: str
    consent: bool = False


class Row(Value):
    """One row of a repeatable item; `row_id` is stable for the life of the row.

    `refers_to` is the key of an entry of another paragraph that the row stands for: `op4.laws/3f2a91`.
    """

    row_id: str
    refers_to: RegisterKey | None = None

    @model_serializer(mode="wrap")
    def _without_empty_reference(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Most rows are entries of their own; without the key they are stored as before references existed.
        return {name: value for name, value in write(self).items() if name != "refers_to" or value is not None}


class EvidenceReference(Row):
    """A stored file, as the answer names it; `row_id` is the file's public id."""

    name: str
    media_type: str
    size: int
    sha256: str


class Statistics(Value):
    """Figures by line and year. A cell that is absent was not given; 0 was counted and none found."""

    cells: dict[str, dict[str, Decimal]] = {}
    currency: str = ""
    source: str = ""
    definition: str = ""
    provisional: tuple[str, ...] = ()
    source_from: RegisterKey | Literal[""] = ""
    """The item whose source these figures share, instead of a source of their own."""

    @model_serializer(mode="wrap")
    def _without_empty_reference(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if name != "source_from" or value}


def codes_of(value: Any) -> set[str]:
    """The codes that a value holds: one for a single choice, several for a multiple choice, none for anything else."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, Chosen):
        return set(value.codes)
    if isinstance(value, Difficulties):
        return set(value.chosen.codes)
    return set()


def comparable(value: Any) -> Decimal | date | None:
    """The number or the date that a value can be compared by; None when it has neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, Amount):
        return value.amount
    if isinstance(value, date):
        return value
    if isinstance(value, Period):
        return value.end
    return None
