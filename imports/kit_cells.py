"""The cells of an item in an offline workbook, as this side needs them: what is shown for a value, what a browser would post for it.

Both are derived from the item's form, so that an item type needs nothing here. A cell is `(row, part)`: the row id of a repeatable
item or "", and the path of the control inside the form. Its text is in one form whoever typed it: codes for choices, `y` for a mark,
days as ISO dates. What a sheet of the workbook looks like is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from exports.kit_layout import plain_words
from forms.question import Typed, build_question_form
from instruments.items import Item
from instruments.items.base import AskContext, ChoiceList
from instruments.text_cleaning import clean_text
from instruments.texts import Texts

CellKey = tuple[str, str]
"""Row id of a repeatable item or "", and path of the control."""

Cells = dict[CellKey, str]

MARK = "y"
"""The text of a cell that is marked: what a browser posts for a ticked box."""

FIRST_DAY = date(1899, 12, 30)
LAST_SERIAL = 2_958_465
"""The 31 December 9999, the last day of a spreadsheet."""

NEW_ROW = re.compile(r"\+\d{1,4}")
"""The row id of an empty row for something new: a slot, which becomes the same stored row whenever the kit comes back."""


@dataclass(frozen=True, slots=True)
class Part:
    """A control inside an item's form: its path in posted names, its kind, the list of its codes; `code` of a box that has one."""

    path: str
    name: str
    kind: str
    choice_list: ChoiceList | None
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What cells an item has: its parts, and whether they come once for each row."""

    is_table: bool
    parts: dict[str, Part]


@lru_cache(maxsize=4096)
def shape_of(item: Item, context: AskContext) -> Shape:
    """The cells of an item; none for files, which travel in the browser only."""
    field: Any = build_question_form([item], context, {})[item.id]
    is_table = hasattr(field, "add_row")
    top = field.add_row() if is_table else field
    return Shape(is_table, {part.path: part for part in _parts(top, top.name)})


def _parts(control: Any, prefix: str) -> Iterable[Part]:
    inner = getattr(control, "inner", None)
    if inner is not None:
        for part in inner.values():
            yield from _parts(part, prefix)
        return
    name = control.name.removeprefix(prefix).removeprefix("-")
    choice_list: ChoiceList | None = getattr(control, "choice_list", None)
    if control.control in {"hidden", "files"}:
        return
    if control.control == "checkboxes":
        for code, label, _help in control.choices_texts:
            yield Part(f"{name}={code}", name, "mark", choice_list, code, str(label))
    else:
        kind = {"check": "mark", "choices": "choice", "select": "choice"}.get(control.control, control.control)
        if choice_list is not None:
            kind = "choice"
        elif hasattr(control, "inputmode"):
            kind = "number"
        yield Part(name, name, kind, choice_list, "", control.label_words)


def shown_cells(item: Item, context: AskContext, value: Any, typed: Typed | None = None) -> Cells:
    """The cells that hold anything for a stored value, or for text that could not be read and is shown as typed."""
    form = build_question_form([item], context, {item.id: value}, {item.id: typed} if typed else None)
    field: Any = form[item.id]
    cells: Cells = {}
    if hasattr(field, "entries"):
        for number, row in enumerate(field.entries, start=1):
            row_id = row.inner["row_id"].raw or f"+{number}"
            cells |= {(row_id, path): text for path, text in _shown(row, row.name) if text}
    else:
        cells = {("", path): text for path, text in _shown(field, field.name) if text}
    return cells


def _shown(field: Any, prefix: str) -> Iterable[tuple[str, str]]:
    inner = getattr(field, "inner", None)
    if inner is not None:
        for part in inner.values():
            yield from _shown(part, prefix)
        return
    name = field.name.removeprefix(prefix).removeprefix("-")
    if field.control in {"hidden", "files"}:
        return
    if field.control == "checkboxes":
        chosen = field.data or ()
        yield from ((f"{name}={code}", MARK) for code, *_texts in field.choices_texts if code in chosen)
    elif field.control == "check":
        yield name, MARK if field.data else ""
    else:
        yield name, clean_text(field.raw).strip()


def posted(item: Item, context: AskContext, cells: Mapping[CellKey, str], row_ids: Mapping[str, str]) -> Typed:
    """The pairs that a browser would post for these cells. `row_ids` gives slots of new rows the ids they get when stored."""
    shape = shape_of(item, context)
    pairs: Typed = []
    rows = list(dict.fromkeys(row for row, _path in cells))
    for index, row_id in enumerate(rows):
        prefix = f"{item.id}-{index}" if shape.is_table else item.id
        if shape.is_table:
            pairs.append([f"{prefix}-row_id", row_ids.get(row_id, row_id)])
        for path, part in shape.parts.items():
            if text := cells.get((row_id, path), ""):
                pairs.append([f"{prefix}-{part.name}" if part.name else prefix, part.code or text])
    return pairs


@lru_cache(maxsize=512)
def _labels(languages: tuple[Texts, ...], name: str, codes: tuple[str, ...]) -> dict[str, str]:
    """Codes by their labels in every language and by themselves, folded. A label of two codes stands for none of them."""
    found: dict[str, set[str]] = {}
    for texts in languages:
        for code in codes:
            label = str(texts.option(name, code)) if name else code
            found.setdefault(plain_words(label), set()).add(code)
    labels = {label: next(iter(meant)) for label, meant in found.items() if len(meant) == 1}
    return labels | {plain_words(code): code for code in codes}


def code_of(languages: tuple[Texts, ...], choice_list: ChoiceList, text: str) -> str:
    """The code that a text stands for, by its label in any language or by itself; "" when it stands for none."""
    return _labels(languages, choice_list.name, choice_list.codes).get(plain_words(text), "")


def as_day(number: str, offset: int) -> str:
    """The day of a spreadsheet's number as an ISO date; "" when it is none. A time of day is left out."""
    serial = int(Decimal(number)) + offset
    return (FIRST_DAY + timedelta(days=serial)).isoformat() if 61 <= serial <= LAST_SERIAL else ""


def as_number(number: str) -> str:
    """A number of a cell as text that is read in one way only, without an exponent and without what binary fractions add."""
    value = Decimal(repr(float(number)))
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
        # Three decimals could be thousands to whoever reads the text; in the cell it was a number.
        if re.fullmatch(r"-?\d{1,3}\.\d{3}", text):
            text += "0"
    return text
