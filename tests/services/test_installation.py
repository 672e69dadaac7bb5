"""The first start fills an installation; every later one changes only what the files changed, and never what people did."""

from __future__ import annotations

import copy
import csv
import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, func, select

from instruments import catalog
from models.audit import AuditEvent, Installation
from models.base import utc_now
from models.cycles import Cycle, InstrumentVersion
from models.database import Database
from models.people import Invitation
from models.responses import NationalResponse
from models.states import ReportingState
from services import installation
from services.installation import (
    FICTITIOUS_STATES,
    STATES,
    WrongInstallation,
    bootstrap,
    describe_links,
    is_current,
    issue_links,
    load_states,
    new_epoch,
)
from services.opening import DEADLINE_ZONE, end_of_day
from services.publishing import PublishedVersionChanged, publish
from settings import Settings
from tests.builders import make_member, make_user

SETTINGS = Settings(port=8123)
REHEARSAL = Settings(rehearsal=True)
SHIPPED_DOCUMENT = catalog.read_document()


@pytest.fixture
def installed(database: Database) -> Database:
    """A database after its first start."""
    with database.transaction() as session:
        bootstrap(session, SETTINGS)
    return database


def count(session: Session, table: Any) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def fact(session: Session, name: str) -> str:
    return session.get_one(Installation, name).value


def codes(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as table:
        return [row["iso3"] for row in csv.DictReader(table)]


def test_the_first_start_makes_everything_that_a_first_round_needs(database: Database) -> None:
    before = utc_now()
    with database.transaction() as session:
        links = bootstrap(session, SETTINGS)
    with database.reading() as session:
        version = session.exec(select(InstrumentVersion)).one()
        assert version.sha256 == catalog.sha256_of(version.document) == catalog.load_instrument().sha256
        assert sorted(session.exec(select(ReportingState.id))) == sorted(codes(STATES))
        cycle = session.exec(select(Cycle)).one()
        assert (cycle.instrument_version_id, cycle.closed_at) == (version.id, None)
        assert before <= cycle.opens_at <= utc_now()
        responses = session.exec(select(NationalResponse)).all()
        assert {response.state_id for response in responses} == set(codes(STATES))
        assert all(
            response.asked > 0 and response.answered == 0 and response.clearance == "draft" for response in responses
        )
        assert fact(session, "rehearsal") == "no"
        assert len(fact(session, "epoch")) == 32
        events = session.exec(select(AuditEvent.event)).all()
        assert {"installed", "instrument_published", "links_issued"} <= set(events)
    assert [link.role for link in links] == ["officer", "focal_point"]


def test_every_state_starts_with_an_unknown_party_status(installed: Database) -> None:
    with installed.reading() as session:
        assert set(session.exec(select(ReportingState.party_status))) == {"unknown"}


def test_the_deadline_is_the_end_of_a_day_a_year_ahead_when_it_has_ended_everywhere(installed: Database) -> None:
    with installed.reading() as session:
        cycle = session.exec(select(Cycle)).one()
    assert cycle.deadline_zone == DEADLINE_ZONE == "Etc/GMT+12"
    last = cycle.deadline.astimezone(ZoneInfo(DEADLINE_ZONE))
    assert (last.hour, last.minute, last.second) == (23, 59, 59)
    assert last.date().replace(year=last.year - 1) in {cycle.opens_at.date(), cycle.opens_at.date() - timedelta(days=1)}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "America/St_Johns"):
        assert (cycle.deadline + timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() > last.date()


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("UTC", datetime(2027, 3, 28, 23, 59, 59, tzinfo=UTC)),
        ("Etc/GMT+12", datetime(2027, 3, 29, 11, 59, 59, tzinfo=UTC)),
        ("Europe/Vienna", datetime(2027, 3, 28, 21, 59, 59, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2027, 3, 28, 14, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_day_is_one_instant(zone: str, instant: datetime) -> None:
    assert end_of_day(date(2027, 3, 28), zone) == instant


def test_a_cycle_opened_on_the_29th_of_february_ends_on_the_28th(database: Database) -> None:
    with database.transaction() as session:
        version = publish(session, catalog.read_document())
        cycle = installation.open_first_cycle(session, version, datetime(2028, 2, 29, 8, tzinfo=UTC))
        assert cycle.deadline == end_of_day(date(2029, 2, 28), DEADLINE_ZONE)
        assert cycle.title == "2028–2029"


def test_the_links_are_one_time_and_only_the_hash_of_a_token_is_stored(database: Database) -> None:
    with database.transaction() as session:
        officer, focal_point = bootstrap(session, SETTINGS)
    assert officer.url.startswith("http://localhost:8123/invitations/")
    assert (officer.state, focal_point.state) == ("", "Afghanistan")
    with database.reading() as session:
        invitations = {invitation.role: invitation for invitation in session.exec(select(Invitation))}
    assert set(invitations) == {"officer", "focal_point"}
    for link in (officer, focal_point):
        token = link.url.rpartition("/")[2]
        assert len(token) >= 43
        invitation = invitations[link.role]
        assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
        assert timedelta(days=9, hours=23) < invitation.expires_at - utc_now() <= timedelta(days=10)
        assert abs(link.expires_at - invitation.expires_at) < timedelta(seconds=5)
    assert invitations["focal_point"].state_id == "AFG"


def test_the_links_are_listed_with_whose_they_are(installed: Database) -> None:
    with installed.transaction() as session:
        lines = describe_links(issue_links(session, SETTINGS, "AUT"))
    assert lines[0].split()[:2] == ["Secretariat", "officer"]
    assert lines[1].split()[:4] == ["Focal", "point", "of", "Austria"]


def test_a_second_start_changes_nothing_and_gives_no_links(installed: Database) -> None:
    with installed.reading() as session:
        assert is_current(session, SETTINGS)
        before = {name: fact(session, name) for name in ("epoch", "files", "rehearsal")}
        invitations, events = count(session, Invitation), count(session, AuditEvent)
    with installed.transaction() as session:
        assert bootstrap(session, SETTINGS) == []
    with installed.reading() as session:
        assert {name: fact(session, name) for name in before} == before
        assert (count(session, Cycle), count(session, NationalResponse)) == (1, len(codes(STATES)))
        assert (count(session, Invitation), count(session, AuditEvent)) == (invitations, events)


def test_what_an_officer_set_is_never_overwritten_and_a_corrected_name_is_taken_over(
    installed: Database, tmp_path: Path
) -> None:
    with installed.transaction() as session:
        state = session.get_one(ReportingState, "AUT")
        state.party_status, state.party_since, state.party_source = "party", date(2005, 9, 15), "C.N.1"
    text = STATES.read_text(encoding="utf-8")
    changed = tmp_path / "states.csv"
    changed.write_text(text.replace(",Austria,Autriche,", ",Ostarrichi,Autriche,"), encoding="utf-8")
    with installed.transaction() as session:
        load_states(session, changed)
    with installed.reading() as session:
        state = session.get_one(ReportingState, "AUT")
        assert (state.party_status, state.party_since, state.party_source) == ("party", date(2005, 9, 15), "C.N.1")
        assert state.names["en"] == "Ostarrichi"
        assert set(state.names) == {"ar", "zh", "en", "fr", "ru", "es"}


def changed_document() -> dict[str, Any]:
    document = copy.deepcopy(SHIPPED_DOCUMENT)
    document["texts"]["en"]["op1.label"] += " (changed)"
    return document


def test_a_changed_document_under_a_published_version_is_refused_with_the_remedy(installed: Database) -> None:
    with installed.transaction() as session:
        with pytest.raises(PublishedVersionChanged, match=r"Remedy: give the next version number"):
            publish(session, changed_document())
        assert session.exec(select(InstrumentVersion)).one().document == catalog.read_document()


def test_a_start_with_changed_files_is_refused_once_anybody_has_an_account(
    installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installed.transaction() as session:
        make_user(session, officer=True)
    monkeypatch.setattr(catalog, "read_document", changed_document)
    monkeypatch.setattr(installation, "_fingerprint", lambda _rehearsal: "other files")
    with pytest.raises(PublishedVersionChanged), installed.transaction() as session:
        assert not is_current(session, SETTINGS)
        bootstrap(session, SETTINGS)


def test_before_the_first_account_changed_files_take_the_place_of_what_nobody_has_seen(
    installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "read_document", changed_document)
    with installed.transaction() as session:
        assert bootstrap(session, SETTINGS) == []
        version = session.exec(select(InstrumentVersion)).one()
        assert version.sha256 == catalog.sha256_of(changed_document())
        assert "instrument_replaced" in session.exec(select(AuditEvent.event)).all()


def test_a_next_version_is_published_beside_the_first(installed: Database) -> None:
    document = changed_document()
    version = document["structure"]["version"]
    document["structure"]["version"] = following = str(int(version) + 1)
    with installed.transaction() as session:
        publish(session, document)
        assert sorted(session.exec(select(InstrumentVersion.version))) == [version, following]


def test_a_rehearsal_has_fictitious_states_only(database: Database) -> None:
    with database.transaction() as session:
        bootstrap(session, REHEARSAL)
    with database.reading() as session:
        found = set(session.exec(select(ReportingState.id)))
        assert found == set(codes(FICTITIOUS_STATES))
        assert not found & set(codes(STATES))
        assert fact(session, "rehearsal") == "yes"


@pytest.mark.parametrize(("first", "then"), [(SETTINGS, REHEARSAL), (REHEARSAL, SETTINGS)])
def test_a_rehearsal_never_opens_a_real_database_nor_the_other_way_round(
    sqlite_database: Database, first: Settings, then: Settings
) -> None:
    with sqlite_database.transaction() as session:
        bootstrap(session, first)
    with (
        pytest.raises(WrongInstallation, match="Remedy: change TRACKER_REHEARSAL"),
        sqlite_database.reading() as session,
    ):
        is_current(session, then)
    with pytest.raises(WrongInstallation), sqlite_database.transaction() as session:
        bootstrap(session, then)


def test_new_links_end_the_unused_ones_before(installed: Database) -> None:
    with installed.transaction() as session:
        issue_links(session, SETTINGS)
    with installed.reading() as session:
        for role in ("officer", "focal_point"):
            made = session.exec(
                select(Invitation).where(Invitation.role == role).order_by(col(Invitation.created_at))
            ).all()
            assert [invitation.cancelled_at is None for invitation in made] == [False, True]


def test_a_link_for_a_named_state_goes_to_that_state(installed: Database) -> None:
    with installed.transaction() as session:
        _, link = issue_links(session, SETTINGS, "fra")
        assert link.state == "France"
        assert session.exec(select(Invitation).where(Invitation.state_id == "FRA")).one().role == "focal_point"


def test_an_unknown_state_is_refused_with_an_example(installed: Database) -> None:
    with installed.transaction() as session, pytest.raises(WrongInstallation, match="three-letter code, such as AFG"):
        issue_links(session, SETTINGS, "ZZZ")


def test_a_state_with_a_focal_point_gets_no_second_one_and_the_next_state_is_offered(installed: Database) -> None:
    with installed.transaction() as session:
        response = session.exec(select(NationalResponse).where(NationalResponse.state_id == "AFG")).one()
        make_member(session, make_user(session), response)
    with installed.transaction() as session:
        with pytest.raises(WrongInstallation, match="Afghanistan has a focal point"):
            issue_links(session, SETTINGS, "AFG")
        assert [link.state for link in issue_links(session, SETTINGS)] == ["", "Albania"]


def test_without_an_open_cycle_there_is_a_link_for_an_officer_only(installed: Database) -> None:
    with installed.transaction() as session:
        session.exec(select(Cycle)).one().closed_at = utc_now()
    with installed.transaction() as session:
        assert [link.role for link in issue_links(session, SETTINGS)] == ["officer"]
        with pytest.raises(WrongInstallation, match="No cycle is open"):
            issue_links(session, SETTINGS, "AUT")


def test_a_restored_database_gets_a_new_epoch(installed: Database) -> None:
    with installed.transaction() as session:
        before = fact(session, "epoch")
        assert new_epoch(session) != before
    with installed.reading() as session:
        assert fact(session, "epoch") != before
