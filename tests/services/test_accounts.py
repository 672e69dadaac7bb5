"""Invitations: a link works once, opens one account, and is made only by those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from models.base import utc_now
from models.database import Database
from models.people import Invitation, Membership, User
from models.responses import NationalResponse
from services.accounts import (
    AccountExists,
    AlreadyMember,
    FocalPointExists,
    InvitationGone,
    accept_invitation,
    accept_with_account,
    cancel_invitation,
    create_invitation,
    find_invitation,
    list_invitations,
    reissue_invitation,
)
from services.outbox import BadAddress
from services.people import NewPerson, list_officers, list_people, normal_address
from services.permissions import Actor, MembershipFact, NotFound, PermissionDenied
from tests.services.account_people import PERSON, events, invited, member, officer, together, world_of


def test_an_invitation_becomes_an_account_with_its_role_once(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        token = invited(session, world, " New@Ministry.example ")
        assert token not in str([row.model_dump() for row in session.exec(select(Invitation))])
    with database.transaction() as session:
        user = accept_invitation(session, token, PERSON, "hash")
        assert (user.email, user.name, user.language, user.time_zone) == (
            "new@ministry.example", "Nora New", "fr", "Europe/Paris",
        )  # fmt: skip
        response = session.get_one(NationalResponse, world.response_id)
        assert [entry.role for entry in list_people(session, response.state_id, response.cycle_id)] == [
            "focal_point", "contributor", "contributor", "observer",
        ]  # fmt: skip
    with database.transaction() as session, pytest.raises(InvitationGone):
        accept_invitation(session, token, PERSON, "hash")
    with database.reading() as session:
        assert len(events(session, "invitation.accepted")) == 1


def test_a_wrong_an_expired_and_a_cancelled_link_are_the_same(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        expired, cancelled = (
            invited(session, world, "a@ministry.example"),
            invited(session, world, "b@ministry.example"),
        )
        find_invitation(session, expired).expires_at = utc_now() - timedelta(seconds=1)
        cancel_invitation(session, member(session, world, world.focal_point), find_invitation(session, cancelled).id)
    for token in (expired, cancelled, "never-issued", ""):
        with database.transaction() as session, pytest.raises(InvitationGone):
            accept_invitation(session, token, PERSON, "hash")


def test_issuing_again_cancels_the_old_link(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        old = invited(session, world)
        actor = member(session, world, world.focal_point)
        new = reissue_invitation(session, actor, find_invitation(session, old).id)
        place = actor.memberships[0]
        assert len(list_invitations(session, place.state_id, place.cycle_id)) == 1
    with database.transaction() as session:
        with pytest.raises(InvitationGone):
            find_invitation(session, old)
        assert accept_invitation(session, new, PERSON, "hash").email == "new@ministry.example"


def test_two_acceptances_of_one_link_at_once_make_one_account(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        token = invited(session, world)

    def accept() -> int | None:
        with database.transaction() as session:
            return accept_invitation(session, token, PERSON, "hash").id

    results = together(accept, accept)
    assert sorted(type(result).__name__ for result in results) == ["InvitationGone", "int"]


def test_an_address_with_an_account_is_not_taken_over_by_a_link(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        token = invited(session, world, "other@ministry.example")
    with database.transaction() as session, pytest.raises(AccountExists):
        accept_invitation(session, token, PERSON, "another hash")
    with database.transaction() as session, pytest.raises(InvitationGone):
        accept_with_account(session, token, world.contributor)
    with database.transaction() as session:
        accept_with_account(session, token, world.other_focal_point)
    with database.reading() as session:
        user = session.get_one(User, world.other_focal_point)
        assert user.password is None and user.name == "Other"
        assert {row.role for row in session.exec(select(Membership).where(Membership.user_id == user.id))} == {
            "focal_point", "contributor",
        }  # fmt: skip


def test_a_link_without_address_takes_the_address_that_is_given(database: Database) -> None:
    world = world_of(database)
    from services.invitations import issue_invitation

    with database.transaction() as session:
        token = issue_invitation(session, email="", role="officer")
    for email, error in (("officer@secretariat.example", AccountExists), ("two@at@signs", BadAddress)):
        with database.transaction() as session, pytest.raises(error):
            accept_invitation(session, token, NewPerson("N", "", "en", "UTC", email), "hash")
    with database.transaction() as session:
        user = accept_invitation(session, token, NewPerson("N", "", "en", "UTC", "Second@Secretariat.example"), "hash")
        assert user.email == "second@secretariat.example"
    with database.reading() as session:
        assert {entry.user_id for entry in list_officers(session)} == {world.officer, user.id}


@pytest.mark.parametrize(
    "address",
    ["", "no-at", "a@b@c", "a b@c.example", "a@c.example\nBcc: x@y.example", "a@c.example\r\nBcc: x", "<a@c.example>",
     "a@c.example, b@c.example", "a\u202e@c.example", "x" * 250 + "@c.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        normal_address(address)


def test_who_may_invite_whom(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        fay, cora, obi = (member(session, world, who) for who in (world.focal_point, world.contributor, world.observer))
        other = member(session, world, world.other_focal_point)
        own, foreign = fay.memberships[0], other.memberships[0]
        ollie = officer(world)

        def may(actor: Actor, role: str, place: MembershipFact | None) -> bool:
            where = {"state_id": place.state_id, "cycle_id": place.cycle_id} if place else {}
            try:
                create_invitation(session, actor, email="new@ministry.example", role=role, **where)
            except PermissionDenied:
                return False
            except FocalPointExists:
                pass
            return True

        assert may(fay, "contributor", own) and may(fay, "observer", own)
        assert not may(fay, "contributor", foreign)
        assert not may(fay, "focal_point", own) and not may(fay, "officer", None)
        assert not any(may(actor, "contributor", own) for actor in (cora, obi, other, ollie))
        assert may(ollie, "focal_point", own) and may(ollie, "officer", None)
        with pytest.raises(AlreadyMember):
            create_invitation(
                session,
                fay,
                email="observer@ministry.example",
                role="observer",
                state_id=own.state_id,
                cycle_id=own.cycle_id,
            )
        with pytest.raises(NotFound):
            cancel_invitation(session, other, list_invitations(session, own.state_id, own.cycle_id)[0].id)
