"""What a mail says: whom to ask, and moments in the zone of its reader."""

from __future__ import annotations

from pathlib import Path

from models.database import Database
from models.people import User
from services.outbox import reader_zone, render
from settings import Settings
from tests.builders import World, make_world

REMINDER = {"late": False, "returned": True}


def make_world_in(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


def test_a_mail_names_the_address_for_questions_where_there_is_one(sqlite_database: Database, tmp_path: Path) -> None:
    world = make_world_in(sqlite_database)
    facts = {"response_id": world.response_id, "state_id": "XAA", "name": "Ines", **REMINDER}
    with sqlite_database.reading() as session:
        without = render(session, Settings(instance=tmp_path), "en", "reminder", facts).body
        named = render(
            session, Settings(instance=tmp_path, contact="help@secretariat.example"), "en", "reminder", facts
        ).body
    assert "write to" not in without and "Nobody reads answers to it." in without
    assert "write to help@secretariat.example." in named
    assert "Nobody reads answers" not in named


def test_moments_are_given_in_the_zone_of_the_reader(sqlite_database: Database, tmp_path: Path) -> None:
    world = make_world_in(sqlite_database)
    facts = {"response_id": world.response_id, "state_id": "XAA", "name": "Ines", **REMINDER}
    with sqlite_database.transaction() as session:
        session.get_one(User, world.focal_point).time_zone = "Africa/Nairobi"
    with sqlite_database.reading() as session:
        zone = reader_zone(session, "focal@ministry.example")
        assert reader_zone(session, "nobody@ministry.example") == "UTC"
        assert (
            "(Africa/Nairobi)" in render(session, Settings(instance=tmp_path), "en", "reminder", facts, zone=zone).body
        )
