"""Comments: who reads and writes which, whom they concern, and the digest that says where to look."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from instruments.values import Narrative
from models.audit import OutboxMail
from models.base import utc_now
from models.comments import Comment, CommentNotice
from models.database import Database
from models.people import Membership, User
from models.responses import NationalResponse
from services.comment_digests import choose_digest, send_digests, wants_digest
from services.comments import (
    Discussion,
    count_unresolved,
    delete_comment,
    open_discussion,
    read_conversation,
    set_resolved,
    write_comment,
)
from services.outbox import render
from services.permissions import Actor, NotFound, Permission, PermissionDenied
from settings import Settings
from tests.builders import World, actor_for, answer, make_member, make_user, make_world

SECRET = "COMMENT-CANARY-4e1d"


def actor(session: Session, world: World, who: str) -> Actor:
    """One of the people of the world, as services see them."""
    response = session.get_one(
        NationalResponse, world.other_response_id if who == "other_focal_point" else world.response_id
    )
    user = session.get_one(User, getattr(world, who))
    if who == "officer":
        return actor_for(user, officer=True)
    return actor_for(user, response, {"other_focal_point": "focal_point"}.get(who, who))


def discuss(session: Session, world: World, who: str, permission: Permission = Permission.COMMENT_WRITE) -> Discussion:
    return open_discussion(session, world.response_id, actor(session, world, who), permission, lock=True)


def write(session: Session, world: World, who: str, text: str, **given: Any) -> Comment:
    given.setdefault("key", text)
    return write_comment(session, discuss(session, world, who), "op13d", text, **given)


def texts(session: Session, world: World, who: str) -> list[str]:
    found = read_conversation(session, discuss(session, world, who, Permission.COMMENT_READ), "op13d")
    return [comment.text for thread in found.threads for comment in thread.comments]


def concerned(session: Session, comment: Comment) -> set[int]:
    session.flush()
    return set(session.exec(select(CommentNotice.user_id).where(CommentNotice.comment_id == comment.id)))


def test_internal_threads_stay_with_the_state_and_shared_ones_reach_the_secretariat(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        write(session, world, "contributor", "internal one")
        write(session, world, "focal_point", "shared one", audience="shared")
        write(session, world, "officer", "from the secretariat")
        everything = ["internal one", "shared one", "from the secretariat"]
        for who in ("focal_point", "contributor", "observer"):
            assert texts(session, world, who) == everything
        assert texts(session, world, "officer") == everything[1:]
        response = session.get_one(NationalResponse, world.response_id)
        assert count_unresolved(session, response, actor(session, world, "observer")) == {"op13d": 3}
        assert count_unresolved(session, response, actor(session, world, "officer")) == {"op13d": 2}


def test_another_state_finds_nothing(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        with pytest.raises(NotFound):
            discuss(session, world, "other_focal_point", Permission.COMMENT_READ)


def test_who_may_not_write_or_share_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        shared = write(session, world, "focal_point", "shared", audience="shared")
        internal = write(session, world, "focal_point", "internal")
        for given in ({"audience": "shared"}, {"thread_id": shared.id}):
            with pytest.raises(PermissionDenied) as refused:
                write(session, world, "contributor", "x", **given)
            assert refused.value.permission is Permission.COMMENT_SHARE
        with pytest.raises(PermissionDenied):
            set_resolved(session, discuss(session, world, "contributor"), "op13d", shared.id, True)
        with pytest.raises(PermissionDenied):
            discuss(session, world, "observer")
        with pytest.raises(PermissionDenied):
            write(session, world, "officer", "x", audience="internal")
        with pytest.raises(PermissionDenied):
            write(session, world, "focal_point", "x", audience="public")
        # To the secretariat an internal thread is as if it were not there.
        with pytest.raises(NotFound):
            write(session, world, "officer", "x", thread_id=internal.id)
        with pytest.raises(NotFound):
            set_resolved(session, discuss(session, world, "officer"), "op13d", internal.id, True)


def test_an_answer_to_a_thread_belongs_to_its_own_question_and_response(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        first = write(session, world, "focal_point", "first")
        reply = write(session, world, "contributor", "reply", thread_id=first.id)
        here = discuss(session, world, "focal_point")
        with pytest.raises(NotFound):
            write_comment(session, here, "op4", "x", thread_id=first.id, key="x")
        with pytest.raises(NotFound):
            write_comment(session, here, "op13d", "x", thread_id=reply.id, key="x")
        with pytest.raises(NotFound):
            write_comment(session, here, "unknown", "x", key="x")


def test_the_same_post_twice_is_one_comment(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        first = write(session, world, "contributor", "once", key="k")
        assert write(session, world, "contributor", "once", key="k").id == first.id
        assert texts(session, world, "focal_point") == ["once"]


def test_resolving_is_on_record_and_an_answer_opens_the_thread_again(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        first = write(session, world, "contributor", "question")
        set_resolved(session, discuss(session, world, "focal_point"), "op13d", first.id, True)
        assert first.resolved_by == world.focal_point and first.resolved_at is not None
        response = session.get_one(NationalResponse, world.response_id)
        assert count_unresolved(session, response, actor(session, world, "observer")) == {}
        write(session, world, "contributor", "not yet", thread_id=first.id)
        assert first.resolved_at is None and first.resolved_by is None


def test_only_the_author_deletes_and_the_text_is_gone(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        first = write(session, world, "contributor", SECRET)
        write(session, world, "focal_point", "reply", thread_id=first.id)
        for who in ("focal_point", "officer", "observer"):
            with pytest.raises(NotFound):
                delete_comment(session, discuss(session, world, who, Permission.COMMENT_READ), "op13d", first.id)
        delete_comment(session, discuss(session, world, "contributor"), "op13d", first.id)
    with database.reading() as session:
        stored = session.get_one(Comment, first.id)
        assert stored.text == "" and stored.deleted_at is not None
        assert concerned_by(session, first.id) == set()


def concerned_by(session: Session, comment_id: str) -> set[int]:
    return set(session.exec(select(CommentNotice.user_id).where(CommentNotice.comment_id == comment_id)))


def test_it_concerns_the_thread_the_focal_point_and_those_who_wrote_the_answer(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        writer = make_user(session, "writer@ministry.example")
        response = session.get_one(NationalResponse, world.response_id)
        make_member(session, writer, response, "contributor")
        elsewhere = make_user(session, "elsewhere@ministry.example")
        make_member(session, elsewhere, response, "contributor")
        for user, item in ((writer, "op13d.narrative"), (elsewhere, "op4.narrative")):
            answer(
                session,
                actor_for(user, response, "contributor"),
                response.id,
                {item: Narrative(text="x", language="en")},
            )
        first = write(session, world, "contributor", "first")
        assert concerned(session, first) == {world.focal_point, writer.id}
        reply = write(session, world, "focal_point", "reply", thread_id=first.id)
        assert concerned(session, reply) == {world.contributor, writer.id}


def test_a_shared_thread_concerns_the_officers_and_then_those_who_take_part(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        second = make_user(session, "second@secretariat.example", officer=True)
        first = write(session, world, "focal_point", "may we", audience="shared")
        assert concerned(session, first) == {world.officer, second.id}
        reply = write(session, world, "officer", "yes", thread_id=first.id)
        assert concerned(session, reply) == {world.focal_point}
        thanks = write(session, world, "focal_point", "thanks", thread_id=first.id)
        assert concerned(session, thanks) == {world.officer}
        internal = write(session, world, "focal_point", "internal")
        assert world.officer not in concerned(session, internal)


def test_colleagues_are_told_by_box_or_by_name_and_nobody_else_is(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        session.get_one(User, world.observer).name = "Ñandú  Al-Ḥasan"
        ticked = write(
            session, world, "contributor", "a", tell=(world.observer, world.other_focal_point, world.officer)
        )
        named = write(session, world, "contributor", "see @ñandú al-Ḥasan, please")
        for comment in (ticked, named):
            assert concerned(session, comment) == {world.focal_point, world.observer}
        mentions = set(session.exec(select(CommentNotice.user_id).where(CommentNotice.mention == True)))  # noqa: E712
        assert mentions == {world.observer}
        told = read_conversation(session, discuss(session, world, "focal_point"), "op13d").told
        assert told == {ticked.id: ["Ñandú  Al-Ḥasan"], named.id: ["Ñandú  Al-Ḥasan"]}
        assert read_conversation(session, discuss(session, world, "officer"), "op13d").told == {}


def test_one_digest_a_day_in_the_readers_language_without_any_text(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        world = make_world(session)
        session.get_one(User, world.focal_point).language = "fr"
        for number in range(3):
            write(session, world, "contributor", f"{SECRET} {number}")
        now = utc_now().replace(hour=9) + timedelta(days=1)
        assert send_digests(session, now) == 1
        assert send_digests(session, now) == 0
        write(session, world, "contributor", f"{SECRET} later")
        assert send_digests(session, now + timedelta(hours=5)) == 0
        assert send_digests(session, now + timedelta(days=1)) == 1
    with database.reading() as session:
        mails = session.exec(select(OutboxMail)).all()
        assert [(mail.recipient, mail.language) for mail in mails] == [("focal@ministry.example", "fr")] * 2
        for mail in mails:
            assert SECRET not in str(mail.context)
            for language in ("ar", "zh", "en", "fr", "ru", "es"):
                body = render(session, Settings(instance=tmp_path), language, mail.template, mail.context).body
                assert SECRET not in body
                assert f"/responses/{world.response_id}/questions/op13d/comments" in body
                assert "Contributor" in body
        first = next(mail for mail in mails if mail.context["comments"][0]["count"] == 3)
        assert (
            "3 new comments, from Contributor"
            in render(session, Settings(instance=tmp_path), "en", first.template, first.context).body
        )


def test_nobody_gets_a_digest_at_night_or_when_it_is_switched_off(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        session.get_one(User, world.focal_point).time_zone = "Asia/Tokyo"
        write(session, world, "contributor", "x")
        night = utc_now().replace(hour=18) + timedelta(days=1)  # 3 o'clock in Tokyo
        assert send_digests(session, night) == 0
        assert wants_digest(session, world.focal_point)
        choose_digest(session, world.focal_point, False)
        assert send_digests(session, night + timedelta(hours=6)) == 0
        choose_digest(session, world.focal_point, True)
        # What came while it was switched off is not announced afterwards.
        assert send_digests(session, night + timedelta(hours=12)) == 0


@pytest.mark.parametrize("change", ["left", "ended", "deleted", "too old"])
def test_what_a_person_may_not_read_any_more_is_not_announced(sqlite_database: Database, change: str) -> None:
    with sqlite_database.transaction() as session:
        world = make_world(session)
        first = write(session, world, "contributor", "x")
        now = utc_now().replace(hour=9) + timedelta(days=1)
        if change == "left":
            member = session.exec(select(Membership).where(Membership.user_id == world.focal_point)).one()
            member.ended_at = utc_now()
        elif change == "ended":
            session.get_one(User, world.focal_point).active = False
        elif change == "deleted":
            delete_comment(session, discuss(session, world, "contributor"), "op13d", first.id)
        else:
            now += timedelta(days=8)
        session.flush()
        assert send_digests(session, now) == 0
        assert session.exec(select(OutboxMail)).all() == []
