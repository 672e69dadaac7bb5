"""Where States stand and what they submitted: order says nothing, three blanks are three, drafts count for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from instruments.catalog import load_instrument
from instruments.values import Chosen
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.people import Invitation, User
from models.queries import list_latest_seals
from models.responses import QuestionState
from models.states import ReportingState
from models.submissions import ResponseReturn, Submission
from services.instruments import get_instrument
from services.paragraphs import ParagraphView, is_scale, read_headlines, read_paragraph, read_submitted
from services.secretariat import Board, Filter, matches, read_board
from tests.builders import make_cycle, make_member, make_response, make_state, make_user
from tests.secretariat_world import make_states, seal, statements

NARRATIVE = {"text": "What we did.", "language": "fr"}


def board_of(session: Session, cycle: Cycle, language: str = "en") -> Board:
    return read_board(session, cycle, language)


def names(board: Board, shown: Filter | None = None) -> list[tuple[str, list[str]]]:
    groups = board.by_region(shown or Filter())
    return [(region, [entry.name for entry in entries]) for region, entries in groups]


def test_states_stand_by_region_then_by_name_in_the_language_of_the_page(database: Database) -> None:
    with database.transaction() as session:
        cycle = make_cycle(session)
        for code, region, english, arabic in (
            ("XAA", "african", "Zembla", "الأردان"), ("XAB", "african", "Épsilon", "أرمينا"),
            ("XAC", "african", "Eastland", "أرجنتان"), ("XAD", "weog", "Aland", "بلد"),
        ):  # fmt: skip
            state = make_state(session, code, region=region, names={"en": english, "ar": arabic})
            make_response(session, cycle, state, answered=40 if code == "XAA" else 0, started_at=utc_now())
        assert names(board_of(session, cycle)) == [("african", ["Eastland", "Épsilon", "Zembla"]), ("weog", ["Aland"])]
        # The article counts for nothing in Arabic lists.
        assert names(board_of(session, cycle, "ar"))[0] == ("african", ["أرجنتان", "الأردان", "أرمينا"])


def test_stages_flags_and_coverage(database: Database) -> None:
    with database.transaction() as session:
        cycle = make_cycle(session, deadline=utc_now() - timedelta(days=1))
        rows = {
            code: make_response(session, cycle, make_state(session, code, code, region="grulac"))
            for code in ("XAA", "XAB", "XAC", "XAD", "XAE", "XAF")
        }
        user = make_user(session)
        make_member(session, user, rows["XAA"])
        rows["XAB"].started_at = utc_now()
        rows["XAB"].extended_deadline = utc_now() + timedelta(days=9)
        rows["XAC"].started_at = utc_now()
        for question_id in load_instrument().questions:
            session.add(QuestionState(national_response_id=rows["XAC"].id, question_id=question_id, ready=True))
        seal(session, rows["XAD"], {}, user)
        rows["XAD"].reopen_requested_at = utc_now()
        seal(session, rows["XAE"], {}, user)
        seal(session, rows["XAF"], {}, user)
        for code, kinds in (("XAE", ["reopened", "returned", "declined"]), ("XAF", ["returned", "reopened"])):
            rows[code].clearance = "returned"
            for hour, kind in enumerate(kinds):
                session.add(ResponseReturn(
                    national_response_id=rows[code].id, kind=kind, reason="r", question_ids=[], by=user.id or 0,
                    at=utc_now() + timedelta(hours=hour),
                ))  # fmt: skip
        for code, days in (("XAB", 3), ("XAC", -3)):
            session.add(Invitation(
                token_hash=code, email=f"{code}@ministry.example", role="focal_point", state_id=code, cycle_id=cycle.id,
                expires_at=utc_now() + timedelta(days=days),
            ))  # fmt: skip
        session.flush()
        board = board_of(session, cycle)
        found = {entry.state.id: (entry.stage, set(entry.flags), entry.focal_point) for entry in board.standings}
        assert found == {
            "XAA": ("not_started", {"late"}, "active"),
            "XAB": ("in_progress", {"extended", "no_focal_point"}, "invited"),
            "XAC": ("ready", {"late", "no_focal_point"}, "expired"),
            "XAD": ("submitted", {"reopening", "no_focal_point"}, "none"),
            "XAE": ("returned", {"late", "no_focal_point"}, "none"),
            "XAF": ("reopened", {"late", "no_focal_point"}, "none"),
        }  # fmt: skip
        assert board.total.total == 6
        assert set(board.total.by_stage.values()) == {1}
        # What was submitted stands while the response is with its State again; the paragraphs count the same States.
        assert board.total.standing == 3 == len(list_latest_seals(session, cycle.id))
        assert {entry.state.id for entry in board.standings if entry.has_submission} == {"XAD", "XAE", "XAF"}
        assert board.invited == 1
        assert board.total.drafting == 2
        assert names(board, Filter(stage="in_progress")) == [("grulac", ["XAB", "XAC"])]
        assert [entry.region for entry in board.coverage] == ["grulac"]
        assert names(board, Filter(stage="ready")) == [("grulac", ["XAC"])]
        assert names(board, Filter(flag="late", region="grulac")) == [("grulac", ["XAA", "XAC", "XAE", "XAF"])]
        assert names(board, Filter(region="weog")) == []
        assert not Filter().is_set


@pytest.mark.parametrize(
    ("words", "found"),
    [("", True), ("xaa", True), ("cote", True), ("d’em", True), ("CÔTE", True), ("ساحل", True), ("海岸", True),
     ("берег", True), ("coast of", False), ("XAB", False), ("coast emerald", True), ("coast costa", False)],
)  # fmt: skip
def test_a_state_is_found_by_any_of_its_names(words: str, found: bool) -> None:
    state = ReportingState(id="XAA", kind="member_state", region="african", names={
        "en": "Emerald Coast", "fr": "Côte d’Émeraude", "ar": "الساحل", "zh": "海岸", "ru": "Берег", "es": "Costa",
    })  # fmt: skip
    assert matches(state, words) is found


def paragraph(session: Session, cycle: Cycle, question_id: str, **given: object) -> ParagraphView:
    instrument = load_instrument()
    values = {"region": "", "code": "", "page": 1, **given}
    return read_paragraph(
        session, board_of(session, cycle), instrument.questions[question_id], instrument, **values,  # type: ignore[arg-type]
    )  # fmt: skip


def test_distribution_counts_answers_and_the_two_blanks_apart(database: Database) -> None:
    with database.transaction() as session:
        cycle = make_cycle(session)
        user = make_user(session)
        told: dict[str, dict[str, Any]] = {
            "XAA": {"op13d.status_practice": "fully_implemented", "op13d.allocation": "considered_adopted",
                    "op13d.narrative": NARRATIVE},
            "XAB": {"op13d.status_practice": "no_information"},
            "XAC": {"op13d.status_law": "not_implemented"},
        }  # fmt: skip
        for code, values in told.items():
            seal(session, make_response(session, cycle, make_state(session, code, code)), values, user)
        # A draft, with answers of its own, counts for nothing.
        make_response(session, cycle, make_state(session, "XAD", "XAD"), started_at=utc_now(), answered=5)
        view = paragraph(session, cycle, "op13d")
        assert view.submitted == 3
        totals = {entry.item.id: entry.total for entry in view.distributions}
        practice, law, allocation = (
            totals[f"op13d.{name}"] for name in ("status_practice", "status_law", "allocation")
        )
        # The headline stands first.
        assert next(iter(totals)) == "op13d.status_practice"
        assert (practice.codes, practice.not_answered, practice.not_asked) == (
            {"fully_implemented": 1, "no_information": 1}, 1, 0,
        )  # fmt: skip
        assert (law.codes, law.not_answered) == ({"not_implemented": 1}, 2)
        assert allocation.codes == {"considered_adopted": 1}
        assert [(passage.standing.state.id, passage.headline, passage.texts[0].language) for passage in view.passages] == [
            ("XAA", "fully_implemented", "fr")
        ]  # fmt: skip


def test_every_closed_item_is_counted_and_several_answers_of_one_state_are_several(database: Database) -> None:
    instrument = load_instrument()
    closed = [
        item
        for item in instrument.items.values()
        if item.boxes() is not None and not is_scale(item) and not item.asked_if
    ]
    one = next(item for item in closed if item.value_type is str)
    several = next(item for item in closed if item.value_type is Chosen)
    described = instrument.items["op4.difficulties"]
    kind = described.choice_lists()[0].codes[0]
    first, second = list(several.choice_lists()[0].codes)[:2]
    with database.transaction() as session:
        cycle, user = make_cycle(session), make_user(session)
        given: dict[str, dict[str, Any]] = {
            "XAA": {one.id: one.choice_lists()[0].codes[0], several.id: {"codes": [first, second], "other": ""}},
            "XAB": {
                several.id: {"codes": [first], "other": ""}, "op4.status_practice": "not_implemented",
                described.id: {"chosen": {"codes": [kind], "other": ""}, "text": "Why."},
            },
        }  # fmt: skip
        for code, values in given.items():
            seal(session, make_response(session, cycle, make_state(session, code, code)), values, user)
        for item, codes, asked in (
            (one, {one.choice_lists()[0].codes[0]: 1}, 2), (several, {first: 2, second: 1}, 2), (described, {kind: 1}, 1),
        ):  # fmt: skip
            view = paragraph(session, cycle, item.question_id)
            total = {entry.item.id: entry.total for entry in view.closed}[item.id]
            assert (total.codes, total.asked, total.states) == (codes, asked, 2)


def test_what_is_not_asked_is_counted_as_not_asked(database: Database) -> None:
    with database.transaction() as session:
        cycle, _officer = make_states(session, 1, {"op13d.status_practice": "not_implemented"})
        assert cycle.id
        instrument = load_instrument()
        submission = session.exec(select(Submission)).first()
        assert submission is not None
        submitted = read_submitted(submission.document, instrument)
        question = instrument.questions["op13d"]
        assert "op13d.laws" in [item.id for item in submitted.not_asked(question)]
        assert "op13d.narrative" in [item.id for item in submitted.not_answered(question)]
        assert submitted.values == {"op13d.status_practice": "not_implemented"}


def test_the_newest_submission_counts_and_a_returned_one_stays(database: Database) -> None:
    with database.transaction() as session:
        cycle = make_cycle(session)
        user = make_user(session)
        response = make_response(session, cycle, make_state(session))
        seal(session, response, {"op4.status_practice": "not_implemented"}, user)
        seal(session, response, {"op4.status_practice": "partially_implemented"}, user, round=2)
        response.clearance = "returned"
        session.add(response)
        session.flush()
        view = paragraph(session, cycle, "op4")
        assert view.distributions[0].total.codes == {"partially_implemented": 1}
        tallies, submitted = read_headlines(session, cycle, load_instrument())
        assert submitted == 1
        assert tallies["op4"].codes == {"partially_implemented": 1}
        assert "op1" not in tallies


def test_narratives_come_twenty_at_a_time_by_region_and_name(database: Database) -> None:
    with database.transaction() as session:
        cycle, _officer = make_states(
            session, 45, {"op4.status_practice": "not_implemented", "op4.narrative": NARRATIVE}
        )
        first, last = paragraph(session, cycle, "op4"), paragraph(session, cycle, "op4", page=99)
        assert (len(first.passages), len(last.passages), last.page, last.pages, last.passage_count) == (20, 5, 3, 3, 45)
        assert [passage.standing.state.region for passage in first.passages[:8]] == ["african"] * 8
        assert paragraph(session, cycle, "op4", region="weog").submitted == 7
        assert paragraph(session, cycle, "op4", code="fully_implemented").passages == []
        assert paragraph(session, cycle, "op4", code="not_implemented", region="weog").passage_count == 7


def test_statements_do_not_grow_with_the_number_of_states(database: Database) -> None:
    values = {"op4.status_practice": "not_implemented", "op4.narrative": NARRATIVE}
    counts = []
    for number in (3, 193):
        with database.transaction() as session:
            cycle, _officer = _more_states(session, number, values)
            cycle_id = cycle.id
            get_instrument(session, cycle.instrument_version_id)
        with database.reading() as session, statements(database) as found:
            paragraph(session, session.get_one(Cycle, cycle_id), "op4")
            read_headlines(session, session.get_one(Cycle, cycle_id), load_instrument())
        counts.append(len(found))
    assert counts[0] == counts[1]


def _more_states(session: Session, count: int, values: Mapping[str, Any]) -> tuple[Cycle, User]:
    """The States again, in a cycle of their own."""
    cycle = make_cycle(session)
    user = make_user(session)
    for number in range(count):
        code = f"Z{number:03d}"[-3:]
        state = session.get(ReportingState, code) or make_state(session, code, f"State {number}")
        seal(session, make_response(session, cycle, state), values, user, number=f"{cycle.id}-{number}")
    return cycle, user
