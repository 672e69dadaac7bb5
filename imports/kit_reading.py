"""What the text of a cell means, before it is read as a browser's post: labels as codes, marks, numbers and days of spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from exports.kit_layout import plain_words
from imports.kit_cells import MARK, CellKey, Cells, Part, Shape, as_day, as_number, code_of
from imports.kit_sheets import FoundCell
from instruments.schema import Instrument
from instruments.text_cleaning import clean_text
from instruments.texts import Texts
from instruments.values import REGISTER_KEY
from languages import LANGUAGES

MARKS = frozenset({
    "y", "yes", "x", "✓", "✔", "☑", "☒", "1", "true", "نعم", "是", "oui", "да", "sí", "si", "vrai", "verdadero", "истина",
})  # fmt: skip
NO_MARKS = frozenset({
    "", "n", "no", "0", "false", "-", "–", "☐", "لا", "否", "不", "non", "нет", "faux", "falso", "ложь",
})  # fmt: skip
"""What stands in a cell for a box that is ticked, or not: in the six languages, and as spreadsheets say true and false."""

_KEY_AT_END = re.compile(rf"\[\s*({REGISTER_KEY.pattern})\s*\]\s*$")
"""The key at the end of an entry of the State register."""

ERROR_CODES = {
    "choice": "XL-101", "number": "XL-102", "whole_number": "XL-102", "ambiguous_number": "XL-103", "date": "XL-104", "year": "XL-104",
    "ambiguous_date": "XL-105", "too_long": "XL-106", "too_small": "XL-107", "too_large": "XL-107", "too_many_places": "XL-107",
    "link": "XL-108", "too_many_rows": "XL-114",
}  # fmt: skip
"""The code of an error of import by the code of the form's sentence; `XL-109` stands for every other."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be said about a cell: its code, where it is, and the sentence of the page where there is one."""

    code: str
    place: str
    words: str = ""


def error_code(code: str) -> str:
    """The code of import for the code of a form's sentence."""
    return ERROR_CODES.get(code, "XL-109")


def read_cells(
    instrument: Instrument, shape: Shape, found: Mapping[CellKey, FoundCell], day_offset: int
) -> tuple[Cells, list[Problem]]:
    """The texts as a browser would post them, and what is wrong with cells; a cell that says nothing is left as it was."""
    cells: Cells = {}
    problems = []
    languages = tuple(instrument.texts_in(language) for language in LANGUAGES)
    for key, cell in found.items():
        part = shape.parts.get(key[1])
        if part is None:
            continue
        text, code = _read(languages, part, cell, day_offset)
        if code:
            problems.append(Problem(code, cell.place))
        else:
            cells[key] = text
    return cells, problems


def _read(languages: tuple[Texts, ...], part: Part, cell: FoundCell, day_offset: int) -> tuple[str, str]:
    """The text of a cell, or the code of what is wrong with it."""
    kind, text = cell.kind.removeprefix("f"), clean_text(cell.text).strip()
    if not text:
        return "", "XL-110" if cell.kind.startswith("f") else ""
    if kind == "e":
        return "", "XL-111"
    if part.kind == "mark":
        if kind == "b" or plain_words(text) in MARKS or plain_words(text) in NO_MARKS:
            return (MARK if plain_words(text) in MARKS else ""), ""
        return (MARK, "") if plain_words(text) in {plain_words(part.code), plain_words(part.label)} else ("", "XL-112")
    if part.kind == "choice" and part.choice_list is not None:
        plain = as_number(text) if kind == "n" else text
        return code_of(languages, part.choice_list, plain) or plain, ""
    if part.kind == "offered":
        key = _KEY_AT_END.search(text)
        return (key[1] if key else text), ""
    if part.kind == "date" and kind in {"n", "d"}:
        day = text[:10] if kind == "d" else as_day(text, day_offset)
        return day, "" if day else "XL-104"
    if kind == "n":
        return as_number(text), ""
    return text, ""
