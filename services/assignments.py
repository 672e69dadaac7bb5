"""Delegation: who of a State's team works on what, until when, and how it comes back to the focal point.

The focal point assigns, accepts and sends back; a contributor marks ready. Decided in docs/decisions/0011-delegation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from instruments.schema import Question
from models.assignments import ACCESSES, Assignment, Presence, TeamAccess
from models.base import utc_now
from models.people import Invitation, User
from models.responses import NationalResponse
from services.answers import mark_ready
from services.outbox import send_later
from services.people import find_focal_point, list_people
from services.permissions import CONTRIBUTOR, FOCAL_POINT, NotFound
from services.reach import items_of, list_assignments
from services.responses import OpenResponse

AT_WORK = timedelta(minutes=5)
"""So long after a person opened or saved a question, colleagues are told that they are working there."""
SEEN_AGAIN = timedelta(minutes=1)
"""A person's presence on a question is written at most this often."""


class NotReady(Exception):
    """Only what its person has marked ready can be accepted."""


class DueInThePast(ValueError):
    """Nobody can be done by a day that is over."""


class NothingAnswered(Exception):
    """The question cannot be marked ready: nothing of what is asked of the person has an answer."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to whom work can be given: the focal point, a contributor, or the holder of an open invitation."""

    key: str
    """Id of the membership or of the invitation."""
    address: str
    name: str
    language: str
    role: str
    invited: bool
    """Whether the invitation is not accepted yet."""
    access: str


def list_colleagues(session: Session, response: NationalResponse) -> list[Colleague]:
    """The focal point first, then contributors by name, then open invitations of contributors."""
    accesses = {
        row.assignee: row.access
        for row in session.exec(select(TeamAccess).where(TeamAccess.national_response_id == response.id))
    }
    members = [
        Colleague(
            person.membership_id, person.email.casefold(), person.name, person.language, person.role, False,
            accesses.get(person.email.casefold(), "all") if person.role == CONTRIBUTOR else "all",
        )
        for person in list_people(session, response.state_id, response.cycle_id)
        if person.role in {FOCAL_POINT, CONTRIBUTOR}
    ]  # fmt: skip
    known = {entry.address for entry in members}
    invitations = session.exec(
        select(Invitation).where(
            Invitation.state_id == response.state_id, Invitation.cycle_id == response.cycle_id,
            Invitation.role == CONTRIBUTOR, col(Invitation.used_at).is_(None), col(Invitation.cancelled_at).is_(None),
        ).order_by(col(Invitation.created_at))
    )  # fmt: skip
    return members + [
        Colleague(
            entry.id, entry.email, entry.name or entry.email, entry.language, entry.role, True,
            accesses.get(entry.email, "all"),
        )
        for entry in invitations if entry.email not in known
    ]  # fmt: skip


def find_colleague(session: Session, response: NationalResponse, key: str) -> Colleague:
    """The colleague with a key. Raises NotFound for an observer, for somebody of another State, and for nobody."""
    for entry in list_colleagues(session, response):
        if entry.key == key:
            return entry
    raise NotFound(key)


def find_assignment(session: Session, opened: OpenResponse, assignment_id: str) -> Assignment:
    """An assignment of this response. Raises NotFound."""
    found = session.get(Assignment, assignment_id)
    if found is None or found.national_response_id != opened.response.id:
        raise NotFound(assignment_id)
    return found


def assign(
    session: Session,
    opened: OpenResponse,
    to: Colleague,
    chosen: Mapping[str, Sequence[str]],
    *,
    note: str,
    due: date | None,
) -> list[Assignment]:
    """Give questions, or items of them, to a colleague, who is told by one mail.

    `chosen` maps question ids to item ids; no items means the whole question. What the person had of the question before is
    replaced. With the first assignment a contributor who could write everything writes only what is assigned.
    Raises NotFound for an unknown question or item, and DueInThePast.
    """
    if due is not None and due < utc_now().date():
        raise DueInThePast(due.isoformat())
    for question_id, item_ids in chosen.items():
        question = opened.instrument.questions.get(question_id)
        if question is None or any(item_id not in question.items_by_id for item_id in item_ids):
            raise NotFound(question_id)
    before = {entry.question_id: entry for entry in list_assignments(session, opened.response.id, assignee=to.address)}
    if not before and to.role == CONTRIBUTOR and to.access == "all":
        set_access(session, opened, to, "assigned")
    given = []
    for question_id, item_ids in chosen.items():
        entry = before.get(question_id) or Assignment(
            national_response_id=opened.response.id, question_id=question_id, assignee=to.address, item_ids=[],
            assigned_by=opened.actor.user_id,
        )  # fmt: skip
        entry.item_ids, entry.note, entry.due = list(item_ids), note, due
        entry.assigned_by, entry.assigned_at = opened.actor.user_id, utc_now()
        _set_state(entry, "assigned")
        session.add(entry)
        given.append(entry)
    session.flush()
    if given:
        _tell(session, opened, to, given)
    return given


def set_access(session: Session, opened: OpenResponse, to: Colleague, access: str) -> None:
    """Say how far a contributor reads and writes. Raises NotFound for the focal point and for an unknown word."""
    if to.role != CONTRIBUTOR or access not in ACCESSES:
        raise NotFound(access)
    key = (opened.response.id, to.address)
    row = session.get(TeamAccess, key) or TeamAccess(
        national_response_id=opened.response.id, assignee=to.address, access=access
    )
    row.access = access
    session.add(row)
    session.flush()


def hand_over(session: Session, response: NationalResponse, leaver: str, to: Colleague | None) -> int:
    """Move everything that is assigned to an address to a colleague (to nobody: take it away); the number of assignments.

    What the colleague has of the same question already is widened. The rule for the leaver's access ends. A contributor
    is told by mail.
    """
    leaver = leaver.casefold()
    access = session.get(TeamAccess, (response.id, leaver))
    if access is not None:
        session.delete(access)
    leaving = list_assignments(session, response.id, assignee=leaver)
    theirs = {
        entry.question_id: entry
        for entry in (list_assignments(session, response.id, assignee=to.address) if to else [])
    }
    moved = []
    for entry in leaving:
        other = theirs.get(entry.question_id)
        if to is not None and other is None:
            entry.assignee = to.address
            session.add(entry)
            moved.append(entry)
            continue
        if other is not None:
            whole = not other.item_ids or not entry.item_ids
            other.item_ids = [] if whole else [*dict.fromkeys([*other.item_ids, *entry.item_ids])]
            session.add(other)
        session.delete(entry)
    session.flush()
    if to is not None and to.role != FOCAL_POINT and moved:
        _mail(session, response, to, "assigned", moved, by="")
    return len(leaving)


def remove(session: Session, assignment: Assignment) -> None:
    """Take an assignment back. What was written stays."""
    session.delete(assignment)
    session.flush()


def accept(session: Session, assignment: Assignment) -> None:
    """The focal point is content with what was marked ready. Raises NotReady."""
    if assignment.state != "ready":
        raise NotReady(assignment.id)
    _set_state(assignment, "accepted")
    session.add(assignment)


def send_back(session: Session, opened: OpenResponse, assignment: Assignment, reason: str) -> None:
    """Give it back to its person with a reason, on the work list and by mail; the question is no longer ready."""
    _set_state(assignment, "sent_back", reason)
    session.add(assignment)
    mark_ready(session, opened, assignment.question_id, False)
    to = next(
        (entry for entry in list_colleagues(session, opened.response) if entry.address == assignment.assignee), None
    )
    if to is not None:
        _mail(session, opened.response, to, "sent_back", [assignment], by=opened.actor.name, reason=reason)


def hand_in(session: Session, opened: OpenResponse, question: Question, ready: bool) -> None:
    """Mark what the person does of a question ready, or take the mark back. The question is ready when all its parts are.

    Somebody to whom nothing of the question is assigned marks the question itself. Raises NothingAnswered, and then nothing
    is ready; of somebody who may answer nothing in the question it changes nothing.
    """
    if not opened.may_edit_any(question):
        return
    all_of_it = list_assignments(session, opened.response.id, question_id=question.id)
    mine = next((entry for entry in all_of_it if entry.assignee == opened.actor.email.casefold()), None)
    share = items_of(opened.instrument, mine) if mine else [item.id for item in question.items]
    answered = any(item_id in opened.asked and item_id in opened.values for item_id in share)
    if mine is not None:
        if not ready or not answered:
            if mine.state in {"ready", "accepted"}:
                _set_state(mine, "assigned")
        elif mine.state not in {"ready", "accepted"}:
            _set_state(mine, "ready")
        session.add(mine)
    waits = mine is not None and any(entry.state not in {"ready", "accepted"} for entry in all_of_it)
    mark_ready(session, opened, question.id, ready and answered and not waits)
    if ready and not answered:
        raise NothingAnswered(question.id)


def is_marked_ready(opened: OpenResponse, question: Question) -> bool:
    """Whether the box "ready" is ticked for this person: of their own part, where they have one."""
    mine = next((entry for entry in opened.reach.assignments if entry.question_id == question.id), None)
    return mine.state in {"ready", "accepted"} if mine else opened.work_state(question) == "ready"


def is_overdue(assignment: Assignment, today: date) -> bool:
    """Whether the day has passed and the work is not handed in."""
    return assignment.due is not None and assignment.due < today and assignment.state in {"assigned", "sent_back"}


def changed_since(opened: OpenResponse, assignment: Assignment) -> bool:
    """Whether something of an accepted assignment was changed after it was accepted."""
    return assignment.state == "accepted" and any(
        item_id in opened.answers and opened.answers[item_id].updated_at > assignment.state_at
        for item_id in items_of(opened.instrument, assignment)
    )


def note_presence(session: Session, opened: OpenResponse, question_id: str) -> None:
    """Remember that the person is at work on the question; written only when the last time is a minute ago."""
    key = (opened.response.id, question_id, opened.actor.user_id)
    row = session.get(Presence, key)
    now = utc_now()
    if row is None:
        row = Presence(national_response_id=key[0], question_id=key[1], user_id=key[2], at=now)
    elif now - row.at < SEEN_AGAIN:
        return
    row.at = now
    session.add(row)


def who_is_here(session: Session, opened: OpenResponse, question_id: str) -> tuple[list[str], bool]:
    """The names of colleagues who were at work on the question within the last minutes, and whether the person's own
    presence is due to be written.
    """
    now = utc_now()
    found: dict[int, tuple[str, datetime]] = {
        row.user_id: (name, row.at)
        for row, name in session.exec(
            select(Presence, User.name).where(
                Presence.national_response_id == opened.response.id, Presence.question_id == question_id,
                Presence.user_id == User.id, Presence.at > now - AT_WORK,
            )
        )
    }  # fmt: skip
    own = found.pop(opened.actor.user_id, None)
    return sorted(name for name, _at in found.values()), own is None or now - own[1] >= SEEN_AGAIN


def _set_state(assignment: Assignment, state: str, reason: str = "") -> None:
    assignment.state, assignment.reason, assignment.state_at = state, reason, utc_now()


def _tell(session: Session, opened: OpenResponse, to: Colleague, given: Iterable[Assignment]) -> None:
    """One mail for everything that was assigned at once; none to oneself."""
    if to.address != opened.actor.email.casefold():
        _mail(session, opened.response, to, "assigned", given, by=opened.actor.name)


def _mail(
    session: Session, response: NationalResponse, to: Colleague, template: str, given: Iterable[Assignment], *,
    by: str, reason: str = "",
) -> None:  # fmt: skip
    entries = list(given)
    due = min((entry.due for entry in entries if entry.due), default=None)
    focal_point = find_focal_point(session, response.state_id, response.cycle_id)
    send_later(session, to.address, to.language, template, {
        "name": "" if to.name == to.address else to.name, "by": by or (focal_point.name if focal_point else ""),
        "state_id": response.state_id, "response_id": response.id, "questions": [entry.question_id for entry in entries],
        "notes": [*dict.fromkeys(entry.note for entry in entries if entry.note)], "reason": reason, "invited": to.invited,
        "due": due.isoformat() if due else "",
    })  # fmt: skip
