"""What officers do on their pages: rounds, extensions, party status, invitations, reminders, returns. Nothing typed is lost."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from models.audit import AuditEvent, OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import Invitation, User
from models.responses import NationalResponse, QuestionState
from models.states import ReportingState
from models.submissions import ResponseReturn
from tests.builders import World, make_instrument, make_response, make_state, make_world, sign_in
from tests.secretariat_world import seal

NARRATIVE = {"text": "Submitted words.", "language": "en"}


def database_of(app: Flask) -> Database:
    database: Database = app.extensions["tracker"].database
    return database


@pytest.fixture
def world(app: Flask) -> World:
    """Aldovia not started, Borduria submitted, Cordia without anybody."""
    with database_of(app).transaction() as session:
        world = make_world(session)
        other = session.get_one(NationalResponse, world.other_response_id)
        values = {"op4.status_practice": "not_implemented", "op4.narrative": NARRATIVE}
        seal(session, other, values, session.get_one(User, world.other_focal_point))
        make_response(session, session.get_one(Cycle, world.cycle_id), make_state(session, "XAC", "Cordia"))
        return world


class Browser:
    """An officer's browser that fills forms as a person would: with the token of the page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, url: str) -> str:
        return self.client.get(url).get_data(as_text=True)

    def post(self, url: str, page: str = "", **fields: Any) -> TestResponse:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page or url))
        assert token, url
        return self.client.post(url, data={"csrf_token": token[1], **fields})


def browser_of_officer(app: Flask, client: FlaskClient, world: World) -> Browser:
    """The browser of the world's officer, signed in."""
    with database_of(app).reading() as session:
        user = session.get_one(User, world.officer)
    sign_in(client, user)
    return Browser(client)


@pytest.fixture
def officer(app: Flask, client: FlaskClient, world: World) -> Browser:
    """A signed-in officer's browser."""
    return browser_of_officer(app, client, world)


def words(answered: TestResponse) -> str:
    """The words of a page without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", answered.get_data(as_text=True)).split())


def stored(app: Flask, kind: Any, key: Any) -> Any:
    with database_of(app).reading() as session:
        return session.get_one(kind, key)


# Rounds


def test_a_round_is_created_for_all_states(app: Flask, officer: Browser) -> None:
    with database_of(app).transaction() as session:
        version = make_instrument(session).id
    fields = {
        "title": "  Second\tround ", "instrument_version_id": version, "opens_on": "2028-01-01", "ends_on": "2028-06-30",
        "zone": "Europe/Vienna",
    }  # fmt: skip
    answered = officer.post("/secretariat/cycles/new", **fields)
    assert answered.status_code == 303
    with database_of(app).reading() as session:
        cycle = session.exec(select(Cycle).where(Cycle.title == "Second round")).one()
        assert cycle.deadline.isoformat() == "2028-06-30T21:59:59+00:00"
        assert len(session.exec(select(NationalResponse).where(NationalResponse.cycle_id == cycle.id)).all()) == 3
    assert "Second round" in officer.get("/secretariat/cycles")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": ""}, "Enter a title"),
        ({"ends_on": "2027-12-31"}, "The last day comes after the opening."),
        ({"ends_on": "31.12.2028"}, "Enter the day as year-month-day"),
        ({"ends_on": "9999-12-31"}, "Enter a day between 2000 and 2099."),
        ({"opens_on": ""}, "Enter the day on which the round opens."),
        ({"zone": "Mars/Olympus"}, "Not a valid choice"),
    ],
)
def test_a_round_with_errors_is_not_created_and_keeps_what_was_typed(
    app: Flask, officer: Browser, fields: dict[str, str], message: str
) -> None:
    with database_of(app).transaction() as session:
        version = make_instrument(session).id
    given = {
        "title": "Second round", "instrument_version_id": version, "opens_on": "2028-01-01", "ends_on": "2028-06-30",
        "zone": "UTC", **fields,
    }  # fmt: skip
    answered = officer.post("/secretariat/cycles/new", **given)
    assert answered.status_code == 422
    page = answered.get_data(as_text=True)
    assert message in page
    assert page.index("error-summary") < page.index("<h1")
    assert f'value="{given["ends_on"]}"' in page
    with database_of(app).reading() as session:
        assert len(session.exec(select(Cycle)).all()) == 1


def test_dates_change_and_the_round_closes(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/cycles/{world.cycle_id}"
    fields = {"title": "Renamed", "opens_on": "2026-01-15", "ends_on": "2030-01-31", "zone": "Etc/GMT+12"}
    assert officer.post(f"{url}/dates", **fields).status_code == 303
    assert stored(app, Cycle, world.cycle_id).deadline.isoformat() == "2030-02-01T11:59:59+00:00"
    page = officer.get(f"{url}/close")
    assert "Close the round: 2 States have not submitted" in page
    assert officer.post(f"{url}/close").status_code == 303
    assert stored(app, Cycle, world.cycle_id).closed_at is not None
    # A second close, later dates, an invitation, a reminder and a return find the round closed, and say so.
    assert "is closed" in officer.get(f"{url}/dates")
    assert "is closed" in officer.get(f"{url}/invitations")
    assert "is closed" in officer.get(f"{url}/reminders")
    answered = officer.client.get(f"/secretariat/responses/{world.other_response_id}/return", follow_redirects=True)
    assert "can no longer be returned" in words(answered)
    token = "/secretariat/states/XAA/party-status"
    for path in ("dates", "close"):
        answered = officer.post(f"{url}/{path}", page=token, **{**fields, "title": "Too late"})
        assert answered.status_code in (303, 422)
    assert stored(app, Cycle, world.cycle_id).title == "Renamed"


def test_one_state_gets_more_time(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/responses/{world.response_id}/deadline"
    early = officer.post(url, ends_on="2026-01-20", reason="r")
    assert (early.status_code, "Enter a day after the deadline of the round." in words(early)) == (422, True)
    silent = officer.post(url, ends_on="2031-01-31", reason="  ")
    assert (silent.status_code, "Say in a sentence why." in words(silent)) == (422, True)
    assert officer.post(url, ends_on="2031-01-31", reason="An election.").status_code == 303
    assert stored(app, NationalResponse, world.response_id).extended_deadline.isoformat() == "2031-01-31T23:59:59+00:00"
    assert "extended" in officer.get(f"/secretariat/responses/{world.response_id}")
    assert "Aldovia" in officer.get("/secretariat?flag=extended")
    assert officer.post(url, ends_on="", reason="Not needed.").status_code == 303
    assert stored(app, NationalResponse, world.response_id).extended_deadline is None


# Party status


def test_the_party_status_needs_its_source(app: Flask, officer: Browser) -> None:
    url = "/secretariat/states/XAA/party-status"
    refused = officer.post(url, status="party", source="", source_date="2026-06-01", since="2004-07-12")
    assert (refused.status_code, "Say where this is stated." in words(refused)) == (422, True)
    assert officer.post(url, status="party", source="List", source_date="2026-06-01", since="").status_code == 303
    state = stored(app, ReportingState, "XAA")
    assert (state.party_status, state.party_source) == ("party", "List")
    page = officer.get("/secretariat/states?party=party")
    assert "Aldovia" in page and "Borduria" not in page


def test_an_import_is_shown_before_it_is_stored_and_keeps_its_bad_lines(app: Flask, officer: Browser) -> None:
    url = "/secretariat/states/import"
    text = "state;party_status;source;source_date\nXAA;party;List;2026-06-01\nNowhere;party;List;2026-06-01"
    preview = officer.post(url, text=text, step="preview")
    assert "“Nowhere” is not a reporting State" in words(preview)
    assert "Import the party status of 1 State" in words(preview)
    assert text in preview.get_data(as_text=True)
    assert stored(app, ReportingState, "XAA").party_status == "unknown"
    done = officer.post(url, text=text, step="confirm")
    assert stored(app, ReportingState, "XAA").party_status == "party"
    page = done.get_data(as_text=True)
    assert "Line 3" in page
    assert "state;party_status;source;source_date\nNowhere;party;List;2026-06-01</textarea>" in page


def test_an_import_can_be_a_file(app: Flask, officer: Browser) -> None:
    url = "/secretariat/states/import"
    content = "\ufeffstate,party_status,source,source_date\r\nBorduria,not_party,List,2026-06-01\r\n".encode()
    preview = officer.post(url, step="preview", text="", file=(io.BytesIO(content), "status.csv"))
    assert "Import the party status of 1 State" in words(preview)
    assert "Borduria,not_party" in preview.get_data(as_text=True)
    bad = officer.post(url, step="preview", text="", file=(io.BytesIO("x\nÉgypte".encode("latin-1")), "status.csv"))
    assert (bad.status_code, "Line 2 cannot be read." in words(bad)) == (422, True)
    nothing = officer.post(url, step="preview", text=" ")
    assert (nothing.status_code, "Paste the list, or choose a file." in words(nothing)) == (422, True)
    open_quote = officer.post(url, step="preview", text='state;"x\ny')
    assert (open_quote.status_code, "a quotation mark has no end" in words(open_quote)) == (422, True)
    assert "state;&#34;x\ny" in open_quote.get_data(as_text=True)


# Invitations


def test_a_list_is_shown_before_anybody_is_invited(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/cycles/{world.cycle_id}/invitations"
    text = "Cordia; Maria Ilves; maria@ministry.example; fr; NV 12\nXAA; B; b@ministry.example; en; NV 1"
    preview = officer.post(url, text=text, step="preview")
    assert "Issue 1 invitation" in words(preview)
    assert "The State has a focal point: Focal." in words(preview)
    with database_of(app).reading() as session:
        assert session.exec(select(Invitation)).all() == []
    done = officer.post(url, text=text, step="confirm")
    link = re.search(r"http://localhost:8000(/invitations/[\w-]+)", done.get_data(as_text=True))
    assert link
    assert done.headers["Cache-Control"] == "no-store"
    assert "XAA; B; b@ministry.example; en; NV 1</textarea>" in done.get_data(as_text=True)
    # The link opens for a visitor; the page of focal points never shows it.
    assert app.test_client().get(link[1]).status_code == 200
    people = officer.get(f"/secretariat/cycles/{world.cycle_id}/focal-points?person=invited")
    assert "maria@ministry.example" in people
    assert link[1] not in people
    # Posted again by a reload: nobody is invited twice, and the first link still works.
    again = officer.post(url, text=text, step="confirm")
    assert "has an open invitation" in words(again)
    assert app.test_client().get(link[1]).status_code == 200


def test_one_link_is_issued_again(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/cycles/{world.cycle_id}"
    first = officer.post(f"{url}/invitations", step="confirm", text="XAC; Maria; maria@ministry.example; en; NV 12")
    old = re.search(r"(/invitations/[\w-]{20,})", first.get_data(as_text=True).partition("<main")[2])
    assert old
    with database_of(app).reading() as session:
        invitation_id = session.exec(select(Invitation.id)).one()
    again = officer.post(f"/secretariat/invitations/{invitation_id}/reissue", page=f"{url}/focal-points")
    new = re.search(r"localhost:8000(/invitations/[\w-]{20,})", again.get_data(as_text=True))
    assert new and new[1] != old[1]
    visitor = app.test_client()
    assert visitor.get(old[1]).status_code != 200
    assert visitor.get(new[1]).status_code == 200
    missing = officer.post("/secretariat/invitations/absent/reissue", page=f"{url}/focal-points")
    assert missing.status_code == 404


# Reminders


def test_reminders_are_read_before_they_are_recorded(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/cycles/{world.cycle_id}/reminders"
    nobody = officer.post(url, step="preview")
    assert (nobody.status_code, "Choose at least one State." in words(nobody)) == (422, True)
    page = officer.get(f"{url}?stage=not_started")
    assert "Aldovia" in page and "Borduria" not in page
    assert 'value="XAA" id="s-XAA" checked' in page
    assert 'value="XAA" id="s-XAA">' in officer.get(url)
    preview = officer.post(url, step="preview", state=["XAA", "XAB", "XAC"])
    assert "Record 1 reminder as sent by hand" in words(preview)
    assert "Dear Focal" in words(preview)
    batch = re.search(r'name="batch" value="([^"]+)"', preview.get_data(as_text=True))
    assert batch
    for _click in range(2):
        assert officer.post(url, step="send", state=["XAA"], batch=batch[1]).status_code == 303
    with database_of(app).reading() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.event == "reminder.sent")).all()
        assert [(event.state_id, event.actor_id) for event in events] == [("XAA", world.officer)]


# Returns


def test_a_response_is_returned_with_a_reason_for_named_questions(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/responses/{world.other_response_id}/return"
    silent = officer.post(url, scope="questions", reason="")
    assert silent.status_code == 422
    assert "Say what should be changed." in words(silent)
    assert "Choose the questions that are returned" in words(silent)
    assert officer.post(url, scope="questions", reason="Which years?", questions=["op4", "op13d"]).status_code == 303
    with database_of(app).reading() as session:
        assert session.get_one(NationalResponse, world.other_response_id).clearance == "returned"
        entry = session.exec(select(ResponseReturn)).one()
        assert (entry.kind, entry.reason, entry.question_ids) == ("returned", "Which years?", ["op4", "op13d"])
        assert session.get_one(QuestionState, (world.other_response_id, "op4")).return_reason == "Which years?"
        assert session.exec(select(OutboxMail.recipient)).all() == ["other@ministry.example"]
    page = officer.get(f"/secretariat/responses/{world.other_response_id}")
    assert "Submitted words." in page and "Which years?" in page
    # Returned already: the officer is told, nothing happens twice.
    assert officer.client.get(url).status_code == 409


def test_the_whole_response_is_returned_whatever_boxes_were_left_ticked(
    app: Flask, officer: Browser, world: World
) -> None:
    url = f"/secretariat/responses/{world.other_response_id}/return"
    assert officer.post(url, scope="whole", reason="Start again.", questions=["op4"]).status_code == 303
    with database_of(app).reading() as session:
        assert session.exec(select(ResponseReturn)).one().question_ids == []


def test_a_draft_cannot_be_returned(officer: Browser, world: World) -> None:
    assert officer.client.get(f"/secretariat/responses/{world.response_id}/return").status_code == 409


def test_a_request_to_reopen_is_granted_once(app: Flask, officer: Browser, world: World) -> None:
    with database_of(app).transaction() as session:
        _ask(session, world.other_response_id)
    page = f"/secretariat/responses/{world.other_response_id}"
    assert "A figure was wrong." in officer.get(page)
    assert "1 State asks to open its response again" in officer.get("/secretariat")
    assert officer.post(f"{page}/reopen", page=page).status_code == 303
    assert stored(app, NationalResponse, world.other_response_id).clearance == "returned"
    again = officer.post(f"{page}/reopen", page="/secretariat/states/XAA/party-status")
    assert again.status_code == 409


def test_a_request_to_reopen_is_declined_with_a_reason(app: Flask, officer: Browser, world: World) -> None:
    page = f"/secretariat/responses/{world.other_response_id}"
    assert officer.client.get(f"{page}/decline").status_code == 409
    with database_of(app).transaction() as session:
        _ask(session, world.other_response_id)
    assert "Decline with a reason" in officer.get(page)
    refused = officer.post(f"{page}/decline", reason="")
    assert refused.status_code == 422
    assert "Give the reason. The State reads it." in refused.text
    assert officer.post(f"{page}/decline", reason="The figure stands in paragraph 5.").status_code == 303
    assert stored(app, NationalResponse, world.other_response_id).clearance == "submitted"
    assert "The figure stands in paragraph 5." in officer.get(page)
    assert "asks to open its response again" not in officer.get("/secretariat")
    assert "Request to open it again declined" in officer.get(f"{page}/record")


def _ask(session: Session, response_id: str) -> None:
    response = session.get_one(NationalResponse, response_id)
    response.reopen_requested_at, response.reopen_reason = utc_now(), "A figure was wrong."
    session.add(response)


def test_unsafe_routes_want_the_token_of_the_page(officer: Browser, world: World) -> None:
    for url in (
        f"/secretariat/cycles/{world.cycle_id}/close", f"/secretariat/responses/{world.other_response_id}/return",
        f"/secretariat/responses/{world.other_response_id}/reopen", f"/secretariat/cycles/{world.cycle_id}/reminders",
        f"/secretariat/cycles/{world.cycle_id}/invitations", "/secretariat/states/import",
        "/secretariat/states/XAA/party-status", "/secretariat/cycles/new", "/secretariat/invitations/x/reissue",
    ):  # fmt: skip
        assert officer.client.post(url, data={"title": "x"}).status_code == 419, url


# The focal point of one State


def test_a_focal_point_is_replaced_in_one_step(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/responses/{world.response_id}/focal-point"
    given = {"name": "Jan Novak", "email": "jan@ministry.example", "language": "ru", "reference": "NV 44/2026"}
    for email, message in (
        ("no address", "is not an e-mail address"), ("officer@secretariat.example", "is an officer"),
        ("focal@ministry.example", "address of the present focal point"), ("", "Enter the e-mail address"),
    ):  # fmt: skip
        refused = officer.post(url, **{**given, "email": email})
        assert (refused.status_code, message in words(refused)) == (422, True), email
        assert 'value="Jan Novak"' in refused.get_data(as_text=True)
    done = officer.post(url, **given)
    link = re.search(r"localhost:8000(/invitations/[\w-]{20,})", done.get_data(as_text=True))
    assert link
    assert app.test_client().get(link[1]).status_code == 200
    people = officer.get(f"/secretariat/cycles/{world.cycle_id}/focal-points")
    assert "jan@ministry.example" in people and "focal@ministry.example" not in people
    with database_of(app).reading() as session:
        person = session.get_one(User, world.focal_point)
        assert session.exec(select(OutboxMail).where(OutboxMail.recipient == person.email)).one().template == "replaced"
