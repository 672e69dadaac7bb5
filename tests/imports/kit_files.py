"""Offline workbooks as a ministry sends them back: made by hand, filled, sorted, stripped, saved by other programs."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
from sqlmodel import Session

from exports.kit_layout import ID_HEAD, column_of_head
from exports.kit_source import KitSource
from exports.kit_workbook import write_kit
from models.kits import Kit
from services.kits import kit_content, kit_stamp
from services.responses import OpenResponse


def kit_file(session: Session, opened: OpenResponse, kit: Kit, secret: str) -> bytes:
    """The workbook of a kit, as it is given out."""
    source = KitSource(
        kit_content(session, opened, kit), opened.state.names["en"], opened.cycle.title, "", "Focal",
        lambda facts: kit_stamp(secret, facts), opened.state.id, opened.cycle.id,
    )  # fmt: skip
    target = BytesIO()
    write_kit(target, source)
    return target.getvalue()


def saved(book: Any) -> bytes:
    """The bytes of a workbook."""
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def changed(data: bytes, change: Callable[[Any], Any]) -> bytes:
    """The workbook opened by openpyxl, changed, and saved again."""
    book = openpyxl.load_workbook(BytesIO(data))
    change(book)
    return saved(book)


def cell_of(book: Any, cell_id: str) -> Any:
    """The answer's cell of an id, such as `op4.laws/aa11/title`."""
    for sheet in book.worksheets:
        ids, heads = 0, {}
        for row in sheet.iter_rows():
            texts = {cell.column: cell.value for cell in row if isinstance(cell.value, str)}
            if ID_HEAD in texts.values():
                ids = next(column for column, text in texts.items() if text == ID_HEAD)
                heads = {column: column_of_head(text) for column, text in texts.items()}
            elif ids in texts:
                for column, head in heads.items():
                    if head is not None and f"{texts[ids]}{head}" == cell_id:
                        return sheet.cell(row[0].row, column)
    raise KeyError(cell_id)


def filled(data: bytes, texts: dict[str, Any]) -> bytes:
    """The workbook with these cells filled in by id."""

    def fill(book: Any) -> None:
        for cell_id, value in texts.items():
            cell = cell_of(book, cell_id)
            cell.value = value
            if isinstance(value, str) and value.startswith("=") and not value.startswith("=="):
                cell.data_type = "s"

    return changed(data, fill)
