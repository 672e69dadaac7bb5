"""Rows of one sheet, streamed as XML into a temporary file: memory does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exports.cell_xml import ROW, CellXml, SharedStrings
from exports.cells import TEXT_LIMIT, clean, column_letters, split_text, units
from exports.deflate import Deflated
from exports.heights import lines_needed, room_of
from exports.marks import Marked, Value
from exports.shape import Sheet
from exports.styles import Styles

MOST_ROWS = 1_048_576
"""Rows of a worksheet. What does not fit goes on in a sheet of the same name with a number."""
HEAD_ROWS = 4
"""Title, note, heads in words, ids. The ids are the header of the table."""
FLUSH = 400
"""Rows gathered before they are written."""
MOST_LINKS = 60_000
"""Links of a worksheet; a program opens at most 65,530."""
LINE = 13.25
TALLEST = 409.0
LOW = 15
"""Points: a line of text, the tallest row there can be, a row of one line."""
MOST_RUNS = 4_000
"""Runs of neighbouring cells kept in memory for one place of a sheet."""

RUN_KINDS = frozenset({"code", "moment", "integer"})

FIGURES = frozenset({"integer", "number", "date", "moment", "formula"})


class Issue(NamedTuple):
    """A place where the workbook could not hold a fact exactly as it was sealed."""

    code: str
    sheet: str
    row: int
    column: str
    state_iso3: str = ""
    item_id: str = ""
    row_id: str = ""
    field: str = ""
    detail: str = ""


@dataclass
class Part:
    """The rows of one worksheet: `last_row` is the number of its last row, `links` the cells that lead elsewhere."""

    name: str
    sheet: Sheet
    file: Deflated
    last_row: int = 0
    links: list[str] = field(default_factory=list)

    @property
    def data_rows(self) -> int:
        """Rows below the heads."""
        return self.last_row - HEAD_ROWS


class Segment(NamedTuple):
    """Neighbouring columns that are written at once, or one column."""

    start: int
    stop: int
    runs: dict[tuple[Value, ...], str] | None = None
    """Of a run: the XML of its values known so far."""
    codes: dict[Value, str] | None = None
    """Of a column of codes: the XML of the cells made so far, by value."""
    empty: str = ""
    """The XML of an empty cell; nothing where empty cells are left out."""


class SheetWriter:
    """Writes the rows of one sheet. The values of a row stand in the order of the sheet's columns, without the two for parts.

    `new_file` gives an empty piece of an archive.
    """

    def __init__(
        self,
        sheet: Sheet,
        styles: Styles,
        strings: SharedStrings,
        report: Callable[[Issue], None],
        new_file: Callable[[], Deflated],
        *,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self.sheet = sheet
        self.parts: list[Part] = []
        self._styles, self._strings, self._report = styles, strings, report
        self._new_file, self._most_rows = new_file, most_rows
        self._buffer: list[str] = []
        self._row = 0
        self._values: Sequence[Value] = ()
        self._cells = CellXml(sheet, styles, strings, self._issue, self._link)
        # Rows that are filtered keep one line, also in programs that would make room for the whole text.
        self._low = "" if sheet.wraps else f' ht="{LOW}" customHeight="1"'
        self._columns = sheet.columns[:-2] if sheet.has_parts else sheet.columns
        self._segments = self._make_segments()
        # Texts up to this length take one line even in Chinese; a line feed in one is left to the program that shows it.
        # Words of lists come again in row after row and are measured once.
        self._measured: list[tuple[int, int, float, dict[str, int] | None]] = [
            (number, max(0, int(room_of(column.width)) // 2), column.width, {} if column.kind == "code" else None)
            for number, column in enumerate(self._columns) if column.kind not in FIGURES
        ]  # fmt: skip
        self._long = [number for number, column in enumerate(self._columns) if column.kind in {"text", "any"}]
        self._places = {
            name: sheet.ids.index(name) for name in ("state_iso3", "item_id", "row_id", "field") if name in sheet.ids
        }
        self._open_part()

    @property
    def names(self) -> Sequence[str]:
        """The name of the sheet and those of its continuations so far."""
        return [part.name for part in self.parts]

    @property
    def written(self) -> int:
        """Rows written below the heads, over all continuation sheets."""
        return sum(part.data_rows for part in self.parts)

    def write(self, values: Sequence[Value]) -> tuple[str, int]:
        """Write a row, or several where a text does not fit one cell; the place (sheet name, row number) of the first."""
        for number in self._long:
            value = values[number]
            if isinstance(value, str) and len(value) * 2 > TEXT_LIMIT and units(value) > TEXT_LIMIT:
                return self._write_long(values)
        return self._write_row(values, 1, 1)

    def close(self) -> None:
        """Write what is gathered; nothing can be written after it."""
        self._flush()

    def _write_long(self, values: Sequence[Value]) -> tuple[str, int]:
        pieces = {
            number: split_text(value) for number in self._long if isinstance(value := values[number], str)
        }  # fmt: skip
        count = max(map(len, pieces.values())) if self.sheet.has_parts else 1
        place = ("", 0)
        for part in range(count):
            row = list(values) if part == 0 else [
                # Keys, codes and labels stand on every row; numbers and dates once, so that sums stay right.
                value if column.kind == "code" else None
                for column, value in zip(self._columns, values, strict=True)
            ]  # fmt: skip
            for number, texts in pieces.items():
                row[number] = texts[part] if part < len(texts) else None
            written = self._write_row(row, part + 1, count)
            if part == 0:
                place = written
                for number, texts in pieces.items():
                    if len(texts) > 1:
                        code = "text_split" if self.sheet.has_parts else "text_cut"
                        self._issue(code, self._columns[number].id, str(len(texts)))
        return place

    def _write_row(self, values: Sequence[Value], part: int, parts: int) -> tuple[str, int]:
        if self._row >= self._most_rows:
            self._open_part()
        self._row += 1
        self._values = values = tuple(values)
        # A height that may change with the text: without one, some programs show one line of a wrapped text.
        height = self._low or f' ht="{self._height(values)}"'
        cells = [f'<row r="{ROW}"{height}>']
        for start, stop, runs, codes, empty in self._segments:
            if runs is not None:
                run = values[start:stop]
                cells.append(runs.get(run) or self._render_run(start, run, runs))
                continue
            value = values[start]
            if value is None or value == "":
                cells.append(empty)
            else:
                cells.append((codes.get(value) if codes else None) or self._cells.writers[start](value))
        if self.sheet.has_parts:
            cells.append(self._cells.parts(part, parts))
        cells.append("</row>")
        self._buffer.append("".join(cells).replace(ROW, str(self._row)))
        self.parts[-1].last_row = self._row
        if len(self._buffer) >= FLUSH:
            self._flush()
        return self.parts[-1].name, self._row

    def _height(self, values: Sequence[Value]) -> float:
        lines = 1
        for number, short, width, known in self._measured:
            text = values[number]
            if isinstance(text, Marked):
                text = text.text
            if text is None or not isinstance(text, str) or len(text) <= short:
                continue
            if known is None:
                needed = lines_needed(text, width)
            elif not (needed := known.get(text, 0)):
                needed = known[text] = lines_needed(text, width)
            lines = max(lines, needed)
        return min(TALLEST, 2 + LINE * lines)

    def _render_run(self, start: int, run: tuple[Value, ...], known: dict[tuple[Value, ...], str]) -> str:
        """The XML of neighbouring cells, kept because the same run comes again."""
        xml = "".join(
            self._cells.writers[number](value)
            for number, value in enumerate(run, start=start)
            if value is not None and value != ""
        )
        if len(known) >= MOST_RUNS:
            known.clear()
        known[run] = xml
        return xml

    def _flush(self) -> None:
        if self._buffer:
            self.parts[-1].file.write("".join(self._buffer).encode())
            self._buffer.clear()

    def _open_part(self) -> None:
        self._flush()
        number = len(self.parts) + 1
        name = self.sheet.name if number == 1 else f"{self.sheet.name}_{number}"
        self.parts.append(Part(name, self.sheet, self._new_file()))
        if number > 1:
            self._report(Issue("sheet_continued", name, 0, ""))
        self._write_heads()

    def _write_heads(self) -> None:
        title, note = self._styles["title"], self._styles["note"]
        columns = self.sheet.columns
        lines = max(lines_needed(column.label, column.width * 0.9) for column in columns)
        rows = (
            f'<row r="1" ht="24" customHeight="1">{self._shared("A1", title, self.sheet.title)}</row>',
            f'<row r="2" ht="16" customHeight="1">{self._shared("A2", note, self.sheet.note)}</row>',
            self._head_row(3, "head", [column.label for column in columns], 6 + 13 * min(lines, 8)),
            self._head_row(4, "id", [column.id for column in columns], 14),
        )
        self._buffer.extend(rows)
        self._row = HEAD_ROWS
        self.parts[-1].last_row = HEAD_ROWS

    def _head_row(self, row: int, style: str, texts: Sequence[str], height: int) -> str:
        # Many heads of different length beside each other begin at one height.
        plain = self._styles["head_top" if self.sheet.middle and style == "head" else style]
        figures = self._styles[f"{style}_figures"]
        cells = "".join(
            self._shared(f"{column_letters(number)}{row}", figures if column.kind in FIGURES else plain, text)
            for number, (column, text) in enumerate(zip(self.sheet.columns, texts, strict=True), start=1)
        )
        return f'<row r="{row}" ht="{height}" customHeight="1">{cells}</row>'

    def _shared(self, place: str, style: int, text: str) -> str:
        return f'<c r="{place}" s="{style}" t="s"><v>{self._strings.number(clean(text)[0])}</v></c>'

    def _make_segments(self) -> list[Segment]:
        segments = []
        starts = [self.sheet.ids.index(name) for name in self.sheet.runs]
        # A line below every cell of a row that is read; rows that are filtered have none, and empty cells are left out.
        style = self._cells.code_style if self.sheet.wraps else 0
        number = 0
        while number < len(self._columns):
            stop = number + 1
            if number in starts:
                while stop < len(self._columns) and stop not in starts and self._columns[stop].kind in RUN_KINDS:
                    stop += 1
                segments.append(Segment(number, stop, runs={}))
            else:
                empty = f'<c r="{column_letters(number + 1)}{ROW}" s="{style}"/>' if style else ""
                segments.append(Segment(number, stop, codes=self._cells.codes.get(number), empty=empty))
            number = stop
        return segments

    def _link(self, letters: str, target: str) -> None:
        links = self.parts[-1].links
        if len(links) < MOST_LINKS:
            links.append(f'<hyperlink ref="{letters}{self._row}" location="{target}"/>')

    def _issue(self, code: str, column: str, detail: str) -> None:
        """Report what a cell of the row that is being written could not hold."""
        given = {name: self._values[place] for name, place in self._places.items()}
        plain = {name: value.text if isinstance(value, Marked) else str(value or "") for name, value in given.items()}
        where = {name: clean(text)[0] for name, text in plain.items()}
        self._report(Issue(code, self.parts[-1].name, self._row, column, detail=detail, **where))
