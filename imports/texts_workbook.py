"""The workbook of a translator, read as it came back. Its cells are not trusted to be what was exported."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from exports.texts_workbook import (
    ABOUT,
    CHECK,
    INSTRUMENT,
    KEY,
    LANGUAGE,
    REVIEWED,
    SOURCE,
    TEXTS,
    TRANSLATION,
    VERSION,
    YES,
)
from instruments.text_import import Delivery, Unit

LARGEST_UNPACKED = 200_000_000
MOST_ROWS = 50_000
_NEEDED = (KEY, SOURCE, TRANSLATION, REVIEWED, CHECK)
_RETURN = re.compile("_x000[dD]_|\r")


class _NotText(Exception):
    """A cell that holds no text; the message says what it holds."""


def read_texts_workbook(path: Path) -> Delivery:
    """The texts of a workbook; what is wrong with the file stands in `problems`."""
    delivery = Delivery()
    try:
        with zipfile.ZipFile(path) as package:
            if sum(part.file_size for part in package.infolist()) > LARGEST_UNPACKED:
                delivery.problems.append(
                    f"The workbook unpacks to more than {LARGEST_UNPACKED} bytes. Export the texts again."
                )
                return delivery
        book = load_workbook(path, read_only=True)
        try:
            _read(book, delivery)
        finally:
            book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        # A damaged package fails in many ways; SyntaxError is what broken XML raises.
        delivery.problems.append(
            f"The file is not a whole workbook (.xlsx): {str(error) or type(error).__name__}. Save it again as .xlsx, or export again."
        )
    return delivery


def _read(book: Any, delivery: Delivery) -> None:
    for name in (TEXTS, ABOUT):
        if name not in book.sheetnames:
            delivery.problems.append(
                f"The workbook has no sheet {name}. Put it back as it was exported, or export again."
            )
            return
    about: dict[str, str] = {}
    for number, cells in enumerate(book[ABOUT].iter_rows(max_row=40, max_col=2), start=1):
        try:
            label, value, *_ = (*(_text(cell) for cell in cells), "", "")
        except _NotText as problem:
            delivery.problems.append(f"{ABOUT}, row {number}: a cell {problem}. Put it back as it was exported.")
            continue
        about.setdefault(label, value)
    delivery.instrument, delivery.version = about.get(INSTRUMENT, ""), about.get(VERSION, "")
    delivery.language = about.get(LANGUAGE, "")
    _read_texts(book[TEXTS].iter_rows(), delivery)


def _read_texts(rows: Iterator[Sequence[Any]], delivery: Delivery) -> None:
    head = [str(cell.value or "").strip() for cell in next(rows, ())]
    missing = [name for name in _NEEDED if name not in head]
    if missing:
        delivery.problems.append(
            f"{TEXTS}, row 1: the head of the column {', '.join(missing)} is missing. Put it back as it was exported."
        )
        return
    places = {name: head.index(name) for name in _NEEDED}
    for number, cells in enumerate(rows, start=2):
        if number > MOST_ROWS:
            delivery.problems.append(f"{TEXTS}: more than {MOST_ROWS} rows. Remove what is not of the export.")
            return
        place, given = f"{TEXTS}, row {number}", dict[str, str]()
        for name, index in places.items():
            try:
                given[name] = _text(cells[index]) if index < len(cells) else ""
            except _NotText as problem:
                delivery.problems.append(
                    f"{place}: the cell under {name} {problem}. Format it as text and type what is meant."
                )
        if len(given) < len(places) or not any(given.values()):
            continue
        if not given[KEY]:
            delivery.problems.append(f"{place}: there is no key. Put it back as it was exported, or empty the row.")
            continue
        mark = given[REVIEWED].lower()
        if mark not in {"", YES}:
            delivery.problems.append(
                f"{place}: under {REVIEWED} stands {given[REVIEWED]!r}. Write {YES}, or leave it empty."
            )
            continue
        delivery.units.append(
            Unit(place, given[KEY], given[SOURCE], given[TRANSLATION], given[CHECK], reviewed=mark == YES)
        )


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        # A program that does not keep the format of the cell makes a number of digits.
        return str(value)
    if cell.data_type == "f":
        raise _NotText("holds a formula")
    if not isinstance(value, str):
        raise _NotText("holds a number or a date, not a text")
    return _RETURN.sub("", value).strip()
