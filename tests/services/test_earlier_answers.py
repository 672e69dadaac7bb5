"""Answers of an earlier round: offered, never counted until taken over, through a version of the questionnaire that has changed."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from instruments.catalog import read_document
from instruments.items.legal_references import LegalReference
from instruments.values import Amount, EvidenceReference, Narrative
from instruments.values import Statistics as Figures
from models.database import Database
from models.people import User
from models.responses import NationalResponse, Revision
from models.submissions import Submission
from services.chain import verify_chain
from services.earlier_answers import AlteredSubmission, carried, find_earlier, is_same, take_over
from services.permissions import Permission
from services.publishing import publish
from services.responses import OpenResponse, open_response
from tests.builders import actor_for, answer, make_cycle, make_response, make_state, make_user
from tests.exports.builders import SEALED_AT, seal

LAW = LegalReference(row_id="aa11", title="Act 12", number="12/2020", in_force_since=date(2020, 5, 1))
FILE = EvidenceReference(row_id="f1", name="act.pdf", media_type="application/pdf", size=3, sha256="ab")


def text(words: str) -> Narrative:
    return Narrative(text=words, language="en")


BEFORE: dict[str, Any] = {
    "op4.status_practice": "partially_implemented", "op4.narrative": text("Begun in 2024"), "op4.laws": (LAW,),
    "op4.attempt": "yes", "op4.evidence": (FILE,), "op4.authority": text("Ministry of Justice"),
    "op13d.status_practice": "partially_implemented",
    "op13d.laws": (LAW.model_copy(update={"row_id": "bb22", "refers_to": "op4.laws/aa11", "articles": "Art. 3"}),),
}  # fmt: skip


def next_version() -> dict[str, Any]:
    """The next version of the questionnaire: one item has another id, one is gone, one is of another type."""
    document = copy.deepcopy(read_document())
    document["structure"]["version"] = "99"
    questions = [question for section in document["structure"]["sections"] for question in section["questions"]]
    (question,) = (one for one in questions if one["id"] == "op4")
    items = {item["id"]: item for item in question["items"]}
    items["op4.narrative"]["id"] = "op4.account"
    items["op4.attempt"] |= {"type": "narrative"}
    items["op4.attempt"].pop("list", None)
    question["items"] = [item for item in question["items"] if item["id"] != "op4.authority"]
    document["renamed"] = {"op4.narrative": "op4.account"}
    return document


@dataclass
class Rounds:
    """A round that the State submitted in, and the one after it."""

    response_id: str
    before_id: str
    user: User

    def open(self, session: Session, *, lock: bool = True) -> OpenResponse:
        response = session.get_one(NationalResponse, self.response_id)
        actor = actor_for(session.get_one(User, self.user.id), response)
        return open_response(session, self.response_id, actor, Permission.RESPONSE_EDIT, lock=lock)


def make_rounds(
    session: Session, document: dict[str, Any] | None = None, values: dict[str, Any] | None = None
) -> Rounds:
    before = make_cycle(session, title="Round of 2025", opens_at=datetime(2025, 1, 15, tzinfo=UTC))
    given = {"instrument_version_id": publish(session, document).id} if document else {}
    now = make_cycle(session, title="Round of 2026", opens_at=datetime(2026, 1, 15, tzinfo=UTC), **given)
    state, other = make_state(session, "XAA", "Aldovia"), make_state(session, "XAB", "Borduria")
    user = make_user(session)
    earlier = make_response(session, before, state)
    seal(session, earlier, BEFORE if values is None else values, user_id=user.id)
    seal(session, make_response(session, before, other), {"op4.narrative": text("BORDURIA")}, user_id=user.id)
    make_response(session, now, other)
    return Rounds(make_response(session, now, state).id, earlier.id, user)


def take(session: Session, rounds: Rounds, *item_ids: str, bases: dict[str, int] | None = None) -> Any:
    opened = rounds.open(session)
    found = find_earlier(session, opened)
    assert found is not None
    values = {one: found.answers[one] for one in item_ids or found.answers}
    return take_over(session, opened, values, bases=bases or {}, idempotency_key=f"k{opened.response.seq}")


def test_what_is_offered_counts_nowhere_until_it_is_taken_over(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        opened = rounds.open(session)
        found = find_earlier(session, opened)
        assert found is not None
        assert (found.cycle_title, found.submitted_at.date()) == ("Round of 2025", SEALED_AT.date())
        assert found.answers["op4.narrative"] == text("Begun in 2024")
        assert opened.total_progress().answered == 0
        assert opened.values == {}
        take(session, rounds, "op4.status_practice", "op4.narrative")
        opened = rounds.open(session)
        assert set(opened.values) == {"op4.status_practice", "op4.narrative"}
        assert opened.response.answered == opened.total_progress().answered > 0
        revisions = session.exec(select(Revision)).all()
        assert {revision.channel for revision in revisions} == {"import"}
        assert {revision.actor_id for revision in revisions} == {rounds.user.id}
        assert verify_chain(session, rounds.response_id) == []


def test_a_renamed_item_is_followed_and_what_cannot_be_taken_is_listed_with_its_reason(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session, next_version())
        found = find_earlier(session, rounds.open(session))
        assert found is not None
        assert found.answers["op4.account"] == text("Begun in 2024")
        assert "op4.narrative" not in found.answers
        assert {(entry.item.id, entry.reason) for entry in found.left} == {
            ("op4.attempt", "type"), ("op4.authority", "dropped"), ("op4.evidence", "files"),
        }  # fmt: skip
        take(session, rounds)
        assert rounds.open(session).values["op4.account"] == text("Begun in 2024")


def test_a_choice_that_is_gone_and_a_unit_that_changed_are_not_taken_over(database: Database) -> None:
    document = next_version()
    lists = document["structure"]["lists"]
    used = next(
        item["list"] for section in document["structure"]["sections"] for question in section["questions"]
        for item in question["items"] if item["id"] == "op1.party"
    )  # fmt: skip
    lists[used]["codes"] = [code for code in lists[used]["codes"] if code != "not_party"]
    with database.transaction() as session:
        rounds = make_rounds(session, document, {"op1.party": "not_party", "op4.status_practice": "not_implemented"})
        found = find_earlier(session, rounds.open(session))
        assert found is not None
        assert [(entry.item.id, entry.reason) for entry in found.left] == [("op1.party", "choices")]
        assert list(found.answers) == ["op4.status_practice"]


def test_only_what_is_blank_is_taken_over_and_a_replacement_is_compared_and_set(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        actor = rounds.open(session).actor
        answer(session, actor, rounds.response_id, {"op4.narrative": text("Mine")})
        take(session, rounds)
        opened = rounds.open(session)
        assert opened.values["op4.narrative"] == text("Mine")
        assert opened.values["op4.status_practice"] == "partially_implemented"
        stale = take(session, rounds, "op4.narrative", bases={"op4.narrative": 0})
        assert [conflict.item_id for conflict in stale.conflicts] == ["op4.narrative"]
        assert rounds.open(session).values["op4.narrative"] == text("Mine")
        take(session, rounds, "op4.narrative", bases={"op4.narrative": 1})
        assert rounds.open(session).values["op4.narrative"] == text("Begun in 2024")
        history = session.exec(select(Revision.value).where(Revision.item_id == "op4.narrative")).all()
        assert {"text": "Mine", "language": "en"} in history


def test_an_answer_that_was_cleared_in_this_round_is_blank_again(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        actor = rounds.open(session).actor
        answer(session, actor, rounds.response_id, {"op4.narrative": text("Mine")})
        answer(session, actor, rounds.response_id, {"op4.narrative": None})
        assert take(session, rounds, "op4.narrative").versions == {"op4.narrative": 3}


def test_what_is_not_asked_is_not_taken_over_alone_but_with_what_opens_it(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        closed = [item_id for item_id in BEFORE if item_id not in rounds.open(session).asked]
        assert "op4.laws" in closed or "op13d.laws" in closed
        assert take(session, rounds, closed[0]).versions == {}
        take(session, rounds)
        assert closed[0] in rounds.open(session).values


def test_a_reference_stays_one_where_its_entry_comes_along_and_else_stands_for_itself(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        sealed = dict(BEFORE["op13d.laws"][0])
        opened = rounds.open(session)
        (alone,) = carried(opened, {"op13d.laws": (LegalReference(**{**dict(LAW), **sealed, "title": "Act 12"}),)})[
            "op13d.laws"
        ]
        assert (alone.refers_to, alone.title, alone.articles) == (None, "Act 12", "Art. 3")
        take(session, rounds)
        opened = rounds.open(session)
        (row,) = opened.stored_values["op13d.laws"]
        assert (row.refers_to, row.title, row.articles) == ("op4.laws/aa11", None, "Art. 3")
        (shown,) = opened.values["op13d.laws"]
        assert (shown.title, shown.number) == ("Act 12", "12/2020")


def test_the_source_of_figures_follows_the_same_rule() -> None:
    from instruments.catalog import load_instrument

    tables = [item for item in load_instrument().items.values() if item.item_type == "statistics"][:2]
    named, using = tables
    own = Figures(cells={}, source="Register of the police")
    shared = Figures(cells={}, source="Register of the police", source_from=named.id)
    assert using.carry(shared, {named.id: own}, {}) == Figures(cells={}, source_from=named.id)
    assert using.carry(shared, {}, {}) == Figures(cells={}, source="Register of the police")
    old = Figures(cells={}, source="Register of the police", source_from="op5.old")
    assert using.carry(old, {named.id: own}, {"op5.old": named.id}).source_from == named.id


def test_a_round_that_the_state_left_out_is_passed_over_and_another_states_is_never_read(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        between = make_cycle(session, title="Left out", opens_at=datetime(2025, 6, 15, tzinfo=UTC))
        found = find_earlier(session, rounds.open(session))
        assert found is not None and found.cycle_title == "Round of 2025"
        assert "BORDURIA" not in str(found.answers)
        newcomer = make_state(session, "XAC", "Syldavia")
        response = make_response(session, between, newcomer)
        actor = actor_for(make_user(session), response)
        opened = open_response(session, response.id, actor, Permission.RESPONSE_READ)
        assert find_earlier(session, opened) is None


def test_a_submission_that_was_altered_is_not_offered(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        for submission in session.exec(select(Submission)):
            submission.document = submission.document.replace("Begun", "Ended")
            session.add(submission)
        session.flush()
        with pytest.raises(AlteredSubmission, match="XAA-2026"):
            find_earlier(session, rounds.open(session))


def test_a_submitted_response_takes_nothing_over_and_no_empty_note_is_kept(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session)
        session.get_one(NationalResponse, rounds.response_id).clearance = "submitted"
        result = take(session, rounds)
        assert (result.locked, result.versions, result.late_notes) == (True, {}, ())


def test_taking_over_twice_changes_nothing_the_second_time(database: Database) -> None:
    with database.transaction() as session:
        rounds = make_rounds(session, values={"op17.national_budget": Amount(amount=Decimal("1.50"), currency="USD")})
        assert take(session, rounds).versions == {"op17.national_budget": 1}
        assert take(session, rounds).versions == {}
        opened = rounds.open(session)
        assert is_same(opened, "op17.national_budget", Amount(amount=Decimal("1.50"), currency="USD"))
