"""What is told about accounts, cookies and sessions, where a person is sent, and in which language."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlmodel import select

from languages import LANGUAGES, direction
from models.audit import AuditEvent
from models.base import utc_now
from models.people import User
from tests.conftest import make_app
from tests.views.account_steps import (
    PASSPHRASE,
    Browser,
    tracker_of,
    user_in,
    with_authenticator,
    with_mail,
    world_in,
)

FOCAL, CONTRIBUTOR = "focal@ministry.example", "contributor@ministry.example"


def test_known_and_unknown_addresses_are_answered_alike(app: Flask) -> None:
    world_in(app)
    with_mail(app)

    def told(url: str, **data: Any) -> tuple[int, str, list[str]]:
        browser = Browser(app, address=f"203.0.{len(data['email'])}.1")
        browser.open(url)
        answer = browser.send(url, **data)
        text = re.sub(r'value="[^"]*"', "", browser.text.replace(data["email"], "ADDRESS"))
        return answer.status_code, text, sorted(name for name, _ in answer.headers)

    with tracker_of(app).database.transaction() as db:
        ended = db.get_one(User, world_ids(app)["observer@ministry.example"])
        ended.active = False
    for url, more in (("/login", {"password": "wrong " + PASSPHRASE}), ("/reset", {})):
        known = told(url, email=CONTRIBUTOR, **more)
        unknown = told(url, email="nobody.atall@ministry.example", **more)
        inactive = told(url, email="observer@ministry.example", **more)
        assert known == unknown == inactive
    # An ended account is told nothing else even with the right passphrase.
    right, wrong = (told("/login", email="observer@ministry.example", password=text) for text in (PASSPHRASE, "x" * 20))
    assert right == wrong


def world_ids(app: Flask) -> dict[str, int]:
    with tracker_of(app).database.reading() as db:
        return {user.email: user.id or 0 for user in db.exec(select(User))}


def test_known_and_unknown_addresses_take_the_same_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same number of hashes and of committed transactions: what an answer's time is made of."""
    world_in(app)
    with_mail(app)
    security = app.extensions["security"]
    database = tracker_of(app).database
    counted: list[str] = []

    def counting(name: str, real: Any) -> Any:
        def called(*given: Any, **named: Any) -> Any:
            counted.append(name)
            return real(*given, **named)

        return called

    for name in ("hash", "verify"):
        monkeypatch.setattr(
            type(security.pwd_context), name, counting("hash", getattr(type(security.pwd_context), name))
        )
    monkeypatch.setattr(type(database), "transaction", counting("commit", type(database).transaction))

    def work(url: str, **data: Any) -> list[str]:
        browser = Browser(app)
        browser.open(url)
        counted.clear()
        browser.send(url, **data)
        return sorted(counted)

    wrong = {"password": "wrong " + PASSPHRASE}
    assert (
        work("/login", email=CONTRIBUTOR, **wrong)
        == work("/login", email="nobody@m.example", **wrong)
        == ["commit", "hash"]
    )
    assert work("/reset", email=CONTRIBUTOR) == work("/reset", email="nobody@m.example") == ["commit", "hash"]


def test_what_is_hashed_is_expensive_and_peppered(app: Flask) -> None:
    world = world_in(app, quick=False)
    stored = user_in(app, world.contributor).password or ""
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", stored)
    assert found and int(found[1]) >= 46 * 1024 and int(found[2]) >= 1
    from argon2 import PasswordHasher
    from argon2.exceptions import VerifyMismatchError

    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(stored, PASSPHRASE)


def test_a_session_cookie_from_before_signing_in_signs_nobody_in(app: Flask) -> None:
    world_in(app)
    victim, attacker = Browser(app), Browser(app)
    attacker.open("/login")
    planted = attacker.client.get_cookie("tracker_session")
    assert planted is not None
    victim.client.set_cookie("tracker_session", planted.value)
    victim.open("/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', attacker.text)
    victim.send("/login", email=CONTRIBUTOR, password=PASSPHRASE)
    assert victim.path.startswith("/responses/")
    attacker.open("/account")
    assert attacker.path == "/login"
    # The token that the attacker knows is no longer the victim's.
    assert token is not None
    assert victim.client.post("/account/sign-out-everywhere", data={"csrf_token": token[1]}).status_code == 419


def test_cookies_are_closed_to_scripts_and_other_sites(app: Flask) -> None:
    world_in(app)
    browser = Browser(app)
    browser.open("/login")
    browser.send("/login", follow=False, email=CONTRIBUTOR, password=PASSPHRASE)
    assert browser.page is not None
    cookies = browser.page.headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"tracker_session", "tracker_device"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie and "Domain" not in cookie for cookie in cookies)


def test_on_https_cookies_are_tied_to_the_host_and_a_rehearsal_has_its_own(tmp_path: Any, sqlite_url: str) -> None:
    for given, name in (
        ({"public_url": "https://tracker.example"}, "__Host-tracker_session"), ({"rehearsal": True}, "tracker_rehearsal_session"),
    ):  # fmt: skip
        app = make_app(sqlite_url, tmp_path, **given)
        secure = name.startswith("__Host-")
        base = "https://tracker.example" if secure else "http://localhost"
        answer = app.test_client().get("/login", base_url=base)
        (cookie,) = answer.headers.getlist("Set-Cookie")
        assert cookie.startswith(f"{name}=") and ("Secure" in cookie) is secure and "Path=/" in cookie
        tracker_of(app).database.close()


TARGETS = (
    "//evil.example", "/\\evil.example", "\\\\evil.example", "\t//evil.example", " //evil.example", "///evil.example",
    "https:evil.example", "https:/evil.example", "https://evil.example", "http://localhost.evil.example", "http://localhost@evil.example",
    "javascript:alert(1)", "data:text/html,x", "/\r\nSet-Cookie: a=b", "http://[", "/a\\..\\b", "ftp://localhost/", "evil.example",
    "\u2028//evil.example", "/\x00", "//localhost/account",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_nobody_is_sent_to_another_site(app: Flask, target: str) -> None:
    world_in(app)
    browser = Browser(app)
    answer = browser.open("/login", follow=False, query_string={"next": target})
    assert answer.status_code == 302 and answer.headers["Location"] == "/login"
    browser.open("/login")
    answer = browser.send("/login", follow=False, email=CONTRIBUTOR, password=PASSPHRASE, next=target)
    assert answer.status_code == 400 or answer.headers["Location"] == "/"
    answer = browser.open("/language/fr", follow=False, query_string={"next": target})
    assert answer.status_code == 302 and answer.headers["Location"] == "/"


def test_signing_in_goes_on_to_where_the_person_wanted(app: Flask) -> None:
    world = world_in(app)
    wanted = f"/responses/{world.response_id}/people?a=1"
    authenticator = with_authenticator(app)
    with time_machine.travel(utc_now() + timedelta(minutes=2)):
        browser = Browser(app)
        browser.open(wanted)
        assert browser.path == "/login"
        target = re.search(r'name="next" value="([^"]+)"', browser.text)
        assert target and target[1] == wanted
        browser.send("/login", email=FOCAL, password=PASSPHRASE, next=wanted)
        browser.send(code=authenticator.code(), next=wanted)
    assert browser.page is not None and browser.page.request.full_path == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_changes_and_the_place_stays(app: Flask, language: str) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.sign_in(CONTRIBUTOR)
    place = f"/responses/{world.response_id}/people?x=1"
    browser.open(place)
    link = re.search(rf'href="(/language/{language}\?[^"]+)"', browser.text)
    assert link
    browser.open(link[1].replace("&amp;", "&"))
    assert browser.page is not None and browser.page.request.full_path == place
    assert f'<html lang="{language}" dir="{direction(language)}">' in browser.text
    browser.open("/account")
    assert f'<html lang="{language}"' in browser.text
    assert browser.open("/language/de").status_code == 404


def test_following_a_language_link_changes_nothing_in_the_database(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.sign_in(CONTRIBUTOR)
    browser.open("/language/es")
    assert user_in(app, world.contributor).language == "en"
    browser.open("/account")
    browser.send("/account", name="Cora New", title="", language="ar", time_zone="Africa/Cairo")
    stored = user_in(app, world.contributor)
    assert (stored.name, stored.language, stored.time_zone) == ("Cora New", "ar", "Africa/Cairo")
    assert '<html lang="ar" dir="rtl">' in browser.text


def test_a_profile_that_cannot_be_stored_comes_back_with_what_was_typed(app: Flask) -> None:
    world_in(app)
    browser = Browser(app)
    browser.sign_in(CONTRIBUTOR)
    browser.open("/account")
    browser.send("/account", name="", title="Director\x00 of\nCooperation", language="xx", time_zone="Mars/Base")
    assert browser.status == 422 and "Enter your name." in browser.text and "Director of Cooperation" in browser.text


def test_posts_from_other_sites_are_refused_whatever_they_carry(app: Flask) -> None:
    world_in(app)
    browser = Browser(app)
    browser.open("/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.text)
    assert token
    data = {"csrf_token": token[1], "email": CONTRIBUTOR, "password": PASSPHRASE}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}):  # fmt: skip
        assert browser.client.post("/login", data=data, headers=headers).status_code == 419
    assert browser.client.post("/login", data={**data, "csrf_token": ""}).status_code == 419
    good = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert browser.client.post("/login", data=data, headers=good).status_code == 302


def test_behind_a_proxy_that_speaks_https_posts_are_accepted(tmp_path: Any, sqlite_url: str) -> None:
    app = make_app(sqlite_url, tmp_path, public_url="https://tracker.example")
    world_in(app)
    client = app.test_client()
    base = {"base_url": "https://tracker.example"}
    page = client.get("/login", **base).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    data = {"csrf_token": token[1], "email": CONTRIBUTOR, "password": PASSPHRASE}
    # The server itself is spoken to without encryption; the cookie is the browser's, so the test carries it over.
    cookie = client.get_cookie("__Host-tracker_session", "tracker.example")
    assert cookie is not None
    for origin, status in (("https://tracker.example", 302), ("http://evil.example", 419)):
        answer = app.test_client(use_cookies=False).post(
            "/login", data=data, base_url="http://tracker.example",
            headers={"Origin": origin, "Cookie": f"__Host-tracker_session={cookie.value}"},
        )  # fmt: skip
        assert answer.status_code == status
    tracker_of(app).database.close()


def test_a_sign_in_page_may_stay_open(app: Flask) -> None:
    world_in(app)
    with time_machine.travel(utc_now()) as clock:
        browser = Browser(app)
        browser.open("/login")
        clock.shift(timedelta(minutes=55))
        browser.send("/login", email=CONTRIBUTOR, password=PASSPHRASE)
        assert browser.path.startswith("/responses/")


def test_sign_ins_are_on_record_with_their_network(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app, address="2001:db8:1:2:3:4:5:6")
    browser.sign_in(CONTRIBUTOR, "wrong " + PASSPHRASE)
    browser.sign_in("nobody@ministry.example")
    browser.sign_in(CONTRIBUTOR)
    with tracker_of(app).database.reading() as db:
        found = [(event.event, event.actor_id, event.detail) for event in db.exec(select(AuditEvent))]
    failed = {"how": "password", "network": "2001:db8:1:2::/64"}
    assert sorted(found, key=str) == sorted([
        ("sign_in.failed", world.contributor, failed), ("sign_in.failed", None, failed),
        ("signed_in", world.contributor, {"how": "password"}),
    ], key=str)  # fmt: skip


def test_pages_for_everybody_open_without_an_account(app: Flask) -> None:
    client = app.test_client()
    for url in ("/help", "/privacy", "/accessibility", "/receipt-key.txt", "/login", "/reset", "/wan-signin"):
        for language in LANGUAGES:
            answer = client.get(url, headers={"Accept-Language": language})
            assert answer.status_code == 200, url
