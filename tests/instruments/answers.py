"""Invented answers to an instrument, for tests that need many different ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from instruments.conditions import FACTS
from instruments.items import Item
from instruments.schema import Instrument
from instruments.values import Chosen, Difficulties, Statistics
from tests.instruments.examples import EXAMPLES

facts = st.fixed_dictionaries({name: st.sampled_from(sorted(values)) for name, values in FACTS.items()})


def value_of(item: Item, codes: tuple[str, ...]) -> Any:
    """An answer to the item; of its list's codes, those given (the first one where only one can be chosen)."""
    kind = EXAMPLES[item.item_type].value
    if isinstance(kind, Chosen):
        return Chosen(codes=codes)
    if isinstance(kind, Difficulties):
        return Difficulties(chosen=Chosen(codes=codes), text="")
    if isinstance(kind, Statistics):
        return Statistics(source="Register")
    if isinstance(kind, int | Decimal) and codes and codes[0]:
        return type(kind)(codes[0])
    return codes[0] if item.boxes() else kind


def values_for(instrument: Instrument) -> st.SearchStrategy[dict[str, Any]]:
    """Answers to any of the items."""

    def one(item: Item) -> st.SearchStrategy[Any]:
        choice_list = item.boxes()
        if choice_list is None:
            return st.sampled_from([None, value_of(item, ())])
        codes = st.lists(st.sampled_from(choice_list.codes), min_size=1, max_size=3, unique=True)
        return st.none() | codes.map(lambda chosen: value_of(item, tuple(chosen)))

    given = st.fixed_dictionaries(
        {item.id: one(item) for item in instrument.items.values() if used(instrument, item.id)}
    )
    return given.map(lambda values: {item_id: value for item_id, value in values.items() if value is not None})


def used(instrument: Instrument, item_id: str) -> bool:
    """Whether a condition or a finding looks at the item; the others cannot change what is asked."""
    conditions = [item.asked_if for item in instrument.items.values() if item.asked_if]
    return any(
        item_id in condition.items() for condition in (*conditions, *(rule.when for rule in instrument.findings))
    )
