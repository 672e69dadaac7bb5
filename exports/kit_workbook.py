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
from exports.kit_sheets import write_sections
from exports.kit_source import KitSource
from exports.package import open_member

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMULA_CELL = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*)><f>(.*?)</f><v ?/?>(?:</v>)?</c>', re.DOTALL)


def write_kit(target: IO[bytes], source: KitSource) -> None:
    """Write the workbook of a kit."""
    book = Workbook()
    looks = Looks(book, right_to_left=source.right_to_left)
    start = book.worksheets[0]
    start.title = START
    filling = Filling(book, source, looks, state_words(source))
    write_sections(filling)
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
    """The package again without a clock, and with the present value of every formula for programs that compute nothing."""
    names = {f"xl/worksheets/sheet{number}.xml": name for number, name in enumerate(filling.book.sheetnames, start=1)}
    with ZipFile(made) as source, ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", *sorted(set(source.namelist()) - {"[Content_Types].xml"})):
            data = source.read(name)
            if name in names:
                data = _with_values(data, filling, names[name])
            elif name == "docProps/core.xml":
                at = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
                data = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + at, data)
            elif name == "docProps/app.xml":
                data = re.sub(rb"<Application>[^<]*", b"<Application>Implementation Tracker", data)
            with open_member(archive, name) as member:
                member.write(data)


def _with_values(data: bytes, filling: Filling, sheet: str) -> bytes:
    def valued(found: re.Match[str]) -> str:
        value = filling.computed[sheet, found[1]]
        kind = "" if value.isdecimal() else ' t="str"'
        return f'<c r="{found[1]}"{found[2]}{kind}><f>{found[3]}</f><v>{escape(value)}</v></c>'

    return _FORMULA_CELL.sub(valued, data.decode()).encode()
