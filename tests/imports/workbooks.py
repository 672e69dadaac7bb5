"""Workbooks to verify: exported from a small world, altered as a person would alter them, and written by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
from sqlmodel import Session

from exports.settings import ExportSettings
from exports.sheets import HEAD_ROWS
from exports.source import read_source
from exports.workbook import write_workbook
from instruments.catalog import load_instrument
from instruments.values import Narrative, Statistics
from models.cycles import Cycle
from models.database import Database
from tests.builders import make_cycle, make_response, make_state, make_user
from tests.exports.builders import random_value, seal

FEW = ExportSettings(questions=("op1", "op2", "op4", "op5", "op9"))
"""A few paragraphs are enough where the database is not what is tried."""
TEXT = "The unit was set up in 2019.\nIt has 12 staff."


def some_values(seed: int, share: float = 0.05) -> dict[str, Any]:
    """A value for a part of the items, of every type, and for those that the tests alter."""
    rng = random.Random(seed)
    instrument = load_instrument()
    values = {item.id: random_value(item, rng, TEXT) for item in instrument.items.values() if rng.random() < share}
    return values | {
        "op1.party": "party",
        "op1.party_since": date(2005, 5, 4),
        "op2.status_practice": "partially_implemented",
        "op2.narrative": Narrative(text="Words of one State. " * 9 + f"Number {seed}.", language="en"),
        "op5.persons": Statistics(cells={"convicted": {"2024": Decimal(4043)}}, source="Register"),
        "op4.narrative": Narrative(text="م" * 40_000, language="ar"),
    }


def make_verified_world(session: Session, visibility: str = "secretariat") -> Cycle:
    """Two States that submitted and one that did not. The second one's questions op2 and op4 have this visibility."""
    cycle = make_cycle(session, deadline=datetime(2026, 7, 1, 12, tzinfo=UTC))
    user = make_user(session)
    for number, code in enumerate(("XAA", "XAB")):
        response = make_response(
            session, cycle, make_state(session, code, f"Land {code}", region=("african", "weog")[number])
        )
        open_to = dict.fromkeys(("op2", "op4"), visibility) if code == "XAB" else {}
        submission = seal(session, response, some_values(number), user_id=user.id, visibility=open_to)
        submission.submitted_at += timedelta(milliseconds=400)
        session.add(submission)
    make_response(session, cycle, make_state(session, "XZZ", "Draftland", region="weog"), answered=1, asked=40)
    session.flush()
    return cycle


def exported(database: Database, settings: ExportSettings | None = None, **given: Any) -> bytes:
    """The workbook of the latest cycle."""
    target = BytesIO()
    asked = settings or ExportSettings()
    with read_source(database, "latest", asked) as source:
        write_workbook(target, source, asked.language, **given)
    return target.getvalue()


def altered(data: bytes, change: Callable[[Any], Any]) -> bytes:
    """The workbook opened by openpyxl, changed, and saved again."""
    book = openpyxl.load_workbook(BytesIO(data))
    change(book)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def column_of(sheet: Any, id_: str) -> int:
    """The number of a column by its id."""
    return int(next(cell.column for cell in sheet[HEAD_ROWS] if cell.value == id_))


def row_of(sheet: Any, **values: Any) -> int:
    """The first row below the heads with these values by column id."""
    places = {column_of(sheet, id_): value for id_, value in values.items()}
    return next(
        number for number in range(HEAD_ROWS + 1, sheet.max_row + 1)
        if all(sheet.cell(number, place).value == value for place, value in places.items())
    )  # fmt: skip


def cover_row(book: Any, key: str) -> int:
    """The row of the cover with this key."""
    return int(next(cell.row for cell in book["Cover"]["C"] if cell.value == key))


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def by_hand(
    rows: str = "", *, strings: str = "", parts: dict[str, str | bytes] | None = None, without: tuple[str, ...] = (),
    workbook_type: str = WORKBOOK_TYPE, head: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> bytes:  # fmt: skip
    """The smallest workbook with one sheet `One` of these rows; `parts` are added or take the place of its own."""
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": (
            f'<Types xmlns="{TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{workbook_type}"/></Types>'
        ),
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="One" sheetId="7" r:id="r9"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r9" Type="{OFFICE}/worksheet" Target="worksheets/one.xml"/>'
            f'<Relationship Id="r8" Type="{OFFICE}/sharedStrings" Target="/xl/strings.xml"/></Relationships>'
        ),
        "xl/worksheets/one.xml": f'{head}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/strings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        **(parts or {}),
    }
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if name not in without:
                archive.writestr(name, content)
    return target.getvalue()
