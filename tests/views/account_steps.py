"""Steps of the account tests: a browser that sends the forms of the pages it is shown, an authenticator, people with passphrases."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import pyotp
from flask import Flask
from flask_security.utils import hash_password
from passlib.context import CryptContext
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from models.audit import OutboxMail
from models.people import User
from services.outbox import _cipher
from services.permissions import Actor, MembershipFact
from tests.builders import World, make_world
from views.context import Tracker

PASSPHRASE = "glacier mandolin teapot verbena"
OTHER_PASSPHRASE = "seven brass lanterns whisper"


def tracker_of(app: Flask) -> Tracker:
    """The installation behind an application."""
    found: Tracker = app.extensions["tracker"]
    return found


def world_in(app: Flask, *, quick: bool = True) -> World:
    """The usual small world, with PASSPHRASE as everybody's passphrase; hashed at little cost unless `quick` is False."""
    if quick:
        app.extensions["security"].pwd_context._context = CryptContext(
            schemes=["argon2"], argon2__memory_cost=64, argon2__time_cost=1, argon2__parallelism=1
        )
    with app.app_context():
        hashed = hash_password(PASSPHRASE)
    with tracker_of(app).database.transaction() as db:
        world = make_world(db)
        for user_id in (world.focal_point, world.contributor, world.observer, world.other_focal_point, world.officer):
            user = db.get_one(User, user_id)
            user.password = hashed
            db.add(user)
    return world


def user_in(app: Flask, user_id: int) -> User:
    """The person as stored now."""
    with tracker_of(app).database.reading() as db:
        user = db.get_one(User, user_id)
        db.expunge(user)
        return user


def officer_actor(user_id: int) -> Actor:
    """An officer as services see one."""
    return Actor(user_id, "Olive Officer", "officer@secretariat.example", "en", "UTC", True)


def focal_actor(session: Session, world: World) -> Actor:
    """The focal point of the first State as services see one."""
    from models.responses import NationalResponse

    response = session.get_one(NationalResponse, world.response_id)
    fact = MembershipFact(response.state_id, response.cycle_id, "focal_point")
    return Actor(world.focal_point, "Fay Focal", "focal@ministry.example", "en", "UTC", False, (fact,))


@dataclass
class Browser:
    """A browser that keeps cookies and sends each form with the token of the page it stood on."""

    app: Flask
    address: str = "203.0.113.7"
    page: TestResponse | None = field(default=None)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    @property
    def text(self) -> str:
        """The page shown now."""
        assert self.page is not None
        return self.page.get_data(as_text=True)

    @property
    def status(self) -> int:
        """The status of the page shown now."""
        assert self.page is not None
        return self.page.status_code

    @property
    def path(self) -> str:
        """Where the browser is."""
        assert self.page is not None
        return self.page.request.path

    def open(self, url: str, *, follow: bool = True, **given: Any) -> TestResponse:
        """Go to an address."""
        self.page = self.client.get(
            url, follow_redirects=follow, environ_overrides={"REMOTE_ADDR": self.address}, **given
        )
        return self.page

    def send(self, url: str = "", *, follow: bool = True, token: str | None = None, **data: Any) -> TestResponse:
        """Send a form of the page shown now; to the page itself when no address is given."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.text)
        body = {"csrf_token": token if token is not None else (found[1] if found else ""), **data}
        self.page = self.client.post(
            url or self.path, data=body, follow_redirects=follow, environ_overrides={"REMOTE_ADDR": self.address}
        )
        return self.page

    def sign_in(self, email: str, passphrase: str = PASSPHRASE, **given: Any) -> TestResponse:
        """Open the sign-in page and send address and passphrase."""
        self.open("/login")
        return self.send("/login", email=email, password=passphrase, **given)

    def set_up_authenticator(self) -> Authenticator:
        """On the set-up page: ask for the key, enter the first code."""
        self.send("/tf-setup", setup="authenticator")
        key = re.search(r'<code class="mono"[^>]*>([A-Z2-7 -]+)</code>', self.text)
        assert key, self.text
        authenticator = Authenticator(key[1].replace("-", "").replace(" ", ""))
        action = re.search(r'action="(/tf-(?:validate|setup/[^"]+))"', self.text)
        assert action
        self.send(action[1], code=authenticator.code())
        return authenticator


@dataclass
class Authenticator:
    """An app that shows codes."""

    key: str

    def code(self, steps_ahead: int = 0) -> str:
        """The code of now, or of a later step of 30 seconds."""
        return pyotp.TOTP(self.key).at(int(time.time()) + 30 * steps_ahead)


def with_authenticator(app: Flask, email: str = "focal@ministry.example") -> Authenticator:
    """The person, with an authenticator set up in another browser."""
    browser = Browser(app)
    browser.sign_in(email)
    return browser.set_up_authenticator()


def links(app: Flask) -> list[str]:
    """The links in mails that wait to leave, opened as they are when the mail is written."""
    tracker = tracker_of(app)
    with tracker.database.reading() as db:
        sealed = [mail.context["sealed"] for mail in db.exec(select(OutboxMail)) if "sealed" in mail.context]
    opened = [json.loads(_cipher(tracker.secrets.queue_key).decrypt(text.encode())) for text in sealed]
    return [entry["link"].removeprefix(tracker.settings.address) for entry in opened]


def with_mail(app: Flask) -> None:
    """As if a mail server were set up; nothing connects to it here."""
    tracker = tracker_of(app)
    object.__setattr__(tracker, "settings", tracker.settings.model_copy(update={"mail_host": "mail.example"}))
