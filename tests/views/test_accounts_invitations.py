"""The link of an invitation and the people of a State, as pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlmodel import select

from languages import LANGUAGES, direction
from models.audit import OutboxMail
from models.base import utc_now
from models.people import Invitation, Membership, User
from models.responses import NationalResponse
from services.accounts import create_invitation
from services.invitations import issue_invitation, token_hash
from tests.builders import World, sign_in
from tests.views.account_steps import (
    OTHER_PASSPHRASE,
    PASSPHRASE,
    Browser,
    focal_actor,
    links,
    tracker_of,
    user_in,
    with_mail,
    world_in,
)

FORM: dict[str, Any] = {
    "name": "Nora New", "title": "Director", "language": "es", "time_zone": "America/Bogota",
    "passphrase": OTHER_PASSPHRASE, "passphrase_again": OTHER_PASSPHRASE,
}  # fmt: skip


def invited(
    app: Flask, world: World, role: str = "contributor", email: str = "new@ministry.example", **given: Any
) -> str:
    """The link of a new invitation to the first State."""
    with tracker_of(app).database.transaction() as db:
        place = focal_actor(db, world).memberships[0]
        where: dict[str, Any] = {} if role == "officer" else {"state_id": place.state_id, "cycle_id": place.cycle_id}
        if role == "focal_point":
            db.exec(
                select(Membership).where(Membership.role == role, Membership.state_id == place.state_id)
            ).one().ended_at = utc_now()
        token = issue_invitation(db, email=email, role=role, **where, **given)
    return f"/invitations/{token}"


def change(app: Flask, link: str, **given: Any) -> None:
    with tracker_of(app).database.transaction() as db:
        digest = token_hash(link.rpartition("/")[2])
        row = db.exec(select(Invitation).where(Invitation.token_hash == digest)).one()
        for name, value in given.items():
            setattr(row, name, value)


def test_a_contributor_accepts_and_is_at_work(both_app: Flask) -> None:
    world = world_in(both_app)
    browser = Browser(both_app)
    link = invited(both_app, world, name="Nora")
    browser.open(link)
    assert browser.status == 200 and 'value="Nora"' in browser.text and "Aldovia" in browser.text
    browser.send(**FORM)
    assert browser.path == f"/responses/{world.response_id}"
    assert '<html lang="es"' in browser.text
    browser.send("/logout")
    browser.sign_in("new@ministry.example", OTHER_PASSPHRASE)
    assert browser.path == f"/responses/{world.response_id}"


@pytest.mark.parametrize("role", ["officer", "focal_point"])
def test_officers_and_focal_points_go_on_to_the_authenticator(app: Flask, role: str) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.open(invited(app, world, role))
    browser.send(**FORM)
    assert browser.path == "/tf-setup"
    browser.open("/account")
    assert browser.path == "/login"
    browser.sign_in("new@ministry.example", OTHER_PASSPHRASE)
    browser.set_up_authenticator()
    assert browser.path == "/mf-recovery-codes"


def test_every_link_that_does_not_work_gets_the_same_page(app: Flask) -> None:
    world = world_in(app)
    used, expired, cancelled = (
        invited(app, world, email=f"{name}@m.example") for name in ("used", "expired", "cancelled")
    )
    change(app, used, used_at=utc_now())
    change(app, expired, expires_at=utc_now() - timedelta(seconds=1))
    change(app, cancelled, cancelled_at=utc_now())
    pages = []
    for link in (used, expired, cancelled, "/invitations/never-issued", "/invitations/" + "x" * 3000):
        browser = Browser(app)
        assert browser.open(link).status_code == 410
        pages.append(re.sub(r'(next=|value=")[^"]*', "", browser.text))
        assert browser.client.post(link, data=FORM).status_code in {410, 419}
    assert len(set(pages)) == 1
    assert "Ask the person who sent it for a new one" in pages[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opens_in_the_language_of_the_invitation(app: Flask, language: str) -> None:
    world = world_in(app)
    browser = Browser(app)
    link = invited(app, world, language=language)
    browser.open(link, headers={"Accept-Language": "de"})
    assert f'<html lang="{language}" dir="{direction(language)}">' in browser.text
    other = "fr" if language != "fr" else "ru"
    switch = re.search(rf'href="(/language/{other}\?[^"]+)"', browser.text)
    assert switch
    browser.open(switch[1])
    assert browser.path == link and f'<html lang="{other}"' in browser.text
    browser.open("/invitations/gone")
    assert browser.status == 410 and f'<html lang="{other}"' in browser.text


def test_what_was_typed_comes_back_with_the_errors(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    browser.open(invited(app, world))
    for given, said in (
        ({"passphrase": "too short"}, "at least 14 characters"),
        ({"passphrase": "Aldovia new@ministry", "passphrase_again": "Aldovia new@ministry"}, "easy to guess"),
        ({"passphrase": "trafficking in persons", "passphrase_again": "trafficking in persons"}, "easy to guess"),
        ({"passphrase": "Nora New Nora New", "passphrase_again": "Nora New Nora New"}, "easy to guess"),
        ({"passphrase_again": PASSPHRASE}, "differ"),
        ({"name": ""}, "Enter your name."),
    ):
        browser.send(**{**FORM, **given})
        assert browser.status == 422 and said in browser.text and 'value="Director"' in browser.text
        assert "<title>Error:" in browser.text and OTHER_PASSPHRASE not in browser.text
    browser.send(**FORM)
    assert browser.path == f"/responses/{world.response_id}"


def test_an_address_with_an_account_signs_in_first(app: Flask) -> None:
    world = world_in(app)
    with tracker_of(app).database.transaction() as db:
        other = db.get_one(NationalResponse, world.other_response_id)
        token = issue_invitation(
            db, email="contributor@ministry.example", role="observer", state_id=other.state_id, cycle_id=other.cycle_id
        )
    browser = Browser(app)
    browser.open(f"/invitations/{token}")
    assert (
        "There is an account for the invited address already" in browser.text and "passphrase_again" not in browser.text
    )
    before = user_in(app, world.contributor).password
    answer = browser.client.post(f"/invitations/{token}", data={**FORM, "csrf_token": ""})
    assert answer.status_code == 419 and user_in(app, world.contributor).password == before
    stranger = Browser(app)
    sign_in(stranger.client, user_in(app, world.observer))
    stranger.open(f"/invitations/{token}")
    assert stranger.status == 409
    browser.sign_in("contributor@ministry.example")
    browser.open(f"/invitations/{token}")
    browser.send()
    assert browser.path == "/" and "Borduria" in browser.text and "Aldovia" in browser.text


def test_a_link_of_the_first_start_asks_for_the_address(app: Flask) -> None:
    world = world_in(app)
    link = invited(app, world, "officer", email="")
    browser = Browser(app)
    browser.open(link)
    for email, said in (
        ("", "Enter your e-mail address."), ("nonsense", "This is not an e-mail address"),
        ("officer@secretariat.example", "There is an account with this address already"),
    ):  # fmt: skip
        browser.send(email=email, **FORM)
        assert browser.status == 422 and said in browser.text
    browser.send(email="Chief@Secretariat.example", **FORM)
    assert browser.path == "/tf-setup"


def test_the_focal_point_invites_and_without_mail_hands_the_link_on(app: Flask) -> None:
    world = world_in(app)
    browser = Browser(app)
    sign_in(browser.client, user_in(app, world.focal_point))
    people = f"/responses/{world.response_id}/people"
    browser.open(people)
    assert "Make the link" in browser.text
    browser.send(email="helper@ministry.example", name="Hal", language="ru", role="contributor")
    link = re.search(r"http://localhost:8000(/invitations/[\w-]+)", browser.text)
    assert browser.path == people and link
    browser.open(people)
    assert (
        "/invitations/" + link[1].rpartition("/")[2] not in browser.text and "helper@ministry.example" in browser.text
    )
    with tracker_of(app).database.reading() as db:
        assert db.exec(select(OutboxMail)).all() == []
        assert link[1].rpartition("/")[2] not in str([row.model_dump() for row in db.exec(select(Invitation))])
    again = re.search(rf'action="({people}/invitations/[\w-]+)"', browser.text)
    assert again
    browser.send(again[1], act="again")
    new_link = re.search(r"http://localhost:8000(/invitations/[\w-]+)", browser.text)
    assert new_link and new_link[1] != link[1]
    visitor = Browser(app)
    assert visitor.open(link[1]).status_code == 410
    assert visitor.open(new_link[1]).status_code == 200
    again = re.search(rf'action="({people}/invitations/[\w-]+)"', browser.text)
    assert again
    browser.send(again[1], act="cancel")
    assert Browser(app).open(new_link[1]).status_code == 410


def test_with_a_mail_server_the_link_goes_to_the_person_alone(app: Flask) -> None:
    world = world_in(app)
    with_mail(app)
    browser = Browser(app)
    sign_in(browser.client, user_in(app, world.focal_point))
    people = f"/responses/{world.response_id}/people"
    browser.open(people)
    browser.send(email="helper@ministry.example", name="Hal", language="ru", role="observer")
    assert "/invitations/" not in browser.text.replace(f"{people}/invitations/", "")
    (link,) = links(app)
    assert Browser(app).open(link).status_code == 200
    for email, said in (
        ("no address", "This is not an e-mail address"), ("observer@ministry.example", "works on the response already"),
        ("x@y.example\r\nBcc: z@y.example", "This is not an e-mail address"), ("", "Enter the e-mail address"),
    ):  # fmt: skip
        browser.send(email=email, name="", language="en", role="observer")
        assert browser.status == 422 and said in browser.text, email
    browser.send(email="a@y.example", name="", language="en", role="focal_point")
    assert browser.status == 422


def test_only_the_focal_point_manages_and_only_their_own_state(app: Flask) -> None:
    world = world_in(app)
    with tracker_of(app).database.transaction() as db:
        actor = focal_actor(db, world)
        place = actor.memberships[0]
        create_invitation(
            db, actor, email="x@y.example", role="observer", state_id=place.state_id, cycle_id=place.cycle_id
        )
        invitation_id = db.exec(select(Invitation.id)).one()
        membership_id = db.exec(select(Membership.id).where(Membership.user_id == world.contributor)).one()
    people, foreign = f"/responses/{world.response_id}/people", f"/responses/{world.other_response_id}/people"
    expected = {
        world.focal_point: (200, 404), world.contributor: (200, 404), world.observer: (200, 404),
        world.other_focal_point: (404, 200), world.officer: (403, 403),
    }  # fmt: skip
    for user_id, (own, other) in expected.items():
        client = app.test_client()
        sign_in(client, user_in(app, user_id))
        assert (client.get(people).status_code, client.get(foreign).status_code) == (own, other)
        page = client.get(people).get_data(as_text=True)
        assert ("x@y.example" in page) is (user_id == world.focal_point)
        if user_id == world.focal_point:
            continue
        token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/account").get_data(as_text=True))
        assert token
        for url in (people, f"{people}/invitations/{invitation_id}", f"{people}/{membership_id}"):
            answer = client.post(url, data={"csrf_token": token[1], "act": "remove", "reason": "x"})
            assert answer.status_code == (404 if user_id == world.other_focal_point else 403), (user_id, url)
        # The own page with another State's row is no way in either.
        if user_id == world.other_focal_point:
            for url in (f"{foreign}/invitations/{invitation_id}", f"{foreign}/{membership_id}"):
                data = {"csrf_token": token[1], "act": "remove", "reason": "x"}
                assert client.post(url, data=data).status_code == 404


def test_taking_off_resetting_and_a_passphrase_link_need_a_reason(app: Flask) -> None:
    world = world_in(app)
    with tracker_of(app).database.transaction() as db:
        user = db.get_one(User, world.contributor)
        user.tf_primary_method, user.tf_totp_secret = "authenticator", "x"
        membership_id = db.exec(select(Membership.id).where(Membership.user_id == world.contributor)).one()
    browser = Browser(app)
    sign_in(browser.client, user_in(app, world.focal_point))
    page = f"/responses/{world.response_id}/people/{membership_id}"
    browser.open(page)
    for act in ("remove", "reset", "link"):
        browser.send(page, act=act, reason=" ")
        assert browser.status == 422 and "Say why" in browser.text
    browser.send(page, act="reset", reason="telephone lost in a taxi")
    assert user_in(app, world.contributor).tf_totp_secret is None
    browser.open(page)
    browser.send(page, act="link", reason="forgot it, asked by telephone")
    link = re.search(r"http://localhost:8000(/reset/[\w.-]+)", browser.text)
    assert link
    colleague = Browser(app)
    colleague.open(link[1])
    colleague.send(password=OTHER_PASSPHRASE, password_confirm=OTHER_PASSPHRASE)
    colleague.sign_in("contributor@ministry.example", OTHER_PASSPHRASE)
    assert colleague.path == f"/responses/{world.response_id}"
    browser.open(page)
    browser.send(page, act="remove", reason="moved to another ministry")
    assert browser.path.endswith("/people") and "contributor@ministry.example" not in browser.text
    colleague.open(f"/responses/{world.response_id}")
    assert colleague.path == "/login"
    browser.open(f"/responses/{world.response_id}/people")
    assert browser.send(page, act="nonsense", reason="x").status_code == 404
