"""Two streams of rows held against each other: what is missing, added or altered, and where the order changed.

As long as both say the same in the same order, nothing is kept. A row that is missing or added shifts one stream against the
other; the rows in between are kept until their counterpart comes, so that memory grows with the disorder, not with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

MOST_KEPT = 32 << 20
"""Bytes of rows out of step whose content is kept; of those beyond only that they differ, not in what."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: what it says, the key by which its like is looked for when no other row says the same, and where it stands.

    `wanted` is False for a row that may stand in the file or not. The place of a row that is missing is that of the row before it.
    """

    content: Any
    key: Any
    place: Any = None
    wanted: bool = True


@dataclass
class Outcome:
    """What a comparison found."""

    matched: int = 0
    missing: list[Entry] = field(default_factory=list)
    added: list[Entry] = field(default_factory=list)
    altered: list[tuple[Entry, Entry]] = field(default_factory=list)
    """(as it should be, as it is)."""
    out_of_order: Entry | None = None
    """The first row of the file that says what it should, but not where it should."""


class TooDifferent(Exception):
    """More rows are out of step than may be kept."""


class _Side:
    """The rows of one stream that wait for their counterpart, by what they say, in order."""

    def __init__(self, most: int) -> None:
        self._waiting: dict[bytes, list[tuple[int, Entry]]] = {}
        self._left, self._room = most, MOST_KEPT

    def put(self, content: bytes, number: int, entry: Entry) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooDifferent
        self._room -= len(content)
        if self._room < 0:
            entry = replace(entry, content=None)
        self._waiting.setdefault(_print(content), []).append((number, entry))

    def take(self, content: bytes) -> tuple[int, Entry] | None:
        print_ = _print(content)
        same = self._waiting.get(print_)
        if not same:
            return None
        self._left += 1
        first = same.pop(0)
        if not same:
            del self._waiting[print_]
        return first

    def rest(self) -> list[Entry]:
        every = (one for same in self._waiting.values() for one in same)
        return [entry for _number, entry in sorted(every, key=lambda one: one[0])]


class Comparison:
    """The rows of a file as they are pushed, against those that are due, which are taken one at a time.

    `matched` is called with each pair that says the same; `nearer` gives, for the content of a row, what tells it from others of
    the same key. `most` is how many rows of each side may be out of step; beyond, `push` and `finish` raise TooDifferent.
    """

    def __init__(
        self,
        due: Iterator[Entry],
        most: int,
        *,
        nearer: Callable[[Any], Hashable] = lambda _content: None,
        matched: Callable[[Entry, Entry], None] = lambda _due, _found: None,
    ) -> None:
        self._due, self._nearer, self._matched = due, nearer, matched
        self._waiting_due, self._waiting_found = _Side(most), _Side(most)
        self._number = 0
        self._last, self._last_place = (-1, -1), None
        self._outcome = Outcome()

    def push(self, found: Entry) -> None:
        """The next row of the file."""
        due = next(self._due, None)
        number = self._number
        self._number += 1
        if due is not None and due.content == found.content:
            self._match(number, due, number, found)
            return
        if due is not None:
            self._meet_due(number, due)
        content = _bytes(found.content)
        if pair := self._waiting_due.take(content):
            self._match(*pair, number, found)
        else:
            self._waiting_found.put(content, number, found)

    def finish(self) -> Outcome:
        """What was found, once the file has no more rows."""
        for number, due in enumerate(self._due, start=self._number):
            self._meet_due(number, due)
        _pair_alike(self._waiting_due.rest(), self._waiting_found.rest(), self._nearer, self._outcome)
        return self._outcome

    def _meet_due(self, number: int, due: Entry) -> None:
        content = _bytes(due.content)
        if pair := self._waiting_found.take(content):
            self._match(number, due, *pair)
        else:
            self._waiting_due.put(content, number, replace(due, place=self._last_place))

    def _match(self, due_number: int, due: Entry, found_number: int, found: Entry) -> None:
        self._outcome.matched += 1
        if self._outcome.out_of_order is None and not (due_number > self._last[0] and found_number > self._last[1]):
            self._outcome.out_of_order = found
        self._last, self._last_place = (due_number, found_number), found.place
        self._matched(due, found)


def _bytes(content: Any) -> bytes:
    return repr(content).encode("utf-8", "surrogatepass")


def _print(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _pair_alike(due: list[Entry], found: list[Entry], nearer: Callable[[Any], Hashable], outcome: Outcome) -> None:
    """Rows left over on both sides with the same key are one row that was altered; first those that are alike in more."""

    def near(entry: Entry) -> Hashable:
        return entry.key, None if entry.content is None else nearer(entry.content)

    due = [entry for entry in due if entry.wanted]
    for key in (near, lambda entry: entry.key):
        by_key: dict[Hashable, list[Entry]] = {}
        for entry in found:
            by_key.setdefault(key(entry), []).append(entry)
        paired = [(entry, same.pop(0)) for entry in due if (same := by_key.get(key(entry)))]
        outcome.altered += paired
        taken = {id(entry) for pair in paired for entry in pair}
        due, found = ([entry for entry in entries if id(entry) not in taken] for entries in (due, found))
    outcome.missing, outcome.added = due, found
