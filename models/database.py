"""The one door to the database: engine, pragmas, `transaction()` for writing and `reading()` for reading."""

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

SQLITE_PRAGMAS: dict[str, str] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "secure_delete": "ON",
    "trusted_schema": "OFF",
    "busy_timeout": "30000",
    "journal_size_limit": "67108864",
    "wal_autocheckpoint": "1000",
    "mmap_size": "0",
}
"""Set on every connection: durable commits (FULL), real foreign keys, erased bytes overwritten, no memory mapping."""

_EXPECTED: dict[str, str | int] = {
    "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0, "busy_timeout": 30000
}  # fmt: skip


DatabaseError = SQLAlchemyError
"""What the database or its driver could not do, for those who report it to a person."""


class WriteInReading(RuntimeError):
    """A block opened with `reading()` changed an object; nothing was stored."""


class WrongPragma(RuntimeError):
    """A pragma read back from a connection differs from what the application needs."""


class Database:
    """One database, of one of two kinds. On SQLite a lock per process lets one writer in at a time, first come first served.

    Why the two beginnings: a deferred transaction that reads and then writes fails at once with "database is locked" when
    another writer came between, and no timeout helps; BEGIN IMMEDIATE waits instead.
    """

    def __init__(self, url: str, *, threads: int = 16, read_only: bool = False) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.read_only = read_only
        self.write_lock = threading.Lock()
        self.engine = self._sqlite_engine(threads) if self.is_sqlite else self._postgresql_engine(threads)
        self._writing = self.engine.execution_options(tracker_write=True)

    def _sqlite_engine(self, threads: int) -> Engine:
        path = self.url.removeprefix("sqlite:///")
        target = f"{Path(path).as_uri()}?mode=ro" if self.read_only else Path(path).as_uri()

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(target, uri=True, timeout=30, check_same_thread=False, isolation_level=None)
            for name, value in SQLITE_PRAGMAS.items():
                if not (self.read_only and name in {"journal_mode", "journal_size_limit"}):
                    connection.execute(f"PRAGMA {name}={value}")
            return connection

        # Two per thread: a request may read the person's account on one and write on the other.
        engine = create_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, pool_size=2 * threads, max_overflow=0, pool_timeout=30
        )

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            write = connection.get_execution_options().get("tracker_write")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

        return engine

    def _postgresql_engine(self, threads: int) -> Engine:
        return create_engine(self.url, pool_size=2 * threads, max_overflow=0, pool_timeout=30, pool_pre_ping=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session for writing: committed when the block ends, rolled back when it raises. Half a change is never stored."""
        with self.exclusively(), Session(self._writing, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading, on one consistent snapshot. Never commits; raises WriteInReading on a changed session."""
        with Session(self._reading_engine(), autoflush=False, expire_on_commit=False) as session:
            yield session
            if session.new or session.dirty or session.deleted:
                raise WriteInReading("a reading block changed an object")

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold this process's write lock (SQLite only; PostgreSQL locks rows)."""
        if not self.is_sqlite:
            yield
            return
        with self.write_lock:
            yield

    def writing_session(self) -> Session:
        """A session for writing whose caller holds `write_lock` and commits. For the account library only."""
        return Session(self._writing, expire_on_commit=False)

    def reading_session(self) -> Session:
        """A session for reading whose caller closes it. For the account library only."""
        return Session(self._reading_engine(), expire_on_commit=False)

    def _reading_engine(self) -> Engine:
        if self.is_sqlite:
            return self.engine
        return self.engine.execution_options(isolation_level="REPEATABLE READ")

    def check_pragmas(self) -> dict[str, Any]:
        """The pragmas as read back from one connection. Raises WrongPragma when one differs from what is needed."""
        if not self.is_sqlite:
            return {}
        found: dict[str, Any] = {}
        with self.engine.connect() as connection:
            for name, expected in _EXPECTED.items():
                found[name] = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                if found[name] != expected:
                    raise WrongPragma(f"PRAGMA {name} is {found[name]!r}; {expected!r} is needed.")
        return found

    def close(self) -> None:
        """Give all connections back; after it the database may be moved or restored."""
        self.engine.dispose()


class AlreadyRunning(RuntimeError):
    """Another process writes to this SQLite database."""


class SingleWriter:
    """The lock that makes one process the only writer of a SQLite database; held until the process ends.

    The kernel releases it when the process dies, so a kill never leaves a stale lock.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "writer.lock"
        self._handle: int | None = None

    def take(self) -> None:
        """Take the lock. Raises AlreadyRunning if another process holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle)
        except OSError:
            os.close(handle)
            raise AlreadyRunning(str(self.path)) from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _lock(handle: int) -> None:
    """Lock an open file for this process, or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
