"""A State's own pages: its task list, one page per question, saving with and without script, conflicts, evidence files."""

from __future__ import annotations

import logging
from base64 import b64encode
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlmodel import Session
from werkzeug.datastructures import MultiDict

from forms.question import write_base
from instruments.items.fields import controls_in_error
from languages import format_time
from models.assignments import Assignment
from models.audit import Installation
from models.base import new_id, utc_now
from models.database import DatabaseError
from services.answers import SaveResult, list_late_notes
from services.assignments import NothingAnswered, changed_since, hand_in, is_overdue, note_presence, who_is_here
from services.comments import count_unresolved
from services.evidence import open_evidence
from services.kept_posts import derive_key, find_kept_post, forget_kept_posts
from services.permissions import NotFound, Permission
from services.reach import list_assignments
from services.responses import OpenResponse, find_response, open_response
from services.submissions import list_returns
from views.conflicts import conflict_page, decide
from views.context import page_zone, reading, signed_in, tracker, transaction
from views.earlier_answers import earlier_beside
from views.errors import refuse
from views.policy import needs
from views.question_page import (
    ask_context,
    cautions,
    frame,
    get_question,
    question_page,
    work_badge,
)
from views.saving import Saved, save_posted

log = logging.getLogger("tracker")

responses = Blueprint("responses", __name__, url_prefix="/responses/<response_id>")


@responses.get("")
@needs(Permission.RESPONSE_READ)
def home(response_id: str) -> Any:
    """The task list: every question with its state, the deadline, what to go on with."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        returns = list_returns(db, response_id)
        notes = list_late_notes(db, opened)
        assignments = list_assignments(db, response_id) if opened.may(Permission.WORK_ASSIGN) else []
        comments = count_unresolved(db, opened.response, opened.actor)
    questions = [question for question in opened.questions if opened.is_asked(question)]
    onward = next((
        question for question in questions if opened.work_state(question) != "ready" and opened.may_edit_any(question)
    ), None)  # fmt: skip
    today = utc_now().date()
    return render_template(
        "responses/home.html", **frame(opened), onward=onward, returned=returns[0] if returns else None,
        total=opened.visible_progress(), notes=[note for note in notes if not note.outside],
        outside=[note for note in notes if note.outside], is_overdue=lambda entry: is_overdue(entry, today),
        handed_out=counts(assignments, today), changed_since=changed_since,
        comments={question_id: count for question_id, count in comments.items() if opened.may_read(question_id)},
        ready_count=sum(opened.work_state(question) == "ready" for question in questions), question_count=len(questions),
    )  # fmt: skip


def _be_seen(opened: OpenResponse, question_id: str) -> None:
    """Remember that the person is here. A hint only: where the database cannot write, the page opens all the same."""
    try:
        with transaction() as db:
            find_response(db, opened.response.id, opened.actor, Permission.RESPONSE_EDIT, lock=True)
            note_presence(db, opened, question_id)
    except DatabaseError:
        log.warning("presence was not written", exc_info=True)


def counts(assignments: list[Assignment], today: date) -> dict[str, int]:
    """How many assignments there are, wait for the focal point, and are overdue."""
    return {
        "all": len(assignments), "ready": sum(entry.state == "ready" for entry in assignments),
        "overdue": sum(is_overdue(entry, today) for entry in assignments),
    }  # fmt: skip


@responses.get("/questions/<question_id>")
@needs(Permission.RESPONSE_READ)
def question(response_id: str, question_id: str) -> Any:
    """One question: the paragraph beside the form."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        asked = get_question(opened, question_id)
        kept = find_kept_post(db, tracker().secrets.queue_key, signed_in().user_id, response_id, question_id)
        here, is_due = who_is_here(db, opened, question_id)
        earlier = earlier_beside(db, opened, asked)
        comments = count_unresolved(db, opened.response, opened.actor).get(question_id, 0)
    if is_due and opened.is_editable and opened.may_edit_any(asked):
        _be_seen(opened, question_id)
    return question_page(
        opened, asked, add=request.args.get("add", ""), kept=kept, here=here, beside=earlier.beside,
        drafted=earlier.drafted(request.args.get("earlier", "")), comments=comments,
    )  # fmt: skip


@responses.post("/questions/<question_id>")
@needs(Permission.RESPONSE_EDIT)
def save_question(response_id: str, question_id: str) -> Any:
    """Save the whole form of a question, always as a draft; then 303, or the page with what needs a person (409, 422, 423)."""
    removed = request.form.get("remove", "")
    posted = _without(MultiDict(request.form), removed)
    with transaction() as db:
        saved = save_posted(db, response_id, question_id, new_id(), posted)
        unready = not saved.result.locked and not _hand_in(db, saved, bool(posted.get("ready")))
        forget_kept_posts(db, signed_in().user_id, response_id, question_id)
        comments = count_unresolved(db, saved.opened.response, saved.opened.actor).get(question_id, 0)
    if saved.result.locked:
        return _locked(saved.opened, saved.result)
    if saved.result.conflicts:
        return conflict_page(saved.opened, saved.question, saved.result)
    if saved.result.merged:
        flash(
            _("Your changes and those that a colleague saved meanwhile were put together. Look at the text below."),
            "success",
        )
    if saved.result.outside or not saved.opened.may_read(question_id):
        return _outside(saved)
    if unready:
        saved.refused.append(("ready", _not_ready(saved)))
    unreadable = any(entry.errors and entry.item.id in saved.opened.asked for entry in saved.inputs)
    if any(entry.cleaned for entry in saved.inputs):
        flash(_("Invisible control characters were taken out of the text."), "warning")
    if (unreadable or saved.refused) and not (posted.get("add") or removed):
        return question_page(
            saved.opened, saved.question, refused=saved.refused, status=422,
            saved_at=format_time(saved.result.at, page_zone()), comments=comments,
        )  # fmt: skip
    return redirect(_onward(saved, posted, removed), 303)


def _hand_in(db: Session, saved: Saved, ready: bool) -> bool:
    """Whether the mark "ready" is as the person wants it."""
    try:
        hand_in(db, saved.opened, saved.question, ready)
    except NothingAnswered:
        return False
    return True


def _not_ready(saved: Saved) -> str:
    texts = ask_context(saved.opened).texts
    missing = [
        str(saved.opened.instrument.items[item_id].label(texts)) for item_id in saved.opened.missing(saved.question)
        if saved.opened.may_edit(item_id)
    ]  # fmt: skip
    if not missing:
        return str(_("It cannot be marked as ready: nothing of it is answered yet."))
    return str(
        _("It cannot be marked as ready: nothing of it is answered yet. Begin with “%(item)s”.", item=missing[0])
    )


def outside_words(opened: OpenResponse) -> str:
    """Why something was not taken, and who can help."""
    return str(_(
        "Some of what you sent is not assigned to you, so it is not saved as an answer. %(name)s, the focal point, can assign it to you.",
        name=opened.reach.focal_point,
    ))  # fmt: skip


def _outside(saved: Saved) -> Any:
    """What the person wrote outside their assignments: kept for them, and said so beside each item that they may still see."""
    opened = saved.opened
    if not opened.may_read(saved.question.id):
        return refuse(
            403, "outside_assignment", title=_("This is not assigned to you"), message=outside_words(opened),
            safe=_("The text you sent is kept. You find it on your overview, where it can be copied."),
            links=[(url_for("responses.home", response_id=opened.response.id), _("Go to your overview"))],
        )  # fmt: skip
    refused = [(f"item-{item_id}", outside_words(opened)) for item_id in saved.result.outside[:1]]
    return question_page(
        opened,
        saved.question,
        refused=refused + saved.refused,
        status=403,
        saved_at=format_time(saved.result.at, page_zone()),
    )


def _without(posted: MultiDict[str, str], removed: str) -> MultiDict[str, str]:
    """What was posted without the row (`<item>-<index>`) or the file (`<item>-<file id>`) to remove."""
    if not removed:
        return posted
    item_id, _dash, rest = removed.partition("-")
    return MultiDict([
        (name, text) for name, text in posted.items(multi=True)
        if not name.startswith(f"{removed}-") and (name, text) != (item_id, rest)
    ])  # fmt: skip


def _onward(saved: Saved, posted: MultiDict[str, str], removed: str) -> str:
    here: dict[str, Any] = {"response_id": saved.opened.response.id, "question_id": saved.question.id}
    if posted.get("add"):
        return url_for("responses.question", **here, add=posted["add"], _anchor=f"item-{posted['add']}")
    if removed:
        return url_for("responses.question", **here, _anchor=f"item-{removed.partition('-')[0]}")
    if posted.get("go") == "next":
        _before, after = saved.opened.neighbours(saved.question)
        if after is not None:
            return url_for("responses.question", response_id=here["response_id"], question_id=after.id)
        return url_for("submissions.check", response_id=here["response_id"])
    flash(_("Saved at %(time)s.", time=format_time(saved.result.at, page_zone())), "success")
    return url_for("responses.question", **here)


def _locked(opened: OpenResponse, result: SaveResult) -> Any:
    kept = bool(result.late_notes)
    return refuse(
        423, "locked", kept=kept or None,
        safe=_("The text you sent is kept with your response. You find it on the overview, where it can be passed on as a note.")
        if kept else _("Nothing in what you sent differs from the response as it stands."),
        links=[(url_for("responses.home", response_id=opened.response.id), _("Go to your overview"))],
    )  # fmt: skip


@responses.post("/questions/<question_id>/conflict")
@needs(Permission.RESPONSE_EDIT)
def resolve(response_id: str, question_id: str) -> Any:
    """Carry out the choices of the conflict page; what is left to decide shows the page again, with a row more or less if asked."""
    posted = _without(MultiDict(request.form), request.form.get("remove", ""))
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        asked = get_question(opened, question_id)
        decided = decide(db, opened, asked, posted)
    if decided.result.locked:
        return _locked(opened, decided.result)
    if decided.result.outside:
        return _outside(Saved(opened, asked, decided.result, decided.form, [], []))
    add = posted.get("add", "")
    if add in decided.form and hasattr(decided.form[add], "add_row"):
        decided.form[add].add_row()
    if decided.result.conflicts:
        return conflict_page(opened, asked, decided.result, revisions=decided.revisions, edited=decided.form)
    flash(_("Your choice is saved. The other text stays in the history."), "success")
    return redirect(url_for("responses.question", response_id=response_id, question_id=question_id), 303)


@responses.post("/questions/<question_id>/autosave")
@needs(Permission.RESPONSE_EDIT)
def autosave(response_id: str, question_id: str) -> Any:
    """Save the items that the script sends, with its key; the answer says what the server now holds."""
    key = request.headers.get("Idempotency-Key", "")[:64] or new_id()
    with transaction() as db:
        saved = save_posted(db, response_id, question_id, key, MultiDict(request.form))
    opened, result = saved.opened, saved.result
    if result.locked:
        return jsonify({"error": "locked", "kept": bool(result.late_notes)}), 423
    if result.outside or not opened.may_read(question_id):
        return jsonify({
            "error": "outside_assignment", "message": outside_words(opened), "kept": True,
            "items": {item_id: {"errors": [outside_words(opened)]} for item_id in result.outside},
        }), 403  # fmt: skip
    progress = opened.question_progress(saved.question)
    items = {
        entry.item.id: {
            "version": result.versions[entry.item.id],
            "base": write_base(result.versions[entry.item.id], result.merged.get(entry.item.id, 0)),
            "merged": entry.item.id in result.merged,
            "errors": [str(message) for message in entry.errors],
            "codes": [message.code for message in entry.errors],
            "invalid": [control.name for control in controls_in_error(saved.form[entry.item.id])],
            "warnings": cautions(opened, entry.item.id),
        }
        for entry in saved.inputs if entry.item.id in result.versions
    }  # fmt: skip
    body: dict[str, Any] = {
        "saved_at": result.at.isoformat(), "saved_label": format_time(result.at, page_zone()), "revision": result.seq,
        "items": items, "asked": {item.id: item.id in opened.asked for item in saved.question.items},
        "progress": {"answered": progress.answered, "asked": progress.asked}, "work": work_badge(opened, saved.question),
        "refused": [message for _item, message in saved.refused],
    }  # fmt: skip
    if result.conflicts:
        here = url_for("responses.question", response_id=response_id, question_id=question_id)
        body["conflicts"] = [
            {"item": conflict.item_id, "url": f"{here}#item-{conflict.item_id}"} for conflict in result.conflicts
        ]
        return jsonify(body), 409
    return jsonify(body)


@responses.get("/queue-key")
@needs(Permission.RESPONSE_EDIT)
def queue_key(response_id: str) -> Response:
    """The key of this person's queue for this response, as base64 of 32 bytes: handed out over the session, never stored."""
    actor = signed_in()
    with reading() as db:
        open_response(db, response_id, actor, Permission.RESPONSE_EDIT)
        epoch = db.get(Installation, "epoch")
    # A queue that was filled before a restore was closed with the key of the database's former epoch.
    label = request.args.get("epoch") or (epoch.value if epoch else "")
    key = derive_key(tracker().secrets.queue_key, "queue", str(actor.user_id), response_id, label)
    return jsonify({"key": b64encode(key).decode(), "epoch": label, "user": str(actor.user_id)})


@responses.get("/evidence/<file_id>")
@needs(Permission.RESPONSE_READ)
def evidence(response_id: str, file_id: str) -> Response:
    """A stored file, always as an attachment. For the State's own people: a draft's files are theirs alone."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        row, file = open_evidence(db, response_id, file_id, tracker().settings.evidence_folder)
        if not opened.may_read(row.item_id.partition(".")[0]):
            file.close()
            raise NotFound(file_id)
    return attachment(row.name, row.media_type, file)


def attachment(name: str, media_type: str, file: Any) -> Response:
    """A download that no browser shows inline, with its name in its own script."""
    response = send_file(file, mimetype=media_type, as_attachment=True, download_name=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@responses.get("/texts-kept/<note_id>")
@needs(Permission.RESPONSE_READ)
def late_note(response_id: str, note_id: str) -> Any:
    """A text that came after the submission, to read and copy."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        note = next((entry for entry in list_late_notes(db, opened) if entry.id == note_id), None)
    if note is None:
        raise NotFound(note_id)
    return render_template(
        "responses/late_note.html", **frame(opened), note=note, item=opened.instrument.items.get(note.item_id)
    )


@responses.post("/texts-kept/<note_id>")
@needs(Permission.RESPONSE_SUBMIT)
def offer_note(response_id: str, note_id: str) -> Any:
    """The focal point passes a kept text on to the secretariat as a note to the submitted version."""
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_SUBMIT, lock=True)
        note = next((entry for entry in list_late_notes(db, opened) if entry.id == note_id), None)
        if note is None or note.outside:
            raise NotFound(note_id)
        note.offered = True
        db.add(note)
    flash(_("The text was passed on to the secretariat as a note."), "success")
    return redirect(url_for("responses.home", response_id=response_id), 303)
