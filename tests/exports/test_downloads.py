"""The pages of the workbook: for officers only; asked for, made, downloaded, cancelled, made again, each on record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.test import TestResponse

from exports.settings import ExportSettings
from exports.worker import ExportWorker, make_now
from languages import LANGUAGES
from models.audit import AuditEvent
from models.base import utc_now
from models.export_jobs import CANCELLED, DONE, FAILED, QUEUED, ExportJob
from models.people import User
from models.submissions import Submission
from services import permissions
from services.export_jobs import claim_job, keep_claim
from tests.builders import make_cycle, make_user, sign_in
from tests.conftest import make_app
from tests.exports.builders import make_small_world
from tests.exports.readback import cover, read_by_calamine

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def app(app: Flask) -> Flask:
    app.config["WTF_CSRF_ENABLED"] = False
    return app


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


def ask(client: FlaskClient, cycle_id: str, **given: Any) -> TestResponse:
    """Send the form of the export page."""
    plain = {
        "preset": "secretariat",
        "report": "",
        "file_format": "xlsx",
        "language": "en",
        "state": "",
        "recipient": "",
        "as_at": "",
    }
    return client.post(f"/exports/{cycle_id}", data={**plain, **given})


def job_of(answer: TestResponse) -> str:
    """The id of the job whose page the answer leads to."""
    assert answer.status_code == 303, answer.get_data(as_text=True)
    found = re.fullmatch(r"/exports/jobs/([\w-]+)", answer.location)
    assert found, answer.location
    return found[1]


def make(app: Flask, job_id: str) -> None:
    """Do the work of the job."""
    make_now(app.extensions["tracker"].database, app.extensions["tracker"].settings, job_id)


def stored(app: Flask, job_id: str) -> ExportJob:
    with app.extensions["tracker"].database.reading() as session:
        return session.get_one(ExportJob, job_id)  # type: ignore[no-any-return]


def events(app: Flask, name: str) -> list[AuditEvent]:
    with app.extensions["tracker"].database.reading() as session:
        return list(session.exec(select(AuditEvent).where(AuditEvent.event == name)))


def test_the_page_names_every_sheet_and_offers_six_languages(client: FlaskClient, officer: User, cycle_id: str) -> None:
    page = client.get(f"/exports/{cycle_id}").get_data(as_text=True)
    for sheet in ("Cover", "Coverage", "Matrix", "Answers_long", "Texts", "Statistics", "Dictionary", "Issues"):
        assert f">{sheet}</bdi>" in page
    assert [f'value="{language}"' in page for language in LANGUAGES] == [True] * 6
    assert "2 of 3" in page


def test_a_workbook_is_asked_for_made_in_the_background_and_downloaded(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    job_id = job_of(ask(client, cycle_id, language="ar", recipient="Review desk"))
    page = client.get(f"/exports/jobs/{job_id}").get_data(as_text=True)
    assert "Waits its turn" in page
    assert "js/job.js" in page
    assert "Download the workbook" not in page
    tracker = app.extensions["tracker"]
    with tracker.database.transaction() as session:
        job = claim_job(session)
        assert job is not None
        keep_claim(session, job, 1, 2)
    page = client.get(f"/exports/jobs/{job_id}").get_data(as_text=True)
    assert "1 of 2 States read" in page
    assert '<progress id="job-progress" max="2" value="1">' in page
    with tracker.database.transaction() as session:
        job = session.get_one(ExportJob, job_id)
        job.heartbeat_at = utc_now() - timedelta(hours=1)
        session.add(job)
    assert ExportWorker(tracker.database, tracker.settings).make_next()
    page = client.get(f"/exports/jobs/{job_id}").get_data(as_text=True)
    assert "Download the workbook" in page
    assert "js/job.js" not in page
    response = client.post(f"/exports/jobs/{job_id}/file", buffered=True)
    assert (response.status_code, response.mimetype) == (200, SHEET)
    assert response.content_length == len(response.data)
    said = cover(read_by_calamine(response.data))
    name = f"implementation-tracker-2026-06-30-1502-ar-{said['export_number']}.xlsx"
    assert f"filename={name}" in response.headers["Content-Disposition"]
    assert said["export_number"] in page
    assert (said["language"], said["cycle"], said["recipient"]) == ("ar", cycle_id, "Review desk")
    (asked,), (made,), (downloaded,) = (events(app, f"export.{act}") for act in ("asked", "made", "downloaded"))
    assert asked.actor_id == made.actor_id == downloaded.actor_id == officer.id
    assert made.detail["facts_sha256"] == said["facts_sha256"]
    assert (made.detail["cycle"], made.detail["language"]) == (cycle_id, "ar")
    assert made.detail["parameters"]["recipient"] == "Review desk"
    assert made.detail["number"] == said["export_number"]
    assert downloaded.detail["file_sha256"] == made.detail["file_sha256"]
    recent = client.get(f"/exports/{cycle_id}").get_data(as_text=True)
    for words in ("Officer", "Review desk", "العربية", "Can be downloaded", f"{stored(app, job_id).size / 1e6:.1f} MB"):
        assert words in recent, words


@pytest.mark.parametrize(
    ("kind", "media_type", "begins"),
    [
        ("datapackage", "application/zip", b"PK"), ("csv", "text/csv", b"\xef\xbb\xbf"), ("json", "application/json", b"{"),
    ],
)  # fmt: skip
def test_the_other_kinds_of_file_are_made_and_named_as_well(
    client: FlaskClient, officer: User, cycle_id: str, kind: str, media_type: str, begins: bytes
) -> None:
    job_id = job_of(ask(client, cycle_id, preset="state", state="XAA", file_format=kind))
    assert "Kind of file" in client.get(f"/exports/jobs/{job_id}").get_data(as_text=True)
    response = client.post(f"/exports/jobs/{job_id}/file", buffered=True)
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert response.data.startswith(begins)
    ending = {"datapackage": "zip"}.get(kind, kind)
    assert re.search(rf"filename=[\w-]+-[0-9a-f]{{12}}\.{ending}$", response.headers["Content-Disposition"])


def test_an_unknown_kind_of_file_is_refused_beside_its_control(
    client: FlaskClient, officer: User, cycle_id: str
) -> None:
    answer = ask(client, cycle_id, file_format="docx")
    assert answer.status_code == 422
    assert "file_format" in answer.get_data(as_text=True)


def test_a_workbook_about_one_state_is_made_at_once(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    job_id = job_of(ask(client, cycle_id, preset="state", state="XAA", recipient="Desk"))
    assert stored(app, job_id).status == DONE
    response = client.post(f"/exports/jobs/{job_id}/file", buffered=True)
    assert "implementation-tracker-state-xaa-" in response.headers["Content-Disposition"]
    said = cover(read_by_calamine(response.data))
    assert said["preset"].startswith("A State’s own copy")
    assert said["recipient"] == "Desk"


def test_what_cannot_be_used_is_told_beside_its_control_and_keeps_what_was_typed(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    for given, control, words in (
        ({"preset": "reviewers"}, "state", "is about one State: choose it"),
        ({"preset": "reviewers", "states": ["XAA", "XAB"]}, "state", "is about one State: choose it"),
        ({"preset": "press"}, "preset", "Not a valid choice"),
        ({"language": "xx"}, "language", "Not a valid choice"),
        ({"report": "paragraph_99"}, "report", "Not a valid choice"),
        ({"regions": ["atlantis"]}, "regions", "valid choice"),
        ({"questions": ["op99"]}, "questions", "valid choice"),
        ({"state": "ZZZ"}, "state", "Not a valid choice"),
        ({"as_at": "soon"}, "as_at", "year-month-day and time"),
        ({"go": "save"}, "name", "Enter a name"),
    ):
        answer = ask(client, cycle_id, recipient="The review desk", **given)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422, given
        assert f'href="#{control}"' in page, given
        assert words in re.search(rf'id="{control}-error".*', page)[0], given  # type: ignore[index]
        assert "The review desk" in page
    assert 'value="soon"' in ask(client, cycle_id, as_at="soon").get_data(as_text=True)
    with app.extensions["tracker"].database.reading() as session:
        assert session.exec(select(ExportJob)).all() == []


def test_filters_reach_the_workbook_and_are_said_in_words(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    job_id = job_of(ask(
        client, cycle_id, states=["XAA", "XAB"], regions=["african"], questions=["op4", "op13d"], as_at="2030-01-01T00:00",
    ))  # fmt: skip
    make(app, job_id)
    said = cover(read_by_calamine(client.post(f"/exports/jobs/{job_id}/file", buffered=True).data))
    assert (said["states"], said["filter.paragraphs"]) == (1, "4, 13(d)")
    page = client.get(f"/exports/jobs/{job_id}").get_data(as_text=True)
    for words in ("Testland 000, Testland 001", "African States", "4, 13(d)", "1 January 2030, 00:00 (UTC)"):
        assert words in page, words
    empty = job_of(ask(client, cycle_id, preset="public", as_at="2001-01-01T00:00"))
    make(app, empty)
    assert stored(app, empty).status == DONE


def test_an_unknown_round_or_job_is_not_found(client: FlaskClient, officer: User, cycle_id: str) -> None:
    for address in ("/exports/none", "/exports/latest", f"/exports/{cycle_id}.xlsx", "/exports/jobs/none"):
        assert client.get(address).status_code == 404, address
    for address in ("/exports/none", *(f"/exports/jobs/none/{act}" for act in ("cancel", "again", "file"))):
        assert client.post(address).status_code == 404, address


def addresses(cycle_id: str, job_id: str) -> list[tuple[str, str]]:
    """Every method and address of the pages of exports."""
    acts = [("POST", f"/exports/jobs/{job_id}/{act}") for act in ("cancel", "again", "file")]
    return [
        ("GET", f"/exports/{cycle_id}"), ("POST", f"/exports/{cycle_id}"), ("GET", f"/exports/jobs/{job_id}"),
        ("POST", "/exports/settings/none"), *acts,
    ]  # fmt: skip


def test_only_an_officer_with_the_right_learns_that_there_is_anything(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = job_of(ask(client, cycle_id))
    for method, address in addresses(cycle_id, job_id):
        assert app.test_client().open(address, method=method).status_code in {302, 401}, address
    with app.extensions["tracker"].database.transaction() as session:
        person = make_user(session, "person@ministry.example")
    stranger = app.test_client()
    sign_in(stranger, person)
    for method, address in addresses(cycle_id, job_id):
        assert stranger.open(address, method=method).status_code == 404, address
    without = permissions.OFFICER_RULES - {permissions.Permission.EXPORT_FULL}
    monkeypatch.setattr(permissions, "OFFICER_RULES", without)
    for method, address in addresses(cycle_id, job_id):
        assert client.open(address, method=method).status_code == 404, address


def test_an_officer_cancels_what_another_asked_for_and_the_page_says_who(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    job_id = job_of(ask(client, cycle_id))
    with app.extensions["tracker"].database.transaction() as session:
        other = make_user(session, "second@secretariat.example", officer=True, name="Second Officer")
    browser = app.test_client()
    sign_in(browser, other)
    page = browser.post(f"/exports/jobs/{job_id}/cancel", follow_redirects=True).get_data(as_text=True)
    assert "Cancelled by Second Officer" in page
    assert stored(app, job_id).status == CANCELLED
    assert client.post(f"/exports/jobs/{job_id}/file").status_code == 410
    said = client.post(f"/exports/jobs/{job_id}/cancel", follow_redirects=True).get_data(as_text=True)
    assert "It had ended already" in said
    again = job_of(client.post(f"/exports/jobs/{job_id}/again"))
    assert again != job_id
    assert (stored(app, again).status, stored(app, again).parameters) == (QUEUED, stored(app, job_id).parameters)


def test_a_file_that_is_no_longer_kept_is_said_to_be_gone_and_is_made_again(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    job_id = job_of(ask(client, cycle_id, preset="state", state="XAA"))
    folder: Path = app.extensions["tracker"].settings.exports_folder
    (folder / stored(app, job_id).file_id).unlink()
    assert "No longer kept" in client.get(f"/exports/jobs/{job_id}").get_data(as_text=True)
    refused = client.post(f"/exports/jobs/{job_id}/file")
    assert refused.status_code == 410
    assert f"/exports/jobs/{job_id}" in refused.get_data(as_text=True)
    assert events(app, "export.downloaded") == []
    again = job_of(client.post(f"/exports/jobs/{job_id}/again"))
    assert client.post(f"/exports/jobs/{again}/file", buffered=True).mimetype == SHEET


def test_an_altered_submission_gives_a_page_that_says_so_and_no_file(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str
) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        submission = session.exec(select(Submission)).first()
        assert submission is not None
        submission.document = submission.document.replace("XAA", "XAB", 1)
        session.add(submission)
        number = submission.number
    job_id = job_of(ask(client, cycle_id))
    make(app, job_id)
    page = client.get(f"/exports/jobs/{job_id}").get_data(as_text=True)
    assert "The workbook was not made" in page
    assert number in page
    assert client.post(f"/exports/jobs/{job_id}/file").status_code == 410


@pytest.mark.parametrize(
    ("error", "detail", "words"),
    [
        ("disk_full", "12340000", "12.3 MB are free"), ("interrupted", "", "again and again"), ("not_found", "ZZZ", "ZZZ"),
        ("unknown_question", "op99", "op99"), ("rows_missing", "Texts: 1 of 2", "Texts: 1 of 2"),
    ],
)  # fmt: skip
def test_every_reason_has_words(
    app: Flask, client: FlaskClient, officer: User, cycle_id: str, error: str, detail: str, words: str
) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        job = ExportJob(
            cycle_id=cycle_id, requested_by=officer.id or 0, status=FAILED, error=error, error_detail=detail,
            parameters=ExportSettings("fr", "public", ("ZZZ",), questions=("op99",)).as_json(),
        )  # fmt: skip
        session.add(job)
    page = client.get(f"/exports/jobs/{job.id}").get_data(as_text=True)
    assert words in re.search(r'<div class="notice notice-bad">.*?</div>', page, re.DOTALL)[0]  # type: ignore[index]


def test_before_the_first_submission_the_page_says_so_and_a_workbook_is_made(
    app: Flask, client: FlaskClient, officer: User
) -> None:
    with app.extensions["tracker"].database.transaction() as session:
        cycle_id = make_cycle(session, title="Second round").id
    assert "No State has submitted yet" in client.get(f"/exports/{cycle_id}").get_data(as_text=True)
    job_id = job_of(ask(client, cycle_id))
    make(app, job_id)
    said = cover(read_by_calamine(client.post(f"/exports/jobs/{job_id}/file", buffered=True).data))
    assert said["states_submitted"] == 0


def test_a_rehearsal_is_named_in_the_file(sqlite_url: str, tmp_path: Path) -> None:
    app = make_app(sqlite_url, tmp_path, rehearsal=True)
    app.config["WTF_CSRF_ENABLED"] = False
    database = app.extensions["tracker"].database
    with database.transaction() as session:
        cycle_id = make_small_world(session, 1).id
        user = make_user(session, officer=True)
    client = app.test_client()
    sign_in(client, user)
    job_id = job_of(ask(client, cycle_id))
    make(app, job_id)
    response = client.post(f"/exports/jobs/{job_id}/file", buffered=True)
    assert "rehearsal" in response.headers["Content-Disposition"]
    assert "Rehearsal" in str(read_by_calamine(response.data)["Cover"][1][0])
    database.close()
