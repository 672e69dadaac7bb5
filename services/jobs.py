"""What the server does by itself, in one thread: mails that are due, old posts and exports, left-over files, a look at its own files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from models.database import Database
from settings import Settings

LOG = logging.getLogger("tracker.jobs")

EVERY = 10.0
"""Seconds between two looks at what is due."""

ORPHAN_AFTER = 24 * 3600.0
"""Seconds after which an evidence file that no row names is taken away: the save that wrote it has long ended."""

_ADVISORY_LOCK = 7_244_810_352
"""Number under which the processes of one PostgreSQL database agree whose turn it is."""


class DatabaseFilesReplaced(RuntimeError):
    """The database files were deleted or replaced under the running server: what it stores now would be lost."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every `seconds`. The `vital` ones stop the server when they fail; the others are tried again."""

    name: str
    seconds: float
    run: Callable[[Database, Settings], object]
    vital: bool = False


def _deliver_mails(database: Database, settings: Settings) -> None:
    from services.outbox import deliver_due

    deliver_due(database, settings)


def _purge_kept_posts(database: Database, _settings: Settings) -> None:
    from services.kept_posts import purge_kept_posts

    with database.transaction() as session:
        purge_kept_posts(session)


def _remove_orphans(database: Database, settings: Settings) -> None:
    from services.evidence import orphans

    with database.reading() as session:
        found = list(orphans(session, settings.evidence_folder))
    for path in found:
        # A file being written now gets its final name meanwhile.
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ORPHAN_AFTER:
                path.unlink()


def _remove_old_exports(database: Database, settings: Settings) -> None:
    from services.export_jobs import remove_old_files

    remove_old_files(database, settings)


def _send_comment_digests(database: Database, settings: Settings) -> None:
    from services.comment_digests import send_digests

    if settings.mail_host:
        with database.transaction() as session:
            send_digests(session)


def check_database_files(database: Database, _settings: Settings) -> None:
    """Raise DatabaseFilesReplaced if a database file that this process has open is no longer the one in the folder.

    That happens when somebody moves or restores the database under the server, or deletes the `-wal` file. Linux only:
    elsewhere open files cannot be listed.
    """
    folder = Path("/proc/self/fd")
    if not database.is_sqlite or not folder.is_dir():
        return
    path = database.url.removeprefix("sqlite:///")
    for entry in folder.iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith(path) and target.endswith(" (deleted)"):
            raise DatabaseFilesReplaced(f"{target.removesuffix(' (deleted)')} was deleted or replaced under the server")


JOBS: tuple[Job, ...] = (
    Job("database files", 60, check_database_files, vital=True),
    Job("mails", EVERY, _deliver_mails),
    Job("kept posts", 600, _purge_kept_posts),
    Job("left-over files", 3600, _remove_orphans),
    Job("old exports", 3600, _remove_old_exports),
    Job("comment digests", 1800, _send_comment_digests),
)


class JobThread:
    """Runs the jobs until stopped. A failing job is logged once per different failure and tried again; the thread never ends.

    With several processes on PostgreSQL, one of them does the round and the others leave it out.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        halt: Callable[[], None],
        jobs: tuple[Job, ...] = JOBS,
        every: float = EVERY,
    ) -> None:
        self.database, self.settings, self.halt, self.jobs, self.every = database, settings, halt, jobs, every
        self._stop = threading.Event()
        self._due = {job.name: time.monotonic() + min(every, job.seconds) for job in jobs}
        self._failing: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin, after the process has forked."""
        self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Ask the thread to end and wait for the job it is doing, `patience` seconds at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            try:
                with turn(self.database) as mine:
                    if mine:
                        self._round()
            except Exception:
                LOG.exception("The jobs could not begin; they are tried again.")

    def _round(self) -> None:
        for job in self.jobs:
            if self._stop.is_set() or time.monotonic() < self._due[job.name]:
                continue
            self._due[job.name] = time.monotonic() + job.seconds
            try:
                job.run(self.database, self.settings)
                if self._failing.pop(job.name, None):
                    LOG.warning("The job %s works again.", job.name)
            except Exception as error:
                if self._failing.get(job.name) != repr(error):
                    LOG.exception("The job %s failed; it is tried again every %g s.", job.name, job.seconds)
                self._failing[job.name] = repr(error)
                if job.vital:
                    LOG.critical("Stopping: %s", error)
                    self.halt()


@contextmanager
def turn(database: Database, *, wait: bool = False) -> Iterator[bool]:
    """Whether this process may do what one process alone should; True on SQLite, where there is one.

    On PostgreSQL an advisory lock decides, held until the block ends; `wait` waits for it.
    """
    if database.is_sqlite:
        yield True
        return
    with database.engine.connect() as connection:
        if wait:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            yield True
        else:
            yield bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_ADVISORY_LOCK})").scalar())
