"""A State's own pages: what the check page, the receipt and the question page say, and say the same everywhere."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from instruments.values import Chosen, Narrative
from models.database import Database
from models.people import User
from models.responses import NationalResponse
from models.submissions import Submission
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, list_findings, submit
from tests.builders import World, actor_for, answer, make_world, sign_in


@pytest.fixture
def database(app: Flask) -> Database:
    database: Database = app.extensions["tracker"].database
    return database


@pytest.fixture
def world(database: Database) -> World:
    with database.transaction() as session:
        world = make_world(session)
        session.get_one(User, world.focal_point).title = "Director of Treaties"
    return world


@pytest.fixture
def client(app: Flask, database: Database, world: World) -> FlaskClient:
    """The focal point's browser."""
    client = app.test_client()
    with database.reading() as session:
        sign_in(client, session.get_one(User, world.focal_point))
    return client


def give(database: Database, world: World, values: dict[str, Any]) -> None:
    with database.transaction() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )
        answer(session, actor, world.response_id, values)


def found(database: Database, world: World) -> set[str]:
    with database.reading() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_READ)
        return {f"{finding.item_id or finding.question_id}:{finding.code}" for finding in list_findings(opened)}


def sealed(app: Flask, database: Database, world: World) -> str:
    key = app.extensions["tracker"].secrets.receipt_key
    with database.transaction() as session:
        actor = actor_for(
            session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id)
        )
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_SUBMIT, lock=True)
        submission: Submission = submit(session, opened, Declaration("A", "B"), private_key=key)
        return submission.id


def page(client: FlaskClient, world: World, path: str = "", language: str = "") -> str:
    if language:
        client.get(f"/language/{language}")
    return client.get(f"/responses/{world.response_id}{path}").get_data(as_text=True)


def post(client: FlaskClient, world: World, question: str, **fields: str) -> Any:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page(client, world, f"/questions/{question}"))
    assert token
    data = {"csrf_token": token[1], **fields}
    return client.post(f"/responses/{world.response_id}/questions/{question}", data=data)


def total(html: str) -> str:
    counted = re.search(r"\d+ of \d+ answered", html)
    assert counted
    return counted[0]


def test_the_receipt_counts_as_the_overview_does_and_details_apart(
    app: Flask, database: Database, world: World, client: FlaskClient
) -> None:
    give(database, world, {
        "op13d.status_practice": "partially_implemented", "op13d.narrative": Narrative(text="x", language="en"),
        "op13d.authority": Narrative(text="The ministry", language="en"),
    })  # fmt: skip
    overview, check = total(page(client, world)), total(page(client, world, "/check"))
    receipt = client.get(f"/submissions/{sealed(app, database, world)}").get_data(as_text=True)
    assert overview == check == total(receipt)
    assert "Also 1 answer under" in receipt


def test_the_receipt_leads_back_and_to_the_key_and_the_verifier(
    app: Flask, database: Database, world: World, client: FlaskClient
) -> None:
    receipt = client.get(f"/submissions/{sealed(app, database, world)}").get_data(as_text=True)
    home = f"/responses/{world.response_id}"
    assert f'<a href="{home}">Questions</a>' in receipt and f'<a href="{home}/check">' in receipt
    for address in re.findall(r'<a href="([^"]+)" download', receipt):
        assert client.get(address).status_code == 200, address
    assert b"def verify(" in client.get("/receipts/verify_receipt.py").data


def test_after_submission_no_page_speaks_of_a_draft(
    app: Flask, database: Database, world: World, client: FlaskClient
) -> None:
    give(database, world, {"op13d.status_practice": "partially_implemented"})
    sealed(app, database, world)
    home, check = page(client, world), page(client, world, "/check")
    assert "Print the answers" in home and "Print the answers" in check
    assert "Print the draft" not in home + check
    assert "In progress" not in home and "Not started" not in home


def test_the_check_page_says_what_cannot_be_read_with_a_link_to_the_control(world: World, client: FlaskClient) -> None:
    money, cell = "op13d.payments-amount_paid-2024", "op13d.financial_investigations-freezing_orders-2024"
    post(
        client,
        world,
        "op13d",
        **{"base:op13d.payments": "0", money: "12", "base:op13d.financial_investigations": "0", cell: "many"},
    )
    check = page(client, world, "/check")
    question = f"/responses/{world.response_id}/questions/op13d"
    assert check.count(f'<a href="{question}#item-op13d.payments">') == 2
    assert check.count(f'<a href="{question}#{cell}">') == 2
    assert "an amount is given without its currency" in check
    assert re.search(r"2024[^<]*is not a whole number", check)
    assert f'id="{cell}"' in page(client, world, "/questions/op13d")


def test_the_declaration_begins_with_the_name_and_the_title_of_the_account(world: World, client: FlaskClient) -> None:
    check = page(client, world, "/check")
    assert 'value="Director of Treaties"' in check
    declared = check.index('id="declared"')
    assert "no personal data of victims" in check[declared : check.index("Submit the response of")]


def test_a_narrative_that_looks_like_personal_data_is_worth_a_second_look(
    database: Database, world: World, client: FlaskClient
) -> None:
    give(database, world, {"op13d.narrative": Narrative(text="Maria Kent, 17 years old, was found.", language="en")})
    assert "op13d.narrative:personal_data" in found(database, world)
    caution = "This text may hold personal data of a person"
    assert caution in page(client, world, "/check")
    assert caution in page(client, world, "/questions/op13d")


def test_the_caution_after_autosave_is_the_one_of_the_page(world: World, client: FlaskClient) -> None:
    token = re.search(r'name="csrf-token" content="([^"]+)"', page(client, world, "/questions/op13d"))
    assert token
    answered = client.post(
        f"/responses/{world.response_id}/questions/op13d/autosave", headers={"X-CSRFToken": token[1]},
        data={"base:op13d.narrative": "0", "op13d.narrative-text": "Maria Kent, 17 years old", "op13d.narrative-language": "en"},
    ).get_json()  # fmt: skip
    assert answered["items"]["op13d.narrative"]["warnings"][0] in page(client, world, "/questions/op13d")
    assert answered["work"] == "in_progress"


def test_what_does_not_fit_together_is_worth_a_second_look(database: Database, world: World) -> None:
    late = date.today() + timedelta(days=900)
    give(database, world, {
        "op1.party": "party", "op1.party_since": late, "op4.status_law": "not_applicable",
        "op4.status_practice": "fully_implemented", "op1.steps": Chosen(codes=("other",)),
    })  # fmt: skip
    codes = found(database, world)
    assert "op1.party_since:date_in_future" in codes
    assert "op4:practice_not_applicable_in_law" in codes
    give(database, world, {"op1.party_since": date(2005, 3, 1)})
    assert "op1.party_since:date_in_future" not in found(database, world)


def test_typed_text_keeps_to_the_side_of_the_page(database: Database, world: World, client: FlaskClient) -> None:
    give(database, world, {"op13d.narrative": Narrative(text="Law 14", language="en")})
    for path in ("/check", "/print"):
        assert '<p class="pre"><bdi lang="en">Law 14</bdi>' in page(client, world, path, "ar"), path


def test_help_says_what_stops_a_submission(client: FlaskClient) -> None:
    help_page = client.get("/help").get_data(as_text=True)
    assert "Only text that cannot be read stops a submission" in help_page
    assert "Nothing of this stops you" not in help_page


def test_the_level_of_an_article_is_said_where_it_is_stated(world: World, client: FlaskClient) -> None:
    html = page(client, world, "/questions/op13d")
    assert html.count("Degree of obligation not stated here") == 0
    assert html.count("the degree of obligation is not stated here") == 1


def test_a_group_of_one_item_is_named_once(world: World, client: FlaskClient) -> None:
    html = page(client, world, "/questions/op13d")
    group = html[html.index('id="g-narrative"') : html.index('id="g-measures"')]
    assert "label-above" in group
    assert re.search(r'<summary>Add details<span class="vh">: ', html)
