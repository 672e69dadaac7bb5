"""What a State answered in an earlier round, beside the questions of this one. It counts only once a person takes it over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, select

from instruments.catalog import canonical_json
from instruments.items import Item
from instruments.items.fields import LARGEST_NUMBER
from instruments.items.narrative import LANGUAGES as ANSWER_LANGUAGES
from instruments.register import resolve_references
from instruments.routing import asked_item_ids
from instruments.schema import Instrument, Question
from instruments.texts import Texts
from models.base import utc_now
from models.export_queries import CycleRecord, find_cycle_record, find_previous_cycle
from models.responses import NationalResponse
from models.submissions import Submission
from services.answers import Edit, SaveResult, save_answers
from services.instruments import get_instrument
from services.responses import OpenResponse
from services.submissions import latest_submission

CHANNEL = "import"
"""Where a revision came from that holds an answer given before."""


class AlteredSubmission(Exception):
    """The earlier submission differs from its fingerprint, so nothing of it is offered; the message is its number."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """An earlier answer that no item of this round can take as it is.

    `reason` is `dropped` (no such item any more), `type` (another type of answer), `choices` (something of it can no longer be
    given), `files` (files stay with the round they were given in) or `unreadable` (no answer of that type, and then no value; never
    so in a submission that is whole). `item` is that of the earlier questionnaire.
    """

    item: Item
    value: Any
    reason: str


@dataclass(frozen=True, slots=True)
class EarlierAnswers:
    """The State's newest submission of an earlier round, as far as it concerns what was asked for."""

    cycle_title: str
    number: str
    submitted_at: datetime
    instrument: Instrument
    answers: Mapping[str, Any] = field(default_factory=dict)
    """Typed values by the item of this round, with their references filled in."""
    left: tuple[LeftBehind, ...] = ()


def find_earlier(session: Session, opened: OpenResponse, question: Question | None = None) -> EarlierAnswers | None:
    """What the State submitted in the last round before this one in which it did; for one question or for all.

    None when there is no such submission. Only the State of the response is looked for,
    and only what the person may see. Raises AlteredSubmission.
    """
    found = _last_submission(session, opened)
    if found is None:
        return None
    cycle, submission = found
    if hashlib.sha256(submission.document.encode("utf-8", "surrogatepass")).hexdigest() != submission.sha256:
        raise AlteredSubmission(submission.number)
    before = get_instrument(session, cycle.instrument_version_id)
    answers, left = match_answers(
        json.loads(submission.document)["answers"], before, opened.instrument, question.id if question else None
    )
    return EarlierAnswers(
        cycle.title, submission.number, submission.submitted_at, before,
        {item_id: value for item_id, value in answers.items() if opened.may_read(opened.instrument.items[item_id].question_id)},
        tuple(entry for entry in left if opened.may_read(entry.item.question_id)),
    )  # fmt: skip


def _last_submission(session: Session, opened: OpenResponse) -> tuple[CycleRecord, Submission] | None:
    cycle = find_cycle_record(session, opened.cycle.id)
    while cycle is not None and (cycle := find_previous_cycle(session, cycle)) is not None:
        response_id = session.exec(
            select(NationalResponse.id).where(
                NationalResponse.cycle_id == cycle.id, NationalResponse.state_id == opened.state.id
            )
        ).first()
        submission = latest_submission(session, response_id) if response_id else None
        if submission is not None:
            return cycle, submission
    return None


def match_answers(
    answers: Mapping[str, Any], before: Instrument, now: Instrument, question_id: str | None = None
) -> tuple[dict[str, Any], tuple[LeftBehind, ...]]:
    """Sealed answers (`{"value": JSON}` by item id of `before`) by the items of `now`, and those that none can take."""
    texts = before.texts_in(before.source_language)
    matched: dict[str, Any] = {}
    left = []
    for item_id, item in before.items.items():
        new = now.items.get(now.renamed.get(item_id, item_id))
        if item_id not in answers or (question_id and question_id != (new or item).question_id):
            continue
        raw = answers[item_id]["value"]
        if not is_readable(raw, item, texts):
            left.append(LeftBehind(item, None, "unreadable"))
            continue
        reason = why_not(raw, item, new, texts)
        if reason or new is None:
            left.append(LeftBehind(item, item.load(raw), reason))
        else:
            matched[new.id] = new.load(raw)
    order = {item_id: place for place, item_id in enumerate(now.items)}
    return dict(sorted(matched.items(), key=lambda entry: order[entry[0]])), tuple(left)


def is_readable(raw: Any, item: Item, texts: Texts) -> bool:
    """Whether JSON that may come from anywhere is an answer to the item, within what its form could have taken."""
    try:
        facts = list(item.facts(item.load(raw), texts))
        item.lines(item.load(raw), texts)
    except (ValidationError, LookupError, ValueError, TypeError, ArithmeticError):
        return False
    numbers = [fact.number for fact in facts if fact.number is not None]
    languages = {fact.language for fact in facts} - {"", *ANSWER_LANGUAGES.codes}
    return bool(facts) and not languages and all(abs(Decimal(number)) < LARGEST_NUMBER for number in numbers)


def why_not(raw: Any, before: Item, now: Item | None, texts: Texts) -> str:
    """Why an answer to one item cannot stand as one to the other, as in `LeftBehind`; empty when it can."""
    if now is None:
        return "dropped"
    if not now.is_like(before):
        return "type"
    if now.stays_with_round:
        return "files"
    try:
        same = _stated(before, raw, texts) == _stated(now, raw, texts)
    except (ValidationError, LookupError, ValueError):
        return "choices"
    gone = _codes(before) - _codes(now)
    return "" if same and not any(fact[2] in gone for fact in _stated(before, raw, texts)) else "choices"


def _stated(item: Item, raw: Any, texts: Texts) -> list[tuple[object, ...]]:
    """The answer's facts without words: what one version would say and another would not, the value would silently lose."""
    return [
        (fact.field, fact.row_id, fact.code, fact.text, fact.number, fact.unit, fact.date, fact.language)
        for fact in item.facts(item.load(raw), texts)
    ]


def _codes(item: Item) -> frozenset[str]:
    return frozenset(code for choice_list in item.choice_lists() for code in choice_list.codes)


def is_blank(opened: OpenResponse, item_id: str) -> bool:
    """Whether nobody has answered the item in this round or typed anything there."""
    answer = opened.answers.get(item_id)
    return answer is None or (answer.value is None and answer.typed is None)


def is_same(opened: OpenResponse, item_id: str, value: Any) -> bool:
    """Whether the item is answered in this round as this value says."""
    dump = opened.instrument.items[item_id].dump
    return item_id in opened.values and canonical_json(dump(opened.values[item_id])) == canonical_json(dump(value))


def carried(opened: OpenResponse, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an earlier round as they stand among the answers of this one when all of them are taken over."""
    among = {**opened.stored_values, **values}
    items = opened.instrument.items
    return {item_id: items[item_id].carry(value, among, opened.instrument.renamed) for item_id, value in values.items()}


def take_over(
    session: Session, opened: OpenResponse, values: Mapping[str, Any], *, bases: Mapping[str, int], idempotency_key: str
) -> SaveResult:
    """Store values of an earlier round as answers of this one. The response must have been opened with `lock=True`.

    Only what is asked, given these values too, and is the person's to answer is stored. An item that is named in `bases` is replaced if it still has that
    version, and is a conflict otherwise; any other only if it is blank. A response that takes no edits gives `locked`.
    """
    if not opened.is_editable:
        return SaveResult({}, [], utc_now(), opened.response.seq, locked=True)
    chosen = {
        item_id: value for item_id, value in values.items() if item_id in bases or is_blank(opened, item_id)
    }  # fmt: skip
    ready = carried(opened, chosen)
    among = resolve_references(opened.instrument, {**opened.stored_values, **ready})
    asked = asked_item_ids(opened.instrument, among, opened.facts)
    edits = [
        Edit(item_id, bases.get(item_id, _version(opened, item_id)), opened.instrument.items[item_id].dump(value))
        for item_id, value in ready.items() if item_id in asked and opened.may_edit(item_id)
    ]  # fmt: skip
    return save_answers(session, opened, edits, idempotency_key=idempotency_key, channel=CHANNEL)


def _version(opened: OpenResponse, item_id: str) -> int:
    answer = opened.answers.get(item_id)
    return answer.version if answer else 0


def in_questions(instrument: Instrument, question_ids: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the items of some questions."""
    wanted = set(question_ids)
    return {item_id: value for item_id, value in values.items() if instrument.items[item_id].question_id in wanted}
