"""The State register of a response: a law, policy, body or source entered once is offered in every other paragraph.

Another paragraph refers to the entry by its key and holds no copy; what is shown and sealed there is the entry as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from instruments.items import Item
from instruments.schema import Instrument


@dataclass(frozen=True, slots=True)
class Entry:
    """Something entered in one paragraph: its key (`op4.laws/3f2a91`), the item it stands in, its name as typed."""

    key: str
    item_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Register:
    """What a response has entered, by kind (`law`, `policy`, `body`, `source`), and who refers to each entry."""

    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the items that refer to an entry, by its key."""

    def offered(self, kind: str, item_id: str) -> list[Entry]:
        """The entries of a kind that other items hold."""
        return [entry for entry in self.entries.get(kind, ()) if entry.item_id != item_id]


def read_register(instrument: Instrument, values: Mapping[str, Any]) -> Register:
    """The register of a response from its stored values."""
    entries: dict[str, list[Entry]] = {}
    users: dict[str, list[str]] = {}
    for item, value in _registered(instrument, values):
        for key, name in item.registered(value):
            entries.setdefault(item.register, []).append(Entry(key, item.id, name))
        for key in item.references(value):
            users.setdefault(key, []).append(item.id)
    return Register(
        {kind: tuple(found) for kind, found in entries.items()}, {key: tuple(found) for key, found in users.items()}
    )


def resolve_references(instrument: Instrument, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every reference filled in from the entry it names, whether that item is asked or not.

    A reference to an entry that is gone stays a reference and shows nothing of its own.
    """
    resolved = dict(values)
    for item, value in _registered(instrument, values):
        if any(True for _key in item.references(value)):
            resolved[item.id] = item.resolve(value, values)
    return resolved


def _registered(instrument: Instrument, values: Mapping[str, Any]) -> Iterator[tuple[Item, Any]]:
    for item in instrument.items.values():
        if item.register and values.get(item.id) is not None:
            yield item, values[item.id]
