"""The page where an officer has a workbook verified: a file goes in, what was checked and what differs comes back."""

from __future__ import annotations

import threading
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from imports.findings import Report
from imports.verify import RECEIVED, verify_file
from imports.verify_words import check_words, refusal_words, remark_words, sentence
from imports.workbook_file import UnreadableWorkbook
from languages import format_moment
from services.permissions import Permission
from views.context import page_language, tracker
from views.policy import needs

verification = Blueprint("verification", __name__)

ISOLATED = ("\u2068", "\u2069")
"""Around a value inside a sentence, so that each keeps its own direction."""

# A verification makes the workbook again, which keeps a processor busy; two at once would take the pages' share.
_one_at_a_time = threading.Lock()


@verification.route("/exports/verify", methods=["GET", "POST"])
@needs(Permission.EXPORT_FULL)
def verify_page() -> Any:
    """Choose a file; then what the verification found. The file is not kept."""
    if request.method == "GET":
        return _page()
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _page(refused="no_file"), 422
    context = tracker()
    try:
        with _one_at_a_time:
            report = verify_file(
                upload.stream, context.database, RECEIVED, rehearsal=context.settings.rehearsal
            )  # fmt: skip
    except UnreadableWorkbook as error:
        return _page(refused=error.code), 413 if error.code == "too_large" else 422
    return _page(report, upload.filename)


def _page(report: Report | None = None, name: str = "", refused: str = "") -> str:
    return render_template(
        "exports/verify.html", report=report, name=name, refused=refused, refusals=refusal_words(_), checks=check_words(_),
        remarks=remark_words(_), sentence=lambda one: sentence(_, one, ISOLATED), largest=RECEIVED.limits.file >> 20,
        context_line=(_("Secretariat"), ""), show_utc=lambda moment: format_moment(moment, page_language()),
    )  # fmt: skip
