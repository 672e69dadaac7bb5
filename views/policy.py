"""Denied unless listed: every endpoint names what it needs; visitors reach only the short list here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Flask, abort, g, redirect, request, url_for

from services.permissions import OFFICER_RULES, STATE_RULES, Permission, PermissionDenied
from views.context import current_actor

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC_ENDPOINTS: frozenset[str] = frozenset({
    "static", "pages.home", "pages.language", "pages.help", "pages.privacy", "pages.accessibility",
    "account.accept_invitation", "pages.receipt_key", "preview.enter",
})  # fmt: skip
"""What a visitor may open. Endpoints of the account library guard themselves (security.*)."""


def needs(permission: Permission) -> Callable[[View], View]:
    """Mark a view with the permission it needs.

    Permissions of the secretariat are checked here; those on a response are checked where the response is opened, with the
    same permission, because only there it is known whose it is.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if actor is None:
                abort(401)
            if permission in OFFICER_RULES and permission not in STATE_RULES and not actor.is_officer:
                raise PermissionDenied(permission)
            g.permission = permission
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


class SessionExpired(Exception):
    """A visitor sent something that needs a person: the page says that nothing is lost and how to go on."""


def init_policy(app: Flask) -> None:
    """Refuse visitors everything that is not public, and refuse to run a view that names no permission."""

    @app.before_request
    def guard() -> Any:
        endpoint = request.endpoint
        if endpoint is None or endpoint in PUBLIC_ENDPOINTS or endpoint.startswith("security."):
            return None
        view = app.view_functions[endpoint]
        if not hasattr(view, "permission"):
            abort(404)
        if current_actor() is None:
            if request.method in {"GET", "HEAD"}:
                here = request.full_path.rstrip("?")
                return redirect(f"{url_for('security.login')}?{urlencode({'next': here})}", code=302)
            raise SessionExpired
        return None
