"""Rounds of reporting: opened, dated, extended for one State, closed. Every State is asked; each act is on record."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import available_timezones

from sqlmodel import Session, col, select

from instruments.routing import asked_item_ids, progress
from models.base import utc_now
from models.cycles import Cycle
from models.responses import Answer, NationalResponse
from models.states import ReportingState
from services.audit import record
from services.deadlines import last_day
from services.instruments import get_instrument
from services.opening import DEADLINE_ZONE, end_of_day, open_responses
from services.outbox import send_later
from services.people import reachable_focal_point
from services.permissions import Actor, NotFound

__all__ = [
    "DEADLINE_ZONE", "ClosedCycle", "DatesInDisorder", "NotAnExtension", "UnknownZone", "close_cycle", "create_cycle",
    "end_of_day", "extend_deadline", "find_cycle", "last_day", "list_zones", "recount", "set_cycle",
]  # fmt: skip


class ClosedCycle(Exception):
    """The round of reporting is closed: its dates and responses stand as they are."""


class DatesInDisorder(ValueError):
    """The last day for submission is not after the opening day."""


class NotAnExtension(ValueError):
    """The day given ends no later than the deadline of the cycle."""


class UnknownZone(ValueError):
    """Not a zone of the IANA database."""


_known_zones = lru_cache(maxsize=1)(available_timezones)


@lru_cache(maxsize=1)
def list_zones() -> tuple[str, ...]:
    """Zones a deadline can be set in: the end of a day everywhere first, then UTC, then places by name."""
    places = sorted(zone for zone in _known_zones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return (DEADLINE_ZONE, "UTC", *places)


def find_cycle(session: Session, cycle_id: str, *, lock: bool = False) -> Cycle:
    """The cycle. Raises NotFound."""
    statement = select(Cycle).where(Cycle.id == cycle_id)
    cycle = session.exec(statement.with_for_update() if lock else statement).one_or_none()
    if cycle is None:
        raise NotFound(cycle_id)
    return cycle


def create_cycle(
    session: Session,
    actor: Actor,
    *,
    title: str,
    instrument_version_id: str,
    opens_on: date,
    ends_on: date,
    zone: str = DEADLINE_ZONE,
) -> Cycle:
    """An open round with an empty response for every reporting State.

    The deadline is the end of `ends_on` in `zone`, kept as one instant. Raises DatesInDisorder, UnknownZone, and LookupError
    for an instrument that is not published.
    """
    get_instrument(
        session, instrument_version_id
    )  # before the insert, so that an unknown one is named and not the table
    opens_at, deadline = _instants(opens_on, ends_on, zone)
    cycle = Cycle(
        title=title, instrument_version_id=instrument_version_id, opens_at=opens_at, deadline=deadline, deadline_zone=zone
    )  # fmt: skip
    session.add(cycle)
    session.flush()
    open_responses(session, cycle)
    record(session, "cycle.created", actor.user_id, cycle=cycle.id, **_dates(cycle))
    session.flush()
    return cycle


def set_cycle(
    session: Session, actor: Actor, cycle: Cycle, *, title: str, opens_on: date, ends_on: date, zone: str
) -> int:
    """Change title and dates of an open cycle; the number of extensions that the new deadline made needless and that ended.

    An extension is a day: it moves with the zone, and stays the same day. Raises ClosedCycle, DatesInDisorder, UnknownZone.
    """
    _must_be_open(cycle)
    opens_at, deadline = _instants(opens_on, ends_on, zone)
    before, zone_before = _dates(cycle), cycle.deadline_zone
    cycle.title, cycle.opens_at, cycle.deadline, cycle.deadline_zone = title, opens_at, deadline, zone
    session.add(cycle)
    extended = session.exec(
        select(NationalResponse)
        .where(NationalResponse.cycle_id == cycle.id, col(NationalResponse.extended_deadline).is_not(None))
        .order_by(col(NationalResponse.id))
        .with_for_update()
    ).all()
    needless = 0
    for response in extended:
        assert response.extended_deadline is not None  # as selected
        moved = end_of_day(last_day(response.extended_deadline, zone_before), zone)
        # An extension that ends before the new deadline would take time away from the State it was given to.
        response.extended_deadline = moved if moved > deadline else None
        needless += moved <= deadline
        session.add(response)
    record(session, "cycle.dates_set", actor.user_id, cycle=cycle.id, before=before, **_dates(cycle))
    return needless


def extend_deadline(
    session: Session, actor: Actor, response: NationalResponse, cycle: Cycle, *, ends_on: date | None, reason: str
) -> None:
    """Give one State until the end of a day, in the zone of the cycle; None takes the extension back. The focal point is told.

    Raises ClosedCycle, and NotAnExtension for a day that ends no later than the deadline of the cycle.
    """
    _must_be_open(cycle)
    deadline = None if ends_on is None else end_of_day(ends_on, cycle.deadline_zone)
    if deadline is not None and deadline <= cycle.deadline:
        raise NotAnExtension(str(ends_on))
    if deadline == response.extended_deadline:
        return
    response.extended_deadline = deadline
    session.add(response)
    record(
        session, "deadline.extended", actor.user_id, response.state_id,
        cycle=cycle.id, deadline=deadline.isoformat() if deadline else None, reason=reason,
    )  # fmt: skip
    if deadline is not None:
        _tell_focal_point(session, response, "deadline_extended", {"reason": reason})


def close_cycle(session: Session, actor: Actor, cycle: Cycle) -> None:
    """Close the round: nothing can be changed or submitted any more; what arrives later is kept as notes. Raises ClosedCycle."""
    _must_be_open(cycle)
    cycle.closed_at = utc_now()
    session.add(cycle)
    record(session, "cycle.closed", actor.user_id, cycle=cycle.id)


def recount(session: Session, states: dict[str, ReportingState]) -> None:
    """Bring *answered of asked* up to date in open cycles, after a fact about these States changed what they are asked."""
    statement = (
        select(NationalResponse, Cycle.instrument_version_id)
        .join(Cycle, col(Cycle.id) == col(NationalResponse.cycle_id))
        .where(col(NationalResponse.state_id).in_(states), col(Cycle.closed_at).is_(None))
        .order_by(col(NationalResponse.id))
        .with_for_update(of=NationalResponse)
    )
    rows = session.exec(statement).all()
    stored = session.exec(
        select(Answer.national_response_id, Answer.item_id, Answer.value).where(
            col(Answer.national_response_id).in_([row[0].id for row in rows]), col(Answer.value).is_not(None)
        )
    )
    answers: dict[str, list[tuple[str, object]]] = {}
    for response_id, item_id, value in stored:
        answers.setdefault(response_id, []).append((item_id, value))
    for response, version_id in rows:
        instrument = get_instrument(session, version_id)
        values = {
            item_id: instrument.items[item_id].load(value)
            for item_id, value in answers.get(response.id, ())
            if item_id in instrument.items
        }
        state = states[response.state_id]
        asked = asked_item_ids(instrument, values, {"party_status": state.party_status, "kind": state.kind})
        total = progress(instrument.items.values(), asked, values)
        response.answered, response.asked = total.answered, total.asked
        session.add(response)


def _must_be_open(cycle: Cycle) -> None:
    if cycle.closed_at is not None:
        raise ClosedCycle(cycle.id)


def _instants(opens_on: date, ends_on: date, zone: str) -> tuple[datetime, datetime]:
    if zone not in _known_zones():
        raise UnknownZone(zone)
    if ends_on <= opens_on:
        raise DatesInDisorder(f"{opens_on} – {ends_on}")
    # The opening is a day in UTC: the statistics years follow from its year.
    return datetime.combine(opens_on, time(), UTC), end_of_day(ends_on, zone)


def _dates(cycle: Cycle) -> dict[str, str]:
    return {
        "title": cycle.title, "opens_at": cycle.opens_at.isoformat(), "deadline": cycle.deadline.isoformat(),
        "zone": cycle.deadline_zone,
    }  # fmt: skip


def _tell_focal_point(session: Session, response: NationalResponse, template: str, context: dict[str, str]) -> None:
    person = reachable_focal_point(session, response)
    if person is not None:
        facts = {"name": person.name, "state_id": response.state_id, "response_id": response.id, **context}
        send_later(session, person.email, person.language, template, facts)
