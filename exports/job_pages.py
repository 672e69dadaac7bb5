"""The page of one workbook that was asked for: how far it is, cancelling, the file, making it again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, send_file, url_for
from flask_babel import gettext as _

from exports.cover import preset_words
from exports.downloads import hidden, is_kept
from exports.formats import FORMATS
from exports.settings import ExportSettings
from exports.settings_words import filters_in_words
from exports.worker import make_now
from models.export_jobs import ExportJob
from models.queries import list_responses
from services.cycles import find_cycle
from services.export_jobs import ask_export, cancel_job, find_job, people_of, record_download
from services.instruments import get_instrument
from services.permissions import Permission, PermissionDenied
from services.responses import state_name
from views.context import page_language, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.policy import needs
from views.secretariat.common import cycle_frame

export_jobs = Blueprint("export_jobs", __name__, url_prefix="/exports/jobs/<job_id>")
export_jobs.register_error_handler(PermissionDenied, hidden)

MEGABYTE = 1_000_000


@export_jobs.get("")
@needs(Permission.EXPORT_FULL)
def job_page(job_id: str) -> Any:
    """How far the workbook is. Without script the page is loaded again by hand; `js/job.js` does it by itself."""
    with reading() as db:
        job = find_job(db, signed_in(), job_id)
        cycle = find_cycle(db, job.cycle_id)
        instrument = get_instrument(db, cycle.instrument_version_id)
        names = {state.id: state_name(state.names, page_language()) for _row, state in list_responses(db, cycle.id)}
        people = people_of(db, [job])
    return render_template(
        "exports/job.html", **cycle_frame(cycle, "downloads.export_page"), job=job, people=people,
        preset=preset_words(_)[job.parameters["preset"]], reason=error_words(job) if job.error else "",
        filters=list(filters_in_words(job.parameters, instrument, names, page_language(), _)),
        is_kept=is_kept(job), days=tracker().settings.export_days,
    )  # fmt: skip


@export_jobs.post("/cancel")
@needs(Permission.EXPORT_FULL)
def cancel(job_id: str) -> Any:
    """Any officer may stop it: the one who asked may be away while others wait. The page says who did."""
    with transaction() as db:
        if not cancel_job(db, signed_in(), job_id):
            flash(_("It had ended already: nothing was cancelled."), "info")
    return redirect(url_for("export_jobs.job_page", job_id=job_id), 303)


@export_jobs.post("/again")
@needs(Permission.EXPORT_FULL)
def again(job_id: str) -> Any:
    """Ask for the same once more, with what is submitted now."""
    with transaction() as db:
        job = find_job(db, signed_in(), job_id)
        new = ask_export(db, signed_in(), job.cycle_id, job.parameters)
    if ExportSettings.from_json(new.parameters).is_small:
        make_now(tracker().database, tracker().settings, new.id)
    return redirect(url_for("export_jobs.job_page", job_id=new.id), 303)


@export_jobs.post("/file")
@needs(Permission.EXPORT_FULL)
def download(job_id: str) -> Any:
    """The file. A post, because it is put on record: what a browser fetches ahead or again by itself is nobody's act."""
    with transaction() as db:
        job = find_job(db, signed_in(), job_id)
        try:
            file = (tracker().settings.exports_folder / job.file_id).open("rb") if is_kept(job) else None
        except FileNotFoundError:
            file = None
        if file is not None:
            record_download(db, signed_in(), job)
    if file is None:
        return refuse(
            410, "not_kept", title=_("This workbook is not here"),
            message=_("It is not made yet, or no longer kept. Its page says which, and makes it again."),
            links=[(url_for("export_jobs.job_page", job_id=job_id), _("To the page of the workbook"))],
        )  # fmt: skip
    response: Response = send_file(
        file, mimetype=FORMATS[job.parameters["file_format"]].media_type, as_attachment=True,
        download_name=job.file_name, conditional=False,
    )  # fmt: skip
    response.content_length = job.size
    return response


def error_words(job: ExportJob) -> str:
    """Why a workbook was not made, and what helps."""
    detail = job.error_detail
    if job.error == "disk_full":
        words = _(
            "The disk of the server is full: %(space)s MB are free for exports (the folder “exports” of the installation). "
            "Nothing was kept of it. Ask whoever looks after the server to make room, then make it again.",
            space=f"{int(detail) / MEGABYTE:.1f}",
        )
    elif job.error == "broken_seal":
        words = _(
            "A submission is not what was sealed, so no workbook is made of it. Tell whoever looks after the server: %(detail)s",
            detail=detail,
        )
    elif job.error == "interrupted":
        words = _(
            "Making it stopped in the middle again and again, so it was given up. The log of the server says why; when that is "
            "settled, make it again."
        )
    elif job.error == "rows_missing":
        words = _("The rows written are not the rows due: %(detail)s", detail=detail)
    else:
        words = _("The round does not have this any more: %(detail)s.", detail=detail)
    return str(words)
