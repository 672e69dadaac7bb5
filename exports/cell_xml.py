"""The cells of one sheet as XML: what a value of a column becomes, with a placeholder for the number of its row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from exports.cells import (
    FORMULA_STARTS,
    TEXT_LIMIT,
    clean,
    column_letters,
    day_number,
    direction_of,
    has_escape,
    is_plain,
    looks_like_formula,
    moment_number,
    number_text,
    split_text,
    text_xml,
    units,
)
from exports.marks import Marked, Value
from exports.shape import Sheet, SheetColumn
from exports.styles import Styles

ROW = "\0"
"""Stands for the number of the row. No cell can hold this character, so a whole row is numbered in one go."""


class SharedStrings:
    """Codes and labels, each stored once in the package."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text that is clean already."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self._numbers)
        return found

    def xml(self) -> bytes:
        """The part of the package."""
        items = "".join(f"<si>{text_xml(text)}</si>" for text in self._numbers)
        return (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'uniqueCount="{len(self._numbers)}">{items}</sst>'
        ).encode()


class CellXml:
    """Makes the cells of one sheet. `issue(code, column id, detail)` hears of what a cell could not hold exactly.

    `link(column letters, target)` hears of a cell that leads elsewhere.
    """

    def __init__(
        self,
        sheet: Sheet,
        styles: Styles,
        strings: SharedStrings,
        issue: Callable[[str, str, str], None],
        link: Callable[[str, str], None],
    ) -> None:
        self._styles, self._strings, self._issue, self._link = styles, strings, issue, link
        suffix, text_style = ("_wrap", "wrap") if sheet.wraps else ("", "plain")
        self.code_style = styles["code_middle" if sheet.middle else f"code_{text_style}"]
        # By direction and by whether it begins like a formula.
        self._text_styles = {
            (way, typed): styles[f"{text_style}_{way}{'_typed' if typed else ''}"]
            for way in ("ltr", "rtl") for typed in (False, True)
        }  # fmt: skip
        self._neutral = "rtl" if styles.right_to_left else "ltr"
        self._formats = {name: styles[f"{name}{suffix}"] for name in ("integer", "decimal", "date", "moment")}
        self.codes: dict[int, dict[Value, str]] = {}
        """For each column of codes (from 0) the cells made so far, by value: they come again in row after row."""
        columns = sheet.columns[:-2] if sheet.has_parts else sheet.columns
        self.writers = [self._writer_of(place, column) for place, column in enumerate(columns)]
        """For each column what makes a cell of a value that is not empty."""
        first, second = column_letters(len(columns) + 1), column_letters(len(columns) + 2)
        style = self._formats["integer"]
        self._parts = (f'<c r="{first}{ROW}" s="{style}"><v>', f'<c r="{second}{ROW}" s="{style}"><v>')

    def parts(self, part: int, parts: int) -> str:
        """The two cells at the end of a row that is one part of several."""
        return f"{self._parts[0]}{part}</v></c>{self._parts[1]}{parts}</v></c>"

    def _writer_of(self, place: int, column: SheetColumn) -> Callable[[Any], str]:
        letters = column_letters(place + 1)
        begin = f'<c r="{letters}{ROW}" s="'
        if column.kind in {"code", "value"}:
            return self._code_writer(place, begin, column)
        if column.kind == "text":
            return lambda value: self._text(begin, value, column.id)
        if column.kind == "mark":
            return lambda value: self._mark(letters, value)
        if column.kind == "formula":
            style = self._formats["integer"]
            return lambda value: f'{begin}{style}"><f>{escape(value.text)}</f><v>{value.value}</v></c>'
        if column.kind == "moment":
            style = self._formats["moment"]
            return lambda value: f'{begin}{style}"><v>{moment_number(value)}</v></c>'
        return lambda value: self._any(begin, value, column.id)

    def _code_writer(self, place: int, begin: str, column: SheetColumn) -> Callable[[Any], str]:
        style = self.code_style
        codes = self.codes.setdefault(place, {})

        def write(value: Value) -> str:
            if not isinstance(value, str):
                return self._any(begin, value, column.id)
            text = self._cleaned(value, column.id)
            if units(text) > TEXT_LIMIT:
                text = split_text(text)[0]
                self._issue("text_cut", column.id, "")
            if looks_like_formula(text):
                return self._text(begin, text, column.id)
            cell = f'{begin}{style}" t="s"><v>{self._strings.number(text)}</v></c>'
            if text == value:  # what had to be changed is said of every cell
                codes[value] = cell
            return cell

        return write

    def _any(self, begin: str, value: Value, column: str) -> str:
        if isinstance(value, str):
            return self._text(begin, value, column)
        if isinstance(value, date):
            day = day_number(value)
            if day is None:
                self._issue("date_as_text", column, value.isoformat())
                return self._text(begin, value.isoformat(), column)
            return f'{begin}{self._formats["date"]}"><v>{day}</v></c>'
        assert isinstance(value, int | Decimal)
        number = number_text(value)
        if number is None:
            self._issue("number_as_text", column, "")
            return self._text(begin, str(value), column)
        style = self._formats["decimal" if "." in number else "integer"]
        return f'{begin}{style}"><v>{number}</v></c>'

    def _text(self, begin: str, value: str, column: str) -> str:
        if is_plain(value):
            style = self._text_styles[direction_of(value) or self._neutral, value[0] in FORMULA_STARTS]
            return f'{begin}{style}" t="inlineStr"><is><t>{value}</t></is></c>'
        text = self._cleaned(value, column)
        style = self._text_styles[direction_of(text) or self._neutral, looks_like_formula(text)]
        if has_escape(text):
            return f'{begin}{style}" t="s"><v>{self._strings.number(text)}</v></c>'
        return f'{begin}{style}" t="inlineStr"><is>{text_xml(text)}</is></c>'

    def _mark(self, letters: str, value: Marked) -> str:
        if value.target:
            self._link(letters, value.target)
        number = self._strings.number(clean(value.text)[0])
        return f'<c r="{letters}{ROW}" s="{self._styles[value.style]}" t="s"><v>{number}</v></c>'

    def _cleaned(self, value: str, column: str) -> str:
        text, replaced = clean(value)
        if replaced:
            self._issue("characters_replaced", column, str(replaced))
        return text
