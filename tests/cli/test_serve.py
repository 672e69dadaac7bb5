"""The real server as its own process: first and second start, one writer, every way of stopping it."""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import select

import serve
from exports.settings import ExportSettings
from models import schema
from models.cycles import Cycle
from models.database import Database
from services.export_jobs import ask_export, claim_job
from settings import Settings
from tests.builders import actor_for, make_user
from tests.cli.process import PATIENCE, Process, free_port

ROOT = Path(__file__).parents[2]

LINK = re.compile(r"http://localhost:\d+/invitations/[\w-]{43}")
WITHOUT_FORK = "import os, sys\ndel os.fork\nimport serve\nsys.exit(serve.main())"


class Server(Process):
    """A started server with its output."""

    def __init__(self, folder: Path, *command: str, **environment: str) -> None:
        self.folder, self.port = folder, free_port()
        given = {"TRACKER_INSTANCE": str(folder), "TRACKER_PORT": str(self.port)}
        super().__init__(*(command or ("serve.py",)), **{**given, **environment})

    def wait_ready(self) -> None:
        """Wait until it says where it is, and answers there."""
        until = time.monotonic() + PATIENCE
        while f"http://localhost:{self.port}" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.02)
        assert self.get("/") in {200, 302, 303}

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=PATIENCE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def children(self) -> list[int]:
        """The processes that the server started."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in listed.stdout.split()]

    def flask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `flask` command on the same installation."""
        return subprocess.run(
            [sys.executable, "-m", "flask", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip


@pytest.fixture
def started() -> Iterator[list[Server]]:
    """The servers a test started; those still running are killed."""
    servers: list[Server] = []
    yield servers
    for server in servers:
        for pid in [*server.children(), server.process.pid] if server.process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        server.ended()


def count(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(f"file:{folder / 'tracker.db'}?mode=ro", uri=True)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_the_first_start_prints_links_and_the_second_keeps_the_data_and_prints_none(
    tmp_path: Path, started: list[Server]
) -> None:
    first = Server(tmp_path)
    started.append(first)
    first.wait_ready()
    assert f"Implementation Tracker: http://localhost:{first.port}\n" in first.said
    links = LINK.findall(first.said)
    assert len(links) == 2
    assert [first.get(link.partition(str(first.port))[2]) for link in links] == [200, 200]
    assert first.stop() == 0
    assert "Traceback" not in first.said
    assert {path.name for path in tmp_path.iterdir()} == {"secrets.json", "tracker.db", "writer.lock"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    invitations = count(tmp_path, "invitation")

    second = Server(tmp_path)
    started.append(second)
    second.wait_ready()
    assert LINK.findall(second.said) == []
    assert second.stop() == 0
    assert (count(tmp_path, "invitation"), count(tmp_path, "cycle")) == (invitations, 1)


def test_workbooks_asked_for_before_a_stop_are_made_after_the_next_start(tmp_path: Path, started: list[Server]) -> None:
    first = Server(tmp_path)
    started.append(first)
    first.wait_ready()
    assert first.stop() == 0
    database = Database(f"sqlite:///{tmp_path / 'tracker.db'}")
    with database.transaction() as session:
        cycle = session.exec(select(Cycle)).one()
        officer = actor_for(make_user(session, officer=True), officer=True)
        waiting = ask_export(session, officer, cycle.id, ExportSettings().as_json()).id
        begun = ask_export(session, officer, cycle.id, ExportSettings("ar").as_json()).id
        assert claim_job(session, begun) is not None
    database.close()
    second = Server(tmp_path)
    started.append(second)
    second.wait_ready()
    until = time.monotonic() + 2 * PATIENCE
    while count(tmp_path, "export_job WHERE status = 'done'") < 2:
        assert time.monotonic() < until, second.said
        time.sleep(0.1)
    assert second.stop() == 0
    assert sorted(path.name[:16] for path in (tmp_path / "exports").iterdir()) == sorted((waiting, begun))
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "exports").iterdir())


def test_beside_a_running_server_commands_work_and_a_second_server_does_not(
    tmp_path: Path, started: list[Server]
) -> None:
    server = Server(tmp_path)
    started.append(server)
    server.wait_ready()

    made = server.flask("links", "--state", "AUT")
    assert (made.returncode, len(LINK.findall(made.stdout))) == (0, 2), made.stderr
    backup = server.flask("backup", str(tmp_path / "b.tar.gz"))
    assert backup.returncode == 0, backup.stderr
    refused = server.flask("restore", str(tmp_path / "b.tar.gz"), "--apply")
    assert (refused.returncode, refused.stderr) == (
        3,
        "Error: Another process writes to this database. Stop the server first.\n",
    )

    second = Server(tmp_path)
    started.append(second)
    assert second.ended() == 3
    assert f"Another process ({server.process.pid}) writes to this database" in second.said
    assert "stop it first" in second.said

    third = Server(tmp_path / "other", TRACKER_PORT=str(server.port))
    started.append(third)
    assert third.ended() == 4
    assert f"Port {server.port} cannot be used" in third.said
    assert f"TRACKER_PORT={server.port + 1}" in third.said

    # No signal makes a second writing process.
    (worker,) = server.children()
    for number in (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR2):
        server.process.send_signal(number)
    time.sleep(1.5)
    assert server.children() == [worker]
    assert server.get("/") in {200, 302, 303}
    assert server.stop() == 0


def test_a_killed_server_leaves_nothing_that_hinders_the_next(tmp_path: Path, started: list[Server]) -> None:
    server = Server(tmp_path)
    started.append(server)
    server.wait_ready()
    os.kill(server.process.pid, signal.SIGKILL)
    following = Server(tmp_path)
    started.append(following)
    following.wait_ready()
    assert following.flask("links").returncode == 0
    assert following.stop(signal.SIGINT) in {0, 130}
    assert "Traceback" not in following.said


def test_a_worker_that_is_killed_is_replaced_and_still_the_only_one(tmp_path: Path, started: list[Server]) -> None:
    server = Server(tmp_path)
    started.append(server)
    server.wait_ready()
    (worker,) = server.children()
    os.kill(worker, signal.SIGKILL)
    until = time.monotonic() + PATIENCE
    while server.children() in ([], [worker]):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert server.get("/") in {200, 302, 303}
    assert len(server.children()) == 1
    assert server.said.count("http://localhost") == 3, "the address and two links, printed once"
    assert server.flask("links").returncode == 0
    assert server.stop() == 0


def stop_while_starting(folder: Path, started: list[Server], moments: list[float]) -> float:
    """SIGTERM at these seconds after the start; the longest time to the end."""
    longest = 0.0
    for moment in moments:
        server = Server(folder)
        started.append(server)
        time.sleep(moment)
        children = server.children()
        begun = time.monotonic()
        assert server.stop() in {0, -signal.SIGTERM}
        longest = max(longest, time.monotonic() - begun)
        for child in children:
            with pytest.raises(ProcessLookupError):
                os.kill(child, 0)
    server = Server(folder)
    started.append(server)
    server.wait_ready()
    assert server.stop() == 0
    return longest


def test_a_server_that_is_stopped_while_it_starts_stops_soon_and_starts_again(
    tmp_path: Path, started: list[Server]
) -> None:
    drawn = random.Random(2020)
    moments = [drawn.uniform(0.05, 3.0) for _ in range(2)]
    assert stop_while_starting(tmp_path, started, moments) < 30


@pytest.mark.prove
def test_a_server_can_be_stopped_at_any_moment_of_its_start(
    tmp_path: Path, started: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = random.Random(2021)
    longest = stop_while_starting(tmp_path, started, [drawn.uniform(0.0, 3.0) for _ in range(60)])
    assert longest < 30
    with capsys.disabled():
        print(f"\nSIGTERM at 60 moments of a start: all stopped, the slowest in {longest:.1f} s")


@pytest.mark.prove
def test_a_second_start_takes_less_than_two_seconds(
    tmp_path: Path, started: list[Server], capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(tmp_path)
    started.append(server)
    server.wait_ready()
    server.stop()
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.monotonic()
        server = Server(tmp_path)
        started.append(server)
        server.wait_ready()
        elapsed = time.monotonic() - begun
        server.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append((elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    with capsys.disabled():
        print(
            "\nsecond start until the first answer: "
            + ", ".join(f"{wall:.2f} s (CPU {cpu:.2f} s)" for wall, cpu in times)
        )
    assert min(wall for wall, _ in times) < 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_open_request_is_answered_before_the_server_stops(
    tmp_path: Path, started: list[Server], number: signal.Signals
) -> None:
    """SIGHUP is what a closed terminal sends."""
    server = Server(tmp_path)
    started.append(server)
    server.wait_ready()
    with socket.create_connection(("localhost", server.port), timeout=PATIENCE) as line:
        # A request that has begun to arrive.
        line.sendall(b"GET /help HTTP/1.1\r\nHost: localhost\r\n")
        time.sleep(0.3)
        server.process.send_signal(number)
        time.sleep(0.3)
        line.sendall(b"\r\n")
        assert line.makefile("rb").readline().startswith(b"HTTP/1.1 200")
    assert server.ended() == 0


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({"TRACKER_PROT": "1"}, 2, "Unknown setting TRACKER_PROT. The nearest known name is TRACKER_PORT."),
        ({"TRACKER_WORKERS": "2"}, 2, "one process alone may write to SQLite"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, 5, "The database cannot be used: "),
    ],
)
def test_what_cannot_start_says_why_in_one_line(
    tmp_path: Path, started: list[Server], environment: dict[str, str], code: int, said: str
) -> None:
    server = Server(tmp_path, **environment)
    started.append(server)
    assert server.ended() == code
    assert said in server.said
    assert len(server.output) == 1


def test_a_database_of_a_later_version_is_refused_and_left_alone(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    sqlite_database.close()
    with pytest.raises(serve.CannotStart, match="revision 9999") as raised:
        serve._prepare(Settings(instance=tmp_path))
    assert raised.value.code == 5
    assert not (tmp_path / "backups").exists()


def test_before_a_migration_the_database_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(instance=tmp_path)
    serve._prepare(settings)
    old = schema.newest_revision()
    migrations = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / "0900_later.py").write_text(
        f"from alembic import op\nrevision = '0900'\ndown_revision = '{old}'\n\n\n"
        "def upgrade():\n    op.execute('CREATE TABLE later (id INTEGER)')\n\n\ndef downgrade():\n    op.drop_table('later')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    assert serve._prepare(settings) == []
    (copy,) = (tmp_path / "backups").iterdir()
    assert str(copy) in capsys.readouterr().out
    for path, revision in ((copy, old), (tmp_path / "tracker.db", "0900")):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)
            assert connection.execute("SELECT count(*) FROM cycle").fetchone() == (1,)


def test_where_processes_cannot_fork_one_process_serves(tmp_path: Path, started: list[Server]) -> None:
    server = Server(tmp_path, "-c", WITHOUT_FORK)
    started.append(server)
    server.wait_ready()
    assert server.children() == []
    assert server.flask("links").returncode == 0
    assert server.stop() == 0
    assert "Traceback" not in server.said


def test_on_postgresql_two_processes_serve(
    postgresql_server: str, tmp_path: Path, started: list[Server], request: pytest.FixtureRequest
) -> None:
    from tests.conftest import fresh_url

    for url in fresh_url(request, tmp_path, "postgresql"):
        server = Server(tmp_path, DATABASE_URL=url)
        started.append(server)
        server.wait_ready()
        assert len(LINK.findall(server.said)) == 2
        assert len(server.children()) == 2
        made = server.flask("links", "--state", "AUT")
        assert (made.returncode, "Austria" in made.stdout) == (0, True), made.stderr
        assert server.stop() == 0
        assert "Traceback" not in server.said
