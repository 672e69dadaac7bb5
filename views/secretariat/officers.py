"""Officers of the secretariat, and what an officer does for an officer or a focal point: help with signing in, ending an account."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlmodel import Session
from werkzeug.wrappers import Response

from forms.account import InviteOfficerForm, ReasonForm
from forms.secretariat import EndAccountForm
from models.people import OFFICER, User
from models.states import ReportingState
from services.accounts import (
    AlreadyMember,
    cancel_invitation,
    create_invitation,
    deliver_link,
    list_invitations,
    reissue_invitation,
)
from services.outbox import BadAddress
from services.people import Person, find_official, list_officers, response_of
from services.permissions import NotFound, Permission
from services.responses import state_name
from services.roles import deactivate_person, reset_second_factor
from views.account import role_names
from views.context import reading, signed_in, tracker, transaction
from views.library import passphrase_link
from views.policy import needs
from views.secretariat.common import flash_told, language, secretariat


def _list_page(db: Session, form: InviteOfficerForm, status: int = 200) -> tuple[str, int]:
    return render_template(
        "secretariat/officers.html", form=form, officers=list_officers(db), invitations=list_invitations(db, None, None),
        new_link=session.pop("new_link", None), me=signed_in().user_id,
    ), status  # fmt: skip


@secretariat.route("/officers", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def officers() -> Any:
    """The officers, open invitations of officers, and the form for a new one."""
    if request.method == "GET":
        with reading() as db:
            return _list_page(db, InviteOfficerForm(formdata=None, language=language()))
    form = InviteOfficerForm()
    with transaction() as db:
        if not form.validate_on_submit():
            return _list_page(db, form, 422)
        try:
            token = create_invitation(
                db, signed_in(), email=form.email.data or "", name=form.name.data or "", language=form.language.data,
                role=OFFICER,
            )  # fmt: skip
        except BadAddress:
            form.email.errors = [_("This is not an e-mail address. It looks like name@ministry.example.")]
            return _list_page(db, form, 422)
        except AlreadyMember:
            form.email.errors = [_("This person is an officer already.")]
            return _list_page(db, form, 422)
        return _hand_out(db, token)


def _hand_out(db: Session, token: str) -> Response:
    link = deliver_link(db, tracker().settings, tracker().secrets, token)
    if link:
        session["new_link"] = link
    else:
        flash(_("The invitation is on its way."), "success")
    return redirect(url_for("secretariat.officers"), 303)


@secretariat.post("/officers/invitations/<invitation_id>")
@needs(Permission.CYCLE_MANAGE)
def officer_invitation(invitation_id: str) -> Any:
    """Issue an open invitation of an officer again with a new link, or cancel it."""
    with transaction() as db:
        if not any(entry.id == invitation_id for entry in list_invitations(db, None, None)):
            raise NotFound(invitation_id)
        if request.form.get("act") != "again":
            cancel_invitation(db, signed_in(), invitation_id)
            flash(_("The invitation is cancelled; its link no longer works."), "success")
            return redirect(url_for("secretariat.officers"), 303)
        return _hand_out(db, reissue_invitation(db, signed_in(), invitation_id))


@secretariat.route("/persons/<int:user_id>", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def official(user_id: int) -> Any:
    """An officer or a focal point: take a lost second factor away, hand on a link for a new passphrase."""
    form = ReasonForm()
    if request.method == "GET":
        with reading() as db:
            return _official_page(db, user_id, form)
    with transaction() as db:
        person = find_official(db, user_id)
        if form.act.data not in {"reset", *(() if tracker().settings.mail_host else ("link",))}:
            abort(400)
        if person.user_id == signed_in().user_id:
            abort(403)
        if not form.validate():
            return _official_page(db, user_id, form, 422)
        reason = form.reason.data or ""
        if form.act.data == "link":
            session["new_link"] = passphrase_link(db, signed_in(), db.get_one(User, user_id), reason)
            return redirect(url_for("secretariat.official", user_id=user_id), 303)
        user = reset_second_factor(db, signed_in(), user_id, reason)
        back = _place(db, person)["back"]
    flash(_("The second factor of %(name)s is taken away.", name=person.name), "success")
    flash_told(user)
    return redirect(back, 303)


@secretariat.route("/persons/<int:user_id>/end", methods=["GET", "POST"])
@needs(Permission.CYCLE_MANAGE)
def end_account(user_id: int) -> Any:
    """Say what ending an account means, and end it once the box is ticked and a reason is given."""
    form = EndAccountForm()
    with transaction() as db:
        person = find_official(db, user_id)
        if person.user_id == signed_in().user_id:
            abort(403)
        place = _place(db, person)
        if not form.validate_on_submit():
            return render_template(
                "secretariat/end_account.html", person=person, form=form, role_names=role_names(), **place
            ), 422 if form.is_submitted() else 200
        deactivate_person(db, signed_in(), user_id, form.reason.data or "")
    flash(_("The account of %(name)s is ended. No mail says so.", name=person.name), "success")
    return redirect(place["back"], 303)


def _place(db: Session, person: Person) -> dict[str, str]:
    """The State of a focal point with its page; for an officer the list of officers."""
    response = response_of(db, person)
    if response is None:
        return {"state": "", "back": url_for("secretariat.officers")}
    state = db.get_one(ReportingState, response.state_id)
    back = url_for("secretariat.response", response_id=response.id)
    return {"state": state_name(state.names, language()), "back": back}


def _official_page(db: Session, user_id: int, form: ReasonForm, status: int = 200) -> tuple[str, int]:
    person = find_official(db, user_id)
    return render_template(
        "secretariat/official.html", person=person, form=form, role_names=role_names(), new_link=session.pop("new_link", None),
        me=signed_in().user_id, **_place(db, person),
    ), status  # fmt: skip
