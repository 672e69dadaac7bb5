"""The pages of delegation: assigning, the work list, what a contributor may change, ready, sent back, accepted, leaving."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from instruments.values import Narrative
from models.audit import OutboxMail
from models.base import utc_now
from models.database import Database
from models.people import Membership, User
from models.responses import Answer, EvidenceFile, LateNote
from services.outbox import render
from services.reach import list_assignments
from settings import load_secrets
from tests.builders import World, answer, make_world, sign_in
from tests.services.account_people import member


@pytest.fixture
def database(app: Flask) -> Database:
    app.config["WTF_CSRF_ENABLED"] = False
    database: Database = app.extensions["tracker"].database
    return database


@pytest.fixture
def world(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


@pytest.fixture
def browser(app: Flask, database: Database) -> Callable[[int], FlaskClient]:
    def make(user_id: int) -> FlaskClient:
        client = app.test_client()
        with database.reading() as session:
            sign_in(client, session.get_one(User, user_id))
        return client

    return make


@pytest.fixture
def focal(world: World, browser: Callable[[int], FlaskClient]) -> FlaskClient:
    return browser(world.focal_point)


@pytest.fixture
def contributor(world: World, browser: Callable[[int], FlaskClient]) -> FlaskClient:
    return browser(world.contributor)


def key_of(database: Database, user_id: int) -> str:
    with database.reading() as session:
        return session.exec(select(Membership.id).where(Membership.user_id == user_id)).one()


def home(world: World) -> str:
    return f"/responses/{world.response_id}"


def give(client: FlaskClient, database: Database, world: World, **given: Any) -> Any:
    data = {"person": key_of(database, world.contributor), "question": ["op4"], **given}
    return client.post(f"{home(world)}/team", data=data)


def access(client: FlaskClient, database: Database, world: World, chosen: str) -> Any:
    data = {"person": key_of(database, world.contributor), "access": chosen}
    return client.post(f"{home(world)}/team/access", data=data)


def only(database: Database, world: World) -> Any:
    with database.reading() as session:
        (entry,) = list_assignments(session, world.response_id)
        session.expunge(entry)
        return entry


NARRATIVE = {"base:op4.narrative": "0", "op4.narrative-text": "A law of 2021.", "op4.narrative-language": "en"}


def test_the_overview_offers_every_question_and_only_people_who_can_have_work(
    focal: FlaskClient, database: Database, world: World
) -> None:
    page = focal.get(f"{home(world)}/team").get_data(as_text=True)
    assert {"op4", "op13d"} <= set(re.findall(r'name="question" value="([^"]+)"', page))
    offered = re.findall(r'<option[^>]*value="([^"]+)"', page.partition('id="person"')[2].partition("</select>")[0])
    assert offered == [key_of(database, world.focal_point), key_of(database, world.contributor)]


def test_a_contributor_gets_work_by_mail_and_on_the_work_list(
    app: Flask, focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    due = utc_now().date() + timedelta(days=20)
    assert "Your work list" not in contributor.get(home(world)).get_data(as_text=True)
    answered = give(focal, database, world, question=["op4", "op13d"], due=due.isoformat(), note="Ask the police.")
    assert answered.status_code == 303
    page = contributor.get(home(world)).get_data(as_text=True)
    listed = page.partition("Your work list")[2].partition("</table>")[0]
    assert "Ask the police." in listed and f'datetime="{due.isoformat()}"' in listed
    assert f"{home(world)}/questions/op13d" in listed
    with database.reading() as session:
        (mail,) = session.exec(select(OutboxMail).where(OutboxMail.template == "assigned"))
        settings = app.extensions["tracker"].settings
        body = render(session, settings, "fr", mail.template, mail.context, load_secrets(settings)).body
    assert f"{settings.address}{home(world)}/questions/op4" in body and "Ask the police." in body
    overview = focal.get(f"{home(world)}/team").get_data(as_text=True)
    assert overview.count("Contributor<") >= 2 and "Ask the police." not in overview
    assert "2 assignments" in focal.get(home(world)).get_data(as_text=True)


def test_a_whole_section_is_assigned_by_one_tick(focal: FlaskClient, database: Database, world: World) -> None:
    page = focal.get(f"{home(world)}/team").get_data(as_text=True)
    section = page.partition('name="section"')[2].partition("</tbody>")[0]
    expected = re.findall(r'name="question" value="([^"]+)"', section)
    name = re.search(r'name="section" value="([^"]+)"', page)
    assert name and expected
    assert give(focal, database, world, question=[], section=name[1]).status_code == 303
    with database.reading() as session:
        assert {entry.question_id for entry in list_assignments(session, world.response_id)} == set(expected)


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"question": []}, 422, "Tick at least one question"), ({"person": ""}, 422, "Choose a person."),
        ({"due": "2020-01-01"}, 422, "This day is over"), ({"due": "soon"}, 422, "Enter the day as year-month-day"),
        ({"note": "x" * 2001}, 422, "Use at most 2,000 characters."), ({"question": ["op99"]}, 404, ""),
        ({"section": ["nowhere"]}, 404, ""), ({"person": "unknown"}, 404, ""), ({"person": "other"}, 404, ""),
        ({"person": "observer"}, 404, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_assigned_is_refused_with_what_was_ticked(
    focal: FlaskClient, database: Database, world: World, given: dict[str, Any], status: int, words: str
) -> None:
    strangers = {"other": world.other_focal_point, "observer": world.observer}
    if given.get("person") in strangers:
        given = {"person": key_of(database, strangers[given["person"]])}
    answered = give(focal, database, world, **given)
    page = answered.get_data(as_text=True)
    assert answered.status_code == status and words in page
    if status == 422 and given != {"question": []}:
        assert re.search(r'value="op4"[^>]* checked', page)
    with database.reading() as session:
        assert list_assignments(session, world.response_id) == []
        assert session.exec(select(OutboxMail)).all() == []


def test_only_the_focal_point_assigns_and_the_others_are_told_who(
    contributor: FlaskClient, browser: Callable[[int], FlaskClient], world: World
) -> None:
    for client in (contributor, browser(world.observer)):
        answered = client.get(f"{home(world)}/team")
        assert answered.status_code == 403 and "The focal point is Focal." in answered.get_data(as_text=True)
    assert browser(world.other_focal_point).get(f"{home(world)}/team").status_code == 404
    assert browser(world.officer).get(f"{home(world)}/team").status_code == 403


def test_an_assignment_of_another_state_is_not_found(
    focal: FlaskClient, browser: Callable[[int], FlaskClient], database: Database, world: World
) -> None:
    give(focal, database, world)
    url = f"/responses/{world.other_response_id}/team/assignments/{only(database, world).id}"
    for act in ("accept", "send_back", "remove"):
        assert browser(world.other_focal_point).post(url, data={"act": act, "reason": "x"}).status_code == 404


def test_parts_are_given_by_group_or_item_and_the_rest_is_closed(
    focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    url = f"{home(world)}/team/questions/op4"
    data = {"person": key_of(database, world.contributor)}
    assert focal.post(url, data=data).status_code == 422
    assert focal.post(url, data={**data, "item": "op13d.narrative"}).status_code == 404
    assert focal.post(url, data={**data, "item": "op4.narrative"}).status_code == 303
    assert only(database, world).item_ids == ["op4.narrative"]
    page = contributor.get(f"{home(world)}/questions/op4").get_data(as_text=True)
    assert "A part of this question is yours" in page and "Focal, the focal point" in page
    closed = re.findall(r'<fieldset class="bare closed" disabled>(.*?)</fieldset>', page, re.S)
    assert len(closed) > 2 and not any('name="op4.narrative-text"' in part for part in closed)
    assert contributor.post(f"{home(world)}/questions/op4", data=NARRATIVE).status_code == 303


def test_a_post_outside_the_assignment_is_refused_and_the_text_kept(
    focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    give(focal, database, world, question=["op13d"])
    answered = contributor.post(f"{home(world)}/questions/op4", data=NARRATIVE)
    page = answered.get_data(as_text=True)
    assert answered.status_code == 403 and "Focal, the focal point, can assign it to you" in page
    with database.reading() as session:
        assert session.get(Answer, (world.response_id, "op4.narrative")) is None
        note = session.exec(select(LateNote)).one()
    assert note.id in contributor.get(home(world)).get_data(as_text=True)
    kept = f"{home(world)}/texts-kept/{note.id}"
    assert "A law of 2021." in contributor.get(kept).get_data(as_text=True)
    assert focal.post(kept).status_code == 404
    script = contributor.post(
        f"{home(world)}/questions/op4/autosave", data=NARRATIVE, headers={"Accept": "application/json"}
    )
    assert script.status_code == 403 and script.get_json()["error"] == "outside_assignment"
    assert script.get_json()["items"]["op4.narrative"]["errors"]


def test_a_file_outside_the_assignment_is_not_taken(
    focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    import io

    give(focal, database, world, question=["op13d"])
    data = {"base:op4.evidence": "0", "op4.evidence-upload": (io.BytesIO(b"words"), "law.txt")}
    page = contributor.post(f"{home(world)}/questions/op4", data=data).get_data(as_text=True)
    assert "law.txt was not added: this part is not assigned to you." in page
    with database.reading() as session:
        assert session.exec(select(EvidenceFile)).all() == []


def test_whoever_reads_only_their_own_finds_nothing_else(
    focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    give(focal, database, world, question=["op13d"])
    with database.transaction() as session:
        actor = member(session, world, world.focal_point)
        answer(session, actor, world.response_id, {"op4.narrative": Narrative(text="SECRET-OF-FOUR", language="en")})
    assert "SECRET-OF-FOUR" in contributor.get(f"{home(world)}/check").get_data(as_text=True)
    assert access(focal, database, world, "own").status_code == 303
    for path in ("", "/check", "/print", "/print?answered=1", "/questions/op13d", "/people"):
        answered = contributor.get(f"{home(world)}{path}")
        page = answered.get_data(as_text=True)
        assert answered.status_code == 200 and "SECRET-OF-FOUR" not in page, path
        assert "questions/op4" not in page, path
    assert contributor.get(f"{home(world)}/questions/op4").status_code == 404
    for path in ("/document.docx", "/workbook.xlsx"):
        answered = contributor.get(f"{home(world)}{path}")
        assert answered.status_code == 403 and "The focal point is Focal." in answered.get_data(as_text=True), path
    answered = contributor.post(f"{home(world)}/questions/op4", data=NARRATIVE)
    assert answered.status_code == 403 and "SECRET" not in answered.get_data(as_text=True)
    assert "Texts that were not taken" in contributor.get(home(world)).get_data(as_text=True)


def test_an_empty_question_is_not_ready_and_the_page_says_with_what_to_begin(
    focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    give(focal, database, world)
    answered = contributor.post(f"{home(world)}/questions/op4", data={"ready": "yes", "base:op4.narrative": "0"})
    assert answered.status_code == 422 and "nothing of it is answered yet" in answered.get_data(as_text=True)
    assert only(database, world).state == "assigned"


def test_ready_sent_back_and_accepted_on_the_pages(
    focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    give(focal, database, world)
    url = f"{home(world)}/team/assignments/{only(database, world).id}"
    assert focal.post(url, data={"act": "accept"}).status_code == 409
    assert contributor.post(f"{home(world)}/questions/op4", data={**NARRATIVE, "ready": "yes"}).status_code == 303
    assert 'value="accept"' in focal.get(url).get_data(as_text=True)
    assert focal.post(url, data={"act": "send_back", "reason": " "}).status_code == 422
    assert focal.post(url, data={"act": "send_back", "reason": "Name the law."}).status_code == 303
    assert "Name the law." in contributor.get(home(world)).get_data(as_text=True)
    page = contributor.get(f"{home(world)}/questions/op4").get_data(as_text=True)
    assert "Name the law." in page and not re.search(r'id="ready"[^>]* checked', page)
    again = {"base:op4.narrative": "1", "op4.narrative-text": "Law 5 of 2021.", "op4.narrative-language": "en"}
    assert contributor.post(f"{home(world)}/questions/op4", data={**again, "ready": "yes"}).status_code == 303
    assert focal.post(url, data={"act": "accept"}).status_code == 303
    assert only(database, world).state == "accepted"
    assert "Accepted" in contributor.get(home(world)).get_data(as_text=True)
    assert focal.post(url, data={"act": "nonsense"}).status_code == 400
    assert focal.post(url, data={"act": "remove"}).status_code == 303
    assert focal.get(url).status_code == 404


def test_one_step_moves_the_work_and_ends_access(
    focal: FlaskClient, contributor: FlaskClient, database: Database, world: World
) -> None:
    give(focal, database, world)
    url = f"{home(world)}/people/{key_of(database, world.contributor)}"
    assert 'name="hand_to"' in focal.get(url).get_data(as_text=True)
    data = {"act": "remove", "reason": "moved", "hand_to": key_of(database, world.other_focal_point)}
    assert focal.post(url, data=data).status_code == 404
    assert contributor.get(home(world)).status_code == 200
    data["hand_to"] = key_of(database, world.focal_point)
    assert focal.post(url, data=data).status_code == 303
    assert only(database, world).assignee == "focal@ministry.example"
    assert contributor.get(home(world)).status_code == 302
    assert "Your work list" in focal.get(home(world)).get_data(as_text=True)


def test_colleagues_see_who_is_working_on_a_question_and_the_secretariat_does_not(
    focal: FlaskClient, contributor: FlaskClient, browser: Callable[[int], FlaskClient], world: World
) -> None:
    url = f"{home(world)}/questions/op4"
    assert "Working here just now" not in contributor.get(url).get_data(as_text=True)
    assert "Working here just now: Contributor" in focal.get(url).get_data(as_text=True)
    assert "Working here just now: Focal" in contributor.get(url).get_data(as_text=True)
    observer = browser(world.observer).get(url).get_data(as_text=True)
    assert "Contributor, Focal" in observer and "Observer" not in contributor.get(url).get_data(as_text=True)
    officer = browser(world.officer)
    assert officer.get(url).status_code == 403
    assert "Working here" not in officer.get(f"/secretariat/responses/{world.response_id}").get_data(as_text=True)
