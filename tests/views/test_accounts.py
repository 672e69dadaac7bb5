"""Signing in: passphrase and second factor, once per code; sessions that end; pages in the chosen language."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlmodel import select

from languages import LANGUAGES, direction
from models.audit import AuditEvent, OutboxMail
from models.base import utc_now
from models.people import User
from services.roles import deactivate_person, replace_focal_point
from tests.builders import sign_in
from tests.conftest import make_app
from tests.views.account_steps import (
    OTHER_PASSPHRASE,
    PASSPHRASE,
    Authenticator,
    Browser,
    officer_actor,
    tracker_of,
    user_in,
    world_in,
)

FOCAL, CONTRIBUTOR = "focal@ministry.example", "contributor@ministry.example"
WRONG = "The address and the passphrase do not go together"


def with_authenticator(app: Flask, email: str = FOCAL) -> Authenticator:
    """The person, with an authenticator set up in another browser."""
    browser = Browser(app)
    browser.sign_in(email)
    return browser.set_up_authenticator()


def links(app: Flask) -> list[str]:
    """The links in mails that wait to leave, opened as they are when the mail is written."""
    import json

    from services.outbox import _cipher

    tracker = tracker_of(app)
    with tracker.database.reading() as db:
        sealed = [mail.context["sealed"] for mail in db.exec(select(OutboxMail)) if "sealed" in mail.context]
    opened = [json.loads(_cipher(tracker.secrets.queue_key).decrypt(text.encode())) for text in sealed]
    return [entry["link"].removeprefix(tracker.settings.address) for entry in opened]


def mails(app: Flask) -> list[tuple[str, str, str]]:
    with tracker_of(app).database.reading() as db:
        return [(mail.recipient, mail.template, mail.context.get("change", "")) for mail in db.exec(select(OutboxMail))]


def test_a_contributor_signs_in_with_the_passphrase(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.open("/")
    assert browser.path == "/login"
    browser.sign_in("Contributor@Ministry.example ")
    assert browser.path == f"/responses/{world.response_id}"
    browser.send("/logout")
    assert browser.path == "/login"
    browser.open(f"/responses/{world.response_id}")
    assert browser.path == "/login"


def test_a_focal_point_sets_up_an_authenticator_before_anything_else(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.sign_in(FOCAL)
    assert browser.path == "/tf-setup"
    browser.open(f"/responses/{world.response_id}")
    assert browser.path == "/login"
    browser.sign_in(FOCAL)
    authenticator = browser.set_up_authenticator()
    assert browser.path == "/mf-recovery-codes"
    browser.send(generate_new_codes="yes")
    assert len(re.findall(r"<code class=\"mono\"[^>]*>[a-z0-9-]{15}</code>", browser.text)) == 10
    browser.open("/")
    assert browser.path == f"/responses/{world.response_id}"
    stored = user_in(app, world.focal_point)
    assert stored.tf_primary_method == "authenticator" and authenticator.key not in str(stored.model_dump())
    assert (FOCAL, "account_changed", "second_factor") in mails(app)
    assert (FOCAL, "account_changed", "recovery_codes") in mails(app)


def test_a_code_signs_in_once(app: Flask) -> None:
    world = world_in(app)
    with time_machine.travel(utc_now()) as clock:
        authenticator = with_authenticator(app)
        clock.shift(timedelta(seconds=60))
        code = authenticator.code()
        first, second = Browser(app), Browser(app)
        for browser in (first, second):
            browser.sign_in(FOCAL)
            assert browser.path == "/tf-validate"
        first.send(code=code)
        assert first.path == f"/responses/{world.response_id}"
        second.send(code=code)
        assert second.path == "/tf-validate" and "was used already" in second.text
        second.send(code="000000" if code != "000000" else "111111")
        assert "Error:" in second.text
        clock.shift(timedelta(seconds=30))
        arabic = authenticator.code().translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        second.send(code=f"{arabic[:3]} {arabic[3:]}")
        assert second.path == f"/responses/{world.response_id}"


def test_the_code_of_the_set_up_does_not_sign_in_again(app: Flask) -> None:
    world_in(app)
    with time_machine.travel(utc_now(), tick=False):
        authenticator = with_authenticator(app)
        browser = Browser(app)
        browser.sign_in(FOCAL)
        browser.send(code=authenticator.code())
        assert browser.path == "/tf-validate"


def test_a_recovery_code_signs_in_once_and_is_not_stored(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.sign_in(FOCAL)
    browser.set_up_authenticator()
    browser.send(generate_new_codes="yes")
    codes = re.findall(r"<code class=\"mono\"[^>]*>([a-z0-9-]{15})</code>", browser.text)
    assert not any(code in str(user_in(app, world.focal_point).model_dump()) for code in codes)
    browser.open("/mf-recovery-codes?show_codes=1")
    assert not any(code in browser.text for code in codes)
    for code, works in ((codes[0].upper(), True), (codes[0], False), ("abc-def-ghj-kmn", False), (codes[1], True)):
        other = Browser(app)
        other.sign_in(FOCAL)
        other.open("/mf-recovery")
        other.send(code=code)
        assert (other.path == f"/responses/{world.response_id}") is works
    assert len(user_in(app, world.focal_point).mf_recovery_codes or []) == 8


def test_a_wrong_first_code_can_be_tried_again(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.sign_in(FOCAL)
    browser.send("/tf-setup", setup="authenticator")
    key = re.search(r'<code class="mono"[^>]*>([A-Z2-7-]+)</code>', browser.text)
    assert key
    browser.send("/tf-validate", code="12")
    assert "Begin again with a new key" in browser.text and "recovery code" not in browser.text
    assert user_in(app, world.focal_point).tf_totp_secret is None
    browser.send(code=Authenticator(key[1].replace("-", "")).code())
    assert browser.path == "/mf-recovery-codes"


def test_there_is_no_way_around_the_second_factor(app: Flask) -> None:
    world = world_in(app)
    with_authenticator(app)
    browser = Browser(app)
    browser.sign_in(FOCAL)
    for url in ("/tf-rescue", "/tf-select"):
        assert browser.open(url).status_code == 404
    browser.sign_in(FOCAL)
    for url in ("/tf-setup", "/mf-recovery-codes", "/account", "/", f"/responses/{world.response_id}"):
        browser.open(url)
        assert browser.path == "/login", url
        browser.sign_in(FOCAL)
    browser.send("/tf-setup", setup="disable")
    assert user_in(app, world.focal_point).tf_totp_secret is not None
    # Neither a token in an address or header nor JSON signs anybody in.
    answer = browser.client.post("/login?include_auth_token", json={"email": CONTRIBUTOR, "password": PASSPHRASE})
    assert answer.status_code == 419 and "auth" not in answer.get_data(as_text=True).lower()


def test_a_required_second_factor_cannot_be_switched_off(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.sign_in(FOCAL)
    browser.set_up_authenticator()
    browser.open("/tf-setup")
    assert "Switch the authenticator off" not in browser.text
    browser.send("/tf-setup", setup="disable")
    assert "it cannot be switched off" in browser.text
    assert user_in(app, world.focal_point).tf_totp_secret is not None


def test_a_contributor_may_set_up_and_switch_off_an_authenticator(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.sign_in(CONTRIBUTOR)
    browser.open("/tf-setup")
    browser.set_up_authenticator()
    assert browser.path == "/account/second-factor"
    assert user_in(app, world.contributor).tf_totp_secret is not None
    browser.open("/tf-setup")
    browser.send("/tf-setup", setup="disable")
    assert user_in(app, world.contributor).tf_totp_secret is None
    assert (CONTRIBUTOR, "account_changed", "second_factor_off") in mails(app)


def test_changing_how_one_signs_in_asks_for_the_passphrase_again(app: Flask) -> None:
    world_in(app)
    with time_machine.travel(utc_now()) as clock:
        browser = Browser(app)
        browser.sign_in(CONTRIBUTOR)
        clock.shift(timedelta(minutes=40))
        for url in ("/tf-setup", "/wan-register", "/mf-recovery-codes"):
            browser.open(url)
            assert browser.path == "/verify", url
        browser.send(password="wrong " + PASSPHRASE)
        assert browser.path == "/verify"
        browser.send(password=PASSPHRASE, next="/tf-setup")
        assert browser.path == "/tf-setup"


def test_a_deactivated_persons_session_ends_on_the_next_request(both_app: Flask) -> None:
    world = world_in(both_app)
    browser = Browser(both_app)
    browser.sign_in(CONTRIBUTOR)
    assert browser.path == f"/responses/{world.response_id}"
    with tracker_of(both_app).database.transaction() as db:
        deactivate_person(db, officer_actor(world.officer), world.contributor, "left")
    browser.open(f"/responses/{world.response_id}")
    assert browser.path == "/login"
    browser.sign_in(CONTRIBUTOR)
    assert WRONG in browser.text


def test_a_replaced_focal_points_session_ends_on_the_next_request(both_app: Flask) -> None:
    world = world_in(both_app)
    client = both_app.test_client()
    sign_in(client, user_in(both_app, world.focal_point))
    assert client.get(f"/responses/{world.response_id}").status_code == 200
    with tracker_of(both_app).database.transaction() as db:
        from models.responses import NationalResponse

        response = db.get_one(NationalResponse, world.response_id)
        replace_focal_point(
            db,
            officer_actor(world.officer),
            state_id=response.state_id,
            cycle_id=response.cycle_id,
            email="new@m.example",
        )
    assert client.get(f"/responses/{world.response_id}").status_code == 302


def test_signing_out_everywhere_ends_the_other_sessions_too(app: Flask) -> None:
    world_in(app)
    one, two = Browser(app), Browser(app)
    one.sign_in(CONTRIBUTOR)
    two.sign_in(CONTRIBUTOR)
    one.open("/account/second-factor")
    one.send("/account/sign-out-everywhere")
    for browser in (one, two):
        browser.open("/account")
        assert browser.path == "/login"


def test_sessions_end_when_idle_and_after_half_a_day(app: Flask) -> None:
    world_in(app)
    with time_machine.travel(utc_now()) as clock:
        idle, busy = Browser(app), Browser(app)
        idle.sign_in(CONTRIBUTOR)
        busy.sign_in(CONTRIBUTOR)
        for _ in range(14):
            clock.shift(timedelta(minutes=50))
            assert busy.open("/account").request.path == "/account"
        clock.shift(timedelta(minutes=50))
        assert busy.open("/account").request.path == "/login"
        clock.shift(-timedelta(minutes=50) * 15 + timedelta(minutes=61))
        assert idle.open("/account").request.path == "/login"


def test_a_new_passphrase_ends_other_sessions_and_keeps_this_one(app: Flask) -> None:
    world_in(app)
    here, there = Browser(app), Browser(app)
    here.sign_in(CONTRIBUTOR)
    there.sign_in(CONTRIBUTOR)
    here.open("/change")
    for new, again, said in (
        ("short", "short", "at least 14 characters"),
        ("password password", "password password", "easy to guess"),
        ("contributor ministry", "contributor ministry", "easy to guess"),
        (OTHER_PASSPHRASE, PASSPHRASE, "differ"),
        (PASSPHRASE, PASSPHRASE, "present passphrase"),
        ("x" * 201, "x" * 201, "at most 200"),
    ):
        here.send("/change", password=PASSPHRASE, new_password=new, new_password_confirm=again)
        assert said in here.text and "<title>Error:" in here.text
    here.send("/change", password=PASSPHRASE, new_password=OTHER_PASSPHRASE, new_password_confirm=OTHER_PASSPHRASE)
    assert here.path == "/account"
    there.open("/account")
    assert there.path == "/login"
    there.sign_in(CONTRIBUTOR, PASSPHRASE)
    assert WRONG in there.text
    there.sign_in(CONTRIBUTOR, OTHER_PASSPHRASE)
    assert there.path.startswith("/responses/")
    assert (CONTRIBUTOR, "account_changed", "passphrase") in mails(app)


@pytest.mark.parametrize(
    "passphrase", ["七个葫芦娃打妖怪在葫芦山上啊", "زرافة تقرأ جريدة قديمة", "жираф читает старую газету", "ménage à trois étoiles",
                   "\u1112\u1161\u11ab 강아지 열네 마리가 달린다 잘"],
)  # fmt: skip
def test_a_passphrase_may_be_in_any_script_and_typed_in_either_form(app: Flask, passphrase: str) -> None:
    import unicodedata

    world_in(app)
    browser = Browser(app)
    browser.sign_in(CONTRIBUTOR)
    browser.open("/change")
    browser.send("/change", password=PASSPHRASE, new_password=passphrase, new_password_confirm=passphrase)
    assert browser.path == "/account"
    for form in ("NFC", "NFD"):
        other = Browser(app)
        other.sign_in(CONTRIBUTOR, unicodedata.normalize(form, passphrase))
        assert other.path.startswith("/responses/"), form


def with_mail(app: Flask) -> None:
    """As if a mail server were set up; nothing connects to it here."""
    tracker = tracker_of(app)
    object.__setattr__(tracker, "settings", tracker.settings.model_copy(update={"mail_host": "mail.example"}))


def test_a_reset_link_works_once_and_does_not_go_around_the_second_factor(app: Flask) -> None:
    world = world_in(app)
    with_mail(app)
    with_authenticator(app)
    browser = Browser(app)
    browser.open("/reset", headers={"Host": "localhost"})
    browser.send("/reset", email=FOCAL)
    (link,) = links(app)
    assert link.startswith("/reset/")
    browser.open(link)
    browser.send(password=OTHER_PASSPHRASE, password_confirm=OTHER_PASSPHRASE)
    assert browser.path == "/login"
    browser.open(link)
    assert browser.path == "/reset" and "does not work" in browser.text
    browser.sign_in(FOCAL, OTHER_PASSPHRASE)
    assert browser.path == "/tf-validate"
    browser.open(f"/responses/{world.response_id}")
    assert browser.path == "/login"


def test_a_reset_link_is_too_old_after_half_an_hour_and_wrong_ones_are_told_kindly(app: Flask) -> None:
    world_in(app)
    with_mail(app)
    with time_machine.travel(utc_now()) as clock:
        browser = Browser(app)
        browser.open("/reset")
        browser.send("/reset", email=CONTRIBUTOR)
        (link,) = links(app)
        clock.shift(timedelta(minutes=31))
        browser.open(link)
        assert browser.path == "/reset" and "too old" in browser.text
        browser.open("/reset/nonsense")
        assert browser.path == "/reset" and "does not work" in browser.text


def test_links_in_mails_carry_the_configured_address_only(app: Flask) -> None:
    world_in(app)
    with_mail(app)
    browser = Browser(app)
    answer = browser.open("/reset", headers={"Host": "evil.example"})
    assert answer.status_code == 400 and "evil" not in browser.text
    browser.open("/reset", headers={"X-Forwarded-Host": "evil.example"})
    assert browser.status == 200
    browser.send("/reset", email=CONTRIBUTOR)
    tracker = tracker_of(app)
    with tracker.database.reading() as db:
        assert len(db.exec(select(OutboxMail)).all()) == 1
    assert links(app)[0].startswith("/reset/")


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
