"""Invented officials: accounts without a passphrase, so that nobody can sign in as them, at addresses that cannot exist."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import timedelta

from sqlmodel import Session, select

from models.base import utc_now
from models.cycles import Cycle
from models.people import OFFICER, Membership, Role, User, UserRole
from models.states import ReportingState
from rehearsal.phrases import Author
from services.permissions import Actor, MembershipFact

OFFICER_ADDRESS = "officer@secretariat.example"


def site_of(state: ReportingState) -> str:
    """The name under which a State's invented sites and addresses stand, such as `aledona`."""
    plain = unicodedata.normalize("NFKD", state.names["en"].partition("(")[0])
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalpha()) or state.id.lower()


def invite_team(
    session: Session, cycle: Cycle, state: ReportingState, author: Author, size: int, *, mark: str = ""
) -> list[Actor]:
    """The focal point first, then a contributor and an observer, up to `size` persons. `mark` tells addresses apart."""
    roles = ("focal_point", "contributor", "observer")[:size]
    since = cycle.opens_at + timedelta(days=author.rng.randint(3, 40))
    people = []
    for role in roles:
        user = User(
            email=f"{role.replace('_', '-')}.{state.id.lower()}{mark}@{site_of(state)}.example", name=author.name(),
            title=author.rng.choice(author.bank["titles"]), language=author.language, created_at=min(since, utc_now()),
            fs_uniquifier=secrets.token_hex(32),
        )  # fmt: skip
        session.add(user)
        people.append(user)
    session.flush()
    actors = []
    for user, role in zip(people, roles, strict=True):
        assert user.id is not None  # flushed
        session.add(Membership(user_id=user.id, state_id=state.id, cycle_id=cycle.id, role=role, since=user.created_at))
        facts = (MembershipFact(state.id, cycle.id, role),)
        actors.append(Actor(user.id, user.name, user.email, user.language, user.time_zone, False, facts))
    session.flush()
    return actors


def invite_officer(session: Session, author: Author) -> Actor:
    """The invented officer who returns responses; the same one when she is there already."""
    user = session.exec(select(User).where(User.email == OFFICER_ADDRESS)).first()
    if user is None:
        role = session.exec(select(Role).where(Role.name == OFFICER)).first() or Role(name=OFFICER)
        user = User(email=OFFICER_ADDRESS, name=author.name(), language="en", fs_uniquifier=secrets.token_hex(32))
        session.add_all([role, user])
        session.flush()
        assert user.id is not None and role.id is not None  # flushed
        session.add(UserRole(user_id=user.id, role_id=role.id))
        session.flush()
    return Actor(user.id or 0, user.name, user.email, user.language, user.time_zone, True)
