"""Giving a response back to its State: returned with a reason, or reopened because the State asked, or not reopened."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from forms.secretariat import DeclineForm, ReturnForm, offer
from models.cycles import Cycle
from models.states import ReportingState
from services.people import reachable_focal_point
from services.permissions import Permission
from services.responses import find_response, state_name
from services.submissions import NotReturnable, reopen
from services.submissions import decline_reopening as decline
from services.submissions import return_response as give_back
from views.context import reading, signed_in, transaction
from views.policy import needs
from views.secretariat.common import cycle_frame, flash_told, instrument_frame, language, page_errors, secretariat


@secretariat.route("/responses/<response_id>/return", methods=["GET", "POST"])
@needs(Permission.RESPONSE_RETURN)
def return_response(response_id: str) -> Any:
    """Return the whole response or named questions, with a reason. The submission stays the visible one."""
    with reading() as db:
        response = find_response(db, response_id, signed_in(), Permission.RESPONSE_RETURN)
        cycle, state = db.get_one(Cycle, response.cycle_id), db.get_one(ReportingState, response.state_id)
        questionnaire = instrument_frame(db, cycle)
    instrument, texts = questionnaire["instrument"], questionnaire["texts"]
    if cycle.closed_at is not None:
        return _closed(response_id)
    if response.clearance != "submitted":
        raise NotReturnable
    form = ReturnForm()
    named = {
        question.id: f"{question.number_in(texts)} {texts(f'{question.id}.label')}"
        for question in instrument.questions.values()
    }
    offer(form.questions, named.items())
    if form.validate_on_submit():
        question_ids = form.questions.data if form.scope.data == "questions" else []
        with transaction() as db:
            response = find_response(db, response_id, signed_in(), Permission.RESPONSE_RETURN, lock=True)
            give_back(db, response, signed_in(), form.reason.data or "", question_ids or [])
            person = reachable_focal_point(db, response)
        flash(_("The response is returned. The submission stays visible until the next."), "success")
        flash_told(person)
        return redirect(url_for("secretariat.response", response_id=response_id), 303)
    return render_template(
        "secretariat/return.html", **cycle_frame(cycle, "secretariat.dashboard"), **questionnaire, form=form,
        response=response, named=named, name=state_name(state.names, language()), errors=page_errors(form),
    ), 422 if form.is_submitted() else 200  # fmt: skip


@secretariat.post("/responses/<response_id>/reopen")
@needs(Permission.RESPONSE_RETURN)
def reopen_response(response_id: str) -> Any:
    """Grant the State's request to open its response again."""
    with transaction() as db:
        response = find_response(db, response_id, signed_in(), Permission.RESPONSE_RETURN, lock=True)
        if db.get_one(Cycle, response.cycle_id).closed_at is not None:
            return _closed(response_id)
        reopen(db, response, signed_in())
        person = reachable_focal_point(db, response)
    flash(_("The response is open for changes again."), "success")
    flash_told(person)
    return redirect(url_for("secretariat.response", response_id=response_id), 303)


@secretariat.route("/responses/<response_id>/decline", methods=["GET", "POST"])
@needs(Permission.RESPONSE_RETURN)
def decline_reopening(response_id: str) -> Any:
    """Decline the State's request with a reason; the submission stands."""
    with reading() as db:
        response = find_response(db, response_id, signed_in(), Permission.RESPONSE_RETURN)
        cycle, state = db.get_one(Cycle, response.cycle_id), db.get_one(ReportingState, response.state_id)
    if cycle.closed_at is not None:
        return _closed(response_id)
    if response.reopen_requested_at is None:
        raise NotReturnable
    form = DeclineForm()
    if form.validate_on_submit():
        with transaction() as db:
            response = find_response(db, response_id, signed_in(), Permission.RESPONSE_RETURN, lock=True)
            decline(db, response, signed_in(), form.reason.data or "")
            person = reachable_focal_point(db, response)
        flash(_("The request is declined; the submission stands."), "success")
        flash_told(person)
        return redirect(url_for("secretariat.response", response_id=response_id), 303)
    return render_template(
        "secretariat/decline.html", **cycle_frame(cycle, "secretariat.dashboard"), form=form, response=response,
        name=state_name(state.names, language()), errors=page_errors(form),
    ), 422 if form.is_submitted() else 200  # fmt: skip


def _closed(response_id: str) -> Any:
    flash(_("The round of reporting is closed: a response can no longer be returned or reopened."), "error")
    return redirect(url_for("secretariat.response", response_id=response_id), 303)
