"""The focal point hands out the work: who has what, until when, and what came back. Contributors see it on their overview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlmodel import Session
from werkzeug.wrappers import Response

from forms.secretariat import offer
from forms.team import AssignForm, SendBackForm
from instruments.schema import Question
from models.assignments import ACCESSES, Assignment
from models.base import utc_now
from services.assignments import (
    Colleague,
    DueInThePast,
    NotReady,
    accept,
    assign,
    changed_since,
    find_assignment,
    find_colleague,
    is_overdue,
    list_colleagues,
    remove,
    send_back,
    set_access,
)
from services.permissions import NotFound, Permission
from services.reach import items_of, list_assignments
from services.responses import OpenResponse, open_response
from views.context import reading, signed_in, transaction
from views.policy import needs
from views.question_page import frame, get_question, language

team = Blueprint("team", __name__, url_prefix="/responses/<response_id>/team")


def access_words() -> dict[str, str]:
    """How far a contributor reads and writes, in words."""
    return dict(zip(ACCESSES, (
        _("Reads and writes everything"), _("Reads everything, writes what is assigned"),
        _("Reads and writes only what is assigned"),
    ), strict=True))  # fmt: skip


@team.app_template_global()
def part_words(opened: OpenResponse, assignment: Assignment) -> str:
    """Which part of its question an assignment gives: whole groups by their names, other items by theirs; empty for all of it."""
    question = opened.instrument.questions.get(assignment.question_id)
    if question is None or not assignment.item_ids:
        return ""
    texts, given = opened.instrument.texts_in(language()), set(items_of(opened.instrument, assignment))
    words: list[str] = []
    for group in opened.instrument.groups:
        items = [item for item in question.items if item.group == group]
        if items and all(item.id in given for item in items):
            words.append(str(texts(f"group.{group}")))
        else:
            words += [str(item.label(texts)) for item in items if item.id in given]
    return "; ".join(words)


def _open(db: Session, response_id: str, *, lock: bool = False) -> OpenResponse:
    return open_response(db, response_id, signed_in(), Permission.WORK_ASSIGN, lock=lock)


@team.get("")
@needs(Permission.WORK_ASSIGN)
def overview(response_id: str) -> Any:
    """All questions with who has what, the people with what is theirs, and the form that assigns."""
    with reading() as db:
        opened = _open(db, response_id)
        return _overview(db, opened, AssignForm(formdata=None, person=request.args.get("person", "")), [])


def _overview(
    db: Session, opened: OpenResponse, form: AssignForm, ticked: list[str], problem: str = "", status: int = 200
) -> tuple[str, int]:
    colleagues = list_colleagues(db, opened.response)
    assignments = list_assignments(db, opened.response.id)
    _offer_people(form, colleagues)
    by_question: dict[str, list[Assignment]] = {}
    for entry in assignments:
        by_question.setdefault(entry.question_id, []).append(entry)
    errors = form.error_list() + ([("questions", problem)] if problem else [])
    return render_template(
        "team/overview.html", **frame(opened), form=form, errors=errors, problem=problem, ticked=ticked,
        by_question=by_question, people=_people(colleagues, assignments), access_words=access_words(), **_words(colleagues),
    ), status  # fmt: skip


def _words(colleagues: list[Colleague]) -> dict[str, Any]:
    today = utc_now().date()
    return {
        "names": {entry.address: entry.name for entry in colleagues},
        "is_overdue": lambda entry: is_overdue(entry, today), "changed_since": changed_since,
    }  # fmt: skip


def _offer_people(form: AssignForm, colleagues: list[Colleague]) -> None:
    offer(form.person, [("", ""), *((
        entry.key, _("%(name)s (invited, not here yet)", name=entry.name) if entry.invited else entry.name
    ) for entry in colleagues)])  # fmt: skip


def _people(colleagues: list[Colleague], assignments: list[Assignment]) -> list[dict[str, Any]]:
    """Each person with the number of assignments by state; last, addresses that are no longer on the team."""
    today, known = utc_now().date(), {entry.address for entry in colleagues}
    left = sorted({entry.assignee for entry in assignments} - known)
    rows: list[tuple[Colleague | None, str]] = [(entry, entry.address) for entry in colleagues]
    found = []
    for colleague, address in rows + [(None, address) for address in left]:
        own = [entry for entry in assignments if entry.assignee == address]
        found.append({
            "colleague": colleague, "address": address, "all": len(own),
            "ready": sum(entry.state == "ready" for entry in own),
            "accepted": sum(entry.state == "accepted" for entry in own),
            "overdue": sum(is_overdue(entry, today) for entry in own),
        })  # fmt: skip
    return found


@team.post("")
@needs(Permission.WORK_ASSIGN)
def assign_questions(response_id: str) -> Any:
    """Give the ticked questions and sections to a person, as whole questions."""
    form = AssignForm()
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        ticked = _ticked(opened)
        valid = form.validate_on_submit()
        to = find_colleague(db, opened.response, form.person.data) if form.person.data else None
        problem = "" if ticked else _("Tick at least one question or section.")
        if valid and to is not None and ticked and _assign(db, opened, to, dict.fromkeys(ticked, ()), form):
            return redirect(url_for("team.overview", response_id=response_id), 303)
        return _overview(db, opened, form, ticked, problem, 422)


def _ticked(opened: OpenResponse) -> list[str]:
    """The questions ticked, and those of the sections ticked that are asked of this State. Raises NotFound for unknown ones."""
    sections = {section.id: section for section in opened.instrument.sections}
    chosen = request.form.getlist("question")
    for section_id in request.form.getlist("section"):
        if section_id not in sections:
            raise NotFound(section_id)
        chosen += [question.id for question in sections[section_id].questions if opened.is_asked(question)]
    unknown = [question_id for question_id in chosen if question_id not in opened.instrument.questions]
    if unknown:
        raise NotFound(unknown[0])
    return [question_id for question_id in opened.instrument.questions if question_id in chosen]


def _assign(db: Session, opened: OpenResponse, to: Colleague, chosen: dict[str, Any], form: AssignForm) -> bool:
    try:
        given = assign(db, opened, to, chosen, note=form.note.data or "", due=form.due.data)
    except DueInThePast:
        form.due.errors = [_("This day is over. Choose today or a later day.")]
        return False
    flash(ngettext(
        "%(num)d question is assigned to %(name)s.", "%(num)d questions are assigned to %(name)s.", len(given), name=to.name
    ), "success")  # fmt: skip
    return True


@team.route("/questions/<question_id>", methods=["GET", "POST"])
@needs(Permission.WORK_ASSIGN)
def parts(response_id: str, question_id: str) -> Any:
    """Give groups or single items of one question to a person."""
    if request.method == "GET":
        with reading() as db:
            opened = _open(db, response_id)
            return _parts_page(db, opened, get_question(opened, question_id), AssignForm(formdata=None), [])
    form = AssignForm()
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        question = get_question(opened, question_id)
        ticked = _ticked_items(question)
        valid = form.validate_on_submit()
        to = find_colleague(db, opened.response, form.person.data) if form.person.data else None
        problem = "" if ticked else _("Tick at least one part.")
        chosen = {question.id: () if len(ticked) == len(question.items) else ticked}
        if valid and to is not None and ticked and _assign(db, opened, to, chosen, form):
            return redirect(url_for("team.parts", response_id=response_id, question_id=question_id), 303)
        return _parts_page(db, opened, question, form, ticked, problem, 422)


def _ticked_items(question: Question) -> list[str]:
    items, groups = request.form.getlist("item"), request.form.getlist("group")
    unknown = [name for name in items if name not in question.items_by_id]
    if unknown or set(groups) - {item.group for item in question.items}:
        raise NotFound(question.id)
    return [item.id for item in question.items if item.id in items or item.group in groups]


def _parts_page(
    db: Session, opened: OpenResponse, question: Question, form: AssignForm, ticked: list[str], problem: str = "",
    status: int = 200,
) -> tuple[str, int]:  # fmt: skip
    colleagues = list_colleagues(db, opened.response)
    _offer_people(form, colleagues)
    errors = form.error_list() + ([("parts", problem)] if problem else [])
    groups = [
        (group, [item for item in question.items if item.group == group]) for group in opened.instrument.groups
        if any(item.group == group for item in question.items)
    ]  # fmt: skip
    return render_template(
        "team/parts.html", **frame(opened), question=question, form=form, errors=errors, problem=problem, ticked=ticked,
        groups=groups, given=list_assignments(db, opened.response.id, question_id=question.id), **_words(colleagues),
    ), status  # fmt: skip


@team.post("/access")
@needs(Permission.WORK_ASSIGN)
def access(response_id: str) -> Any:
    """How far a contributor reads and writes."""
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        to = find_colleague(db, opened.response, request.form.get("person", ""))
        chosen = request.form.get("access", "")
        set_access(db, opened, to, chosen)
    flash(f"{to.name}: {access_words()[chosen]}", "success")
    return _back(response_id)


@team.route("/assignments/<assignment_id>", methods=["GET", "POST"])
@needs(Permission.WORK_ASSIGN)
def assignment(response_id: str, assignment_id: str) -> Any:
    """One assignment: accept it, send it back with a reason, or take it back."""
    form = SendBackForm()
    if request.method == "GET":
        with reading() as db:
            opened = _open(db, response_id)
            return _assignment_page(db, opened, find_assignment(db, opened, assignment_id), form)
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        entry = find_assignment(db, opened, assignment_id)
        act = request.form.get("act", "")
        if act == "accept":
            try:
                accept(db, entry)
            except NotReady:
                flash(_("It is not marked as ready, so it cannot be accepted yet."), "error")
                return _assignment_page(db, opened, entry, form, 409)
            flash(_("Accepted."), "success")
        elif act == "send_back":
            if not form.validate():
                return _assignment_page(db, opened, entry, form, 422)
            send_back(db, opened, entry, form.reason.data or "")
            flash(_("Sent back. The person is told by mail and sees your reason on the work list."), "success")
        elif act == "remove":
            remove(db, entry)
            flash(_("The assignment is taken back. What was written stays."), "success")
        else:
            abort(400)
    return _back(response_id)


def _assignment_page(
    db: Session, opened: OpenResponse, entry: Assignment, form: SendBackForm, status: int = 200
) -> tuple[str, int]:
    return render_template(
        "team/assignment.html", **frame(opened), entry=entry, form=form, errors=form.error_list() if form.errors else [],
        question=opened.instrument.questions.get(entry.question_id), **_words(list_colleagues(db, opened.response)),
    ), status  # fmt: skip


def _back(response_id: str) -> Response:
    return redirect(url_for("team.overview", response_id=response_id), 303)
