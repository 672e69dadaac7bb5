"""What is asked, given what is answered; and the one definition of progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from instruments.conditions import Facts
from instruments.items import Item
from instruments.schema import Instrument, Question


def asked_item_ids(instrument: Instrument, values: Mapping[str, Any], facts: Facts) -> frozenset[str]:
    """The ids of all items asked of this State, given the typed values of the whole response.

    An item that is not asked counts as not answered in other conditions; its answer is kept and comes back with it.
    """
    asked: dict[str, bool] = {}
    asked_values: dict[str, Any] = {}

    def settle(item: Item, question: Question) -> bool:
        if item.id not in asked:
            is_asked = question.is_asked_of(facts)
            if is_asked and item.asked_if is not None:
                for other in item.asked_if.items():
                    settle(instrument.items[other], instrument.questions[instrument.items[other].question_id])
                is_asked = item.asked_if.holds(asked_values, facts)
            asked[item.id] = is_asked
            if is_asked and values.get(item.id) is not None:
                asked_values[item.id] = values[item.id]
        return asked[item.id]

    for question in instrument.questions.values():
        for item in question.items:
            settle(item, question)
    return frozenset(item_id for item_id, is_asked in asked.items() if is_asked)


@dataclass(frozen=True, slots=True)
class Progress:
    """*Answered of asked*: how many of the items that are asked and open at first (not under "Add details") are answered."""

    answered: int
    asked: int


def counts_for_progress(item: Item) -> bool:
    """Whether the item counts: those under "Add details" are welcome but nobody waits for them."""
    return not item.detail


def progress(items: Iterable[Item], asked: frozenset[str], values: Mapping[str, Any]) -> Progress:
    """The progress over some items (of a question, or of the whole response)."""
    counted = [item for item in items if item.id in asked and counts_for_progress(item)]
    return Progress(sum(values.get(item.id) is not None for item in counted), len(counted))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at before clearance: a missing required item or an inconsistency. None blocks a submission."""

    code: str
    question_id: str
    item_id: str = ""


def find(instrument: Instrument, values: Mapping[str, Any], facts: Facts) -> list[Finding]:
    """All findings of a response, in instrument order."""
    asked = asked_item_ids(instrument, values, facts)
    asked_values = {item_id: value for item_id, value in values.items() if item_id in asked and value is not None}
    found = []
    rules: dict[str, list[str]] = {}
    for rule in instrument.findings:
        if rule.when.holds(asked_values, facts):
            rules.setdefault(rule.question, []).append(rule.code)
    for question in instrument.questions.values():
        if question.is_asked_of(facts):
            found += [Finding(code, question.id) for code in rules.get(question.id, ())]
        for item in question.items:
            if item.id in asked_values:
                found += [Finding(code, question.id, item.id) for code in item.findings(asked_values[item.id])]
    return found


def missing_items(question: Question, asked: frozenset[str], values: Mapping[str, Any]) -> list[Item]:
    """Items that clearance would like answered and that are not: the required ones, and the headline."""
    return [
        item
        for item in question.items
        if item.id in asked and (item.required or item.id == question.headline) and values.get(item.id) is None
    ]
