"""The condition language: data in, yes or no out, whatever the answers are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from instruments.conditions import FACTS, Condition, resolve
from instruments.values import Amount, Chosen, Difficulties, Narrative, Period
from tests.instruments.answers import facts
from tests.instruments.examples import EXAMPLES

ITEMS = ["op1.a", "op1.b", "op2.c"]
CODES = ["yes", "no", "partly"]
NO_FACTS: dict[str, str] = {}

tests_of_items = st.one_of(
    st.fixed_dictionaries({"item": st.sampled_from(ITEMS), "is": st.sampled_from(CODES)}),
    st.fixed_dictionaries(
        {"item": st.sampled_from(ITEMS), "in": st.lists(st.sampled_from(CODES), min_size=1, max_size=3)}
    ),
    st.fixed_dictionaries({"item": st.sampled_from(ITEMS), "answered": st.sampled_from(["yes", "no"])}),
    st.fixed_dictionaries({"item": st.sampled_from(ITEMS), "at_least": st.integers(-5, 5).map(str)}),
    st.fixed_dictionaries({"item": st.sampled_from(ITEMS), "at_most": st.decimals(-5, 5, places=1).map(str)}),
    st.fixed_dictionaries({"item": st.sampled_from(ITEMS), "after": st.dates().map(str)}),
    st.fixed_dictionaries({"item": st.sampled_from(ITEMS), "before": st.dates().map(str)}),
)
tests_of_facts = st.sampled_from(sorted(FACTS)).flatmap(
    lambda name: st.fixed_dictionaries({"fact": st.just(name), "is": st.sampled_from(sorted(FACTS[name]))})
)
raw_conditions = st.recursive(
    tests_of_items | tests_of_facts,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"all": some}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"any": some}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=8,
)
conditions = raw_conditions.map(Condition.model_validate)
# A value of any type may stand behind any test: an instrument is checked, the values of an older one are not.
any_value = st.one_of(
    st.sampled_from([*CODES, *(example.value for example in EXAMPLES.values())]),
    st.integers(-6, 6), st.decimals(-6, 6, places=1), st.dates(), st.booleans(),
    st.lists(st.sampled_from(CODES), unique=True).map(lambda codes: Chosen(codes=tuple(codes))),
)  # fmt: skip
values = st.dictionaries(st.sampled_from(ITEMS), any_value)


def check(raw: dict[str, Any], answers: dict[str, Any], known: dict[str, str] | None = None) -> bool:
    """Whether the condition, written as in the file, holds."""
    return Condition.model_validate(raw).holds(answers, known or NO_FACTS)


@given(conditions, values, facts)
def test_a_condition_holds_or_does_not_and_never_raises(
    condition: Condition, answers: dict[str, Any], known: dict[str, str]
) -> None:
    assert condition.holds(answers, known) in {True, False}
    assert condition.holds(answers, NO_FACTS) in {True, False}


@given(conditions, conditions, values, facts)
def test_combinations_follow_logic(
    one: Condition, two: Condition, answers: dict[str, Any], known: dict[str, str]
) -> None:
    first, second = one.holds(answers, known), two.holds(answers, known)
    assert Condition(all_=(one, two)).holds(answers, known) == (first and second)
    assert Condition(any_=(one, two)).holds(answers, known) == (first or second)
    assert Condition(not_=one).holds(answers, known) == (not first)


@given(raw_conditions)
def test_a_condition_comes_back_from_json_as_it_was(raw: dict[str, Any]) -> None:
    condition = Condition.model_validate(raw)
    again = Condition.model_validate_json(condition.model_dump_json(by_alias=True, exclude_none=True))
    assert again == condition
    assert set(condition.items()) == {test.item for test in condition.tests() if test.item}


@given(conditions, values)
def test_only_the_items_named_can_change_the_result(condition: Condition, answers: dict[str, Any]) -> None:
    named = {item_id: value for item_id, value in answers.items() if item_id in set(condition.items())}
    assert condition.holds(named, NO_FACTS) == condition.holds(answers, NO_FACTS)


@given(tests_of_items)
def test_no_comparison_holds_with_something_not_answered(raw: dict[str, Any]) -> None:
    assert check(raw, {}) == (raw.get("answered") == "no")
    assert check(raw, {raw["item"]: None}) == (raw.get("answered") == "no")


@pytest.mark.parametrize(
    ("raw", "value", "holds"),
    [
        ({"is": "yes"}, "yes", True), ({"is": "yes"}, "no", False), ({"in": ["yes", "partly"]}, "partly", True),
        ({"is": "a"}, Chosen(codes=("a", "b")), True), ({"in": ["c", "b"]}, Chosen(codes=("a", "b")), True), ({"is": "c"}, Chosen(codes=("a",)), False),
        ({"is": "data"}, Difficulties(chosen=Chosen(codes=("data",))), True), ({"is": "yes"}, Narrative(text="yes", language="en"), False),
        ({"at_least": "4"}, 4, True), ({"at_least": "4"}, Decimal("3.9"), False), ({"at_most": "0.5"}, 0, True), ({"at_most": "0.5"}, 1, False),
        ({"at_least": "4"}, Amount(amount=Decimal(5), currency="EUR"), True), ({"at_least": "0"}, "5", False), ({"at_least": "0"}, True, False),
        ({"after": "2020-10-15"}, date(2020, 10, 16), True), ({"after": "2020-10-15"}, date(2020, 10, 15), False),
        ({"before": "2020-10-15"}, date(2020, 10, 14), True), ({"before": "2020-10-15"}, 5, False), ({"at_least": "1"}, date(2020, 1, 1), False),
        ({"after": "2025-01-01"}, Period(start=date(2024, 1, 1), end=date(2025, 6, 1)), True), ({"answered": "yes"}, 0, True), ({"answered": "no"}, 0, False),
    ],
)  # fmt: skip
def test_single_tests(raw: dict[str, Any], value: Any, holds: bool) -> None:
    assert check({"item": "op1.a", **raw}, {"op1.a": value}) is holds


@pytest.mark.parametrize(
    "raw",
    [
        {}, {"item": "a"}, {"is": "yes"}, {"item": "a", "is": "x", "in": ["x"]}, {"item": "a", "fact": "kind", "is": "reio"}, {"item": "a", "in": []},
        {"all": []}, {"any": []}, {"all": [{"item": "a", "is": "x"}], "answered": "yes"}, {"not": {}}, {"fact": "party_status", "is": "maybe"},
        {"fact": "kind", "answered": "yes"}, {"fact": "colour", "is": "red"}, {"item": "a", "at_least": "many"}, {"item": "a", "at_least": "NaN"},
        {"item": "a", "after": "soon"}, {"item": "a", "answered": "perhaps"}, {"item": "a", "equals": "x"}, {"all": {"item": "a", "is": "x"}},
        {"all": "x"}, {"item": "a", "in": "xyz"}, {"item": "a", "is": ["x"]},
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(raw)


def test_names_of_a_block_are_replaced_wherever_they_stand() -> None:
    raw = {
        "any": [
            {"item": "$headline", "is": "yes"},
            {"not": {"item": "$laws", "answered": "yes"}},
            {"item": "op9.x", "is": "$5"},
        ]
    }
    assert resolve(raw, lambda aspect: f"op4.{aspect}") == {
        "any": [
            {"item": "op4.headline", "is": "yes"},
            {"not": {"item": "op4.laws", "answered": "yes"}},
            {"item": "op9.x", "is": "$5"},
        ]
    }
