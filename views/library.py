"""The account library, adapted: codes that work once, mails through the outbox, our passphrase rules, passkeys on any device."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any, cast

from flask import current_app, g, request, url_for
from flask_security import MailUtil, PasswordUtil, Security, SQLAlchemySessionUserDatastore, Totp, WebauthnUtil
from flask_security.recoverable import generate_reset_password_token
from flask_security.recovery_codes import MfRecoveryCodesUtil
from flask_security.utils import get_message, hash_password
from passlib.exc import TokenError
from qrcode.main import QRCode
from sqlalchemy import inspect
from sqlmodel import Session
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from forms.passphrases import normalize, passphrase_problem
from forms.sign_in import ForgotForm, SignInForm
from models.base import utc_now
from models.people import User, WebAuthn
from services.audit import record
from services.outbox import seal, send_later
from services.permissions import Actor
from services.roles import check_may_help
from services.sign_ins import (
    accept_totp_step,
    is_delayed,
    make_recovery_codes,
    note_failed_sign_in,
    recovery_digest,
    use_recovery_code,
)
from views.context import tracker, transaction
from views.limits import is_known_device, network, own_origins

RESET_WITHIN = timedelta(minutes=30)
HASHES_AT_ONCE = 2
"""Passphrases hashed at the same time by one process: each takes 64 MB and a processor for a moment; saves must not wait."""


def library_session() -> Session:
    """The account library's session of this request: it reads; what the library changes is written by `Datastore.commit`."""
    if "library_session" not in g:
        session = tracker().database.reading_session()
        session.autoflush = False
        g.library_session = session
    return cast(Session, g.library_session)


def close_library_session(_error: BaseException | None = None) -> None:
    """End the session with the request."""
    session = g.pop("library_session", None)
    if session is not None:
        session.close()


class Datastore(SQLAlchemySessionUserDatastore):
    """Accounts on our tables. The library's changes gather in a session that only reads, and are stored at once by `commit`.

    So a sign-in never holds the one writer of SQLite while it hashes a passphrase, and a view of ours that reads the
    signed-in person can open its own transaction.
    """

    def commit(self) -> None:
        """Store what the library changed: changed columns only, so that nothing stored meanwhile is set back."""
        session: Session = library_session()
        added = list(session.new)
        removed = [(type(row), inspect(row).identity) for row in session.deleted]
        changed = [
            (type(row), inspect(row).identity, values)
            for row in session.dirty
            if session.is_modified(row) and (values := _changed_columns(row))
        ]
        session.rollback()
        if not (added or removed or changed):
            return
        with transaction() as db:
            for model, identity, values in changed:
                stored = db.get_one(model, identity)
                for name, value in values.items():
                    setattr(stored, name, value)
                db.add(stored)
            for model, identity in removed:
                db.delete(db.get_one(model, identity))
            db.add_all(added)

    def create_webauthn(
        self,
        user: Any,
        credential_id: bytes,
        public_key: bytes,
        name: str,
        sign_count: int,
        usage: str,
        device_type: str,
        backup_state: bool,
        transports: list[str] | None = None,
        extensions: str | None = None,
        **_more: Any,
    ) -> None:
        """Store a new passkey of the person."""
        self._keep(WebAuthn(
            user_id=user.id, credential_id=credential_id, public_key=public_key, name=name, sign_count=sign_count, usage=usage,
            device_type=device_type, backup_state=backup_state, extensions=extensions,
            transports=[str(getattr(way, "value", way)) for way in transports or []],
        ))  # fmt: skip

    def tf_reset(self, user: Any) -> None:
        """Switch the authenticator off."""
        user.tf_primary_method = user.tf_totp_secret = None
        self._keep(user)

    def _keep(self, row: Any) -> None:
        library_session().add(row)


def _changed_columns(row: Any) -> dict[str, Any]:
    state = inspect(row)
    names = [column.key for column in state.mapper.column_attrs]
    return {name: getattr(row, name) for name in names if state.attrs[name].history.has_changes()}


class OneTimeTotp(Totp):
    """Authenticator codes, each good for one sign-in, in whichever process it arrives."""

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        """Whether the code is right and was not used before. While an authenticator is set up, its first code counts as new."""
        try:
            match = self._totp.verify(token, totp_secret, window=window)
        except TokenError:
            return False
        with transaction() as db:
            is_new = accept_totp_step(db, user.id, match.counter)
        return is_new or totp_secret != user.tf_totp_secret

    def generate_qrcode(self, username: str, totp: str) -> str:
        """The code as `<modules> <path>`: the page draws it itself, since it takes no picture from a `data:` address."""
        code = QRCode(border=4)
        code.add_data(self.get_totp_uri(username, totp))
        matrix = code.get_matrix()
        path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark)
        return f"{len(matrix)} {path}"


class RecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes: shown once when made, stored as keyed hashes, each used up in the statement that checks it."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        """Ten new codes; earlier ones end. The caller commits."""
        codes = make_recovery_codes()
        key = tracker().secrets.totp_key
        current_app.extensions["security"].datastore.mf_set_recovery_codes(
            user, [recovery_digest(key, code) for code in codes]
        )
        tell_change(user, "recovery_codes")
        return codes

    def get_recovery_codes(self, user: Any) -> list[str]:
        """Nothing: codes cannot be read back."""
        return []

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Whether the code is one of the person's; it is used up by this."""
        with transaction() as db:
            used = use_recovery_code(db, user.id, recovery_digest(tracker().secrets.totp_key, code))
            if not used:
                note_failed_sign_in(db, user.id, "recovery_code", network())
        return used

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Done already, when the code was checked."""
        return True


class OutboxMails(MailUtil):
    """The library's mails: into the outbox, to be written in the recipient's language, with the configured address."""

    def send_mail(
        self, template: str, subject: str, recipient: Any, sender: Any, body: str | None, html: str | None, **given: Any
    ) -> None:  # fmt: skip
        """Queue the mail that the library would have sent; its own texts are not used."""
        user, reset_token = given["user"], given.get("reset_token", "")
        if not reset_token:
            tell_change(user, "passphrase")
            return
        link = f"{tracker().settings.address}{url_for('security.reset_password', token=reset_token)}"
        with transaction() as db:
            send_later(db, user.email, user.language, "passphrase_reset", {
                "name": user.name, "expires_at": (utc_now() + RESET_WITHIN).isoformat(),
                **seal(tracker().secrets.queue_key, link=link),
            })  # fmt: skip
            record(db, "passphrase.link_sent", user.id, network=network())


def tell_change(user: Any, change: str) -> None:
    """Tell a person that something about their sign-in changed, and record it. Codes are those of the mail `account_changed`."""
    with transaction() as db:
        send_later(db, user.email, user.language, "account_changed", {"name": user.name, "change": change})
        record(db, f"account.{change}", user.id)


class Passphrases(PasswordUtil):
    """Our rules for passphrases in place of the library's."""

    def normalize(self, password: str) -> str:
        """One form for the same characters typed in two ways."""
        return normalize(password)

    def validate(self, password: str, is_register: bool, **given: Any) -> tuple[list[str] | None, str]:
        """(why it is refused, or None; its normal form)."""
        user = given.get("user")
        problem = passphrase_problem(password, (user.name, user.email) if user else ())
        return ([problem] if problem else None), normalize(password)


class Passkeys(WebauthnUtil):
    """Passkeys of any kind of device, always with a check of the owner: so one stands for passphrase and second factor."""

    def origin(self) -> str:
        """The origin that the browser sees: of the settings where the host is theirs, else of the request."""
        seen, asked = own_origins()
        return seen if seen.endswith(f"//{request.host}") else asked

    def authenticator_selection(self, user: Any, usage: str) -> AuthenticatorSelectionCriteria:
        """Found without typing an address, unlocked by its owner; built into the device or not."""
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        )

    def user_verification(self, user: Any, usage: list[str]) -> UserVerificationRequirement:
        """Always."""
        return UserVerificationRequirement.REQUIRED

    def name_svn(self, value: str) -> tuple[str | None, str | None]:
        """(why the name is refused, or None; the name): any script, at most 64 characters."""
        if len(value) > 64:
            return get_message("INVALID_INPUT_LENGTH", length=64)[0], None
        return None, value


class AccountSignInForm(SignInForm):
    """Sign-in that counts wrong tries, for known and unknown addresses alike, and waits where there were too many."""

    def validate(self, **kwargs: Any) -> bool:
        """Whether the person may sign in. What is wrong is not told: the page says the same in every case."""
        right = bool(super().validate(**kwargs))
        user = cast("User | None", self.user)
        if right and user is not None and is_delayed(user) and not is_known_device(user.id or 0):
            self.password.errors = [*self.password.errors, get_message("INVALID_PASSWORD")[0]]
            return False
        if not right and self.user is None and self.email.data and self.password.data:
            with transaction() as db:
                note_failed_sign_in(db, None, "password", network())
        return right


class AccountForgotForm(ForgotForm):
    """A request for a new passphrase that takes as long for an unknown address as for a known one."""

    def validate(self, **kwargs: Any) -> bool:
        """Whether a mail goes out. The library hashes once for an unknown address, so a known one does too."""
        known = bool(super().validate(**kwargs))
        if known:
            hash_password("the same work as for an unknown address")
        elif self.email.data:
            with transaction() as db:
                record(db, "passphrase.link_refused", network=network())
        return known


class BoundedHashing:
    """The library's hashing, a few at a time: a crowd of sign-ins waits here and not in front of the people who save."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._turn = threading.BoundedSemaphore(HASHES_AT_ONCE)

    def hash(self, *given: Any, **named: Any) -> Any:
        """As the wrapped context."""
        with self._turn:
            return self._context.hash(*given, **named)

    def verify(self, *given: Any, **named: Any) -> Any:
        """As the wrapped context."""
        with self._turn:
            return self._context.verify(*given, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def passphrase_link(db: Session, actor: Actor, user: User, reason: str) -> str:
    """A link for a new passphrase, to hand on where no mail leaves. It works once, within 30 minutes, and is on record.

    Raises PermissionDenied and NotFound unless the actor may help this person.
    """
    state_id = check_may_help(db, actor, user)
    record(db, "passphrase.link_made", actor.user_id, state_id, user=user.id, reason=reason)
    token = cast(str, cast(Any, generate_reset_password_token)(user))
    return f"{tracker().settings.address}{url_for('security.reset_password', token=token)}"


def library() -> Security:
    """The account library of this application."""
    return cast(Security, current_app.extensions["security"])
