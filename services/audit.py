"""What was done by whom, written in the same transaction as the act."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from models.audit import AuditEvent


def record(
    session: Session, event: str, actor_id: int | None = None, state_id: str | None = None, **detail: Any
) -> None:
    """Record an act; `detail` holds codes, ids and the reasons that persons gave, never the text of an answer."""
    session.add(AuditEvent(event=event, actor_id=actor_id, state_id=state_id, detail=detail or None))
