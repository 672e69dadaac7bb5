"""What the commands share: settings, the one way to write beside a running server, and errors as one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from models import schema
from models.database import AlreadyRunning, Database, DatabaseError, SingleWriter
from services.backup import database_file
from services.control import CommandRefused, NoServer, ask_server, run_command
from settings import Settings, SettingsError, load_secrets

QUESTIONNAIRE = click.Path(exists=True, path_type=Path)
"""A questionnaire on the command line: its folder, or the instrument.yaml in it."""


class Refused(click.ClickException):
    """A command that cannot be done: one line on stderr, exit code 1."""


class ServerRuns(click.ClickException):
    """A command that needs the server to be stopped: exit code 3."""

    exit_code = 3


def command_settings() -> Settings:
    """The settings of the environment, with the secrets made and readable. An error is one line, exit code 1."""
    try:
        settings = Settings.from_environment()
        load_secrets(settings)
    except SettingsError as error:
        raise Refused(str(error)) from None
    return settings


@contextmanager
def open_database(settings: Settings, *, read_only: bool = True) -> Iterator[Database]:
    """The database of the settings at the schema of this version. Anything else is one line, exit code 1."""
    if settings.is_sqlite and not database_file(settings).exists():
        raise Refused(f"There is no database in {settings.instance} yet. Remedy: make run, which makes it.")
    database = Database(settings.url, threads=1, read_only=read_only)
    try:
        revision, newest = schema.current_revision(database), schema.newest_revision()
        if revision != newest:
            raise Refused(
                f"The database stands at revision {revision or 'none'}, this version needs {newest}. "
                "Remedy: make run, which migrates it."
            )
        yield database
    except DatabaseError as error:
        raise Refused(f"The database cannot be used: {str(error).splitlines()[0]}") from None
    finally:
        database.close()


@contextmanager
def writer_lock(settings: Settings) -> Iterator[None]:
    """Be the one process that writes to the embedded database. Raises ServerRuns when another is."""
    if not settings.is_sqlite:
        yield
        return
    writer = SingleWriter(settings.instance)
    try:
        writer.take()
    except AlreadyRunning:
        raise ServerRuns("Another process writes to this database. Stop the server first.") from None
    try:
        yield
    finally:
        writer.release()


def write(settings: Settings, command: str, /, **given: str) -> Any:
    """Do a writing command: through the running server, or here when none runs. Errors are one line."""
    try:
        try:
            with writer_lock(settings), open_database(settings, read_only=False) as database:
                return run_command(database, settings, command, **given)
        except ServerRuns:
            return ask_server(settings.instance, command, **given)
    except CommandRefused as refusal:
        raise Refused(str(refusal)) from None
    except NoServer:
        raise ServerRuns(
            "Another process writes to this database and does not answer. Stop the server first."
        ) from None
