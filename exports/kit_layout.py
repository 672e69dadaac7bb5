"""What an offline workbook holds: the innermost controls of the question forms, each a cell with a stable id.

It knows controls and no item type. A cell's id is `op1.status` for an answer of one part, `op1.laws/3f2a91/title` for a part of a
row, `op2.victims//total-2023` for a part of an answer without rows, `op1.difficulties//chosen-codes=budget` for one box of several;
`~2` goes on with a text that is too long for one cell. The rows of a table that are new have the ids `+1` to `+10`.

On a sheet, a row with the heads `kit:id` and `kit:answer` (`kit:answer:title` in a table) says which columns hold ids and answers; it
holds until the next such row. The id in a row and what follows `kit:answer:` make the id of a cell: `op1.laws/3f2a91/` and `title`.

Reading back gives what a browser would post, so that `forms.question.read_posted` reads a page and a workbook alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from exports.cells import split_text
from exports.marks import SCALES, mark_of, with_mark
from forms.question import Typed, build_question_form
from instruments.items import Item
from instruments.items.base import AskContext
from instruments.items.choices import CodesControl
from instruments.items.evidence import EvidenceControl
from instruments.items.fields import (
    CheckControl,
    ChoiceControl,
    DateControl,
    DecimalControl,
    HiddenControl,
    LinkControl,
    OfferedControl,
    TextControl,
    WholeNumberControl,
)
from instruments.texts import Text, Texts
from instruments.values import REGISTER_KEY

NEW_ROWS = 10
"""Empty rows at the end of each table."""
YES = "✓"
"""What stands in the cell of a box that is ticked."""

ID_HEAD = "kit:id"
"""Head of the column of ids."""
_ANSWER_HEAD = "kit:answer"

Kind = Literal["text", "textarea", "number", "date", "link", "choice", "offered", "box"]

_KINDS: tuple[tuple[Any, Kind], ...] = (
    ((CodesControl, CheckControl), "box"), (OfferedControl, "offered"), (ChoiceControl, "choice"), (DateControl, "date"),
    ((WholeNumberControl, DecimalControl), "number"), (LinkControl, "link"), (TextControl, "textarea"),
)  # fmt: skip
_NO_CELL = (HiddenControl, EvidenceControl)
"""Controls without a cell: what nobody types, and files, which are added on the website."""

_ID = re.compile(
    r"(?P<item>[a-z][a-z0-9]*\.[a-z][a-z0-9_]*)"
    r"(?:/(?P<row>\+[1-9]\d{0,3}|[0-9A-Za-z_-]{0,40})/(?P<part>[a-z0-9_.-]+)(?:=(?P<code>[^/=~\s]{1,80}))?)?"
    r"(?:~(?P<piece>[1-9]\d{0,2}))?"
)
_KEY_AT_END = re.compile(rf"\[\s*({REGISTER_KEY.pattern})\s*\]\s*$")
_SYMBOLS = "".join({mark.symbol for scale in SCALES.values() for mark in scale.values()})
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_MEANS_YES = frozenset({"✓", "✔", "☑", "x", "y", "yes", "true", "1", "نعم", "是", "oui", "да", "sí", "si"})
_MEANS_NO = frozenset({"", "n", "no", "false", "0", "-", "–", "☐", "لا", "否", "不", "non", "нет"})


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of which answer a cell holds; `id` is its name in every workbook."""

    item_id: str
    row: str = ""
    """The id of the row; `+3` is the third new one; empty for an answer without rows."""
    part: str = ""
    """The path of parts as in the name of the input: `text`, `chosen-codes`."""
    code: str = ""
    """Which of several boxes."""
    piece: int = 1
    """2 and more: the cell goes on with the text of the one before."""

    @property
    def id(self) -> str:
        """The stable id of the cell."""
        inside = f"/{self.row}/{self.part}" if self.part else ""
        return (
            f"{self.item_id}{inside}{f'={self.code}' if self.code else ''}{f'~{self.piece}' if self.piece > 1 else ''}"
        )

    @property
    def is_new_row(self) -> bool:
        """Whether the row is one of those that were empty when the workbook was made."""
        return self.row.startswith("+")


def answer_head(column: str) -> str:
    """The head of a column of answers; `column` is what its cells add to the id of their row, empty for none."""
    return f"{_ANSWER_HEAD}:{column}" if column else _ANSWER_HEAD


def column_of_head(text: str) -> str | None:
    """What the cells under a head add to the id of their row; None when the text is no head of answers."""
    if text.strip() == _ANSWER_HEAD:
        return ""
    return text.strip().removeprefix(f"{_ANSWER_HEAD}:") if text.strip().startswith(f"{_ANSWER_HEAD}:") else None


def read_place(cell_id: str) -> Place | None:
    """The place that an id names; None when it is not the id of a cell."""
    found = _ID.fullmatch(cell_id.strip())
    if found is None:
        return None
    row, part, code = found["row"] or "", found["part"] or "", found["code"] or ""
    return Place(found["item"], row, part, code, int(found["piece"] or 1))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One cell: where it belongs, what is asked there, what it takes, what it shows."""

    place: Place
    kind: Kind
    label: Text | None
    """The label of the control; of the one around it where it has none of its own."""
    hint: Text | None
    text: str
    """What is shown, the whole text: the label of a code, a day as 2026-06-30."""
    list_name: str = ""
    """Names the list of a choice; the register's list is named by the item (`op4.laws`)."""
    options: tuple[tuple[str, str], ...] = ()
    """(code, what is shown for it) of a choice."""
    box: Text | None = None
    """The words beside a box."""

    @property
    def pieces(self) -> list[tuple[str, str]]:
        """(cell id, text) of each cell that the text takes: one, for all but very long texts."""
        parts = split_text(self.text)
        return [(replace(self.place, piece=number).id, part) for number, part in enumerate(parts, start=1)]


@dataclass(frozen=True, slots=True)
class Block:
    """The cells of one item, in order."""

    item: Item
    control: str
    """The name of the item's control: `rows` is a table of entries, `table` one of figures."""
    field: Any
    leaves: tuple[Leaf, ...]

    def address(self, leaf: Leaf) -> tuple[str, str]:
        """(id in the row, what its column adds to it) of a cell: in tables of entries and of figures; else (its id, '')."""
        cell_id = leaf.place.id
        if self.control == "rows":
            column = cell_id.rpartition("/")[2]
        else:
            years = {field.name.removeprefix(f"{self.item.id}-") for line in self.lines for field in line.cells}
            column = cell_id.rpartition("-")[2] if leaf.place.part in years else ""
        return cell_id[: len(cell_id) - len(column)], column

    @property
    def lines(self) -> list[Any]:
        """The lines of a table of figures (`label`, `cells`, `is_part`); empty for everything else."""
        return getattr(self.field, "lines", [])

    @property
    def texts_by_id(self) -> dict[str, str]:
        """What every cell shows, by id, without the empty new rows."""
        return {
            cell_id: text for leaf in self.leaves if not leaf.place.is_new_row for cell_id, text in leaf.pieces
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posted:
    """What a browser would post for an item, and the ids of cells for boxes that say neither yes nor no."""

    pairs: Typed
    unclear: tuple[str, ...] = ()


Offers = Mapping[str, Sequence[tuple[str, Text]]]
"""(key, words) of the entries of the State register that an item may refer to, by item id."""


def lay_out(
    item: Item, context: AskContext, value: Any, typed: Typed | None = None, offers: Offers | None = None,
    new_rows: int = NEW_ROWS,
) -> Block:  # fmt: skip
    """The cells of an item with its stored value, or with what was typed and could not be read. Without leaves: not in kits."""
    form = build_question_form(
        [item], context, {} if value is None else {item.id: value}, {item.id: typed} if typed else None
    )
    field = form[item.id]
    if offers and offers.get(item.id) and hasattr(field, "offer"):
        field.offer(list(offers[item.id]), {})
    return Block(item, field.control, field, tuple(_leaves(item, field, new_rows)))


def _leaves(item: Item, field: Any, new_rows: int) -> Iterator[Leaf]:
    if not hasattr(field, "entries"):
        yield from _of_control(item, field, "", field.name)
        return
    rows = [(row, str(row.inner["row_id"].raw)) for row in field.entries]
    # Rows that were typed, could not be read and have no id yet are new ones too.
    free = 0
    for row, row_id in [*rows, *((field.add_row(), "") for _number in range(new_rows))]:
        free += not row_id
        yield from _of_control(item, row, row_id or f"+{free}", row.name)


def _of_control(item: Item, control: Any, row: str, name: str, around: Any = None) -> Iterator[Leaf]:
    if inner := getattr(control, "inner", None):
        for part in inner.values():
            yield from _of_control(item, part, row, name, control)
        return
    if isinstance(control, _NO_CELL) or (isinstance(control, OfferedControl) and not (control.options or control.data)):
        return
    place = Place(item.id, row, control.name.removeprefix(name).removeprefix("-"))
    if control is around or (around is None and not row):
        place = Place(item.id, part="")
    label = control.label_text or getattr(around, "label_text", None)
    hint = control.hint_text
    kind = kind_of(control)
    if isinstance(control, CodesControl):
        for code, words, help_text in control.choices_texts:
            shown = YES if code in control.data else ""
            yield Leaf(replace(place, code=code), kind, label, help_text or hint, shown, box=words)
    elif isinstance(control, CheckControl):
        yield Leaf(place, kind, label, hint, YES if control.data else "", box=label)
    elif isinstance(control, OfferedControl):
        options = tuple((key, offered_words(key, str(words))) for key, words in control.options)
        shown = dict(options).get(control.raw, f"[{control.raw}]") if control.raw else ""
        yield Leaf(place, kind, label, hint, shown, item.id, options)
    elif isinstance(control, ChoiceControl):
        options = tuple(_choices(control))
        yield Leaf(
            place, kind, label, hint, dict(options).get(control.raw, control.raw), control.choice_list.name, options
        )
    else:
        yield Leaf(place, kind, label, hint, control.raw.replace("\r\n", "\n"))


def kind_of(control: Any) -> Kind:
    """What kind of cell a control has."""
    return next((kind for types, kind in _KINDS if isinstance(control, types)), "text")


def offered_words(key: str, words: str) -> str:
    """What the drop-down says for an entry of the State register; the key at its end tells entries of one name apart."""
    return f"{' '.join(words.split())} [{key}]"


def _choices(control: ChoiceControl) -> Iterator[tuple[str, str]]:
    right_to_left = control.texts.language == "ar"
    for code, words, _help in control.choices_texts:
        symbol = mark_of(control.choice_list.name, code).symbol
        yield code, with_mark(symbol, str(words), right_to_left=right_to_left)


def posted_pairs(
    item: Item, context: AskContext, cells: Mapping[str, str], languages: Sequence[Texts] = ()
) -> Posted:  # fmt: skip
    """What a browser would post for an item whose cells hold these texts; other items' cells are left alone.

    A cell that is absent counts as empty, so give all cells of an item: `{**block.texts_by_id, **read}` for a file that holds
    some. Rows keep the order of their first cells, new ones that are empty are dropped. A choice is understood by its label in
    the language of the context, by its code, or by its label in one of `languages`; what is none of them is posted as typed.
    """
    field: Any = build_question_form([item], context, {})[item.id]
    texts = _joined(item, cells)
    unclear: list[str] = []
    if not hasattr(field, "entries"):
        pairs = list(_pairs(_Reader(field, field.name, texts, "", languages, unclear), field.name))
        return Posted(pairs, tuple(unclear))
    row = field.add_row()
    pairs = []
    for row_id in dict.fromkeys(place.row for place in texts):
        new = row_id.startswith("+")
        of_row = {place: text for place, text in texts.items() if place.row == row_id}
        if new and not any(text.strip() for text in of_row.values()):
            continue
        name = f"{field.name}-{len({pair[0].split('-')[1] for pair in pairs})}"
        pairs.append([f"{name}-row_id", "" if new else row_id])
        pairs += _pairs(_Reader(row, row.name, of_row, row_id, languages, unclear), name)
    return Posted(pairs, tuple(unclear))


def _joined(item: Item, cells: Mapping[str, str]) -> dict[Place, str]:
    """The texts by place, the pieces of long ones put together again."""
    pieces: dict[Place, dict[int, str]] = {}
    for cell_id, text in cells.items():
        place = read_place(cell_id)
        if place is not None and place.item_id == item.id:
            pieces.setdefault(replace(place, piece=1), {})[place.piece] = text
    return {place: "".join(text for _number, text in sorted(found.items())) for place, found in pieces.items()}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Where the texts of one row, or of an answer without rows, are read from."""

    control: Any
    own_name: str
    texts: Mapping[Place, str]
    row: str
    languages: Sequence[Texts]
    unclear: list[str]


def _pairs(reader: _Reader, name: str) -> Iterator[list[str]]:
    item_id = name.partition("-")[0]
    for control in _innermost(reader.control):
        part = control.name.removeprefix(reader.own_name).removeprefix("-")
        posted = f"{name}-{part}" if part else name
        place = Place(item_id, reader.row, part)
        if isinstance(control, CodesControl):
            for code in control.choice_list.codes:
                if _is_ticked(replace(place, code=code), reader):
                    yield [posted, code]
        elif isinstance(control, CheckControl):
            if _is_ticked(place, reader):
                yield [posted, "y"]
        elif place in reader.texts:
            yield [posted, _as_posted(control, reader.texts[place], reader.languages)]


def _innermost(control: Any) -> Iterator[Any]:
    inner = getattr(control, "inner", None)
    if not inner:
        if not isinstance(control, _NO_CELL):
            yield control
        return
    for part in inner.values():
        yield from _innermost(part)


def _is_ticked(place: Place, reader: _Reader) -> bool:
    said = plain_words(reader.texts.get(place, ""))
    if said not in _MEANS_YES and said not in _MEANS_NO:
        reader.unclear.append(place.id)
    return said in _MEANS_YES


def _as_posted(control: Any, text: str, languages: Sequence[Texts]) -> str:
    if isinstance(control, OfferedControl):
        found = _KEY_AT_END.search(text)
        return found[1] if found else text.strip()
    if isinstance(control, ChoiceControl):
        return code_of(control, text, languages)
    return text


def code_of(control: ChoiceControl, text: str, languages: Sequence[Texts] = ()) -> str:
    """The code that a text stands for: a label in the control's language, a code, a label in another; else the text itself."""
    wanted = plain_words(text)
    name = control.choice_list.name
    if not wanted:
        return ""
    own = {plain_words(str(words)): code for code, words, _help in reversed(control.choices_texts)}
    codes = {plain_words(code): code for code in control.choice_list.codes}
    others = {
        plain_words(str(texts.option(name, code))): code
        for texts in reversed(languages)
        for code in reversed(control.choice_list.codes)
    }
    return {**others, **codes, **own}.get(wanted, text)


def plain_words(text: str) -> str:
    """A text as it is compared: normal form C, without the marks of the scales and of direction, in lower case."""
    bare = unicodedata.normalize("NFC", _DIRECTION.sub("", text)).strip()
    if bare[:1] and bare[0] in _SYMBOLS and bare[1:2].isspace():
        bare = bare[1:]
    return " ".join(bare.split()).casefold()
