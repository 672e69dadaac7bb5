"""A rehearsal shows everything that can happen to a response, and only what the services themselves let happen."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

import rehearsal
import serve
from app import create_app
from instruments.items import ITEM_TYPES
from instruments.values import codes_of
from models.audit import Installation, OutboxMail
from models.base import utc_now
from models.cycles import Cycle
from models.people import Invitation, Membership, User
from models.responses import Answer, EvidenceFile, NationalResponse, Revision
from models.states import ReportingState
from models.submissions import ResponseReturn, Submission
from rehearsal.plans import FATES, SEALED, make_plans
from rehearsal.seeding import INVENTED_SOURCE
from rehearsal.values import MAKERS
from services.chain import verify_chain
from services.deadlines import last_day
from services.installation import WrongInstallation
from services.instruments import get_instrument
from services.invitations import token_hash
from services.opening import end_of_day
from services.receipts import public_key, receipt_file
from settings import load_secrets
from tests.rehearsal.conftest import Seeded, make_installation, make_seeded, rehearsal_settings
from verify_receipt import verify

STATES = 10


def documents(session: Session) -> list[dict[str, Any]]:
    return [json.loads(submission.document) for submission in session.exec(select(Submission))]


def test_every_item_type_has_a_maker() -> None:
    assert set(MAKERS) == set(ITEM_TYPES)


def test_submissions_hold_every_item_type_and_every_kind_of_blank(small_world: Seeded) -> None:
    with small_world.database.reading() as session:
        cycle = session.exec(select(Cycle)).one()
        instrument = get_instrument(session, cycle.instrument_version_id)
        types: Counter[str] = Counter()
        blanks: Counter[str] = Counter()
        for document in documents(session):
            for item_id, item in instrument.items.items():
                if item_id not in document["asked"]:
                    blanks["not asked"] += 1
                elif item_id not in document["answers"]:
                    blanks["not answered"] += 1
                else:
                    value = item.load(document["answers"][item_id]["value"])
                    types[item.item_type] += 1
                    blanks["no information"] += "no_information" in codes_of(value)
        assert set(types) == set(ITEM_TYPES)
        assert min(blanks[kind] for kind in ("not asked", "not answered", "no information")) > 10


def test_every_answer_reads_as_its_type_again_and_every_history_is_whole(small_world: Seeded) -> None:
    with small_world.database.reading() as session:
        instrument = get_instrument(session, session.exec(select(Cycle)).one().instrument_version_id)
        for answer in session.exec(select(Answer)):
            item = instrument.items[answer.item_id]
            assert item.dump(item.load(answer.value)) == answer.value
        responses = session.exec(select(NationalResponse)).all()
        assert sum(response.seq for response in responses) == len(session.exec(select(Revision.seq)).all()) > 1000
        assert [problem for response in responses for problem in verify_chain(session, response.id)] == []


def test_lateness_is_true_and_all_states_of_clearance_are_there(small_world: Seeded) -> None:
    with small_world.database.reading() as session:
        cycle = session.exec(select(Cycle)).one()
        submissions = session.exec(select(Submission)).all()
        assert {submission.late for submission in submissions} == {True, False}
        assert all((submission.submitted_at > cycle.deadline) is submission.late for submission in submissions)
        # The deadline is the end of a day that has passed, in the one zone of the round; so are the extensions.
        assert cycle.deadline < utc_now()
        ends = [row.extended_deadline for row in session.exec(select(NationalResponse)) if row.extended_deadline]
        for end in [cycle.deadline, *ends]:
            assert end == end_of_day(last_day(end, cycle.deadline_zone), cycle.deadline_zone)
        assert max(submission.round for submission in submissions) == 2
        assert {row.clearance for row in session.exec(select(NationalResponse))} == {"draft", "submitted", "returned"}
        assert {row.kind for row in session.exec(select(ResponseReturn))} >= {"returned"}
        assert any(
            row.extended_deadline and row.extended_deadline > utc_now()
            for row in session.exec(select(NationalResponse))
        )
        states = session.exec(select(ReportingState)).all()
        assert {state.party_status for state in states} == {"party", "not_party", "unknown"}
        assert all(state.party_source == INVENTED_SOURCE for state in states if state.party_status != "unknown")


def test_receipts_are_real(small_world: Seeded) -> None:
    key = public_key(load_secrets(small_world.settings).receipt_key)
    with small_world.database.reading() as session:
        for submission in session.exec(select(Submission)):
            problems, receipt = verify(receipt_file(submission.receipt, submission.signature, submission.document), key)
            assert (problems, receipt["number"]) == ([], submission.number)


def test_stored_files_are_there_and_say_that_they_are_invented(small_world: Seeded) -> None:
    words = ("REHEARSAL", "RÉPÉTITION", "ENSAYO", "УЧЕБНЫЕ ДАННЫЕ", "演练", "تجربة")
    with small_world.database.reading() as session:
        files = session.exec(select(EvidenceFile)).all()
    assert files
    for file in files:
        text = (small_world.settings.evidence_folder / file.id).read_text(encoding="utf-8")
        assert text.startswith(words)


def test_people_cannot_be_reached_and_cannot_sign_in(small_world: Seeded) -> None:
    with small_world.database.reading() as session:
        people = session.exec(select(User)).all()
        assert session.exec(select(OutboxMail)).all() == []
    assert len(people) > STATES
    assert all(person.email.endswith(".example") and person.password is None for person in people)


def test_the_links_are_the_only_open_ones_and_lead_to_work_in_three_languages(small_world: Seeded) -> None:
    hashes = [token_hash(link.url.rpartition("/")[2]) for link in small_world.links]
    with small_world.database.reading() as session:
        rows = {row.token_hash: row for row in session.exec(select(Invitation)) if row.cancelled_at is None}
        assert set(rows) == set(hashes)
        officer, *focal_points = (rows[entry] for entry in hashes)
        assert (officer.role, officer.state_id) == ("officer", None)
        assert [(row.role, row.language) for row in focal_points] == [
            ("focal_point", code) for code in ("ar", "en", "fr")
        ]
        for row in focal_points:
            response = session.exec(select(NationalResponse).where(NationalResponse.state_id == row.state_id)).one()
            assert response.seq > 0 and response.clearance != "submitted"
            members = session.exec(select(Membership).where(Membership.state_id == row.state_id)).all()
            assert not any(entry.role == "focal_point" and entry.ended_at is None for entry in members)


def answers_by_state(world: Seeded) -> dict[tuple[str, str], Any]:
    """Everything answered, without the random ids of stored files."""
    with world.database.reading() as session:
        rows = session.exec(
            select(NationalResponse.state_id, Answer).where(Answer.national_response_id == NationalResponse.id)
        )
        return {
            (state_id, answer.item_id): (_without_file_ids(answer.value), answer.typed, answer.version)
            for state_id, answer in rows
        }


def _without_file_ids(value: Any) -> Any:
    if isinstance(value, list) and any("sha256" in row for row in value):
        return [{name: part for name, part in row.items() if name != "row_id"} for row in value]
    return value


def test_the_same_seed_gives_the_same_answers_and_another_seed_others(
    small_world: Seeded, sqlite_template: Path, tmp_path: Path
) -> None:
    expected = answers_by_state(small_world)
    again, other = (make_seeded(sqlite_template, tmp_path / str(seed), STATES, seed) for seed in (2020, 2021))
    assert answers_by_state(again) == expected
    assert answers_by_state(other) != expected
    for world in (again, other):
        world.database.close()


def test_a_start_that_is_cut_off_goes_on_where_it_was(
    small_world: Seeded, sqlite_template: Path, tmp_path: Path
) -> None:
    database, settings = make_installation(sqlite_template, tmp_path / "cut")

    def cut_off(done: int, _total: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearsal.seed(database, settings, states=STATES, progress=cut_off)
    links = rehearsal.seed(database, settings, states=STATES)
    assert len(links) == 4
    assert answers_by_state(Seeded(database, settings, links)) == answers_by_state(small_world)
    assert rehearsal.seed(database, settings, states=STATES) == []
    database.close()


@pytest.mark.parametrize("seed", [1, 2020, 77])
def test_plans_keep_the_proportions(seed: int) -> None:
    plans = make_plans([f"X{number:03}" for number in range(190)], seed)
    fates = Counter(plan.fate for plan in plans)
    assert set(fates) == set(FATES)
    assert 0.57 <= sum(fates[fate] for fate in SEALED - {"returned"}) / 190 <= 0.63
    assert sum(bool(plan.edges) for plan in plans) == 10
    assert Counter(plan.is_guest for plan in plans)[True] == 3
    assert {plan.language for plan in plans} == {"ar", "zh", "en", "fr", "ru", "es"}


def test_answers_are_invented_only_where_the_database_and_the_settings_are_those_of_a_rehearsal(
    sqlite_template: Path, tmp_path: Path
) -> None:
    real, real_settings = make_installation(sqlite_template, tmp_path / "real", is_rehearsal=False)
    with pytest.raises(WrongInstallation, match="TRACKER_REHEARSAL=1"):
        rehearsal.seed(real, real_settings)
    with pytest.raises(WrongInstallation, match="this one is not"):
        rehearsal.seed(real, rehearsal_settings(tmp_path / "real"))
    with pytest.raises(WrongInstallation, match="this one is not"):
        rehearsal.full_responses(real, 1)
    with real.reading() as session:
        assert session.exec(select(Answer)).all() == []
    real.close()


def test_no_real_state_may_stand_in_a_rehearsal(sqlite_template: Path, tmp_path: Path) -> None:
    database, settings = make_installation(sqlite_template, tmp_path / "mixed")
    with database.transaction() as session:
        session.add(ReportingState(id="AUT", kind="member_state", region="weog", names={"en": "Austria"}))
    with pytest.raises(WrongInstallation, match="not fictitious"):
        rehearsal.seed(database, settings)
    database.close()


@pytest.mark.parametrize("is_rehearsal", [True, False])
def test_a_start_of_the_other_kind_is_refused(
    sqlite_template: Path, tmp_path: Path, is_rehearsal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    database, settings = make_installation(sqlite_template, tmp_path, is_rehearsal=is_rehearsal)
    database.close()
    other = settings.model_copy(update={"rehearsal": not is_rehearsal})
    with pytest.raises(serve.CannotStart, match="TRACKER_REHEARSAL") as refused:
        serve._prepare(other)
    assert refused.value.code == 5


def test_the_first_start_fills_a_rehearsal_and_the_second_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    seed = rehearsal.seed
    monkeypatch.setattr(
        rehearsal, "seed", lambda database, settings, progress: seed(database, settings, states=6, progress=progress)
    )
    settings = rehearsal_settings(tmp_path / "demo")
    load_secrets(settings)
    links = serve._prepare(settings)
    assert [link.role for link in links] == ["officer", *["focal_point"] * 3]
    assert "6 of 6 fictitious States" in capsys.readouterr().out
    assert serve._prepare(settings) == []


def test_the_database_says_that_it_is_a_rehearsal_and_the_round_is_named_in_no_language(small_world: Seeded) -> None:
    with small_world.database.reading() as session:
        assert re.fullmatch(r"\d{4}–\d{4}", session.exec(select(Cycle)).one().title)
        assert session.get_one(Installation, "rehearsal").value == "yes"


def test_a_link_opens_only_in_the_rehearsal_that_made_it(
    small_world: Seeded, sqlite_template: Path, tmp_path: Path
) -> None:
    database, real_settings = make_installation(sqlite_template, tmp_path / "real", is_rehearsal=False)
    database.close()
    there, elsewhere = create_app(small_world.settings), create_app(real_settings)
    assert there.config["SESSION_COOKIE_NAME"] != elsewhere.config["SESSION_COOKIE_NAME"]
    for link in small_world.links:
        path = link.url.removeprefix(small_world.settings.address)
        assert there.test_client().get(path, base_url=small_world.settings.address).status_code == 200
        assert elsewhere.test_client().get(path, base_url=real_settings.address).status_code in {404, 410}
    for app in (there, elsewhere):
        app.extensions["tracker"].database.close()
