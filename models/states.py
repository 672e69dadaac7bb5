"""Reporting States: who is asked. Names are the project's own reviewed table, in six languages."""

from datetime import date

from sqlmodel import Field, SQLModel

from models.base import Json, json_column

REGIONS: tuple[str, ...] = ("african", "asia_pacific", "eastern_european", "grulac", "weog", "none")
"""Regional groups of the United Nations, in English alphabetical order; `none` for those outside a group."""

PARTY_STATUSES: tuple[str, ...] = ("unknown", "party", "not_party")


class ReportingState(SQLModel, table=True):
    """A Member State, observer State, other State or regional economic integration organization.

    The party status to the Trafficking in Persons Protocol is unknown until an officer sets it with its source and date.
    """

    __tablename__ = "reporting_state"

    id: str = Field(primary_key=True, max_length=3, description="ISO 3166-1 alpha-3, or a user-assigned code")
    m49: str = Field(default="", max_length=3)
    kind: str = Field(max_length=20, description="member_state, observer_state, other_state or reio")
    region: str = Field(max_length=20)
    names: Json = Field(sa_column=json_column(nullable=False), description="short name by language code")
    party_status: str = Field(default="unknown", max_length=10)
    party_since: date | None = None
    party_source: str = Field(default="")
    party_source_date: date | None = None
