"""Roles: a State has one focal point, and ways to sign in are handed downwards only."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from models.audit import OutboxMail
from models.database import Database
from models.people import Membership, User, WebAuthn
from models.responses import NationalResponse
from services.accounts import (
    AccountEnded,
    FocalPointExists,
    accept_invitation,
    accept_with_account,
    create_invitation,
)
from services.people import find_focal_point, list_people
from services.permissions import NotFound, PermissionDenied
from services.roles import deactivate_person, end_membership, replace_focal_point, reset_second_factor
from tests.builders import make_member, make_response, make_state, make_user
from tests.services.account_people import PERSON, events, invited, member, officer, together, world_of


def test_the_database_itself_holds_one_focal_point_per_state_and_cycle(database: Database) -> None:
    world = world_of(database)
    with pytest.raises(IntegrityError), database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        make_member(session, session.get_one(User, world.other_focal_point), response, "focal_point")


def test_of_two_invited_focal_points_one_holds(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        cycle_id = session.get_one(NationalResponse, world.response_id).cycle_id
        state = make_state(session, "XAC", "Cagliostro")
        from models.cycles import Cycle

        make_response(session, session.get_one(Cycle, cycle_id), state)
        where = {"state_id": state.id, "cycle_id": cycle_id}
        tokens = [
            create_invitation(session, officer(world), email=f"{name}@ministry.example", role="focal_point", **where)
            for name in ("first", "second")
        ]

    def accept(token: str) -> int | None:
        with database.transaction() as session:
            return accept_invitation(session, token, PERSON, "hash").id

    results = together(*(lambda token=token: accept(token) for token in tokens))
    assert sorted(type(result).__name__ for result in results) == ["InvitationGone", "int"]
    with database.reading() as session:
        focal_point = find_focal_point(session, state.id, cycle_id)
        assert focal_point is not None and focal_point.id in results
        # The one who came too late has no account left behind.
        assert len(session.exec(select(User).where(User.name == "Nora New")).all()) == 1


def test_replacing_a_focal_point_is_one_step(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        before = session.get_one(User, world.focal_point).fs_uniquifier
        place = {"state_id": response.state_id, "cycle_id": response.cycle_id}
        with pytest.raises(FocalPointExists):
            create_invitation(session, officer(world), email="next@ministry.example", role="focal_point", **place)
        with pytest.raises(PermissionDenied):
            replace_focal_point(
                session, member(session, world, world.focal_point), email="next@ministry.example", **place
            )
        token = replace_focal_point(
            session, officer(world), email="next@ministry.example", language="ar", reference="NV 12/2026", **place
        )
        assert find_focal_point(session, **place) is None
    with database.reading() as session:
        assert session.get_one(User, world.focal_point).fs_uniquifier != before
        mails = session.exec(select(OutboxMail)).all()
        assert {(mail.recipient, mail.template) for mail in mails} == {
            ("focal@ministry.example", "replaced"), ("officer@secretariat.example", "replaced"),
        }  # fmt: skip
        (event,) = events(session, "focal_point.replaced")
        assert (event.actor_id, event.detail["before"]) == (world.officer, world.focal_point)
        assert session.get_one(NationalResponse, world.response_id).clearance == "draft"
    with database.transaction() as session:
        user = accept_invitation(session, token, PERSON, "hash")
        found = find_focal_point(session, **place)
        assert found is not None and found.id == user.id


def test_a_replaced_focal_point_with_other_work_stays_signed_in(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        other = session.get_one(NationalResponse, world.other_response_id)
        make_member(session, session.get_one(User, world.focal_point), other, "observer")
        before = session.get_one(User, world.focal_point).fs_uniquifier
        replace_focal_point(
            session,
            officer(world),
            email="next@ministry.example",
            state_id=response.state_id,
            cycle_id=response.cycle_id,
        )
        assert session.get_one(User, world.focal_point).fs_uniquifier == before


def test_a_contributor_becomes_the_focal_point_without_a_second_role(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        token = replace_focal_point(
            session, officer(world), email="contributor@ministry.example", state_id=response.state_id,
            cycle_id=response.cycle_id,
        )  # fmt: skip
        accept_with_account(session, token, world.contributor)
        assert [(entry.user_id, entry.role) for entry in list_people(session, response.state_id, response.cycle_id)] == [
            (world.contributor, "focal_point"), (world.observer, "observer"),
        ]  # fmt: skip


def test_an_ended_account_is_out_and_its_history_stays(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        invited(session, world, "focal2@ministry.example")
        with pytest.raises(PermissionDenied):
            deactivate_person(session, officer(world), world.officer, "myself")
        with pytest.raises(PermissionDenied):
            deactivate_person(session, member(session, world, world.focal_point), world.contributor, "no officer")
        before = session.get_one(User, world.contributor).fs_uniquifier
        user = deactivate_person(session, officer(world), world.contributor, "left the ministry")
        assert not user.active and user.fs_uniquifier != before
        (event,) = events(session, "account.ended")
        assert event.detail == {"user": world.contributor, "reason": "left the ministry"}
    with database.transaction() as session:
        fay = member(session, world, world.focal_point)
        place = {"state_id": fay.memberships[0].state_id, "cycle_id": fay.memberships[0].cycle_id}
        with pytest.raises(AccountEnded):
            create_invitation(session, fay, email="contributor@ministry.example", role="contributor", **place)


def test_an_ended_account_that_an_officer_invites_again_starts_with_nothing(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        second = make_user(session, "second@secretariat.example", officer=True, tf_totp_secret="secret", password="old")
        session.add(WebAuthn(credential_id=b"1", public_key=b"2", name="key", usage="first", user_id=second.id or 0))
        deactivate_person(session, officer(world), second.id or 0, "left")
        token = create_invitation(session, officer(world), email=second.email, role="officer")
        user = accept_invitation(session, token, PERSON, "new")
        assert (user.id, user.active, user.password, user.tf_totp_secret) == (second.id, True, "new", None)
        assert session.exec(select(WebAuthn)).all() == []


def test_the_focal_point_takes_a_colleague_off_the_team(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        fay, other = member(session, world, world.focal_point), member(session, world, world.other_focal_point)
        rows = {row.user_id: row.id for row in session.exec(select(Membership))}
        for actor, membership_id in (
            (other, rows[world.contributor]), (fay, rows[world.focal_point]), (fay, rows[world.other_focal_point]),
            (member(session, world, world.contributor), rows[world.observer]), (fay, "unknown"),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                end_membership(session, actor, membership_id, "why")
        before = session.get_one(User, world.contributor).fs_uniquifier
        end_membership(session, fay, rows[world.contributor], "moved on")
        assert session.get_one(User, world.contributor).fs_uniquifier != before


def test_a_lost_second_factor_is_reset_downwards_only(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        outsider = make_user(session, "outsider@ministry.example", officer=True)
        actors = {name: member(session, world, getattr(world, name)) for name in
                  ("focal_point", "contributor", "observer", "other_focal_point", "officer")}  # fmt: skip
        targets = {name: getattr(world, name) for name in actors} | {"second_officer": outsider.id or 0}

        def outcome(actor: str, target: str) -> str:
            try:
                reset_second_factor(session, actors[actor], targets[target], "lost")
            except (PermissionDenied, NotFound) as error:
                return type(error).__name__
            return "reset"

        allowed = {(actor, target) for actor in actors for target in targets if outcome(actor, target) == "reset"}
        assert allowed == {
            ("focal_point", "contributor"), ("focal_point", "observer"), ("officer", "focal_point"),
            ("officer", "other_focal_point"), ("officer", "second_officer"),
        }  # fmt: skip
        assert outcome("other_focal_point", "contributor") == "NotFound"
        # A contributor who is a focal point elsewhere is beyond this State's focal point.
        other = session.get_one(NationalResponse, world.other_response_id)
        make_member(session, session.get_one(User, world.observer), other, "observer")
        assert outcome("focal_point", "observer") == "PermissionDenied"


def test_a_reset_takes_every_second_factor_and_tells_its_owner(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        user = session.get_one(User, world.contributor)
        user.tf_primary_method, user.tf_totp_secret, user.tf_last_counter = "authenticator", "secret", 7
        user.mf_recovery_codes, user.language = ["digest"], "es"
        before = user.fs_uniquifier
        session.add(WebAuthn(credential_id=b"1", public_key=b"2", name="key", usage="first", user_id=user.id or 0))
        session.flush()
        reset_second_factor(session, member(session, world, world.focal_point), world.contributor, "telephone stolen")
    with database.reading() as session:
        user = session.get_one(User, world.contributor)
        assert (user.tf_primary_method, user.tf_totp_secret, user.tf_last_counter) == (None, None, None)
        assert not user.mf_recovery_codes and user.fs_uniquifier != before
        assert session.exec(select(WebAuthn)).all() == []
        (mail,) = session.exec(select(OutboxMail)).all()
        assert (mail.recipient, mail.language, mail.template) == (user.email, "es", "second_factor_reset")
        (event,) = events(session, "second_factor.reset")
        assert (event.state_id, event.detail["reason"]) == ("XAA", "telephone stolen")
