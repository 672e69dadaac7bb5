"""The chain of a response's history: every revision carries the hash of the one before, over salted commitments."""

from __future__ import annotations

import hashlib

from sqlmodel import Session, select

from instruments.catalog import canonical_json
from models.base import Json
from models.responses import Revision


def commitment(salt: str, value: Json, typed: Json) -> str:
    """SHA-256 over salt and content: the chain holds this, so that the content itself can be erased if it must be."""
    return hashlib.sha256(canonical_json([salt, value, typed]).encode()).hexdigest()


def revision_hash(revision: Revision) -> str:
    """SHA-256 over every column of the revision but its content, and the hash before it."""
    columns = [
        revision.national_response_id, revision.seq, revision.item_id, revision.kind, revision.version,
        revision.base_version, revision.channel, revision.actor_id, revision.at.isoformat(timespec="microseconds"),
        revision.idempotency_key, revision.commitment, revision.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(canonical_json(columns).encode()).hexdigest()


def verify_chain(session: Session, response_id: str) -> list[str]:
    """What is wrong with a response's history, as sentences; empty when every hash holds and nothing is missing."""
    problems = []
    previous, expected = "", 1
    for revision in session.exec(
        select(Revision).where(Revision.national_response_id == response_id).order_by(Revision.seq)  # type: ignore[arg-type]
    ):
        if revision.seq != expected:
            problems.append(f"revision {expected} is missing")
        if revision.previous_hash != previous or revision.hash != revision_hash(revision):
            problems.append(f"revision {revision.seq} was altered")
        if revision.salt and revision.commitment != commitment(revision.salt, revision.value, revision.typed):
            problems.append(f"the content of revision {revision.seq} was altered")
        previous, expected = revision.hash, revision.seq + 1
    return problems
