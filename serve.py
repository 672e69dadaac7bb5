"""`make run`: makes or opens the installation, prints where it is, and serves it until it is stopped.

Exit codes: 0 stopped, 2 settings, 3 another process writes to the database, 4 the port is taken, 5 the database or the
instrument cannot be used.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from settings import Settings, SettingsError, load_secrets

HOST = "127.0.0.1"
PATIENCE = 10.0
"""Seconds to wait for the last process of a killed server to go away."""


class CannotStart(Exception):
    """The server cannot start; the message says why and what helps."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main() -> int:
    """Serve until stopped; the exit code."""
    # Nothing is garbage while a thousand modules load; looking for it takes a tenth of the start.
    gc.disable()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_environment()
        load_secrets(settings)
        # Held until this process and its worker have ended: the worker inherits it.
        writer = _take_lock(settings)
        _check_port(settings)
        announcement = _announcement(settings, _prepare(settings))
        if hasattr(os, "fork"):
            _serve_forking(settings, announcement)
        else:
            _serve_threads(settings, announcement)
        if writer is not None:
            writer.release()
    except SettingsError as error:
        return _tell(2, error)
    except CannotStart as error:
        return _tell(error.code, error)
    except KeyboardInterrupt:
        return 130
    return 0


def _tell(code: int, error: Exception) -> int:
    print(error, file=sys.stderr)
    return code


def _take_lock(settings: Settings) -> Any:
    """Become the one process that writes to the embedded database; None on PostgreSQL."""
    if not settings.is_sqlite:
        return None
    from models.database import AlreadyRunning, SingleWriter

    writer, until = SingleWriter(settings.instance), time.monotonic() + PATIENCE
    while True:
        try:
            writer.take()
        except AlreadyRunning:
            holder = writer.path.read_text(encoding="ascii").strip()
            if _is_running(holder) or time.monotonic() > until:
                raise CannotStart(
                    3,
                    f"Another process ({holder or 'unknown'}) writes to this database in {settings.instance}. "
                    "Remedy: stop it first, or give another folder with TRACKER_INSTANCE.",
                ) from None
            # The server was killed: what it started ends within a second or two.
            time.sleep(0.2)
        else:
            return writer


def _is_running(process: str) -> bool:
    """Whether the process of a number runs; one that ended but was not yet waited for does not."""
    try:
        os.kill(int(process), 0)
        state = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
        )
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return state != "Z"


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, settings.port))
        except OSError as error:
            raise CannotStart(
                4,
                f"Port {settings.port} cannot be used: {error.strerror}. Remedy: "
                + (f"--port {settings.port + 1}" if settings.preview else f"TRACKER_PORT={settings.port + 1} make run"),
            ) from None


def _prepare(settings: Settings) -> list[Any]:
    """Bring schema and content up to date, in this process and before any other exists; the first links on the first start."""
    import languages
    from instruments.loader import InstrumentError
    from models import schema
    from models.database import Database, DatabaseError
    from services import installation
    from services.backup import BackupError
    from services.jobs import turn
    from services.publishing import PublishedVersionChanged

    database = Database(settings.url, threads=1)
    try:
        languages.compile_catalogues()
        # What is made from here on is for this user alone: SQLite gives the files beside the database the same mode.
        os.umask(0o077)
        with turn(database, wait=True):
            _migrate(settings, database)
            with database.reading() as session:
                current = installation.is_current(session, settings)
            if settings.preview:
                return []  # filled by the command that started this process
            links: list[Any] = []
            if not current:
                with database.transaction() as session:
                    links = installation.bootstrap(session, settings)
            if settings.rehearsal:
                import rehearsal

                # Thousands of rows pass through here: without the collector they would stay until the server ends.
                gc.enable()
                links = rehearsal.seed(database, settings, progress=_show_progress) or links
            return links
    except (
        schema.UnknownSchema, installation.WrongInstallation, PublishedVersionChanged, InstrumentError, BackupError,
    ) as error:  # fmt: skip
        raise CannotStart(5, str(error)) from None
    except DatabaseError as error:
        raise CannotStart(5, f"The database cannot be used: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise CannotStart(5, f"{error.filename or 'A file'}: {error.strerror}.") from None
    finally:
        database.close()


def _show_progress(done: int, total: int) -> None:
    """One line that counts up while a rehearsal is filled."""
    if done % 10 == 0 or done == total:
        end = "\n" if done == total else ""
        print(f"\rFirst start of a rehearsal: {done} of {total} fictitious States", end=end, flush=True)


def _migrate(settings: Settings, database: Any) -> None:
    from models import schema
    from services import backup

    current, newest = schema.current_revision(database), schema.newest_revision()
    if current == newest:
        return
    if current is not None and settings.is_sqlite and schema.is_known(current):
        kept = settings.instance / "backups" / f"before-{newest}-{backup.stamp()}.sqlite"
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        database.close()
        backup.copy_database(backup.database_file(settings), kept)
        print(f"The database goes from revision {current} to {newest}. A copy of it as it was: {kept}", flush=True)
    schema.upgrade(database)


def _announcement(settings: Settings, links: list[Any]) -> str:
    from services.installation import describe_links

    lines = [f"Implementation Tracker: {settings.address}"]
    if settings.rehearsal:
        lines.append("A rehearsal: States and answers are invented.")
    if links:
        lines += [
            "",
            "First start. One-time links to make an account, valid 10 days (new ones: make links):",
            *describe_links(links),
        ]
    return "\n".join([*lines, ""])


def _start_threads(settings: Settings, app: Any, halt: Callable[[], None]) -> Callable[[], None]:
    """Start the jobs, the exports and the door for commands in the process that serves; what stops them and closes the database."""
    from exports.worker import ExportWorker
    from services.control import ControlServer
    from services.jobs import JobThread

    gc.freeze()
    gc.enable()
    database = app.extensions["tracker"].database
    database.check_pragmas()
    jobs = JobThread(database, settings, halt)
    jobs.start()
    exports = ExportWorker(database, settings)
    exports.start()
    control = ControlServer(database, settings)
    if settings.is_sqlite:
        control.start()

    def stop() -> None:
        control.stop()
        exports.stop()
        jobs.stop()
        database.close()

    return stop


def _serve_forking(settings: Settings, announcement: str) -> None:
    """One parent that watches over the serving process (on PostgreSQL: processes), through gunicorn. Does not return."""
    from gunicorn.app.base import BaseApplication
    from gunicorn.arbiter import Arbiter

    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
    stops: list[Callable[[], None]] = []

    class Parent(Arbiter):  # type: ignore[misc]
        """Without the signals that would let two processes write at a time; SIGHUP stops it, as a closed terminal should."""

        def spawn_worker(self) -> Any:
            # A signal between the fork and the child's own handlers would be lost, and stopping would then take a minute.
            signal.pthread_sigmask(signal.SIG_BLOCK, signals)
            try:
                return super().spawn_worker()
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

        def handle_hup(self) -> None:
            self.handle_term()

        def handle_ttin(self) -> None:
            self.log.warning("The number of processes is a setting: TRACKER_WORKERS.")

        handle_ttou = handle_usr2 = handle_ttin

    class Server(BaseApplication):  # type: ignore[misc]
        """The application, made in the serving process: no database connection crosses a fork."""

        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": f"{HOST}:{settings.port}", "workers": settings.processes, "worker_class": "gthread",
                "threads": settings.threads, "timeout": 120, "graceful_timeout": 60, "loglevel": "warning",
                # Forwarded headers are read in one place, and only when the settings say how many proxies there are.
                "forwarded_allow_ips": "", "control_socket_disable": True,
                "post_fork": own_signals, "post_worker_init": begin, "worker_exit": end,
            }  # fmt: skip
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from app import create_app

            return create_app(settings)

        def run(self) -> None:
            Parent(self).run()

    def own_signals(_server: Any, _worker: Any) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    def begin(worker: Any) -> None:
        parent = os.getppid()
        stops.append(_start_threads(settings, worker.wsgi, lambda: os.kill(parent, signal.SIGTERM)))
        if worker.age == 1 and worker.alive:
            print(announcement, flush=True)

    def end(_server: Any, _worker: Any) -> None:
        for stop in stops:
            stop()

    Server().run()


def _serve_threads(settings: Settings, announcement: str) -> None:
    """One process with threads, through waitress, where processes cannot fork. Returns when it is stopped."""
    from waitress.server import create_server

    from app import create_app

    def halt() -> None:
        signal.raise_signal(signal.SIGINT)

    def terminate(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, terminate)
    app = create_app(settings)
    server = create_server(app, host=HOST, port=settings.port, threads=settings.threads)
    stop = _start_threads(settings, app, halt)
    print(announcement, flush=True)
    try:
        server.run()
    finally:
        stop()


if __name__ == "__main__":
    sys.exit(main())
