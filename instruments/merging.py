"""Merging two changes of one answer: by paragraph, row, code and cell; what both changed in different ways is contested.

A type says in `Item.merge` how its parts go together, with the methods of `Merging`. The same three answers always give the
same result, and it does not matter which of the two changes is called theirs, but for what is contested. A paragraph, row or
cell that only one side touched is as that side left it; what both touched is never decided here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from instruments.catalog import canonical_json

if TYPE_CHECKING:
    from instruments.items import Item

Take = Literal["theirs", "mine", "both"]
"""Whose text stands in the parts that both changed."""

MOST_PARAGRAPHS = 300
"""Changed paragraphs of one text that are aligned with each other; beyond, the changed stretch counts as one paragraph."""

_BREAK = re.compile(r"(\n\s*)")


@dataclass(slots=True)
class Merging:
    """One merge on its way: whose text stands where both changed, and what was contested so far."""

    take: Take = "theirs"
    contested: list[str] = field(default_factory=list)
    only_one: bool = False
    """Whether a contested part can hold one of the two only, such as a number."""

    def contest(self, part: str, theirs: Any, mine: Any) -> Any:
        """Record that both changed a part that can hold one answer only; the one to take."""
        self.contested.append(part)
        self.only_one = True
        return mine if self.take == "mine" else theirs

    def one(self, part: str, base: Any, theirs: Any, mine: Any) -> Any:
        """Merge what has no parts: a code, a number, a day, a line of words."""
        if theirs == mine or mine == base:
            return theirs
        return mine if theirs == base else self.contest(part, theirs, mine)

    def codes(self, base: Iterable[str], theirs: Iterable[str], mine: Iterable[str]) -> set[str]:
        """Merge sets: what either added is in, what either took away is out. Never contested."""
        before, one, other = set(base), set(theirs), set(mine)
        return (one & other) | ((one | other) - before)

    def text(self, part: str, base: str, theirs: str, mine: str, *, longest: int) -> str:
        """Merge a text by paragraph. Where both changed a paragraph, `both` gives the two one after the other.

        A text of more than `longest` characters is not made: then one of the two stands.
        """
        if theirs == mine or mine == base:
            return theirs
        if theirs == base:
            return mine
        merged = []
        for stretch in _stretches(_paragraphs(base), _paragraphs(theirs), _paragraphs(mine)):
            if stretch.is_contested:
                self.contested.append(part)
            merged += stretch.chosen(self.take)
        text = _joined(merged)
        return text if len(text) <= longest else self.contest(part, theirs, mine)

    def mapping(self, part: str, base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
        """Merge by key, each value as `one`; a key that is missing was not given."""
        keys = [*base, *(key for side in (theirs, mine) for key in sorted(side))]
        merged = {
            key: self.one(f"{part}{key}", base.get(key), theirs.get(key), mine.get(key)) for key in dict.fromkeys(keys)
        }
        return {key: value for key, value in merged.items() if value is not None}

    def rows(
        self, base: Iterable[Any], theirs: Iterable[Any], mine: Iterable[Any], cells: Callable[[Merging, Any, Any, Any], Any]
    ) -> tuple[Any, ...]:  # fmt: skip
        """Merge rows by `row_id`, and a row that both changed by `cells(merging, base, theirs, mine)`.

        A row that one removed and the other changed is contested. With `both`, a removed row stays when it was changed, and
        two versions of a row become two rows.
        """
        before, one, other = ({row.row_id: row for row in rows} for rows in (base, theirs, mine))
        # Rows keep the order that they had; new ones follow, in an order that does not depend on who came first.
        added = sorted({*one, *other} - {*before}, key=lambda row_id: _place(row_id, one, other))
        merged = []
        for row_id in [*before, *added]:
            merged += self._row(row_id, before.get(row_id), one.get(row_id), other.get(row_id), cells)
        return tuple({row.row_id: row for row in merged}.values())

    def _row(
        self, row_id: str, base: Any, theirs: Any, mine: Any, cells: Callable[[Merging, Any, Any, Any], Any]
    ) -> list[Any]:
        if theirs == mine or mine == base:
            return [theirs] if theirs is not None else []
        if theirs == base:
            return [mine] if mine is not None else []
        if theirs is None or mine is None:
            self.contested.append(row_id)
            kept = {"theirs": theirs, "mine": mine, "both": theirs or mine}[self.take]
            return [kept] if kept is not None else []
        inner = Merging("theirs" if self.take == "both" else self.take)
        row = cells(inner, base, theirs, mine)
        self.contested += [f"{row_id}.{part}" for part in inner.contested]
        if not inner.contested or self.take != "both":
            return [row]
        other = cells(Merging("mine"), base, theirs, mine)
        # The id follows from the content: the same merge again gives the same rows.
        own = hashlib.sha256(canonical_json([row_id, other.model_dump(mode="json")]).encode()).hexdigest()[:12]
        return [row, other.model_copy(update={"row_id": own})]


class Merged(NamedTuple):
    """What came of a merge: the answer, the parts that both changed differently, whether those can hold both texts."""

    value: Any
    contested: tuple[str, ...]
    can_hold_both: bool


def merge_answers(item: Item, base: Any, theirs: Any, mine: Any, take: Take = "theirs") -> Merged:
    """The answer to an item with both changes to `base`, all typed values; None is not answered.

    Where both changed one part in different ways, the part is contested and stands as `take` says.
    """
    if theirs == mine or mine == base:
        return Merged(theirs, (), False)
    if theirs == base:
        return Merged(mine, (), False)
    merging = Merging(take)
    value = item.merge(base, theirs, mine, merging)
    return Merged(value, tuple(dict.fromkeys(merging.contested)), bool(merging.contested) and not merging.only_one)


def _place(row_id: str, theirs: dict[str, Any], mine: dict[str, Any]) -> tuple[int, str]:
    """Where an added row stands: as far down as the side that put it lowest has it, then by its id."""
    return max([*side].index(row_id) for side in (theirs, mine) if row_id in side), row_id


# ---- texts

Paragraph = tuple[str, str]
"""What stands before a paragraph (line ends and indent), and the paragraph."""


def _paragraphs(text: str) -> list[Paragraph]:
    pieces = _BREAK.split(text)
    before = ["", *pieces[1::2]]
    return [(gap, words) for gap, words in zip(before, pieces[::2], strict=True) if gap or words]


def _joined(paragraphs: list[Paragraph]) -> str:
    text = ""
    for gap, words in paragraphs:
        # A paragraph that was the first had nothing before it.
        text += words if not text and not gap.strip("\n") else (gap or "\n\n") + words
    return text


class _Stretch(NamedTuple):
    """A part of a text in three versions, as far as they differ."""

    base: list[Paragraph]
    theirs: list[Paragraph]
    mine: list[Paragraph]

    @property
    def is_contested(self) -> bool:
        base, theirs, mine = (_words(side) for side in self)
        return theirs != mine and base not in (theirs, mine)

    def chosen(self, take: Take) -> list[Paragraph]:
        base, theirs, mine = (_words(side) for side in self)
        if theirs == mine or mine == base:
            return max(self.theirs, self.mine) if theirs == mine else self.theirs
        if theirs == base:
            return self.mine
        if take == "both":
            start = _common(theirs, mine)
            end = _common(theirs[start:][::-1], mine[start:][::-1])
            return self.theirs[: len(theirs) - end] + self.mine[start:]
        return self.mine if take == "mine" else self.theirs


def _words(paragraphs: list[Paragraph]) -> list[str]:
    return [words for _gap, words in paragraphs]


def _common(one: list[str], other: list[str]) -> int:
    """How many paragraphs at the beginning are the same."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


Change = tuple[int, int, int, int]
"""Where a text differs from the one before: from, to (there); from, to (here)."""


def _changes(base: list[str], changed: list[str]) -> list[Change]:
    start = _common(base, changed)
    end = _common(base[start:][::-1], changed[start:][::-1])
    before, after = base[start : len(base) - end], changed[start : len(changed) - end]
    if not before and not after:
        return []
    if max(len(before), len(after)) > MOST_PARAGRAPHS:
        return [(start, start + len(before), start, start + len(after))]
    found = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changes: list[Change] = []
    for tag, a, b, c, d in found:
        if b - a == d - c and tag == "replace":
            # As many as before: each stands for the one in its place, and another one may be changed by somebody else.
            changes += [(start + a + n, start + a + n + 1, start + c + n, start + c + n + 1) for n in range(b - a)]
        elif tag != "equal":
            changes.append((start + a, start + b, start + c, start + d))
    return changes


def _stretches(base: list[Paragraph], theirs: list[Paragraph], mine: list[Paragraph]) -> Iterable[_Stretch]:
    """The three texts side by side: stretches that nobody or one side changed, and those that both changed."""
    left = [("theirs", change) for change in _changes(_words(base), _words(theirs))]
    right = [("mine", change) for change in _changes(_words(base), _words(mine))]
    at = shift_theirs = shift_mine = 0
    for group in _overlapping(sorted(left + right, key=lambda one: (one[1][0], one[1][1], one[0]))):
        first, last = group[0][1][0], max(change[1] for _side, change in group)
        yield from _equal(base, theirs, mine, at, first, shift_theirs, shift_mine)
        grown = {"theirs": 0, "mine": 0}
        for side, (before, after, here, there) in group:
            grown[side] += (there - here) - (after - before)
        begin_theirs, begin_mine = first + shift_theirs, first + shift_mine
        shift_theirs, shift_mine, at = shift_theirs + grown["theirs"], shift_mine + grown["mine"], last
        yield _Stretch(
            base[first:last], theirs[begin_theirs : last + shift_theirs], mine[begin_mine : last + shift_mine]
        )
    yield from _equal(base, theirs, mine, at, len(base), shift_theirs, shift_mine)


def _equal(
    base: list[Paragraph], theirs: list[Paragraph], mine: list[Paragraph], first: int, last: int, left: int, right: int
) -> Iterable[_Stretch]:
    """Paragraphs with the same words; the line ends before them are merged like everything else."""
    for index in range(first, last):
        before, one, other = base[index], theirs[index + left], mine[index + right]
        kept = other if one == before else one if other == before else max(one, other)
        yield _Stretch([kept], [kept], [kept])


def _overlapping(changes: list[tuple[str, Change]]) -> Iterable[list[tuple[str, Change]]]:
    """Changes in groups that belong together: they overlap, or one puts something in where the other one changed."""
    group: list[tuple[str, Change]] = []
    end = -1
    has_insertion = False
    for side, change in changes:
        first, last = change[0], change[1]
        touches = first < end or (first == end and (has_insertion or first == last))
        if group and not touches:
            yield group
            group, end = [], -1
        furthest = max(end, last)
        has_insertion = first == last == furthest or (has_insertion and end == furthest)
        group.append((side, change))
        end = furthest
    if group:
        yield group
