"""The form of one question: a loop over its items. It knows no item type, no model and no service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field, Form
from wtforms.fields.core import UnboundField

from instruments.items import Item
from instruments.items.base import AskContext
from instruments.items.fields import messages
from instruments.text_cleaning import clean_text, has_forbidden
from instruments.texts import Message

BASE_PREFIX = "base:"
"""Name prefix of the hidden input that carries the version an item was based on; its presence says that the item was posted."""

_BASE = re.compile(r"(-1|\d{1,9})(?:m(\d{1,9}))?")

Typed = list[list[str]]


@dataclass(frozen=True, slots=True)
class ItemInput:
    """What was posted for one item: the version it was based on, the typed value or None, the errors, the text as posted."""

    item: Item
    base_version: int
    value: Any
    errors: list[Message]
    posted: Typed
    cleaned: bool
    """Whether control characters were taken out of what was posted."""
    own_text: int = 0
    """The number of the record of the author's own text, where the page went on showing that after a merge."""

    @property
    def typed(self) -> Typed | None:
        """The posted text, kept beside the item, when it cannot be read; else None."""
        return self.posted if self.errors else None


class QuestionForm:
    """Fields by item id, in order. Made from stored values, from posted text, or from both."""

    def __init__(self, fields: dict[str, Field], items: dict[str, Item]) -> None:
        self.fields = fields
        self.items = items

    def __getitem__(self, item_id: str) -> Any:
        return self.fields[item_id]

    def __contains__(self, item_id: str) -> bool:
        return item_id in self.fields

    @property
    def errors(self) -> dict[str, list[Message]]:
        """Messages by item id, of items whose text cannot be read."""
        return {item_id: messages(field) for item_id, field in self.fields.items() if field.errors}


class _Host(Form):
    """WTForms binds every field to a form; ours are bound to an empty one."""


@lru_cache(maxsize=4096)
def _unbound(item: Item, context: AskContext) -> UnboundField[Any]:
    # Published instruments never change, so what a field is made of is made once per item and language.
    return item.build_field(context)


def _bind(item: Item, context: AskContext, host: Form) -> Field:
    field: Field = _unbound(item, context).bind(form=host, name=item.id, prefix="", translations=None)
    return field


def build_question_form(
    items: Iterable[Item], context: AskContext, values: Mapping[str, Any], typed: Mapping[str, Typed] | None = None
) -> QuestionForm:
    """The form with stored values; an item with kept unreadable text shows that text and its error again."""
    host = _Host()
    fields, chosen = {}, {}
    for item in items:
        field = _bind(item, context, host)
        kept = (typed or {}).get(item.id)
        process_field(field, MultiDict([tuple(pair) for pair in kept]) if kept else None, values.get(item.id))  # type: ignore[misc]
        fields[item.id], chosen[item.id] = field, item
    return QuestionForm(fields, chosen)


def process_field(field: Field, formdata: MultiDict[str, str] | None, stored: Any) -> None:
    """Give one field its data: posted text if there is any, else the stored value. An absent input is empty, not "as stored"."""
    field.process(formdata, stored)
    field.errors = list(field.process_errors)


def read_posted(
    items: Iterable[Item], context: AskContext, posted: MultiDict[str, str], values: Mapping[str, Any]
) -> tuple[QuestionForm, list[ItemInput]]:
    """The form as posted, and what was posted for each item that was on the page. Never refuses: errors stand with the item."""
    host = _Host()
    groups = _by_item(posted)
    fields, chosen, inputs = {}, {}, []
    for item in items:
        if f"{BASE_PREFIX}{item.id}" not in posted:
            continue
        pairs, cleaned = _clean(groups.get(item.id, []))
        field = _bind(item, context, host)
        process_field(field, MultiDict([tuple(pair) for pair in pairs]), values.get(item.id))  # type: ignore[misc]
        fields[item.id], chosen[item.id] = field, item
        errors = messages(field)
        version, own_text = read_base(posted[f"{BASE_PREFIX}{item.id}"])
        inputs.append(ItemInput(item, version, None if errors else field.data, errors, pairs, cleaned, own_text))
    return QuestionForm(fields, chosen), inputs


def read_pairs(
    item: Item, context: AskContext, pairs: Typed, base_version: int, values: Mapping[str, Any]
) -> tuple[Field, ItemInput]:
    """One item read from the pairs that a browser would post for it; its field and what was posted."""
    post = MultiDict([(f"{BASE_PREFIX}{item.id}", str(base_version)), *((name, text) for name, text in pairs)])
    form, inputs = read_posted([item], context, post, values)
    return form[item.id], inputs[0]


def _by_item(posted: MultiDict[str, str]) -> dict[str, Typed]:
    groups: dict[str, Typed] = {}
    for name, text in posted.items(multi=True):
        item_id = name.split("-", 1)[0]
        if not name.startswith(BASE_PREFIX):
            groups.setdefault(item_id, []).append([name, text])
    return groups


def _clean(pairs: Typed) -> tuple[Typed, bool]:
    return [[name, clean_text(text)] for name, text in pairs], any(has_forbidden(text) for _name, text in pairs)


def read_base(text: str) -> tuple[int, int]:
    """What a posted base names: (version, 0), or (version, record of the own text) for `7m123`. Anything else is version 0."""
    match = _BASE.fullmatch(text)
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)


def write_base(version: int, own_text: int = 0) -> str:
    """The base as a page posts it."""
    return f"{version}m{own_text}" if own_text else str(version)
