"""Bodies and units: institutions, specialised units, coordination mechanisms."""

from __future__ import annotations

from typing import Any, ClassVar

from instruments.items.base import ChoiceList
from instruments.items.rows import RowColumn, RowsItem
from instruments.values import Row

BODY_KIND = ChoiceList(
    "body_kind",
    ("ministry", "police_unit", "prosecution_unit", "court", "financial_intelligence_unit", "coordination_body",
     "national_rapporteur", "referral_mechanism", "victim_service", "labour_inspectorate", "border_service", "other"),
)  # fmt: skip


class Body(Row):
    """One body: name, kind, legal basis, year it was set up, number of staff, link. Never the name of a person."""

    name: str | None = None
    kind: str | None = None
    legal_basis: str | None = None
    since: int | None = None
    staff: int | None = None
    link: str | None = None


class Bodies(RowsItem):
    """Rows of bodies and units."""

    item_type: ClassVar[str] = "bodies"
    value_type: ClassVar[Any] = tuple[Body, ...]
    sheet: ClassVar[str] = "Units"
    register: ClassVar[str] = "body"
    row_type: ClassVar[type[Any]] = Body
    row_columns: ClassVar[tuple[RowColumn, ...]] = (
        RowColumn("name", "line", span="whole"),
        RowColumn("kind", "choice", BODY_KIND),
        RowColumn("legal_basis", "line"),
        RowColumn("since", "year"),
        RowColumn("staff", "count"),
        RowColumn("link", "link", span="two"),
    )
