"""The party status of States: set for one, or imported from a list with a preview."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from forms.secretariat import ListForm, PartyStatusForm, offer
from models.base import utc_now
from services.party_status import (
    COLUMNS,
    BadLine,
    PartyFact,
    PartyPlan,
    check_fact,
    find_state,
    import_party_statuses,
    plan_import,
    remaining_text,
    set_party_status,
)
from services.pasted import UnreadableList
from services.permissions import Permission
from services.responses import state_name
from views.context import reading, signed_in, transaction
from views.policy import needs
from views.secretariat.common import language, page_errors, party_names, secretariat
from views.secretariat.invitations import list_problem, read_list_form


def problem_words(code: str, word: str = "") -> str:
    """What is wrong with a stated party status."""
    words = {
        "status": _("“%(word)s” is not a party status. Write unknown, party or not_party, or the word that pages show.", word=word),
        "no_source": _("Say where this is stated."),
        "no_source_date": _("Enter the day on which the source said so."),
        "source_date_range": _("The date of the source is before the Protocol (15 November 2000) or in the future."),
        "since_without_party": _("A date of entry into force belongs to a Party only."),
        "since_range": _("The Protocol was adopted on 15 November 2000: nobody was party before."),
        "head": _("The first line names the columns: %(columns)s. “%(word)s” is missing.", columns=", ".join(COLUMNS), word=word),
        "unknown_state": _("“%(word)s” is not a reporting State. Use its short name or its three-letter code.", word=word),
        "duplicate": _("Line %(word)s names the State too. Keep the line that is right.", word=word),
        "date": _("“%(word)s” is not a date, or may be two. Write year-month-day, for example 2026-06-30.", word=word),
    }  # fmt: skip
    return str(words[code])


def line_words(line: BadLine) -> str:
    """Why a line is not imported."""
    return problem_words(line.code, line.word)


_FIELD_OF = {
    "status": "status", "no_source": "source", "no_source_date": "source_date", "source_date_range": "source_date",
    "since_without_party": "since", "since_range": "since",
}  # fmt: skip


@secretariat.route("/states/<state_id>/party-status", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def party(state_id: str) -> Any:
    """Set the party status of one State, with source and date."""
    with reading() as db:
        state = find_state(db, state_id)
    form = PartyStatusForm(data={
        "status": state.party_status, "since": state.party_since, "source": state.party_source,
        "source_date": state.party_source_date,
    })  # fmt: skip
    offer(form.status, party_names().items())
    if form.validate_on_submit():
        fact = PartyFact(state.id, form.status.data, form.since.data, form.source.data or "", form.source_date.data)
        if problem := check_fact(fact, utc_now().date()):
            field = form[_FIELD_OF[problem]]
            field.errors = [problem_words(problem, form.status.data)]
        else:
            with transaction() as db:
                set_party_status(db, signed_in(), fact)
            name = state_name(state.names, language())
            flash(_("The party status of %(state)s is saved.", state=name), "success")
            return redirect(url_for("secretariat.states", _anchor=state.id), 303)
    return render_template(
        "secretariat/party.html", form=form, name=state_name(state.names, language()), errors=page_errors(form),
        context_line=(_("Secretariat"), ""),
    ), 422 if form.is_submitted() else 200  # fmt: skip


@secretariat.route("/states/import", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def import_party() -> Any:
    """Import party statuses: read the list, look at the preview, confirm. Lines that cannot be read stay in the text field."""
    form = ListForm()
    given: dict[str, Any] = {
        "form": form, "columns": COLUMNS, "parties": party_names(), "line_words": line_words,
        "context_line": (_("Secretariat"), ""),
    }  # fmt: skip
    if request.method == "GET":
        return render_template("secretariat/import_party.html", **given, errors=[])
    if not form.validate():
        return render_template("secretariat/import_party.html", **given, errors=page_errors(form)), 422
    try:
        text = read_list_form(form)
        if request.form.get("step") == "confirm":
            return _store(form, given, text)
        with reading() as db:
            plan = plan_import(db, text, utc_now().date())
    except UnreadableList as error:
        return _again(given, list_problem(error))
    if not plan.good and not plan.bad:
        return _again(given, _("Paste the list, or choose a file."))
    return render_template("secretariat/import_party_preview.html", **given, plan=plan, lang_name=_name)


def _store(form: ListForm, given: dict[str, Any], text: str) -> Any:
    with transaction() as db:
        plan: PartyPlan = plan_import(db, text, utc_now().date())
        number = import_party_statuses(db, signed_in(), plan)
    flash(
        ngettext("The party status of %(num)d State is saved.", "The party status of %(num)d States is saved.", number),
        "success",
    )
    if not plan.bad:
        return redirect(url_for("secretariat.states"), 303)
    form.text.data = remaining_text(plan)
    message = ngettext(
        "%(num)d line was not imported. It stands below, to be corrected.",
        "%(num)d lines were not imported. They stand below, to be corrected.", len(plan.bad),
    )  # fmt: skip
    return render_template("secretariat/import_party.html", **given, errors=[("text", message)], bad=plan.bad)


def _again(given: dict[str, Any], message: str) -> Any:
    return render_template("secretariat/import_party.html", **given, errors=[("text", message)]), 422


def _name(state: Any) -> str:
    return state_name(state.names, language())
