"""People as the services find them: by address, by role for a State and cycle, officers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session, col, select

from models.base import utc_now
from models.people import OFFICER, Membership, Role, User, UserRole
from models.responses import NationalResponse
from services.outbox import BadAddress, check_address
from services.permissions import FOCAL_POINT, NotFound


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What a person says when accepting an invitation. `email` counts only where the invitation names no address."""

    name: str
    title: str
    language: str
    time_zone: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a role for a State in a cycle, or an officer (then without membership)."""

    user_id: int
    membership_id: str
    name: str
    title: str
    email: str
    language: str
    role: str
    since: datetime
    has_second_factor: bool


def normal_address(text: str) -> str:
    """The address in the one form that is stored and compared (lower case). Raises BadAddress."""
    try:
        address = validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise BadAddress(text) from error
    check_address(address)
    return address


def find_account(session: Session, email: str) -> User | None:
    """The account with an address in its normal form."""
    return session.exec(select(User).where(User.email == email)).one_or_none()


def find_focal_point(session: Session, state_id: str | None, cycle_id: str | None) -> User | None:
    """The focal point of a State in a cycle; there is at most one."""
    return session.exec(
        select(User).where(
            User.id == Membership.user_id, Membership.state_id == state_id, Membership.cycle_id == cycle_id,
            Membership.role == FOCAL_POINT, col(Membership.ended_at).is_(None),
        )
    ).one_or_none()  # fmt: skip


def reachable_focal_point(session: Session, response: NationalResponse) -> User | None:
    """The focal point of a response's State whose account is in use: the one whom mails about it go to."""
    person = find_focal_point(session, response.state_id, response.cycle_id)
    return person if person is not None and person.active else None


def response_of(session: Session, person: Person) -> NationalResponse | None:
    """The response whose focal point the person is; None for an officer."""
    membership = session.get(Membership, person.membership_id) if person.membership_id else None
    if membership is None:
        return None
    return session.exec(
        select(NationalResponse).where(
            NationalResponse.state_id == membership.state_id, NationalResponse.cycle_id == membership.cycle_id
        )
    ).one()


def list_people(session: Session, state_id: str, cycle_id: str) -> list[Person]:
    """The people of a State in a cycle: focal point first, then by name."""
    statement = select(User, Membership).where(
        User.id == Membership.user_id, Membership.state_id == state_id, Membership.cycle_id == cycle_id,
        col(Membership.ended_at).is_(None),
    )  # fmt: skip
    people = [
        _person(user, membership.id, membership.role, membership.since) for user, membership in session.exec(statement)
    ]
    return sorted(people, key=lambda entry: (entry.role != FOCAL_POINT, entry.name.casefold()))


def list_officers(session: Session) -> list[Person]:
    """The officers with an open account, by name."""
    users = session.exec(active_officers())
    return sorted(
        (_person(user, "", OFFICER, user.created_at) for user in users), key=lambda entry: entry.name.casefold()
    )


def find_official(session: Session, user_id: int) -> Person:
    """An officer or a present focal point. Raises NotFound for everybody else: a State's team is the State's own business."""
    user = session.get(User, user_id)
    if user is not None and user.active:
        if user.has_role(OFFICER):
            return _person(user, "", OFFICER, user.created_at)
        for membership in open_memberships(session, user.id):
            if membership.role == FOCAL_POINT:
                return _person(user, membership.id, FOCAL_POINT, membership.since)
    raise NotFound(str(user_id))


def active_officers() -> Any:
    """The statement that selects the secretariat officers whose accounts are in use."""
    return select(User).where(
        User.id == UserRole.user_id, UserRole.role_id == Role.id, Role.name == OFFICER, col(User.active).is_(True)
    )


def _person(user: User, membership_id: str, role: str, since: datetime) -> Person:
    return Person(
        user_id=user.id or 0, membership_id=membership_id, name=user.name or user.email, title=user.title, email=user.email,
        language=user.language, role=role, since=since, has_second_factor=user.tf_totp_secret is not None,
    )  # fmt: skip


def lock_response(session: Session, state_id: str, cycle_id: str) -> None:
    """Let one change of a State's people through at a time. Raises NotFound when the State is not in the cycle."""
    row = session.exec(
        select(NationalResponse.id)
        .where(NationalResponse.state_id == state_id, NationalResponse.cycle_id == cycle_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(f"{state_id} in {cycle_id}")


def open_memberships(
    session: Session, user_id: int | None, state_id: str | None = None, cycle_id: str | None = None
) -> list[Membership]:
    """A person's memberships that have not ended: all of them, or those in one State and cycle."""
    statement = select(Membership).where(Membership.user_id == user_id, col(Membership.ended_at).is_(None))
    if state_id is not None:
        statement = statement.where(Membership.state_id == state_id, Membership.cycle_id == cycle_id)
    return list(session.exec(statement))


def end_memberships(session: Session, memberships: Iterable[Membership]) -> None:
    """End the memberships now; the person keeps the account and loses what the membership allowed."""
    for membership in memberships:
        membership.ended_at = utc_now()
        session.add(membership)
    session.flush()


def update_profile(session: Session, user: User, person: NewPerson) -> None:
    """Name, title, language and time zone, as the person gives them."""
    user.name, user.title = person.name, person.title
    user.language, user.time_zone = person.language, person.time_zone
    session.add(user)
