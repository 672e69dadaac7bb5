"""Two texts for one answer: what both started from, both texts with their changes marked, and a person's choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from flask import render_template, url_for
from sqlmodel import Session
from werkzeug.datastructures import MultiDict

from forms.question import BASE_PREFIX, QuestionForm, build_question_form, read_base, read_posted, write_base
from instruments.differences import ChangedLine, line_changes
from instruments.items import Item
from instruments.items.base import Line
from instruments.schema import Question
from models.base import new_id
from services.answers import UNKNOWN_BASE, Choice, Conflict, Content, Edit, SaveResult, find_conflict, resolve_conflict
from services.history import find_revision
from services.responses import OpenResponse
from views.kept import page_token
from views.question_page import ask_context, frame, language, offer_register, print_item

MINE, FROM, REVISION = "mine:", "from:", "revision:"
"""Prefixes of hidden inputs: the person's own text as posted, what it was based on, and the record that is to be restored."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One conflict as the page shows it."""

    item: Item
    conflict: Conflict
    base: list[Line] | None
    """What both texts started from; None where that is not known."""
    theirs: list[ChangedLine]
    mine: list[ChangedLine]
    field: Any
    """The field with an answer to go on from, printed."""
    from_base: str
    revision: int


def content_lines(opened: OpenResponse, item: Item, content: Content) -> list[Line]:
    """An answer in words; what cannot be read as it was typed. No line is not answered."""
    if content.typed:
        return [Line(text, language="und") for _name, text in content.typed if text]
    if content.value is None:
        return []
    value = item.resolve(item.load(content.value), opened.stored_values)
    return item.lines(value, opened.instrument.texts_in(language()))


def conflict_page(
    opened: OpenResponse, question: Question, result: SaveResult, *, revisions: Mapping[str, int] | None = None,
    edited: QuestionForm | None = None,
) -> tuple[str, int]:  # fmt: skip
    """The page that shows every item somebody else changed meanwhile, with status 409.

    `revisions`: the records that are to be restored, by item. `edited`: what was typed on this page before it came again.
    """
    shown = [
        _shown(opened, conflict, (revisions or {}).get(conflict.item_id, 0), edited) for conflict in result.conflicts
    ]
    return render_template(
        "responses/conflict.html", **frame(opened), question=question, shown=shown, saved=list(result.versions),
        token=page_token(opened.actor.user_id, opened.response.id, question.id),
    ), 409  # fmt: skip


def _shown(opened: OpenResponse, conflict: Conflict, revision: int, edited: QuestionForm | None) -> Shown:
    item = opened.instrument.items[conflict.item_id]
    base = None if conflict.base is None else content_lines(opened, item, conflict.base)
    theirs, mine = (content_lines(opened, item, side) for side in (conflict.theirs, conflict.mine))
    return Shown(
        item, conflict, base, theirs=line_changes(theirs if base is None else base, theirs),
        mine=line_changes(theirs if base is None else base, mine), field=_field(opened, conflict, item, edited),
        from_base=write_base(conflict.edit.base_version, conflict.edit.own_text), revision=revision,
    )  # fmt: skip


def _field(opened: OpenResponse, conflict: Conflict, item: Item, edited: QuestionForm | None) -> Any:
    """The item's own field with both texts where it can hold them, else with the person's own."""
    context = ask_context(opened)
    content = conflict.with_both or conflict.with_mine
    values = {**opened.stored_values, item.id: item.load(content.value)}
    typed = {item.id: content.typed} if content.typed else None
    form = edited if edited is not None and item.id in edited else build_question_form([item], context, values, typed)
    offer_register(opened, QuestionForm({item.id: form[item.id]}, {item.id: item}), context)
    form[item.id].file_url = lambda file_id: url_for(
        "responses.evidence", response_id=opened.response.id, file_id=file_id
    )
    return print_item(item, form[item.id], conflict.version, context, True)


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of the choices that were posted: what is left to decide, and how to show it again."""

    result: SaveResult
    form: QuestionForm
    revisions: dict[str, int]


def decide(db: Session, opened: OpenResponse, question: Question, posted: MultiDict[str, str]) -> Decided:
    """Carry out the choices of the conflict page. An item without a choice stays as it is and is shown again."""
    context = ask_context(opened)
    form, inputs = read_posted(question.items, context, posted, opened.stored_values)
    conflicts: list[Conflict] = []
    versions: dict[str, int] = {}
    revisions: dict[str, int] = {}
    outside: tuple[str, ...] = ()
    result = SaveResult({}, [], opened.response.last_activity_at or opened.cycle.opens_at, opened.response.seq)
    for entry in inputs:
        item = entry.item
        own = _own_edit(db, opened, item, posted, revisions)
        take = posted.get(f"take:{item.id}", "")
        if take not in get_args(Choice):
            conflicts.append(find_conflict(db, opened, own))
            continue
        edited = Edit(item.id, entry.base_version, item.dump(entry.value), entry.typed, entry.posted)
        result = resolve_conflict(
            db, opened, own, take=cast(Choice, take), shown=entry.base_version, idempotency_key=new_id(),
            edited=edited if take == "edited" else None, channel="restore" if item.id in revisions else "web",
        )  # fmt: skip
        if result.locked:
            return Decided(result, form, revisions)
        outside += result.outside
        conflicts += result.conflicts
        versions |= result.versions
    found = SaveResult(versions, conflicts, result.at, opened.response.seq, outside=outside)
    return Decided(found, form, revisions)


def _own_edit(
    db: Session, opened: OpenResponse, item: Item, posted: MultiDict[str, str], revisions: dict[str, int]
) -> Edit:
    """The person's own change as the page carried it: as posted, or as a record of the history that is to be restored."""
    number = posted.get(f"{REVISION}{item.id}", "")
    if number.isdecimal() and len(number) < 10 and int(number):
        record = find_revision(db, opened, item.id, int(number))
        revisions[item.id] = record.seq
        return Edit(item.id, UNKNOWN_BASE, record.value, record.typed)
    own = MultiDict(
        (name.removeprefix(MINE), text)
        for name, text in posted.items(multi=True)
        if name.startswith(MINE)
    )  # fmt: skip
    base = posted.get(f"{FROM}{item.id}", str(UNKNOWN_BASE))
    own[f"{BASE_PREFIX}{item.id}"] = base
    _form, (entry,) = read_posted([item], ask_context(opened), own, opened.stored_values)
    version, own_text = read_base(base)
    return Edit(item.id, version, item.dump(entry.value), entry.typed, entry.posted, own_text)
