"""The door to the database: durable connections, one writer at a time, whole changes, consistent reading, no lost update."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from models import database as database_module
from models.audit import Installation
from models.database import AlreadyRunning, Database, DatabaseError, SingleWriter, WriteInReading, WrongPragma

ROOT = Path(__file__).parents[2]


def put(database: Database, name: str, value: str) -> None:
    with database.transaction() as session:
        session.merge(Installation(name=name, value=value))


def stored(database: Database, name: str) -> str | None:
    with database.reading() as session:
        found = session.get(Installation, name)
        return found.value if found else None


def in_threads(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Run `work(0)` to `work(count - 1)` at once; what they raised."""
    raised: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def test_every_pooled_connection_has_the_pragmas_that_make_a_commit_durable(sqlite_url: str) -> None:
    database = Database(sqlite_url, threads=4)
    wanted = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0, "busy_timeout": 30000,
        "journal_size_limit": 67108864, "wal_autocheckpoint": 1000, "mmap_size": 0,
    }  # fmt: skip
    with ExitStack() as stack:
        connections = [stack.enter_context(database.engine.connect()) for _ in range(8)]
        assert len({id(connection.connection.dbapi_connection) for connection in connections}) == 8
        for connection in connections:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
            found = {name: 0 if value is None else value for name, value in found.items()}
            assert found == wanted
    assert database.check_pragmas()["synchronous"] == 2
    database.close()


def test_a_connection_with_another_durability_is_found_out(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database_module.SQLITE_PRAGMAS, "synchronous", "NORMAL")
    database = Database(sqlite_url)
    with pytest.raises(WrongPragma, match="synchronous is 1; 2 is needed"):
        database.check_pragmas()
    database.close()


def test_a_transaction_begins_immediately_and_reading_does_not(sqlite_database: Database) -> None:
    statements: list[str] = []

    @event.listens_for(sqlite_database.engine, "connect")
    def trace(connection: Any, _record: Any) -> None:
        connection.set_trace_callback(statements.append)

    with sqlite_database.transaction() as session:
        session.exec(select(Installation)).all()
    with sqlite_database.reading() as session:
        session.exec(select(Installation)).all()
    assert [statement for statement in statements if statement.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN"]


def test_a_block_that_raises_stores_nothing(database: Database) -> None:
    def half() -> None:
        with database.transaction() as session:
            session.add(Installation(name="a", value="1"))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        half()
    assert stored(database, "a") is None
    put(database, "a", "2")
    assert stored(database, "a") == "2"


@pytest.mark.parametrize("how", ["new", "changed", "deleted"])
def test_reading_cannot_write(database: Database, how: str) -> None:
    put(database, "a", "1")

    def change(session: Session) -> None:
        row = session.get_one(Installation, "a")
        if how == "new":
            session.add(Installation(name="b", value="1"))
        elif how == "changed":
            row.value = "2"
        else:
            session.delete(row)

    with pytest.raises(WriteInReading), database.reading() as session:
        change(session)
    assert stored(database, "a") == "1"
    assert stored(database, "b") is None


def test_reading_sees_one_moment_although_others_store_meanwhile(database: Database) -> None:
    put(database, "a", "1")
    with database.reading() as session:
        assert session.get_one(Installation, "a").value == "1"
        assert in_threads(1, lambda _: put(database, "a", "2")) == []
        session.expire_all()
        assert session.get_one(Installation, "a").value == "1"
    assert stored(database, "a") == "2"


def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    put(database, "a", "1")
    with database.transaction() as session:
        session.get_one(Installation, "a").value = "2"
        session.flush()
        found: list[str | None] = []
        assert in_threads(4, lambda _: found.append(stored(database, "a"))) == []
        assert found == ["1"] * 4


def test_a_read_only_database_refuses_to_write(sqlite_url: str) -> None:
    database = Database(sqlite_url, threads=1, read_only=True)
    with pytest.raises(DatabaseError, match="readonly"), database.transaction() as session:
        session.add(Installation(name="a", value="1"))
    assert stored(database, "a") is None
    database.close()


def test_a_full_disk_refuses_the_save_keeps_the_rest_and_needs_no_restart(sqlite_url: str) -> None:
    """A database that may not grow answers as one on a full disk does."""
    database = Database(sqlite_url, threads=2)
    put(database, "a", "1")
    with database.engine.connect() as connection:
        room = [connection.exec_driver_sql("PRAGMA page_count").scalar()]
    database.close()

    @event.listens_for(database.engine, "checkout")
    def limit(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={room[0]}")

    def fill() -> None:
        for number in range(200):
            put(database, f"row {number}", "x" * 200)

    with pytest.raises(DatabaseError, match="full"):
        fill()
    assert stored(database, "a") == "1"
    before = sum(stored(database, f"row {number}") is not None for number in range(200))
    room[0] = 1_000_000
    fill()
    assert all(stored(database, f"row {number}") == "x" * 200 for number in range(200))
    assert before < 200
    database.close()


def test_read_change_and_write_apart_loses_updates_by_construction(database: Database) -> None:
    """The control: with a barrier between reading and writing, all but one of the changes are lost."""
    put(database, "count", "0")
    barrier = threading.Barrier(6, timeout=30)

    def naive(_number: int) -> None:
        with database.reading() as session:
            before = int(session.get_one(Installation, "count").value)
        barrier.wait()
        with database.transaction() as session:
            session.get_one(Installation, "count").value = str(before + 1)

    assert in_threads(6, naive) == []
    assert stored(database, "count") == "1"


def storm(database: Database, threads: int, changes: int) -> None:
    """Every thread adds one to a shared number, many times, as the project's code does: the row locked first."""
    put(database, "count", "0")

    def add(_number: int) -> None:
        for _ in range(changes):
            with database.transaction() as session:
                row = session.exec(
                    select(Installation).where(col(Installation.name) == "count").with_for_update()
                ).one()
                row.value = str(int(row.value) + 1)

    assert in_threads(threads, add) == []
    assert stored(database, "count") == str(threads * changes)


def test_no_update_is_lost_when_many_write_at_once(database: Database) -> None:
    storm(database, threads=8, changes=10)


@pytest.mark.prove
def test_no_update_is_lost_in_a_long_storm(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    storm(database, threads=16, changes=1000)
    with capsys.disabled():
        print(f"\n{'sqlite' if database.is_sqlite else 'postgresql'}: 16 writers, 16000 changes, 0 lost, 0 errors")


HOLDER = """
import sys, time
from pathlib import Path
from models.database import SingleWriter
writer = SingleWriter(Path(sys.argv[1]))
writer.take()
print("held", flush=True)
time.sleep(60)
"""


def hold_lock(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the writer lock of a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_writing_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with hold_lock(tmp_path) as other:
        with pytest.raises(AlreadyRunning):
            SingleWriter(tmp_path).take()
        assert (tmp_path / "writer.lock").read_text(encoding="ascii") == str(other.pid)
        # Not even SIGKILL leaves a stale lock.
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    writer = SingleWriter(tmp_path)
    writer.take()
    writer.release()


def test_the_lock_can_be_given_back_and_taken_again(tmp_path: Path) -> None:
    first, second = SingleWriter(tmp_path), SingleWriter(tmp_path)
    first.take()
    with pytest.raises(AlreadyRunning):
        second.take()
    first.release()
    second.take()
    second.release()
    assert (tmp_path / "writer.lock").stat().st_mode & 0o777 == 0o600


def test_the_lock_stays_while_a_forked_child_lives(tmp_path: Path) -> None:
    """The server takes it before it forks: when the parent is killed, the child still writes for a moment."""
    program = (
        "import os, sys, time\nfrom pathlib import Path\nfrom models.database import SingleWriter\n"
        "SingleWriter(Path(sys.argv[1])).take()\nchild = os.fork()\nif child:\n    print(child, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        with pytest.raises(AlreadyRunning):
            SingleWriter(tmp_path).take()
        os.kill(child, signal.SIGKILL)
        parent.stdout.read()
    writer = SingleWriter(tmp_path)
    writer.take()
    writer.release()
