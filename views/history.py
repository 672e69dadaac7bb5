"""The history of an answer, its earlier texts brought back, and the whole response as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from forms.question import read_base
from instruments.differences import ChangedLine, line_changes
from models.base import new_id
from services.answers import Edit, save_answers
from services.history import HistoryEntry, find_revision, list_history, list_moments, open_as_at
from services.permissions import NotFound, Permission
from services.responses import open_response
from views.conflicts import conflict_page, content_lines
from views.context import page_zone, reading, signed_in, transaction
from views.policy import needs
from views.question_page import frame, get_question
from views.responses import outside_words

history = Blueprint("history", __name__, url_prefix="/responses/<response_id>")


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """A record with its changes marked."""

    entry: HistoryEntry
    changes: list[ChangedLine]
    is_current: bool


def channel_words(channel: str) -> str:
    """From where a change came, in words."""
    words = {
        "web": _("on the page"), "kit": _("from the offline workbook"), "restore": _("brought back from the history"),
        "import": _("from an imported file"),
    }  # fmt: skip
    return str(words.get(channel, channel))


def _number(name: str, values: Any = None) -> int | None:
    text = (request.args if values is None else values).get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@history.get("/history/<item_id>")
@needs(Permission.RESPONSE_READ)
def item_history(response_id: str, item_id: str) -> Any:
    """Every change of an answer: who, when, from where, word by word. For the State's own people."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        item = opened.instrument.items.get(item_id)
        if item is None:
            raise NotFound(item_id)
        question = get_question(opened, item.question_id)
        entries, is_more = list_history(db, opened, item_id, before=_number("before"))
    answer = opened.answers.get(item_id)
    shown = [
        ShownEntry(
            entry, line_changes(content_lines(opened, item, entry.before), content_lines(opened, item, entry.content)),
            answer is not None and entry.revision.kind == "saved" and entry.revision.version == answer.version,
        )
        for entry in entries
    ]  # fmt: skip
    return render_template(
        "responses/history.html", **frame(opened), item=item, question=question,
        shown=shown, is_more=is_more, version=answer.version if answer else 0, channel_words=channel_words,
        editable=opened.is_editable and opened.may_edit(item_id),
    )  # fmt: skip


@history.post("/history/<item_id>")
@needs(Permission.RESPONSE_EDIT)
def restore(response_id: str, item_id: str) -> Any:
    """Bring an earlier text back as a new version; over a newer change both texts are shown instead."""
    seq = _number("seq", request.form)
    if seq is None:
        abort(400)
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        item = opened.instrument.items.get(item_id)
        if item is None:
            raise NotFound(item_id)
        question = get_question(opened, item.question_id)
        record = find_revision(db, opened, item_id, seq)
        version, _own = read_base(request.form.get("version", ""))
        edit = Edit(item_id, version, record.value, record.typed, record.typed or [])
        result = save_answers(db, opened, [edit], idempotency_key=new_id(), channel="restore")
    if result.locked:
        flash(_("Nothing was changed: the response takes no changes now."), "error")
    elif result.outside:
        flash(outside_words(opened), "error")
    elif result.conflicts:
        return conflict_page(opened, question, result, revisions={item_id: seq})
    else:
        flash(_("The earlier text stands again. The text that it replaced is in the history."), "success")
    return redirect(url_for("history.item_history", response_id=response_id, item_id=item_id), 303)


@history.get("/as-at")
@needs(Permission.RESPONSE_READ)
def as_at(response_id: str) -> Any:
    """The whole response with the answers as they stood after a change; without one, the moments to choose from."""
    seq = _number("seq")
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        moments = list_moments(db, opened, page_zone())
        if seq is None and request.args.get("seq"):
            raise NotFound(response_id)
        then, at = (opened, None) if seq is None else open_as_at(db, opened, seq)
    return render_template(
        "responses/as_at.html", **frame(opened), then=then, at=at, seq=seq, moments=moments,
        asked_questions=[one for one in opened.questions if then.is_asked(one)] if at else [],
        typed={
            item_id: [("", text) for _name, text in answer.typed or [] if text]
            for item_id, answer in then.answers.items() if answer.typed is not None
        },
    )  # fmt: skip
