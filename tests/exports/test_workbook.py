"""The workbook as a whole: complete or not made, the same bytes for the same facts, nothing of a draft, no formula but counts."""

from __future__ import annotations

import json
import random
import re
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import openpyxl
import pytest
from sqlalchemy import event
from sqlmodel import select

from exports.facts import read_facts
from exports.front import FRONT_SHEETS
from exports.rows import Rows
from exports.settings import ExportSettings
from exports.source import BrokenSeal, read_source
from exports.workbook import ExportIncomplete, write_workbook
from instruments.catalog import load_instrument
from instruments.values import Narrative
from models.cycles import Cycle
from models.database import Database
from models.responses import Answer, NationalResponse, Revision
from models.submissions import Submission
from services.permissions import NotFound
from tests.builders import make_cycle, make_response, make_state, make_user
from tests.exports.builders import make_small_world, make_source, make_submitted, random_values, seal, workbook_bytes
from tests.exports.readback import cover, read_by_calamine, row_counts, tables

CANARY = "CANARY-draft-text-7f3a"


def export(database: Database, language: str = "en", cycle_id: str = "latest") -> bytes:
    target = BytesIO()
    with read_source(database, cycle_id) as source:
        write_workbook(target, source, language)
    return target.getvalue()


def unzipped(data: bytes) -> dict[str, str]:
    with ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_workbook_before_the_first_submission_says_so(database: Database) -> None:
    with database.transaction() as session:
        make_response(session, make_cycle(session), make_state(session, "YAA", "Land"))
    cells = read_by_calamine(export(database))
    assert any("No answers are in this file" in str(cell) for row in cells["Cover"] for cell in row)
    assert row_counts(cells)["Answers_long"] == (0, 0)
    with database.transaction() as session:
        make_small_world(session)
    cells = read_by_calamine(export(database))
    assert not any("No answers are in this file" in str(cell) for row in cells["Cover"] for cell in row)


def test_a_state_without_submission_has_a_coverage_row_only(database: Database) -> None:
    with database.transaction() as session:
        make_small_world(session)
    found = tables(read_by_calamine(export(database)))
    row = next(row for row in found["Coverage"] if row["state_iso3"] == "XZZ")
    assert (row["answered"], row["asked"], row["receipt_no"], row["submitted_at"]) == (1, 40, "", "")
    for name, table in found.items():
        if name not in {"Coverage", "Codes"}:
            assert all(row.get("state_iso3") != "XZZ" for row in table), name


def test_no_text_of_a_draft_leaves_in_any_part_of_the_file(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cycle = make_small_world(session, 2)
        responses = session.exec(select(NationalResponse).where(NationalResponse.cycle_id == cycle.id)).all()
        user = make_user(session)
        for response in responses:
            draft = {"text": CANARY, "language": "en"}
            session.add(Answer(national_response_id=response.id, item_id="op2.narrative", version=9, value=draft))
            session.add(
                Answer(national_response_id=response.id, item_id="op4.narrative", version=9, typed=[["t", CANARY]])
            )
            session.add(Revision(
                national_response_id=response.id, seq=1, item_id="op2.narrative", version=9, base_version=8, value=draft,
                channel="web", actor_id=user.id or 0, idempotency_key=CANARY, salt="", commitment="", previous_hash="", hash="",
            ))  # fmt: skip
            response.reopen_reason = CANARY
            session.add(response)
    for language in ("ar", "en"):
        for name, text in unzipped(export(sqlite_database, language)).items():
            assert CANARY not in text, name


def test_the_latest_submission_is_exported_also_while_the_response_is_returned(database: Database) -> None:
    with database.transaction() as session:
        cycle = make_cycle(session)
        make_submitted(
            session, cycle, "XAA", "Aldovia", {"op2.narrative": Narrative(text="first words", language="en")}
        )
        response = session.exec(select(NationalResponse)).one()
        seal(session, response, {"op2.narrative": Narrative(text="second words", language="en")}, round_=2)
        response.clearance = "returned"
        session.add(response)
    data = export(database)
    rows = [row for row in tables(read_by_calamine(data))["Answers_long"] if row["item_id"] == "op2.narrative"]
    assert [(row["value_text"], row["clearance"], row["receipt_no"][-1]) for row in rows] == [
        ("second words", "returned", "2")
    ]
    assert not any("first words" in text for text in unzipped(data).values())


def test_same_facts_same_bytes(database: Database) -> None:
    with database.transaction() as session:
        make_small_world(session)
    for language in ("ar", "en"):
        assert export(database, language) == export(database, language)


def test_the_three_blanks_are_three_things_on_every_sheet_that_shows_them() -> None:
    values = {"op2.status_practice": "no_information", "op4.status_practice": "not_implemented"}
    found = tables(read_by_calamine(workbook_bytes(make_source({"XAA": values}))))
    rows = {row["item_id"]: row for row in found["Answers_long"]}
    assert (rows["op2.status_practice"]["asked_state"], rows["op2.status_practice"]["code"]) == (
        "answered",
        "no_information",
    )
    assert (rows["op5.status_practice"]["asked_state"], rows["op5.status_practice"]["code"]) == ("not_answered", "")
    assert (rows["op4.laws"]["asked_state"], rows["op4.laws"]["code"]) == ("not_asked", "")
    matrix = found["Matrix"][0]
    assert matrix["op2.status_practice"].endswith("No information available")
    assert matrix["op5.status_practice"].endswith("Not answered")
    # A paragraph that says "consider": its status is asked only once the measure was adopted.
    unasked = [value for value in matrix.values() if str(value).endswith("Not asked")]
    assert all(str(value).startswith("×") for value in unasked)
    assert str(matrix["op2.status_practice"])[0] == "▧" and str(matrix["op5.status_practice"])[0] == "•"


def test_every_scale_has_marks_of_its_own_and_words_beside_each() -> None:
    instrument = load_instrument()
    scales: dict[str, dict[str, str]] = {"status": {}, "consider": {}}
    for item in instrument.items.values():
        for choice_list in item.choice_lists():
            if choice_list.name in scales:
                scales[choice_list.name] = dict.fromkeys(choice_list.codes, "")
    codes = tables(read_by_calamine(workbook_bytes(make_source({"XAA": {}}))))["Codes"]
    for name, members in scales.items():
        marks = {row["code"]: row["symbol"] for row in codes if row["list"] == f"mark_{name}"}
        assert set(marks) == set(members)
        assert len(set(marks.values())) == len(marks)
    own = [
        {row["symbol"] for row in codes if row["list"] == f"mark_{name}" and row["code"] != "no_information"}
        for name in scales
    ]
    assert not own[0] & own[1]


def test_states_stand_by_region_then_by_name_and_are_neither_ranked_nor_totalled(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cycle = make_cycle(session)
        for code, name, region in (
            ("XAA", "Zemlya", "african"),
            ("XAB", "Åland", "weog"),
            ("XAC", "Ardenia", "african"),
        ):
            make_submitted(session, cycle, code, name, {}, region=region)
    found = tables(read_by_calamine(export(sqlite_database)))
    for sheet in ("Coverage", "Matrix"):
        assert [row["state"] for row in found[sheet]] == ["Ardenia", "Zemlya", "Åland"]
    for table in found.values():
        assert (
            not [column for column in table[0] if re.search("rank|score|percent|total$", str(column))]
            if table
            else True
        )


def test_arabic_sheets_run_from_right_to_left_and_all_heads_stay_in_sight() -> None:
    source = make_source({"XAA": random_values(load_instrument(), random.Random(1))})
    for language, right_to_left in (("ar", True), ("zh", False), ("fr", False)):
        book: Any = openpyxl.load_workbook(BytesIO(workbook_bytes(source, language)))
        assert book.sheetnames[:4] == ["Cover", "Dashboard", "Coverage", "Matrix"]
        for sheet in book:
            assert bool(sheet.sheet_view.rightToLeft) is right_to_left
            assert sheet.title.isascii() and len(sheet.title) <= 31
            if sheet.title not in FRONT_SHEETS:
                assert str(sheet.freeze_panes).endswith("5")
                assert sheet.page_setup.orientation == "landscape"
                assert sheet.print_title_rows == "$3:$4"
                (table,) = sheet.tables.values()
                assert table.autoFilter.ref == table.ref
                assert [column.name for column in table.tableColumns] == [cell.value for cell in sheet[4]]


def test_no_formula_stands_in_what_people_wrote_and_what_begins_like_one_is_marked_as_typed() -> None:
    values = {"op2.narrative": Narrative(text="=1+1", language="en")}
    data = workbook_bytes(make_source({"XAA": values}))
    for name, text in unzipped(data).items():
        ElementTree.fromstring(text)  # every part is well-formed
        if not name.startswith("xl/charts/"):  # where <f> is a reference
            formulas = re.findall("<f[ >].*?</f>", text)
            assert all(formula.startswith("<f>COUNTIFS(tblAnswers_long[") for formula in formulas), name
    book: Any = openpyxl.load_workbook(BytesIO(data))
    cells = [cell for row in book["Texts"].iter_rows(min_row=5) for cell in row if cell.value == "=1+1"]
    assert [(cell.data_type, cell.quotePrefix) for cell in cells] == [("s", True)]


def test_the_cover_says_what_is_due_and_written_and_links_to_every_sheet(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cycle = make_small_world(session)
    data = export(sqlite_database)
    cells = read_by_calamine(data)
    found, said = tables(cells), cover(cells)
    counts = row_counts(cells)
    assert set(counts) == set(found)
    for name, table in found.items():
        assert counts[name] == (len(table), len(table)), name
    assert said["cycle"] == cycle.id
    assert (said["states"], said["states_submitted"], said["language"]) == (4, 3, "en")
    assert said["instrument_sha256"] == load_instrument().sha256
    book: Any = openpyxl.load_workbook(BytesIO(data))
    targets = {cell.hyperlink.location for cell in book["Cover"]["A"] if cell.hyperlink}
    assert targets == {f"'{name}'!A1" for name in (*found, "Dashboard")}


def test_a_rehearsal_says_so_on_the_cover_and_on_every_printed_page() -> None:
    source = make_source({"XAA": {}})
    book: Any = openpyxl.load_workbook(BytesIO(workbook_bytes(source, rehearsal=True)))
    assert "Rehearsal" in str(book["Cover"]["A2"].value)
    assert all("Rehearsal" in (sheet.oddHeader.left.text or "") for sheet in book)
    assert not any("Rehearsal" in text for text in unzipped(workbook_bytes(source)).values())


def test_the_export_number_stands_on_the_cover_and_on_every_printed_page_and_names_what_was_exported() -> None:
    values = {"op2.status_practice": "no_information"}
    numbers = []
    for documents, asked in (
        ({"XAA": values}, {}), ({"XAA": values}, {"recipient": "A desk"}), ({"XAA": values}, {"language": "ar"}),
        ({"XAA": {}}, {}), ({"XAA": values}, {"preset": "state", "states": ("XAA",)}),
    ):  # fmt: skip
        settings = ExportSettings(**asked)
        target = BytesIO()
        report = write_workbook(target, make_source(documents, settings=settings), settings.language)
        book: Any = openpyxl.load_workbook(target)
        said = cover(read_by_calamine(target.getvalue()))
        assert said["export_number"] == report.number
        assert re.fullmatch("[0-9a-f]{12}", report.number)
        for sheet in book:
            foot = sheet.oddFooter.right.text if settings.language == "ar" else sheet.oddFooter.left.text
            assert report.number in foot, sheet.title
        assert ExportSettings.from_json(json.loads(said["parameters"])) == settings
        numbers.append(report.number)
    assert len(set(numbers)) == len(numbers)
    again = BytesIO()
    assert write_workbook(again, make_source({"XAA": values}), "en").number == numbers[0]


def test_a_sheet_that_is_full_goes_on_in_a_numbered_one() -> None:
    source = make_source({"XAA": random_values(load_instrument(), random.Random(1))})
    whole, parted = (read_by_calamine(workbook_bytes(source, most_rows=limit)) for limit in (1_048_576, 300))
    assert {"Answers_long_2", "Answers_long_3"} <= set(parted)
    assert all(len(rows) <= 300 for rows in parted.values())
    assert read_facts(tables(parted)["Answers_long"]) == read_facts(tables(whole)["Answers_long"])
    assert "sheet_continued" in {row["issue"] for row in tables(parted)["Issues"]}


def test_a_lost_row_stops_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Rows.repeat_rows

    def losing(self: Rows, *given: Any) -> Any:
        rows = list(plain(self, *given))
        return iter(rows[1:])

    monkeypatch.setattr(Rows, "repeat_rows", losing)
    with pytest.raises(ExportIncomplete):
        workbook_bytes(make_source({"XAA": random_values(load_instrument(), random.Random(1))}))


def test_an_altered_submission_is_not_passed_on(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_small_world(session, 1)
        submission = session.exec(select(Submission)).one()
        submission.document = submission.document.replace("XAA", "XAB", 1)
        session.add(submission)
    with pytest.raises(BrokenSeal, match="altered"):
        export(sqlite_database)


def test_an_unknown_cycle_is_not_found(sqlite_database: Database) -> None:
    with pytest.raises(NotFound), read_source(sqlite_database, "latest"):
        pass
    with pytest.raises(NotFound), read_source(sqlite_database, "none-such"):
        pass


@pytest.mark.parametrize("count", [3, 193])
def test_the_number_of_statements_does_not_grow_with_the_states(database: Database, count: int) -> None:
    with database.transaction() as session:
        cycle = make_cycle(session)
        user = make_user(session)
        for number in range(count):
            code = f"{chr(65 + number // 26)}{chr(65 + number % 26)}X"
            response = make_response(session, cycle, make_state(session, code, f"Land {number}"))
            seal(session, response, {"op2.status_practice": "not_implemented"}, user_id=user.id)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    with read_source(database, cycle.id) as source:
        assert len(source.states) == count
        assert len(list(source.sealed("en"))) == count
    # Cycle, questionnaire (in memory after the first time), States with their seals, invitations, ready questions, responses
    # given back, focal points, reminders, documents, the round before.
    assert len(statements) in {10, 11}
    with database.reading() as session:
        assert session.get(Cycle, cycle.id) is not None
