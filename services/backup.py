"""Backups: a complete, consistent copy of a living installation in one file; and the way back, checked before it is used.

Copying the file of a living SQLite database is not a backup: it misses what still stands in the write-ahead log, and passes
every check all the same. Opening it with anything but SQLite inside the server can even lose later saves.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from services.receipts import public_key
from settings import Secrets, Settings

FORMAT = "implementation-tracker/backup/1"
DATABASE, MANIFEST, EVIDENCE = "database.sqlite", "manifest.json", "evidence"
_MEMBER = re.compile(rf"{re.escape(MANIFEST)}|{re.escape(DATABASE)}|{EVIDENCE}/[A-Za-z0-9_-]{{1,64}}")


class BackupError(Exception):
    """A backup cannot be made or used; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup unpacked in a folder of its own, every file compared with the manifest."""

    folder: Path
    manifest: dict[str, Any]
    problems: list[str]

    @property
    def database(self) -> Path:
        """The copy of the database."""
        return self.folder / DATABASE

    @property
    def evidence(self) -> Path:
        """The folder of the evidence files; it may be absent."""
        return self.folder / EVIDENCE


def database_file(settings: Settings) -> Path:
    """The file of the embedded database."""
    return Path(settings.url.removeprefix("sqlite:///"))


def stamp() -> str:
    """The present moment for a file name: `20260630T140200Z`."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def copy_database(source: Path, target: Path) -> None:
    """A complete copy of a SQLite database that may be in use, as one file. Raises BackupError if it is not sound.

    The source is opened for reading only and copied in one step, so the copy is the state at one moment.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as living,
            closing(sqlite3.connect(target)) as copy,
        ):
            living.backup(copy)
            # The copy is one file without a log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            problems = check_database(copy)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise BackupError(f"{source} cannot be copied: {error}.") from None
    target.chmod(0o600)
    _sync(target)
    if problems:
        raise BackupError(f"{source} is damaged: {problems[0]}. Remedy: flask restore of the last good backup.")


def check_database(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with a database: its structure, and rows that refer to none."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    problems = [] if found == ["ok"] else found
    broken = [str(row[0]) for row in connection.execute("PRAGMA foreign_key_check")]
    return problems + [f"a row of {table} refers to a row that is not there" for table in dict.fromkeys(broken)]


def write_backup(settings: Settings, secrets: Secrets, target: Path) -> dict[str, Any]:
    """Write database, evidence and manifest to `target` (a .tar.gz), read it back, and give the manifest.

    The secrets are not in it: whoever finds a backup must not be able to sign in or to sign receipts. Raises BackupError.
    """
    if target.exists():
        raise BackupError(f"{target} exists already. Remedy: give another name.")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as scratch_name:
        scratch = Path(scratch_name)
        copy_database(database_file(settings), scratch / DATABASE)
        manifest, evidence = _describe(scratch / DATABASE, settings, secrets)
        archive = scratch / "archive"
        with tarfile.open(archive, "w:gz", compresslevel=3) as tar:
            files = [_add(tar, scratch / DATABASE, DATABASE)]
            for path in evidence:
                files.append(_add(tar, path, f"{EVIDENCE}/{path.name}"))
            manifest["files"] = files
            text = scratch / MANIFEST
            text.write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
            tar.add(text, MANIFEST, filter=_nobody)
        archive.chmod(0o600)
        _sync(archive)
        with open_backup(archive, scratch) as opened:
            if opened.problems:
                raise BackupError(f"The backup just written is not sound: {opened.problems[0]}")
        archive.rename(target)
    _sync(target.parent)
    return manifest


@contextmanager
def open_backup(archive: Path, scratch: Path) -> Iterator[Opened]:
    """Unpack a backup under `scratch`, comparing every file with the manifest. Raises BackupError for a file that is none."""
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=scratch) as name:
        folder = Path(name)
        try:
            with tarfile.open(archive, "r:*") as tar:
                found = _unpack(tar, folder)
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            listed = {entry["name"]: entry for entry in manifest["files"]}
            if manifest["format"] != FORMAT:
                raise BackupError(f"{archive} has the format {manifest['format']!r}; this version reads {FORMAT!r}.")
        except (OSError, EOFError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
            said = str(error).partition("\n")[0].rstrip(":")
            raise BackupError(f"{archive} is not a complete backup of this application: {said}.") from None
        found.pop(MANIFEST)
        problems = [f"{name} is missing" for name in sorted(listed.keys() - found.keys())]
        problems += [f"{name} is not in the manifest" for name in sorted(found.keys() - listed.keys())]
        problems += [
            f"{name} was altered" for name in sorted(listed.keys() & found.keys()) if listed[name] != found[name]
        ]
        if DATABASE in found:
            problems += _database_problems(folder / DATABASE)
        yield Opened(folder, manifest, problems)


def put_back(opened: Opened, settings: Settings) -> Path:
    """Put a checked backup in the place of what is there, and give the folder that keeps the replaced files.

    The caller holds the writer lock and no connection is open. The database changes in one rename: a crash leaves the old
    or the new one. Evidence files are only ever added: their names are random and their content never changes.
    """
    living, kept = database_file(settings), settings.instance / f"replaced-{stamp()}"
    kept.mkdir(mode=0o700)
    if living.exists():
        # Its log goes into the file first, so that the file is whole without it.
        with closing(sqlite3.connect(living)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] != "delete":
                raise BackupError("The database is in use. Remedy: stop every process that reads it.")
        (kept / living.name).hardlink_to(living)
    settings.evidence_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in opened.evidence.iterdir() if opened.evidence.exists() else ():
        if not (settings.evidence_folder / path.name).exists():
            path.rename(settings.evidence_folder / path.name)
    _sync(settings.evidence_folder)
    opened.database.rename(living)
    _sync(living.parent)
    return kept


def _describe(copy: Path, settings: Settings, secrets: Secrets) -> tuple[dict[str, Any], list[Path]]:
    """The manifest without its files, and the evidence files that rows of the copy name."""
    with closing(sqlite3.connect(copy)) as connection:

        def one(statement: str) -> Any:
            return (connection.execute(statement).fetchone() or [None])[0]

        facts = dict(connection.execute("SELECT name, value FROM installation").fetchall())
        rows = connection.execute("SELECT id, removed_at FROM evidence_file ORDER BY id").fetchall()
        manifest = {
            "format": FORMAT, "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "revision": one("SELECT version_num FROM alembic_version"), "epoch": facts.get("epoch", ""),
            "rehearsal": facts.get("rehearsal", ""), "receipt_key": b64encode(public_key(secrets.receipt_key)).decode(),
            "responses": one("SELECT count(*) FROM national_response"), "revisions": one("SELECT count(*) FROM revision"),
            "submissions": one("SELECT count(*) FROM submission"),
        }  # fmt: skip
    there = {row_id: (settings.evidence_folder / row_id).exists() for row_id, _ in rows}
    manifest["missing_evidence"] = [row_id for row_id, removed in rows if not removed and not there[row_id]]
    return manifest, [settings.evidence_folder / row_id for row_id, _ in rows if there[row_id]]


def _add(tar: tarfile.TarFile, path: Path, name: str) -> dict[str, Any]:
    """Add a file and give its line of the manifest."""
    tar.add(path, name, filter=_nobody)
    return _line(path, name)


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Names and numbers of this machine's users are nobody's business."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _unpack(tar: tarfile.TarFile, folder: Path) -> dict[str, dict[str, Any]]:
    """Write out the members that a backup has, with plain names of our own only; their manifest lines as found."""
    found: dict[str, dict[str, Any]] = {}
    for member in tar:
        if not member.isreg() or not _MEMBER.fullmatch(member.name) or member.name in found:
            raise BackupError(f"The backup holds {member.name!r}, which none of ours does.")
        path = folder / member.name
        path.parent.mkdir(exist_ok=True, mode=0o700)
        with cast(BinaryIO, tar.extractfile(member)) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        path.chmod(0o600)
        found[member.name] = _line(path, member.name)
    return found


def _database_problems(path: Path) -> list[str]:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return check_database(connection)
    except sqlite3.Error as error:
        return [f"{path.name}: {error}"]


def _line(path: Path, name: str) -> dict[str, Any]:
    """The line of the manifest for a file."""
    with path.open("rb") as file:
        return {"name": name, "sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": file.tell()}


def _sync(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
