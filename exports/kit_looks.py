"""The looks of an offline workbook and the one way a cell of it is filled: cleaned, as text, locked or open."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from exports.cells import clean, direction_of
from exports.heights import lines_needed
from exports.styles import BAND, FONT, GAP, INK, INK_2, LINE, LINK, WASH

LINE_HEIGHT, TALLEST = 13.5, 409.0
"""Points of a line of text, and of the tallest row that programs know."""
LONGEST_IN_MARGIN = 110
"""Characters of a header or footer: about one line of a page."""
_WHITE, _FIELD_EDGE, _GREY, _GREY_INK = "FFFFFF", "6B7885", "E4E7EB", "6B7680"
# What a spreadsheet would read as an escape of its own (ECMA-376, ST_Xstring).
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def _edge(color: str, style: Any = "thin") -> Border:
    side = Side(style=style, color=color)
    return Border(left=side, right=side, top=side, bottom=side)


class Looks:
    """Cells by the name of their look. Every text goes through `put`."""

    def __init__(self, book: Workbook, *, right_to_left: bool) -> None:
        self.right_to_left = right_to_left
        self._order = 2 if right_to_left else 1
        self._side = "right" if right_to_left else "left"
        self._cells: dict[tuple[str, str], Cell] = {}
        self._book = book
        normal = book._named_styles["Normal"]  # type: ignore[attr-defined]
        normal.font = Font(name=FONT, size=10, color=INK)
        normal.bind(book)
        hair = Border(bottom=Side(style="hair", color=LINE))
        wash, band = PatternFill("solid", fgColor=WASH), PatternFill("solid", fgColor=BAND)
        white, grey = PatternFill("solid", fgColor=_WHITE), PatternFill("solid", fgColor=_GREY)
        self._looks: dict[str, dict[str, Any]] = {
            "title": {"font": self._font(16, BAND, bold=True), "wrap": False},
            "note": {"font": self._font(10, INK_2), "wrap": False},
            "question": {"font": self._font(13, _WHITE, bold=True), "fill": band, "vertical": "center"},
            "official": {"font": self._font(10, INK), "fill": wash},
            "group": {"font": self._font(11, BAND, bold=True), "border": Border(bottom=Side(style="medium", color=BAND)), "vertical": "bottom"},
            "head": {"font": self._font(9, _WHITE, bold=True), "fill": band, "vertical": "center", "border": _edge(BAND)},
            "machine": {"font": self._font(7, _GREY_INK), "fill": grey, "ltr": True},
            "faint": {"font": self._font(6, LINE), "ltr": True},
            "label": {"font": self._font(10, INK, bold=True), "border": hair},
            "part": {"font": self._font(10, INK), "border": hair, "indent": 3},
            "text": {"font": self._font(10, INK), "border": hair},
            "help": {"font": self._font(9, INK_2), "border": hair},
            "state": {"font": self._font(9, INK_2), "border": hair},
            "number": {"font": self._font(10, INK), "border": hair, "vertical": "top"},
            "link": {"font": self._font(10, LINK, underline="single"), "border": hair},
            "answer": {"font": self._font(10, INK), "border": _edge(_FIELD_EDGE), "fill": white, "open": True},
            "figure": {"font": self._font(10, INK), "border": _edge(_FIELD_EDGE), "fill": white, "open": True, "figures": True},
            "locked": {"font": self._font(10, INK), "border": _edge(LINE), "fill": wash},
            "warning": {"font": self._font(11, "7A3E00", bold=True), "wrap": False},
        }  # fmt: skip

    def _font(self, size: int, color: str, *, bold: bool = False, underline: Any = None) -> Font:
        return Font(name=FONT, size=size, color=color, bold=bold, underline=underline)

    def put(self, sheet: Worksheet, row: int, column: int, text: str | int, look: str) -> Any:
        """Fill a cell: a text stays text whatever it begins with, on the side where its own script begins if people wrote it."""
        way = direction_of(text) if look == "answer" and isinstance(text, str) else ""
        way = "ltr" if self._looks[look].get("ltr") else way
        cell: Any = sheet.cell(row, column)
        cell._style = copy(self._prototype(look, way)._style)  # type: ignore[attr-defined]
        if isinstance(text, int):
            cell.value = text
        elif text:
            cell.value = _ESCAPE_LIKE.sub("_x005F_", clean(text)[0])
            # Whatever it begins with: not a formula, not a number.
            cell.data_type = "s"
        return cell

    def formula(self, sheet: Worksheet, row: int, column: int, formula: str, look: str) -> Any:
        """A cell that counts or compares; never made of what a person typed."""
        cell = self.put(sheet, row, column, "", look)
        cell.value = f"={formula}"
        cell.number_format = "General"
        return cell

    def _prototype(self, look: str, way: str) -> Cell:
        if (look, way) not in self._cells:
            given = self._looks[look]
            cell = Cell(self._book.worksheets[0], row=1, column=1)
            side = {"ltr": "left", "rtl": "right"}.get(way, "right" if given.get("figures") else self._side)
            order = {"ltr": 1, "rtl": 2}.get(way, 1 if given.get("figures") else self._order)
            cell.alignment = Alignment(
                horizontal=side, vertical=given.get("vertical", "top"), wrap_text=given.get("wrap", True), readingOrder=order,
                indent=given.get("indent", GAP),
            )  # fmt: skip
            cell.font = given["font"]
            cell.border = given.get("border", Border())
            cell.fill = given.get("fill", PatternFill())
            cell.number_format = "@"
            cell.protection = Protection(locked=not given.get("open", False))
            self._cells[look, way] = cell
        return self._cells[look, way]


def not_asked_style() -> DifferentialStyle:
    """How a row looks that is not asked: grey, and its state says so in words."""
    return DifferentialStyle(
        font=Font(color=_GREY_INK, italic=True), fill=PatternFill("solid", bgColor=_GREY, fgColor=_GREY)
    )  # fmt: skip


def height(*texts: tuple[str, float], least: float = 0) -> float:
    """The height of a row whose wrapped texts stand in columns of these widths; nobody measures it when the file is opened."""
    return min(TALLEST, max(least, 4 + LINE_HEIGHT * max(lines_needed(text, width) for text, width in texts)))


def set_up(sheet: Worksheet, widths: dict[str, float], *, right_to_left: bool, header: str, footer: str) -> None:
    """Widths, direction, protection without a password, and how the sheet is printed: A4, landscape, one page wide."""
    for letter, width in widths.items():
        sheet.column_dimensions[letter].width = width
    sheet.sheet_view.rightToLeft = right_to_left
    sheet.sheet_view.showGridLines = False
    # It keeps slips out of questions and ids, and forbids nothing else.
    sheet.protection.sheet = True
    for allowed in ("formatColumns", "formatRows", "formatCells", "autoFilter", "sort", "insertColumns"):
        setattr(sheet.protection, allowed, False)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.7, bottom=0.6, header=0.3, footer=0.3)
    start, end = ("right", "left") if right_to_left else ("left", "right")
    assert sheet.oddHeader is not None and sheet.oddFooter is not None  # openpyxl makes them with the sheet
    getattr(sheet.oddHeader, start).text = _margin(header, right_to_left=right_to_left)
    getattr(sheet.oddHeader, end).text = "&A"
    getattr(sheet.oddFooter, start).text = _margin(footer, right_to_left=right_to_left)
    getattr(sheet.oddFooter, end).text = "&P / &N"


def _margin(text: str, *, right_to_left: bool) -> str:
    """A text for a margin: cut to a line, and its & doubled, for they begin a code."""
    plain = clean(text)[0].replace("\n", " ")[:LONGEST_IN_MARGIN].replace("&", "&&")
    # Margins have no direction of their own.
    return f"\u202b{plain}\u202c" if right_to_left else plain
