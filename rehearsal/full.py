"""Fully answered, submitted responses in any number, for measuring: every item that is asked has an answer."""

from __future__ import annotations

import hashlib
import secrets
import string
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlmodel import Session, delete, select

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
    if (
        session.get(Installation, "rehearsal") is None
        and session.exec(select(ReportingState.id).limit(1)).first() is None
    ):
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
    state_ids = list(session.exec(select(ReportingState.id).order_by(ReportingState.id)))
    for number in range(count - len(state_ids)):
        state_ids.append(_add_state(session, number))
    return cycle.id, state_ids[:count]


def _add_state(session: Session, number: int) -> str:
    """A State beyond the fictitious table, called by its number; its id."""
    letters = string.ascii_uppercase
    code = f"Q{letters[12 + number // 26]}{letters[number % 26]}"
    words = {"ar": "دولة التجربة", "zh": "演练国", "en": "Rehearsal State", "fr": "État de répétition",
             "ru": "Учебное государство", "es": "Estado de ensayo"}  # fmt: skip
    names = {language: f"{word} {number + 1}" for language, word in words.items()}
    session.add(ReportingState(id=code, kind="member_state", region=REGIONS[number % 5], names=names))
    session.flush()
    return code


def _respond(session: Session, cycle_id: str, state_id: str, seed: int, key: str) -> None:
    cycle, state = session.get_one(Cycle, cycle_id), session.get_one(ReportingState, state_id)
    instrument = get_instrument(session, cycle.instrument_version_id)
    rng = seeded("full", seed, state_id)
    author = Author(rng.choice(LANGUAGES), rng, instrument, cycle.opens_at.year)
    response = NationalResponse(cycle_id=cycle_id, state_id=state_id)
    session.add(response)
    team = invite_team(session, cycle, state, author, 1, mark=f"-{secrets.token_hex(4)}")
    opened = open_response(session, response.id, team[0], Permission.RESPONSE_EDIT, lock=True)
    scene = Scene(
        instrument=instrument, author=author, second=None, facts=opened.facts, years=opened.years, site=site_of(state),
        store=_name_only, wanted=_everything,
    )  # fmt: skip
    values = make_answers(scene)
    edits = [Edit(item_id, 0, instrument.items[item_id].dump(value)) for item_id, value in values.items()]
    save_answers(session, opened, edits, idempotency_key=secrets.token_hex(16))
    reason = author.one_of("anyways", "op5") if list_findings(opened) else ""
    declaration = Declaration(team[0].name, rng.choice(author.bank["titles"]), reason)
    submit(session, opened, declaration, private_key=key)


def _everything(_item: Item) -> bool:
    return True


def _name_only(_item_id: str, name: str, content: bytes) -> EvidenceReference:
    digest = hashlib.sha256(content).hexdigest()
    return EvidenceReference(
        row_id=secrets.token_urlsafe(12), name=name, media_type="text/plain", size=len(content), sha256=digest
    )
