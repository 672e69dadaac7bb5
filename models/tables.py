"""Every table, imported in one place: for migrations and for creating a database."""

from sqlmodel import SQLModel

from models import audit, comments, cycles, export_jobs, people, responses, states, submissions

__all__ = ["audit", "comments", "cycles", "export_jobs", "metadata", "people", "responses", "states", "submissions"]

metadata = SQLModel.metadata
