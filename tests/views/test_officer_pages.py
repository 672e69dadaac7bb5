"""What the secretariat's pages say is true: who is told, which round runs, what stands, who is invited."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select

from models.audit import OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.people import Invitation, User
from models.responses import NationalResponse
from models.submissions import ResponseReturn
from services.cycles import DEADLINE_ZONE, last_day
from tests.builders import World, make_cycle, make_response, make_state, make_world, sign_in
from tests.secretariat_world import seal
from tests.views.test_secretariat_acts import Browser, browser_of_officer, database_of, words


@pytest.fixture
def world(app: Flask) -> World:
    """Aldovia not started, Borduria submitted, Cordia without anybody."""
    with database_of(app).transaction() as session:
        world = make_world(session)
        other = session.get_one(NationalResponse, world.other_response_id)
        seal(session, other, {"op4.status_practice": "not_implemented"}, session.get_one(User, world.other_focal_point))
        make_response(session, session.get_one(Cycle, world.cycle_id), make_state(session, "XAC", "Cordia"))
        return world


@pytest.fixture
def officer(app: Flask, client: FlaskClient, world: World) -> Browser:
    """A signed-in officer's browser."""
    return browser_of_officer(app, client, world)


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def with_mail(app: Flask) -> None:
    tracker = app.extensions["tracker"]
    settings = tracker.settings.model_copy(update={"mail_host": "mail.example"})
    app.extensions["tracker"] = type(tracker)(settings, tracker.secrets, tracker.database)


def cordia(session: Session) -> NationalResponse:
    return session.exec(select(NationalResponse).where(NationalResponse.state_id == "XAC")).one()


def extend(officer: Browser, response_id: str) -> str:
    url = f"/secretariat/responses/{response_id}/deadline"
    assert officer.post(url, ends_on="2031-01-31", reason="An election.").status_code == 303
    return plain(officer.get(f"/secretariat/responses/{response_id}"))


def test_a_page_says_who_is_told(app: Flask, officer: Browser, world: World) -> None:
    with database_of(app).reading() as session:
        nobody = cordia(session).id
    assert "Nobody is told: the State has no focal point" in extend(officer, nobody)
    by_hand = extend(officer, world.response_id)
    assert "so Focal is not told yet" in by_hand and "is on its way" not in by_hand
    notices = plain(officer.get("/secretariat/notices"))
    assert "More time for the response of Aldovia" in notices and "An election." in notices
    assert "Waiting: no mail server is set" in notices
    with_mail(app)
    assert "A mail to Other is on its way." in extend(officer, world.other_response_id)
    assert "Waiting to be sent" in plain(officer.get("/secretariat/notices?show=unsent"))


def test_the_record_of_a_state_says_what_was_done_by_whom_and_why(officer: Browser, world: World) -> None:
    extend(officer, world.other_response_id)
    url = f"/secretariat/responses/{world.other_response_id}"
    assert officer.post(f"{url}/return", scope="whole", reason="Which years?").status_code == 303
    assert f'href="{url}/record"' in officer.get(url)
    record = plain(officer.get(f"{url}/record"))
    for said in (
        "Deadline extended to 31 January 2031",
        "Response returned",
        "Which years?",
        "Officer",
        "was returned",
    ):
        assert said in record
    assert "Which years?" not in plain(officer.get(f"/secretariat/responses/{world.response_id}/record"))


def test_a_round_that_has_not_opened_does_not_take_the_place_of_the_one_that_runs(app: Flask, officer: Browser) -> None:
    with database_of(app).transaction() as session:
        future = make_cycle(
            session,
            title="Second round",
            opens_at=utc_now() + timedelta(days=30),
            deadline=utc_now() + timedelta(days=400),
        )
        make_response(session, future, make_state(session, "XAD", "Dravonia"))
        cycle_id = future.id
    home = officer.get("/secretariat")
    assert "<h1><bdi>First round</bdi></h1>" in home
    rounds = plain(officer.get("/secretariat/cycles"))
    assert rounds.count("Opens on ") == 1
    page = officer.get(f"/secretariat?cycle={cycle_id}")
    assert "<h1><bdi>Second round</bdi></h1>" in page and "Opens on " in plain(page)
    # Its pages lead back to it.
    assert f'href="/secretariat?cycle={cycle_id}">Overview' in officer.get(f"/secretariat/cycles/{cycle_id}/questions")


def give_back(app: Flask, world: World, kind: str) -> None:
    with database_of(app).transaction() as session:
        other = session.get_one(NationalResponse, world.other_response_id)
        other.clearance = "returned"
        session.add(ResponseReturn(
            national_response_id=other.id, kind=kind, reason="r", question_ids=[], by=world.officer
        ))  # fmt: skip


def test_a_granted_reopening_is_no_refusal_and_its_submission_stands(
    app: Flask, officer: Browser, world: World
) -> None:
    give_back(app, world, "reopened")
    url = f"/secretariat/responses/{world.other_response_id}"
    assert "Open again at its request" in plain(officer.get(url))
    overview = plain(officer.get("/secretariat"))
    assert "Submissions that stand 1 of 3 States" in overview
    assert "1 submitted response" in plain(officer.get(f"/secretariat/cycles/{world.cycle_id}/questions"))
    assert "Borduria" in officer.get("/secretariat?stage=reopened")
    assert "2 States have not submitted" in officer.get(f"/secretariat/cycles/{world.cycle_id}/close")
    officer.post(f"/secretariat/cycles/{world.cycle_id}/close")
    closed = plain(officer.get(url))
    assert "This submission stands" in closed and "is with its State again" not in closed


def test_who_is_invited_is_said_and_the_link_issued_again_or_cancelled(
    app: Flask, officer: Browser, world: World
) -> None:
    with database_of(app).reading() as session:
        response_id = cordia(session).id
    url, people = f"/secretariat/responses/{response_id}", f"/secretariat/cycles/{world.cycle_id}/focal-points"
    assert "Nobody invited" in plain(officer.get(url))
    officer.post(
        f"/secretariat/cycles/{world.cycle_id}/invitations",
        step="confirm",
        text="XAC;Maria;maria@ministry.example;en;NV 12",
    )
    for page in (url, f"{url}/focal-point", people):
        said = officer.get(page)
        assert (
            "maria@ministry.example" in said and "Issue the link again" in said and "Cancel the invitation" in said
        ), page
    assert "Inviting another person below ends this invitation." in officer.get(f"{url}/focal-point")
    overview = plain(officer.get("/secretariat"))
    assert "Without a focal point 1 1 of them invited" in overview and "Focal point invited" in overview
    with database_of(app).reading() as session:
        invitation_id = session.exec(select(Invitation.id)).one()
    assert officer.post(f"/secretariat/invitations/{invitation_id}/cancel", page=people).status_code == 303
    assert "maria@ministry.example" not in officer.get(url)
    assert officer.post(f"/secretariat/invitations/{invitation_id}/cancel", page=people).status_code == 404


def test_an_invitation_without_an_address_can_be_cancelled(app: Flask, officer: Browser, world: World) -> None:
    people = f"/secretariat/cycles/{world.cycle_id}/focal-points"
    with database_of(app).transaction() as session:
        session.add(Invitation(
            token_hash="t", email="", role="focal_point", state_id="XAC", cycle_id=world.cycle_id,
            expires_at=utc_now() + timedelta(days=3),
        ))  # fmt: skip
        colleague = Invitation(
            token_hash="c", email="c@ministry.example", role="contributor", state_id="XAA", cycle_id=world.cycle_id,
            expires_at=utc_now() + timedelta(days=3),
        )  # fmt: skip
        session.add(colleague)
        session.flush()
        foreign = colleague.id
    cancel = re.search(r'action="(/secretariat/invitations/[\w-]+/cancel)"', officer.get(people))
    assert cancel and "Issue the link again" not in officer.get(people)
    assert officer.post(cancel[1], page=people).status_code == 303
    assert "/cancel" not in officer.get(people)
    # A colleague whom a State invited is the State's own business.
    assert officer.post(f"/secretariat/invitations/{foreign}/cancel", page=people).status_code == 404


def test_the_note_verbale_stays_once_the_invitation_is_accepted(app: Flask, officer: Browser, world: World) -> None:
    with database_of(app).transaction() as session:
        session.add(Invitation(
            token_hash="t", email="focal@ministry.example", role="focal_point", state_id="XAA", cycle_id=world.cycle_id,
            reference="NV 44/2026", expires_at=utc_now(), used_at=utc_now(),
        ))  # fmt: skip
    assert "NV 44/2026" in officer.get(f"/secretariat/cycles/{world.cycle_id}/focal-points")


def test_links_to_be_sent_by_hand_come_with_the_mail_and_as_one_list(
    officer: Browser, app: Flask, world: World
) -> None:
    with database_of(app).transaction() as session:
        make_response(session, session.get_one(Cycle, world.cycle_id), make_state(session, "XAD", "Dravonia"))
    text = "XAC;Maria;maria@ministry.example;en;NV 12\nXAD;Ali;ali@ministry.example;ar;NV 7"
    page = officer.post(f"/secretariat/cycles/{world.cycle_id}/invitations", step="confirm", text=text).text
    links = set(re.findall(r"http://localhost:8000/invitations/[\w-]{20,}", page))
    assert len(links) == 2
    for link in links:
        # In its cell, in the mail to paste, in the list of all lines.
        assert page.count(link) == 3
    assert "Dear Maria," in page and 'lang="ar" dir="rtl"' in page
    assert "js/copy.js" in page


def test_a_deadline_is_the_same_for_the_officer_and_the_focal_point(app: Flask, officer: Browser, world: World) -> None:
    with database_of(app).transaction() as session:
        cycle = session.get_one(Cycle, world.cycle_id)
        cycle.deadline_zone = DEADLINE_ZONE
        user = session.get_one(User, world.focal_point)
        day = last_day(cycle.deadline, DEADLINE_ZONE)
    browser = app.test_client()
    sign_in(browser, user)
    mine, theirs = plain(browser.get(f"/responses/{world.response_id}").text), plain(officer.get("/secretariat"))
    for page in (mine, theirs):
        assert f"{day.day} {day:%B %Y}, end of the day everywhere (UTC−12), that is" in page
    left = re.compile(r"\d+ days left")
    assert set(left.findall(mine)) == set(left.findall(theirs)) != set()


def test_states_lead_to_their_pages_which_show_the_party_status(officer: Browser, world: World) -> None:
    assert f'href="/secretariat/responses/{world.response_id}">Aldovia' in officer.get("/secretariat/states")
    page = officer.get(f"/secretariat/responses/{world.response_id}")
    assert "/secretariat/states/XAA/party-status" in page and "Party to the Protocol: Unknown" in plain(page)


def test_help_speaks_to_officers_and_names_the_address_for_questions(
    app: Flask, officer: Browser, world: World
) -> None:
    assert "For officers of the secretariat" in officer.get("/help")
    assert "mailto:" not in officer.get("/help")
    visitor = app.test_client()
    assert "For officers of the secretariat" not in visitor.get("/help").text
    tracker = app.extensions["tracker"]
    settings = tracker.settings.model_copy(update={"contact": "help@secretariat.example"})
    app.extensions["tracker"] = type(tracker)(settings, tracker.secrets, tracker.database)
    assert "mailto:help@secretariat.example" in visitor.get("/help").text


def test_one_stage_has_one_name(app: Flask, officer: Browser, world: World) -> None:
    with database_of(app).transaction() as session:
        session.get_one(NationalResponse, world.response_id).started_at = utc_now()
    pages = [
        "/secretariat", f"/secretariat/responses/{world.response_id}", f"/secretariat/cycles/{world.cycle_id}/reminders",
        f"/secretariat/cycles/{world.cycle_id}/close",
    ]  # fmt: skip
    for url in pages:
        page = plain(officer.get(url))
        assert "In progress" in page and "Draft in progress" not in page, url
        assert " Draft " not in page, url


def test_an_unsent_mail_never_counts_as_told(app: Flask, officer: Browser, world: World) -> None:
    url = f"/secretariat/responses/{world.other_response_id}"
    done = officer.post(f"{url}/return", scope="whole", reason="Which years?")
    assert done.status_code == 303
    page = plain(officer.get(url))
    assert "The focal point is told" not in page and "so Other is not told yet" in page
    with database_of(app).reading() as session:
        assert session.exec(select(OutboxMail)).one().sent_at is None
    assert words(officer.client.get("/secretariat/notices")).count("Waiting: no mail server is set") == 1
