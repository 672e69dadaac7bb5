"""The one-time link of a preview, which signs an invented focal point in. Only an installation made for a preview has this page."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, redirect, session, url_for
from flask_login import current_user
from flask_security.utils import login_user

from models.people import User
from services.accounts import InvitationGone, accept_invitation, find_invitation
from services.people import NewPerson
from views.context import transaction
from views.errors import refuse
from views.library import library
from views.limits import count_guess, stop_guessing

preview = Blueprint("preview", __name__)


@preview.get("/preview/<token>")
def enter(token: str) -> Any:
    """Make the account of the link and sign it in; there is no passphrase, so the link is the only way."""
    if current_user.is_authenticated:
        return redirect(url_for("pages.home"), 303)
    stop_guessing()
    try:
        with transaction() as db:
            invitation = find_invitation(db, token)
            person = NewPerson(name=invitation.name, title="", language=invitation.language, time_zone="UTC")
            user_id = accept_invitation(db, token, person, "").id
    except InvitationGone:
        count_guess()
        return refuse(410, "invitation_gone")
    session["language"] = person.language
    login_user(cast(User, library().datastore.find_user(id=user_id)), authn_via=["preview"])
    return redirect(url_for("pages.home"), 303)
