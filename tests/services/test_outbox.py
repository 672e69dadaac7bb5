"""Mails: in the recipient's language through a real SMTP connection, once, later when the server is away, never forged."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from sqlmodel import select

from languages import LANGUAGES, translator
from models.audit import OutboxMail
from models.base import utc_now
from models.database import Database
from models.responses import NationalResponse
from services.outbox import (
    DELAYS,
    LEASE,
    OLDEST,
    BadAddress,
    UnknownTemplate,
    deliver_due,
    list_unsent,
    render,
    seal,
    send_later,
)
from settings import Settings, load_secrets
from tests.builders import World, make_world


class Mailbox:
    """What an SMTP server received. `refuse`: addresses it knows nobody at."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse: set[str] = set()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(mailbox: Mailbox, **given: Any) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **given)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with serving(box) as port:
        yield box, port


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    def make(port: int, **given: Any) -> Settings:
        return Settings.model_validate({
            "instance": tmp_path, "mail_host": "127.0.0.1", "mail_port": port,
            "mail_sender": "tracker@secretariat.example", "public_url": "https://tracker.example", **given,
        })  # fmt: skip

    return make


def world_of(database: Database) -> World:
    with database.transaction() as session:
        return make_world(session)


CONTEXTS: dict[str, dict[str, Any]] = {
    "invitation": {
        "role": "focal_point",
        "name": "Ines",
        "reference": "NV 7",
        "expires_at": "2099-12-01T00:00:00+00:00",
    },
    "reminder": {"late": False, "returned": True},
    "submitted": {"number": "XAA-2026-1"},
    "submitted_receipt": {"number": "XAA-2026-1", "sha256": "ab" * 32},
    "returned": {"reason": "Figures of 2024 are missing.", "questions": ["op13d", "op5"]},
    "reopened": {"reason": "New law."},
    "reopening_requested": {"reason": "New law."},
    "reopening_declined": {"reason": "Nothing changed."},
    "replaced": {"name": "Ines", "before": "Old", "is_officer": True},
    "second_factor_reset": {"name": "Ines", "by": "Olive", "reason": "lost"},
    "deadline_extended": {"reason": "asked for"},
    "passphrase_reset": {"name": "Ines", "expires_at": "2099-12-01T00:00:00+00:00"},
    "assigned": {
        "by": "Fay", "questions": ["op13d"], "notes": ["Ask the labour ministry."], "due": "2099-12-01", "invited": False,
    },
    "sent_back": {"by": "Fay", "questions": ["op13d"], "reason": "The law is missing."},
    "account_changed": {"name": "Ines", "change": "passkey_added"},
    "comment_digest": {
        "name": "Ines", "comments": [{"question_id": "op13d", "by": ["Fay"], "count": 2, "mention": True}],
    },
}  # fmt: skip


@pytest.mark.parametrize("template", CONTEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_can_be_written_in_every_language(
    sqlite_database: Database, settings_for: Callable[..., Settings], template: str, language: str
) -> None:
    world = world_of(sqlite_database)
    settings = settings_for(25)
    with sqlite_database.reading() as session:
        response = session.get_one(NationalResponse, world.response_id)
        facts = {"response_id": response.id, "state_id": response.state_id, **CONTEXTS[template]}
        if "comments" in facts:
            facts["comments"] = [{**entry, "response_id": response.id} for entry in facts["comments"]]
        message = render(session, settings, language, template, facts)
    assert message.subject and "\n" not in message.subject and len(message.body) > 80
    assert "{" not in message.body and "%(" not in message.body and "None" not in message.body
    assert "https://tracker.example" in message.body


def test_the_mails_are_all_here() -> None:
    folder = Path(__file__).parent.parent.parent / "templates" / "mails"
    assert {path.stem for path in folder.glob("*.txt") if not path.stem.startswith("_")} == set(CONTEXTS)


def test_a_mail_arrives_in_the_recipients_language(
    database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    box, port = mailbox
    world = world_of(database)
    settings = settings_for(port)
    key = load_secrets(settings).queue_key
    with database.transaction() as session:
        response = session.get_one(NationalResponse, world.response_id)
        for language in LANGUAGES:
            send_later(session, f"{language}@ministry.example", language, "invitation", {
                **CONTEXTS["invitation"], "state_id": response.state_id, "cycle_id": response.cycle_id,
                **seal(key, link=f"https://tracker.example/invitations/{language}-token"),
            })  # fmt: skip
    with database.reading() as session:
        stored = str([(mail.context, mail.error) for mail in session.exec(select(OutboxMail))])
        assert "-token" not in stored and "tracker.example/invitations" not in stored
    assert deliver_due(database, settings) == 6
    assert deliver_due(database, settings) == 0
    by_language = {str(message["Content-Language"]): message for message in box.messages}
    assert list(by_language) == list(LANGUAGES)
    for language, message in by_language.items():
        body = message.get_content()
        assert message["To"] == f"{language}@ministry.example" and message["From"] == "tracker@secretariat.example"
        assert f"https://tracker.example/invitations/{language}-token" in body
        words = translator(language)
        wanted = words.gettext(
            "Do not pass the link on. If it no longer works, ask the person who invited you for a new one."
        )
        assert wanted in body
        subject = words.gettext("Invitation to answer the follow-up questionnaire: %(state)s") % {"state": "Aldovia"}
        assert message["Subject"] == subject
        assert message["Message-ID"].endswith("@secretariat.example>") and message["Auto-Submitted"] == "auto-generated"
    assert "2099" in by_language["ar"].get_content()
    with database.reading() as session:
        assert all(
            mail.sent_at is not None and "sealed" not in mail.context for mail in session.exec(select(OutboxMail))
        )


def test_names_in_arabic_arrive_as_they_are(
    sqlite_database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    box, port = mailbox
    with sqlite_database.transaction() as session:
        send_later(session, "ines@ministry.example", "ar", "second_factor_reset", {
            "name": "إيناس كورّا", "by": "مسؤولة الأمانة", "reason": "ضاع الهاتف",
        })  # fmt: skip
    assert deliver_due(sqlite_database, settings_for(port)) == 1
    body = box.messages[0].get_content()
    assert "إيناس كورّا" in body and "مسؤولة الأمانة" in body and "ضاع الهاتف" in body


@pytest.mark.parametrize(
    "recipient",
    ["a@b.example\r\nBcc: everybody@b.example", "a@b.example\nSubject: x", "a@b.example, c@d.example", "a b@c.example",
     "<a@b.example>", "", "a@b@c.example", "a@b.example\x00"],
)  # fmt: skip
def test_a_recipient_that_would_forge_a_header_is_refused(sqlite_database: Database, recipient: str) -> None:
    with sqlite_database.transaction() as session, pytest.raises(BadAddress):
        send_later(session, recipient, "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})


def test_text_that_would_forge_a_header_stays_text(
    sqlite_database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    box, port = mailbox
    from tests.builders import make_state

    with sqlite_database.transaction() as session:
        make_state(session, "XEV", "Evil\r\nBcc: everybody@b.example\r\n\r\nbody")
        send_later(session, "a@b.example", "en", "submitted", {
            "state_id": "XEV", "response_id": "", "number": "1\r\n.\r\nMAIL FROM:<x@y.example>",
        })  # fmt: skip
    assert deliver_due(sqlite_database, settings_for(port)) == 1
    (message,) = box.messages
    assert message["Bcc"] is None and box.recipients == [["a@b.example"]]
    assert str(message["Subject"]).startswith("Evil Bcc: everybody@b.example body")


def test_an_unknown_mail_is_refused_where_it_is_caused(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session, pytest.raises(UnknownTemplate):
        send_later(session, "a@b.example", "en", "no_such_mail", {})


def test_without_a_mail_server_nothing_is_sent(
    sqlite_database: Database, settings_for: Callable[..., Settings]
) -> None:
    with sqlite_database.transaction() as session:
        send_later(session, "a@b.example", "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})
    assert deliver_due(sqlite_database, settings_for(25, mail_host="")) == 0
    with sqlite_database.reading() as session:
        assert session.exec(select(OutboxMail)).one().attempts == 0


def test_a_server_that_is_away_gets_the_mail_later(database: Database, settings_for: Callable[..., Settings]) -> None:
    port = free_port()
    settings = settings_for(port)
    start = utc_now()
    with time_machine.travel(start, tick=False) as clock:
        with database.transaction() as session:
            send_later(session, "a@b.example", "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})
        waits = []
        for _ in DELAYS:
            assert deliver_due(database, settings) == 0
            with database.reading() as session:
                mail = session.exec(select(OutboxMail)).one()
                assert mail.error and list_unsent(session) == [mail]
                waits.append(round((mail.next_attempt_at - utc_now()).total_seconds() / 60))
            assert deliver_due(database, settings) == 0  # not due yet: not tried
            clock.move_to(mail.next_attempt_at + timedelta(seconds=1))
        assert tuple(waits) == DELAYS
        box = Mailbox()
        with time_machine.travel(clock_now := utc_now(), tick=True), serving_on(box, port):
            assert clock_now and deliver_due(database, settings) == 1
        assert len(box.messages) == 1


@contextlib.contextmanager
def serving_on(mailbox: Mailbox, port: int) -> Iterator[None]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def test_one_refused_address_does_not_hold_up_the_others(
    database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    box, port = mailbox
    box.refuse = {"gone@b.example"}
    with database.transaction() as session:
        for address in ("a@b.example", "gone@b.example", "c@b.example"):
            send_later(session, address, "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})
    assert deliver_due(database, settings_for(port)) == 2
    assert box.recipients == [["a@b.example"], ["c@b.example"]]
    with database.reading() as session:
        (unsent,) = list_unsent(session)
        assert unsent.recipient == "gone@b.example" and "550" in unsent.error


def test_a_link_that_expired_while_waiting_is_not_sent(
    sqlite_database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    box, port = mailbox
    settings = settings_for(port)
    with sqlite_database.transaction() as session:
        send_later(session, "a@b.example", "en", "passphrase_reset", {
            "name": "N", "expires_at": (utc_now() - timedelta(minutes=1)).isoformat(),
            **seal(load_secrets(settings).queue_key, link="https://tracker.example/reset/x"),
        })  # fmt: skip
    assert deliver_due(sqlite_database, settings) == 0
    assert deliver_due(sqlite_database, settings) == 0
    assert box.messages == []
    with sqlite_database.reading() as session:
        assert "sealed" not in session.exec(select(OutboxMail)).one().context


def test_what_a_dead_process_took_is_sent_by_the_next(
    sqlite_database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    box, port = mailbox
    from services.outbox import _take

    with sqlite_database.transaction() as session:
        send_later(session, "a@b.example", "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})
    assert _take(sqlite_database) is not None
    assert deliver_due(sqlite_database, settings_for(port)) == 0
    with sqlite_database.transaction() as session:
        session.exec(select(OutboxMail)).one().next_attempt_at -= LEASE
    assert deliver_due(sqlite_database, settings_for(port)) == 1
    assert len(box.messages) == 1


def test_old_mails_are_not_sent_when_a_server_is_set_up_later(
    sqlite_database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    _box, port = mailbox
    with sqlite_database.transaction() as session:
        send_later(session, "a@b.example", "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})
    with sqlite_database.transaction() as session:
        session.exec(select(OutboxMail)).one().created_at = datetime.now(UTC) - OLDEST
    assert deliver_due(sqlite_database, settings_for(port)) == 0


def test_a_connection_that_must_be_encrypted_is_not_used_in_the_clear(
    sqlite_database: Database, mailbox: tuple[Mailbox, int], settings_for: Callable[..., Settings]
) -> None:
    box, port = mailbox  # it offers no STARTTLS
    with sqlite_database.transaction() as session:
        send_later(session, "a@b.example", "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})
    assert deliver_due(sqlite_database, settings_for(port, mail_tls=True)) == 0
    assert box.messages == []


def test_mails_go_out_over_starttls_to_a_server_with_a_good_certificate(
    sqlite_database: Database, settings_for: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    box = Mailbox()
    with sqlite_database.transaction() as session:
        send_later(session, "a@b.example", "en", "second_factor_reset", {"name": "N", "by": "B", "reason": "R"})
    with serving(box, tls_context=server, require_starttls=True) as port:
        settings = settings_for(port, mail_tls=True)
        assert deliver_due(sqlite_database, settings) == 0  # nobody vouches for the certificate
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with sqlite_database.transaction() as session:
            session.exec(select(OutboxMail)).one().next_attempt_at = utc_now()
        assert deliver_due(sqlite_database, settings) == 1
    assert len(box.messages) == 1


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return paths
