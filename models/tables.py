"""Every table, imported in one place: for migrations and for creating a database."""

from sqlmodel import SQLModel

from models import audit, cycles, export_jobs, kits, people, responses, states, submissions

__all__ = ["audit", "cycles", "export_jobs", "kits", "metadata", "people", "responses", "states", "submissions"]

metadata = SQLModel.metadata
