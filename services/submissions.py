"""Clearance: the focal point seals a response; the secretariat returns it or grants a reopening; every seal stays verifiable."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from instruments.catalog import canonical_json
from instruments.routing import Finding, find
from instruments.text_cleaning import looks_like_personal_data
from models.base import utc_now
from models.people import OFFICER, Membership, Role, User, UserRole
from models.responses import VISIBILITIES, NationalResponse, QuestionState
from models.submissions import ResponseReturn, Submission
from services.audit import record
from services.outbox import send_later
from services.permissions import Actor
from services.receipts import RECEIPT_FORMAT, key_id, public_key, sign_receipt
from services.responses import OpenResponse

DOCUMENT_FORMAT = "implementation-tracker/submission/1"


class UnreadableItems(Exception):
    """Typed text that cannot be read stands in the way; `item_ids` names the items to correct or clear."""

    def __init__(self, item_ids: list[str]) -> None:
        super().__init__(", ".join(item_ids))
        self.item_ids = item_ids


class NotSubmittable(Exception):
    """The cycle is closed, so nothing can be submitted any more."""


class NotReturnable(Exception):
    """There is nothing to return or reopen: the response is not submitted."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who clears the response, in the words of the declaration, and why it is submitted although findings are open."""

    name: str
    title: str
    anyway_reason: str = ""


def list_findings(opened: OpenResponse) -> list[Finding]:
    """What a careful officer would look at before clearing; none of it blocks."""
    found = find(opened.instrument, opened.values, opened.facts)
    found += [
        Finding("personal_data", item.question_id, item_id) for item_id, item in opened.instrument.items.items()
        if item_id in opened.asked and item_id in opened.stored_values and looks_like_personal_data(opened.answers[item_id].value)
    ]  # fmt: skip
    order = list(opened.instrument.questions)
    return sorted(found, key=lambda finding: order.index(finding.question_id))


def set_visibility(session: Session, opened: OpenResponse, choices: Mapping[str, str]) -> None:
    """Set who may see the answer to each question after submission. Raises ValueError for an unknown visibility or question."""
    for question_id, visibility in choices.items():
        if visibility not in VISIBILITIES or question_id not in opened.instrument.questions:
            raise ValueError(f"{question_id}: {visibility}")
        state = opened.question_states.get(question_id)
        if state is None:
            state = QuestionState(national_response_id=opened.response.id, question_id=question_id)
            opened.question_states[question_id] = state
        state.visibility = visibility
        session.add(state)


def submit(session: Session, opened: OpenResponse, declaration: Declaration, *, private_key: str) -> Submission:
    """Seal the response as it stands. Submitting again while it is submitted gives the same submission, and one mail.

    The response must have been opened with `lock=True`: a save that races this one is either before the seal and in it, or
    after it and kept as a late note. Raises UnreadableItems, NotSubmittable.
    """
    response = opened.response
    latest = latest_submission(session, response.id)
    if response.clearance == "submitted" and latest is not None:
        return latest
    if opened.cycle.closed_at is not None or not opened.has_opened:
        raise NotSubmittable
    unreadable = opened.unreadable()
    if unreadable:
        raise UnreadableItems(unreadable)
    now = utc_now()
    round_ = latest.round + 1 if latest else 1
    number = f"{opened.state.id}-{now:%Y}-{secrets.token_hex(4).upper()}-{round_}"
    document = _document(opened, declaration, number, round_, now)
    document_text = canonical_json(document)
    public = public_key(private_key)
    receipt = {
        "format": RECEIPT_FORMAT, "number": number, "state": opened.state.id, "cycle": opened.cycle.id, "round": round_,
        "instrument_sha256": opened.instrument.sha256, "document_sha256": _sha256(document_text),
        "revisions": response.seq, "head_hash": response.head_hash, "submitted_at": _iso(now), "key_id": key_id(public),
    }  # fmt: skip
    receipt_text, signature = sign_receipt(receipt, private_key)
    submission = Submission(
        number=number, national_response_id=response.id, round=round_, document=document_text,
        sha256=_sha256(document_text), receipt=receipt_text, signature=signature, key_id=key_id(public),
        seq=response.seq, head_hash=response.head_hash, declared_name=declaration.name,
        declared_title=declaration.title, anyway_reason=declaration.anyway_reason, late=opened.is_late,
        submitted_by=opened.actor.user_id, submitted_at=now,
    )  # fmt: skip
    session.add(submission)
    response.clearance = "submitted"
    response.last_activity_at = now
    response.reopen_requested_at, response.reopen_reason = None, ""
    session.add(response)
    record(
        session, "response.submitted", opened.actor.user_id, opened.state.id, number=number, sha256=submission.sha256
    )
    _tell(
        session, opened.response, "submitted_receipt", {"number": number, "sha256": submission.sha256}, officers=False
    )
    _tell(session, opened.response, "submitted", {"number": number}, officers=True)
    return submission


def _document(
    opened: OpenResponse, declaration: Declaration, number: str, round_: int, now: datetime
) -> dict[str, Any]:
    items = opened.instrument.items
    asked = [item_id for item_id in items if item_id in opened.asked]
    return {
        "format": DOCUMENT_FORMAT, "number": number, "state": opened.state.id, "cycle": opened.cycle.id, "round": round_,
        "instrument": {
            "id": opened.instrument.instrument, "version": opened.instrument.version, "sha256": opened.instrument.sha256,
        },
        "submitted_at": _iso(now), "declaration": {"name": declaration.name, "title": declaration.title},
        "facts": opened.facts, "seq": opened.response.seq, "head_hash": opened.response.head_hash, "asked": asked,
        "answers": {
            item_id: {"version": opened.answers[item_id].version, "value": opened.sealed_value(item_id)}
            for item_id in asked if item_id in opened.stored_values
        },
        "visibility": {question_id: opened.visibility(question) for question_id, question in opened.instrument.questions.items()},
        "anyway_reason": declaration.anyway_reason,
        "findings": [f"{entry.item_id or entry.question_id}:{entry.code}" for entry in list_findings(opened)],
        "late": opened.is_late,
    }  # fmt: skip


def latest_submission(session: Session, response_id: str) -> Submission | None:
    """The newest seal of a response: the visible one until the State submits again."""
    statement = select(Submission).where(Submission.national_response_id == response_id)
    return session.exec(statement.order_by(Submission.round.desc())).first()  # type: ignore[attr-defined]


def list_submissions(session: Session, response_id: str) -> list[Submission]:
    """All seals of a response, newest first."""
    statement = select(Submission).where(Submission.national_response_id == response_id)
    return list(session.exec(statement.order_by(Submission.round.desc())))  # type: ignore[attr-defined]


def list_returns(session: Session, response_id: str) -> list[ResponseReturn]:
    """All returns, reopenings and declined requests of a response, newest first."""
    statement = select(ResponseReturn).where(ResponseReturn.national_response_id == response_id)
    return list(session.exec(statement.order_by(ResponseReturn.at.desc())))  # type: ignore[attr-defined]


def return_response(
    session: Session, response: NationalResponse, actor: Actor, reason: str, question_ids: Sequence[str]
) -> ResponseReturn:
    """Give a submitted response back to the State, whole or for named questions, with a reason. The seal stays the visible one.

    Raises NotReturnable when the response is not submitted.
    """
    return _give_back(session, response, actor, "returned", reason, question_ids)


def request_reopening(session: Session, opened: OpenResponse, reason: str) -> None:
    """Ask the secretariat to open a submitted response again. Raises NotReturnable when it is not submitted."""
    if opened.response.clearance != "submitted":
        raise NotReturnable
    opened.response.reopen_requested_at = utc_now()
    opened.response.reopen_reason = reason
    session.add(opened.response)
    record(session, "response.reopening_requested", opened.actor.user_id, opened.state.id)
    _tell(session, opened.response, "reopening_requested", {"reason": reason}, officers=True)


def reopen(session: Session, response: NationalResponse, actor: Actor) -> ResponseReturn:
    """Grant the State's request to open its response again. Raises NotReturnable when there is none."""
    if response.reopen_requested_at is None:
        raise NotReturnable
    return _give_back(session, response, actor, "reopened", response.reopen_reason, [])


def decline_reopening(session: Session, response: NationalResponse, actor: Actor, reason: str) -> None:
    """Decline the State's request with a reason; the seal stands and the State may ask again. Raises NotReturnable without one."""
    if response.reopen_requested_at is None or response.clearance != "submitted":
        raise NotReturnable
    response.reopen_requested_at, response.reopen_reason = None, ""
    session.add(response)
    session.add(ResponseReturn(
        national_response_id=response.id, kind="declined", reason=reason, question_ids=[], by=actor.user_id
    ))  # fmt: skip
    record(session, "response.reopening_declined", actor.user_id, response.state_id)
    _tell(session, response, "reopening_declined", {"reason": reason}, officers=False)


def _give_back(
    session: Session, response: NationalResponse, actor: Actor, kind: str, reason: str, question_ids: Sequence[str]
) -> ResponseReturn:
    if response.clearance != "submitted":
        raise NotReturnable
    response.clearance = "returned"
    response.reopen_requested_at, response.reopen_reason = None, ""
    session.add(response)
    entry = ResponseReturn(
        national_response_id=response.id, kind=kind, reason=reason, question_ids=list(question_ids), by=actor.user_id
    )
    session.add(entry)
    for question_id in question_ids:
        state = session.get(QuestionState, (response.id, question_id)) or QuestionState(
            national_response_id=response.id, question_id=question_id
        )
        state.return_reason, state.ready = reason, False
        session.add(state)
    record(session, f"response.{kind}", actor.user_id, response.state_id, questions=list(question_ids))
    _tell(session, response, kind, {"reason": reason, "questions": list(question_ids)}, officers=False)
    return entry


def _tell(
    session: Session, response: NationalResponse, template: str, context: dict[str, Any], *, officers: bool
) -> None:
    """Put a mail for each officer, or for the State's focal point, into the outbox of this transaction."""
    if officers:
        statement = select(User).where(User.id == UserRole.user_id, UserRole.role_id == Role.id, Role.name == OFFICER)
    else:
        statement = select(User).where(
            User.id == Membership.user_id, Membership.state_id == response.state_id,
            Membership.cycle_id == response.cycle_id, Membership.role == "focal_point", Membership.ended_at == None,  # noqa: E711
        )  # fmt: skip
    facts = {"state_id": response.state_id, "response_id": response.id, **context}
    for person in session.exec(statement):
        if person.active:
            send_later(session, person.email, person.language, template, facts)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
