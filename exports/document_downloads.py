"""One State's answers as Word and PDF on pages: the draft for the State's own people, a submission also for officers.

And the passage on a State for the report of paragraph 15, which officers send to that State.
"""

from __future__ import annotations

import io
import re
from typing import Any

from flask import Blueprint, Response, abort, request, send_file
from flask_babel import gettext as _

from exports.document import DocumentSource, print_response
from exports.passage import is_possible, print_passage
from exports.pdf import SCRIPT_WORDS, PdfUnavailable, is_available, write_pdf
from exports.sealed import latest_sealed, sealed_source
from exports.source import BrokenSeal
from exports.word import write_passage, write_word
from instruments.schema import Instrument
from languages import is_language
from models.base import utc_now
from models.submissions import Submission
from services.audit import record
from services.permissions import NotFound, Permission
from services.responses import OpenResponse, find_response, open_response
from services.submissions import latest_submission
from views.context import page_language, page_zone, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.policy import needs
from views.submissions import open_submission

documents = Blueprint("documents", __name__)

WORD, PDF = "docx", "pdf"
MEDIA_TYPES = {
    WORD: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    PDF: "application/pdf",
}


@documents.app_template_global()
def pdf_offered() -> bool:
    """Whether pages offer a PDF: only where the library for it is installed."""
    return is_available()


@documents.errorhandler(PdfUnavailable)
def no_pdf(error: PdfUnavailable) -> Any:
    """Something is not installed on the server: the page says what, and that Word works."""
    if error.missing in SCRIPT_WORDS:
        words = _("The server has no font for a script that this document is written in.")
    else:
        words = _("The part of the program that makes PDF files is not installed on this server.")
    asked = _("Whoever runs the server installs it with the command “%(command)s”.", command=error.remedy)
    offered = _("The same document can be downloaded as a Word file.")
    return refuse(503, "pdf_unavailable", title=_("No PDF can be made here"), message=f"{words} {asked} {offered}")


@documents.errorhandler(BrokenSeal)
def altered(error: BrokenSeal) -> Any:
    """An altered submission is not passed on."""
    return refuse(500, "export_refused", title=_("The document was not made"), message=str(error))


@documents.get("/responses/<response_id>/document.<kind>")
@needs(Permission.RESPONSE_READ)
def response_document(response_id: str, kind: str) -> Response:
    """The draft as it stands; what was submitted while the response is submitted. `?answered=1` leaves out what has no answer."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ, whole=True)
        latest = latest_submission(db, response_id)
    if opened.response.clearance == "submitted" and latest is not None:
        return _document(_submitted(latest, opened), kind)
    return _document(_draft(opened), kind)


@documents.get("/submissions/<submission_id>/document.<kind>")
@needs(Permission.SUBMISSION_READ)
def submission_document(submission_id: str, kind: str) -> Response:
    """One submission, from its sealed document alone, with its receipt."""
    with reading() as db:
        submission, opened = open_submission(db, submission_id)
    return _document(_submitted(submission, opened), kind)


@documents.app_template_global()
def passage_offered(instrument: Instrument) -> bool:
    """Whether the questionnaire asks anything that the report of paragraph 15 is about."""
    return is_possible(instrument)


@documents.get("/responses/<response_id>/passage.docx")
@needs(Permission.SUBMISSION_READ)
def passage(response_id: str) -> Any:
    """The passage on a State, from its newest submission alone, for officers. Another State's people do not find it."""
    language = _asked_language()
    with reading() as db:
        response = find_response(db, response_id, signed_in(), Permission.EXPORT_FULL)
    source = latest_sealed(tracker().database, response_id)
    if source is None:
        return refuse(409, "not_submitted", title=_("There is no passage yet"), message=_(
            "The State has not submitted in this round of reporting. The passage is made of what was submitted, never of a draft."
        ))  # fmt: skip
    if not is_possible(source.instrument):
        raise NotFound(response_id)
    rehearsal = tracker().settings.rehearsal
    content = write_passage(print_passage(source, language, rehearsal=rehearsal))
    with transaction() as db:
        assert source.seal is not None
        record(
            db, "passage.made", signed_in().user_id, response.state_id, cycle=response.cycle_id, language=language,
            submission=source.seal.number,
        )  # fmt: skip
    return _sent(content, WORD, file_name(source, language, "passage", rehearsal=rehearsal))


def _draft(opened: OpenResponse) -> DocumentSource:
    return DocumentSource(
        instrument=opened.instrument, state_id=opened.state.id, state_names=opened.state.names,
        cycle_title=opened.cycle.title, values=opened.values, asked=opened.asked, seal=None, moment=utc_now(),
        unreadable=frozenset(opened.unreadable()),
    )  # fmt: skip


def _submitted(submission: Submission, opened: OpenResponse) -> DocumentSource:
    """Of what was opened only the instrument and the names are used: the answers are those of the seal. Raises BrokenSeal."""
    return sealed_source(submission, opened.state, opened.cycle, opened.instrument)


def _asked_language() -> str:
    language = request.args.get("lang", page_language())
    if not is_language(language):
        abort(404)
    return language


def _document(source: DocumentSource, kind: str) -> Response:
    language = _asked_language()
    if kind not in MEDIA_TYPES:
        abort(404)
    answered_only = request.args.get("answered") == "1"
    rehearsal = tracker().settings.rehearsal
    printed = print_response(
        source, language, answered_only=answered_only, rehearsal=rehearsal, zone=page_zone()
    )  # fmt: skip
    content = write_word(printed) if kind == WORD else write_pdf(printed)
    return _sent(content, kind, file_name(source, language, "answers" if answered_only else "", rehearsal=rehearsal))


def _sent(content: bytes, kind: str, name: str) -> Response:
    return send_file(
        io.BytesIO(content), mimetype=MEDIA_TYPES[kind], as_attachment=True, download_name=f"{name}.{kind}"
    )


def file_name(source: DocumentSource, language: str, holds: str, *, rehearsal: bool) -> str:
    """The name without its ending: code of the State, receipt number or the moment of the draft, what it holds, language."""
    if source.seal is None:
        parts = [source.state_id, "draft", f"{source.moment:%Y-%m-%d-%H%M}"]
    else:
        own = source.seal.number.startswith(f"{source.state_id}-")
        parts = [source.seal.number] if own else [source.state_id, source.seal.number]
    parts = ["rehearsal", *parts] if rehearsal else parts
    return re.sub(r"[^A-Za-z0-9-]", "", "-".join(filter(None, [*parts, holds, language])))
