"""Every table, imported in one place: for migrations and for creating a database."""

from sqlmodel import SQLModel

from models import audit, cycles, people, responses, states, submissions

__all__ = ["audit", "cycles", "metadata", "people", "responses", "states", "submissions"]

metadata = SQLModel.metadata
