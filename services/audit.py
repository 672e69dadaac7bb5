"""What was done by whom, written in the same transaction as the act."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from models.audit import AuditEvent
from models.responses import NationalResponse

ACTS: tuple[str, ...] = (
    "account.ended", "deadline.extended", "focal_point.replaced", "invitation.accepted", "invitation.cancelled", "invitation.made",
    "links_issued", "party_status.set", "passage.made", "passphrase.link_made", "reminder.sent", "response.reopening_requested",
    "response.submitted", "second_factor.reset",
)  # fmt: skip
"""What the secretariat and the focal point of a State did; returns stand in a table of their own, with their reasons."""


def record(
    session: Session, event: str, actor_id: int | None = None, state_id: str | None = None, **detail: Any
) -> None:
    """Record an act; `detail` holds codes, ids and the reasons that persons gave, never the text of an answer."""
    session.add(AuditEvent(event=event, actor_id=actor_id, state_id=state_id, detail=detail or None))


def list_acts(session: Session, response: NationalResponse) -> list[AuditEvent]:
    """What was done about a State in a cycle, newest first; what the team of the State did among itself is not there."""
    statement = select(AuditEvent).where(AuditEvent.state_id == response.state_id, col(AuditEvent.event).in_(ACTS))
    return [
        act
        for act in session.exec(statement.order_by(col(AuditEvent.at).desc()))
        if (act.detail or {}).get("cycle", response.cycle_id) == response.cycle_id
        and (act.detail or {}).get("role", "focal_point") == "focal_point"
        and (act.detail or {}).get("by_officer", True)
    ]
