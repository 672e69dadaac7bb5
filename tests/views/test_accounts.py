"""Signing in: passphrase and second factor, once per code; sessions that end; pages in the chosen language."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlmodel import select

from models.audit import OutboxMail
from models.base import utc_now
from services.roles import deactivate_person, replace_focal_point
from tests.builders import sign_in
from tests.views.account_steps import (
    OTHER_PASSPHRASE,
    PASSPHRASE,
    Authenticator,
    Browser,
    links,
    officer_actor,
    tracker_of,
    user_in,
    with_authenticator,
    with_mail,
    world_in,
)

FOCAL, CONTRIBUTOR = "focal@ministry.example", "contributor@ministry.example"
WRONG = "The address and the passphrase do not go together"


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
