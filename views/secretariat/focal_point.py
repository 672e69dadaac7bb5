"""The focal point of one State, replaced in one step."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlmodel import Session

from forms.secretariat import FocalPointForm, offer
from languages import LANGUAGE_NAMES
from models.base import utc_now
from models.cycles import Cycle
from models.queries import list_focal_points, list_officer_addresses, list_open_invitations
from models.responses import NationalResponse
from models.states import ReportingState
from services.accounts import FocalPointExists
from services.focal_point_lists import hand_out
from services.outbox import BadAddress
from services.people import normal_address
from services.permissions import Permission
from services.responses import find_response, state_name
from services.roles import replace_focal_point
from views.context import reading, signed_in, tracker, transaction
from views.policy import needs
from views.secretariat.common import cycle_frame, language, page_errors, secretariat
from views.secretariat.invitations import issued_page


def _page(db: Session, response: NationalResponse) -> dict[str, Any]:
    """What the page shows around its form."""
    cycle, state = db.get_one(Cycle, response.cycle_id), db.get_one(ReportingState, response.state_id)
    return {
        **cycle_frame(cycle, "secretariat.people"), "response": response, "state": state,
        "name": state_name(state.names, language()), "person": list_focal_points(db, cycle.id).get(state.id), "now": utc_now(),
        "invitations": [entry for entry in list_open_invitations(db, cycle.id) if entry.state_id == state.id],
    }  # fmt: skip


@secretariat.route("/responses/<response_id>/focal-point", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def focal_point(response_id: str) -> Any:
    """Replace the focal point: the role of the one ends, the other is invited, drafts stay with the State."""
    with reading() as db:
        page = _page(db, find_response(db, response_id, signed_in(), Permission.CYCLE_MANAGE))
        officers = list_officer_addresses(db)
    form = FocalPointForm(data={"language": page["person"].language if page["person"] else language()})
    offer(form.language, LANGUAGE_NAMES.items())
    status = 200
    if form.is_submitted() and page["cycle"].closed_at is None:
        status = 422
        if form.validate() and _is_usable(form, page["person"], officers):
            try:
                return _replace(page, form)
            except FocalPointExists as error:
                form.name.errors = [_("The State has a focal point by now: %(name)s.", name=error.name)]
    return render_template("secretariat/focal_point.html", **page, form=form, errors=page_errors(form)), status


def _is_usable(form: FocalPointForm, person: Any, officers: frozenset[str]) -> bool:
    """Whether the address can be a focal point's; else the field says why not."""
    try:
        address = normal_address(form.email.data or "")
    except BadAddress:
        form.email.errors = [_("“%(word)s” is not an e-mail address.", word=form.email.data)]
        return False
    if address in officers:
        form.email.errors = [_("%(word)s is an officer of the secretariat and cannot be a focal point.", word=address)]
    elif person is not None and person.email == address:
        form.email.errors = [_("This is the address of the present focal point.")]
    return not form.email.errors


def _replace(page: dict[str, Any], form: FocalPointForm) -> Any:
    response, cycle = page["response"], page["cycle"]
    with transaction() as db:
        token = replace_focal_point(
            db, signed_in(), state_id=response.state_id, cycle_id=cycle.id, email=form.email.data or "",
            name=form.name.data or "", language=form.language.data, reference=form.reference.data or "",
        )  # fmt: skip
        issued = hand_out(db, tracker().settings, tracker().secrets, token)
    if not issued.link:
        flash(_("The new focal point of %(state)s is invited by mail.", state=page["name"]), "success")
        return redirect(url_for("secretariat.people", cycle_id=cycle.id), 303)
    return issued_page(cycle, issued)
