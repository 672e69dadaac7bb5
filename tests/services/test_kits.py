"""Offline workbooks that were given out: what they hold, who sees them, and that they stay what they were."""

from __future__ import annotations

import re

import pytest
from sqlmodel import Session, select

from models.audit import AuditEvent
from models.database import Database
from models.kits import Kit
from models.people import User
from models.responses import NationalResponse
from models.states import ReportingState
from services.kits import (
    KitRefused,
    editable_questions,
    find_kit,
    is_stamp,
    kit_content,
    kit_stamp,
    list_kits,
    make_kit,
    withdraw_kit,
)
from services.permissions import Actor, NotFound, Permission, PermissionDenied
from services.responses import OpenResponse, open_response
from tests.builders import World, actor_for, answer, make_world


def actor(session: Session, world: World, who: str = "focal_point") -> Actor:
    user = session.get(User, getattr(world, who))
    response = session.get(NationalResponse, world.other_response_id if who.startswith("other") else world.response_id)
    assert user is not None
    return actor_for(user, response, "focal_point" if "focal" in who else who)


def opened(session: Session, world: World, who: str = "focal_point") -> OpenResponse:
    return open_response(
        session, world.response_id, actor(session, world, who), Permission.RESPONSE_EDIT, lock=True
    )  # fmt: skip


def make(session: Session, world: World, who: str = "focal_point", *questions: str) -> Kit:
    return make_kit(
        session, opened(session, world, who), questions or ("op5", "op4"), language="fr", prefilled=True,
        recipient="Ministry of Justice",
    )  # fmt: skip


def test_a_kit_holds_its_questions_in_order_and_the_version_of_every_answer(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        answer(session, actor(session, world), world.response_id, {"op4.status_law": "not_implemented"})
        kit = make(session, world)
        assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", kit.id)
        assert kit.question_ids == ["op4", "op5"]
        assert kit.bases == {"op4.status_law": 1}
    with database.reading() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.event == "kit.made")).one()
        assert (event.state_id, event.detail["kit"], event.detail["recipient"]) == (
            "XAA",
            kit.id,
            "Ministry of Justice",
        )
        assert "not_implemented" not in str(event.detail)


def test_its_content_stays_what_it_was_when_the_answers_go_on(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        answer(session, actor(session, world), world.response_id, {"op4.status_law": "not_implemented"})
        kit = make(session, world)
        before = kit_content(session, opened(session, world), kit)
        answer(
            session,
            actor(session, world),
            world.response_id,
            {"op4.status_law": "no_information", "op5.status_law": "planned_or_under_way"},
        )
        after = kit_content(session, opened(session, world), kit)
        assert before.stored_values == after.stored_values == {"op4.status_law": "not_implemented"}
        assert before.asked == after.asked
        session.get(ReportingState, "XAA").party_status = "party"  # type: ignore[union-attr]
        assert kit_content(session, opened(session, world), kit).asked == before.asked


def test_nothing_chosen_a_foreign_question_and_a_closed_response_are_refused(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        given = {"language": "en", "prefilled": False, "recipient": "A"}
        with pytest.raises(KitRefused, match="nothing_chosen"):
            make_kit(session, opened(session, world), [], **given)  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            make_kit(session, opened(session, world), ["op4", "op99"], **given)  # type: ignore[arg-type]
        session.get(NationalResponse, world.response_id).clearance = "submitted"  # type: ignore[union-attr]
        with pytest.raises(KitRefused, match="locked"):
            make_kit(session, opened(session, world), ["op4"], **given)  # type: ignore[arg-type]
        assert session.exec(select(Kit)).all() == []


def test_the_team_sees_its_kits_and_nobody_else_does(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        kit = make(session, world, "contributor")
        for who in ("focal_point", "contributor"):
            assert [row.kit.id for row in list_kits(session, opened(session, world, who))] == [kit.id]
        other = open_response(
            session, world.other_response_id, actor(session, world, "other_focal_point"), Permission.RESPONSE_EDIT
        )  # fmt: skip
        assert list_kits(session, other) == []
        with pytest.raises(NotFound):
            find_kit(session, other, kit.id)
        reader = open_response(session, world.response_id, actor(session, world, "observer"), Permission.RESPONSE_READ)
        assert editable_questions(reader) == []
        assert list_kits(session, reader) == []


def test_a_kit_is_called_back_by_whoever_gave_it_out_or_the_focal_point(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        of_focal_point, of_contributor = make(session, world), make(session, world, "contributor")
        with pytest.raises(PermissionDenied):
            withdraw_kit(session, opened(session, world, "contributor"), of_focal_point.id)
        withdraw_kit(session, opened(session, world, "contributor"), of_contributor.id)
        at = of_contributor.withdrawn_at
        withdraw_kit(session, opened(session, world), of_contributor.id)
        assert at is not None
        assert of_contributor.withdrawn_at == at
        assert of_focal_point.withdrawn_at is None
        events = session.exec(select(AuditEvent).where(AuditEvent.event == "kit.withdrawn")).all()
        assert [event.detail["kit"] for event in events] == [of_contributor.id]


def test_a_stamp_is_good_for_what_it_was_given_for_alone() -> None:
    stated = {"kit": "ABCD-EFGH", "bases": {"op4.laws": 3}}
    stamp = kit_stamp("a secret", stated)
    assert is_stamp("a secret", dict(reversed(stated.items())), stamp)
    assert not is_stamp("another secret", stated, stamp)
    assert not is_stamp("a secret", {**stated, "bases": {"op4.laws": 4}}, stamp)
