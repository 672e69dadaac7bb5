"""A preview of a questionnaire: one invented State, an open cycle on that version, and a link that signs its focal point in."""

from __future__ import annotations

from typing import Any

from instruments.catalog import sha256_of
from instruments.schema import build_instrument
from models import schema
from models.base import utc_now
from models.database import Database
from rehearsal.phrases import Author, seeded
from services.installation import FICTITIOUS_STATES, begin, load_states, open_first_cycle
from services.invitations import issue_invitation
from services.publishing import publish
from settings import Settings


def make_preview(database: Database, settings: Settings, document: dict[str, Any], language: str) -> str:
    """Fill an empty database for looking at a checked document; the one-time link, with the page in `language`."""
    schema.upgrade(database)
    with database.transaction() as session:
        begin(session, settings)
        version = publish(session, document)
        (state,) = load_states(session, FICTITIOUS_STATES, most=1)
        cycle = open_first_cycle(session, version, utc_now())
        cycle.title = f"{version.instrument} {version.version}"
        session.add(cycle)
        instrument = build_instrument(document, sha256_of(document))
        author = Author(language, seeded("preview", state.id), instrument, cycle.opens_at.year)
        token = issue_invitation(
            session, email=f"focal-point.{state.id.lower()}@preview.example", name=author.name(), language=language,
            role="focal_point", state_id=state.id, cycle_id=cycle.id,
        )  # fmt: skip
    return f"{settings.address}/preview/{token}"
