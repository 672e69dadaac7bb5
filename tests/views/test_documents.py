"""Who gets one State's answers as a document: its own people the draft, officers what was submitted, nobody another State's."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlmodel import Session

import exports.document_downloads as downloads
from exports import pdf
from exports.document import PrintedResponse
from instruments.values import Narrative
from models.people import User
from models.submissions import Submission
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, submit
from tests.builders import World, actor_for, answer, make_world
from tests.views.word_files import enter, text

DRAFTED = "The Act covers it."


@pytest.fixture
def world(app: Flask) -> World:
    with app.extensions["tracker"].database.transaction() as session:
        made = make_world(session)
        values = {
            "op4.status_practice": "partially_implemented", "op4.narrative": Narrative(text=DRAFTED, language="en"),
        }  # fmt: skip
        _as_focal_point(session, made, values)
        return made


def _as_focal_point(session: Session, world: World, values: dict[str, object]) -> None:
    opened_for = session.get_one(User, world.focal_point)
    from models.responses import NationalResponse

    response = session.get_one(NationalResponse, world.response_id)
    answer(session, actor_for(opened_for, response), world.response_id, values)


def submitted(app: Flask, world: World) -> str:
    """Submit the response; the id of the submission."""
    from models.responses import NationalResponse

    tracker = app.extensions["tracker"]
    with tracker.database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        actor = actor_for(session.get_one(User, world.focal_point), response)
        opened = open_response(session, world.response_id, actor, Permission.RESPONSE_SUBMIT, lock=True)
        made = submit(session, opened, Declaration("Amina", "Head"), private_key=tracker.secrets.receipt_key)
        return made.id


def test_the_team_of_the_state_gets_its_draft(app: Flask, world: World) -> None:
    for person in (world.focal_point, world.contributor, world.observer):
        found = enter(app, person).get(f"/responses/{world.response_id}/document.docx?lang=en")
        assert found.status_code == 200
        assert DRAFTED in text(found.data)
        assert "attachment; filename=XAA-draft-20" in found.headers["Content-Disposition"]
        assert found.headers["Content-Disposition"].endswith("-en.docx")


def test_an_officer_gets_no_draft_and_another_state_nothing(app: Flask, world: World) -> None:
    for ending in ("docx", "pdf"):
        address = f"/responses/{world.response_id}/document.{ending}"
        assert enter(app, world.officer).get(address).status_code == 403
        assert enter(app, world.other_focal_point).get(address).status_code == 404
        assert app.test_client().get(address).status_code == 302


def test_a_submission_is_for_the_state_and_for_officers(app: Flask, world: World) -> None:
    submission_id = submitted(app, world)
    address = f"/submissions/{submission_id}/document.docx?answered=1&lang=fr"
    for person in (world.focal_point, world.observer, world.officer):
        found = enter(app, person).get(address)
        assert found.status_code == 200
        assert DRAFTED in text(found.data)
    with app.extensions["tracker"].database.reading() as session:
        sealed = session.get_one(Submission, submission_id)
    assert f"filename={sealed.number}-answers-fr.docx" in found.headers["Content-Disposition"]
    assert sealed.sha256 in text(found.data)
    assert enter(app, world.other_focal_point).get(address).status_code == 404
    # While it is submitted the State gets the same: what was sealed, with its receipt.
    own = enter(app, world.focal_point).get(f"/responses/{world.response_id}/document.docx?answered=1&lang=fr")
    assert own.data == found.data


def test_an_officer_never_sees_what_was_changed_after_a_return(app: Flask, world: World) -> None:
    from models.responses import NationalResponse

    submission_id = submitted(app, world)
    with app.extensions["tracker"].database.transaction() as session:
        session.get_one(NationalResponse, world.response_id).clearance = "returned"
        changed = Narrative(text="A draft again.", language="en")
        _as_focal_point(session, world, {"op4.narrative": changed})
    officer = enter(app, world.officer).get(f"/submissions/{submission_id}/document.docx?lang=en")
    assert DRAFTED in text(officer.data)
    assert "A draft again." not in text(officer.data)
    own = enter(app, world.focal_point).get(f"/responses/{world.response_id}/document.docx?lang=en")
    assert "A draft again." in text(own.data)


def test_an_altered_submission_is_not_passed_on(app: Flask, world: World) -> None:
    submission_id = submitted(app, world)
    with app.extensions["tracker"].database.transaction() as session:
        sealed = session.get_one(Submission, submission_id)
        sealed.document = sealed.document.replace("Act", "act")
        session.add(sealed)
    found = enter(app, world.officer).get(f"/submissions/{submission_id}/document.docx")
    assert found.status_code == 500
    assert "The document was not made" in found.get_data(as_text=True)


def test_an_unknown_language_or_ending_is_not_found(app: Flask, world: World) -> None:
    client = enter(app, world.focal_point)
    for ending in ("docx?lang=xx", "odt", "pdf?lang="):
        assert client.get(f"/responses/{world.response_id}/document.{ending}").status_code == 404


def test_the_pdf_is_made_of_the_same_document(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[PrintedResponse] = []

    def kept(printed: PrintedResponse) -> bytes:
        made.append(printed)
        return b"%PDF-"

    monkeypatch.setattr(downloads, "write_pdf", kept)
    found = enter(app, world.focal_point).get(f"/responses/{world.response_id}/document.pdf?lang=ar&answered=1")
    assert (found.status_code, found.mimetype, found.data) == (200, "application/pdf", b"%PDF-")
    assert [question.question_id for question in made[0].questions] == ["op4"]
    assert made[0].rtl


def test_without_the_library_no_page_offers_a_pdf_and_its_address_says_why(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = enter(app, world.focal_point)
    page = f"/responses/{world.response_id}/print"
    monkeypatch.setattr(downloads, "is_available", lambda: True)
    offered = client.get(page).get_data(as_text=True)
    assert "document.pdf" in offered
    assert "Arabic vowel marks" in offered
    monkeypatch.setattr(downloads, "is_available", lambda: False)
    monkeypatch.setattr(pdf, "is_available", lambda: False)
    shown = client.get(page).get_data(as_text=True)
    assert "document.docx" in shown
    assert "document.pdf" not in shown
    assert "Arabic vowel marks" not in shown
    refused = client.get(f"/responses/{world.response_id}/document.pdf")
    assert refused.status_code == 503
    assert "make pdf" in refused.get_data(as_text=True)


def test_the_pages_link_to_the_documents(app: Flask, world: World) -> None:
    submission_id = submitted(app, world)
    client, officer = enter(app, world.focal_point), enter(app, world.officer)
    for address in (f"/responses/{world.response_id}/print", f"/responses/{world.response_id}/check"):
        assert f"/responses/{world.response_id}/document.docx?answered=1" in client.get(address).get_data(as_text=True)
    assert f"/submissions/{submission_id}/document.docx" in client.get(f"/submissions/{submission_id}").get_data(
        as_text=True
    )
    shown = officer.get(f"/secretariat/responses/{world.response_id}").get_data(as_text=True)
    assert f"/submissions/{submission_id}/document.docx" in shown


def test_the_print_page_shows_the_answers_only(app: Flask, world: World) -> None:
    client = enter(app, world.focal_point)
    long = client.get(f"/responses/{world.response_id}/print").get_data(as_text=True)
    short = client.get(f"/responses/{world.response_id}/print?answered=1").get_data(as_text=True)
    assert ('id="p-op1"' in long, 'id="p-op1"' in short, 'id="p-op4"' in short) == (True, False, True)
    assert DRAFTED in short
    assert "Not answered" not in short
