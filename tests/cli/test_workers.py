"""`flask worker`: makes workbooks beside the servers of a PostgreSQL database, and goes away without losing any."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from exports.settings import ExportSettings
from models.database import Database
from models.export_jobs import DONE, ExportJob
from services.export_jobs import ask_export
from tests.builders import actor_for, make_user
from tests.cli.process import PATIENCE, Process
from tests.conftest import fresh_url
from tests.exports.builders import make_small_world


def test_it_makes_what_is_asked_for_until_it_is_stopped(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    urls = fresh_url(request, tmp_path, "postgresql")
    url = next(urls)
    database = Database(url, threads=2)
    with database.transaction() as session:
        cycle_id = make_small_world(session, 1).id
        officer = actor_for(make_user(session, officer=True), officer=True)
        job_id = ask_export(session, officer, cycle_id, ExportSettings().as_json()).id
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    worker = Process("-m", "flask", "worker", TRACKER_INSTANCE=str(tmp_path / "instance"), DATABASE_URL=plain)
    try:
        until = time.monotonic() + 2 * PATIENCE
        while True:
            with database.reading() as session:
                job = session.get_one(ExportJob, job_id)
            if job.status == DONE:
                break
            assert worker.process.poll() is None, worker.said
            assert time.monotonic() < until, worker.said
            time.sleep(0.1)
    finally:
        code = worker.stop()
    assert (code, worker.said) == (0, "Waiting for workbooks to make.\n")
    path = tmp_path / "instance" / "exports" / job.file_id
    assert path.stat().st_size == job.size
    assert path.parent.stat().st_mode & 0o077 == 0
    database.close()
    next(urls, None)


def test_on_sqlite_it_is_not_needed(tmp_path: Path) -> None:
    worker = Process("-m", "flask", "worker", TRACKER_INSTANCE=str(tmp_path))
    assert worker.ended() == 1
    assert worker.said.startswith("Error: On SQLite the server makes the workbooks itself.")
