"""Every table, imported in one place: for migrations and for creating a database."""

from sqlmodel import SQLModel

from models import assignments, audit, comments, cycles, export_jobs, kits, people, responses, states, submissions

__all__ = [
    "assignments", "audit", "comments", "cycles", "export_jobs", "kits", "metadata", "people", "responses", "states", "submissions",
]  # fmt: skip

metadata = SQLModel.metadata
