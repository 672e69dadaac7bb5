"""The digest of comments: at most one mail a day for each person, saying where something is new and never what was written."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models.base import utc_now
from models.comments import Comment, CommentDigest, CommentNotice
from models.people import OFFICER, User
from models.queries import names_of_users
from models.responses import NationalResponse
from services.outbox import send_later
from services.people import open_memberships
from services.reach import reads_question

TEMPLATE = "comment_digest"

MORNING = 6
"""Hour of the reader's day from which the digest goes out."""
OLDEST = timedelta(days=7)
"""What waited longer (no mail server, a long absence of it) is not announced any more."""


def wants_digest(session: Session, user_id: int) -> bool:
    """Whether the person gets the digest; yes, until they say no."""
    row = session.get(CommentDigest, user_id)
    return row is None or row.wanted


def choose_digest(session: Session, user_id: int, wanted: bool) -> None:
    """Switch a person's digest on or off."""
    row = session.get(CommentDigest, user_id) or CommentDigest(user_id=user_id)
    row.wanted = wanted
    session.add(row)


def send_digests(session: Session, now: datetime | None = None) -> int:
    """Put the digests that are due into the outbox; their number.

    One is due in the morning of its reader's own day, if something is new and none went out that day. What the person no longer
    may read, what was deleted, and what nobody wants to hear of is settled without a mail.
    """
    now = now or utc_now()
    waiting: dict[int, list[tuple[CommentNotice, Comment]]] = {}
    rows = session.exec(
        select(CommentNotice, Comment)
        .where(CommentNotice.comment_id == Comment.id, col(CommentNotice.settled_at).is_(None))
        .order_by(col(Comment.at), col(Comment.id))
    )
    for notice, comment in rows:
        waiting.setdefault(notice.user_id, []).append((notice, comment))
    return sum(_send_one(session, session.get_one(User, user_id), found, now) for user_id, found in waiting.items())


def _send_one(session: Session, user: User, found: list[tuple[CommentNotice, Comment]], now: datetime) -> bool:
    digest = session.get(CommentDigest, user.id) or CommentDigest(user_id=user.id or 0)
    zone = ZoneInfo(user.time_zone)
    today = now.astimezone(zone)
    if digest.sent_at is not None and digest.sent_at.astimezone(zone).date() >= today.date():
        return False
    if today.hour < MORNING and digest.wanted:
        return False
    told = [
        (notice, comment) for notice, comment in found
        if digest.wanted and user.active and comment.deleted_at is None and comment.at > now - OLDEST
        and _may_read(session, user, comment)
    ]  # fmt: skip
    for notice, _comment in found:
        notice.settled_at = now
        session.add(notice)
    if not told:
        return False
    send_later(session, user.email, user.language, TEMPLATE, {"name": user.name, "comments": _entries(session, told)})
    digest.sent_at = now
    session.add(digest)
    return True


def _may_read(session: Session, user: User, comment: Comment) -> bool:
    response = session.get_one(NationalResponse, comment.national_response_id)
    roles = [entry.role for entry in open_memberships(session, user.id, response.state_id, response.cycle_id)]
    if roles:
        return any(reads_question(session, response, user.email, role, comment.question_id) for role in roles)
    return comment.audience == "shared" and user.has_role(OFFICER)


def _entries(session: Session, told: list[tuple[CommentNotice, Comment]]) -> list[dict[str, object]]:
    """One entry for each question: ids and names, never a text. A mail leaves the system."""
    names = names_of_users(session, {comment.author_id for _notice, comment in told})
    entries: dict[tuple[str, str], dict[str, object]] = {}
    for notice, comment in told:
        key = (comment.national_response_id, comment.question_id)
        entry = entries.setdefault(
            key, {"response_id": key[0], "question_id": key[1], "by": [], "count": 0, "mention": False}
        )
        authors = entry["by"]
        assert isinstance(authors, list)
        if names[comment.author_id] not in authors:
            authors.append(names[comment.author_id])
        entry["count"] = int(str(entry["count"])) + 1
        entry["mention"] = bool(entry["mention"]) or notice.mention
    return list(entries.values())
