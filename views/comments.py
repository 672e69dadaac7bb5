"""Pages of comments: one list for a response, one page for each question; the State and the secretariat each see their own threads."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlmodel import Session
from werkzeug.datastructures import MultiDict

from forms.comments import CommentForm
from languages import isolate_ranges
from models.base import new_id
from services.comments import (
    SHARED,
    Discussion,
    count_unresolved,
    delete_comment,
    list_tellable,
    open_discussion,
    read_conversation,
    set_resolved,
    write_comment,
)
from services.kept_posts import find_kept_post, forget_kept_posts
from services.permissions import Permission
from services.responses import state_name
from views.context import reading, signed_in, tracker, transaction
from views.kept import COMMENTS, page_token
from views.limits import may_comment_now
from views.policy import needs
from views.question_page import language

comments = Blueprint("comments", __name__, url_prefix="/responses/<response_id>")


def comment_frame(discussion: Discussion) -> dict[str, Any]:
    """What a page of comments shows around its content; nothing of an answer."""
    name = state_name(discussion.state.names, language())
    place = _("Secretariat") if discussion.for_secretariat else name
    return {
        "discussion": discussion, "texts": discussion.instrument.texts_in(language()), "state_name": name,
        "context_line": (place, isolate_ranges(discussion.cycle.title)), "shared": SHARED,
    }  # fmt: skip


@comments.get("/comments")
@needs(Permission.COMMENT_READ)
def overview(response_id: str) -> Any:
    """Every question with the number of its unresolved threads."""
    with reading() as db:
        discussion = open_discussion(db, response_id, signed_in(), Permission.COMMENT_READ)
        counts = count_unresolved(db, discussion.response, discussion.actor)
    return render_template("comments/overview.html", **comment_frame(discussion), counts=counts,
        visible=[question_id for question_id in discussion.instrument.questions if discussion.reach.may_read(question_id)],
    )  # fmt: skip


@comments.get("/questions/<question_id>/comments")
@needs(Permission.COMMENT_READ)
def page(response_id: str, question_id: str) -> Any:
    """The threads on a question that the person may read, with what was kept when a session expired."""
    with reading() as db:
        discussion = open_discussion(db, response_id, signed_in(), Permission.COMMENT_READ)
        secret = tracker().secrets.queue_key
        kept = find_kept_post(db, secret, discussion.actor.user_id, response_id, COMMENTS + question_id)
        posted = MultiDict((name, text) for name, text in kept) if kept else None
        return _page(db, discussion, question_id, posted, is_kept=bool(kept))


@comments.post("/questions/<question_id>/comments")
@needs(Permission.COMMENT_WRITE)
def write(response_id: str, question_id: str) -> Any:
    """Store a comment; what cannot be stored comes back in its form with the reason (422, 429)."""
    form = CommentForm()
    with transaction() as db:
        discussion = open_discussion(db, response_id, signed_in(), Permission.COMMENT_WRITE, lock=True)
        discussion.question(question_id)
        if not form.validate():
            return _page(
                db, discussion, question_id, request.form, form.text.errors or [_("Write a comment first.")], 422
            )
        if not may_comment_now():
            busy = _(
                "You have written many comments in a short time. Your text is still here: send it again in a few minutes."
            )
            return _page(db, discussion, question_id, request.form, [busy], 429)
        comment = write_comment(
            db, discussion, question_id, form.text.data or "", audience=form.audience.data or "",
            thread_id=form.thread.data or "", tell=tuple(int(chosen) for chosen in form.tell.data or () if chosen.isascii() and chosen.isdecimal()), key=(form.key.data or new_id())[:64],
        )  # fmt: skip
        forget_kept_posts(db, discussion.actor.user_id, response_id, COMMENTS + question_id)
        anchor = f"comment-{comment.id}"
    flash(_("The comment is stored."), "success")
    return redirect(url_for("comments.page", response_id=response_id, question_id=question_id, _anchor=anchor), 303)


@comments.post("/questions/<question_id>/comments/<comment_id>/resolve")
@needs(Permission.COMMENT_WRITE)
def resolve(response_id: str, question_id: str, comment_id: str) -> Any:
    """Mark a thread as resolved, or open it again (`again` in the form)."""
    again = "again" in request.form
    with transaction() as db:
        discussion = open_discussion(db, response_id, signed_in(), Permission.COMMENT_WRITE, lock=True)
        set_resolved(db, discussion, question_id, comment_id, not again)
    flash(_("The thread is open again.") if again else _("The thread is resolved."), "success")
    return redirect(
        url_for("comments.page", response_id=response_id, question_id=question_id, _anchor=f"comment-{comment_id}"), 303
    )


@comments.post("/questions/<question_id>/comments/<comment_id>/delete")
@needs(Permission.COMMENT_READ)
def delete(response_id: str, question_id: str, comment_id: str) -> Any:
    """Take away the text of one's own comment, also after one's part in the State changed to reading only."""
    with transaction() as db:
        discussion = open_discussion(db, response_id, signed_in(), Permission.COMMENT_READ, lock=True)
        delete_comment(db, discussion, question_id, comment_id)
    flash(_("The text of the comment is deleted."), "success")
    return redirect(
        url_for("comments.page", response_id=response_id, question_id=question_id, _anchor=f"comment-{comment_id}"), 303
    )


def _page(
    db: Session, discussion: Discussion, question_id: str, posted: MultiDict[str, str] | None = None,
    problems: Any = (), status: int = 200, *, is_kept: bool = False,
) -> tuple[str, int]:  # fmt: skip
    """The page of a question; `posted` is given back in the form that it came from, with its problems."""
    question = discussion.question(question_id)
    conversation = read_conversation(db, discussion, question_id)
    thread_ids = [thread.first.id for thread in conversation.threads if thread.first.audience in discussion.writes]
    wanted = posted.get("thread", "") if posted else None
    # A thread that is not there (any more) for this person: the text goes back into the form of a new one.
    place = "" if wanted is None or wanted not in thread_ids else wanted
    tellable = list_tellable(db, discussion, question_id)
    forms = {
        thread_id: _form(discussion, thread_id, posted if wanted is not None and thread_id == place else None, tellable)
        for thread_id in ("", *thread_ids)
    }
    if problems:
        forms[place].text.errors = [str(problem) for problem in problems]
    return render_template(
        "comments/question.html", **comment_frame(discussion), question=question, conversation=conversation, forms=forms,
        errors=[(forms[place].text.id, str(problem)) for problem in problems], is_kept=is_kept, open_form=place if wanted is not None else None,
        token=page_token(discussion.actor.user_id, discussion.response.id, COMMENTS + question_id),
    ), status  # fmt: skip


def _form(
    discussion: Discussion, thread_id: str, posted: MultiDict[str, str] | None, tellable: list[Any]
) -> CommentForm:  # fmt: skip
    form = CommentForm(formdata=posted, audience=(*discussion.writes, "")[0])
    form.thread.data = thread_id
    form.key.data = form.key.data or new_id()
    words = {"internal": _("Internal: only people of your State"), SHARED: _("Shared: the secretariat reads it too")}
    form.audience.choices = [(code, words[code]) for code in discussion.writes]
    form.tell.choices = [(str(person.user_id), person.name) for person in tellable]
    for field in form:
        field.id = f"{field.id}-{thread_id or 'new'}"
    form.text.label.field_id = form.text.id
    return form
