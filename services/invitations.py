"""One-time links to an account: made, counted and cancelled. Only the hash of a token is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlmodel import Session, col, select

from models.base import utc_now
from models.people import Invitation

VALID_FOR = timedelta(days=10)
"""Diplomatic mail is slow; a link can be issued again with one click."""


def token_hash(token: str) -> str:
    """SHA-256 of a token, hexadecimal: what the database keeps of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_invitation(
    session: Session,
    *,
    email: str,
    name: str = "",
    language: str = "en",
    role: str,
    state_id: str | None = None,
    cycle_id: str | None = None,
    invited_by: int | None = None,
    reference: str = "",
) -> str:
    """A new one-time token for this address and role; an open one for the same address, role, State and cycle is cancelled.

    `email` may be empty for the links an installation prints of itself: the person then gives the address when accepting.
    """
    now = utc_now()
    earlier = select(Invitation).where(
        Invitation.email == email, Invitation.role == role, Invitation.state_id == state_id,
        Invitation.cycle_id == cycle_id, col(Invitation.used_at).is_(None), col(Invitation.cancelled_at).is_(None),
    )  # fmt: skip
    for invitation in session.exec(earlier):
        invitation.cancelled_at = now
        session.add(invitation)
    token = secrets.token_urlsafe(32)
    session.add(Invitation(
        token_hash=token_hash(token), email=email, name=name, language=language, role=role, state_id=state_id,
        cycle_id=cycle_id, invited_by=invited_by, reference=reference, created_at=now, expires_at=now + VALID_FOR,
    ))  # fmt: skip
    return token
