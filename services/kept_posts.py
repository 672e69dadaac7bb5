"""What a person posted with an expired session and without script: kept 24 hours, encrypted, given back to the same person."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlmodel import Session, col, delete, select

from models.base import utc_now
from models.people import KeptPost

KEPT_FOR = timedelta(hours=24)
LARGEST = 2_000_000
"""Characters of one kept post."""
MOST_PER_PERSON = 20

Pairs = list[list[str]]


def derive_key(secret: str, *context: str) -> bytes:
    """32 bytes for one purpose, from an installation secret (HKDF-SHA256)."""
    return HKDF(SHA256(), 32, salt=None, info="\x1f".join(context).encode()).derive(secret.encode())


def _cipher(secret: str, user_id: int, response_id: str) -> Fernet:
    return Fernet(urlsafe_b64encode(derive_key(secret, "kept-post", str(user_id), response_id)))


def keep_post(session: Session, secret: str, user_id: int, response_id: str, question_id: str, pairs: Pairs) -> bool:
    """Keep the pairs of field name and text; False when they are too large to be kept."""
    text = json.dumps(pairs, ensure_ascii=False)
    if len(text) > LARGEST:
        return False
    token = _cipher(secret, user_id, response_id).encrypt(text.encode()).decode()
    session.add(KeptPost(user_id=user_id, response_id=response_id, question_id=question_id, ciphertext=token))
    rows = session.exec(
        select(KeptPost)
        .where(KeptPost.user_id == user_id)
        .order_by(col(KeptPost.created_at).desc())
        .offset(MOST_PER_PERSON)
    ).all()
    for row in rows:
        session.delete(row)
    return True


def find_kept_post(session: Session, secret: str, user_id: int, response_id: str, question_id: str) -> Pairs | None:
    """The newest kept pairs of this person for this question, or None. Only that person's key opens them."""
    row = session.exec(
        select(KeptPost)
        .where(
            KeptPost.user_id == user_id, KeptPost.response_id == response_id, KeptPost.question_id == question_id,
            KeptPost.created_at > utc_now() - KEPT_FOR,
        )
        .order_by(col(KeptPost.created_at).desc())
    ).first()  # fmt: skip
    if row is None:
        return None
    try:
        pairs: Pairs = json.loads(_cipher(secret, user_id, response_id).decrypt(str(row.ciphertext).encode()))
    except InvalidToken:
        return None
    return pairs


def forget_kept_posts(session: Session, user_id: int, response_id: str, question_id: str) -> None:
    """Delete what was kept, once it has been given back and saved."""
    session.exec(delete(KeptPost).where(
        col(KeptPost.user_id) == user_id, col(KeptPost.response_id) == response_id, col(KeptPost.question_id) == question_id
    ))  # fmt: skip


def purge_kept_posts(session: Session) -> int:
    """Delete what is older than 24 hours; the number of rows deleted."""
    return session.exec(delete(KeptPost).where(col(KeptPost.created_at) <= utc_now() - KEPT_FOR)).rowcount
