"""A State's own pages: its task list, one page per question, saving with and without script, conflicts, evidence files."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from forms.question import read_posted
from instruments.items.fields import controls_in_error
from languages import format_time
from models.audit import Installation
from models.base import new_id
from services.answers import Conflict, Edit, SaveResult, list_late_notes, mark_ready, resolve_conflict
from services.comments import count_unresolved
from services.evidence import open_evidence
from services.kept_posts import derive_key, find_kept_post, forget_kept_posts
from services.permissions import NotFound, Permission
from services.responses import open_response
from services.submissions import list_returns
from views.context import page_zone, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.policy import needs
from views.question_page import (
    ask_context,
    cautions,
    conflict_page,
    frame,
    get_question,
    question_page,
    work_badge,
)
from views.saving import Saved, save_posted

responses = Blueprint("responses", __name__, url_prefix="/responses/<response_id>")


@responses.get("")
@needs(Permission.RESPONSE_READ)
def home(response_id: str) -> Any:
    """The task list: every question with its state, the deadline, what to go on with."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        returns = list_returns(db, response_id)
        notes = list_late_notes(db, opened)
        comments = count_unresolved(db, opened.response, opened.actor)
    questions = [question for question in opened.instrument.questions.values() if opened.is_asked(question)]
    onward = next((question for question in questions if opened.work_state(question) != "ready"), None)
    return render_template(
        "responses/home.html", **frame(opened), onward=onward, returned=returns[0] if returns else None,
        total=opened.total_progress(), notes=notes, comments=comments,
        ready_count=sum(opened.work_state(question) == "ready" for question in questions), question_count=len(questions),
    )  # fmt: skip


@responses.get("/questions/<question_id>")
@needs(Permission.RESPONSE_READ)
def question(response_id: str, question_id: str) -> Any:
    """One question: the paragraph beside the form."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        asked = get_question(opened, question_id)
        kept = find_kept_post(db, tracker().secrets.queue_key, signed_in().user_id, response_id, question_id)
        comments = count_unresolved(db, opened.response, opened.actor).get(question_id, 0)
    return question_page(opened, asked, add=request.args.get("add", ""), kept=kept, comments=comments)


@responses.post("/questions/<question_id>")
@needs(Permission.RESPONSE_EDIT)
def save_question(response_id: str, question_id: str) -> Any:
    """Save the whole form of a question, always as a draft; then 303, or the page with what needs a person (409, 422, 423)."""
    removed = request.form.get("remove", "")
    posted = _without(MultiDict(request.form), removed)
    with transaction() as db:
        saved = save_posted(db, response_id, question_id, new_id(), posted)
        if not saved.result.locked:
            mark_ready(db, saved.opened, question_id, bool(posted.get("ready")))
        forget_kept_posts(db, signed_in().user_id, response_id, question_id)
        comments = count_unresolved(db, saved.opened.response, saved.opened.actor).get(question_id, 0)
    if saved.result.locked:
        return _locked(saved)
    if saved.result.conflicts:
        return conflict_page(saved.opened, saved.question, saved.result)
    unreadable = any(entry.errors and entry.item.id in saved.opened.asked for entry in saved.inputs)
    if any(entry.cleaned for entry in saved.inputs):
        flash(_("Invisible control characters were taken out of the text."), "warning")
    if (unreadable or saved.refused) and not (posted.get("add") or removed):
        return question_page(
            saved.opened, saved.question, refused=saved.refused, status=422,
            saved_at=format_time(saved.result.at, page_zone()), comments=comments,
        )  # fmt: skip
    return redirect(_onward(saved, posted, removed), 303)


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
        _before, after = saved.opened.instrument.neighbours(saved.question.id)
        if after is not None:
            return url_for("responses.question", response_id=here["response_id"], question_id=after.id)
        return url_for("submissions.check", response_id=here["response_id"])
    flash(_("Saved at %(time)s.", time=format_time(saved.result.at, page_zone())), "success")
    return url_for("responses.question", **here)


def _locked(saved: Saved) -> Any:
    kept = bool(saved.result.late_notes)
    return refuse(
        423, "locked", kept=kept or None,
        safe=_("The text you sent is kept with your response. You find it on the overview, where it can be passed on as a note.")
        if kept else _("Nothing in what you sent differs from the response as it stands."),
        links=[(url_for("responses.home", response_id=saved.opened.response.id), _("Go to your overview"))],
    )  # fmt: skip


@responses.post("/questions/<question_id>/conflict")
@needs(Permission.RESPONSE_EDIT)
def resolve(response_id: str, question_id: str) -> Any:
    """Carry out the choices of the conflict page; a change that came in between shows the page again."""
    posted = MultiDict(request.form)
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        asked = get_question(opened, question_id)
        form, inputs = read_posted(asked.items, ask_context(opened), posted, opened.stored_values)
        conflicts: list[Conflict] = []
        versions: dict[str, int] = {}
        locked: SaveResult | None = None
        for entry in inputs:
            edit = Edit(entry.item.id, entry.base_version, entry.item.dump(entry.value), entry.typed, entry.posted)
            take = "theirs" if posted.get(f"take:{entry.item.id}") == "theirs" else "mine"
            result = resolve_conflict(db, opened, edit, take=take, idempotency_key=new_id())
            conflicts += result.conflicts
            versions |= result.versions
            locked = result if result.locked else locked
    if locked is not None:
        return _locked(Saved(opened, asked, locked, form, inputs, []))
    if conflicts:
        return conflict_page(opened, asked, SaveResult(versions, conflicts, result.at, result.seq))
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
    progress = opened.question_progress(saved.question)
    items = {
        entry.item.id: {
            "version": result.versions[entry.item.id],
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
        open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        row, file = open_evidence(db, response_id, file_id, tracker().settings.evidence_folder)
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
        if note is None:
            raise NotFound(note_id)
        note.offered = True
        db.add(note)
    flash(_("The text was passed on to the secretariat as a note."), "success")
    return redirect(url_for("responses.home", response_id=response_id), 303)
