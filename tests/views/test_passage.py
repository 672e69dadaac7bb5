"""Who gets the passage on a State: officers, made of what was submitted; the State's own people and others do not."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlmodel import select

from instruments.values import Narrative
from models.audit import AuditEvent
from models.people import User
from models.responses import NationalResponse
from models.submissions import Submission
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, submit
from tests.builders import World, actor_for, answer, make_world
from tests.views.word_files import enter, text

SEALED, DRAFTED = "Sealed: seven convictions.", "Drafted after the seal."


@pytest.fixture
def world(app: Flask) -> World:
    with app.extensions["tracker"].database.transaction() as session:
        return make_world(session)


def write(app: Flask, world: World, values: dict[str, Any], *, submits: bool = False) -> None:
    """Answers of the focal point, and the submission of them."""
    tracker = app.extensions["tracker"]
    with tracker.database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        actor = actor_for(session.get_one(User, world.focal_point), response)
        answer(session, actor, world.response_id, values)
        if submits:
            opened = open_response(session, world.response_id, actor, Permission.RESPONSE_SUBMIT, lock=True)
            submit(session, opened, Declaration("Amina", "Head"), private_key=tracker.secrets.receipt_key)


def address(world: World) -> str:
    return f"/responses/{world.response_id}/passage.docx"


def test_an_officer_gets_what_was_sealed_and_nothing_of_the_draft_that_followed(app: Flask, world: World) -> None:
    write(app, world, {"op5.cases": Narrative(text=SEALED, language="en")}, submits=True)
    with app.extensions["tracker"].database.transaction() as session:
        session.get_one(NationalResponse, world.response_id).clearance = "returned"
    write(app, world, {"op5.cases": Narrative(text=DRAFTED, language="en"), "op12.trend": "increasing"})
    found = enter(app, world.officer).get(f"{address(world)}?lang=en")
    assert found.status_code == 200
    assert SEALED in text(found.data)
    assert DRAFTED not in text(found.data)
    with app.extensions["tracker"].database.reading() as session:
        sealed = session.exec(select(Submission)).one()
        act = session.exec(select(AuditEvent).where(AuditEvent.event == "passage.made")).one()
    assert sealed.number in text(found.data)
    assert f"filename={sealed.number}-passage-en.docx" in found.headers["Content-Disposition"]
    assert act.detail == {"cycle": world.cycle_id, "language": "en", "submission": sealed.number}


def test_before_the_first_submission_the_page_says_why_there_is_none(app: Flask, world: World) -> None:
    write(app, world, {"op5.cases": Narrative(text=DRAFTED, language="en")})
    found = enter(app, world.officer).get(address(world))
    assert found.status_code == 409
    page = found.get_data(as_text=True)
    assert "There is no passage yet" in page
    assert "never of a draft" in page
    assert DRAFTED not in page


def test_the_state_itself_may_not_make_it_and_for_another_state_it_is_not_there(app: Flask, world: World) -> None:
    write(app, world, {"op5.cases": Narrative(text=SEALED, language="en")}, submits=True)
    assert enter(app, world.focal_point).get(address(world)).status_code == 403
    assert enter(app, world.other_focal_point).get(address(world)).status_code == 404
    assert enter(app, world.officer).get("/responses/absent/passage.docx").status_code == 404
    assert enter(app, world.officer).get(f"{address(world)}?lang=tlh").status_code == 404
    assert app.test_client().get(address(world)).status_code == 302
    with app.extensions["tracker"].database.reading() as session:
        assert session.exec(select(AuditEvent).where(AuditEvent.event == "passage.made")).all() == []


def test_an_altered_submission_is_not_passed_on(app: Flask, world: World) -> None:
    write(app, world, {"op5.cases": Narrative(text=SEALED, language="en")}, submits=True)
    with app.extensions["tracker"].database.transaction() as session:
        sealed = session.exec(select(Submission)).one()
        sealed.document = sealed.document.replace("seven", "eight")
        session.add(sealed)
    found = enter(app, world.officer).get(address(world))
    assert found.status_code == 500
    assert "The document was not made" in found.get_data(as_text=True)


def test_the_page_of_the_state_offers_it_after_the_submission_and_the_record_names_it(app: Flask, world: World) -> None:
    officer = enter(app, world.officer)
    page = f"/secretariat/responses/{world.response_id}"
    assert "passage.docx" not in officer.get(page).get_data(as_text=True)
    write(app, world, {"op5.cases": Narrative(text=SEALED, language="en")}, submits=True)
    shown = officer.get(page).get_data(as_text=True)
    assert f'action="{address(world)}"' in shown
    assert '<option value="ar" lang="ar">' in shown
    assert officer.get(f"{address(world)}?lang=ar").status_code == 200
    record = officer.get(f"{page}/record").get_data(as_text=True)
    assert "Draft passage for the report of paragraph 15 downloaded" in record
