"""Many States at once for tests of the secretariat: focal points, drafts, sealed submissions with chosen answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from instruments.catalog import canonical_json, load_instrument, sha256_of
from instruments.routing import asked_item_ids
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import User
from models.responses import NationalResponse
from models.states import REGIONS
from models.submissions import Submission
from services.permissions import Actor
from tests.builders import actor_for, make_cycle, make_member, make_response, make_state, make_user


def code_of(number: int) -> str:
    """A user-assigned code for the nth invented State."""
    return f"X{chr(65 + number // 26)}{chr(65 + number % 26)}"


def seal(
    session: Session, response: NationalResponse, values: Mapping[str, Any], user: User, **given: Any
) -> Submission:
    """A submission with these values, as `submit` would store it but without a signature, and the response marked submitted."""
    instrument = load_instrument()
    asked = _asked(canonical_json(dict(values)))
    document = {
        "asked": [item_id for item_id in instrument.items if item_id in asked],
        "answers": {item_id: {"version": 1, "value": value} for item_id, value in values.items() if item_id in asked},
        "visibility": dict.fromkeys(instrument.questions, "secretariat"), "findings": [], "state": response.state_id,
    }  # fmt: skip
    text = canonical_json(document)
    round_ = given.pop("round", 1)
    shown = given.pop("number", f"{response.state_id}-{round_}")
    submission = Submission(
        number=shown, national_response_id=response.id, round=round_, document=text,
        sha256=sha256_of(json.loads(text)), receipt="{}", signature="", key_id="", seq=1, head_hash="",
        declared_name="Maria Ilves", declared_title="Head of unit", submitted_by=user.id or 0, **given,
    )  # fmt: skip
    session.add(submission)
    response.clearance, response.started_at = "submitted", utc_now()
    response.last_activity_at = utc_now()
    session.add(response)
    session.flush()
    return submission


def make_states(session: Session, count: int, values: Mapping[str, Any]) -> tuple[Cycle, User]:
    """A cycle with `count` States, each with a focal point and a submission with these values; the cycle and an officer."""
    cycle = make_cycle(session)
    for number in range(count):
        region = REGIONS[number % len(REGIONS)]
        state = make_state(session, code_of(number), f"State {code_of(number)}", region=region)
        response = make_response(session, cycle, state, asked=86)
        user = make_user(session, f"focal{number}@ministry.example")
        make_member(session, user, response)
        seal(session, response, values, user)
    return cycle, make_user(session, "officer@secretariat.example", officer=True)


def officer_actor(user: User) -> Actor:
    """The officer as services see them."""
    return actor_for(user, officer=True)


@lru_cache
def _asked(values: str) -> frozenset[str]:
    instrument = load_instrument()
    typed = {item_id: instrument.items[item_id].load(value) for item_id, value in json.loads(values).items()}
    return asked_item_ids(instrument, typed, {"party_status": "unknown", "kind": "member_state"})


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL statements that run inside the block."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
