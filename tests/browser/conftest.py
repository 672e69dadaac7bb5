"""A real browser (Debian's chromium) against the real server, with a real SMTP server on loopback."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import BaseWSGIServer, make_server

from exports.worker import ExportWorker
from models.people import User
from tests.builders import World, make_world
from tests.conftest import make_app

# A retry after a lost line waits up to 15 seconds, and test machines are busy.
expect.set_options(timeout=25_000)

CHROMIUM = os.environ.get("TRACKER_TEST_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is of the browser suite."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Site:
    """A running installation with a small world; `stop` and `start` are a restart of the server on the same database."""

    folder: Path
    port: int = 0
    given: dict[str, Any] = field(default_factory=dict)
    app: Flask | None = None
    server: BaseWSGIServer | None = None
    exports: ExportWorker | None = None

    @property
    def address(self) -> str:
        """Where the site is."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Serve, on the same port as before if there was one."""
        if not self.port:
            probe = make_server("127.0.0.1", 0, Flask("probe"))
            self.port = probe.server_port
            probe.server_close()
        self.app = make_app(f"sqlite:///{self.folder / 'tracker.db'}", self.folder, port=self.port, **self.given)
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        tracker = self.app.extensions["tracker"]
        self.exports = ExportWorker(tracker.database, tracker.settings)
        self.exports.start()

    def stop(self) -> None:
        """Stop serving and close the database."""
        assert self.server is not None and self.app is not None and self.exports is not None
        self.exports.stop()
        self.server.shutdown()
        self.server.server_close()
        self.app.extensions["tracker"].database.close()

    def transaction(self) -> Any:
        """A writing session on the site's database."""
        assert self.app is not None
        return self.app.extensions["tracker"].database.transaction()

    def reading(self) -> Any:
        """A reading session on the site's database."""
        assert self.app is not None
        return self.app.extensions["tracker"].database.reading()


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """An empty, migrated installation, served on a free port."""
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    shutil.copy(sqlite_template, folder / "tracker.db")
    site = Site(folder)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def world(site: Site) -> World:
    """Two States, their people, an officer."""
    with site.transaction() as session:
        return make_world(session)


def enter(browser: Browser, site: Site, user_id: int, **options: Any) -> tuple[BrowserContext, Page]:
    """A browser in which the person is signed in (the session cookie of a sign-in, made by the application itself)."""
    assert site.app is not None
    with site.reading() as session:
        user = session.get_one(User, user_id)
    client = site.app.test_client()
    from tests.builders import sign_in

    sign_in(client, user)
    context = browser.new_context(**options)
    name = str(site.app.config["SESSION_COOKIE_NAME"])
    cookie = client.get_cookie(name)
    assert cookie is not None
    context.add_cookies([{"name": name, "value": cookie.value, "url": site.address}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    return context, page


@pytest.fixture
def mailbox() -> Iterator[tuple[int, list[Message]]]:
    """A real SMTP server on loopback: its port and what it received."""
    from email import message_from_bytes, policy

    from aiosmtpd.controller import Controller

    received: list[Message] = []

    class Keep:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            received.append(message_from_bytes(envelope.content, policy=policy.default))
            return "250 kept"

    probe = make_server("127.0.0.1", 0, Flask("probe"))
    port = probe.server_port
    probe.server_close()
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port, received
    controller.stop()
