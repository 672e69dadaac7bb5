"""The mails of the secretariat as its officers see them: to whom, how they read, and whether they have left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from models.audit import OutboxMail
from models.base import utc_now
from models.responses import NationalResponse
from services.outbox import DELAYS, OLDEST, Message, reader_zone, render
from settings import Settings

PER_PAGE = 20

TEMPLATES: tuple[str, ...] = (
    "deadline_extended", "invitation", "reminder", "reopened", "reopening_declined", "reopening_requested", "replaced",
    "returned", "second_factor_reset", "submitted", "submitted_receipt",
)  # fmt: skip
"""Mails that the secretariat causes or gets. What is between a person and their account, or inside a State's team, is not here."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail; `state` is `sent`, `waiting`, `failed` (given up) or `too_old` (waited so long that it is not sent any more)."""

    mail: OutboxMail
    message: Message
    state: str


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One page of the mails, newest first."""

    notices: list[Notice]
    page: int
    pages: int
    count: int
    unsent: int
    """Of all pages: mails that have not left."""


def read_notices(
    session: Session, settings: Settings, *, response: NationalResponse | None = None, unsent_only: bool = False, page: int = 1
) -> NoticePage:  # fmt: skip
    """The secretariat's mails, or those about one response. A link that opens an account is never shown again."""
    found = _of_the_secretariat(response)
    unsent = session.exec(found.where(col(OutboxMail.sent_at).is_(None)).with_only_columns(func.count())).one()
    if unsent_only:
        found = found.where(col(OutboxMail.sent_at).is_(None))
    count = session.exec(found.with_only_columns(func.count())).one()
    pages = max(1, -(-count // PER_PAGE))
    page = min(max(page, 1), pages)
    newest = found.order_by(col(OutboxMail.created_at).desc(), col(OutboxMail.id))
    mails = session.exec(newest.limit(PER_PAGE).offset((page - 1) * PER_PAGE)).all()
    notices = [Notice(mail, _message(session, settings, mail), _state(mail)) for mail in mails]
    return NoticePage(notices, page, pages, count, unsent)


def _of_the_secretariat(response: NationalResponse | None) -> Any:
    context: Any = col(OutboxMail.context)
    role = context["role"].as_string()
    found = select(OutboxMail).where(
        col(OutboxMail.template).in_(TEMPLATES),
        or_(col(OutboxMail.template) != "invitation", role.in_(("officer", "focal_point"))),
        or_(col(OutboxMail.template) != "second_factor_reset", context["by_officer"].as_boolean()),
    )
    if response is None:
        return found
    return found.where(or_(
        context["response_id"].as_string() == response.id,
        (context["state_id"].as_string() == response.state_id) & (context["cycle_id"].as_string() == response.cycle_id),
    ))  # fmt: skip


def _message(session: Session, settings: Settings, mail: OutboxMail) -> Message:
    zone = reader_zone(session, mail.recipient)
    return render(session, settings, mail.language, mail.template, mail.context, zone=zone)


def _state(mail: OutboxMail) -> str:
    if mail.sent_at is not None:
        return "sent"
    if mail.attempts > len(DELAYS):
        return "failed"
    return "too_old" if mail.created_at <= utc_now() - OLDEST else "waiting"
