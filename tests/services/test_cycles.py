"""Rounds of reporting: one instant for a deadline, extensions, closing, and what arrives after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from instruments.routing import asked_item_ids, progress
from models.audit import AuditEvent, OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import User
from models.responses import LateNote, NationalResponse
from models.states import ReportingState
from services.answers import Edit, save_answers
from services.cycles import (
    DEADLINE_ZONE,
    ClosedCycle,
    DatesInDisorder,
    NotAnExtension,
    UnknownZone,
    close_cycle,
    create_cycle,
    end_of_day,
    extend_deadline,
    find_cycle,
    last_day,
    list_zones,
    set_cycle,
)
from services.instruments import get_instrument
from services.outbox import render
from services.permissions import Actor, NotFound, Permission
from services.responses import open_response
from services.submissions import Declaration, NotSubmittable, submit
from settings import Settings, load_secrets
from tests.builders import World, actor_for, make_instrument, make_state, make_user, make_world


def officer_of(session: Session) -> Actor:
    return actor_for(make_user(session, "chief@secretariat.example", officer=True), officer=True)


def make(session: Session, **given: object) -> Cycle:
    values = {
        "title": "First round", "instrument_version_id": make_instrument(session).id, "opens_on": date(2026, 1, 1),
        "ends_on": date(2026, 6, 30), "zone": DEADLINE_ZONE, **given,
    }  # fmt: skip
    return create_cycle(session, officer_of(session), **values)  # type: ignore[arg-type]


def test_the_deadline_is_one_instant_at_the_end_of_the_day_in_its_zone(database: Database) -> None:
    with database.transaction() as session:
        make_state(session)
        everywhere = make(session).id
        actor = actor_for(session.exec(select(User)).one(), officer=True)
        cycle = find_cycle(session, everywhere)
        assert cycle.deadline == datetime(2026, 7, 1, 11, 59, 59, tzinfo=UTC)
        assert last_day(cycle.deadline, cycle.deadline_zone) == date(2026, 6, 30)
        for zone, instant in (
            ("Europe/Vienna", datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)),
            ("Pacific/Kiritimati", datetime(2026, 6, 30, 9, 59, 59, tzinfo=UTC)),
        ):
            set_cycle(session, actor, cycle, title="A", opens_on=date(2026, 1, 1), ends_on=date(2026, 6, 30), zone=zone)
            assert cycle.deadline == instant
            assert last_day(cycle.deadline, zone) == date(2026, 6, 30)
            # The statistics years follow from the year of the opening, whatever the zone.
            assert cycle.opens_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_cycle_asks_every_state_and_counts_what_it_is_asked(database: Database) -> None:
    with database.transaction() as session:
        make_state(session, "XAA", party_status="party")
        make_state(session, "XAB", party_status="not_party")
        cycle = make(session)
        instrument = get_instrument(session, cycle.instrument_version_id)
        rows = {row.state_id: row for row in session.exec(select(NationalResponse))}
        for code, party_status in (("XAA", "party"), ("XAB", "not_party")):
            asked = asked_item_ids(instrument, {}, {"party_status": party_status, "kind": "member_state"})
            assert rows[code].asked == progress(instrument.items.values(), asked, {}).asked > 0
        assert rows["XAA"].asked != rows["XAB"].asked
        assert session.exec(select(AuditEvent).where(AuditEvent.event == "cycle.created")).one().detail is not None


def test_dates_in_disorder_and_unknown_zones_are_refused(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(DatesInDisorder):
            make(session, ends_on=date(2026, 1, 1))
        actor = actor_for(session.exec(select(User)).one(), officer=True)
        with pytest.raises(UnknownZone):
            create_cycle(
                session, actor, title="A", instrument_version_id=make_instrument(session).id, opens_on=date(2026, 1, 1),
                ends_on=date(2026, 2, 1), zone="Mars/Olympus",
            )  # fmt: skip
        with pytest.raises(LookupError):
            create_cycle(
                session, actor, title="A", instrument_version_id="none", opens_on=date(2026, 1, 1),
                ends_on=date(2026, 2, 1),
            )  # fmt: skip
        assert session.exec(select(Cycle)).all() == []
    assert list_zones()[:2] == (DEADLINE_ZONE, "UTC")


def test_an_absent_cycle_is_not_found(database: Database) -> None:
    with database.reading() as session, pytest.raises(NotFound):
        find_cycle(session, "absent")


def world_and_officer(session: Session) -> tuple[World, Actor]:
    world = make_world(session)
    return world, actor_for(session.get_one(User, world.officer), officer=True)


def test_one_state_gets_more_time_and_its_focal_point_is_told(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        world, actor = world_and_officer(session)
        response, cycle = session.get_one(NationalResponse, world.response_id), session.get_one(Cycle, world.cycle_id)
        day = last_day(cycle.deadline, cycle.deadline_zone) + timedelta(days=30)
        extend_deadline(session, actor, response, cycle, ends_on=day, reason="An election was held.")
        assert response.extended_deadline is not None
        assert last_day(response.extended_deadline, cycle.deadline_zone) == day
        mail = session.exec(select(OutboxMail)).one()
        assert mail.recipient == "focal@ministry.example"
        session.flush()
        message = render(session, settings, "en", mail.template, mail.context)
        assert "Aldovia" in message.subject
        assert "An election was held." in message.body
        assert f"/responses/{response.id}" in message.body

        # The same day again says nothing new; an empty day takes the extension back, without a mail.
        extend_deadline(session, actor, response, cycle, ends_on=day, reason="again")
        extend_deadline(session, actor, response, cycle, ends_on=None, reason="No longer needed.")
        assert response.extended_deadline is None
        assert len(session.exec(select(OutboxMail)).all()) == 1
        events = session.exec(select(AuditEvent).where(AuditEvent.event == "deadline.extended")).all()
        assert sorted(str(event.detail["reason"]) for event in events) == ["An election was held.", "No longer needed."]


def test_an_extension_ends_after_the_deadline_of_the_cycle(database: Database) -> None:
    with database.transaction() as session:
        world, actor = world_and_officer(session)
        response, cycle = session.get_one(NationalResponse, world.response_id), session.get_one(Cycle, world.cycle_id)
        with pytest.raises(NotAnExtension):
            extend_deadline(
                session, actor, response, cycle, ends_on=cycle.deadline.date() - timedelta(days=1), reason=""
            )
        assert response.extended_deadline is None


def test_a_later_deadline_ends_the_extensions_it_overtakes_and_keeps_the_others(database: Database) -> None:
    with database.transaction() as session:
        world, actor = world_and_officer(session)
        cycle = session.get_one(Cycle, world.cycle_id)
        day = last_day(cycle.deadline, cycle.deadline_zone)
        for response_id, days in ((world.response_id, 10), (world.other_response_id, 60)):
            response = session.get_one(NationalResponse, response_id)
            extend_deadline(session, actor, response, cycle, ends_on=day + timedelta(days=days), reason="r")
        session.flush()
        ended = set_cycle(
            session, actor, cycle, title="New title", opens_on=cycle.opens_at.date(), ends_on=day + timedelta(days=30),
            zone=DEADLINE_ZONE,
        )  # fmt: skip
        assert ended == 1
        assert session.get_one(NationalResponse, world.response_id).extended_deadline is None
        assert session.get_one(NationalResponse, world.other_response_id).extended_deadline is not None
        assert cycle.title == "New title"


def test_an_extension_moves_with_the_zone_and_stays_the_same_day(database: Database) -> None:
    with database.transaction() as session:
        world, actor = world_and_officer(session)
        response, cycle = session.get_one(NationalResponse, world.response_id), session.get_one(Cycle, world.cycle_id)
        day = last_day(cycle.deadline, cycle.deadline_zone)
        extend_deadline(session, actor, response, cycle, ends_on=day + timedelta(days=10), reason="r")
        session.flush()
        for zone in ("Pacific/Kiritimati", DEADLINE_ZONE, "Europe/Vienna"):
            ended = set_cycle(
                session, actor, cycle, title="A", opens_on=cycle.opens_at.date(), ends_on=day, zone=zone
            )  # fmt: skip
            assert ended == 0
            assert response.extended_deadline == end_of_day(day + timedelta(days=10), zone)
            assert last_day(response.extended_deadline, zone) == day + timedelta(days=10)


def test_after_the_deadline_work_goes_on_marked_late_until_the_cycle_is_closed(
    database: Database, tmp_path: Path
) -> None:
    secrets = load_secrets(Settings(instance=tmp_path))
    with database.transaction() as session:
        world, actor = world_and_officer(session)
        cycle = session.get_one(Cycle, world.cycle_id)
        cycle.deadline = utc_now() - timedelta(days=1)
        session.add(cycle)
    edit = Edit(
        "op13d.narrative", 0, {"text": "late but welcome", "language": "en"}, posted=[["a", "late but welcome"]]
    )
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        focal = actor_for(session.get_one(User, world.focal_point), response)
        opened = open_response(session, response.id, focal, Permission.RESPONSE_EDIT, lock=True)
        assert opened.is_late
        assert save_answers(session, opened, [edit], idempotency_key="one").versions == {"op13d.narrative": 1}
        sealed = submit(session, opened, Declaration("Focal", "Head"), private_key=secrets.receipt_key)
        assert sealed.late
    with database.transaction() as session:
        close_cycle(session, actor, find_cycle(session, world.cycle_id, lock=True))
    late = Edit(
        "op4.narrative", 0, {"text": "after the closing", "language": "en"}, posted=[["t", "after the closing"]]
    )
    with database.transaction() as session:
        other = session.get_one(NationalResponse, world.other_response_id)
        focal = actor_for(session.get_one(User, world.other_focal_point), other)
        opened = open_response(session, other.id, focal, Permission.RESPONSE_EDIT, lock=True)
        result = save_answers(session, opened, [late], idempotency_key="two")
        assert result.locked
        assert result.versions == {}
        with pytest.raises(NotSubmittable):
            submit(session, opened, Declaration("Focal", "Head"), private_key=secrets.receipt_key)
    with database.reading() as session:
        note = session.exec(select(LateNote)).one()
        assert note.typed == [["t", "after the closing"]]
        assert not note.offered


def test_nothing_of_a_closed_cycle_changes(database: Database) -> None:
    with database.transaction() as session:
        world, actor = world_and_officer(session)
        response, cycle = session.get_one(NationalResponse, world.response_id), session.get_one(Cycle, world.cycle_id)
        close_cycle(session, actor, cycle)
        closed_at = cycle.closed_at
        with pytest.raises(ClosedCycle):
            close_cycle(session, actor, cycle)
        with pytest.raises(ClosedCycle):
            extend_deadline(session, actor, response, cycle, ends_on=date(2030, 1, 1), reason="")
        with pytest.raises(ClosedCycle):
            set_cycle(session, actor, cycle, title="A", opens_on=date(2026, 1, 1), ends_on=date(2030, 1, 1), zone="UTC")
        assert cycle.closed_at == closed_at
        assert cycle.title == "First round"
        events = session.exec(select(AuditEvent.event).where(col(AuditEvent.event).startswith("cycle."))).all()
        assert events == ["cycle.closed"]


def test_the_states_of_a_new_cycle_start_empty_beside_an_older_one(database: Database) -> None:
    with database.transaction() as session:
        world, actor = world_and_officer(session)
        version = session.get_one(Cycle, world.cycle_id).instrument_version_id
        second = create_cycle(
            session, actor, title="Second", instrument_version_id=version, opens_on=date(2028, 1, 1), ends_on=date(2028, 6, 30)
        )  # fmt: skip
        rows = session.exec(select(NationalResponse).where(NationalResponse.cycle_id == second.id)).all()
        assert {row.state_id for row in rows} == {state.id for state in session.exec(select(ReportingState))}
        assert all(row.started_at is None and row.answered == 0 for row in rows)
