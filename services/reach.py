"""How far a person reads and writes inside their State's response: everything, or what is assigned to them."""

from __future__ import annotations

from sqlmodel import Session, select

from instruments.schema import Instrument
from models.assignments import Assignment, TeamAccess
from models.responses import NationalResponse
from services.people import find_focal_point
from services.permissions import CONTRIBUTOR, Actor, Reach


def find_reach(session: Session, response: NationalResponse, actor: Actor, instrument: Instrument) -> Reach:
    """The reach of the actor. Only a contributor's is ever less than everything that the role allows."""
    if actor.role_for(response) != CONTRIBUTOR:
        return Reach()
    address = actor.email.casefold()
    row = session.get(TeamAccess, (response.id, address))
    if row is None or row.access == "all":
        return Reach()
    given = session.exec(
        select(Assignment).where(Assignment.national_response_id == response.id, Assignment.assignee == address)
    )
    focal_point = find_focal_point(session, response.state_id, response.cycle_id)
    return Reach(
        access=row.access, item_ids=frozenset(item_id for entry in given for item_id in items_of(instrument, entry)),
        focal_point=(focal_point.name or focal_point.email) if focal_point else "",
    )  # fmt: skip


def items_of(instrument: Instrument, assignment: Assignment) -> list[str]:
    """The ids of the items that an assignment gives, in the instrument's order; none if the question is no longer in it."""
    question = instrument.questions.get(assignment.question_id)
    if question is None:
        return []
    return [item.id for item in question.items if not assignment.item_ids or item.id in assignment.item_ids]
