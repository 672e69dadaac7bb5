"""The looks of cells, made by openpyxl once per workbook and known to the writer by number."""

from __future__ import annotations

from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Color, Font, PatternFill, Side

FONT = "Arial"
"""Has Latin, Cyrillic and Arabic on every desktop; Chinese is taken from the system's own font."""
SIZE = 10
INK, INK_2, LINE, BAND, WASH, LINK = "1A2430", "55606C", "C9D0D8", "1F3A5F", "EEF2F6", "0B4F9E"
GAP = 1
"""Indent of every cell on the side where its text begins: columns never run together, whichever way each is written."""

Pattern = Literal["solid", "lightUp", "gray0625"]

# The colours of the website: one hue from dark to white; grey, hatching and dots for what is not a degree.
_FILLS: dict[str, tuple[Pattern, str, str, str]] = {
    "mark_full": ("solid", "0B4A72", "0B4A72", "FFFFFF"),
    "mark_part": ("solid", "7FB4D3", "7FB4D3", INK),
    "mark_plan": ("solid", "D3E6F1", "D3E6F1", INK),
    "mark_none": ("solid", "FFFFFF", "FFFFFF", INK),
    "mark_other": ("solid", "A9B4BE", "A9B4BE", INK),
    "mark_sunk": ("solid", "E4E7EB", "E4E7EB", INK),
    "mark_hatched": ("lightUp", "C3CBD3", "FFFFFF", INK),
    "mark_dotted": ("gray0625", "8793A0", "FFFFFF", INK_2),
    "mark_blank": ("solid", "FFFFFF", "FFFFFF", INK_2),
}
_FORMATS = {"integer": "0", "decimal": "0.0##############", "date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}
_HAIR = Border(bottom=Side(style="hair", color=LINE))
_THIN = Side(style="thin", color=LINE)
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)


def _font(
    size: int = SIZE, color: str = INK, *, bold: bool = False, underline: Literal["single"] | None = None
) -> Font:
    return Font(name=FONT, size=size, color=color, bold=bold, underline=underline)


class Styles:
    """Style numbers by name, registered with one openpyxl workbook.

    `plain_ltr`, `wrap_rtl` and so on are what people wrote, aligned by its own script; `code_plain` and `code_wrap` are codes and
    labels, at the start of the line. With `_typed` (quotePrefix), a text that begins like a formula stays text when a person edits
    it. Plain cells wrap too, in rows of one line: a long text ends with a whole word and not at the neighbour's.
    """

    def __init__(self, book: Workbook, *, right_to_left: bool) -> None:
        self._book = book
        self.right_to_left = right_to_left
        self._numbers: dict[str, int] = {}
        # The default of openpyxl is a font that few other programs have.
        normal = book._named_styles["Normal"]  # type: ignore[attr-defined]
        normal.font = _font()
        normal.bind(book)
        order = 2 if right_to_left else 1
        side: Literal["left", "right"] = "right" if right_to_left else "left"
        start = Alignment(vertical="top", horizontal=side, readingOrder=order, indent=GAP)
        start_wrap = Alignment(vertical="top", horizontal=side, wrap_text=True, readingOrder=order, indent=GAP)
        middle = Alignment(vertical="center", horizontal=side, wrap_text=True, readingOrder=order, indent=GAP)
        # To the right in both directions, so that units line up.
        figures = Alignment(vertical="top", horizontal="right", indent=GAP)
        figures_head = Alignment(vertical="center", horizontal="right", wrap_text=True, readingOrder=order, indent=GAP)
        one_line = Alignment(vertical="center", horizontal=side, readingOrder=order, indent=GAP)
        small = Alignment(vertical="center", horizontal=side, shrink_to_fit=True, indent=GAP)
        small_figures = Alignment(vertical="center", horizontal="right", shrink_to_fit=True, indent=GAP)
        band, wash = PatternFill("solid", fgColor=BAND), PatternFill("solid", fgColor=WASH)
        written: tuple[tuple[Literal["ltr", "rtl"], Literal["left", "right"], int], ...] = (
            ("ltr", "left", 1),
            ("rtl", "right", 2),
        )
        for way, at, reading in written:
            own = Alignment(vertical="top", horizontal=at, wrap_text=True, readingOrder=reading, indent=GAP)
            self._add(f"plain_{way}", _font(), own)
            self._add(f"wrap_{way}", _font(), own, border=_HAIR)
            self._add(f"plain_{way}_typed", _font(), own, quotePrefix=True)
            self._add(f"wrap_{way}_typed", _font(), own, border=_HAIR, quotePrefix=True)
        # On one line: in a low row a sliver of the next line would show below Arabic.
        self._add("code_plain", _font(), start)
        self._add("code_wrap", _font(), start_wrap, border=_HAIR)
        self._add("code_middle", _font(), middle, border=_HAIR)
        for name, number_format in _FORMATS.items():
            self._add(name, _font(), figures, number_format=number_format)
            self._add(f"{name}_wrap", _font(), figures, border=_HAIR, number_format=number_format)
            # On the cover numbers and moments stand at the start of the line, like the words around them.
            self._add(f"{name}_start", _font(), start, border=_HAIR, number_format=number_format)
        self._add("title", _font(14, BAND, bold=True), one_line)
        self._add("note", _font(SIZE, INK_2), one_line)
        self._add("section", _font(11, BAND, bold=True), one_line)
        self._add("head", _font(SIZE, "FFFFFF", bold=True), middle, fill=band)
        top_head = Alignment(vertical="top", horizontal=side, wrap_text=True, readingOrder=order, indent=GAP)
        self._add("head_top", _font(SIZE, "FFFFFF", bold=True), top_head, fill=band)
        self._add("head_figures", _font(SIZE, "FFFFFF", bold=True), figures_head, fill=band)
        under = Border(bottom=Side(style="thin", color=BAND))
        self._add("id", _font(8, INK_2), small, fill=wash, border=under)
        self._add("id_figures", _font(8, INK_2), small_figures, fill=wash, border=under)
        self._add("label", _font(bold=True), start_wrap, border=_HAIR)
        self._add("key", _font(8, INK_2), start, border=_HAIR)
        self._add("link", _font(SIZE, LINK, underline="single"), start, border=_HAIR)
        self._add("warning", _font(12, "7A3E00", bold=True), one_line)
        self._add("state_link", _font(SIZE, LINK, underline="single"), middle, border=_HAIR)
        for name, (pattern, front, back, ink) in _FILLS.items():
            fill = PatternFill(pattern, fgColor=Color(rgb=f"FF{front}"), bgColor=Color(rgb=f"FF{back}"))
            self._add(name, _font(9, ink), middle, fill=fill, border=_BOX)

    def _add(self, name: str, font: Font, alignment: Alignment, **looks: Any) -> None:
        # A cell of no sheet: only its style is wanted, which openpyxl numbers as soon as it is asked for.
        cell = Cell(self._book.worksheets[0], row=1, column=1)
        cell.font, cell.alignment = font, alignment
        for attribute, value in looks.items():
            setattr(cell, attribute, value)
        self._numbers[name] = cell.style_id

    def __getitem__(self, name: str) -> int:
        return self._numbers[name]
