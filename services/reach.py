"""How far a person reads and writes inside their State's response: everything, or what is assigned to them."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, select

from instruments.schema import Instrument
from models.assignments import Assignment, TeamAccess
from models.responses import NationalResponse
from services.people import find_focal_point
from services.permissions import CONTRIBUTOR, FOCAL_POINT, Actor, Reach


def find_reach(session: Session, response: NationalResponse, actor: Actor, instrument: Instrument) -> Reach:
    """The reach of the actor. Only a contributor's is ever less than everything that the role allows."""
    role = actor.role_for(response)
    if role not in {CONTRIBUTOR, FOCAL_POINT}:
        return Reach()
    given = tuple(list_assignments(session, response.id, assignee=actor.email))
    row = session.get(TeamAccess, (response.id, actor.email.casefold())) if role == CONTRIBUTOR else None
    if row is None or row.access == "all":
        return Reach(assignments=given)
    focal_point = find_focal_point(session, response.state_id, response.cycle_id)
    return Reach(
        access=row.access, item_ids=frozenset(item_id for entry in given for item_id in items_of(instrument, entry)),
        assignments=given, focal_point=(focal_point.name or focal_point.email) if focal_point else "",
    )  # fmt: skip


def list_assignments(
    session: Session, response_id: str, *, assignee: str | None = None, question_id: str | None = None
) -> list[Assignment]:
    """The assignments of a response, of one person or question if asked for; those that are due first stand first."""
    statement = select(Assignment).where(Assignment.national_response_id == response_id)
    if assignee is not None:
        statement = statement.where(Assignment.assignee == assignee.casefold())
    if question_id is not None:
        statement = statement.where(Assignment.question_id == question_id)
    return sorted(session.exec(statement), key=lambda entry: (entry.due or date.max, entry.assigned_at, entry.id))


def reads_question(session: Session, response: NationalResponse, address: str, role: str, question_id: str) -> bool:
    """Whether somebody of the State's team may see a question, as far as assignments go."""
    row = session.get(TeamAccess, (response.id, address.casefold())) if role == CONTRIBUTOR else None
    if row is None or row.access != "own":
        return True
    return bool(list_assignments(session, response.id, assignee=address, question_id=question_id))


def items_of(instrument: Instrument, assignment: Assignment) -> list[str]:
    """The ids of the items that an assignment gives, in the instrument's order; none if the question is no longer in it."""
    question = instrument.questions.get(assignment.question_id)
    if question is None:
        return []
    return [item.id for item in question.items if not assignment.item_ids or item.id in assignment.item_ids]
