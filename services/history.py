"""The history of a response: every change of an answer, and the whole response as it was at an earlier moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from models.people import User
from models.responses import Answer, Revision
from models.submissions import Submission
from services.answers import Content
from services.permissions import NotFound
from services.responses import OpenResponse

PAGE = 50
"""Changes shown at a time."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One record of an answer's history, and the saved text before it."""

    revision: Revision
    author: str
    before: Content
    """What was saved before; for a text that never stood, what stood then instead of it."""

    @property
    def content(self) -> Content:
        """What the record holds."""
        return Content(self.revision.value, self.revision.typed)

    @property
    def is_merge(self) -> bool:
        """Whether the saved text holds the changes of two people."""
        return self.revision.kind == "saved" and self.revision.base_version not in {-1, self.revision.version - 1}


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to look back to: a submission by its receipt number, or the last change of a day."""

    seq: int
    at: datetime
    number: str = ""


def list_history(
    session: Session, opened: OpenResponse, item_id: str, *, before: int | None = None
) -> tuple[list[HistoryEntry], bool]:
    """The records of an item, newest first, those before `before` (a `seq`) when given; and whether there are older ones."""
    statement = (
        select(Revision, User.name).join(User, col(User.id) == Revision.actor_id)
        .where(Revision.national_response_id == opened.response.id, Revision.item_id == item_id)
        .order_by(col(Revision.seq).desc())
    )  # fmt: skip
    if before is not None:
        statement = statement.where(Revision.seq < before)
    found = session.exec(statement.limit(PAGE + 1)).all()
    shown = found[:PAGE]
    saved = _saved_versions(session, opened, item_id, [revision for revision, _name in shown])
    entries = []
    for revision, name in shown:
        # What was set aside stands beside the text that was kept; anything else beside the version it replaced.
        version = revision.version if revision.kind == "set_aside" else revision.version - 1
        entries.append(HistoryEntry(revision, name, saved.get(version, Content())))
    return entries, len(found) > PAGE


def _saved_versions(
    session: Session, opened: OpenResponse, item_id: str, shown: Sequence[Revision]
) -> dict[int, Content]:
    wanted = {version for revision in shown for version in (revision.version, revision.version - 1)}
    rows = session.exec(
        select(Revision).where(
            Revision.national_response_id == opened.response.id, Revision.item_id == item_id, Revision.kind == "saved",
            col(Revision.version).in_(wanted),
        )
    )  # fmt: skip
    return {row.version: Content(row.value, row.typed) for row in rows}


def find_revision(session: Session, opened: OpenResponse, item_id: str, seq: int) -> Revision:
    """One record of an item's history. Raises NotFound."""
    revision = session.get(Revision, (opened.response.id, seq)) if 0 < seq < 2**31 else None
    if revision is None or revision.item_id != item_id:
        raise NotFound(item_id)
    return revision


def open_as_at(session: Session, opened: OpenResponse, seq: int) -> tuple[OpenResponse, datetime]:
    """The response with the answers as they stood after the change `seq`, and its moment. To be read, never saved.

    Raises NotFound when there was no such change.
    """
    moment = session.get(Revision, (opened.response.id, seq)) if 0 < seq < 2**31 else None
    if moment is None:
        raise NotFound(str(seq))
    newest = (
        select(func.max(Revision.seq))
        .where(
            Revision.national_response_id == opened.response.id, Revision.kind == "saved", col(Revision.seq) <= seq
        )
        .group_by(Revision.item_id)
    )  # fmt: skip
    rows = session.exec(
        select(Revision).where(Revision.national_response_id == opened.response.id, col(Revision.seq).in_(newest))
    )
    answers = {
        row.item_id: Answer(
            national_response_id=opened.response.id, item_id=row.item_id, version=row.version, value=row.value,
            typed=row.typed, updated_at=row.at, updated_by=row.actor_id,
        )
        for row in rows
    }  # fmt: skip
    return replace(opened, answers=answers), moment.at


def list_moments(session: Session, opened: OpenResponse, zone: str) -> list[Moment]:
    """The moments to look back to, newest first: submissions, and the last change of each day in the time zone."""
    submissions = session.exec(select(Submission).where(Submission.national_response_id == opened.response.id))
    moments = [Moment(one.seq, one.submitted_at, one.number) for one in submissions if one.seq]
    changes = session.exec(
        select(Revision.seq, Revision.at)
        .where(Revision.national_response_id == opened.response.id)
        .order_by(col(Revision.seq))
    )
    days: dict[date, Moment] = {}
    for seq, at in changes:
        days[at.astimezone(ZoneInfo(zone)).date()] = Moment(seq, at)
    return sorted([*moments, *days.values()], key=lambda moment: (moment.seq, moment.number), reverse=True)
