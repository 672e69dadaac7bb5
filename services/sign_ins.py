"""Signing in, below the account library: what is counted, what works once, what ends a person's sessions."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from sqlmodel import Session, col, delete, or_, select, update

from models.base import utc_now
from models.people import User, WebAuthn
from services.audit import record

FREE_FAILURES = 15
"""Wrong tries in a row before an account is delayed. One network is stopped earlier (views/limits.py), so that it alone
cannot keep a person out; the delay is for tries that come from many networks at once."""
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)

RECOVERY_CODES = 10


def delay_after(failures: int) -> timedelta:
    """How long an account waits after so many wrong tries in a row: doubling, at most 15 minutes, never for good."""
    beyond = failures - FREE_FAILURES
    if beyond <= 0:
        return timedelta(0)
    doublings: int = min(beyond - 1, 16)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def note_failed_sign_in(session: Session, user_id: int | None, how: str, network: str) -> None:
    """Record a wrong try; `user_id` is None for an address without account, which costs as much, so that time tells nothing.

    A try made while the account is delayed does not lengthen the delay.
    """
    if user_id is not None:
        user = session.exec(select(User).where(User.id == user_id).with_for_update()).one()
        now = utc_now()
        if user.locked_until is None or user.locked_until <= now:
            user.failed_sign_ins += 1
            wait = delay_after(user.failed_sign_ins)
            user.locked_until = now + wait if wait else None
            session.add(user)
    record(session, "sign_in.failed", user_id, how=how, network=network)


def note_sign_in(session: Session, user_id: int, how: str) -> None:
    """Record that a person signed in, and forget the wrong tries before."""
    forget_failures(session, user_id)
    record(session, "signed_in", user_id, how=how)


def forget_failures(session: Session, user_id: int) -> None:
    """Count wrong tries from zero again: after a sign-in, and after a new passphrase."""
    session.execute(
        update(User)
        .where(col(User.id) == user_id, or_(col(User.failed_sign_ins) > 0, col(User.locked_until).is_not(None)))
        .values(failed_sign_ins=0, locked_until=None)
    )


def is_delayed(user: User) -> bool:
    """Whether the account waits after too many wrong tries."""
    return user.locked_until is not None and user.locked_until > utc_now()


def accept_totp_step(session: Session, user_id: int, step: int) -> bool:
    """Take a TOTP time step (Unix time divided by 30 seconds) as used; False when it, or a later one, was used before.

    One statement decides, so that the same code sent to two processes at once signs in once.
    """
    result = session.execute(
        update(User)
        .where(col(User.id) == user_id, or_(col(User.tf_last_counter).is_(None), col(User.tf_last_counter) < step))
        .values(tf_last_counter=step)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def make_recovery_codes() -> list[str]:
    """Ten new codes of 60 bits, in four groups, without the letters and digits that are taken for one another."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return [
        "-".join("".join(secrets.choice(alphabet) for _ in range(3)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]


def recovery_digest(key: str, code: str) -> str:
    """What is stored of a recovery code: HMAC-SHA256 under the installation's key, of the code without blanks and dashes."""
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return hmac.new(key.encode(), plain.encode(), hashlib.sha256).hexdigest()


def use_recovery_code(session: Session, user_id: int, digest: str) -> bool:
    """Use up a recovery code; False when the person has no such code (any more)."""
    user = session.exec(select(User).where(User.id == user_id).with_for_update()).one()
    codes = list(user.mf_recovery_codes or [])
    if digest not in codes:
        return False
    user.mf_recovery_codes = [code for code in codes if code != digest]
    session.add(user)
    record(session, "recovery_code.used", user_id, left=len(codes) - 1)
    return True


def end_sessions(session: Session, user: User) -> None:
    """Sign the person out everywhere, at once: every session carries this token."""
    user.fs_uniquifier = secrets.token_hex(16)
    session.add(user)


def forget_second_factors(session: Session, user: User) -> None:
    """Take away authenticator, recovery codes and passkeys, and sign the person out; the passphrase stays."""
    user.tf_primary_method = user.tf_totp_secret = user.tf_last_counter = None
    user.mf_recovery_codes = None
    user.failed_sign_ins, user.locked_until = 0, None
    session.execute(delete(WebAuthn).where(col(WebAuthn.user_id) == user.id))
    end_sessions(session, user)
