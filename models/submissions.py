"""Submissions: the immutable, cleared snapshots of a national response, with receipt; and returns to the State."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import Json, json_column, new_id, utc_now


class Submission(SQLModel, table=True):
    """The sealed snapshot of a response. `document` is canonical JSON text, stored as it was hashed."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("national_response_id", "round"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    number: str = Field(unique=True, max_length=40, description="receipt number shown to people")
    national_response_id: str = Field(foreign_key="national_response.id", index=True)
    round: int = Field(description="1 for the first submission, counted up at each resubmission")
    document: str = Field(sa_type=Text)
    sha256: str = Field(max_length=64, description="of the document's UTF-8 bytes")
    receipt: str = Field(sa_type=Text, description="canonical JSON of the receipt, signed")
    signature: str = Field(max_length=128, description="Ed25519, base64")
    key_id: str = Field(max_length=16)
    seq: int = Field(description="revisions sealed")
    head_hash: str = Field(max_length=64)
    declared_name: str = Field(max_length=200)
    declared_title: str = Field(max_length=200)
    anyway_reason: str = Field(default="", description="why it was submitted with open findings")
    late: bool = False
    submitted_by: int = Field(foreign_key="user.id")
    submitted_at: datetime = Field(default_factory=utc_now)


class ResponseReturn(SQLModel, table=True):
    """A response given back to the State: with a reason, or reopened at the State's request; or that request declined."""

    __tablename__ = "response_return"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    national_response_id: str = Field(foreign_key="national_response.id", index=True)
    kind: str = Field(max_length=12, description="returned, reopened or declined")
    reason: str = Field(sa_type=Text)
    question_ids: Json = Field(sa_column=json_column(nullable=False), description="empty list: the whole response")
    by: int = Field(foreign_key="user.id")
    at: datetime = Field(default_factory=utc_now)
