"""Mails waiting to leave."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from models.audit import OutboxMail


def send_later(session: Session, recipient: str, language: str, template: str, context: dict[str, Any]) -> None:
    """Put a mail into the outbox, in the same transaction as its cause; it is rendered in `language` when it is sent."""
    session.add(OutboxMail(recipient=recipient, language=language, template=template, context=context))
