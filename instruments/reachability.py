"""Whether an item can ever be asked and a finding ever raised: a search for answers and facts that make it so.

The search goes through the cases of a condition one test at a time and leaves a case as soon as no answer fits all its
tests. What an item can hold is tried out by a few answers: every code, and the numbers and days around those that are
tested. A search that takes too long finds nothing wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise, product
from typing import Any

from instruments.conditions import FACTS, Condition
from instruments.items import Item
from instruments.schema import Instrument, Question
from instruments.typed import FIRST_YEAR, LAST_YEAR
from instruments.values import Amount, Chosen, Period

MOST_STEPS = 20_000
"""Tests that one search looks at."""

ANSWERED = object()
"""Stands for an answer that has neither codes nor a number nor a day."""

_FIRST, _LAST = date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()

Tests = tuple[tuple[Condition, bool], ...]
"""Tests of one item, each with whether it has to hold."""


class _TooMany(Exception):
    """The search takes too long."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What has to be so: the facts that are still possible, and the tests of each item."""

    facts: tuple[Mapping[str, str], ...]
    tests: Mapping[str, Tests]


ALL_FACTS = tuple(dict(zip(FACTS, values, strict=True)) for values in product(*(sorted(FACTS[name]) for name in FACTS)))


class Reachability:
    """The search in one instrument, whose conditions name what exists and go in no circle."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._steps = 0
        self.is_ever_asked = cache(self._is_ever_asked)

    def _is_ever_asked(self, item_id: str) -> bool:
        item = self.instrument.items[item_id]
        return item.asked_if is None or self.can_hold(item.asked_if, self.instrument.questions[item.question_id])

    def can_hold(self, condition: Condition, question: Question) -> bool:
        """Whether some State that is asked the question can give answers with which the condition holds."""
        self._steps = 0
        start = self._addressed(_Case(ALL_FACTS, {}), question)
        try:
            return any(
                True for case in self._cases(condition, True, start) for _full in self._settled(case, frozenset())
            )
        except _TooMany:
            return True

    def is_ever_met(self, test: Condition) -> bool:
        """Whether an item can hold an answer that meets a single test of it."""
        return test.item is None or _fits(self.instrument.items[test.item], ((test, True),))

    def _cases(self, condition: Condition, wanted: bool, case: _Case) -> Iterator[_Case]:
        """The ways in which the condition comes true (or does not), each together with what has to be so already."""
        if condition.not_ is not None:
            yield from self._cases(condition.not_, not wanted, case)
        elif parts := condition.all_ or condition.any_:
            if (condition.all_ is not None) == wanted:
                yield from self._together(parts, wanted, case)
            else:
                for part in parts:
                    yield from self._cases(part, wanted, case)
        else:
            yield from self._with_test(condition, wanted, case)

    def _together(self, parts: tuple[Condition, ...], wanted: bool, case: _Case) -> Iterator[_Case]:
        if not parts:
            yield case
            return
        for first in self._cases(parts[0], wanted, case):
            yield from self._together(parts[1:], wanted, first)

    def _with_test(self, test: Condition, wanted: bool, case: _Case) -> Iterator[_Case]:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _TooMany
        if test.item is None:
            facts = tuple(facts for facts in case.facts if test.holds({}, facts) == wanted)
            if facts:
                yield replace(case, facts=facts)
            return
        tests = (*case.tests.get(test.item, ()), (test, wanted))
        if _fits(self.instrument.items[test.item], tests):
            yield replace(case, tests={**case.tests, test.item: tests})

    def _settled(self, case: _Case, asked: frozenset[str]) -> Iterator[_Case]:
        """The case together with what makes every item asked whose answer it needs."""
        pending = next((item_id for item_id, tests in case.tests.items()
                        if item_id not in asked and not _holds_for(None, item_id, tests)), None)  # fmt: skip
        if pending is None:
            if case.facts:
                yield case
            return
        item = self.instrument.items[pending]
        case = self._addressed(case, self.instrument.questions[item.question_id])
        for more in self._cases(item.asked_if, True, case) if item.asked_if else (case,):
            yield from self._settled(more, asked | {pending})

    @staticmethod
    def _addressed(case: _Case, question: Question) -> _Case:
        return replace(case, facts=tuple(facts for facts in case.facts if question.is_asked_of(facts)))


def _fits(item: Item, tests: Tests) -> bool:
    """Whether one answer, or none, is as all the tests want it."""
    return any(_holds_for(answer, item.id, tests) for answer in _answers(item, tests))


def _holds_for(answer: Any, item_id: str, tests: Tests) -> bool:
    values = {} if answer is None else {item_id: answer}
    return all(test.holds(values, {}) == wanted for test, wanted in tests)


def _answers(item: Item, tests: Tests) -> Iterator[Any]:
    """Answers worth trying: none, every code, or what lies around the tested numbers and days."""
    yield None
    choice_list = item.boxes()
    if choice_list is not None and item.value_type is str:
        yield from choice_list.codes
    elif choice_list is not None:
        # Of several codes the most that no test refuses: if any choice fits, this one does.
        refused = {code for test, wanted in tests if not wanted for code in test.codes()}
        yield Chosen(codes=tuple(code for code in choice_list.codes if code not in refused))
    elif item.value_type in (int, Decimal, Amount):
        yield from _numbers(item, tests)
    elif item.value_type in (date, Period):
        yield from _days(tests)
    else:
        yield ANSWERED


def _numbers(item: Item, tests: Tests) -> Iterator[Decimal]:
    smallest, largest = item.limits()
    tested = {number for test, _wanted in tests for number in (test.at_least, test.at_most) if number is not None}
    points = sorted(tested | {limit for limit in (smallest, largest) if limit is not None} | {Decimal(0)})
    between = [(one + other) / 2 for one, other in pairwise(points)]
    for number in (*points, *between, *(point - 1 for point in points), *(point + 1 for point in points)):
        is_within = (smallest is None or number >= smallest) and (largest is None or number <= largest)
        if is_within and (item.value_type is not int or number == number.to_integral_value()):
            yield number


def _days(tests: Tests) -> Iterator[date]:
    tested = {day.toordinal() for test, _wanted in tests for day in (test.after, test.before) if day is not None}
    near = {day + shift for day in tested for shift in (-1, 0, 1)}
    yield from (date.fromordinal(day) for day in sorted({_FIRST, _LAST, *near}) if _FIRST <= day <= _LAST)
