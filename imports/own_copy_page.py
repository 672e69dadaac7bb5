"""The page where a State brings answers back from a copy of its own: a file goes in, a preview comes back, a choice is stored."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from imports.own_copy import LARGEST, UnreadableCopy, read_own_copy
from models.base import new_id
from services.earlier_answers import take_over
from services.permissions import Permission
from services.received_answers import Comparison, NotThisState, UnknownQuestionnaire, compare_received
from services.responses import OpenResponse, open_response
from views.context import reading, signed_in, transaction
from views.errors import refuse
from views.policy import needs
from views.question_page import frame, language

own_copy_import = Blueprint("own_copy_import", __name__, url_prefix="/responses/<response_id>/own-copy")


@own_copy_import.get("")
@needs(Permission.RESPONSE_EDIT)
def upload(response_id: str) -> Any:
    """Choose a file."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT)
    return _page(opened)


@own_copy_import.post("")
@needs(Permission.RESPONSE_EDIT)
def preview(response_id: str) -> Any:
    """What the file would change; nothing is stored. The preview carries the file, so that the choice needs no other place."""
    file = request.files.get("file")
    data = file.stream.read(LARGEST + 1) if file is not None and file.filename else b""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT)
        if not opened.is_editable:
            return _locked(response_id)
        try:
            compared = compare_received(db, opened, read_own_copy(data))
        except (UnreadableCopy, NotThisState, UnknownQuestionnaire) as error:
            return _page(opened, error=error), 413 if error.code == "too_large" else 422
    return _page(opened, compared, data.decode("utf-8-sig", "replace"))


@own_copy_import.post("/apply")
@needs(Permission.RESPONSE_EDIT)
def apply(response_id: str) -> Any:
    """Store what was ticked, each answer on the version that the preview showed."""
    picked = dict(_picked(entry) for entry in request.form.getlist("pick"))
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_EDIT, lock=True)
        try:
            received = read_own_copy(request.form.get("document", "").encode("utf-8", "replace"))
            compared = compare_received(db, opened, received)
        except (UnreadableCopy, NotThisState, UnknownQuestionnaire) as error:
            return _page(opened, error=error), 422
        values = {item_id: value for item_id, value in compared.values.items() if item_id in picked}
        result = take_over(db, opened, values, bases=picked, idempotency_key=new_id())
    if result.locked:
        return _locked(response_id)
    stored, waiting = len(result.versions), len(values) - len(result.versions)
    flash(
        ngettext("%(num)d answer was stored from the copy.", "%(num)d answers were stored from the copy.", stored),
        "success" if stored else "warning",
    )
    if waiting:
        flash(
            ngettext(
                "%(num)d answer was not stored: it was changed meanwhile, or is not asked as the answers stand now.",
                "%(num)d answers were not stored: they were changed meanwhile, or are not asked as the answers stand now.",
                waiting,
            ),
            "warning",
        )
    return redirect(url_for("responses.home", response_id=response_id), 303)


def _picked(entry: str) -> tuple[str, int]:
    item_id, _at, version = entry.partition("@")
    return item_id, int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0


def _page(opened: OpenResponse, compared: Comparison | None = None, document: str = "", error: Any = None) -> str:
    answers = opened.answers
    return render_template(
        "earlier/own_copy.html", **frame(opened), compared=compared, document=document, code=error.code if error else "",
        refusal=_refusal(opened, error) if error else "", before_texts=compared.instrument.texts_in(language()) if compared else None, most=LARGEST >> 20,
        versions={item_id: answers[item_id].version if item_id in answers else 0 for item_id in compared.values} if compared else {},
    )  # fmt: skip


def _refusal(opened: OpenResponse, error: UnreadableCopy | NotThisState | UnknownQuestionnaire) -> str:
    if isinstance(error, NotThisState):
        own = NotThisState(opened.state.id, opened.state.names)
        return str(
            _(
                "This copy is of %(theirs)s. Only a copy of %(own)s can be brought back here.",
                theirs=f"\u2068{error.name_in(language())}\u2069",
                own=f"\u2068{own.name_in(language())}\u2069",
            )
        )
    sentences = {
        "unknown_questionnaire": _("The copy answers a questionnaire that is not known here. Take a copy that was downloaded from this address."),
        "no_file": _("Choose a file."),
        "too_large": _("The file is larger than %(most)s MB. A copy of a submission is smaller.", most=LARGEST >> 20),
        "not_json": _("The file is not a copy that this application made, or it was damaged on the way. Download it again from the receipt."),
        "too_deep": _("The file is not a copy that this application made, or it was damaged on the way. Download it again from the receipt."),
        "not_own_copy": _("The file is not a copy that this application made, or it was damaged on the way. Download it again from the receipt."),
        "exported_answers": _("This is an export of answers, which does not hold every answer exactly. Take the sealed document (JSON) from the page of the receipt."),
    }  # fmt: skip
    return str(sentences[error.code])


def _locked(response_id: str) -> Any:
    return refuse(
        423, "locked", safe=_("Nothing was taken over, and no answer was changed."),
        links=[(url_for("responses.home", response_id=response_id), _("Go to your overview"))],
    )  # fmt: skip
