"""Makes the workbooks that are wanted, one at a time, in a thread beside the server or in `flask worker`; each in a process of its own.

A process of its own: making a workbook keeps a processor busy for seconds, and in the server's own process every save would wait
for the interpreter meanwhile.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from exports.maker import Order, Outcome, make_file
from models.database import Database
from models.export_jobs import ExportJob
from services.export_jobs import (
    Made,
    claim_job,
    fail_job,
    finish_job,
    give_back,
    is_due,
    keep_claim,
    take_over,
)
from settings import ROOT, Settings

LOG = logging.getLogger("tracker.exports")

EVERY = 1.0
"""Seconds between two looks for a job, and between two signs of life."""
COMMAND = (sys.executable, "-m", "exports.maker")


class Stopped(Exception):
    """The making of a file ended before there was an outcome: the job was cancelled, or the server stops."""


class ExportWorker:
    """Takes jobs from the queue until stopped. Whatever goes wrong with one, the next is taken."""

    def __init__(
        self, database: Database, settings: Settings, *, every: float = EVERY, command: Sequence[str] = COMMAND
    ) -> None:
        self.database, self.settings, self.every, self.command = database, settings, every, tuple(command)
        self.process: subprocess.Popen[str] | None = None
        """What makes a file now."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="exports", daemon=True)
        self._failing = ""

    def start(self) -> None:
        """Begin in a thread, after the process has forked. On SQLite there is no other maker: what was left is taken up at once."""
        if self.database.is_sqlite:
            with self.database.transaction() as session:
                take_over(session)
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """End; what is being made goes back into the queue. Waits `patience` seconds at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def run(self) -> None:
        """Make what is due until stopped."""
        while not self._stop.wait(self.every):
            try:
                while not self._stop.is_set() and self.make_next():
                    pass
                self._failing = ""
            except Exception as error:
                if self._failing != repr(error):
                    LOG.exception("A workbook could not be made; it is tried again.")
                self._failing = repr(error)

    def make_next(self) -> bool:
        """Make the job that waits longest; False when none does."""
        with self.database.reading() as session:
            if not is_due(session):
                return False
        with self.database.transaction() as session:
            job = claim_job(session)
        if job is None:
            return False
        order = order_for(self.database, self.settings, job)
        try:
            outcome = self._make_apart(job, order)
        except Stopped:
            Path(order.target).unlink(missing_ok=True)
            with self.database.transaction() as session:
                give_back(session, job, is_failure=False)
        except BaseException:
            Path(order.target).unlink(missing_ok=True)
            raise
        else:
            settle(self.database, job, order, outcome)
        return True

    def _make_apart(self, job: ExportJob, order: Order) -> Outcome | None:
        """Make the file in a process of its own; None when that died without an outcome. Raises Stopped."""
        with self._started(order) as said:
            done = total = 0
            told = time.monotonic()
            while True:
                try:
                    line = said.get(timeout=self.every)
                except queue.Empty:
                    line = "{}"
                if not line:
                    LOG.warning(
                        "What made the workbook of job %s ended in the middle (attempt %d).", job.id, job.attempts
                    )
                    return None
                news: dict[str, Any] = json.loads(line)
                if "error" in news:
                    return Outcome(**news)
                done, total = news.get("done", done), news.get("total", total)
                if self._stop.is_set():
                    raise Stopped
                if time.monotonic() - told >= self.every:
                    told = time.monotonic()
                    with self.database.transaction() as session:
                        is_mine = keep_claim(session, job, done, total)
                    if not is_mine:
                        raise Stopped

    @contextmanager
    def _started(self, order: Order) -> Iterator[queue.Queue[str]]:
        """The process, as the queue of its lines (the last one empty); it has ended, one way or another, when the block does."""
        # In a group of its own: Ctrl-C in a terminal stops the server, which then stops this.
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            self.command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
            start_new_session=True,
        )  # fmt: skip
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        stdout = process.stdout

        def read() -> None:
            for line in stdout:
                lines.put(line)
            lines.put("")

        reader = threading.Thread(target=read, daemon=True)
        try:
            reader.start()
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(asdict(order)) + "\n")
                process.stdin.flush()
            yield lines
        finally:
            self.process = None
            process.kill()
            process.wait()
            reader.join()
            stdout.close()
            with suppress(BrokenPipeError):  # it died before it had read what to make
                process.stdin.close()


def order_for(database: Database, settings: Settings, job: ExportJob) -> Order:
    """What a maker of the job is told. Every claim has a file of its own, so that two makers never write into one."""
    target = settings.exports_folder / f".{job.id}-{job.claim}.part"
    return Order(
        database.url,
        job.cycle_id,
        job.parameters,
        str(target.resolve()),
        str(settings.evidence_folder.resolve()),
        settings.rehearsal,
    )


def make_now(database: Database, settings: Settings, job_id: str) -> None:
    """Make a small workbook here and now, when nobody else has begun it. A process that dies meanwhile leaves it to the next maker."""
    with database.transaction() as session:
        job = claim_job(session, job_id)
    if job is None:
        return
    order = order_for(database, settings, job)
    try:
        outcome = make_file(order, lambda _done, _total: None)
    except Exception:
        LOG.exception("A workbook could not be made; it is tried again.")
        settle(database, job, order, None)
    else:
        settle(database, job, order, outcome)


def settle(database: Database, job: ExportJob, order: Order, outcome: Outcome | None) -> None:
    """Store what became of a job: the file gets its place first, then the row says so. No outcome counts as a failure."""
    scratch = Path(order.target)
    if outcome is None or outcome.error:
        scratch.unlink(missing_ok=True)
        with database.transaction() as session:
            if outcome is None:
                give_back(session, job, is_failure=True)
            else:
                fail_job(session, job, outcome.error, outcome.detail)
        return
    file = scratch.with_name(f"{job.id}-{job.claim}{Path(outcome.file_name).suffix}")
    scratch.rename(file)
    _sync(file.parent)
    made = Made(file.name, outcome.file_name, outcome.size, outcome.file_sha256, outcome.facts_sha256, outcome.number)
    with database.transaction() as session:
        is_mine = finish_job(session, job, made)
    if not is_mine:
        file.unlink()


def _sync(folder: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened there
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
