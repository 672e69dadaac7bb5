"""Reminders to focal points: who gets one, how it reads in each language, and the record of those that were sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from languages import LANGUAGES
from models.base import utc_now
from models.cycles import Cycle
from models.queries import Person, list_events, list_focal_points
from services.audit import record
from services.cycles import ClosedCycle
from services.outbox import Message, render, send_later
from services.permissions import Actor
from services.secretariat import Standing
from settings import Settings

EVENT = "reminder.sent"
TEMPLATE = "reminder"


@dataclass(frozen=True, slots=True)
class Reminded:
    """The reminders a State had in a cycle."""

    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Sample:
    """How the reminder reads in one language: the mail to one of those who get it in that language, and how many do."""

    message: Message
    state_id: str
    count: int


@dataclass(frozen=True, slots=True)
class ReminderPlan:
    """What sending would do: who gets a mail, and which States nobody can be reminded in."""

    recipients: list[tuple[Standing, Person]]
    unreachable: list[Standing]
    samples: list[Sample]


def list_reminded(session: Session, cycle_id: str) -> dict[str, Reminded]:
    """The reminders of a cycle by State id."""
    found: dict[str, Reminded] = {}
    for event in list_events(session, EVENT):
        if event.state_id and (event.detail or {}).get("cycle") == cycle_id:
            earlier = found.get(event.state_id)
            found[event.state_id] = Reminded((earlier.count if earlier else 0) + 1, event.at)
    return found


def plan_reminders(
    session: Session, settings: Settings, cycle: Cycle, standings: Sequence[Standing], state_ids: Collection[str]
) -> ReminderPlan:
    """Who would be reminded among the chosen States; a submitted response needs no reminder and is left out."""
    focal_points = list_focal_points(session, cycle.id)
    recipients, unreachable = [], []
    for standing in standings:
        if standing.state.id not in state_ids or standing.response.clearance == "submitted":
            continue
        person = focal_points.get(standing.state.id)
        if person is not None and person.active:
            recipients.append((standing, person))
        else:
            unreachable.append(standing)
    samples = []
    for language in LANGUAGES:
        group = [(standing, person) for standing, person in recipients if person.language == language]
        if group:
            message = render(session, settings, language, TEMPLATE, _context(*group[0]))
            samples.append(Sample(message, group[0][0].state.id, len(group)))
    return ReminderPlan(recipients, unreachable, samples)


def send_reminders(
    session: Session, settings: Settings, actor: Actor, cycle: Cycle, plan: ReminderPlan, batch: str
) -> int:
    """Put the reminders of a plan into the outbox and on record; their number. The same batch again sends nothing.

    Without a mail server nothing can be sent: the officer writes by hand, and that is what the record says.
    Raises ClosedCycle.
    """
    if cycle.closed_at is not None:
        raise ClosedCycle(cycle.id)
    if any((event.detail or {}).get("batch") == batch for event in list_events(session, EVENT)):
        return 0
    channel = "mail" if settings.mail_host else "by_hand"
    for standing, person in plan.recipients:
        if settings.mail_host:
            send_later(session, person.email, person.language, TEMPLATE, _context(standing, person))
        record(
            session, EVENT, actor.user_id, standing.state.id,
            cycle=cycle.id, batch=batch, to=person.user_id, language=person.language, channel=channel,
        )  # fmt: skip
    return len(plan.recipients)


def _context(standing: Standing, person: Person) -> dict[str, object]:
    return {
        "name": person.name, "response_id": standing.response.id, "state_id": standing.state.id, "late": standing.deadline < utc_now(),
        "returned": standing.response.clearance == "returned",
    }  # fmt: skip
