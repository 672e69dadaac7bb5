"""Delegation in real browsers: assigned without script, begun from the link in the mail, ready, sent back, accepted."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.base import utc_now
from models.people import User
from models.responses import Answer, NationalResponse
from services.assignments import assign, list_colleagues, send_back, set_access
from services.outbox import deliver_due
from services.permissions import Permission
from services.reach import list_assignments
from services.responses import open_response
from tests.browser.conftest import Site, enter
from tests.browser.test_accounts import give_passphrases
from tests.browser.test_pages import look, settle
from tests.builders import World, actor_for
from tests.views.account_steps import PASSPHRASE

BOX = '[name="op4.narrative-text"]'


def deliver(site: Site, port: int) -> None:
    """Send what waits in the outbox to the SMTP server on this port."""
    assert site.app is not None
    tracker = site.app.extensions["tracker"]
    given = {
        "mail_host": "127.0.0.1",
        "mail_port": port,
        "mail_sender": "tracker@secretariat.example",
        "mail_tls": False,
    }
    deliver_due(tracker.database, tracker.settings.model_copy(update=given))


def hand_in(page: Page, words: str) -> None:
    page.fill(BOX, words)
    page.check("#ready")
    with page.expect_navigation():
        page.locator(".savebar button[value=stay]").click()
    expect(page.locator("#ready")).to_be_checked()


def test_from_the_assignment_to_the_acceptance(
    browser: Browser, site: Site, world: World, mailbox: tuple[int, list[Message]]
) -> None:
    port, received = mailbox
    home = f"{site.address}/responses/{world.response_id}"
    give_passphrases(site, world.contributor)
    _context, focal = enter(browser, site, world.focal_point, java_script_enabled=False)
    focal.goto(f"{home}/team")
    focal.select_option("#person", label="Contributor")
    focal.fill("#note", "The ministry of justice knows.")
    focal.check("#q-op4")
    focal.check("#q-op13d")
    focal.locator("main form .btn-primary").first.click()
    expect(focal.get_by_text("2 questions are assigned to Contributor.")).to_be_visible()

    deliver(site, port)
    assert [mail["To"] for mail in received] == ["contributor@ministry.example"]
    body = received[0].get_payload(decode=True)
    assert isinstance(body, bytes)
    link = re.search(rf"{re.escape(home)}/questions/op4\b", body.decode())
    assert link
    page = browser.new_context().new_page()
    page.goto(link[0])
    page.locator("#email").fill("contributor@ministry.example")
    page.locator("#password").fill(PASSPHRASE)
    page.locator("#password").press("Enter")
    page.wait_for_url(f"{link[0]}*")
    expect(page.get_by_text("The ministry of justice knows.")).to_be_visible()
    hand_in(page, "A law.")

    focal.goto(f"{home}/questions/op4")
    expect(focal.get_by_text("Working here just now: Contributor")).to_be_visible()
    focal.goto(f"{home}/team")
    focal.locator("td a", has_text="Contributor").first.click()
    focal.fill("#reason", "Name the law.")
    focal.locator("button[value=send_back]").click()
    expect(focal.locator(".tag-warn", has_text="Sent back")).to_be_visible()

    page.goto(home)
    expect(page.locator("table").first).to_contain_text("Name the law.")
    page.locator("table").first.get_by_role("link").first.click()
    hand_in(page, "Law 5 of 2021.")
    # Outside the assignments nothing can be typed.
    page.goto(f"{home}/questions/op5")
    expect(page.locator("#answer textarea").first).to_be_disabled()

    focal.goto(f"{home}/team")
    focal.locator("td a", has_text="Contributor").first.click()
    focal.locator("button[value=accept]").click()
    expect(focal.locator(".tag-done", has_text="Accepted")).to_be_visible()
    page.goto(home)
    expect(page.locator("table").first).to_contain_text("Accepted")
    with site.reading() as session:
        assert session.get_one(Answer, (world.response_id, "op4.narrative")).value["text"] == "Law 5 of 2021."


def hand_out(site: Site, world: World) -> str:
    """Three assignments of the contributor, one of them sent back; its id."""
    with site.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        focal = actor_for(session.get_one(User, world.focal_point), response)
        opened = open_response(session, world.response_id, focal, Permission.WORK_ASSIGN, lock=True)
        to = list_colleagues(session, response)[1]
        chosen: dict[str, Any] = {"op4": [], "op5": [], "op13d": ["op13d.narrative"]}
        assign(
            session, opened, to, chosen, note="The ministry of justice knows.", due=utc_now().date() + timedelta(days=9)
        )
        set_access(session, opened, to, "own")
        entry = list_assignments(session, world.response_id, question_id="op4")[0]
        send_back(session, opened, entry, "Name the law.")
        entry.due = utc_now().date() - timedelta(days=1)
        return entry.id


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_of_delegation(browser: Browser, site: Site, world: World, language: str, width: int) -> None:
    entry = hand_out(site, world)
    home, size = f"/responses/{world.response_id}", {"width": width, "height": 900}
    pages = {
        world.focal_point: ("/team", "/team/questions/op13d", f"/team/assignments/{entry}", ""),
        world.contributor: ("", "/questions/op13d", "/questions/op4"),
    }
    for user_id, paths in pages.items():
        _context, page = enter(browser, site, user_id, viewport=size)
        for path in paths:
            said = settle(page, site, language, f"{home}{path}")
            look(page, f"{language} {width} {path}")
            assert said == [], path
