"""Saving answers: compare-and-set on each item's version, append-only history, nothing overwritten silently.

One save is one transaction (reliability rules): lock the response row, check that it is a draft, return the stored result
for a key seen before, compare each item's base version, append revisions with a salted hash chain, and only after the
commit does the page say "saved".
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, select

from instruments.catalog import canonical_json
from models.base import Json, utc_now
from models.people import User
from models.responses import Answer, LateNote, QuestionState, Revision
from services.responses import OpenResponse

Typed = list[list[str]]
"""What a person typed for one item: [field name, text] pairs, as posted."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One item as a person left it: the version it was based on, the value (JSON), and the typed text when it cannot be read."""

    item_id: str
    base_version: int
    value: Json
    typed: Typed | None = None
    posted: Typed = field(default_factory=list)
    """Always what was posted, so that a refused edit can be given back as it was typed."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else changed the item since the person's page was made. Both texts, and who and when."""

    item_id: str
    mine: Json
    my_typed: Typed | None
    my_posted: Typed
    theirs: Json
    their_typed: Typed | None
    version: int
    changed_by: str
    changed_at: datetime


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
    outside: tuple[str, ...] = ()
    """Items that are not the person's to answer: nothing of them was stored, and what was written is kept as a note."""


def save_answers(
    session: Session, opened: OpenResponse, edits: Sequence[Edit], *, idempotency_key: str, channel: str = "web"
) -> SaveResult:
    """Store what changed. The response must have been opened with `lock=True` in this transaction.

    An item the person did not change is left alone; one that only they changed is stored; one that both changed is a
    conflict, and nothing of it is stored. The same key with the same content again gives the same result. When the response
    takes no edits, the result is `locked` and what differs is kept as late notes; what is not the person's to answer is `outside`.
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
    for edit in edits:
        answer = opened.answers.get(edit.item_id)
        current = answer.version if answer else 0
        key = idempotency_key
        if edit.item_id in replayed:
            stored = replayed[edit.item_id]
            if _same(edit, (stored.value, stored.typed)):
                versions[edit.item_id] = stored.version
                continue
            # The key was used for other content (a page shown again by the Back button): this is an edit of its own.
            key = f"{idempotency_key[:40]}-{secrets.token_hex(8)}"
        base = _base(session, opened, edit, answer)
        if _same(edit, base) or _same(edit, (answer.value, answer.typed) if answer else (None, None)):
            versions[edit.item_id] = current
        elif edit.base_version == current:
            versions[edit.item_id] = _store(session, opened, edit, answer, key, channel, now)
        else:
            assert answer is not None  # a version above the base exists, so the row does
            conflicts.append(_conflict(session, edit, answer))
    if versions or conflicts:
        _touch(session, opened, now)
    return SaveResult(versions, conflicts, now, opened.response.seq, outside=outside)


def _outside(session: Session, opened: OpenResponse, edits: Sequence[Edit], now: datetime) -> tuple[str, ...]:
    """Keep what was written outside the person's assignments, and give the ids of its items: what differs from their page."""
    changed = [
        edit for edit in edits if not _same(edit, _base(session, opened, edit, opened.answers.get(edit.item_id)))
    ]
    _keep_late(session, opened, changed, now, outside=True)
    return tuple(edit.item_id for edit in changed)


def resolve_conflict(
    session: Session, opened: OpenResponse, edit: Edit, *, take: str, idempotency_key: str
) -> SaveResult:
    """Carry out a person's choice: `mine` stores their text on the current version, `theirs` keeps it in the history only.

    `edit.base_version` is the version they were shown; a newer one is a new conflict.
    """
    now = utc_now()
    if not opened.is_editable:
        return _locked(session, opened, [edit], now)
    answer = opened.answers.get(edit.item_id)
    current = answer.version if answer else 0
    if take == "mine" or not opened.may_edit(edit.item_id):
        return save_answers(session, opened, [edit], idempotency_key=idempotency_key)
    if edit.item_id not in _replayed(session, opened, idempotency_key):
        _append(session, opened, edit, current, "set_aside", idempotency_key, "web", now)
    return SaveResult({edit.item_id: current}, [], now, opened.response.seq)


def _base(session: Session, opened: OpenResponse, edit: Edit, answer: Answer | None) -> tuple[Json, Typed | None]:
    """What the person's page showed: the content of the version it was based on."""
    if edit.base_version == 0:
        return None, None
    if answer is not None and answer.version == edit.base_version:
        return answer.value, answer.typed
    row = session.exec(
        select(Revision).where(
            Revision.national_response_id == opened.response.id, Revision.item_id == edit.item_id,
            Revision.version == edit.base_version, Revision.kind == "saved",
        )
    ).first()  # fmt: skip
    # A base this server never had (a restored backup): compare with an impossible content, so that nothing passes unseen.
    return (row.value, row.typed) if row else ({"unknown": secrets.token_hex(8)}, None)


def _same(edit: Edit, content: tuple[Json, Typed | None]) -> bool:
    value, typed = content
    return canonical_json([edit.value, edit.typed]) == canonical_json([value, typed])


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


def commitment(salt: str, value: Json, typed: Json) -> str:
    """SHA-256 over salt and content: the chain holds this, so that the content itself can be erased if it must be."""
    return hashlib.sha256(canonical_json([salt, value, typed]).encode()).hexdigest()


def revision_hash(revision: Revision) -> str:
    """SHA-256 over every column of the revision but its content, and the hash before it."""
    columns = [
        revision.national_response_id, revision.seq, revision.item_id, revision.kind, revision.version,
        revision.base_version, revision.channel, revision.actor_id, revision.at.isoformat(timespec="microseconds"),
        revision.idempotency_key, revision.commitment, revision.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(canonical_json(columns).encode()).hexdigest()


def verify_chain(session: Session, response_id: str) -> list[str]:
    """What is wrong with a response's history, as sentences; empty when every hash holds and nothing is missing."""
    problems = []
    previous, expected = "", 1
    for revision in session.exec(
        select(Revision).where(Revision.national_response_id == response_id).order_by(Revision.seq)  # type: ignore[arg-type]
    ):
        if revision.seq != expected:
            problems.append(f"revision {expected} is missing")
        if revision.previous_hash != previous or revision.hash != revision_hash(revision):
            problems.append(f"revision {revision.seq} was altered")
        if revision.salt and revision.commitment != commitment(revision.salt, revision.value, revision.typed):
            problems.append(f"the content of revision {revision.seq} was altered")
        previous, expected = revision.hash, revision.seq + 1
    return problems


def _replayed(session: Session, opened: OpenResponse, key: str) -> dict[str, Revision]:
    rows = session.exec(
        select(Revision).where(Revision.national_response_id == opened.response.id, Revision.idempotency_key == key)
    )
    return {row.item_id: row for row in rows}


def _locked(session: Session, opened: OpenResponse, edits: Iterable[Edit], now: datetime) -> SaveResult:
    notes = _keep_late(session, opened, edits, now)
    return SaveResult({}, [], now, opened.response.seq, locked=True, late_notes=tuple(notes))


def _conflict(session: Session, edit: Edit, answer: Answer) -> Conflict:
    author = session.get(User, answer.updated_by) if answer.updated_by else None
    return Conflict(
        item_id=edit.item_id, mine=edit.value, my_typed=edit.typed, my_posted=edit.posted, theirs=answer.value,
        their_typed=answer.typed, version=answer.version, changed_by=author.name if author else "",
        changed_at=answer.updated_at,
    )  # fmt: skip


def _keep_late(
    session: Session, opened: OpenResponse, edits: Iterable[Edit], now: datetime, *, outside: bool = False
) -> list[str]:
    """Keep what cannot be taken, but only what differs from the answer as it stands, and once from the same author."""
    notes = []
    earlier = list_late_notes(session, opened) if outside else []
    known = {(note.item_id, note.author_id, canonical_json(note.typed)) for note in earlier}
    for edit in edits:
        answer = opened.answers.get(edit.item_id)
        if _same(edit, (answer.value, answer.typed) if answer else (None, None)):
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
