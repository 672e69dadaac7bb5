"""Signing in: the account library set up on our tables, sessions, protection against forged posts."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_security import Security
from flask_security.signals import (
    password_changed,
    password_reset,
    tf_code_confirmed,
    tf_disabled,
    tf_profile_changed,
    user_authenticated,
    user_failed_authn,
    wan_deleted,
    wan_registered,
)
from flask_security.utils import aware_utcnow
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.local import LocalProxy

from forms import sign_in
from languages import CATALOGUES
from models.people import OFFICER, Role, User, WebAuthn
from services.audit import record
from services.sign_ins import forget_failures, note_failed_sign_in, note_sign_in
from views.context import Tracker, transaction
from views.context import tracker as current_tracker
from views.library import (
    RESET_WITHIN,
    AccountForgotForm,
    AccountSignInForm,
    BoundedHashing,
    Datastore,
    OneTimeTotp,
    OutboxMails,
    Passkeys,
    Passphrases,
    RecoveryCodes,
    close_library_session,
    library_session,
    tell_change,
)
from views.limits import init_limits, network, own_origins, remember_device
from views.messages import MESSAGES

LONGEST_SESSION = timedelta(hours=12)
"""A session ends after this time even when the person never pauses."""

FRESH = timedelta(minutes=15)
"""How long after the passphrase was entered a person may change how they sign in."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def init_security(app: Flask, tracker: Tracker) -> None:
    """Set up accounts, sessions and CSRF protection. Call it after the policy and before the blueprints."""
    _configure(app, tracker)
    CSRFProtect(app)
    datastore = Datastore(cast(Any, LocalProxy(library_session)), User, Role, WebAuthn)
    security = Security(
        app, datastore, mail_util_cls=OutboxMails, password_util_cls=Passphrases, totp_cls=OneTimeTotp,
        webauthn_util_cls=Passkeys, mf_recovery_codes_util_cls=RecoveryCodes, login_form=AccountSignInForm,
        verify_form=sign_in.ConfirmIdentityForm, forgot_password_form=AccountForgotForm, reset_password_form=sign_in.ResetForm,
        change_password_form=sign_in.ChangeForm, two_factor_verify_code_form=sign_in.CodeForm,
        two_factor_setup_form=sign_in.AuthenticatorForm, mf_recovery_form=sign_in.RecoveryForm, two_factor_rescue_form=sign_in.RescueForm,
        wan_register_form=sign_in.PasskeyForm, wan_signin_form=sign_in.PasskeySignInForm,
        wan_signin_response_form=sign_in.PasskeyAnswerForm, wan_delete_form=sign_in.PasskeyRemovalForm,
    )  # fmt: skip
    security.pwd_context = BoundedHashing(security.pwd_context)
    # Pages are the one way to sign in: no JSON, no token in a header or an address.
    security.want_json(lambda _request: False)
    security.login_manager.request_loader(lambda _request: None)
    load_user = security.login_manager._user_callback
    security.login_manager.user_loader(lambda user_id: None if _is_too_old() else load_user(user_id))
    # A code by mail, or a mail to an administrator, would go around the second factor; a lost one is reset by a person.
    for endpoint in ("security.two_factor_rescue", "security.tf_select"):
        app.view_functions[endpoint] = _closed
    app.teardown_appcontext(close_library_session)
    # Before the policy: nothing is worked out for a host that is not this one.
    hosts = {"localhost", "127.0.0.1", "::1", urlsplit(tracker.settings.address).hostname}
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: _refuse_foreign_host(hosts))
    app.before_request(_refuse_foreign_posts)
    app.before_request(_refuse_foreign_targets)
    app.after_request(_finish)
    app.context_processor(_account_context)
    init_limits(app)
    _connect(app)


def _configure(app: Flask, tracker: Tracker) -> None:
    settings, secrets = tracker.settings, tracker.secrets
    secure = settings.address.startswith("https")
    cookie = f"{settings.cookie_prefix}_session"
    app.config.update(
        SESSION_COOKIE_NAME=f"__Host-{cookie}" if secure else cookie, SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=secure, SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,
        # "basic": an address that changes (proxies of ministries, mobile networks) must not sign a person out.
        SESSION_PROTECTION="basic",
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the method
        SECURITY_PASSWORD_SCHEMES=["argon2"], SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_SALT=secrets.password_salt,
        SECURITY_DATETIME_FACTORY=aware_utcnow, SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_EMAIL_PLAINTEXT=False, SECURITY_EMAIL_HTML=False, SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_RECOVERABLE=True, SECURITY_CHANGEABLE=True, SECURITY_RESET_PASSWORD_WITHIN=RESET_WITHIN,
        SECURITY_TWO_FACTOR=True, SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"], SECURITY_TWO_FACTOR_REQUIRED=False,
        SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY=30, SECURITY_TWO_FACTOR_RESCUE_EMAIL=False,
        SECURITY_TOTP_SECRETS={"1": secrets.totp_key}, SECURITY_TOTP_ISSUER=_issuer(settings.rehearsal),
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_WEBAUTHN=True, SECURITY_WAN_ALLOW_USER_HINTS=False, SECURITY_WAN_ALLOW_AS_VERIFY=["first"],
        SECURITY_WAN_RP_NAME=_issuer(settings.rehearsal), SECURITY_WAN_SIGNIN_WITHIN=timedelta(minutes=5),
        SECURITY_FRESHNESS=FRESH, SECURITY_FRESHNESS_GRACE_PERIOD=FRESH,
        SECURITY_POST_LOGIN_VIEW="/", SECURITY_POST_LOGOUT_VIEW="/login", SECURITY_POST_RESET_VIEW="/login",
        SECURITY_POST_CHANGE_VIEW="/account", SECURITY_POST_VERIFY_VIEW="/account/second-factor",
        SECURITY_TWO_FACTOR_POST_SETUP_VIEW="/account/second-factor", SECURITY_TWO_FACTOR_ERROR_VIEW="/login",
        SECURITY_WAN_POST_REGISTER_VIEW="/account/second-factor",
        SECURITY_STATIC_FOLDER=None, SECURITY_CLI_USERS_NAME="", SECURITY_CLI_ROLES_NAME="",
        # What the library says is looked up in our own catalogue.
        SECURITY_I18N_DOMAIN="messages", SECURITY_I18N_DIRNAME=[str(CATALOGUES)],
        **{f"SECURITY_MSG_{key}": message for key, message in MESSAGES.items()},
    )  # fmt: skip


def _issuer(rehearsal: bool) -> str:
    """The name in an authenticator and on a passkey; the same in every language, since it is stored there."""
    return "Implementation Tracker (rehearsal)" if rehearsal else "Implementation Tracker"


def _closed(**_values: Any) -> Any:
    abort(404)


def _is_too_old() -> bool:
    began = session.get("began")
    return began is not None and time.time() - began > LONGEST_SESSION.total_seconds()


def _refuse_foreign_host(hosts: set[str | None]) -> Response | None:
    """Refuse a request for another host: an address made from it would lead there. Links in mails come from the settings."""
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        host = None
    if host in hosts:
        return None
    return Response("This host is not served here.\n", 400, mimetype="text/plain")


def _refuse_foreign_posts() -> None:
    """Refuse a post that a browser says comes from another site, whatever token it carries."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"} or (
        origin is not None and origin not in own_origins()
    ):
        raise CSRFError("The request comes from another site.")


def _refuse_foreign_targets() -> Response | None:
    """Leave out a page to go on to that is none of this site: links to it are refused before the library reads them."""
    if not (request.endpoint or "").startswith("security."):
        return None
    target = request.args.get("next") or "/"
    posted = request.form.get("next") or "/" if request.method == "POST" else "/"
    if any(safe_path(one) == "/" != one for one in (target, posted)):
        if request.method in SAFE_METHODS:
            return cast(Response, redirect(request.path))
        abort(400)
    return None


def _finish(response: Response) -> Response:
    """Keep the session going while the person works, mark the browser, and go on to pages of this site only."""
    if session.get("_user_id") and not session.permanent:
        session.permanent = True
    if "signed_in_user" in g:
        remember_device(response, g.signed_in_user)
    location = response.headers.get("Location")
    if location and (request.endpoint or "").startswith("security."):
        response.headers["Location"] = safe_path(location)
    return response


def safe_path(target: str | None) -> str:
    """A path of this site to go on to; `/` for everything else, however it is disguised.

    Browsers drop control characters and read `\\` as `/`, so both are refused; an address of this host is cut to its path.
    """
    if (
        not target
        or any(ord(sign) < 33 or ord(sign) == 127 for sign in target)
        or "\\" in target
        or target.startswith("//")
    ):
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    if (parts.scheme or parts.netloc) and f"{parts.scheme}://{parts.netloc}" not in own_origins():
        return "/"
    path = parts.path
    if not path.startswith("/") or path.startswith("//"):
        return "/"
    return f"{path}?{parts.query}" if parts.query else path


def _account_context() -> dict[str, Any]:
    """The person's menu, and whether mails leave this installation."""
    sends_mail = bool(current_tracker().settings.mail_host)
    if not (current_user and current_user.is_authenticated):
        return {"account_links": [], "sends_mail": sends_mail}
    return {
        "sends_mail": sends_mail,
        "account_links": [
            (url_for("account.profile"), _("Your account")),
            (url_for("account.second_factor"), _("Signing in safely")),
            *([(url_for("secretariat.officers"), _("Officers"))] if current_user.has_role(OFFICER) else []),
        ],
    }


def _connect(app: Flask) -> None:
    """Record and announce what the library reports."""

    @user_authenticated.connect_via(app, weak=False)
    def signed_in(_app: Flask, user: Any, authn_via: list[str] | None = None, **_more: Any) -> None:
        how = (authn_via or ["passphrase and code"])[0]
        session["began"] = int(time.time())
        # A token that was in the page before signing in may be known to others.
        session.pop("csrf_token", None)
        g.pop("csrf_token", None)
        g.signed_in_user = user.id
        with transaction() as db:
            note_sign_in(db, user.id, how)

    @user_failed_authn.connect_via(app, weak=False)
    def failed(_app: Flask, user: Any, auth_type: str, **_more: Any) -> None:
        with transaction() as db:
            note_failed_sign_in(db, user.id, auth_type, network())

    @tf_code_confirmed.connect_via(app, weak=False)
    def confirmed(_app: Flask, user: Any, **_more: Any) -> None:
        if session.get("tf_state") == "validating_profile":
            session["offer_recovery_codes"] = True
            tell_change(user, "second_factor")

    def announce(signal: Any, change: str) -> None:
        signal.connect_via(app, weak=False)(lambda _app, user, **_more: tell_change(user, change))

    announce(tf_profile_changed, "second_factor")
    announce(tf_disabled, "second_factor_off")
    announce(wan_registered, "passkey_added")
    announce(wan_deleted, "passkey_removed")

    def new_passphrase(_app: Flask, user: Any, **_more: Any) -> None:
        with transaction() as db:
            forget_failures(db, user.id)
            record(db, "passphrase.set", user.id, network=network())

    password_reset.connect_via(app, weak=False)(new_passphrase)
    password_changed.connect_via(app, weak=False)(new_passphrase)
