"""The page of the workbook: what it holds, what it is asked for, what was made lately, and settings saved under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from exports.codes import code_lists
from exports.columns import list_sheets
from exports.cover import COVER, preset_words, report_words
from exports.formats import format_words
from exports.settings import PRESETS, SECRETARIAT, WORKBOOK, BadSettings, ExportSettings
from exports.settings_words import filters_in_words
from exports.worker import make_now
from forms.exports import ExportForm
from forms.secretariat import offer
from instruments.schema import Instrument
from languages import LANGUAGE_NAMES, colon
from models.collation import sort_key
from models.cycles import Cycle
from models.export_jobs import DONE, ExportJob, ExportSetting
from models.export_queries import count_states
from models.queries import list_responses, names_of_users
from models.states import REGIONS
from services.cycles import find_cycle
from services.export_jobs import JobPage, ask_export, list_jobs
from services.export_settings import delete_setting, find_setting, list_settings, save_setting, share_setting
from services.instruments import get_instrument
from services.permissions import Permission, PermissionDenied
from services.responses import state_name
from views.context import page_language, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.policy import needs
from views.secretariat.common import cycle_frame, page_number

downloads = Blueprint("downloads", __name__)


@downloads.errorhandler(PermissionDenied)
def hidden(_error: PermissionDenied) -> Any:
    """Whoever may not export does not learn what there is to export."""
    return refuse(404, "not_found")


@dataclass(frozen=True, slots=True)
class Round:
    """A round of reporting as its export page needs it. `names` are those of its States, in order."""

    cycle: Cycle
    instrument: Instrument
    names: dict[str, str]
    states: int
    submitted: int
    jobs: JobPage
    settings: list[ExportSetting]
    owners: dict[int, str]


def read_round(cycle_id: str) -> Round:
    """The round of an id. Raises NotFound."""
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        states, submitted = count_states(db, cycle_id)
        settings = list_settings(db, signed_in())
        return Round(
            cycle, get_instrument(db, cycle.instrument_version_id),
            {state.id: state_name(state.names, page_language()) for state in _in_order(db, cycle_id)},
            states, submitted, list_jobs(db, signed_in(), cycle_id, page_number()), settings,
            names_of_users(db, (setting.owner_id for setting in settings)),
        )  # fmt: skip


def _in_order(db: Any, cycle_id: str) -> list[Any]:
    states = [state for _response, state in list_responses(db, cycle_id)]
    return sorted(states, key=lambda state: sort_key(state_name(state.names, page_language()), page_language()))


@downloads.get("/exports/<cycle_id>")
@needs(Permission.EXPORT_FULL)
def export_page(cycle_id: str) -> Any:
    """What the workbook of a round holds and can be asked for; filled with the saved `setting` that the address names, if any."""
    found = read_round(cycle_id)
    given: dict[str, Any] = {"preset": SECRETARIAT, "report": "", "file_format": WORKBOOK, "language": page_language()}
    unknown: list[str] = []
    if setting_id := request.args.get("setting", ""):
        with reading() as db:
            setting = find_setting(db, signed_in(), setting_id)
        given, unknown = _form_data(found, setting), _unknown(found, setting.parameters)
    return _page(found, make_form(found, given), unknown=unknown)


@downloads.post("/exports/<cycle_id>")
@needs(Permission.EXPORT_FULL)
def ask(cycle_id: str) -> Any:
    """Ask for a workbook, or save the settings under a name. What cannot be used is told beside its control."""
    found = read_round(cycle_id)
    form = make_form(found)
    saves = request.form.get("go") == "save"
    settings = _read_settings(form)
    if saves and not form.name.data:
        form.name.errors = [*form.name.errors, _("Enter a name for these settings.")]
    if settings is None or form.errors:
        return _page(found, form, 422)
    if saves:
        with transaction() as db:
            save_setting(db, signed_in(), form.name.data or "", settings.as_json(), shared=form.shared.data)
        flash(_("The settings are saved as “%(name)s”.", name=form.name.data), "success")
        return redirect(url_for("downloads.export_page", cycle_id=cycle_id, _anchor="saved"), 303)
    with transaction() as db:
        job_id = ask_export(db, signed_in(), cycle_id, settings.as_json()).id
    if settings.is_small:
        make_now(tracker().database, tracker().settings, job_id)
    return redirect(url_for("export_jobs.job_page", job_id=job_id), 303)


@downloads.post("/exports/settings/<setting_id>")
@needs(Permission.EXPORT_FULL)
def change_setting(setting_id: str) -> Any:
    """Share saved settings, stop sharing them, or delete them."""
    act = request.form.get("act", "")
    with transaction() as db:
        if act == "delete":
            name = delete_setting(db, signed_in(), setting_id).name
            flash(_("“%(name)s” is deleted.", name=name), "success")
        elif act in {"share", "unshare"}:
            share_setting(db, signed_in(), setting_id, shared=act == "share")
        else:
            find_setting(db, signed_in(), setting_id)
        cycle_id = find_cycle(db, request.form.get("cycle", "")).id
    return redirect(url_for("downloads.export_page", cycle_id=cycle_id, _anchor="saved"), 303)


def make_form(found: Round, given: Mapping[str, Any] | None = None) -> ExportForm:
    """The form with the choices of the round."""
    form = ExportForm(data=given)
    texts = found.instrument.texts_in(page_language())
    presets, groups = preset_words(_), code_lists(_)["group"]
    offer(form.preset, [(preset, presets[preset]) for preset in PRESETS])
    offer(form.report, report_words(_).items())
    offer(form.file_format, format_words(_).items())
    offer(form.language, LANGUAGE_NAMES.items())
    offer(form.state, [("", _("All States")), *found.names.items()])
    offer(form.states, found.names.items())
    offer(form.regions, [(region, groups[region]) for region in REGIONS])
    offer(form.questions, [
        (question.id, f"{question.number_in(texts)} {texts(f'{question.id}.label')}")
        for question in found.instrument.questions.values()
    ])  # fmt: skip
    return form


def _read_settings(form: ExportForm) -> ExportSettings | None:
    """The parameters that were posted; None when the form says what is wrong with them."""
    if not form.validate_on_submit():
        return None
    try:
        return ExportSettings(
            language=form.language.data, preset=form.preset.data, report=form.report.data, file_format=form.file_format.data, states=form.chosen_states,
            regions=tuple(form.regions.data or ()), questions=tuple(form.questions.data or ()),
            recipient=form.recipient.data or "", as_at=form.moment,
        )  # fmt: skip
    except BadSettings as error:
        if error.code != "one_state":
            raise
        form.state.errors = [
            *form.state.errors,
            _("A file for reviewers or for a State is about one State: choose it."),
        ]
        return None


def _form_data(found: Round, setting: ExportSetting) -> dict[str, Any]:
    """Saved settings as the form takes them, as far as the round knows them."""
    asked = ExportSettings.from_json(setting.parameters)
    states = [code for code in asked.states if code in found.names]
    return {
        "preset": asked.preset, "report": asked.report, "file_format": asked.file_format, "language": asked.language, "recipient": asked.recipient, "as_at": asked.as_at,
        "state": states[0] if len(states) == 1 else "", "states": states if len(states) > 1 else [],
        "regions": list(asked.regions), "name": setting.name, "shared": setting.shared,
        "questions": [question for question in asked.questions if question in found.instrument.questions],
    }  # fmt: skip


def _unknown(found: Round, parameters: Mapping[str, Any]) -> list[str]:
    """Codes of States and paragraphs in saved settings that the round has not: without them more would be in the file."""
    return [
        *(code for code in parameters["states"] if code not in found.names),
        *(question for question in parameters["questions"] if question not in found.instrument.questions),
    ]


def is_kept(job: ExportJob) -> bool:
    """Whether the file can be had: made, not removed in time, and there (a restored database may know files that are gone)."""
    return job.status == DONE and job.removed_at is None and (tracker().settings.exports_folder / job.file_id).is_file()


def _page(found: Round, form: ExportForm, status: int = 200, unknown: list[str] | None = None) -> Any:
    def in_words(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        return list(filters_in_words(parameters, found.instrument, found.names, page_language(), _))

    def page_url(number: int) -> str:
        return url_for("downloads.export_page", cycle_id=found.cycle.id, page=number, _anchor="recent")

    return render_template(
        "exports/export.html", **cycle_frame(found.cycle, "downloads.export_page"), found=found, form=form, cover=COVER,
        errors=form.error_list(), unknown=unknown or [], in_words=in_words, presets=preset_words(_), page_url=page_url,
        is_kept=is_kept, colon=colon(page_language()), sheets=list_sheets(found.instrument, page_language()),
    ), status  # fmt: skip
