"""The server's own jobs: they run when due, a failure ends nothing, and files taken away under the server stop it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from models.base import utc_now
from models.database import Database
from models.people import KeptPost
from models.responses import NationalResponse
from services.jobs import JOBS, ORPHAN_AFTER, DatabaseFilesReplaced, Job, JobThread, check_database_files, turn
from settings import Settings
from tests.builders import make_world

SOON = 0.01


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def run(database: Database, *jobs: Job, halt: Callable[[], None] = lambda: None) -> JobThread:
    thread = JobThread(database, Settings(), halt, jobs=jobs, every=SOON)
    thread.start()
    return thread


def job(name: str) -> Job:
    return next(job for job in JOBS if job.name == name)


def test_the_jobs_of_an_installation_are_listed_once() -> None:
    names = ["database files", "mails", "kept posts", "left-over files", "old exports", "comment digests"]
    assert [job.name for job in JOBS] == names
    assert [job.name for job in JOBS if job.vital] == ["database files"]


def test_a_job_runs_again_and_again_until_the_thread_is_stopped(database: Database) -> None:
    done: list[int] = []
    thread = run(database, Job("count", 0, lambda _database, _settings: done.append(1)))
    wait_for(lambda: len(done) > 3)
    thread.stop()
    count = len(done)
    time.sleep(0.1)
    assert len(done) == count


def test_a_failing_job_ends_neither_the_thread_nor_the_others_and_is_logged_once(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []

    def fails(_database: Database, _settings: Settings) -> None:
        if len(done) < 3:
            raise OSError("the mail server is away")

    with caplog.at_level(logging.WARNING, "tracker.jobs"):
        thread = run(
            sqlite_database, Job("mails", 0, fails), Job("count", 0, lambda _database, _settings: done.append(1))
        )
        wait_for(lambda: len(done) > 6)
        thread.stop()
    said = [record.getMessage() for record in caplog.records]
    assert [text for text in said if "failed" in text] == ["The job mails failed; it is tried again every 0 s."]
    assert "The job mails works again." in said


def test_a_failing_vital_job_stops_the_server(sqlite_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    halted = threading.Event()

    def fails(_database: Database, _settings: Settings) -> None:
        raise DatabaseFilesReplaced("gone")

    with caplog.at_level(logging.CRITICAL, "tracker.jobs"):
        thread = run(sqlite_database, Job("database files", 0, fails, vital=True), halt=halted.set)
        assert halted.wait(20)
        thread.stop()
    assert "Stopping: gone" in caplog.text


def test_one_process_at_a_time_does_the_jobs(database: Database) -> None:
    with turn(database) as mine, turn(database) as other:
        assert mine
        assert other is database.is_sqlite
    with turn(database) as mine, turn(database, wait=database.is_sqlite):
        assert mine


def test_kept_posts_are_purged_after_a_day(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        for age in (1, 25):
            session.add(KeptPost(
                user_id=world.focal_point, response_id=world.response_id, question_id="op1", ciphertext="x",
                created_at=utc_now() - timedelta(hours=age),
            ))  # fmt: skip
    job("kept posts").run(database, Settings())
    with database.reading() as session:
        assert [utc_now() - post.created_at < timedelta(hours=2) for post in session.exec(select(KeptPost))] == [True]
        assert session.exec(select(NationalResponse)).first() is not None


def test_a_file_that_no_row_names_is_taken_away_after_a_day_only(sqlite_database: Database, tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    settings.evidence_folder.mkdir()
    old, fresh = settings.evidence_folder / "old-orphan", settings.evidence_folder / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - ORPHAN_AFTER - 60,) * 2)
    job("left-over files").run(sqlite_database, settings)
    assert (old.exists(), fresh.exists()) == (False, True)


@pytest.mark.parametrize("name", ["tracker.db", "tracker.db-wal"])
def test_a_database_file_deleted_under_the_server_is_noticed(
    sqlite_database: Database, tmp_path: Path, name: str
) -> None:
    with sqlite_database.transaction() as session:
        make_world(session)
    check_database_files(sqlite_database, Settings())
    if not Path("/proc/self/fd").is_dir():
        return  # open files can be listed on Linux only
    (tmp_path / name).unlink()
    with pytest.raises(DatabaseFilesReplaced, match=f"{name} was deleted or replaced"):
        check_database_files(sqlite_database, Settings())


def test_on_postgresql_there_are_no_files_to_look_at(database: Database) -> None:
    check_database_files(database, Settings())
