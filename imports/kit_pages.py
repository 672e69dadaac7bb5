"""The pages of offline workbooks that come back: send one, look at what differs, take over what is ticked, undo it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlmodel import Session

from exports.kit_pages import kit_source
from exports.kit_workbook import MEDIA_TYPE, file_name, write_kit
from imports.kit_import import ForeignKit, apply, discard, entries_of, keep, look, renew, undo
from imports.kit_report import content_of, csv_report, groups_of, results_of
from imports.kit_sheets import LIMITS, FoundKit, read_kit
from imports.kit_words import kind_words, own_refusal_words, warning_words
from imports.verify_words import refusal_words
from imports.workbook_file import UnreadableWorkbook
from models.kits import KitReturn
from models.queries import names_of_users
from services.kit_returns import find_given, find_return, find_same, list_returns, open_file, sha256_of
from services.kits import KitRefused, editable_questions, make_kit
from services.permissions import Permission
from services.responses import OpenResponse, open_response
from views.context import page_language, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.policy import needs
from views.question_page import ask_context, frame
from views.responses import attachment

kit_returns = Blueprint("kit_returns", __name__, url_prefix="/responses/<response_id>/workbooks")

PATIENCE = 20.0
"""Seconds that somebody waits while the workbooks of others are read."""

# Reading one keeps a processor busy for a moment; two at once would take the pages' share.
_one_at_a_time = threading.Lock()


class Busy(Exception):
    """Others' workbooks are being read."""


@kit_returns.errorhandler(Busy)
def busy(_error: Busy) -> Any:
    """Nothing was read: try again."""
    return refuse(
        503, "busy", title=_("Many workbooks are being read at the moment"), message=_("Try again in a minute."),
        retry_after=60,
    )  # fmt: skip


@contextmanager
def _turn() -> Iterator[None]:
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        raise Busy
    try:
        yield
    finally:
        _one_at_a_time.release()


def _open(db: Session, response_id: str, *, lock: bool = False) -> OpenResponse:
    return open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=lock)


@kit_returns.get("/return")
@needs(Permission.RESPONSE_EDIT)
def choose(response_id: str) -> Any:
    """Choose a workbook that was filled in; what came back before stands below."""
    return _upload_page(response_id)


def _upload_page(response_id: str, refused: str = "", names: tuple[str, str] = ("", ""), status: int = 200) -> Any:
    with reading() as db:
        opened = _open(db, response_id)
        rows = list_returns(db, response_id)
        people = names_of_users(db, {row.uploaded_by for row in rows})
        return render_template(
            "kits/return.html", **frame(opened), rows=rows, people=people, statuses=_status_words(), refused=refused,
            refusals={**refusal_words(_), **own_refusal_words(_), "other_response": _(
                "This workbook was made for %(made_for)s. You sent it to %(sent_to)s. Nothing of it was read.",
                made_for=_isolated(names[0]), sent_to=_isolated(names[1]),
            )}, largest=LIMITS.file >> 20,
        ), status  # fmt: skip


def _isolated(name: str) -> str:
    return f"\u2068{name}\u2069"


def _status_words() -> dict[str, str]:
    return {
        "previewed": _("Waiting for a decision"), "applied": _("Taken over"), "undone": _("Undone"), "discarded": _("Put aside"),
    }  # fmt: skip


@kit_returns.post("/return")
@needs(Permission.RESPONSE_EDIT)
def send(response_id: str) -> Any:
    """Read a workbook and keep what differs. No answer is changed."""
    upload = request.files.get("file")
    with reading() as db:
        opened = _open(db, response_id)
        if upload is None or not upload.filename:
            return _upload_page(response_id, "no_file", status=422)
        content = upload.stream.read(LIMITS.file + 1)
        upload.close()
        same = find_same(db, response_id, sha256_of(content))
        if same is not None:
            flash(_("This file was sent before. Here is what came of it."), "warning")
            return redirect(url_for("kit_returns.show", response_id=response_id, return_id=same.id), 303)
        try:
            with _turn():
                found = read_kit(BytesIO(content), opened.instrument.items)
            looked = look(
                db, opened, ask_context(opened), found, secret=tracker().secrets.queue_key, sha256=sha256_of(content)
            )
        except UnreadableWorkbook as error:
            return _upload_page(response_id, error.code, status=413 if error.code == "too_large" else 422)
        except ForeignKit as error:
            return _upload_page(response_id, "other_response", (error.made_for, error.sent_to), 409)
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        row = keep(db, opened, looked, content, upload.filename, tracker().settings.kit_returns_folder)
        return_id = row.id
    return redirect(url_for("kit_returns.show", response_id=response_id, return_id=return_id), 303)


@kit_returns.get("/returns/<return_id>")
@needs(Permission.RESPONSE_EDIT)
def show(response_id: str, return_id: str) -> Any:
    """What differs, question by question, with what can be taken over."""
    with reading() as db:
        opened = _open(db, response_id)
        row = find_return(db, response_id, return_id)
        people = names_of_users(db, {row.uploaded_by})
    groups = groups_of(opened, row)
    counts = Counter(one.entry.kind for _question, shown in groups for one in shown if one.entry.outcome != "stored")
    return render_template(
        "kits/preview.html", **frame(opened), row=row, groups=groups, counts=counts, kinds=kind_words(_), sent_by=people.get(row.uploaded_by, ""),
        warnings=[warning_words(_)[code] for code in row.result["warnings"]], statuses=_status_words(),
    )  # fmt: skip


@kit_returns.post("/returns/<return_id>")
@needs(Permission.RESPONSE_EDIT)
def take_over(response_id: str, return_id: str) -> Any:
    """Take over what was ticked, in one transaction; what somebody changed meanwhile is left and shown again to decide."""
    takes = {
        name.removeprefix("take:"): text for name, text in request.form.items() if name.startswith("take:") and text
    }
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        came = apply(db, opened, find_return(db, response_id, return_id, lock=True), takes)
    if came["stored"]:
        flash(ngettext("%(num)d answer was taken over.", "%(num)d answers were taken over.", len(came["stored"])), "success")  # fmt: skip
    if came["late"]:
        flash(_("The response takes no answers any more. The texts are kept with it; you find them on the overview."), "warning")  # fmt: skip
    if came["changed"]:
        flash(ngettext(
            "%(num)d answer was changed by somebody while you decided. It is left as it is; decide again below.",
            "%(num)d answers were changed by somebody while you decided. They are left as they are; decide again below.",
            len(came["changed"]),
        ), "warning")  # fmt: skip
        _compare_again(response_id, return_id)
    elif not any(came.values()):
        flash(_("Nothing was ticked, so nothing was changed."), "warning")
    return redirect(url_for("kit_returns.show", response_id=response_id, return_id=return_id), 303)


@kit_returns.post("/returns/<return_id>/again")
@needs(Permission.RESPONSE_EDIT)
def compare_again(response_id: str, return_id: str) -> Any:
    """Hold the kept file against the response as it stands now."""
    _compare_again(response_id, return_id)
    return redirect(url_for("kit_returns.show", response_id=response_id, return_id=return_id), 303)


def _compare_again(response_id: str, return_id: str) -> None:
    with reading() as db:
        opened = _open(db, response_id)
        row = find_return(db, response_id, return_id)
        found = _found_again(opened, row)
        looked = look(
            db, opened, ask_context(opened), found, secret=tracker().secrets.queue_key, sha256=row.sha256
        )  # fmt: skip
    with transaction() as db:
        _open(db, response_id, lock=True)
        renew(db, find_return(db, response_id, return_id, lock=True), looked)


def _found_again(opened: OpenResponse, row: KitReturn) -> FoundKit:
    with _turn(), open_file(row, tracker().settings.kit_returns_folder) as file:
        return read_kit(file, opened.instrument.items)


@kit_returns.post("/returns/<return_id>/undo")
@needs(Permission.RESPONSE_EDIT)
def take_back(response_id: str, return_id: str) -> Any:
    """Set back what the workbook changed, but for what was changed again since."""
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        done = undo(db, opened, find_return(db, response_id, return_id, lock=True))
        texts = ask_context(opened).texts
        kept = [str(opened.instrument.items[item_id].label(texts)) for item_id in done.newer]
    if done.locked:
        return refuse(
            423, "locked", links=[(url_for("responses.home", response_id=response_id), _("Go to your overview"))]
        )
    if done.restored:
        flash(ngettext("%(num)d answer was set back.", "%(num)d answers were set back.", len(done.restored)), "success")
    for label in kept:
        flash(_("Not set back, because somebody has changed it since: %(answer)s", answer=_isolated(label)), "warning")
    return redirect(url_for("kit_returns.show", response_id=response_id, return_id=return_id), 303)


@kit_returns.post("/returns/<return_id>/discard")
@needs(Permission.RESPONSE_EDIT)
def put_aside(response_id: str, return_id: str) -> Any:
    """Put a workbook aside of which nothing was taken over."""
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        discard(db, opened, find_return(db, response_id, return_id, lock=True))
    flash(_("The workbook was put aside. Nothing was changed."), "success")
    return redirect(url_for("kit_returns.choose", response_id=response_id), 303)


@kit_returns.get("/returns/<return_id>/result.csv")
@needs(Permission.RESPONSE_EDIT)
def result_csv(response_id: str, return_id: str) -> Any:
    """What came of every cell, as a file for spreadsheets and programs."""
    with reading() as db:
        opened = _open(db, response_id)
        row = find_return(db, response_id, return_id)
    name = f"{row.file_name.rpartition('.')[0] or 'workbook'}-result.csv"
    return attachment(name, "text/csv; charset=utf-8", BytesIO(csv_report(opened, row)))


@kit_returns.post("/returns/<return_id>/workbook")
@needs(Permission.RESPONSE_EDIT)
def result_workbook(response_id: str, return_id: str) -> Any:
    """A new workbook with what was filled in and what came of it beside every answer, to be corrected and sent again."""
    with transaction() as db:
        opened = _open(db, response_id, lock=True)
        row = find_return(db, response_id, return_id)
        given = find_given(db, opened, row.kit_id or "")
        held = {
            item_id.partition(".")[0]
            for item_id in (*row.result["untouched"], *(one.item_id for one in entries_of(row)))
        }
        allowed = [question.id for question in editable_questions(opened) if question.id in held]
        kit = make_kit(
            db, opened, allowed, language=page_language(), prefilled=True,
            recipient=given.recipient if given else row.file_name[:200],
            note=_("What you filled in, with what came of it beside every answer."),
        )  # fmt: skip
        source = kit_source(opened, kit, content_of(opened, row, kit), signed_in().name)
        results = results_of(opened, row)
    file = BytesIO()
    with _turn():
        write_kit(file, source, results)
    file.seek(0)
    return attachment(file_name(source), MEDIA_TYPE, file)


@kit_returns.errorhandler(KitRefused)
def not_given_out(_error: KitRefused) -> Any:
    """The response takes no answers, or nothing in the workbook is the person's to answer."""
    return refuse(
        409, "kit_refused", title=_("No workbook can be given out"),
        message=_("The response is submitted or the round of reporting is closed, so that no answers can be taken over."),
    )  # fmt: skip
