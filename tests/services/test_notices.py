"""The mails of the secretariat: with their texts, with whether they left, and without what is the State's own business."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlmodel import Session, select

from models.audit import OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import User
from models.responses import NationalResponse
from services.accounts import create_invitation, deliver_link
from services.audit import list_acts
from services.cycles import extend_deadline, last_day
from services.notices import PER_PAGE, read_notices
from services.outbox import DELAYS, OLDEST, send_later
from services.permissions import FOCAL_POINT, Actor
from services.roles import reset_second_factor
from settings import Settings, load_secrets
from tests.builders import World, actor_for, make_world


def stage(session: Session) -> tuple[World, Actor, Cycle]:
    world = make_world(session)
    cycle = session.get_one(Cycle, world.cycle_id)
    return world, actor_for(session.get_one(User, world.officer), officer=True), cycle


def test_the_team_of_a_state_and_accounts_are_not_among_the_notices(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, mail_host="mail.example")
    with database.transaction() as session:
        world, officer, cycle = stage(session)
        response = session.get_one(NationalResponse, world.response_id)
        other = session.get_one(NationalResponse, world.other_response_id)
        focal_point = actor_for(session.get_one(User, world.focal_point), response)
        given = {"state_id": "XAA", "cycle_id": cycle.id}
        colleague = create_invitation(session, focal_point, email="c@ministry.example", role="contributor", **given)
        deliver_link(session, settings, load_secrets(settings), colleague)
        reset_second_factor(session, focal_point, world.contributor, "lost by the colleague")
        reset_second_factor(session, officer, world.focal_point, "lost by the focal point")
        send_later(session, "focal@ministry.example", "en", "account_changed", {"name": "F", "change": "passphrase"})
        day = last_day(cycle.deadline, cycle.deadline_zone) + timedelta(days=9)
        extend_deadline(session, officer, response, cycle, ends_on=day, reason="An election.")
        extend_deadline(session, officer, other, cycle, ends_on=day, reason="A flood.")
        session.flush()
        found = read_notices(session, settings)
        assert sorted(entry.mail.template for entry in found.notices) == [
            "deadline_extended", "deadline_extended", "second_factor_reset",
        ]  # fmt: skip
        assert found.count == found.unsent == 3
        assert not any("colleague" in entry.message.body for entry in found.notices)
        about = read_notices(session, settings, response=response)
        assert [entry.message.body.count("An election.") for entry in about.notices] == [1]
        # The record of the State is as discreet.
        acts = {act.event: act for act in list_acts(session, response)}
        assert set(acts) == {"deadline.extended", "second_factor.reset"}
        assert (acts["second_factor.reset"].detail or {})["reason"] == "lost by the focal point"


def test_a_link_that_opens_an_account_is_not_shown_again(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, mail_host="mail.example")
    with database.transaction() as session:
        _world, officer, cycle = stage(session)
        session.get_one(User, _world.focal_point).active = False
        for membership in session.get_one(User, _world.focal_point).memberships:
            membership.ended_at = utc_now()
        session.flush()
        token = create_invitation(
            session, officer, email="new@ministry.example", role=FOCAL_POINT, state_id="XAA", cycle_id=cycle.id
        )
        assert deliver_link(session, settings, load_secrets(settings), token) == ""
        session.flush()
        (notice,) = read_notices(session, settings).notices
        assert token not in notice.message.body
        assert "Aldovia" in notice.message.subject


def test_each_mail_says_whether_it_left(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        world, _officer, _cycle = stage(session)
        for index in range(PER_PAGE + 4):
            send_later(session, f"p{index}@ministry.example", "en", "submitted", {
                "response_id": world.response_id, "number": str(index), "name": "P",
            })  # fmt: skip
        session.flush()
        mails = sorted(session.exec(select(OutboxMail)), key=lambda mail: int(mail.context["number"]))
        for index, mail in enumerate(mails):
            mail.created_at = utc_now() - timedelta(minutes=index)
        mails[0].sent_at = utc_now()
        mails[1].attempts, mails[1].error = len(DELAYS) + 1, "550 no such mailbox"
        mails[2].created_at = utc_now() - OLDEST - timedelta(hours=1)
        session.flush()
        first, second = read_notices(session, settings), read_notices(session, settings, page=2)
        assert (first.count, first.unsent, first.pages, len(first.notices)) == (PER_PAGE + 4, PER_PAGE + 3, 2, PER_PAGE)
        states = {entry.mail.recipient: entry.state for entry in [*first.notices, *second.notices]}
        assert [states[f"p{index}@ministry.example"] for index in range(4)] == ["sent", "failed", "too_old", "waiting"]
        unsent = read_notices(session, settings, unsent_only=True)
        assert unsent.count == PER_PAGE + 3
        assert "p0@ministry.example" not in {entry.mail.recipient for entry in unsent.notices}
        assert read_notices(session, settings, page=99).page == 2
