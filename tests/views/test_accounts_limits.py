"""How often somebody may try: one network and one account are stopped, everybody else goes on."""

from __future__ import annotations

import threading
from datetime import timedelta

import time_machine
from flask import Flask

from models.base import utc_now
from services.sign_ins import FREE_FAILURES
from tests.views.account_steps import Browser, tracker_of, user_in, with_authenticator, with_mail, world_in

CONTRIBUTOR, OBSERVER = "contributor@ministry.example", "observer@ministry.example"


def wrong(browser: Browser, email: str) -> int:
    browser.open("/login")
    return browser.send("/login", email=email, password="not the passphrase").status_code


def test_the_eleventh_wrong_try_is_refused_and_nobody_else_is_touched(app: Flask) -> None:
    world_in(app)
    attacker = Browser(app)
    assert [wrong(attacker, CONTRIBUTOR) for _ in range(11)] == [200] * 10 + [429]
    assert "Too many tries" in attacker.text and attacker.page is not None
    assert int(attacker.page.headers["Retry-After"]) > 0
    # Not even with the right passphrase from there; an address without account is treated alike.
    attacker.sign_in(CONTRIBUTOR)
    assert attacker.status == 429
    stranger = Browser(app)
    assert [wrong(stranger, "nobody@ministry.example") for _ in range(11)] == [200] * 10 + [429]
    # Another person in the same network, and the person in another one, go on.
    assert Browser(app).sign_in(OBSERVER).request.path.startswith("/responses/")
    assert Browser(app, "198.51.100.4").sign_in(CONTRIBUTOR).request.path.startswith("/responses/")


def test_a_network_that_tries_many_accounts_is_stopped(app: Flask) -> None:
    world_in(app)
    answers = [wrong(Browser(app, f"203.0.113.{n}"), f"person{n}@ministry.example") for n in range(61)]
    assert answers == [200] * 60 + [429]
    assert wrong(Browser(app, "203.0.114.1"), "person@ministry.example") == 200


def test_a_limit_ends(app: Flask) -> None:
    world_in(app)
    attacker = Browser(app)
    for _ in range(11):
        wrong(attacker, CONTRIBUTOR)
    with time_machine.travel(utc_now() + timedelta(minutes=16)):
        assert Browser(app).sign_in(CONTRIBUTOR).request.path.startswith("/responses/")


def test_tries_from_many_networks_delay_an_account_but_not_its_owner(both_app: Flask) -> None:
    world = world_in(both_app)
    own = Browser(both_app, "192.0.2.1")
    own.sign_in(CONTRIBUTOR)
    own.send("/logout")
    for n in range(FREE_FAILURES + 1):
        assert wrong(Browser(both_app, f"198.51.{n}.1"), CONTRIBUTOR) == 200
    assert user_in(both_app, world.contributor).locked_until is not None
    guess = Browser(both_app, "198.51.99.1")
    wrong(guess, CONTRIBUTOR)
    told = guess.text
    guess.sign_in(CONTRIBUTOR)
    assert guess.path == "/login" and guess.text.count("do not go together") == told.count("do not go together")
    # The browser that signed in before is let through, and that ends the delay for all.
    own.sign_in(CONTRIBUTOR)
    assert own.path == f"/responses/{world.response_id}"
    assert user_in(both_app, world.contributor).locked_until is None
    assert Browser(both_app, "198.51.98.1").sign_in(CONTRIBUTOR).request.path.startswith("/responses/")


def test_a_delay_ends_by_itself(app: Flask) -> None:
    world_in(app)
    for n in range(FREE_FAILURES + 1):
        wrong(Browser(app, f"198.51.{n}.1"), CONTRIBUTOR)
    assert Browser(app, "192.0.2.1").sign_in(CONTRIBUTOR).request.path == "/login"
    with time_machine.travel(utc_now() + timedelta(seconds=31)):
        assert Browser(app, "192.0.2.1").sign_in(CONTRIBUTOR).request.path.startswith("/responses/")


def test_codes_cannot_be_guessed_through(app: Flask) -> None:
    world_in(app)
    authenticator = with_authenticator(app)
    answers = []
    for n in range(11):
        browser = Browser(app, f"198.51.{n}.1")
        browser.sign_in("focal@ministry.example")
        answers.append(browser.send(code=f"{n:06d}").status_code)
    assert answers == [200] * 10 + [429]
    with time_machine.travel(utc_now() + timedelta(minutes=16)):
        browser = Browser(app)
        browser.sign_in("focal@ministry.example")
        browser.send(code=authenticator.code())
        assert browser.path.startswith("/responses/")


def test_links_cannot_be_guessed_through(app: Flask) -> None:
    world_in(app)
    answers = [Browser(app).open(f"/invitations/{n}").status_code for n in range(31)]
    assert answers == [410] * 30 + [429]
    assert Browser(app, "198.51.100.1").open("/invitations/x").status_code == 410


def test_a_mailbox_is_not_flooded(app: Flask) -> None:
    world_in(app)
    with_mail(app)
    browser = Browser(app)
    answers = []
    for _ in range(6):
        browser.open("/reset")
        answers.append(browser.send("/reset", email=CONTRIBUTOR).status_code)
    assert answers == [200] * 5 + [429]


def test_a_forwarded_address_that_no_proxy_vouches_for_does_not_count(app: Flask) -> None:
    world_in(app)
    browser = Browser(app)
    for n in range(11):
        browser.open("/login")
        token = browser.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = browser.client.post(
            "/login", data={"csrf_token": token, "email": CONTRIBUTOR, "password": "x" * 20},
            headers={"X-Forwarded-For": f"198.51.{n}.1"}, environ_overrides={"REMOTE_ADDR": "203.0.113.7"},
        )  # fmt: skip
    assert answer.status_code == 429


def test_a_crowd_of_sign_ins_hashes_two_at_a_time_and_holds_no_writer(app: Flask) -> None:
    world_in(app)
    security = app.extensions["security"]
    now, most, guard = [0], [0], threading.Lock()
    inner = security.pwd_context._context

    class Counting:
        def verify(self, *given: object, **named: object) -> bool:
            with guard:
                now[0] += 1
                most[0] = max(most[0], now[0])
            assert tracker_of(app).database.write_lock.acquire(timeout=5)
            tracker_of(app).database.write_lock.release()
            try:
                return bool(inner.verify(*given, **named))
            finally:
                with guard:
                    now[0] -= 1

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

    security.pwd_context._context = Counting()
    browsers = [Browser(app, f"198.51.{n}.1") for n in range(8)]
    threads = [threading.Thread(target=browser.sign_in, args=(CONTRIBUTOR,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 2
    assert all(browser.path.startswith("/responses/") for browser in browsers)
