"""What the workbook reads: core columns, never objects, in a fixed number of queries whatever the number of States.

Of a draft only progress and dates are read. Answers come from sealed documents alone.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Subquery, func
from sqlmodel import Session, col, select

from models.audit import AuditEvent
from models.cycles import Cycle, InstrumentVersion
from models.people import Invitation
from models.queries import count_ready, list_focal_points, list_given_back
from models.responses import EvidenceFile, NationalResponse, QuestionState
from models.states import ReportingState
from models.submissions import Submission

_select_columns: Any = select
"""`select` itself: its types know four columns at most."""
REMINDED = "reminder.sent"
"""The act that `services.reminders` puts on record."""


@dataclass(frozen=True, slots=True)
class CycleRecord:
    """The round of reporting that is exported."""

    id: str
    title: str
    instrument_version_id: str
    opens_at: datetime
    deadline: datetime
    deadline_zone: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealRecord:
    """The latest submission of a response, without its document."""

    submission_id: str
    number: str
    round: int
    sha256: str
    submitted_at: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class StateRecord:
    """One reporting State in the cycle: who it is, how far its work is, and its latest seal if it has one."""

    response_id: str
    state_id: str
    m49: str
    kind: str
    region: str
    names: dict[str, str]
    party_status: str
    party_since: date | None
    invited_at: datetime | None
    clearance: str
    deadline: datetime
    is_extended: bool
    answered: int
    asked: int
    questions_ready: int
    started_at: datetime | None
    last_activity_at: datetime | None
    seal: SealRecord | None
    given_back: str = "returned"
    """How the response came back to its State last: `returned` or `reopened`."""
    focal_point: str = ""
    """The name of the focal point now; never an address."""
    focal_point_since: datetime | None = None
    reminders: int = 0
    last_reminded_at: datetime | None = None
    reopen_requested_at: datetime | None = None


def find_cycle_record(session: Session, cycle_id: str) -> CycleRecord | None:
    """The cycle of an id; `latest` is the one opened last. None when there is none."""
    newest_first = col(Cycle.opens_at).desc(), col(Cycle.created_at).desc()
    statement = _select_cycles().order_by(*newest_first).limit(1)
    if cycle_id != "latest":
        statement = _select_cycles().where(col(Cycle.id) == cycle_id)
    row = session.exec(statement).first()
    return None if row is None else CycleRecord(*row)


def find_previous_cycle(session: Session, cycle: CycleRecord) -> CycleRecord | None:
    """The cycle of the same questionnaire, in whatever version, that was opened last before this one; None for the first."""
    questionnaire = select(InstrumentVersion.instrument).where(InstrumentVersion.id == cycle.instrument_version_id)
    statement = (
        _select_cycles()
        .join(InstrumentVersion, col(InstrumentVersion.id) == col(Cycle.instrument_version_id))
        .where(
            col(InstrumentVersion.instrument) == questionnaire.scalar_subquery(), col(Cycle.opens_at) < cycle.opens_at
        )
        .order_by(col(Cycle.opens_at).desc(), col(Cycle.created_at).desc())
    )
    row = session.exec(statement.limit(1)).first()
    return None if row is None else CycleRecord(*row)


def _select_cycles() -> Any:
    return _select_columns(
        Cycle.id, Cycle.title, Cycle.instrument_version_id, Cycle.opens_at, Cycle.deadline, Cycle.deadline_zone,
        Cycle.closed_at,
    )  # fmt: skip


def _latest_rounds(as_at: datetime | None = None) -> Subquery:
    """The last round of each response; with `as_at` the last one sealed at or before that moment."""
    statement = select(Submission.national_response_id, func.max(Submission.round).label("round"))
    if as_at is not None:
        statement = statement.where(col(Submission.submitted_at) <= as_at)
    return statement.group_by(Submission.national_response_id).subquery("latest")


def list_state_records(session: Session, cycle: CycleRecord, as_at: datetime | None = None) -> list[StateRecord]:
    """Every State of the cycle with its latest seal, ordered by code: six statements, for any number of States."""
    latest = _latest_rounds(as_at)
    statement = (
        _select_columns(
            NationalResponse.id, ReportingState.id, ReportingState.m49, ReportingState.kind, ReportingState.region,
            ReportingState.names, ReportingState.party_status, ReportingState.party_since, NationalResponse.clearance,
            NationalResponse.extended_deadline, NationalResponse.answered, NationalResponse.asked,
            NationalResponse.started_at, NationalResponse.last_activity_at, NationalResponse.reopen_requested_at,
            Submission.id, Submission.number, Submission.round, Submission.sha256, Submission.submitted_at, Submission.late,
        )
        .join(ReportingState, col(ReportingState.id) == col(NationalResponse.state_id))
        .outerjoin(latest, latest.c.national_response_id == col(NationalResponse.id))
        .outerjoin(
            Submission,
            (col(Submission.national_response_id) == col(NationalResponse.id))
            & (col(Submission.round) == latest.c.round),
        )
        .where(col(NationalResponse.cycle_id) == cycle.id)
        .order_by(col(ReportingState.id))
    )  # fmt: skip
    rows = session.exec(statement).all()
    invited = _invited(session, cycle.id)
    ready = count_ready(session, cycle.id)
    given_back = list_given_back(session, cycle.id)
    focal_points = list_focal_points(session, cycle.id)
    reminded = _reminded(session, cycle.id)
    records = []
    for (
        response_id, state_id, m49, kind, region, names, party_status, party_since, clearance, extended, answered, asked,
        started_at, last_activity_at, reopen_requested_at, *seal,
    ) in rows:  # fmt: skip
        focal_point = focal_points.get(state_id)
        reminders, last_reminded_at = reminded.get(state_id, (0, None))
        records.append(StateRecord(
            response_id=response_id, state_id=state_id, m49=m49, kind=kind, region=region, names=names,
            party_status=party_status, party_since=party_since, invited_at=invited.get(state_id), clearance=clearance,
            deadline=extended or cycle.deadline, is_extended=extended is not None, answered=answered, asked=asked,
            questions_ready=ready.get(response_id, 0), started_at=started_at, last_activity_at=last_activity_at,
            seal=None if seal[0] is None else SealRecord(*seal), given_back=given_back.get(response_id, "returned"),
            focal_point=focal_point.name if focal_point else "", focal_point_since=focal_point.since if focal_point else None,
            reminders=reminders, last_reminded_at=last_reminded_at, reopen_requested_at=reopen_requested_at,
        ))  # fmt: skip
    return records


def count_states(session: Session, cycle_id: str) -> tuple[int, int]:
    """(States in the cycle, States that submitted at least once)."""
    submitted = select(Submission.national_response_id).distinct().subquery()
    statement = (
        select(func.count(), func.count(submitted.c.national_response_id))
        .select_from(NationalResponse)
        .outerjoin(submitted, submitted.c.national_response_id == col(NationalResponse.id))
        .where(col(NationalResponse.cycle_id) == cycle_id)
    )
    states, sealed = session.exec(statement).one()
    return states, sealed


def _invited(session: Session, cycle_id: str) -> dict[str, datetime]:
    """When the first invitation to a focal point of each State was made."""
    statement = (
        select(Invitation.state_id, func.min(Invitation.created_at))
        .where(col(Invitation.cycle_id) == cycle_id, col(Invitation.role) == "focal_point")
        .group_by(col(Invitation.state_id))
    )
    return {state_id: moment for state_id, moment in session.exec(statement) if state_id is not None}


def _reminded(session: Session, cycle_id: str) -> dict[str, tuple[int, datetime]]:
    """How many reminders each State had, and when the last."""
    statement = (
        select(AuditEvent.state_id, AuditEvent.at, AuditEvent.detail)
        .where(col(AuditEvent.event) == REMINDED)
        .order_by(col(AuditEvent.at))
    )
    found: dict[str, tuple[int, datetime]] = {}
    for state_id, at, detail in session.exec(statement):
        if state_id and (detail or {}).get("cycle") == cycle_id:
            found[state_id] = (found.get(state_id, (0, at))[0] + 1, at)
    return found


def list_visibilities(session: Session, cycle_id: str) -> dict[str, dict[str, str]]:
    """Today's visibility of each question by response, where the focal point ever chose one."""
    statement = (
        select(QuestionState.national_response_id, QuestionState.question_id, QuestionState.visibility)
        .join(NationalResponse, col(NationalResponse.id) == col(QuestionState.national_response_id))
        .where(col(NationalResponse.cycle_id) == cycle_id)
    )
    found: dict[str, dict[str, str]] = {}
    for response_id, question_id, visibility in session.exec(statement):
        found.setdefault(response_id, {})[question_id] = visibility
    return found


def list_evidence_ids(session: Session, cycle_id: str) -> list[str]:
    """The ids of the supporting documents of a round of reporting, which are the names of their files."""
    statement = (
        select(EvidenceFile.id)
        .join(NationalResponse, col(NationalResponse.id) == col(EvidenceFile.national_response_id))
        .where(col(NationalResponse.cycle_id) == cycle_id)
    )
    return list(session.exec(statement))
