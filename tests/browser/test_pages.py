"""Every page, in Arabic and in English: accessible (axe, WCAG 2.2 AA), usable at 320 pixels, by keyboard, without script errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from exports.settings import ExportSettings
from instruments.values import Narrative
from models.base import utc_now
from models.export_jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, ExportJob, ExportSetting
from models.people import User
from models.responses import NationalResponse
from models.submissions import Submission
from services.kits import make_kit
from services.permissions import Permission
from services.responses import open_response
from services.submissions import Declaration, submit
from tests.browser.conftest import Site, enter
from tests.builders import World, actor_for, answer
from tests.imports.workbooks import altered, exported

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
STATE_PAGES = (
    "",
    "/questions/op13d",
    "/questions/op4",
    "/questions/op1",
    "/questions/op13a",
    "/check",
    "/print",
    "/print?blank=1",
    "/history/op13d.narrative",
    "/as-at",
    "/as-at?seq=1",
    "/people",
    "/offline?question=op5",
)
OFFICER_PAGES = (
    "/secretariat",
    "/secretariat/states",
    "/secretariat/cycles",
    "/secretariat/notices",
    "/secretariat/officers",
    "/exports/verify",
)
OPEN_PAGES = ("/help", "/privacy", "/accessibility", "/login", "/reset")
REFUSALS = ("/invitations/unknown", "/nothing-here")
"""Pages that say no: the browser itself notes their status in its console."""


def settle(page: Page, site: Site, language: str, path: str) -> list[str]:
    """Open a page in a language; what the console said."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.address}/language/{language}?next={path}")
    return said


def look(page: Page, where: str) -> None:
    """axe finds nothing, and nothing is wider than the window."""
    results = Axe().run(page, options=RULES)
    found = [f"{entry['id']}: {entry['nodes'][0]['html'][:160]}" for entry in results.response["violations"]]
    assert found == [], where
    html = page.locator("html")
    assert html.get_attribute("lang"), where
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 1, f"{where}: {width} pixels too wide"


@pytest.fixture
def filled(site: Site, world: World) -> Iterator[tuple[World, str]]:
    """A world with a few answers, and a submission of the other State."""
    assert site.app is not None
    key = site.app.extensions["tracker"].secrets.receipt_key
    with site.transaction() as session:
        mine = actor_for(session.get_one(User, world.focal_point), session.get_one(NationalResponse, world.response_id))
        theirs = actor_for(
            session.get_one(User, world.other_focal_point), session.get_one(NationalResponse, world.other_response_id)
        )
        values: dict[str, Any] = {
            "op13d.status_practice": "partially_implemented", "op13d.narrative": Narrative(text="منذ 2019 (قانون 14/2019)", language="ar"),
        }  # fmt: skip
        answer(session, mine, world.response_id, values)
        own = open_response(session, world.response_id, mine, Permission.RESPONSE_EDIT, lock=True)
        make_kit(session, own, ["op4", "op13d"], language="ar", prefilled=True, recipient="وزارة العدل")
        answer(session, theirs, world.other_response_id, values)
        opened = open_response(session, world.other_response_id, theirs, Permission.RESPONSE_SUBMIT, lock=True)
        submission: Submission = submit(session, opened, Declaration("A", "B"), private_key=key)
        submission_id = submission.id
    yield world, submission_id


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_of_a_state(browser: Browser, site: Site, filled: tuple[World, str], language: str, width: int) -> None:
    world, submission_id = filled
    _context, page = enter(browser, site, world.focal_point, viewport={"width": width, "height": 900})
    for path in STATE_PAGES:
        said = settle(page, site, language, f"/responses/{world.response_id}{path}")
        look(page, f"{language} {width} {path}")
        assert said == [], path
    _context, other = enter(browser, site, world.other_focal_point, viewport={"width": width, "height": 900})
    for path in (f"/submissions/{submission_id}", "/receipts/check"):
        settle(other, site, language, path)
        look(other, f"{language} {width} {path}")


def make_jobs(site: Site, world: World) -> list[str]:
    """A job in every state that a job can be in, and saved settings; nobody works on them."""
    assert site.exports is not None
    site.exports.stop()
    given: dict[str, dict[str, Any]] = {
        QUEUED: {}, RUNNING: {"claim": "c", "heartbeat_at": utc_now(), "states_done": 3, "states_total": 40},
        DONE: {"file_id": "gone.xlsx", "file_name": "implementation-tracker-2026-06-30-1502-ar.xlsx", "size": 1_234_567,
               "facts_sha256": "ab12" * 16, "file_sha256": "cd34" * 16, "finished_at": utc_now()},
        FAILED: {"error": "disk_full", "error_detail": "12340000", "finished_at": utc_now()},
        CANCELLED: {"cancelled_by": world.officer, "finished_at": utc_now()},
    }  # fmt: skip
    asked = ExportSettings(
        "ar", "public", ("XAA", "XAB"), ("african",), ("op4", "op13d"), recipient="Review desk", as_at=utc_now()
    )
    with site.transaction() as session:
        jobs = [
            ExportJob(
                cycle_id=world.cycle_id, requested_by=world.officer, parameters=asked.as_json(), status=status, **more
            )
            for status, more in given.items()
        ]
        session.add_all(jobs)
        for name, shared in (("For the press", True), ("Only mine", False)):
            session.add(ExportSetting(name=name, shared=shared, owner_id=world.officer, parameters=asked.as_json()))
        return [job.id for job in jobs]


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_of_the_secretariat(
    browser: Browser, site: Site, filled: tuple[World, str], language: str, width: int
) -> None:
    world, _submission_id = filled
    jobs = make_jobs(site, world)
    _context, page = enter(browser, site, world.officer, viewport={"width": width, "height": 900})
    pages = (
        *(f"/exports/jobs/{job_id}" for job_id in jobs),
        *OFFICER_PAGES, f"/secretariat/responses/{world.other_response_id}", f"/secretariat/cycles/{world.cycle_id}/questions/op13d",
        f"/exports/{world.cycle_id}", f"/secretariat/responses/{world.response_id}",
        *(f"/secretariat/responses/{world.response_id}/{name}" for name in ("record", "deadline", "focal-point")),
        *(f"/secretariat/cycles/{world.cycle_id}/{name}" for name in ("questions", "focal-points", "reminders", "dates", "close")),
        f"/secretariat/persons/{world.focal_point}", f"/secretariat/persons/{world.focal_point}/end",
    )  # fmt: skip
    for path in pages:
        said = settle(page, site, language, path)
        look(page, f"{language} {width} {path}")
        assert said == [], path


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_for_visitors(browser: Browser, site: Site, world: World, language: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    for path in OPEN_PAGES:
        said = settle(page, site, language, path)
        look(page, f"{language} {width} {path}")
        assert said == [], path
    for path in REFUSALS:
        said = settle(page, site, language, path)
        look(page, f"{language} {width} {path}")
        assert [line for line in said if "the server responded with a status of 4" not in line] == [], path


def test_a_question_is_answered_by_keyboard_alone(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    page.goto(f"{site.address}/responses/{world.response_id}/questions/op2")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    first = page.locator('[data-item="op2.status_practice"] input').first
    for _ in range(80):
        page.keyboard.press("Tab")
        if first.evaluate("node => node === document.activeElement || node.name === document.activeElement.name"):
            break
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")
    box = page.locator('[name="op2.narrative-text"]')
    for _ in range(40):
        if box.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Typed without a mouse")
    save = page.locator(".savebar button").first
    for _ in range(120):
        if save.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator('[name="op2.narrative-text"]')).to_have_value("Typed without a mouse")
    expect(page.locator('[data-item="op2.status_practice"] input:checked')).to_have_value("partially_implemented")


def test_a_workbook_is_asked_for_cancelled_and_made_by_keyboard(
    browser: Browser, site: Site, filled: tuple[World, str]
) -> None:
    world, _submission_id = filled
    _context, page = enter(browser, site, world.officer)
    page.goto(f"{site.address}/exports/{world.cycle_id}")
    page.check('[name="preset"][value="reviewers"]')
    page.fill('[name="recipient"]', "Review desk")
    page.focus("main form .btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#state-error .error")).to_be_visible()
    expect(page.locator('[name="recipient"]')).to_have_value("Review desk")
    page.check('[name="preset"][value="secretariat"]')
    page.focus("main form .btn-primary")
    page.keyboard.press("Enter")
    # Whoever waits on a button that goes away comes to the one that takes its place; the change is announced.
    page.locator('form[action$="/cancel"] button').focus()
    expect(page.locator('form[action$="/file"] button')).to_be_focused(timeout=90_000)
    expect(page.locator("[data-job-status]")).to_have_text("Can be downloaded")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert re.search(r"-en-[0-9a-f]{12}\.xlsx$", download.value.suggested_filename)
    page.get_by_role("button", name="Make it again").press("Enter")
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(page.locator("main")).to_contain_text("Cancelled by")


def test_without_script_the_page_of_a_workbook_has_a_link_to_look_again(
    browser: Browser, site: Site, filled: tuple[World, str]
) -> None:
    world, _submission_id = filled
    _context, page = enter(browser, site, world.officer, java_script_enabled=False)
    page.goto(f"{site.address}/exports/{world.cycle_id}")
    page.click("main form .btn-primary")
    button = page.locator('form[action$="/file"] button')
    for _ in range(60):
        if button.is_visible():
            break
        page.click("main noscript a")
        page.wait_for_timeout(1000)
    with page.expect_download() as download:
        button.click()
    assert re.search(r"-en-[0-9a-f]{12}\.xlsx$", download.value.suggested_filename)


def test_nothing_is_loaded_from_elsewhere(browser: Browser, site: Site, world: World) -> None:
    _context, page = enter(browser, site, world.focal_point)
    foreign: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((site.address, "data:", "blob:")) else foreign.append(request.url)
        ),
    )
    for path in ("", "/questions/op13d", "/check"):
        page.goto(f"{site.address}/responses/{world.response_id}{path}")
    assert foreign == []


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_what_a_verification_found(
    browser: Browser, site: Site, filled: tuple[World, str], tmp_path: Path, language: str, width: int
) -> None:
    world, _submission_id = filled
    assert site.app is not None
    data = exported(site.app.extensions["tracker"].database)
    changed = altered(data, lambda book: setattr(book["Texts"]["G5"], "value", "Other words"))
    _context, page = enter(browser, site, world.officer, viewport={"width": width, "height": 900})
    settle(page, site, language, "/exports/verify")
    for name, content, kind in (
        ("good", data, ".notice-good"),
        ("changed", changed, ".notice-bad"),
        ("none", b"no", ".error-summary"),
    ):
        file = tmp_path / f"{name}.xlsx"
        file.write_bytes(content)
        page.set_input_files("#file", file)
        page.locator("form button.btn-primary").click()
        expect(page.locator(kind)).to_be_visible()
        look(page, f"{language} {width} {name}")


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_with_two_texts(
    browser: Browser, site: Site, filled: tuple[World, str], language: str, width: int
) -> None:
    world, _submission_id = filled
    context, page = enter(browser, site, world.focal_point, viewport={"width": width, "height": 900})
    context.route("**/js/autosave.js*", lambda route: route.abort())
    settle(page, site, language, f"/responses/{world.response_id}/questions/op13d")
    with site.transaction() as session:
        theirs = actor_for(
            session.get_one(User, world.contributor), session.get_one(NationalResponse, world.response_id)
        )
        changed = Narrative(text="منذ 2021 (قانون 7/2021)", language="ar")
        answer(session, theirs, world.response_id, {"op13d.narrative": changed})
    page.fill('[name="op13d.narrative-text"]', "منذ 2019 (قانون 14/2019، المادة 3)")
    page.locator('.savebar button[value="stay"]').click()
    expect(page.locator(".compare ins").first).to_be_visible()
    look(page, f"{language} {width} two texts")
