"""Changes against the round before: what differs and nothing else, in both rounds' own words, and only where both may be shown."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from sqlmodel import select

from exports.contract import read_contract
from exports.settings import ExportSettings
from exports.source import read_source
from exports.workbook import write_workbook
from instruments.catalog import DATA, load_instrument, read_document, sha256_of
from instruments.items.legal_references import LegalReference
from instruments.schema import Instrument, build_instrument
from instruments.values import Amount, Difficulties, GoodPractice, Narrative
from models.cycles import Cycle
from models.database import Database
from models.responses import NationalResponse, QuestionState
from models.states import ReportingState
from services.publishing import publish
from tests.builders import make_cycle, make_response, make_state
from tests.exports.builders import random_values, seal, sealed_document
from tests.exports.readback import Table, cover, read_by_calamine, row_counts, tables

INSTRUMENT = load_instrument()
Values = Mapping[str, Any]


def text(words: str) -> Narrative:
    return Narrative(text=words, language="en")


def changed_document() -> dict[str, Any]:
    """The next version of the questionnaire: one item is gone, one is new, one is of another type."""
    document = copy.deepcopy(read_document())
    document["structure"]["version"] = "99"
    question = next(
        question for section in document["structure"]["sections"] for question in section["questions"] if question["id"] == "op4"
    )  # fmt: skip
    new = {"id": "op4.further", "text": "common.narrative", "type": "narrative", "group": "narrative"}
    question["items"] = [*(entry for entry in question["items"] if entry["id"] != "op4.authority"), new]
    other = next(entry for entry in question["items"] if entry["id"] == "op4.attempt")
    other["type"] = "narrative"
    return document


@dataclass
class Rounds:
    """A round of reporting and the one after it, in a database."""

    database: Database
    before: str
    now: str

    def submit(self, cycle_id: str, state: str, values: Values, **given: Any) -> None:
        """A submission of the State in one of the rounds."""
        with self.database.transaction() as session:
            known = session.get(ReportingState, state) or make_state(session, state, f"Land {state}")
            cycle = session.get_one(Cycle, cycle_id)
            seal(session, make_response(session, cycle, known), values, **given)

    def close(self, cycle_id: str, question_id: str, state: str = "XAA") -> None:
        """A State closes a question of one of its rounds now."""
        with self.database.transaction() as session:
            response = session.exec(
                select(NationalResponse).where(
                    NationalResponse.cycle_id == cycle_id, NationalResponse.state_id == state
                )
            ).one()
            row = QuestionState(national_response_id=response.id, question_id=question_id, visibility="secretariat")
            session.add(row)

    def cells(self, language: str = "en", **settings: Any) -> dict[str, list[list[Any]]]:
        """The workbook of the second round; every sheet holds the rows that are due."""
        target = BytesIO()
        with read_source(self.database, self.now, ExportSettings(language=language, **settings)) as source:
            write_workbook(target, source, language)
        cells = read_by_calamine(target.getvalue())
        assert all(due == written for due, written in row_counts(cells).values())
        return cells

    def changes(self, language: str = "en", **settings: Any) -> Table | None:
        """The rows of the sheet, None without one."""
        return tables(self.cells(language, **settings)).get("Changes")


def make_rounds(database: Database, document: dict[str, Any] | None = None) -> Rounds:
    """Two rounds; the second of the shipped questionnaire or of this one."""
    with database.transaction() as session:
        before = make_cycle(session, title="First round", opens_at=datetime(2025, 1, 15, tzinfo=UTC))
        version = publish(session, document) if document else None
        given = {"instrument_version_id": version.id} if version else {}
        now = make_cycle(session, title="Second round", opens_at=datetime(2026, 1, 15, tzinfo=UTC), **given)
        return Rounds(database, before.id, now.id)


@pytest.fixture
def rounds(sqlite_database: Database) -> Rounds:
    return make_rounds(sqlite_database)


def test_each_kind_of_change_is_named_and_what_is_the_same_is_not_listed(database: Database) -> None:
    rounds = make_rounds(database)
    rounds.submit(rounds.before, "XAA", {
        "op4.status_practice": "partially_implemented", "op4.difficulties": Difficulties(text="No budget"),
        "op2.narrative": text("Begun"), "op13d.narrative": text("The same"), "op8.procedures": "no_information",
        "op17.national_budget": Amount(amount=Decimal(1000), currency="USD"),
    })  # fmt: skip
    rounds.submit(rounds.now, "XAA", {
        "op4.status_practice": "fully_implemented", "op5.status_practice": "not_implemented", "op13d.narrative": text("The same"),
        "op8.procedures": "no_information", "op17.national_budget": Amount(amount=Decimal(1000), currency="CHF"),
    })  # fmt: skip
    table = rounds.changes() or []
    found = {row["item_id"]: (row["change"], row["change_label"], row["before"], row["now"]) for row in table}
    due = {
        "op4.status_practice": ("changed", "Changed", "Partially implemented", "Fully implemented"),
        "op17.national_budget": ("changed", "Changed", "1000 USD", "1000 CHF"),
        "op5.status_practice": ("answered_now", "Answered now", "Not answered", "Not implemented"),
        "op2.narrative": ("not_answered_now", "Not answered now", "Begun", "Not answered"),
        "op4.difficulties": ("not_asked_now", "Not asked now", "Description of the difficulties: No budget", "Not asked"),
    }  # fmt: skip
    assert {item_id: found[item_id] for item_id in due} == due
    assert not {"op13d.narrative", "op8.procedures", "op2.status_practice", "op1.party"} & set(found)
    (row,) = (row for row in table if row["item_id"] == "op4.status_practice")
    assert (row["state_iso3"], row["state"], row["paragraph"], row["question_id"]) == ("XAA", "Land XAA", "4", "op4")
    with database.reading() as session:
        ids = {one.cycle_id: one.id for one in session.exec(select(NationalResponse))}
    assert row["response_id"] == ids[rounds.now]
    assert row["receipt_before"] == f"XAA-2026-{ids[rounds.before][:8]}-1"
    assert row["receipt_no"] == f"XAA-2026-{ids[rounds.now][:8]}-1"
    assert list(row) == read_contract()["sheets"]["Changes"]


def plain(value: Any) -> Any:
    """A sealed value without the ids of rows; a reference by the item it leads to."""
    if isinstance(value, dict):
        return {
            key: inner.partition("/")[0] if key == "refers_to" else plain(inner)
            for key, inner in value.items() if key != "row_id"
        }  # fmt: skip
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def test_of_any_two_submissions_the_items_that_differ_are_listed_once_each(rounds: Rounds) -> None:
    then = random_values(INSTRUMENT, random.Random(5), 0.5)
    now = {item_id: value for item_id, value in then.items() if random.Random(item_id).random() < 0.7}
    now |= random_values(INSTRUMENT, random.Random(6), 0.2)
    rounds.submit(rounds.before, "XAA", then)
    rounds.submit(rounds.now, "XAA", now)

    def state_of(document: dict[str, Any], item_id: str) -> Any:
        if item_id not in document["asked"]:
            return "not asked"
        answer = document["answers"].get(item_id)
        return "not answered" if answer is None else plain(answer["value"])

    documents = [sealed_document(INSTRUMENT, "XAA", values) for values in (then, now)]
    due = [
        item_id for item_id in INSTRUMENT.items if state_of(documents[0], item_id) != state_of(documents[1], item_id)
    ]
    assert [row["item_id"] for row in rounds.changes("ar") or [] if row["part_no"] == 1] == due
    assert len(due) > 100


def test_rows_that_are_numbered_anew_are_no_change_nor_is_a_reference_to_one_of_them(rounds: Rounds) -> None:
    def laws(first: str, second: str, title: str = "Act 12 of 2020") -> dict[str, Any]:
        return {
            "op4.status_practice": "fully_implemented", "op5.status_practice": "fully_implemented",
            "op4.laws": (LegalReference(row_id=first, title=title),),
            "op5.laws": (LegalReference(row_id=second, refers_to=f"op4.laws/{first}", articles="4"),),
        }  # fmt: skip

    rounds.submit(rounds.before, "XAA", laws("a1", "a2"))
    rounds.submit(rounds.now, "XAA", laws("b1", "b2"))
    assert rounds.changes() == []


def test_items_that_only_one_version_has_or_that_are_of_another_type_are_told_apart(sqlite_database: Database) -> None:
    document = changed_document()
    following: Instrument = build_instrument(document, sha256_of(document))
    rounds = make_rounds(sqlite_database, document)
    rounds.submit(rounds.before, "XAA", {"op4.authority": text("The ministry"), "op4.attempt": "yes"})
    rounds.submit(
        rounds.now, "XAA", {"op4.further": text("More"), "op4.attempt": text("In part")}, instrument=following
    )
    # This State answered none of the three.
    rounds.submit(rounds.before, "XAB", {})
    rounds.submit(rounds.now, "XAB", {}, instrument=following)
    assert [
        (row["state_iso3"], row["item_id"], row["change"], row["before"], row["now"], row["paragraph"])
        for row in rounds.changes() or []
    ] == [
        ("XAA", "op4.further", "item_new", "", "More", "4"), ("XAA", "op4.attempt", "item_changed", "Yes", "In part", "4"),
        ("XAA", "op4.authority", "item_dropped", "The ministry", "", "4"),
    ]  # fmt: skip


def test_a_state_that_did_not_submit_before_has_no_row(rounds: Rounds) -> None:
    with rounds.database.transaction() as session:
        make_response(session, session.get_one(Cycle, rounds.before), make_state(session, "XAA"))
    rounds.submit(rounds.now, "XAA", {"op4.narrative": text("New")})
    rounds.submit(rounds.before, "XAB", {"op4.narrative": text("Only then")})
    assert rounds.changes() == []


def test_the_round_before_is_the_last_one_of_the_same_questionnaire(database: Database) -> None:
    rounds = make_rounds(database)
    first = Rounds(database, rounds.now, rounds.before).cells()
    assert "Changes" not in first and "previous_cycle_title" not in cover(first)
    assert cover(rounds.cells())["previous_cycle_title"] == "First round"
    with database.transaction() as session:
        sample = publish(session, read_document(DATA / "sample-follow-up" / "1"))
        make_cycle(session, opens_at=datetime(2025, 6, 1, tzinfo=UTC), instrument_version_id=sample.id)
        make_cycle(session, opens_at=datetime(2020, 1, 1, tzinfo=UTC))
        third = make_cycle(session, opens_at=datetime(2027, 1, 1, tzinfo=UTC)).id
    for cycle_id, before in ((rounds.now, rounds.before), (third, rounds.now)):
        with read_source(database, cycle_id) as source:
            assert source.previous is not None
            assert source.previous.cycle.id == before


@pytest.mark.parametrize("preset", ["reviewers", "public"])
def test_what_either_round_does_not_show_today_is_not_compared_in_a_shared_file(rounds: Rounds, preset: str) -> None:
    states = ("XAA",) if preset == "reviewers" else ()
    shown = dict.fromkeys(("op4", "op5", "op9"), "public")
    then, now = (
        {f"{question}.narrative": text(f"{word} {question}") for question in ("op4", "op5", "op9", "op13d")}
        for word in ("Then", "Now")
    )  # fmt: skip
    rounds.submit(rounds.before, "XAA", then, visibility={**shown, "op13d": "public"})
    rounds.submit(rounds.now, "XAA", now, visibility=shown)

    def items() -> list[str]:
        return [row["item_id"] for row in rounds.changes(preset=preset, states=states) or []]

    assert items() == ["op4.narrative", "op5.narrative", "op9.narrative"]
    rounds.close(rounds.before, "op4")
    rounds.close(rounds.now, "op9")
    assert items() == ["op5.narrative"]
    assert len(rounds.changes() or []) == 4


def test_an_item_that_is_gone_or_new_is_not_told_where_the_other_round_does_not_show_its_paragraph(
    sqlite_database: Database,
) -> None:
    document = changed_document()
    rounds = make_rounds(sqlite_database, document)
    following = build_instrument(document, sha256_of(document))
    open_ = {"op4": "public", "op5": "public"}
    for state in ("XAA", "XAB"):
        rounds.submit(rounds.before, state, {"op4.authority": text("The ministry")}, visibility=open_)
        rounds.submit(rounds.now, state, {"op4.further": text("More")}, instrument=following, visibility=open_)
    told = {"XAA": ["item_new", "item_dropped"], "XAB": ["item_new", "item_dropped"]}

    def changes() -> dict[str, list[str]]:
        rows = rounds.changes(preset="public") or []
        return {code: [row["change"] for row in rows if row["state_iso3"] == code] for code in told}

    assert changes() == told
    # Closed now what an item came into; closed then what an item went out of.
    rounds.close(rounds.before, "op4", "XAA")
    assert changes() == told | {"XAA": []}
    rounds.close(rounds.now, "op4", "XAB")
    assert changes() == {"XAA": [], "XAB": []}


def test_a_practice_without_consent_is_in_neither_column_of_a_shared_file(rounds: Rounds) -> None:
    open_ = {"op4": "public"}
    rounds.submit(rounds.before, "XAA", {"op4.practice": GoodPractice(text="SECRET guide")}, visibility=open_)
    rounds.submit(rounds.now, "XAA", {"op4.practice": GoodPractice(text="A guide", consent=True)}, visibility=open_)
    (row,) = rounds.changes(preset="public") or []
    consent = "This practice may be shared with other States"
    assert (row["before"], row["now"]) == (f"{consent}: Not to be shared", f"A guide\n{consent}: May be shared")
    (row,) = rounds.changes() or []
    assert "SECRET guide" in row["before"]


@pytest.mark.parametrize(
    ("then", "now"), [("then " * 20_000, "now " * 9_000), ("then", "now " * 25_000)], ids=["then", "now"]
)
def test_a_text_longer_than_a_cell_goes_on_in_the_next_rows(rounds: Rounds, then: str, now: str) -> None:
    rounds.submit(rounds.before, "XAA", {"op4.narrative": text(then)})
    rounds.submit(rounds.now, "XAA", {"op4.narrative": text(now)})
    rows = rounds.changes() or []
    assert [(row["part_no"], row["part_of"], row["change"]) for row in rows] == [
        (one, 4, "changed") for one in (1, 2, 3, 4)
    ]
    assert "".join(row["before"] for row in rows) == then
    assert "".join(row["now"] for row in rows) == now
