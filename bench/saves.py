"""Saves while a workbook is made: the real server, 100 saves a second over HTTP, and the 99th percentile with and without an export."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from flask import Flask
from sqlmodel import select

from bench.export import STATES, make_database
from models.cycles import Cycle
from models.database import Database
from models.people import User
from tests.builders import csrf_token, make_member, make_response, make_state, make_user, sign_in
from tests.cli.process import Process, free_port
from tests.conftest import make_app

RATE = 100
"""Saves a second, by all writers together."""
WRITERS = 20
ROUNDS = 4
SECONDS = 8.0
"""How long each round saves without an export, and at most how much of an export is looked at."""
EXPORT_PATIENCE = 180.0
QUESTION = "op13d"


@dataclass
class Writer:
    """A focal point who saves one answer again and again, at fixed moments whether the one before came back or not late."""

    port: int
    address: str
    cookie: str
    token: str
    version: int = 0
    taken: list[tuple[float, float]] = field(default_factory=list)
    """(moment it was due, seconds until it was acknowledged) of every save."""
    failed: int = 0

    def write(self, first: float, halt: threading.Event) -> None:
        """Save every WRITERS / RATE seconds from `first` on, until told to stop."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        for turn in itertools.count():
            due = first + turn * WRITERS / RATE
            if halt.wait(max(0.0, due - time.monotonic())):
                break
            started = time.monotonic()
            try:
                self._save(connection, turn)
            except (OSError, HTTPException):
                self.failed += 1
                connection.close()
            else:
                # Measured from when it was sent: a writer has one save under way, as a page has.
                self.taken.append((started, time.monotonic() - started))
        connection.close()

    def _save(self, connection: HTTPConnection, turn: int) -> None:
        body = urlencode({
            f"base:{QUESTION}.narrative": self.version, f"{QUESTION}.narrative-text": f"text {turn} at {time.monotonic()}",
            f"{QUESTION}.narrative-language": "en", "csrf_token": self.token,
        })  # fmt: skip
        connection.request("POST", f"{self.address}/autosave", body, {
            "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "Cookie": self.cookie,
            "X-CSRFToken": self.token, "Referer": f"http://localhost:{self.port}/",
        })  # fmt: skip
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise HTTPException(f"{answer.status}: {said[:300]!r}")
        self.version += 1


def run() -> Iterator[tuple[str, float, str]]:
    """(what, ratio, target) of the saves' 99th percentile beside an export."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        instance = Path(name) / "instance"
        instance.mkdir(mode=0o700)
        make_database(instance / "tracker.db", STATES)
        people, officer, cycle_id = _people(instance)
        port = free_port()
        app = make_app(f"sqlite:///{instance / 'tracker.db'}", instance, port=port)
        writers = [_writer(app, port, user, response_id) for user, response_id in people]
        desk = _writer(app, port, officer, "", f"/exports/{cycle_id}")
        app.extensions["tracker"].database.close()
        server = Process("serve.py", TRACKER_INSTANCE=str(instance), TRACKER_PORT=str(port))
        try:
            _wait_for(port)
            alone, beside, exports = _measure(writers, desk)
        finally:
            server.stop()
        failed = sum(writer.failed for writer in writers)
    if failed:
        raise SystemExit(f"{failed} saves were not acknowledged: no figure. The server said: {server.said[-500:]}")
    plain, loaded = _p99(alone), _p99(beside)
    yield (
        f"p99 of {len(beside)} saves beside {exports} exports / of {len(alone)} alone, {RATE} saves a second "
        f"({loaded * 1000:.0f} / {plain * 1000:.0f} ms)",
        loaded / plain, "<= 1.5",
    )  # fmt: skip


def _people(instance: Path) -> tuple[list[tuple[User, str]], User, str]:
    database = Database(f"sqlite:///{instance / 'tracker.db'}")
    people = []
    with database.transaction() as session:
        cycle = session.exec(select(Cycle)).one()
        for number in range(WRITERS):
            response = make_response(
                session, cycle, make_state(session, f"Y{chr(65 + number)}A", f"Draftland {number}")
            )
            user = make_user(session)
            make_member(session, user, response)
            people.append((user, response.id))
        officer = make_user(session, officer=True)
        cycle_id = cycle.id
        session.flush()
        session.expunge_all()
    database.close()
    return people, officer, cycle_id


def _writer(app: Flask, port: int, user: User, response_id: str, page: str = "") -> Writer:
    address = f"/responses/{response_id}/questions/{QUESTION}" if response_id else page
    client = app.test_client()
    sign_in(client, user)
    token = csrf_token(client, address)
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    return Writer(port, address, f"{name}={cookie.value}", token)


def _wait_for(port: int) -> None:
    until = time.monotonic() + EXPORT_PATIENCE
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"http://localhost:{port}/", timeout=5):
            return
        time.sleep(0.2)
    raise SystemExit("The server did not start.")


def _measure(writers: list[Writer], desk: Writer) -> tuple[list[float], list[float], int]:
    """Seconds of the saves without an export and of those while one was made, in turns; the number of exports."""
    halt = threading.Event()
    first = time.monotonic() + 1
    threads = [
        threading.Thread(target=writer.write, args=(first + number / RATE, halt))
        for number, writer in enumerate(writers)
    ]
    for thread in threads:
        thread.start()
    spans: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    time.sleep(4)  # the first requests of a server are slower
    for _ in range(ROUNDS):
        spans[False].append((time.monotonic(), time.monotonic() + SECONDS))
        time.sleep(SECONDS)
        started = time.monotonic()
        _export(desk)
        spans[True].append((started, min(time.monotonic(), started + 2 * SECONDS)))
        time.sleep(1)
    halt.set()
    for thread in threads:
        thread.join()
    taken = [one for writer in writers for one in writer.taken]

    def within(which: bool) -> list[float]:
        return [seconds for at, seconds in taken if any(first <= at < last for first, last in spans[which])]

    return within(False), within(True), len(spans[True])


def _export(desk: Writer) -> None:
    """Ask for the whole workbook and wait until it is made."""
    connection = HTTPConnection("127.0.0.1", desk.port, timeout=60)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Cookie": desk.cookie, "Referer": f"http://localhost:{desk.port}/",
    }  # fmt: skip
    given = {
        "csrf_token": desk.token, "preset": "secretariat", "report": "", "file_format": "xlsx", "language": "en", "state": "",
        "recipient": "", "as_at": "",
    }  # fmt: skip
    connection.request("POST", desk.address, urlencode(given), headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 303:
        raise SystemExit(f"No export was asked for: {answer.status}.")
    job = answer.headers["Location"]
    until = time.monotonic() + EXPORT_PATIENCE
    while time.monotonic() < until:
        time.sleep(0.5)
        connection.request("GET", job, headers=headers)
        page = connection.getresponse().read().decode()
        if f"{job}/file" in page:
            connection.close()
            return
    raise SystemExit("The workbook was not made in time.")


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98]
