"""Rounds of reporting: create, set dates, close; and more time for one State."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlmodel import Session

from forms.secretariat import CycleForm, ExtensionForm, offer
from models.base import utc_now
from models.cycles import Cycle
from models.people import User
from models.queries import list_instrument_versions
from models.responses import NationalResponse
from models.states import ReportingState
from services import cycles as service
from services.cycles import DEADLINE_ZONE, find_cycle, last_day, list_zones
from services.people import reachable_focal_point
from services.permissions import Permission
from services.responses import find_response, state_name
from services.secretariat import read_board
from views.context import reading, signed_in, transaction
from views.policy import needs
from views.secretariat.common import (
    cycle_frame,
    flash_told,
    language,
    page_errors,
    questionnaire_name,
    secretariat,
)


def zone_choices() -> list[tuple[str, str]]:
    """Zones of a deadline, with words for the first."""
    words = {DEADLINE_ZONE: _("The end of the day everywhere (UTC−12)")}
    return [(zone, words.get(zone, zone)) for zone in list_zones()]


def cycle_form(db: Session, cycle: Cycle | None = None) -> CycleForm:
    """The form of a round; what it holds now, for one that exists."""
    given: dict[str, Any] = {"zone": DEADLINE_ZONE}
    if cycle is not None:
        given = {
            "title": cycle.title, "opens_on": cycle.opens_at.date(),
            "ends_on": last_day(cycle.deadline, cycle.deadline_zone), "zone": cycle.deadline_zone,
        }  # fmt: skip
    form = CycleForm(data=given)
    zones = zone_choices()
    if cycle is not None:
        del form.instrument_version_id
        if cycle.deadline_zone not in list_zones():
            zones.append((cycle.deadline_zone, cycle.deadline_zone))
    else:
        versions = list_instrument_versions(db)
        if len(versions) > 1:
            offer(form.instrument_version_id, [(row_id, questionnaire_name(db, row_id)) for row_id in versions])
        else:
            # What leaves no choice is not asked.
            del form.instrument_version_id
    offer(form.zone, zones)
    return form


@secretariat.route("/cycles/new", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def create_cycle() -> Any:
    """Open a round for all reporting States."""
    with reading() as db:
        form = cycle_form(db)
    if not form.validate_on_submit():
        return render_template(
            "secretariat/cycle_form.html", form=form, errors=page_errors(form), context_line=(_("Secretariat"), "")
        ), 422 if form.is_submitted() else 200
    opens_on, ends_on = form.days
    with transaction() as db:
        cycle = service.create_cycle(
            db, signed_in(), title=form.title.data or "",
            instrument_version_id=form.instrument_version_id.data if form.instrument_version_id
            else list_instrument_versions(db)[0], opens_on=opens_on, ends_on=ends_on, zone=form.zone.data,
        )  # fmt: skip
    flash(_("The round is created. Now invite the focal points."), "success")
    return redirect(url_for("secretariat.people", cycle_id=cycle.id), 303)


@secretariat.route("/cycles/<cycle_id>/dates", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def edit_cycle(cycle_id: str) -> Any:
    """Title and dates of a round, and the way to close it."""
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        form = cycle_form(db, cycle)
    if cycle.closed_at is not None or not form.validate_on_submit():
        return render_template(
            "secretariat/edit_cycle.html", **cycle_frame(cycle), form=form, errors=page_errors(form)
        ), 422 if form.is_submitted() else 200
    opens_on, ends_on = form.days
    with transaction() as db:
        cycle = find_cycle(db, cycle_id, lock=True)
        try:
            ended = service.set_cycle(
                db, signed_in(), cycle, title=form.title.data or "", opens_on=opens_on, ends_on=ends_on,
                zone=form.zone.data,
            )  # fmt: skip
        except service.ClosedCycle:
            return _closed(cycle)
    flash(_("The dates are saved."), "success")
    if ended:
        flash(ngettext(
            "%(num)d extension ended: the new deadline is not before it.",
            "%(num)d extensions ended: the new deadline is not before them.", ended,
        ), "info")  # fmt: skip
    return redirect(url_for("secretariat.edit_cycle", cycle_id=cycle_id), 303)


@secretariat.route("/cycles/<cycle_id>/close", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def close_cycle(cycle_id: str) -> Any:
    """Say what closing means, for how many States, and close."""
    if request.method == "POST":
        with transaction() as db:
            cycle = find_cycle(db, cycle_id, lock=True)
            try:
                service.close_cycle(db, signed_in(), cycle)
            except service.ClosedCycle:
                return _closed(cycle)
        flash(_("The round is closed. Text that arrives from now on is kept as notes."), "success")
        return redirect(url_for("secretariat.dashboard", cycle=cycle_id), 303)
    with reading() as db:
        cycle = find_cycle(db, cycle_id)
        board = read_board(db, cycle, language())
    return render_template(
        "secretariat/close_cycle.html", **cycle_frame(cycle, "secretariat.edit_cycle"), board=board, now=utc_now()
    )


@secretariat.route("/responses/<response_id>/deadline", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def deadline(response_id: str) -> Any:
    """Extend the deadline of one State, or take the extension back."""
    with reading() as db:
        response = find_response(db, response_id, signed_in(), Permission.CYCLE_MANAGE)
        cycle, state = _belonging(db, response)
    own = response.extended_deadline
    form = ExtensionForm(data={"ends_on": last_day(own, cycle.deadline_zone) if own else None})
    status = 200
    person: User | None = None
    if form.is_submitted():
        status = 422
        if form.validate_on_submit():
            with transaction() as db:
                response = find_response(db, response_id, signed_in(), Permission.CYCLE_MANAGE, lock=True)
                cycle, state = _belonging(db, response)
                try:
                    service.extend_deadline(
                        db, signed_in(), response, cycle, ends_on=form.ends_on.data, reason=form.reason.data or ""
                    )
                except service.ClosedCycle:
                    return _closed(cycle)
                except service.NotAnExtension:
                    form.ends_on.errors = [_("Enter a day after the deadline of the round.")]
                else:
                    status, person = 303, reachable_focal_point(db, response)
    if status == 303:
        name = state_name(state.names, language())
        if not form.ends_on.data:
            flash(_("The deadline of %(state)s is that of the round again. No mail says so.", state=name), "success")
        elif response.extended_deadline == own:
            flash(_("This is the deadline of %(state)s already: nothing was changed.", state=name), "info")
        else:
            flash(_("The deadline of %(state)s is extended.", state=name), "success")
            flash_told(person)
        return redirect(url_for("secretariat.response", response_id=response_id), 303)
    return render_template(
        "secretariat/deadline.html", **cycle_frame(cycle, "secretariat.dashboard"), form=form, response=response,
        name=state_name(state.names, language()), errors=page_errors(form),
    ), status  # fmt: skip


def _belonging(db: Session, response: NationalResponse) -> tuple[Cycle, ReportingState]:
    return db.get_one(Cycle, response.cycle_id), db.get_one(ReportingState, response.state_id)


def _closed(cycle: Cycle) -> Any:
    flash(_("The round of reporting is closed: nothing was changed."), "error")
    return redirect(url_for("secretariat.dashboard", cycle=cycle.id), 303)
