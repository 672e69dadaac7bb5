"""Fully answered, submitted responses in any number, for measuring: every item that is asked has an answer."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import delete
from sqlmodel import Session, select

from instruments import catalog
from instruments.items import Item
from instruments.values import EvidenceReference
from languages import LANGUAGES
from models.audit import Installation, OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.responses import NationalResponse
from models.states import REGIONS, ReportingState
from rehearsal.people import invite_team, site_of
from rehearsal.phrases import Author, seeded
from rehearsal.seeding import check_rehearsal
from rehearsal.values import Scene, make_answers
from services.answers import Edit, save_answers
from services.installation import FICTITIOUS_STATES, load_states
from services.instruments import get_instrument
from services.permissions import Permission
from services.publishing import publish
from services.responses import open_response
from services.submissions import Declaration, list_findings, submit

_TOGETHER = 10
"""States in one transaction: the commit is not what is measured here."""


def full_responses(
    database: Database, count: int, *, seed: int = 2020, progress: Callable[[int, int], object] | None = None
) -> str:
    """Add a cycle with `count` submitted responses of fictitious States, all fully answered; the cycle's id.

    For a migrated database that is empty or a rehearsal (WrongInstallation otherwise). No evidence is stored: the answers
    name files that do not exist.
    """
    key = b64encode(
        Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    ).decode()
    with database.transaction() as session:
        cycle_id, state_ids = _prepare(session, count)
    for start in range(0, count, _TOGETHER):
        with database.transaction() as session:
            for state_id in state_ids[start : start + _TOGETHER]:
                _respond(session, cycle_id, state_id, seed, key)
            session.exec(delete(OutboxMail))
        if progress is not None:
            progress(min(start + _TOGETHER, count), count)
    return cycle_id


def _prepare(session: Session, count: int) -> tuple[str, list[str]]:
    if session.get(Installation, "rehearsal") is None and session.exec(select(ReportingState.id).limit(1)).first() is None:
        session.add(Installation(name="rehearsal", value="yes"))
        load_states(session, FICTITIOUS_STATES)
    check_rehearsal(session)
    now = utc_now()
    version = publish(session, catalog.read_document(), may_replace=True)
    cycle = Cycle(
        title="Rehearsal, full responses", instrument_version_id=version.id, opens_at=now - timedelta(days=30),
        deadline=now + timedelta(days=365),
    )  # fmt: skip
    session.add(cycle)
    session.flush()
    state_ids = list(session.exec(select(ReportingState.id).order_by(ReportingState.id)))[:count]
    return cycle.id, state_ids


def _respond(session: Session, cycle_id: str, state_id: str, seed: int, key: str) -> None:
    cycle, state = session.get_one(Cycle, cycle_id), session.get_one(ReportingState, state_id)
    instrument = get_instrument(session, cycle.instrument_version_id)
    rng = seeded("full", seed, state_id)
    author = Author(rng.choice(LANGUAGES), rng, instrument, cycle.opens_at.year)
    response = NationalResponse(cycle_id=cycle_id, state_id=state_id)
    session.add(response)
    team = invite_team(session, cycle, state, author, 1)
    opened = open_response(session, response.id, team[0], Permission.RESPONSE_EDIT, lock=True)
