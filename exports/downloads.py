"""The workbook on pages: what it holds, the language, the download."""

from __future__ import annotations

import tempfile
import threading
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, send_file
from flask_babel import gettext as _

from exports.columns import list_sheets
from exports.cover import COVER, preset_words
from exports.settings import PRESETS, SECRETARIAT, BadSettings, ExportSettings
from exports.source import ExportError, ExportSource, read_source
from exports.workbook import write_workbook
from languages import LANGUAGE_NAMES
from models.collation import sort_key
from models.export_queries import count_states
from models.queries import list_responses
from services.audit import record
from services.cycles import find_cycle
from services.instruments import get_instrument
from services.permissions import NotFound, Permission
from services.responses import state_name
from views.context import page_language, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.policy import needs
from views.secretariat.common import cycle_frame

downloads = Blueprint("downloads", __name__)

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# An export keeps a processor busy for seconds; two at once would take the pages' share without being sooner done.
_one_at_a_time = threading.Lock()


@downloads.errorhandler(ExportError)
def not_made(error: ExportError) -> Any:
    """A submission that was altered, or rows that are missing: no workbook rather than a wrong one."""
    return refuse(500, "export_refused", title=_("The workbook was not made"), message=str(error))


@downloads.get("/exports/<cycle_id>")
@needs(Permission.EXPORT_FULL)
def export_page(cycle_id: str) -> Any:
    """What the workbook of a cycle holds, and the choice of its language."""
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        instrument = get_instrument(db, cycle.instrument_version_id)
        states, submitted = count_states(db, cycle_id)
        names = {
            state.id: state_name(state.names, page_language()) for _response, state in list_responses(db, cycle_id)
        }
    return render_template(
        "exports/export.html", **cycle_frame(cycle), states=states, submitted=submitted, cover=COVER,
        presets=[(preset, preset_words(_)[preset]) for preset in PRESETS], texts=instrument.texts_in(page_language()),
        names=sorted(names.items(), key=lambda one: sort_key(one[1], page_language())), questions=instrument.questions.values(),
        sheets=list_sheets(instrument, page_language()), choices=list(LANGUAGE_NAMES.items()), language=page_language(),
    )  # fmt: skip


@downloads.get("/exports/<cycle_id>.xlsx")
@needs(Permission.EXPORT_FULL)
def workbook(cycle_id: str) -> Response:
    """The workbook of a cycle in the language asked for. The act is on record with the fingerprint of what left."""
    settings = asked_settings()
    language = settings.language
    rehearsal = tracker().settings.rehearsal
    file = tempfile.TemporaryFile(prefix="workbook-")  # noqa: SIM115 # closed when the last byte has been sent
    try:
        with _one_at_a_time, read_source(tracker().database, cycle_id, settings) as source:
            if source.cycle.id != cycle_id:
                raise NotFound(cycle_id)
            report = write_workbook(file, source, language, rehearsal=rehearsal)
            name = file_name(source, language, report.number, rehearsal=rehearsal)
        with transaction() as db:
            record(
                db, "export.made", signed_in().user_id, cycle=cycle_id, language=language,
                facts_sha256=report.facts_sha256, number=report.number, parameters=settings.as_json(),
            )  # fmt: skip
    except BaseException:
        file.close()
        raise
    size = file.seek(0, 2)
    file.seek(0)
    response = send_file(file, mimetype=MEDIA_TYPE, as_attachment=True, download_name=name, conditional=False)
    response.content_length = size
    return response


def asked_settings() -> ExportSettings:
    """The parameters in the address. Anything that is no choice of the page is not found."""
    moment = request.args.get("as_at", "")
    try:
        as_at = datetime.fromisoformat(moment) if moment else None
        return ExportSettings(
            language=request.args.get("lang", page_language()), preset=request.args.get("preset", SECRETARIAT),
            states=tuple(filter(None, request.args.getlist("state"))), regions=tuple(request.args.getlist("region")),
            questions=tuple(request.args.getlist("question")), recipient=request.args.get("recipient", "").strip()[:200],
            as_at=as_at.replace(tzinfo=as_at.tzinfo or UTC) if as_at else None,
        )  # fmt: skip
    except ValueError as error:  # BadSettings is one
        if isinstance(error, BadSettings) and error.code == "one_state":
            raise
        abort(404)


@downloads.errorhandler(BadSettings)
def bad_settings(error: BadSettings) -> Any:
    """A preset for one State without its State, or a question that the questionnaire has not."""
    if error.code == "one_state":
        return refuse(422, "one_state", title=_("Choose one State"), message=_(
            "This preset is made for one State. Go back and choose the State it is about."
        ))  # fmt: skip
    return refuse(404, "not_found")


def file_name(source: ExportSource, language: str, number: str, *, rehearsal: bool) -> str:
    """The name of the file: product, preset, moment of the facts, language, export number. The same facts have the same name."""
    mark = "rehearsal-" if rehearsal else ""
    if source.settings.preset != SECRETARIAT:
        mark += "-".join((source.settings.preset, *source.settings.states)).lower() + "-"
    return f"implementation-tracker-{mark}{source.as_at:%Y-%m-%d-%H%M}-{language}-{number}.xlsx"
