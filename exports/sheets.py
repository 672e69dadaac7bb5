"""Rows of one sheet, streamed as XML into a temporary file: memory does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import IO, Any, NamedTuple
from xml.sax.saxutils import escape

from exports.cells import (
    TEXT_LIMIT,
    clean,
    column_letters,
    day_number,
    direction_of,
    has_escape,
    looks_like_formula,
    moment_number,
    number_text,
    split_text,
    text_xml,
    units,
)
from exports.heights import lines_needed, room_of
from exports.marks import Marked, Value
from exports.shape import Sheet, SheetColumn
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

_ROW = "\0"
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


@dataclass
class Part:
    """The rows of one worksheet: `last_row` is the number of its last row, `links` the cells that lead elsewhere."""

    name: str
    sheet: Sheet
    file: IO[bytes]
    last_row: int = 0
    links: list[str] = field(default_factory=list)

    @property
    def data_rows(self) -> int:
        """Rows below the heads."""
        return self.last_row - HEAD_ROWS


class Segment(NamedTuple):
    """Neighbouring columns: a run with the XML of the values known so far, or one column with the XML of an empty cell."""

    start: int
    stop: int
    known: dict[tuple[Value, ...], str] | None
    empty: str = ""


class SheetWriter:
    """Writes the rows of one sheet. The values of a row stand in the order of the sheet's columns, without the two for parts.

    `new_file` gives an empty temporary file that its maker closes.
    """

    def __init__(
        self,
        sheet: Sheet,
        styles: Styles,
        strings: SharedStrings,
        report: Callable[[Issue], None],
        new_file: Callable[[], IO[bytes]],
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
        suffix = "_wrap" if sheet.wraps else ""
        self._text_style = "wrap" if sheet.wraps else "plain"
        self._code_style = styles["code_middle" if sheet.middle else f"code_{self._text_style}"]
        # By direction and by whether it begins like a formula.
        self._text_styles = {
            (way, typed): styles[f"{self._text_style}_{way}{'_typed' if typed else ''}"]
            for way in ("ltr", "rtl") for typed in (False, True)
        }  # fmt: skip
        self._neutral = "rtl" if styles.right_to_left else "ltr"
        # Rows that are filtered keep one line, also in programs that would make room for the whole text.
        self._low = "" if sheet.wraps else f' ht="{LOW}" customHeight="1"'
        self._formats = {name: styles[f"{name}{suffix}"] for name in ("integer", "decimal", "date", "moment")}
        self._columns = sheet.columns[:-2] if sheet.has_parts else sheet.columns
        self._writers = [self._writer_of(number, column) for number, column in enumerate(self._columns, start=1)]
        self._segments = self._make_segments()
        self._widths = [column.width for column in self._columns]
        # Texts up to this length take one line even in Chinese; a line feed in one is left to the program that shows it.
        self._shorts = [max(0, int(room_of(width)) // 2) for width in self._widths]
        self._long = [number for number, column in enumerate(self._columns) if column.kind in {"text", "any"}]
        self._places = {
            name: sheet.ids.index(name) for name in ("state_iso3", "item_id", "row_id", "field") if name in sheet.ids
        }
        self._part_cells = self._make_part_cells() if sheet.has_parts else None
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
        count = max(map(len, pieces.values())) if self._part_cells else 1
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
                        code = "text_split" if self._part_cells else "text_cut"
                        self._issue(code, self._columns[number].id, str(len(texts)))
        return place

    def _write_row(self, values: Sequence[Value], part: int, parts: int) -> tuple[str, int]:
        if self._row >= self._most_rows:
            self._open_part()
        self._row += 1
        self._values = values
        row = str(self._row)
        # A height that may change with the text: without one, some programs show one line of a wrapped text.
        height = self._low or f' ht="{self._height(values)}"'
        cells = [f'<row r="{row}"{height}>']
        for start, stop, known, empty in self._segments:
            if known is None:
                value = values[start]
                if value is not None and value != "":
                    cells.append(self._writers[start](value, row))
                elif empty:
                    cells.append(empty.replace(_ROW, row))
            else:
                run = tuple(values[start:stop])
                xml = known.get(run)
                cells.append((xml or self._render_run(start, run, known)).replace(_ROW, row))
        if self._part_cells:
            cells.append(self._part_cells(row, part, parts))
        cells.append("</row>")
        self._buffer.append("".join(cells))
        self.parts[-1].last_row = self._row
        if len(self._buffer) >= FLUSH:
            self._flush()
        return self.parts[-1].name, self._row

    def _height(self, values: Sequence[Value]) -> float:
        lines = 1
        for short, width, value in zip(self._shorts, self._widths, values, strict=True):
            text = value.text if isinstance(value, Marked) else value
            if isinstance(text, str) and len(text) > short:
                lines = max(lines, lines_needed(text, width))
        return min(TALLEST, 2 + LINE * lines)

    def _render_run(self, start: int, run: tuple[Value, ...], known: dict[tuple[Value, ...], str]) -> str:
        """The XML of neighbouring cells with a placeholder for the row number, kept because the same run comes again."""
        xml = "".join(
            self._writers[number](value, _ROW)
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
        style = self._code_style if self.sheet.wraps else 0
        number = 0
        while number < len(self._columns):
            stop = number + 1
            if number in starts:
                while stop < len(self._columns) and stop not in starts and self._columns[stop].kind in RUN_KINDS:
                    stop += 1
                segments.append(Segment(number, stop, {}))
            else:
                empty = f'<c r="{column_letters(number + 1)}{_ROW}" s="{style}"/>' if style else ""
                segments.append(Segment(number, stop, None, empty))
            number = stop
        return segments

    def _writer_of(self, number: int, column: SheetColumn) -> Callable[[Any, str], str]:
        letters = column_letters(number)
        if column.kind == "code":
            return self._code_writer(letters, column)
        if column.kind == "text":
            return lambda value, row: self._text(letters, row, value, column.id)
        if column.kind == "mark":
            return lambda value, row: self._mark(letters, row, value)
        if column.kind == "formula":
            style = self._formats["integer"]
            return lambda value, row: (
                f'<c r="{letters}{row}" s="{style}"><f>{escape(value.text)}</f><v>{value.value}</v></c>'
            )
        if column.kind == "moment":
            style = self._formats["moment"]
            return lambda value, row: f'<c r="{letters}{row}" s="{style}"><v>{moment_number(value)}</v></c>'
        return lambda value, row: self._any(letters, row, value, column.id)

    def _code_writer(self, letters: str, column: SheetColumn) -> Callable[[Any, str], str]:
        style = self._code_style
        number = self._strings.number
        known: dict[str, str] = {}

        def write(value: str, row: str) -> str:
            text = known.get(value)
            if text is None:
                text = self._cleaned(value, column.id)
                if units(text) > TEXT_LIMIT:
                    text = split_text(text)[0]
                    self._issue("text_cut", column.id, "")
                if looks_like_formula(text):
                    return self._text(letters, row, text, column.id)
                known[value] = text
            return f'<c r="{letters}{row}" s="{style}" t="s"><v>{number(text)}</v></c>'

        return write

    def _any(self, letters: str, row: str, value: Value, column: str) -> str:
        if isinstance(value, str):
            return self._text(letters, row, value, column)
        if isinstance(value, date):
            day = day_number(value)
            if day is None:
                self._issue("date_as_text", column, value.isoformat())
                return self._text(letters, row, value.isoformat(), column)
            return f'<c r="{letters}{row}" s="{self._formats["date"]}"><v>{day}</v></c>'
        assert isinstance(value, int | Decimal)
        number = number_text(value)
        if number is None:
            self._issue("number_as_text", column, "")
            return self._text(letters, row, str(value), column)
        style = self._formats["decimal" if "." in number else "integer"]
        return f'<c r="{letters}{row}" s="{style}"><v>{number}</v></c>'

    def _text(self, letters: str, row: str, value: str, column: str) -> str:
        text = self._cleaned(value, column)
        style = self._text_styles[direction_of(text) or self._neutral, looks_like_formula(text)]
        if has_escape(text):
            return f'<c r="{letters}{row}" s="{style}" t="s"><v>{self._strings.number(text)}</v></c>'
        return f'<c r="{letters}{row}" s="{style}" t="inlineStr"><is>{text_xml(text)}</is></c>'

    def _mark(self, letters: str, row: str, value: Marked) -> str:
        place = f"{letters}{row}"
        if value.target and len(self.parts[-1].links) < MOST_LINKS:
            self.parts[-1].links.append(f'<hyperlink ref="{place}" location="{value.target}"/>')
        return self._shared(place, self._styles[value.style], value.text)

    def _make_part_cells(self) -> Callable[[str, int, int], str]:
        first, second = (column_letters(number) for number in (len(self._columns) + 1, len(self._columns) + 2))
        style = self._formats["integer"]
        return lambda row, part, parts: (
            f'<c r="{first}{row}" s="{style}"><v>{part}</v></c><c r="{second}{row}" s="{style}"><v>{parts}</v></c>'
        )

    def _cleaned(self, value: str, column: str) -> str:
        text, replaced = clean(value)
        if replaced:
            self._issue("characters_replaced", column, str(replaced))
        return text

    def _issue(self, code: str, column: str, detail: str) -> None:
        given = {name: self._values[place] for name, place in self._places.items()}
        plain = {name: value.text if isinstance(value, Marked) else str(value or "") for name, value in given.items()}
        where = {name: clean(text)[0] for name, text in plain.items()}
        self._report(Issue(code, self.parts[-1].name, self._row, column, detail=detail, **where))
