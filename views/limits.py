"""Where a request comes from, how often somebody may try from there, and browsers that signed in before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request, session
from flask_limiter import Limiter
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits import parse

from views.context import tracker

DEVICE_DAYS = 180

PER_ACCOUNT = "10 per 15 minutes"
"""Wrong sign-ins for one address from one network. Others in the network, and the person elsewhere, are not touched."""
PER_NETWORK = "60 per 15 minutes"
"""Wrong sign-ins for any address from one network: a mission of thirty people behind one address must fit."""
RESETS_PER_ACCOUNT = "5 per hour"
RESETS_PER_NETWORK = "30 per hour"
CODES = "10 per 15 minutes;40 per day"
"""Wrong codes for one person, who gave the right passphrase; a million codes are possible."""
LINKS = "30 per 15 minutes"
"""Invitation and reset links that do not work, from one network."""
COMMENTS = "60 per 10 minutes"
"""Comments of one person."""


def network() -> str:
    """The network a request comes from: /24 of IPv4, /64 of IPv6. Kept with failures; a single address says too much."""
    try:
        address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - an address that is missing, none to listen on
    except ValueError:
        return "unknown"
    return str(ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))


def own_origins() -> tuple[str, str]:
    """The origin people see (of the settings; a proxy may speak https for this server), and the one of the request."""
    seen = urlsplit(tracker().settings.address)
    return f"{seen.scheme}://{seen.netloc}", request.host_url.rstrip("/")


def _account_key() -> str:
    typed = request.form.get("email", "").strip().casefold()
    return f"{hashlib.sha256(typed.encode()).hexdigest()[:24]} {network()}"


def _person_key() -> str:
    """The person half signed in (passphrase given, code outstanding) or signed in; else the network."""
    return str(session.get("tf_user_id") or getattr(current_user, "fs_uniquifier", "") or network())


def _failed(response: Response) -> bool:
    return response.status_code not in {302, 303}


def init_limits(app: Flask) -> None:
    """Put the limits around the views that exist. Counts are kept in memory, per process; the delay of an account
    (services/sign_ins.py) stands in the database and holds for all.
    """
    limiter = Limiter(network, app=app, storage_uri="memory://", headers_enabled=True)
    posts: dict[str, list[tuple[str, Callable[[], str], Callable[[Response], bool] | None]]] = {
        "security.login": [(PER_ACCOUNT, _account_key, _failed), (PER_NETWORK, network, _failed)],
        "security.forgot_password": [(RESETS_PER_ACCOUNT, _account_key, None), (RESETS_PER_NETWORK, network, None)],
        "security.reset_password": [(LINKS, network, _failed)],
        "security.two_factor_token_validation": [(CODES, _person_key, _failed)],
        "security.two_factor_setup_validate": [(CODES, _person_key, None)],
        "security.mf_recovery": [(CODES, _person_key, _failed)],
        "security.verify": [(CODES, _person_key, _failed)],
        "security.change_password": [(CODES, _person_key, _failed)],
        "security.wan_signin": [(PER_NETWORK, network, None)],
        "security.wan_signin_response": [(PER_NETWORK, network, None)],
    }
    for endpoint, limits in posts.items():
        for limit, key, counts in limits:
            _wrap(app, endpoint, limiter.limit(limit, key_func=key, methods=["POST"], deduct_when=counts))

    app.extensions["tracker_limiter"] = limiter


def stop_guessing() -> None:
    """Answer 429 to a network that tried too many links that do not work."""
    if not _limiter().limiter.test(parse(LINKS), "links", network()):
        abort(429)


def count_guess() -> None:
    """Count a link that does not work."""
    _limiter().limiter.hit(parse(LINKS), "links", network())


def may_comment_now() -> bool:
    """Whether the person may write one more comment now; it is counted by asking."""
    return bool(_limiter().limiter.hit(parse(COMMENTS), "comments", _person_key()))


def _limiter() -> Limiter:
    return cast(Limiter, current_app.extensions["tracker_limiter"])


def _wrap(app: Flask, endpoint: str, decorator: Callable[[Any], Any]) -> None:
    app.view_functions[endpoint] = decorator(app.view_functions[endpoint])


def _devices() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(tracker().secrets.secret_key, salt="known-device")


def device_cookie() -> str:
    """The name of the cookie of a browser that signed in before."""
    name = f"{tracker().settings.cookie_prefix}_device"
    return f"__Host-{name}" if tracker().settings.address.startswith("https") else name


def is_known_device(user_id: int) -> bool:
    """Whether this person signed in with this browser lately: then wrong tries made elsewhere do not delay them."""
    try:
        known = _devices().loads(request.cookies.get(device_cookie(), ""), max_age=DEVICE_DAYS * 86400)
    except BadSignature:
        return False
    return bool(known == user_id)


def remember_device(response: Response, user_id: int) -> Response:
    """Give the browser the cookie. It opens nothing; it only spares its owner the delay."""
    response.set_cookie(
        device_cookie(), _devices().dumps(user_id), max_age=DEVICE_DAYS * 86400, httponly=True, samesite="Lax",
        secure=tracker().settings.address.startswith("https"),
    )  # fmt: skip
    return response
