"""What went wrong, answered in one table: exception -> status -> page (or JSON for the script)."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, Response, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from models.responses import NationalResponse
from services.people import find_focal_point
from services.permissions import STATE_RULES, NotFound, PermissionDenied
from services.submissions import NotReturnable, NotSubmittable
from views.context import current_actor, reading
from views.kept import keep_current_post
from views.policy import SessionExpired

log = logging.getLogger("tracker")


def wants_json() -> bool:
    """Whether the request came from the script, which reads JSON only."""
    return request.accept_mimetypes.best == "application/json"


def refuse(status: int, code: str, **given: Any) -> tuple[Response, int] | tuple[str, int]:
    """The error page of a status, or `{"error": code}` for the script."""
    if wants_json():
        return jsonify({"error": code, "message": str(given.get("message") or "")}), status
    return render_template("errors/error.html", status=status, **given), status


def init_errors(app: Flask) -> None:
    """Register the table."""

    @app.errorhandler(NotFound)
    def not_found(_error: NotFound) -> Any:
        return refuse(404, "not_found")

    @app.errorhandler(PermissionDenied)
    def denied(error: PermissionDenied) -> Any:
        return refuse(403, "permission_denied", message=_who_can_help(error))

    @app.errorhandler(SessionExpired)
    def expired(_error: SessionExpired) -> Any:
        return _signed_out()

    @app.errorhandler(CSRFError)
    def stale_page(_error: CSRFError) -> Any:
        kept = keep_current_post()
        links = [(kept.url, _("Open the question again; your text is in it"))] if kept else []
        return refuse(419, "stale_page", kept=bool(kept), links=links)

    @app.errorhandler(NotSubmittable)
    def closed(_error: NotSubmittable) -> Any:
        return refuse(423, "cycle_closed")

    @app.errorhandler(NotReturnable)
    def nothing_to_return(_error: NotReturnable) -> Any:
        return refuse(409, "not_submitted", title=_("This was settled already"), message=_(
            "The response is not submitted at the moment, so it cannot be returned or reopened."
        ))  # fmt: skip

    @app.errorhandler(OperationalError)
    def database_trouble(error: OperationalError) -> Any:
        reference = _log(error)
        body, status = refuse(503, "database", reference=reference, kept=False, bare=True, retry_after=60)
        response = app.make_response((body, status))
        response.headers["Retry-After"] = "60"
        return response

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        status = error.code or 500
        if status == 401:
            return _signed_out()
        if error.response is not None:
            return error.response
        if status < 400:
            return error
        given: dict[str, Any] = {"kept": False} if request.method not in {"GET", "HEAD"} and status >= 400 else {}
        return refuse(status, f"http_{status}", bare=request.endpoint is None and status != 404, **given)

    @app.errorhandler(Exception)
    def failure(error: Exception) -> Any:
        return refuse(500, "failure", reference=_log(error), bare=True)


def _log(error: Exception) -> str:
    reference = secrets.token_hex(5).upper()
    log.error("request failed", exc_info=error, extra={"reference": reference, "path": request.path})
    return reference


def _signed_out() -> Any:
    kept = keep_current_post()
    back = kept.url if kept else url_for("pages.home")
    links = [(url_for("security.login", next=back), _("Sign in again"))]
    return refuse(401, "session_expired", kept=bool(kept) if request.method == "POST" else None, links=links)


def _who_can_help(error: PermissionDenied) -> str:
    words = {
        "response:submit": _("Only the focal point of the State clears and submits its response. Ask the focal point."),
        "response:edit": _("You may read this response, but not change it. Ask the focal point of the State."),
        "response:read": _("A draft belongs to its State: the secretariat sees its progress, not its text."),
        "response:read_whole": _(
            "You read what is assigned to you, and this shows the whole response. Ask the focal point of the State."
        ),
        "work:assign": _("Only the focal point of the State hands out the work. Ask the focal point."),
        "people:manage": _("Only the focal point of the State invites colleagues. Ask the focal point."),
        "comment:write": _("You may read the comments, but not write one. Ask the focal point of the State."),
        "comment:share": _("Only the focal point of the State writes to the secretariat here. Ask the focal point."),
        "response:request_reopening": _("Only the focal point of the State asks for a reopening."),
    }
    said = str(words.get(error.permission.value, _("This is for officers of the secretariat.")))
    name = _focal_point_name() if error.permission in STATE_RULES else ""
    return " ".join([said, str(_("The focal point is %(name)s.", name=name))]) if name else said


def _focal_point_name() -> str:
    """The focal point of the response of this page, for its own team."""
    actor, response_id = current_actor(), (request.view_args or {}).get("response_id")
    if actor is None or not response_id:
        return ""
    with reading() as db:
        response = db.get(NationalResponse, response_id)
        if response is None or not actor.role_for(response):
            return ""
        person = find_focal_point(db, response.state_id, response.cycle_id)
    return person.name if person else ""
