"""Passkeys, with an authenticator made of a key and a few bytes: added, used for signing in, removed; nothing false is let in."""

from __future__ import annotations

import hashlib
import html
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import cbor2
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from sqlmodel import select

from models.audit import OutboxMail
from models.base import utc_now
from models.people import WebAuthn
from services.roles import deactivate_person, reset_second_factor
from tests.views.account_steps import Browser, officer_actor, tracker_of, world_in

FOCAL = "focal@ministry.example"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text_of(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Passkey:
    """What a telephone or a security key does, for one site."""

    origin: str = "http://localhost"
    verifies: bool = True
    identity: bytes = field(default_factory=lambda: secrets.token_bytes(20))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    handle: bytes = b""
    count: int = 0

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin}).encode()

    def _authenticator_data(self, site: str, more: bytes = b"") -> bytes:
        self.count += 1
        flags = PRESENT | (VERIFIED if self.verifies else 0) | (ATTESTED if more else 0)
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + more

    def create(self, options: dict[str, Any]) -> str:
        """The answer to `navigator.credentials.create`."""
        self.handle = bytes_of(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        data = self._authenticator_data(
            options["rp"]["id"], bytes(16) + len(self.identity).to_bytes(2, "big") + self.identity + cose
        )
        return self._answer({
            "clientDataJSON": text_of(self._client_data("create", options["challenge"])),
            "attestationObject": text_of(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal", "hybrid"],
        })  # fmt: skip

    def get(self, options: dict[str, Any]) -> str:
        """The answer to `navigator.credentials.get`."""
        client_data = self._client_data("get", options["challenge"])
        data = self._authenticator_data(options["rpId"])
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._answer({
            "clientDataJSON": text_of(client_data), "authenticatorData": text_of(data), "signature": text_of(signature),
            "userHandle": text_of(self.handle),
        })  # fmt: skip

    def _answer(self, response: dict[str, Any]) -> str:
        return json.dumps({
            "id": text_of(self.identity), "rawId": text_of(self.identity), "type": "public-key", "response": response,
            "extensions": json.dumps({"credProps": {"rk": True}}),
        })  # fmt: skip


def asked(browser: Browser) -> tuple[str, dict[str, Any]]:
    """(where the answer goes, what the page asks the browser for)."""
    form = re.search(r'<form method="post" action="([^"]+)" data-passkey="\w+" data-options="([^"]+)"', browser.text)
    assert form, browser.text
    return html.unescape(form[1]), json.loads(html.unescape(form[2]))


def add(browser: Browser, passkey: Passkey, name: str = "office laptop") -> dict[str, Any]:
    browser.open("/wan-register")
    browser.send(name=name)
    action, options = asked(browser)
    browser.send(action, credential=passkey.create(options))
    return options


def sign_in_with(browser: Browser, passkey: Passkey, **more: Any) -> dict[str, Any]:
    browser.open("/login")
    browser.send("/wan-signin", **more)
    action, options = asked(browser)
    browser.send(action, credential=passkey.get(options), **more)
    return options


def owner(app: Flask) -> Browser:
    browser = Browser(app)
    browser.sign_in(FOCAL)
    browser.set_up_authenticator()
    return browser


def passkeys(app: Flask) -> list[WebAuthn]:
    with tracker_of(app).database.reading() as db:
        rows = list(db.exec(select(WebAuthn)))
        db.expunge_all()
        return rows


def test_a_passkey_is_added_and_signs_in_without_passphrase_and_code(both_app: Flask) -> None:
    world = world_in(both_app)
    browser, passkey = owner(both_app), Passkey()
    options = add(browser, passkey, "Bürolaptop ١")
    assert browser.path == "/account/second-factor" and "Bürolaptop" in browser.text
    assert options["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required"
    }  # fmt: skip
    with tracker_of(both_app).database.reading() as db:
        changes = [mail.context.get("change") for mail in db.exec(select(OutboxMail))]
    assert "passkey_added" in changes
    other = Browser(both_app)
    asked_for = sign_in_with(other, passkey, next=f"/responses/{world.response_id}/people")
    assert other.path == f"/responses/{world.response_id}/people"
    # Nothing about accounts is told to whoever asks.
    assert asked_for["userVerification"] == "required" and not asked_for.get("allowCredentials")
    (stored,) = passkeys(both_app)
    assert stored.sign_count == 2 and stored.transports == ["internal", "hybrid"] and stored.usage == "first"


def test_the_page_says_what_it_needs_without_inline_script(app: Flask) -> None:
    world_in(app)
    browser = owner(app)
    browser.open("/wan-register")
    browser.send(name="office laptop")
    assert re.search(r'<script type="module" src="/static/js/passkeys.js\?v=\w+"></script>', browser.text)
    assert "<noscript>" in browser.text and "onclick" not in browser.text and "<script>" not in browser.text


def test_an_answer_that_is_false_is_refused(app: Flask) -> None:
    world_in(app)
    browser, passkey = owner(app), Passkey()
    add(browser, passkey)
    visitor = Browser(app)

    def attempt(used: Passkey, spoil: Any = None) -> bool:
        visitor.open("/login")
        visitor.send("/wan-signin")
        action, options = asked(visitor)
        answer = used.get(options)
        visitor.send(action, credential=spoil(answer) if spoil else answer)
        return visitor.path.startswith("/responses/")

    twin = Passkey(identity=passkey.identity, handle=passkey.handle, count=50)
    assert not attempt(twin)  # another key under the same name
    assert not attempt(Passkey(handle=passkey.handle))  # unknown here
    passkey.origin = "https://phishing.example"
    assert not attempt(passkey)
    passkey.origin = "http://localhost"
    passkey.verifies = False
    assert not attempt(passkey)  # whoever holds the device, not its owner
    passkey.verifies = True
    for spoil in (
        lambda _answer: "",
        lambda _answer: "{",
        lambda _answer: "[]",
        lambda answer: answer.replace("public-key", "x"),
    ):
        assert not attempt(passkey, spoil)
    assert attempt(passkey)


def test_an_answer_is_good_for_its_own_question_and_for_five_minutes(app: Flask) -> None:
    world_in(app)
    browser, passkey = owner(app), Passkey()
    add(browser, passkey)
    with time_machine.travel(utc_now()) as clock:
        visitor = Browser(app)
        visitor.open("/login")
        visitor.send("/wan-signin")
        first, options = asked(visitor)
        answer = passkey.get(options)
        visitor.open("/login")
        visitor.send("/wan-signin")
        second, _options = asked(visitor)
        visitor.send(second, credential=answer)
        assert visitor.path == "/wan-signin"
        clock.shift(timedelta(minutes=6))
        visitor.send(first, credential=answer)
        assert visitor.path == "/wan-signin" and "took too long" in visitor.text


def test_a_cloned_passkey_is_noticed(app: Flask) -> None:
    world_in(app)
    browser, passkey = owner(app), Passkey()
    add(browser, passkey)
    sign_in_with(Browser(app), passkey)
    passkey.count = 0
    clone = Browser(app)
    sign_in_with(clone, passkey)
    assert clone.path == "/wan-signin"


def test_no_session_is_kept_beyond_its_time_by_wish(app: Flask) -> None:
    world_in(app)
    browser, passkey = owner(app), Passkey()
    add(browser, passkey)
    visitor = Browser(app)
    sign_in_with(visitor, passkey, remember="y")
    assert visitor.path.startswith("/responses/")
    assert visitor.client.get_cookie("remember_token") is None


def test_a_passkey_shows_once_more_who_it_is(app: Flask) -> None:
    world_in(app)
    browser, passkey = owner(app), Passkey()
    add(browser, passkey)
    with time_machine.travel(utc_now() + timedelta(minutes=50)):
        browser.open("/tf-setup")
        assert browser.path == "/verify"
        browser.send("/wan-verify?next=/tf-setup")
        action, options = asked(browser)
        browser.send(action, credential=passkey.get(options), next="/tf-setup")
        assert browser.path == "/tf-setup"


def test_passkeys_are_removed_one_by_one_by_reset_and_with_the_account(app: Flask) -> None:
    world = world_in(app)
    browser, first, second = owner(app), Passkey(), Passkey()
    add(browser, first, "one")
    add(browser, second, "two")
    browser.open("/wan-register")
    browser.send(name="two")
    assert "You have a passkey named two already" in browser.text
    browser.open("/wan-register")
    browser.send("/wan-delete", name="one")
    assert [row.name for row in passkeys(app)] == ["two"]
    visitor = Browser(app)
    sign_in_with(visitor, first)
    assert visitor.path == "/wan-signin"
    with tracker_of(app).database.transaction() as db:
        deactivate_person(db, officer_actor(world.officer), world.focal_point, "left")
    sign_in_with(visitor, second)
    assert visitor.path == "/wan-signin"
    visitor.open("/account")
    assert visitor.path == "/login"
    with tracker_of(app).database.transaction() as db:
        from models.people import User

        db.get_one(User, world.focal_point).active = True
        from models.responses import NationalResponse
        from tests.builders import make_member

        make_member(db, db.get_one(User, world.focal_point), db.get_one(NationalResponse, world.response_id))
        reset_second_factor(db, officer_actor(world.officer), world.focal_point, "lost")
    assert passkeys(app) == []


def test_a_posted_usage_changes_nothing(app: Flask) -> None:
    world_in(app)
    browser, passkey = owner(app), Passkey()
    browser.open("/wan-register")
    browser.send(name="key", usage="secondary")
    action, options = asked(browser)
    browser.send(action, credential=passkey.create(options))
    assert [row.usage for row in passkeys(app)] == ["first"]
