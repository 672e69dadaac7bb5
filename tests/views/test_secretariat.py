"""Pages of the secretariat: officers only, without a word of any draft, in a fixed number of statements."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

from languages import LANGUAGES
from models.database import Database
from models.people import User
from models.responses import Answer, EvidenceFile, LateNote, NationalResponse, QuestionState
from models.submissions import ResponseReturn
from services.submissions import list_submissions
from tests.builders import World, actor_for, answer, make_world, sign_in
from tests.secretariat_world import make_states, seal, statements

CANARY = "kanarienvogel"
NARRATIVE = {"text": "Submitted words.", "language": "en"}


def database_of(app: Flask) -> Database:
    database: Database = app.extensions["tracker"].database
    return database


def pages_of(world: World) -> list[str]:
    """Every page of the secretariat that opens with GET."""
    cycle, responses = world.cycle_id, (world.response_id, world.other_response_id)
    return [
        "/secretariat", f"/secretariat?cycle={cycle}&q=a&region=african&stage=in_progress&flag=late", "/secretariat/cycles",
        "/secretariat/states", "/secretariat/states/XAA/party-status", "/secretariat/states/import",
        "/secretariat/cycles/new", f"/secretariat/cycles/{cycle}/dates", f"/secretariat/cycles/{cycle}/close",
        f"/secretariat/cycles/{cycle}/focal-points", f"/secretariat/cycles/{cycle}/invitations",
        f"/secretariat/cycles/{cycle}/reminders", f"/secretariat/cycles/{cycle}/questions",
        *(f"/secretariat/cycles/{cycle}/questions/{name}" for name in ("op1", "op4", "op13", "op13d", "op13c")),
        *(f"/secretariat/responses/{response}" for response in responses),
        *(f"/secretariat/responses/{response}/deadline" for response in responses),
        *(f"/secretariat/responses/{response}/record" for response in responses), "/secretariat/notices",
        "/secretariat/notices?show=unsent", "/secretariat/officers", f"/secretariat/persons/{world.focal_point}",
        f"/secretariat/persons/{world.focal_point}/end",
        f"/secretariat/responses/{world.response_id}/focal-point",
        f"/secretariat/responses/{world.other_response_id}/return",
    ]  # fmt: skip


@pytest.fixture
def world(app: Flask) -> World:
    """Aldovia with a draft full of canaries; Borduria submitted, was returned, and changed its draft since."""
    with database_of(app).transaction() as session:
        world = make_world(session)
        response = session.get_one(NationalResponse, world.response_id)
        focal = actor_for(session.get_one(User, world.focal_point), response)
        answer(session, focal, response.id, {"op4.status_practice": "partially_implemented"})
        _fill_with_canaries(session, response.id, world.focal_point)
        other = session.get_one(NationalResponse, world.other_response_id)
        submitted = {
            "op4.status_practice": "not_implemented",
            "op4.narrative": NARRATIVE,
            "op13c.considered": "no_information",
        }
        seal(session, other, submitted, session.get_one(User, world.other_focal_point))
        _fill_with_canaries(session, other.id, world.other_focal_point)
        return world


def _fill_with_canaries(session: Session, response_id: str, author: int) -> None:
    for item_id in ("op4.narrative", "op13d.narrative"):
        session.merge(Answer(
            national_response_id=response_id, item_id=item_id, version=9, value={"text": CANARY, "language": "en"},
            typed=[["a", CANARY]], updated_by=author,
        ))  # fmt: skip
    session.add(LateNote(
        national_response_id=response_id, question_id="op4", item_id="op4.narrative", typed=[["t", CANARY]], author_id=author
    ))  # fmt: skip
    session.add(EvidenceFile(
        id=f"file-{response_id}"[:24], national_response_id=response_id, item_id="op4.evidence", name=f"{CANARY}.pdf",
        media_type="application/pdf", size=10, sha256="", added_by=author,
    ))  # fmt: skip
    session.add(QuestionState(national_response_id=response_id, question_id="op4", ready=True))


@pytest.fixture
def officer(app: Flask, client: FlaskClient, world: World) -> FlaskClient:
    """A signed-in officer's browser."""
    with database_of(app).reading() as session:
        user = session.get_one(User, world.officer)
    sign_in(client, user)
    return client


def texts(page: str) -> str:
    """The words of a page without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_in_every_language_without_draft_text(
    officer: FlaskClient, world: World, language: str
) -> None:
    with officer.session_transaction() as session:
        session["language"] = language
    for url in pages_of(world):
        answered = officer.get(url)
        page = answered.get_data(as_text=True)
        assert answered.status_code == 200, url
        assert CANARY not in page, url
        assert f'<html lang="{language}"' in page, url
        assert " style=" not in page and "<script>" not in page, url


def test_the_preview_of_reminders_shows_no_draft_text(officer: FlaskClient, world: World) -> None:
    page = officer.get(f"/secretariat/cycles/{world.cycle_id}/reminders").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    preview = officer.post(
        f"/secretariat/cycles/{world.cycle_id}/reminders",
        data={"csrf_token": token[1], "step": "preview", "state": ["XAA"]},
    ).get_data(as_text=True)
    assert "focal@ministry.example" in preview
    assert CANARY not in preview


def test_evidence_of_a_draft_is_not_found_by_an_officer(officer: FlaskClient, world: World) -> None:
    for response_id in (world.response_id, world.other_response_id):
        url = f"/secretariat/responses/{response_id}/evidence/{f'file-{response_id}'[:24]}"
        assert officer.get(url).status_code == 404


def test_evidence_that_a_submission_names_is_given_as_an_attachment(
    app: Flask, officer: FlaskClient, world: World
) -> None:
    folder = app.extensions["tracker"].settings.evidence_folder
    folder.mkdir()
    (folder / "stored").write_bytes(b"%PDF-1.7 law")
    with database_of(app).transaction() as session:
        other = session.get_one(NationalResponse, world.other_response_id)
        session.add(EvidenceFile(
            id="stored", national_response_id=other.id, item_id="op4.evidence", name="القانون.pdf",
            media_type="application/pdf", size=12, sha256="00", added_by=world.other_focal_point,
        ))  # fmt: skip
        file = {"row_id": "stored", "name": "القانون.pdf", "media_type": "application/pdf", "size": 12, "sha256": "00"}
        seal(session, other, {"op4.evidence": [file], "op4.status_practice": "fully_implemented"},
             session.get_one(User, world.other_focal_point), round=2)  # fmt: skip
    page = officer.get(f"/secretariat/responses/{world.other_response_id}").get_data(as_text=True)
    url = f"/secretariat/responses/{world.other_response_id}/evidence/stored"
    assert f'href="{url}"' in page
    assert "القانون.pdf" in page
    with officer.get(url) as given:
        assert given.data == b"%PDF-1.7 law"
        assert given.headers["Content-Disposition"].startswith("attachment")
    assert officer.get(f"/secretariat/responses/{world.response_id}/evidence/stored").status_code == 404


def test_people_of_states_and_visitors_are_kept_out(app: Flask, client: FlaskClient, world: World) -> None:
    unknown = [
        "/secretariat/responses/absent", "/secretariat/cycles/absent/questions", "/secretariat/states/ZZZ/party-status",
    ]  # fmt: skip
    for url in [*pages_of(world), *unknown]:
        assert client.get(url).status_code == 302, url
    with database_of(app).reading() as session:
        people = [session.get_one(User, number) for number in (world.focal_point, world.contributor, world.observer)]
    for person in people:
        browser = app.test_client()
        sign_in(browser, person)
        for url in [*pages_of(world), *unknown]:
            # The same whether it exists or not.
            assert browser.get(url).status_code == 403, url


@pytest.mark.parametrize(
    "url",
    ["/secretariat?cycle=absent", "/secretariat/responses/absent", "/secretariat/cycles/absent/questions",
     "/secretariat/cycles/absent/reminders", "/secretariat/states/ZZZ/party-status", "/secretariat/cycles/absent/dates"],
)  # fmt: skip
def test_what_is_absent_is_not_found(officer: FlaskClient, url: str) -> None:
    assert officer.get(url).status_code == 404


def test_an_unknown_question_and_an_unknown_round_are_not_found(officer: FlaskClient, world: World) -> None:
    assert officer.get(f"/secretariat/cycles/{world.cycle_id}/questions/op99").status_code == 404
    assert officer.get(f"/secretariat/responses/{world.other_response_id}?round=7").status_code == 404
    assert officer.get(f"/secretariat/responses/{world.other_response_id}?round=x").status_code == 404


def test_filters_that_are_not_known_restrict_nothing(officer: FlaskClient, world: World) -> None:
    page = officer.get("/secretariat?region=moon&stage=x&flag=y&q=").get_data(as_text=True)
    assert "Aldovia" in page and "Borduria" in page
    assert "Aldovia" not in texts(officer.get("/secretariat?q=bord").get_data(as_text=True))
    nothing = texts(officer.get("/secretariat?q=nowhere").get_data(as_text=True))
    assert "No State matches the filter." in nothing
    url = f"/secretariat/cycles/{world.cycle_id}/questions/op4"
    for query in ("page=0", "page=-3", "page=9999999", "page=x", "region=moon", "code=moon"):
        assert "Submitted words." in officer.get(f"{url}?{query}").get_data(as_text=True), query


def test_a_draft_is_shown_as_progress_and_a_submission_as_answers(officer: FlaskClient, world: World) -> None:
    draft = texts(officer.get(f"/secretariat/responses/{world.response_id}").get_data(as_text=True))
    assert "has not submitted yet" in draft
    assert re.search(r"1 of \d+", draft)
    submitted = officer.get(f"/secretariat/responses/{world.other_response_id}").get_data(as_text=True)
    words = texts(submitted)
    assert "Submitted words." in words
    # Three kinds of nothing.
    assert "No information available" in words
    assert "Not answered (" in words and "Not asked (" in words


def test_the_history_keeps_every_submission_and_return(app: Flask, officer: FlaskClient, world: World) -> None:
    with database_of(app).transaction() as session:
        other = session.get_one(NationalResponse, world.other_response_id)
        session.add(ResponseReturn(
            national_response_id=other.id, kind="returned", reason="Say more.", question_ids=["op4"], by=world.officer
        ))  # fmt: skip
        seal(session, other, {"op4.narrative": {"text": "Second words.", "language": "en"}},
             session.get_one(User, world.other_focal_point), round=2)  # fmt: skip
        assert len(list_submissions(session, other.id)) == 2
    url = f"/secretariat/responses/{world.other_response_id}"
    newest, earlier = officer.get(url).get_data(as_text=True), officer.get(f"{url}?round=1").get_data(as_text=True)
    assert "Second words." in newest and "Submitted words." not in newest
    assert "Submitted words." in earlier and "This is an earlier submission" in earlier
    assert "Say more." in newest


def test_a_note_is_shown_once_the_state_passed_it_on(app: Flask, officer: FlaskClient, world: World) -> None:
    with database_of(app).transaction() as session:
        session.add(LateNote(
            national_response_id=world.other_response_id, question_id="op4", item_id="op4.narrative",
            typed=[["op4.narrative-text", "A word more."]], author_id=world.other_focal_point, offered=True,
        ))  # fmt: skip
    page = officer.get(f"/secretariat/responses/{world.other_response_id}").get_data(as_text=True)
    assert "A word more." in page
    assert CANARY not in page


def test_charts_carry_their_table_and_nothing_is_ranked(officer: FlaskClient, world: World) -> None:
    for url in ("/secretariat", f"/secretariat/cycles/{world.cycle_id}/questions/op4"):
        page = officer.get(url).get_data(as_text=True)
        for bar in re.finditer(r"<svg class=\"bar\"[^>]*>", page):
            assert 'aria-hidden="true"' in bar[0]
            row = page[page.rindex("<tr", 0, bar.start()) : page.index("</tr>", bar.start())]
            assert row.count('class="n') >= 1
        assert "%" not in texts(re.sub(r"<svg.*?</svg>", "", page, flags=re.S))


def measure(app: Flask, count: int) -> dict[str, int]:
    """The statements of each page over a number of States."""
    with database_of(app).transaction() as session:
        values = {"op4.status_practice": "not_implemented", "op4.narrative": NARRATIVE}
        cycle, officer = make_states(session, count, values)
        response_id = session.exec(select(NationalResponse.id)).first()
    browser = app.test_client()
    sign_in(browser, officer)
    urls = {
        "dashboard": "/secretariat", "states": "/secretariat/states",
        "people": f"/secretariat/cycles/{cycle.id}/focal-points", "remind": f"/secretariat/cycles/{cycle.id}/reminders",
        "questions": f"/secretariat/cycles/{cycle.id}/questions",
        "question": f"/secretariat/cycles/{cycle.id}/questions/op4", "close": f"/secretariat/cycles/{cycle.id}/close",
        "response": f"/secretariat/responses/{response_id}",
    }  # fmt: skip
    browser.get(urls["states"])
    counts = {}
    for name, url in urls.items():
        browser.get(url)
        with statements(database_of(app)) as found:
            assert browser.get(url).status_code == 200
        counts[name] = len(found)
    return counts


def test_pages_take_as_many_statements_for_three_states_as_for_193(app: Flask) -> None:
    few = measure(app, 3)
    with database_of(app).transaction() as session:
        connection = session.connection()
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table in ("membership", "user_role", "submission", "national_response", "cycle", "reporting_state", "user"):
            connection.exec_driver_sql(f'DELETE FROM "{table}"')
    assert measure(app, 193) == few
    assert max(few.values()) <= 20, few
