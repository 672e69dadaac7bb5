"""A State's own pages: its task list, one page per question, saving with and without script, conflicts, evidence files."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup
from sqlmodel import Session
from werkzeug.datastructures import MultiDict

from forms.question import ItemInput, QuestionForm, build_question_form, read_posted
from instruments.items import Item
from instruments.items.base import AskContext, Line
from instruments.schema import Question
from instruments.text_cleaning import looks_like_personal_data
from languages import format_time
from models.audit import Installation
from models.base import new_id, utc_now
from services.answers import Edit, SaveResult, list_late_notes, mark_ready, resolve_conflict, save_answers
from services.evidence import RefusedFile, open_evidence, store_evidence
from services.kept_posts import derive_key, find_kept_post, forget_kept_posts
from services.permissions import NotFound, Permission
from services.responses import OpenResponse, open_response, state_name
from services.submissions import list_returns
from views.context import page_zone, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.kept import page_token
from views.policy import needs

responses = Blueprint("responses", __name__, url_prefix="/responses/<response_id>")


def language() -> str:
    """The language of this page."""
    return str(get_locale() or "en")[:2]


def ask_context(opened: OpenResponse) -> AskContext:
    """The texts and the statistics years for the forms of this response."""
    return AskContext(opened.instrument.texts_in(language()), opened.years)


def frame(opened: OpenResponse) -> dict[str, Any]:
    """What every page of a response shows around its content."""
    days = (opened.deadline.date() - utc_now().date()).days
    name = state_name(opened.state.names, language())
    if opened.cycle.closed_at:
        line = _("The round of reporting is closed")
    elif opened.is_late:
        line = _("The deadline has passed; work goes on and is marked late")
    else:
        line = _("%(days)d days left", days=days)
    return {
        "opened": opened, "texts": opened.instrument.texts_in(language()), "state_name": name, "days_left": days,
        "context_line": (name, opened.cycle.title), "deadline_line": line, "Permission": Permission,
    }  # fmt: skip


def get_question(opened: OpenResponse, question_id: str) -> Question:
    """The question of the response's instrument. Raises NotFound."""
    question = opened.instrument.questions.get(question_id)
    if question is None:
        raise NotFound(question_id)
    return question


@responses.get("")
@needs(Permission.RESPONSE_READ)
def home(response_id: str) -> Any:
    """The task list: every question with its state, the deadline, what to go on with."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        returns = list_returns(db, response_id)
        notes = list_late_notes(db, opened)
    questions = [question for question in opened.instrument.questions.values() if opened.is_asked(question)]
    onward = next((question for question in questions if opened.work_state(question) != "ready"), None)
    return render_template(
        "responses/home.html", **frame(opened), onward=onward, returned=returns[0] if returns else None,
        total=opened.total_progress(), notes=notes,
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
    return question_page(opened, asked, add=request.args.get("add", ""), kept=kept)


def question_page(
    opened: OpenResponse, question: Question, *, add: str = "", kept: list[list[str]] | None = None,
    refused: list[tuple[str, str]] | None = None, status: int = 200, saved_at: str = "",
) -> tuple[str, int]:  # fmt: skip
    """The page of a question as it stands in the database, or with text that was kept when a session expired."""
    context = ask_context(opened)
    typed = {item_id: answer.typed for item_id, answer in opened.answers.items() if answer.typed is not None}
    bases = {item.id: opened.answers[item.id].version if item.id in opened.answers else 0 for item in question.items}
    form = build_question_form(
        [item for item in question.items if item.id in opened.answers or item.id == add], context, opened.values, typed
    )
    if kept:
        posted = MultiDict([tuple(pair) for pair in kept])  # type: ignore[misc]
        kept_form, inputs = read_posted(question.items, context, posted, opened.values)
        form.fields.update(kept_form.fields)
        bases |= {entry.item.id: entry.base_version for entry in inputs}
    if add and add in form and hasattr(form[add], "add_row"):
        form[add].added = form[add].add_row()
    errors = [
        (item_id, str(message))
        for item_id, found in form.errors.items()
        if item_id in opened.asked
        for message in found
    ]
    for item_id, field in form.fields.items():
        field.file_url = lambda file_id: url_for("responses.evidence", response_id=opened.response.id, file_id=file_id)
        if item_id in opened.answers and looks_like_personal_data(opened.answers[item_id].value):
            field.warnings = [_(
                "This text may hold personal data of a person (a name with an age, a date of birth, a number of a document). "
                "Leave out whatever could identify a victim."
            )]  # fmt: skip
    before, after = opened.instrument.neighbours(question.id)
    editable = opened.is_editable and opened.may(Permission.RESPONSE_EDIT)
    return render_template(
        "responses/question.html", **frame(opened), question=question, form=form, bases=bases, before=before, after=after,
        errors=(refused or []) + errors, editable=editable, kept=bool(kept), saved_at=saved_at,
        work_state=opened.work_state(question), progress=opened.question_progress(question),
        token=page_token(opened.actor.user_id, opened.response.id, question.id),
        groups=_groups(opened, question), html=_items_html(opened, question, form, bases, context), source=opened.instrument.texts_in(opened.instrument.source_language),
    ), status  # fmt: skip


def _items_html(
    opened: OpenResponse, question: Question, form: QuestionForm, bases: dict[str, int], context: AskContext
) -> dict[str, Markup]:
    """The printed items by id. Those that nobody has answered look the same for every State and are printed once."""
    return {
        item.id: print_item(item, form[item.id], bases[item.id], context, item.id in opened.asked) if item.id in form
        else _blank_item(item, context, item.id in opened.asked)
        for item in question.items
    }  # fmt: skip


def print_item(item: Item, field: Any, base: int, context: AskContext, is_asked: bool) -> Markup:
    """The HTML of one item with its version and its control."""
    macro = current_app.jinja_env.get_template("items/item.html").module.render_item  # type: ignore[attr-defined]
    return Markup(macro(item, field, base, context.texts, asked=is_asked))  # noqa: S704 - printed by an escaping template


@lru_cache(maxsize=8192)
def _blank_item(item: Item, context: AskContext, is_asked: bool) -> Markup:
    return print_item(item, build_question_form([item], context, {})[item.id], 0, context, is_asked)


def _groups(opened: OpenResponse, question: Question) -> list[tuple[str, list[Any], list[Any]]]:
    """(group, items open at first, items under "Add details"), in the instrument's order, groups with items only."""
    groups = []
    for group in opened.instrument.groups:
        items = [item for item in question.items if item.group == group]
        if items:
            groups.append((group, [item for item in items if not item.detail], [item for item in items if item.detail]))
    return groups


@dataclass(frozen=True, slots=True)
class Saved:
    """What a post did, for the page or the script to show."""

    opened: OpenResponse
    question: Question
    result: SaveResult
    inputs: list[ItemInput]
    refused: list[tuple[str, str]]


def save_posted(db: Session, response_id: str, question_id: str, key: str, posted: MultiDict[str, str]) -> Saved:
    """Save what was posted for a question, in the caller's transaction, files included."""
    opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
    asked = get_question(opened, question_id)
    _form, inputs = read_posted(asked.items, ask_context(opened), posted, opened.values)
    refused: list[tuple[str, str]] = []
    edits = []
    for entry in inputs:
        value = entry.value
        for upload in request.files.getlist(f"{entry.item.id}-upload"):
            if upload.filename and opened.is_editable:
                value, problem = _take_file(db, opened, entry, value, upload)
                refused += problem
        edits.append(Edit(entry.item.id, entry.base_version, entry.item.dump(value), entry.typed, entry.posted))
    result = save_answers(db, opened, edits, idempotency_key=key)
    return Saved(opened, asked, result, inputs, refused)


def _take_file(
    db: Session, opened: OpenResponse, entry: ItemInput, value: Any, upload: Any
) -> tuple[Any, list[tuple[str, str]]]:
    settings = tracker().settings
    content = upload.stream.read(settings.evidence_limit_mb * 1024 * 1024 + 1)
    try:
        reference = store_evidence(
            db, opened, entry.item.id, upload.filename, content, folder=settings.evidence_folder,
            limit_mb=settings.evidence_limit_mb, most=settings.evidence_files_per_item,
        )  # fmt: skip
    except RefusedFile as error:
        return value, [(entry.item.id, _file_refusal(error))]
    return (*(value or ()), reference), []


def _file_refusal(error: RefusedFile) -> str:
    reasons = {
        "empty": _("%(name)s was not added: the file is empty.", name=error.name),
        "too_large": _("%(name)s was not added: it is larger than %(limit)d MB. Send a smaller file, or name its web address in the answer.",
                       name=error.name, limit=tracker().settings.evidence_limit_mb),
        "too_many": _("%(name)s was not added: this answer has as many files as it can hold. Remove one first.", name=error.name),
        "type": _("%(name)s was not added: PDF, Word, Excel, OpenDocument text, PNG, JPEG and plain text are accepted.", name=error.name),
        "mismatch": _("%(name)s was not added: its content is not what its name says. Save it as PDF and add it again.", name=error.name),
        "unsafe": _("%(name)s was not added: it holds macros, is encrypted or unpacks to far more than its size. Save it as PDF and add it again.",
                    name=error.name),
    }  # fmt: skip
    return reasons[error.code]


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
    if saved.result.locked:
        return _locked(saved)
    if saved.result.conflicts:
        return _conflict_page(saved.opened, saved.question, saved.result)
    unreadable = any(entry.errors and entry.item.id in saved.opened.asked for entry in saved.inputs)
    if any(entry.cleaned for entry in saved.inputs):
        flash(_("Invisible control characters were taken out of the text."), "warning")
    if (unreadable or saved.refused) and not (posted.get("add") or removed):
        return question_page(
            saved.opened, saved.question, refused=saved.refused, status=422,
            saved_at=format_time(saved.result.at, page_zone()),
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
    here = {"response_id": saved.opened.response.id, "question_id": saved.question.id}
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


def _conflict_page(opened: OpenResponse, question: Question, result: SaveResult) -> tuple[str, int]:
    texts = opened.instrument.texts_in(language())
    shown = []
    for conflict in result.conflicts:
        item = opened.instrument.items[conflict.item_id]

        def lines(value: Any, typed: Any, item: Any = item) -> list[Any]:
            if typed:
                return [Line(text, language="und") for _name, text in typed if text]
            return item.lines(item.load(value), texts) if value is not None else []

        shown.append({
            "item": item, "conflict": conflict, "mine": lines(conflict.mine, conflict.my_typed),
            "theirs": lines(conflict.theirs, conflict.their_typed),
        })  # fmt: skip
    return render_template(
        "responses/conflict.html", **frame(opened), question=question, shown=shown, saved=list(result.versions),
        token=page_token(opened.actor.user_id, opened.response.id, question.id),
    ), 409  # fmt: skip


@responses.post("/questions/<question_id>/conflict")
@needs(Permission.RESPONSE_EDIT)
def resolve(response_id: str, question_id: str) -> Any:
    """Carry out the choices of the conflict page; a change that came in between shows the page again."""
    posted = MultiDict(request.form)
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        asked = get_question(opened, question_id)
        _form, inputs = read_posted(asked.items, ask_context(opened), posted, opened.values)
        conflicts, versions, locked = [], {}, None
        for entry in inputs:
            edit = Edit(entry.item.id, entry.base_version, entry.item.dump(entry.value), entry.typed, entry.posted)
            take = "theirs" if posted.get(f"take:{entry.item.id}") == "theirs" else "mine"
            result = resolve_conflict(db, opened, edit, take=take, idempotency_key=new_id())
            conflicts += result.conflicts
            versions |= result.versions
            locked = result if result.locked else locked
    if locked is not None:
        return _locked(Saved(opened, asked, locked, inputs, []))
    if conflicts:
        return _conflict_page(opened, asked, SaveResult(versions, conflicts, result.at, result.seq))
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
            "warnings": [_("This may hold personal data of a person. Leave out whatever could identify a victim.")]
            if looks_like_personal_data(opened.answers[entry.item.id].value if entry.item.id in opened.answers else None) else [],
        }
        for entry in saved.inputs if entry.item.id in result.versions
    }  # fmt: skip
    body: dict[str, Any] = {
        "saved_at": result.at.isoformat(), "saved_label": format_time(result.at, page_zone()), "revision": result.seq,
        "items": items, "asked": {item.id: item.id in opened.asked for item in saved.question.items},
        "progress": {"answered": progress.answered, "asked": progress.asked},
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
