"""The whole way, in Arabic and in English: invitation, second factor, answering, a lost line, clearance, receipt, export."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from models.people import User
from models.responses import Answer, NationalResponse
from models.submissions import Submission
from services.invitations import issue_invitation
from services.receipts import public_key
from tests.browser.conftest import Site
from tests.builders import World
from verify_receipt import verify

PASSPHRASE = "a long sentence that nobody guesses 42"
PICTURES = Path(__file__).parent.parent.parent / "docs" / "pictures"


def activate(browser: Browser, site: Site, language: str, **invited: Any) -> Page:
    """Open an invitation link, make the account, set up the second factor, and arrive signed in."""
    with site.transaction() as session:
        token = issue_invitation(session, language=language, **invited)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=language, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{site.address}/language/{language}?next=/invitations/{token}")
    page.fill('[name="name"]', "نادية رحال" if language == "ar" else "Nadia Rahal")
    page.fill('[name="title"]', "Director")
    for name in ("passphrase", "passphrase_again"):
        page.fill(f'[name="{name}"]', PASSPHRASE)
    page.click("main form .btn-primary")
    page.click("button[name=setup][value=authenticator]")
    secret = page.locator("code.mono").first.inner_text()
    page.fill('[name="code"]', pyotp.TOTP(re.sub(r"[^A-Z2-7]", "", secret)).now())
    page.click("main form:has([name=code]) .btn-primary")
    return page


def take_picture(page: Page, name: str) -> None:
    """The first screen of a page for the guides."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=str(PICTURES / name), clip={"x": 0, "y": 0, "width": 1280, "height": 860})


def shows(page: Page, language: str) -> None:
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_from_the_invitation_to_the_workbook(
    browser: Browser, site: Site, world: World, language: str, tmp_path: Path
) -> None:
    with site.transaction() as session:
        membership_state = session.get_one(NationalResponse, world.response_id).state_id
        from sqlmodel import select

        from models.base import utc_now
        from models.people import Membership

        for row in session.exec(
            select(Membership).where(Membership.state_id == membership_state, Membership.role == "focal_point")
        ):
            row.ended_at = utc_now()
            session.add(row)
    page = activate(
        browser, site, language, email="nadia@ministry.example", role="focal_point", state_id=membership_state,
        cycle_id=world.cycle_id,
    )  # fmt: skip
    page.goto(f"{site.address}/responses/{world.response_id}")
    shows(page, language)

    # 13(d): the headline, a law, statistics, a file, and a narrative that is typed while the line is down.
    page.goto(f"{site.address}/responses/{world.response_id}/questions/op13d")
    page.check('[data-item="op13d.status_practice"] input[value=partially_implemented]')
    expect(page.locator('[data-item="op13d.laws"]')).to_be_visible()
    page.click('button[name=add][value="op13d.laws"]')
    page.fill('[name="op13d.laws-0-title"]', "قانون مكافحة الاتجار بالأشخاص رقم 14 (2019)")
    page.fill('[name="op13d.laws-0-number"]', "007/14")
    page.fill('[name="op13d.laws-0-in_force_since"]', "2019-03-01")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")
    for details in page.locator("details.more").all():
        if details.get_attribute("open") is None and details.is_visible():
            details.locator("summary").click()
    figures = page.locator('[data-item="op13d.financial_investigations"] input[inputmode=numeric]')
    for number in range(4):
        figures.nth(number).fill(str(10 + number))
    page.set_input_files(
        '[name="op13d.evidence-upload"]',
        {"name": "تقرير.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"},
    )
    # The page loads again with the file; only then is the line cut.
    with page.expect_navigation(wait_until="networkidle"):
        page.click(".savebar button[value=stay]")
    box = page.locator('[name="op13d.narrative-text"]')
    page.context.set_offline(True)
    box.fill("=A1 منذ عام 2019، Law 14 (2019)")
    expect(page.locator(".save-state")).to_have_attribute("data-state", "offline")
    page.context.set_offline(False)
    expect(page.locator(".save-state")).to_have_attribute("data-state", "saved")
    take_picture(page, f"question.{language}.png")

    # Check, submit, receipt.
    page.goto(f"{site.address}/responses/{world.response_id}/check")
    page.fill('[name="title"]', "Director of International Cooperation")
    page.fill('[name="anyway_reason"]', "The rest follows.")
    page.check('[name="declared"]')
    page.click("#declaration .btn-primary")
    expect(page.locator(".receipt")).to_be_visible()
    with page.expect_download() as download:
        page.click('a[href$="receipt.json"]')
    receipt = Path(download.value.path()).read_text(encoding="utf-8")
    assert site.app is not None
    public = public_key(site.app.extensions["tracker"].secrets.receipt_key)
    assert verify(receipt, public)[0] == []

    # The officer exports, and the workbook holds the sealed facts.
    officer = activate(browser, site, language, email="officer2@secretariat.example", role="officer")
    officer.goto(f"{site.address}/secretariat")
    take_picture(officer, f"overview.{language}.png")
    shows(officer, language)
    target = tmp_path / "report.xlsx"
    officer.goto(f"{site.address}/exports/{world.cycle_id}")
    officer.fill('[name="recipient"]', "Nadia Rahal")
    officer.click("main form .btn-primary")
    # Its page brings itself up to date until the file can be had.
    button = officer.locator('form[action$="/file"] button')
    expect(button).to_be_visible(timeout=90_000)
    shows(officer, language)
    with officer.expect_download() as workbook:
        button.click()
    workbook.value.save_as(target)
    book = CalamineWorkbook.from_path(str(target))
    cells = {
        str(cell)
        for name in ("Answers_long", "Evidence")
        for row in book.get_sheet_by_name(name).to_python()
        for cell in row
    }
    with site.reading() as session:
        submission = session.exec(select(Submission)).one()
        values = {item: entry["value"] for item, entry in json.loads(submission.document)["answers"].items()}
        assert (
            values["op13d.narrative"]["text"]
            == session.get(Answer, (world.response_id, "op13d.narrative")).value["text"]
        )
        assert (
            session.exec(select(User).where(User.email == "nadia@ministry.example")).one().tf_primary_method
            == "authenticator"
        )
    assert values["op13d.narrative"]["text"] in cells
    assert "007/14" in cells
    assert "تقرير.pdf" in cells


def test_a_colleagues_change_is_met_by_a_stale_page(browser: Browser, site: Site, world: World) -> None:
    from tests.browser.conftest import enter

    _one, mine = enter(browser, site, world.focal_point)
    address = f"{site.address}/responses/{world.response_id}/questions/op4"
    mine.goto(address)
    _two, theirs = enter(browser, site, world.contributor)
    theirs.goto(address)
    theirs.fill('[name="op4.narrative-text"]', "the colleague's text")
    expect(theirs.locator(".save-state")).to_have_attribute("data-state", "saved")
    mine.fill('[name="op4.narrative-text"]', "my text")
    expect(mine.locator(".save-state")).to_have_attribute("data-state", "conflict")
    mine.locator(".save-state button").click()
    shown = mine.locator("main")
    expect(shown).to_contain_text("the colleague's text")
    expect(shown).to_contain_text("my text")
