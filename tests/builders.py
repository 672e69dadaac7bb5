"""Make the rows that tests start from: a published instrument, a cycle, States, people, responses."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlmodel import Session, select

from instruments.catalog import load_instrument, read_document
from models.base import utc_now
from models.cycles import Cycle, InstrumentVersion
from models.people import Membership, Role, User, UserRole
from models.responses import NationalResponse
from models.states import ReportingState
from services.answers import Edit, save_answers
from services.permissions import Actor, MembershipFact, Permission
from services.responses import open_response


def make_instrument(session: Session) -> InstrumentVersion:
    """The shipped instrument, published once."""
    instrument = load_instrument()
    row = session.exec(select(InstrumentVersion).where(InstrumentVersion.sha256 == instrument.sha256)).first()
    if row is None:
        row = InstrumentVersion(
            instrument=instrument.instrument,
            version=instrument.version,
            sha256=instrument.sha256,
            document=read_document(),
        )
        session.add(row)
        session.flush()
    return row


def make_state(session: Session, code: str = "XAA", name: str = "Testland", **given: Any) -> ReportingState:
    """A State with an invented name, the same in six languages unless `names` is given."""
    values = {
        "kind": "member_state",
        "region": "african",
        "names": dict.fromkeys(("ar", "zh", "en", "fr", "ru", "es"), name),
    }
    state = ReportingState(id=code, **{**values, **given})
    session.add(state)
    session.flush()
    return state


def make_cycle(session: Session, **given: Any) -> Cycle:
    """An open cycle whose deadline is 100 days away."""
    values: dict[str, Any] = {
        "title": "First round", "opens_at": datetime(2026, 1, 15, tzinfo=UTC), "deadline": utc_now() + timedelta(days=100),
        "instrument_version_id": make_instrument(session).id,
    }  # fmt: skip
    cycle = Cycle(**{**values, **given})
    session.add(cycle)
    session.flush()
    return cycle


def make_user(session: Session, email: str = "", *, officer: bool = False, **given: Any) -> User:
    """A person with an account; sign in with `sign_in`, no passphrase needed."""
    email = email or f"{secrets.token_hex(4)}@ministry.example"
    values: dict[str, Any] = {
        "name": email.partition("@")[0].title(),
        "fs_uniquifier": secrets.token_hex(16),
        "language": "en",
    }
    user = User(email=email, **{**values, **given})
    session.add(user)
    session.flush()
    if officer:
        role = session.exec(select(Role).where(Role.name == "officer")).first() or Role(name="officer")
        session.add(role)
        session.flush()
        session.add(UserRole(user_id=user.id or 0, role_id=role.id or 0))
        session.flush()
    return user


def make_response(session: Session, cycle: Cycle, state: ReportingState, **given: Any) -> NationalResponse:
    """The response row of a State in a cycle."""
    response = NationalResponse(cycle_id=cycle.id, state_id=state.id, **given)
    session.add(response)
    session.flush()
    return response


def make_member(session: Session, user: User, response: NationalResponse, role: str = "focal_point") -> Membership:
    """Make a person the focal point, a contributor or an observer of the response's State."""
    membership = Membership(user_id=user.id or 0, state_id=response.state_id, cycle_id=response.cycle_id, role=role)
    session.add(membership)
    session.flush()
    return membership


def actor_for(
    user: User, response: NationalResponse | None = None, role: str = "focal_point", *, officer: bool = False
) -> Actor:
    """The person as services see them."""
    memberships = (MembershipFact(response.state_id, response.cycle_id, role),) if response else ()
    return Actor(user.id or 0, user.name, user.email, user.language, user.time_zone, officer, memberships)


@dataclass(frozen=True, slots=True)
class World:
    """One State with a focal point, a contributor and an observer, another State with a focal point, and an officer."""

    cycle_id: str
    response_id: str
    other_response_id: str
    focal_point: int
    contributor: int
    observer: int
    other_focal_point: int
    officer: int


def make_world(session: Session) -> World:
    """The smallest world in which every permission differs for somebody."""
    cycle = make_cycle(session)
    own, other = make_state(session, "XAA", "Aldovia"), make_state(session, "XAB", "Borduria", region="weog")
    response, other_response = make_response(session, cycle, own), make_response(session, cycle, other)
    people = {}
    for name, role, where in (
        ("focal", "focal_point", response), ("contributor", "contributor", response), ("observer", "observer", response),
        ("other", "focal_point", other_response),
    ):  # fmt: skip
        people[name] = make_user(session, f"{name}@ministry.example")
        make_member(session, people[name], where, role)
    officer = make_user(session, "officer@secretariat.example", officer=True)
    ids = {name: user.id or 0 for name, user in people.items()}
    return World(
        cycle.id, response.id, other_response.id, ids["focal"], ids["contributor"], ids["observer"], ids["other"],
        officer.id or 0,
    )  # fmt: skip


def answer(session: Session, actor: Actor, response_id: str, values: dict[str, Any], key: str = "") -> dict[str, int]:
    """Save typed values as the actor, each on its current version; the new versions."""
    opened = open_response(session, response_id, actor, Permission.RESPONSE_EDIT, lock=True)
    edits = [
        Edit(
            item_id,
            opened.answers[item_id].version if item_id in opened.answers else 0,
            opened.instrument.items[item_id].dump(value),
        )
        for item_id, value in values.items()
    ]
    return save_answers(session, opened, edits, idempotency_key=key or secrets.token_hex(8)).versions


def sign_in(client: FlaskClient, user: User) -> None:
    """Give the browser a signed-in session of this person, as after passphrase and second factor."""

    with client.session_transaction() as session:
        session["_user_id"] = user.fs_uniquifier
        session["_fresh"] = True
        session["fs_cc"] = "set"
        session["fs_paa"] = utc_now().timestamp()
        session["identity.id"] = user.fs_uniquifier


def csrf_token(client: FlaskClient, url: str) -> str:
    """The CSRF token of a page, as a form would send it."""
    import re

    page = client.get(url).get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, f"no form on {url}"
    return found[1]
