"""Accounts and roles: a link works once, a State has one focal point, and ways to sign in are handed downwards only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.audit import AuditEvent, OutboxMail
from models.base import utc_now
from models.database import Database
from models.people import Invitation, Membership, User, WebAuthn
from models.responses import NationalResponse
from services.accounts import (
    AccountEnded,
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
from services.people import NewPerson, find_focal_point, list_officers, list_people, normal_address
from services.permissions import Actor, MembershipFact, NotFound, PermissionDenied
from services.roles import deactivate_person, end_membership, replace_focal_point, reset_second_factor
from services.sign_ins import (
    FREE_FAILURES,
    LONGEST_DELAY,
    accept_totp_step,
    delay_after,
    is_delayed,
    make_recovery_codes,
    note_failed_sign_in,
    note_sign_in,
    recovery_digest,
    use_recovery_code,
)
from tests.builders import World, make_member, make_response, make_state, make_user, make_world

PERSON = NewPerson("Nora New", "Director", "fr", "Europe/Paris")


def world_of(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


def officer(world: World) -> Actor:
    return Actor(world.officer, "Olive Officer", "officer@secretariat.example", "en", "UTC", True)


def member(session: Session, world: World, user_id: int) -> Actor:
    """A person with the roles they have now."""
    user = session.get_one(User, user_id)
    facts = tuple(
        MembershipFact(row.state_id, row.cycle_id, row.role)
        for row in session.exec(select(Membership).where(Membership.user_id == user_id))
        if row.ended_at is None
    )
    return Actor(user_id, user.name, user.email, user.language, user.time_zone, user.has_role("officer"), facts)


def events(session: Session, name: str) -> list[AuditEvent]:
    return list(session.exec(select(AuditEvent).where(AuditEvent.event == name)))


def invited(session: Session, world: World, email: str = "new@ministry.example", role: str = "contributor") -> str:
    fay = member(session, world, world.focal_point)
    place = fay.memberships[0]
    actor = fay if role in ("contributor", "observer") else officer(world)
    where = {} if role == "officer" else {"state_id": place.state_id, "cycle_id": place.cycle_id}
    return create_invitation(session, actor, email=email, role=role, **where)


def together(*acts: Callable[[], object]) -> list[object]:
    """Run the acts at the same moment; their results or exceptions."""
    start = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(index: int) -> None:
        start.wait()
        try:
            results[index] = acts[index]()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# Invitations


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


# One focal point


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


# Ending


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


# What works once


def test_a_time_step_signs_in_once_even_at_the_same_moment(database: Database) -> None:
    world = world_of(database)

    def use(step: int) -> bool:
        with database.transaction() as session:
            return accept_totp_step(session, world.officer, step)

    assert sorted(together(*[lambda: use(100)] * 4), key=str) == [False, False, False, True]
    assert [use(99), use(100), use(101)] == [False, False, True]


def test_a_recovery_code_works_once_even_at_the_same_moment(database: Database) -> None:
    world = world_of(database)
    codes = make_recovery_codes()
    assert len(set(codes)) == 10 and all(len(code) == 15 for code in codes)
    with database.transaction() as session:
        user = session.get_one(User, world.officer)
        user.mf_recovery_codes = [recovery_digest("key", code) for code in codes]

    def use(code: str) -> bool:
        with database.transaction() as session:
            return use_recovery_code(session, world.officer, recovery_digest("key", code))

    typed = codes[3].upper().replace("-", " ")
    assert sorted(together(*[lambda: use(typed)] * 4), key=str) == [False, False, False, True]
    assert not use(codes[3]) and use(codes[4]) and not use("abc")
    with database.reading() as session:
        assert len(session.get_one(User, world.officer).mf_recovery_codes or []) == 8


def test_delays_grow_and_end() -> None:
    seconds = [delay_after(FREE_FAILURES + more).total_seconds() for more in range(9)]
    assert seconds == [0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert delay_after(10_000) == LONGEST_DELAY


def test_tries_during_a_delay_do_not_lengthen_it_and_a_sign_in_ends_it(database: Database) -> None:
    world = world_of(database)
    with database.transaction() as session:
        for _ in range(FREE_FAILURES + 1):
            note_failed_sign_in(session, world.officer, "password", "203.0.113.0/24")
        user = session.get_one(User, world.officer)
        until = user.locked_until
        assert is_delayed(user)
        for _ in range(50):
            note_failed_sign_in(session, world.officer, "password", "203.0.113.0/24")
        session.refresh(user)
        assert user.locked_until == until
        note_sign_in(session, world.officer, "password")
        session.refresh(user)
        assert not is_delayed(user) and user.failed_sign_ins == 0
