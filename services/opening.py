"""Opening a cycle: its deadline as one instant, and an empty response for every reporting State."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from instruments.routing import asked_item_ids, progress
from models.cycles import Cycle
from models.responses import NationalResponse
from models.states import ReportingState
from services.instruments import get_instrument

DEADLINE_ZONE = "Etc/GMT+12"
"""The last zone on earth in which a day ends, so that no State is late by its own clock."""


def end_of_day(day: date, zone: str) -> datetime:
    """The last second of a day in an IANA zone, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def open_responses(session: Session, cycle: Cycle) -> None:
    """An empty response for every reporting State, with the number of items that are asked of it at first.

    The cycle must be flushed. Raises LookupError for an instrument that is not published.
    """
    instrument = get_instrument(session, cycle.instrument_version_id)

    @lru_cache
    def asked_at_first(party_status: str, kind: str) -> int:
        asked = asked_item_ids(instrument, {}, {"party_status": party_status, "kind": kind})
        return progress(instrument.items.values(), asked, {}).asked

    for state in session.exec(select(ReportingState).order_by(col(ReportingState.id))):
        session.add(NationalResponse(
            cycle_id=cycle.id, state_id=state.id, asked=asked_at_first(state.party_status, state.kind)
        ))  # fmt: skip
    session.flush()
