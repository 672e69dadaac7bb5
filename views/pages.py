"""Pages for everybody: where a person begins, help, privacy, accessibility, the language of pages, the key of receipts."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for

from languages import is_language
from services.receipts import public_key
from services.responses import list_own_responses, state_name
from views.context import current_actor, page_language, reading, tracker
from views.security import LONGEST_SESSION, safe_path

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> Any:
    """Where a person begins: sign-in, the secretariat's overview, or the response of the person's State."""
    actor = current_actor()
    if actor is None:
        return redirect(url_for("security.login"))
    if session.pop("offer_recovery_codes", False):
        return redirect(url_for("security.mf_recovery_codes"))
    if actor.is_officer:
        return redirect(url_for("secretariat.dashboard"))
    with reading() as db:
        own = list_own_responses(db, actor)
    if len(own) == 1:
        return redirect(url_for("responses.home", response_id=own[0][0].id))
    language = page_language()
    rows = [(response, cycle, state_name(state.names, language)) for response, cycle, state in own]
    return render_template("pages/choose.html", rows=rows)


@pages.get("/language/<code>")
def language(code: str) -> Any:
    """Show pages in this language from now on in this browser, and go back to where the person was.

    The language of mails is part of the account: it is set there, by a form, and not by following a link.
    """
    if not is_language(code):
        abort(404)
    session["language"] = code
    return redirect(safe_path(request.args.get("next")))


@pages.get("/help")
def help() -> Any:
    """How to work with the questionnaire, on one page."""
    return render_template("pages/help.html")


@pages.get("/privacy")
def privacy() -> Any:
    """What is stored of whom, why, who sees it, and how long."""
    settings = tracker().settings
    return render_template(
        "pages/privacy.html", minutes=settings.session_minutes, hours=int(LONGEST_SESSION.total_seconds() // 3600)
    )


@pages.get("/accessibility")
def accessibility() -> Any:
    """What the pages promise to people who use a keyboard, a screen reader or large type."""
    return render_template("pages/accessibility.html")


@pages.get("/receipt-key.txt")
def receipt_key() -> Response:
    """The public key that receipts are checked with: base64 of the 32 bytes of an Ed25519 key."""
    public = public_key(tracker().secrets.receipt_key)
    return Response(f"{b64encode(public).decode()}\n", mimetype="text/plain")
