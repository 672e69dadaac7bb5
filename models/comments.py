"""Comments on a question of a national response, the notices that they cause, and whether a person wants those by mail."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import new_id, utc_now

AUDIENCES: tuple[str, ...] = ("internal", "shared")
"""Who reads a thread: the State's own people only, or the secretariat as well. Fixed when the thread begins."""


class Comment(SQLModel, table=True):
    """One comment. Without `thread_id` it begins a thread; resolution stands on that first comment, the audience on each."""

    __tablename__ = "comment"
    __table_args__ = (
        UniqueConstraint("author_id", "post_key"),
        Index("ix_comment_national_response_id_question_id", "national_response_id", "question_id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    national_response_id: str = Field(foreign_key="national_response.id")
    question_id: str = Field(max_length=40)
    thread_id: str | None = Field(default=None, foreign_key="comment.id", description="first comment of the thread")
    audience: str = Field(default="internal", max_length=12)
    text: str = Field(description="plain text; empty once deleted")
    author_id: int = Field(foreign_key="user.id")
    by_secretariat: bool = Field(default=False, description="written as an officer, not for the State")
    at: datetime = Field(default_factory=utc_now)
    post_key: str = Field(max_length=64, description="names one act of writing: sent again, it adds nothing")
    deleted_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: int | None = Field(default=None, foreign_key="user.id")


class CommentNotice(SQLModel, table=True):
    """That a comment concerns a person, kept until their next digest. `mention`: somebody chose or named them."""

    __tablename__ = "comment_notice"

    comment_id: str = Field(foreign_key="comment.id", primary_key=True)
    user_id: int = Field(foreign_key="user.id", primary_key=True)
    mention: bool = False
    settled_at: datetime | None = Field(default=None, index=True, description="sent, unwanted, or of no use any more")


class CommentDigest(SQLModel, table=True):
    """A person's digest: whether it is wanted (it is, without a row) and when the last one went out."""

    __tablename__ = "comment_digest"

    user_id: int = Field(foreign_key="user.id", primary_key=True)
    wanted: bool = True
    sent_at: datetime | None = None
