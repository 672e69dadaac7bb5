"""The queue of workbooks: asked for, claimed, made, given up, cancelled, and their files forgotten in time.

The row is the only owner of "this workbook is wanted". Whoever makes one claims the row for a minute and renews the claim while
it works; when it dies, the claim runs out and the next maker takes the job up. Every step of a maker names its claim, so that
one who comes back late changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from models.base import new_id, utc_now
from models.database import Database
from models.export_jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, ExportJob
from models.queries import names_of_users
from services.audit import record
from services.cycles import find_cycle
from services.permissions import Actor, NotFound, Permission, require
from settings import Settings

LEASE = timedelta(minutes=1)
"""A job whose maker said nothing for so long is free for the next one."""
MOST_ATTEMPTS = 3
"""A job that stopped so often in the middle is given up: it may be what stops its maker."""
PER_PAGE = 10


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a job: the file in the folder of exports and what is said of it."""

    file_id: str
    file_name: str
    size: int
    file_sha256: str
    facts_sha256: str
    number: str


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of the jobs of a round, newest first, with the names of those who asked for them or cancelled them."""

    jobs: list[ExportJob]
    names: dict[int, str]
    page: int
    pages: int


def ask_export(session: Session, actor: Actor, cycle_id: str, parameters: Mapping[str, Any]) -> ExportJob:
    """Want a workbook. The same asked again by the same person while it waits or is made is one job.

    Raises PermissionDenied, and NotFound for an unknown cycle.
    """
    require(actor, Permission.EXPORT_FULL)
    find_cycle(session, cycle_id, lock=True)
    for pending in session.exec(select(ExportJob).where(
        ExportJob.cycle_id == cycle_id, ExportJob.requested_by == actor.user_id,
        col(ExportJob.status).in_((QUEUED, RUNNING)),
    )):  # fmt: skip
        if pending.parameters == parameters:
            return pending
    job = ExportJob(cycle_id=cycle_id, parameters=dict(parameters), requested_by=actor.user_id)
    session.add(job)
    record(session, "export.asked", actor.user_id, cycle=cycle_id, job=job.id, parameters=job.parameters)
    session.flush()
    return job


def find_job(session: Session, actor: Actor, job_id: str) -> ExportJob:
    """The job, for any officer who may export. Raises PermissionDenied and NotFound."""
    require(actor, Permission.EXPORT_FULL)
    job = session.get(ExportJob, job_id)
    if job is None:
        raise NotFound(job_id)
    return job


def list_jobs(session: Session, actor: Actor, cycle_id: str, page: int = 1) -> JobPage:
    """The workbooks asked for in a round, by whomever. Raises PermissionDenied."""
    require(actor, Permission.EXPORT_FULL)
    found: Any = select(ExportJob).where(ExportJob.cycle_id == cycle_id)
    count = session.exec(found.with_only_columns(func.count())).one()
    pages = max(1, -(-count // PER_PAGE))
    page = min(max(page, 1), pages)
    newest = found.order_by(col(ExportJob.requested_at).desc(), col(ExportJob.id))
    jobs = list(session.exec(newest.limit(PER_PAGE).offset((page - 1) * PER_PAGE)))
    return JobPage(jobs, people_of(session, jobs), page, pages)


def people_of(session: Session, jobs: Collection[ExportJob]) -> dict[int, str]:
    """The names of those who asked for the jobs or cancelled them, by id."""
    ids = [person for job in jobs for person in (job.requested_by, job.cancelled_by) if person is not None]
    return names_of_users(session, ids)


def cancel_job(session: Session, actor: Actor, job_id: str) -> bool:
    """Stop wanting a workbook; False when it had ended already. Whoever makes it notices when it next renews its claim.

    Raises PermissionDenied and NotFound.
    """
    job = find_job(session, actor, job_id)
    stopped = _change(
        session, (col(ExportJob.id) == job.id) & col(ExportJob.status).in_((QUEUED, RUNNING)),
        status=CANCELLED, claim="", cancelled_by=actor.user_id, finished_at=utc_now(),
    )  # fmt: skip
    if stopped:
        record(session, "export.cancelled", actor.user_id, cycle=job.cycle_id, job=job.id)
    return stopped


def record_download(session: Session, actor: Actor, job: ExportJob) -> None:
    """Put on record that the person was given the file."""
    record(
        session, "export.downloaded", actor.user_id, cycle=job.cycle_id, job=job.id, file_sha256=job.file_sha256
    )  # fmt: skip


def is_due(session: Session) -> bool:
    """Whether a job waits for a maker."""
    return session.exec(_due().with_only_columns(ExportJob.id).limit(1)).first() is not None


def claim_job(session: Session, job_id: str = "") -> ExportJob | None:
    """Take the job that waits longest, or the one named, for this maker; None when there is none.

    A job that stopped its makers too often is given up on the way. Two makers never get the same job.
    """
    statement = _due().order_by(col(ExportJob.requested_at), col(ExportJob.id)).limit(1)
    if job_id:
        statement = statement.where(ExportJob.id == job_id)
    while True:
        job: ExportJob | None = session.exec(statement.with_for_update(skip_locked=True)).first()
        if job is None:
            return None
        now = utc_now()
        if job.attempts < MOST_ATTEMPTS:
            break
        job.status, job.claim, job.finished_at, job.error = FAILED, "", now, "interrupted"
        session.add(job)
        session.flush()
    job.status, job.claim, job.attempts = RUNNING, new_id(), job.attempts + 1
    job.started_at = job.heartbeat_at = now
    job.states_done = job.states_total = 0
    session.add(job)
    session.flush()
    return job


def keep_claim(session: Session, job: ExportJob, done: int, total: int) -> bool:
    """Say that the maker is alive and how far it is; False when the job is no longer its own."""
    return _change(session, _mine(job), heartbeat_at=utc_now(), states_done=done, states_total=total)


def finish_job(session: Session, job: ExportJob, made: Made) -> bool:
    """The file is whole and in its place; False when the job is no longer its maker's, and the file nobody's."""
    finished = _change(
        session, _mine(job), status=DONE, claim="", finished_at=utc_now(), file_id=made.file_id, file_name=made.file_name,
        size=made.size, file_sha256=made.file_sha256, facts_sha256=made.facts_sha256, number=made.number,
        states_done=ExportJob.states_total,
    )  # fmt: skip
    if finished:
        record(
            session, "export.made", job.requested_by, cycle=job.cycle_id, job=job.id, parameters=job.parameters,
            language=job.parameters["language"], facts_sha256=made.facts_sha256, file_sha256=made.file_sha256,
            number=made.number,
        )  # fmt: skip
    return finished


def fail_job(session: Session, job: ExportJob, error: str, detail: str = "") -> bool:
    """The workbook cannot be made, and trying again would not help; `error` is a code, `detail` what it is about."""
    return _change(
        session, _mine(job), status=FAILED, claim="", finished_at=utc_now(), error=error, error_detail=detail[:500]
    )


def give_back(session: Session, job: ExportJob, *, is_failure: bool) -> bool:
    """The maker stops in the middle: the job waits again, or is given up after too many failures. A stop of the server is none."""
    if is_failure and job.attempts >= MOST_ATTEMPTS:
        return fail_job(session, job, "interrupted")
    attempts = job.attempts if is_failure else job.attempts - 1
    return _change(session, _mine(job), status=QUEUED, claim="", heartbeat_at=None, attempts=attempts)


def take_over(session: Session) -> None:
    """Let every job that is being made wait again. Only where no other process can be making one."""
    _change(session, col(ExportJob.status) == RUNNING, status=QUEUED, claim="", heartbeat_at=None)


def remove_old_files(database: Database, settings: Settings) -> None:
    """Delete workbooks that were kept long enough, and files that no job names; the rows stay as a record.

    The row says it first: a process that dies in between leaves a file that nobody is offered.
    """
    before = utc_now() - timedelta(days=settings.export_days)
    with database.transaction() as session:
        _change(
            session,
            (col(ExportJob.status) == DONE)
            & (col(ExportJob.finished_at) <= before)
            & col(ExportJob.removed_at).is_(None),
            removed_at=utc_now(),
        )
    with database.reading() as session:
        kept = select(ExportJob.file_id).where(col(ExportJob.status) == DONE, col(ExportJob.removed_at).is_(None))
        known = set(session.exec(kept))
    remove_unknown(settings.exports_folder, known)


def remove_unknown(folder: Path, known: Collection[str]) -> None:
    """Delete the files of a folder that are not named, a day after they were last written to: one may be in the making."""
    oldest = (utc_now() - timedelta(days=1)).timestamp()
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in known and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _due() -> Any:
    return select(ExportJob).where(or_(
        col(ExportJob.status) == QUEUED,
        (col(ExportJob.status) == RUNNING) & (col(ExportJob.heartbeat_at) <= utc_now() - LEASE),
    ))  # fmt: skip


def _mine(job: ExportJob) -> Any:
    return (col(ExportJob.id) == job.id) & (col(ExportJob.status) == RUNNING) & (col(ExportJob.claim) == job.claim)


def _change(session: Session, where: Any, **values: Any) -> bool:
    """Change the rows for which it still holds, in one statement; whether there was any."""
    result = session.execute(update(ExportJob).where(where).values(**values))
    return bool(result.rowcount)  # type: ignore[attr-defined]
