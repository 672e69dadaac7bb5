"""`flask doctor`: looks at everything an installation stands on, and says what is wrong with its remedy."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import click
from babel.messages.pofile import read_po

from cli.common import command_settings
from languages import CATALOGUES, LANGUAGES
from models import schema
from models.database import AlreadyRunning, Database, DatabaseError, SingleWriter, WrongPragma
from services import installation
from services.backup import database_file
from services.control import CommandRefused, NoServer, ask_server
from settings import Settings

LIBRARIES = ("flask", "sqlmodel", "sqlalchemy", "wtforms", "flask-security-too", "alembic", "openpyxl", "gunicorn")
NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ncpfs",
    "9p",
    "ceph",
    "glusterfs",
    "lustre",
    "fuse.sshfs",
}
LITTLE_SPACE = 1_000_000_000
"""Bytes below which the disk gets a warning; a tenth of it is a problem: saves then begin to fail."""


class Check(NamedTuple):
    """One line of the result; `level` is ok, note or problem."""

    level: str
    text: str


@click.command()
def doctor() -> None:
    """Check versions, settings, file system, disk, permissions, database, lock and translations; exit 1 on a problem."""
    settings = command_settings()
    checks = [*_versions(), *_folder(settings), *_database(settings), *_process(settings), *_texts()]
    for check in checks:
        click.echo(f"{check.level:<8} {check.text}")
    problems = sum(check.level == "problem" for check in checks)
    if problems:
        raise click.exceptions.Exit(1)


def _versions() -> Iterator[Check]:
    yield Check(
        "ok", f"Python {platform.python_version()}; " + ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    )
    found = sqlite3.sqlite_version_info
    repaired = found >= (3, 51, 3) or (3, 50, 7) <= found < (3, 51) or (3, 44, 6) <= found < (3, 45)
    text = f"SQLite {sqlite3.sqlite_version}"
    if not repaired:
        text += " has the WAL-reset fault of 3.7.0 to 3.51.2; it needs two writing processes, and the writer lock allows one"
    yield Check("ok", text)


def _folder(settings: Settings) -> Iterator[Check]:
    folder = settings.instance.resolve()
    mode = folder.stat().st_mode & 0o777
    yield (
        Check("problem", f"{folder} is open to others (mode {mode:o}). Remedy: chmod 700 {folder}")
        if mode & 0o077
        else Check("ok", f"{folder} is open to its owner only")
    )
    yield Check("ok", f"{settings.secrets_file} is readable by its owner only")
    kind = file_system(folder)
    yield (
        Check(
            "problem",
            f"{folder} is on a network file system ({kind}): locks and syncs do not hold. Remedy: TRACKER_INSTANCE on a disk",
        )
        if kind in NETWORK_FILE_SYSTEMS
        else Check("ok", f"file system: {kind}")
    )
    free = shutil.disk_usage(folder).free
    level = "ok" if free > LITTLE_SPACE else "note" if free > LITTLE_SPACE / 10 else "problem"
    yield Check(level, f"free disk space: {free / 1e9:.1f} GB" + ("" if level == "ok" else ". Remedy: make room"))


def file_system(folder: Path) -> str:
    """The type of the file system a folder is on, from /proc/mounts; `unknown` where there is none."""
    best, kind = "", "unknown"
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return kind
    for line in lines:
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if (folder == Path(point) or Path(point) in folder.parents) and len(point) >= len(best):
            best, kind = point, found
    return kind


def _database(settings: Settings) -> Iterator[Check]:
    if settings.is_sqlite and not database_file(settings).exists():
        yield Check("problem", "there is no database yet. Remedy: make run, which makes it")
        return
    database = Database(settings.url, threads=1, read_only=True)
    try:
        revision, newest = schema.current_revision(database), schema.newest_revision()
        if revision != newest:
            yield Check(
                "problem", f"schema revision {revision or 'none'}, this version needs {newest}. Remedy: make run"
            )
            return
        yield Check("ok", f"schema revision {revision}, the newest")
        pragmas = database.check_pragmas()
        if pragmas:
            yield Check("ok", "pragmas read back: " + ", ".join(f"{name}={value}" for name, value in pragmas.items()))
        with database.reading() as session:
            if installation.is_current(session, settings):
                yield Check("ok", "the published questionnaire and the States are those of the files")
            else:
                yield Check(
                    "note", "the files of the questionnaire or the States changed; the next start takes them over"
                )
    except WrongPragma as error:
        yield Check("problem", str(error))
    except installation.WrongInstallation as error:
        yield Check("problem", str(error))
    except DatabaseError as error:
        yield Check("problem", f"the database cannot be used: {str(error).splitlines()[0]}")
    finally:
        database.close()


def _process(settings: Settings) -> Iterator[Check]:
    if not settings.is_sqlite:
        yield Check("ok", f"PostgreSQL with {settings.processes} processes")
        return
    writer = SingleWriter(settings.instance)
    try:
        writer.take()
    except AlreadyRunning:
        holder = writer.path.read_text(encoding="ascii").strip()
        try:
            answer = ask_server(settings.instance, "ping")
        except (NoServer, CommandRefused) as error:
            yield Check("note", f"process {holder} holds the writer lock and does not answer ({error})")
        else:
            yield Check(
                "ok", f"the server runs (process {answer['pid']}) and holds the writer lock; its pragmas are right"
            )
    else:
        writer.release()
        yield Check("ok", "no process holds the writer lock: the server is stopped")


def _texts() -> Iterator[Check]:
    for language in LANGUAGES:
        path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
        if language == "en":
            continue
        if not path.exists():
            yield Check("note", f"{language}: no interface catalogue; pages are in English")
            continue
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        messages = [message for message in catalogue if message.id]
        missing = sum(not message.string or message.fuzzy for message in messages)
        level = "note" if missing else "ok"
        yield Check(level, f"{language}: {len(messages) - missing} of {len(messages)} interface texts")
