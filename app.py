"""The application: opens the database and registers everything. Imports all, decides nothing."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import languages
from cli import init_cli
from cli.common import command_settings
from exports.document_downloads import documents
from exports.downloads import downloads
from exports.job_pages import export_jobs
from exports.kit_pages import kits
from exports.own_copy import own_copy
from imports.kit_pages import kit_returns
from imports.own_copy_page import own_copy_import
from imports.verify_page import verification
from models.database import Database
from settings import Settings, load_secrets
from views.account import account
from views.comments import comments
from views.context import Tracker, init_context
from views.earlier import earlier
from views.errors import init_errors
from views.history import history
from views.pages import pages
from views.policy import init_policy
from views.preview import preview
from views.responses import responses
from views.secretariat import secretariat
from views.security import init_security
from views.submissions import submissions
from views.team import team

LARGEST_POST = 12 * 1024 * 1024
"""Bytes of one request: an evidence file of the default limit and the form around it."""


def create_app(settings: Settings | None = None, *, read_only: bool = False) -> Flask:
    """The application on the database of the settings, which must be migrated. It takes no lock and starts no thread.

    Raises SettingsError for settings or secrets that cannot be used.
    """
    if settings is None:
        # The `flask` command: it reads; what it writes goes through the one writing process.
        settings, read_only = command_settings(), True
    languages.compile_catalogues()
    app = Flask(__name__)
    secrets = load_secrets(settings)
    tracker = Tracker(settings, secrets, Database(settings.url, threads=settings.threads, read_only=read_only))
    app.extensions["tracker"] = tracker
    app.config.update(
        SECRET_KEY=secrets.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_POST + settings.evidence_limit_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=LARGEST_POST,
        # A statistics table of four years, five rows and six parts has 150 inputs; a question with 200 rows of laws 1,400.
        MAX_FORM_PARTS=20_000,
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=settings.session_minutes),
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    init_context(app)
    init_policy(app)
    init_security(app, tracker)
    init_errors(app)
    for blueprint in (
        pages, account, responses, history, comments, submissions, secretariat, downloads, export_jobs, own_copy, documents,
        verification, kits, kit_returns, team, earlier, own_copy_import,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    if settings.preview:
        app.register_blueprint(preview)
    init_cli(app)
    return app
