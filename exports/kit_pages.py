"""Work offline: giving out workbooks to be filled in, and the board of those that are out."""

from __future__ import annotations

import io
import threading
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from exports.kit_source import KitSource
from exports.kit_workbook import MEDIA_TYPE, file_name, write_kit
from forms.kits import KitForm
from models.kits import Kit
from models.queries import names_of_users
from services.deadlines import deadline_words
from services.kits import (
    KitRefused,
    editable_questions,
    find_kit,
    kit_content,
    kit_stamp,
    list_kits,
    make_kit,
    withdraw_kit,
)
from services.permissions import Permission
from services.responses import OpenResponse, open_response, state_name
from views.context import page_language, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.policy import needs
from views.question_page import frame

kits = Blueprint("kits", __name__, url_prefix="/responses/<response_id>/offline")

PATIENCE = 20.0
"""Seconds that somebody waits while the workbooks of others are made."""

# Making one keeps a processor busy for seconds; two at once would take the pages' share without being sooner done.
_one_at_a_time = threading.Lock()


@kits.errorhandler(KitRefused)
def refused(_error: KitRefused) -> Any:
    """The response takes no answers any more."""
    return refuse(
        409, "kit_refused", title=_("No workbook can be given out"),
        message=_("The response is submitted or the round of reporting is closed, so that no answers can be taken over."),
    )  # fmt: skip


@kits.get("")
@needs(Permission.RESPONSE_EDIT)
def board(response_id: str) -> Any:
    """The form for a new workbook (`?section=` or `?question=` chosen already), and the workbooks that are out."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT)
        form = _form(opened)
        form.language.data = page_language()
        form.sections.data = request.args.getlist("section")
        form.questions.data = request.args.getlist("question")
        rows = list_kits(db, opened)
    return _page(opened, form, rows)


@kits.post("")
@needs(Permission.RESPONSE_EDIT)
def make(response_id: str) -> Any:
    """Give out a workbook: put it on record, then show it on the board with its download."""
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        form = _form(opened)
        if not form.validate_on_submit():
            rows = list_kits(db, opened)
            return _page(opened, form, rows), 422
        kit = make_kit(
            db, opened, _chosen(opened, form), language=form.language.data, prefilled=form.prefilled.data == "yes",
            recipient=form.recipient.data or "", note=form.note.data or "",
        )  # fmt: skip
        kit_id = kit.id
    return redirect(url_for("kits.board", response_id=response_id, made=kit_id), 303)


@kits.get("/<kit_id>.xlsx")
@needs(Permission.RESPONSE_EDIT)
def workbook(response_id: str, kit_id: str) -> Any:
    """The file of a workbook that was given out: the same bytes whenever it is asked for."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT)
        kit = find_kit(db, opened, kit_id)
        if kit.withdrawn_at is not None:
            return refuse(
                409, "kit_withdrawn", title=_("This workbook was called back"),
                message=_("Give out a new one instead: it holds the answers as they stand now."),
            )  # fmt: skip
        maker = names_of_users(db, [kit.made_by]).get(kit.made_by, "")
        source = kit_source(opened, kit, kit_content(db, opened, kit), maker)
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        return refuse(
            503, "busy", title=_("Many copies are being made at the moment"), message=_("Try again in a minute."), retry_after=60,
        )  # fmt: skip
    try:
        file = io.BytesIO()
        write_kit(file, source)
    finally:
        _one_at_a_time.release()
    file.seek(0)
    answer: Response = send_file(
        file, mimetype=MEDIA_TYPE, as_attachment=True, download_name=file_name(source), conditional=False
    )  # fmt: skip
    return answer


@kits.post("/<kit_id>/withdraw")
@needs(Permission.RESPONSE_EDIT)
def withdraw(response_id: str, kit_id: str) -> Any:
    """Call a workbook back: whoever uploads it later is warned."""
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        kit = withdraw_kit(db, opened, kit_id)
        flash(_("Workbook %(number)s is called back. Tell the person who has it.", number=kit.id), "success")
    return redirect(url_for("kits.board", response_id=response_id, _anchor="out"), 303)


def kit_source(opened: OpenResponse, kit: Kit, content: Any, made_by: str) -> KitSource:
    """What the file of a kit is made of, in the language of the kit."""
    settings = tracker().settings
    return KitSource(
        content, state_name=state_name(opened.state.names, kit.language), cycle_title=opened.cycle.title,
        deadline=deadline_words(opened.deadline, opened.cycle.deadline_zone, kit.language, opened.cycle.deadline_zone),
        made_by=made_by, stamp=partial(kit_stamp, tracker().secrets.queue_key), state_id=opened.state.id,
        cycle_id=opened.cycle.id, contact=settings.contact, rehearsal=settings.rehearsal,
    )  # fmt: skip


def _form(opened: OpenResponse) -> KitForm:
    form = KitForm()
    texts = opened.instrument.texts_in(page_language())
    allowed = {question.id: question for question in editable_questions(opened)}
    form.sections.choices = [
        (section.id, str(texts(f"section.{section.id}"))) for section in opened.instrument.sections
        if any(question.id in allowed for question in section.questions)
    ]  # fmt: skip
    form.questions.choices = [
        (question.id, f"{question.number_in(texts)} {texts(f'{question.id}.label')}") for question in allowed.values()
    ]  # fmt: skip
    return form


def _chosen(opened: OpenResponse, form: KitForm) -> list[str]:
    allowed = [question.id for question in editable_questions(opened)]
    sections = {section.id: section for section in opened.instrument.sections}
    wanted = {question.id for section_id in form.sections.data or () for question in sections[section_id].questions}
    wanted |= set(form.questions.data or ())
    return [question_id for question_id in allowed if question_id in wanted or not wanted]


def _page(opened: OpenResponse, form: KitForm, rows: list[Any]) -> str:
    made = next((row.kit for row in rows if row.kit.id == request.args.get("made", "")), None)
    open_now = opened.response.clearance != "submitted" and opened.cycle.closed_at is None
    return render_template(
        "responses/offline.html", **frame(opened), form=form, errors=form.error_list(), rows=rows, made=made,
        open_now=open_now, is_submitter=opened.may(Permission.RESPONSE_SUBMIT),
    )  # fmt: skip
