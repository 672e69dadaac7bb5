"""The offline workbook of a kit: the same row of the database gives the same bytes, whenever it is made."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import IO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

from exports.cells import clean
from exports.kit_filling import Filling, state_words
from exports.kit_front import CHECK, CHOICES, META, START, write_check, write_choices, write_meta, write_start
from exports.kit_looks import Looks
from exports.kit_results import Results, write_results
from exports.kit_sheets import write_sections
from exports.kit_source import KitSource
from exports.package import adapted, open_member

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA_CELL = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*)><f>(.*?)</f><v ?/?>(?:</v>)?</c>', re.DOTALL)

_TEXT_CELL = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*?) t="inlineStr"><is>(<t[^>]*>.*?</t>)</is></c>', re.DOTALL)

# Figures are text on purpose: no green corner for "number stored as text".
_NO_CORNERS = '<ignoredErrors><ignoredError sqref="A1:I20000" numberStoredAsText="1"/></ignoredErrors>'


def write_kit(target: IO[bytes], source: KitSource, results: Results | None = None) -> None:
    """Write the workbook of a kit; with `results` one that goes out again after it came back."""
    book = Workbook()
    looks = Looks(book, right_to_left=source.right_to_left)
    start = book.worksheets[0]
    start.title = START
    filling = Filling(book, source, looks, state_words(source))
    write_sections(filling)
    if results is not None:
        write_results(filling, results)
    write_check(filling, book.create_sheet(CHECK))
    write_start(filling, start)
    write_choices(filling, book.create_sheet(CHOICES))
    write_meta(filling, book.create_sheet(META))
    book.properties.title = clean(f"{source.texts('instrument.title')} – {source.state_name}")[0]
    book.properties.creator = "Implementation Tracker"
    book.calculation.fullCalcOnLoad = True
    made = io.BytesIO()
    book.save(made)
    _pack(made, target, filling, source.content.kit.made_at)


def file_name(source: KitSource) -> str:
    """The name of the file for whoever downloads it: State and number of the kit."""
    return f"offline-{source.state_id}-{source.content.kit.id}-{source.content.kit.language}.xlsx"


def _pack(made: IO[bytes], target: IO[bytes], filling: Filling, moment: datetime) -> None:
    """The package again without a clock, with the present value of every formula, and with its texts in one shared table."""
    names = {f"xl/worksheets/sheet{number}.xml": name for number, name in enumerate(filling.book.sheetnames, start=1)}
    shared: dict[str, int] = {}
    with ZipFile(made) as source, ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", *sorted(set(source.namelist()) - {"[Content_Types].xml"})):
            data = source.read(name)
            if name in names:
                xml = _with_shared_texts(_with_values(data.decode(), filling, names[name]), shared)
                data = xml.replace("</worksheet>", f"{_NO_CORNERS}</worksheet>").encode()
            with open_member(archive, name) as member:
                member.write(adapted(name, data, moment))
        with open_member(archive, "xl/sharedStrings.xml") as member:
            texts = "".join(f"<si>{text}</si>" for text in shared)
            member.write(
                '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
                f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" uniqueCount="{len(shared)}">'
                f"{texts}</sst>".encode()
            )


def _with_values(xml: str, filling: Filling, sheet: str) -> str:
    """Formulas with what they give now: some programs compute nothing."""

    def valued(found: re.Match[str]) -> str:
        value = filling.computed[sheet, found[1]]
        kind = "" if value.isdecimal() else ' t="str"'
        return f'<c r="{found[1]}"{found[2]}{kind}><f>{found[3]}</f><v>{escape(value)}</v></c>'

    return _FORMULA_CELL.sub(valued, xml)


def _with_shared_texts(xml: str, shared: dict[str, int]) -> str:
    """Texts by their number in the shared table: readers agree on escaped characters there alone."""

    def numbered(found: re.Match[str]) -> str:
        number = shared.setdefault(found[3], len(shared))
        return f'<c r="{found[1]}"{found[2]} t="s"><v>{number}</v></c>'

    return _TEXT_CELL.sub(numbered, xml)
