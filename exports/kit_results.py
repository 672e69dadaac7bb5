"""An offline workbook that goes out again after it came back: a column beside the answers says what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from exports.kit_filling import Filling
from exports.kit_layout import ID_HEAD, read_place
from exports.kit_looks import height

RESULT_HEAD = "kit:result"
"""Head of the column of results; whoever reads the workbook back passes it over."""
RESULT_SHEET = "Result"
_WIDTH = 48.0


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a workbook: words by item id, and names of sheets and columns that were passed over, under a heading each."""

    by_item: Mapping[str, str]
    passed_over: Sequence[tuple[str, Sequence[str]]]


def write_results(filling: Filling, results: Results) -> None:
    """Add the column to every sheet with ids, and a sheet that names what was passed over."""
    for sheet in filling.book.worksheets:
        _write_column(filling, sheet, results.by_item)
    if any(names for _heading, names in results.passed_over):
        _write_passed_over(filling, results)


def _write_column(filling: Filling, sheet: Worksheet, words: Mapping[str, str]) -> None:
    _, put = filling.source.words, filling.looks.put
    column = sheet.max_column + 1
    said: set[str] = set()
    for row in range(1, sheet.max_row + 1):
        text = str(sheet.cell(row, 1).value or "")
        if text == ID_HEAD:
            put(sheet, row, column, RESULT_HEAD, "machine")
            put(sheet, row + 1, column, _("Import result"), "head")
            sheet.column_dimensions[get_column_letter(column)].width = _WIDTH
        item_id = text.partition("/")[0].partition("~")[0]
        # Once for each answer on a sheet: at its first cell.
        if item_id in words and item_id not in said and (read_place(text) or text.endswith(("/", "-"))):
            said.add(item_id)
            put(sheet, row, column, words[item_id], "help")
            known = sheet.row_dimensions[row].height or 15
            sheet.row_dimensions[row].height = max(known, height((words[item_id], _WIDTH)))


def _write_passed_over(filling: Filling, results: Results) -> None:
    sheet = filling.book.create_sheet(RESULT_SHEET)
    _, put = filling.source.words, filling.looks.put
    put(sheet, 1, 1, _("Import result"), "title")
    row = 3
    for heading, names in results.passed_over:
        if names:
            put(sheet, row, 1, heading, "head")
            for number, name in enumerate(names, start=row + 1):
                put(sheet, number, 1, name, "text")
            row += len(names) + 2
    sheet.column_dimensions["A"].width = 80
    sheet.sheet_view.rightToLeft = filling.source.right_to_left
    sheet.protection.sheet = True
