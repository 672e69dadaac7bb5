"""What every table shares: names of constraints, random identifiers, the clock, the JSON column."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

# Set before the first table is declared, so that both databases and Alembic know each constraint by the same name.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Json = Any
"""A value of the JSON data model: null, boolean, number, string, list or object."""


def json_column(*, nullable: bool = True) -> Column[Any]:
    """A JSON column: JSONB on PostgreSQL, text on SQLite. SQL NULL is the one kind of empty."""
    return Column(JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"), nullable=nullable)


def new_id() -> str:
    """A random public identifier of 16 URL-safe characters (96 bits): a count would reveal other States' activity."""
    return secrets.token_urlsafe(12)


_behind: ContextVar[timedelta] = ContextVar("behind", default=timedelta())


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) - _behind.get()


@contextmanager
def clock_behind(by: timedelta) -> Iterator[None]:
    """Inside the block it is earlier: a rehearsal makes records that are older than its first start."""
    before = _behind.set(by)
    try:
        yield
    finally:
        _behind.reset(before)
