"""Reads over all States of a cycle, each in one statement however many States there are. None reads an answer of a draft."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.audit import AuditEvent
from models.cycles import Cycle, InstrumentVersion
from models.people import Invitation, Membership, Role, User, UserRole
from models.responses import LateNote, NationalResponse, QuestionState
from models.states import ReportingState
from models.submissions import ResponseReturn, Submission

_select_columns: Any = select
"""`select` itself: its types know four columns at most."""


@dataclass(frozen=True, slots=True)
class Person:
    """A focal point as pages and mails need to know one."""

    state_id: str
    user_id: int
    name: str
    email: str
    language: str
    active: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Seal:
    """The newest submission of a response, without its document."""

    id: str
    response_id: str
    state_id: str
    number: str
    round: int
    submitted_at: datetime
    late: bool


def list_cycles(session: Session) -> list[Cycle]:
    """All cycles: open ones first, newest first."""
    cycles = session.exec(select(Cycle)).all()
    return sorted(cycles, key=lambda cycle: (cycle.closed_at is not None, -cycle.opens_at.timestamp(), cycle.id))


def list_states(session: Session) -> list[ReportingState]:
    """All reporting States, in no order: each language sorts them by their names in it."""
    return list(session.exec(select(ReportingState)))


def list_instrument_versions(session: Session) -> list[str]:
    """The ids of every published instrument version, newest first, without the documents."""
    statement = select(InstrumentVersion.id).order_by(col(InstrumentVersion.published_at).desc())
    return list(session.exec(statement))


def list_responses(session: Session, cycle_id: str) -> list[tuple[NationalResponse, ReportingState]]:
    """The response of every State of the cycle, with the State."""
    statement = select(NationalResponse, ReportingState).where(
        NationalResponse.cycle_id == cycle_id, NationalResponse.state_id == ReportingState.id
    )
    return [(row[0], row[1]) for row in session.exec(statement)]


def count_ready(session: Session, cycle_id: str) -> dict[str, int]:
    """How many questions the team of each response marked ready, by response id; 0 is left out."""
    statement = (
        select(QuestionState.national_response_id, func.count())
        .join(NationalResponse, col(NationalResponse.id) == col(QuestionState.national_response_id))
        .where(NationalResponse.cycle_id == cycle_id, col(QuestionState.ready).is_(True))
        .group_by(col(QuestionState.national_response_id))
    )
    return {row[0]: row[1] for row in session.exec(statement)}


def list_focal_points(session: Session, cycle_id: str) -> dict[str, Person]:
    """The focal point of each State that has one now, by State id."""
    statement = _select_columns(
        Membership.state_id, User.id, User.name, User.email, User.language, User.active, Membership.since
    ).where(
        Membership.user_id == User.id, Membership.cycle_id == cycle_id, Membership.role == "focal_point",
        col(Membership.ended_at).is_(None),
    )  # fmt: skip
    return {row[0]: Person(*row) for row in session.exec(statement)}


def list_open_invitations(session: Session, cycle_id: str) -> list[Invitation]:
    """Invitations of focal points that were neither used nor cancelled, expired ones among them, newest first."""
    statement = select(Invitation).where(
        Invitation.cycle_id == cycle_id, Invitation.role == "focal_point", col(Invitation.used_at).is_(None),
        col(Invitation.cancelled_at).is_(None),
    )  # fmt: skip
    return list(session.exec(statement.order_by(col(Invitation.created_at).desc())))


def list_references(session: Session, cycle_id: str) -> dict[str, str]:
    """The note verbale that named the focal point of each State, as typed with the invitation that was accepted last."""
    statement: Any = select(Invitation.state_id, Invitation.reference).where(
        Invitation.cycle_id == cycle_id, Invitation.role == "focal_point", col(Invitation.used_at).is_not(None)
    )
    return {row[0]: row[1] for row in session.exec(statement.order_by(col(Invitation.used_at)))}


def list_given_back(session: Session, cycle_id: str) -> dict[str, str]:
    """How each response of the cycle was last given back to its State, by response id: `returned` or `reopened`."""
    statement: Any = select(ResponseReturn.national_response_id, ResponseReturn.kind).where(
        ResponseReturn.national_response_id == NationalResponse.id, NationalResponse.cycle_id == cycle_id,
        col(ResponseReturn.kind).in_(("returned", "reopened")),
    )  # fmt: skip
    return {row[0]: row[1] for row in session.exec(statement.order_by(col(ResponseReturn.at)))}


def list_officer_addresses(session: Session) -> frozenset[str]:
    """The addresses of all officers of the secretariat."""
    statement = select(User.email).where(
        User.id == UserRole.user_id, UserRole.role_id == Role.id, Role.name == "officer"
    )
    return frozenset(address.casefold() for address in session.exec(statement))


def list_latest_seals(session: Session, cycle_id: str) -> list[Seal]:
    """The newest submission of each response of the cycle that has one, by State id."""
    later = aliased(Submission)
    newest = (
        select(func.max(later.round))
        .where(later.national_response_id == Submission.national_response_id)
        .scalar_subquery()
    )
    statement = (
        _select_columns(
            Submission.id, Submission.national_response_id, NationalResponse.state_id, Submission.number, Submission.round,
            Submission.submitted_at, Submission.late,
        )
        .where(
            NationalResponse.id == Submission.national_response_id, NationalResponse.cycle_id == cycle_id,
            Submission.round == newest,
        )
        .order_by(NationalResponse.state_id)
    )  # fmt: skip
    return [Seal(*row) for row in session.exec(statement)]


def iterate_documents(session: Session, submission_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(submission id, document) of the named submissions, a few at a time, so that memory stays flat."""
    if not submission_ids:
        return
    statement = select(Submission.id, Submission.document).where(col(Submission.id).in_(submission_ids))
    for row in session.exec(statement.execution_options(yield_per=10)):
        yield row[0], row[1]


def list_offered_notes(session: Session, response_id: str) -> list[tuple[LateNote, str]]:
    """Texts that came too late and that the State passed on, with the author's name, oldest first. Others are not ours to read."""
    statement = select(LateNote, User.name).where(
        LateNote.national_response_id == response_id, LateNote.author_id == User.id, col(LateNote.offered).is_(True)
    )
    return [(row[0], row[1]) for row in session.exec(statement.order_by(col(LateNote.at)))]


def list_events(session: Session, event: str) -> list[AuditEvent]:
    """All acts of one kind, oldest first."""
    return list(session.exec(select(AuditEvent).where(AuditEvent.event == event).order_by(col(AuditEvent.at))))


def names_of_users(session: Session, user_ids: Iterable[int]) -> dict[int, str]:
    """The names of people by id."""
    wanted = sorted(set(user_ids))
    if not wanted:
        return {}
    statement: Any = select(User.id, User.name).where(col(User.id).in_(wanted))
    return {row[0]: row[1] for row in session.exec(statement)}
