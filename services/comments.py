"""Comments on a question: threads that the State keeps to itself, and threads that it shares with the secretariat.

An officer opens a `Discussion`, never an `OpenResponse`: nothing here loads an answer, so a draft cannot be seen from it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlmodel import Session, col, delete, select

from instruments.schema import Instrument, Question
from models.base import utc_now
from models.comments import AUDIENCES, Comment, CommentNotice
from models.cycles import Cycle
from models.queries import names_of_users
from models.responses import NationalResponse, Revision
from models.states import ReportingState
from services.instruments import get_instrument
from services.people import Person, active_officers, list_people
from services.permissions import (
    CONTRIBUTOR,
    FOCAL_POINT,
    Actor,
    NotFound,
    Permission,
    PermissionDenied,
    Reach,
    is_allowed,
)
from services.reach import find_reach, reads_question
from services.responses import find_response

INTERNAL, SHARED = AUDIENCES


@dataclass(frozen=True, slots=True)
class Discussion:
    """The comments of a response as one person may read and write them."""

    response: NationalResponse
    cycle: Cycle
    state: ReportingState
    instrument: Instrument
    actor: Actor
    reach: Reach = field(default_factory=Reach)

    @property
    def for_secretariat(self) -> bool:
        """Whether the person takes part as an officer and not for the State."""
        return not self.actor.role_for(self.response)

    @property
    def reads(self) -> tuple[str, ...]:
        """The audiences whose threads the person sees."""
        return (SHARED,) if self.for_secretariat else AUDIENCES

    @property
    def writes(self) -> tuple[str, ...]:
        """The audiences the person may write for, the usual one first; empty for who only reads."""
        if not is_allowed(self.actor, Permission.COMMENT_WRITE, self.response):
            return ()
        if self.for_secretariat:
            return (SHARED,)
        return AUDIENCES if is_allowed(self.actor, Permission.COMMENT_SHARE, self.response) else (INTERNAL,)

    def question(self, question_id: str) -> Question:
        """The question of the instrument, if the person may see it. Raises NotFound."""
        found = self.instrument.questions.get(question_id)
        if found is None or not self.reach.may_read(question_id):
            raise NotFound(question_id)
        return found


@dataclass(frozen=True, slots=True)
class Thread:
    """A first comment and its answers, oldest first."""

    first: Comment
    replies: list[Comment]

    @property
    def comments(self) -> list[Comment]:
        """All of them."""
        return [self.first, *self.replies]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The threads on a question that a person may read, with the names of everybody in them.

    `told` holds, by comment, whom the writer chose or named; empty for the secretariat, which does not learn a State's team.
    """

    threads: list[Thread]
    names: dict[int, str]
    told: dict[str, list[str]]


def open_discussion(
    session: Session, response_id: str, actor: Actor, permission: Permission, *, lock: bool = False
) -> Discussion:
    """The comments of a response, opened with a permission. Raises as `services.responses.find_response`."""
    response = find_response(session, response_id, actor, permission, lock=lock)
    cycle = session.get_one(Cycle, response.cycle_id)
    instrument = get_instrument(session, cycle.instrument_version_id)
    return Discussion(
        response, cycle, session.get_one(ReportingState, response.state_id), instrument, actor,
        find_reach(session, response, actor, instrument),
    )  # fmt: skip


def count_unresolved(session: Session, response: NationalResponse, actor: Actor) -> dict[str, int]:
    """Unresolved threads by question id, of those that the person may read."""
    statement = select(Comment.question_id).where(
        Comment.national_response_id == response.id,
        col(Comment.thread_id).is_(None),
        col(Comment.resolved_at).is_(None),
    )
    if not actor.role_for(response):
        statement = statement.where(Comment.audience == SHARED)
    return dict(Counter(session.exec(statement)))


def read_conversation(session: Session, discussion: Discussion, question_id: str) -> Conversation:
    """The threads on a question, oldest first."""
    rows = session.exec(
        select(Comment)
        .where(
            Comment.national_response_id == discussion.response.id, Comment.question_id == question_id,
            col(Comment.audience).in_(discussion.reads),
        )
        .order_by(col(Comment.at), col(Comment.id))
    ).all()  # fmt: skip
    threads = {row.id: Thread(row, []) for row in rows if row.thread_id is None}
    for row in rows:
        if row.thread_id in threads:
            threads[row.thread_id].replies.append(row)
    told: dict[str, list[int]] = {}
    if not discussion.for_secretariat:
        for notice in session.exec(
            select(CommentNotice).where(
                col(CommentNotice.comment_id).in_([row.id for row in rows]), col(CommentNotice.mention).is_(True)
            )
        ):
            told.setdefault(notice.comment_id, []).append(notice.user_id)
    people = {row.author_id for row in rows} | {row.resolved_by for row in rows if row.resolved_by}
    names = names_of_users(session, people.union(*told.values()))
    return Conversation(
        list(threads.values()), names,
        {comment: sorted((names[user] for user in users), key=str.casefold) for comment, users in told.items()},
    )  # fmt: skip


def list_tellable(session: Session, discussion: Discussion, question_id: str) -> list[Person]:
    """The colleagues a comment can be pointed out to: the State's own people who may see the question; nobody for the secretariat."""
    if discussion.for_secretariat:
        return []
    return [
        person for person in _readers(session, discussion, question_id) if person.user_id != discussion.actor.user_id
    ]


def _readers(session: Session, discussion: Discussion, question_id: str) -> list[Person]:
    return [
        person for person in list_people(session, discussion.state.id, discussion.cycle.id)
        if reads_question(session, discussion.response, person.email, person.role, question_id)
    ]  # fmt: skip


def write_comment(
    session: Session, discussion: Discussion, question_id: str, text: str, *, audience: str = "", thread_id: str = "",
    tell: tuple[int, ...] = (), key: str,
) -> Comment:  # fmt: skip
    """Store a comment and note whom it concerns; the same `key` again gives the comment that is there.

    An answer takes the audience of its thread and opens it again if it was resolved. The discussion must be locked.
    Raises NotFound for a question or thread that the person does not see, PermissionDenied for an audience that is not theirs.
    """
    discussion.question(question_id)
    actor = discussion.actor
    known = session.exec(select(Comment).where(Comment.author_id == actor.user_id, Comment.post_key == key)).first()
    if known is not None:
        return known
    first = _first(session, discussion, question_id, thread_id) if thread_id else None
    audience = first.audience if first else audience or (*discussion.writes, INTERNAL)[0]
    if audience not in discussion.writes:
        raise PermissionDenied(Permission.COMMENT_SHARE if discussion.writes else Permission.COMMENT_WRITE)
    comment = Comment(
        national_response_id=discussion.response.id, question_id=question_id, thread_id=first.id if first else None,
        audience=audience, text=text, author_id=actor.user_id, by_secretariat=discussion.for_secretariat, post_key=key,
    )  # fmt: skip
    session.add(comment)
    if first is not None:
        first.resolved_at = first.resolved_by = None
        session.add(first)
    session.flush()
    mentioned = _mentioned(list_tellable(session, discussion, question_id), text, tell)
    for user_id in (_concerned(session, discussion, comment) | mentioned) - {actor.user_id}:
        session.add(CommentNotice(comment_id=comment.id, user_id=user_id, mention=user_id in mentioned))
    return comment


def set_resolved(session: Session, discussion: Discussion, question_id: str, thread_id: str, resolved: bool) -> None:
    """Mark a thread as resolved, or open it again. Raises as `write_comment`."""
    first = _writable(session, discussion, question_id, thread_id)
    if resolved == (first.resolved_at is not None):
        return
    first.resolved_at = utc_now() if resolved else None
    first.resolved_by = discussion.actor.user_id if resolved else None
    session.add(first)


def delete_comment(session: Session, discussion: Discussion, question_id: str, comment_id: str) -> None:
    """Take the text of one's own comment away; that there was one stays. Raises NotFound for another's comment."""
    comment = session.get(Comment, comment_id)
    if (
        comment is None or comment.author_id != discussion.actor.user_id or comment.question_id != question_id
        or comment.national_response_id != discussion.response.id or comment.audience not in discussion.reads
    ):  # fmt: skip
        raise NotFound(comment_id)
    if comment.deleted_at is None:
        comment.text, comment.deleted_at = "", utc_now()
        session.add(comment)
    session.exec(delete(CommentNotice).where(col(CommentNotice.comment_id) == comment.id))


def _first(session: Session, discussion: Discussion, question_id: str, thread_id: str) -> Comment:
    first = session.get(Comment, thread_id)
    if (
        first is None or first.thread_id is not None or first.national_response_id != discussion.response.id
        or first.question_id != question_id or first.audience not in discussion.reads
    ):  # fmt: skip
        raise NotFound(thread_id)
    return first


def _writable(session: Session, discussion: Discussion, question_id: str, thread_id: str) -> Comment:
    first = _first(session, discussion, question_id, thread_id)
    if first.audience not in discussion.writes:
        raise PermissionDenied(Permission.COMMENT_SHARE if discussion.writes else Permission.COMMENT_WRITE)
    return first


def _mentioned(people: list[Person], text: str, tell: tuple[int, ...]) -> set[int]:
    """Those whose box was ticked, and those whose whole name stands behind an @; nobody else, whatever was posted."""
    words = " ".join(text.split()).casefold()
    return {
        person.user_id for person in people
        if person.user_id in tell or f"@{' '.join(person.name.split()).casefold()}" in words
    }  # fmt: skip


def _concerned(session: Session, discussion: Discussion, comment: Comment) -> set[int]:
    """Whom a comment concerns without being named: those in its thread, the State's focal point, those who wrote an answer to
    the question, and of a shared one that the State begins, every officer.
    """
    thread = comment.thread_id or comment.id
    authors = set(session.exec(
        select(Comment.author_id).where((Comment.id == thread) | (Comment.thread_id == thread))
    ))  # fmt: skip
    people = _readers(session, discussion, comment.question_id)
    officers = {user.id or 0 for user in session.exec(active_officers())} if comment.audience == SHARED else set()
    items = discussion.question(comment.question_id).items_by_id
    wrote = set(session.exec(
        select(Revision.actor_id).where(
            Revision.national_response_id == discussion.response.id, col(Revision.item_id).in_(list(items))
        )
    ))  # fmt: skip
    team = {
        person.user_id for person in people
        if person.role == FOCAL_POINT or person.user_id in authors or (person.role == CONTRIBUTOR and person.user_id in wrote)
    }  # fmt: skip
    return team | (officers & authors if comment.thread_id else officers)
