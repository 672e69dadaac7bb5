"""The looks of cells, made by openpyxl once per workbook and known to the writer by number."""

from __future__ import annotations

from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Color, Font, PatternFill, Side

FONT = "Arial"
"""Has Latin, Cyrillic and Arabic on every desktop; Chinese is taken from the system's own font."""
SIZE = 10
INK, INK_2, LINE, BAND, WASH = "1A2430", "55606C", "C9D0D8", "1F3A5F", "EEF2F6"

Pattern = Literal["solid", "lightUp", "gray0625"]

# One hue from dark to white; hatching and dots for what is not a degree.
_FILLS: dict[str, tuple[Pattern, str, str, str]] = {
    "mark_full": ("solid", "1F4E79", "1F4E79", "FFFFFF"),
    "mark_part": ("solid", "8FB3D6", "8FB3D6", INK),
    "mark_plan": ("solid", "DCE8F3", "DCE8F3", INK),
    "mark_none": ("solid", "FFFFFF", "FFFFFF", INK),
    "mark_hatched": ("lightUp", "AAB4BF", "FFFFFF", INK),
    "mark_dotted": ("gray0625", "8793A0", "FFFFFF", INK),
    "mark_blank": ("solid", "FFFFFF", "FFFFFF", INK_2),
    "mark_unasked": ("solid", "E4E7EB", "E4E7EB", INK_2),
}
_FORMATS = {"integer": "0", "decimal": "0.0##############", "date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}
_HAIR = Border(bottom=Side(style="hair", color=LINE))
_THIN = Side(style="thin", color=LINE)
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)


class Styles:
    """Style numbers by name, registered with one openpyxl workbook.

    Text styles have a twin `<name>_typed` (quotePrefix): a text that begins like a formula stays text when it is edited.
    """

    def __init__(self, book: Workbook, *, right_to_left: bool) -> None:
        self._book = book
        # The default of openpyxl is a font that few other programs have.
        normal = book._named_styles["Normal"]  # type: ignore[attr-defined]
        normal.font = Font(name=FONT, size=SIZE, color=INK)
        normal.bind(book)
        order = 2 if right_to_left else 1
        self._numbers: dict[str, int] = {}
        top = Alignment(vertical="top")
        wrap = Alignment(vertical="top", wrap_text=True)
        self._add("plain", font=Font(name=FONT, size=SIZE, color=INK), alignment=top)
        self._add("wrap", font=Font(name=FONT, size=SIZE, color=INK), alignment=wrap, border=_HAIR)
        for name, number_format in _FORMATS.items():
            self._add(name, font=Font(name=FONT, size=SIZE, color=INK), alignment=top, number_format=number_format)
            self._add(
                f"{name}_wrap", font=Font(name=FONT, size=SIZE, color=INK), alignment=top, border=_HAIR,
                number_format=number_format,
            )  # fmt: skip
        self._add(
            "title",
            font=Font(name=FONT, size=14, bold=True, color=BAND),
            alignment=Alignment(vertical="center", readingOrder=order),
        )
        self._add(
            "note",
            font=Font(name=FONT, size=SIZE, color=INK_2),
            alignment=Alignment(vertical="center", readingOrder=order),
        )
        self._add(
            "head", font=Font(name=FONT, size=SIZE, bold=True, color="FFFFFF"), fill=PatternFill("solid", fgColor=BAND),
            alignment=Alignment(vertical="center", wrap_text=True, readingOrder=order),
        )  # fmt: skip
        self._add(
            "id", font=Font(name=FONT, size=8, color=INK_2), fill=PatternFill("solid", fgColor=WASH),
            alignment=Alignment(vertical="center"), border=Border(bottom=Side(style="thin", color=BAND)),
        )  # fmt: skip
        self._add(
            "section", font=Font(name=FONT, size=11, bold=True, color=BAND), alignment=Alignment(readingOrder=order)
        )
        # Numbers and moments of the cover stand at the start of the line, like the words around them.
        start = Alignment(vertical="top", horizontal="right" if right_to_left else "left")
        for name, number_format in (("moment", _FORMATS["moment"]), ("integer", _FORMATS["integer"])):
            self._add(
                f"{name}_start", font=Font(name=FONT, size=SIZE, color=INK), alignment=start, border=_HAIR,
                number_format=number_format,
            )  # fmt: skip
        self._add("label", font=Font(name=FONT, size=SIZE, bold=True, color=INK), alignment=wrap, border=_HAIR)
        self._add("key", font=Font(name=FONT, size=8, color=INK_2), alignment=top, border=_HAIR)
        self._add(
            "link", font=Font(name=FONT, size=SIZE, color="0B4F9E", underline="single"), alignment=top, border=_HAIR
        )
        self._add(
            "warning", font=Font(name=FONT, size=12, bold=True, color="7A3E00"), fill=PatternFill("solid", fgColor="FDF1DC"),
            alignment=Alignment(vertical="center", wrap_text=True, readingOrder=order), border=_BOX,
        )  # fmt: skip
        for name, (pattern, front, back, ink) in _FILLS.items():
            self._add(
                name, font=Font(name=FONT, size=9, color=ink),
                fill=PatternFill(pattern, fgColor=Color(rgb=f"FF{front}"), bgColor=Color(rgb=f"FF{back}")),
                alignment=Alignment(vertical="center", wrap_text=True), border=_BOX,
            )  # fmt: skip
        for name in ("plain", "wrap"):
            self._add(
                f"{name}_typed", font=Font(name=FONT, size=SIZE, color=INK), alignment=top if name == "plain" else wrap,
                border=None if name == "plain" else _HAIR, quotePrefix=True,
            )  # fmt: skip

    def _add(self, name: str, **looks: Any) -> None:
        # A cell of no sheet: only its style is wanted, which openpyxl numbers as soon as it is asked for.
        cell = Cell(self._book.worksheets[0], row=1, column=1)
        for attribute, value in looks.items():
            if value is not None:
                setattr(cell, attribute, value)
        self._numbers[name] = cell.style_id

    def __getitem__(self, name: str) -> int:
        return self._numbers[name]
