"""A post that arrives without a session is kept for its author, when the page's signed token came with it."""

from __future__ import annotations

from typing import NamedTuple

from flask import request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from services.kept_posts import keep_post
from views.context import tracker, transaction

TOKEN_FIELD = "page_token"  # noqa: S105 - the name of a form field
_OLDEST = 7 * 24 * 3600
COMMENTS = "comments/"
"""Before the question id in the token of a page of comments, and of what is kept of one."""
_LEFT_OUT = {TOKEN_FIELD, "csrf_token", "go", "add", "remove"}


class Kept(NamedTuple):
    """Where the person finds the kept text again."""

    url: str


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(tracker().secrets.secret_key, salt="page-token")


def page_token(user_id: int, response_id: str, question_id: str) -> str:
    """The signed token of a page of a question: it says for whom a late post may be kept, and opens nothing."""
    return _serializer().dumps([user_id, response_id, question_id])


def keep_current_post() -> Kept | None:
    """Keep the current post of a page of a question; None when it is not one, its token is not ours, or it is too large."""
    if request.method != "POST" or TOKEN_FIELD not in request.form:
        return None
    try:
        user_id, response_id, question_id = _serializer().loads(request.form[TOKEN_FIELD], max_age=_OLDEST)
    except (BadSignature, ValueError):
        return None
    pairs = [[name, text] for name, text in request.form.items(multi=True) if name not in _LEFT_OUT]
    with transaction() as db:
        if not keep_post(db, tracker().secrets.queue_key, user_id, response_id, question_id, pairs):
            return None
    if question_id.startswith(COMMENTS):
        question_id = question_id.removeprefix(COMMENTS)
        return Kept(url_for("comments.page", response_id=response_id, question_id=question_id))
    return Kept(url_for("responses.question", response_id=response_id, question_id=question_id))
