"""Who works on what within a State's team: assignments, how far a contributor reads and writes, who is at work where."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import Json, json_column, new_id, utc_now

ASSIGNMENT_STATES: tuple[str, ...] = ("assigned", "ready", "sent_back", "accepted")
ACCESSES: tuple[str, ...] = ("all", "assigned", "own")
"""What a contributor may do: read and write all; read all and write what is assigned; read and write what is assigned."""


class Assignment(SQLModel, table=True):
    """A question, or some items of it, given to one person of the team. It names an address, so that it can wait for somebody
    who has not accepted the invitation yet; an address never changes and belongs to one account.
    """

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("national_response_id", "question_id", "assignee"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    national_response_id: str = Field(foreign_key="national_response.id", index=True)
    question_id: str = Field(max_length=40)
    assignee: str = Field(max_length=254, description="address of the account or of the open invitation")
    item_ids: Json = Field(sa_column=json_column(nullable=False), description="items given; empty: the whole question")
    note: str = Field(default="", description="of the focal point, for the assignee")
    due: date | None = None
    state: str = Field(default="assigned", max_length=12)
    reason: str = Field(default="", description="why it was sent back")
    assigned_by: int = Field(foreign_key="user.id")
    assigned_at: datetime = Field(default_factory=utc_now)
    state_at: datetime = Field(default_factory=utc_now, description="when the state last changed")


class TeamAccess(SQLModel, table=True):
    """How far a contributor reads and writes, where it is not everything (`all`, the case without a row)."""

    __tablename__ = "team_access"

    national_response_id: str = Field(foreign_key="national_response.id", primary_key=True)
    assignee: str = Field(primary_key=True, max_length=254)
    access: str = Field(max_length=12)


class Presence(SQLModel, table=True):
    """When a person last opened or saved a question: a hint for colleagues, written at most once a minute, never a lock."""

    __tablename__ = "presence"

    national_response_id: str = Field(foreign_key="national_response.id", primary_key=True)
    question_id: str = Field(primary_key=True, max_length=40)
    user_id: int = Field(foreign_key="user.id", primary_key=True)
    at: datetime = Field(default_factory=utc_now)
