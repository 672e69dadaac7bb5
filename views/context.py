"""What every request has: the installation, its transactions, the person, the language; and what every page is given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

from flask import Flask, current_app, g, has_request_context, request, session, url_for
from flask_babel import Babel, get_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlmodel import Session, select

from languages import (
    LANGUAGE_NAMES,
    LANGUAGES,
    direction,
    format_date,
    format_moment,
    format_time,
    is_language,
    separator,
)
from models.database import Database
from models.people import Membership, User
from services.permissions import Actor, MembershipFact
from settings import Secrets, Settings

STATIC = Path(__file__).parent.parent / "static"


@dataclass(frozen=True, slots=True)
class Tracker:
    """One running installation."""

    settings: Settings
    secrets: Secrets
    database: Database


def tracker() -> Tracker:
    """The installation this application serves."""
    return cast(Tracker, current_app.extensions["tracker"])


@contextmanager
def transaction() -> Iterator[Session]:
    """A session for writing; committed in one place when the block ends."""
    with tracker().database.transaction() as db:
        yield db


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reading; it cannot write."""
    with tracker().database.reading() as db:
        yield db


def current_actor() -> Actor | None:
    """The signed-in person with their roles, read once per request; None for a visitor."""
    if not hasattr(g, "actor"):
        g.actor = _load_actor() if current_user and current_user.is_authenticated else None
    return cast("Actor | None", g.actor)


def signed_in() -> Actor:
    """The signed-in person. Only for views that visitors cannot reach."""
    actor = current_actor()
    assert actor is not None  # the policy lets nobody else in
    return actor


def _load_actor() -> Actor:
    user = cast(User, current_user)
    with reading() as db:
        rows = db.exec(
            select(Membership).where(Membership.user_id == user.id, Membership.ended_at == None)  # noqa: E711
        ).all()
    return Actor(
        user_id=cast(int, user.id), name=user.name or user.email, email=user.email, language=user.language,
        time_zone=user.time_zone, is_officer=user.has_role("officer"),
        memberships=tuple(MembershipFact(row.state_id, row.cycle_id, row.role) for row in rows),
    )  # fmt: skip


def page_language() -> str:
    """The language of the page: chosen in this session, else the person's own, else what the browser asks for, else English."""
    if not has_request_context():
        return "en"
    chosen = session.get("language")
    if is_language(chosen):
        return cast(str, chosen)
    if current_user and current_user.is_authenticated and is_language(current_user.language):
        return cast(str, current_user.language)
    return request.accept_languages.best_match(LANGUAGES) or "en"


def page_zone() -> str:
    """The IANA zone in which the page shows times."""
    if has_request_context() and current_user and current_user.is_authenticated:
        return cast(str, current_user.time_zone or "UTC")
    return "UTC"


def language_url(code: str) -> str:
    """The same place in another language."""
    here = request.full_path.rstrip("?") if request.method == "GET" else (request.referrer or "/")
    path = here if here.startswith("/") and not here.startswith("//") else "/"
    return f"{url_for('pages.language', code=code)}?{urlencode({'next': path})}"


@lru_cache(maxsize=256)
def _digest(filename: str, _stamp: float) -> str:
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:12]


def static_url(filename: str) -> str:
    """The address of a static file with its digest, so that it can be cached for ever and never be stale."""
    path = STATIC / filename
    return url_for("static", filename=filename, v=_digest(filename, path.stat().st_mtime))


class NavigationEntry(NamedTuple):
    """One entry of the main navigation."""

    url: str
    text: str
    is_current: bool


def navigation() -> list[NavigationEntry]:
    """The main navigation of the person on this page; empty for a visitor."""
    actor = current_actor()
    if actor is None:
        return []
    entries: list[tuple[str, str, dict[str, Any]]] = []
    if actor.is_officer:
        in_round = {"cycle": g.cycle_id} if "cycle_id" in g else {}
        entries = [
            ("secretariat.dashboard", _("Overview"), in_round),
            ("secretariat.states", _("States"), in_round),
            ("secretariat.notices", _("Notices"), {}),
        ]
    response_id = (request.view_args or {}).get("response_id") or g.get("response_id")
    if response_id and not actor.is_officer:
        entries += [
            ("responses.home", _("Questions"), {"response_id": response_id}),
            ("account.people", _("Colleagues"), {"response_id": response_id}),
            ("submissions.check", _("Check and submit"), {"response_id": response_id}),
        ]
    known = current_app.view_functions
    return [
        NavigationEntry(url_for(endpoint, **values), text, request.endpoint == endpoint)
        for endpoint, text, values in entries
        if endpoint in known
    ]


def init_context(app: Flask) -> None:
    """Language, page context and security headers."""
    Babel(app, locale_selector=page_language, timezone_selector=page_zone, default_translation_directories=str(
        Path(__file__).parent.parent / "translations"
    ))  # fmt: skip

    app.jinja_env.globals["language_names"] = LANGUAGE_NAMES

    @app.context_processor
    def page_context() -> dict[str, Any]:
        language = str(get_locale() or "en")[:2]
        zone = page_zone()
        return {
            "lang": language, "dir": direction(language), "languages": list(LANGUAGE_NAMES.items()),
            "language_url": language_url, "static_url": static_url, "navigation": navigation(),
            "rehearsal": tracker().settings.rehearsal, "preview": tracker().settings.preview, "contact": tracker().settings.contact, "actor": current_actor(), "zone": zone,
            "comma": separator(language), "semicolon": separator(language, heavy=True),
            "show_date": lambda value: format_date(value, language),
            "show_moment": lambda value: format_moment(value, language, zone),
            "show_time": lambda value: format_time(value, zone),
        }  # fmt: skip

    @app.after_request
    def headers(response: Any) -> Any:
        secure = tracker().settings.address.startswith("https")
        response.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.endpoint == "static" and request.args.get("v"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response
