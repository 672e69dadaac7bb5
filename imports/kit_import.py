"""Taking an offline workbook back: look at it and change nothing, then take over what a person ticked, then undo it if they wish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session

from imports.kit_compare import KINDS, Content, Entry, Source, compare, entry_of
from imports.kit_sheets import FoundKit
from instruments.items.base import AskContext
from models.base import utc_now
from models.kits import APPLIED, DISCARDED, PREVIEWED, UNDONE, Kit, KitReturn
from services.answers import Edit, save_answers
from services.audit import record
from services.evidence import display_name
from services.kit_returns import (
    contents_at,
    find_given,
    keep_file,
    key_of,
    may_take_over,
    names_of_round,
    revisions_of,
    sha256_of,
)
from services.kits import is_stamp, kit_content
from services.responses import OpenResponse, state_name


class ForeignKit(Exception):
    """The workbook was made for another State or another round: both are named."""

    def __init__(self, made_for: str, sent_to: str) -> None:
        super().__init__(f"made for {made_for}, sent to {sent_to}")
        self.made_for, self.sent_to = made_for, sent_to


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of a workbook that came back: where it came from, and what is to be said about that."""

    kit: Kit | None
    source: Source
    warnings: list[str]


def identify(
    session: Session, opened: OpenResponse, found: FoundKit, secret: str, sha256: str, language: str
) -> Identity:
    """Trust a signed stamp alone. Raises ForeignKit for a workbook that says it belongs to another State or round."""
    unknown = Source(f"f{sha256[:10]}", language, True, None)
    if found.stamp is None:
        return Identity(None, unknown, ["no_stamp"])
    stated, signature = found.stamp
    signed = is_stamp(secret, stated, signature)
    if stated.get("response") not in {None, opened.response.id}:
        made_for = names_of_round(session, str(stated.get("response")), language) if signed else ()
        raise ForeignKit(
            _named(*(made_for or (stated.get("state"),))),
            _named(state_name(opened.state.names, language), opened.cycle.title),
        )
    if not signed:
        return Identity(None, unknown, ["bad_stamp"])
    kit = find_given(session, opened, str(stated.get("kit", "")))
    if kit is None:
        return Identity(None, unknown, ["unknown_kit"])
    warnings = ["withdrawn"] if kit.withdrawn_at else []
    if stated.get("instrument_sha256") not in {None, opened.instrument.sha256}:
        warnings.append("other_version")
    # What was erased since is no base that anything could be held against.
    bases: dict[str, Content] = dict(kit_content(session, opened, kit).raw)
    lost = frozenset(item_id for item_id, version in kit.bases.items() if version and item_id not in bases)
    return Identity(kit, Source(kit.id, kit.language, kit.prefilled, bases, lost), warnings)


def _named(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a workbook, held against the response; ready to be kept until somebody decides."""

    kit_id: str | None
    result: dict[str, Any]


def look(
    session: Session, opened: OpenResponse, context: AskContext, found: FoundKit, *, secret: str, sha256: str
) -> Looked:
    """Hold a workbook against its base and the response as it stands. Raises ForeignKit. Nothing is written."""
    identity = identify(session, opened, found, secret, sha256, context.texts.language)
    entries = compare(opened, context, found, identity.source, lambda item_id: may_take_over(opened, item_id))
    differing = {entry.item_id for entry in entries}
    result = {
        "entries": [entry.as_json() for entry in sorted(entries, key=lambda one: KINDS.index(one.kind))],
        "untouched": [item_id for item_id in found.cells if item_id not in differing],
        "warnings": identity.warnings, "unknown": found.unknown, "ignored_sheets": found.ignored_sheets,
        "ignored_columns": found.ignored_columns,
    }  # fmt: skip
    return Looked(identity.kit.id if identity.kit else None, result)


def keep(session: Session, opened: OpenResponse, looked: Looked, content: bytes, name: str, folder: Path) -> KitReturn:
    """Keep the file and what was found in it; no answer is changed."""
    sha256 = sha256_of(content)
    row = KitReturn(
        kit_id=looked.kit_id, national_response_id=opened.response.id, file_name=display_name(name), size=len(content),
        sha256=sha256, file_id=keep_file(folder, content), uploaded_by=opened.actor.user_id, result=looked.result,
    )  # fmt: skip
    session.add(row)
    record(
        session, "kit.came_back", opened.actor.user_id, opened.response.state_id, cycle=opened.response.cycle_id,
        kit=row.kit_id, sha256=sha256,
    )  # fmt: skip
    return row


def entries_of(row: KitReturn) -> list[Entry]:
    """What differs, as it was kept."""
    return [entry_of(kept) for kept in row.result["entries"]]


def apply(session: Session, opened: OpenResponse, row: KitReturn, takes: Mapping[str, str]) -> dict[str, list[str]]:
    """Take over what was ticked (`takes`: item id to name of a choice), all in the caller's transaction; item ids by what came of them.

    An answer that was changed after the preview is left as it is (`changed`). Of a response that takes no edits nothing is changed:
    the texts are kept with it (`late`). What was taken over before is not taken again.
    """
    entries = entries_of(row)
    edits = []
    for entry in entries:
        choice = entry.choices.get(takes.get(entry.item_id, ""))
        if choice is not None and not entry.outcome and may_take_over(opened, entry.item_id):
            edits.append(Edit(entry.item_id, entry.version, choice.value, choice.typed, choice.posted))
    before = opened.response.seq
    saved = save_answers(session, opened, edits, idempotency_key=f"{key_of(row)}-{before}", channel="kit")
    conflicts = {conflict.item_id for conflict in saved.conflicts}
    came: dict[str, list[str]] = {"stored": [], "changed": [], "late": []}
    for entry in entries:
        if entry.item_id in saved.versions:
            entry.outcome, entry.stored_version = "stored", saved.versions[entry.item_id]
            came["stored"].append(entry.item_id)
        elif entry.item_id in conflicts:
            entry.kind, entry.take, entry.outcome = "conflict", "", "changed"
            came["changed"].append(entry.item_id)
    if saved.locked:
        came["late"] = [edit.item_id for edit in edits]
    if saved.versions:
        row.status, row.applied_at = APPLIED, utc_now()
        row.first_seq, row.last_seq = row.first_seq or before + 1, opened.response.seq
    row.result = {**row.result, "entries": [entry.as_json() for entry in entries]}
    session.add(row)
    record(
        session, "kit.applied", opened.actor.user_id, opened.response.state_id, cycle=opened.response.cycle_id, kit=row.kit_id,
        sha256=row.sha256, items=came["stored"], changed=came["changed"], late=came["late"],
    )  # fmt: skip
    return came


def renew(session: Session, row: KitReturn, looked: Looked) -> None:
    """Put what was found anew in the place of what was found before; what was taken over stays on record."""
    stored = [entry for entry in entries_of(row) if entry.outcome == "stored"]
    taken = {entry.item_id for entry in stored}
    fresh = [kept for kept in looked.result["entries"] if kept["item_id"] not in taken]
    row.result = {**looked.result, "entries": [*(entry.as_json() for entry in stored), *fresh]}
    session.add(row)


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: ids of items set back, and those that were changed since and so stay."""

    restored: list[str]
    newer: list[str]
    locked: bool = False


def undo(session: Session, opened: OpenResponse, row: KitReturn) -> Undone:
    """Set back what the workbook changed, as new revisions; an answer that was changed again since is left alone."""
    if not opened.is_editable:
        return Undone([], [], locked=True)
    last = {revision.item_id: revision for revision in revisions_of(session, row)}
    first = {revision.item_id: revision for revision in reversed(revisions_of(session, row))}
    before = contents_at(session, opened.response.id, {item_id: one.version - 1 for item_id, one in first.items()})
    edits, newer = [], []
    for item_id, revision in last.items():
        current = opened.answers[item_id].version
        if current == revision.version and item_id in before and may_take_over(opened, item_id):
            value, typed = before[item_id]
            edits.append(Edit(item_id, current, value, typed))
        else:
            newer.append(item_id)
    save_answers(session, opened, edits, idempotency_key=f"undo-{row.id}", channel="restore")
    row.status, row.undone_at = UNDONE, utc_now()
    session.add(row)
    record(
        session, "kit.undone", opened.actor.user_id, opened.response.state_id, cycle=opened.response.cycle_id,
        kit=row.kit_id, sha256=row.sha256, items=[edit.item_id for edit in edits], kept=newer,
    )  # fmt: skip
    return Undone([edit.item_id for edit in edits], newer)


def discard(session: Session, opened: OpenResponse, row: KitReturn) -> None:
    """Put a workbook aside of which nothing was taken over; the same file can then be sent again."""
    if row.status == PREVIEWED:
        row.status = DISCARDED
        session.add(row)
        record(
            session, "kit.discarded", opened.actor.user_id, opened.response.state_id, cycle=opened.response.cycle_id,
            kit=row.kit_id, sha256=row.sha256,
        )  # fmt: skip
