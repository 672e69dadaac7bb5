"""What was done by whom, mails waiting to leave, and facts about the installation itself."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.base import Json, json_column, new_id, utc_now


class AuditEvent(SQLModel, table=True):
    """One act that a dispute may turn on: sign-in, refusal, export, submission, return, change of role."""

    __tablename__ = "audit_event"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    at: datetime = Field(default_factory=utc_now, index=True)
    event: str = Field(max_length=60)
    actor_id: int | None = Field(default=None, foreign_key="user.id")
    state_id: str | None = Field(default=None, max_length=3)
    detail: Json = Field(default=None, sa_column=json_column())


class OutboxMail(SQLModel, table=True):
    """A mail written in the same transaction as its cause; rendered in the recipient's language when it is sent."""

    __tablename__ = "outbox_mail"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    created_at: datetime = Field(default_factory=utc_now)
    recipient: str = Field(max_length=254)
    language: str = Field(max_length=2)
    template: str = Field(max_length=60)
    context: Json = Field(sa_column=json_column(nullable=False))
    sent_at: datetime | None = None
    attempts: int = 0
    next_attempt_at: datetime = Field(default_factory=utc_now, index=True)
    error: str = Field(default="")


class Installation(SQLModel, table=True):
    """Facts about this installation: `epoch` (changed by a restore) and `rehearsal` (invented States only)."""

    __tablename__ = "installation"

    name: str = Field(primary_key=True, max_length=40)
    value: str = Field(max_length=200)
