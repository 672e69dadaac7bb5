"""A State's own copy of what it submitted: for its people, at once, never for anybody else."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.test import TestResponse

from exports import own_copy
from instruments.values import Narrative
from models.people import User
from models.responses import NationalResponse
from models.submissions import Submission
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, submit
from tests.builders import World, actor_for, answer, make_world, sign_in
from tests.exports.readback import cover, read_by_calamine

FIRST, SECOND, DRAFT = "sealed-first", "sealed-second", "typed-after-the-seal"


def write(app: Flask, world: World, text: str) -> None:
    tracker = app.extensions["tracker"]
    with tracker.database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        actor = actor_for(session.get_one(User, world.focal_point), response)
        answer(session, actor, world.response_id, {"op4.narrative": Narrative(text=text, language="en")})


def seal(app: Flask, world: World) -> str:
    tracker = app.extensions["tracker"]
    with tracker.database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        actor = actor_for(session.get_one(User, world.focal_point), response)
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_SUBMIT, lock=True)
        submission = submit(session, opened, Declaration("A", "B"), private_key=tracker.secrets.receipt_key)
        response.clearance = "returned"
        session.add(response)
        return submission.id


@pytest.fixture
def world(app: Flask) -> World:
    """A State that submitted twice and has gone on writing."""
    with app.extensions["tracker"].database.transaction() as session:
        return make_world(session)


@pytest.fixture
def submissions(app: Flask, world: World) -> list[str]:
    found = []
    for text in (FIRST, SECOND):
        write(app, world, text)
        found.append(seal(app, world))
    write(app, world, DRAFT)
    return found


def browser(app: Flask, user_id: int) -> FlaskClient:
    client = app.test_client()
    with app.extensions["tracker"].database.reading() as session:
        user = session.get_one(User, user_id)
    sign_in(client, user)
    return client


def get(app: Flask, user_id: int, response_id: str, query: str = "") -> TestResponse:
    return browser(app, user_id).get(f"/responses/{response_id}/workbook.xlsx{query}", buffered=True)


def texts(response: TestResponse) -> set[Any]:
    assert response.status_code == 200, response.get_data(as_text=True)
    return {cell for row in read_by_calamine(response.data)["Texts"] for cell in row} & {FIRST, SECOND, DRAFT}


def test_everybody_of_the_state_gets_the_newest_submission_at_once(
    app: Flask, world: World, submissions: list[str]
) -> None:
    for person in (world.focal_point, world.contributor, world.observer):
        response = get(app, person, world.response_id)
        assert texts(response) == {SECOND}
        assert response.content_length == len(response.data)
    said = cover(read_by_calamine(response.data))
    assert (said["states"], said["states_submitted"]) == (1, 1)
    assert said["preset"].startswith("A State’s own copy")
    assert "state-xaa-" in response.headers["Content-Disposition"]


def test_an_earlier_round_can_be_had_and_the_receipt_of_each_leads_to_its_own(
    app: Flask, world: World, submissions: list[str]
) -> None:
    client = browser(app, world.focal_point)
    for submission_id, query, text in zip(submissions, ("?round=1", "?round=2"), (FIRST, SECOND), strict=True):
        page = client.get(f"/submissions/{submission_id}").get_data(as_text=True)
        assert f"/responses/{world.response_id}/workbook.xlsx{query}" in page
        assert texts(get(app, world.focal_point, world.response_id, query)) == {text}
    for query in ("?round=3", "?round=x", "?round=-1"):
        assert get(app, world.focal_point, world.response_id, query).status_code == 404


def test_before_the_first_submission_a_page_says_so(app: Flask, world: World) -> None:
    write(app, world, DRAFT)
    response = get(app, world.focal_point, world.response_id)
    assert response.status_code == 409
    assert "Nothing has been submitted yet" in response.get_data(as_text=True)
    assert DRAFT not in response.get_data(as_text=True)


def test_another_state_a_visitor_and_an_officer_do_not_get_it(app: Flask, world: World, submissions: list[str]) -> None:
    assert get(app, world.other_focal_point, world.response_id).status_code == 404
    assert get(app, world.focal_point, world.other_response_id).status_code == 404
    assert get(app, world.officer, world.response_id).status_code == 403
    address = f"/responses/{world.response_id}/workbook.xlsx"
    assert app.test_client().get(address).status_code == 302
    page = browser(app, world.officer).get(f"/submissions/{submissions[1]}").get_data(as_text=True)
    assert "workbook.xlsx" not in page


def test_an_altered_submission_gives_no_copy(app: Flask, world: World, submissions: list[str]) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        for submission in session.exec(select(Submission)):
            submission.document = submission.document.replace("sealed", "healed")
            session.add(submission)
    response = get(app, world.focal_point, world.response_id)
    assert response.status_code == 500
    assert "The workbook was not made" in response.get_data(as_text=True)


def test_who_would_wait_too_long_is_asked_to_come_back(
    app: Flask, world: World, submissions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_copy, "PATIENCE", 0.01)
    with own_copy._one_at_a_time:
        response = get(app, world.focal_point, world.response_id)
    assert response.status_code == 503
    assert texts(get(app, world.focal_point, world.response_id)) == {SECOND}
