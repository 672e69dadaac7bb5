"""The export page and the download: for officers only, in the language chosen, whole, and on record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from languages import LANGUAGES
from models.audit import AuditEvent
from models.people import User
from models.submissions import Submission
from tests.builders import make_user, sign_in
from tests.conftest import make_app
from tests.exports.builders import make_small_world
from tests.exports.readback import cover, read_by_calamine


@pytest.fixture
def cycle_id(app: Flask) -> str:
    with app.extensions["tracker"].database.transaction() as session:
        return make_small_world(session, 2).id


@pytest.fixture
def officer(app: Flask, client: FlaskClient, cycle_id: str) -> Iterator[User]:
    with app.extensions["tracker"].database.transaction() as session:
        user = make_user(session, "officer@secretariat.example", officer=True)
    sign_in(client, user)
    yield user


def test_the_page_names_every_sheet_and_offers_six_languages(client: FlaskClient, officer: User, cycle_id: str) -> None:
    page = client.get(f"/exports/{cycle_id}").get_data(as_text=True)
    for sheet in ("Cover", "Coverage", "Matrix", "Answers_long", "Texts", "Statistics", "Dictionary", "Issues"):
        assert f">{sheet}</bdi>" in page
    assert [f'<option value="{language}"' in page for language in LANGUAGES] == [True] * 6
    assert "2 of 3" in page


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_download_is_whole_and_in_the_language_chosen(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str, language: str
) -> None:
    response = client.get(f"/exports/{cycle_id}.xlsx?lang={language}", buffered=True)
    assert response.status_code == 200
    assert response.content_length == len(response.data)
    assert response.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    said = cover(read_by_calamine(response.data))
    name = f"implementation-tracker-2026-06-30-1502-{language}-{said['export_number']}.xlsx"
    assert f"filename={name}" in response.headers["Content-Disposition"]
    assert (said["language"], said["cycle"]) == (language, cycle_id)
    with app.extensions["tracker"].database.reading() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.event == "export.made")).one()
    assert event.actor_id == officer.id
    assert event.detail is not None
    assert event.detail["facts_sha256"] == said["facts_sha256"]
    assert (event.detail["cycle"], event.detail["language"]) == (cycle_id, language)
    assert event.detail["parameters"]["preset"] == "secretariat"
    assert event.detail["number"] == said["export_number"]


def test_an_unknown_cycle_or_language_is_not_found(client: FlaskClient, officer: User, cycle_id: str) -> None:
    for address in ("/exports/none", "/exports/none.xlsx", "/exports/latest.xlsx", f"/exports/{cycle_id}.xlsx?lang=xx"):
        assert client.get(address).status_code == 404, address


def test_a_preset_for_one_state_asks_for_it_and_its_file_says_who_it_is_for(
    client: FlaskClient, officer: User, cycle_id: str
) -> None:
    refused = client.get(f"/exports/{cycle_id}.xlsx?lang=en&preset=reviewers&state=")
    assert refused.status_code == 422
    assert "Choose one State" in refused.get_data(as_text=True)
    for query in ("preset=press", "region=atlantis", "question=op99", "preset=state&state=ZZZ", "as_at=soon"):
        assert client.get(f"/exports/{cycle_id}.xlsx?lang=en&{query}").status_code == 404, query
    response = client.get(f"/exports/{cycle_id}.xlsx?lang=en&preset=state&state=XAA&recipient=Desk", buffered=True)
    assert response.status_code == 200
    assert "implementation-tracker-state-xaa-" in response.headers["Content-Disposition"]
    said = cover(read_by_calamine(response.data))
    assert said["preset"].startswith("A State’s own copy")
    assert said["recipient"] == "Desk"
    empty = client.get(f"/exports/{cycle_id}.xlsx?lang=en&preset=public&as_at=2001-01-01T00:00", buffered=True)
    assert empty.status_code == 200


def test_only_an_officer_gets_it(app: Flask, client: FlaskClient, cycle_id: str) -> None:
    for address in (f"/exports/{cycle_id}", f"/exports/{cycle_id}.xlsx?lang=en"):
        assert client.get(address).status_code == 302
    with app.extensions["tracker"].database.transaction() as session:
        person = make_user(session, "person@ministry.example")
    sign_in(client, person)
    for address in (f"/exports/{cycle_id}", f"/exports/{cycle_id}.xlsx?lang=en"):
        assert client.get(address).status_code == 403


def test_an_altered_submission_gives_a_page_that_says_so_and_no_file(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        submission = session.exec(select(Submission)).first()
        assert submission is not None
        submission.document = submission.document.replace("XAA", "XAB", 1)
        session.add(submission)
    response = client.get(f"/exports/{cycle_id}.xlsx?lang=en", buffered=True)
    assert response.status_code == 500
    assert "The workbook was not made" in response.get_data(as_text=True)


def test_a_rehearsal_is_named_in_the_file(sqlite_url: str, tmp_path: object) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    app = make_app(sqlite_url, tmp_path, rehearsal=True)
    database = app.extensions["tracker"].database
    with database.transaction() as session:
        cycle_id = make_small_world(session, 1).id
        user = make_user(session, officer=True)
    client = app.test_client()
    sign_in(client, user)
    response = client.get(f"/exports/{cycle_id}.xlsx?lang=en", buffered=True)
    assert "rehearsal" in response.headers["Content-Disposition"]
    assert "Rehearsal" in str(read_by_calamine(response.data)["Cover"][1][0])
    database.close()
