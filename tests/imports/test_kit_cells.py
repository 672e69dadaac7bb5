"""What stands in the cells of an offline workbook: read as people and programs mean it, or named with its cell and a code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exports.kit_front import META
from imports.kit_import import entries_of
from imports.workbook_file import UnreadableWorkbook
from instruments.values import Chosen, Narrative
from models.database import Database
from tests.imports.hostile import HOSTILE
from tests.imports.kit_files import cell_of, changed, filled
from tests.imports.test_kit_import import VALUES, Desk, at_desk, codes


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path) -> Iterator[Desk]:
    yield from at_desk(sqlite_database, tmp_path)


WRONG: dict[str, tuple[str, Any, str]] = {
    "a label that is none": ("op2.status_law", "mostly", "XL-101"), "a number in words": ("op5.limitation_years", "many", "XL-102"),
    "thousands or decimals": ("op5.penalty_basic_min", "1,234", "XL-103"), "the 30 February": ("op1.party_since", "2020-02-30", "XL-104"),
    "two ways to read a day": ("op1.party_since", "03/04/2005", "XL-105"), "too long": ("op4.laws/aa11/articles", "x" * 600, "XL-106"),
    "below nought": ("op5.limitation_years", -3, "XL-107"), "no address": ("op2.reported_in", "the annual report", "XL-108"),
    "a formula without its value": ("op5.limitation_years", "==1+1", "XL-110"), "a mark that is none": ("op2.screening_places//codes=ports", "perhaps", "XL-112"),
    "a day beyond all calendars": ("op1.party_since", 9_999_999, "XL-104"), "half a year": ("op5.limitation_years", 2.5, "XL-102"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_is_named_with_its_cell_and_code_and_not_ticked(desk: Desk, name: str) -> None:
    cell_id, value, code = WRONG[name]
    data = desk.kit()
    if code == "XL-110":
        data = changed(data, lambda book: setattr(cell_of(book, cell_id), "value", "=1+1"))
    else:
        data = filled(data, {cell_id: value})
    place = []
    changed(data, lambda book: place.append(cell_of(book, cell_id)))
    (entry,) = entries_of(desk.look(data))
    assert (entry.kind, entry.take) == ("error", "")
    assert (code, f"{place[0].parent.title}!{place[0].coordinate}") in {(one.code, one.place) for one in entry.problems}


READABLE: dict[str, tuple[str, Any, Any]] = {
    "an escape": ("op2.authority//text", "a_x000B_b", Narrative(text="ab", language="en")),
    "forty thousand letters": ("op2.authority//text", "x" * 32_000, Narrative(text="x" * 32_000, language="en")),
    "pictures": ("op2.authority//text", "🙂🏳️‍🌈", Narrative(text="🙂🏳️‍🌈", language="en")),
    "Arabic with digits and brackets": ("op2.authority//text", "القانون (64) لسنة ٢٠١٠", Narrative(text="القانون (64) لسنة ٢٠١٠", language="en")),
    "what looks like a formula": ("op2.authority//text", '=HYPERLINK("x")', Narrative(text='=HYPERLINK("x")', language="en")),
    "noughts in front": ("op2.authority//text", "007", Narrative(text="007", language="en")),
    "a number as text": ("op5.limitation_years", "25", 25), "a number in other digits": ("op5.limitation_years", "٢٥", 25),
    "a large number": ("op5.median_days", 1e3, 1000), "a day as a number": ("op1.party_since", 40_000, date(2009, 7, 6)),
    "a day as text": ("op1.party_since", "30.6.2010", date(2010, 6, 30)), "a number in a text": ("op2.authority//text", 1e5, Narrative(text="100000", language="en")),
    "three decimals": ("op5.penalty_basic_min", 2.5, Decimal("2.5")), "a truth value": ("op2.screening_places//codes=ports", True, Chosen(codes=("land_borders", "ports"))),
}  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_what_people_and_programs_write_is_read_as_they_mean_it(desk: Desk, name: str) -> None:
    cell_id, value, due = READABLE[name]
    row = desk.look(filled(desk.kit(), {cell_id: value}))
    desk.apply(row)
    assert desk.value(cell_id.partition("/")[0]) == due


@pytest.mark.parametrize(
    "name",
    [
        "a text with commas renamed",
        "an old workbook",
        "cut in the middle",
        "spaces without end",
        "macros under any name",
        "the file that a spreadsheet keeps while it is open",
    ],
)
def test_what_is_no_workbook_is_refused_before_anything_is_looked_up(desk: Desk, name: str) -> None:
    code, make = HOSTILE[name]
    with pytest.raises(UnreadableWorkbook) as refused:
        desk.found(make())
    assert refused.value.code == code
    with pytest.raises(UnreadableWorkbook) as refused:
        desk.found(
            changed(
                desk.kit(),
                lambda book: [book.remove(sheet) for sheet in book.worksheets if sheet.title not in {"Start", META}],
            )
        )
    assert refused.value.code == "no_answers"


def test_items_that_the_questionnaire_does_not_have_are_listed(desk: Desk) -> None:
    def rename(book: Any) -> None:
        cell = cell_of(book, "op2.status_law")
        cell.parent.cell(cell.row, 1).value = "op2.gone_since"

    assert set(desk.look(changed(desk.kit(), rename)).result["unknown"]) == {"op2.gone_since"}


def test_an_id_that_stands_there_twice_with_two_texts_is_an_error(desk: Desk) -> None:
    def double(book: Any) -> None:
        book["P4-5"].append(["op5.limitation_years", "5", "copied", "", "77"])

    (entry,) = entries_of(desk.look(changed(desk.kit(), double)))
    assert (entry.kind, codes(entry)) == ("error", {"XL-113"})


def test_five_thousand_rows_in_a_table_are_an_error_and_nothing_is_lost(desk: Desk) -> None:
    def fill(book: Any) -> None:
        sheet = book.create_sheet("More laws")
        sheet.append(["kit:id", "kit:answer:title"])
        for number in range(11, 5_011):
            sheet.append([f"op4.laws/+{number}/", f"Law {number}"])

    (entry,) = entries_of(desk.look(changed(desk.kit(), fill)))
    assert (entry.kind, entry.take) == ("error", "")
    assert "XL-114" in codes(entry)
    assert desk.value("op4.laws") == VALUES["op4.laws"]
