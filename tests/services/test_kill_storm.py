"""kill -9 in the middle of saving, again and again: what was acknowledged is there, once, and the history is whole."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import select

from models.database import Database
from models.responses import Answer, NationalResponse, Revision
from services.chain import verify_chain
from tests.builders import make_world

ROOT = Path(__file__).parents[2]


class Tally:
    """What the processes said over all rounds."""

    def __init__(self) -> None:
        self.begun: dict[str, dict[str, object]] = {}
        self.acknowledged: set[str] = set()
        self.replayed = 0

    def lost(self) -> list[dict[str, object]]:
        """Edits that were begun and not acknowledged: the process died in between."""
        return [edit for key, edit in self.begun.items() if key not in self.acknowledged]


def one_round(url: str, world: tuple[str, int], number: int, seconds: float, tally: Tally) -> None:
    """A saving process, killed after a number of seconds of saving."""
    lost = tally.lost()
    tally.replayed += len(lost)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.saving_process", url, world[0], str(world[1]), str(number)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("".join(json.dumps(edit) + "\n" for edit in lost))
    process.stdin.close()
    timer = None
    for line in process.stdout:
        kind, _, text = line.rstrip("\n").partition(" ")
        if kind == "S":
            edit = json.loads(text)
            tally.begun[edit["key"]] = edit
            if timer is None:
                timer = threading.Timer(seconds, os.kill, (process.pid, signal.SIGKILL))
                timer.start()
        else:
            tally.acknowledged.add(text)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    if timer is not None:
        timer.join()


def storm(database: Database, rounds: int, seed: int) -> Tally:
    with database.transaction() as session:
        made = make_world(session)
    world = (made.response_id, made.contributor)
    drawn, tally = random.Random(seed), Tally()
    for number in range(rounds):
        one_round(database.url, world, number, drawn.uniform(0.05, 0.8), tally)
    with database.reading() as session:
        response = session.get_one(NationalResponse, made.response_id)
        revisions = session.exec(select(Revision).order_by(Revision.seq)).all()  # type: ignore[arg-type]
        stored = Counter(revision.idempotency_key for revision in revisions)
        assert tally.acknowledged, "nothing was saved"
        assert tally.acknowledged <= stored.keys(), "an acknowledged save is missing"
        assert set(stored.values()) == {1}, "a save was stored twice"
        assert stored.keys() <= tally.begun.keys()
        assert verify_chain(session, made.response_id) == []
        assert (response.seq, response.head_hash) == (len(revisions), revisions[-1].hash)
        newest = {revision.item_id: revision for revision in revisions}
        for answer in session.exec(select(Answer)):
            assert (answer.version, answer.value) == (newest[answer.item_id].version, newest[answer.item_id].value)
    return tally


def test_no_acknowledged_save_is_lost_or_doubled_when_the_process_is_killed(database: Database, tmp_path: Path) -> None:
    storm(database, rounds=3, seed=7)
    if database.is_sqlite:
        with closing(sqlite3.connect(tmp_path / "tracker.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.prove
def test_no_acknowledged_save_is_lost_or_doubled_over_many_kills(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = 60
    tally = storm(database, rounds=rounds, seed=8)
    with capsys.disabled():
        print(
            f"\n{'sqlite' if database.is_sqlite else 'postgresql'}: {rounds} kills, {len(tally.acknowledged)} saves acknowledged, "
            f"{tally.replayed} sent again, 0 lost, 0 doubled, 0 breaks of the chain"
        )
