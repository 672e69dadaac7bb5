"""A process that saves answers as fast as it can until it is killed: `python -m tests.services.saving_process URL RESPONSE USER ROUND`.

It says on standard output what it begins (`S` and the edit) and what was acknowledged (`A` and the key); on standard input it
gets the edits whose answer was lost with the process before, and sends them again with the same key and base.
"""

from __future__ import annotations

import json
import os
import sys
import threading

from models.database import Database
from models.people import User
from models.responses import Answer, NationalResponse
from services.answers import Edit, save_answers
from services.permissions import Permission
from services.responses import open_response
from tests.builders import actor_for

ITEMS = tuple(f"op{number}.narrative" for number in (4, 5, 7, 8, 10, 11))


def say(kind: str, text: str) -> None:
    """One line, written at once: lines of several threads do not mix."""
    os.write(1, f"{kind} {text}\n".encode())


def save(database: Database, response_id: str, user_id: int, key: str, item_id: str, base: int) -> int:
    """Save one text; the new version. Raises AssertionError when it is refused."""
    with database.transaction() as session:
        actor = actor_for(session.get_one(User, user_id), session.get_one(NationalResponse, response_id))
        opened = open_response(session, response_id, actor, Permission.RESPONSE_EDIT, lock=True)
        result = save_answers(
            session, opened, [Edit(item_id, base, {"text": key, "language": "en"})], idempotency_key=key
        )
    assert not result.conflicts, key
    return result.versions[item_id]


def main() -> None:
    """Send again what was lost, then save without end."""
    url, response_id, user, round_ = sys.argv[1:]
    database, user_id = Database(url, threads=len(ITEMS)), int(user)
    for line in sys.stdin:
        lost = json.loads(line)
        save(database, response_id, user_id, lost["key"], lost["item"], lost["base"])
        say("A", lost["key"])

    def work(item_id: str) -> None:
        with database.reading() as session:
            answer = session.get(Answer, (response_id, item_id))
            version = answer.version if answer else 0
        number = 0
        while True:
            key = f"{round_}-{item_id}-{number}"
            say("S", json.dumps({"key": key, "item": item_id, "base": version}))
            version = save(database, response_id, user_id, key, item_id, version)
            say("A", key)
            number += 1

    for item_id in ITEMS:
        threading.Thread(target=work, args=(item_id,)).start()


if __name__ == "__main__":
    main()
