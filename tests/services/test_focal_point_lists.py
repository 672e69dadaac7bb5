"""Inviting focal points from a list: every refused line says why, nobody is invited twice, links are handed out once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from models.audit import OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import Invitation, User
from services.accounts import InvitationGone, find_invitation
from services.cycles import ClosedCycle, close_cycle
from services.focal_point_lists import InvitationPlan, issue_planned, plan_invitations, reissue
from services.permissions import Actor, NotFound
from settings import Settings, load_secrets
from tests.builders import World, actor_for, make_response, make_state, make_world


def stage(session: Session) -> tuple[World, Cycle, Actor]:
    """The small world and two more States without anybody: Cordia and Dravonia."""
    world = make_world(session)
    cycle = session.get_one(Cycle, world.cycle_id)
    for code, name in (("XAC", "Cordia"), ("XAD", "Dravonia"), ("XAE", "Elbonia")):
        make_response(session, cycle, make_state(session, code, name))
    return world, cycle, actor_for(session.get_one(User, world.officer), officer=True)


def issue(
    session: Session, actor: Actor, cycle: Cycle, text: str, settings: Settings
) -> tuple[InvitationPlan, list[str]]:
    plan = plan_invitations(session, cycle, text)
    issued = issue_planned(session, actor, cycle, plan, settings, load_secrets(settings))
    return plan, [entry.link for entry in issued]


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_every_line_is_invited_or_refused_with_its_reason(database: Database) -> None:
    text = "\n".join([
        "State; Name; E-mail; Language; Note verbale",
        "XAC; Maria Ilves; Maria.Ilves@Ministry.example; en; NV 12/2026",
        "Dravonia; علي كريم; ali@ministry.example; العربية; NV 7/2026",
        "Nowhere; A; a@ministry.example; en; NV 1",
        "Cordia; B; b@ministry.example; en; NV 2",
        "XAA; C; c@ministry.example; en; NV 3",
        "XAE; D; not an address; en; NV 4",
        "XAE; E; e@ministry.example; Klingon; NV 5",
        "XAE; F; f@ministry.example; fr;",
        "XAE; ; g@ministry.example; fr; NV 6",
        "XAE; H; officer@secretariat.example; fr; NV 7",
        "only one cell",
    ])  # fmt: skip
    with database.transaction() as session:
        _world, cycle, _actor = stage(session)
        plan = plan_invitations(session, cycle, text)
        assert [(entry.number, entry.state.id, entry.email, entry.language) for entry in plan.good] == [
            (3, "XAD", "ali@ministry.example", "ar"),
        ]  # fmt: skip
        assert [(line.number, line.code) for line in plan.bad] == [
            (2, "duplicate"), (4, "unknown_state"), (5, "duplicate"), (6, "has_focal_point"), (7, "address"), (8, "language"),
            (9, "no_reference"), (10, "no_name"), (11, "officer"), (12, "columns"),
        ]  # fmt: skip
        assert [line.word for line in plan.bad if line.code == "duplicate"] == ["5", "2"]
        assert plan.bad[3].word == "Focal"
        assert plan.remaining_text == "\n".join([text.split("\n")[1], *text.split("\n")[3:]])


def test_without_a_mail_server_the_links_are_for_the_officer(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        _plan, links = issue(session, actor, cycle, "XAC; Maria Ilves; maria@ministry.example; en; NV 12", settings)
        invitation = find_invitation(session, token_of(links[0]))
        assert (invitation.role, invitation.state_id, invitation.reference) == ("focal_point", "XAC", "NV 12")
        assert session.exec(select(OutboxMail)).all() == []


def test_with_a_mail_server_the_link_goes_to_its_person_only(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, mail_host="mail.example")
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        _plan, links = issue(session, actor, cycle, "XAC; Maria Ilves; maria@ministry.example; fr; NV 12", settings)
        assert links == [""]
        mail = session.exec(select(OutboxMail)).one()
        assert (mail.recipient, mail.language, mail.template) == ("maria@ministry.example", "fr", "invitation")


def test_the_same_list_twice_invites_nobody_twice(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    text = "XAC; Maria Ilves; maria@ministry.example; en; NV 12"
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        _plan, links = issue(session, actor, cycle, text, settings)
        plan, again = issue(session, actor, cycle, text, settings)
        assert again == []
        assert [line.code for line in plan.bad] == ["already_invited"]
        assert find_invitation(session, token_of(links[0])).email == "maria@ministry.example"


def test_another_person_of_the_state_takes_the_place_of_an_open_invitation(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        _plan, first = issue(session, actor, cycle, "XAC; Maria; maria@ministry.example; en; NV 12", settings)
        plan, second = issue(session, actor, cycle, "XAC; Jan; jan@ministry.example; en; NV 13", settings)
        assert plan.good[0].ends == ("maria@ministry.example",)
        with pytest.raises(InvitationGone):
            find_invitation(session, token_of(first[0]))
        assert find_invitation(session, token_of(second[0])).name == "Jan"


def test_a_link_is_issued_again_and_the_old_one_ends(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        world, cycle, actor = stage(session)
        _plan, links = issue(session, actor, cycle, "XAC; Maria; maria@ministry.example; ru; NV 12", settings)
        invitation = find_invitation(session, token_of(links[0]))
        invitation.expires_at = utc_now() - timedelta(days=1)
        session.add(invitation)
        session.flush()
        found, issued = reissue(session, actor, invitation.id, settings, load_secrets(settings))
        assert found.id == world.cycle_id
        renewed = find_invitation(session, token_of(issued.link))
        assert (renewed.email, renewed.language, renewed.reference) == ("maria@ministry.example", "ru", "NV 12")
        assert renewed.expires_at > utc_now() + timedelta(days=9)
        with pytest.raises(NotFound):
            reissue(session, actor, invitation.id, settings, load_secrets(settings))
        with pytest.raises(NotFound):
            reissue(session, actor, "absent", settings, load_secrets(settings))


def test_an_expired_invitation_can_be_in_a_list_again(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    text = "XAC; Maria; maria@ministry.example; en; NV 12"
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        issue(session, actor, cycle, text, settings)
        for invitation in session.exec(select(Invitation)):
            invitation.expires_at = utc_now() - timedelta(seconds=1)
            session.add(invitation)
        session.flush()
        plan, links = issue(session, actor, cycle, text, settings)
        assert (len(plan.good), len(links)) == (1, 1)


def test_nobody_is_invited_to_a_closed_cycle(database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    with database.transaction() as session:
        _world, cycle, actor = stage(session)
        issue(session, actor, cycle, "XAC; Maria; maria@ministry.example; en; NV 12", settings)
        invitation_id = session.exec(select(Invitation.id)).one()
        close_cycle(session, actor, cycle)
        with pytest.raises(ClosedCycle):
            issue(session, actor, cycle, "XAD; Jan; jan@ministry.example; en; NV 13", settings)
        with pytest.raises(ClosedCycle):
            reissue(session, actor, invitation_id, settings, load_secrets(settings))
