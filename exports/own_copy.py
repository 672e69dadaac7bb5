"""A State's own copy of what it submitted, as a workbook: for the people of the State, made while they wait."""

from __future__ import annotations

import tempfile
import threading
from typing import Any

from flask import Blueprint, request, send_file
from flask_babel import gettext as _

from exports.formats import FORMATS
from exports.maker import file_name
from exports.settings import STATE, ExportSettings
from exports.source import ExportError, read_source
from services.permissions import NotFound, Permission
from services.responses import open_response
from services.submissions import list_submissions
from views.context import page_language, reading, signed_in, tracker
from views.errors import refuse
from views.policy import needs

own_copy = Blueprint("own_copy", __name__)

PATIENCE = 20.0
"""Seconds that somebody waits while the copies of others are made."""

# Making one keeps a processor busy for a moment; two at once would take the pages' share without being sooner done.
_one_at_a_time = threading.Lock()


@own_copy.errorhandler(ExportError)
def not_made(error: ExportError) -> Any:
    """A submission that was altered: no workbook rather than a wrong one."""
    return refuse(500, "export_refused", title=_("The workbook was not made"), message=str(error))


@own_copy.get("/responses/<response_id>/workbook.xlsx")
@needs(Permission.RESPONSE_READ)
def workbook(response_id: str) -> Any:
    """The newest submission of the response, or that of a round (`?round=1`), in the language of the page.

    For those who may read the response itself. The secretariat exports on its own page, where it is put on record.
    """
    with reading() as db:
        response = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ, whole=True).response
        submitted = list_submissions(db, response_id)
    if not submitted:
        return refuse(
            409, "not_submitted", title=_("Nothing has been submitted yet"),
            message=_("The workbook holds what was submitted. Until then, print your answers as they stand."),
        )  # fmt: skip
    wanted = request.args.get("round", "")
    chosen = next((one for one in submitted if not wanted or str(one.round) == wanted), None)
    if chosen is None:
        raise NotFound(wanted)
    settings = ExportSettings(
        page_language(), STATE, (response.state_id,), as_at=None if chosen is submitted[0] else chosen.submitted_at
    )
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        return refuse(
            503, "busy", title=_("Many copies are being made at the moment"), message=_("Try again in a minute."),
            retry_after=60,
        )  # fmt: skip
    kind = FORMATS[settings.file_format]
    file = tempfile.TemporaryFile(prefix="workbook-")  # noqa: SIM115 # closed when the last byte has been sent
    try:
        with read_source(
            tracker().database, response.cycle_id, settings, evidence_folder=tracker().settings.evidence_folder
        ) as source:
            rehearsal = tracker().settings.rehearsal
            report = kind.write(file, source, settings.language, rehearsal=rehearsal)
            name = file_name(source, report.number, rehearsal=rehearsal)
    except BaseException:
        file.close()
        raise
    finally:
        _one_at_a_time.release()
    size = file.seek(0, 2)
    file.seek(0)
    answer = send_file(file, mimetype=kind.media_type, as_attachment=True, download_name=name, conditional=False)
    answer.content_length = size
    return answer
