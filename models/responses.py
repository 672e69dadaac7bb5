"""National responses: the current answers of a State in a cycle, and their append-only history."""

from datetime import datetime

from sqlalchemy import UniqueConstraint, false
from sqlmodel import Field, SQLModel

from models.base import Json, json_column, new_id, utc_now

CLEARANCES: tuple[str, ...] = ("draft", "submitted", "returned")
VISIBILITIES: tuple[str, ...] = ("secretariat", "reviewers", "parties", "public")
"""Who may see the answer to a question after submission, from the closed default outwards; each includes the one before."""


class NationalResponse(SQLModel, table=True):
    """One State's answers in one cycle, shared by its team. Its row is the lock of every write to it."""

    __tablename__ = "national_response"
    __table_args__ = (UniqueConstraint("cycle_id", "state_id"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    cycle_id: str = Field(foreign_key="cycle.id")
    state_id: str = Field(foreign_key="reporting_state.id")
    clearance: str = Field(default="draft", max_length=12)
    extended_deadline: datetime | None = Field(default=None, description="this State's own deadline, if extended")
    seq: int = Field(default=0, description="number of revisions; the order of history, never a clock")
    head_hash: str = Field(default="", max_length=64, description="hash of the newest revision")
    answered: int = Field(default=0, description="items asked, required to count, and answered")
    asked: int = Field(default=0)
    started_at: datetime | None = None
    last_activity_at: datetime | None = None
    reopen_requested_at: datetime | None = None
    reopen_reason: str = Field(default="")


class Answer(SQLModel, table=True):
    """The current value of one item. `value` is NULL when the item is not answered; the row then only keeps the version.

    `typed` holds what a person typed when it could not be read as the item's type: input, not an answer. It is shown
    again with its error, counted as not answered and never exported.
    """

    __tablename__ = "answer"

    national_response_id: str = Field(foreign_key="national_response.id", primary_key=True)
    item_id: str = Field(primary_key=True, max_length=80)
    version: int = Field(default=0)
    value: Json = Field(default=None, sa_column=json_column())
    typed: Json = Field(default=None, sa_column=json_column(), description="list of [field name, text]")
    updated_at: datetime = Field(default_factory=utc_now)
    updated_by: int | None = Field(default=None, foreign_key="user.id")


class Revision(SQLModel, table=True):
    """One change of one answer; append-only, chained by hash over salted commitments (a value can be erased, the chain stays).

    `kind` is `saved`; or, kept here and never the head, `merged` for what its author sent when it was merged into `version`, and
    `set_aside` for a text that its author gave up in a conflict.
    """

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("national_response_id", "idempotency_key", "item_id"),
        UniqueConstraint("national_response_id", "item_id", "version", "kind", "seq"),
    )

    national_response_id: str = Field(foreign_key="national_response.id", primary_key=True)
    seq: int = Field(primary_key=True)
    item_id: str = Field(max_length=80, index=True)
    kind: str = Field(default="saved", max_length=12)
    version: int = Field(description="version of the answer after this change")
    base_version: int
    value: Json = Field(default=None, sa_column=json_column())
    typed: Json = Field(default=None, sa_column=json_column())
    channel: str = Field(max_length=12, description="web, kit, restore or import")
    actor_id: int = Field(foreign_key="user.id")
    at: datetime = Field(default_factory=utc_now)
    idempotency_key: str = Field(max_length=64)
    salt: str = Field(max_length=64)
    commitment: str = Field(max_length=64, description="SHA-256 of salt and canonical value")
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class QuestionState(SQLModel, table=True):
    """Per question: whether the team marked it ready, and who may see the answer to it after submission."""

    __tablename__ = "question_state"

    national_response_id: str = Field(foreign_key="national_response.id", primary_key=True)
    question_id: str = Field(primary_key=True, max_length=40)
    ready: bool = False
    visibility: str = Field(default="secretariat", max_length=12)
    return_reason: str = Field(default="", description="reason of the secretariat while the question is returned")


class LateNote(SQLModel, table=True):
    """Text that could not be taken as an answer: it arrived after a submission or a closed cycle, and can be offered as a note to
    the submitted version; or it was written `outside` what is assigned to its author.
    """

    __tablename__ = "late_note"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    national_response_id: str = Field(foreign_key="national_response.id", index=True)
    question_id: str = Field(max_length=40)
    item_id: str = Field(max_length=80)
    typed: Json = Field(sa_column=json_column(nullable=False), description="list of [field name, text]")
    author_id: int = Field(foreign_key="user.id")
    at: datetime = Field(default_factory=utc_now)
    offered: bool = Field(
        default=False, description="the author chose to pass it on as a note to the submitted version"
    )
    outside: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class EvidenceFile(SQLModel, table=True):
    """A file that supports an answer, stored under a random name; the display name keeps its own script."""

    __tablename__ = "evidence_file"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    national_response_id: str = Field(foreign_key="national_response.id", index=True)
    item_id: str = Field(max_length=80)
    name: str = Field(max_length=150)
    media_type: str = Field(max_length=100)
    size: int = Field(description="bytes")
    sha256: str = Field(max_length=64)
    added_by: int = Field(foreign_key="user.id")
    added_at: datetime = Field(default_factory=utc_now)
    removed_at: datetime | None = None
