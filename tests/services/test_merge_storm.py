"""Many people on the same few texts at once: every word that was acknowledged stands, or a person gave it up and it is kept."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlmodel import select

from models.database import Database
from models.people import User
from models.responses import Answer, NationalResponse, Revision
from services.answers import Choice, Edit, SaveResult, resolve_conflict, save_answers
from services.chain import verify_chain
from services.permissions import Permission
from services.responses import open_response
from tests.builders import World, actor_for, make_world

ITEMS = ("op4.narrative", "op5.narrative", "op7.narrative", "op13d.narrative")
TOKEN = re.compile(r"<\d+\.\d+>")
CHOICES: tuple[Choice, ...] = ("theirs", "mine", "both")


def tokens(content: Any) -> set[str]:
    """The tokens in a stored narrative."""
    return set(TOKEN.findall(content["text"])) if content else set()


@dataclass
class Storm:
    """What happened."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    """Tokens of which the server said that they are saved, or asked about, with their item."""
    given_up: set[str] = field(default_factory=set)
    """Tokens that a person's choice took out."""
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[BaseException] = field(default_factory=list)


def rage(database: Database, world: World, *, writers: int, edits: int, seed: int, items: tuple[str, ...]) -> Storm:
    """Writers add tokens to paragraphs of the same texts, go on typing on top of merges, and decide about conflicts."""
    storm, guard = Storm(), threading.Lock()

    def write(number: int) -> None:
        try:
            _Writer(database, world, random.Random(seed + number), number, storm, guard).work(edits, items)
        except BaseException as error:
            storm.failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not storm.failures, storm.failures[0]
    return storm


class _Writer:
    """One person with a page of each text."""

    def __init__(
        self, database: Database, world: World, chance: random.Random, number: int, storm: Storm, guard: threading.Lock
    ) -> None:
        self.database, self.world, self.chance, self.number = database, world, chance, number
        self.storm, self.guard = storm, guard
        self.pages: dict[str, tuple[int, int, list[str]]] = {}
        """What each page shows: its version, the record of the own text after a merge, the paragraphs."""

    def work(self, edits: int, items: tuple[str, ...]) -> None:
        for turn in range(edits):
            item_id = self.chance.choice(items)
            if item_id not in self.pages or self.chance.random() < 0.2:
                self.load(item_id)
            version, own_text, shown = self.pages[item_id]
            token, paragraphs = f"<{self.number}.{turn}>", list(shown)
            place = self.chance.randrange(len(paragraphs) + 1)
            if place == len(paragraphs):
                paragraphs.append(token)
            else:
                paragraphs[place] += token
            value = {"text": "\n\n".join(paragraphs), "language": "en"}
            edit = Edit(item_id, version, value, own_text=own_text)
            result = self.save(edit, f"{self.number}-{turn}")
            with self.guard:
                self.storm.acknowledged[token] = item_id
            if result.conflicts:
                self.decide(result, turn)
                self.load(item_id)
            elif item_id in result.merged:
                self.storm.counts["merged"] += 1
                self.pages[item_id] = (result.versions[item_id], result.merged[item_id], paragraphs)
            else:
                self.pages[item_id] = (result.versions[item_id], 0, paragraphs)

    def load(self, item_id: str) -> None:
        with self.database.reading() as session:
            answer = session.get(Answer, (self.world.response_id, item_id))
        text = answer.value["text"].split("\n\n") if answer and answer.value else []
        self.pages[item_id] = (answer.version if answer else 0, 0, text)

    def save(self, edit: Edit, key: str) -> SaveResult:
        with self.database.transaction() as session:
            opened = open_response(
                session, self.world.response_id, self.actor(session), Permission.RESPONSE_EDIT, lock=True
            )
            return save_answers(session, opened, [edit], idempotency_key=key)

    def actor(self, session: Any) -> Any:
        user = session.get_one(User, self.chance.choice([self.world.focal_point, self.world.contributor]))
        return actor_for(user, session.get_one(NationalResponse, self.world.response_id))

    def decide(self, result: SaveResult, turn: int) -> None:
        for attempt in range(1000):
            (conflict,) = result.conflicts
            self.storm.counts["conflicts"] += 1
            take = self.chance.choice(CHOICES)
            outcomes = {"theirs": conflict.with_theirs, "mine": conflict.with_mine, "both": conflict.with_both}
            outcome = outcomes[take] or conflict.with_theirs
            with self.database.transaction() as session:
                opened = open_response(
                    session, self.world.response_id, self.actor(session), Permission.RESPONSE_EDIT, lock=True
                )
                result = resolve_conflict(
                    session, opened, conflict.edit, take=take, shown=conflict.version,
                    idempotency_key=f"{self.number}-{turn}-{attempt}",
                )  # fmt: skip
            if not result.conflicts:
                self.storm.counts[take] += 1
                lost = (tokens(conflict.theirs.value) | tokens(conflict.mine.value)) - tokens(outcome.value)
                with self.guard:
                    self.storm.given_up |= lost
                return
        raise AssertionError("never decided")


def check(database: Database, world: World, storm: Storm) -> None:
    """Nothing that was acknowledged is missing: it stands, or somebody gave it up and the history has it."""
    with database.reading() as session:
        answers = {row.item_id: row.value for row in session.exec(select(Answer))}
        kept = {token for row in session.exec(select(Revision)) for token in tokens(row.value)}
        assert verify_chain(session, world.response_id) == []
    missing = {token for token, item_id in storm.acknowledged.items() if token not in tokens(answers[item_id])}
    assert missing <= storm.given_up
    assert set(storm.acknowledged) <= kept
    storm.counts.update(
        acknowledged=len(storm.acknowledged), standing=len(storm.acknowledged) - len(missing), given_up=len(missing)
    )


def test_a_storm_on_the_same_texts_loses_nothing(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
    storm = rage(database, world, writers=6, edits=12, seed=11, items=ITEMS[:2])
    check(database, world, storm)
    assert storm.counts["acknowledged"] == 72
    assert storm.counts["merged"] > 0
    assert storm.counts["conflicts"] > 0


@pytest.mark.prove
def test_a_long_storm_of_sixteen_people_on_four_texts(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
    storm = rage(database, world, writers=16, edits=60, seed=3, items=ITEMS)
    check(database, world, storm)
    name = database.engine.dialect.name
    print(f"\n{name}: " + ", ".join(f"{what} {count}" for what, count in sorted(storm.counts.items())) + ", lost 0")
