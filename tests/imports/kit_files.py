"""Offline workbooks as a ministry sends them back: made by hand, filled, sorted, stripped, saved by other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import openpyxl

from exports.kit_layout import lay_out
from imports.kit_sheets import ANSWER_HEAD, ID_HEAD, META_SHEET, SIGNATURE_KEY, STATED_KEY
from instruments.items.base import AskContext
from models.kits import Kit
from services.kits import kit_stamp
from services.responses import OpenResponse


def make_kit(
    opened: OpenResponse, questions: Iterable[str], language: str = "en", *, prefilled: bool = True, number: str = "K1"
) -> Kit:
    """The row of a workbook for these questions."""
    chosen = list(questions)
    items = [item for question in chosen for item in opened.instrument.questions[question].items]
    return Kit(
        id=number, national_response_id=opened.response.id, language=language, question_ids=chosen, prefilled=prefilled,
        bases={item.id: opened.answers[item.id].version if item.id in opened.answers else 0 for item in items},
        recipient="", facts={}, made_by=opened.actor.user_id,
    )  # fmt: skip


def kit_file(opened: OpenResponse, kit: Kit, secret: str) -> bytes:
    """The workbook itself: a sheet for each question, tables of entries on sheets of their own."""
    context = AskContext(opened.instrument.texts_in(kit.language), opened.years)
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    start = book.create_sheet("Start")
    start.append(["Aldovia", "First round"])
    for question_id in kit.question_ids:
        sheet = book.create_sheet(question_id.upper())
        sheet.append(["Question", "No."])
        sheet.append([ID_HEAD, "no", "text", ANSWER_HEAD])
        for item in opened.instrument.questions[question_id].items:
            answer = opened.answers.get(item.id) if kit.prefilled else None
            value = None if answer is None or answer.value is None else item.load(answer.value)
            block = lay_out(item, context, value, answer.typed if answer else None)
            if block.control == "rows":
                table = book.create_sheet(item.id)
                parts = list(dict.fromkeys(leaf.place.part for leaf in block.leaves))
                table.append([ID_HEAD, *parts])
                for row_id in dict.fromkeys(leaf.place.row for leaf in block.leaves):
                    texts = {leaf.place.part: leaf.text for leaf in block.leaves if leaf.place.row == row_id}
                    table.append([f"{item.id}/{row_id}", *(texts.get(part) or None for part in parts)])
            else:
                for leaf in block.leaves:
                    for cell_id, text in leaf.pieces:
                        sheet.append([cell_id, "1", str(leaf.label or ""), text or None])
    for cell in (cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row):
        cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type
    stamp: dict[str, Any] = {
        "kit": kit.id, "response": opened.response.id, "state": opened.state.names["en"], "cycle": opened.cycle.title,
        "instrument": opened.instrument.sha256,
    }  # fmt: skip
    meta = book.create_sheet(META_SHEET)
    meta.append([STATED_KEY, json.dumps(stamp)])
    meta.append([SIGNATURE_KEY, kit_stamp(secret, stamp)])
    meta.sheet_state = "veryHidden"
    return saved(book)


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
    """The answer's cell of an id: of an answer, or of a part of a row (`op4.laws/aa11/title`)."""
    row_id, _slash, part = cell_id.rpartition("/")
    for sheet in book.worksheets:
        heads: dict[Any, int] = {}
        for row in sheet.iter_rows():
            values = [cell.value for cell in row]
            if ID_HEAD in values:
                heads = {value: place for place, value in enumerate(values)}
                continue
            if not heads:
                continue
            found = values[heads[ID_HEAD]]
            if found == cell_id and ANSWER_HEAD in heads:
                return row[heads[ANSWER_HEAD]]
            if found == row_id and part in heads:
                return row[heads[part]]
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
