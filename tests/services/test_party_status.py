"""Party status: set with source and date, imported with a preview; progress follows; nothing is lost."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from models.audit import AuditEvent
from models.database import Database
from models.people import User
from models.responses import NationalResponse
from models.states import ReportingState
from services.cycles import create_cycle
from services.party_status import (
    PartyFact,
    check_fact,
    import_party_statuses,
    plan_import,
    remaining_text,
    set_party_status,
)
from services.pasted import UnreadableList, decode_list, read_day, read_list
from services.permissions import Actor, NotFound, Permission
from services.responses import open_response
from tests.builders import actor_for, answer, make_instrument, make_state, make_user, make_world

TODAY = date(2026, 7, 1)
HEAD = "state;party_status;since;source;source_date"


def officer_of(session: Session) -> Actor:
    return actor_for(make_user(session, "chief@secretariat.example", officer=True), officer=True)


def test_a_fact_is_stored_with_its_source_and_progress_follows(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        response = session.get_one(NationalResponse, world.response_id)
        focal = actor_for(session.get_one(User, world.focal_point), response)
        answer(session, focal, response.id, {"op4.status_practice": "not_implemented"})
        asked_before = response.asked
        actor = actor_for(session.get_one(User, world.officer), officer=True)
        fact = PartyFact("XAA", "party", date(2004, 7, 12), "Depositary, status list", date(2026, 6, 1))
        set_party_status(session, actor, fact)
    with database.reading() as session:
        state = session.get_one(ReportingState, "XAA")
        assert (state.party_status, state.party_since, state.party_source) == ("party", date(2004, 7, 12), fact.source)
        response = session.get_one(NationalResponse, world.response_id)
        opened = open_response(session, response.id, focal, Permission.RESPONSE_READ)
        total = opened.total_progress()
        assert (response.answered, response.asked) == (total.answered, total.asked)
        assert response.asked != asked_before
        event = session.exec(select(AuditEvent).where(AuditEvent.event == "party_status.set")).one()
        assert (event.state_id, event.detail["status"], event.detail["before"]["status"]) == ("XAA", "party", "unknown")


def test_an_unknown_state_is_not_found(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotFound):
        set_party_status(session, officer_of(session), PartyFact("ZZZ", "unknown", None, "", None))


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (("party", None, "List", date(2026, 6, 1)), ""),
        (("unknown", None, "", None), ""),
        (("perhaps", None, "List", date(2026, 6, 1)), "status"),
        (("party", None, "", date(2026, 6, 1)), "no_source"),
        (("not_party", None, "List", None), "no_source_date"),
        (("party", None, "List", date(2026, 7, 2)), "source_date_range"),
        (("party", None, "List", date(1999, 1, 1)), "source_date_range"),
        (("not_party", date(2004, 1, 1), "List", date(2026, 6, 1)), "since_without_party"),
        (("party", date(1999, 1, 1), "List", date(2026, 6, 1)), "since_range"),
    ],
)
def test_a_fact_needs_a_source_a_date_and_sense(fact: tuple[str, date | None, str, date | None], code: str) -> None:
    assert check_fact(PartyFact("XAA", *fact), TODAY) == code


def test_an_import_tells_each_bad_line_by_its_number_and_keeps_it(database: Database) -> None:
    text = "\n".join([
        HEAD,
        "XAA;party;2004-07-12;Status list;2026-06-01",
        "",
        "Côte d’Emeraude;Not Party;;Status list;2026-06-01",
        "Nowhere;party;;Status list;2026-06-01",
        "XAA;party;;Status list;2026-06-01",
        "XAC;party;12.7.2004;Status list;2026-06-01",
        'XAC;maybe;;"Status list; page 2";2026-06-01',
        "XAC;party;;;2026-06-01",
        "XAC;unknown;;;",
    ])  # fmt: skip
    with database.transaction() as session:
        make_state(session, "XAA", "Aldovia")
        make_state(session, "XAB", "x", names={"en": "Emerald Coast", "fr": "Côte d'Émeraude"})
        make_state(session, "XAC", "Cordia")
        plan = plan_import(session, text, TODAY)
        assert [(line.number, line.state.id, line.is_change) for line in plan.good] == [
            (4, "XAB", True),
        ]  # fmt: skip
        assert [(line.number, line.code) for line in plan.bad] == [
            (2, "duplicate"), (5, "unknown_state"), (6, "duplicate"), (7, "date"), (8, "status"), (9, "no_source"),
            (10, "duplicate"),
        ]  # fmt: skip
        # Which line about a State is right, nobody knows: none of them is taken, and each names another.
        assert [line.word for line in plan.bad if line.code == "duplicate"] == ["6", "2", "7"]
        assert remaining_text(plan).split("\n") == [HEAD, *(line.text for line in plan.bad)]
        assert import_party_statuses(session, officer_of(session), plan) == 1
    with database.reading() as session:
        found = {state.id: state.party_status for state in session.exec(select(ReportingState))}
        assert found == {"XAA": "unknown", "XAB": "not_party", "XAC": "unknown"}
        # The same list again says nothing new, so nothing is written.
        assert plan_import(session, text, TODAY).changes == []


@pytest.mark.parametrize(
    ("word", "status"),
    [("Partie", "party"), ("ليست طرفاً", "not_party"), ("Not a party", "not_party"), ("UNKNOWN", "unknown")],
)
def test_the_words_that_pages_show_are_read_in_every_language(
    sqlite_database: Database, word: str, status: str
) -> None:
    with sqlite_database.transaction() as session:
        make_state(session, "XAA", "Aldovia")
        plan = plan_import(session, f"{HEAD}\nXAA;{word};;List;2026-06-01", TODAY)
        assert [line.fact.status for line in plan.good] == [status]


@pytest.mark.parametrize(
    ("written", "day"),
    [("30/06/2026", date(2026, 6, 30)), ("6/6/2026", date(2026, 6, 6)), ("2026-06-01", date(2026, 6, 1))],
)
def test_a_day_that_cannot_be_misread_is_read(written: str, day: date) -> None:
    assert read_day(written) == day


@pytest.mark.parametrize("written", ["03/04/2026", "06/30/2026", "1/2/26", "30.06.2026", "٣٠/٠٦/٢٠٢٦", "31/02/2026"])
def test_a_day_that_may_be_two_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        read_day(written)


def test_an_import_recounts_all_states_of_open_cycles(database: Database) -> None:
    with database.transaction() as session:
        for code in ("XAA", "XAB", "XAC"):
            make_state(session, code, code)
        actor = officer_of(session)
        create_cycle(
            session, actor, title="A", instrument_version_id=make_instrument(session).id, opens_on=date(2026, 1, 1),
            ends_on=date(2026, 12, 31),
        )  # fmt: skip
        plan = plan_import(
            session, f"{HEAD}\nXAA;party;;L;2026-06-01\nXAB;not_party;;L;2026-06-01", TODAY
        )  # fmt: skip
        import_party_statuses(session, actor, plan)
    with database.reading() as session:
        asked = {row.state_id: row.asked for row in session.exec(select(NationalResponse))}
        assert len(set(asked.values())) == 3


def test_a_missing_head_line_names_the_column(database: Database) -> None:
    with database.reading() as session:
        plan = plan_import(session, "XAA;party;;List;2026-06-01", TODAY)
        assert [(line.number, line.code, line.word) for line in plan.bad] == [(1, "head", "state")]
        assert plan_import(session, "  \n ", TODAY).bad == []


def test_lists_are_read_with_any_separator_and_quoted_line_ends() -> None:
    for separator in (";", ",", "\t"):
        lines = read_list(f'\ufeffa{separator}b\r\n\r\n"two\r\nlines"{separator}" c  d "\r\n')
        assert [(line.number, line.cells) for line in lines] == [(1, ("a", "b")), (3, ("two lines", "c d"))]
        assert lines[1].text == f'"two\nlines"{separator}" c  d "'


def test_texts_that_are_no_lists_are_refused_with_the_line() -> None:
    with pytest.raises(UnreadableList) as quotes:
        read_list('a;b\n"never closed;c\nd;e')
    assert (quotes.value.code, quotes.value.line) == ("quotes", 2)
    with pytest.raises(UnreadableList) as long:
        read_list("a;b\n" + "x" * 1001)
    assert (long.value.code, long.value.line) == ("too_long", 2)
    with pytest.raises(UnreadableList):
        read_list("a;b\n" * 2001)
    with pytest.raises(UnreadableList) as bytes_:
        decode_list("a;b\nÉgypte".encode("latin-1"))
    assert (bytes_.value.code, bytes_.value.line) == ("encoding", 2)
    assert decode_list("é".encode("utf-8-sig")) == decode_list("é".encode("utf-16")) == "é"
    assert read_list("a\x00b;c")[0].cells == ("ab", "c")
