"""Offline workbooks ("kits") that were given out, and the files that came back."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.base import Json, json_column, new_id, utc_now

PREVIEWED, APPLIED, UNDONE, DISCARDED = "previewed", "applied", "undone", "discarded"


class Kit(SQLModel, table=True):
    """An offline workbook that was made: which questions for whom, and the version of every answer at that moment.

    The file is not stored: it is made again from the row and the history of the answers, with the same bytes.
    """

    __tablename__ = "kit"

    id: str = Field(primary_key=True, max_length=12, description="the number on its first sheet")
    national_response_id: str = Field(foreign_key="national_response.id", index=True)
    language: str = Field(max_length=2)
    question_ids: Json = Field(sa_column=json_column(nullable=False), description="in the order of the questionnaire")
    prefilled: bool = Field(default=True, description="with the answers as they stood; else empty")
    recipient: str = Field(max_length=200, description="the ministry or person it was made for")
    note: str = Field(default="", description="words to the recipient, on the first sheet")
    bases: Json = Field(sa_column=json_column(nullable=False), description="version of each answered item, by item id")
    facts: Json = Field(sa_column=json_column(nullable=False), description="what was known about the State")
    made_by: int = Field(foreign_key="user.id")
    made_at: datetime = Field(default_factory=utc_now)
    withdrawn_at: datetime | None = Field(default=None, description="when it was called back; it is then warned of")
    withdrawn_by: int | None = Field(default=None, foreign_key="user.id")


class KitReturn(SQLModel, table=True):
    """A filled workbook that was uploaded. Its file is kept as it came; `result` says what became of each cell."""

    __tablename__ = "kit_return"
    __table_args__ = (Index(None, "national_response_id", "sha256"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    kit_id: str | None = Field(default=None, foreign_key="kit.id", description="NULL for a file without a valid stamp")
    national_response_id: str = Field(foreign_key="national_response.id", index=True)
    file_id: str = Field(default="", max_length=40, description="name in the folder of returned workbooks")
    file_name: str = Field(max_length=200, description="as uploaded")
    size: int = Field(description="bytes")
    sha256: str = Field(max_length=64)
    uploaded_by: int = Field(foreign_key="user.id")
    uploaded_at: datetime = Field(default_factory=utc_now)
    status: str = Field(default=PREVIEWED, max_length=10, description="previewed, applied, undone or discarded")
    result: Json = Field(default=None, sa_column=json_column())
    applied_at: datetime | None = None
    first_seq: int | None = Field(default=None, description="first of the revisions made from it")
    last_seq: int | None = None
    undone_at: datetime | None = None
