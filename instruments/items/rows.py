"""What every repeatable type shares: rows with stable ids, typed columns, a sheet of their own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from wtforms import Field
from wtforms.fields.core import UnboundField

from instruments.items.base import AskContext, Brief, CellValue, ChoiceList, Column, Fact, Item, Line, paragraph_of
from instruments.items.fields import (
    CompositeControl,
    Control,
    DateControl,
    HiddenControl,
    LineControl,
    LinkControl,
    OfferedControl,
    SelectControl,
    TextControl,
    WholeNumberControl,
    YearControl,
)
from instruments.texts import Text, Texts
from languages import format_date, separator

if TYPE_CHECKING:
    from instruments.merging import Merging

MOST_ROWS = 200
"""Rows of one item. More are kept as typed, with the remedy: attach a file."""

LONGEST_CELL = 10_000
"""Characters of a text in a row."""

_ROW_ID = re.compile(r"[0-9A-Za-z_-]{1,40}")

Kind = Literal["line", "text", "link", "choice", "date", "year", "count"]

_CONTROLS: dict[Kind, Callable[..., UnboundField[Any]]] = {
    "line": lambda **given: UnboundField(LineControl, **given),
    "text": lambda **given: UnboundField(TextControl, maximum=LONGEST_CELL, **given),
    "link": lambda **given: UnboundField(LinkControl, maximum=2000, **given),
    "choice": lambda **given: UnboundField(SelectControl, **given),
    "date": lambda **given: UnboundField(DateControl, **given),
    "year": lambda **given: UnboundField(YearControl, **given),
    "count": lambda **given: UnboundField(WholeNumberControl, **given),
}


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One column of a repeatable type: the attribute of the row, the kind of control, the list of a choice, the width.

    `span` is how much of the line the control takes on the page: '', 'two' or 'whole'.
    """

    id: str
    kind: Kind
    choice_list: ChoiceList | None = None
    span: str = ""
    own: bool = False
    """Said anew by each paragraph that refers to the entry, such as the articles of a law."""


class RowControl(CompositeControl):
    """One row: its hidden id and its columns. `data` is a row, or None when nothing was given."""

    control = "row"

    def __init__(
        self, *, columns: tuple[RowColumn, ...], row_type: type[Any], texts: Texts, prefix: str, register: str = "",
        **kwargs: Any,
    ):  # fmt: skip
        def build(column: RowColumn, _part: str) -> UnboundField[Any]:
            key = f"{prefix}.{column.id}"
            given: dict[str, Any] = {"texts": texts, "label_text": texts(key), "hint_text": texts.get(f"{key}.hint")}
            if column.choice_list is not None:
                given["choice_list"] = column.choice_list
            return _CONTROLS[column.kind](**given)

        parts: dict[str, Callable[[str], Any]] = {"row_id": lambda _part: UnboundField(HiddenControl, texts=texts)}
        if register:
            parts["refers_to"] = lambda _part: UnboundField(
                OfferedControl, texts=texts, label_text=texts("type.rows.refers_to"),
                hint_text=texts.get("type.rows.refers_to.hint"),
            )  # fmt: skip
        parts |= {column.id: partial(build, column) for column in columns}
        super().__init__(parts=parts, texts=texts, **kwargs)
        self.columns, self.row_type = columns, row_type

    def join(self, parts: dict[str, Any]) -> Any:
        if all(value is None for part, value in parts.items() if part != "row_id"):
            return None
        row_id = parts["row_id"] or ""
        return self.row_type(**{**parts, "row_id": row_id if _ROW_ID.fullmatch(row_id) else secrets.token_hex(6)})

    @property
    def reference(self) -> OfferedControl | None:
        """The drop-down of the register, where there is something to choose or something was chosen."""
        control: OfferedControl | None = self.inner.get("refers_to")
        return control if control is not None and (control.options or control.data) else None

    @property
    def key(self) -> str:
        """The key of the row in the State register, once it is stored."""
        row_id = self.inner["row_id"].data
        return f"{self.name.rpartition('-')[0]}/{row_id}" if row_id else ""

    @property
    def cells(self) -> list[tuple[RowColumn, Field]]:
        """The visible columns with their fields, in order. A stored reference shows what the paragraph says of its own."""
        refers = self.reference is not None and bool(self.reference.data)
        return [
            (column, self.inner[column.id]) for column in self.columns
            if not refers or column.own or self.inner[column.id]._value() or self.inner[column.id].errors
        ]  # fmt: skip


class RowsControl(Control):
    """Any number of rows. The buttons `add` and `remove` (names in the template) work by a round trip to the server."""

    control = "rows"

    def __init__(
        self, *, columns: tuple[RowColumn, ...], row_type: type[Any], prefix: str, register: str = "", **kwargs: Any
    ):
        self._form: Any = kwargs.get("_form")
        super().__init__(**kwargs)
        self.columns, self.row_type, self.text_prefix, self.register = columns, row_type, prefix, register
        self.entries: list[RowControl] = []
        self._offered: list[tuple[str, Text]] = []
        self.used_in: dict[str, list[str]] = {}

    def offer(self, options: list[tuple[str, Text]], used_in: dict[str, list[str]]) -> None:
        """Give the rows what other paragraphs have entered, and say of the own entries which paragraphs refer to them."""
        self._offered, self.used_in = options, used_in
        for row in self.entries:
            self._offer(row)

    def _offer(self, row: RowControl) -> None:
        if "refers_to" in row.inner:
            row.inner["refers_to"].options = self._offered

    @property
    def row_name(self) -> Text:
        """What one row is called, for the legend and the buttons."""
        return self.texts(f"{self.text_prefix}.row")

    def _append(self, index: int, formdata: Any, data: Any) -> RowControl:
        unbound = UnboundField(
            RowControl, columns=self.columns, row_type=self.row_type, texts=self.texts, prefix=self.text_prefix,
            register=self.register,
        )  # fmt: skip
        row: RowControl = unbound.bind(form=self._form, name=f"{self.name}-{index}", prefix="", translations=None)
        row.process(formdata, data)
        self._offer(row)
        self.entries.append(row)
        return row

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors, self.entries = [], []
        if formdata is None:
            for index, row in enumerate(data or ()):
                self._append(index, None, row)
            self.data = tuple(data) if data else None
        else:
            found = {
                int(match[1]) for key in formdata if (match := re.match(rf"{re.escape(self.name)}-(\d{{1,6}})-", key))
            }
            for index in sorted(found):
                self._append(index, formdata, None)
            if len(found) > MOST_ROWS:
                self.process_errors.append(
                    self.texts.message("too_many_rows", label=self.label_words, maximum=MOST_ROWS)
                )
            for number, row in enumerate(self.entries, start=1):
                for error in row.errors:
                    self.process_errors.append(
                        self.texts.message("in_row", row=f"{self.row_name} {number}", problem=error)
                    )
            self.data = None if self.process_errors else (_with_own_ids(row.data for row in self.entries) or None)
        self.errors = list(self.process_errors)

    def add_row(self) -> RowControl:
        """An empty row at the end, with the next free index."""
        used = [int(row.name.rpartition("-")[2]) for row in self.entries]
        return self._append(max(used, default=-1) + 1, None, None)

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        self.errors = list(self.process_errors)
        return not self.errors


class RowsItem(Item):
    """A repeatable type. Subclasses give `row_type`, `row_columns` and `sheet`; texts are `type.<item_type>.<column>`."""

    row_type: ClassVar[type[Any]]
    row_columns: ClassVar[tuple[RowColumn, ...]]

    @property
    def text_prefix(self) -> str:
        """Where the heads of the columns are in the engine's texts."""
        return f"type.{self.item_type}"

    def choice_lists(self) -> tuple[ChoiceList, ...]:
        return tuple(column.choice_list for column in self.row_columns if column.choice_list is not None)

    def text_keys(self) -> Iterator[str]:
        yield from super().text_keys()
        yield f"{self.text_prefix}.row"
        if self.register:
            yield from ("type.rows.refers_to", "type.rows.same_as")
        yield from (f"{self.text_prefix}.{column.id}" for column in self.row_columns)

    def build_field(self, context: AskContext) -> UnboundField[Any]:
        return UnboundField(
            RowsControl, texts=context.texts, label_text=self.label(context.texts), hint_text=self.hint(context.texts),
            columns=self.row_columns, row_type=self.row_type, prefix=self.text_prefix, register=self.register,
        )  # fmt: skip

    def registered(self, value: Any) -> Iterable[tuple[str, str]]:
        for row in value:
            name = " · ".join(
                filter(None, (getattr(row, column.id) for column in self.row_columns if column.kind == "line"))
            )
            if self.register and not row.refers_to and name:
                yield f"{self.id}/{row.row_id}", name

    def references(self, value: Any) -> Iterable[str]:
        return (row.refers_to for row in value if row.refers_to)

    def resolve(self, value: Any, values: Mapping[str, Any]) -> Any:
        return tuple(self._resolved(row, values) if row.refers_to else row for row in value)

    def _resolved(self, row: Any, values: Mapping[str, Any]) -> Any:
        entry = self._entry(row.refers_to, values)
        if entry is None:
            return row
        own = {name: cell for name, cell in row if cell is not None}
        shared = {column.id: getattr(entry, column.id) for column in self.row_columns if not column.own}
        return self.row_type(**{**shared, **own})

    def _entry(self, key: str, values: Mapping[str, Any]) -> Any:
        """The row that a key of the State register names, None where there is none of this type."""
        item_id, _slash, row_id = key.partition("/")
        rows = values.get(item_id)
        entry = next((one for one in rows if one.row_id == row_id), None) if isinstance(rows, tuple) else None
        return entry if isinstance(entry, self.row_type) else None

    def carry(self, value: Any, values: Mapping[str, Any], renamed: Mapping[str, str]) -> Any:
        rows = (self._carried(row, values, renamed) if row.refers_to else row for row in value)
        return tuple(row for row in rows if any(cell is not None for name, cell in row if name != "row_id")) or None

    def _carried(self, row: Any, values: Mapping[str, Any], renamed: Mapping[str, str]) -> Any:
        item_id, slash, row_id = row.refers_to.partition("/")
        key = f"{renamed.get(item_id, item_id)}{slash}{row_id}"
        entry = self._entry(key, values)
        if entry is None or entry.refers_to:
            return row.model_copy(update={"refers_to": None})
        # What the row says otherwise than the entry is its own; the rest is the entry's, as that stands.
        as_there = {column.id for column in self.row_columns if getattr(row, column.id) == getattr(entry, column.id)}
        shared = {column.id for column in self.row_columns if not column.own}
        return row.model_copy(update={"refers_to": key, **dict.fromkeys(as_there & shared)})

    def findings(self, value: Any) -> Iterable[str]:
        for row in value:
            if row.refers_to and all(getattr(row, column.id) is None for column in self.row_columns if not column.own):
                yield "reference_lost"
                return

    def merge(self, base: Any, theirs: Any, mine: Any, merging: Merging) -> Any:
        merged = merging.rows(base or (), theirs or (), mine or (), self._merge_row)
        rows = tuple(row for row in merged if any(cell is not None for name, cell in row if name != "row_id"))
        return merging.contest("rows", theirs, mine) if len(rows) > MOST_ROWS else rows or None

    def _merge_row(self, merging: Merging, base: Any, theirs: Any, mine: Any) -> Any:
        if theirs.refers_to != mine.refers_to:
            # What one side typed belongs to another entry than the one that the other side chose.
            return merging.contest("refers_to", theirs, mine)
        before = base or self.row_type(row_id=theirs.row_id)
        cells = {}
        for column in self.row_columns:
            was, one, other = (getattr(row, column.id) for row in (before, theirs, mine))
            if column.kind == "text":
                cells[column.id] = (
                    merging.text(column.id, was or "", one or "", other or "", longest=LONGEST_CELL) or None
                )
            else:
                cells[column.id] = merging.one(column.id, was, one, other)
        return theirs.model_copy(update=cells)

    def facts(self, value: Any, texts: Texts) -> Iterator[Fact]:
        for row in value:
            if row.refers_to:
                yield Fact(
                    field="refers_to", field_label=str(texts("type.rows.same_as")), row_id=row.row_id,
                    code=row.refers_to, label=paragraph_of(row.refers_to, texts),
                )  # fmt: skip
            for column in self.row_columns:
                cell = getattr(row, column.id)
                if cell is None:
                    continue
                given: dict[str, Any] = {
                    "field": column.id, "field_label": str(texts(f"{self.text_prefix}.{column.id}")), "row_id": row.row_id,
                }  # fmt: skip
                if column.choice_list is not None:
                    label = str(texts.option(column.choice_list.name, cell))
                    yield Fact(code=cell, label=label, **given)
                elif isinstance(cell, date):
                    yield Fact(date=cell, **given)
                elif isinstance(cell, int | Decimal):
                    yield Fact(number=cell, **given)
                else:
                    yield Fact(text=cell, **given)

    def lines(self, value: Any, texts: Texts) -> list[Line]:
        lines = []
        for number, row in enumerate(value, start=1):
            lines.append(Line(f"{texts(f'{self.text_prefix}.row')} {number}"))
            if row.refers_to:
                lines.append(Line(paragraph_of(row.refers_to, texts), label=str(texts("type.rows.same_as"))))
            for column in self.row_columns:
                cell = getattr(row, column.id)
                if cell is not None:
                    words = _in_words(column, cell, texts)
                    language = "und" if column.kind in {"line", "text", "link"} else ""
                    lines.append(Line(words, label=str(texts(f"{self.text_prefix}.{column.id}")), language=language))
        return lines

    def brief(self, value: Any, texts: Texts) -> Brief:
        named = [column.id for column in self.row_columns if column.kind == "line" and not column.own]
        entries = ((getattr(row, column) for column in named) for row in value)
        names = (separator(texts.language).join(filter(None, entry)) for entry in entries)
        return Brief([Line(name, language="und") for name in names if name])

    def columns(self, texts: Texts) -> tuple[Column, ...]:
        columns = []
        for column in self.row_columns:
            label = str(texts(f"{self.text_prefix}.{column.id}"))
            if column.choice_list is not None:
                columns.append(Column(f"{column.id}_code", label))
            columns.append(Column(column.id, label))
        if self.register:
            columns.append(Column("refers_to", str(texts("type.rows.same_as"))))
        return tuple(columns)

    def rows(self, value: Any, texts: Texts) -> Iterator[tuple[str, tuple[CellValue, ...]]]:
        for row in value:
            cells: list[CellValue] = []
            for column in self.row_columns:
                cell = getattr(row, column.id)
                if column.choice_list is not None:
                    cells += [cell, None if cell is None else str(texts.option(column.choice_list.name, cell))]
                else:
                    cells.append(cell)
            if self.register:
                cells.append(row.refers_to)
            yield row.row_id, tuple(cells)


def _with_own_ids(rows: Iterable[Any]) -> tuple[Any, ...]:
    """The rows that hold something; a second row with the same id (a page put together by hand) gets one of its own."""
    kept: dict[str, Any] = {}
    for row in rows:
        if row is not None:
            own = row if row.row_id not in kept else row.model_copy(update={"row_id": secrets.token_hex(6)})
            kept[own.row_id] = own
    return tuple(kept.values())


def _in_words(column: RowColumn, cell: Any, texts: Texts) -> str:
    if column.choice_list is not None:
        return str(texts.option(column.choice_list.name, cell))
    return format_date(cell, texts.language) if isinstance(cell, date) else str(cell)
