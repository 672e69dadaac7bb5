"""A State's earlier answers: all of them on one page, and what a person chooses to take over into this round."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from forms.question import read_base
from languages import format_date, isolate_ranges
from models.base import new_id
from services.answers import SaveResult
from services.earlier_answers import (
    AlteredSubmission,
    EarlierAnswers,
    find_earlier,
    in_questions,
    is_blank,
    is_same,
    take_over,
)
from services.permissions import NotFound, Permission
from services.responses import OpenResponse, open_response
from views.conflicts import conflict_page
from views.context import reading, signed_in, transaction
from views.earlier_answers import may_take
from views.errors import refuse
from views.policy import needs
from views.question_page import frame, get_question, language
from views.saving import save_posted

earlier = Blueprint("earlier", __name__, url_prefix="/responses/<response_id>")


@earlier.errorhandler(AlteredSubmission)
def altered(error: AlteredSubmission) -> Any:
    """A submission that was altered is not offered."""
    return refuse(
        500, "earlier_altered", title=_("The earlier answers are not shown"),
        message=_("The submission %(number)s differs from its fingerprint: it was altered. Tell the secretariat.", number=str(error)),
    )  # fmt: skip


@earlier.get("/earlier")
@needs(Permission.RESPONSE_READ)
def overview(response_id: str) -> Any:
    """What the State submitted in the last round in which it did, by section; and what cannot be taken over."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        found = find_earlier(db, opened)
    sections = _by_section(opened, found) if found else []
    return render_template(
        "earlier/overview.html", **frame(opened), found=found, sections=sections, editable=may_take(opened),
        day=format_date(found.submitted_at.date(), language()) if found else "", round_title=isolate_ranges(found.cycle_title) if found else "",
        blanks=sum(count for _section, count, _questions in sections),
        before_texts=found.instrument.texts_in(language()) if found else None,
        states={item_id: _standing(opened, item_id, value) for item_id, value in found.answers.items()} if found else {},
    )  # fmt: skip


def _standing(opened: OpenResponse, item_id: str, value: Any) -> str:
    """How the earlier answer stands to this round: `same`, `blank`, `not_asked` or `other`."""
    if is_same(opened, item_id, value):
        return "same"
    if not is_blank(opened, item_id):
        return "other"
    return "blank" if item_id in opened.asked else "not_asked"


def _by_section(opened: OpenResponse, found: EarlierAnswers) -> list[tuple[Any, int, list[tuple[Any, int, list[Any]]]]]:
    """(section, blanks in it, [(question, blanks in it, items)]), where there is an earlier answer."""
    sections = []
    for section in opened.instrument.sections:
        questions = []
        for question in section.questions:
            items = [item for item in question.items if item.id in found.answers]
            if items:
                questions.append((question, sum(is_blank(opened, item.id) for item in items), items))
        if questions:
            sections.append((section, sum(count for _question, count, _items in questions), questions))
    return sections


@earlier.post("/earlier")
@needs(Permission.RESPONSE_EDIT)
def take(response_id: str) -> Any:
    """Take over the blank items of everything, a section, a question, or one item (`all`, `section:…`, `question:…`, `item:…`)."""
    kind, _colon, name = request.form.get("take", "").partition(":")
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        found = find_earlier(db, opened)
        values = _chosen(opened, found, kind, name) if found else {}
        result = take_over(db, opened, values, bases={}, idempotency_key=new_id())
    if result.locked:
        return _locked(response_id)
    _say(result)
    return redirect(
        url_for("earlier.overview", response_id=response_id, _anchor=f"{kind}-{name}" if name else None), 303
    )


def _chosen(opened: OpenResponse, found: EarlierAnswers, kind: str, name: str) -> dict[str, Any]:
    """The earlier answers that were asked for. Raises NotFound for a name that the questionnaire has not."""
    instrument = opened.instrument
    if kind == "all":
        return dict(found.answers)
    if kind == "section":
        section = next((one for one in instrument.sections if one.id == name), None)
        if section is not None:
            return in_questions(instrument, (question.id for question in section.questions), found.answers)
    if kind == "question" and name in instrument.questions:
        return in_questions(instrument, [name], found.answers)
    if kind == "item" and name in found.answers:
        return {name: found.answers[name]}
    raise NotFound(name)


@earlier.post("/questions/<question_id>/earlier")
@needs(Permission.RESPONSE_EDIT)
def choose(response_id: str, question_id: str) -> Any:
    """From the page of a question: save what was typed there, then take an item's earlier answer over (`take`), or put it into
    its field to be edited (`edit`)."""
    posted = MultiDict(request.form)
    wanted = posted.get("take") or posted.get("edit", "")
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        get_question(opened, question_id)
        before = opened.answers[wanted].version if wanted in opened.answers else 0
        saved = save_posted(db, response_id, question_id, new_id(), posted)
        found = find_earlier(db, saved.opened, saved.question)
        if found is None or wanted not in found.answers:
            raise NotFound(wanted)
        result = saved.result
        if posted.get("take") and not result.locked:
            shown, _own = read_base(posted.get(f"base:{wanted}", ""))
            # What this very post has stored is not somebody else's change.
            base = result.versions.get(wanted, before) if shown == before else shown
            taken = take_over(
                db, saved.opened, {wanted: found.answers[wanted]}, bases={wanted: base}, idempotency_key=new_id()
            )  # fmt: skip
    if result.locked:
        return _locked(response_id, kept=bool(result.late_notes))
    if result.conflicts:
        return conflict_page(saved.opened, saved.question, result)
    here: dict[str, Any] = {"response_id": response_id, "question_id": question_id, "_anchor": f"item-{wanted}"}
    if not posted.get("take"):
        return redirect(url_for("responses.question", **here, earlier=wanted), 303)
    _say(taken)
    return redirect(url_for("responses.question", **here), 303)


def _say(result: SaveResult) -> None:
    stored = len(result.versions)
    if result.conflicts:
        flash(
            _("Somebody else changed this answer meanwhile, so it was not replaced. Look at it and choose again."),
            "warning",
        )
    elif stored:
        flash(
            ngettext(
                "%(num)d earlier answer was taken over. It counts from now on.",
                "%(num)d earlier answers were taken over. They count from now on.",
                stored,
            ),
            "success",
        )
    else:
        flash(
            _("Nothing was taken over: what is asked here is answered already, or is not asked of your State now."),
            "warning",
        )


def _locked(response_id: str, *, kept: bool = False) -> Any:
    return refuse(
        423, "locked", kept=kept or None, safe=_("Nothing was taken over, and no answer was changed."),
        links=[(url_for("responses.home", response_id=response_id), _("Go to your overview"))],
    )  # fmt: skip
