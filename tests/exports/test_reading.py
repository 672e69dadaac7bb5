"""The workbook as an officer reads it: the marks and words of the website, columns that keep apart, pages that can be read."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlmodel import Session, select

from exports.codes import code_lists
from exports.columns import list_sheets
from exports.marks import BLANKS, RIGHT_TO_LEFT_MARK, SCALES
from exports.package import PackageTexts, _header, _margin, _points, shortened, strips_of
from exports.shape import Sheet
from exports.source import read_source
from exports.workbook import write_workbook
from instruments.catalog import load_instrument
from instruments.values import Narrative
from languages import LANGUAGES
from models.audit import AuditEvent
from models.base import utc_now
from models.cycles import Cycle
from models.database import Database
from models.export_queries import REMINDED
from models.responses import NationalResponse, QuestionState
from models.submissions import ResponseReturn
from services.reminders import EVENT
from services.secretariat import STAGES, read_board
from tests.builders import make_cycle, make_member, make_response, make_state, make_user
from tests.exports.builders import make_source, random_values, seal, workbook_bytes
from tests.exports.readback import cover, read_by_calamine, tables
from views.secretariat.common import stage_names

ROOT = Path(__file__).parent.parent.parent


def book_of(source: Any, language: str = "en") -> Any:
    return openpyxl.load_workbook(BytesIO(workbook_bytes(source, language)))


def test_marks_have_the_shapes_of_the_website() -> None:
    styles = (ROOT / "static" / "tables.css").read_text(encoding="utf-8")
    # The website: circles of 100, 50, 25 and 0 per cent; diamonds, which are squares turned by 45 degrees; a struck square; a dot.
    assert re.search(
        r"is\(\.adopted, \.notadopted, \.underway, \.notconsidered\).{0,400}rotate\(45deg\)", styles, re.DOTALL
    )
    assert re.search(r"a struck square", styles)
    names = {
        name: {code: unicodedata.name(mark.symbol) for code, mark in marks.items()} for name, marks in SCALES.items()
    }
    assert names == {
        "status": {
            "fully_implemented": "BLACK CIRCLE", "partially_implemented": "CIRCLE WITH RIGHT HALF BLACK",
            "planned_or_under_way": "CIRCLE WITH UPPER RIGHT QUADRANT BLACK", "not_implemented": "WHITE CIRCLE",
            "not_applicable": "EN DASH", "no_information": "SQUARE WITH UPPER LEFT TO LOWER RIGHT FILL",
        },
        "consider": {
            "considered_adopted": "BLACK DIAMOND", "considered_not_adopted": "WHITE DIAMOND CONTAINING BLACK SMALL DIAMOND",
            "under_consideration": "DIAMOND WITH LEFT HALF BLACK", "not_considered": "WHITE DIAMOND",
            "no_information": "SQUARE WITH UPPER LEFT TO LOWER RIGHT FILL",
        },
    }  # fmt: skip
    assert unicodedata.name(BLANKS["not_answered"].symbol) == "BULLET"


def test_in_arabic_the_mark_stands_before_the_words() -> None:
    source = make_source({"XAA": {"op2.status_practice": "fully_implemented"}})
    for language, start in (("ar", f"{RIGHT_TO_LEFT_MARK}● "), ("fr", "● ")):
        (row,) = tables(read_by_calamine(workbook_bytes(source, language)))["Matrix"]
        assert row["op2.status_practice"].startswith(start)


def test_states_of_work_are_those_of_the_secretariats_pages_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("views.secretariat.common._", str)
    words = code_lists(str)["work_state"]
    assert words == stage_names() and set(words) == set(STAGES)


def make_stages(session: Session) -> Cycle:
    """One State for each stage."""
    cycle, user = make_cycle(session), make_user(session, name="A. Person")
    responses = {}
    for number, stage in enumerate(STAGES):
        code = f"X{chr(65 + number)}A"
        responses[stage] = make_response(session, cycle, make_state(session, code, stage))
        if stage in {"submitted", "returned", "reopened"}:
            seal(session, responses[stage], {}, user_id=user.id)
        elif stage != "not_started":
            responses[stage].started_at = utc_now()
        if stage in {"returned", "reopened"}:
            responses[stage].clearance = "returned"
            session.add(ResponseReturn(
                national_response_id=responses[stage].id, kind=stage, reason="r", question_ids=[], by=user.id or 0
            ))  # fmt: skip
        session.add(responses[stage])
    submitted = responses["submitted"]
    make_member(session, user, submitted)
    submitted.reopen_requested_at = datetime(2026, 7, 9, 8, 30, tzinfo=UTC)
    session.add(submitted)
    for day, cycle_id in ((3, cycle.id), (5, cycle.id), (7, "another")):
        session.add(AuditEvent(
            event=EVENT, state_id=submitted.state_id, at=datetime(2026, 6, day, 9, tzinfo=UTC), detail={"cycle": cycle_id}
        ))  # fmt: skip
    session.flush()
    return cycle


def test_coverage_says_where_a_state_stands_who_its_focal_point_is_and_what_is_asked(database: Database) -> None:
    assert REMINDED == EVENT
    with database.transaction() as session:
        cycle = make_stages(session)
        make_ready(session, cycle)
    with database.reading() as session:
        stages = {entry.state.id: entry.stage for entry in read_board(session, cycle, "en").standings}
    target = BytesIO()
    with read_source(database, cycle.id) as source:
        assert source.as_at >= datetime(2026, 7, 9, 8, 30, tzinfo=UTC)
        write_workbook(target, source, "en")
    rows = tables(read_by_calamine(target.getvalue()))["Coverage"]
    assert {row["state_iso3"]: row["work_state"] for row in rows} == stages
    assert set(stages.values()) == set(STAGES)
    row = next(row for row in rows if row["work_state"] == "submitted")
    assert row["work_state_label"] == row["clearance_label"] == "Submitted"
    assert (row["focal_point"], row["reminders"]) == ("A. Person", 2)
    assert str(row["last_reminded_at"]) == "2026-06-05 09:00:00"
    assert str(row["reopen_requested_at"]) == "2026-07-09 08:30:00"
    assert b"@" not in b"".join(str(value).encode() for row in rows for value in row.values())


def make_ready(session: Session, cycle: Cycle) -> None:
    """Every question of the State `ready` is marked so."""
    code = f"X{chr(65 + STAGES.index('ready'))}A"
    response = session.exec(select(NationalResponse).where(NationalResponse.state_id == code)).one()
    for question_id in load_instrument().questions:
        session.add(QuestionState(national_response_id=response.id, question_id=question_id, ready=True))
    session.flush()


def test_every_cell_keeps_a_gap_and_text_stands_on_the_side_of_its_script() -> None:
    values = random_values(load_instrument(), random.Random(1), 0.3)
    values["op2.narrative"] = Narrative(text="نص", language="ar")
    values["op4.narrative"] = Narrative(text="“Words”", language="en")
    for language in ("en", "ar"):
        book = book_of(make_source({"XAA": values}), language)
        for sheet in book.worksheets[1:]:
            for cell in (
                cell for row in sheet.iter_rows(min_row=3, max_row=60) for cell in row if cell.value is not None
            ):
                assert cell.alignment.indent == 1, (sheet.title, cell.coordinate)
                assert cell.alignment.horizontal in {"left", "right"}
                if isinstance(cell.value, int | float):
                    assert cell.alignment.horizontal == "right"
        sides = {
            cell.value: (cell.alignment.horizontal, cell.alignment.readingOrder)
            for row in book["Texts"].iter_rows(min_row=5) for cell in row
        }  # fmt: skip
        assert (sides["نص"], sides["“Words”"]) == (("right", 2), ("left", 1))


def test_group_code_and_name_of_a_state_stand_at_one_height_in_the_matrix_and_the_name_wraps() -> None:
    sheet = book_of(make_source({"XAA": {}}))["Matrix"]
    cells = sheet[5]
    assert {cell.alignment.vertical for cell in cells} == {"center"}
    assert cells[2].alignment.wrap_text and cells[2].hyperlink is None
    assert cells[1].hyperlink.location == "Answers_long!A5"


def test_rows_that_are_filtered_have_one_line_whatever_their_text() -> None:
    text = "many words " * 500
    book = book_of(make_source({"XAA": {"op2.narrative": Narrative(text=text, language="en")}}))
    for name in ("Answers_long", "Dictionary"):
        assert {book[name].row_dimensions[row].height for row in range(5, 40)} == {15}


def test_ids_and_codes_fit_their_columns() -> None:
    book = book_of(make_source({"XAA": random_values(load_instrument(), random.Random(1), 0.3)}))
    for sheet, columns in (("Dictionary", {"item_id", "question_id", "type"}), ("Choices", {"list", "code"})):
        for cells in book[sheet].iter_cols(min_row=4):
            if cells[0].value in columns:
                longest = max(len(str(cell.value or "")) for cell in cells[1:])
                assert longest <= book[sheet].column_dimensions[cells[0].column_letter].width - 2, cells[0].value


def test_types_groups_and_roles_have_words_beside_their_codes() -> None:
    found = tables(read_by_calamine(workbook_bytes(make_source({"XAA": {}}))))
    for row in found["Dictionary"]:
        for name in ("type", "item_group", "role"):
            assert bool(row[name]) == bool(row[f"{name}_label"]), (row["item_id"], name)
    types = {row["code"]: row["label"] for row in found["Codes"] if row["list"] == "type"}
    assert all(types[row["type"]] == row["type_label"] for row in found["Dictionary"] if row["type"])


@pytest.mark.parametrize("sheet", list_sheets(load_instrument(), "en"), ids=lambda sheet: sheet.name)
def test_pages_are_readable_and_strips_leave_no_printed_column_out(sheet: Sheet) -> None:
    strips = strips_of(sheet)
    last = sheet.ids.index(sheet.printed) + 1 if sheet.printed else len(sheet.columns)
    covered = [number for first, stop in strips for number in range(first, stop + 1)]
    assert covered == list(range(1, last + 1))
    # A3 across is 1,133 points between the margins: nothing is made smaller than to 57 per cent.
    assert all(_points(sheet, first, stop) * 0.57 <= 1134 for first, stop in strips)


def test_title_and_note_are_printed_once_and_answers_and_texts_on_one_page_across() -> None:
    book = book_of(make_source({"XAA": random_values(load_instrument(), random.Random(1), 0.3)}))
    for sheet in book.worksheets[2:]:
        first, *others = re.findall(r"!\$([A-Z]+)\$(\d+):\$([A-Z]+)\$(\d+)", str(sheet.print_area))
        assert first[:2] == ("A", "1") and all(row == "3" for _column, row, *_end in others), sheet.title
        if others:
            assert sheet.print_title_cols and 57 <= sheet.page_setup.scale <= 100
            assert not sheet.sheet_properties.pageSetUpPr.fitToPage
        else:
            assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToWidth == 1
    for name in ("Answers_long", "Texts"):
        assert str(book[name].print_area).count("!") == 1


def test_the_header_shortens_the_questionnaire_and_never_the_round() -> None:
    warning = "Rehearsal: invented States and invented answers"
    title = "Follow-up on the Trafficking in Persons Protocol"
    for round_ in (
        "2026–2027",
        "Second round of reporting on the implementation of the resolution, 2026–2027",
        "r" * 190,
    ):
        header = _header(PackageTexts(warning, title, round_, "", datetime.now(UTC), False))
        assert header.startswith(warning) and header.endswith(f" – {round_}")
        assert _margin(header, right_to_left=False) == header
    assert shortened("Follow-up on the Protocol", 16) == "Follow-up on…" and shortened("Follow-up", 5) == ""


def test_a_header_with_signs_of_its_own_stays_within_what_a_file_may_have() -> None:
    margin = _margin("&" * 300, right_to_left=True)
    assert len(margin) <= 250 and margin.count("&") % 2 == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_round_stands_whole_in_the_header_of_a_rehearsal(language: str) -> None:
    source = make_source({"XAA": {}})
    book: Any = openpyxl.load_workbook(BytesIO(workbook_bytes(source, language, rehearsal=True)))
    side = "right" if language == "ar" else "left"
    assert all(getattr(sheet.oddHeader, side).text.rstrip("\u202c").endswith(" – A round") for sheet in book)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_round_whose_title_looks_like_a_formula_stands_on_the_cover_as_text(language: str) -> None:
    source = make_source({"XAA": {}})
    source = replace(source, cycle=replace(source.cycle, title="=2026+1"))
    assert cover(read_by_calamine(workbook_bytes(source, language)))["cycle_title"] == "=2026+1"
