"""Workbooks made in the background by real processes: whole or not there, whatever is killed, cancelled or full."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from exports.settings import ExportSettings
from exports.worker import ExportWorker, make_now, order_for
from models.base import clock_behind
from models.database import Database
from models.export_jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, ExportJob
from models.submissions import Submission
from services.export_jobs import LEASE, MOST_ATTEMPTS, ask_export, cancel_job, claim_job
from services.permissions import Actor
from settings import ROOT, Settings
from tests.builders import actor_for, make_cycle, make_user
from tests.exports.builders import make_small_world
from tests.exports.readback import cover, read_by_calamine

PATIENCE = 120.0
"""Seconds for what takes three on a quiet computer."""


class Desk:
    """An officer who asks for workbooks, and an installation that makes them."""

    def __init__(self, database: Database, folder: Path, *, states: int = 2) -> None:
        self.database, self.folder = database, folder
        self.settings = Settings(instance=folder)
        with database.transaction() as session:
            self.cycle_id = make_small_world(session, states).id if states else make_cycle(session).id
            user = make_user(session, "officer@secretariat.example", officer=True)
        self.officer: Actor = actor_for(user, officer=True)

    def ask(self, **given: Any) -> str:
        with self.database.transaction() as session:
            return ask_export(session, self.officer, self.cycle_id, ExportSettings(**given).as_json()).id

    def job(self, job_id: str) -> ExportJob:
        with self.database.reading() as session:
            return session.get_one(ExportJob, job_id)

    def maker(self, kind: str = "") -> ExportWorker:
        """A worker; `kind` is a fault of `tests.exports.faulty_maker`."""
        given: dict[str, Any] = {"command": self.command(kind)} if kind else {}
        return ExportWorker(self.database, self.settings, every=0.05, **given)

    def command(self, kind: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "tests.exports.faulty_maker", kind, str(self.folder))

    def files(self) -> list[str]:
        """Every file in the folder of exports, also what is not finished."""
        folder = self.settings.exports_folder
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def whole(self, job_id: str) -> dict[str, Any]:
        """The cover of the one file there is: that of a job that is done."""
        job = self.job(job_id)
        assert job.status == DONE
        assert self.files() == [job.file_id]
        path = self.settings.exports_folder / job.file_id
        assert path.stat().st_size == job.size
        assert path.stat().st_mode & 0o077 == 0
        said = cover(read_by_calamine(path.read_bytes()))
        assert said["facts_sha256"] == job.facts_sha256
        return said


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


@pytest.fixture
def sqlite_desk(sqlite_database: Database, tmp_path: Path) -> Desk:
    return Desk(sqlite_database, tmp_path)


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def running(worker: ExportWorker) -> Iterator[ExportWorker]:
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(PATIENCE)


def test_a_workbook_is_made_by_a_process_of_its_own_and_its_row_says_how_far_it_is(desk: Desk) -> None:
    job_id = desk.ask(language="ar", recipient="Desk")
    worker = desk.maker()
    assert worker.make_next()
    said = desk.whole(job_id)
    assert (said["language"], said["recipient"], said["states_submitted"]) == ("ar", "Desk", 2)
    job = desk.job(job_id)
    assert job.number == said["export_number"]
    assert job.file_name == f"implementation-tracker-2026-06-30-1502-ar-{job.number}.xlsx"
    assert not worker.make_next()


def test_the_thread_makes_what_is_asked_for_later(sqlite_desk: Desk) -> None:
    with running(sqlite_desk.maker()):
        job_id = sqlite_desk.ask()
        wait_for(lambda: sqlite_desk.job(job_id).status == DONE)
    sqlite_desk.whole(job_id)


def test_a_process_killed_in_the_middle_is_started_again_and_no_half_file_is_left(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = desk.ask()
    with caplog.at_level(logging.WARNING, "tracker.exports"), running(desk.maker("stuck")) as worker:
        wait_for(lambda: desk.job(job_id).states_done == 1)
        half = desk.files()
        assert worker.process is not None
        worker.process.send_signal(signal.SIGKILL)
        wait_for(lambda: desk.job(job_id).status == DONE)
    assert [name.endswith(".part") for name in half].count(True) == 1
    desk.whole(job_id)
    assert desk.job(job_id).attempts == 2
    assert "ended in the middle (attempt 1)" in caplog.text


def test_a_job_that_always_stops_in_the_middle_is_given_up(sqlite_desk: Desk) -> None:
    job_id = sqlite_desk.ask()
    worker = sqlite_desk.maker("crash")
    while worker.make_next():
        pass
    job = sqlite_desk.job(job_id)
    assert (job.status, job.error, job.attempts) == (FAILED, "interrupted", MOST_ATTEMPTS)
    assert sqlite_desk.files() == []


def test_a_server_killed_in_the_middle_leaves_no_process_and_its_job_to_the_next(desk: Desk) -> None:
    job_id = desk.ask()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.exports.serving", desk.database.url, str(desk.folder), *desk.command("stuck")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    wait_for((desk.folder / "begun").exists)
    server.send_signal(signal.SIGKILL)
    server.communicate()
    # The maker ends with its server, and takes its half file along.
    wait_for(lambda: desk.files() == [])
    assert desk.job(job_id).status == RUNNING
    with desk.database.transaction() as session:
        assert claim_job(session) is None, "perhaps it is only slow: its lease still runs"
        job = session.get_one(ExportJob, job_id)
        assert job.heartbeat_at is not None
        job.heartbeat_at -= LEASE
        session.add(job)
    assert desk.maker().make_next()
    desk.whole(job_id)
    assert desk.job(job_id).attempts == 2


def test_a_server_that_stops_gives_the_job_back_and_the_next_one_goes_on(sqlite_desk: Desk) -> None:
    first, second = sqlite_desk.ask(), sqlite_desk.ask(language="fr")
    with running(sqlite_desk.maker("stuck")):
        wait_for((sqlite_desk.folder / "begun").exists)
    assert [sqlite_desk.job(one).status for one in (first, second)] == [QUEUED, QUEUED]
    assert (sqlite_desk.job(first).attempts, sqlite_desk.files()) == (0, [])
    with running(sqlite_desk.maker()):
        wait_for(lambda: sqlite_desk.job(second).status == DONE)
    assert sqlite_desk.job(first).status == DONE


def test_on_sqlite_the_next_server_takes_up_at_once_what_a_killed_one_left(sqlite_desk: Desk) -> None:
    job_id = sqlite_desk.ask()
    with sqlite_desk.database.transaction() as session:
        assert claim_job(session) is not None
    with running(sqlite_desk.maker()):
        wait_for(lambda: sqlite_desk.job(job_id).status == DONE)


def test_cancelling_ends_the_process_and_leaves_nothing(sqlite_desk: Desk) -> None:
    job_id, after = sqlite_desk.ask(), sqlite_desk.ask(language="es")
    with running(sqlite_desk.maker("stuck")) as worker:
        wait_for((sqlite_desk.folder / "begun").exists)
        process = worker.process
        assert process is not None
        with sqlite_desk.database.transaction() as session:
            assert cancel_job(session, sqlite_desk.officer, job_id)
        wait_for(lambda: sqlite_desk.job(after).status == DONE)
    assert process.returncode == -signal.SIGKILL
    assert sqlite_desk.job(job_id).status == CANCELLED
    sqlite_desk.whole(after)


def test_a_full_disk_is_told_with_the_space_there_is_and_is_not_tried_again(sqlite_desk: Desk) -> None:
    job_id = sqlite_desk.ask()
    assert sqlite_desk.maker("full").make_next()
    job = sqlite_desk.job(job_id)
    assert (job.status, job.error, job.attempts) == (FAILED, "disk_full", 1)
    assert (
        0 < int(job.error_detail) <= os.statvfs(sqlite_desk.folder).f_blocks * os.statvfs(sqlite_desk.folder).f_frsize
    )
    assert sqlite_desk.files() == []


def test_an_altered_submission_fails_the_job_at_once(sqlite_desk: Desk) -> None:
    with sqlite_desk.database.transaction() as session:
        submission = session.exec(select(Submission)).first()
        assert submission is not None
        submission.document = submission.document.replace("XAA", "XAB", 1)
        session.add(submission)
        number = submission.number
    job_id = sqlite_desk.ask()
    assert sqlite_desk.maker().make_next()
    job = sqlite_desk.job(job_id)
    assert (job.status, job.error, job.attempts) == (FAILED, "broken_seal", 1)
    assert number in job.error_detail
    assert sqlite_desk.files() == []


def test_a_state_or_paragraph_that_is_not_in_the_round_fails_the_job(sqlite_desk: Desk) -> None:
    for given, detail in (({"states": ("ZZZ", "XAA")}, "ZZZ"), ({"questions": ("op99",)}, "op99")):
        job_id = sqlite_desk.ask(**given)
        assert sqlite_desk.maker().make_next()
        assert (sqlite_desk.job(job_id).status, sqlite_desk.job(job_id).error_detail) == (FAILED, detail)


def test_before_the_first_submission_a_workbook_is_made_that_says_so(sqlite_database: Database, tmp_path: Path) -> None:
    desk = Desk(sqlite_database, tmp_path, states=0)
    for preset in ("secretariat", "public"):
        job_id = desk.ask(preset=preset)
        make_now(desk.database, desk.settings, job_id)
        job = desk.job(job_id)
        assert job.status == DONE
        said = cover(read_by_calamine((desk.settings.exports_folder / job.file_id).read_bytes()))
        assert said["states_submitted"] == 0


def test_a_small_one_is_made_at_once_and_like_any_other(sqlite_desk: Desk) -> None:
    job_id = sqlite_desk.ask(preset="state", states=("XAA",))
    make_now(sqlite_desk.database, sqlite_desk.settings, job_id)
    assert sqlite_desk.whole(job_id)["states_submitted"] == 1
    make_now(sqlite_desk.database, sqlite_desk.settings, job_id)
    assert sqlite_desk.job(job_id).attempts == 1


def test_two_servers_share_the_jobs_and_make_none_twice(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    from tests.conftest import fresh_url

    urls = fresh_url(request, tmp_path, "postgresql")
    url = next(urls)
    databases = [Database(url, threads=4) for _ in range(2)]
    desk = Desk(databases[0], tmp_path)
    asked = [desk.ask(language=language) for language in ("ar", "zh", "en", "fr")]
    workers = [ExportWorker(database, desk.settings, every=0.05) for database in databases]
    try:
        with running(workers[0]), running(workers[1]):
            wait_for(lambda: all(desk.job(job_id).status == DONE for job_id in asked))
        jobs = [desk.job(job_id) for job_id in asked]
        assert [job.attempts for job in jobs] == [1, 1, 1, 1]
        assert desk.files() == sorted(job.file_id for job in jobs)
    finally:
        for database in databases:
            database.close()
        next(urls, None)


def test_a_maker_that_comes_back_late_leaves_no_file(sqlite_desk: Desk) -> None:
    job_id = sqlite_desk.ask()
    with sqlite_desk.database.transaction() as session, clock_behind(LEASE + timedelta(seconds=1)):
        late = claim_job(session)
    assert late is not None
    assert sqlite_desk.maker().make_next()
    from exports.maker import make_file
    from exports.worker import settle

    order = order_for(sqlite_desk.database, sqlite_desk.settings, late)
    settle(sqlite_desk.database, late, order, make_file(order, lambda _done, _total: None))
    sqlite_desk.whole(job_id)


def test_trouble_with_the_database_ends_no_thread(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker = sqlite_desk.maker()
    failed = threading.Event()

    def fails() -> bool:
        if not failed.is_set():
            failed.set()
            raise OSError("the database is away")
        return ExportWorker.make_next(worker)

    monkeypatch.setattr(worker, "make_next", fails)
    job_id = sqlite_desk.ask()
    with caplog.at_level(logging.ERROR, "tracker.exports"), running(worker):
        wait_for(lambda: sqlite_desk.job(job_id).status == DONE)
    assert [record.getMessage() for record in caplog.records] == ["A workbook could not be made; it is tried again."]
