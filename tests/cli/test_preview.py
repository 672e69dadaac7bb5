"""`flask instrument preview` as its own process: a State's pages, marked, apart from everything real, gone at the end."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from click.testing import CliRunner
from sqlmodel import select

from app import create_app
from cli.instruments import instrument
from instruments.catalog import DATA, read_document
from models.database import Database
from models.people import User
from models.states import ReportingState
from rehearsal import make_preview
from services.installation import bootstrap
from settings import ROOT, Settings, SettingsError, load_secrets
from tests.builders import csrf_token
from tests.cli.process import PATIENCE, Process, free_port
from tests.instruments.small import write_small_instrument

SAMPLE = DATA / "sample-follow-up" / "1"
LINK = re.compile(r"http://localhost:\d+/preview/[\w-]{43}")
CANARY = "canary-7f3e91c2"


class Preview(Process):
    """A started preview, its output, and a browser."""

    def __init__(self, real: Path, temporary: Path, *arguments: str) -> None:
        self.port = free_port()
        # Settings of the real installation, none of which may reach the preview.
        given = {
            "TRACKER_INSTANCE": str(real),
            "TRACKER_MAIL_HOST": "mail.invalid",
            "TRACKER_CONTACT": "real@secretariat.example",
        }
        command = ("-m", "flask", "instrument", "preview", *arguments, "--port", str(self.port))
        super().__init__(*command, **given, TMPDIR=str(temporary))
        self.jar = CookieJar()
        self._browser = build_opener(HTTPCookieProcessor(self.jar))

    def link(self) -> str:
        """The printed link, once it is there."""
        until = time.monotonic() + PATIENCE
        while not (found := LINK.search(self.said)):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.05)
        return found[0]

    def open(self, address: str, **fields: str) -> tuple[int, str, str]:
        """Status, address and text of a page, in the one browser of the preview."""
        try:
            data = urlencode(fields).encode() if fields else None
            with self._browser.open(address, data, timeout=PATIENCE) as answer:
                return answer.status, answer.url, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.url or "", error.read().decode()


@pytest.fixture
def started() -> Iterator[list[Preview]]:
    """The previews a test started; those still running are stopped."""
    previews: list[Preview] = []
    yield previews
    for preview in previews:
        preview.stop(signal.SIGTERM)


@pytest.fixture
def real(sqlite_database: Database, tmp_path: Path) -> Path:
    """The folder of a real installation after its first start."""
    settings = Settings(instance=tmp_path)
    load_secrets(settings)
    with sqlite_database.transaction() as session:
        bootstrap(session, settings)
    sqlite_database.close()
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    """Every file with its SHA-256."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["ctrl-c", "term", "hangup"])
def test_a_preview_shows_a_states_pages_touches_nothing_real_and_leaves_nothing(
    real: Path, tmp_path_factory: pytest.TempPathFactory, started: list[Preview], number: signal.Signals
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    before = contents(real)
    assert "tracker.db" in before
    preview = Preview(real, temporary, str(SAMPLE), "--language", "ar")
    started.append(preview)
    link = preview.link()
    assert "Preview of sample-follow-up version 1" in preview.said

    # The link signs in, in the language asked for, and only once.
    status, address, page = preview.open(link)
    assert status == 200
    assert re.search(r"/responses/[\w-]+$", address), address
    assert '<html lang="ar" dir="rtl">' in page
    assert 'class="rehearsal"' in page
    assert "real@secretariat.example" not in page
    assert {cookie.name for cookie in preview.jar} == {"tracker_preview_session", "tracker_preview_device"}
    stranger = build_opener(HTTPCookieProcessor(CookieJar()))
    with pytest.raises(HTTPError) as gone, stranger.open(link):
        pass
    gone.value.close()
    assert gone.value.code == 410

    # Every page is marked; an answer is saved as in a real round.
    assert preview.open(f"http://localhost:{preview.port}/language/en?next=/")[0] == 200
    question = f"{address}/questions/wg1"
    for place in (address, question, f"{address}/check", f"{address}/print"):
        status, _address, page = preview.open(place)
        assert (status, "Preview of a questionnaire" in page) == (200, True), place
        assert "Rehearsal: invented" not in page
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', preview.open(question)[2])
    assert token
    fields = {
        "csrf_token": token[1],
        "base:wg1.narrative": "0",
        "wg1.narrative-text": CANARY,
        "wg1.narrative-language": "en",
    }
    assert preview.open(question, **fields)[0] == 200
    assert CANARY in preview.open(question)[2]
    places = [path for path in temporary.rglob("*") if path.is_file()]
    assert any(CANARY.encode() in path.read_bytes() for path in places)
    assert all((path.stat().st_mode & 0o077) == 0 for path in temporary.iterdir())

    assert preview.stop(number) == 0
    assert preview.said.rstrip().endswith("The preview has ended and is deleted.")
    assert "Traceback" not in preview.said
    assert list(temporary.iterdir()) == []
    assert contents(real) == before
    assert not any(CANARY.encode() in path.read_bytes() for path in real.rglob("*") if path.is_file())
    with pytest.raises(OSError, match="refused"):
        build_opener().open(f"http://localhost:{preview.port}/", timeout=5)


def test_a_port_that_is_taken_is_one_line_with_the_remedy_and_leaves_nothing(
    real: Path, tmp_path_factory: pytest.TempPathFactory, started: list[Preview]
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    first = Preview(real, temporary, str(SAMPLE))
    started.append(first)
    first.link()
    second = subprocess.run(
        [sys.executable, "-m", "flask", "instrument", "preview", str(SAMPLE), "--port", str(first.port)], cwd=ROOT,
        env={**os.environ, "TRACKER_INSTANCE": str(real), "TMPDIR": str(temporary)}, capture_output=True, text=True,
        check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert second.returncode == 4
    assert f"Remedy: --port {first.port + 1}" in second.stderr
    assert not LINK.search(second.stdout)
    assert len(list(temporary.iterdir())) == 1
    assert first.stop(signal.SIGTERM) == 0
    assert list(temporary.iterdir()) == []


def test_a_questionnaire_with_errors_is_not_served(tmp_path: Path) -> None:
    folder = write_small_instrument(tmp_path)
    (folder / "text.ar.yaml").write_text("language: fr\ntexts: {}\n", encoding="utf-8")
    result = CliRunner().invoke(instrument, ["preview", str(folder)])
    assert result.exit_code == 1
    assert "text.ar.yaml, line 1" in result.output
    for wrong in (["preview", str(folder), "--language", "de"], ["preview", str(folder), "--port", "0"]):
        assert CliRunner().invoke(instrument, wrong).exit_code == 2


def test_only_an_installation_made_for_a_preview_has_links_that_sign_in(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, rehearsal=True)
    app = create_app(settings)
    try:
        assert "preview.enter" not in app.view_functions
    finally:
        app.extensions["tracker"].database.close()
    with pytest.raises(SettingsError, match="flask instrument preview"):
        Settings.from_environment({"TRACKER_PREVIEW": "1"})
    with pytest.raises(SettingsError, match="flask instrument preview"):
        Settings.from_environment({
            "TRACKER_PREVIEW": "1", "TRACKER_REHEARSAL": "1", "DATABASE_URL": "postgresql://nobody@localhost/none",
        })  # fmt: skip


def test_a_preview_holds_one_invented_state_and_nobody_signs_in_with_a_passphrase(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, rehearsal=True, preview=True)
    load_secrets(settings)
    app = create_app(settings)
    database = app.extensions["tracker"].database
    try:
        link = make_preview(database, settings, read_document(SAMPLE), "fr")
        client = app.test_client()
        path = link.removeprefix(settings.address)
        assert client.get(path).status_code == 303
        assert client.get(path).status_code == 303, "who is signed in goes on"
        assert app.test_client().get(path).status_code == 410
        with database.reading() as session:
            (state,) = session.exec(select(ReportingState)).all()
            (user,) = session.exec(select(User)).all()
            assert state.names["en"]
            assert (user.language, user.password, user.has_role("officer")) == ("fr", "", False)
        for passphrase in ("", " ", "x"):
            visitor = app.test_client()
            fields = {"csrf_token": csrf_token(visitor, "/login"), "email": user.email, "password": passphrase}
            answered = visitor.post("/login", data=fields)
            assert answered.status_code != 302 and "Location" not in answered.headers
            assert visitor.get("/account").status_code == 302
    finally:
        database.close()
