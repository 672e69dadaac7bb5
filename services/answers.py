"""Saving answers: compare-and-set on each item's version, merging, append-only history, nothing overwritten silently.

One save is one transaction (reliability rules): lock the response row, check that it is a draft, return the stored result
for a key seen before, compare each item's base version, append revisions with a salted hash chain, and only after the
commit does the page say "saved".
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from sqlmodel import Session, select

from instruments.catalog import canonical_json
from instruments.merging import Take, merge_answers
from models.base import Json, utc_now
from models.people import User
from models.responses import Answer, LateNote, QuestionState, Revision
from services.chain import commitment, revision_hash
from services.responses import OpenResponse

Typed = list[list[str]]
"""What a person typed for one item: [field name, text] pairs, as posted."""

UNKNOWN_BASE = -1
"""The base version of an edit of which nobody knows what it was based on: every difference is a conflict."""

Choice = Literal["theirs", "mine", "both", "edited"]
"""What a person decides about a conflict."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One item as a person left it: the version it was based on, the value (JSON), and the typed text when it cannot be read."""

    item_id: str
    base_version: int
    value: Json
    typed: Typed | None = None
    posted: Typed = field(default_factory=list)
    """Always what was posted, so that a refused edit can be given back as it was typed."""
    own_text: int = 0
    """When not 0, the base is not `base_version` but the author's own text that was merged into it, which their page goes on
    showing: the number (`seq`) of its record, as in `SaveResult.merged`."""


class Content(NamedTuple):
    """What stands in an answer: its value as JSON, or the typed text that cannot be read."""

    value: Json = None
    typed: Typed | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two changes of one part of an answer: what both were based on, both texts, and who and when."""

    edit: Edit
    """The person's own change, as it was sent."""
    theirs: Content
    version: int
    """The version of what is saved now."""
    changed_by: str
    changed_at: datetime
    base: Content | None
    """What the person's page showed; None where that is not known."""
    with_theirs: Content
    with_mine: Content
    with_both: Content | None
    """The whole answer for each choice: what does not contradict is in it from both sides. None where it cannot hold both."""

    @property
    def item_id(self) -> str:
        """The item that two people changed."""
        return self.edit.item_id

    @property
    def mine(self) -> Content:
        """The person's own text."""
        return Content(self.edit.value, self.edit.typed)


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What a save did: the new versions of the items stored, and the items that need a decision."""

    versions: dict[str, int]
    conflicts: list[Conflict]
    at: datetime
    seq: int
    locked: bool = False
    """The response takes no edits (submitted, or the cycle is closed): nothing was stored as an answer."""
    late_notes: tuple[str, ...] = ()
    """Ids of the notes that keep what came too late; committed with the transaction."""
    merged: dict[str, int] = field(default_factory=dict)
    """The items whose saved text now holds somebody else's changes beside the person's own, each with the record of the latter."""
    outside: tuple[str, ...] = ()
    """Items that are not the person's to answer: nothing of them was stored, and what was written is kept as a note."""


def save_answers(
    session: Session, opened: OpenResponse, edits: Sequence[Edit], *, idempotency_key: str, channel: str = "web"
) -> SaveResult:
    """Store what changed. The response must have been opened with `lock=True` in this transaction.

    An item the person did not change is left alone; one that only they changed is stored; one that both changed is merged
    (`Item.merge`) and stored as a new version, with the person's own text beside it in the history. What cannot be merged is
    a conflict, and nothing of it is stored. An edit with `UNKNOWN_BASE` conflicts wherever it differs. Nothing is merged into
    a `restore`: who brings back an earlier text decides about every newer one.

    `channel` says where the edits come from: `web`, `kit`, `restore` or `import`. The same key with the same content again
    gives the same result. When the response takes no edits, the result is `locked` and what differs is kept as late notes;
    what is not the person's to answer is `outside`.
    """
    now = utc_now()
    if not opened.is_editable:
        return _locked(session, opened, edits, now)
    permitted = [edit for edit in edits if opened.may_edit(edit.item_id)]
    outside = _outside(session, opened, [edit for edit in edits if not opened.may_edit(edit.item_id)], now)
    edits = permitted
    replayed = _replayed(session, opened, idempotency_key)
    versions: dict[str, int] = {}
    conflicts: list[Conflict] = []
    merged: dict[str, int] = {}
    for edit in edits:
        answer = opened.answers.get(edit.item_id)
        current = answer.version if answer else 0
        key = idempotency_key
        if edit.item_id in replayed:
            stored = replayed[edit.item_id]
            if _same(edit, Content(stored.value, stored.typed)):
                versions[edit.item_id] = stored.version
                if stored.kind == "merged":
                    merged[edit.item_id] = stored.seq
                continue
            # The key was used for other content (a page shown again by the Back button): this is an edit of its own.
            key = _own_key(idempotency_key)
        base = _base(session, opened, edit, answer)
        if (base is not None and _same(edit, base)) or _same(edit, _content(answer)):
            versions[edit.item_id] = current
        elif answer is None or (edit.base_version == current and not edit.own_text):
            versions[edit.item_id] = _store(session, opened, edit, answer, key, channel, now)
        else:
            if channel == "restore":
                edit, base = replace(edit, base_version=UNKNOWN_BASE), None
            conflict = _compare(session, opened, edit, answer, base)
            if conflict.with_mine != conflict.with_theirs:
                conflicts.append(conflict)
                continue
            merged[edit.item_id] = opened.response.seq + 1
            versions[edit.item_id] = _store_merged(session, opened, conflict, answer, key, channel, now)
    if versions or conflicts:
        _touch(session, opened, now)
    return SaveResult(versions, conflicts, now, opened.response.seq, merged=merged, outside=outside)


def _outside(session: Session, opened: OpenResponse, edits: Sequence[Edit], now: datetime) -> tuple[str, ...]:
    """Keep what was written outside the person's assignments, and give the ids of its items: what differs from their page."""
    changed = []
    for edit in edits:
        base = _base(session, opened, edit, opened.answers.get(edit.item_id))
        if base is None or not _same(edit, base):
            changed.append(edit)
    _keep_late(session, opened, changed, now, outside=True)
    return tuple(edit.item_id for edit in changed)


def resolve_conflict(
    session: Session, opened: OpenResponse, edit: Edit, *, take: Choice, idempotency_key: str, shown: int | None = None,
    edited: Edit | None = None, channel: str = "web",
) -> SaveResult:  # fmt: skip
    """Carry out a person's choice about a conflict. The response must have been opened with `lock=True`.

    `edit` is the change that conflicted, with the base it was made on; `shown` is the version of the saved text that the person
    was shown (`Conflict.version`). Without it the edit's base is that version, and one whole text stands against the other. `theirs`, `mine` and `both` decide about the parts that both
    changed; everything else is in the answer from both sides. `edited` stores what the person made of it, as `edited` holds it.
    A text of theirs that does not stand is kept in the history as set aside; the saved text is in the history anyway.

    A version newer than `shown` is a new conflict, and so is `both` where the answer cannot hold both.
    """
    now = utc_now()
    if not opened.is_editable:
        return _locked(session, opened, [edited or edit], now)
    if not opened.may_edit(edit.item_id):
        return save_answers(session, opened, [edited or edit], idempotency_key=idempotency_key, channel=channel)
    answer = opened.answers.get(edit.item_id)
    current = answer.version if answer else 0
    if edit.item_id in _replayed(session, opened, idempotency_key):
        return SaveResult({edit.item_id: current}, [], now, opened.response.seq)
    if shown is None:
        shown, edit = edit.base_version, replace(edit, base_version=UNKNOWN_BASE, own_text=0)
    if current != shown and edited is not None:
        edit = edited
    conflict = find_conflict(session, opened, edit)
    outcome = {
        "theirs": conflict.with_theirs, "mine": conflict.with_mine, "both": conflict.with_both,
        "edited": Content(edited.value, edited.typed) if edited is not None else None,
    }[take]  # fmt: skip
    if current != shown or outcome is None:
        return SaveResult({}, [conflict], now, opened.response.seq)
    chosen = replace(edit, base_version=shown, value=outcome.value, typed=outcome.typed, own_text=0)
    key = idempotency_key
    if outcome != conflict.theirs:
        current = _store(session, opened, chosen, answer, key, channel, now)
        key = _own_key(key)
    if take in {"theirs", "edited"} and outcome != conflict.mine:
        _append(session, opened, edit, current, "set_aside", key, channel, now)
    _touch(session, opened, now)
    return SaveResult({edit.item_id: current}, [], now, opened.response.seq)


def find_conflict(session: Session, opened: OpenResponse, edit: Edit) -> Conflict:
    """The edit beside what is saved now, with the answer that each choice would give. Stores nothing."""
    answer = opened.answers.get(edit.item_id)
    return _compare(session, opened, edit, answer, _base(session, opened, edit, answer))


def _compare(
    session: Session, opened: OpenResponse, edit: Edit, answer: Answer | None, base: Content | None
) -> Conflict:
    theirs, mine = _content(answer), Content(edit.value, edit.typed)
    author = session.get(User, answer.updated_by) if answer and answer.updated_by else None
    outcomes: dict[str, Content | None] = {"theirs": theirs, "mine": mine, "both": None}
    # Text that cannot be read has no parts to merge by.
    if theirs.typed is None and mine.typed is None:
        item = opened.instrument.items[edit.item_id]
        before, saved, own = (item.load(side.value) for side in (base or Content(), theirs, mine))
        takes: tuple[Take, ...] = ("both",) if base is None else ("theirs", "mine", "both")
        for take in takes:
            merged = merge_answers(item, before, saved, own, take)
            fits = take != "both" or merged.can_hold_both or (base is None and not merged.contested)
            outcomes[take] = Content(item.dump(merged.value)) if fits else None
    with_theirs, with_mine = outcomes["theirs"], outcomes["mine"]
    assert with_theirs is not None and with_mine is not None
    return Conflict(
        edit=edit, theirs=theirs, version=answer.version if answer else 0, changed_by=author.name if author else "",
        changed_at=answer.updated_at if answer else utc_now(), base=base, with_theirs=with_theirs, with_mine=with_mine,
        with_both=outcomes["both"],
    )  # fmt: skip


def _content(answer: Answer | None) -> Content:
    return Content(answer.value, answer.typed) if answer else Content()


def _own_key(key: str) -> str:
    """A key beside the one that came with the edit, for what is recorded besides."""
    return f"{key[:40]}-{secrets.token_hex(8)}"


def _base(session: Session, opened: OpenResponse, edit: Edit, answer: Answer | None) -> Content | None:
    """What the person's page showed: the content of the version it was based on; None when this server never had it."""
    if edit.base_version == 0:
        return Content()
    if answer is not None and answer.version == edit.base_version and not edit.own_text:
        return _content(answer)
    if edit.own_text:
        row = session.get(Revision, (opened.response.id, edit.own_text))
        is_own = row is not None and (row.item_id, row.kind) == (edit.item_id, "merged")
        return Content(row.value, row.typed) if row is not None and is_own else None
    row = session.exec(
        select(Revision).where(
            Revision.national_response_id == opened.response.id, Revision.item_id == edit.item_id,
            Revision.version == edit.base_version, Revision.kind == "saved",
        )
    ).first()  # fmt: skip
    return Content(row.value, row.typed) if row else None


def _store_merged(
    session: Session, opened: OpenResponse, conflict: Conflict, answer: Answer | None, key: str, channel: str,
    now: datetime,
) -> int:  # fmt: skip
    """Store a merge. What the person sent is recorded first, under its key: it is what their page goes on showing."""
    edit, outcome = conflict.edit, conflict.with_mine
    if outcome == conflict.theirs:
        version = conflict.version
        _append(session, opened, edit, version, "merged", key, channel, now)
        return version
    _append(session, opened, edit, conflict.version + 1, "merged", key, channel, now)
    both = replace(edit, value=outcome.value, typed=outcome.typed)
    return _store(session, opened, both, answer, _own_key(key), channel, now)


def _same(edit: Edit, content: Content) -> bool:
    return canonical_json([edit.value, edit.typed]) == canonical_json([content.value, content.typed])


def _store(
    session: Session, opened: OpenResponse, edit: Edit, answer: Answer | None, key: str, channel: str, now: datetime
) -> int:
    if answer is None:
        answer = Answer(national_response_id=opened.response.id, item_id=edit.item_id, version=0)
        opened.answers[edit.item_id] = answer
    answer.version += 1
    answer.value, answer.typed = edit.value, edit.typed
    answer.updated_at, answer.updated_by = now, opened.actor.user_id
    session.add(answer)
    opened.forget_values()
    _append(session, opened, edit, answer.version, "saved", key, channel, now)
    return answer.version


def _append(
    session: Session, opened: OpenResponse, edit: Edit, version: int, kind: str, key: str, channel: str, now: datetime
) -> None:
    response = opened.response
    response.seq += 1
    revision = Revision(
        national_response_id=response.id, seq=response.seq, item_id=edit.item_id, kind=kind, version=version,
        base_version=edit.base_version, value=edit.value, typed=edit.typed, channel=channel,
        actor_id=opened.actor.user_id, at=now, idempotency_key=key, salt=secrets.token_hex(16), commitment="",
        previous_hash=response.head_hash, hash="",
    )  # fmt: skip
    revision.commitment = commitment(revision.salt, revision.value, revision.typed)
    revision.hash = revision_hash(revision)
    response.head_hash = revision.hash
    session.add(revision)
    session.add(response)


def _replayed(session: Session, opened: OpenResponse, key: str) -> dict[str, Revision]:
    rows = session.exec(
        select(Revision).where(Revision.national_response_id == opened.response.id, Revision.idempotency_key == key)
    )
    return {row.item_id: row for row in rows}


def _locked(session: Session, opened: OpenResponse, edits: Iterable[Edit], now: datetime) -> SaveResult:
    notes = _keep_late(session, opened, edits, now)
    return SaveResult({}, [], now, opened.response.seq, locked=True, late_notes=tuple(notes))


def _keep_late(
    session: Session, opened: OpenResponse, edits: Iterable[Edit], now: datetime, *, outside: bool = False
) -> list[str]:
    """Keep what cannot be taken, but only what differs from the answer as it stands, and once from the same author."""
    notes = []
    earlier = list_late_notes(session, opened) if outside else []
    known = {(note.item_id, note.author_id, canonical_json(note.typed)) for note in earlier}
    for edit in edits:
        answer = opened.answers.get(edit.item_id)
        if _same(edit, _content(answer)):
            continue
        if outside and (edit.item_id, opened.actor.user_id, canonical_json(edit.posted)) in known:
            continue
        note = LateNote(
            national_response_id=opened.response.id, question_id=edit.item_id.partition(".")[0], item_id=edit.item_id,
            typed=edit.posted, author_id=opened.actor.user_id, at=now, outside=outside,
        )  # fmt: skip
        session.add(note)
        notes.append(note.id)
    return notes


def _touch(session: Session, opened: OpenResponse, now: datetime) -> None:
    total = opened.total_progress()
    response = opened.response
    response.answered, response.asked = total.answered, total.asked
    response.started_at = response.started_at or now
    response.last_activity_at = now
    session.add(response)


def mark_ready(session: Session, opened: OpenResponse, question_id: str, ready: bool) -> None:
    """Mark a question ready for the focal point, or take the mark back; a returned question's reason is then settled."""
    state = opened.question_states.get(question_id)
    if state is None:
        if not ready:
            return
        state = QuestionState(national_response_id=opened.response.id, question_id=question_id)
        opened.question_states[question_id] = state
    state.ready = ready
    if ready:
        state.return_reason = ""
    session.add(state)


def list_late_notes(session: Session, opened: OpenResponse) -> list[LateNote]:
    """Texts that could not be taken as answers, for the team that wrote them: of questions that the person may see, or their own."""
    statement = select(LateNote).where(LateNote.national_response_id == opened.response.id)
    notes = session.exec(statement.order_by(LateNote.at))  # type: ignore[arg-type]
    return [note for note in notes if opened.may_read(note.question_id) or note.author_id == opened.actor.user_id]
