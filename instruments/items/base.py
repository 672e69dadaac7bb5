"""What every item type is: one class with every form of an answer (field, JSON, facts, sheet, lines)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from wtforms.fields.core import UnboundField

from instruments.conditions import Condition
from instruments.texts import Text, Texts

if TYPE_CHECKING:
    from instruments.merging import Merging

Json = Any
CellValue = str | int | Decimal | date | None
"""What a cell of the workbook may hold; text stays text, whatever it begins with."""

ITEM_TYPES: dict[str, type[Item]] = {}
"""Every item type by its name in an instrument file."""


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """A named list of codes; `other` is the code with "specify", `exclusive` the codes that exclude all others."""

    name: str
    codes: tuple[str, ...]
    other: str = ""
    exclusive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AskContext:
    """What a form needs to know beside the item: the texts, the statistics years (the last four complete ones), the lists."""

    texts: Texts
    years: tuple[int, ...]


class Fact(NamedTuple):
    """The smallest stated thing: one row of the long sheet. `field` names the part of a composite answer, empty otherwise.

    `label` is the word of the code and empty without one; `field_label` is the name of the part, where it has a name.
    """

    field: str = ""
    field_label: str = ""
    row_id: str = ""
    code: str = ""
    label: str = ""
    text: str = ""
    number: Decimal | int | None = None
    unit: str = ""
    date: date | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the printed answer; `label` names the part, `language` is that of what a person typed."""

    text: str
    label: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """An answer in few words. `head` stands in place of the item's label, such as the year of figures; `is_text` says that the
    lines are words of the State's own, to be quoted or left out."""

    lines: list[Line]
    head: str = ""
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a repeat sheet: a stable id and its head in the language of the workbook."""

    id: str
    label: str


class Item(BaseModel, ABC):
    """One typed field that a State fills. Frozen; unknown keys are refused; subclasses register by `item_type`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_type: ClassVar[str]
    value_type: ClassVar[Any]
    sheet: ClassVar[str] = ""
    """Name of the workbook sheet for repeatable types; empty for the others."""
    register: ClassVar[str] = ""
    """The kind of entry that the type adds to the State register (`law`, `source`, …); empty for most."""
    is_short: ClassVar[bool] = False
    """Whether an answer is codes of one list, one number or one day: what fits a cell of a table with one row for each State."""
    stays_with_round: ClassVar[bool] = False
    """Whether an answer belongs to the round it was given in, and cannot be taken over into a later one."""
    own_texts: ClassVar[tuple[str, ...]] = ()
    """Keys of the engine's texts that every item of the type shows, such as the labels of its parts."""

    id: str = Field(pattern=r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$")
    group: str
    text: str = ""
    detail: bool = False
    """Closed at first, under "Add details"."""
    required: bool = False
    """Only ever raises a finding before clearance; a draft is saved without it."""
    asked_if: Condition | None = None
    lists: dict[str, ChoiceList] = Field(default_factory=dict, exclude=True, repr=False)
    """The lists of the instrument, put in by the loader."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "item_type" in cls.__dict__:
            ITEM_TYPES[cls.item_type] = cls

    def __hash__(self) -> int:
        # By id: an item holds mappings, and within a published instrument its id is all there is to tell apart.
        return hash(self.id)

    @property
    def question_id(self) -> str:
        """The id of the question the item belongs to."""
        return self.id.partition(".")[0]

    @property
    def text_key(self) -> str:
        """The key of the item's label and hint: shared for items of a block."""
        return self.text or self.id

    def label(self, texts: Texts) -> Text:
        """What the item asks, in a few words."""
        return texts(f"{self.text_key}.label")

    def hint(self, texts: Texts) -> Text | None:
        """What a good answer looks like, where that needs saying."""
        return texts.get(f"{self.text_key}.hint")

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.value_type)

    def dump(self, value: Any) -> Json:
        """The value as JSON for the database and the canonical document; None stays None."""
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def load(self, raw: Json) -> Any:
        """The typed value of stored JSON; None stays None. Raises pydantic.ValidationError on JSON of another type."""
        return None if raw is None else self._adapter.validate_python(raw)

    def choice_lists(self) -> tuple[ChoiceList, ...]:
        """The lists whose codes this item can store; for the Choices sheet."""
        return ()

    def boxes(self) -> ChoiceList | None:
        """The list whose codes are printed as boxes to tick on paper; None for items that are written out."""
        return None

    def limits(self) -> tuple[Decimal | None, Decimal | None]:
        """The smallest and the largest number that the item can store; None where there is no such limit."""
        return None, None

    def text_keys(self) -> Iterable[str]:
        """Keys, beside the label, that must have a text before the instrument can be published."""
        yield from self.own_texts
        for choice_list in self.choice_lists():
            yield from (f"list.{choice_list.name}.{code}" for code in choice_list.codes)

    def registered(self, value: Any) -> Iterable[tuple[str, str]]:
        """(key, name) of each entry the answer adds to the State register; references add none."""
        return ()

    def references(self, value: Any) -> Iterable[str]:
        """The keys of the register that the answer refers to."""
        return ()

    def resolve(self, value: Any, values: Mapping[str, Any]) -> Any:
        """The answer with its references filled in from the stored values of the response."""
        return value

    def carry(self, value: Any, values: Mapping[str, Any], renamed: Mapping[str, str]) -> Any:
        """An answer of an earlier round, references filled in, as it stands among the values of this one.

        A reference to what `values` hold too stays a reference; any other becomes an entry of its own. `renamed` gives the
        ids of items that had another one.
        """
        return value

    def as_shared(self, value: Any, threshold: int) -> Any:
        """The answer as it may be shared beyond the State and the secretariat, where the type holds something that may not.

        Counts of persons from 1 to `threshold` - 1 are withheld, and a text that the State has not agreed to share.
        """
        return value

    def merge(self, base: Any, theirs: Any, mine: Any, merging: Merging) -> Any:
        """The answer with two changes to `base`; None is not answered. What both changed is contested with `merging`.

        Types whose answers have parts merge part by part; an answer without parts is one person's or the other's.
        """
        return merging.one("", base, theirs, mine)

    def is_like(self, other: Item) -> bool:
        """Whether answers to the two items, of two versions of a questionnaire, can be compared: both are of one type."""
        return type(other) is type(self)

    def findings(self, value: Any) -> Iterable[str]:
        """Codes of what looks inconsistent inside the answer; none blocks a submission."""
        return ()

    @abstractmethod
    def build_field(self, context: AskContext) -> UnboundField[Any]:
        """The WTForms field: to and from the browser."""

    @abstractmethod
    def facts(self, value: Any, texts: Texts) -> Iterator[Fact]:
        """The answer taken apart, for the long sheet: code and label side by side."""

    @abstractmethod
    def lines(self, value: Any, texts: Texts) -> list[Line]:
        """The answer in words, for the check page, print and the submitted view."""

    def brief(self, value: Any, texts: Texts) -> Brief:
        """The answer in few words, for a passage on a State; no line where the State has not agreed that it is shared."""
        return Brief(self.lines(value, texts))

    def columns(self, texts: Texts) -> tuple[Column, ...]:
        """The columns of this type's own sheet; only for types with a `sheet`."""
        return ()

    def rows(self, value: Any, texts: Texts) -> Iterator[tuple[str, tuple[CellValue, ...]]]:
        """(row id, cells) for this type's own sheet, one per row; only for types with a `sheet`."""
        return iter(())


def paragraph_of(key: str, texts: Texts) -> str:
    """The printed number of the paragraph that an item id, or a key of the State register, belongs to."""
    question_id = key.partition(".")[0]
    number = texts.get(f"{question_id}.number")
    return number.value if number else question_id
