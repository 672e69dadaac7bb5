"""What may be changed in a workbook: each change with the code and the place under which it must be named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from exports.cover import COVER
from tests.imports.workbooks import column_of, cover_row, row_of

LONG = "Answers_long"
Change = Callable[[Any], tuple[str, int]]
"""Changes an opened workbook; the sheet and the row that must be named."""


def set_value(sheet: str, column: str, value: Any, **where: Any) -> Change:
    def change(book: Any) -> tuple[str, int]:
        page = book[sheet]
        row = row_of(page, **where)
        cell = page.cell(row, column_of(page, column))
        cell.value = value(cell.value) if callable(value) else value
        return sheet, row

    return change


def delete_row(sheet: str, **where: Any) -> Change:
    def change(book: Any) -> tuple[str, int]:
        row = row_of(book[sheet], **where)
        book[sheet].delete_rows(row)
        return sheet, row - 1

    return change


def copy_row(sheet: str, **where: Any) -> Change:
    def change(book: Any) -> tuple[str, int]:
        page = book[sheet]
        row = row_of(page, **where)
        values = [cell.value for cell in page[row]]
        page.insert_rows(row + 1)
        for column, value in enumerate(values, start=1):
            page.cell(row + 1, column).value = value
        page.cell(row + 1, column_of(page, "code")).value = "fully_implemented"
        return sheet, row + 1

    return change


def swap_rows(sheet: str, row: int) -> Change:
    def change(book: Any) -> tuple[str, int]:
        page = book[sheet]
        for cell, other in zip(page[row], page[row + 1], strict=True):
            cell.value, other.value = other.value, cell.value
        return sheet, row + 1  # the second of them stands where it should not

    return change


def set_cell(sheet: str, place: str, value: Any) -> Change:
    def change(book: Any) -> tuple[str, int]:
        book[sheet][place].value = value
        return sheet, book[sheet][place].row

    return change


def set_dashboard(begins: str, value: Any) -> Change:
    def change(book: Any) -> tuple[str, int]:
        row = next(row for row in book["Dashboard"].iter_rows() if str(row[0].value).startswith(begins))
        row[1].value = value
        return "Dashboard", int(row[0].row)

    return change


def set_cover(key: str, value: Any, column: str = "B") -> Change:
    def change(book: Any) -> tuple[str, int]:
        row = cover_row(book, key)
        book[COVER][f"{column}{row}"].value = value
        return COVER, row

    return change


NARRATIVE = {"state_iso3": "XAA", "item_id": "op2.narrative"}
STATUS = {"state_iso3": "XAA", "item_id": "op2.status_practice"}
CELLS: dict[str, tuple[str, Change]] = {
    "a letter": ("fact_altered", set_value(LONG, "value_text", lambda text: text.replace("State", "Stare", 1), **NARRATIVE)),
    "the last letter of a long text": ("fact_altered", set_value(LONG, "value_text", lambda text: text[:-1] + "x", state_iso3="XAB", item_id="op4.narrative")),
    "a status": ("fact_altered", set_value(LONG, "code", "fully_implemented", **STATUS)),
    "an answer made a blank": ("fact_altered", set_value(LONG, "asked_state", "not_answered", state_iso3="XAB", item_id="op2.status_practice")),
    "a version": ("fact_altered", set_value(LONG, "answer_version", "٢", state_iso3="XAB", item_id="op1.party")),
    "a number": ("fact_altered", set_value(LONG, "value_number", lambda number: number + 1, value_number=4043)),
    "a day": ("fact_altered", set_value(LONG, "value_date", lambda day: day + timedelta(days=1), state_iso3="XAA", item_id="op1.party_since")),
    "a label": ("row_altered", set_value(LONG, "label", "Fully implemented", state_iso3="XAB", item_id="op2.status_practice")),
    "a mark of the matrix": ("row_altered", set_value("Matrix", "op2.status_practice", "● Fully implemented", state="Land XAA")),
    "a text for reading": ("row_altered", set_value("Texts", "text", "Other words.", **NARRATIVE)),
    "a receipt number": ("row_altered", set_value("Coverage", "receipt_no", "XAA-1", state_iso3="XAA")),
    "a wording of the dictionary": ("row_altered", set_value("Dictionary", "label_en", "Other", item_id="op2.narrative")),
    "a count of States": ("row_altered", set_value("By_question", "states", 99, item_id="op2.status_practice", code="fully_implemented")),
    "a count of a group": ("row_altered", set_value("By_group", "african", 99, item_id="op2.status_practice", code="fully_implemented")),
    "an answer beside others": ("row_altered", set_value("Answers_wide", "op2.status_practice", "fully_implemented", state_iso3="XAA")),
    "a count of the dashboard": ("row_altered", set_dashboard("2 ", 99)),
    "the head of a column in words": ("row_altered", set_cell("Texts", "C3", "Somebody")),
    "the fingerprint of the submissions": ("submissions_sha256", set_cover("submissions_sha256", "0" * 64)),
    "the fingerprint of the questionnaire": ("instrument_sha256", set_cover("instrument_sha256", "0" * 64)),
    "the rows written": ("rows_written", set_cover(f"rows.{LONG}", 3, "E")),
    "the rows due": ("rows_due", set_cover("rows.Texts", 3, "D")),
    "the number": ("export_number", set_cover("export_number", "123456789abc")),
    "the purpose": ("cover_altered", set_cover("complements", "Anything")),
    "the preset in words": ("cover_altered", set_cover("preset", "Public")),
}  # fmt: skip
"""Single cells, changed all at once."""


ROWS: dict[str, tuple[str, Change]] = {
    "a row under another State": ("fact_missing", lambda book: (LONG, set_value(LONG, "state_iso3", "XAB", **STATUS)(book)[1] - 1)),
    "a deleted row": ("fact_missing", delete_row(LONG, **STATUS)),
    "an added row": ("fact_added", copy_row(LONG, **STATUS)),
    "rows swapped": ("fact_order", swap_rows(LONG, 40)),
    "a deleted text": ("row_missing", delete_row("Texts", **NARRATIVE)),
    "the id of a column": ("columns", set_cell(LONG, "J4", "words")),
    "the fingerprint of the facts": ("facts_sha256", set_cover("facts_sha256", "0" * 64)),
    "the moment": ("export_number", lambda book: (COVER, (set_cover("as_at", datetime(2026, 7, 1))(book), cover_row(book, "export_number"))[1])),
    "a line removed from the cover": ("row_missing", lambda book: (book[COVER].delete_rows(cover_row(book, "verification")), (COVER, cover_row(book, "complements")))[1]),
    "a sheet removed": ("sheet_gone", lambda book: (book.remove(book["Issues"]), ("Issues", 0))[1]),
    "a sheet added": ("sheet_added", lambda book: (book.create_sheet("More").append(["x"]), ("More", 0))[1]),
    "the parameters": ("parameters", set_cover("parameters", '{"preset": "secretariat"}')),
    "parameters without end": ("parameters", set_cover("parameters", "[" * 30_000)),
    "another round": ("unknown_cycle", set_cover("cycle", "none")),
    "no parameters": ("not_stated", lambda book: (book[COVER].delete_rows(cover_row(book, "parameters")), (COVER, 0))[1]),
}  # fmt: skip
"""Rows, sheets and what the comparison itself needs, changed one at a time."""
