"""Helpers of the account tests: actors with their roles, invitations, acts at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlmodel import Session, select

from models.audit import AuditEvent
from models.database import Database
from models.people import Membership, User
from services.accounts import (
    create_invitation,
)
from services.people import NewPerson
from services.permissions import Actor, MembershipFact
from tests.builders import World, make_world

PERSON = NewPerson("Nora New", "Director", "fr", "Europe/Paris")


def world_of(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


def officer(world: World) -> Actor:
    return Actor(world.officer, "Olive Officer", "officer@secretariat.example", "en", "UTC", True)


def member(session: Session, world: World, user_id: int) -> Actor:
    """A person with the roles they have now."""
    user = session.get_one(User, user_id)
    facts = tuple(
        MembershipFact(row.state_id, row.cycle_id, row.role)
        for row in session.exec(select(Membership).where(Membership.user_id == user_id))
        if row.ended_at is None
    )
    return Actor(user_id, user.name, user.email, user.language, user.time_zone, user.has_role("officer"), facts)


def events(session: Session, name: str) -> list[AuditEvent]:
    return list(session.exec(select(AuditEvent).where(AuditEvent.event == name)))


def invited(session: Session, world: World, email: str = "new@ministry.example", role: str = "contributor") -> str:
    fay = member(session, world, world.focal_point)
    place = fay.memberships[0]
    actor = fay if role in ("contributor", "observer") else officer(world)
    where = {} if role == "officer" else {"state_id": place.state_id, "cycle_id": place.cycle_id}
    return create_invitation(session, actor, email=email, role=role, **where)


def together(*acts: Callable[[], object]) -> list[object]:
    """Run the acts at the same moment; their results or exceptions."""
    start = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(index: int) -> None:
        start.wait()
        try:
            results[index] = acts[index]()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
