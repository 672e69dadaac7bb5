"""Cycles of reporting and the published instruments they use."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import Json, json_column, new_id, utc_now


class InstrumentVersion(SQLModel, table=True):
    """A published instrument: immutable, known by its hash. The document holds the structure and all texts."""

    __tablename__ = "instrument_version"
    __table_args__ = (UniqueConstraint("instrument", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    instrument: str = Field(max_length=80)
    version: str = Field(max_length=20)
    sha256: str = Field(unique=True, max_length=64, description="of the canonical JSON of the document")
    document: Json = Field(sa_column=json_column(nullable=False))
    published_at: datetime = Field(default_factory=utc_now)


class Cycle(SQLModel, table=True):
    """One round of reporting: an instrument version, dates, the States invited."""

    __tablename__ = "cycle"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    title: str = Field(max_length=200)
    instrument_version_id: str = Field(foreign_key="instrument_version.id")
    opens_at: datetime
    deadline: datetime = Field(description="end of the last day, one instant; an extension stands on the response")
    deadline_zone: str = Field(default="UTC", max_length=64, description="IANA zone in which the deadline was set")
    closed_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)
