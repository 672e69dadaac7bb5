"""Giving out offline workbooks on the website: who may, what is asked, the board, the file."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from instruments.values import Narrative
from models.kits import Kit
from models.people import User
from models.responses import NationalResponse
from tests.builders import World, actor_for, answer, csrf_token, make_world, sign_in

TEXT = "typed before the workbook"


@pytest.fixture
def world(app: Flask) -> World:
    with app.extensions["tracker"].database.transaction() as session:
        world = make_world(session)
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )  # fmt: skip
        answer(session, actor, world.response_id, {"op4.narrative": Narrative(text=TEXT, language="en")})
        return world


def browser(app: Flask, user_id: int) -> FlaskClient:
    client = app.test_client()
    with app.extensions["tracker"].database.reading() as session:
        user = session.get_one(User, user_id)
    sign_in(client, user)
    return client


def url(world: World, more: str = "") -> str:
    return f"/responses/{world.response_id}/offline{more}"


def give_out(client: FlaskClient, world: World, **given: Any) -> Any:
    form = {"recipient": "Ministry of Justice", "language": "en", "prefilled": "yes", "note": "", **given}
    return client.post(url(world), data={**form, "csrf_token": csrf_token(client, url(world))})


def kits(app: Flask) -> list[Kit]:
    with app.extensions["tracker"].database.reading() as session:
        return list(session.exec(select(Kit)).all())


def texts_of(data: bytes) -> str:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return "\n".join(str(cell.value) for sheet in book for row in sheet for cell in row if cell.value is not None)


def test_a_workbook_is_given_out_stands_on_the_board_and_can_be_had_again(app: Flask, world: World) -> None:
    client = browser(app, world.focal_point)
    made = give_out(client, world, questions=["op4", "op13d"], language="fr", note="Before June, please")
    assert made.status_code == 303
    (kit,) = kits(app)
    assert (kit.question_ids, kit.language, kit.note) == (["op4", "op13d"], "fr", "Before June, please")
    board = client.get(made.location).get_data(as_text=True)
    assert f"Workbook {kit.id} is ready" in board
    assert "Ministry of Justice" in board
    first = client.get(url(world, f"/{kit.id}.xlsx"))
    assert first.headers["Content-Disposition"] == f"attachment; filename=offline-XAA-{kit.id}-fr.xlsx"
    assert TEXT in texts_of(first.data)
    with app.extensions["tracker"].database.transaction() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )  # fmt: skip
        answer(session, actor, world.response_id, {"op4.narrative": Narrative(text="typed since", language="en")})
    assert client.get(url(world, f"/{kit.id}.xlsx")).data == first.data


def test_nothing_chosen_is_everything_and_a_section_is_its_questions(app: Flask, world: World) -> None:
    client = browser(app, world.contributor)
    assert give_out(client, world).status_code == 303
    assert give_out(client, world, sections=["s2"], questions=["op12"], prefilled="no").status_code == 303
    by_size = sorted(kits(app), key=lambda kit: len(kit.question_ids))
    assert by_size[0].question_ids == ["op4", "op5", "op6", "op12"]
    assert len(by_size[1].question_ids) > 20
    page = client.get(url(world, f"/{by_size[0].id}.xlsx"))
    assert TEXT not in texts_of(page.data)


def test_a_link_of_a_question_has_it_chosen_already(app: Flask, world: World) -> None:
    client = browser(app, world.contributor)
    page = client.get(url(world, "?question=op5")).get_data(as_text=True)
    assert [box for box in re.findall(r"<input[^>]*name=\"questions\"[^>]*>", page) if "checked" in box] == [
        box for box in re.findall(r"<input[^>]*name=\"questions\"[^>]*>", page) if 'value="op5"' in box
    ]  # fmt: skip
    assert 'offline?question=op5#new"' in client.get(
        f"/responses/{world.response_id}/questions/op5"
    ).get_data(as_text=True)  # fmt: skip


def test_what_is_missing_or_unknown_is_told_beside_its_field(app: Flask, world: World) -> None:
    client = browser(app, world.focal_point)
    for given, said in (
        ({"recipient": "  "}, "Enter the ministry or the person"),
        ({"language": "de"}, "Not a valid choice"),
        ({"questions": ["op99"]}, "valid choice"),
    ):
        refused = give_out(client, world, **given)
        assert refused.status_code == 422
        assert said in refused.get_data(as_text=True)
        assert "There is 1 problem to correct" in refused.get_data(as_text=True)
    assert kits(app) == []


def test_a_workbook_that_was_called_back_is_not_given_out_again(app: Flask, world: World) -> None:
    client = browser(app, world.focal_point)
    give_out(client, world, questions=["op4"])
    (kit,) = kits(app)
    token = {"csrf_token": csrf_token(client, url(world))}
    assert client.post(url(world, f"/{kit.id}/withdraw"), data=token).status_code == 303
    assert "Called back on" in client.get(url(world)).get_data(as_text=True)
    again = client.get(url(world, f"/{kit.id}.xlsx"))
    assert again.status_code == 409
    assert "called back" in again.get_data(as_text=True)


def test_nobody_else_comes_near_it(app: Flask, world: World) -> None:
    give_out(browser(app, world.focal_point), world, questions=["op4"])
    (kit,) = kits(app)
    for user_id, status in ((world.other_focal_point, 404), (world.officer, 403), (world.observer, 403)):
        client = browser(app, user_id)
        for path in ("", f"/{kit.id}.xlsx"):
            assert client.get(url(world, path)).status_code == status, (user_id, path)
    foreign = browser(app, world.other_focal_point).get(f"/responses/{world.other_response_id}/offline/{kit.id}.xlsx")
    assert foreign.status_code == 404


def test_a_submitted_response_gives_out_none(app: Flask, world: World) -> None:
    client = browser(app, world.focal_point)
    token = csrf_token(client, url(world))
    with app.extensions["tracker"].database.transaction() as session:
        session.get_one(NationalResponse, world.response_id).clearance = "submitted"
    page = client.get(url(world)).get_data(as_text=True)
    assert "No workbook can be given out" in page
    refused = client.post(url(world), data={"recipient": "A", "language": "en", "prefilled": "no", "csrf_token": token})
    assert refused.status_code == 409
    assert kits(app) == []
