"""Delegation: who writes and reads what, how work comes back, and what is left when a person leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from instruments.values import Narrative
from models.audit import OutboxMail
from models.base import utc_now
from models.database import Database
from models.people import Membership, User
from models.responses import Answer, LateNote, NationalResponse, Revision
from services.accounts import accept_invitation, create_invitation
from services.answers import Edit, resolve_conflict, save_answers
from services.assignments import (
    Colleague,
    DueInThePast,
    NothingAnswered,
    NotReady,
    accept,
    assign,
    changed_since,
    find_colleague,
    hand_in,
    is_overdue,
    list_colleagues,
    note_presence,
    remove,
    send_back,
    set_access,
    who_is_here,
)
from services.people import NewPerson
from services.permissions import NotFound, Permission, PermissionDenied
from services.reach import list_assignments
from services.responses import OpenResponse, open_response
from services.roles import end_membership
from tests.builders import World, actor_for, answer, make_member, make_user, make_world
from tests.services.account_people import member

WORDS = Narrative(text="A law of 2021.", language="en")


@pytest.fixture
def world(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


def opened_by(session: Session, world: World, user_id: int, permission: Permission, **given: Any) -> OpenResponse:
    return open_response(session, world.response_id, member(session, world, user_id), permission, **given)


def lead(session: Session, world: World) -> OpenResponse:
    return opened_by(session, world, world.focal_point, Permission.WORK_ASSIGN, lock=True)


def contributor(session: Session, world: World) -> Colleague:
    response = session.get_one(NationalResponse, world.response_id)
    return next(
        entry for entry in list_colleagues(session, response) if entry.address == "contributor@ministry.example"
    )


def give(
    database: Database, world: World, questions: Iterable[str] = ("op4",), items: Iterable[str] = (), **given: Any
) -> None:
    with database.transaction() as session:
        chosen = {question: list(items) for question in questions}
        assign(session, lead(session, world), contributor(session, world), chosen, **{"note": "", "due": None, **given})


def mails(session: Session, template: str) -> list[OutboxMail]:
    return list(session.exec(select(OutboxMail).where(OutboxMail.template == template)))


def test_a_contributor_without_assignments_writes_everything_and_with_the_first_only_that(
    database: Database, world: World
) -> None:
    with database.reading() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT)
        assert opened.may_edit("op4.narrative") and opened.may_edit("op13d.narrative")
    give(database, world, ["op4"])
    with database.reading() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT)
        assert opened.may_edit("op4.narrative") and not opened.may_edit("op13d.narrative")
        assert opened.may_read("op13d") and len(opened.questions) == len(opened.instrument.questions)
        assert opened_by(session, world, world.focal_point, Permission.RESPONSE_EDIT).may_edit("op13d.narrative")
        assert not opened_by(session, world, world.observer, Permission.RESPONSE_READ).may_edit("op4.narrative")


def test_parts_of_a_question_are_single_items(database: Database, world: World) -> None:
    give(database, world, ["op4"], ["op4.narrative"])
    with database.reading() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT)
        question = opened.instrument.questions["op4"]
        assert [item.id for item in question.items if opened.may_edit(item.id)] == ["op4.narrative"]
        assert opened.may_edit_any(question)


def test_what_is_written_outside_is_refused_and_kept_once_for_its_author(database: Database, world: World) -> None:
    give(database, world, ["op4"])
    for _again in range(2):
        with database.transaction() as session:
            opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT, lock=True)
            edits = [
                Edit(f"{question}.narrative", 0, opened.instrument.items[f"{question}.narrative"].dump(WORDS),
                     posted=[[f"{question}.narrative-text", WORDS.text]])
                for question in ("op4", "op13d")
            ]  # fmt: skip
            result = save_answers(session, opened, edits, idempotency_key="k")
            assert (set(result.versions), result.outside) == ({"op4.narrative"}, ("op13d.narrative",))
    with database.reading() as session:
        assert session.get(Answer, (world.response_id, "op13d.narrative")) is None
        kept = session.exec(select(LateNote)).all()
        assert [(note.item_id, note.outside, note.author_id) for note in kept] == [
            ("op13d.narrative", True, world.contributor)
        ]
        assert kept[0].typed == [["op13d.narrative-text", WORDS.text]]


def test_a_choice_between_two_texts_outside_is_refused_too(database: Database, world: World) -> None:
    give(database, world, ["op4"])
    for take in ("mine", "theirs"):
        with database.transaction() as session:
            opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT, lock=True)
            value = opened.instrument.items["op13d.narrative"].dump(WORDS)
            result = resolve_conflict(
                session, opened, Edit("op13d.narrative", 0, value), take=take, idempotency_key=take
            )
            assert result.outside == ("op13d.narrative",) and result.versions == {}
    with database.reading() as session:
        assert session.exec(select(Revision)).all() == []


def test_an_unchanged_field_outside_is_no_refusal(database: Database, world: World) -> None:
    give(database, world, ["op4"])
    with database.transaction() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT, lock=True)
        result = save_answers(session, opened, [Edit("op13d.narrative", 0, None)], idempotency_key="k")
        assert result.outside == () and not list(session.exec(select(LateNote)))


def test_reading_only_what_is_assigned_hides_the_rest_and_every_whole_document(
    database: Database, world: World
) -> None:
    give(database, world, ["op4"])
    with database.transaction() as session:
        set_access(session, lead(session, world), contributor(session, world), "own")
        focal = member(session, world, world.focal_point)
        answer(session, focal, world.response_id, {"op13d.narrative": WORDS})
    with database.reading() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_READ)
        assert [question.id for question in opened.questions] == ["op4"]
        assert [len(questions) for _section, questions in opened.sections] == [1]
        assert opened.neighbours(opened.questions[0]) == (None, None)
        assert opened.visible_progress().asked < opened.total_progress().asked
        with pytest.raises(PermissionDenied):
            opened_by(session, world, world.contributor, Permission.RESPONSE_READ, whole=True)
        assert opened_by(session, world, world.observer, Permission.RESPONSE_READ, whole=True).may_read("op13d")


def test_an_unknown_question_or_item_or_day_assigns_nothing(database: Database, world: World) -> None:
    unknown: tuple[dict[str, list[str]], ...] = ({"op4": [], "op99": []}, {"op4": ["op13d.narrative"]})
    for chosen in unknown:
        with database.transaction() as session, pytest.raises(NotFound):
            assign(session, lead(session, world), contributor(session, world), chosen, note="", due=None)
    yesterday, today = utc_now().date() - timedelta(days=1), utc_now().date()
    with database.transaction() as session:
        with pytest.raises(DueInThePast):
            assign(session, lead(session, world), contributor(session, world), {"op4": []}, note="", due=yesterday)
        assert list_assignments(session, world.response_id) == [] and mails(session, "assigned") == []
    give(database, world, due=today)
    with database.reading() as session:
        (entry,) = list_assignments(session, world.response_id)
        assert not is_overdue(entry, today) and is_overdue(entry, today + timedelta(days=1))


def test_nobody_of_another_state_and_no_observer_can_be_given_work(database: Database, world: World) -> None:
    with database.reading() as session:
        response = session.get_one(NationalResponse, world.response_id)
        keys = {entry.user_id: entry.id for entry in session.exec(select(Membership))}
        assert find_colleague(session, response, keys[world.contributor]).role == "contributor"
        for user_id in (world.other_focal_point, world.observer):
            with pytest.raises(NotFound):
                find_colleague(session, response, keys[user_id])
        for user_id in (world.contributor, world.observer):
            with pytest.raises(PermissionDenied):
                opened_by(session, world, user_id, Permission.WORK_ASSIGN)
        for user_id in (world.other_focal_point,):
            with pytest.raises(NotFound):
                opened_by(session, world, user_id, Permission.WORK_ASSIGN)


def test_several_questions_assigned_at_once_are_one_mail(database: Database, world: World) -> None:
    give(database, world, ["op4", "op13d"], note="Ask the police.")
    with database.reading() as session:
        (mail,) = mails(session, "assigned")
        assert mail.recipient == "contributor@ministry.example"
        assert mail.context["questions"] == ["op4", "op13d"] and mail.context["notes"] == ["Ask the police."]


def test_ready_sent_back_and_accepted(database: Database, world: World) -> None:
    give(database, world, ["op4"])
    with database.transaction() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT, lock=True)
        question = opened.instrument.questions["op4"]
        with pytest.raises(NothingAnswered):
            hand_in(session, opened, question, True)
        assert opened.work_state(question) == "not_started"
        with pytest.raises(NotReady):
            accept(session, list_assignments(session, world.response_id)[0])
    with database.transaction() as session:
        actor = member(session, world, world.contributor)
        answer(session, actor, world.response_id, {"op4.narrative": WORDS})
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT, lock=True)
        hand_in(session, opened, question, True)
        assert list_assignments(session, world.response_id)[0].state == "ready"
        assert opened.work_state(question) == "ready"
    with database.transaction() as session:
        opened = lead(session, world)
        (entry,) = list_assignments(session, world.response_id)
        send_back(session, opened, entry, "Name the law.")
        assert opened.work_state(question) == "in_progress"
        assert [mail.context["reason"] for mail in mails(session, "sent_back")] == ["Name the law."]
    with database.transaction() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT, lock=True)
        hand_in(session, opened, question, True)
        (entry,) = list_assignments(session, world.response_id)
        assert (entry.state, entry.reason) == ("ready", "")
        accept(session, entry)
        assert not changed_since(lead(session, world), entry)
    with database.transaction() as session:
        changed = Narrative(text="A law of 2022.", language="en")
        answer(session, member(session, world, world.contributor), world.response_id, {"op4.narrative": changed})
    with database.reading() as session:
        (entry,) = list_assignments(session, world.response_id)
        opened = opened_by(session, world, world.focal_point, Permission.RESPONSE_READ)
        assert entry.state == "accepted" and changed_since(opened, entry)


def test_a_question_in_parts_is_ready_when_all_of_them_are(database: Database, world: World) -> None:
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        second = make_user(session, "second@ministry.example")
        make_member(session, second, response, "contributor")
        second_id = second.id or 0
    give(database, world, ["op4"], ["op4.narrative"])
    with database.transaction() as session:
        opened = lead(session, world)
        key = next(entry for entry in list_colleagues(session, opened.response) if entry.address.startswith("second"))
        rest = [item.id for item in opened.instrument.questions["op4"].items if item.id != "op4.narrative"]
        assign(session, opened, key, {"op4": rest}, note="", due=None)
        answer(session, member(session, world, world.contributor), world.response_id, {"op4.narrative": WORDS})
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT, lock=True)
        question = opened.instrument.questions["op4"]
        hand_in(session, opened, question, True)
        assert opened.work_state(question) == "in_progress"
    with database.transaction() as session:
        opened = opened_by(session, world, second_id, Permission.RESPONSE_EDIT, lock=True)
        with pytest.raises(NothingAnswered):
            hand_in(session, opened, question, True)
        status = opened.instrument.items[rest[0]]
        row = Answer(national_response_id=world.response_id, item_id=status.id, version=1, value="fully_implemented")
        session.add(row)
    with database.transaction() as session:
        opened = opened_by(session, world, second_id, Permission.RESPONSE_EDIT, lock=True)
        hand_in(session, opened, question, True)
        assert opened.work_state(question) == "ready"


def test_who_leaves_hands_over_and_is_signed_out_at_once(database: Database, world: World) -> None:
    give(database, world, ["op4", "op13d"])
    with database.transaction() as session:
        key = contributor(session, world).key
        before = session.get_one(User, world.contributor).fs_uniquifier
        end_membership(session, member(session, world, world.focal_point), key, "moved")
        assert session.get_one(User, world.contributor).fs_uniquifier != before
        assert [entry.assignee for entry in list_assignments(session, world.response_id)] == [
            "focal@ministry.example"
        ] * 2
        with pytest.raises(NotFound):
            opened_by(session, world, world.contributor, Permission.RESPONSE_READ)


def test_work_goes_to_the_colleague_who_is_named_and_only_to_one_of_the_team(database: Database, world: World) -> None:
    give(database, world, ["op4"], ["op4.narrative"])
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        heir = make_member(
            session, make_user(session, "heir@ministry.example", language="fr"), response, "contributor"
        ).id
        colleague = find_colleague(session, response, heir)
        rest = [item.id for item in lead(session, world).instrument.questions["op4"].items][:1]
        assign(session, lead(session, world), colleague, {"op4": rest}, note="", due=None)
        key, focal = contributor(session, world).key, member(session, world, world.focal_point)
    with database.transaction() as session:
        for stranger in ("unknown", key):
            with pytest.raises(NotFound):
                end_membership(session, focal, key, "moved", stranger)
        end_membership(session, focal, key, "moved", heir)
        (entry,) = list_assignments(session, world.response_id)
        assert entry.assignee == "heir@ministry.example" and set(entry.item_ids) == {*rest, "op4.narrative"}


def test_work_waits_for_somebody_who_is_invited(database: Database, world: World) -> None:
    with database.transaction() as session:
        focal = member(session, world, world.focal_point)
        place = focal.memberships[0]
        token = create_invitation(
            session, focal, email="New@Ministry.example", role="contributor", language="fr", state_id=place.state_id,
            cycle_id=place.cycle_id,
        )  # fmt: skip
        opened = lead(session, world)
        invited = next(entry for entry in list_colleagues(session, opened.response) if entry.invited)
        assign(session, opened, invited, {"op4": []}, note="", due=None)
        set_access(session, opened, invited, "own")
        (mail,) = mails(session, "assigned")
        assert mail.language == "fr" and mail.context["invited"]
    with database.transaction() as session:
        user_id = accept_invitation(session, token, NewPerson("Nora", "", "fr", "UTC"), "x").id or 0
    with database.reading() as session:
        opened = opened_by(session, world, user_id, Permission.RESPONSE_EDIT)
        assert [question.id for question in opened.questions] == ["op4"] and opened.may_edit("op4.narrative")


def test_taking_an_assignment_back_leaves_what_was_written(database: Database, world: World) -> None:
    give(database, world, ["op4"])
    with database.transaction() as session:
        answer(session, member(session, world, world.contributor), world.response_id, {"op4.narrative": WORDS})
        remove(session, list_assignments(session, world.response_id)[0])
    with database.reading() as session:
        opened = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT)
        assert not opened.may_edit("op4.narrative") and opened.values["op4.narrative"] == WORDS


def test_access_is_for_contributors_and_known_words(database: Database, world: World) -> None:
    with database.transaction() as session:
        opened = lead(session, world)
        focal = next(entry for entry in list_colleagues(session, opened.response) if entry.role == "focal_point")
        for to, access in ((focal, "own"), (contributor(session, world), "everything")):
            with pytest.raises(NotFound):
                set_access(session, opened, to, access)


def test_presence_is_a_hint_written_at_most_once_a_minute(database: Database, world: World) -> None:
    with database.transaction() as session:
        theirs = opened_by(session, world, world.contributor, Permission.RESPONSE_EDIT)
        assert who_is_here(session, theirs, "op4") == ([], True)
        note_presence(session, theirs, "op4")
        session.flush()
        assert who_is_here(session, theirs, "op4") == ([], False)
        assert who_is_here(session, lead(session, world), "op4") == (["Contributor"], True)
        assert who_is_here(session, lead(session, world), "op13d") == ([], True)


def test_an_officer_opens_no_draft_to_see_who_works_there(database: Database, world: World) -> None:
    with database.reading() as session:
        officer = actor_for(session.get_one(User, world.officer), officer=True)
        for permission in (Permission.WORK_ASSIGN, Permission.RESPONSE_READ, Permission.RESPONSE_READ_WHOLE):
            with pytest.raises(PermissionDenied):
                open_response(session, world.response_id, officer, permission)
