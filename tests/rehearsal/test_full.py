"""Full responses, for measuring: everything that is asked is answered, on both databases."""

from __future__ import annotations

import json

from sqlmodel import select

from models.database import Database
from models.states import ReportingState
from models.submissions import Submission
from rehearsal import full_responses
from rehearsal.full import _add_state
from rehearsal.seeding import check_rehearsal, is_extra
from services.chain import verify_chain


def test_every_item_that_is_asked_is_answered(database: Database) -> None:
    told: list[tuple[int, int]] = []
    full_responses(database, 3, progress=lambda done, total: told.append((done, total)))
    with database.reading() as session:
        submissions = session.exec(select(Submission)).all()
        assert len(submissions) == 3
        for submission in submissions:
            document = json.loads(submission.document)
            assert len(document["asked"]) > 250
            assert set(document["answers"]) == set(document["asked"])
            assert verify_chain(session, submission.national_response_id) == []
    assert told == [(3, 3)]


def test_a_second_cycle_can_be_added(sqlite_database: Database) -> None:
    assert full_responses(sqlite_database, 1) != full_responses(sqlite_database, 1)


def test_states_beyond_the_table_are_fictitious_too(sqlite_database: Database) -> None:
    full_responses(sqlite_database, 0)
    with sqlite_database.transaction() as session:
        codes = [_add_state(session, number) for number in (0, 25, 26, 40)]
        check_rehearsal(session)
        assert session.get_one(ReportingState, codes[3]).names["en"] == "Rehearsal State 41"
    assert codes == ["QMA", "QMZ", "QNA", "QNO"]
    assert not is_extra("QAT")
