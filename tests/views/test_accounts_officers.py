"""Officers among themselves: inviting, helping, ending an account; none of it for anybody else, none of it for oneself."""

from __future__ import annotations

import re

from flask import Flask

from tests.builders import sign_in
from tests.views.account_steps import OTHER_PASSPHRASE, Browser, user_in, world_in


def officer(app: Flask, user_id: int) -> Browser:
    browser = Browser(app)
    sign_in(browser.client, user_in(app, user_id))
    return browser


def test_an_officer_invites_another_who_sets_up_an_authenticator(app: Flask) -> None:
    world = world_in(app)
    browser = officer(app, world.officer)
    browser.open("/secretariat/officers")
    for email, said in (
        ("nonsense", "This is not an e-mail address"),
        ("officer@secretariat.example", "is an officer already"),
    ):
        browser.send(email=email, name="", language="en")
        assert browser.status == 422 and said in browser.text
    browser.send(email="second@secretariat.example", name="Sol", language="fr")
    link = re.search(r"http://localhost:8000(/invitations/[\w-]+)", browser.text)
    assert link
    again = re.search(r'action="(/secretariat/officers/invitations/[\w-]+)"', browser.text)
    assert again
    browser.send(again[1], act="again")
    newer = re.search(r"http://localhost:8000(/invitations/[\w-]+)", browser.text)
    assert newer and newer[1] != link[1]
    guest = Browser(app)
    assert guest.open(link[1]).status_code == 410
    guest.open(newer[1])
    guest.send(
        name="Sol Second", title="", language="fr", time_zone="UTC", passphrase=OTHER_PASSPHRASE,
        passphrase_again=OTHER_PASSPHRASE,
    )  # fmt: skip
    assert guest.path == "/tf-setup"
    guest.set_up_authenticator()
    guest.open("/")
    assert guest.path == "/secretariat"
    assert "Sol Second" in browser.open("/secretariat/officers").get_data(as_text=True)


def test_an_officer_helps_a_focal_point_and_ends_an_account(app: Flask) -> None:
    world = world_in(app)
    browser = officer(app, world.officer)
    focal_point = Browser(app)
    focal_point.sign_in("focal@ministry.example")
    focal_point.set_up_authenticator()
    page = f"/secretariat/persons/{world.focal_point}"
    browser.open(page)
    assert browser.send(page, act="end", reason="left the ministry").status_code == 400
    browser.open(page)
    browser.send(page, act="link", reason="forgot the passphrase, called back")
    link = re.search(r"http://localhost:8000(/reset/[\w.-]+)", browser.text)
    assert link and Browser(app).open(link[1]).status_code == 200
    browser.open(page)
    browser.send(page, act="reset", reason="telephone lost")
    assert user_in(app, world.focal_point).tf_totp_secret is None
    assert browser.path == f"/secretariat/responses/{world.response_id}"
    assert "No mail server is set, so Focal is not told yet." in browser.text
    focal_point.open("/account")
    assert focal_point.path == "/login"


def test_an_account_is_ended_on_a_page_of_its_own_with_a_reason_and_a_tick(app: Flask) -> None:
    world = world_in(app)
    browser = officer(app, world.officer)
    page = f"/secretariat/persons/{world.focal_point}/end"
    assert f'href="{page}"' in browser.open(f"/secretariat/persons/{world.focal_point}").get_data(as_text=True)
    browser.open(page)
    assert "Aldovia" in browser.text
    for reason, sure, said in (("left the ministry", "", "Tick the box"), ("", "y", "Say why")):
        browser.send(page, reason=reason, sure=sure)
        assert browser.status == 422 and said in browser.text
        assert user_in(app, world.focal_point).active
    browser.send(page, reason="left the ministry", sure="y")
    assert not user_in(app, world.focal_point).active
    # Back on the page of the State, whose record says so.
    assert browser.path == f"/secretariat/responses/{world.response_id}"
    assert browser.open(page).status_code == 404
    record = browser.open(f"/secretariat/responses/{world.response_id}/record").get_data(as_text=True)
    assert "Account of the focal point ended" in record and "left the ministry" in record


def test_nobody_else_does_any_of_it_and_no_officer_to_themselves(app: Flask) -> None:
    world = world_in(app)
    for user_id in (world.focal_point, world.contributor, world.observer):
        browser = officer(app, user_id)
        for url in (
            "/secretariat/officers", f"/secretariat/persons/{world.officer}", f"/secretariat/persons/{world.officer}/end",
        ):  # fmt: skip
            assert browser.open(url).status_code == 403
            browser.open("/account")
            assert browser.send(url, act="end", reason="x", email="a@b.example").status_code == 403
    browser = officer(app, world.officer)
    # A State's team is its own business, and nobody is told whether there is such a person.
    for user_id in (world.contributor, world.observer, 9999):
        assert browser.open(f"/secretariat/persons/{user_id}").status_code == 404
    page = f"/secretariat/persons/{world.officer}"
    assert "Another officer changes it for you" in browser.open(page).get_data(as_text=True)
    browser.open("/account")
    for act in ("reset", "link"):
        assert browser.send(page, act=act, reason="x").status_code == 403
        browser.open("/account")
    assert browser.open(f"{page}/end").status_code == 403
    browser.open("/account")
    assert browser.send(f"{page}/end", reason="x", sure="y").status_code == 403
    assert user_in(app, world.officer).active
