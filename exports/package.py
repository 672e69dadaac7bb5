"""The file: openpyxl builds the package around empty sheets, the rows are streamed into it. Same input, same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from exports.cell_xml import SharedStrings
from exports.cells import clean, column_letters
from exports.charts import NO_ZERO, Chart, add_chart
from exports.deflate import Deflated, write_member
from exports.shape import Sheet
from exports.sheets import HEAD_ROWS, LOW, Part

_ROWS_HERE = re.compile(rb"<sheetData ?/>|<sheetData></sheetData>")
_A4, _A3 = 9, 8
_MARGIN = 0.4
_WIDTHS = {_A4: 841.9 - 144 * _MARGIN, _A3: 1190.6 - 144 * _MARGIN}
"""Points across a landscape page, between its margins."""
_CHARACTER = 5.7
"""Points that a character of a column's width takes at most; Arial needs a little less than what stands in for it elsewhere."""
_READABLE_ON_A4, _READABLE = 0.7, 0.57
"""How much a page may be made smaller: text of 10 points stays 7 on the paper of every office, near 6 on the larger."""
_MOST_IN_MARGIN = 110
"""Characters of a header: about one line of a page."""
_LONGEST_IN_MARGIN = 240
"""Characters that are written at all: with the codes for place and sheet, a header may have 255."""
_FEWEST_OF_TITLE = 10
_DASH = " – "
_STAMP = (1980, 1, 1, 0, 0, 0)
"""Time of every member of the archive: a clock would make two files of the same facts differ."""


@dataclass(frozen=True, slots=True)
class PackageTexts:
    """What stands in the margins and in the properties of the file."""

    warning: str
    """Stands first in the header, whole; empty for none."""
    title: str
    """May be shortened in the header, so that the name of the round stands there whole."""
    round: str
    footer: str
    as_at: datetime
    right_to_left: bool


@dataclass
class Layout:
    """How one worksheet is laid out; `sheet` is None for one without a table: the cover and the dashboard."""

    part: Part
    sheet: Sheet | None
    widths: Sequence[float]
    charts: Sequence[Chart] = ()


def write_package(
    target: IO[bytes],
    book: Workbook,
    layouts: Sequence[Layout],
    strings: SharedStrings,
    texts: PackageTexts,
    new_piece: Callable[[], Deflated],
) -> None:
    """Write the whole file: `book` carries the styles and one empty sheet that becomes the first of `layouts`."""
    for number, layout in enumerate(layouts):
        page = book.worksheets[0] if number == 0 else book.create_sheet()
        page.title = layout.part.name
        _lay_out(page, layout, texts)
    shell = io.BytesIO()
    book.save(shell)
    names = {f"xl/worksheets/sheet{number}.xml": layout for number, layout in enumerate(layouts, start=1)}
    with ZipFile(shell) as source, ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", *sorted(set(source.namelist()) - {"[Content_Types].xml"})):
            data = source.read(name)
            if name in names:
                _write_sheet(archive, name, data, names[name], new_piece)
            else:
                archive.writestr(_info(name), adapted(name, data, texts.as_at))
        archive.writestr(_info("xl/sharedStrings.xml"), strings.xml())


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _STAMP)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    info.create_system = 3  # the same on every system
    return info


@contextmanager
def open_member(archive: ZipFile, name: str, size: int = 0) -> Iterator[IO[bytes]]:
    """A file of the archive to write into: packed, with the same time and rights in every archive. `size`: about how many bytes."""
    # The longer headers only where they are needed: some readers refuse them.
    with archive.open(_info(name), "w", force_zip64=size > 1 << 31) as member:
        yield member


def _write_sheet(archive: ZipFile, name: str, data: bytes, layout: Layout, new_piece: Callable[[], Deflated]) -> None:
    head, tail = _ROWS_HERE.split(data)
    part, letters = layout.part, column_letters(len(layout.widths))
    head = re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="A1:{letters}{part.last_row}"'.encode(), head)
    if part.links:
        links = f"<hyperlinks>{''.join(part.links)}</hyperlinks>".encode()
        tail = tail.replace(b"<printOptions", links + b"<printOptions", 1)
    # Codes such as 004 are text on purpose: no green corner for "number stored as text".
    ignored = (
        f'<ignoredErrors><ignoredError sqref="A1:{letters}{part.last_row}" numberStoredAsText="1"/></ignoredErrors>'
    )
    place = b"<tableParts" if b"<tableParts" in tail else b"</worksheet>"
    tail = tail.replace(place, ignored.encode() + place, 1)
    before, after = new_piece(), new_piece()
    before.write(head + b"<sheetData>")
    after.write(b"</sheetData>" + tail)
    before.close()
    part.file.close()
    after.close(last=True)
    write_member(archive, _info(name), (before, part.file, after))


def adapted(name: str, data: bytes, as_at: datetime) -> bytes:
    """Parts of the shell that need a word: the shared strings are made known, the clock is taken out."""
    if name == "[Content_Types].xml":
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        return data.replace(b"</Types>", override.encode())
    if name == "xl/_rels/workbook.xml.rels":
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        relation = f'<Relationship Id="rIdStrings" Type="{kind}" Target="/xl/sharedStrings.xml"/></Relationships>'
        return data.replace(b"</Relationships>", relation.encode())
    if name.startswith("xl/charts/"):
        # Without this word programs take the format of the cells, and a chart is full of zeros.
        return data.replace(f'formatCode="{NO_ZERO}"'.encode(), f'formatCode="{NO_ZERO}" sourceLinked="0"'.encode())
    if name == "docProps/app.xml":
        # Some programs trust the row heights of a file that says it comes from Excel; these rows have none yet.
        return re.sub(rb"<Application>[^<]*", b"<Application>Implementation Tracker", data)
    if name == "docProps/core.xml":
        moment = f"{as_at:%Y-%m-%dT%H:%M:%SZ}".encode()
        return re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + moment, data)
    return data


def _lay_out(page: Worksheet, layout: Layout, texts: PackageTexts) -> None:
    page.sheet_view.rightToLeft = texts.right_to_left
    page.sheet_view.showGridLines = layout.sheet is not None
    for number, width in enumerate(layout.widths, start=1):
        page.column_dimensions[column_letters(number)].width = width
    page.page_setup.orientation = "landscape"
    _set_pages(page, layout)
    page.page_margins.left = page.page_margins.right = _MARGIN
    page.page_margins.top = page.page_margins.bottom = 0.7
    page.print_options.horizontalCentered = False
    assert page.oddHeader is not None and page.oddFooter is not None  # openpyxl makes them with the sheet
    start, end = ("right", "left") if texts.right_to_left else ("left", "right")
    getattr(page.oddHeader, start).text = _margin(_header(texts), right_to_left=texts.right_to_left)
    getattr(page.oddHeader, end).text = "&A"
    getattr(page.oddFooter, start).text = _margin(texts.footer, right_to_left=texts.right_to_left)
    # In figures only: words around the two numbers would be put in the wrong order where writing runs to the left.
    getattr(page.oddFooter, end).text = "&P / &N"
    if layout.sheet is None:
        for chart in layout.charts:
            add_chart(page, chart)
            if chart.begins_page:
                page.row_breaks.append(Break(id=chart.row - 1))
        return
    sheet = layout.sheet
    page.freeze_panes = f"{column_letters(sheet.frozen + 1)}{HEAD_ROWS + 1}"
    if not sheet.wraps:
        # One height for all rows: a long text is read in Texts, not here.
        page.sheet_format.defaultRowHeight = LOW
        page.sheet_format.customHeight = True
    _add_table(page, layout.part, sheet)


def _set_pages(page: Worksheet, layout: Layout) -> None:
    """What is printed, on which paper, how small.

    A sheet too wide for one readable page is printed in strips, one after the other, each with the columns that stay in sight.
    Title and note stand on the first page only: on a further strip they would be cut at the edge of those columns.
    """
    page.page_setup.fitToHeight, page.page_setup.fitToWidth = 0, 1
    sheet = layout.sheet
    page.page_setup.paperSize = (_A3 if layout.charts else _A4) if sheet is None else paper_of(sheet)
    page.sheet_properties.pageSetUpPr.fitToPage = sheet is None or len(strips_of(sheet)) == 1  # type: ignore[union-attr]
    if sheet is None:
        return
    last = max(layout.part.last_row, HEAD_ROWS + 1)
    strips = strips_of(sheet)
    areas = [
        f"{column_letters(first)}{1 if first == 1 else HEAD_ROWS - 1}:{column_letters(stop)}{last}"
        for first, stop in strips
    ]
    page.print_area = ",".join(areas)
    page.print_title_rows = f"{HEAD_ROWS - 1}:{HEAD_ROWS}"
    if len(strips) > 1:
        page.print_title_cols = f"A:{column_letters(sheet.frozen)}"
        widest = max(_points(sheet, first, stop) for first, stop in strips)
        page.page_setup.scale = min(100, int(100 * _WIDTHS[_A3] / widest))


def paper_of(sheet: Sheet) -> int:
    """A4 where the text stays readable, else A3."""
    return _A4 if _points(sheet, 1, _printed(sheet)) * _READABLE_ON_A4 <= _WIDTHS[_A4] else _A3


def strips_of(sheet: Sheet) -> list[tuple[int, int]]:
    """The first and the last column of each strip of pages, counted from 1: as few as are readable, of about the same width."""
    printed, most = _printed(sheet), _WIDTHS[_A3] / _READABLE
    strips: list[tuple[int, int]] = []
    for count in range(1, printed + 1):
        strips = _even_strips(sheet, printed, count)
        if max(_points(sheet, first, stop) for first, stop in strips) <= most:
            break
    return strips


def _even_strips(sheet: Sheet, printed: int, count: int) -> list[tuple[int, int]]:
    widths = [column.width for column in sheet.columns[:printed]]
    share = sum(widths[sheet.frozen :]) / count
    strips: list[tuple[int, int]] = []
    first, filled = 1, 0.0
    for number in range(sheet.frozen + 1, printed + 1):
        width = widths[number - 1]
        if filled and filled + width / 2 > share and len(strips) < count - 1:
            strips.append((first, number - 1))
            first, filled = number, 0.0
        filled += width
    return [*strips, (first, printed)]


def _printed(sheet: Sheet) -> int:
    return sheet.ids.index(sheet.printed) + 1 if sheet.printed else len(sheet.columns)


def _points(sheet: Sheet, first: int, stop: int) -> float:
    """The width of a strip, with the columns that stand on every page."""
    repeated = sheet.columns[: sheet.frozen] if first > 1 else ()
    return _CHARACTER * sum(column.width for column in (*repeated, *sheet.columns[first - 1 : stop]))


def _add_table(page: Worksheet, part: Part, sheet: Sheet) -> None:
    last = column_letters(len(sheet.columns))
    # A table has at least one row below its header, be it empty.
    reference = f"A{HEAD_ROWS}:{last}{max(part.last_row, HEAD_ROWS + 1)}"
    table = Table(displayName=f"tbl{part.name}", name=f"tbl{part.name}", ref=reference)
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    # Given here, because openpyxl would look for the heads in its own cells, which are empty.
    table.tableColumns = [
        TableColumn(id=number, name=column.id) for number, column in enumerate(sheet.columns, start=1)
    ]
    table.autoFilter = AutoFilter(ref=reference)
    page.add_table(table)


def _header(texts: PackageTexts) -> str:
    """Warning, questionnaire and round. Where they are too long together, the questionnaire's title is shortened, never the round's."""
    fixed = [text for text in (texts.warning, texts.round) if text]
    room = _MOST_IN_MARGIN - sum(len(text) + len(_DASH) for text in fixed)
    title = shortened(texts.title, room)
    return _DASH.join(text for text in (texts.warning, title, texts.round) if text)


def shortened(text: str, room: int) -> str:
    """The text, or as many of its first words as there is room for and an ellipsis; nothing when that would say nothing."""
    if len(text) <= room:
        return text
    words = text[: max(0, room - 1)].rpartition(" ")[0] or text[: max(0, room - 1)]
    return f"{words}…" if len(words) >= _FEWEST_OF_TITLE else ""


def _margin(text: str, *, right_to_left: bool) -> str:
    """A text for a header or footer, where & begins a code."""
    plain = clean(text)[0]
    while len(plain) + plain.count("&") > _LONGEST_IN_MARGIN:
        plain = plain[:-1]
    plain = plain.replace("&", "&&")
    # Margins have no direction of their own.
    return f"\u202b{plain}\u202c" if right_to_left else plain


def attribute(text: str) -> str:
    """A text for an XML attribute."""
    return escape(text, {'"': "&quot;"})
