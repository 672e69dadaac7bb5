"""Signing in with a real browser: the pages of accounts in Arabic and English, an authenticator, a passkey of the browser itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask_security.utils import hash_password
from playwright.sync_api import Browser, Page, expect

from models.people import User
from services.invitations import issue_invitation
from tests.browser.conftest import Site, enter
from tests.browser.test_pages import look, settle
from tests.builders import World
from tests.views.account_steps import PASSPHRASE, Authenticator


def give_passphrases(site: Site, *user_ids: int) -> None:
    assert site.app is not None
    with site.app.app_context():
        hashed = hash_password(PASSPHRASE)
    with site.transaction() as session:
        for user_id in user_ids:
            session.get_one(User, user_id).password = hashed


def invite(site: Site, **given: Any) -> str:
    with site.transaction() as session:
        return f"/invitations/{issue_invitation(session, **given)}"


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_of_accounts(browser: Browser, site: Site, world: World, language: str, width: int) -> None:
    give_passphrases(site, world.focal_point, world.contributor)
    size: Any = {"width": width, "height": 900}
    page = browser.new_context(viewport=size).new_page()
    for role in ("officer", ""):
        link = invite(site, email="", role="officer") if role else invite(
            site, email="contributor@ministry.example", role="officer"
        )  # fmt: skip
        settle(page, site, language, link)
        look(page, f"{language} {width} invitation")
        if role:
            page.locator("main form[method=post] .btn-primary").click()
            expect(page.locator(".error-summary")).to_be_visible()
            look(page, f"{language} {width} invitation with errors")
    settle(page, site, language, "/login")
    page.locator("#email").fill("focal@ministry.example")
    page.locator("#password").fill("not the passphrase")
    page.locator("#password").press("Enter")
    expect(page.locator(".error-summary")).to_be_visible()
    look(page, f"{language} {width} wrong passphrase")
    page.locator("#password").fill(PASSPHRASE)
    page.locator("#password").press("Enter")
    page.wait_for_url("**/tf-setup*")
    look(page, f"{language} {width} authenticator")
    page.locator("button[name=setup]").first.click()
    expect(page.locator("#code")).to_be_visible()
    look(page, f"{language} {width} authenticator key")
    key = re.sub(r"[^A-Z2-7]", "", page.locator("code.mono").inner_text())
    page.locator("#code").fill(Authenticator(key).code())
    page.locator("#code").press("Enter")
    page.wait_for_url("**/mf-recovery-codes")
    look(page, f"{language} {width} recovery codes")
    page.locator("button[name=generate_new_codes]").click()
    expect(page.locator("code.mono")).to_have_count(10)
    look(page, f"{language} {width} recovery codes shown")
    for path in (
        "/account",
        "/account/second-factor",
        "/change",
        "/verify",
        "/tf-setup",
        "/wan-register",
        "/mf-recovery-codes",
    ):
        said = settle(page, site, language, path)
        look(page, f"{language} {width} {path}")
        assert said == [], path
    second = browser.new_context(viewport=size).new_page()
    settle(second, site, language, "/login")
    second.locator("#email").fill("focal@ministry.example")
    second.locator("#password").fill(PASSPHRASE)
    second.locator("#password").press("Enter")
    second.wait_for_url("**/tf-validate?next=/")
    look(second, f"{language} {width} code")
    second.goto(f"{site.address}/mf-recovery")
    look(second, f"{language} {width} recovery code")
    _context, officer = enter(browser, site, world.officer, viewport=size)
    for path in ("/secretariat/officers", f"/secretariat/persons/{world.focal_point}", "/account"):
        settle(officer, site, language, path)
        look(officer, f"{language} {width} {path}")


def virtual_authenticator(page: Page) -> None:
    """A passkey store inside this browser, unlocked by its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip


def test_a_passkey_of_the_browser_signs_in(browser: Browser, site: Site, world: World) -> None:
    give_passphrases(site, world.contributor)
    page = browser.new_context().new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    virtual_authenticator(page)
    page.goto(f"{site.address}/login")
    page.locator("#email").fill("contributor@ministry.example")
    page.locator("#password").fill(PASSPHRASE)
    page.locator("#password").press("Enter")
    page.wait_for_url(f"**/responses/{world.response_id}")
    page.goto(f"{site.address}/wan-register")
    page.locator("#name").fill("office laptop")
    page.locator("#name").press("Enter")
    page.wait_for_url("**/account/second-factor")
    page.locator("details.menu:not(.narrow-only) summary").click()
    page.locator("form[data-signout] button").click()
    page.wait_for_url("**/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"**/responses/{world.response_id}")
    assert said == []


def test_without_script_everything_but_the_passkey_works(browser: Browser, site: Site, world: World) -> None:
    give_passphrases(site, world.contributor)
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site.address}/login")
    page.locator("#email").fill("contributor@ministry.example")
    page.locator("#password").fill(PASSPHRASE)
    page.locator("#password").press("Enter")
    page.wait_for_url(f"**/responses/{world.response_id}")
    page.goto(f"{site.address}/wan-register")
    page.locator("#name").fill("office laptop")
    page.locator("#name").press("Enter")
    assert "A passkey needs JavaScript" in page.content()
    expect(page.locator("[data-ask]")).to_be_hidden()
