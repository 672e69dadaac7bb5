"""Workbooks that were asked for, each one row for its whole life; and settings that officers save under a name."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import Json, json_column, new_id, utc_now

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"


class ExportJob(SQLModel, table=True):
    """A workbook that is wanted, being made or made. The row alone says which; a file without a row is nobody's."""

    __tablename__ = "export_job"
    __table_args__ = (Index(None, "status", "requested_at"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    cycle_id: str = Field(foreign_key="cycle.id", index=True)
    parameters: Json = Field(sa_column=json_column(nullable=False), description="preset, language, filters, recipient")
    requested_by: int = Field(foreign_key="user.id")
    requested_at: datetime = Field(default_factory=utc_now)
    status: str = Field(default=QUEUED, max_length=10, description="queued, running, done, failed or cancelled")
    claim: str = Field(default="", max_length=24, description="drawn by whoever makes it now; empty when nobody does")
    attempts: int = 0
    heartbeat_at: datetime | None = Field(default=None, description="when its maker last said that it is alive")
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancelled_by: int | None = Field(default=None, foreign_key="user.id")
    states_done: int = 0
    states_total: int = 0
    file_id: str = Field(default="", max_length=40, description="name in the folder of exports; empty until it is done")
    file_name: str = Field(default="", max_length=200, description="name for whoever downloads it")
    size: int = Field(default=0, sa_type=BigInteger, description="bytes")
    file_sha256: str = Field(default="", max_length=64)
    facts_sha256: str = Field(default="", max_length=64, description="fingerprint of the facts, as on the cover")
    number: str = Field(default="", max_length=12, description="the export number, as on the cover")
    removed_at: datetime | None = Field(default=None, description="when the file was no longer kept")
    error: str = Field(default="", max_length=40, description="code of why it was not made")
    error_detail: str = Field(default="", max_length=500)


class ExportSetting(SQLModel, table=True):
    """Parameters of an export under a name, for any round; its owner's alone, or shared with the other officers."""

    __tablename__ = "export_setting"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True, max_length=24)
    name: str = Field(max_length=100)
    parameters: Json = Field(sa_column=json_column(nullable=False))
    owner_id: int = Field(foreign_key="user.id")
    shared: bool = False
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
