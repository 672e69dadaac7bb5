"""Conditions: when an item is asked and when a finding is raised. Data, parsed once; nothing is ever executed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from instruments.values import codes_of, comparable

Values = Mapping[str, Any]
"""Typed values by item id. An item that is not answered has no entry."""

Facts = Mapping[str, str]
"""What is known about the reporting State: `party_status` and `kind`."""

FACTS: dict[str, frozenset[str]] = {
    "party_status": frozenset({"party", "not_party", "unknown"}),
    "kind": frozenset({"member_state", "observer_state", "reio"}),
}
"""The values of each fact."""


class Condition(BaseModel):
    """One test, or a combination of tests. Exactly one form is filled.

    `item` with one of `is`, `in`, `answered`, `at_least`, `at_most`, `after`, `before`; `fact` with `is` or `in`;
    or `all`, `any`, `not`. On a multiple choice `is` and `in` mean that one of the codes is among those chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    item: str | None = None
    fact: Literal["party_status", "kind"] | None = None
    is_: str | None = Field(None, alias="is")
    in_: tuple[str, ...] | None = Field(None, alias="in")
    answered: bool | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    after: date | None = None
    before: date | None = None
    all_: tuple[Condition, ...] | None = Field(None, alias="all")
    any_: tuple[Condition, ...] | None = Field(None, alias="any")
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_form(self) -> Condition:
        subjects = [name for name in ("item", "fact", "all_", "any_", "not_") if getattr(self, name) is not None]
        if len(subjects) != 1:
            raise ValueError("a condition has exactly one of: item, fact, all, any, not")
        names = ("is_", "in_", "answered", "at_least", "at_most", "after", "before")
        tests = [name for name in names if getattr(self, name) is not None]
        wanted = 1 if subjects[0] in {"item", "fact"} else 0
        if len(tests) != wanted:
            raise ValueError("a condition on an item or a fact has exactly one test, a combination has none")
        if any(getattr(self, name) == () for name in ("in_", "all_", "any_")):
            raise ValueError("in, all and any name at least one entry")
        if self.fact is not None:
            if tests[0] not in {"is_", "in_"}:
                raise ValueError("a fact is tested with is or in")
            if unknown := self.codes() - FACTS[self.fact]:
                raise ValueError(f"{self.fact} is never {' or '.join(sorted(unknown))}")
        return self

    def codes(self) -> set[str]:
        """The codes that `is` or `in` names."""
        return {self.is_} if self.is_ is not None else set(self.in_ or ())

    def holds(self, values: Values, facts: Facts) -> bool:
        """Whether the condition holds for these values; a comparison with something not answered does not."""
        if self.all_ is not None:
            return all(condition.holds(values, facts) for condition in self.all_)
        if self.any_ is not None:
            return any(condition.holds(values, facts) for condition in self.any_)
        if self.not_ is not None:
            return not self.not_.holds(values, facts)
        if self.fact is not None:
            return facts.get(self.fact) in self.codes()
        value = values.get(self.item or "")
        if self.answered is not None:
            return (value is not None) == self.answered
        if value is None:
            return False
        if self.is_ is not None or self.in_ is not None:
            return bool(codes_of(value) & self.codes())
        return self._compare(comparable(value))

    def _compare(self, value: Decimal | date | None) -> bool:
        if isinstance(value, Decimal):
            if self.at_least is not None:
                return value >= self.at_least
            return self.at_most is not None and value <= self.at_most
        if isinstance(value, date):
            if self.after is not None:
                return value > self.after
            return self.before is not None and value < self.before
        return False

    def words(self) -> str:
        """What a single test looks for, as it stands in the file: `at_least: 5`."""
        given = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"item", "fact"})
        return ", ".join(f"{key}: {value}" for key, value in given.items())

    def tests(self) -> Iterator[Condition]:
        """The single tests that the condition is made of."""
        if self.item is not None or self.fact is not None:
            yield self
        for condition in (*(self.all_ or ()), *(self.any_ or ()), *((self.not_,) if self.not_ else ())):
            yield from condition.tests()

    def items(self) -> Iterator[str]:
        """The ids of all items the condition looks at."""
        yield from (test.item for test in self.tests() if test.item is not None)


def resolve(raw: Any, name: Callable[[str], str]) -> Any:
    """The raw condition with every `$aspect` replaced by the item id that `name` gives; used to expand blocks."""
    if isinstance(raw, dict):
        return {key: (name(value[1:]) if key == "item" and str(value).startswith("$") else resolve(value, name))
                for key, value in raw.items()}  # fmt: skip
    if isinstance(raw, list):
        return [resolve(entry, name) for entry in raw]
    return raw
