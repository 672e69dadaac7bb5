"""An offline workbook that came back, held against what it was made from and against the response as it stands: cell by cell.

Three texts meet in each cell: what the workbook showed when it was made (the base), what stands in it now (the file), what the
response holds (the server). Cells that only one side changed are put together; a cell that both changed is a conflict. The
result names, for each item, what can be taken over, as values ready to be saved. Nothing is saved here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from forms.question import Typed, read_pairs
from imports.kit_cells import NEW_ROW, CellKey, Cells, posted, shape_of, shown_cells
from imports.kit_reading import Problem, error_code, read_cells
from imports.kit_sheets import FoundCell, FoundKit
from instruments.catalog import canonical_json
from instruments.items import Item
from instruments.items.base import AskContext
from instruments.items.fields import controls_in_error, messages
from instruments.merging import merge_answers
from services.responses import OpenResponse

KINDS: tuple[str, ...] = ("update", "conflict", "ask", "deletion", "error", "refused", "same")
"""What can come of an item, in the order in which it is shown; an item that nobody touched has no entry."""

Content = tuple[Any, Typed | None]
"""A stored answer: its value as JSON, and the text that could not be read."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be stored: the value as JSON or the text as typed, and the pairs as a browser would post them."""

    value: Any
    typed: Typed | None
    posted: Typed


@dataclass
class Entry:
    """One item of the workbook in which something differs."""

    item_id: str
    kind: str
    version: int
    """The version of the answer that this was compared with; whatever is taken over is stored on this one only."""
    take: str
    """What is ticked at first: a name out of `choices`, or "" for nothing."""
    choices: dict[str, Choice] = field(default_factory=dict)
    """`file`: what was filled in. `clear`: that, and emptied what was emptied. `both`: both texts, one after the other."""
    filled: Choice | None = None
    """What was filled in, read as it stands there."""
    base: Any = None
    base_is_known: bool = True
    places: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    outcome: str = ""
    """What came of it when the person applied: `stored`, `conflict`, `late`; "" while it waits."""
    stored_version: int = 0

    def as_json(self) -> dict[str, Any]:
        """The entry as it is kept until somebody applies it."""
        return asdict(self)


def entry_of(kept: Mapping[str, Any]) -> Entry:
    """An entry as it was kept."""
    given = dict(kept)
    given["choices"] = {name: Choice(**choice) for name, choice in given["choices"].items()}
    given["filled"] = Choice(**given["filled"]) if given["filled"] else None
    given["problems"] = [Problem(**problem) for problem in given["problems"]]
    return Entry(**given)


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of the workbook: a short name for the ids of its new rows, whether it showed answers, what it was made from."""

    reference: str
    language: str
    prefilled: bool
    bases: Mapping[str, Content] | None
    """Contents by item id at the moment when it was made; None where nothing trustworthy says what it was made from."""
    lost: frozenset[str] = frozenset()
    """Items whose content at that moment is not known any more."""


def compare(
    opened: OpenResponse, context: AskContext, found: FoundKit, source: Source, may_edit: Callable[[str], bool]
) -> list[Entry]:
    """An entry for each item that differs, in the order of the questionnaire."""
    entries = []
    for item_id, item in opened.instrument.items.items():
        if item_id in found.cells:
            entry = _Comparison(opened, context, source, item, found).entry()
            if entry is not None:
                if not may_edit(item_id) and entry.kind != "same":
                    entry.kind, entry.take, entry.choices = "refused", "", {}
                    entry.problems.append(Problem("XL-301", entry.places[0] if entry.places else ""))
                entries.append(entry)
    return entries


class _Comparison:
    """One item."""

    def __init__(self, opened: OpenResponse, context: AskContext, source: Source, item: Item, found: FoundKit) -> None:
        self._opened, self._context, self._item = opened, context, item
        # What is shown depends on the language: a text that nobody has written yet is proposed in that of the workbook.
        self._shown_in = AskContext(opened.instrument.texts_in(source.language), context.years)
        self._shape = shape_of(item, context)
        answer = opened.answers.get(item.id)
        self._version = answer.version if answer else 0
        self._content: Content = (answer.value, answer.typed) if answer else (None, None)
        # What was never answered had no other content when the workbook was made, whatever its stamp says.
        base: Content | None = (None, None) if self._version == 0 else None
        if source.bases is not None and item.id not in source.lost:
            base = source.bases.get(item.id, (None, None))
        self._base = base
        self._server = self._shown(self._content)
        self._base_cells = self._shown(base) if base is not None else {}
        self._prefilled = source.prefilled
        self._seen = self._base_cells if source.prefilled else self._shown((None, None))
        self._cells = _with_stored_ids(found.cells[item.id], source.reference)
        self._file, self._problems = read_cells(opened.instrument, self._shape, self._cells, found.day_offset)
        self._problems += [Problem("XL-113", place) for item_id, place in found.twice if item_id == item.id]

    def _shown(self, content: Content) -> Cells:
        value, typed = content
        return shown_cells(self._item, self._shown_in, None if value is None else self._item.load(value), typed)

    def entry(self) -> Entry | None:
        """What came of the item; None when nobody touched it."""
        before = self._server if self._base is None else self._seen
        changed = {key: text for key, text in self._file.items() if text != before.get(key, "")}
        if changed and not self._prefilled:
            changed = {key: text for key, text in self._file.items() if text}
        self._leave_out_what_is_there(changed)
        differing = {key: text for key, text in changed.items() if text != self._server.get(key, "")}
        if not differing and not self._problems:
            return self._same(changed) if changed else None
        emptied = {key for key, text in differing.items() if not text and self._kind(key) != "mark"}
        if self._base is None:
            clashing = set(differing)
        else:
            clashing = {key for key in differing if self._server.get(key, "") != self._base_cells.get(key, "")}
        filled = {key: text for key, text in differing.items() if key not in emptied}
        entry = self._made("update", differing, "file" if filled else "")
        if filled:
            self._offer(entry, "file", filled)
        if emptied:
            self._offer(entry, "clear", differing)
            entry.problems += [Problem("XL-203", self._cells[key].place) for key in sorted(emptied)]
        if clashing:
            self._clash(entry, clashing, filled)
        elif self._has_namesake(filled):
            entry.kind, entry.take = "ask", ""
            entry.problems.append(Problem("XL-204", entry.places[0]))
        elif emptied and not filled:
            entry.kind, entry.take = "deletion", ""
        entry.problems += self._problems
        if self._problems or (entry.take and entry.choices[entry.take].typed):
            entry.kind, entry.take = "error", ""
        elif entry.choices and all(self._is_stored(choice) for choice in entry.choices.values()):
            return self._same(changed)
        return entry

    def _same(self, changed: Cells) -> Entry | None:
        """Nothing to do: what was filled in is what the response says. Where that was so before, nothing was filled in."""
        if self._base is not None and canonical_json(list(self._base)) == canonical_json(list(self._content)):
            return None
        return self._made("same", changed, "")

    def _made(self, kind: str, cells: Mapping[CellKey, str], take: str) -> Entry:
        places = [self._cells[key].place for key in cells if key in self._cells]
        return Entry(
            self._item.id, kind, self._version, take, base=self._base[0] if self._base else None,
            base_is_known=self._base is not None, places=places,
        )  # fmt: skip

    def _clash(self, entry: Entry, clashing: set[CellKey], filled: Cells) -> None:
        """Cells that both sides changed: put together where the parts of the answer allow it, else a conflict."""
        if filled and self._is_merged(entry, filled):
            return
        entry.kind, entry.take = "conflict", ""
        code = "XL-202" if self._base is None else "XL-201"
        entry.problems += [Problem(code, self._cells[key].place) for key in sorted(clashing)]
        texts = [key for key in clashing if self._kind(key) == "textarea" and self._server.get(key) and filled.get(key)]
        if self._base is None and len(texts) == len(clashing):
            both = {key: f"{self._server[key]}\n\n{filled[key]}" for key in texts}
            self._offer(entry, "both", {**filled, **both})

    def _is_merged(self, entry: Entry, filled: Cells) -> bool:
        """Merge by paragraph, row and cell as the pages do; whether nothing was left that both changed."""
        if self._base is None or self._base[1] or self._content[1]:
            return False
        cells = {key: text for key, text in {**self._base_cells, **filled}.items() if text}
        pairs = posted(self._item, self._context, cells, {})
        _control, read = read_pairs(self._item, self._context, pairs, self._version, self._opened.stored_values)
        if read.errors:
            return False
        base, theirs = self._item.load(self._base[0]), self._item.load(self._content[0])
        mine = merge_answers(self._item, base, theirs, read.value, "mine")
        entry.choices["file"] = self._choice(mine.value)
        if mine.can_hold_both:
            entry.choices["both"] = self._choice(merge_answers(self._item, base, theirs, read.value, "both").value)
        return not mine.contested

    def _choice(self, value: Any) -> Choice:
        cells = shown_cells(self._item, self._shown_in, value)
        return Choice(self._item.dump(value), None, posted(self._item, self._context, cells, {}))

    def _offer(self, entry: Entry, name: str, changes: Cells) -> None:
        """What the answer would be with these cells, read exactly as a browser's post is."""
        rows = {row for row, _path in self._server}
        # A row that the response does not have any more comes back whole, not as the one cell that was changed.
        again = {row for row, _path in changes if row not in rows}
        cells = {
            **self._server,
            **{key: text for key, text in self._file.items() if key[0] in again and text},
            **changes,
        }
        pairs = posted(self._item, self._context, {key: text for key, text in cells.items() if text}, {})
        control, read = read_pairs(self._item, self._context, pairs, self._version, self._opened.stored_values)
        entry.choices[name] = Choice(self._item.dump(read.value), read.typed, read.posted)
        if name != "both":
            entry.filled = entry.choices[name]
        if read.errors:
            self._explain(entry, control)

    def _explain(self, entry: Entry, control: Any) -> None:
        """Name the cells that cannot be read, with the sentences of the page."""
        wrong = controls_in_error(control)
        for one in wrong:
            path = one.name.removeprefix(self._item.id).removeprefix("-")
            row = ""
            if self._shape.is_table and one is not control:
                number, _dash, path = path.partition("-")
                row = control.entries[int(number)].inner["row_id"].raw if number.isdecimal() else ""
            place = self._cells[(row, path)].place if (row, path) in self._cells else ""
            for message in messages(one):
                problem = Problem(error_code(message.code), place or (entry.places or [""])[0], str(message))
                if problem not in entry.problems:
                    entry.problems.append(problem)

    def _is_stored(self, choice: Choice) -> bool:
        return canonical_json([choice.value, choice.typed]) == canonical_json(list(self._content))

    def _kind(self, key: CellKey) -> str:
        part = self._shape.parts.get(key[1])
        return part.kind if part else ""

    def _leave_out_what_is_there(self, changed: Cells) -> None:
        """A new row that says in every cell what a stored row says is that row: taken over before, or typed in twice."""
        if not self._shape.is_table:
            return
        stored = {frozenset(cells.items()) for cells in _rows(self._server).values()}
        for row, cells in _rows(changed).items():
            if (
                not any(key[0] == row for key in (*self._server, *self._base_cells))
                and frozenset(cells.items()) in stored
            ):
                for path in cells:
                    del changed[row, path]

    def _has_namesake(self, filled: Cells) -> bool:
        """Whether a new row has the same first words as a stored one."""
        if not self._shape.is_table:
            return False
        name = next((path for path, part in self._shape.parts.items() if part.kind == "text"), "")
        stored = {cells[name].casefold() for cells in _rows(self._server).values() if cells.get(name)}
        known = {row for row, _path in self._server}
        return any(cells.get(name, "").casefold() in stored for row, cells in _rows(filled).items() if row not in known)


def _rows(cells: Mapping[CellKey, str]) -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for (row, path), text in cells.items():
        if text:
            rows.setdefault(row, {})[path] = text
    return rows


def _with_stored_ids(cells: Mapping[CellKey, FoundCell], reference: str) -> dict[CellKey, FoundCell]:
    """The cells with the ids that new rows get when they are stored: the same whenever this workbook comes back."""
    return {
        (f"{reference}-{row[1:]}" if NEW_ROW.fullmatch(row) else row, path): cell for (row, path), cell in cells.items()
    }
