"""A person's own account, the link of an invitation, and the people of a State."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user
from flask_security.utils import hash_password, login_user, logout_user
from sqlmodel import Session
from werkzeug.wrappers import Response

from forms.account import AcceptInvitationForm, ConfirmForm, InviteForm, ProfileForm, ReasonForm
from forms.passphrases import normalize
from languages import is_language
from models.cycles import Cycle
from models.people import Invitation, User
from models.states import ReportingState
from services.accounts import (
    AccountEnded,
    AccountExists,
    AlreadyMember,
    InvitationGone,
    accept_invitation,
    accept_with_account,
    cancel_invitation,
    create_invitation,
    deliver_link,
    find_invitation,
    list_invitations,
    reissue_invitation,
)
from services.assignments import list_colleagues
from services.comment_digests import choose_digest, wants_digest
from services.outbox import BadAddress
from services.people import NewPerson, find_account, list_people, update_profile
from services.permissions import NotFound, Permission
from services.reach import list_assignments
from services.responses import OpenResponse, open_response, state_name
from services.roles import end_membership, find_team_member, reset_second_factor
from services.sign_ins import end_sessions
from views.context import page_language, reading, signed_in, tracker, transaction
from views.errors import refuse
from views.library import library, passphrase_link
from views.limits import count_guess, stop_guessing
from views.policy import needs
from views.question_page import frame

account = Blueprint("account", __name__)


def role_names() -> dict[str, str]:
    """The roles in words."""
    return {
        "officer": _("Officer of the secretariat"), "focal_point": _("Focal point"), "contributor": _("Contributor"),
        "observer": _("Observer"),
    }  # fmt: skip


# The link of an invitation


@account.route("/invitations/<token>", methods=["GET", "POST"], endpoint="accept_invitation")
def accept_invitation_page(token: str) -> Any:
    """What a link opens: the form for a new account, a button for a person who has one, or the page of a link that ended."""
    stop_guessing()
    try:
        with reading() as db:
            invitation = find_invitation(db, token)
            state = db.get(ReportingState, invitation.state_id) if invitation.state_id else None
            cycle = db.get(Cycle, invitation.cycle_id) if invitation.cycle_id else None
            owner = find_account(db, invitation.email) if invitation.email else None
        if request.method == "GET" and not is_language(session.get("language")) and not current_user.is_authenticated:
            session["language"] = invitation.language
            refresh()
        given: dict[str, Any] = {"invitation": invitation, "state": state, "cycle": cycle, "role_names": role_names()}
        if current_user.is_authenticated:
            return _accept_signed_in(token, invitation, given)
        if owner is not None and owner.active:
            return _page("account/has_account.html", **given)
        return _accept_as_new(token, invitation, given)
    except InvitationGone:
        count_guess()
        return refuse(410, "invitation_gone", links=[(url_for("security.login"), _("Sign in"))])


def _page(template: str, status: int = 200, **given: Any) -> tuple[str, int]:
    given["state_name"] = state_name(given["state"].names, page_language()) if given.get("state") else ""
    return render_template(template, **given), status


def _accept_signed_in(token: str, invitation: Invitation, given: dict[str, Any]) -> Any:
    if invitation.email not in ("", current_user.email):
        return _page("account/other_account.html", 409, form=ConfirmForm(), **given)
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _page("account/accept_role.html", form=form, **given)
    with transaction() as db:
        accept_with_account(db, token, current_user.id)
    flash(_("The invitation is accepted."), "success")
    return redirect(url_for("pages.home"), 303)


def _accept_as_new(token: str, invitation: Invitation, given: dict[str, Any]) -> Any:
    form = AcceptInvitationForm(data={"name": invitation.name, "language": page_language(), "time_zone": "UTC"})
    if invitation.email:
        del form.email
    form.context = (invitation.email, *(given["state"].names.values() if given["state"] else ()))
    if not form.validate_on_submit():
        return _page("account/accept.html", 422 if form.errors else 200, form=form, **given)
    person = NewPerson(
        name=form.name.data or "", title=form.title.data or "", language=form.language.data, time_zone=form.time_zone.data,
        email=(form.email.data or "") if form.email else "",
    )  # fmt: skip
    password_hash = hash_password(normalize(form.passphrase.data or ""))
    try:
        with transaction() as db:
            user_id = accept_invitation(db, token, person, password_hash).id
    except BadAddress:
        form.email.errors = [_("This is not an e-mail address. It looks like name@ministry.example.")]
        return _page("account/accept.html", 422, form=form, **given)
    except AccountExists:
        form.email.errors = [
            _("There is an account with this address already. Sign in first, then open this link again.")
        ]
        return _page("account/accept.html", 422, form=form, **given)
    session["language"] = person.language
    refresh()
    user = cast(User, library().datastore.find_user(id=user_id))
    onward = library().two_factor_plugins.tf_enter(user, False, "invitation", next_loc=None)
    if onward is not None:
        return onward
    login_user(user, authn_via=["invitation"])
    return redirect(url_for("pages.home"), 303)


# One's own account


@account.route("/account", methods=["GET", "POST"])
@needs(Permission.OWN_ACCOUNT)
def profile() -> Any:
    """Name, title, language, time zone and the digest of comments; links to what concerns signing in."""
    with reading() as db:
        form = ProfileForm(obj=current_user, comment_digest=wants_digest(db, current_user.id))
    if form.validate_on_submit():
        person = NewPerson(form.name.data or "", form.title.data or "", form.language.data, form.time_zone.data)
        with transaction() as db:
            update_profile(db, db.get_one(User, current_user.id), person)
            choose_digest(db, current_user.id, bool(form.comment_digest.data))
        session["language"] = person.language
        refresh()
        flash(_("Your account is saved."), "success")
        return redirect(url_for("account.profile"), 303)
    return render_template("account/profile.html", form=form), 422 if form.errors else 200


@account.get("/account/second-factor")
@needs(Permission.OWN_ACCOUNT)
def second_factor() -> Any:
    """Authenticator, recovery codes, passkeys, passphrase, and the end of all sessions."""
    return render_template("account/second_factor.html", form=ConfirmForm())


@account.post("/account/sign-out-everywhere")
@needs(Permission.OWN_ACCOUNT)
def sign_out_everywhere() -> Any:
    """End every session of this person, this one too."""
    with transaction() as db:
        end_sessions(db, db.get_one(User, signed_in().user_id))
    logout_user()
    flash(_("You are signed out on all devices."), "success")
    return redirect(url_for("security.login"), 303)


# The people of a State


@account.get("/responses/<response_id>/people")
@needs(Permission.RESPONSE_READ)
def people(response_id: str) -> Any:
    """Who works on the response; for the focal point also the open invitations and the form for a new one."""
    with reading() as db:
        opened = open_response(db, response_id, signed_in(), Permission.RESPONSE_READ)
        return _people_page(db, opened, InviteForm(formdata=None, language=page_language()))


def _people_page(db: Session, opened: OpenResponse, form: InviteForm, status: int = 200) -> tuple[str, int]:
    state_id, cycle_id = opened.state.id, opened.cycle.id
    manages = opened.may(Permission.PEOPLE_MANAGE)
    return render_template(
        "account/people.html", **frame(opened), form=form, manages=manages, role_names=role_names(),
        people=list_people(db, state_id, cycle_id), new_link=session.pop("new_link", None) if manages else None,
        invitations=list_invitations(db, state_id, cycle_id) if manages else [], confirm=ConfirmForm(formdata=None),
        sends_mail=bool(tracker().settings.mail_host),
    ), status  # fmt: skip


@account.post("/responses/<response_id>/people")
@needs(Permission.PEOPLE_MANAGE)
def invite(response_id: str) -> Any:
    """Invite a colleague as contributor or observer."""
    form = InviteForm()
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.PEOPLE_MANAGE)
        if not form.validate_on_submit():
            return _people_page(db, opened, form, 422)
        try:
            token = create_invitation(
                db, opened.actor, email=form.email.data or "", name=form.name.data or "", language=form.language.data,
                role=form.role.data, state_id=opened.state.id, cycle_id=opened.cycle.id,
            )  # fmt: skip
        except (BadAddress, AlreadyMember, AccountEnded) as error:
            form.email.errors = [_refusal(error)]
            return _people_page(db, opened, form, 422)
        return _to_people(response_id, _handed_out(db, token))


def _refusal(error: Exception) -> str:
    if isinstance(error, AlreadyMember):
        return str(_("This person works on the response already."))
    if isinstance(error, AccountEnded):
        return str(_("The account with this address was ended. Ask the secretariat to invite the person."))
    return str(_("This is not an e-mail address. It looks like name@ministry.example."))


def _handed_out(db: Session, token: str) -> str:
    """The link to hand on, when no mail leaves; it is shown once, on the next page."""
    link = deliver_link(db, tracker().settings, tracker().secrets, token)
    if link:
        session["new_link"] = link
        return ""
    return str(_("The invitation is on its way."))


def _to_people(response_id: str, message: str) -> Response:
    if message:
        flash(message, "success")
    return redirect(url_for("account.people", response_id=response_id), 303)


@account.post("/responses/<response_id>/people/invitations/<invitation_id>")
@needs(Permission.PEOPLE_MANAGE)
def change_invitation(response_id: str, invitation_id: str) -> Any:
    """Issue an open invitation again with a new link, or cancel it."""
    with transaction() as db:
        opened = open_response(db, response_id, signed_in(), Permission.PEOPLE_MANAGE)
        if not any(entry.id == invitation_id for entry in list_invitations(db, opened.state.id, opened.cycle.id)):
            raise NotFound(invitation_id)
        if request.form.get("act") == "again":
            return _to_people(response_id, _handed_out(db, reissue_invitation(db, opened.actor, invitation_id)))
        cancel_invitation(db, opened.actor, invitation_id)
    return _to_people(response_id, str(_("The invitation is cancelled; its link no longer works.")))


@account.route("/responses/<response_id>/people/<membership_id>", methods=["GET", "POST"])
@needs(Permission.PEOPLE_MANAGE)
def person(response_id: str, membership_id: str) -> Any:
    """One colleague: take them off the team, or take away a lost second factor, with a reason."""
    form = ReasonForm()
    if request.method == "GET":
        with reading() as db:
            return _person_page(db, response_id, membership_id, form)
    with transaction() as db:
        opened, user = _colleague(db, response_id, membership_id)
        acts = {"remove", "reset", *(() if tracker().settings.mail_host else ("link",))}
        if form.act.data not in acts:
            abort(400)
        if not form.validate():
            return _person_page(db, response_id, membership_id, form, 422)
        reason = cast(str, form.reason.data)
        if form.act.data == "remove":
            end_membership(db, opened.actor, membership_id, reason, request.form.get("hand_to", ""))
            message = _("%(name)s no longer works on the response.", name=user.name)
        elif form.act.data == "reset":
            reset_second_factor(db, opened.actor, user.id or 0, reason)
            message = _("The second factor of %(name)s is taken away; a notice is sent.", name=user.name)
        else:
            session["new_link"], message = passphrase_link(db, opened.actor, user, reason), ""
    return _to_people(response_id, message)


def _colleague(db: Session, response_id: str, membership_id: str) -> tuple[OpenResponse, User]:
    opened = open_response(db, response_id, signed_in(), Permission.PEOPLE_MANAGE)
    membership, user = find_team_member(db, opened.actor, membership_id)
    if (membership.state_id, membership.cycle_id) != (opened.state.id, opened.cycle.id):
        raise NotFound(membership_id)
    return opened, user


def _person_page(
    db: Session, response_id: str, membership_id: str, form: ReasonForm, status: int = 200
) -> tuple[str, int]:
    opened, user = _colleague(db, response_id, membership_id)
    return render_template(
        "account/person.html", **frame(opened), person=user, assigned=len(list_assignments(db, response_id, assignee=user.email)),
        colleagues=[entry for entry in list_colleagues(db, opened.response) if entry.key != membership_id], form=form, has_second_factor=user.tf_totp_secret is not None,
        sends_mail=bool(tracker().settings.mail_host),
    ), status  # fmt: skip
