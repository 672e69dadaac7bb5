"""Mails: put into the outbox in the transaction of their cause, written in the recipient's language when they leave."""

from __future__ import annotations

import json
import logging
import re
import smtplib
import ssl
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import or_
from sqlmodel import Session, col, select

from languages import format_date, is_language, separator, translator
from models.audit import OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import User
from models.responses import NationalResponse
from models.states import ReportingState
from services.deadlines import deadline_words
from services.instruments import get_instrument
from services.kept_posts import derive_key
from settings import Secrets, Settings, load_secrets

LOG = logging.getLogger("tracker.outbox")
TEMPLATES = Path(__file__).parent.parent / "templates" / "mails"

LEASE = timedelta(minutes=10)
"""A mail that a process took and did not finish is free for another after this time."""
DELAYS = (1, 2, 5, 15, 60, 120, 240, 480, 720, 1440)
"""Minutes until the next try after each failure; after the last the mail is given up."""
OLDEST = timedelta(days=7)
"""A mail that waited longer is not sent any more: it would announce what is long settled."""
AT_ONCE = 50
"""Mails on one SMTP connection."""

_SEALED = "sealed"
_EXPIRES = "expires_at"
_NAMES = frozenset({"name", "by", "before", "state", "cycle", "number", "reference"})
"""Entries that stand inside a line, perhaps in the subject."""


class BadAddress(ValueError):
    """An address that cannot stand in the header of a mail: no or several @, a space, a control character."""


class UnknownTemplate(LookupError):
    """There is no mail of this name."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as it is read: subject and plain text, in one language."""

    subject: str
    body: str
    language: str


def send_later(session: Session, recipient: str, language: str, template: str, context: Mapping[str, Any]) -> None:
    """Put a mail into the outbox, in the same transaction as its cause; it is written in `language` when it is sent.

    `context` holds codes, ids and texts. `state_id` and `response_id` become the names a mail needs; `expires_at` (ISO) is
    the moment after which it is not sent any more. Secrets (links that sign a person in) go through `seal`.
    Raises BadAddress and UnknownTemplate.
    """
    check_address(recipient)
    if not (TEMPLATES / f"{template}.txt").is_file():
        raise UnknownTemplate(template)
    session.add(OutboxMail(
        recipient=recipient, language=language if is_language(language) else "en", template=template, context=dict(context)
    ))  # fmt: skip


def check_address(address: str) -> None:
    """Raise BadAddress unless the text can be the one address of a header."""
    local, at, domain = address.partition("@")
    bad = any(unicodedata.category(sign)[0] in "CZ" for sign in address) or any(sign in address for sign in '<>,;:"()')
    if bad or not local or not at or not domain or "@" in domain or len(address) > 254:
        raise BadAddress(repr(address))


def seal(queue_key: str, **secrets: str) -> dict[str, str]:
    """Context entries that nobody reads in the database or in a backup of it; they are opened when the mail is written."""
    return {_SEALED: _cipher(queue_key).encrypt(json.dumps(secrets).encode()).decode()}


def _cipher(queue_key: str) -> Fernet:
    return Fernet(urlsafe_b64encode(derive_key(queue_key, "outbox")))


def deliver_due(database: Database, settings: Settings) -> int:
    """Send the mails that are due on one connection; the number sent. Without a mail server nothing is sent.

    Each mail is taken in a transaction of its own, sent outside any, and marked sent once. A process that dies between
    sending and marking sends it again, with the same Message-ID. Raises nothing for a server that refuses or is away.
    """
    if not settings.mail_host:
        return 0
    first = _take(database)
    if first is None:
        return 0
    secrets = load_secrets(settings)
    sent, mail = 0, first
    try:
        with _connection(settings) as smtp:
            while True:
                sent += _send(database, settings, secrets, smtp, mail)
                following = _take(database) if sent < AT_ONCE else None
                if following is None:
                    return sent
                mail = following
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("The mail server cannot be used: %s", error)
        _failed(database, mail.id, str(error))
    return sent


def _take(database: Database) -> OutboxMail | None:
    """The mail that is longest due, taken for this process; None when there is none."""
    now = utc_now()
    with database.transaction() as session:
        mail = session.exec(
            select(OutboxMail)
            .where(
                col(OutboxMail.sent_at).is_(None), OutboxMail.next_attempt_at <= now,
                OutboxMail.created_at > now - OLDEST, OutboxMail.attempts <= len(DELAYS),
            )
            .order_by(col(OutboxMail.next_attempt_at))
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()  # fmt: skip
        if mail is not None:
            mail.next_attempt_at = now + LEASE
            mail.attempts += 1
            session.add(mail)
        return mail


def _send(database: Database, settings: Settings, secrets: Secrets, smtp: smtplib.SMTP, mail: OutboxMail) -> int:
    """1 if the mail was sent, 0 if not; raises what concerns the connection and not this mail alone."""
    expires = mail.context.get(_EXPIRES)
    if expires and datetime.fromisoformat(expires) <= utc_now():
        _given_up(database, mail.id, "expired before it could be sent")
        return 0
    try:
        with database.reading() as session:
            zone = reader_zone(session, mail.recipient)
            message = render(session, settings, mail.language, mail.template, mail.context, secrets, zone=zone)
        smtp.send_message(_as_email(message, mail, settings))
    except smtplib.SMTPServerDisconnected:
        raise
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as error:
        _failed(database, mail.id, str(error))
        smtp.rset()
        return 0
    except (LookupError, ValueError, InvalidToken) as error:
        LOG.exception("The mail %s cannot be written.", mail.id)
        _given_up(database, mail.id, repr(error))
        return 0
    with database.transaction() as session:
        row = session.get_one(OutboxMail, mail.id)
        row.sent_at, row.error = utc_now(), ""
        # What opened an account has done its work; nothing of it stays.
        row.context = {key: value for key, value in mail.context.items() if key != _SEALED}
        session.add(row)
    return 1


def _failed(database: Database, mail_id: str, error: str) -> None:
    with database.transaction() as session:
        row = session.get_one(OutboxMail, mail_id)
        last = row.attempts > len(DELAYS)
        row.error = error[:500]
        row.next_attempt_at = utc_now() + timedelta(minutes=0 if last else DELAYS[row.attempts - 1])
        session.add(row)


def _given_up(database: Database, mail_id: str, error: str) -> None:
    with database.transaction() as session:
        row = session.get_one(OutboxMail, mail_id)
        row.attempts, row.error = len(DELAYS) + 1, error[:500]
        row.context = {key: value for key, value in row.context.items() if key != _SEALED}
        session.add(row)


def list_unsent(session: Session) -> list[OutboxMail]:
    """Mails that failed at least once and have not left, newest first: for the page of the secretariat and the doctor."""
    statement = select(OutboxMail).where(
        col(OutboxMail.sent_at).is_(None), or_(col(OutboxMail.error) != "", col(OutboxMail.attempts) > 1)
    )
    return list(session.exec(statement.order_by(col(OutboxMail.created_at).desc())))


@contextmanager
def _connection(settings: Settings) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(settings.mail_host, settings.mail_port, timeout=20) as smtp:
        if settings.mail_tls:
            smtp.starttls(context=ssl.create_default_context())
        if settings.mail_username:
            smtp.login(settings.mail_username, settings.mail_password)
        yield smtp


def _as_email(message: Message, mail: OutboxMail, settings: Settings) -> EmailMessage:
    check_address(mail.recipient)
    email = EmailMessage(policy=SMTP)
    email["From"] = settings.mail_sender
    email["To"] = mail.recipient
    email["Subject"] = message.subject
    email["Date"] = format_datetime(utc_now())
    email["Message-ID"] = f"<{mail.id}@{settings.mail_sender.rpartition('@')[2] or 'localhost'}>"
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(message.body)
    email["Content-Language"] = message.language
    return email


def render(
    session: Session,
    settings: Settings,
    language: str,
    template: str,
    context: Mapping[str, Any],
    secrets: Secrets | None = None,
    *,
    zone: str = "UTC",
) -> Message:
    """The mail as it would be read, for sending and for a preview. Without `secrets`, a sealed link shows as a dotted line.

    `zone` is that of its reader: moments are given in it.

    Raises UnknownTemplate, and jinja2's UndefinedError for an entry that the context lacks.
    """
    values = dict(context)
    token = values.pop(_SEALED, None)
    if token is not None and secrets is not None:
        values |= json.loads(_cipher(secrets.queue_key).decrypt(str(token).encode()))
    values.setdefault("link", "…")
    values |= _facts(session, settings, language, values, zone)
    for name in _NAMES & values.keys():
        values[name] = _one_line(str(values[name]))
    if not (TEMPLATES / f"{template}.txt").is_file():
        raise UnknownTemplate(template)
    text = _environment(language).get_template(f"{template}.txt").render(values)
    subject, _, body = text.strip().partition("\n")
    return Message(_one_line(subject), _clean(body).strip() + "\n", language)


def reader_zone(session: Session, address: str) -> str:
    """The time zone of the person with an address; UTC for somebody who has no account yet."""
    return session.exec(select(User.time_zone).where(User.email == address)).one_or_none() or "UTC"


def _facts(session: Session, settings: Settings, language: str, values: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """What ids in the context stand for, in the language of the mail."""
    facts: dict[str, Any] = {
        "address": settings.address, "rehearsal": settings.rehearsal, "contact": settings.contact,
    }  # fmt: skip
    response = session.get(NationalResponse, values["response_id"]) if values.get("response_id") else None
    state_id = values.get("state_id") or (response.state_id if response else None)
    state = session.get(ReportingState, state_id) if state_id else None
    cycle_id = values.get("cycle_id") or (response.cycle_id if response else None)
    cycle = session.get(Cycle, cycle_id) if cycle_id else None
    facts["state"] = (state.names.get(language) or state.names.get("en", "")) if state else ""
    facts["cycle"] = cycle.title if cycle else ""
    facts["deadline"] = ""
    if cycle is not None:
        deadline = (response.extended_deadline if response else None) or cycle.deadline
        facts["deadline"] = deadline_words(deadline, cycle.deadline_zone, language, zone)
    if response is not None:
        facts["response_link"] = f"{settings.address}/responses/{response.id}"
    for name in ("valid_until", _EXPIRES):
        if values.get(name):
            facts[name] = format_date(datetime.fromisoformat(values[name]).date(), language)
    if values.get("due"):
        facts["due_date"] = format_date(date.fromisoformat(values["due"]), language)
    if values.get("questions") and cycle is not None:
        names = _question_names(session, cycle, language, values["questions"])
        facts["questions"] = list(names.values())
        if response is not None:
            facts["linked_questions"] = [
                (words, f"{facts['response_link']}/questions/{id_}") for id_, words in names.items()
            ]
    if "comments" in values:
        facts["entries"] = [_commented(session, settings, language, entry) for entry in values["comments"]]
    return facts


def _commented(session: Session, settings: Settings, language: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the digest of comments in words: State, question, who wrote, how many, whether the reader is named, link."""
    response = session.get_one(NationalResponse, entry["response_id"])
    cycle = session.get_one(Cycle, response.cycle_id)
    names = session.get_one(ReportingState, response.state_id).names
    question = _question_names(session, cycle, language, [entry["question_id"]])
    return {
        "state": names.get(language) or names.get("en", ""), "count": entry["count"], "mention": entry["mention"],
        "question": _one_line("".join(question.values())),
        "by": separator(language).join(_one_line(name) for name in entry["by"]),
        "link": f"{settings.address}/responses/{response.id}/questions/{entry['question_id']}/comments",
    }  # fmt: skip


def _question_names(session: Session, cycle: Cycle, language: str, question_ids: list[str]) -> dict[str, str]:
    instrument = get_instrument(session, cycle.instrument_version_id)
    texts, questions = instrument.texts_in(language), instrument.questions
    return {
        name: f"{questions[name].number_in(texts)} {texts(f'{name}.label')}"
        for name in question_ids
        if name in questions
    }


@lru_cache(maxsize=8)
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 - plain text: nothing here is read as markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translator(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def _one_line(text: str) -> str:
    # Not str.split: it would turn the no-break space of French typography into a plain one.
    return re.sub(r"[ \t\n]+", " ", _clean(text)).strip(" ")[:200]


def _clean(text: str) -> str:
    """The text without control characters except line ends and tabs."""
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) != "Cc")
