"""The queue of workbooks, on both databases: no job is made twice, none is lost, none is tried for ever."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from exports.settings import ExportSettings
from models.audit import AuditEvent
from models.base import clock_behind
from models.database import Database
from models.export_jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, ExportJob
from services.export_jobs import (
    LEASE,
    MOST_ATTEMPTS,
    PER_PAGE,
    Made,
    ask_export,
    cancel_job,
    claim_job,
    fail_job,
    find_job,
    finish_job,
    give_back,
    is_due,
    keep_claim,
    list_jobs,
    remove_old_files,
    take_over,
)
from services.permissions import Actor, NotFound, PermissionDenied
from settings import Settings
from tests.builders import actor_for, make_cycle, make_user

LONG_AGO = LEASE + timedelta(seconds=1)
MADE = Made("job-claim.xlsx", "workbook.xlsx", 7, "f" * 64, "a" * 64, "0123456789ab")


def parameters(**given: Any) -> dict[str, Any]:
    return {**ExportSettings().as_json(), **given}


@pytest.fixture
def world(database: Database) -> tuple[str, Actor]:
    """The id of a cycle, and an officer."""
    with database.transaction() as session:
        officer = make_user(session, "officer@secretariat.example", officer=True)
        return make_cycle(session).id, actor_for(officer, officer=True)


def ask(database: Database, world: tuple[str, Actor], **given: Any) -> str:
    with database.transaction() as session:
        return ask_export(session, world[1], world[0], parameters(**given)).id


def claim(database: Database, ago: timedelta = timedelta()) -> ExportJob:
    with database.transaction() as session, clock_behind(ago):
        job = claim_job(session)
    assert job is not None
    return job


def stored(database: Database, job_id: str) -> ExportJob:
    with database.reading() as session:
        return session.get_one(ExportJob, job_id)


def events(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.exec(select(AuditEvent.event)))


def test_a_job_is_asked_for_claimed_made_and_on_record(database: Database, world: tuple[str, Actor]) -> None:
    job_id = ask(database, world, recipient="Desk")
    job = claim(database)
    assert (job.id, job.status, job.attempts, job.parameters["recipient"]) == (job_id, RUNNING, 1, "Desk")
    with database.transaction() as session:
        assert keep_claim(session, job, 3, 9)
    assert (stored(database, job_id).states_done, stored(database, job_id).states_total) == (3, 9)
    with database.transaction() as session:
        assert finish_job(session, job, MADE)
    done = stored(database, job_id)
    assert (done.status, done.file_id, done.file_name, done.size) == (DONE, MADE.file_id, MADE.file_name, 7)
    with database.reading() as session:
        assert not is_due(session)
        made = session.exec(select(AuditEvent).where(AuditEvent.event == "export.made")).one()
    assert made.actor_id == world[1].user_id
    assert made.detail["facts_sha256"] == MADE.facts_sha256
    assert events(database) == ["export.asked", "export.made"]


def test_the_same_asked_twice_is_one_job_until_it_is_made(database: Database, world: tuple[str, Actor]) -> None:
    first = ask(database, world)
    assert ask(database, world) == first
    assert ask(database, world, language="ar") != first
    job = claim(database)
    assert ask(database, world) == first
    with database.transaction() as session:
        finish_job(session, job, MADE)
    assert ask(database, world) != first


def test_jobs_are_taken_in_the_order_in_which_they_were_asked_for(database: Database, world: tuple[str, Actor]) -> None:
    asked = [ask(database, world, language=language) for language in ("ar", "zh", "en")]
    assert [claim(database).id for _ in asked] == asked
    with database.transaction() as session:
        assert claim_job(session) is None


def test_many_makers_at_once_never_get_the_same_job(database: Database, world: tuple[str, Actor]) -> None:
    asked = {ask(database, world, recipient=str(number)) for number in range(20)}
    taken: list[str] = []
    makers = [Database(database.url, threads=1) for _ in range(4)]

    def take(maker: Database) -> None:
        while True:
            with maker.transaction() as session:
                job = claim_job(session)
            if job is None:
                return
            taken.append(job.id)

    threads = [threading.Thread(target=take, args=(maker,)) for maker in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for maker in makers:
        maker.close()
    assert sorted(taken) == sorted(asked)


def test_a_maker_that_died_loses_the_job_to_the_next_and_changes_nothing_when_it_comes_back(
    database: Database, world: tuple[str, Actor]
) -> None:
    job_id = ask(database, world)
    late = claim(database, LONG_AGO)
    second = claim(database)
    assert (second.id, second.attempts) == (job_id, 2)
    with database.transaction() as session:
        assert not keep_claim(session, late, 1, 1)
        assert not finish_job(session, late, MADE)
        assert not fail_job(session, late, "broken_seal")
        assert not give_back(session, late, is_failure=True)
        assert keep_claim(session, second, 1, 2)
    assert stored(database, job_id).status == RUNNING
    with database.transaction() as session:
        assert claim_job(session) is None, "its maker is alive"


def test_a_job_that_stops_its_makers_again_and_again_is_given_up(database: Database, world: tuple[str, Actor]) -> None:
    job_id = ask(database, world)
    for leases in range(MOST_ATTEMPTS, 0, -1):
        claim(database, LONG_AGO * leases)
    other = ask(database, world, language="fr")
    assert claim(database).id == other
    given_up = stored(database, job_id)
    assert (given_up.status, given_up.error, given_up.attempts) == (FAILED, "interrupted", MOST_ATTEMPTS)
    third = ask(database, world)
    for _ in range(MOST_ATTEMPTS):
        with database.transaction() as session:
            job = claim_job(session)
            assert job is not None
            give_back(session, job, is_failure=True)
    assert (stored(database, third).status, stored(database, third).error) == (FAILED, "interrupted")


def test_a_stop_of_the_server_counts_as_no_failure(database: Database, world: tuple[str, Actor]) -> None:
    job_id = ask(database, world)
    for _ in range(MOST_ATTEMPTS + 2):
        with database.transaction() as session:
            job = claim_job(session)
            assert job is not None
            assert give_back(session, job, is_failure=False)
    assert (stored(database, job_id).status, stored(database, job_id).attempts) == (QUEUED, 0)


def test_what_was_left_is_taken_over_at_once_where_nobody_else_can_be_making_it(
    database: Database, world: tuple[str, Actor]
) -> None:
    job_id = ask(database, world)
    claim(database)
    with database.transaction() as session:
        take_over(session)
    assert claim(database).id == job_id


def test_a_job_is_cancelled_while_it_waits_and_while_it_is_made_but_not_after(
    database: Database, world: tuple[str, Actor]
) -> None:
    with database.transaction() as session:
        other = actor_for(make_user(session, "second@secretariat.example", officer=True), officer=True)
    waiting = ask(database, world)
    with database.transaction() as session:
        assert cancel_job(session, other, waiting)
    assert (stored(database, waiting).status, stored(database, waiting).cancelled_by) == (CANCELLED, other.user_id)
    running = ask(database, world)
    job = claim(database)
    assert job.id == running
    with database.transaction() as session:
        assert cancel_job(session, world[1], running)
        assert not keep_claim(session, job, 1, 1)
        assert not finish_job(session, job, MADE)
        assert not give_back(session, job, is_failure=False)
        assert not cancel_job(session, world[1], running)
    assert (stored(database, running).status, stored(database, running).file_id) == (CANCELLED, "")
    with database.transaction() as session:
        assert claim_job(session) is None
    assert events(database) == ["export.asked", "export.asked", "export.cancelled", "export.cancelled"]


def test_whoever_may_not_export_sees_and_does_nothing(database: Database, world: tuple[str, Actor]) -> None:
    job_id = ask(database, world)
    with database.transaction() as session:
        stranger = actor_for(make_user(session))
    with database.transaction() as session:
        for act in (
            lambda: ask_export(session, stranger, world[0], parameters()),
            lambda: find_job(session, stranger, job_id),
            lambda: cancel_job(session, stranger, job_id),
            lambda: list_jobs(session, stranger, world[0]),
        ):
            with pytest.raises(PermissionDenied):
                act()
        with pytest.raises(NotFound):
            find_job(session, world[1], "unknown")
        with pytest.raises(NotFound):
            ask_export(session, world[1], "unknown", parameters())


def test_recent_jobs_are_listed_newest_first_with_the_names_of_the_persons(
    database: Database, world: tuple[str, Actor]
) -> None:
    asked = [ask(database, world, recipient=str(number)) for number in range(PER_PAGE + 1)]
    with database.reading() as session:
        first, second = (list_jobs(session, world[1], world[0], page) for page in (1, 2))
    assert [job.id for job in (*first.jobs, *second.jobs)] == asked[::-1]
    assert (first.pages, second.page, len(second.jobs)) == (2, 2, 1)
    assert first.names == {world[1].user_id: "Officer"}


def test_files_go_when_their_time_is_over_and_their_rows_stay(
    database: Database, world: tuple[str, Actor], tmp_path: Path
) -> None:
    settings = Settings(instance=tmp_path, export_days=30)
    settings.exports_folder.mkdir()
    rows = {}
    for name, ago in (("old", 31), ("kept", 29)):
        rows[name] = ask(database, world, recipient=name)
        job = claim(database)
        with database.transaction() as session, clock_behind(timedelta(days=ago)):
            finish_job(session, job, Made(f"{name}.xlsx", "workbook.xlsx", 1, "f" * 64, "a" * 64, "0123456789ab"))
    for name, ago in (("old.xlsx", 31), ("kept.xlsx", 29), (".job-claim.part", 2), (".other-claim.part", 0)):
        (settings.exports_folder / name).write_bytes(b"x")
        os.utime(settings.exports_folder / name, (time.time() - ago * 86_400,) * 2)
    remove_old_files(database, settings)
    assert {path.name for path in settings.exports_folder.iterdir()} == {"kept.xlsx", ".other-claim.part"}
    assert stored(database, rows["old"]).removed_at is not None
    assert (stored(database, rows["old"]).status, stored(database, rows["kept"]).removed_at) == (DONE, None)
