"""Reminders: the right people, in their language, once; on record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from models.audit import AuditEvent, OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import User
from models.responses import NationalResponse
from services.cycles import DEADLINE_ZONE, ClosedCycle, close_cycle, end_of_day
from services.permissions import Actor
from services.reminders import ReminderPlan, list_reminded, plan_reminders, send_reminders
from services.secretariat import read_board
from settings import Settings
from tests.builders import World, actor_for, make_response, make_state, make_world


def stage(session: Session) -> tuple[World, Cycle, Actor]:
    """The small world, where Borduria's focal point reads Arabic, and a State without anybody."""
    world = make_world(session)
    cycle = session.get_one(Cycle, world.cycle_id)
    make_response(session, cycle, make_state(session, "XAC", "Cordia"))
    cycle.deadline, cycle.deadline_zone = (
        end_of_day(utc_now().date() + timedelta(days=30), DEADLINE_ZONE),
        DEADLINE_ZONE,
    )
    session.add(cycle)
    person = session.get_one(User, world.other_focal_point)
    person.language = "ar"
    session.add(person)
    session.flush()
    return world, cycle, actor_for(session.get_one(User, world.officer), officer=True)


def plan(session: Session, settings: Settings, cycle: Cycle, *state_ids: str) -> ReminderPlan:
    return plan_reminders(session, settings, cycle, read_board(session, cycle, "en").standings, state_ids)


def test_the_preview_shows_one_mail_per_language_and_who_cannot_be_reached(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, mail_host="mail.example")
    with database.transaction() as session:
        _world, cycle, _actor = stage(session)
        found = plan(session, settings, cycle, "XAA", "XAB", "XAC")
        assert [person.email for _standing, person in found.recipients] == [
            "focal@ministry.example", "other@ministry.example",
        ]  # fmt: skip
        assert [standing.state.id for standing in found.unreachable] == ["XAC"]
        assert [(sample.message.language, sample.state_id, sample.count) for sample in found.samples] == [
            ("ar", "XAB", 1), ("en", "XAA", 1),
        ]  # fmt: skip
        assert "Aldovia" in found.samples[1].message.subject
        assert "has passed" not in found.samples[1].message.body
        assert "end of the day everywhere (UTC−12), that is" in found.samples[1].message.body
        assert session.exec(select(OutboxMail)).all() == []


def test_sending_puts_mails_into_the_outbox_and_on_record_once(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, mail_host="mail.example")
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        chosen = plan(session, settings, cycle, "XAA", "XAB")
        assert send_reminders(session, settings, actor, cycle, chosen, "batch-1") == 2
        assert send_reminders(session, settings, actor, cycle, chosen, "batch-1") == 0
        mails = session.exec(select(OutboxMail)).all()
        assert {(mail.recipient, mail.language) for mail in mails} == {
            ("focal@ministry.example", "en"), ("other@ministry.example", "ar"),
        }  # fmt: skip
        send_reminders(session, settings, actor, cycle, plan(session, settings, cycle, "XAA"), "batch-2")
        assert {code: entry.count for code, entry in list_reminded(session, cycle.id).items()} == {"XAA": 2, "XAB": 1}
        assert list_reminded(session, "another") == {}


def test_without_a_mail_server_the_record_says_by_hand(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        assert send_reminders(session, settings, actor, cycle, plan(session, settings, cycle, "XAA"), "b") == 1
        assert session.exec(select(OutboxMail)).all() == []
        event = session.exec(select(AuditEvent).where(AuditEvent.event == "reminder.sent")).one()
        assert event.detail["channel"] == "by_hand"


def test_a_submitted_response_is_left_alone(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        world, cycle, _actor = stage(session)
        response = session.get_one(NationalResponse, world.response_id)
        response.clearance = "submitted"
        session.add(response)
        session.flush()
        assert plan(session, settings, cycle, "XAA").recipients == []


def test_after_the_deadline_the_mail_says_so(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        _world, cycle, _actor = stage(session)
        cycle.deadline = utc_now() - timedelta(days=1)
        session.add(cycle)
        session.flush()
        sample = plan(session, settings, cycle, "XAA").samples[0]
        assert "has passed" in sample.message.subject
        assert "late" in sample.message.body


def test_no_reminder_leaves_for_a_closed_cycle(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        chosen = plan(session, settings, cycle, "XAA")
        close_cycle(session, actor, cycle)
        with pytest.raises(ClosedCycle):
            send_reminders(session, settings, actor, cycle, chosen, "b")
