"""The sheets in front, which are no tables: the cover and the dashboard, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime

from exports.cell_xml import SharedStrings
from exports.cells import clean, column_letters, day_number, looks_like_formula, moment_number
from exports.cover import COVER, CoverRow
from exports.dashboard import DASHBOARD, DASHBOARD_WIDTHS, Dashboard, SmallTable
from exports.deflate import Deflated
from exports.heights import lines_needed
from exports.package import Layout, attribute
from exports.shape import Sheet, gettext_in
from exports.sheets import LINE, Part
from exports.styles import Styles
from languages import direction

FRONT_SHEETS = (COVER, DASHBOARD)
"""The sheets without a table."""
COVER_WIDTHS = (50, 90, 34, 14, 14)


def _value_style(row: CoverRow) -> str:
    if row.style == "head":
        return "head"
    # Read from left to right in every language: it is for programs.
    return "wrap_ltr" if row.key == "parameters" else "value"


class FrontSheets:
    """Writes the two sheets with the styles and the shared strings of one workbook."""

    def __init__(self, styles: Styles, strings: SharedStrings, new_file: Callable[[], Deflated], language: str) -> None:
        self._styles, self._strings, self._new_file, self._language = styles, strings, new_file, language
        self._typed = f"wrap_{'rtl' if direction(language) == 'rtl' else 'ltr'}_typed"

    def cover(self, rows: list[CoverRow]) -> Layout:
        """The cover."""
        part = Part(COVER, Sheet(COVER, "", "", ()), self._new_file())
        for number, row in enumerate(rows, start=1):
            part.file.write(self._cover_row(part, number, row).encode())
        part.last_row = len(rows)
        return Layout(part, None, COVER_WIDTHS)

    def _cover_row(self, part: Part, number: int, row: CoverRow) -> str:
        cells = []
        if row.label:
            cells.append(self._cell(f"A{number}", row.label, row.style))
        if row.value is not None:
            cells.append(self._cell(f"B{number}", row.value, _value_style(row)))
        if row.key:
            cells.append(self._cell(f"C{number}", row.key, "head" if row.style == "head" else "key"))
        if row.expected is not None and row.written is not None:
            cells += [self._cell(f"D{number}", row.expected, "head"), self._cell(f"E{number}", row.written, "head")]
        if row.target:
            part.links.append(f'<hyperlink ref="A{number}" location="{attribute(row.target)}"/>')
        lines = max(
            lines_needed(row.value, COVER_WIDTHS[1]) if isinstance(row.value, str) else 1,
            lines_needed(row.label, COVER_WIDTHS[0]) if row.style == "label" else 1,
        )
        height = {"title": 26.0, "warning": 24.0, "section": 20.0, "head": 30.0}.get(row.style, 3 + LINE * lines)
        return f'<row r="{number}" ht="{height}">{"".join(cells)}</row>'

    def dashboard(self, dashboard: Dashboard) -> Layout:
        """The dashboard with its charts."""
        _ = gettext_in(self._language)
        part = Part(DASHBOARD, Sheet(DASHBOARD, "", "", ()), self._new_file())
        part.file.write(self._row(1, [(_("Dashboard"), "title")], 26).encode())
        note = _(
            "Counts of States and of entries, as reported and not verified. Nothing here compares or rates States."
        )
        part.file.write(self._row(2, [(note, "note")], 16).encode())
        placed = dashboard.placed()
        for one in placed:
            for row in self._table_rows(one.table, one.row):
                part.file.write(row.encode())
            part.last_row = one.row + 2 + len(one.table.rows)
        return Layout(part, None, DASHBOARD_WIDTHS, [one.chart for one in placed])

    def _table_rows(self, table: SmallTable, row: int) -> Iterator[str]:
        heads = [(head, "head" if place == 0 else "head_figures") for place, head in enumerate(table.heads)]
        cells: list[list[tuple[str | int | date, str]]] = [[(table.title, "section")], [(table.note, "note")], [*heads]]
        for name, counts in table.rows:
            cells.append([(name, "code_wrap"), *((count, "count") for count in counts)])
        for number, (one, height) in enumerate(zip(cells, table.heights(), strict=True), start=row):
            yield self._row(number, one, height)

    def _row(self, number: int, cells: list[tuple[str | int | date, str]], height: float) -> str:
        written = (
            self._cell(f"{column_letters(column)}{number}", value, style)
            for column, (value, style) in enumerate(cells, start=1)
        )
        return f'<row r="{number}" ht="{height}" customHeight="1">{"".join(written)}</row>'

    def _cell(self, place: str, value: str | int | date | datetime, style: str) -> str:
        if isinstance(value, datetime):
            return f'<c r="{place}" s="{self._styles["moment_start"]}"><v>{moment_number(value)}</v></c>'
        if isinstance(value, date):
            return f'<c r="{place}" s="{self._styles["date_start"]}"><v>{day_number(value)}</v></c>'
        if isinstance(value, int):
            name = "integer_start" if style == "value" else "integer_wrap"
            return f'<c r="{place}" s="{self._styles[name]}"><v>{value}</v></c>'
        text = clean(value)[0]
        if style == "value":
            style = self._typed if looks_like_formula(text) else "code_wrap"
        return f'<c r="{place}" s="{self._styles[style]}" t="s"><v>{self._strings.number(text)}</v></c>'
