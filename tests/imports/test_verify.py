"""A workbook that is what was exported is known as such, also saved again; whatever was changed is named with sheet and row."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from exports.cover import COVER
from exports.settings import ExportSettings
from exports.sheets import HEAD_ROWS
from exports.source import read_source
from exports.workbook import write_workbook
from imports.findings import Difference, Report
from imports.verify import Bounds, verify_file
from imports.workbook_file import UnreadableWorkbook
from imports.workbook_package import Limits
from instruments.catalog import canonical_json, load_instrument
from instruments.values import EvidenceReference, Narrative
from models.cycles import Cycle
from models.database import Database
from models.responses import EvidenceFile, NationalResponse, QuestionState
from models.states import ReportingState
from models.submissions import Submission
from tests.builders import make_cycle, make_response, make_state, make_user
from tests.exports.builders import make_source, seal, workbook_bytes
from tests.exports.readback import read_by_calamine, tables
from tests.exports.test_changes import make_rounds
from tests.imports.changes import CELLS, LONG, ROWS, set_cover, set_value
from tests.imports.workbooks import (
    FEW,
    altered,
    column_of,
    cover_row,
    exported,
    make_verified_world,
    some_values,
)


@pytest.fixture
def data(sqlite_database: Database) -> bytes:
    """The secretariat's workbook of a small world."""
    with sqlite_database.transaction() as session:
        make_verified_world(session)
    return exported(sqlite_database)


@pytest.fixture(scope="module")
def kept(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, bytes]]:
    """A world that no test changes, and its workbook."""
    path = tmp_path_factory.mktemp("kept") / "tracker.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        make_verified_world(session)
    yield database, exported(database, FEW)
    database.close()


def verify(data: bytes, database: Database | None, **given: Any) -> Report:
    return verify_file(BytesIO(data), database, **given)


def found(report: Report, *codes: str) -> list[Difference]:
    """The differences, without those that only follow from others where `codes` names what is looked for."""
    return [one for one in report.differences if not codes or one.code in codes]


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize(
    "asked",
    [{}, {"preset": "reviewers", "states": ("XAB",)}, {"preset": "public"}, {"preset": "state", "states": ("XAA",)}],
)
def test_every_preset_verifies_in_both_directions_of_writing(
    sqlite_database: Database, asked: dict[str, Any], language: str
) -> None:
    database = sqlite_database
    with database.transaction() as session:
        make_verified_world(session, visibility="public")
    settings = ExportSettings(language, recipient="=A desk & “more”", questions=("op2", "op4"), **asked)
    report = verify(exported(database, settings), database)
    assert found(report) == []
    assert report.is_equal and report.remarks == ()
    checked = {check.code: check.compared for check in report.checks}
    assert set(checked) == {"rows", "columns", "facts", "number", "answers", "submissions", "instrument", "sheets"}
    assert checked["answers"] == checked["facts"] > 0


def test_both_kinds_of_database_verify_what_they_exported(database: Database) -> None:
    with database.transaction() as session:
        make_verified_world(session)
    changed = altered(exported(database, FEW), CELLS["a letter"][1])
    assert {one.code for one in found(verify(changed, database))} == {"facts_sha256", "fact_altered"}


def test_the_file_alone_is_checked_without_a_database(kept: tuple[Database, bytes]) -> None:
    report = verify(kept[1], None)
    assert report.is_equal
    assert [code for code, _about in report.remarks] == ["offline"]
    assert {check.code for check in report.checks} == {"rows", "columns", "facts", "number"}


def test_saved_again_by_openpyxl_it_still_verifies(kept: tuple[Database, bytes]) -> None:
    database, data = kept
    assert found(verify(altered(data, lambda _book: None), database)) == []


def test_every_cell_that_was_changed_is_named_with_sheet_and_row_and_no_other(kept: tuple[Database, bytes]) -> None:
    database, data = kept
    where: list[tuple[str, str, int]] = []
    changed = altered(data, lambda book: where.extend((code, *change(book)) for code, change in CELLS.values()))
    report = verify(changed, database)
    follows = {("facts_sha256", COVER), ("rows_due", COVER)}  # the sums that no longer fit what was changed
    named = [(one.code, one.sheet, one.row) for one in found(report)]
    assert set(where) <= set(named)
    assert {(code, sheet) for code, sheet, _row in set(named) - set(where)} <= follows
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", ROWS)
def test_what_was_changed_is_named_with_sheet_and_row(kept: tuple[Database, bytes], name: str) -> None:
    (database, data), (code, change) = kept, ROWS[name]
    where: list[tuple[str, int]] = []
    report = verify(altered(data, lambda book: where.append(change(book))), database)
    assert [(one.sheet, one.row) for one in found(report, code)] == where
    assert not report.is_equal


def test_a_difference_says_state_item_and_both_values(kept: tuple[Database, bytes]) -> None:
    database, data = kept
    _code, change = CELLS["a letter"]
    (one,) = found(verify(altered(data, change), database), "fact_altered")
    assert (one.state, one.item, one.column) == ("XAA", "op2.narrative", "value_text")
    assert (one.said[9:14], one.due[9:14]) == ("one S", "one S")
    assert "Stare" in one.said and "State" in one.due


def test_a_fingerprint_changed_to_fit_is_found_by_the_database(kept: tuple[Database, bytes]) -> None:
    database, data = kept
    _code, change = CELLS["a status"]
    forged = altered(data, change)
    (right,) = found(verify(forged, None), "facts_sha256")

    def fit(book: Any) -> None:
        set_cover("facts_sha256", right.due)(book)

    forged = altered(forged, fit)
    (number,) = found(verify(forged, None))
    assert number.code == "export_number"
    forged = altered(forged, lambda book: set_cover("export_number", number.due)(book))
    assert verify(forged, None).is_equal
    codes = {one.code for one in found(verify(forged, database))}
    assert codes == {"fact_altered", "facts_other"}


def test_a_sheet_sorted_otherwise_says_so_and_blames_no_fact(kept: tuple[Database, bytes]) -> None:
    database, data = kept

    def sort_by_item(book: Any) -> None:
        page = book[LONG]
        rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=HEAD_ROWS + 1)]
        item = column_of(page, "item_id") - 1
        for row, values in enumerate(sorted(rows, key=lambda values: values[item]), start=HEAD_ROWS + 1):
            for column, value in enumerate(values, start=1):
                page.cell(row, column).value = value

    report = verify(altered(data, sort_by_item), database)
    assert {one.code for one in found(report)} == {"facts_sha256", "fact_order"}


def test_more_disorder_than_may_be_kept_is_said_and_not_listed(kept: tuple[Database, bytes]) -> None:
    database, data = kept

    def other_states(book: Any) -> None:
        page = book[LONG]
        for row in range(HEAD_ROWS + 1, HEAD_ROWS + 60):
            page.cell(row, 1).value = "XYZ"

    report = verify_file(BytesIO(altered(data, other_states)), database, Bounds(Limits(), 20))
    assert {one.code for one in found(report)} == {"facts_sha256", "too_different"}


def test_what_a_state_submitted_since_is_another_file(data: bytes, sqlite_database: Database) -> None:
    """Also within the second in which the newest fact of the file was sealed."""
    for milliseconds in (1, 300_000):
        with sqlite_database.transaction() as session:
            response = session.exec(select(NationalResponse).where(NationalResponse.state_id == "XAA")).one()
            earlier = session.exec(select(Submission).order_by(Submission.submitted_at.desc())).first()  # type: ignore[attr-defined]
            assert earlier is not None
            values = some_values(9) | {"op2.narrative": Narrative(text="Later words", language="en")}
            rounds = len(session.exec(select(Submission).where(Submission.national_response_id == response.id)).all())
            later = seal(session, response, values, round_=rounds + 1, user_id=earlier.submitted_by)
            later.submitted_at = earlier.submitted_at + timedelta(milliseconds=milliseconds)
            session.add(later)
        assert found(verify(data, sqlite_database)) == []
    assert found(verify(exported(sqlite_database), sqlite_database)) == []


def test_a_file_as_at_a_past_moment_verifies(data: bytes, sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        response = session.exec(select(NationalResponse).where(NationalResponse.state_id == "XAA")).one()
        first = session.exec(select(Submission)).first()
        assert first is not None
        seal(session, response, {"op2.status_practice": "not_implemented"}, round_=2, user_id=first.submitted_by)
    past = exported(sqlite_database, ExportSettings(as_at=datetime(2026, 6, 30, 15, 30, tzinfo=UTC)))
    assert found(verify(past, sqlite_database)) == []
    assert found(verify(altered(past, CELLS["a letter"][1]), sqlite_database), "fact_altered")
    assert found(verify(exported(sqlite_database), sqlite_database)) == []


def test_work_that_goes_on_is_no_difference(data: bytes, sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        for response in session.exec(select(NationalResponse)):
            response.clearance, response.answered = "returned", 77
            response.last_activity_at = datetime(2026, 9, 1, tzinfo=UTC)
            session.add(response)
            cycle_id = response.cycle_id
        cycle = session.get_one(Cycle, cycle_id)
        cycle.closed_at = datetime(2026, 9, 2, tzinfo=UTC)
        session.add(cycle)
        make_response(session, cycle, make_state(session, "XNN", "Newland", region="grulac"))
    report = verify(data, sqlite_database)
    assert found(report) == []
    assert report.remarks == (("state_since", "XNN"),)


def test_changes_against_the_round_before_are_compared_too(sqlite_database: Database) -> None:
    rounds = make_rounds(sqlite_database)
    for cycle_id, words in ((rounds.before, "Then"), (rounds.now, "Now")):
        rounds.submit(cycle_id, "XAA", {"op4.narrative": Narrative(text=words, language="en")})
    file = exported(sqlite_database)
    assert found(verify(file, sqlite_database)) == []
    changed = altered(file, set_value("Changes", "before", "Other", item_id="op4.narrative"))
    (one,) = found(verify(changed, sqlite_database))
    assert (one.code, one.sheet, one.said, one.due) == ("row_altered", "Changes", "Other", "Then")
    with sqlite_database.transaction() as session:
        earlier = session.exec(select(Submission).where(Submission.document.contains("Then"))).one()  # type: ignore[attr-defined]
        earlier.document = earlier.document.replace("Then", "Once")
        session.add(earlier)
        number = earlier.number
    report = verify(file, sqlite_database)
    assert [(one.code, one.said) for one in found(report)] == [("submission_altered", number)]
    assert [code for code, _about in report.remarks] == ["sheets_not_compared"]


def test_a_submission_altered_in_the_database_is_named(data: bytes, sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        submission = session.exec(select(Submission).where(Submission.number.startswith("XAA"))).one()
        submission.document = submission.document.replace("Number 0", "Number 5")
        session.add(submission)
        number = submission.number
    report = verify(data, sqlite_database)
    assert [(one.code, one.state, one.said) for one in found(report)] == [("submission_altered", "XAA", number)]
    assert [code for code, _about in report.remarks] == ["sheets_not_compared"]
    assert next(check for check in report.checks if check.code == "answers").compared > 100


def test_a_submission_altered_with_its_fingerprint_is_named_fact_by_fact(
    data: bytes, sqlite_database: Database
) -> None:
    with sqlite_database.transaction() as session:
        submission = session.exec(select(Submission).where(Submission.number.startswith("XAA"))).one()
        document = json.loads(submission.document)
        document["answers"]["op2.status_practice"]["value"] = "fully_implemented"
        submission.document = canonical_json(document)
        submission.sha256 = hashlib.sha256(submission.document.encode()).hexdigest()
        session.add(submission)
    report = verify(data, sqlite_database)
    (one,) = found(report, "fact_altered")
    assert (one.state, one.item, one.said, one.due) == (
        "XAA", "op2.status_practice", "partially_implemented", "fully_implemented",
    )  # fmt: skip
    assert found(report, "submissions_sha256")
    assert [one.sheet for one in found(report, "row_altered") if one.sheet == "Coverage"]


@pytest.mark.parametrize(
    "asked", [{"preset": "public"}, {"preset": "reviewers", "states": ("XAB",)}, {"preset": "secretariat"}]
)
def test_what_a_state_has_closed_since_is_said_as_such(sqlite_database: Database, asked: dict[str, Any]) -> None:
    with sqlite_database.transaction() as session:
        make_verified_world(session, visibility="public")
    file = exported(sqlite_database, ExportSettings(**asked))
    with sqlite_database.transaction() as session:
        response = session.exec(select(NationalResponse).where(NationalResponse.state_id == "XAB")).one()
        session.add(QuestionState(national_response_id=response.id, question_id="op4", visibility="secretariat"))
    report = verify(file, sqlite_database)
    if asked["preset"] == "secretariat":
        assert found(report) == []
        return
    (one,) = found(report)
    assert (one.code, one.state, one.item) == ("fact_closed", "XAB", "op4")
    again = exported(sqlite_database, ExportSettings(**asked))
    assert found(verify(again, sqlite_database)) == []


def test_a_document_missing_on_the_disk_is_an_issue_and_the_file_verifies_when_it_is_back(
    sqlite_database: Database, tmp_path: Path
) -> None:
    item = next(item for item in load_instrument().items.values() if item.sheet == "Evidence")
    names = {"there": "Act.pdf", "gone": "قانون.pdf"}
    value = tuple(
        EvidenceReference(row_id=file_id, name=name, media_type="application/pdf", size=1, sha256="ab" * 32)
        for file_id, name in names.items()
    )
    with sqlite_database.transaction() as session:
        cycle, user = make_cycle(session), make_user(session)
        response = make_response(session, cycle, make_state(session, "XAA", "Land"))
        seal(session, response, {item.id: value}, user_id=user.id)
        for file_id, name in names.items():
            session.add(EvidenceFile(
                id=file_id, national_response_id=response.id, item_id=item.id, name=name, media_type="application/pdf", size=1,
                sha256="ab" * 32, added_by=user.id or 0,
            ))  # fmt: skip
    (tmp_path / "there").write_bytes(b"x")
    target = BytesIO()
    with read_source(sqlite_database, "latest", evidence_folder=tmp_path) as source:
        write_workbook(target, source, "en")
    found = tables(read_by_calamine(target.getvalue()))
    (issue,) = (row for row in found["Issues"] if row["issue"] == "file_missing")
    assert (issue["state_iso3"], issue["item_id"], issue["row_id"], issue["sheet"]) == (
        "XAA",
        item.id,
        "gone",
        "Evidence",
    )
    assert "folder of documents" in str(issue["issue_label"])
    assert {row["row_id"] for row in found["Evidence"]} == set(names)
    report = verify_file(BytesIO(target.getvalue()), sqlite_database)
    assert report.is_equal, report.differences
    assert not report.remarks


def test_a_rehearsal_cannot_be_passed_off_as_real(data: bytes, sqlite_database: Database) -> None:
    played = exported(sqlite_database, rehearsal=True)
    assert found(verify(played, sqlite_database, rehearsal=True)) == []
    bare = altered(played, lambda book: book[COVER].delete_rows(cover_row(book, "rehearsal")))
    codes = {(one.code, one.sheet) for one in found(verify(bare, sqlite_database, rehearsal=True))}
    assert codes == {("export_number", COVER), ("row_missing", COVER)}
    assert not verify(data, sqlite_database, rehearsal=True).is_equal


def test_a_long_sheet_in_parts_verifies_alone_and_with_its_counts(sqlite_database: Database) -> None:
    source = make_source({"XAA": some_values(3), "XAB": some_values(4)})
    report = verify(workbook_bytes(source, most_rows=300), None)
    assert found(report) == []
    whole = verify(workbook_bytes(source), None)
    assert [check.compared for check in report.checks if check.code == "facts"] == [
        check.compared for check in whole.checks if check.code == "facts"
    ]


def test_a_sheet_without_rows_of_its_own_is_passed_over(kept: tuple[Database, bytes]) -> None:
    """A sheet of charts: the cover names it and states no rows."""

    def add(book: Any) -> None:
        book.create_sheet("Dashboard")["B2"].value = "=1+1"
        book[COVER].append(["Dashboard", "Charts", "rows.Dashboard"])

    assert verify(altered(kept[1], add), None).is_equal


@pytest.mark.parametrize("name", ["a State renamed", "a workbook of another kind"])
def test_other_names_are_differences_and_other_workbooks_are_refused(
    data: bytes, sqlite_database: Database, name: str
) -> None:
    if name == "a State renamed":
        with sqlite_database.transaction() as session:
            state = session.get_one(ReportingState, "XAA")
            state.names = {**state.names, "en": "New Name"}
            session.add(state)
        report = verify(data, sqlite_database)
        assert {one.column for one in found(report)} >= {"state"}
        assert not found(report, "fact_altered")
        return
    with pytest.raises(UnreadableWorkbook) as refused:
        verify(altered(data, lambda book: book.remove(book[COVER])), sqlite_database)
    assert refused.value.code == "not_an_export"


def test_the_questionnaire_has_what_the_changes_alter() -> None:
    assert {"op2.narrative", "op2.status_practice", "op4.narrative", "op1.party_since"} <= set(load_instrument().items)
