"""`flask instrument preview`: a questionnaire as a State would see it, in a throw-away installation of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from cli.common import QUESTIONNAIRE, Refused
from instruments.catalog import SHIPPED, read_document
from instruments.check import folder_of
from instruments.loader import InstrumentError
from languages import LANGUAGES
from models.database import Database
from rehearsal import make_preview
from services.control import NoServer, ask_server
from settings import ROOT, Settings, load_secrets

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 70.0
"""Seconds until a server that was asked to stop is killed: it answers what has begun for 60."""


class _Stopped(Exception):
    """Somebody wants the preview to end."""


@click.command()
@click.argument("file", type=QUESTIONNAIRE, default=SHIPPED)
@click.option("--port", type=click.IntRange(1, 65535), default=8002, show_default=True)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
def preview(file: Path, port: int, language: str) -> None:
    """Serve the questionnaire FILE (its folder, or the instrument.yaml in it) as a State would see it, until Ctrl-C.

    It runs in a temporary folder with a database of its own, which is deleted at the end together with every answer. No
    account, answer or file of this installation is read or written.
    """
    try:
        document = read_document(folder_of(file))
    except InstrumentError as error:
        raise Refused("\n".join(error.problems)) from None
    with _until_stopped(), tempfile.TemporaryDirectory(prefix="tracker-preview-") as folder:
        environment = {
            "TRACKER_INSTANCE": folder, "TRACKER_PORT": str(port), "TRACKER_REHEARSAL": "1", "TRACKER_PREVIEW": "1",
            "TRACKER_SESSION_MINUTES": "720",
        }  # fmt: skip
        settings = Settings.from_environment(environment)
        link = _fill(settings, document, language)
        structure = document["structure"]
        said = (
            f"Preview of {structure['instrument']} version {structure['version']}, as an invented State sees it. "
            f"Open this link once, it signs you in:\n\n  {link}\n\nCtrl-C ends the preview and deletes every answer."
        )
        code = _serve(settings, environment, said)
    if code:
        raise click.exceptions.Exit(code)
    click.echo("The preview has ended and is deleted.")


def _fill(settings: Settings, document: dict[str, Any], language: str) -> str:
    load_secrets(settings)
    database = Database(settings.url, threads=1)
    try:
        return make_preview(database, settings, document, language)
    finally:
        database.close()


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Within the block every way of stopping a process ends it in order; what comes after the first time is not heard."""

    def stop(_number: int, _frame: Any) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    except _Stopped:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve(settings: Settings, environment: dict[str, str], said: str) -> int:
    """Run the server of this program on the folder, and say where it is once it answers. Its exit code, 0 when it was stopped."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("TRACKER_") and name != "DATABASE_URL"
    }
    # In a session of its own: a terminal stops this process alone, which stops the server and then deletes the folder.
    server = subprocess.Popen(  # noqa: S603 - this interpreter and a file of this program
        [sys.executable, str(ROOT / "serve.py")], env={**clean, **environment}, cwd=ROOT, start_new_session=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while server.poll() is None and not _answers(settings.instance):
            time.sleep(0.1)
        if server.poll() is None:
            click.echo(said)
        return server.wait()
    except _Stopped:
        return 0
    finally:
        _end(server)


def _answers(instance: Path) -> bool:
    try:
        ask_server(instance, "ping")
    except NoServer:
        return False
    return True


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
